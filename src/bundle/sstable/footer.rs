//! The end of a table, from which it is read. See `spec/tensor_bundle.md#footer`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::Result;

/// Where a block is in the file; its trailer follows, and is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BlockHandle {
    pub(super) offset: u64,
    pub(super) size: u64,
}

impl BlockHandle {
    pub(super) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        Ok(BlockHandle {
            offset: from.varint()?,
            size: from.varint()?,
        })
    }

    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        to.put_varint(self.offset);
        to.put_varint(self.size);
    }
}

/// The last 48 bytes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    /// The block of statistics and filters, in which nobody writes anything.
    pub(super) meta_index: BlockHandle,
    /// The block that lists the blocks of entries.
    pub(super) index: BlockHandle,
}

impl Footer {
    /// How long it is, whatever the handles.
    pub(super) const LEN: usize = 48;
    /// How a table ends, and the only thing that it is recognised by.
    pub(super) const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
    const HANDLES: usize = Self::LEN.saturating_sub(Self::MAGIC.len());

    pub(super) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        let mut handles = Cursor::new(from.bytes(Self::HANDLES)?, from.offset());
        from.magic(&Self::MAGIC, "table")?;
        // What is left of the 40 bytes is padding, whatever it holds.
        Ok(Footer {
            meta_index: BlockHandle::decode(&mut handles)?,
            index: BlockHandle::decode(&mut handles)?,
        })
    }

    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        let mut handles = Vec::new();
        self.meta_index.encode(&mut handles);
        self.index.encode(&mut handles);
        handles.resize(Self::HANDLES, 0);
        to.append(&mut handles);
        to.extend_from_slice(&Self::MAGIC);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes() {
        let footer = Footer {
            meta_index: BlockHandle {
                offset: 300,
                size: 8,
            },
            index: BlockHandle {
                offset: 313,
                size: 20,
            },
        };
        let bytes: Vec<u8> = [
            &[0xac, 0x02][..],                                 // meta index: offset
            &[0x08],                                           // meta index: size
            &[0xb9, 0x02],                                     // index: offset
            &[0x14],                                           // index: size
            &[0; 34],                                          // padding
            &[0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], // magic
        ]
        .concat();
        let mut encoded = Vec::new();
        footer.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        assert_eq!(encoded.len(), Footer::LEN);
        assert_eq!(Footer::decode(&mut Cursor::new(&bytes, 0)).unwrap(), footer);
    }

    #[test]
    fn the_longest_handles_fit() {
        let far = BlockHandle {
            offset: u64::MAX,
            size: u64::MAX,
        };
        let footer = Footer {
            meta_index: far,
            index: far,
        };
        let mut encoded = Vec::new();
        footer.encode(&mut encoded);
        assert_eq!(encoded.len(), Footer::LEN);
        assert_eq!(
            Footer::decode(&mut Cursor::new(&encoded, 0)).unwrap(),
            footer
        );
    }

    #[test]
    fn another_ending_is_no_table() {
        let bytes = [0; Footer::LEN];
        let error = Footer::decode(&mut Cursor::new(&bytes, 100)).unwrap_err();
        assert_eq!(error.offset(), Some(140));
        assert!(error.message().starts_with("table signature"), "{error}");
        let mut encoded = vec![0xff; 40];
        encoded.extend_from_slice(&Footer::MAGIC);
        let error = Footer::decode(&mut Cursor::new(&encoded, 0)).unwrap_err();
        assert_eq!(error.message(), "varint of more than 64 bits");
    }
}
