//! Files by their names: those of a directory, or some that are in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::io::SharedBytes;

/// Where the files of something that consists of several are. Cloning copies nothing.
#[derive(Clone, Debug)]
pub(crate) enum Files {
    /// Below a directory, to be mapped or to be read.
    Directory { root: PathBuf, map: bool },
    /// In memory.
    Memory(Arc<BTreeMap<PathBuf, SharedBytes>>),
}

impl Files {
    /// Those below `root`.
    pub(crate) fn directory(root: impl Into<PathBuf>, map: bool) -> Files {
        Files::Directory {
            root: root.into(),
            map,
        }
    }

    /// Those that are given with their names: `variables/variables.index`.
    pub(crate) fn memory(files: BTreeMap<PathBuf, SharedBytes>) -> Files {
        Files::Memory(Arc::new(files))
    }

    /// The file of that name.
    pub(crate) fn open(&self, name: impl AsRef<Path>) -> Result<SharedBytes> {
        let name = name.as_ref();
        match self {
            Files::Directory { root, map } => SharedBytes::open(&root.join(name), *map),
            Files::Memory(files) => files.get(name).cloned().ok_or_else(|| {
                let message = format!("no file `{}`", name.display());
                Error::new(ErrorKind::NotFound, message)
            }),
        }
    }

    /// Whether there is a file of that name.
    pub(crate) fn contains(&self, name: impl AsRef<Path>) -> bool {
        match self {
            Files::Directory { root, .. } => root.join(name).is_file(),
            Files::Memory(files) => files.contains_key(name.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_and_memory_have_the_same_files() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("a")).unwrap();
        std::fs::write(directory.path().join("a/b"), b"bytes").unwrap();
        let held = BTreeMap::from([(PathBuf::from("a/b"), SharedBytes::from(b"bytes".to_vec()))]);
        for files in [
            Files::directory(directory.path(), true),
            Files::directory(directory.path(), false),
            Files::memory(held),
        ] {
            assert!(files.contains("a/b") && !files.contains("a"));
            assert_eq!(files.open("a/b").unwrap()[..], *b"bytes");
            assert_eq!(files.open("b").unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}
