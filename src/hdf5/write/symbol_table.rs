//! How a classic group finds its links: symbol table nodes, a B-tree above them, and a heap with
//! the names. See `spec/hdf5.md#symbol-tables`.

use super::place::{Place, Target};
use crate::hdf5::format::btree_v1::GroupNode;
use crate::hdf5::format::local_heap::{LocalHeap, Names};
use crate::hdf5::format::message::symbol_table::SymbolTable;
use crate::hdf5::format::superblock::Superblock;
use crate::hdf5::format::symbol_table_node::{Cache, SymbolTableEntry, SymbolTableNode};
use crate::hdf5::format::{Address, file_length};

const LEAF_K: u16 = Superblock::DEFAULT_LEAF_K;
const INTERNAL_K: u16 = Superblock::DEFAULT_INTERNAL_K;

/// Links in a symbol table node.
const PER_LEAF: usize = 2 * LEAF_K as usize;
/// Children of a B-tree node.
const PER_NODE: usize = 2 * INTERNAL_K as usize;

/// A node of the level being built, as its parent knows it.
struct Child {
    address: Address,
    /// The offset of its last name: the key behind it.
    last: u64,
}

/// Appends the structures of a group with these `links`, sorted by name.
///
/// The end of `to` is at `at` in the file. From there on follow the symbol table nodes, the levels
/// of the B-tree from the lowest to the root, and the names: each only refers to what is before
/// it, so one pass finds all addresses.
pub(super) fn encode(
    links: &[(String, Target)],
    places: &[Place],
    at: u64,
    to: &mut Vec<u8>,
) -> SymbolTable {
    let mut out = Out {
        start: at,
        skipped: to.len(),
        to,
    };
    let mut names = Names::new();
    let mut level = leaves(links, places, &mut names, &mut out);
    let mut height = 0;
    let btree = loop {
        level = nodes(height, &level, &mut out);
        match level.as_slice() {
            [root] => break root.address,
            _ => height += 1,
        }
    };
    let heap = out.address();
    let header = LocalHeap {
        size: names.len(),
        free: None,
        data: Address(heap.0 + LocalHeap::WRITTEN_LEN),
    };
    header.encode(out.to);
    names.encode(out.to);
    SymbolTable { btree, heap }
}

/// Bytes that know where in the file they are.
struct Out<'t> {
    /// Where the structures begin in the file.
    start: u64,
    /// What is in `to` already.
    skipped: usize,
    to: &'t mut Vec<u8>,
}

impl Out<'_> {
    /// Where the next structure goes.
    fn address(&self) -> Address {
        Address(self.start + file_length(self.to.len() - self.skipped))
    }
}

fn leaves(
    links: &[(String, Target)],
    places: &[Place],
    names: &mut Names,
    out: &mut Out<'_>,
) -> Vec<Child> {
    let mut level = Vec::new();
    for links in links.chunks(PER_LEAF) {
        let entries: Vec<SymbolTableEntry> = links
            .iter()
            .map(|(name, target)| entry(name, target, places, names))
            .collect();
        level.push(Child {
            address: out.address(),
            last: entries.last().map_or(0, |entry| entry.name),
        });
        SymbolTableNode { entries }.encode(LEAF_K, out.to);
    }
    level
}

fn entry(name: &str, target: &Target, places: &[Place], names: &mut Names) -> SymbolTableEntry {
    let name = names.add(name);
    match target {
        Target::Soft(path) => {
            // Offsets in the heap of a group fit, or its names would have 4 GiB.
            let target = u32::try_from(names.add(path)).unwrap_or(u32::MAX);
            SymbolTableEntry {
                name,
                header: None,
                cache: Cache::SoftLink { target },
            }
        }
        Target::Node(child) => {
            let place = places.get(*child).copied().unwrap_or_default();
            place.entry(name)
        }
    }
}

/// One level of the B-tree above `children`; above none there is one empty node.
fn nodes(height: u8, children: &[Child], out: &mut Out<'_>) -> Vec<Child> {
    let size = file_length(GroupNode::written_len(INTERNAL_K));
    let count = children.len().div_ceil(PER_NODE).max(1);
    let first = out.address();
    let address = |i: usize| Address(first.0 + size * file_length(i));
    let mut level = Vec::with_capacity(count);
    let mut left_key = 0; // the empty name, before all others
    for i in 0..count {
        let start = i * PER_NODE;
        let end = children.len().min(start + PER_NODE);
        let children = children.get(start..end).unwrap_or_default();
        let mut keys = Vec::with_capacity(PER_NODE + 1);
        if !children.is_empty() {
            keys.push(left_key);
            keys.extend(children.iter().map(|child| child.last));
        }
        left_key = keys.last().copied().unwrap_or(0);
        level.push(Child {
            address: address(i),
            last: left_key,
        });
        let node = GroupNode {
            level: height,
            left: i.checked_sub(1).map(address),
            right: (i + 1 < count).then(|| address(i + 1)),
            keys,
            children: children.iter().map(|child| child.address).collect(),
        };
        node.encode(INTERNAL_K, out.to);
    }
    level
}
