//! Continuation message: more messages elsewhere. See `spec/hdf5.md#continuation`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::Result;
use crate::hdf5::format::{Address, Sizes};

/// Where an object header goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Continuation {
    /// The first byte of the further chunk.
    pub address: Address,
    /// The bytes of the chunk, in version 2 with its signature and checksum.
    pub length: u64,
}

impl Continuation {
    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        Ok(Continuation {
            address: Address::decode_defined(sizes, from, "the continuation")?,
            length: sizes.decode_length(from)?,
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        Address::encode(Some(self.address), to);
        to.put_u64(self.length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_and_length() {
        check(
            Continuation {
                address: Address(0x320),
                length: 0x118,
            },
            &[
                &[0x20, 3, 0, 0, 0, 0, 0, 0], // address
                &[0x18, 1, 0, 0, 0, 0, 0, 0], // length
            ],
        );
        fails(
            &[0xff; 16],
            "undefined address of the continuation, expected one (at byte 0x0)",
        );
    }

    #[track_caller]
    fn check(message: Continuation, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(
            Continuation::decode(Sizes::EIGHT, &mut from).unwrap(),
            message
        );
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = Continuation::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
