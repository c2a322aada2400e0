use super::*;

const HEAP: u64 = 0x10;
const BLOCK: u64 = 0x100;

/// A heap with IDs of `id_len` bytes, whose blocks are 64 and 128 bytes, two in a row.
fn header(id_len: u8, huge: u64, root: u64, root_rows: u8) -> Vec<u8> {
    let mut bytes = [
        &b"FRHP"[..],
        &[0],                        // version
        &[id_len, 0],                // bytes of an ID
        &[0, 0],                     // bytes of filters
        &[0b10],                     // flags: checksums
        &[100, 0, 0, 0],             // longest object in a block
        &[0; 8],                     // next number of a huge object
        &huge.to_le_bytes(),         // huge objects
        &[0; 8],                     // free space
        &[0xff; 8],                  // the list of it
        &[0; 64],                    // sizes and counts
        &[2, 0],                     // blocks in a row
        &[64, 0, 0, 0, 0, 0, 0, 0],  // bytes of the first blocks
        &[128, 0, 0, 0, 0, 0, 0, 0], // bytes of the largest direct block
        &[16, 0],                    // logarithm of the most bytes
        &[1, 0],                     // rows that a new root has
        &root.to_le_bytes(),         // root
        &[root_rows, 0],             // rows of the root
    ]
    .concat();
    checksum::append(&mut bytes, 0);
    bytes
}

/// A direct block from `start` of the heap on, with `object` behind its head.
fn direct(start: u16, length: usize, object: &[u8]) -> Vec<u8> {
    let mut bytes = [
        &b"FHDB"[..],
        &[0],                 // version
        &HEAP.to_le_bytes(),  // heap
        &start.to_le_bytes(), // where in the heap
        &[0; 4],              // checksum
        object,
    ]
    .concat();
    bytes.resize(length, 0);
    let sum = lookup3(&bytes).to_le_bytes();
    bytes[15..19].copy_from_slice(&sum);
    bytes
}

fn indirect(start: u16, children: &[u64]) -> Vec<u8> {
    let mut bytes = [
        &b"FHIB"[..],
        &[0],                 // version
        &HEAP.to_le_bytes(),  // heap
        &start.to_le_bytes(), // where in the heap
    ]
    .concat();
    bytes.extend(children.iter().flat_map(|child| child.to_le_bytes()));
    checksum::append(&mut bytes, 0);
    bytes
}

/// A file with parts at these addresses.
fn file(parts: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, part) in parts {
        let at = usize::try_from(*at).unwrap();
        bytes.resize(bytes.len().max(at + part.len()), 0);
        bytes[at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

fn object(bytes: &[u8], id: &[u8]) -> Result<Vec<u8>> {
    let image = Image::new(bytes, 0);
    let heap = FractalHeap::decode(Sizes::EIGHT, image, Address(HEAP))?;
    // Twice: the second time checksums are known.
    heap.object(image, Cursor::new(id, 0)).ok();
    let found = heap.object(image, Cursor::new(id, 0))?;
    Ok(found.rest().to_vec())
}

#[track_caller]
fn fails(bytes: &[u8], id: &[u8], message: &str) {
    let error = object(bytes, id).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

fn one_block() -> Vec<u8> {
    file(&[
        (HEAP, header(7, u64::MAX, BLOCK, 0)),
        (BLOCK, direct(0, 64, b"object")),
    ])
}

#[test]
fn an_object_in_the_one_block() {
    // Offset 19 is behind the head; lengths up to 100 take a byte.
    assert_eq!(
        object(&one_block(), &[0, 19, 0, 6, 0, 0, 0]).unwrap(),
        b"object"
    );
    assert_eq!(
        object(&one_block(), &[0, 21, 0, 2, 0, 0, 0]).unwrap(),
        b"je"
    );
}

/// Rows 0 and 1 have blocks of 64 bytes, row 2 of 128, row 3 indirect ones of 256 with two rows.
fn many_blocks() -> Vec<u8> {
    let mut children = [u64::MAX; 8];
    children[1] = BLOCK; // row 0, column 1: from 64 on
    children[4] = BLOCK + 0x100; // row 2, column 0: from 256 on
    children[7] = BLOCK + 0x300; // row 3, column 1: from 768 on
    file(&[
        (HEAP, header(7, u64::MAX, BLOCK + 0x200, 4)),
        (BLOCK, direct(64, 64, b"first")),
        (BLOCK + 0x100, direct(256, 128, b"second")),
        (BLOCK + 0x200, indirect(0, &children)),
        (
            BLOCK + 0x300,
            // Its row 1, column 0: from 768 + 128 on.
            indirect(768, &[u64::MAX, u64::MAX, BLOCK + 0x400, u64::MAX]),
        ),
        (BLOCK + 0x400, direct(896, 64, b"third")),
    ])
}

#[test]
fn blocks_double_from_row_to_row() {
    let bytes = many_blocks();
    for (offset, expected) in [(64_u16, &b"first"[..]), (256, b"second"), (896, b"third")] {
        let [low, high] = (offset + 19).to_le_bytes();
        let length = u8::try_from(expected.len()).unwrap();
        assert_eq!(
            object(&bytes, &[0, low, high, length, 0, 0, 0]).unwrap(),
            expected
        );
    }
    // Where no block is: an undefined one, one that has no room, one behind the last row.
    for offset in [0_u16, 128, 512, 1024] {
        let [low, high] = (offset + 19).to_le_bytes();
        fails(&bytes, &[0, low, high, 1, 0, 0, 0], "in no block");
    }
}

#[test]
fn tiny_objects_are_in_their_id() {
    assert_eq!(object(&one_block(), b"\x22abc\0\0\0").unwrap(), b"abc");
    let long = file(&[(HEAP, header(30, u64::MAX, u64::MAX, 0))]);
    let mut id = b"\x20\x13".to_vec();
    id.extend([b'x'; 20]);
    id.resize(30, 0);
    assert_eq!(object(&long, &id).unwrap(), [b'x'; 20]);
    fails(&one_block(), b"\x2fabc\0\0\0", "6 bytes left, expected 16");
}

#[test]
fn huge_objects_are_elsewhere() {
    // Where the ID has room for address and length.
    let long = file(&[
        (HEAP, header(17, u64::MAX, u64::MAX, 0)),
        (BLOCK, b"huge object".to_vec()),
    ]);
    let mut id = vec![0x10];
    id.extend(BLOCK.to_le_bytes());
    id.extend(11_u64.to_le_bytes());
    assert_eq!(object(&long, &id).unwrap(), b"huge object");
    // Where it has not: by number.
    let mut tree = [
        &b"BTHD"[..],
        &[0, 1],                         // version, type
        &[64, 0, 0, 0],                  // bytes of a node
        &[24, 0],                        // bytes of a record
        &[0, 0, 100, 40],                // depth, when nodes are split and merged
        &(BLOCK + 0x40).to_le_bytes(),   // root
        &[1, 0, 1, 0, 0, 0, 0, 0, 0, 0], // records in the root, in all nodes
    ]
    .concat();
    checksum::append(&mut tree, 0);
    let mut leaf = [
        &b"BTLF"[..],
        &[0, 1],                       // version, type
        &(BLOCK + 0x80).to_le_bytes(), // where the object is
        &4_u64.to_le_bytes(),          // its length
        &7_u64.to_le_bytes(),          // its number
    ]
    .concat();
    checksum::append(&mut leaf, 0);
    leaf.resize(64, 0);
    let numbered = file(&[
        (HEAP, header(7, BLOCK, u64::MAX, 0)),
        (BLOCK, tree),
        (BLOCK + 0x40, leaf),
        (BLOCK + 0x80, b"huge object".to_vec()),
    ]);
    assert_eq!(
        object(&numbered, &[0x10, 7, 0, 0, 0, 0, 0]).unwrap(),
        b"huge"
    );
    fails(&numbered, &[0x10, 8, 0, 0, 0, 0, 0], "no huge object 8");
    fails(
        &one_block(),
        &[0x10, 7, 0, 0, 0, 0, 0],
        "huge object in a heap without any",
    );
}

#[test]
fn what_is_wrong() {
    let id = [0, 19, 0, 6, 0, 0, 0];
    let check = |at: u64, value: u8, sum: bool, message: &str| {
        let mut bytes = one_block();
        bytes[usize::try_from(at).unwrap()] = value;
        if sum {
            let start = usize::try_from(HEAP).unwrap();
            let mut head = bytes[start..start + 142].to_vec();
            checksum::append(&mut head, 0);
            bytes[start..start + 146].copy_from_slice(&head);
        }
        fails(&bytes, &id, message);
    };
    check(
        HEAP,
        b'x',
        false,
        "fractal heap signature `xRHP`, expected `FRHP`",
    );
    check(HEAP + 4, 1, false, "fractal heap version 1, expected 0");
    check(HEAP + 7, 1, false, "fractal heap with filters");
    check(HEAP + 10, 1, false, "fractal heap checksum");
    check(HEAP + 110, 3, true, "fractal heap of blocks");
    check(
        BLOCK,
        b'x',
        false,
        "direct block signature `xHDB`, expected `FHDB`",
    );
    check(BLOCK + 4, 1, false, "direct block version 1, expected 0");
    check(
        BLOCK + 5,
        1,
        false,
        "direct block of another heap or from 0x0, expected 0x0",
    );
    check(
        BLOCK + 13,
        1,
        false,
        "direct block of another heap or from 0x1, expected 0x0",
    );
    check(BLOCK + 19, 1, false, "direct block checksum");
    fails(&one_block(), &[0x30, 0], "heap ID that begins with 0x30");
    fails(&one_block(), &[0x40, 0], "heap ID that begins with 0x40");
    fails(
        &one_block(),
        &[0, 60, 0, 6, 0, 0, 0],
        "4 bytes left, expected 6",
    );
    let mut bytes = many_blocks();
    bytes[0x300 + 20] = 1;
    fails(&bytes, &[0, 83, 0, 6, 0, 0, 0], "indirect block checksum");
}
