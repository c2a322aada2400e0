//! Links and attributes of objects with many of them: in a fractal heap, found by a B-tree over
//! the hashes of their names. See `spec/hdf5_storage.md#dense-storage`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::sync::Arc;

use super::file::File;
use super::links::{Link, LinkTarget, decode_link, sort};
use crate::checksum::lookup3;
use crate::codec::Cursor;
use crate::error::{Context, Error, Result};
use crate::hdf5::format::btree_v2::BTreeV2;
use crate::hdf5::format::fractal_heap::FractalHeap;
use crate::hdf5::format::message::attribute::AttributeMessage;
use crate::hdf5::format::object_header::{Message, MessageType};
use crate::hdf5::format::{Address, file_length};

/// The type of B-trees over links by the hashes of their names.
const LINK_NAMES: u8 = 5;
/// The type of B-trees over attributes by the hashes of their names.
const ATTRIBUTE_NAMES: u8 = 8;

/// All links of a group, in the order of their names' bytes.
pub(super) fn links(file: &File, heap: Address, index: Address) -> Result<Vec<Link>> {
    let heap = file.fractal_heap(heap)?;
    let tree = BTreeV2::open(file.sizes(), file.image(), index, &[LINK_NAMES])?;
    let mut room = Room::of(file);
    let mut order = Order::default();
    let mut links = Vec::new();
    for mut record in tree.records()? {
        let at = record.offset();
        let hash = record.u32()?;
        let mut object = heap.object(file.image(), record)?;
        room.take(&object)?;
        let link = decode_link(file, &mut object)?;
        order.check(hash, at)?;
        check_hash(hash, &link.name, at)?;
        links.push(link);
    }
    sort(&mut links, file.image().offset(index))?;
    Ok(links)
}

/// Where the link called `name` leads, if there is one.
pub(super) fn find(
    file: &File,
    heap: Address,
    index: Address,
    name: &str,
) -> Result<Option<LinkTarget>> {
    let heap = file.fractal_heap(heap)?;
    let tree = BTreeV2::open(file.sizes(), file.image(), index, &[LINK_NAMES])?;
    let hash = lookup3(name.as_bytes());
    // Names with equal hashes are next to each other.
    for mut record in tree.find(&|mut record| Ok(record.u32()?.cmp(&hash)))? {
        record.u32()?;
        let link = decode_link(file, &mut heap.object(file.image(), record)?)?;
        if link.name == name {
            return Ok(Some(link.target));
        }
    }
    Ok(None)
}

/// What is listed must be found as well: the index is in the order of the names' hashes.
#[derive(Default)]
struct Order {
    last: u32,
}

impl Order {
    fn check(&mut self, hash: u32, at: u64) -> Result<()> {
        if hash < self.last {
            return Err(Error::malformed(at, "index of names that is not in order"));
        }
        self.last = hash;
        Ok(())
    }
}

/// Checks the hash that the index, at `at`, has of `name`.
fn check_hash(found: u32, name: &str, at: u64) -> Result<()> {
    let expected = lookup3(name.as_bytes());
    if found != expected {
        return Err(Error::malformed(
            at,
            format!("hash {found:#010x} of `{name}`, expected {expected:#010x}"),
        ));
    }
    Ok(())
}

/// Objects of a heap do not overlap, so together they are not longer than the file.
struct Room(u64);

impl Room {
    fn of(file: &File) -> Room {
        Room(file.image().len())
    }

    fn take(&mut self, object: &Cursor<'_>) -> Result<()> {
        let Room(left) = self;
        *left = left
            .checked_sub(file_length(object.remaining()))
            .ok_or_else(|| {
                Error::malformed(
                    object.offset(),
                    "objects of a heap are longer than the file",
                )
            })?;
        Ok(())
    }
}

/// The attributes of an object with many of them.
pub(super) struct DenseAttributes<'f> {
    file: &'f File,
    heap: Address,
    index: Address,
    /// Whether the order in which they were made is known.
    ordered: bool,
}

/// What the index says of an attribute.
struct Record<'a> {
    id: Cursor<'a>,
    /// Those of its message.
    flags: u8,
    created: u32,
    hash: u32,
}

impl<'a> Record<'a> {
    const ID_LEN: u64 = 8;

    fn decode(mut from: Cursor<'a>) -> Result<Record<'a>> {
        Ok(Record {
            id: from.sub(Self::ID_LEN)?,
            flags: from.u8()?,
            created: from.u32()?,
            hash: from.u32()?,
        })
    }
}

impl<'f> DenseAttributes<'f> {
    pub(super) fn new(file: &'f File, heap: Address, index: Address, ordered: bool) -> Self {
        DenseAttributes {
            file,
            heap,
            index,
            ordered,
        }
    }

    fn tree(&self) -> Result<BTreeV2<'f>> {
        let (sizes, image) = (self.file.sizes(), self.file.image());
        BTreeV2::open(sizes, image, self.index, &[ATTRIBUTE_NAMES])
    }

    /// Hands all attribute messages to `look`: as they were made if that is known, else in the
    /// order of their names' hashes.
    pub(super) fn each(&self, look: &mut dyn FnMut(&mut Cursor<'_>) -> Result<()>) -> Result<()> {
        let records = self.tree()?.records()?.into_iter().map(Record::decode);
        let mut records = records.collect::<Result<Vec<_>>>()?;
        let mut order = Order::default();
        for record in &records {
            order.check(record.hash, record.id.offset())?;
        }
        if self.ordered {
            records.sort_by_key(|record| record.created);
        }
        self.messages(records, look)
    }

    /// Hands the attribute messages to `look` whose names have the same hash as `name`.
    pub(super) fn each_called(
        &self,
        name: &str,
        look: &mut dyn FnMut(&mut Cursor<'_>) -> Result<()>,
    ) -> Result<()> {
        let hash = lookup3(name.as_bytes());
        let order = |record| Ok(Record::decode(record)?.hash.cmp(&hash));
        let records = self.tree()?.find(&order)?.into_iter().map(Record::decode);
        self.messages(records.collect::<Result<_>>()?, look)
    }

    fn messages(
        &self,
        records: Vec<Record<'f>>,
        look: &mut dyn FnMut(&mut Cursor<'_>) -> Result<()>,
    ) -> Result<()> {
        let file = self.file;
        let own = file.fractal_heap(self.heap)?;
        let mut room = Room::of(file);
        for record in records {
            let heap = match record.flags & Message::SHARED {
                0 => Arc::clone(&own),
                _ => self.shared_heap()?,
            };
            let at = record.id.offset();
            let mut object = heap.object(file.image(), record.id)?;
            room.take(&object)?;
            let name = AttributeMessage::decode_name(&mut object.clone());
            check_hash(record.hash, name.within(|| "attribute message")?, at)?;
            look(&mut object).within(|| "attribute message")?;
        }
        Ok(())
    }

    /// The heap with the attributes that several objects share.
    fn shared_heap(&self) -> Result<Arc<FractalHeap>> {
        let table = self.file.shared_table()?;
        let heap = table.heap(MessageType::ATTRIBUTE).ok_or_else(|| {
            Error::malformed(
                self.file.image().offset(self.index),
                "shared attribute, but no table of them",
            )
        })?;
        self.file.fractal_heap(heap)
    }
}
