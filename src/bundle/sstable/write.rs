//! A table in the making. See `spec/tensor_bundle.md#table`.

use super::block::{BlockBuilder, INTERVAL, shared_len, shown};
use super::footer::{BlockHandle, Footer};
use super::{BLOCK_SIZE, Compression, TRAILER};
use crate::checksum::{Algorithm, mask};
use crate::codec::Put;
use crate::error::{Error, ErrorKind, Result};

/// Writes a table: entries go in in the order of their keys, the file's bytes come out.
///
/// The bytes are those that TensorFlow writes for the same entries.
///
/// ```
/// use hornfels::Limits;
/// use hornfels::bundle::sstable::{Table, TableBuilder};
///
/// let mut builder = TableBuilder::new();
/// builder.add(b"one", b"1")?;
/// builder.add(b"two", b"2")?;
/// let table = Table::from_bytes(builder.finish(), Limits::default())?;
/// assert_eq!(table.get(b"two"), Some(&b"2"[..]));
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Debug)]
pub struct TableBuilder {
    bytes: Vec<u8>,
    block: BlockBuilder,
    index: BlockBuilder,
    /// The last block that was written, which is not in the index before the next key is known.
    pending: Option<BlockHandle>,
    last: Option<Vec<u8>>,
    block_size: usize,
}

impl Default for TableBuilder {
    fn default() -> Self {
        TableBuilder::new()
    }
}

impl TableBuilder {
    /// A table without entries.
    pub fn new() -> Self {
        TableBuilder::with_block_size(BLOCK_SIZE)
    }

    /// A table whose blocks end as soon as they have `block_size` bytes or more.
    pub fn with_block_size(block_size: usize) -> Self {
        TableBuilder {
            bytes: Vec::new(),
            block: BlockBuilder::new(INTERVAL),
            index: BlockBuilder::new(1),
            pending: None,
            last: None,
            block_size,
        }
    }

    /// Appends an entry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if `key` is not behind the key before it, bytewise.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if let Some(last) = &self.last {
            if key <= last.as_slice() {
                let (key, last) = (shown(key), shown(last));
                let message = format!("key `{key}` comes after `{last}`, expected rising keys");
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
            if let Some(handle) = self.pending.take() {
                self.list(&separator(last, key), handle);
            }
        }
        self.block.add(key, value);
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(key);
        if self.block.len() >= self.block_size {
            self.end_block();
        }
        Ok(())
    }

    /// The whole file.
    pub fn finish(mut self) -> Vec<u8> {
        if !self.block.is_empty() {
            self.end_block();
        }
        let meta_index = append(&mut self.bytes, &BlockBuilder::new(INTERVAL).finish());
        if let (Some(handle), Some(last)) = (self.pending.take(), self.last.take()) {
            self.list(&successor(&last), handle);
        }
        let index = append(&mut self.bytes, &self.index.finish());
        let footer = Footer { meta_index, index };
        footer.encode(&mut self.bytes);
        self.bytes
    }

    fn end_block(&mut self) {
        let block = std::mem::replace(&mut self.block, BlockBuilder::new(INTERVAL));
        self.pending = Some(append(&mut self.bytes, &block.finish()));
    }

    /// Adds a block to the index, under a key that is not before its own last one.
    fn list(&mut self, key: &[u8], handle: BlockHandle) {
        let mut value = Vec::new();
        handle.encode(&mut value);
        self.index.add(key, &value);
    }
}

/// Appends a block with its trailer.
fn append(bytes: &mut Vec<u8>, block: &[u8]) -> BlockHandle {
    let handle = BlockHandle {
        offset: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        size: u64::try_from(block.len()).unwrap_or(u64::MAX),
    };
    bytes.reserve(block.len().saturating_add(TRAILER));
    bytes.extend_from_slice(block);
    bytes.put_u8(Compression::NONE.0);
    bytes.put_u32(mask(trailer_checksum(block, Compression::NONE)));
    handle
}

/// The checksum of a block covers how it is compressed, too.
pub(super) fn trailer_checksum(block: &[u8], compression: Compression) -> u32 {
    let checksum = Algorithm::Crc32c.of(block);
    Algorithm::Crc32c.update(checksum, &[compression.0])
}

/// A short key that is not before `last` and before `next`.
fn separator(last: &[u8], next: &[u8]) -> Vec<u8> {
    let shared = shared_len(last, next);
    if let (Some(byte), Some(limit)) = (last.get(shared), next.get(shared))
        && byte.checked_add(1).is_some_and(|byte| byte < *limit)
    {
        return raised(last, shared);
    }
    last.to_vec()
}

/// A short key that is not before `last`.
fn successor(last: &[u8]) -> Vec<u8> {
    match last.iter().position(|byte| *byte != u8::MAX) {
        Some(at) => raised(last, at),
        None => last.to_vec(),
    }
}

/// `key` up to and with the byte at `at`, which is raised by one.
fn raised(key: &[u8], at: usize) -> Vec<u8> {
    let mut short: Vec<u8> = key.iter().take(at.saturating_add(1)).copied().collect();
    if let Some(byte) = short.last_mut() {
        *byte = byte.saturating_add(1);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes() {
        let mut builder = TableBuilder::new();
        builder.add(b"", &[8, 1]).unwrap();
        builder.add(b"a", b"x").unwrap();
        let bytes = builder.finish();
        let block = [
            &[0, 0, 2][..], // key "", value of 2 bytes
            &[8, 1],        //
            &[0, 1, 1],     // key of 1 byte, value of 1 byte
            b"ax",          //
            &[0, 0, 0, 0],  // restart point
            &[1, 0, 0, 0],  // how many
        ];
        let meta_index = [&[0, 0, 0, 0][..], &[1, 0, 0, 0]];
        let index = [
            &[0, 1, 2][..], // key of 1 byte, value of 2 bytes
            b"b",           // the successor of "a"
            &[0, 18],       // where the block is
            &[0, 0, 0, 0],  // restart point
            &[1, 0, 0, 0],  // how many
        ];
        let mut expected = Vec::new();
        for block in [&block[..], &meta_index, &index] {
            let block = block.concat();
            let checksum = Algorithm::Crc32c.of(&[&block[..], &[0]].concat());
            expected.extend(block);
            expected.push(0); // not compressed
            expected.extend(mask(checksum).to_le_bytes());
        }
        expected.extend([23, 8]); // where the meta index is
        expected.extend([36, 14]); // where the index is
        expected.extend([0; 36]);
        expected.extend([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn keys_of_the_index_are_short() {
        #[track_caller]
        fn check(last: &[u8], next: &[u8], between: &[u8], behind: &[u8]) {
            assert_eq!(separator(last, next), between);
            assert_eq!(successor(last), behind);
        }
        check(b"abcdef", b"abzz", b"abd", b"b");
        check(b"abc", b"abd", b"abc", b"b");
        check(b"abc", b"abcd", b"abc", b"b");
        check(b"a\xffx", b"b", b"a\xffx", b"b");
        check(b"a\xfe", b"a\xff\xff", b"a\xfe", b"b");
        check(b"\xff\xffa", b"\xff\xffc", b"\xff\xffb", b"\xff\xffb");
        check(b"\xff", b"\xff\xff", b"\xff", b"\xff");
        check(b"", b"a", b"", b"");
    }

    #[test]
    fn keys_rise() {
        let mut builder = TableBuilder::default();
        builder.add(b"b", b"").unwrap();
        for key in [&b"a"[..], b"b", b""] {
            let error = builder.add(key, b"").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        let error = builder.add(b"a", b"").unwrap_err();
        assert_eq!(
            error.message(),
            "key `a` comes after `b`, expected rising keys"
        );
    }
}
