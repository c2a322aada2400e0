//! The superblock: what a file declares about itself. See `spec/hdf5.md#superblock`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::symbol_table_node::SymbolTableEntry;
use crate::hdf5::format::{Address, Sizes, checksum};

/// The eight bytes that begin every HDF5 file, at offset 0, 512, 1024, 2048, ….
pub(crate) const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// What a file declares about itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Superblock {
    /// The widths of the addresses and lengths in the file. The encoder writes 8 and 8.
    pub sizes: Sizes,
    /// Where in the file address 0 is.
    pub base: u64,
    /// One past the last byte of the file, counted from its start.
    pub end_of_file: u64,
    /// What depends on the version.
    pub kind: Kind,
}

/// What depends on the superblock's version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Versions 0 and 1: groups are symbol tables of these widths.
    Classic {
        /// 0, or 1 if the file may also hold chunk B-trees of another width.
        version: u8,
        /// Half the number of entries that a symbol table node holds.
        leaf_k: u16,
        /// Half the number of children that a group B-tree node holds.
        internal_k: u16,
        /// The root group.
        root: SymbolTableEntry,
    },
    /// Versions 2 and 3: a checksum, and nothing that concerns old-style groups.
    Compact {
        /// 2, or 3 if `flags` mark a file as open for writing.
        version: u8,
        /// Consistency flags.
        flags: u8,
        /// An object header with further messages about the file.
        extension: Option<Address>,
        /// The root group's object header.
        root: Address,
    },
}

impl Superblock {
    /// Half widths of symbol table nodes and group B-tree nodes, as every Keras version has them.
    pub(crate) const DEFAULT_LEAF_K: u16 = 4;
    /// See [`DEFAULT_LEAF_K`](Self::DEFAULT_LEAF_K).
    pub(crate) const DEFAULT_INTERNAL_K: u16 = 16;

    /// 0, 1, 2 or 3.
    pub(crate) fn version(&self) -> u8 {
        match self.kind {
            Kind::Classic { version, .. } | Kind::Compact { version, .. } => version,
        }
    }

    /// The root group's object header.
    pub(crate) fn root(&self) -> Option<Address> {
        match &self.kind {
            Kind::Classic { root, .. } => root.header,
            Kind::Compact { root, .. } => Some(*root),
        }
    }

    /// The object header with further messages about the file.
    pub(crate) fn extension(&self) -> Option<Address> {
        match &self.kind {
            Kind::Classic { .. } => None,
            Kind::Compact { extension, .. } => *extension,
        }
    }

    pub(crate) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        let start = from.clone();
        from.magic(&SIGNATURE, "superblock")?;
        let at = from.offset();
        match from.u8()? {
            version @ 0..=1 => Self::decode_classic(version, from),
            version @ 2..=3 => Self::decode_compact(version, from, start),
            version => Err(Error::unsupported(
                at,
                format!("superblock version {version}, expected 0 to 3"),
            )),
        }
    }

    fn decode_classic(version: u8, from: &mut Cursor<'_>) -> Result<Self> {
        // Versions of the free space, the root entry and the shared header: always 0.
        from.skip(4)?;
        let sizes = Self::decode_sizes(from)?;
        from.skip(1)?;
        let leaf_k = from.u16()?;
        let internal_k = from.u16()?;
        from.skip(4)?; // consistency flags, unused before version 3
        if version == 1 {
            from.skip(4)?; // width of chunk B-trees, and padding
        }
        let base = from.uint(sizes.offset.into())?;
        Address::decode(sizes, from)?; // free space, never written
        let end_of_file = from.uint(sizes.offset.into())?;
        Address::decode(sizes, from)?; // driver information
        let root = SymbolTableEntry::decode(sizes, from)?;
        Ok(Superblock {
            sizes,
            base,
            end_of_file,
            kind: Kind::Classic {
                version,
                leaf_k,
                internal_k,
                root,
            },
        })
    }

    fn decode_compact(version: u8, from: &mut Cursor<'_>, start: Cursor<'_>) -> Result<Self> {
        let sizes = Self::decode_sizes(from)?;
        let flags = from.u8()?;
        let base = from.uint(sizes.offset.into())?;
        let extension = Address::decode(sizes, from)?;
        let end_of_file = from.uint(sizes.offset.into())?;
        let root = Address::decode_defined(sizes, from, "the root group")?;
        checksum::verify(start, from, "superblock")?;
        Ok(Superblock {
            sizes,
            base,
            end_of_file,
            kind: Kind::Compact {
                version,
                flags,
                extension,
                root,
            },
        })
    }

    fn decode_sizes(from: &mut Cursor<'_>) -> Result<Sizes> {
        let mut width = |what: &str| {
            let at = from.offset();
            match from.u8()? {
                width @ (2 | 4 | 8) => Ok(width),
                width => Err(Error::unsupported(
                    at,
                    format!("{what} of {width} bytes, expected 2, 4 or 8"),
                )),
            }
        };
        Ok(Sizes {
            offset: width("addresses")?,
            length: width("lengths")?,
        })
    }

    fn put_sizes(to: &mut Vec<u8>) {
        to.put_u8(Sizes::EIGHT.offset);
        to.put_u8(Sizes::EIGHT.length);
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        let start = to.len();
        to.extend(SIGNATURE);
        to.put_u8(self.version());
        match &self.kind {
            Kind::Classic {
                version,
                leaf_k,
                internal_k,
                root,
            } => {
                to.put_zeros(4);
                Self::put_sizes(to);
                to.put_zeros(1);
                to.put_u16(*leaf_k);
                to.put_u16(*internal_k);
                to.put_zeros(4);
                if *version == 1 {
                    to.put_zeros(4);
                }
                to.put_u64(self.base);
                Address::encode(None, to);
                to.put_u64(self.end_of_file);
                Address::encode(None, to);
                root.encode(to);
            }
            Kind::Compact {
                flags,
                extension,
                root,
                ..
            } => {
                Self::put_sizes(to);
                to.put_u8(*flags);
                to.put_u64(self.base);
                Address::encode(*extension, to);
                to.put_u64(self.end_of_file);
                Address::encode(Some(*root), to);
                checksum::append(to, start);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hdf5::format::symbol_table_node::Cache;

    #[test]
    fn version_0() {
        check(
            Superblock {
                sizes: Sizes::EIGHT,
                base: 0,
                end_of_file: 0x1000,
                kind: Kind::Classic {
                    version: 0,
                    leaf_k: 4,
                    internal_k: 16,
                    root: SymbolTableEntry {
                        name: 0,
                        header: Some(Address(0x60)),
                        cache: Cache::Group {
                            btree: Address(0x88),
                            heap: Address(0x2a8),
                        },
                    },
                },
            },
            &[
                &SIGNATURE,
                &[0, 0, 0, 0, 0], // versions of superblock, free space, root, -, shared
                &[8, 8, 0],       // bytes of an address, of a length, -
                &[4, 0, 16, 0],   // leaf K, internal K
                &[0; 4],          // consistency flags
                &[0; 8],          // base
                &[0xff; 8],       // free space
                &[0, 0x10, 0, 0, 0, 0, 0, 0], // end of file
                &[0xff; 8],       // driver information
                &[0; 8],          // root: name
                &[0x60, 0, 0, 0, 0, 0, 0, 0], // root: object header
                &[1, 0, 0, 0, 0, 0, 0, 0], // root: cache type, -
                &[0x88, 0, 0, 0, 0, 0, 0, 0], // root: B-tree
                &[0xa8, 2, 0, 0, 0, 0, 0, 0], // root: local heap
            ],
        );
    }

    #[test]
    fn version_2() {
        check(
            Superblock {
                sizes: Sizes::EIGHT,
                base: 0x200,
                end_of_file: 0x1000,
                kind: Kind::Compact {
                    version: 2,
                    flags: 0,
                    extension: None,
                    root: Address(0x30),
                },
            },
            &[
                &SIGNATURE,
                &[2, 8, 8, 0], // version, bytes of an address, of a length, flags
                &[0, 2, 0, 0, 0, 0, 0, 0], // base
                &[0xff; 8],    // extension
                &[0, 0x10, 0, 0, 0, 0, 0, 0], // end of file
                &[0x30, 0, 0, 0, 0, 0, 0, 0], // root group
                &[0x5b, 0xa3, 0x53, 0x2c], // checksum
            ],
        );
    }

    #[test]
    fn what_is_wrong() {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([4, 0, 0, 0, 0, 8, 8]);
        fails(
            &bytes,
            "superblock version 4, expected 0 to 3 (at byte 0x8)",
        );
        bytes[8..].copy_from_slice(&[0, 0, 0, 0, 0, 3, 8]);
        fails(
            &bytes,
            "addresses of 3 bytes, expected 2, 4 or 8 (at byte 0xd)",
        );
        bytes[0] = b'x';
        fails(
            &bytes,
            "superblock signature `xHDF\\r\\n\\x1a\\n`, expected `\\x89HDF\\r\\n\\x1a\\n` (at byte 0x0)",
        );
    }

    #[track_caller]
    fn check(superblock: Superblock, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        superblock.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(Superblock::decode(&mut from).unwrap(), superblock);
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = Superblock::decode(&mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
