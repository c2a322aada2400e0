//! Link info message: the object is a new-style group. See `spec/hdf5.md#link-info`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes};

/// How a new-style group keeps its links: as messages, or in a heap once there are many.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LinkInfo {
    /// One more than the highest creation index in use, if creation order is tracked.
    pub max_creation_index: Option<u64>,
    /// The heap with the links; undefined while they are messages of the object header.
    pub fractal_heap: Option<Address>,
    /// The index of the heap by name.
    pub name_index: Option<Address>,
    /// The index of the heap by creation order.
    pub creation_index: CreationIndex,
}

/// Whether an index by creation order is kept, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum CreationIndex {
    /// No such index.
    #[default]
    None,
    /// One is kept; undefined while there are few entries.
    At(Option<Address>),
}

impl LinkInfo {
    const VERSION: u8 = 0;
    const TRACKS_CREATION_ORDER: u8 = 0b01;
    const INDEXES_CREATION_ORDER: u8 = 0b10;

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("link info version {version}, expected 0"),
            ));
        }
        let flags = from.u8()?;
        let tracked = flags & Self::TRACKS_CREATION_ORDER != 0;
        let max_creation_index = tracked.then(|| from.u64()).transpose()?;
        let fractal_heap = Address::decode(sizes, from)?;
        let name_index = Address::decode(sizes, from)?;
        let creation_index = if flags & Self::INDEXES_CREATION_ORDER != 0 {
            CreationIndex::At(Address::decode(sizes, from)?)
        } else {
            CreationIndex::None
        };
        Ok(LinkInfo {
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
            to.put_u64(index);
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
        check(LinkInfo::default(), &[&[0, 0], &[0xff; 16]]);
        fails(&[1, 0], "link info version 1, expected 0 (at byte 0x0)");
    }

    #[test]
    fn a_heap_with_both_indexes() {
        check(
            LinkInfo {
                max_creation_index: Some(3),
                fractal_heap: Some(Address(0x100)),
                name_index: Some(Address(0x200)),
                creation_index: CreationIndex::At(Some(Address(0x300))),
            },
            &[
                &[0, 0b11],                // version, flags
                &[3, 0, 0, 0, 0, 0, 0, 0], // one more than the highest creation index
                &[0, 1, 0, 0, 0, 0, 0, 0], // fractal heap
                &[0, 2, 0, 0, 0, 0, 0, 0], // index by name
                &[0, 3, 0, 0, 0, 0, 0, 0], // index by creation order
            ],
        );
    }

    #[track_caller]
    fn check(message: LinkInfo, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(LinkInfo::decode(Sizes::EIGHT, &mut from).unwrap(), message);
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = LinkInfo::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
