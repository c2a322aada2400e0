//! The strings of variable length of a whole file, gathered into collections of the global heap.
//! See `spec/hdf5.md#global-heap`.

use std::ops::Range;

use crate::hdf5::format::global_heap::{Collection, Object, Place, Reference};
use crate::hdf5::format::{Address, file_length};

/// The strings of variable length of a whole file.
#[derive(Debug, Default)]
pub(super) struct Heap {
    strings: Vec<Vec<u8>>,
    collections: Vec<Planned>,
}

/// Strings that share a collection.
#[derive(Debug)]
struct Planned {
    /// Which of the heap's strings.
    strings: Range<usize>,
    /// How many bytes they have together.
    bytes: usize,
    address: Address,
}

/// Where a string of the heap is, once the heap has its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slot {
    length: u32,
    /// Which collection.
    collection: usize,
    /// Which object in it. An empty string has one, too: a reference that leads nowhere is no
    /// string at all for C programs. See `spec/hdf5.md#global-heap`.
    index: u32,
}

impl Heap {
    /// Readers load a collection as a whole, so it should not hold much that is not asked for.
    const COLLECTION_BYTES: usize = 64 << 10;

    /// Takes `string`, which is shorter than 4 GiB.
    pub(super) fn add(&mut self, string: Vec<u8>) -> Slot {
        let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
        let at = self.strings.len();
        let bytes = string.len();
        self.strings.push(string);
        match self.collections.last_mut() {
            Some(last) if last.has_room(bytes) => {
                last.strings.end = at + 1;
                last.bytes += bytes;
            }
            _ => self.collections.push(Planned {
                strings: at..at + 1,
                bytes,
                address: Address(0),
            }),
        }
        let collection = self.collections.len() - 1;
        let first = self.collections.last().map_or(0, |last| last.strings.start);
        Slot {
            length,
            collection,
            index: object_index(at - first).into(),
        }
    }

    /// Gives every collection its address, from `at` on, and returns where the heap ends.
    pub(super) fn place(&mut self, mut at: u64) -> u64 {
        let mut encoded = Vec::new();
        for collection in &mut self.collections {
            collection.address = Address(at);
            encoded.clear();
            collection.encode(&self.strings, &mut encoded);
            at += file_length(encoded.len());
        }
        at
    }

    /// What stands for a string in an element.
    pub(super) fn reference(&self, slot: Slot) -> Reference {
        let place = self.collections.get(slot.collection).map(|found| Place {
            collection: found.address,
            index: slot.index,
        });
        Reference {
            length: slot.length,
            place,
        }
    }

    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        for collection in &self.collections {
            collection.encode(&self.strings, to);
        }
    }
}

impl Planned {
    fn has_room(&self, bytes: usize) -> bool {
        self.strings.len() < Collection::MAX_OBJECTS
            && self.bytes.saturating_add(bytes) <= Heap::COLLECTION_BYTES
    }

    fn encode(&self, all: &[Vec<u8>], to: &mut Vec<u8>) {
        let strings = all.get(self.strings.clone()).unwrap_or_default();
        let objects = strings.iter().enumerate().map(|(i, string)| Object {
            index: object_index(i),
            data: string,
            offset: 0,
        });
        let collection = Collection {
            objects: objects.collect(),
        };
        collection.encode(to);
    }
}

/// Objects count from one; `has_room` keeps the number in its two bytes.
fn object_index(position: usize) -> u16 {
    u16::try_from(position + 1).unwrap_or(u16::MAX)
}
