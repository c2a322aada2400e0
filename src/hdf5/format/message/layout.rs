//! Layout message (0x0008): where a dataset's elements are. See `spec/hdf5.md#layout`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes, short_length};

/// Where a dataset's elements are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In this message.
    Compact(Vec<u8>),
    /// In one piece.
    Contiguous {
        /// Where the piece begins; undefined if nothing was ever written.
        address: Option<Address>,
        /// Its length in bytes; versions 1 and 2 leave it to shape and type.
        size: Option<u64>,
    },
    /// In pieces of equal shape.
    Chunked(Chunked),
    /// In other datasets, as the global heap says.
    Virtual,
}

/// How a dataset is cut into pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunked {
    /// The shape of a chunk.
    pub(crate) dims: Vec<u64>,
    /// Bytes of one element.
    pub(crate) element_size: u64,
    /// How chunks are found.
    pub(crate) index: ChunkIndex,
    /// Where the index is; undefined if there are no chunks.
    pub(crate) address: Option<Address>,
    /// Chunks that reach over the edge are stored without filters.
    pub(crate) partial_edges_unfiltered: bool,
}

/// How chunks are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkIndex {
    /// A version-1 B-tree: layouts before version 4.
    BTreeV1,
    /// There is only one.
    Single {
        /// If it went through filters: its stored size, and which filters were left out.
        filtered: Option<(u64, u32)>,
    },
    /// All are there, in order, at their full size.
    Implicit,
    /// A table of fixed size.
    FixedArray {
        /// The logarithm of how many entries make a page.
        page_bits: u8,
    },
    /// A table that grows along one dimension.
    ExtensibleArray {
        /// The logarithm of how many entries there may be.
        max_bits: u8,
        /// How many entries the index block holds.
        index_elements: u8,
        /// The least number of pointers in a super block.
        min_pointers: u8,
        /// The least number of entries in a data block.
        min_elements: u8,
        /// The logarithm of how many entries make a page.
        page_bits: u8,
    },
    /// A version-2 B-tree.
    BTreeV2 {
        /// Bytes of a node.
        node_size: u32,
        /// When a node is split, in percent of its size.
        split_percent: u8,
        /// When two nodes are merged, in percent of their size.
        merge_percent: u8,
    },
}

impl Layout {
    const COMPACT: u8 = 0;
    const CONTIGUOUS: u8 = 1;
    const CHUNKED: u8 = 2;
    const VIRTUAL: u8 = 3;

    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Layout::Compact(_) => "compact",
            Layout::Contiguous { .. } => "contiguous",
            Layout::Chunked(_) => "chunked",
            Layout::Virtual => "virtual",
        }
    }

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        match from.u8()? {
            1 | 2 => Self::decode_old(sizes, from),
            version @ 3..=5 => Self::decode_new(version, sizes, from),
            version => Err(Error::malformed(
                at,
                format!("layout version {version}, expected 1 to 5"),
            )),
        }
    }

    /// Versions 1 and 2, which repeat the shape in four bytes a dimension.
    fn decode_old(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let rank = from.u8()?;
        let class = from.u8()?;
        from.skip(5)?; // reserved
        let address = match class {
            Self::COMPACT => None,
            _ => Address::decode(sizes, from)?,
        };
        let dims = decode_dims(at, rank, 4, from)?;
        match class {
            Self::COMPACT => {
                let size = from.u32()?;
                let data = from.bytes_u64(u64::from(size))?;
                Ok(Layout::Compact(data.to_vec()))
            }
            Self::CONTIGUOUS => Ok(Layout::Contiguous {
                address,
                size: None,
            }),
            Self::CHUNKED => Chunked::checked(at, dims, ChunkIndex::BTreeV1, address),
            _ => Err(class_error(at, class, 2)),
        }
    }

    fn decode_new(version: u8, sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        match (from.u8()?, version) {
            (Self::COMPACT, _) => {
                let size = from.u16()?;
                Ok(Layout::Compact(from.bytes(usize::from(size))?.to_vec()))
            }
            (Self::CONTIGUOUS, _) => Ok(Layout::Contiguous {
                address: Address::decode(sizes, from)?,
                size: Some(sizes.decode_length(from)?),
            }),
            (Self::CHUNKED, 3) => {
                let rank = from.u8()?;
                let address = Address::decode(sizes, from)?;
                let dims = decode_dims(at, rank, 4, from)?;
                Chunked::checked(at, dims, ChunkIndex::BTreeV1, address)
            }
            (Self::CHUNKED, _) => Chunked::decode(sizes, from),
            (Self::VIRTUAL, 4 | 5) => {
                Address::decode(sizes, from)?;
                from.skip(4)?; // index in the global heap
                Ok(Layout::Virtual)
            }
            (class, 3) => Err(class_error(at, class, 2)),
            (class, _) => Err(class_error(at, class, 3)),
        }
    }

    /// Appends version 3. Chunked and virtual datasets are never written.
    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        to.put_u8(3);
        match self {
            Layout::Compact(data) => {
                to.put_u8(Self::COMPACT);
                to.put_u16(short_length(data.len()));
                to.extend(data);
            }
            Layout::Contiguous { address, size } => {
                to.put_u8(Self::CONTIGUOUS);
                Address::encode(*address, to);
                to.put_u64(size.unwrap_or(0));
            }
            Layout::Chunked(_) | Layout::Virtual => {
                debug_assert!(false, "only contiguous and compact datasets are written");
            }
        }
    }
}

impl Chunked {
    const PARTIAL_EDGES_UNFILTERED: u8 = 0b01;
    const SINGLE_FILTERED: u8 = 0b10;

    /// `dims` as stored: the shape of a chunk and behind it the size of an element.
    fn checked(
        at: u64,
        mut dims: Vec<u64>,
        index: ChunkIndex,
        address: Option<Address>,
    ) -> Result<Layout> {
        let element_size = dims.pop().unwrap_or(0);
        if element_size == 0 || dims.is_empty() || dims.contains(&0) {
            return Err(Error::malformed(
                at,
                format!("chunks of shape {dims:?} with elements of {element_size} bytes"),
            ));
        }
        Ok(Layout::Chunked(Chunked {
            dims,
            element_size,
            index,
            address,
            partial_edges_unfiltered: false,
        }))
    }

    /// Versions 4 and 5, behind the class.
    fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Layout> {
        let at = from.offset();
        let flags = from.u8()?;
        let rank = from.u8()?;
        let width = from.u8()?;
        let dims = decode_dims(at, rank, width, from)?;
        let index = ChunkIndex::decode(sizes, flags & Self::SINGLE_FILTERED != 0, from)?;
        let address = Address::decode(sizes, from)?;
        let mut layout = Self::checked(at, dims, index, address)?;
        if let Layout::Chunked(chunked) = &mut layout {
            chunked.partial_edges_unfiltered = flags & Self::PARTIAL_EDGES_UNFILTERED != 0;
        }
        Ok(layout)
    }
}

impl ChunkIndex {
    fn decode(sizes: Sizes, single_filtered: bool, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        match from.u8()? {
            1 if single_filtered => Ok(ChunkIndex::Single {
                filtered: Some((sizes.decode_length(from)?, from.u32()?)),
            }),
            1 => Ok(ChunkIndex::Single { filtered: None }),
            2 => Ok(ChunkIndex::Implicit),
            3 => Ok(ChunkIndex::FixedArray {
                page_bits: from.u8()?,
            }),
            4 => Ok(ChunkIndex::ExtensibleArray {
                max_bits: from.u8()?,
                index_elements: from.u8()?,
                min_pointers: from.u8()?,
                min_elements: from.u8()?,
                page_bits: from.u8()?,
            }),
            5 => Ok(ChunkIndex::BTreeV2 {
                node_size: from.u32()?,
                split_percent: from.u8()?,
                merge_percent: from.u8()?,
            }),
            kind => Err(Error::malformed(
                at,
                format!("chunk index {kind}, expected 1 to 5"),
            )),
        }
    }
}

/// The dimensions of a chunked layout, one more than the dataset has.
fn decode_dims(at: u64, rank: u8, width: u8, from: &mut Cursor<'_>) -> Result<Vec<u64>> {
    const MAX_RANK: u8 = 33;
    if rank > MAX_RANK {
        return Err(Error::malformed(
            at,
            format!("layout of {rank} dimensions, expected at most {MAX_RANK}"),
        ));
    }
    (0..rank).map(|_| from.uint(usize::from(width))).collect()
}

fn class_error(at: u64, class: u8, highest: u8) -> Error {
    Error::malformed(at, format!("layout class {class}, expected 0 to {highest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(layout: Layout, bytes: &[u8]) {
        let mut encoded = Vec::new();
        layout.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        check_decode(layout, bytes);
    }

    #[track_caller]
    fn check_decode(layout: Layout, bytes: &[u8]) {
        let mut from = Cursor::new(bytes, 0);
        assert_eq!(Layout::decode(Sizes::EIGHT, &mut from).unwrap(), layout);
        assert_eq!(from.remaining(), 0);
    }

    fn chunked(index: ChunkIndex) -> Layout {
        Layout::Chunked(Chunked {
            dims: vec![2, 3],
            element_size: 4,
            index,
            address: Some(Address(0x60)),
            partial_edges_unfiltered: false,
        })
    }

    #[test]
    #[rustfmt::skip]
    fn version_3() {
        check(Layout::Contiguous { address: Some(Address(0x1000)), size: Some(24) }, &[
            3, 1, // version, class: contiguous
            0, 0x10, 0, 0, 0, 0, 0, 0, // address
            24, 0, 0, 0, 0, 0, 0, 0, // size
        ]);
        check(Layout::Contiguous { address: None, size: Some(0) }, &[
            3, 1, // version, class: contiguous
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // address: undefined
            0, 0, 0, 0, 0, 0, 0, 0, // size
        ]);
        check(Layout::Compact(vec![7, 8]), &[
            3, 0, // version, class: compact
            2, 0, 7, 8, // size, data
        ]);
        check_decode(chunked(ChunkIndex::BTreeV1), &[
            3, 2, 3, // version, class: chunked, dimensions
            0x60, 0, 0, 0, 0, 0, 0, 0, // address
            2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, // shape of a chunk, size of an element
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn versions_1_and_2() {
        check_decode(Layout::Contiguous { address: Some(Address(0x60)), size: None }, &[
            1, 1, 1, // version, dimensions, class: contiguous
            0, 0, 0, 0, 0, // reserved
            0x60, 0, 0, 0, 0, 0, 0, 0, // address
            9, 0, 0, 0, // shape of the dataset
        ]);
        check_decode(chunked(ChunkIndex::BTreeV1), &[
            2, 3, 2, // version, dimensions, class: chunked
            0, 0, 0, 0, 0, // reserved
            0x60, 0, 0, 0, 0, 0, 0, 0, // address
            2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, // shape of a chunk, size of an element
        ]);
        check_decode(Layout::Compact(vec![7]), &[
            1, 1, 0, // version, dimensions, class: compact
            0, 0, 0, 0, 0, // reserved
            1, 0, 0, 0, // shape of the dataset
            1, 0, 0, 0, 7, // size, data
        ]);
    }

    #[test]
    fn version_4_has_an_index_for_every_need() {
        for (index, bytes) in [
            (ChunkIndex::Single { filtered: None }, &[1][..]),
            (ChunkIndex::Implicit, &[2]),
            (ChunkIndex::FixedArray { page_bits: 10 }, &[3, 10]),
            (
                ChunkIndex::ExtensibleArray {
                    max_bits: 32,
                    index_elements: 4,
                    min_pointers: 4,
                    min_elements: 16,
                    page_bits: 10,
                },
                &[4, 32, 4, 4, 16, 10],
            ),
            (
                ChunkIndex::BTreeV2 {
                    node_size: 2048,
                    split_percent: 100,
                    merge_percent: 40,
                },
                &[5, 0, 8, 0, 0, 100, 40],
            ),
        ] {
            // Version, class, flags, dimensions, their width, shape of a chunk, element size.
            let mut message = vec![4, 2, 0, 3, 1, 2, 3, 4];
            message.extend(bytes);
            message.extend([0x60, 0, 0, 0, 0, 0, 0, 0]); // address
            check_decode(chunked(index), &message);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_single_chunk_may_be_filtered() {
        check_decode(chunked(ChunkIndex::Single { filtered: Some((20, 1)) }), &[
            4, 2, // version, class: chunked
            2, // flags: the single chunk is filtered
            3, 1, 2, 3, 4, // dimensions, their width, shape of a chunk, element size
            1, // index: a single chunk
            20, 0, 0, 0, 0, 0, 0, 0, // stored size
            1, 0, 0, 0, // filters left out
            0x60, 0, 0, 0, 0, 0, 0, 0, // address
        ]);
        check_decode(Layout::Virtual, &[
            4, 3, // version, class: virtual
            0x60, 0, 0, 0, 0, 0, 0, 0, // global heap
            1, 0, 0, 0, // index in it
        ]);
    }

    #[test]
    fn contradictions_are_errors() {
        for (bytes, message) in [
            (&[6, 0][..], "layout version 6, expected 1 to 5"),
            (&[3, 3], "layout class 3, expected 0 to 2"),
            (&[4, 4], "layout class 4, expected 0 to 3"),
            (
                &[4, 2, 0, 34, 4],
                "layout of 34 dimensions, expected at most 33",
            ),
            (&[4, 2, 0, 2, 9], "integer of 9 bytes, expected 1 to 8"),
            (
                &[4, 2, 0, 2, 1, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0],
                "chunks of shape [0] with elements of 4 bytes",
            ),
            (&[4, 2, 0, 2, 1, 1, 4, 6], "chunk index 6, expected 1 to 5"),
            (&[3, 0, 9, 0, 1], "1 bytes left, expected 9"),
        ] {
            let error = Layout::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
            assert_eq!(error.message(), message);
        }
    }
}
