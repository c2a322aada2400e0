//! Sorted tables of keys and values, in blocks: what a bundle's index is, and LevelDB's files.
//!
//! [`TableBuilder`] writes one as TensorFlow does, byte for byte, and [`Table`] reads any. The format
//! is in `spec/tensor_bundle.md#table`.

mod block;
mod footer;
mod read;
mod snappy;
mod write;

pub(super) use block::shown;
pub use read::{Table, TableEntries};
pub use write::TableBuilder;

/// How many bytes a block has at least before the next one begins, as TensorFlow writes tables.
const BLOCK_SIZE: usize = 256 << 10;

/// How many bytes follow a block: how it is compressed, and a checksum.
const TRAILER: usize = 5;

/// How a block is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Compression(u8);

impl Compression {
    const NONE: Compression = Compression(0);
    const SNAPPY: Compression = Compression(1);
}
