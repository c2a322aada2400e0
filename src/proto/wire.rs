//! The wire: varints, keys, fixed widths and length-delimited parts, in both directions.
//!
//! A message is encoded in two passes over the same code: [`Measure`] notes the length of each
//! part, [`Write`] puts them in front. So no length is computed twice, however deep parts nest.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// How deep messages may nest; every protobuf library refuses more.
pub(crate) const MAX_DEPTH: u32 = 100;

/// A varint has at most this many bytes.
const VARINT_MAX: usize = 10;
/// Field numbers have 29 bits.
const NUMBER_MAX: u64 = (1 << 29) - 1;

/// How the value behind a key is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireType {
    /// Seven bits a byte, the last byte below 128.
    Varint,
    /// Eight bytes.
    Fixed64,
    /// A varint with a length, then as many bytes.
    Delimited,
    /// Four bytes.
    Fixed32,
}

impl WireType {
    fn code(self) -> u64 {
        match self {
            WireType::Varint => 0,
            WireType::Fixed64 => 1,
            WireType::Delimited => 2,
            WireType::Fixed32 => 5,
        }
    }
}

/// The position in an encoded message, and what reading it has cost so far.
#[derive(Debug)]
pub struct Source<'a> {
    cursor: Cursor<'a>,
    limits: Limits,
    depth: u32,
    messages: u64,
}

impl<'a> Source<'a> {
    /// Starts at `bytes`, which begin at `offset` of the file.
    pub(crate) fn new(bytes: &'a [u8], offset: u64, limits: &Limits) -> Self {
        Source {
            cursor: Cursor::new(bytes, offset),
            limits: *limits,
            depth: 0,
            messages: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cursor.remaining() == 0
    }

    /// The bytes from here to the end of the part.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }

    /// The part of `start`, an earlier [`rest`](Self::rest), that has been read since.
    pub(crate) fn since(&self, start: &'a [u8]) -> &'a [u8] {
        let read = start.len().saturating_sub(self.cursor.remaining());
        start.get(..read).unwrap_or_default()
    }

    /// A field number and how its value is delimited.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<(u32, WireType)> {
        let at = self.cursor.offset();
        let key = self.varint()?;
        let number = match key >> 3 {
            0 => return Err(Error::malformed(at, "field number 0, expected 1 or more")),
            number if number > NUMBER_MAX => {
                let message = format!("field number {number}, expected at most {NUMBER_MAX}");
                return Err(Error::malformed(at, message));
            }
            number => low_half(number),
        };
        let wire = match key & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Delimited,
            5 => WireType::Fixed32,
            3 | 4 => {
                let message = format!("field {number} is a group, which proto3 does not have");
                return Err(Error::unsupported(at, message));
            }
            code => {
                let message = format!("wire type {code} of field {number}, expected 0, 1, 2 or 5");
                return Err(Error::malformed(at, message));
            }
        };
        Ok((number, wire))
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64> {
        self.cursor.varint()
    }

    pub(crate) fn fixed32(&mut self) -> Result<u32> {
        self.cursor.u32()
    }

    pub(crate) fn fixed64(&mut self) -> Result<u64> {
        self.cursor.u64()
    }

    /// The bytes of a length-delimited value.
    pub(crate) fn delimited(&mut self) -> Result<&'a [u8]> {
        let len = self.varint()?;
        self.cursor.bytes_u64(len)
    }

    /// The same as text, which proto3 wants to be UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'a str> {
        let bytes = self.delimited()?;
        let start = self.cursor.offset();
        std::str::from_utf8(bytes).map_err(|error| {
            let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let good = u64::try_from(error.valid_up_to()).unwrap_or(u64::MAX);
            let at = start.saturating_sub(len).saturating_add(good);
            Error::malformed(at, "string that is not UTF-8")
        })
    }

    /// What `read` finds in a length-delimited part of its own.
    pub(crate) fn part<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let len = self.varint()?;
        let inner = self.cursor.sub(len)?;
        let outer = std::mem::replace(&mut self.cursor, inner);
        let found = read(self);
        self.cursor = outer;
        found
    }

    /// A part that is a message: one level deeper, and one more object in memory.
    pub(crate) fn message<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let at = self.cursor.offset();
        let depth = self.depth.saturating_add(1);
        self.limits
            .depth(depth, "messages")
            .map_err(|error| error.at(at))?;
        if depth > MAX_DEPTH {
            let message = format!("messages nest deeper than {MAX_DEPTH}, as no reader accepts");
            return Err(Error::new(ErrorKind::LimitExceeded, message).at(at));
        }
        self.messages = self.messages.saturating_add(1);
        self.limits
            .objects(self.messages, "messages")
            .map_err(|error| error.at(at))?;
        self.depth = depth;
        let found = self.part(read);
        self.depth = depth.saturating_sub(1);
        found
    }

    /// Goes past a value.
    pub(crate) fn skip(&mut self, wire: WireType) -> Result<()> {
        match wire {
            WireType::Varint => self.varint().map(drop),
            WireType::Fixed64 => self.cursor.skip(8),
            WireType::Delimited => self.delimited().map(drop),
            WireType::Fixed32 => self.cursor.skip(4),
        }
    }
}

/// Where encoded values go: to be counted, or to be written.
pub trait Sink: Sized {
    /// Bytes as they are.
    fn raw(&mut self, bytes: &[u8]);

    /// An integer, seven bits a byte.
    fn varint(&mut self, value: u64);

    /// The length of what `put` puts, then that.
    fn part(&mut self, put: impl FnOnce(&mut Self));

    /// A part that is a message.
    fn message(&mut self, put: impl FnOnce(&mut Self)) {
        self.part(put);
    }

    /// A field number and how its value is delimited.
    fn key(&mut self, number: u32, wire: WireType) {
        self.varint((u64::from(number) << 3) | wire.code());
    }
}

/// Counts bytes, and notes the length of each part in the order the parts begin.
#[derive(Debug, Default)]
pub(crate) struct Measure {
    len: usize,
    lengths: Vec<usize>,
    depth: u32,
    too_deep: bool,
}

impl Measure {
    /// The whole length.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// A writer for what was measured, at the end of `out`.
    ///
    /// # Errors
    /// More than `most` bytes, or messages nested deeper than a reader accepts.
    pub(crate) fn writer(self, out: &mut Vec<u8>, most: usize) -> Result<Write<'_>> {
        if self.too_deep {
            let message = format!("messages nest deeper than {MAX_DEPTH}, as no reader accepts");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if self.len > most {
            let len = self.len;
            let message = format!("message of {len} bytes, expected at most {most}");
            return Err(Error::new(ErrorKind::InvalidArgument, message)
                .with_hint("protobuf ends at 2 GiB: large tensors belong in variables"));
        }
        out.reserve(self.len);
        Ok(Write {
            out,
            lengths: self.lengths.into_iter(),
        })
    }
}

impl Sink for Measure {
    fn raw(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len());
    }

    fn varint(&mut self, value: u64) {
        self.len = self.len.saturating_add(varint_len(value));
    }

    fn part(&mut self, put: impl FnOnce(&mut Self)) {
        let slot = self.lengths.len();
        self.lengths.push(0);
        let start = self.len;
        put(self);
        let len = self.len.saturating_sub(start);
        if let Some(noted) = self.lengths.get_mut(slot) {
            *noted = len;
        }
        self.varint(u64::try_from(len).unwrap_or(u64::MAX));
    }

    fn message(&mut self, put: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH {
            self.too_deep = true;
            return;
        }
        self.depth = self.depth.saturating_add(1);
        self.part(put);
        self.depth = self.depth.saturating_sub(1);
    }
}

/// Writes what was measured before.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    out: &'a mut Vec<u8>,
    lengths: std::vec::IntoIter<usize>,
}

impl Sink for Write<'_> {
    fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn varint(&mut self, value: u64) {
        self.out.put_varint(value);
    }

    fn part(&mut self, put: impl FnOnce(&mut Self)) {
        let len = self.lengths.next().unwrap_or_default();
        self.varint(u64::try_from(len).unwrap_or(u64::MAX));
        put(self);
    }
}

/// How many bytes `value` takes as a varint: one for each seven bits, at least one.
fn varint_len(value: u64) -> usize {
    let bits = u64::BITS.saturating_sub((value | 1).leading_zeros());
    usize::try_from(bits.div_ceil(7)).unwrap_or(VARINT_MAX)
}

/// The lower 32 bits: what protobuf takes of a varint that is too large for its field.
pub(crate) fn low_half(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
