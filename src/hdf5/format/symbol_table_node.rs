//! Symbol table nodes: the leaves of an old-style group. See `spec/hdf5.md#symbol-table-node`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes, short_length};

/// A link of an old-style group: a name in the group's local heap and what it leads to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SymbolTableEntry {
    /// Where in the local heap's data the name begins.
    pub name: u64,
    /// The object header; undefined for a soft link.
    pub header: Option<Address>,
    /// What is known of the object without opening it.
    pub cache: Cache,
}

/// What a symbol table entry repeats of the object it leads to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cache {
    /// Nothing.
    None,
    /// The object is a group with these structures.
    Group {
        /// Its B-tree.
        btree: Address,
        /// Its local heap.
        heap: Address,
    },
    /// The entry is a soft link.
    SoftLink {
        /// Where in the local heap's data the target path begins.
        target: u32,
    },
}

impl SymbolTableEntry {
    const NOTHING: u32 = 0;
    const GROUP: u32 = 1;
    const SOFT_LINK: u32 = 2;
    const SCRATCH: u64 = 16;

    /// The bytes of one entry as written.
    pub(crate) const WRITTEN_LEN: usize = 40;

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let name = sizes.decode_length(from)?;
        let header = Address::decode(sizes, from)?;
        let at = from.offset();
        let kind = from.u32()?;
        from.skip(4)?;
        let mut scratch = from.sub(Self::SCRATCH)?;
        let cache = match kind {
            Self::NOTHING => Cache::None,
            Self::GROUP => {
                let btree = Address::decode(sizes, &mut scratch)?;
                let heap = Address::decode(sizes, &mut scratch)?;
                match (btree, heap) {
                    (Some(btree), Some(heap)) => Cache::Group { btree, heap },
                    _ => Cache::None,
                }
            }
            Self::SOFT_LINK => Cache::SoftLink {
                target: scratch.u32()?,
            },
            kind => {
                return Err(Error::malformed(
                    at,
                    format!("symbol table entry cache type {kind}, expected 0, 1 or 2"),
                ));
            }
        };
        Ok(SymbolTableEntry {
            name,
            header,
            cache,
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        to.put_u64(self.name);
        Address::encode(self.header, to);
        match self.cache {
            Cache::None => {
                to.put_u32(Self::NOTHING);
                to.put_zeros(20);
            }
            Cache::Group { btree, heap } => {
                to.put_u32(Self::GROUP);
                to.put_zeros(4);
                Address::encode(Some(btree), to);
                Address::encode(Some(heap), to);
            }
            Cache::SoftLink { target } => {
                to.put_u32(Self::SOFT_LINK);
                to.put_zeros(4);
                to.put_u32(target);
                to.put_zeros(12);
            }
        }
    }
}

/// Up to `2 * leaf_k` links of an old-style group, ordered by the bytes of their names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SymbolTableNode {
    /// The links.
    pub entries: Vec<SymbolTableEntry>,
}

impl SymbolTableNode {
    const SIGNATURE: [u8; 4] = *b"SNOD";
    const VERSION: u8 = 1;

    /// The bytes of a node as written, however few entries are used.
    pub(crate) fn written_len(leaf_k: u16) -> usize {
        usize::from(leaf_k)
            .saturating_mul(2)
            .saturating_mul(SymbolTableEntry::WRITTEN_LEN)
            .saturating_add(8)
    }

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        from.magic(&Self::SIGNATURE, "symbol table node")?;
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("symbol table node version {version}, expected 1"),
            ));
        }
        from.skip(1)?;
        let used = from.u16()?;
        let entries = (0..used)
            .map(|_| SymbolTableEntry::decode(sizes, from))
            .collect::<Result<_>>()?;
        Ok(SymbolTableNode { entries })
    }

    /// Writes a node with room for `2 * leaf_k` entries; it must not hold more.
    pub(crate) fn encode(&self, leaf_k: u16, to: &mut Vec<u8>) {
        let end = to.len().saturating_add(Self::written_len(leaf_k));
        to.extend(Self::SIGNATURE);
        to.put_u8(Self::VERSION);
        to.put_u8(0);
        to.put_u16(short_length(self.entries.len()));
        for entry in &self.entries {
            entry.encode(to);
        }
        assert!(
            to.len() <= end,
            "a symbol table node holds 2 * leaf_k links"
        );
        to.resize(end, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entry() {
        check(
            SymbolTableNode {
                entries: vec![
                    SymbolTableEntry {
                        name: 8,
                        header: Some(Address(0x320)),
                        cache: Cache::None,
                    },
                    SymbolTableEntry {
                        name: 16,
                        header: Some(Address(0x400)),
                        cache: Cache::Group {
                            btree: Address(0x428),
                            heap: Address(0x648),
                        },
                    },
                    SymbolTableEntry {
                        name: 24,
                        header: None,
                        cache: Cache::SoftLink { target: 32 },
                    },
                ],
            },
            &[
                b"SNOD",
                &[1, 0, 3, 0], // version, -, entries used
                //
                &[8, 0, 0, 0, 0, 0, 0, 0],    // name
                &[0x20, 3, 0, 0, 0, 0, 0, 0], // object header
                &[0, 0, 0, 0, 0, 0, 0, 0],    // cache type: nothing
                &[0; 16],                     // scratch
                //
                &[16, 0, 0, 0, 0, 0, 0, 0],
                &[0, 4, 0, 0, 0, 0, 0, 0],
                &[1, 0, 0, 0, 0, 0, 0, 0],    // cache type: group
                &[0x28, 4, 0, 0, 0, 0, 0, 0], // B-tree
                &[0x48, 6, 0, 0, 0, 0, 0, 0], // local heap
                //
                &[24, 0, 0, 0, 0, 0, 0, 0],
                &[0xff; 8],                // no object header
                &[2, 0, 0, 0, 0, 0, 0, 0], // cache type: soft link
                &[32, 0, 0, 0],            // target
                &[0; 12],
                //
                &[0; 40], // room for a fourth
            ],
        );
    }

    #[test]
    fn what_is_wrong() {
        fails(
            b"SNOD\x02\0\0\0",
            "symbol table node version 2, expected 1 (at byte 0x4)",
        );
        fails(
            b"SNOD\x01\0\x01\0",
            "0 bytes left, expected 8 (at byte 0x8)",
        );
        let mut bytes = b"SNOD\x01\0\x01\0".to_vec();
        bytes.extend([[0; 8], [0; 8], [3; 8], [0; 8], [0; 8]].concat());
        fails(
            &bytes,
            "symbol table entry cache type 50529027, expected 0, 1 or 2 (at byte 0x18)",
        );
    }

    #[track_caller]
    fn check(node: SymbolTableNode, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        node.encode(2, &mut encoded);
        assert_eq!(encoded, bytes);
        assert_eq!(encoded.len(), SymbolTableNode::written_len(2));
        let mut from = Cursor::new(&bytes, 0);
        let decoded = SymbolTableNode::decode(Sizes::EIGHT, &mut from).unwrap();
        assert_eq!(decoded, node);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = SymbolTableNode::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
