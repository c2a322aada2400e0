//! However a file is written, its bytes are the same; and what the default promises is so.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use hornfels::hdf5::{Tree, WriteOptions};
use hornfels::{CommitOptions, Sync, Tensor, WriteStrategy};

const STRATEGIES: [WriteStrategy; 5] = [
    WriteStrategy::Auto,
    WriteStrategy::Mapped,
    WriteStrategy::Positioned,
    WriteStrategy::Mixed,
    WriteStrategy::Sequential,
];

const MIB: usize = 1 << 20;

/// `total` bytes in tensors of many sizes, so that they cross the borders of pieces.
pub(crate) fn tensors(total: usize) -> Vec<Vec<u8>> {
    let mut tensors = Vec::new();
    let mut left = total;
    let mut number = 0_usize;
    while left > 0 {
        let len = [5 * MIB + 123, 77, 9_999, 700_001, 2 * MIB][number % 5].min(left);
        let byte = |at: usize| (at.wrapping_mul(0x9e37_79b1) >> 13).to_le_bytes()[0];
        tensors.push((0..len).map(|at| byte(at + number)).collect());
        left -= len;
        number += 1;
    }
    tensors
}

pub(crate) fn tree(tensors: &[Vec<u8>]) -> Tree<'_> {
    let mut tree = Tree::new();
    for (number, tensor) in tensors.iter().enumerate() {
        let mut root = tree.root();
        let mut group = root.group(&format!("layer_{number}")).unwrap();
        let len = u64::try_from(tensor.len()).unwrap();
        group
            .dataset("kernel", Tensor::new(tensor, [len]).unwrap())
            .unwrap();
    }
    tree
}

fn save(tree: Tree<'_>, path: &Path, commit: CommitOptions) {
    let options = WriteOptions {
        commit,
        ..WriteOptions::default()
    };
    tree.save(path, &options).unwrap();
}

#[test]
fn every_strategy_and_number_of_threads_writes_the_same_bytes() {
    let tensors = tensors(64 * MIB);
    let options = WriteOptions::default();
    let expected = tree(&tensors).to_vec(&options).unwrap();
    assert!(expected.len() > 64 * MIB);
    let again = tree(&tensors).to_vec(&options).unwrap();
    assert!(again == expected, "once more");
    let mut streamed = Vec::new();
    let stream = &mut streamed;
    tree(&tensors).write_to(stream, &options).unwrap();
    assert!(streamed == expected, "a stream");
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for strategy in STRATEGIES {
        for threads in [1, 2, 5] {
            for sync in [Sync::Never, Sync::Always] {
                // Flushing changes how positioned workers go about it, and nothing else.
                if sync == Sync::Always && strategy != WriteStrategy::Positioned {
                    continue;
                }
                let path = directory.path().join("model.h5");
                let commit = CommitOptions {
                    strategy,
                    sync,
                    threads: NonZeroUsize::new(threads),
                    ..CommitOptions::default()
                };
                save(tree(&tensors), &path, commit);
                let found = fs::read(&path).unwrap();
                assert!(found == expected, "{strategy:?}, {threads} threads");
            }
        }
    }
}

/// How many bytes of the file being written were in this process's memory through a mapping of
/// it, at most, as the system tells; `None` if there never was such a mapping.
#[cfg(all(target_os = "linux", feature = "mmap", feature = "rayon"))]
fn mapped_while_saving(strategy: WriteStrategy, sync: Sync) -> Option<u64> {
    use std::sync::{Arc, Mutex};
    let tensors = tensors(32 * MIB);
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let most = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&most);
    let name = format!("proof-{strategy:?}-{sync:?}.h5");
    let temporary = format!("/.{name}.hornfels-");
    let commit = CommitOptions {
        strategy,
        sync,
        threads: NonZeroUsize::new(2),
        progress: Some(Arc::new(move |_| {
            let now = resident(&temporary);
            let mut most = seen.lock().unwrap();
            *most = now.max(*most);
        })),
        ..CommitOptions::default()
    };
    save(tree(&tensors), &directory.path().join(name), commit);
    *most.lock().unwrap()
}

/// The resident bytes of this process's writable mapping of the file whose path has `part`.
#[cfg(all(target_os = "linux", feature = "mmap", feature = "rayon"))]
fn resident(part: &str) -> Option<u64> {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = maps.lines();
    lines.find(|line| line.contains(part) && line.contains(" rw-s "))?;
    let resident = lines.find_map(|line| line.strip_prefix("Rss:"))?;
    let kib = resident.trim().strip_suffix(" kB")?.parse::<u64>().ok()?;
    Some(kib << 10)
}

/// Pages of a mapping are resident only once they were touched through it, so that a mapping which
/// is made but not used does not pass.
#[test]
#[cfg(all(target_os = "linux", feature = "mmap", feature = "rayon"))]
fn the_default_copies_into_a_mapping_of_the_file() {
    // The two workers of the default share the pieces as they come; on a busy machine the one
    // that writes by position may take all of them.
    let mut default = (0..10).map(|_| mapped_while_saving(WriteStrategy::Auto, Sync::Never));
    assert!(default.any(|bytes| bytes.is_some_and(|bytes| bytes > 0)));
    let all = mapped_while_saving(WriteStrategy::Mapped, Sync::Never);
    assert!(all.is_some_and(|bytes| bytes >= 32 << 20), "{all:?}");
    assert_eq!(
        mapped_while_saving(WriteStrategy::Positioned, Sync::Never),
        None
    );
    // Flushed, positioned writes are faster, and are the default.
    assert_eq!(mapped_while_saving(WriteStrategy::Auto, Sync::Always), None);
}

/// Set in a process of its own, where no other test allocates.
const ALONE: &str = "HORNFELS_TEST_ALONE";

#[test]
#[cfg(target_os = "linux")]
fn saving_takes_memory_for_what_describes_the_weights_only() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    if std::env::var_os(ALONE).is_none() {
        let test = "strategies::saving_takes_memory_for_what_describes_the_weights_only";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && output.contains("1 passed"),
            "{output}"
        );
        return;
    }
    let tensors = tensors(96 * MIB);
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = directory.path().join("model.h5");
    for strategy in STRATEGIES {
        let before = anonymous();
        let most = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&most);
        let commit = CommitOptions {
            strategy,
            progress: Some(Arc::new(move |_| {
                seen.fetch_max(anonymous(), Ordering::Relaxed);
            })),
            ..CommitOptions::default()
        };
        save(tree(&tensors), &path, commit);
        let added = most.load(Ordering::Relaxed).saturating_sub(before);
        assert!(added <= 16 << 20, "{strategy:?} added {added} bytes");
    }
}

/// How much memory this process has that is no file's.
#[cfg(target_os = "linux")]
fn anonymous() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("RssAnon:"));
    let kib = line.unwrap().trim().strip_suffix(" kB").unwrap();
    kib.parse::<u64>().unwrap() << 10
}
