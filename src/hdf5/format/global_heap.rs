//! Global heap: elements of variable length, such as strings. See `spec/hdf5.md#global-heap`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes, file_length};

/// Objects that elements of variable length refer to, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Collection<'a> {
    /// The objects, in the order they are stored in.
    pub(crate) objects: Vec<Object<'a>>,
}

/// One object of a [`Collection`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object<'a> {
    /// Its number in the collection, 1 to 65,535.
    pub(crate) index: u16,
    /// Its bytes, without padding.
    pub(crate) data: &'a [u8],
    /// Where in the file they begin; of no meaning when encoded.
    pub(crate) offset: u64,
}

impl<'a> Collection<'a> {
    const SIGNATURE: [u8; 4] = *b"GCOL";
    const VERSION: u8 = 1;
    /// The number of what is not an object but free space.
    const FREE: u16 = 0;

    /// The most objects a collection can number.
    pub(crate) const MAX_OBJECTS: usize = 65_535;
    /// Bytes before each object, and before the free space.
    pub(crate) const OBJECT_HEAD: usize = 16;
    /// No collection is smaller.
    pub(crate) const MIN_SIZE: usize = 4096;

    /// Reads a collection; `from` may go on behind it.
    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'a>) -> Result<Self> {
        let at = from.offset();
        from.magic(&Self::SIGNATURE, "global heap")?;
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("global heap version {version}, expected 1"),
            ));
        }
        from.skip(3)?; // reserved
        let size = sizes.decode_length(from)?;
        from.skip(Self::head_padding(sizes))?;
        let head = from.offset().saturating_sub(at);
        let Some(content) = size.checked_sub(head) else {
            return Err(Error::malformed(
                at,
                format!("global heap of {size} bytes, expected at least {head}"),
            ));
        };
        let mut from = from.sub(content)?;
        let mut objects = Vec::new();
        // What is too short for another head is left over.
        while from.remaining() >= Self::object_head(sizes) {
            let index = from.u16()?;
            if index == Self::FREE {
                break;
            }
            from.skip(2)?; // reference count
            from.skip(4)?; // reserved
            let length = sizes.decode_length(&mut from)?;
            from.skip(Self::head_padding(sizes))?;
            let offset = from.offset();
            let data = from.bytes_u64(length)?;
            let padding = data.len().next_multiple_of(8).saturating_sub(data.len());
            from.skip(padding.min(from.remaining()))?;
            objects.push(Object {
                index,
                data,
                offset,
            });
        }
        Ok(Collection { objects })
    }

    /// Bytes before each object.
    fn object_head(sizes: Sizes) -> usize {
        usize::from(sizes.length)
            .saturating_add(8)
            .next_multiple_of(8)
    }

    /// Bytes that fill up the heads of collections and objects where lengths are short.
    fn head_padding(sizes: Sizes) -> usize {
        let length = usize::from(sizes.length);
        length.next_multiple_of(8).saturating_sub(length)
    }

    /// Appends a collection of at least 4096 bytes; free space fills it up.
    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        let mut content = Vec::new();
        for object in &self.objects {
            content.put_u16(object.index);
            content.put_u16(0); // references are not counted
            content.put_u32(0);
            content.put_u64(file_length(object.data.len()));
            content.extend(object.data);
            content.pad_to(8);
        }
        let used = content.len().saturating_add(Self::OBJECT_HEAD);
        let mut size = used.max(Self::MIN_SIZE);
        // Free space has a head of its own, so eight bytes cannot be left over.
        if (1..Self::OBJECT_HEAD).contains(&size.saturating_sub(used)) {
            size = used.saturating_add(Self::OBJECT_HEAD);
        }
        to.extend(Self::SIGNATURE);
        to.put_u8(Self::VERSION);
        to.put_zeros(3);
        to.put_u64(file_length(size));
        to.extend(content);
        let free = size.saturating_sub(used);
        if free > 0 {
            to.put_u16(Self::FREE);
            to.put_u16(0);
            to.put_u32(0);
            to.put_u64(file_length(free)); // its own head included
            to.put_zeros(free.saturating_sub(Self::OBJECT_HEAD));
        }
    }
}

/// What stands in place of an element of variable length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reference {
    /// How many items: bytes of a string.
    pub(crate) length: u32,
    /// Where the items are; `None` for an element that has none.
    pub(crate) place: Option<Place>,
}

/// An object of a global heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The collection.
    pub(crate) collection: Address,
    /// The object's number in it.
    pub(crate) index: u32,
}

impl Reference {
    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let length = from.u32()?;
        let collection = Address::decode(sizes, from)?;
        let index = from.u32()?;
        // No collection can be where the superblock is.
        let place = match collection {
            Some(collection) if collection.0 != 0 => Some(Place { collection, index }),
            _ => None,
        };
        Ok(Reference { length, place })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        to.put_u32(self.length);
        match self.place {
            Some(place) => {
                Address::encode(Some(place.collection), to);
                to.put_u32(place.index);
            }
            None => to.put_zeros(12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(index: u16, data: &[u8], offset: u64) -> Object<'_> {
        Object {
            index,
            data,
            offset,
        }
    }

    #[track_caller]
    fn check(objects: Vec<Object<'_>>, size: usize) -> Vec<u8> {
        let collection = Collection { objects };
        let mut bytes = Vec::new();
        collection.encode(&mut bytes);
        assert_eq!(bytes.len(), size);
        let mut from = Cursor::new(&bytes, 0);
        let decoded = Collection::decode(Sizes::EIGHT, &mut from).unwrap();
        assert_eq!(decoded, collection);
        assert_eq!(from.remaining(), 0);
        bytes
    }

    #[test]
    #[rustfmt::skip]
    fn a_small_collection_is_filled_up_with_free_space() {
        let bytes = check(vec![object(1, b"adam", 32), object(2, b"", 56)], 4096);
        assert_eq!(bytes[..72], [
            b'G', b'C', b'O', b'L', // signature
            1, 0, 0, 0, // version, reserved
            0, 0x10, 0, 0, 0, 0, 0, 0, // bytes of the collection
            1, 0, 0, 0, 0, 0, 0, 0, // index, references, reserved
            4, 0, 0, 0, 0, 0, 0, 0, // length
            b'a', b'd', b'a', b'm', 0, 0, 0, 0, // data, padded
            2, 0, 0, 0, 0, 0, 0, 0, // index, references, reserved
            0, 0, 0, 0, 0, 0, 0, 0, // length
            0, 0, 0, 0, 0, 0, 0, 0, // free space: index 0, reserved
            0xc8, 0x0f, 0, 0, 0, 0, 0, 0, // length with these 16 bytes
        ]);
    }

    #[test]
    fn eight_bytes_are_never_left_over() {
        for (length, size) in [
            (4048, 4096), // 16 bytes of free space
            (4049, 4104), // would leave 8
            (4056, 4104),
            (4057, 4096), // exactly full
            (4064, 4096),
            (4065, 4104),
            (70_000, 70_032),
        ] {
            check(vec![object(1, &vec![7; length], 32)], size);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn references() {
        let place = Some(Place { collection: Address(0x800), index: 3 });
        for (reference, expected) in [
            (Reference { length: 5, place }, [
                5, 0, 0, 0, // length
                0, 8, 0, 0, 0, 0, 0, 0, // collection
                3, 0, 0, 0, // index
            ]),
            (Reference::default(), [0; 16]),
        ] {
            let mut bytes = Vec::new();
            reference.encode(&mut bytes);
            assert_eq!(bytes, expected);
            let decoded = Reference::decode(Sizes::EIGHT, &mut Cursor::new(&bytes, 0)).unwrap();
            assert_eq!(decoded, reference);
        }
    }

    #[test]
    fn contradictions_are_errors() {
        let mut short = b"GCOL\x01\0\0\0".to_vec();
        short.put_u64(40);
        short.put_u16(1);
        short.put_zeros(6);
        short.put_u64(9);
        short.put_zeros(8);
        for (bytes, message) in [
            (&b"GCOL\x02"[..], "global heap version 2, expected 1"),
            (
                b"GCOL\x01\0\0\0\x0f\0\0\0\0\0\0\0",
                "global heap of 15 bytes, expected at least 16",
            ),
            (&short, "8 bytes left, expected 9"),
        ] {
            let error = Collection::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0));
            assert_eq!(error.unwrap_err().message(), message);
        }
    }
}
