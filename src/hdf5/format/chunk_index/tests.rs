use super::*;
use crate::hdf5::format::checksum;

/// Where the index is in the files below.
const INDEX: u64 = 0x40;
/// Where its first block is.
const BLOCK: u64 = 0x100;

fn layout(index: ChunkIndex) -> Chunked {
    Chunked {
        dims: vec![2, 3],
        element_size: 4,
        index,
        address: Some(Address(INDEX)),
        partial_edges_unfiltered: false,
    }
}

/// Parts at these addresses, and room behind them.
fn file(parts: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0; 0x800];
    for (at, part) in parts {
        let at = usize::try_from(*at).unwrap();
        bytes[at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

fn summed(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = parts.concat();
    checksum::append(&mut bytes, 0);
    bytes
}

fn address(at: u64) -> Vec<u8> {
    at.to_le_bytes().to_vec()
}

/// What is found of a dataset of shape (5, 7) in chunks of (2, 3): three times three of them.
fn find(
    bytes: &[u8],
    index: ChunkIndex,
    max: &[Option<u64>],
    filtered: bool,
) -> Result<Vec<StoredChunk>> {
    let layout = layout(index);
    let grid = Grid::new(&layout, &[5, 7], Some(max))?;
    let source = Source {
        sizes: Sizes::EIGHT,
        image: Image::new(bytes, 0),
        grid: &grid,
        filtered,
    };
    chunks(source, &layout)
}

const FIXED: [Option<u64>; 2] = [Some(5), Some(7)];

/// Positions and addresses, where the size is that of a chunk without filters.
fn plain(found: &[StoredChunk]) -> Vec<(u64, u64)> {
    let plain = |chunk: &StoredChunk| {
        assert_eq!((chunk.size, chunk.left_out), (24, 0));
        (chunk.position, chunk.address.0)
    };
    found.iter().map(plain).collect()
}

fn filtered(found: &[StoredChunk]) -> Vec<(u64, u64, u64, u32)> {
    let all = found.iter();
    all.map(|chunk| (chunk.position, chunk.address.0, chunk.size, chunk.left_out))
        .collect()
}

#[track_caller]
fn fails(found: Result<Vec<StoredChunk>>, message: &str) {
    let error = found.unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn a_grid() {
    let layout = layout(ChunkIndex::Implicit);
    let grid = Grid::new(&layout, &[5, 7], Some(&[None, Some(20)])).unwrap();
    assert_eq!((grid.len(), grid.chunk_len), (9, 24));
    for (position, coordinates) in [(0, [0, 0]), (5, [1, 2]), (8, [2, 2])] {
        assert_eq!(grid.coordinates(position), coordinates);
        assert_eq!(grid.position(&coordinates), Some(position));
    }
    assert_eq!(grid.position(&[0, 3]), None);
    // Seven chunks in a row of the largest shape.
    assert_eq!(grid.position_of_entry(8, 0), Some(4));
    assert_eq!(grid.position_of_entry(3, 0), None);
    let sideways = Grid::new(&layout, &[5, 7], Some(&[Some(5), None])).unwrap();
    // The second dimension grows, so that it counts last.
    assert_eq!(sideways.position_of_entry(4, 1), Some(4));
    assert_eq!(sideways.position_of_entry(5, 1), Some(7));
    for (dims, message) in [
        (&[5][..], "chunks of 2 dimensions, expected 1"),
        (&[5, 7, 9], "chunks of 2 dimensions, expected 3"),
    ] {
        assert_eq!(
            Grid::new(&layout, dims, None).unwrap_err().message(),
            message
        );
    }
    let large = Chunked {
        dims: vec![1 << 32, 1 << 30],
        ..layout
    };
    let error = Grid::new(&large, &[5, 7], None).unwrap_err();
    assert!(error.message().ends_with("do not fit in 64 bits"));
}

#[test]
fn no_index_is_no_chunks() {
    let layout = Chunked {
        address: None,
        ..layout(ChunkIndex::BTreeV1)
    };
    let grid = Grid::new(&layout, &[5, 7], None).unwrap();
    let source = Source {
        sizes: Sizes::EIGHT,
        image: Image::new(&[], 0),
        grid: &grid,
        filtered: false,
    };
    assert!(chunks(source, &layout).unwrap().is_empty());
}

#[test]
fn a_single_chunk_and_all_in_a_row() {
    let bytes = file(&[]);
    let single = ChunkIndex::Single { filtered: None };
    assert_eq!(
        plain(&find(&bytes, single, &FIXED, false).unwrap()),
        [(0, INDEX)]
    );
    let single = ChunkIndex::Single {
        filtered: Some((7, 2)),
    };
    let found = find(&bytes, single, &FIXED, true).unwrap();
    assert_eq!(filtered(&found), [(0, INDEX, 7, 2)]);
    let found = find(&bytes, ChunkIndex::Implicit, &FIXED, false).unwrap();
    let expected: Vec<_> = (0..9).map(|at| (at, INDEX + 24 * at)).collect();
    assert_eq!(plain(&found), expected);
    // Of the largest shape, only what is inside the present one.
    let found = find(&bytes, ChunkIndex::Implicit, &[Some(5), Some(10)], false).unwrap();
    assert_eq!(plain(&found)[3], (3, INDEX + 24 * 4));
    let short = &bytes[..0x60];
    fails(
        find(short, ChunkIndex::Implicit, &FIXED, false),
        "32 bytes left, expected 216",
    );
    let endless = find(&bytes, ChunkIndex::Implicit, &[None, Some(7)], false);
    fails(endless, "chunks in a row without end");
}

/// A version 1 node with these chunks, or nodes below at level 0.
fn tree_node(level: u8, children: &[(u32, [u64; 2], u64)]) -> Vec<u8> {
    let mut bytes = b"TREE\x01".to_vec();
    bytes.extend([level, u8::try_from(children.len()).unwrap(), 0]); // level, children
    bytes.extend([0xff; 16]); // left, right
    for (size, start, child) in children {
        bytes.extend(size.to_le_bytes()); // bytes of the chunk
        bytes.extend([1, 0, 0, 0]); // filters left out
        bytes.extend([start[0].to_le_bytes(), start[1].to_le_bytes(), [0; 8]].concat());
        bytes.extend(child.to_le_bytes());
    }
    bytes.extend([0; 32]); // the last key
    bytes
}

#[test]
fn version_1_trees() {
    const LEAF: u64 = 0x580;
    let index = ChunkIndex::BTreeV1;
    let leaf = tree_node(
        0,
        &[(20, [4, 6], 0x700), (24, [0, 3], 0x600), (9, [6, 0], 0x500)],
    );
    let bytes = file(&[
        (INDEX, tree_node(1, &[(0, [0, 0], LEAF)])),
        (LEAF, leaf.clone()),
    ]);
    // The last is behind the shape: it was cut off.
    let expected = [(1, 0x600, 24, 1), (8, 0x700, 20, 1)];
    assert_eq!(
        filtered(&find(&bytes, index, &FIXED, true).unwrap()),
        expected
    );
    for (root, message) in [
        (b"x".to_vec(), "B-tree node signature"),
        (
            tree_node(2, &[(0, [0, 0], LEAF)]),
            "B-tree node at level 0, expected 1",
        ),
        (
            tree_node(1, &[(0, [0, 0], INDEX)]),
            "B-tree node at level 1, expected 0",
        ),
        (
            tree_node(1, &[(0, [0, 0], u64::MAX)]),
            "undefined address of a B-tree child",
        ),
        (
            tree_node(0, &[(9, [1, 0], 0x500)]),
            "chunk at [1, 0], expected multiples of [2, 3]",
        ),
        (
            tree_node(0, &[(9, [2, 3], 0x500), (9, [2, 3], 0x600)]),
            "second chunk at [1, 1], expected one",
        ),
        (
            tree_node(1, &[(0, [0, 0], LEAF); 30]),
            "B-tree nodes are longer than the file",
        ),
    ] {
        let bytes = file(&[(LEAF, leaf.clone()), (INDEX, root)]);
        let bytes = &bytes[..0x800];
        fails(find(bytes, index, &FIXED, true), message);
    }
}

#[test]
fn version_2_trees() {
    let index = ChunkIndex::BTreeV2 {
        node_size: 100,
        split_percent: 100,
        merge_percent: 40,
    };
    let tree = |kind: u8, record: u8, records: &[Vec<u8>]| {
        let count = u8::try_from(records.len()).unwrap();
        let header = summed(&[
            b"BTHD",
            &[0, kind, 100, 0, 0, 0, record, 0, 0, 0, 100, 40], // sizes, depth, percents
            &address(BLOCK),
            &[count, 0, count, 0, 0, 0, 0, 0, 0, 0], // records in the root, in all
        ]);
        let mut leaf = summed(&[b"BTLF", &[0, kind], &records.concat()]);
        leaf.resize(100, 0);
        file(&[(INDEX, header), (BLOCK, leaf)])
    };
    let at = |coordinates: [u64; 2]| coordinates.map(u64::to_le_bytes).concat();
    let bytes = tree(
        10,
        24,
        &[
            [address(0x600), at([0, 1])].concat(),
            [address(0x700), at([2, 2])].concat(),
            [address(0x500), at([3, 0])].concat(),
        ],
    );
    let found = find(&bytes, index, &[None, None], false).unwrap();
    assert_eq!(plain(&found), [(1, 0x600), (8, 0x700)]);
    // A size of two bytes, and filters left out.
    let bytes = tree(
        11,
        30,
        &[[address(0x600), vec![7, 1, 2, 0, 0, 0], at([1, 1])].concat()],
    );
    let found = find(&bytes, index, &[None, None], true).unwrap();
    assert_eq!(filtered(&found), [(4, 0x600, 0x107, 2)]);
    fails(
        find(&bytes, index, &[None, None], false),
        "of type 11, expected 0 of [10]",
    );
    let bytes = tree(11, 27, &[]);
    fails(
        find(&bytes, index, &[None, None], true),
        "chunk records of 27 bytes",
    );
}

fn fixed_head(kind: u8, entry: u8, page_bits: u8, count: u8, block: u64) -> Vec<u8> {
    summed(&[
        b"FAHD",
        &[0, kind, entry, page_bits], // version, kind, bytes of an entry, logarithm of a page
        &[count, 0, 0, 0, 0, 0, 0, 0], // entries
        &address(block),
    ])
}

const FIXED_ARRAY: ChunkIndex = ChunkIndex::FixedArray { page_bits: 10 };

#[test]
fn fixed_arrays() {
    let mut entries: Vec<u64> = vec![u64::MAX; 9];
    (entries[2], entries[7]) = (0x600, 0x700);
    let entries = entries.into_iter().flat_map(u64::to_le_bytes);
    let block = summed(&[
        b"FADB",
        &[0, 0],
        &address(INDEX),
        &entries.collect::<Vec<_>>(),
    ]);
    let bytes = file(&[(INDEX, fixed_head(0, 8, 10, 9, BLOCK)), (BLOCK, block)]);
    let found = find(&bytes, FIXED_ARRAY, &FIXED, false).unwrap();
    assert_eq!(plain(&found), [(2, 0x600), (7, 0x700)]);
    fails(
        find(&bytes, FIXED_ARRAY, &FIXED, true),
        "entries of kind 0 and 8 bytes, expected kind 1",
    );
    let none = file(&[(INDEX, fixed_head(0, 8, 10, 9, u64::MAX))]);
    assert!(find(&none, FIXED_ARRAY, &FIXED, false).unwrap().is_empty());
}

#[test]
fn fixed_arrays_in_pages() {
    let entry = |at: u64, size: u8| [address(at), vec![size, 4, 0, 0, 0]].concat();
    let none = || entry(u64::MAX, 0);
    // Pages of four: the first is used, the second is not, the third has one entry.
    let mut block = summed(&[b"FADB", &[0, 1], &address(INDEX), &[0b1010_0000]]);
    block.extend(summed(&[&none(), &entry(0x600, 5), &none(), &none()]));
    block.extend([0xaa; 4 * 13 + 4]);
    block.extend(summed(&[&entry(0x700, 6)]));
    let bytes = file(&[(INDEX, fixed_head(1, 13, 2, 9, BLOCK)), (BLOCK, block)]);
    let found = find(&bytes, FIXED_ARRAY, &FIXED, true).unwrap();
    assert_eq!(filtered(&found), [(1, 0x600, 5, 4), (8, 0x700, 6, 4)]);
    let mut damaged = bytes.clone();
    damaged[0x100 + 19 + 13] ^= 1;
    fails(
        find(&damaged, FIXED_ARRAY, &FIXED, true),
        "page of chunk entries checksum",
    );
}

#[test]
fn fixed_arrays_that_are_wrong() {
    let block = || {
        let entries = [0xff; 72];
        summed(&[b"FADB", &[0, 0], &address(INDEX), &entries])
    };
    let whole = || file(&[(INDEX, fixed_head(0, 8, 10, 9, BLOCK)), (BLOCK, block())]);
    let check = |at: u64, message: &str| {
        let mut bytes = whole();
        bytes[usize::try_from(at).unwrap()] ^= 1;
        fails(find(&bytes, FIXED_ARRAY, &FIXED, false), message);
    };
    check(INDEX, "fixed array signature");
    check(INDEX + 4, "fixed array version 1, expected 0");
    check(INDEX + 5, "entries of kind 1 and 8 bytes, expected kind 0");
    check(INDEX + 6, "entries of kind 0 and 9 bytes, expected kind 0");
    check(INDEX + 8, "fixed array checksum");
    check(BLOCK, "fixed array block signature");
    check(
        BLOCK + 4,
        "fixed array block of version 1 and kind 0, or of another array",
    );
    check(
        BLOCK + 6,
        "fixed array block of version 0 and kind 0, or of another array",
    );
    check(BLOCK + 20, "fixed array block checksum");
    let many = file(&[(INDEX, fixed_head(0, 8, 20, 255, BLOCK)), (BLOCK, block())]);
    fails(
        find(&many[..0x200], FIXED_ARRAY, &FIXED, false),
        "bytes left, expected 2040",
    );
}

const EXTENSIBLE: ChunkIndex = ChunkIndex::ExtensibleArray {
    max_bits: 16,
    index_elements: 1,
    min_pointers: 2,
    min_elements: 2,
    page_bits: 2,
};

fn extensible_head(least_entries: u8, page_bits: u8) -> Vec<u8> {
    summed(&[
        b"EAHD",
        &[0, 0, 8],       // version, kind, bytes of an entry
        &[16, 1],         // logarithm of the most entries, entries in the index block
        &[least_entries], // entries in the smallest data block
        &[2],             // data blocks of the smallest super block
        &[page_bits],     // logarithm of a page
        &[0; 48],         // sizes and counts
        &address(BLOCK),
    ])
}

/// One entry in the index block; groups of 1 times 2, 1 times 4, 2 times 4, 2 times 8, … others.
/// The first two groups have no super block.
fn extensible(page_bits: u8) -> Vec<u8> {
    let mut pointers = vec![u64::MAX; 2 + 14];
    pointers[0] = 0x200; // entries 1 and 2
    pointers[2] = 0x280; // super block: 7 to 14
    let pointers = pointers.into_iter().flat_map(u64::to_le_bytes);
    let index = summed(&[
        b"EAIB",
        &[0, 0],
        &address(INDEX),
        &address(0x500), // entry 0
        &pointers.collect::<Vec<_>>(),
    ]);
    let data = |first: u16, entries: &[u64]| {
        let entries = entries.iter().flat_map(|entry| entry.to_le_bytes());
        let first = first.to_le_bytes();
        let entries: Vec<u8> = entries.collect();
        summed(&[b"EADB", &[0, 0], &address(INDEX), &first, &entries])
    };
    let group = summed(&[
        b"EASB",
        &[0, 0],
        &address(INDEX),
        &[6, 0],            // its first entry, without those in the index block
        &address(u64::MAX), // entries 7 to 10
        &address(0x300),    // entries 11 to 14
    ]);
    file(&[
        (INDEX, extensible_head(2, page_bits)),
        (BLOCK, index),
        (0x200, data(0, &[u64::MAX, 0x600])),
        (0x280, group),
        (0x300, data(10, &[0x700, u64::MAX, u64::MAX, u64::MAX])),
    ])
}

#[test]
fn extensible_arrays() {
    let max = [None, Some(7)];
    let found = find(&extensible(10), EXTENSIBLE, &max, false).unwrap();
    // Entry 11 is in row 3, which is behind the shape.
    assert_eq!(plain(&found), [(0, 0x500), (2, 0x600)]);
    // In columns it is inside: entry 11 is row 2 of column 3, were there one; entry 2 row 2.
    let found = find(&extensible(10), EXTENSIBLE, &[Some(5), None], false).unwrap();
    assert_eq!(plain(&found), [(0, 0x500), (6, 0x600)]);
    let wide = find(&extensible(10), EXTENSIBLE, &[None, Some(30)], false).unwrap();
    assert_eq!(plain(&wide), [(0, 0x500), (2, 0x600), (4, 0x700)]);
}

#[test]
fn extensible_arrays_in_pages() {
    // Pages of two: the block of entries 11 to 14 has two, of which the second is used.
    let mut bytes = extensible(1);
    let group = summed(&[
        b"EASB",
        &[0, 0],
        &address(INDEX),
        &[6, 0],            // its first entry
        &[0b0001_0000, 0],  // pages in use, a byte for each data block
        &address(u64::MAX), // entries 7 to 10
        &address(0x300),    // entries 11 to 14
    ]);
    bytes[0x280..0x280 + group.len()].copy_from_slice(&group);
    let mut block = summed(&[b"EADB", &[0, 0], &address(INDEX), &[10, 0]]);
    block.extend([0xaa; 20]);
    block.extend(summed(&[&address(0x700), &address(u64::MAX)]));
    bytes[0x300..0x300 + block.len()].copy_from_slice(&block);
    let found = find(&bytes, EXTENSIBLE, &[None, Some(30)], false).unwrap();
    // Entry 13 is in row 1.
    assert_eq!(plain(&found), [(0, 0x500), (2, 0x600)]);
    let found = find(&bytes, EXTENSIBLE, &[None, Some(36)], false).unwrap();
    assert_eq!(plain(&found), [(0, 0x500), (2, 0x600), (4, 0x700)]);
    bytes[0x300 + 20 + 20] ^= 1;
    fails(
        find(&bytes, EXTENSIBLE, &[None, Some(36)], false),
        "page of chunk entries checksum",
    );
}

#[test]
fn extensible_arrays_that_are_wrong() {
    let max = [None, Some(7)];
    let check = |at: u64, message: &str| {
        let mut bytes = extensible(10);
        bytes[usize::try_from(at).unwrap()] ^= 1;
        fails(find(&bytes, EXTENSIBLE, &max, false), message);
    };
    check(INDEX, "extensible array signature");
    check(INDEX + 4, "extensible array version 1, expected 0");
    check(INDEX + 5, "entries of kind 1 and 8 bytes, expected kind 0");
    check(INDEX + 12, "extensible array checksum");
    check(BLOCK, "extensible array index block signature");
    check(
        BLOCK + 4,
        "index block of version 1 and kind 0, or of another array",
    );
    check(BLOCK + 14, "extensible array index block checksum");
    check(0x200, "extensible array data block signature");
    check(0x200 + 16, "extensible array data block checksum");
    check(0x280, "extensible array super block signature");
    check(0x280 + 14, "super block of entries from 7 on, expected 6");
    check(0x280 + 16, "extensible array super block checksum");
    let odd = file(&[(INDEX, extensible_head(3, 10))]);
    fails(
        find(&odd, EXTENSIBLE, &max, false),
        "extensible array of 2^16 entries, 3 in a block, 2 blocks",
    );
    let found = find(&extensible(0), EXTENSIBLE, &max, false);
    fails(found, "block with pages, but without a super block");
}
