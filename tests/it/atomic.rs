//! A save that fails, or is killed, leaves what was there bit-equal, and says why.
//!
//! What needs the superuser (a full disk, a read-only one, another user's directory) is in
//! `tests/interop/atomic.sh`.

use std::fs;
use std::path::Path;

use hornfels::hdf5::{File, Tree, WriteOptions};
use hornfels::{CommitOptions, ErrorKind, Limits, Result, Sync, Tensor};

use crate::strategies::{tensors, tree};

fn save(path: &Path, tree: Tree<'_>, overwrite: bool) -> Result<()> {
    let options = WriteOptions {
        commit: CommitOptions {
            overwrite,
            ..CommitOptions::default()
        },
        ..WriteOptions::default()
    };
    tree.save(path, &options)
}

/// A file that differs from other numbers' throughout.
fn small(number: u8) -> Tree<'static> {
    flat(number, 100_000)
}

fn flat(number: u8, len: usize) -> Tree<'static> {
    let mut tree = Tree::new();
    let shape = [u64::try_from(len).unwrap()];
    let tensor = Tensor::from_vec(vec![number; len], shape).unwrap();
    tree.root().dataset("kernel", tensor).unwrap();
    tree
}

fn bytes(tree: Tree<'_>) -> Vec<u8> {
    tree.to_vec(&WriteOptions::default()).unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn each_wrong_target_is_its_own_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("model.h5");
    save(&file, small(1), false).unwrap();
    for (path, overwrite, kind, message) in [
        (
            "model.h5",
            false,
            ErrorKind::AlreadyExists,
            "exists already",
        ),
        (
            "",
            true,
            ErrorKind::InvalidArgument,
            "is a directory, expected the name of a file",
        ),
        (
            "",
            false,
            ErrorKind::InvalidArgument,
            "is a directory, expected the name of a file",
        ),
        (
            "none/model.h5",
            true,
            ErrorKind::NotFound,
            "there is no directory",
        ),
        (
            "model.h5/a.h5",
            true,
            ErrorKind::InvalidArgument,
            "is not a directory",
        ),
    ] {
        let error = save(&directory.path().join(path), small(2), overwrite).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(message), "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
    assert!(fs::read(&file).unwrap() == bytes(small(1)));
    assert_eq!(names(directory.path()), ["model.h5"]);
}

#[test]
fn a_file_may_be_saved_over_the_one_it_is_read_from() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.h5");
    let tensors = tensors(20 << 20);
    save(&path, tree(&tensors), true).unwrap();
    let file = File::open_with(&path, Limits::default(), true).unwrap();
    let mut copy = Tree::new();
    for number in (0..tensors.len()).rev() {
        let kernel = format!("layer_{number}/kernel");
        let tensor = file.dataset(&kernel).unwrap().tensor().unwrap();
        copy.root().dataset(&kernel, tensor).unwrap();
    }
    save(&path, copy, true).unwrap();
    assert!(fs::read(&path).unwrap() == bytes(tree(&tensors)));
}

#[test]
#[cfg(unix)]
fn links_stay_links_also_those_that_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("inner")).unwrap();
    let link = directory.path().join("link.h5");
    symlink("second.h5", &link).unwrap();
    symlink("inner/file.h5", directory.path().join("second.h5")).unwrap();
    for (number, overwrite) in [(1, false), (2, true)] {
        save(&link, small(number), overwrite).unwrap();
        let file = directory.path().join("inner/file.h5");
        assert!(fs::read(&file).unwrap() == bytes(small(number)));
        assert!(fs::symlink_metadata(&file).unwrap().is_file());
    }
    assert_eq!(names(directory.path()), ["inner", "link.h5", "second.h5"]);
    let round = directory.path().join("round.h5");
    symlink("round.h5", &round).unwrap();
    let error = save(&round, small(1), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}

#[test]
#[cfg(unix)]
fn who_may_use_the_old_file_may_use_the_new_one() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.h5");
    save(&path, small(1), true).unwrap();
    for mode in [0o600, 0o640, 0o666, 0o700] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        save(&path, small(2), true).unwrap();
        let found = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(found & 0o7777, mode);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn devices_are_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    save(Path::new("/dev/null"), small(1), true).unwrap();
    let error = save(Path::new("/dev/full"), small(1), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.hint().is_some(), "{error}");
    for device in ["/dev/null", "/dev/full"] {
        let kind = fs::metadata(device).unwrap().file_type();
        assert!(kind.is_char_device(), "{device}");
    }
}

#[test]
fn long_names_have_temporaries_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("n".repeat(255));
    save(&path, small(1), false).unwrap();
    save(&path, small(2), true).unwrap();
    assert!(fs::read(&path).unwrap() == bytes(small(2)));
}

/// Tells the second process of a test what to do, and where.
const CHILD: &str = "HORNFELS_TEST_CHILD";

/// This test, run by a shell in a process of its own; `$0` is the command.
#[cfg(unix)]
fn child(test: &str, shell: &str, work: &Path) -> std::process::Command {
    let mut child = std::process::Command::new("sh");
    child
        .args(["-c", shell])
        .arg(std::env::current_exe().unwrap())
        .args([&format!("atomic::{test}"), "--exact", "--nocapture"])
        .env(CHILD, work)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    child
}

/// The system allows this process files of four MiB, and the new one is larger.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_completed_leaves_the_old_one() {
    use hornfels::WriteStrategy::{Auto, Mapped, Mixed, Positioned, Sequential};
    if let Some(directory) = std::env::var_os(CHILD) {
        let path = Path::new(&directory).join("model.h5");
        let tensors = tensors(9 << 20);
        for strategy in [Auto, Mapped, Mixed, Positioned, Sequential] {
            let mut options = WriteOptions::default();
            options.commit.strategy = strategy;
            options.commit.threads = std::num::NonZeroUsize::new(2);
            let error = tree(&tensors).save(&path, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert_eq!(names(Path::new(&directory)), ["model.h5"]);
        }
        fs::write(path.with_file_name("done"), []).unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.h5");
    save(&path, small(1), true).unwrap();
    let test = "a_file_that_cannot_be_completed_leaves_the_old_one";
    // The signal is ignored, so that the failure is an error; the unit is 512 bytes.
    let shell = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"";
    let status = child(test, shell, directory.path()).status().unwrap();
    assert!(status.success());
    assert!(fs::read(&path).unwrap() == bytes(small(1)));
    assert_eq!(names(directory.path()), ["done", "model.h5"]);
}

/// Saves two versions of a file in turns until it is killed.
#[cfg(target_os = "linux")]
fn save_for_ever(directory: &Path, versions: &[Tree<'_>]) -> ! {
    let mut options = WriteOptions::default();
    // Unflushed, so that renames are a larger part of the time.
    options.commit.sync = Sync::Never;
    options.commit.threads = std::num::NonZeroUsize::new(2);
    fs::write(directory.join("ready"), []).unwrap();
    loop {
        for version in versions {
            let path = directory.join("model.h5");
            version.clone().save(path, &options).unwrap();
        }
    }
}

/// Removes what a killed save left beside `model.h5`; the bytes of that.
#[cfg(target_os = "linux")]
fn take_temporaries(directory: &Path) -> Vec<Vec<u8>> {
    let mut left = Vec::new();
    for name in names(directory) {
        if name != "model.h5" {
            assert!(name.starts_with(".model.h5.hornfels-") && name.ends_with(".tmp"));
            left.push(fs::read(directory.join(&name)).unwrap());
            fs::remove_file(directory.join(name)).unwrap();
        }
    }
    left
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_save_leaves_the_old_file_or_the_new_one() {
    use std::time::Duration;
    const SIZE: usize = 12 << 20;
    /// At least so many kills, of which so many leave a half-written file; and when to give up.
    const KILLS: u64 = 50;
    const HALVES: u64 = 15;
    const MOST: u64 = 500;
    let versions = [flat(1, SIZE), flat(2, SIZE + 1)];
    if let Some(directory) = std::env::var_os(CHILD) {
        save_for_ever(Path::new(&directory), &versions);
    }
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (path, ready) = (
        directory.path().join("model.h5"),
        directory.path().join("ready"),
    );
    let versions = versions.map(bytes);
    fs::write(&path, &versions[0]).unwrap();
    let (mut kills, mut halves) = (0, 0);
    while kills < KILLS || halves < HALVES {
        assert!(kills < MOST, "{halves} of {kills} kills hit a save");
        let test = "a_killed_save_leaves_the_old_file_or_the_new_one";
        let shell = "exec \"$0\" \"$@\"";
        let mut child = child(test, shell, directory.path()).spawn().unwrap();
        while !ready.exists() {
            assert!(child.try_wait().unwrap().is_none(), "the child ended");
            std::thread::sleep(Duration::from_millis(1));
        }
        // Moments that a save of some milliseconds is hit at anywhere.
        std::thread::sleep(Duration::from_micros(kills * 1_377 % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let found = fs::read(&path).unwrap();
        assert!(versions.contains(&found), "kill {kills}");
        fs::remove_file(&ready).unwrap();
        let left = take_temporaries(directory.path());
        let half = left.iter().any(|bytes| !versions.contains(bytes));
        halves += u64::from(half);
    }
    println!("{halves} of {kills} kills left a half-written file under its own name");
}
