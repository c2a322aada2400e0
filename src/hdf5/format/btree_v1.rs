//! Version 1 B-tree nodes, as old-style groups use them; chunks have theirs in `chunk_index`.
//! See `spec/hdf5.md#b-tree-v1`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes, short_length};

/// What every version 1 B-tree node begins with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeHead {
    /// Height above the leaves; the children of a node at level 0 are not B-tree nodes.
    pub level: u8,
    /// The number of children.
    pub used: u16,
    /// The node to the left at the same level.
    pub left: Option<Address>,
    /// The node to the right at the same level.
    pub right: Option<Address>,
}

impl NodeHead {
    const SIGNATURE: [u8; 4] = *b"TREE";

    /// Reads the head of a node that must be of type `kind`.
    pub(crate) fn decode(sizes: Sizes, kind: u8, from: &mut Cursor<'_>) -> Result<Self> {
        from.magic(&Self::SIGNATURE, "B-tree node")?;
        let at = from.offset();
        let found = from.u8()?;
        if found != kind {
            return Err(Error::malformed(
                at,
                format!("B-tree node type {found}, expected {kind}"),
            ));
        }
        Ok(NodeHead {
            level: from.u8()?,
            used: from.u16()?,
            left: Address::decode(sizes, from)?,
            right: Address::decode(sizes, from)?,
        })
    }

    fn encode(&self, kind: u8, to: &mut Vec<u8>) {
        to.extend(Self::SIGNATURE);
        to.put_u8(kind);
        to.put_u8(self.level);
        to.put_u16(self.used);
        Address::encode(self.left, to);
        Address::encode(self.right, to);
    }
}

/// A node of the B-tree over an old-style group's links.
///
/// Child `i` holds the names `n` with `keys[i] < n <= keys[i + 1]`; so there is one key more than
/// there are children, except in an empty node, which has neither.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupNode {
    /// Height above the leaves; the children of a node at level 0 are symbol table nodes.
    pub level: u8,
    /// The node to the left at the same level.
    pub left: Option<Address>,
    /// The node to the right at the same level.
    pub right: Option<Address>,
    /// Where in the local heap's data the bounding names begin.
    pub keys: Vec<u64>,
    /// B-tree nodes, or symbol table nodes.
    pub children: Vec<Address>,
}

impl GroupNode {
    const KIND: u8 = 0;

    /// The bytes of a node as written, however few children are used.
    pub(crate) fn written_len(internal_k: u16) -> usize {
        usize::from(internal_k)
            .saturating_mul(4)
            .saturating_add(1)
            .saturating_mul(8)
            .saturating_add(24)
    }

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let head = NodeHead::decode(sizes, Self::KIND, from)?;
        let mut keys = Vec::new();
        let mut children = Vec::new();
        for _ in 0..head.used {
            keys.push(sizes.decode_length(from)?);
            children.push(Address::decode_defined(sizes, from, "a B-tree child")?);
        }
        if head.used > 0 {
            keys.push(sizes.decode_length(from)?);
        }
        Ok(GroupNode {
            level: head.level,
            left: head.left,
            right: head.right,
            keys,
            children,
        })
    }

    /// Writes a node with room for `2 * internal_k` children; it must not hold more.
    pub(crate) fn encode(&self, internal_k: u16, to: &mut Vec<u8>) {
        let end = to.len().saturating_add(Self::written_len(internal_k));
        let head = NodeHead {
            level: self.level,
            used: short_length(self.children.len()),
            left: self.left,
            right: self.right,
        };
        head.encode(Self::KIND, to);
        for (key, child) in self.keys.iter().zip(&self.children) {
            to.put_u64(*key);
            Address::encode(Some(*child), to);
        }
        if let Some(last) = self.keys.get(self.children.len()) {
            to.put_u64(*last);
        }
        assert!(
            to.len() <= end,
            "a B-tree node holds 2 * internal_k children"
        );
        to.resize(end, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_children() {
        check(
            GroupNode {
                level: 1,
                left: None,
                right: Some(Address(0x900)),
                keys: vec![0, 8, 24],
                children: vec![Address(0x320), Address(0x468)],
            },
            &[
                b"TREE",
                &[0, 1, 2, 0],                // type: group, level, children used
                &[0xff; 8],                   // left
                &[0, 9, 0, 0, 0, 0, 0, 0],    // right
                &[0; 8],                      // key 0: below every name
                &[0x20, 3, 0, 0, 0, 0, 0, 0], // child 0
                &[8, 0, 0, 0, 0, 0, 0, 0],    // key 1: the last name in child 0
                &[0x68, 4, 0, 0, 0, 0, 0, 0], // child 1
                &[24, 0, 0, 0, 0, 0, 0, 0],   // key 2: the last name in child 1
                &[0; 32],                     // room for two more
            ],
        );
    }

    #[test]
    fn no_children() {
        check(
            GroupNode {
                level: 0,
                left: None,
                right: None,
                keys: vec![],
                children: vec![],
            },
            &[b"TREE", &[0, 0, 0, 0], &[0xff; 8], &[0xff; 8], &[0; 72]],
        );
    }

    #[test]
    fn what_is_wrong() {
        fails(
            b"TREE\x01\0\0\0",
            "B-tree node type 1, expected 0 (at byte 0x4)",
        );
        let mut bytes = b"TREE\0\0\x01\0".to_vec();
        bytes.extend([0xff; 16]);
        bytes.extend([0; 8]);
        fails(&bytes, "0 bytes left, expected 8 (at byte 0x20)");
        bytes.extend([0xff; 8]);
        fails(
            &bytes,
            "undefined address of a B-tree child, expected one (at byte 0x20)",
        );
    }

    #[track_caller]
    fn check(node: GroupNode, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        node.encode(2, &mut encoded);
        assert_eq!(encoded, bytes);
        assert_eq!(encoded.len(), 24 + 9 * 8);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(GroupNode::decode(Sizes::EIGHT, &mut from).unwrap(), node);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = GroupNode::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
