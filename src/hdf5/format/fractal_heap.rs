//! Fractal heaps: links and attributes of objects with many of them, and shared messages.
//! See `spec/hdf5_storage.md#fractal-heap`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::checksum::lookup3;
use crate::codec::Cursor;
use crate::error::{Context, Error, Result};
use crate::hdf5::format::btree_v2::{BTreeV2, width_of};
use crate::hdf5::format::image::Image;
use crate::hdf5::format::{Address, Sizes, checksum};

/// A fractal heap, opened. We read these and never write them.
///
/// Objects lie in blocks that double in size; a tree of indirect blocks leads to them. An object
/// is found by its ID, which says where in the heap it is.
#[derive(Debug)]
pub(crate) struct FractalHeap {
    sizes: Sizes,
    /// Where its header is; every block repeats it.
    address: Address,
    /// Bytes of an ID.
    pub(crate) id_len: u16,
    /// Whether direct blocks have a checksum.
    checked: bool,
    /// The longest object that lies in a block.
    max_managed: u32,
    /// Where objects that are too long for blocks are.
    huge: Option<Address>,
    table: Table,
    root: Option<Address>,
    /// How many rows the root block has; none if it is a direct one.
    root_rows: u16,
    /// Blocks whose checksum was found right, so that it is computed once for many objects.
    verified: Mutex<HashSet<Address>>,
}

/// How blocks grow.
#[derive(Clone, Copy, Debug)]
struct Table {
    /// How many blocks are in a row.
    width: u64,
    /// Bytes of a block in the first two rows; then they double from row to row.
    start: u64,
    /// Bytes of the largest direct block.
    max_direct: u64,
    /// The logarithm of how many bytes the heap can hold.
    max_bits: u16,
}

impl Table {
    fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        Ok(Table {
            width: from.u16()?.into(),
            start: sizes.decode_length(from)?,
            max_direct: sizes.decode_length(from)?,
            max_bits: from.u16()?,
        })
    }

    fn is_possible(&self) -> bool {
        let powers = [self.width, self.start, self.max_direct];
        powers.iter().all(|size| size.is_power_of_two())
            && self.max_direct >= self.start
            && (1..=64).contains(&self.max_bits)
    }

    /// Bytes of a block in row `row`, if that can be.
    fn block_len(&self, row: u64) -> Option<u64> {
        let doubled = u32::try_from(row.saturating_sub(1)).ok()?;
        // The factor and the product must fit.
        self.start.checked_mul(1_u64.checked_shl(doubled)?)
    }

    /// Row and column of the block that holds byte `offset`, and where that block begins.
    fn place(&self, offset: u64) -> Option<(u64, u64, u64)> {
        let first_row = self.width.checked_mul(self.start)?;
        let row = match offset.checked_div(first_row)? {
            0 => 0,
            rows => u64::from(rows.checked_ilog2()?).checked_add(1)?,
        };
        let row_start = match row {
            0 => 0,
            row => first_row
                .checked_mul(1_u64.checked_shl(u32::try_from(row).ok()?.checked_sub(1)?)?)?,
        };
        let length = self.block_len(row)?;
        let column = offset.checked_sub(row_start)?.checked_div(length)?;
        let start = row_start.checked_add(column.checked_mul(length)?)?;
        Some((row, column, start))
    }

    /// How many rows hold direct blocks.
    fn direct_rows(&self) -> u64 {
        let ratio = self.max_direct.checked_div(self.start).unwrap_or(0);
        u64::from(ratio.checked_ilog2().unwrap_or(0)).saturating_add(2)
    }

    /// How many rows an indirect block of `length` bytes has.
    fn rows_of(&self, length: u64) -> u64 {
        let first_row = self.width.saturating_mul(self.start);
        let ratio = length.checked_div(first_row).unwrap_or(0);
        u64::from(ratio.checked_ilog2().unwrap_or(0)).saturating_add(1)
    }

    /// Bytes of an offset in the heap.
    fn offset_width(&self) -> usize {
        usize::from(self.max_bits).div_ceil(8)
    }
}

impl FractalHeap {
    const HEADER: [u8; 4] = *b"FRHP";
    const DIRECT: [u8; 4] = *b"FHDB";
    const INDIRECT: [u8; 4] = *b"FHIB";
    const CHECKED: u8 = 0b10;

    // The first byte of an ID.
    const ID_VERSION: u8 = 0b1100_0000;
    const ID_KIND: u8 = 0b0011_0000;
    const MANAGED: u8 = 0b0000_0000;
    const HUGE: u8 = 0b0001_0000;
    const TINY: u8 = 0b0010_0000;
    const TINY_LENGTH: u8 = 0b0000_1111;
    /// Up to so many bytes, the length of a tiny object fits into the first byte.
    const SHORT_TINY: u16 = 16;

    /// The types of the B-tree with huge objects: those found by number, those in the ID itself.
    const HUGE_BY_NUMBER: u8 = 1;

    pub(crate) fn decode(sizes: Sizes, image: Image<'_>, address: Address) -> Result<Self> {
        let mut from = image.cursor(address, "fractal heap")?;
        let start = from.clone();
        from.magic(&Self::HEADER, "fractal heap")?;
        let at = from.offset();
        let version = from.u8()?;
        if version != 0 {
            return Err(Error::malformed(
                at,
                format!("fractal heap version {version}, expected 0"),
            ));
        }
        let id_len = from.u16()?;
        if from.u16()? != 0 {
            return Err(Error::unsupported(at, "fractal heap with filters"));
        }
        let flags = from.u8()?;
        let max_managed = from.u32()?;
        sizes.decode_length(&mut from)?; // next number of a huge object
        let huge = Address::decode(sizes, &mut from)?;
        sizes.decode_length(&mut from)?; // free space in blocks
        Address::decode(sizes, &mut from)?; // the list of it
        for _ in 0..8 {
            // Sizes of the heap and of its blocks, and how much of which kind is in it.
            sizes.decode_length(&mut from)?;
        }
        let table = Table::decode(sizes, &mut from)?;
        from.skip(2)?; // rows that a new root block has
        let root = Address::decode(sizes, &mut from)?;
        let root_rows = from.u16()?;
        checksum::verify(start, &mut from, "fractal heap")?;
        if !table.is_possible() || id_len == 0 {
            return Err(Error::malformed(
                at,
                format!("fractal heap of blocks {table:?}"),
            ));
        }
        Ok(FractalHeap {
            sizes,
            address,
            id_len,
            checked: flags & Self::CHECKED != 0,
            max_managed,
            huge,
            table,
            root,
            root_rows,
            verified: Mutex::default(),
        })
    }

    /// The object that `id` stands for.
    pub(crate) fn object<'a>(&self, image: Image<'a>, mut id: Cursor<'a>) -> Result<Cursor<'a>> {
        let at = id.offset();
        let first = id.u8()?;
        match (first & Self::ID_VERSION, first & Self::ID_KIND) {
            (0, Self::MANAGED) => self.managed(image, id),
            (0, Self::HUGE) => self.huge(image, id),
            (0, Self::TINY) => self.tiny(first, id),
            _ => Err(Error::malformed(
                at,
                format!("heap ID that begins with {first:#04x}"),
            )),
        }
        .within(|| "fractal heap")
    }

    /// An object that is in its ID.
    fn tiny<'a>(&self, first: u8, mut id: Cursor<'a>) -> Result<Cursor<'a>> {
        let short = u64::from(first & Self::TINY_LENGTH);
        let length = match self.id_len.saturating_sub(1) <= Self::SHORT_TINY {
            true => short,
            false => (short << 8) | u64::from(id.u8()?),
        };
        id.sub(length.saturating_add(1))
    }

    /// An object that is nowhere in the heap's blocks.
    fn huge<'a>(&self, image: Image<'a>, mut id: Cursor<'a>) -> Result<Cursor<'a>> {
        let (sizes, at) = (self.sizes, id.offset());
        let room = self.id_len.saturating_sub(1);
        let in_id = u16::from(sizes.offset).saturating_add(sizes.length.into());
        if in_id <= room {
            let address = Address::decode_defined(sizes, &mut id, "a huge object")?;
            let length = sizes.decode_length(&mut id)?;
            return image.part(address, length, "huge object");
        }
        let number = id.uint(usize::from(room.min(8)))?;
        let Some(tree) = self.huge else {
            return Err(Error::malformed(at, "huge object in a heap without any"));
        };
        let tree = BTreeV2::open(sizes, image, tree, &[Self::HUGE_BY_NUMBER])?;
        let decode = |mut record: Cursor<'a>| {
            let address = Address::decode_defined(sizes, &mut record, "a huge object")?;
            let length = sizes.decode_length(&mut record)?;
            Ok((address, length, sizes.decode_length(&mut record)?))
        };
        let order = |record| -> Result<Ordering> {
            let (.., found) = decode(record)?;
            Ok(found.cmp(&number))
        };
        let found = tree.find(&order)?.into_iter().next();
        let record =
            found.ok_or_else(|| Error::malformed(at, format!("no huge object {number}")))?;
        let (address, length, _) = decode(record)?;
        image.part(address, length, "huge object")
    }

    /// An object in one of the heap's blocks.
    fn managed<'a>(&self, image: Image<'a>, mut id: Cursor<'a>) -> Result<Cursor<'a>> {
        let at = id.offset();
        let offset = id.uint(self.table.offset_width())?;
        let direct_width = width_of_offset(self.table.max_direct);
        let length = id.uint(direct_width.min(width_of(self.max_managed.into())))?;
        let (block, block_start) = self.block(image, offset, at)?;
        // Offsets count from the start of the block, its head included.
        let mut block = block;
        block.bytes_u64(offset.saturating_sub(block_start))?;
        block.sub(length)
    }

    /// The direct block with byte `offset` of the heap, and where in the heap it begins.
    fn block<'a>(&self, image: Image<'a>, offset: u64, at: u64) -> Result<(Cursor<'a>, u64)> {
        let outside = || Error::malformed(at, format!("heap offset {offset:#x} in no block"));
        let mut address = self.root.ok_or_else(outside)?;
        let mut rows = u64::from(self.root_rows);
        let mut start = 0_u64;
        let mut length = self.table.start;
        // Each indirect block is smaller than the one above, so this ends.
        while rows > 0 {
            let inside = offset.checked_sub(start).ok_or_else(outside)?;
            let (row, column, begins) = self.table.place(inside).ok_or_else(outside)?;
            if row >= rows {
                return Err(outside());
            }
            let entry = row.saturating_mul(self.table.width).saturating_add(column);
            address = self
                .entry(image, address, rows, start, entry)?
                .ok_or_else(outside)?;
            start = start.checked_add(begins).ok_or_else(outside)?;
            length = self.table.block_len(row).ok_or_else(outside)?;
            let deeper = match row < self.table.direct_rows() {
                true => 0,
                false => self.table.rows_of(length),
            };
            if deeper >= rows {
                return Err(Error::malformed(
                    at,
                    "indirect block no smaller than the one above",
                ));
            }
            rows = deeper;
        }
        let end = start.checked_add(length).ok_or_else(outside)?;
        if !(start..end).contains(&offset) {
            return Err(outside());
        }
        let block = self.direct(image, address, start, length)?;
        Ok((block, start))
    }

    /// Entry `entry` of the indirect block with `rows` rows at `address`.
    fn entry(
        &self,
        image: Image<'_>,
        address: Address,
        rows: u64,
        start: u64,
        entry: u64,
    ) -> Result<Option<Address>> {
        let name = "indirect block";
        let mut from = image.cursor(address, name)?;
        let begins = from.clone();
        self.block_head(&mut from, &Self::INDIRECT, name, start)?;
        let length = rows
            .saturating_mul(self.table.width)
            .saturating_mul(self.sizes.offset.into());
        let mut entries = from.sub(length)?;
        if !self.is_verified(address) {
            checksum::verify(begins, &mut from, name)?;
            self.set_verified(address);
        }
        entries.bytes_u64(entry.saturating_mul(self.sizes.offset.into()))?;
        Address::decode(self.sizes, &mut entries)
    }

    /// The direct block of `length` bytes at `address`.
    fn direct<'a>(
        &self,
        image: Image<'a>,
        address: Address,
        start: u64,
        length: u64,
    ) -> Result<Cursor<'a>> {
        let name = "direct block";
        let whole = image.part(address, length, name)?;
        let mut from = whole.clone();
        self.block_head(&mut from, &Self::DIRECT, name, start)?;
        if self.checked && !self.is_verified(address) {
            let (before, at) = (
                whole.remaining().saturating_sub(from.remaining()),
                from.offset(),
            );
            let stored = from.u32()?;
            // The checksum is of the block with zeros in its place.
            let mut bytes = whole.rest().to_vec();
            let end = before.saturating_add(4);
            bytes.get_mut(before..end).unwrap_or_default().fill(0);
            let computed = lookup3(&bytes);
            if computed != stored && !cfg!(fuzzing) {
                return Err(Error::malformed(
                    at,
                    format!("{name} checksum {stored:#010x}, expected {computed:#010x}"),
                ));
            }
            self.set_verified(address);
        }
        Ok(whole)
    }

    fn is_verified(&self, block: Address) -> bool {
        let verified = self.verified.lock();
        verified
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&block)
    }

    fn set_verified(&self, block: Address) {
        let verified = self.verified.lock();
        verified
            .unwrap_or_else(PoisonError::into_inner)
            .insert(block);
    }

    /// What both kinds of block begin with.
    fn block_head(
        &self,
        from: &mut Cursor<'_>,
        signature: &[u8; 4],
        name: &str,
        start: u64,
    ) -> Result<()> {
        from.magic(signature, name)?;
        let at = from.offset();
        let version = from.u8()?;
        if version != 0 {
            return Err(Error::malformed(
                at,
                format!("{name} version {version}, expected 0"),
            ));
        }
        let heap = Address::decode(self.sizes, from)?;
        let offset = from.uint(self.table.offset_width())?;
        if heap != Some(self.address) || offset != start {
            return Err(Error::malformed(
                at,
                format!("{name} of another heap or from {offset:#x}, expected {start:#x}"),
            ));
        }
        Ok(())
    }
}

/// Bytes of an offset in something of `length` bytes, a power of two.
fn width_of_offset(length: u64) -> usize {
    let bits = length.checked_ilog2().unwrap_or(0);
    usize::try_from(bits.div_ceil(8)).unwrap_or(8)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests;
