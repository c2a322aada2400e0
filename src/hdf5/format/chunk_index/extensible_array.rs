//! Chunks in an extensible array: datasets that can grow along one dimension.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::entry::{Entries, bit};
use super::{Source, StoredChunk};
use crate::codec::Cursor;
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, checksum, file_length};

const HEAD: [u8; 4] = *b"EAHD";
const INDEX: [u8; 4] = *b"EAIB";
const SUPER: [u8; 4] = *b"EASB";
const DATA: [u8; 4] = *b"EADB";

/// An extensible array. The first entries are in the index block. The others are in data blocks;
/// the first of those are found by the index block, the rest by super blocks, which the index
/// block leads to.
#[derive(Debug)]
struct Array<'a> {
    source: Source<'a>,
    entries: Entries<'a>,
    head: Address,
    /// The logarithm of how many entries there may be.
    max_bits: u8,
    /// How many entries the index block holds.
    in_index: u64,
    /// How many entries the smallest data block holds.
    least_entries: u64,
    /// How many data blocks the smallest super block leads to.
    least_blocks: u64,
    /// How many entries make a page of a data block.
    page: u64,
}

/// A group of data blocks of equal size: a super block, whether it is there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    /// How many data blocks it has.
    blocks: u64,
    /// How many entries each of them holds.
    entries: u64,
    /// The number of its first entry.
    first: u64,
}

/// Which pages of a data block are used: a bit for each, from bit `first` on.
#[derive(Clone, Copy, Debug, Default)]
struct Pages<'a> {
    bits: &'a [u8],
    first: u64,
}

pub(super) fn chunks(source: Source<'_>, address: Address) -> Result<Vec<StoredChunk>> {
    let name = "extensible array";
    let mut from = source.image.cursor(address, name)?;
    let start = from.clone();
    from.magic(&HEAD, name)?;
    super::check_version(name, &mut from)?;
    let growing = source.grid.max_counts.iter().position(Option::is_none);
    let entries = Entries::decode(source, growing.unwrap_or(0), &mut from)?;
    let at = from.offset();
    let array = Array {
        source,
        entries,
        head: address,
        max_bits: from.u8()?,
        in_index: from.u8()?.into(),
        least_entries: from.u8()?.into(),
        least_blocks: from.u8()?.into(),
        page: super::page_entries(from.u8()?),
    };
    for _ in 0..6 {
        // How many blocks and entries there are, and their sizes.
        source.sizes.decode_length(&mut from)?;
    }
    let index = Address::decode(source.sizes, &mut from)?;
    checksum::verify(start, &mut from, name)?;
    let powers = [array.least_entries, array.least_blocks];
    if !powers.iter().all(|size| size.is_power_of_two()) || !(1..=64).contains(&array.max_bits) {
        return Err(Error::malformed(
            at,
            format!(
                "extensible array of 2^{} entries, {} in a block, {} blocks",
                array.max_bits, array.least_entries, array.least_blocks
            ),
        ));
    }
    let mut reading = Reading {
        room: source.image.len(),
        chunks: Vec::new(),
    };
    if let Some(index) = index {
        array.read_index(index, &mut reading)?;
    }
    Ok(reading.chunks)
}

/// What was read so far.
struct Reading {
    /// Blocks do not overlap, so together they are not longer than the file.
    room: u64,
    chunks: Vec<StoredChunk>,
}

impl Array<'_> {
    /// All groups of data blocks; each second one has twice as many, the others larger ones.
    fn groups(&self) -> Vec<Group> {
        let bits = u32::from(self.max_bits);
        let count = bits.saturating_sub(self.least_entries.checked_ilog2().unwrap_or(0));
        let mut first = self.in_index;
        let mut groups = Vec::new();
        for number in 0..=count {
            let blocks = 1_u64.checked_shl(number >> 1).unwrap_or(0);
            let factor = 1_u64
                .checked_shl(number.saturating_add(1) >> 1)
                .unwrap_or(0);
            let entries = factor.saturating_mul(self.least_entries);
            groups.push(Group {
                blocks,
                entries,
                first,
            });
            first = first.saturating_add(blocks.saturating_mul(entries));
        }
        groups
    }

    fn read_index(&self, address: Address, reading: &mut Reading) -> Result<()> {
        let name = "extensible array index block";
        let mut from = self.source.image.cursor(address, name)?;
        let start = from.clone();
        self.entries
            .check_head(&INDEX, name, self.head, &mut from)?;
        self.entries
            .read(0, self.in_index, &mut from, &mut reading.chunks)?;
        let groups = self.groups();
        // So many groups have no super block.
        let direct = self
            .least_blocks
            .checked_ilog2()
            .unwrap_or(0)
            .saturating_mul(2);
        let direct = usize::try_from(direct)
            .unwrap_or(usize::MAX)
            .min(groups.len());
        let (direct, others) = groups.split_at(direct);
        let mut blocks = Vec::new();
        for group in direct {
            for number in 0..group.blocks {
                let block = Address::decode(self.source.sizes, &mut from)?;
                let first = number
                    .saturating_mul(group.entries)
                    .saturating_add(group.first);
                blocks.extend(block.map(|block| (block, *group, first)));
            }
        }
        let mut supers = Vec::new();
        for group in others {
            let block = Address::decode(self.source.sizes, &mut from)?;
            supers.extend(block.map(|block| (block, *group)));
        }
        checksum::verify(start, &mut from, name)?;
        for (block, group, first) in blocks {
            if self.pages(group) > 0 {
                // Which pages are used would be nowhere.
                let message = "block with pages, but without a super block";
                return Err(Error::malformed(self.source.image.offset(block), message));
            }
            self.read_data(block, group, first, Pages::default(), reading)?;
        }
        for (block, group) in supers {
            self.read_super(block, group, reading)?;
        }
        Ok(())
    }

    fn read_super(&self, address: Address, group: Group, reading: &mut Reading) -> Result<()> {
        let name = "extensible array super block";
        let mut from = self.source.image.cursor(address, name)?;
        let start = from.clone();
        self.entries
            .check_head(&SUPER, name, self.head, &mut from)?;
        self.check_offset(name, group.first, &mut from)?;
        let pages = self.pages(group);
        let used = from.bytes_u64(pages.div_ceil(8).saturating_mul(group.blocks))?;
        let addresses = group.blocks.saturating_mul(self.source.sizes.offset.into());
        let mut addresses = from.sub(addresses)?;
        checksum::verify(start, &mut from, name)?;
        for number in 0..group.blocks {
            if let Some(block) = Address::decode(self.source.sizes, &mut addresses)? {
                let first = number
                    .saturating_mul(group.entries)
                    .saturating_add(group.first);
                let used = Pages {
                    bits: used,
                    first: number.saturating_mul(pages),
                };
                self.read_data(block, group, first, used, reading)?;
            }
        }
        Ok(())
    }

    /// How many pages a data block of `group` has; none if it is in one piece.
    fn pages(&self, group: Group) -> u64 {
        match group.entries > self.page {
            true => group.entries.div_ceil(self.page),
            false => 0,
        }
    }

    /// Reads a data block of entries from `first` on.
    fn read_data(
        &self,
        address: Address,
        group: Group,
        first: u64,
        used: Pages<'_>,
        reading: &mut Reading,
    ) -> Result<()> {
        let name = "extensible array data block";
        let mut from = self.source.image.cursor(address, name)?;
        let length = group.entries.saturating_mul(self.entries.len.into());
        reading.room = reading.room.checked_sub(length).ok_or_else(|| {
            Error::malformed(from.offset(), "blocks of an array are longer than the file")
        })?;
        let start = from.clone();
        self.entries.check_head(&DATA, name, self.head, &mut from)?;
        from.skip(self.offset_width())?; // its first entry: see `spec/hdf5_storage.md#extensible-array`
        let pages = self.pages(group);
        if pages == 0 {
            self.entries
                .read(first, group.entries, &mut from, &mut reading.chunks)?;
            return checksum::verify(start, &mut from, name);
        }
        checksum::verify(start, &mut from, name)?;
        for page in 0..pages {
            let room = file_length(from.remaining());
            if bit(used.bits, used.first.saturating_add(page)) {
                let first = page.saturating_mul(self.page).saturating_add(first);
                self.entries
                    .read_page(first, self.page, &mut from, &mut reading.chunks)?;
            } else {
                from.bytes_u64(self.entries.page_len(self.page).min(room))?;
            }
        }
        Ok(())
    }

    /// Bytes of the number of an entry.
    fn offset_width(&self) -> usize {
        usize::from(self.max_bits).div_ceil(8)
    }

    /// Super blocks say which entry is their first, not counting those in the index block.
    fn check_offset(&self, name: &str, first: u64, from: &mut Cursor<'_>) -> Result<()> {
        let at = from.offset();
        let found = from.uint(self.offset_width())?;
        let expected = first.saturating_sub(self.in_index);
        if found != expected {
            return Err(Error::malformed(
                at,
                format!("{name} of entries from {found} on, expected {expected}"),
            ));
        }
        Ok(())
    }
}
