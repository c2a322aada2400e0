//! Version 2 B-trees: records in order, in every node. See `spec/hdf5_storage.md#b-tree-v2`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::cmp::Ordering;

use crate::codec::Cursor;
use crate::error::{Context, Error, Result};
use crate::hdf5::format::image::Image;
use crate::hdf5::format::{Address, Sizes, checksum, file_length};

/// A version 2 B-tree, opened. We read these and never write them.
#[derive(Clone, Debug)]
pub(crate) struct BTreeV2<'a> {
    sizes: Sizes,
    image: Image<'a>,
    /// What the records are: the type of the tree, which every node repeats.
    kind: u8,
    /// Bytes of a node, used or not.
    node_size: u64,
    /// Bytes of a record.
    pub(crate) record_size: u16,
    root: Option<Child>,
    /// What nodes at each level hold, the leaves first.
    levels: Vec<Level>,
    /// How many records there are in all nodes.
    pub(crate) total: u64,
}

/// A node, as the one above it sees it.
#[derive(Clone, Copy, Debug)]
struct Child {
    address: Address,
    records: u64,
}

/// What nodes at one level hold at most, and how wide the counts of it are.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Records in all nodes below and in this one.
    all_records: u64,
    /// Bytes of such a count; none for a leaf.
    all_width: usize,
}

/// What is found on a walk through a tree.
struct Walk<'a, 'o> {
    order: &'o dyn Fn(Cursor<'a>) -> Result<Ordering>,
    found: Vec<Cursor<'a>>,
    /// Nodes do not overlap, so together they are not longer than the file.
    room: u64,
}

impl<'a> BTreeV2<'a> {
    const HEADER: [u8; 4] = *b"BTHD";
    const INTERNAL: [u8; 4] = *b"BTIN";
    const LEAF: [u8; 4] = *b"BTLF";
    /// Signature, version, type and checksum of a node.
    const NODE_HEAD: u64 = 10;
    /// So deep is no tree with nodes of two children.
    const MAX_DEPTH: u16 = 64;

    /// The tree at `at`, which must be of one of the types in `kinds`.
    pub(crate) fn open(sizes: Sizes, image: Image<'a>, at: Address, kinds: &[u8]) -> Result<Self> {
        Self::decode(sizes, image, at, kinds).within(|| "B-tree header")
    }

    fn decode(sizes: Sizes, image: Image<'a>, at: Address, kinds: &[u8]) -> Result<Self> {
        let mut from = image.cursor(at, "B-tree header")?;
        let start = from.clone();
        from.magic(&Self::HEADER, "B-tree")?;
        let at = from.offset();
        let (version, kind) = (from.u8()?, from.u8()?);
        if version != 0 || !kinds.contains(&kind) {
            return Err(Error::malformed(
                at,
                format!("B-tree version {version} of type {kind}, expected 0 of {kinds:?}"),
            ));
        }
        let node_size = u64::from(from.u32()?);
        let record_size = from.u16()?;
        let depth = from.u16()?;
        from.skip(2)?; // when nodes are split and merged
        let root = Address::decode(sizes, &mut from)?;
        let records = u64::from(from.u16()?);
        let total = sizes.decode_length(&mut from)?;
        checksum::verify(start, &mut from, "B-tree header")?;
        let levels = Self::levels(sizes, node_size, record_size, depth).ok_or_else(|| {
            Error::malformed(
                at,
                format!("nodes of {node_size} bytes with records of {record_size}, {depth} deep"),
            )
        })?;
        Ok(BTreeV2 {
            sizes,
            image,
            kind,
            node_size,
            record_size,
            root: root.map(|address| Child { address, records }),
            levels,
            total,
        })
    }

    /// How much nodes hold follows from their size, and how wide counts are from how much that is.
    fn levels(sizes: Sizes, node_size: u64, record: u16, depth: u16) -> Option<Vec<Level>> {
        let room = node_size.checked_sub(Self::NODE_HEAD)?;
        let record = u64::from(record);
        let in_leaf = room.checked_div(record)?;
        if in_leaf == 0 || depth > Self::MAX_DEPTH {
            return None;
        }
        let mut levels = vec![Level {
            all_records: in_leaf,
            all_width: 0,
        }];
        for _ in 0..depth {
            let below = *levels.last()?;
            let pointer = Self::pointer_len(sizes, in_leaf, below);
            let in_node = room
                .checked_sub(pointer)?
                .checked_div(record.checked_add(pointer)?)?;
            if in_node == 0 {
                return None;
            }
            // Trees that large do not exist; their counts would be as wide as can be.
            let all_records = in_node
                .saturating_add(1)
                .saturating_mul(below.all_records)
                .saturating_add(in_node);
            levels.push(Level {
                all_records,
                all_width: width_of(all_records),
            });
        }
        Some(levels)
    }

    /// Bytes that lead to a node: its address, how many records it holds, and with all below it.
    fn pointer_len(sizes: Sizes, in_leaf: u64, below: Level) -> u64 {
        u64::from(sizes.offset)
            .saturating_add(file_length(width_of(in_leaf)))
            .saturating_add(file_length(below.all_width))
    }

    /// All records, in order.
    pub(crate) fn records(&self) -> Result<Vec<Cursor<'a>>> {
        self.find(&|_| Ok(Ordering::Equal))
    }

    /// The records that `order` finds equal to what is looked for, rather than less or greater.
    pub(crate) fn find(
        &self,
        order: &dyn Fn(Cursor<'a>) -> Result<Ordering>,
    ) -> Result<Vec<Cursor<'a>>> {
        let mut walk = Walk {
            order,
            found: Vec::new(),
            room: self.image.len(),
        };
        if let Some(root) = self.root {
            self.search(root, &self.levels, &mut walk)?;
        }
        Ok(walk.found)
    }

    /// Looks in `node`, the last of `levels`, and below it.
    fn search(&self, node: Child, levels: &[Level], walk: &mut Walk<'a, '_>) -> Result<()> {
        let Some((_, below)) = levels.split_last() else {
            return Ok(());
        };
        let (records, children) = self.node(node, below, walk)?;
        let mut first = 0_usize;
        let mut failed = None;
        let mut compare = |record: &Cursor<'a>| {
            (walk.order)(record.clone()).unwrap_or_else(|error| {
                failed = Some(error);
                Ordering::Equal
            })
        };
        let start = records.partition_point(|record| compare(record) == Ordering::Less);
        let end = records.partition_point(|record| compare(record) != Ordering::Greater);
        if let Some(error) = failed {
            return Err(error);
        }
        // What equals a record may go on in the nodes on either side of it.
        let equal = records.get(start..end).unwrap_or_default();
        let beside = children.get(start..=end).unwrap_or_default();
        for child in beside {
            self.search(*child, below, walk)?;
            if let Some(record) = equal.get(first) {
                walk.found.push(record.clone());
            }
            first = first.saturating_add(1);
        }
        if children.is_empty() {
            walk.found.extend(equal.iter().cloned());
        }
        Ok(())
    }

    /// The records of a node, and the nodes below it; `below` are the levels of those.
    fn node(
        &self,
        node: Child,
        below: &[Level],
        walk: &mut Walk<'a, '_>,
    ) -> Result<(Vec<Cursor<'a>>, Vec<Child>)> {
        let name = "B-tree node";
        walk.room = walk.room.checked_sub(self.node_size).ok_or_else(|| {
            Error::malformed(
                self.image.offset(node.address),
                "B-tree nodes are longer than the file",
            )
        })?;
        let mut from = self.image.part(node.address, self.node_size, name)?;
        let start = from.clone();
        let signature = match below {
            [] => &Self::LEAF,
            _ => &Self::INTERNAL,
        };
        from.magic(signature, name)?;
        let at = from.offset();
        let (version, kind) = (from.u8()?, from.u8()?);
        if version != 0 || kind != self.kind {
            let expected = self.kind;
            return Err(Error::malformed(
                at,
                format!("{name} version {version} of type {kind}, expected 0 of {expected}"),
            ));
        }
        let mut records = Vec::new();
        for _ in 0..node.records {
            records.push(from.sub(self.record_size.into())?);
        }
        let mut children = Vec::new();
        if let ([leaf, ..], [.., level]) = (below, below) {
            for _ in 0..=node.records {
                let address = Address::decode_defined(self.sizes, &mut from, "a B-tree node")?;
                let records = from.uint(width_of(leaf.all_records))?;
                from.skip(level.all_width)?; // records in all nodes below
                children.push(Child { address, records });
            }
        }
        checksum::verify(start, &mut from, name)?;
        Ok((records, children))
    }
}

/// Bytes of an integer that can be `most`.
pub(crate) fn width_of(most: u64) -> usize {
    let bits = most.checked_ilog2().unwrap_or(0);
    usize::try_from(bits.checked_div(8).unwrap_or(0).saturating_add(1)).unwrap_or(8)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    /// Type 5: a hash and a heap ID of seven bytes.
    const KIND: u8 = 5;

    fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
        checksum::append(&mut bytes, 0);
        bytes
    }

    fn header(depth: u8, root: u64, records: u8, total: u8) -> Vec<u8> {
        summed(
            [
                &b"BTHD"[..],
                &[0, KIND],                    // version, type
                &[64, 0, 0, 0],                // bytes of a node
                &[11, 0],                      // bytes of a record
                &[depth, 0],                   // depth
                &[100, 40],                    // when nodes are split and merged, in percent
                &root.to_le_bytes(),           // root
                &[records, 0],                 // records in the root
                &[total, 0, 0, 0, 0, 0, 0, 0], // records in all nodes
            ]
            .concat(),
        )
    }

    fn record(hash: u32) -> Vec<u8> {
        let mut record = hash.to_le_bytes().to_vec();
        record.extend([7; 7]);
        record
    }

    fn leaf(hashes: &[u32]) -> Vec<u8> {
        let mut bytes = b"BTLF".to_vec();
        bytes.extend([0, KIND]); // version, type
        bytes.extend(hashes.iter().flat_map(|hash| record(*hash)));
        bytes = summed(bytes);
        bytes.resize(64, 0);
        bytes
    }

    /// A root with two records and three leaves.
    fn two_levels() -> Vec<u8> {
        let mut root = b"BTIN".to_vec();
        root.extend([0, KIND]); // version, type
        root.extend(record(20));
        root.extend(record(40));
        for (address, records) in [(0x80_u64, 2), (0xc0, 1), (0x100, 2)] {
            root.extend(address.to_le_bytes());
            root.push(records);
        }
        root = summed(root);
        root.resize(64, 0);
        let mut bytes = header(1, 0x40, 2, 7);
        bytes.resize(0x40, 0);
        for part in [root, leaf(&[5, 10]), leaf(&[20]), leaf(&[40, 60])] {
            bytes.extend(part);
        }
        bytes
    }

    fn open(bytes: &[u8]) -> Result<BTreeV2<'_>> {
        BTreeV2::open(Sizes::EIGHT, Image::new(bytes, 0), Address(0), &[KIND, 6])
    }

    fn hashes(found: &[Cursor<'_>]) -> Vec<u32> {
        let hash = |record: &Cursor<'_>| record.clone().u32().unwrap();
        found.iter().map(hash).collect()
    }

    fn find(bytes: &[u8], wanted: u32) -> Vec<u32> {
        let order = |mut record: Cursor<'_>| Ok(record.u32()?.cmp(&wanted));
        hashes(&open(bytes).unwrap().find(&order).unwrap())
    }

    #[test]
    fn a_single_leaf() {
        let mut bytes = header(0, 0x40, 3, 3);
        bytes.resize(0x40, 0);
        bytes.extend(leaf(&[1, 2, 2]));
        let tree = open(&bytes).unwrap();
        assert_eq!((tree.record_size, tree.total), (11, 3));
        assert_eq!(hashes(&tree.records().unwrap()), [1, 2, 2]);
        assert_eq!(find(&bytes, 2), [2, 2]);
        assert!(find(&bytes, 3).is_empty());
    }

    #[test]
    fn records_are_in_every_node() {
        let bytes = two_levels();
        let tree = open(&bytes).unwrap();
        assert_eq!(
            hashes(&tree.records().unwrap()),
            [5, 10, 20, 20, 40, 40, 60]
        );
        for (wanted, expected) in [
            (5, &[5][..]),
            (20, &[20, 20]),
            (40, &[40, 40]),
            (60, &[60]),
            (30, &[]),
            (61, &[]),
        ] {
            assert_eq!(find(&bytes, wanted), expected);
        }
    }

    #[test]
    fn no_root_is_no_records() {
        let bytes = header(0, u64::MAX, 0, 0);
        assert!(open(&bytes).unwrap().records().unwrap().is_empty());
    }

    #[test]
    fn widths_follow_from_sizes() {
        for (most, width) in [(0, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 3)] {
            assert_eq!(width_of(most), width);
        }
        assert_eq!(width_of(u64::MAX), 8);
        // As libhdf5 has it for links: 512 bytes a node, 45 records a leaf, 24 above.
        let levels = BTreeV2::levels(Sizes::EIGHT, 512, 11, 2).unwrap();
        let found: Vec<_> = levels
            .iter()
            .map(|level| (level.all_records, level.all_width))
            .collect();
        assert_eq!(found, [(45, 0), (45 * 25 + 24, 2), (1149 * 23 + 22, 2)]);
    }

    #[test]
    fn what_is_wrong() {
        let check = |at: usize, value: u8, sum: Option<(usize, usize)>, message: &str| {
            let mut bytes = two_levels();
            bytes[at] = value;
            if let Some((start, end)) = sum {
                let part = summed(bytes[start..end].to_vec());
                bytes[start..end + 4].copy_from_slice(&part);
            }
            let found = open(&bytes).and_then(|tree| tree.records());
            let error = found.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        };
        let head = Some((0, 34));
        check(0, b'x', None, "B-tree signature `xTHD`, expected `BTHD`");
        check(
            5,
            7,
            head,
            "B-tree version 0 of type 7, expected 0 of [5, 6]",
        );
        check(6, 1, None, "B-tree header checksum");
        check(6, 20, head, "nodes of 20 bytes with records of 11, 1 deep");
        check(10, 0, head, "nodes of 64 bytes with records of 0, 1 deep");
        check(
            0x40,
            b'x',
            None,
            "B-tree node signature `xTIN`, expected `BTIN`",
        );
        check(
            0x45,
            6,
            None,
            "B-tree node version 0 of type 6, expected 0 of 5",
        );
        check(0x50, 1, None, "B-tree node checksum");
        check(
            0x80,
            b'x',
            None,
            "B-tree node signature `xTLF`, expected `BTLF`",
        );
        // A leaf that leads to itself is no leaf, but the root can lead to one leaf many times.
        let mut bytes = two_levels();
        bytes.truncate(0xc0);
        let children = 0x40 + 6 + 22;
        for child in 0..3 {
            bytes[children + 9 * child] = 0x80;
            bytes[children + 9 * child + 8] = 2;
        }
        let root = summed(bytes[0x40..children + 27].to_vec());
        bytes[0x40..children + 31].copy_from_slice(&root);
        let error = open(&bytes).unwrap().records().unwrap_err();
        assert_eq!(error.message(), "B-tree nodes are longer than the file");
    }
}
