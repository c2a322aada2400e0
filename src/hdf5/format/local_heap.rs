//! Local heap: the names of a classic group's links. See `spec/hdf5.md#local-heap`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes, file_length};

/// Where the names of a group's links are. They lie in a data segment of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalHeap {
    /// Bytes of the data segment.
    pub(crate) size: u64,
    /// Where in the data segment the first free block is.
    pub(crate) free: Option<u64>,
    /// Where the data segment begins.
    pub(crate) data: Address,
}

impl LocalHeap {
    const SIGNATURE: [u8; 4] = *b"HEAP";
    const VERSION: u8 = 0;
    /// Blocks begin at multiples of eight, so one means none.
    const NO_FREE_BLOCK: u64 = 1;

    /// Bytes of the structure itself, without its data, as written.
    pub(crate) const WRITTEN_LEN: u64 = 32;

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        from.magic(&Self::SIGNATURE, "local heap")?;
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("local heap version {version}, expected 0"),
            ));
        }
        from.skip(3)?; // reserved
        let size = sizes.decode_length(from)?;
        let free = sizes.decode_optional_length(from)?;
        Ok(LocalHeap {
            size,
            free: free.filter(|offset| *offset != Self::NO_FREE_BLOCK),
            data: Address::decode_defined(sizes, from, "the local heap's data")?,
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        to.extend(Self::SIGNATURE);
        to.put_u8(Self::VERSION);
        to.put_zeros(3);
        to.put_u64(self.size);
        to.put_u64(self.free.unwrap_or(Self::NO_FREE_BLOCK));
        Address::encode(Some(self.data), to);
    }
}

/// The data segment of a [`LocalHeap`]: names that end in NUL, each padded to eight bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    bytes: Vec<u8>,
}

impl Names {
    /// A segment with the empty name at offset 0, where the leftmost B-tree key points to.
    pub(crate) fn new() -> Self {
        Names { bytes: vec![0; 8] }
    }

    /// Adds `name` and returns its offset.
    pub(crate) fn add(&mut self, name: &str) -> u64 {
        let offset = self.bytes.len();
        self.bytes.extend(name.as_bytes());
        self.bytes.put_u8(0);
        self.bytes.pad_to(8);
        file_length(offset)
    }

    /// Bytes of the segment.
    pub(crate) fn len(&self) -> u64 {
        file_length(self.bytes.len())
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        to.extend(&self.bytes);
    }

    /// The name at `offset` of the data segment that `data` covers.
    pub(crate) fn decode<'a>(offset: u64, mut data: Cursor<'a>) -> Result<&'a str> {
        data.bytes_u64(offset)?;
        let at = data.offset();
        let Some(end) = data.rest().iter().position(|byte| *byte == 0) else {
            return Err(Error::malformed(at, "name in a local heap without an end"));
        };
        let name = data.bytes(end)?;
        std::str::from_utf8(name).map_err(|_| {
            let name = name.escape_ascii();
            Error::malformed(at, format!("name `{name}` in a local heap is not UTF-8"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn header() {
        check(LocalHeap { size: 88, free: Some(16), data: Address(0x2c8) }, &[
            b'H', b'E', b'A', b'P', // signature
            0, 0, 0, 0, // version, reserved
            88, 0, 0, 0, 0, 0, 0, 0, // bytes of data
            16, 0, 0, 0, 0, 0, 0, 0, // first free block
            0xc8, 2, 0, 0, 0, 0, 0, 0, // data
        ]);
        check(LocalHeap { size: 8, free: None, data: Address(0x2c8) }, &[
            b'H', b'E', b'A', b'P', // signature
            0, 0, 0, 0, // version, reserved
            8, 0, 0, 0, 0, 0, 0, 0, // bytes of data
            1, 0, 0, 0, 0, 0, 0, 0, // first free block: none
            0xc8, 2, 0, 0, 0, 0, 0, 0, // data
        ]);
    }

    #[track_caller]
    fn check(heap: LocalHeap, bytes: &[u8]) {
        let mut encoded = Vec::new();
        heap.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        assert_eq!(file_length(bytes.len()), LocalHeap::WRITTEN_LEN);
        let mut from = Cursor::new(bytes, 0);
        assert_eq!(LocalHeap::decode(Sizes::EIGHT, &mut from).unwrap(), heap);
        assert_eq!(from.remaining(), 0);
    }

    #[test]
    #[rustfmt::skip]
    fn names() {
        let mut names = Names::new();
        assert_eq!(names.add("dense"), 8);
        assert_eq!(names.add("softmax_"), 16);
        assert_eq!(names.add("é"), 32);
        let mut bytes = Vec::new();
        names.encode(&mut bytes);
        assert_eq!(bytes, [
            0, 0, 0, 0, 0, 0, 0, 0, // the empty name
            b'd', b'e', b'n', b's', b'e', 0, 0, 0,
            b's', b'o', b'f', b't', b'm', b'a', b'x', b'_',
            0, 0, 0, 0, 0, 0, 0, 0, // its end
            0xc3, 0xa9, 0, 0, 0, 0, 0, 0,
        ]);
        assert_eq!(names.len(), 40);
        let data = Cursor::new(&bytes, 0);
        for (offset, name) in [(0, ""), (8, "dense"), (16, "softmax_"), (32, "é")] {
            assert_eq!(Names::decode(offset, data.clone()).unwrap(), name);
        }
    }

    #[test]
    fn contradictions_are_errors() {
        for (offset, message) in [
            (
                0,
                "name `\\xff` in a local heap is not UTF-8 (at byte 0x10)",
            ),
            (2, "name in a local heap without an end (at byte 0x12)"),
            (9, "3 bytes left, expected 9 (at byte 0x10)"),
        ] {
            let data = Cursor::new(&[0xff, 0, b'a'], 0x10);
            let error = Names::decode(offset, data).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let error = LocalHeap::decode(Sizes::EIGHT, &mut Cursor::new(b"HEAP\x01", 0));
        assert_eq!(
            error.unwrap_err().message(),
            "local heap version 1, expected 0"
        );
    }
}
