//! Shared message table (message 0x000F, and the table it leads to): where the messages are that
//! several objects share. See `spec/hdf5_storage.md#shared-message-table`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::Cursor;
use crate::error::{Context, Error, Result};
use crate::hdf5::format::image::Image;
use crate::hdf5::format::object_header::MessageType;
use crate::hdf5::format::{Address, Sizes, checksum};

/// Which heap holds the shared messages of which type. We read these and never write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharedTable {
    indexes: Vec<SharedIndex>,
}

/// The shared messages of some types.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SharedIndex {
    /// A bit for each type.
    types: u16,
    /// The heap with the messages. (The index itself, a list or a B-tree, is for writers, who look
    /// for a message that is there already.)
    heap: Option<Address>,
}

impl SharedTable {
    const SIGNATURE: [u8; 4] = *b"SMTB";

    /// Reads the message, and the table it leads to.
    pub(crate) fn decode(sizes: Sizes, image: Image<'_>, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        if version != 0 {
            return Err(Error::malformed(
                at,
                format!("shared message table version {version}, expected 0"),
            ));
        }
        let table = Address::decode_defined(sizes, from, "the shared message table")?;
        let count = from.u8()?;
        let mut from = image.cursor(table, "shared message table")?;
        Self::decode_table(sizes, count, &mut from).within(|| "shared message table")
    }

    fn decode_table(sizes: Sizes, count: u8, from: &mut Cursor<'_>) -> Result<Self> {
        let start = from.clone();
        from.magic(&Self::SIGNATURE, "shared message table")?;
        let indexes = (0..count).map(|_| SharedIndex::decode(sizes, from));
        let indexes = indexes.collect::<Result<Vec<_>>>()?;
        checksum::verify(start, from, "shared message table")?;
        Ok(SharedTable { indexes })
    }

    /// The heap with the shared messages of type `kind`.
    pub(crate) fn heap(&self, kind: MessageType) -> Option<Address> {
        let bit = 1_u16.checked_shl(u32::from(kind.0)).unwrap_or(0);
        let mut indexes = self.indexes.iter();
        indexes.find(|index| index.types & bit != 0)?.heap
    }
}

impl SharedIndex {
    fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        from.skip(2)?; // version, and whether the index is a list or a B-tree
        let types = from.u16()?;
        from.skip(4)?; // the shortest message that is shared
        from.skip(6)?; // when a list becomes a B-tree and back, how many messages there are
        Address::decode(sizes, from)?; // the index
        Ok(SharedIndex {
            types,
            heap: Address::decode(sizes, from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rustfmt::skip]
    fn table() -> Vec<u8> {
        let mut bytes = vec![
            0xaa, // address 0 is no table
            b'S', b'M', b'T', b'B',
            0, 0, // version, list
            0b1010, 0, // datatypes and dataspaces
            50, 0, 0, 0, // shortest message
            50, 0, 40, 0, 3, 0, // list to B-tree and back, messages
            0x40, 0, 0, 0, 0, 0, 0, 0, // index
            0x80, 0, 0, 0, 0, 0, 0, 0, // heap
            0, 1, // version, B-tree
            0, 0b1_0000, // attributes
            50, 0, 0, 0, // shortest message
            50, 0, 40, 0, 0, 0, // list to B-tree and back, messages
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // index
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // heap
        ];
        checksum::append(&mut bytes, 1);
        bytes
    }

    /// Version, address of the table, how many indexes it has.
    const MESSAGE: [u8; 10] = [0, 1, 0, 0, 0, 0, 0, 0, 0, 2];

    fn decode(table: &[u8], message: &[u8]) -> Result<SharedTable> {
        let image = Image::new(table, 0);
        SharedTable::decode(Sizes::EIGHT, image, &mut Cursor::new(message, 0))
    }

    #[test]
    fn each_type_has_its_heap() {
        let found = decode(&table(), &MESSAGE).unwrap();
        assert_eq!(found.heap(MessageType::DATATYPE), Some(Address(0x80)));
        assert_eq!(found.heap(MessageType::DATASPACE), Some(Address(0x80)));
        assert_eq!(found.heap(MessageType::ATTRIBUTE), None);
        assert_eq!(found.heap(MessageType(0x14)), None);
        assert_eq!(found.heap(MessageType::LINK), None);
    }

    #[test]
    fn what_is_wrong() {
        let check = |table: &[u8], message: &[u8], expected: &str| {
            let error = decode(table, message).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&table(), &[1], "shared message table version 1, expected 0");
        let mut bytes = table();
        bytes[1] = b'x';
        check(
            &bytes,
            &MESSAGE,
            "shared message table signature `xMTB`, expected `SMTB`",
        );
        let mut bytes = table();
        bytes[9] = 1;
        check(&bytes, &MESSAGE, "shared message table checksum");
    }
}
