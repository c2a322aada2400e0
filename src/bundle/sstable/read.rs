//! A table that is read. See `spec/tensor_bundle.md#table`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::block::{self, Block, shown};
use super::footer::{BlockHandle, Footer};
use super::snappy;
use super::write::trailer_checksum;
use super::{Compression, TRAILER};
use crate::checksum::mask;
use crate::codec::Cursor;
use crate::error::{Context, Error, Result};
use crate::io::SharedBytes;
use crate::limits::Limits;

/// A sorted table of keys and values, all of it checked when it is opened.
///
/// Blocks that are not compressed are not copied. Looking up a key bisects.
#[derive(Clone, Debug)]
pub struct Table {
    /// Those that have entries.
    blocks: Vec<Block>,
    len: u64,
}

impl Table {
    /// Whether `bytes` end as a table does.
    pub fn is_table(bytes: &[u8]) -> bool {
        bytes.len() >= Footer::LEN && bytes.ends_with(&Footer::MAGIC)
    }

    /// Opens a table: all of it, since where it ends says where things are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) if it is no table, a checksum differs,
    /// or keys do not rise; [`Unsupported`](crate::ErrorKind::Unsupported) for blocks compressed
    /// with anything but Snappy; [`LimitExceeded`](crate::ErrorKind::LimitExceeded).
    pub fn from_bytes(bytes: impl Into<SharedBytes>, limits: Limits) -> Result<Table> {
        let bytes = bytes.into();
        let footer_at = bytes.len().checked_sub(Footer::LEN).ok_or_else(|| {
            let (found, expected) = (bytes.len(), Footer::LEN);
            let message = format!("{found} bytes, a table has {expected} at least");
            Error::malformed(0, message)
        })?;
        let place = u64::try_from(footer_at).unwrap_or(u64::MAX);
        let mut from = Cursor::new(bytes.get(footer_at..).unwrap_or_default(), place);
        let footer = Footer::decode(&mut from).within(|| "footer")?;
        let open = |handle: BlockHandle, what: &str| {
            open_block(&bytes, handle, place, &limits)
                .within(|| format!("{what} at {:#x}", handle.offset))
        };
        // Nobody writes filters or statistics; who did could not have moved an entry there.
        open(footer.meta_index, "meta index block")?;
        let index = open(footer.index, "index block")?;
        limits.objects(index.len(), "blocks")?;
        let mut table = Table {
            blocks: Vec::new(),
            len: 0,
        };
        let mut listed = index.entries();
        let mut before: Option<Vec<u8>> = None;
        while let Some((key, value)) = listed.next() {
            let handle = BlockHandle::decode(&mut Cursor::new(value, footer.index.offset))
                .within(|| "index block")?;
            let block = open(handle, "block")?;
            in_order(&block, before.as_deref(), key)
                .within(|| format!("block at {:#x}", handle.offset))?;
            let before = before.get_or_insert_default();
            before.clear();
            before.extend_from_slice(key);
            table.add(block);
            limits.objects(table.len, "entries")?;
        }
        Ok(table)
    }

    fn add(&mut self, block: Block) {
        if block.len() > 0 {
            self.len = self.len.saturating_add(block.len());
            self.blocks.push(block);
        }
    }

    /// How many entries it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let behind = |block: &Block| block.first_key().is_some_and(|first| first <= key);
        let at = self.blocks.partition_point(behind).checked_sub(1)?;
        self.blocks.get(at)?.get(key)
    }

    /// The entries in the order of their keys.
    pub fn entries(&self) -> TableEntries<'_> {
        TableEntries {
            blocks: self.blocks.iter(),
            current: None,
        }
    }
}

/// Walks over the entries of a [`Table`].
///
/// Not an iterator: keys are stored as what differs from the key before, so each is only there until
/// the next is asked for.
///
/// ```
/// # use hornfels::Limits;
/// # use hornfels::bundle::sstable::{Table, TableBuilder};
/// # let mut builder = TableBuilder::new();
/// # builder.add(b"one", b"1")?;
/// # let table = Table::from_bytes(builder.finish(), Limits::default())?;
/// let mut entries = table.entries();
/// while let Some((key, value)) = entries.next() {
///     assert_eq!((key, value), (&b"one"[..], &b"1"[..]));
/// }
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Debug)]
pub struct TableEntries<'t> {
    blocks: std::slice::Iter<'t, Block>,
    current: Option<block::Entries<'t>>,
}

impl<'t> TableEntries<'t> {
    /// The next key with its value.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<(&[u8], &'t [u8])> {
        loop {
            let at_end = self.current.as_ref().is_none_or(block::Entries::is_at_end);
            if !at_end {
                return self.current.as_mut()?.next();
            }
            self.current = Some(self.blocks.next()?.entries());
        }
    }
}

/// A block with its trailer checked, decompressed where it is compressed.
fn open_block(file: &SharedBytes, handle: BlockHandle, end: u64, limits: &Limits) -> Result<Block> {
    let BlockHandle { offset, size } = handle;
    let inside = (|| {
        let stored_end = offset.checked_add(size)?;
        let trailer = u64::try_from(TRAILER).ok()?;
        let range = usize::try_from(offset).ok()?..usize::try_from(stored_end).ok()?;
        (stored_end.checked_add(trailer)? <= end).then_some((range, stored_end))
    })();
    let Some((range, trailer_at)) = inside else {
        let message = format!("{size} bytes, but the footer is at {end:#x}");
        return Err(Error::malformed(offset, message));
    };
    let trailer = file.get(range.end..).unwrap_or_default();
    let mut from = Cursor::new(trailer, trailer_at);
    let compression = Compression(from.u8()?);
    let stored = from.u32()?;
    let bytes = file.slice(range).unwrap_or_default();
    let computed = mask(trailer_checksum(&bytes, compression));
    // A fuzzer cannot guess checksums; with them, it would never get past the first block.
    if stored != computed && !cfg!(fuzzing) {
        return Err(Error::malformed(
            trailer_at,
            format!("checksum {stored:#010x}, expected {computed:#010x}"),
        )
        .with_hint("the file was damaged after it was written"));
    }
    match compression {
        Compression::NONE => Block::parse(bytes, offset, limits),
        Compression::SNAPPY => {
            let decoded = snappy::decode(&mut Cursor::new(&bytes, offset), limits);
            let decoded = decoded.within(|| "Snappy")?;
            // Places inside are counted from the start of what was decompressed.
            Block::parse(decoded.into(), 0, limits).within(|| "decompressed")
        }
        Compression(other) => Err(Error::unsupported(
            trailer_at,
            format!("compression {other} of a block, expected none (0) or Snappy (1)"),
        )),
    }
}

/// That the entries of a block are behind the key `before`, which the block before was listed under,
/// and not behind the one that this block is listed under.
fn in_order(block: &Block, before: Option<&[u8]>, listed: &[u8]) -> Result<()> {
    let first = block.first_key();
    if let Some((first, before)) = first.zip(before).filter(|(first, before)| first <= before) {
        let (first, before) = (shown(first), shown(before));
        let message = format!("first key `{first}`, expected one behind `{before}`");
        return Err(Error::malformed(block.offset(), message));
    }
    if let Some(last) = block.last_key().filter(|last| last.as_slice() > listed) {
        let (last, listed) = (shown(&last), shown(listed));
        let message = format!("last key `{last}`, listed under `{listed}`");
        return Err(Error::malformed(block.offset(), message));
    }
    Ok(())
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
mod tests;
