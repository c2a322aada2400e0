//! Symbol table message: the object is an old-style group. See `spec/hdf5.md#symbol-table-message`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::Cursor;
use crate::error::Result;
use crate::hdf5::format::{Address, Sizes};

/// Where an old-style group keeps its links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SymbolTable {
    /// The root of the B-tree over the links.
    pub btree: Address,
    /// The local heap with their names.
    pub heap: Address,
}

impl SymbolTable {
    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        Ok(SymbolTable {
            btree: Address::decode_defined(sizes, from, "the B-tree")?,
            heap: Address::decode_defined(sizes, from, "the local heap")?,
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        Address::encode(Some(self.btree), to);
        Address::encode(Some(self.heap), to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_addresses() {
        check(
            SymbolTable {
                btree: Address(0x88),
                heap: Address(0x2a8),
            },
            &[
                &[0x88, 0, 0, 0, 0, 0, 0, 0], // B-tree
                &[0xa8, 2, 0, 0, 0, 0, 0, 0], // local heap
            ],
        );
        fails(
            &[0xff; 16],
            "undefined address of the B-tree, expected one (at byte 0x0)",
        );
    }

    #[track_caller]
    fn check(message: SymbolTable, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(
            SymbolTable::decode(Sizes::EIGHT, &mut from).unwrap(),
            message
        );
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = SymbolTable::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
