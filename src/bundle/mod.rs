//! TensorFlow's tensor bundles: the `.index` and `.data-i-of-n` files of checkpoints and SavedModels.
//!
//! A bundle is a set of tensors with names. Its index is a sorted [table](sstable) that says of each
//! where it is, and its data files hold the elements back to back. [`BundleReader`] and [`BundleWriter`]
//! know tensors and no models. The format is in `spec/tensor_bundle.md`.

mod data;
mod dtype;
mod entry;
mod parts;
mod read;
mod slice_key;
pub mod sstable;
mod strings;
mod write;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use entry::{BundleEntry, ByteOrder};
pub use read::BundleReader;
pub use slice_key::Extent;
pub use write::{BundleBytes, BundleOptions, BundleWriter};

/// What the name of an index ends in.
const INDEX: &str = ".index";

/// The index of the bundle at `prefix`.
fn index_path(prefix: &Path) -> PathBuf {
    with_suffix(prefix, INDEX)
}

/// Data file `shard` of `shards`.
fn shard_path(prefix: &Path, shard: u32, shards: u32) -> PathBuf {
    with_suffix(prefix, &format!(".data-{shard:05}-of-{shards:05}"))
}

fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}
