//! Bytes in and bytes out: the only place where bytes become integers.
//!
//! Every format here is little-endian, so there is no byte order parameter. HDF5's big-endian
//! *data* is converted by its reader.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use byteorder::{ByteOrder, LittleEndian, WriteBytesExt};

use crate::error::{Error, Result};

/// A position in bytes that came from outside; every read is checked.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Where `rest` begins in the file; errors report it.
    offset: u64,
}

impl<'a> Cursor<'a> {
    /// Starts at `bytes`, which begin at `offset` of the file.
    pub(crate) fn new(bytes: &'a [u8], offset: u64) -> Self {
        Cursor {
            rest: bytes,
            offset,
        }
    }

    /// Where the next byte is in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The bytes not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `len` bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            let found = self.rest.len();
            return Err(Error::malformed(
                self.offset,
                format!("{found} bytes left, expected {len}"),
            ));
        };
        self.rest = rest;
        self.offset = self
            .offset
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        Ok(taken)
    }

    /// The next `len` bytes, for a length read from the file.
    pub(crate) fn bytes_u64(&mut self, len: u64) -> Result<&'a [u8]> {
        self.bytes(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// Two bytes.
    pub(crate) fn u16(&mut self) -> Result<u16> {
        Ok(LittleEndian::read_u16(self.bytes(2)?))
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(LittleEndian::read_u32(self.bytes(4)?))
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(LittleEndian::read_u64(self.bytes(8)?))
    }

    /// An unsigned integer of `width` bytes, 1 to 8.
    pub(crate) fn uint(&mut self, width: usize) -> Result<u64> {
        if !(1..=8).contains(&width) {
            return Err(Error::malformed(
                self.offset,
                format!("integer of {width} bytes, expected 1 to 8"),
            ));
        }
        Ok(LittleEndian::read_uint(self.bytes(width)?, width))
    }

    /// An unsigned integer of seven bits a byte, the lowest first; the top bit says that more follow.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64> {
        // Nearly all are keys and lengths of one byte.
        match self.rest {
            [byte @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                self.offset = self.offset.saturating_add(1);
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64> {
        let at = self.offset;
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            let placed = bits << shift;
            if placed >> shift != bits {
                break;
            }
            value |= placed;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Error::malformed(at, "varint of more than 64 bits"))
    }

    /// A cursor over the next `len` bytes, which this one skips.
    pub(crate) fn sub(&mut self, len: u64) -> Result<Cursor<'a>> {
        let offset = self.offset;
        Ok(Cursor {
            rest: self.bytes_u64(len)?,
            offset,
        })
    }

    /// Skips `len` bytes.
    pub(crate) fn skip(&mut self, len: usize) -> Result<()> {
        self.bytes(len).map(|_| ())
    }

    /// The signature of the structure called `name`.
    pub(crate) fn magic<const N: usize>(&mut self, magic: &[u8; N], name: &str) -> Result<()> {
        let at = self.offset;
        let found: [u8; N] = self.array()?;
        if found != *magic {
            return Err(Error::malformed(
                at,
                format!(
                    "{name} signature `{}`, expected `{}`",
                    found.escape_ascii(),
                    magic.escape_ascii()
                ),
            ));
        }
        Ok(())
    }
}

/// Little-endian appends.
pub(crate) trait Put {
    /// One byte.
    fn put_u8(&mut self, value: u8);
    /// Two bytes.
    fn put_u16(&mut self, value: u16);
    /// Four bytes.
    fn put_u32(&mut self, value: u32);
    /// Eight bytes.
    fn put_u64(&mut self, value: u64);
    /// As [`Cursor::varint`] reads it, in as few bytes as possible.
    fn put_varint(&mut self, value: u64);
    /// `count` zero bytes.
    fn put_zeros(&mut self, count: usize);
    /// Zeros up to a length that is a multiple of `alignment`.
    fn pad_to(&mut self, alignment: usize);
}

// `WriteBytesExt` on a `Vec` cannot fail, so its results carry nothing.
impl Put for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }

    fn put_u16(&mut self, value: u16) {
        let _ = self.write_u16::<LittleEndian>(value);
    }

    fn put_u32(&mut self, value: u32) {
        let _ = self.write_u32::<LittleEndian>(value);
    }

    fn put_u64(&mut self, value: u64) {
        let _ = self.write_u64::<LittleEndian>(value);
    }

    fn put_varint(&mut self, value: u64) {
        let mut rest = value;
        while rest >= 0x80 {
            let [low, ..] = rest.to_le_bytes();
            self.push(low | 0x80);
            rest >>= 7;
        }
        let [last, ..] = rest.to_le_bytes();
        self.push(last);
    }

    fn put_zeros(&mut self, count: usize) {
        self.resize(self.len().saturating_add(count), 0);
    }

    fn pad_to(&mut self, alignment: usize) {
        self.resize(self.len().next_multiple_of(alignment), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_put() {
        let mut bytes = Vec::new();
        bytes.put_u8(1);
        bytes.put_u16(0x0302);
        bytes.put_u32(0x0706_0504);
        bytes.put_u64(0x0f0e_0d0c_0b0a_0908);
        bytes.put_zeros(2);
        bytes.pad_to(8);
        let expected: Vec<u8> = (1..16).chain([0; 9]).collect();
        assert_eq!(bytes, expected);
        let mut from = Cursor::new(&bytes, 100);
        assert_eq!(from.u8().unwrap(), 1);
        assert_eq!(from.u16().unwrap(), 0x0302);
        assert_eq!(from.u32().unwrap(), 0x0706_0504);
        assert_eq!(from.u64().unwrap(), 0x0f0e_0d0c_0b0a_0908);
        assert_eq!((from.offset(), from.remaining()), (115, 9));
    }

    #[test]
    fn a_short_read_says_how_much_is_left_and_where() {
        let mut from = Cursor::new(&[1, 2, 3], 0x10);
        from.skip(2).unwrap();
        let error = from.u32().unwrap_err();
        assert_eq!(error.to_string(), "1 bytes left, expected 4 (at byte 0x12)");
    }

    #[test]
    fn a_wrong_signature_shows_both() {
        let mut from = Cursor::new(b"HEAT", 0);
        let error = from.magic(b"HEAP", "local heap").unwrap_err();
        assert_eq!(
            error.to_string(),
            "local heap signature `HEAT`, expected `HEAP` (at byte 0x0)"
        );
    }

    #[test]
    fn varints() {
        for (value, bytes) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (300, &[0xac, 2]),
            (u64::from(u32::MAX), &[0xff, 0xff, 0xff, 0xff, 0x0f]),
            (
                u64::MAX,
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            ),
        ] {
            let mut put = Vec::new();
            put.put_varint(value);
            assert_eq!(put, bytes);
            let mut from = Cursor::new(bytes, 0);
            assert_eq!(from.varint().unwrap(), value);
            assert_eq!(from.remaining(), 0);
        }
        // More bytes than needed are no mistake, more bits than there are is one.
        assert_eq!(Cursor::new(&[0x81, 0x80, 0], 0).varint().unwrap(), 1);
        for wrong in [
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2][..],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81],
            &[0x80],
        ] {
            assert!(Cursor::new(wrong, 0).varint().is_err(), "{wrong:x?}");
        }
    }

    #[test]
    fn parts_keep_their_place() {
        let bytes = [0, 1, 2, 3, 4, 5];
        let mut from = Cursor::new(&bytes, 8);
        let mut part = from.sub(4).unwrap();
        assert_eq!(part.uint(3).unwrap(), 0x02_0100);
        assert_eq!(part.offset(), 11);
        assert_eq!(part.rest(), [3]);
        assert_eq!(from.offset(), 12);
        assert!(from.sub(u64::MAX).is_err());
        assert!(from.uint(9).is_err());
    }
}
