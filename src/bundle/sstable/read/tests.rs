use super::super::TableBuilder;
use super::super::block::BlockBuilder;
use super::*;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::checksum::Algorithm;
use crate::codec::Put;
use crate::error::ErrorKind;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn pairs(count: u32) -> Pairs {
    let pair = |number: u32| {
        let key = format!("variables/{number:06}/.ATTRIBUTES").into_bytes();
        (key, number.to_le_bytes().repeat(number as usize % 7))
    };
    (0..count).map(pair).collect()
}

fn written(pairs: &Pairs, block_size: usize) -> Vec<u8> {
    let mut builder = TableBuilder::with_block_size(block_size);
    for (key, value) in pairs {
        builder.add(key, value).unwrap();
    }
    builder.finish()
}

fn open(bytes: &[u8]) -> Result<Table> {
    Table::from_bytes(bytes.to_vec(), Limits::default())
}

fn all(table: &Table) -> Pairs {
    let mut found = Vec::new();
    let mut entries = table.entries();
    while let Some((key, value)) = entries.next() {
        found.push((key.to_vec(), value.to_vec()));
    }
    found
}

#[test]
fn any_number_of_blocks() {
    for (count, block_size) in [(0, 100), (1, 100), (1000, 1), (1000, 700), (1000, 1 << 20)] {
        let pairs = pairs(count);
        let bytes = written(&pairs, block_size);
        assert!(Table::is_table(&bytes));
        let table = open(&bytes).unwrap();
        assert_eq!(table.len(), u64::from(count));
        assert_eq!(table.is_empty(), count == 0);
        assert_eq!(all(&table), pairs);
        for (key, value) in &pairs {
            assert_eq!(table.get(key), Some(&value[..]));
            let behind = [key, &b"!"[..]].concat();
            assert_eq!(table.get(&behind), None);
        }
        assert_eq!(table.get(b""), None);
    }
}

/// A table of blocks as they are, each listed under a key.
fn assembled(blocks: &[(&[u8], Vec<u8>, u8)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut append = |block: &[u8], compression: u8| {
        let handle = BlockHandle {
            offset: bytes.len() as u64,
            size: block.len() as u64,
        };
        bytes.extend_from_slice(block);
        bytes.push(compression);
        let covered = [block, &[compression]].concat();
        bytes.put_u32(mask(Algorithm::Crc32c.of(&covered)));
        handle
    };
    let mut index = BlockBuilder::new(1);
    for (key, block, compression) in blocks {
        let mut handle = Vec::new();
        append(block, *compression).encode(&mut handle);
        index.add(key, &handle);
    }
    let meta_index = append(&BlockBuilder::new(16).finish(), 0);
    let index = append(&index.finish(), 0);
    Footer { meta_index, index }.encode(&mut bytes);
    bytes
}

fn block(keys: &[&str]) -> Vec<u8> {
    let mut builder = BlockBuilder::new(16);
    for key in keys {
        builder.add(key.as_bytes(), b"value");
    }
    builder.finish()
}

#[test]
fn compressed_blocks() {
    let plain = block(&["a", "b"]);
    // One literal of all bytes: length, tag, bytes.
    let literal = [
        &[plain.len() as u8, (plain.len() as u8 - 1) << 2],
        &plain[..],
    ]
    .concat();
    let later = block(&["x"]);
    let bytes = assembled(&[(b"c", literal.clone(), 1), (b"x", later.clone(), 0)]);
    let table = open(&bytes).unwrap();
    assert_eq!(table.len(), 3);
    assert_eq!(table.get(b"b"), Some(&b"value"[..]));
    assert_eq!(table.get(b"x"), Some(&b"value"[..]));
    let error = open(&assembled(&[(b"c", literal, 2)])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "block at 0x0: compression 2 of a block, expected none (0) or Snappy (1) (at byte 0x1c)"
    );
    let error = open(&assembled(&[(b"c", vec![9, 0], 1)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "block at 0x0: Snappy: 0 bytes left, expected 1 (at byte 0x2)"
    );
    let error = open(&assembled(&[(b"c", vec![1, 0, 7], 1)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "block at 0x0: decompressed: 1 bytes, too few for a block (at byte 0x0)"
    );
}

#[test]
fn empty_blocks_are_passed_over() {
    let bytes = assembled(&[
        (b"a", block(&["a"]), 0),
        (b"b", block(&[]), 0),
        (b"c", block(&["c"]), 0),
    ]);
    let table = open(&bytes).unwrap();
    assert_eq!(table.len(), 2);
    assert_eq!(table.get(b"c"), Some(&b"value"[..]));
    assert_eq!(all(&table).len(), 2);
}

#[track_caller]
fn refuses(bytes: &[u8], message: &str) {
    let error = open(bytes).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(error.kind(), ErrorKind::Malformed);
}

#[test]
fn keys_rise_over_blocks() {
    refuses(
        &assembled(&[(b"b", block(&["b"]), 0), (b"c", block(&["a"]), 0)]),
        "block at 0x16: first key `a`, expected one behind `b` (at byte 0x16)",
    );
    refuses(
        &assembled(&[(b"bb", block(&["b"]), 0), (b"c", block(&["ba"]), 0)]),
        "block at 0x16: first key `ba`, expected one behind `bb` (at byte 0x16)",
    );
    refuses(
        &assembled(&[(b"b", block(&["a", "c"]), 0)]),
        "block at 0x0: last key `c`, listed under `b` (at byte 0x0)",
    );
}

#[test]
fn handles_stay_in_the_file() {
    for (offset, size) in [(0, 1 << 20), (u64::MAX, 8), (8, u64::MAX), (u64::MAX, 0)] {
        let mut bytes = Vec::new();
        let far = BlockHandle { offset, size };
        let footer = Footer {
            meta_index: far,
            index: far,
        };
        footer.encode(&mut bytes);
        let message = format!(
            "meta index block at {offset:#x}: {size} bytes, but the footer is at 0x0 (at byte {offset:#x})"
        );
        refuses(&bytes, &message);
    }
}

/// Whichever byte of blocks and trailers is changed, it is noticed.
#[test]
fn checksums_are_compared() {
    let good = written(&pairs(3), 1 << 20);
    for at in 0..good.len() - Footer::LEN {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        let error = open(&bytes).unwrap_err();
        assert!(error.message().contains("checksum"), "{at}: {error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn what_is_cut_off_is_no_table() {
    let good = written(&pairs(3), 1 << 20);
    for len in 0..good.len() {
        assert!(!Table::is_table(&good[..len]));
        assert!(open(&good[..len]).is_err());
        assert!(open(&good[good.len() - len..]).is_err() || len == good.len());
    }
    refuses(b"abc", "3 bytes, a table has 48 at least (at byte 0x0)");
}

#[test]
fn limits_hold() {
    let limits = Limits {
        max_objects: 10,
        ..Limits::default()
    };
    for block_size in [1, 1 << 20] {
        let bytes = written(&pairs(11), block_size);
        let error = Table::from_bytes(bytes, limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        pairs in btree_map(vec(any::<u8>(), 0..12), vec(any::<u8>(), 0..40), 0..200),
        block_size in 1..4000_usize,
    ) {
        let pairs: Pairs = pairs.into_iter().collect();
        let table = open(&written(&pairs, block_size)).unwrap();
        for (key, value) in &pairs {
            prop_assert_eq!(table.get(key), Some(&value[..]));
        }
        prop_assert_eq!(all(&table), pairs);
    }
}
