//! Tensor bundles that TensorFlow wrote: what is in them, and the same bytes when they are written again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hornfels::bundle::sstable::{Table, TableBuilder};
use hornfels::bundle::{BundleOptions, BundleReader, BundleWriter};
use hornfels::{Limits, Tensor};
use serde_json::{Value, json};

const BUNDLES: [&str; 3] = ["every_dtype", "partitioned", "two_shards"];

fn prefix(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bundle");
    data.join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All of a bundle as `tests/data/make/bundle.py` describes it.
fn described(reader: &BundleReader) -> Value {
    let mut found = serde_json::Map::new();
    for (key, entry) in reader.entries() {
        reader.verify(&key).unwrap();
        let content = match entry.dtype() {
            None => hex(&reader.bytes(&key).unwrap()).into(),
            Some(_) => {
                let tensor = reader.tensor(&key).unwrap();
                match tensor.string_values() {
                    None => hex(tensor.bytes()).into(),
                    Some(values) => Value::from_iter(values.iter().map(|value| hex(value))),
                }
            }
        };
        let (data_type, shape) = (entry.data_type.0, entry.shape);
        let tensor = json!({"data_type": data_type, "shape": shape, "content": content});
        found.insert(key, tensor);
    }
    found.into()
}

#[test]
fn bundles_of_tensorflow_are_read_as_it_reads_them() {
    for name in BUNDLES {
        let expected = fs::read_to_string(prefix(&format!("{name}.json"))).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        for map in [true, false] {
            let reader = BundleReader::open_with(prefix(name), Limits::default(), map).unwrap();
            let found = described(&reader);
            assert_eq!(found, expected, "{name}");
            let sorted = |value: &Value| -> Vec<String> {
                value.as_object().unwrap().keys().cloned().collect()
            };
            assert_eq!(sorted(&found), sorted(&expected), "{name}");
        }
    }
}

#[test]
fn indexes_of_tensorflow_are_written_the_same() {
    for name in BUNDLES {
        let stored = fs::read(prefix(&format!("{name}.index"))).unwrap();
        let table = Table::from_bytes(stored.clone(), Limits::default()).unwrap();
        let mut builder = TableBuilder::new();
        let mut entries = table.entries();
        while let Some((key, value)) = entries.next() {
            builder.add(key, value).unwrap();
        }
        assert!(builder.finish() == stored, "{name}");
    }
}

/// Data files too, where tensors are stored as a whole, in one file.
#[test]
fn a_bundle_of_tensorflow_is_written_the_same() {
    let name = "every_dtype";
    let reader = BundleReader::open(prefix(name)).unwrap();
    let mut in_order = BTreeMap::new();
    for (key, entry) in reader.entries() {
        // An empty tensor begins where the next does.
        in_order.insert((entry.offset, entry.size, key), entry);
    }
    let stored: Vec<_> = (in_order.keys())
        .map(|(.., key)| reader.bytes(key).unwrap())
        .collect();
    let mut writer = BundleWriter::new();
    for (((.., key), entry), stored) in in_order.iter().zip(&stored) {
        match entry.dtype() {
            Some(_) => writer.tensor(key, reader.tensor(key).unwrap()).unwrap(),
            None => {
                let added = writer.raw(key, entry.data_type, &entry.shape, stored);
                added.unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join(name);
    writer.save_with(&again, &BundleOptions::default()).unwrap();
    for suffix in ["index", "data-00000-of-00001"] {
        let file = format!("{name}.{suffix}");
        let written = fs::read(folder.path().join(&file)).unwrap();
        assert!(written == fs::read(prefix(&file)).unwrap(), "{file}");
    }
}

/// Neither listing nor looking up is linear in the number of tensors for each of them.
#[test]
fn twenty_thousand_tensors_take_no_time() {
    const COUNT: u32 = 20_000;
    let key = |number: u32| format!("variables/{number}/.ATTRIBUTES/VARIABLE_VALUE");
    let began = Instant::now();
    let mut writer = BundleWriter::new();
    for number in 0..COUNT {
        writer.tensor(key(number), Tensor::scalar(number)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("many");
    writer.save(&prefix).unwrap();
    let reader = BundleReader::open(&prefix).unwrap();
    assert_eq!(reader.keys().count(), 20_000);
    for number in 0..COUNT {
        let tensor = reader.tensor(&key(number)).unwrap();
        assert_eq!(tensor, Tensor::scalar(number));
    }
    // A debug build on a busy machine needs two; looking at each for each would need minutes.
    assert!(began.elapsed() < Duration::from_secs(30));
}
