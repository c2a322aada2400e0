//! Chunks in a version 1 B-tree: layouts before version 4.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::{Source, StoredChunk};
use crate::codec::Cursor;
use crate::error::{Error, Result};
use crate::hdf5::format::btree_v1::NodeHead;
use crate::hdf5::format::{Address, Sizes, file_length};

/// The type of B-trees over chunks.
const KIND: u8 = 1;

/// What stands before a child of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    /// Bytes of the chunk.
    size: u32,
    left_out: u32,
    /// Where its first element is in the dataset.
    start: Vec<u64>,
}

impl Key {
    fn decode(rank: usize, from: &mut Cursor<'_>) -> Result<Key> {
        let key = Key {
            size: from.u32()?,
            left_out: from.u32()?,
            start: (0..rank).map(|_| from.u64()).collect::<Result<_>>()?,
        };
        from.u64()?; // where in the element
        Ok(key)
    }
}

struct Walk<'a> {
    source: Source<'a>,
    /// Nodes do not overlap, so together they are not longer than the file.
    room: u64,
    chunks: Vec<StoredChunk>,
}

pub(super) fn chunks(source: Source<'_>, root: Address) -> Result<Vec<StoredChunk>> {
    let mut walk = Walk {
        source,
        room: source.image.len(),
        chunks: Vec::new(),
    };
    walk.node(root, None)?;
    Ok(walk.chunks)
}

impl Walk<'_> {
    /// A node, which is at `level` if one is expected. Levels fall, so this ends.
    fn node(&mut self, address: Address, level: Option<u8>) -> Result<()> {
        let Source { sizes, image, .. } = self.source;
        let mut from = image.cursor(address, "B-tree node")?;
        let before = from.remaining();
        let head = NodeHead::decode(sizes, KIND, &mut from)?;
        if let Some(expected) = level.filter(|level| *level != head.level) {
            let found = head.level;
            return Err(Error::malformed(
                image.offset(address),
                format!("B-tree node at level {found}, expected {expected}"),
            ));
        }
        let children = Self::children(sizes, self.source.grid.chunk.len(), head.used, &mut from)?;
        let read = file_length(before.saturating_sub(from.remaining()));
        self.room = self.room.checked_sub(read).ok_or_else(|| {
            Error::malformed(
                image.offset(address),
                "B-tree nodes are longer than the file",
            )
        })?;
        for (key, child) in children {
            match head.level.checked_sub(1) {
                None => self.chunk(&key, child)?,
                Some(below) => self.node(child, Some(below))?,
            }
        }
        Ok(())
    }

    fn children(
        sizes: Sizes,
        rank: usize,
        used: u16,
        from: &mut Cursor<'_>,
    ) -> Result<Vec<(Key, Address)>> {
        let mut children = Vec::new();
        for _ in 0..used {
            let key = Key::decode(rank, from)?;
            children.push((key, Address::decode_defined(sizes, from, "a B-tree child")?));
        }
        Ok(children)
    }

    fn chunk(&mut self, key: &Key, address: Address) -> Result<()> {
        let grid = self.source.grid;
        let mut coordinates = Vec::with_capacity(key.start.len());
        for (start, size) in key.start.iter().zip(&grid.chunk) {
            if start.checked_rem(*size) != Some(0) {
                return Err(Error::malformed(
                    self.source.image.offset(address),
                    format!(
                        "chunk at {:?}, expected multiples of {:?}",
                        key.start, grid.chunk
                    ),
                ));
            }
            coordinates.push(start.checked_div(*size).unwrap_or(0));
        }
        // What was cut off when the dataset shrank may still be there.
        if let Some(position) = grid.position(&coordinates) {
            self.chunks.push(StoredChunk {
                position,
                address,
                size: key.size.into(),
                left_out: key.left_out,
            });
        }
        Ok(())
    }
}
