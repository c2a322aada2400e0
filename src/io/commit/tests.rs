use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::checksum::Algorithm;
use crate::error::ErrorKind;

const STRATEGIES: [WriteStrategy; 5] = [
    WriteStrategy::Auto,
    WriteStrategy::Mapped,
    WriteStrategy::Positioned,
    WriteStrategy::Mixed,
    WriteStrategy::Sequential,
];

/// Tensors of odd sizes, so that they cross the borders of pieces, with gaps between.
fn tensors(total: usize) -> Vec<Vec<u8>> {
    let mut tensors = Vec::new();
    let mut made = 0;
    for number in 0_u32.. {
        if made >= total {
            break;
        }
        let len = (3_333_333 + 77_777 * number as usize).min(total - made);
        let at = |index: usize| (index.wrapping_mul(31) >> 3) as u8 ^ number as u8;
        tensors.push((0..len).map(at).collect());
        made += len;
    }
    tensors
}

fn plan(tensors: &[Vec<u8>]) -> (FilePlan<'_>, super::super::DigestId) {
    let mut plan = FilePlan::new();
    let slot = plan.reserve(16);
    let start = plan.len();
    for tensor in tensors {
        plan.align_to(64);
        plan.payload(tensor);
    }
    let end = plan.len();
    plan.fill(slot, b"sixteen bytes!!!".to_vec());
    let digest = plan.digest(start..end, Algorithm::Crc32c);
    plan.deferred(4, move |digests| digests.get(digest).to_le_bytes().to_vec());
    (plan, digest)
}

/// What the folder holds, by name.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries.map(|it| name(it).into_string().unwrap()).collect();
    names.sort();
    names
}

fn small(bytes: &[u8]) -> FilePlan<'_> {
    let mut plan = FilePlan::new();
    plan.payload(bytes);
    plan
}

#[test]
fn every_strategy_and_thread_count_writes_the_same_bytes() {
    let tensors = tensors(20 << 20);
    let expected = plan(&tensors).0.into_vec();
    let mut streamed = Vec::new();
    plan(&tensors).0.write_to(&mut streamed).unwrap();
    assert!(streamed == expected);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.h5");
    for strategy in STRATEGIES {
        for threads in [1, 2, 5] {
            let options = CommitOptions {
                strategy,
                threads: NonZeroUsize::new(threads),
                sync: Sync::Never,
                ..CommitOptions::default()
            };
            let (plan, digest) = plan(&tensors);
            let digests = plan.commit(&path, &options).unwrap();
            let found = fs::read(&path).unwrap();
            assert!(found == expected, "{strategy:?} with {threads} threads");
            let crc = &found[found.len() - 4..];
            assert_eq!(crc, digests.get(digest).to_le_bytes());
        }
    }
    assert_eq!(entries(folder.path()), ["model.h5"]);
}

/// Whether this process had a temporary of `path` mapped for writing while it was filled.
#[cfg(all(target_os = "linux", feature = "mmap", feature = "rayon"))]
fn maps_while_writing(strategy: WriteStrategy) -> bool {
    let tensors = tensors(16 << 20);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proof.h5");
    let seen = Arc::new(std::sync::Mutex::new(false));
    let witness = Arc::clone(&seen);
    let options = CommitOptions {
        strategy,
        threads: NonZeroUsize::new(2),
        progress: Some(Arc::new(move |_| {
            let maps = fs::read_to_string("/proc/self/maps").unwrap();
            let mapped = |line: &str| line.contains(".proof.h5.hornfels-") && line.contains("rw-s");
            *witness.lock().unwrap() |= maps.lines().any(mapped);
        })),
        ..CommitOptions::default()
    };
    plan(&tensors).0.commit(&path, &options).unwrap();
    *seen.lock().unwrap()
}

#[test]
#[cfg(all(target_os = "linux", feature = "mmap", feature = "rayon"))]
fn the_default_maps_the_file() {
    assert!(maps_while_writing(WriteStrategy::Auto));
    assert!(maps_while_writing(WriteStrategy::Mapped));
    assert!(!maps_while_writing(WriteStrategy::Positioned));
}

#[test]
fn progress_ends_at_the_length() {
    let tensors = tensors(9 << 20);
    let folder = tempfile::tempdir().unwrap();
    let most = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&most);
    let options = CommitOptions {
        progress: Some(Arc::new(move |bytes| {
            told.fetch_max(bytes, Ordering::Relaxed);
        })),
        ..CommitOptions::default()
    };
    let path = folder.path().join("a");
    plan(&tensors).0.commit(&path, &options).unwrap();
    assert_eq!(
        most.load(Ordering::Relaxed),
        fs::metadata(&path).unwrap().len()
    );
}

#[test]
fn replaces_only_when_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let keep = CommitOptions {
        overwrite: false,
        ..CommitOptions::default()
    };
    small(b"old").commit(&path, &keep).unwrap();
    let error = small(b"new").commit(&path, &keep).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.hint().is_some());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    small(b"new")
        .commit(&path, &CommitOptions::default())
        .unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(entries(folder.path()), ["a"]);
}

#[test]
fn each_wrong_target_is_its_own_error() {
    let folder = tempfile::tempdir().unwrap();
    let options = CommitOptions::default();
    let error = small(b"x")
        .commit(&folder.path().join("none/a"), &options)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error.message().starts_with("there is no directory `"),
        "{error}"
    );
    let error = small(b"x").commit(folder.path(), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.message().contains("is a directory"), "{error}");
    assert!(entries(folder.path()).is_empty());
}

#[test]
#[cfg(unix)]
fn links_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, b"old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("file", &link).unwrap();
    small(b"new")
        .commit(&link, &CommitOptions::default())
        .unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn a_file_may_replace_the_one_its_bytes_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, b"0123456789").unwrap();
    let bytes = super::super::SharedBytes::map(&path).unwrap();
    let mut plan = FilePlan::new();
    plan.payload_shared(bytes.slice(5..10).unwrap());
    plan.payload_shared(bytes.slice(0..5).unwrap());
    plan.commit(&path, &CommitOptions::default()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"5678901234");
}
