//! Reading HDF5 files of other writers, compared with what h5py finds in them.

mod tree;

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use hornfels::hdf5::File;
use serde_json::json;

/// For `tests/interop/hdf5_read.py`: what is found in every file of the directories that
/// `HORNFELS_CORPUS` and `HORNFELS_HDF5_FILES` name.
#[test]
fn written_for_others() {
    let Some(place) = env::var_os("HORNFELS_WRITTEN") else {
        return;
    };
    let mut out = fs::File::create(Path::new(&place).join("hdf5_read.jsonl")).unwrap();
    for variable in ["HORNFELS_CORPUS", "HORNFELS_HDF5_FILES"] {
        let Some(directory) = env::var_os(variable) else {
            continue;
        };
        for path in files_below(Path::new(&directory)) {
            let found = File::open(&path).and_then(|file| tree::tree(&file));
            let line = match found {
                Ok(tree) => json!({"file": path, "tree": tree}),
                Err(error) => json!({"file": path, "error": error.to_string()}),
            };
            writeln!(out, "{line}").unwrap();
        }
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}
