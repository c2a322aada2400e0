//! The links of an old-style group: a B-tree over a heap of names.
//! See `spec/hdf5.md#old-style-groups`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::cmp::Ordering;
use std::collections::HashSet;

use super::file::File;
use super::links::{Link, LinkTarget, check_name};
use crate::codec::Cursor;
use crate::error::{Context, Error, Result};
use crate::hdf5::format::btree_v1::GroupNode;
use crate::hdf5::format::image::Image;
use crate::hdf5::format::local_heap::{LocalHeap, Names};
use crate::hdf5::format::message::symbol_table::SymbolTable;
use crate::hdf5::format::symbol_table_node::{Cache, SymbolTableEntry, SymbolTableNode};
use crate::hdf5::format::{Address, Sizes, file_length};

/// An old-style group's links.
pub(super) struct Table<'a> {
    sizes: Sizes,
    image: Image<'a>,
    /// The heap's data: names, each ended by a NUL.
    names: Cursor<'a>,
    root: Address,
}

impl<'a> Table<'a> {
    pub(super) fn open(file: &'a File, table: SymbolTable) -> Result<Self> {
        let (sizes, image) = (file.sizes(), file.image());
        let names = image
            .cursor(table.heap, "local heap")
            .and_then(|mut from| LocalHeap::decode(sizes, &mut from))
            .and_then(|heap| image.part(heap.data, heap.size, "names"))
            .within(|| "local heap")?;
        Ok(Table {
            sizes,
            image,
            names,
            root: table.btree,
        })
    }

    /// Where the link called `name` leads; found by descending the tree.
    pub(super) fn find(&self, name: &str) -> Result<Option<LinkTarget>> {
        let mut node = self.node(self.root)?;
        loop {
            // Child `i` ends with the name of key `i + 1`.
            let ends = node.keys.get(1..).unwrap_or_default();
            let child = search(ends, |key| Ok(self.name(*key)?.cmp(name)))?;
            let (Ok(child) | Err(child)) = child;
            let Some(address) = node.children.get(child) else {
                return Ok(None);
            };
            if node.level == 0 {
                return self.find_in_leaf(*address, name);
            }
            node = self.child(&node, *address)?;
        }
    }

    fn find_in_leaf(&self, address: Address, name: &str) -> Result<Option<LinkTarget>> {
        let leaf = self.leaf(address)?;
        let compare = |entry: &SymbolTableEntry| Ok(self.name(entry.name)?.cmp(name));
        let Ok(found) = search(&leaf.entries, compare)? else {
            return Ok(None);
        };
        let entry = leaf.entries.get(found);
        entry.map(|entry| self.target(entry)).transpose()
    }

    /// All links, in the order of their names' bytes.
    pub(super) fn links(&self) -> Result<Vec<Link>> {
        let mut listing = Listing {
            table: self,
            links: Vec::new(),
            seen: HashSet::new(),
            room: file_length(self.names.remaining()),
        };
        let root = self.node(self.root)?;
        listing.seen.insert(self.root);
        // Each level is lower than the one above, so this ends after 256 of them.
        listing.below(&root)?;
        Ok(listing.links)
    }

    fn node(&self, address: Address) -> Result<GroupNode> {
        let mut from = self.image.cursor(address, "B-tree node")?;
        GroupNode::decode(self.sizes, &mut from)
    }

    /// A node one level below `parent`.
    fn child(&self, parent: &GroupNode, address: Address) -> Result<GroupNode> {
        let child = self.node(address)?;
        let expected = parent.level.saturating_sub(1);
        if child.level != expected {
            let found = child.level;
            return Err(Error::malformed(
                self.image.offset(address),
                format!("B-tree node at level {found}, expected {expected}"),
            ));
        }
        Ok(child)
    }

    fn leaf(&self, address: Address) -> Result<SymbolTableNode> {
        let mut from = self.image.cursor(address, "symbol table node")?;
        SymbolTableNode::decode(self.sizes, &mut from)
    }

    /// The name at `offset` of the heap's data.
    fn name(&self, offset: u64) -> Result<&'a str> {
        Names::decode(offset, self.names.clone())
    }

    fn target(&self, entry: &SymbolTableEntry) -> Result<LinkTarget> {
        match (&entry.cache, entry.header) {
            (Cache::SoftLink { target }, _) => {
                let target = self.name(u64::from(*target))?;
                Ok(LinkTarget::Soft(target.to_owned()))
            }
            (_, Some(address)) => Ok(LinkTarget::Hard(address)),
            (_, None) => {
                let name = self.name(entry.name)?;
                Err(Error::malformed(
                    self.names.offset().saturating_add(entry.name),
                    format!("undefined address of `{name}`, expected one"),
                ))
            }
        }
    }
}

/// A walk over all links of a table.
struct Listing<'t, 'a> {
    table: &'t Table<'a>,
    links: Vec<Link>,
    seen: HashSet<Address>,
    /// Names do not overlap, so together they cannot be longer than the heap.
    room: u64,
}

impl Listing<'_, '_> {
    fn below(&mut self, node: &GroupNode) -> Result<()> {
        for address in &node.children {
            if !self.seen.insert(*address) {
                return Err(Error::malformed(
                    self.table.image.offset(*address),
                    "B-tree leads here twice",
                ));
            }
            if node.level == 0 {
                for entry in self.table.leaf(*address)?.entries {
                    self.push(&entry)?;
                }
            } else {
                let child = self.table.child(node, *address)?;
                self.below(&child)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, entry: &SymbolTableEntry) -> Result<()> {
        let name = self.table.name(entry.name)?;
        let at = self.table.names.offset().saturating_add(entry.name);
        check_name(name, at)?;
        let length = file_length(name.len()).saturating_add(1);
        self.room = self
            .room
            .checked_sub(length)
            .ok_or_else(|| Error::malformed(at, "names overlap"))?;
        if let Some(last) = self.links.last()
            && last.name.as_str() >= name
        {
            let last = &last.name;
            return Err(Error::malformed(
                at,
                format!("link `{name}` after `{last}`, expected names in order"),
            ));
        }
        self.links.push(Link {
            name: name.to_owned(),
            target: self.table.target(entry)?,
        });
        Ok(())
    }
}

/// Binary search with a comparison that may fail: where it is, or where it would be.
fn search<T>(
    items: &[T],
    mut compare: impl FnMut(&T) -> Result<Ordering>,
) -> Result<Result<usize, usize>> {
    let mut failed = None;
    let found = items.binary_search_by(|item| {
        compare(item).unwrap_or_else(|error| {
            failed = Some(error);
            Ordering::Equal
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(found),
    }
}
