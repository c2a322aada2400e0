//! What fixed and extensible arrays hold: an entry for each chunk.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::{Source, StoredChunk};
use crate::codec::Cursor;
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, checksum};

/// How long entries are, and what is in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entries<'a> {
    source: Source<'a>,
    /// Bytes of an entry.
    pub(super) len: u8,
    /// The dimension along which numbers count last.
    first: usize,
}

/// The kind of entry, which array heads and blocks repeat.
const PLAIN: u8 = 0;
const FILTERED: u8 = 1;

impl<'a> Entries<'a> {
    /// Reads kind and length of the entries from the head of an array.
    pub(super) fn decode(source: Source<'a>, first: usize, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let kind = from.u8()?;
        let len = from.u8()?;
        let expected = kind_of(source.filtered);
        let address = source.sizes.offset;
        // A filtered chunk has a size of one to eight bytes and four of filters left out.
        let size = len.checked_sub(address.saturating_add(4));
        let fits = match source.filtered {
            true => size.is_some_and(|size| (1..=8).contains(&size)),
            false => len == address,
        };
        if kind != expected || !fits {
            return Err(Error::malformed(
                at,
                format!("entries of kind {kind} and {len} bytes, expected kind {expected}"),
            ));
        }
        Ok(Entries { source, len, first })
    }

    /// Checks what every part of an array begins with, up to the address of its head.
    pub(super) fn check_head(
        &self,
        signature: &[u8; 4],
        name: &str,
        head: Address,
        from: &mut Cursor<'_>,
    ) -> Result<()> {
        from.magic(signature, name)?;
        let at = from.offset();
        let (version, kind) = (from.u8()?, from.u8()?);
        let owner = Address::decode(self.source.sizes, from)?;
        if version != 0 || kind != kind_of(self.source.filtered) || owner != Some(head) {
            return Err(Error::malformed(
                at,
                format!("{name} of version {version} and kind {kind}, or of another array"),
            ));
        }
        Ok(())
    }

    /// Reads `count` entries, numbered from `start` on, and a checksum if they are a page.
    pub(super) fn read(
        &self,
        start: u64,
        count: u64,
        from: &mut Cursor<'_>,
        chunks: &mut Vec<StoredChunk>,
    ) -> Result<()> {
        let length = count.saturating_mul(self.len.into());
        let mut entries = from.sub(length)?;
        let mut number = start;
        while entries.remaining() > 0 {
            let entry = self.entry(number, &mut entries)?;
            chunks.extend(entry);
            number = number.saturating_add(1);
        }
        Ok(())
    }

    /// As [`read`](Self::read), with a checksum behind.
    pub(super) fn read_page(
        &self,
        start: u64,
        count: u64,
        from: &mut Cursor<'_>,
        chunks: &mut Vec<StoredChunk>,
    ) -> Result<()> {
        let begins = from.clone();
        self.read(start, count, from, chunks)?;
        checksum::verify(begins, from, "page of chunk entries")
    }

    /// Bytes of a page of `count` entries.
    pub(super) fn page_len(&self, count: u64) -> u64 {
        count.saturating_mul(self.len.into()).saturating_add(4)
    }

    fn entry(&self, number: u64, from: &mut Cursor<'_>) -> Result<Option<StoredChunk>> {
        let source = self.source;
        let address = Address::decode(source.sizes, from)?;
        let (size, left_out) = match source.filtered {
            true => {
                let head = source.sizes.offset.saturating_add(4);
                let size = from.uint(usize::from(self.len.saturating_sub(head)))?;
                (size, from.u32()?)
            }
            false => (source.grid.chunk_len, 0),
        };
        let position = source.grid.position_of_entry(number, self.first);
        Ok(address
            .zip(position)
            .map(|(address, position)| StoredChunk {
                position,
                address,
                size,
                left_out,
            }))
    }
}

fn kind_of(filtered: bool) -> u8 {
    match filtered {
        true => FILTERED,
        false => PLAIN,
    }
}

/// Whether bit `at` is set, the first being the highest of the first byte.
pub(super) fn bit(bits: &[u8], at: u64) -> bool {
    let byte = usize::try_from(at >> 3)
        .ok()
        .and_then(|byte| bits.get(byte));
    let mask = u32::try_from(at & 0b111)
        .ok()
        .and_then(|at| 0x80_u8.checked_shr(at));
    byte.zip(mask).is_some_and(|(byte, mask)| byte & mask != 0)
}
