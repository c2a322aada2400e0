use std::collections::BTreeMap;
use std::num::NonZeroU32;

use hornfels::bundle::sstable::{Table, TableBuilder};
use hornfels::bundle::{BundleReader, BundleWriter};
use hornfels::{DType, Limits, SharedBytes, Tensor};

use super::source::Source;

const DTYPES: [&str; 18] = [
    "float32",
    "string",
    "bool",
    "float64",
    "float16",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e5m2",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "complex64",
    "complex128",
];

/// Arbitrary tensors in any number of data files read back equal, and the index is one that is
/// written the same from its entries.
pub fn bundle_round_trip(data: &[u8]) {
    let mut source = Source::new(data);
    let shards = NonZeroU32::MIN.saturating_add(source.below(5).into());
    let mut writer = BundleWriter::new();
    let mut tensors = BTreeMap::new();
    while !source.is_empty() {
        let key = source.string(20);
        let tensor = tensor(&mut source);
        let new = !key.is_empty() && !tensors.contains_key(&key);
        assert_eq!(writer.tensor(key.as_str(), tensor.clone()).is_ok(), new);
        if new {
            tensors.insert(key, tensor);
        }
    }
    let bytes = writer.to_bytes(shards).unwrap();
    let files = bytes.shards.into_iter().map(SharedBytes::from).collect();
    let reader = BundleReader::from_bytes(bytes.index.clone(), files, Limits::default()).unwrap();
    assert!(reader.keys().eq(tensors.keys().cloned()));
    for (key, tensor) in &tensors {
        assert_eq!(reader.tensor(key).unwrap(), *tensor, "{key:?}");
        reader.verify(key).unwrap();
    }
    let table = Table::from_bytes(bytes.index.clone(), Limits::default()).unwrap();
    let mut builder = TableBuilder::new();
    let mut entries = table.entries();
    while let Some((key, value)) = entries.next() {
        builder.add(key, value).unwrap();
    }
    assert!(builder.finish() == bytes.index, "another index");
}

fn tensor(source: &mut Source<'_>) -> Tensor<'static> {
    let dtype = DType::from_name(source.one_of(&DTYPES)).unwrap();
    let rank = source.below(4);
    let shape: Vec<u64> = (0..rank).map(|_| source.below(5).into()).collect();
    let count: u64 = shape.iter().product();
    let count = usize::try_from(count).unwrap();
    let Some(size) = dtype.size() else {
        let values = (0..count).map(|_| {
            let len = source.below(400);
            source.bytes(len.into()).to_vec()
        });
        return Tensor::strings(values.collect(), shape).unwrap();
    };
    let bytes = source.exactly(count * size);
    Tensor::from_shared(dtype, shape, bytes.into()).unwrap()
}
