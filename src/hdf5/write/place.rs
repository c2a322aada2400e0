//! Addresses: every structure of the file gets its place, depth first.
//! See `spec/hdf5.md#placement`.

use std::borrow::Cow;

use super::header::Headers;
use super::heap::{Heap, Slot};
use super::options::{Layout, WriteOptions};
use super::symbol_table;
use super::tree::{Kind, Link, Object, ObjectId, Tree};
use super::value::{Bytes, Content, Value};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::message::symbol_table::SymbolTable;
use crate::hdf5::format::superblock::{Kind as SuperblockKind, Superblock};
use crate::hdf5::format::symbol_table_node::{Cache, SymbolTableEntry};
use crate::hdf5::format::{Address, Sizes, file_length};
use crate::hdf5::{Dataspace, Datatype};

/// Everything that is in the file, in file order, and where.
pub(super) struct Placement<'a> {
    /// The objects, depth first, the root group in front.
    pub(super) nodes: Vec<Node<'a>>,
    /// Where each is.
    pub(super) places: Vec<Place>,
    pub(super) heap: Heap,
    /// Where the global heap begins, behind the objects.
    pub(super) heap_at: u64,
    /// Where the global heap ends, and with it all that is not elements of datasets.
    pub(super) metadata_end: u64,
    /// Where the file ends.
    pub(super) end: u64,
}

/// An object with its strings moved to the heap.
pub(super) struct Node<'a> {
    pub(super) attributes: Vec<(String, Stored<'a>)>,
    pub(super) kind: NodeKind<'a>,
}

pub(super) enum NodeKind<'a> {
    /// Sorted by the bytes of the names.
    Group(Vec<(String, Target)>),
    Dataset(Stored<'a>),
}

/// What a link leads to.
pub(super) enum Target {
    /// The object at this position of [`Placement::nodes`].
    Node(usize),
    Soft(String),
}

/// A value as it is stored.
pub(super) struct Stored<'a> {
    pub(super) datatype: Datatype,
    pub(super) dataspace: Dataspace,
    pub(super) data: StoredData<'a>,
}

pub(super) enum StoredData<'a> {
    Bytes(Bytes<'a>),
    Strings(Vec<Slot>),
}

/// Where an object is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) header: Address,
    /// Where a classic group's links are.
    pub(super) table: Option<SymbolTable>,
    /// Where a dataset's elements are, if it has any.
    pub(super) data: Option<Address>,
}

/// Elements begin in a page of their own, so that changing metadata never touches theirs.
const FIRST_DATA: u64 = 4096;

/// More than any page, and no sum of addresses comes near the end of 64 bits.
const MAX_ALIGNMENT: u64 = 1 << 30;

impl<'a> Placement<'a> {
    pub(super) fn new(tree: Tree<'a>, options: &WriteOptions) -> Result<Self> {
        if !(1..=MAX_ALIGNMENT).contains(&options.alignment) {
            let found = options.alignment;
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("an alignment of {found} bytes, expected 1 to {MAX_ALIGNMENT}"),
            ));
        }
        let mut heap = Heap::default();
        let nodes = in_order(tree, &mut heap);
        let mut placement = Placement {
            places: vec![Place::default(); nodes.len()],
            nodes,
            heap,
            heap_at: 0,
            metadata_end: 0,
            end: 0,
        };
        placement.place_objects(options.layout)?;
        placement.metadata_end = placement.heap.place(placement.heap_at);
        placement.place_data(options.alignment);
        Ok(placement)
    }

    /// What the file declares about itself.
    pub(super) fn superblock(&self, layout: Layout) -> Superblock {
        let root = self.places.first().copied().unwrap_or_default();
        let kind = match layout {
            Layout::Classic => SuperblockKind::Classic {
                version: 0,
                leaf_k: Superblock::DEFAULT_LEAF_K,
                internal_k: Superblock::DEFAULT_INTERNAL_K,
                root: root.entry(0),
            },
            Layout::Compact => SuperblockKind::Compact {
                version: 2,
                flags: 0,
                extension: None,
                root: root.header,
            },
        };
        Superblock {
            sizes: Sizes::EIGHT,
            base: 0,
            end_of_file: self.end,
            kind,
        }
    }

    /// Headers, each with what it needs to find its links. Sizes are found by encoding; they do
    /// not depend on the addresses, which are not known yet.
    fn place_objects(&mut self, layout: Layout) -> Result<()> {
        let mut encoded = Vec::new();
        self.superblock(layout).encode(&mut encoded);
        let mut at = file_length(encoded.len());
        for index in 0..self.nodes.len() {
            let Some(node) = self.nodes.get(index) else {
                break;
            };
            let mut place = Place {
                header: Address(at),
                ..Place::default()
            };
            encoded.clear();
            self.headers(layout)
                .encode(node, place, &mut encoded)
                .within(|| format!("`{}`", self.path_of(index)))?;
            at = aligned(at + file_length(encoded.len()));
            if let Some(links) = node.table(layout) {
                encoded.clear();
                let table = symbol_table::encode(links, &self.places, at, &mut encoded);
                place.table = Some(table);
                at = aligned(at + file_length(encoded.len()));
            }
            if let Some(slot) = self.places.get_mut(index) {
                *slot = place;
            }
        }
        self.heap_at = at;
        Ok(())
    }

    fn place_data(&mut self, alignment: u64) {
        let mut at = self.metadata_end;
        for (node, place) in self.nodes.iter().zip(&mut self.places) {
            let NodeKind::Dataset(stored) = &node.kind else {
                continue;
            };
            if stored.len() == 0 {
                continue;
            }
            // The first elements leave the metadata's last page.
            if at == self.metadata_end {
                at = at.next_multiple_of(FIRST_DATA);
            }
            at = at.next_multiple_of(alignment);
            place.data = Some(Address(at));
            at += stored.len();
        }
        self.end = at;
    }

    pub(super) fn headers(&self, layout: Layout) -> Headers<'_> {
        Headers {
            layout,
            places: &self.places,
            heap: &self.heap,
        }
    }

    /// The path of an object, for an error. Parents come before their children.
    fn path_of(&self, mut index: usize) -> String {
        let mut path = String::new();
        while index > 0 {
            let parent = self.nodes.iter().enumerate().find_map(|(parent, node)| {
                let NodeKind::Group(links) = &node.kind else {
                    return None;
                };
                let leads_here =
                    |(_, target): &&(String, Target)| matches!(target, Target::Node(i) if *i == index);
                links.iter().find(leads_here).map(|(name, _)| (parent, name))
            });
            let Some((parent, name)) = parent else {
                break;
            };
            path = format!("/{name}{path}");
            index = parent;
        }
        if path.is_empty() {
            path.push('/');
        }
        path
    }
}

impl<'a> Node<'a> {
    fn new(object: Object<'a>, position_of: &[usize], heap: &mut Heap) -> Self {
        let attributes = object.attributes.values.into_iter();
        let attributes = attributes.map(|(name, value)| (name, Stored::new(value, heap)));
        Node {
            attributes: attributes.collect(),
            kind: match object.kind {
                Kind::Dataset(value) => NodeKind::Dataset(Stored::new(value, heap)),
                Kind::Group(links) => {
                    let links = links.into_iter();
                    let links = links.map(|(name, link)| (name, Target::new(link, position_of)));
                    NodeKind::Group(links.collect())
                }
            },
        }
    }

    /// The links, if a symbol table has to find them.
    pub(super) fn table(&self, layout: Layout) -> Option<&[(String, Target)]> {
        match &self.kind {
            NodeKind::Group(links) if layout == Layout::Classic => Some(links),
            _ => None,
        }
    }
}

impl Target {
    fn new(link: Link, position_of: &[usize]) -> Self {
        match link {
            Link::Hard(ObjectId(id)) => Target::Node(position_of.get(id).copied().unwrap_or(0)),
            Link::Soft(path) => Target::Soft(path),
        }
    }
}

impl<'a> Stored<'a> {
    fn new(value: Value<'a>, heap: &mut Heap) -> Self {
        let data = match value.content {
            Content::Bytes(bytes) => StoredData::Bytes(bytes),
            Content::Strings(strings) => {
                let slots = strings.into_iter().map(|string| heap.add(string));
                StoredData::Strings(slots.collect())
            }
        };
        Stored {
            datatype: value.datatype,
            dataspace: value.dataspace,
            data,
        }
    }

    /// Bytes of all elements.
    pub(super) fn len(&self) -> u64 {
        match &self.data {
            StoredData::Bytes(bytes) => file_length(bytes.as_slice().len()),
            StoredData::Strings(slots) => {
                file_length(slots.len()) * u64::from(Datatype::HEAP_REFERENCE_SIZE)
            }
        }
    }

    /// The elements; strings as references into the heap, which may not have its place yet.
    pub(super) fn elements(&self, heap: &Heap) -> Cow<'_, [u8]> {
        match &self.data {
            StoredData::Bytes(bytes) => Cow::Borrowed(bytes.as_slice()),
            StoredData::Strings(slots) => {
                let mut elements = Vec::new();
                for slot in slots {
                    heap.reference(*slot).encode(&mut elements);
                }
                Cow::Owned(elements)
            }
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Place {
            header: Address(0),
            table: None,
            data: None,
        }
    }
}

impl Place {
    /// The entry of this object in a symbol table, under the name at offset `name` of the heap.
    pub(super) fn entry(self, name: u64) -> SymbolTableEntry {
        let cache = match self.table {
            Some(SymbolTable { btree, heap }) => Cache::Group { btree, heap },
            None => Cache::None,
        };
        SymbolTableEntry {
            name,
            header: Some(self.header),
            cache,
        }
    }
}

/// The tree's objects, depth first, children in the order of their names.
fn in_order<'a>(tree: Tree<'a>, heap: &mut Heap) -> Vec<Node<'a>> {
    let objects = tree.into_objects();
    let mut order = Vec::with_capacity(objects.len());
    let mut position_of = vec![0; objects.len()];
    let mut waiting = vec![0];
    while let Some(id) = waiting.pop() {
        if let Some(position) = position_of.get_mut(id) {
            *position = order.len();
        }
        order.push(id);
        if let Some(Kind::Group(links)) = objects.get(id).map(|object| &object.kind) {
            let children = links.values().rev().filter_map(|link| match link {
                Link::Hard(ObjectId(child)) => Some(*child),
                Link::Soft(_) => None,
            });
            waiting.extend(children);
        }
    }
    let mut objects: Vec<Option<Object<'a>>> = objects.into_iter().map(Some).collect();
    let in_order = order
        .into_iter()
        .filter_map(|id| objects.get_mut(id)?.take());
    in_order
        .map(|object| Node::new(object, &position_of, heap))
        .collect()
}

/// Structures begin at multiples of eight.
fn aligned(at: u64) -> u64 {
    at.next_multiple_of(8)
}
