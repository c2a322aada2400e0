//! On-disk structures; decode and encode side by side.
//!
//! Every structure has the same two functions, next to each other and in field order: `decode`
//! takes what the file declares about it ([`Sizes`], mostly) and a
//! [`Cursor`](crate::codec::Cursor); `encode` appends to a `Vec<u8>`. What is decoded may come
//! from any writer; what is encoded always has eight-byte offsets and lengths, because that is
//! what we write. The tables are in `spec/hdf5.md`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

pub(crate) mod btree_v1;
pub(crate) mod btree_v2;
pub(crate) mod checksum;
pub(crate) mod chunk_index;
pub(crate) mod fractal_heap;
pub(crate) mod global_heap;
pub(crate) mod image;
pub(crate) mod local_heap;
pub(crate) mod message;
pub(crate) mod object_header;
pub(crate) mod superblock;
pub(crate) mod symbol_table_node;

use std::fmt;

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};

/// Where an object lives in the file, in bytes from the file's base address.
///
/// The format's undefined address never becomes one of these: it is `None` of `Option<Address>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub u64);

impl Address {
    /// Reads an address; all bits set is the undefined one.
    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Option<Address>> {
        Ok(sizes.decode_offset(from)?.map(Address))
    }

    /// Reads an address that must be defined; `what` names it in the error.
    pub(crate) fn decode_defined(
        sizes: Sizes,
        from: &mut Cursor<'_>,
        what: &str,
    ) -> Result<Address> {
        let at = from.offset();
        Address::decode(sizes, from)?.ok_or_else(|| {
            Error::malformed(at, format!("undefined address of {what}, expected one"))
        })
    }

    /// Appends an address of eight bytes; `None` is the undefined one.
    pub(crate) fn encode(address: Option<Address>, to: &mut Vec<u8>) {
        to.put_u64(address.map_or(u64::MAX, |address| address.0));
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:#x})", self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Widths of file offsets and lengths in bytes, fixed by the superblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Bytes of an address.
    pub(crate) offset: u8,
    /// Bytes of a length.
    pub(crate) length: u8,
}

impl Sizes {
    /// What every file of today has, and what we write.
    pub(crate) const EIGHT: Sizes = Sizes {
        offset: 8,
        length: 8,
    };

    /// Reads an offset; all bits set, at its width, is `None`.
    pub(crate) fn decode_offset(self, from: &mut Cursor<'_>) -> Result<Option<u64>> {
        let value = from.uint(usize::from(self.offset))?;
        Ok((value != all_bits(self.offset)).then_some(value))
    }

    /// Reads a length or a count.
    pub(crate) fn decode_length(self, from: &mut Cursor<'_>) -> Result<u64> {
        from.uint(usize::from(self.length))
    }

    /// Reads a length for which all bits set, at its width, means "none" or "unlimited".
    pub(crate) fn decode_optional_length(self, from: &mut Cursor<'_>) -> Result<Option<u64>> {
        let value = self.decode_length(from)?;
        Ok((value != all_bits(self.length)).then_some(value))
    }
}

/// The largest unsigned integer of `width` bytes.
fn all_bits(width: u8) -> u64 {
    let unused = 64_u32.saturating_sub(u32::from(width).saturating_mul(8));
    u64::MAX.checked_shr(unused).unwrap_or(u64::MAX)
}

/// A length as a field of two bytes. The writer refuses longer parts before it encodes them.
pub(crate) fn short_length(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// A length in memory as a length in a file.
pub(crate) fn file_length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_undefined_address_is_all_ones_at_any_width() {
        for (offset, bytes, expected) in [
            (8, vec![0xff; 8], None),
            (8, vec![1, 2, 0, 0, 0, 0, 0, 0], Some(Address(0x201))),
            (4, vec![0xff; 4], None),
            (4, vec![0xfe, 0xff, 0xff, 0xff], Some(Address(0xffff_fffe))),
            (2, vec![0xff; 2], None),
        ] {
            let sizes = Sizes { offset, length: 8 };
            let mut from = Cursor::new(&bytes, 0);
            assert_eq!(Address::decode(sizes, &mut from).unwrap(), expected);
        }
        let mut bytes = Vec::new();
        Address::encode(None, &mut bytes);
        Address::encode(Some(Address(0x60)), &mut bytes);
        assert_eq!(bytes[..8], [0xff; 8]);
        assert_eq!(bytes[8..], [0x60, 0, 0, 0, 0, 0, 0, 0]);
        let error = Address::decode_defined(Sizes::EIGHT, &mut Cursor::new(&bytes, 7), "the root");
        assert_eq!(
            error.unwrap_err().to_string(),
            "undefined address of the root, expected one (at byte 0x7)"
        );
    }

    #[test]
    fn lengths_have_their_own_width() {
        let sizes = Sizes {
            offset: 8,
            length: 4,
        };
        let mut from = Cursor::new(&[0xff, 0xff, 0xff, 0xff, 9, 0, 0, 0], 0);
        assert_eq!(sizes.decode_optional_length(&mut from).unwrap(), None);
        assert_eq!(sizes.decode_length(&mut from).unwrap(), 9);
    }
}
