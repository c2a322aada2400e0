//! Reads tensor bundles, and writes them again, for `tests/interop/bundle.py`: for each prefix named on
//! a line of the input one line of JSON with every tensor, whose elements follow each other in a file
//! called like the prefix with `.bin` behind it. The bundle is written again with `.again` behind the
//! prefix, and with three data files with `.three`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, Write};
use std::num::NonZeroU32;
use std::path::Path;

use hornfels::bundle::sstable::{Table, TableBuilder};
use hornfels::bundle::{BundleOptions, BundleReader, BundleWriter};
use hornfels::{Limits, Result, SharedBytes, Tensor};
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for prefix in std::io::stdin().lock().lines() {
        let prefix = prefix?;
        let mut bytes = Vec::new();
        let found = match bundle(&prefix, &mut bytes) {
            Ok(found) => found,
            Err(error) => json!({"error": error.to_string()}),
        };
        fs::write(format!("{prefix}.bin"), bytes)?;
        writeln!(output, "{}", json!({"prefix": prefix, "found": found}))?;
    }
    Ok(())
}

fn bundle(prefix: &str, bytes: &mut Vec<u8>) -> Result<Value> {
    let reader = BundleReader::open(prefix)?;
    let mut tensors = BTreeMap::new();
    let mut found = Vec::new();
    for (key, entry) in reader.entries() {
        let data_type = entry.data_type.0;
        let start = bytes.len();
        let content = match entry.dtype() {
            Some(_) => {
                let tensor = reader.tensor(&key)?;
                content(&tensor, bytes);
                Content::Tensor(tensor)
            }
            None => {
                let stored = reader.bytes(&key)?;
                bytes.extend_from_slice(&stored);
                Content::Raw(stored)
            }
        };
        reader.verify(&key)?;
        found.push(json!({
            "key": key, "data_type": data_type, "shape": entry.shape, "parts": entry.slices.len(),
            "start": start, "length": bytes.len() - start,
        }));
        // An empty tensor begins where the next does.
        let place = (entry.shard, entry.offset, entry.size, key);
        tensors.insert(place, (entry.data_type, entry.shape, content));
    }
    let again = |suffix: &str, shards: NonZeroU32| {
        let mut writer = BundleWriter::new();
        for ((.., key), (data_type, shape, content)) in &tensors {
            match content {
                Content::Tensor(tensor) => writer.tensor(key.as_str(), tensor.borrowed())?,
                Content::Raw(stored) => writer.raw(key.as_str(), *data_type, shape, stored)?,
            }
        }
        let options = BundleOptions {
            shards,
            ..BundleOptions::default()
        };
        writer.save_with(format!("{prefix}{suffix}"), &options)
    };
    again(".again", NonZeroU32::MIN)?;
    again(".three", NonZeroU32::MIN.saturating_add(2))?;
    Ok(json!({
        "tensors": found, "shards": reader.shards(), "same_index": same_index(prefix)?,
    }))
}

enum Content {
    Tensor(Tensor<'static>),
    Raw(SharedBytes),
}

/// The elements; strings with their lengths.
fn content(tensor: &Tensor<'_>, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(tensor.bytes());
    for string in tensor.string_values().unwrap_or_default() {
        let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.extend(string);
    }
}

/// Whether the entries of the index, written as a table, are the bytes of the index.
fn same_index(prefix: &str) -> Result<bool> {
    let path = format!("{prefix}.index");
    let stored = fs::read(Path::new(&path)).unwrap_or_default();
    let table = Table::from_bytes(stored.clone(), Limits::default())?;
    let mut builder = TableBuilder::new();
    let mut entries = table.entries();
    while let Some((key, value)) = entries.next() {
        builder.add(key, value)?;
    }
    Ok(builder.finish() == stored)
}
