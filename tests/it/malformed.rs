//! Files that are broken on purpose: no panic, little time, little memory.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hornfels::hdf5::{File, Found, Layout, Object, Tree, Value, WriteOptions};
use hornfels::{Limits, Tensor};

use crate::allocations::most_during;
use crate::fuzz_inputs::bodies::read_everything;
use crate::hdf5_read::tree::tree;

const LONGEST: Duration = Duration::from_secs(1);
/// Beyond the bytes of the file itself: what may be declared without a reason, and lists of it.
const MOST: usize = 33 << 20;

/// Every file below the directory that `HORNFELS_MALFORMED` names: known attacks on libhdf5.
#[test]
fn known_attacks() {
    let Some(directory) = env::var_os("HORNFELS_MALFORMED") else {
        return;
    };
    let files = files_below(Path::new(&directory));
    assert!(!files.is_empty(), "no files in {}", directory.display());
    for path in files {
        check(&path.display().to_string(), &fs::read(&path).unwrap());
    }
}

#[test]
fn every_truncation() {
    for layout in [Layout::Classic, Layout::Compact] {
        let whole = golden(layout);
        for length in 0..whole.len() {
            let cut = &whole[..length];
            check(&format!("{layout:?} cut to {length} bytes"), cut);
            let opened = File::from_bytes(cut.to_vec(), Limits::default());
            assert!(opened.is_err(), "{layout:?} cut to {length} bytes opens");
        }
    }
}

/// As above, but the superblock says that the file ends where it was cut.
#[test]
fn every_truncation_that_is_not_declared() {
    const END_OF_FILE: usize = 40;
    let whole = golden(Layout::Classic);
    for length in 96..whole.len() {
        let mut cut = whole[..length].to_vec();
        let end = u64::try_from(length).unwrap().to_le_bytes();
        cut[END_OF_FILE..END_OF_FILE + 8].copy_from_slice(&end);
        check(&format!("cut to {length} bytes"), &cut);
    }
}

#[test]
fn every_changed_byte() {
    for layout in [Layout::Classic, Layout::Compact] {
        let mut bytes = golden(layout);
        for at in 0..bytes.len() {
            for &change in changes(&bytes, at) {
                bytes[at] ^= change;
                check(
                    &format!("{layout:?} with byte {at:#x} ^ {change:#x}"),
                    &bytes,
                );
                bytes[at] ^= change;
            }
        }
    }
}

/// Files of h5py with chunks, many links and attributes, shared messages, and numbers of all kinds.
const OTHERS: [&str; 5] = ["chunked", "chunked_latest", "dense", "shared", "numbers"];

#[test]
fn every_truncation_of_others() {
    for name in OTHERS {
        let whole = other(name);
        for length in (0..whole.len()).step_by(101) {
            check(&format!("{name} cut to {length} bytes"), &whole[..length]);
            let mut cut = whole.clone();
            // The file is as long as it says, but its end was lost.
            cut[length..].fill(0);
            check(&format!("{name} with zeros from {length} on"), &cut);
        }
    }
}

#[test]
fn every_changed_byte_of_others() {
    for name in OTHERS {
        let mut bytes = other(name);
        for at in 0..bytes.len() {
            // Most of these files is room for more. What is not is changed in one way each, every
            // second byte of it: the fuzz target does the rest.
            if at % 64 != 0 && (matches!(bytes[at], 0 | 0xff) || at % 2 == 0) {
                continue;
            }
            let change = [0x01, 0x80, 0xff][at % 3];
            bytes[at] ^= change;
            check(&format!("{name} with byte {at:#x} ^ {change:#x}"), &bytes);
            bytes[at] ^= change;
        }
    }
}

/// What nothing in the file justifies may be there once: not converted, listed or decoded beside it.
#[test]
fn what_is_declared_without_a_reason() {
    let file = File::from_bytes(other("floor"), Limits::default()).unwrap();
    for step in file.root().walk() {
        if let Found::Object(Object::Dataset(dataset)) = step.unwrap().found {
            let path = dataset.path().to_owned();
            let most = most_during(|| drop(dataset.tensor()));
            assert!(most < MOST, "{path}: {most} bytes of memory");
            let most = most_during(|| drop(dataset.strings()));
            assert!(most < MOST, "{path}: {most} bytes of memory");
            let most = most_during(|| drop(dataset.member(&["x"])));
            assert!(most < MOST, "{path}: {most} bytes of memory");
        }
    }
    // Where once is enough, it is read.
    for name in ["turned", "turned_chunks", "records"] {
        let read = file.dataset(name).unwrap().bytes().unwrap();
        assert_eq!(read.len(), 31 << 20, "{name}");
    }
    for name in [
        "three",
        "strings",
        "short_strings",
        "words",
        "shuffled",
        "cut",
    ] {
        let read = file.dataset(name).unwrap().tensor();
        let kind = read.unwrap_err().kind();
        assert_eq!(kind, hornfels::ErrorKind::LimitExceeded, "{name}");
    }
}

fn other(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hdf5");
    fs::read(directory.join(format!("{name}.h5"))).unwrap()
}

/// In the compact layout everything but elements is under a checksum.
#[test]
fn no_changed_byte_of_a_compact_file_goes_unnoticed() {
    let mut bytes = golden(Layout::Compact);
    let found = |bytes: &[u8]| {
        let file = File::from_bytes(bytes.to_vec(), Limits::default())?;
        tree(&file)
    };
    let whole = found(&bytes).unwrap();
    for at in 0..FIRST_ELEMENT {
        for &change in changes(&bytes, at) {
            bytes[at] ^= change;
            if let Ok(changed) = found(&bytes) {
                assert_eq!(changed, whole, "byte {at:#x} ^ {change:#x}");
            }
            bytes[at] ^= change;
        }
    }
}

/// By what the byte at `at` is changed: once in the middle of zeros, which are padding.
fn changes(bytes: &[u8], at: usize) -> &'static [u8] {
    let near = &bytes[at.saturating_sub(16)..bytes.len().min(at + 17)];
    match near.iter().any(|byte| *byte != 0) {
        true => &[0x01, 0x80, 0xff],
        false => &[0xff],
    }
}

/// Reads everything in `bytes`, and measures.
#[track_caller]
fn check(what: &str, bytes: &[u8]) {
    let began = Instant::now();
    let most = most_during(|| {
        if let Ok(file) = File::from_bytes(bytes.to_vec(), Limits::default()) {
            read_everything(&file);
        }
    });
    let took = began.elapsed();
    assert!(took < LONGEST, "{what}: {took:?}");
    let most = most.saturating_sub(bytes.len());
    assert!(most < MOST, "{what}: {most} bytes of memory");
}

/// Where the elements of a golden file begin.
const FIRST_ELEMENT: usize = 4096;

/// A small file with some of everything.
fn golden(layout: Layout) -> Vec<u8> {
    let mut tree = Tree::new();
    let mut root = tree.root();
    if layout == Layout::Classic {
        // Its string is in the global heap, which has no checksum.
        root.attribute("backend", "tensorflow").unwrap();
    }
    let mut dense = root.group("dense").unwrap();
    let names = Value::fixed_strings(["kernel", "bias"]).unwrap();
    dense.attribute("names", names).unwrap();
    let kernel = Tensor::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0], [2, 2]).unwrap();
    dense.dataset("kernel", kernel).unwrap();
    dense.soft_link("soft", "kernel").unwrap();
    let flags = Tensor::from_vec(vec![true, false], [2]).unwrap();
    dense.dataset("flags", flags).unwrap();
    let options = WriteOptions {
        layout,
        ..WriteOptions::default()
    };
    tree.to_vec(&options).unwrap()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}
