//! Chunks in a version 2 B-tree: datasets that can grow along several dimensions.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::{Source, StoredChunk};
use crate::error::{Error, Result};
use crate::hdf5::format::Address;
use crate::hdf5::format::btree_v2::BTreeV2;

/// The types of B-trees over chunks, without and with filters.
const PLAIN: u8 = 10;
const FILTERED: u8 = 11;

pub(super) fn chunks(source: Source<'_>, address: Address) -> Result<Vec<StoredChunk>> {
    let Source {
        sizes, image, grid, ..
    } = source;
    let kind = match source.filtered {
        true => FILTERED,
        false => PLAIN,
    };
    let tree = BTreeV2::open(sizes, image, address, &[kind])?;
    // What is left of a record is the chunk's size.
    let rank = u16::try_from(grid.chunk.len()).unwrap_or(u16::MAX);
    let fixed = rank.saturating_mul(8).saturating_add(sizes.offset.into());
    let size_width = match source.filtered {
        true => tree.record_size.checked_sub(fixed.saturating_add(4)),
        false => Some(0),
    };
    let size_width = size_width.map(usize::from).ok_or_else(|| {
        Error::malformed(
            image.offset(address),
            format!("chunk records of {} bytes", tree.record_size),
        )
    })?;
    let mut chunks = Vec::new();
    for mut record in tree.records()? {
        let address = Address::decode_defined(sizes, &mut record, "a chunk")?;
        let (size, left_out) = match source.filtered {
            true => (record.uint(size_width)?, record.u32()?),
            false => (grid.chunk_len, 0),
        };
        let coordinates = (0..rank)
            .map(|_| record.u64())
            .collect::<Result<Vec<_>>>()?;
        if let Some(position) = grid.position(&coordinates) {
            chunks.push(StoredChunk {
                position,
                address,
                size,
                left_out,
            });
        }
    }
    Ok(chunks)
}
