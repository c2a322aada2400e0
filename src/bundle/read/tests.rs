use super::super::BundleWriter;
use super::super::sstable::TableBuilder;
use super::*;
use crate::proto::tensorflow::DataType;
use std::num::NonZeroU32;

/// An index with these entries and a header.
fn index(header: Header, entries: &[(&[u8], BundleEntry)]) -> Vec<u8> {
    let mut table = TableBuilder::new();
    table.add(b"", &header.encode().unwrap()).unwrap();
    for (key, entry) in entries {
        table.add(key, &entry.encode().unwrap()).unwrap();
    }
    table.finish()
}

fn header(byte_order: ByteOrder) -> Header {
    Header {
        shards: 1,
        byte_order,
    }
}

fn entry(data_type: DataType, shape: &[u64], stored: &[u8]) -> BundleEntry {
    BundleEntry {
        data_type,
        shape: shape.to_vec(),
        shard: 0,
        offset: 0,
        size: u64::try_from(stored.len()).unwrap(),
        checksum: mask(Algorithm::Crc32c.of(stored)),
        slices: Vec::new(),
    }
}

fn open(index: Vec<u8>, data: &[u8]) -> Result<BundleReader> {
    BundleReader::from_bytes(index, vec![data.to_vec().into()], Limits::default())
}

#[test]
fn numbers_of_big_endian_machines() {
    #[track_caller]
    fn check(dtype: DType, big: &[u8], little: &[u8]) {
        let data_type = DataType::from(dtype);
        let entry = entry(data_type, &[1], big);
        let reader = open(index(header(ByteOrder::Big), &[(b"v", entry)]), big).unwrap();
        assert_eq!(reader.byte_order(), ByteOrder::Big);
        assert_eq!(reader.tensor("v").unwrap().bytes(), little);
        assert_eq!(reader.bytes("v").unwrap()[..], *big);
        reader.verify("v").unwrap();
    }
    check(DType::UInt8, &[1], &[1]);
    check(DType::BFloat16, &[1, 2], &[2, 1]);
    check(DType::Float32, &[1, 2, 3, 4], &[4, 3, 2, 1]);
    check(
        DType::Int64,
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[8, 7, 6, 5, 4, 3, 2, 1],
    );
    check(
        DType::Complex64,
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[4, 3, 2, 1, 8, 7, 6, 5],
    );
}

#[test]
fn types_that_only_tensorflow_has() {
    let bytes = [1, 2, 3, 4];
    let entry = entry(DataType::DT_QINT16, &[2], &bytes);
    let reader = open(index(header(ByteOrder::Little), &[(b"v", entry)]), &bytes).unwrap();
    let error = reader.tensor("v").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.to_string(), "tensor `v`: elements of type DT_QINT16");
    assert_eq!(reader.bytes("v").unwrap()[..], bytes);
    assert_eq!(reader.entry("v").unwrap().dtype(), None);
}

#[test]
fn what_is_not_there() {
    let bytes = [1, 2, 3, 4];
    let mut far = entry(DataType::DT_FLOAT, &[1], &bytes);
    far.offset = 1;
    let mut overflow = far.clone();
    overflow.offset = i64::MAX.unsigned_abs();
    let near = entry(DataType::DT_FLOAT, &[1], &bytes);
    let entries: [(&[u8], _); 3] = [(b"far", far), (b"near", near), (b"overflow", overflow)];
    let index = index(header(ByteOrder::Little), &entries);
    let reader = open(index.clone(), &bytes).unwrap();
    assert_eq!((reader.len(), reader.shards()), (3, 1));
    for key in ["far", "overflow"] {
        let error = reader.tensor(key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.hint().is_some());
        let expected = "4 bytes in data file 0 of 1, which has 4 in all";
        assert_eq!(error.message(), expected);
        assert!(reader.verify(key).is_err());
    }
    assert!(reader.contains("near") && !reader.contains("") && !reader.contains("other"));
    for key in ["", "other", "\0"] {
        assert_eq!(reader.tensor(key).unwrap_err().kind(), ErrorKind::NotFound);
    }
    let bare = BundleReader::from_bytes(index, Vec::new(), Limits::default()).unwrap();
    assert_eq!(bare.keys().count(), 3);
    let error = bare.tensor("near").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "tensor `near`: no data file 0 of 1");
}

#[test]
fn damage_is_found_when_asked_for() {
    let bytes = [1, 2, 3, 4];
    let entry = entry(DataType::DT_FLOAT, &[1], &bytes);
    let index = index(header(ByteOrder::Little), &[(b"v", entry)]);
    let reader = open(index, &[1, 2, 3, 5]).unwrap();
    assert!(reader.tensor("v").is_ok());
    let error = reader.verify("v").unwrap_err();
    assert!(
        error.to_string().starts_with("tensor `v`: checksum 0x"),
        "{error}"
    );
    assert!(error.hint().is_some());

    let mut writer = BundleWriter::new();
    let strings = Tensor::strings(vec![b"abc".to_vec()], []).unwrap();
    writer.tensor("s", strings).unwrap();
    let mut written = writer.to_bytes(NonZeroU32::MIN).unwrap();
    *written.shards[0].last_mut().unwrap() = b'd';
    let error = open(written.index, &written.shards[0]).unwrap().tensor("s");
    let error = error.unwrap_err();
    assert!(
        error.to_string().starts_with("tensor `s`: checksum 0x"),
        "{error}"
    );
}

#[test]
fn no_bundle() {
    let table = TableBuilder::new().finish();
    let error = open(table, &[]).unwrap_err();
    assert_eq!(
        error.message(),
        "no entry with an empty key, which a tensor bundle begins with"
    );
    let mut table = TableBuilder::new();
    table
        .add(b"", &header(ByteOrder::Little).encode().unwrap())
        .unwrap();
    table.add(b"v", &[0xff]).unwrap();
    let error = open(table.finish(), &[]).unwrap_err();
    assert!(error.to_string().starts_with("entry `v`: "), "{error}");
}

#[test]
fn keys_that_little_stands_for_stay_within_limits() {
    let mut writer = BundleWriter::new();
    for number in 0..100_u8 {
        let key = format!("{}{number:03}", "k".repeat(1000));
        writer.tensor(key, Tensor::scalar(number)).unwrap();
    }
    let written = writer.to_bytes(NonZeroU32::MIN).unwrap();
    let limits = |max_expansion| Limits {
        expansion_floor: 0,
        max_expansion,
        ..Limits::default()
    };
    let open = |limits| BundleReader::from_bytes(written.index.clone(), Vec::new(), limits);
    assert_eq!(open(limits(12)).unwrap().len(), 100);
    let error = open(limits(5)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.message().starts_with("the keys declares"), "{error}");
}

#[test]
fn files_are_opened_when_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("model");
    let error = BundleReader::open(&prefix).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let (one, two) = ([1.0_f32], [2.0_f32]);
    let mut writer = BundleWriter::new();
    writer
        .tensor("one", Tensor::new(&one, [1]).unwrap())
        .unwrap();
    writer
        .tensor("two", Tensor::new(&two, []).unwrap())
        .unwrap();
    let options = super::super::BundleOptions {
        shards: NonZeroU32::new(2).unwrap(),
        ..Default::default()
    };
    writer.save_with(&prefix, &options).unwrap();
    std::fs::remove_file(folder.path().join("model.data-00001-of-00002")).unwrap();
    for map in [true, false] {
        let reader = BundleReader::open_with(&prefix, Limits::default(), map).unwrap();
        assert_eq!(reader.keys().collect::<Vec<_>>(), ["one", "two"]);
        let read: Vec<_> = ["one", "two"].map(|key| reader.tensor(key)).into();
        assert_eq!(read[0].as_ref().unwrap().bytes(), 1.0_f32.to_le_bytes());
        let error = read[1].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error.to_string().contains("model.data-00001-of-00002"),
            "{error}"
        );
        assert!(error.hint().is_some());
        assert!(format!("{reader:?}").contains("len: 2"));
    }
}
