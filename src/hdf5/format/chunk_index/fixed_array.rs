//! Chunks in a fixed array: datasets that cannot grow.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::entry::{Entries, bit};
use super::{Source, StoredChunk};
use crate::error::Result;
use crate::hdf5::format::{Address, checksum, file_length};

const HEAD: [u8; 4] = *b"FAHD";
const BLOCK: [u8; 4] = *b"FADB";

pub(super) fn chunks(source: Source<'_>, address: Address) -> Result<Vec<StoredChunk>> {
    let name = "fixed array";
    let mut from = source.image.cursor(address, name)?;
    let start = from.clone();
    from.magic(&HEAD, name)?;
    super::check_version(name, &mut from)?;
    let entries = Entries::decode(source, 0, &mut from)?;
    let page_bits = from.u8()?;
    let count = source.sizes.decode_length(&mut from)?;
    let block = Address::decode(source.sizes, &mut from)?;
    checksum::verify(start, &mut from, name)?;
    let page = super::page_entries(page_bits);
    match block {
        None => Ok(Vec::new()),
        Some(block) => read_block(source, &entries, address, count, page, block),
    }
}

fn read_block(
    source: Source<'_>,
    entries: &Entries<'_>,
    head: Address,
    count: u64,
    page: u64,
    block: Address,
) -> Result<Vec<StoredChunk>> {
    let name = "fixed array block";
    let mut from = source.image.cursor(block, name)?;
    let start = from.clone();
    entries.check_head(&BLOCK, name, head, &mut from)?;
    let mut chunks = Vec::new();
    if count <= page {
        entries.read(0, count, &mut from, &mut chunks)?;
        checksum::verify(start, &mut from, name)?;
        return Ok(chunks);
    }
    // A bit for each page says whether there is anything in it; what is not is left out.
    let pages = count.div_ceil(page);
    let used = from.bytes_u64(pages.div_ceil(8))?;
    checksum::verify(start, &mut from, name)?;
    for number in 0..pages {
        let first = number.saturating_mul(page);
        let held = page.min(count.saturating_sub(first));
        let room = file_length(from.remaining());
        if bit(used, number) {
            entries.read_page(first, held, &mut from, &mut chunks)?;
        } else {
            from.bytes_u64(entries.page_len(held).min(room))?;
        }
    }
    Ok(chunks)
}
