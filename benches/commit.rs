//! Every way of writing a file beside a plain loop of `write_all`.
//!
//! `HORNFELS_BENCH_MIB` is the size of the payload (64 by default), `HORNFELS_BENCH_DIR` where the
//! files go (below `target` by default). What was measured is in `spec/io.md#measurements`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use hornfels::hdf5::{Tree, WriteOptions};
use hornfels::{CommitOptions, Sync, Tensor, WriteStrategy};

const STRATEGIES: [WriteStrategy; 5] = [
    WriteStrategy::Auto,
    WriteStrategy::Mixed,
    WriteStrategy::Mapped,
    WriteStrategy::Positioned,
    WriteStrategy::Sequential,
];

/// 200 tensors: a tenth of them has four fifths of the bytes, as in models.
fn payload() -> Vec<Vec<f32>> {
    let mib = env::var("HORNFELS_BENCH_MIB").map_or(64, |mib| mib.parse().unwrap());
    let elements = (mib << 20) / 4;
    let (large, small): (usize, usize) = (elements * 4 / 5 / 20, elements / 5 / 180);
    let tensor = |number: usize| {
        let len = if number.is_multiple_of(10) {
            large
        } else {
            small
        };
        let mut state = u32::try_from(number).unwrap() + 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from_bits(state >> 2)
        };
        (0..len).map(|_| next()).collect()
    };
    (0..200).map(tensor).collect()
}

fn tree(payload: &[Vec<f32>]) -> Tree<'_> {
    let mut tree = Tree::new();
    for (number, values) in payload.iter().enumerate() {
        let len = u64::try_from(values.len()).unwrap();
        let tensor = Tensor::new(values, [len]).unwrap();
        let path = format!("model_weights/dense_{number}/kernel:0");
        tree.root().dataset(&path, tensor).unwrap();
    }
    tree
}

/// What the others are compared with: the same bytes, tensor by tensor.
fn write_all(path: &Path, payload: &[Vec<f32>], flush: bool) {
    let mut file = File::create(path).unwrap();
    for values in payload {
        let len = u64::try_from(values.len()).unwrap();
        let tensor = Tensor::new(values, [len]).unwrap();
        file.write_all(tensor.bytes()).unwrap();
    }
    if flush {
        file.sync_all().unwrap();
    }
}

/// Times `write` over and over, after `prepare`, which is not timed.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    prepare: impl Fn(),
    write: impl Fn(),
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut total = Duration::ZERO;
            for _ in 0..iterations {
                prepare();
                let start = Instant::now();
                write();
                total += start.elapsed();
            }
            total
        });
    });
}

fn strategies(criterion: &mut Criterion) {
    let payload = payload();
    let directory = env::var_os("HORNFELS_BENCH_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let directory = tempfile::tempdir_in(directory).unwrap();
    let path = directory.path().join("model.h5");
    let remove = || {
        let _ = fs::remove_file(&path);
    };
    let len: usize = payload.iter().map(|values| values.len() * 4).sum();
    for (kind, sync) in [
        ("fresh", Sync::Never),
        ("fresh, flushed", Sync::Always),
        ("replaced", Sync::Never),
        ("replaced, flushed", Sync::OnReplace),
    ] {
        let mut group = criterion.benchmark_group(kind);
        group.throughput(Throughput::Bytes(u64::try_from(len).unwrap()));
        group.sample_size(10);
        let flush = sync != Sync::Never;
        let fresh = kind.starts_with("fresh");
        // A loop over an old file truncates it first, which the others never do.
        let prepare = || {
            if fresh {
                remove();
            }
        };
        remove();
        measure(&mut group, "write_all", prepare, || {
            write_all(&path, &payload, flush);
        });
        for strategy in STRATEGIES {
            let options = WriteOptions {
                commit: CommitOptions {
                    strategy,
                    sync,
                    ..CommitOptions::default()
                },
                ..WriteOptions::default()
            };
            measure(&mut group, &format!("{strategy:?}"), prepare, || {
                tree(&payload).save(&path, &options).unwrap();
            });
        }
    }
}

criterion_group!(benches, strategies);
criterion_main!(benches);
