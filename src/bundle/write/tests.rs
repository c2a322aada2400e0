use std::fs;

use proptest::prelude::*;

use super::*;
use crate::bundle::BundleReader;
use crate::io::replace_directory;
use crate::limits::Limits;
use crate::tensor::DType;

fn number(shards: u32) -> NonZeroU32 {
    NonZeroU32::new(shards).unwrap()
}

fn read(bytes: &BundleBytes) -> BundleReader {
    let shards = bytes.shards.iter().cloned().map(SharedBytes::from);
    BundleReader::from_bytes(bytes.index.clone(), shards.collect(), Limits::default()).unwrap()
}

/// Tensors of every kind, in an order that is not that of their keys.
fn tensors() -> Vec<(&'static str, Tensor<'static>)> {
    let strings = vec![b"".to_vec(), b"two".to_vec(), vec![0xff; 300]];
    vec![
        (
            "z/kernel",
            Tensor::from_vec(vec![1.0_f32, -2.0], [2, 1]).unwrap(),
        ),
        ("scalar", Tensor::scalar(7_i64)),
        ("empty", Tensor::zeros(DType::Float64, [0, 3]).unwrap()),
        ("strings", Tensor::strings(strings, [3]).unwrap()),
        (
            "a/flags",
            Tensor::from_vec(vec![true, false, true], [3]).unwrap(),
        ),
        ("no strings", Tensor::strings(vec![], [0]).unwrap()),
        (
            "half",
            Tensor::from_le_bytes(DType::Float16, [1], &[0, 0x3c]).unwrap(),
        ),
    ]
}

#[test]
fn tensors_are_back_to_back_in_the_order_they_came_in() {
    let mut writer = BundleWriter::new();
    assert!(writer.is_empty());
    for (key, tensor) in tensors() {
        writer.tensor(key, tensor).unwrap();
    }
    assert_eq!(writer.len(), 7);
    let bytes = writer.to_bytes(number(1)).unwrap();
    let lengths = [&[0, 0, 0, 0][..], &[3, 0, 0, 0], &[44, 1, 0, 0]].concat();
    let of_lengths = mask(Algorithm::Crc32c.of(&lengths)).to_le_bytes();
    let expected = [
        &1.0_f32.to_le_bytes()[..],
        &(-2.0_f32).to_le_bytes(),
        &7_i64.to_le_bytes(),
        &[0, 3, 0xac, 2],
        &of_lengths,
        b"two",
        &[0xff; 300],
        &[1, 0, 1],
        &mask(0).to_le_bytes(),
        &[0, 0x3c],
    ]
    .concat();
    assert_eq!(bytes.shards, [expected]);
    let reader = read(&bytes);
    let keys: Vec<String> = reader.keys().collect();
    let sorted = [
        "a/flags",
        "empty",
        "half",
        "no strings",
        "scalar",
        "strings",
        "z/kernel",
    ];
    assert_eq!(keys, sorted);
    let entry = reader.entry("strings").unwrap();
    assert_eq!((entry.shard, entry.offset, entry.size), (0, 16, 311));
}

#[test]
fn what_is_read_is_what_was_written() {
    for shards in [1, 2, 3, 7, 1000] {
        let mut writer = BundleWriter::new();
        for (key, tensor) in tensors() {
            writer.tensor(key, tensor).unwrap();
        }
        let bytes = writer.to_bytes(number(shards)).unwrap();
        assert_eq!(bytes.shards.len(), shards.min(7) as usize);
        let reader = read(&bytes);
        assert_eq!(reader.shards(), shards.min(7));
        for (key, tensor) in tensors() {
            assert_eq!(reader.tensor(key).unwrap(), tensor);
            reader.verify(key).unwrap();
        }
    }
}

#[test]
fn nothing_and_only_strings() {
    let bytes = BundleWriter::new().to_bytes(number(3)).unwrap();
    assert_eq!(bytes.shards, [Vec::<u8>::new()]);
    assert!(read(&bytes).is_empty());
    let mut writer = BundleWriter::new();
    let graph = Tensor::strings(vec![b"graph".to_vec()], []).unwrap();
    writer
        .tensor("_CHECKPOINTABLE_OBJECT_GRAPH", graph.borrowed())
        .unwrap();
    let reader = read(&writer.to_bytes(number(1)).unwrap());
    assert_eq!(
        reader.tensor("_CHECKPOINTABLE_OBJECT_GRAPH").unwrap(),
        graph
    );
}

#[test]
fn types_that_only_tensorflow_has() {
    let bytes = [1, 2, 3, 4];
    let mut writer = BundleWriter::new();
    writer.raw("q", DataType::DT_QUINT16, [2], &bytes).unwrap();
    writer.raw("i4", DataType::DT_INT4, [4], &bytes).unwrap();
    let reader = read(&writer.to_bytes(number(1)).unwrap());
    assert_eq!(reader.bytes("q").unwrap()[..], bytes);
    assert_eq!(reader.entry("i4").unwrap().data_type, DataType::DT_INT4);
}

#[track_caller]
fn refused(add: impl FnOnce(&mut BundleWriter<'_>) -> Result<()>, message: &str) {
    let mut writer = BundleWriter::new();
    writer.tensor("there", Tensor::scalar(1_u8)).unwrap();
    let error = add(&mut writer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.message(), message);
}

#[test]
fn what_is_refused() {
    refused(
        |writer| writer.tensor("there", Tensor::scalar(1_u8)),
        "a second tensor `there`",
    );
    refused(
        |writer| writer.tensor("", Tensor::scalar(1_u8)),
        "an empty key, which is the header's",
    );
    refused(
        |writer| writer.raw("x", DataType::DT_QINT32, [3], &[0; 8]),
        "8 bytes for DT_QINT32 of shape (3,)",
    );
    refused(
        |writer| writer.raw("x", DataType::DT_VARIANT, [], &[]),
        "elements of DT_VARIANT have no fixed size that is known",
    );
    let mut writer = BundleWriter::new();
    let vast = Tensor::zeros(DType::Int8, [0, u64::MAX]).unwrap();
    writer.tensor("vast", vast).unwrap();
    let error = writer.to_bytes(number(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.path().next(), Some("tensor `vast`"));
}

#[test]
fn shards_have_about_as_much() {
    #[track_caller]
    fn check(sizes: &[u64], shards: u32, expected: &[u32]) {
        assert_eq!(balanced(sizes.iter().copied(), shards), expected);
    }
    check(&[5, 1, 1, 3], 1, &[0, 0, 0, 0]);
    check(&[5, 1, 1, 3], 2, &[0, 1, 1, 1]);
    check(&[3, 3, 2, 2, 2], 2, &[0, 1, 0, 1, 0]);
    check(&[0, 0, 0, 0], 2, &[0, 1, 0, 1]);
    check(&[], 1, &[]);
}

#[test]
fn a_directory_that_counts_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let large = vec![1_u8; 5 << 20];
    for shards in [1, 2] {
        let mut writer = BundleWriter::new();
        for key in ["b", "a"] {
            let tensor = Tensor::new(&large, [5 << 20]).unwrap();
            writer.tensor(key, tensor).unwrap();
        }
        replace_directory(&path, &CommitOptions::default(), |directory| {
            directory.create_directory("variables")?;
            writer.save_in(directory, "variables/variables", number(shards))
        })
        .unwrap();
        let reader = BundleReader::open(path.join("variables/variables")).unwrap();
        assert_eq!(reader.shards(), shards);
        for key in ["a", "b"] {
            assert!(reader.tensor(key).unwrap().bytes() == large);
            reader.verify(key).unwrap();
        }
        let files = fs::read_dir(path.join("variables")).unwrap().count();
        assert_eq!(files, shards as usize + 1);
    }
}

#[test]
fn a_bundle_replaces_another() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("ckpt");
    for value in [1_u8, 2] {
        let mut writer = BundleWriter::new();
        writer.tensor("v", Tensor::scalar(value)).unwrap();
        writer.save(&prefix).unwrap();
        let reader = BundleReader::open(&prefix).unwrap();
        assert_eq!(reader.tensor("v").unwrap(), Tensor::scalar(value));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
    let keep = BundleOptions {
        commit: CommitOptions {
            overwrite: false,
            ..CommitOptions::default()
        },
        ..BundleOptions::default()
    };
    let error = BundleWriter::new().save_with(&prefix, &keep).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let error = BundleWriter::new().save(folder.path().join("none/ckpt"));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
}

/// Keys of any text, dtypes, shapes and elements.
fn any_tensors() -> impl Strategy<Value = BTreeMap<String, Tensor<'static>>> {
    let numbers = (0..4_usize, proptest::collection::vec(any::<u64>(), 0..20));
    let numbers = numbers.prop_map(|(kind, values)| {
        let len = values.len() as u64;
        let narrow = |value: &u64| *value as u16;
        match kind {
            0 => Tensor::from_vec(values, [len, 1]).unwrap(),
            1 => Tensor::from_vec(values.iter().map(narrow).collect(), [1, len]).unwrap(),
            2 => Tensor::from_vec(values.iter().map(|it| it % 2 == 0).collect(), [len]).unwrap(),
            _ => Tensor::scalar(values.first().map_or(0.5, |it| *it as f32)),
        }
    });
    let strings = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..5);
    let strings = strings.prop_map(|values| {
        let len = values.len() as u64;
        Tensor::strings(values, [len]).unwrap()
    });
    proptest::collection::btree_map(".{1,12}", prop_oneof![3 => numbers, 1 => strings], 0..40)
}

proptest! {
    #[test]
    fn any_bundle(tensors in any_tensors(), shards in 1..5_u32) {
        let mut writer = BundleWriter::new();
        for (key, tensor) in tensors.iter().rev() {
            writer.tensor(key.as_str(), tensor.borrowed()).unwrap();
        }
        let reader = read(&writer.to_bytes(number(shards)).unwrap());
        let keys: Vec<String> = reader.keys().collect();
        prop_assert_eq!(keys, tensors.keys().cloned().collect::<Vec<_>>());
        for (key, tensor) in &tensors {
            prop_assert_eq!(&reader.tensor(key).unwrap(), tensor);
            reader.verify(key).unwrap();
        }
    }
}
