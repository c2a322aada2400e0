//! A block: entries in the order of their keys, of which each stores only what differs from the key
//! before it. See `spec/tensor_bundle.md#block`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::cmp::Ordering;

use crate::codec::{Cursor, Put};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::SharedBytes;
use crate::limits::Limits;

/// How many bytes a restart point takes, and their number.
const RESTART: usize = 4;

/// Blocks with more entries between restarts are written anew with [`INTERVAL`] when they are read,
/// so that looking up a key stays quick whoever wrote them.
const LONGEST_RUN: usize = 128;

/// By how much a block may grow when it is written anew, and how long it may be in any case.
const GROWTH: u64 = 8;
const FLOOR: u64 = 1 << 20;

/// How many entries there are from one whole key to the next, as TensorFlow writes them.
pub(super) const INTERVAL: usize = 16;

/// A block in the making.
#[derive(Debug)]
pub(super) struct BlockBuilder {
    interval: usize,
    bytes: Vec<u8>,
    restarts: Vec<u32>,
    /// How many entries there are since the last restart.
    run: usize,
    last: Vec<u8>,
}

impl BlockBuilder {
    /// A block that stores every `interval`th key as a whole.
    pub(super) fn new(interval: usize) -> Self {
        BlockBuilder {
            interval,
            bytes: Vec::new(),
            restarts: vec![0],
            run: 0,
            last: Vec::new(),
        }
    }

    /// Appends an entry, whose key is behind all others.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let shared = if self.run < self.interval {
            shared_len(&self.last, key)
        } else {
            // A block is written once it is a quarter of a MiB long, so the place fits.
            let at = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
            self.restarts.push(at);
            self.run = 0;
            0
        };
        let suffix = key.get(shared..).unwrap_or_default();
        for len in [shared, suffix.len(), value.len()] {
            self.bytes
                .put_varint(u64::try_from(len).unwrap_or(u64::MAX));
        }
        self.bytes.extend_from_slice(suffix);
        self.bytes.extend_from_slice(value);
        self.run = self.run.saturating_add(1);
        self.last.truncate(shared);
        self.last.extend_from_slice(suffix);
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How long the block is so far.
    pub(super) fn len(&self) -> usize {
        let restarts = self.restarts.len().saturating_add(1);
        restarts
            .saturating_mul(RESTART)
            .saturating_add(self.bytes.len())
    }

    /// The block's bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for restart in &self.restarts {
            self.bytes.put_u32(*restart);
        }
        let count = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        self.bytes.put_u32(count);
        self.bytes
    }
}

/// How many bytes two keys begin with alike.
pub(super) fn shared_len(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// A block that was read and checked: keys rise, restart points are entries, nothing is left over.
#[derive(Clone, Debug)]
pub(super) struct Block {
    bytes: SharedBytes,
    /// Where its entries end, and its restart points begin.
    entries_end: usize,
    /// Where `bytes` begins in the file, or in what was decompressed.
    offset: u64,
    len: u64,
}

/// An entry as stored.
struct Stored<'b> {
    /// How many bytes of the key before it its own begins with.
    shared: usize,
    suffix: &'b [u8],
    value: &'b [u8],
    /// Where the next one is.
    next: usize,
}

impl Block {
    /// Checks all of a block.
    pub(super) fn parse(bytes: SharedBytes, offset: u64, limits: &Limits) -> Result<Self> {
        let block = Block {
            entries_end: entries_end(&bytes, offset)?,
            bytes,
            offset,
            len: 0,
        };
        block.checked(limits)
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Looks at every entry once.
    fn checked(mut self, limits: &Limits) -> Result<Self> {
        let mut key = Vec::new();
        let mut restarts = self.restarts().peekable();
        let (mut at, mut len, mut run, mut longest) = (0, 0_u64, 0_usize, 0);
        while at < self.entries_end {
            let place = self.place(at);
            let stored = self.stored(at).within(|| "entry")?;
            let restarted = restarts.next_if_eq(&at).is_some();
            if at == 0 && !restarted {
                let message = "the first entry is no restart point";
                return Err(Error::malformed(place, message));
            }
            if restarted && stored.shared > 0 {
                return Err(Error::malformed(
                    place,
                    "a restart point at a shortened key",
                ));
            }
            let before = key.clone_from_prefix(&stored).ok_or_else(|| {
                let (shared, len) = (stored.shared, key.len());
                let message = format!("{shared} bytes of the key before, which has {len}");
                Error::malformed(place, message)
            })?;
            if len > 0 && before != Ordering::Less {
                return Err(Error::malformed(
                    place,
                    format!("key `{}` is not behind the one before", shown(&key)),
                ));
            }
            run = if restarted { 0 } else { run.saturating_add(1) };
            longest = run.max(longest);
            len = len.saturating_add(1);
            at = stored.next;
        }
        if let Some(restart) = restarts.next().filter(|at| len > 0 || *at > 0) {
            let message = format!("a restart point at {restart}, where no entry begins");
            return Err(Error::malformed(self.place(self.entries_end), message));
        }
        drop(restarts);
        self.len = len;
        if longest < LONGEST_RUN {
            return Ok(self);
        }
        self.with_restarts(limits)
    }

    /// The same entries with a restart point at every 16th.
    ///
    /// That takes little more than what is stored, unless a few bytes stand for a long key each.
    fn with_restarts(self, limits: &Limits) -> Result<Self> {
        let stored = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        let most = (stored.saturating_mul(GROWTH))
            .saturating_add(FLOOR)
            .min(u64::from(u32::MAX));
        let mut builder = BlockBuilder::new(INTERVAL);
        let mut entries = self.entries();
        while let Some((key, value)) = entries.next() {
            builder.add(key, value);
            let len = u64::try_from(builder.len()).unwrap_or(u64::MAX);
            limits.allocation(len, stored, "a block of long keys")?;
            if len > most {
                let message = format!("a block whose keys take more than {most} bytes");
                return Err(Error::new(ErrorKind::LimitExceeded, message).at(self.offset));
            }
        }
        let bytes = SharedBytes::from(builder.finish());
        Ok(Block {
            entries_end: entries_end(&bytes, self.offset)?,
            bytes,
            ..self
        })
    }

    /// The entries in order.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries {
            block: self,
            at: 0,
            key: Vec::new(),
        }
    }

    /// The first key, which is stored as a whole.
    pub(super) fn first_key(&self) -> Option<&[u8]> {
        Some(self.stored_in_block(0)?.suffix)
    }

    /// The last key.
    pub(super) fn last_key(&self) -> Option<Vec<u8>> {
        let mut entries = self.entries();
        entries.at = self.restarts().last()?;
        while entries.next().is_some() {}
        Some(entries.key).filter(|_| self.len > 0)
    }

    /// Where it begins in the file, or in what was decompressed.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The value of `key`: by bisection of the whole keys, then step by step.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let restarts = self.restart_bytes().chunks_exact(RESTART);
        let (mut low, mut high) = (0, restarts.len());
        // Everything before `low` begins at or before the key, everything from `high` on behind it.
        while low < high {
            let middle = low.midpoint(high);
            match self.restart(middle).and_then(|at| self.stored_in_block(at)) {
                Some(stored) if stored.suffix <= key => low = middle.checked_add(1)?,
                _ => high = middle,
            }
        }
        let mut entries = Entries {
            block: self,
            at: self.restart(low.checked_sub(1)?)?,
            key: Vec::new(),
        };
        while let Some((found, value)) = entries.next() {
            match found.cmp(key) {
                Ordering::Less => {}
                Ordering::Equal => return Some(value),
                Ordering::Greater => return None,
            }
        }
        None
    }

    fn stored(&self, at: usize) -> Result<Stored<'_>> {
        let entries = self.bytes.get(at..self.entries_end).unwrap_or_default();
        let mut from = Cursor::new(entries, self.place(at));
        let (shared, suffix_len, value_len) = (from.varint()?, from.varint()?, from.varint()?);
        let suffix = from.bytes_u64(suffix_len)?;
        let value = from.bytes_u64(value_len)?;
        Ok(Stored {
            shared: usize::try_from(shared).unwrap_or(usize::MAX),
            suffix,
            value,
            next: self.entries_end.saturating_sub(from.remaining()),
        })
    }

    /// The entry at `at` of a checked block; none behind the last.
    fn stored_in_block(&self, at: usize) -> Option<Stored<'_>> {
        (at < self.entries_end)
            .then(|| self.stored(at).ok())
            .flatten()
    }

    fn restart_bytes(&self) -> &[u8] {
        let end = self.bytes.len().saturating_sub(RESTART);
        self.bytes.get(self.entries_end..end).unwrap_or_default()
    }

    fn restart(&self, number: usize) -> Option<usize> {
        let from = number.checked_mul(RESTART)?;
        let bytes = self.restart_bytes().get(from..)?;
        usize::try_from(Cursor::new(bytes, 0).u32().ok()?).ok()
    }

    fn restarts(&self) -> impl Iterator<Item = usize> {
        let count = self.restart_bytes().len().checked_div(RESTART).unwrap_or(0);
        (0..count).filter_map(|number| self.restart(number))
    }

    fn place(&self, at: usize) -> u64 {
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        self.offset.saturating_add(at)
    }
}

/// Where the entries end: what follows is the restart points and how many they are.
fn entries_end(bytes: &[u8], offset: u64) -> Result<usize> {
    let len = bytes.len();
    let count_at = len.checked_sub(RESTART);
    let Some((_, count)) = count_at.and_then(|at| bytes.split_at_checked(at)) else {
        let message = format!("{len} bytes, too few for a block");
        return Err(Error::malformed(offset, message));
    };
    let place = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    let place = place.saturating_sub(4);
    let count = Cursor::new(count, place).u32()?;
    if count == 0 {
        return Err(Error::malformed(
            place,
            "no restart point, expected one at least",
        ));
    }
    let restarts = usize::try_from(count).ok();
    let restarts = restarts.and_then(|count| count.checked_mul(RESTART));
    restarts
        .zip(count_at)
        .and_then(|(restarts, at)| at.checked_sub(restarts))
        .ok_or_else(|| {
            let message = format!("{count} restart points in a block of {len} bytes");
            Error::malformed(place, message)
        })
}

/// A key that is made from the one before it.
trait Key {
    /// Becomes the key of an entry, and tells how the old one compares to it; none if the old one is
    /// shorter than what the entry takes of it.
    fn clone_from_prefix(&mut self, stored: &Stored<'_>) -> Option<Ordering>;
}

impl Key for Vec<u8> {
    fn clone_from_prefix(&mut self, stored: &Stored<'_>) -> Option<Ordering> {
        // Only what is behind the common beginning decides.
        let order = self.get(stored.shared..)?.cmp(stored.suffix);
        self.truncate(stored.shared);
        self.extend_from_slice(stored.suffix);
        Some(order)
    }
}

/// Walks over a block.
#[derive(Debug)]
pub(super) struct Entries<'b> {
    block: &'b Block,
    at: usize,
    key: Vec<u8>,
}

impl<'b> Entries<'b> {
    /// Whether the next call finds nothing.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.block.entries_end
    }

    /// The next key with its value. The key is only there until the next call.
    pub(super) fn next(&mut self) -> Option<(&[u8], &'b [u8])> {
        let stored = self.block.stored_in_block(self.at)?;
        self.key.clone_from_prefix(&stored)?;
        self.at = stored.next;
        Some((&self.key, stored.value))
    }
}

/// A key in a message: as text, and not all of a long one.
pub(crate) fn shown(key: &[u8]) -> String {
    const LONGEST: usize = 100;
    match key.get(..LONGEST) {
        Some(start) => format!("{}...", start.escape_ascii()),
        None => String::from_utf8_lossy(key).escape_debug().to_string(),
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
mod tests;
