//! Chunk indexes: which chunk of a dataset is where. See `spec/hdf5_storage.md#chunk-indexes`.
//!
//! An index is not asked for one chunk after the other but for all it holds: those are never more
//! than there are bytes in the file, whatever shape a dataset declares.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

mod btree_v1;
mod btree_v2;
mod entry;
mod extensible_array;
mod fixed_array;

use crate::codec::Cursor;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::image::Image;
use crate::hdf5::format::message::layout::{ChunkIndex, Chunked};
use crate::hdf5::format::{Address, Sizes};

/// One chunk that is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredChunk {
    /// Its number in the [`Grid`], in row-major order.
    pub(crate) position: u64,
    /// Where its bytes are.
    pub(crate) address: Address,
    /// How many bytes they are.
    pub(crate) size: u64,
    /// The filters it did not go through, a bit for each.
    pub(crate) left_out: u32,
}

/// How a dataset is cut into chunks.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    /// The shape of a chunk.
    pub(crate) chunk: Vec<u64>,
    /// How many chunks there are along each dimension, the last ones possibly cut.
    pub(crate) counts: Vec<u64>,
    /// How many there may come to be; `None` without end.
    max_counts: Vec<Option<u64>>,
    /// Bytes of a chunk without filters.
    pub(crate) chunk_len: u64,
}

/// What the reader of an index needs besides it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) sizes: Sizes,
    pub(crate) image: Image<'a>,
    pub(crate) grid: &'a Grid,
    /// Whether chunks go through filters, so that each has a length of its own.
    pub(crate) filtered: bool,
}

impl Grid {
    /// The grid of a dataset of shape `dims` that may grow to `max_dims`.
    pub(crate) fn new(
        layout: &Chunked,
        dims: &[u64],
        max_dims: Option<&[Option<u64>]>,
    ) -> Result<Grid> {
        let malformed = |message: String| Error::new(ErrorKind::Malformed, message);
        let chunk = layout.dims.clone();
        if chunk.len() != dims.len() {
            let (found, expected) = (chunk.len(), dims.len());
            return Err(malformed(format!(
                "chunks of {found} dimensions, expected {expected}"
            )));
        }
        let chunk_len = chunk
            .iter()
            .try_fold(layout.element_size, |all, size| all.checked_mul(*size))
            .ok_or_else(|| malformed(format!("chunks of shape {chunk:?} do not fit in 64 bits")))?;
        let counts = dims.iter().zip(&chunk);
        let counts = counts.map(|(size, chunk)| size.div_ceil(*chunk)).collect();
        let whole: Vec<_> = dims.iter().map(|size| Some(*size)).collect();
        let max_dims = max_dims.unwrap_or(&whole).iter().zip(&chunk);
        let max_counts = max_dims.map(|(size, chunk)| Some((*size)?.div_ceil(*chunk)));
        Ok(Grid {
            max_counts: max_counts.collect(),
            chunk,
            counts,
            chunk_len,
        })
    }

    /// How many chunks there are in the dataset's shape.
    pub(crate) fn len(&self) -> u64 {
        let counts = self.counts.iter();
        counts.fold(1, |all, count| all.saturating_mul(*count))
    }

    /// The number of the chunk at these coordinates; `None` if it is outside the shape.
    fn position(&self, coordinates: &[u64]) -> Option<u64> {
        let mut position = 0_u64;
        for (at, count) in coordinates.iter().zip(&self.counts) {
            if at >= count {
                return None;
            }
            position = position.checked_mul(*count)?.checked_add(*at)?;
        }
        Some(position)
    }

    /// The coordinates of the chunk with this number.
    pub(crate) fn coordinates(&self, position: u64) -> Vec<u64> {
        let mut rest = position;
        let mut coordinates = vec![0; self.counts.len()];
        for (at, count) in coordinates.iter_mut().zip(&self.counts).rev() {
            *at = rest.checked_rem(*count).unwrap_or(0);
            rest = rest.checked_div(*count).unwrap_or(0);
        }
        coordinates
    }

    /// The number of the chunk that an index of the largest shape has at `entry`, with dimension
    /// `first` as the outermost; `None` if it is outside the shape.
    fn position_of_entry(&self, entry: u64, first: usize) -> Option<u64> {
        let mut coordinates = vec![0; self.counts.len()];
        let mut rest = entry;
        let inner = self.max_counts.iter().enumerate().rev();
        for (at, count) in inner.filter(|(at, _)| *at != first) {
            let count = (*count)?;
            *coordinates.get_mut(at)? = rest.checked_rem(count)?;
            rest = rest.checked_div(count)?;
        }
        *coordinates.get_mut(first)? = rest;
        self.position(&coordinates)
    }
}

/// All chunks that `layout` leads to, in the order of their positions.
pub(crate) fn chunks(source: Source<'_>, layout: &Chunked) -> Result<Vec<StoredChunk>> {
    let Some(address) = layout.address else {
        return Ok(Vec::new());
    };
    let mut chunks = match layout.index {
        ChunkIndex::BTreeV1 => btree_v1::chunks(source, address),
        ChunkIndex::Single { filtered } => Ok(vec![single(source, filtered, address)]),
        ChunkIndex::Implicit => implicit(source, address),
        ChunkIndex::FixedArray { .. } => fixed_array::chunks(source, address),
        ChunkIndex::ExtensibleArray { .. } => extensible_array::chunks(source, address),
        ChunkIndex::BTreeV2 { .. } => btree_v2::chunks(source, address),
    }
    .within(|| "chunk index")?;
    chunks.sort_by_key(|chunk| chunk.position);
    let mut pairs = chunks.iter().zip(chunks.iter().skip(1));
    if let Some((_, second)) = pairs.find(|(a, b)| a.position == b.position) {
        let at = source.grid.coordinates(second.position);
        return Err(Error::malformed(
            source.image.offset(second.address),
            format!("second chunk at {at:?}, expected one"),
        )
        .within("chunk index"));
    }
    Ok(chunks)
}

/// The one chunk there is.
fn single(source: Source<'_>, filtered: Option<(u64, u32)>, address: Address) -> StoredChunk {
    let (size, left_out) = filtered.unwrap_or((source.grid.chunk_len, 0));
    StoredChunk {
        position: 0,
        address,
        size,
        left_out,
    }
}

/// All chunks of the largest shape, side by side.
fn implicit(source: Source<'_>, address: Address) -> Result<Vec<StoredChunk>> {
    let grid = source.grid;
    let mut counts = grid.max_counts.iter();
    let count = counts.try_fold(1_u64, |all, count| all.checked_mul((*count)?));
    let all = count.and_then(|count| count.checked_mul(grid.chunk_len));
    let (Some(count), Some(all)) = (count, all) else {
        return Err(Error::malformed(
            source.image.offset(address),
            "chunks in a row without end",
        ));
    };
    source.image.part(address, all, "chunks in a row")?;
    let mut chunks = Vec::new();
    for entry in 0..count {
        if let Some(position) = grid.position_of_entry(entry, 0) {
            chunks.push(StoredChunk {
                position,
                address: Address(
                    address
                        .0
                        .saturating_add(entry.saturating_mul(grid.chunk_len)),
                ),
                size: grid.chunk_len,
                left_out: 0,
            });
        }
    }
    Ok(chunks)
}

/// Arrays are of version 0.
fn check_version(name: &str, from: &mut Cursor<'_>) -> Result<()> {
    let at = from.offset();
    let version = from.u8()?;
    if version != 0 {
        return Err(Error::malformed(
            at,
            format!("{name} version {version}, expected 0"),
        ));
    }
    Ok(())
}

/// How many entries a page holds.
fn page_entries(bits: u8) -> u64 {
    1_u64.checked_shl(bits.into()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
pub(crate) mod tests;
