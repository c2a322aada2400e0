//! The data files of a bundle, opened when they are asked for.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::io::{self, SharedBytes};

/// Where the data of a bundle is.
pub(super) enum Data {
    Files(Files),
    Memory(Vec<SharedBytes>),
}

pub(super) struct Files {
    from: io::Files,
    prefix: PathBuf,
    open: Mutex<BTreeMap<u32, SharedBytes>>,
}

impl Data {
    pub(super) fn files(from: io::Files, prefix: &Path) -> Self {
        Data::Files(Files {
            from,
            prefix: prefix.to_owned(),
            open: Mutex::default(),
        })
    }

    pub(super) fn memory(shards: Vec<SharedBytes>) -> Self {
        Data::Memory(shards)
    }

    /// All of data file `shard` of `shards`.
    fn file(&self, shard: u32, shards: u32) -> Result<SharedBytes> {
        match self {
            Data::Files(files) => files.file(shard, shards),
            Data::Memory(all) => {
                let found = usize::try_from(shard).ok().and_then(|it| all.get(it));
                found.cloned().ok_or_else(|| {
                    let message = format!("no data file {shard} of {shards}");
                    Error::new(ErrorKind::NotFound, message)
                })
            }
        }
    }

    /// How long data file `shard` of `shards` is.
    pub(super) fn file_len(&self, shard: u32, shards: u32) -> Result<u64> {
        let file = self.file(shard, shards)?;
        Ok(u64::try_from(file.len()).unwrap_or(u64::MAX))
    }

    /// The `size` bytes at `offset` of data file `shard` of `shards`.
    pub(super) fn bytes(
        &self,
        shard: u32,
        shards: u32,
        offset: u64,
        size: u64,
    ) -> Result<SharedBytes> {
        let file = self.file(shard, shards)?;
        let range = usize::try_from(offset).ok().and_then(|start| {
            let end = start.checked_add(usize::try_from(size).ok()?)?;
            Some(start..end)
        });
        range.and_then(|range| file.slice(range)).ok_or_else(|| {
            let found = file.len();
            let message =
                format!("{size} bytes in data file {shard} of {shards}, which has {found} in all");
            Error::malformed(offset, message)
                .with_hint("the data file is cut off, or is not the one that belongs to the index")
        })
    }
}

impl Files {
    fn file(&self, shard: u32, shards: u32) -> Result<SharedBytes> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&shard) {
            return Ok(file.clone());
        }
        let path = super::shard_path(&self.prefix, shard, shards);
        let file = self.from.open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => error.with_hint("all files of a bundle belong together"),
            _ => error,
        })?;
        open.insert(shard, file.clone());
        Ok(file)
    }
}
