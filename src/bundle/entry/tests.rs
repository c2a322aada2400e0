use super::*;

fn entry() -> BundleEntry {
    BundleEntry {
        data_type: DataType::DT_FLOAT,
        shape: vec![2, 3],
        shard: 1,
        offset: 300,
        size: 24,
        checksum: 0x0403_0201,
        slices: Vec::new(),
    }
}

#[track_caller]
fn round_trip(entry: &BundleEntry, parts: &[&[u8]]) {
    let bytes = parts.concat();
    assert_eq!(entry.encode().unwrap(), bytes);
    let decoded = BundleEntry::decode(&bytes, 2, &Limits::default()).unwrap();
    assert_eq!(decoded, *entry);
}

#[test]
fn header_bytes() {
    let header = Header {
        shards: 1,
        byte_order: ByteOrder::Little,
    };
    let bytes = [
        0x08, 1, // num_shards
        0x1a, 2, 0x08, 1, // version: producer; little is the default of endianness
    ];
    assert_eq!(header.encode().unwrap(), bytes);
    assert_eq!(Header::decode(&bytes, &Limits::default()).unwrap(), header);
    let big = Header {
        shards: 300,
        byte_order: ByteOrder::Big,
    };
    let bytes = [
        0x08, 0xac, 2, // num_shards
        0x10, 1, // endianness
        0x1a, 2, 0x08, 1, // version: producer
    ];
    assert_eq!(big.encode().unwrap(), bytes);
    assert_eq!(Header::decode(&bytes, &Limits::default()).unwrap(), big);
}

#[test]
fn entry_bytes() {
    let whole: [&[u8]; 7] = [
        &[0x08, 1],                            // dtype: DT_FLOAT
        &[0x12, 8],                            // shape: two axes follow
        &[0x12, 2, 0x08, 2, 0x12, 2, 0x08, 3], // size 2, size 3
        &[0x18, 1],                            // shard_id
        &[0x20, 0xac, 2],                      // offset
        &[0x28, 24],                           // size
        &[0x35, 1, 2, 3, 4],                   // crc32c
    ];
    round_trip(&entry(), &whole);
    // A scalar has a shape, and it is empty; what is 0 is not written.
    let scalar = BundleEntry {
        data_type: DataType::DT_INT64,
        shape: Vec::new(),
        shard: 0,
        offset: 0,
        size: 8,
        ..entry()
    };
    let bytes: [&[u8]; 4] = [&[0x08, 9], &[0x12, 0], &[0x28, 8], &[0x35, 1, 2, 3, 4]];
    round_trip(&scalar, &bytes);
}

#[test]
fn entry_of_parts_bytes() {
    let first = Extent {
        start: 0,
        len: Some(1),
    };
    let second = Extent {
        start: 1,
        len: Some(1),
    };
    let whole = Extent {
        start: 0,
        len: None,
    };
    let parts = BundleEntry {
        shard: 0,
        offset: 0,
        size: 0,
        checksum: 0,
        slices: vec![vec![first, whole], vec![second, whole]],
        ..entry()
    };
    let bytes: [&[u8]; 9] = [
        &[0x08, 1],                                     // dtype
        &[0x12, 8, 0x12, 2, 0x08, 2, 0x12, 2, 0x08, 3], // shape
        &[0x3a, 6],                                     // slices: the first
        &[0x0a, 2, 0x10, 1],                            // extent: length 1
        &[0x0a, 0],                                     // extent: the whole axis
        &[0x3a, 8],                                     // slices: the second
        &[0x0a, 4, 0x08, 1, 0x10, 1],                   // extent: start 1, length 1
        &[0x0a, 0],                                     // extent
        &[],
    ];
    round_trip(&parts, &bytes);
    assert_eq!(parts.elements(), 6);
    assert_eq!(parts.dtype(), Some(DType::Float32));
}

#[track_caller]
fn header_refused(bytes: &[u8], kind: ErrorKind, message: &str) {
    let error = Header::decode(bytes, &Limits::default()).unwrap_err();
    assert_eq!((error.kind(), error.message()), (kind, message));
}

#[test]
fn headers_that_are_not_read() {
    header_refused(
        &[],
        ErrorKind::Malformed,
        "0 data files, expected one at least",
    );
    header_refused(
        &[0x08, 1, 0x10, 2],
        ErrorKind::Malformed,
        "byte order 2, expected 0 or 1",
    );
    header_refused(
        &[0x08, 1, 0x1a, 4, 0x08, 3, 0x10, 2],
        ErrorKind::Unsupported,
        "written by version 3, for readers from version 2; this one has version 1",
    );
    header_refused(
        &[0x08, 1, 0x1a, 5, 0x08, 3, 0x1a, 1, 1],
        ErrorKind::Unsupported,
        "written by version 3, for readers from version 0; this one has version 1",
    );
}

#[track_caller]
fn refused(parts: &[&[u8]], message: &str) {
    let error = BundleEntry::decode(&parts.concat(), 2, &Limits::default()).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Malformed, message)
    );
}

#[test]
fn entries_that_contradict_themselves() {
    const MINUS_ONE: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let dim = |size: &[u8]| {
        let dim = [&[0x08][..], size].concat();
        let shape = [&[0x12, dim.len() as u8][..], &dim].concat();
        [&[0x12, shape.len() as u8][..], &shape].concat()
    };
    refused(&[&[0x18, 2]], "in data file 2, but there are 2");
    refused(&[&[0x18], MINUS_ONE], "in data file -1, but there are 2");
    refused(&[&[0x20], MINUS_ONE], "offset -1, expected 0 or more");
    refused(&[&[0x28], MINUS_ONE], "size -1, expected 0 or more");
    refused(&[&[0x12, 2, 0x18, 1]], "a shape of unknown rank");
    refused(&[&dim(MINUS_ONE)], "shape [-1], expected sizes from 0 on");
    refused(
        &[&[0x08, 1], &dim(&[3]), &[0x28, 11]],
        "11 bytes, but DT_FLOAT of shape (3,) has 3 times 4",
    );
    let half = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
    refused(
        &[&dim(&half), &dim(&half)],
        "shape (4611686018427387904, 4611686018427387904), which has 2^64 elements or more",
    );
    refused(
        &[&[0x08, 1], &dim(&half), &[0x28, 0]],
        "0 bytes, but DT_FLOAT of shape (4611686018427387904,) has 4611686018427387904 times 4",
    );
    refused(
        &[&dim(&[3]), &[0x3a, 0]],
        "a part with 0 axes of a tensor with 1",
    );
    refused(
        &[&dim(&[3]), &[0x3a, 6, 0x0a, 4, 0x08, 2, 0x10, 2]],
        "a part of 2 from 2 on an axis of 3",
    );
    refused(
        &[&dim(&[3]), &[0x3a, 4, 0x0a, 2, 0x08, 1]],
        "a part of -1 from 1 on an axis of 3",
    );
    refused(
        &[&dim(&[3]), &[0x28, 1, 0x3a, 2, 0x0a, 0]],
        "1 bytes of a tensor that is in parts",
    );
}

#[test]
fn what_no_entry_can_hold() {
    let shape = BundleEntry {
        shape: vec![u64::MAX, 0],
        ..entry()
    };
    let shard = BundleEntry {
        shard: u32::MAX,
        ..entry()
    };
    for wrong in [shape, shard] {
        let error = wrong.encode().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}
