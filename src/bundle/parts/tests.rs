use super::super::entry::{ByteOrder, Header};
use super::super::sstable::TableBuilder;
use super::*;
use crate::checksum::{Algorithm, mask};
use crate::limits::Limits;
use crate::proto::tensorflow::DataType;

/// The indexes from a start on, and how many; all of an axis without.
type Axis = Option<(u64, u64)>;

fn extents(axes: &[Axis]) -> Vec<Extent> {
    let extent = |axis: &Axis| Extent {
        start: axis.map_or(0, |(start, _)| start),
        len: axis.map(|(_, len)| len),
    };
    axes.iter().map(extent).collect()
}

fn entry(shape: &[u64], stored: &[u8], offset: usize) -> BundleEntry {
    BundleEntry {
        data_type: DataType::DT_UINT8,
        shape: shape.to_vec(),
        shard: 0,
        offset: offset as u64,
        size: stored.len() as u64,
        checksum: mask(Algorithm::Crc32c.of(stored)),
        slices: Vec::new(),
    }
}

/// A bundle with the tensor `v` of `uint8` in parts, each with its place, shape and elements.
fn bundle(shape: &[u64], parts: &[(&[Axis], &[u64], &[u8])], limits: Limits) -> BundleReader {
    let mut data = Vec::new();
    let mut whole = entry(shape, &[], 0);
    whole.checksum = 0;
    let mut entries = BTreeMap::new();
    for (axes, shape, bytes) in parts {
        let extents = extents(axes);
        let key = slice_key::encode(b"v", &extents);
        entries.insert(key, entry(shape, bytes, data.len()));
        data.extend_from_slice(bytes);
        whole.slices.push(extents);
    }
    entries.insert(b"v".to_vec(), whole);
    open(&entries, data, limits)
}

fn open(entries: &BTreeMap<Vec<u8>, BundleEntry>, data: Vec<u8>, limits: Limits) -> BundleReader {
    let header = Header {
        shards: 1,
        byte_order: ByteOrder::Little,
    };
    let mut table = TableBuilder::new();
    table.add(b"", &header.encode().unwrap()).unwrap();
    for (key, entry) in entries {
        table.add(key, &entry.encode().unwrap()).unwrap();
    }
    BundleReader::from_bytes(table.finish(), vec![data.into()], limits).unwrap()
}

#[track_caller]
fn check(shape: &[u64], parts: &[(&[Axis], &[u64], &[u8])], expected: Result<&[u8], &str>) {
    let reader = bundle(shape, parts, Limits::default());
    assert_eq!(reader.keys().collect::<Vec<_>>(), ["v"]);
    let read = reader.tensor("v");
    let found = read.as_ref().map(Tensor::bytes).map_err(Error::to_string);
    assert_eq!(
        found,
        expected.map_err(|message| format!("tensor `v`: {message}"))
    );
    if let Ok(tensor) = read {
        assert_eq!(tensor.shape(), shape);
        reader.verify("v").unwrap();
        assert!(reader.bytes("v").is_err());
    }
}

#[test]
fn any_cut() {
    check(
        &[5],
        &[
            (&[Some((0, 3))], &[3], &[0, 1, 2]),
            (&[Some((3, 2))], &[2], &[3, 4]),
        ],
        Ok(&[0, 1, 2, 3, 4]),
    );
    // By columns: the rows of a part are apart in the whole.
    check(
        &[2, 3],
        &[
            (&[None, Some((1, 2))], &[2, 2], &[1, 2, 4, 5]),
            (&[None, Some((0, 1))], &[2, 1], &[0, 3]),
        ],
        Ok(&[0, 1, 2, 3, 4, 5]),
    );
    // Both ways, and whole axes at the end.
    check(
        &[2, 2, 2],
        &[
            (&[Some((0, 1)), None, None], &[1, 2, 2], &[0, 1, 2, 3]),
            (&[Some((1, 1)), Some((0, 1)), None], &[1, 1, 2], &[4, 5]),
            (
                &[Some((1, 1)), Some((1, 1)), Some((0, 2))],
                &[1, 1, 2],
                &[6, 7],
            ),
        ],
        Ok(&[0, 1, 2, 3, 4, 5, 6, 7]),
    );
    check(&[3], &[(&[None], &[3], &[7, 8, 9])], Ok(&[7, 8, 9]));
    check(&[], &[(&[], &[], &[7])], Ok(&[7]));
    check(&[0, 2], &[(&[None, None], &[0, 2], &[])], Ok(&[]));
}

#[test]
fn more_than_64_elements_and_empty_parts() {
    let bytes: Vec<u8> = (0..200).collect();
    check(
        &[200],
        &[
            (&[Some((0, 61))], &[61], &bytes[..61]),
            (&[Some((61, 0))], &[0], &[]),
            (&[Some((61, 139))], &[139], &bytes[61..]),
        ],
        Ok(&bytes),
    );
}

#[test]
fn parts_that_do_not_fit() {
    let half: (&[Axis], &[u64], &[u8]) = (&[Some((0, 2))], &[2], &[0, 1]);
    check(&[4], &[half], Err("1 parts with 2 elements, expected 4"));
    check(
        &[4],
        &[half, (&[Some((1, 2))], &[2], &[0, 1])],
        Err("1,2: an element that is in two parts"),
    );
    check(
        &[4],
        &[half, half],
        Err("0,2: an element that is in two parts"),
    );
    check(
        &[4],
        &[half, (&[Some((2, 2))], &[1], &[0])],
        Err("part 2,2: DT_UINT8 (1,), expected DT_UINT8 (2,)"),
    );
}

#[test]
fn parts_that_are_missing_or_in_parts_again() {
    let mut whole = entry(&[2], &[], 0);
    whole.slices.push(extents(&[None]));
    whole.checksum = 0;
    let mut entries = BTreeMap::from([(b"v".to_vec(), whole.clone())]);
    let error = open(&entries, Vec::new(), Limits::default()).tensor("v");
    let expected = "tensor `v`: part 0,2: no entry";
    assert_eq!(error.unwrap_err().to_string(), expected);
    let key = slice_key::encode(b"v", &whole.slices[0]);
    entries.insert(key, whole);
    let error = open(&entries, Vec::new(), Limits::default()).tensor("v");
    let expected = "tensor `v`: part 0,2: a part that is in parts itself";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn keys_like_those_of_parts_are_tensors_if_nothing_has_such_parts() {
    let key = slice_key::encode(b"v", &extents(&[None]));
    let entries = BTreeMap::from([(key.clone(), entry(&[1], &[5], 0))]);
    let header = Header {
        shards: 1,
        byte_order: ByteOrder::Little,
    };
    let mut table = TableBuilder::new();
    table.add(b"", &header.encode().unwrap()).unwrap();
    for (key, entry) in &entries {
        table.add(key, &entry.encode().unwrap()).unwrap();
    }
    // Its bytes are not text, and only text is a name.
    let opened = BundleReader::from_bytes(table.finish(), Vec::new(), Limits::default());
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Unsupported);
}

/// Parts may claim the same bytes of a file, so that little is stored for much.
#[test]
fn what_is_not_stored_is_not_allocated() {
    let mut whole = entry(&[1000, 1000], &[], 0);
    whole.checksum = 0;
    let mut entries = BTreeMap::new();
    for row in 0..1000 {
        let extents = extents(&[Some((row, 1)), None]);
        let part = entry(&[1, 1000], &[0; 1000], 0);
        entries.insert(slice_key::encode(b"v", &extents), part);
        whole.slices.push(extents);
    }
    entries.insert(b"v".to_vec(), whole);
    let limits = Limits {
        expansion_floor: 1000,
        max_expansion: 100,
        ..Limits::default()
    };
    let error = open(&entries, vec![0; 1000], limits).tensor("v");
    assert_eq!(error.unwrap_err().kind(), ErrorKind::LimitExceeded);
    let read = open(&entries, vec![0; 1000], Limits::default()).tensor("v");
    assert_eq!(read.unwrap().len(), 1_000_000);
}
