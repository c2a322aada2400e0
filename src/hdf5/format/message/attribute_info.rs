//! Attribute info message: how an object keeps its attributes. See `spec/hdf5.md#attribute-info`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::message::link_info::CreationIndex;
use crate::hdf5::format::{Address, Sizes};

/// How an object keeps its attributes: as messages, or in a heap once there are many.
///
/// Where a version 2 object header lacks this message, the C library finds attributes by name but
/// lists none of them: `spec/hdf5.md#attribute-info`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AttributeInfo {
    /// One more than the highest creation index in use, if creation order is tracked.
    pub max_creation_index: Option<u16>,
    /// The heap with the attributes; undefined while they are messages of the object header.
    pub fractal_heap: Option<Address>,
    /// The index of the heap by name.
    pub name_index: Option<Address>,
    /// The index of the heap by creation order.
    pub creation_index: CreationIndex,
}

impl AttributeInfo {
    const VERSION: u8 = 0;
    const TRACKS_CREATION_ORDER: u8 = 0b01;
    const INDEXES_CREATION_ORDER: u8 = 0b10;

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("attribute info version {version}, expected 0"),
            ));
        }
        let flags = from.u8()?;
        let tracked = flags & Self::TRACKS_CREATION_ORDER != 0;
        let max_creation_index = tracked.then(|| from.u16()).transpose()?;
        let fractal_heap = Address::decode(sizes, from)?;
        let name_index = Address::decode(sizes, from)?;
        let creation_index = if flags & Self::INDEXES_CREATION_ORDER != 0 {
            CreationIndex::At(Address::decode(sizes, from)?)
        } else {
            CreationIndex::None
        };
        Ok(AttributeInfo {
            max_creation_index,
            fractal_heap,
            name_index,
            creation_index,
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        let mut flags = 0;
        if self.max_creation_index.is_some() {
            flags |= Self::TRACKS_CREATION_ORDER;
        }
        if self.creation_index != CreationIndex::None {
            flags |= Self::INDEXES_CREATION_ORDER;
        }
        to.put_u8(Self::VERSION);
        to.put_u8(flags);
        if let Some(index) = self.max_creation_index {
            to.put_u16(index);
        }
        Address::encode(self.fractal_heap, to);
        Address::encode(self.name_index, to);
        if let CreationIndex::At(address) = self.creation_index {
            Address::encode(address, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_messages() {
        check(AttributeInfo::default(), &[&[0, 0], &[0xff; 16]]);
        fails(
            &[1, 0],
            "attribute info version 1, expected 0 (at byte 0x0)",
        );
    }

    #[test]
    fn a_heap_with_both_indexes() {
        check(
            AttributeInfo {
                max_creation_index: Some(3),
                fractal_heap: Some(Address(0x100)),
                name_index: Some(Address(0x200)),
                creation_index: CreationIndex::At(Some(Address(0x300))),
            },
            &[
                &[0, 0b11],                // version, flags
                &[3, 0],                   // one more than the highest creation index
                &[0, 1, 0, 0, 0, 0, 0, 0], // fractal heap
                &[0, 2, 0, 0, 0, 0, 0, 0], // index by name
                &[0, 3, 0, 0, 0, 0, 0, 0], // index by creation order
            ],
        );
    }

    #[track_caller]
    fn check(message: AttributeInfo, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(
            AttributeInfo::decode(Sizes::EIGHT, &mut from).unwrap(),
            message
        );
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = AttributeInfo::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
