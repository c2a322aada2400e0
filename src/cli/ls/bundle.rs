//! The tensors of a bundle.

use hornfels::bundle::{BundleEntry, BundleReader, ByteOrder};
use hornfels::{Error, ErrorKind, Result};
use serde::Serialize;

use super::Args;
use crate::exit::Exit;
use crate::output::Output;
use crate::table::{Align, Table};
use crate::terminal::Terminal;
use crate::{source, text};

/// What `--json` prints: `spec/cli.md#ls`.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    file: String,
    format: &'static str,
    shards: u32,
    big_endian: bool,
    tensors: Vec<Tensor>,
}

#[derive(Debug, Serialize)]
struct Tensor {
    key: String,
    dtype: String,
    shape: Vec<u64>,
    /// `null` for a tensor in parts.
    stored_bytes: Option<u64>,
    /// In which data file, and where.
    shard: Option<u32>,
    offset: Option<u64>,
    /// In how many parts it is stored; 0 for one that is stored as a whole.
    parts: usize,
}

pub(super) fn run(
    reader: &BundleReader,
    args: &Args,
    terminal: &Terminal,
    out: &mut Output,
) -> Result<Exit> {
    let tensors = reader
        .entries()
        .filter(|(key, _)| is_below(key, &args.path));
    let tensors: Vec<Tensor> = tensors.map(|(key, entry)| tensor(key, entry)).collect();
    if tensors.is_empty() && args.path != "/" {
        let message = format!(
            "no tensor `{0}`, and none below `{0}/`",
            text::safe(&args.path)
        );
        return Err(Error::new(ErrorKind::NotFound, message).within(source::name(&args.file)));
    }
    if !terminal.json {
        out.text(&table(&tensors).render(terminal))?;
        return Ok(Exit::Fine);
    }
    out.json(&Report {
        schema: 1,
        file: source::name(&args.file),
        format: "tensor_bundle",
        shards: reader.shards(),
        big_endian: reader.byte_order() == ByteOrder::Big,
        tensors,
    })?;
    Ok(Exit::Fine)
}

/// Keys are paths by custom only.
fn is_below(key: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let rest = key.strip_prefix(path);
    rest.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

fn tensor(key: String, entry: BundleEntry) -> Tensor {
    let whole = entry.slices.is_empty();
    Tensor {
        key,
        dtype: type_name(&entry),
        stored_bytes: whole.then_some(entry.size),
        shard: whole.then_some(entry.shard),
        offset: whole.then_some(entry.offset),
        parts: entry.slices.len(),
        shape: entry.shape,
    }
}

/// The dtype's name, or TensorFlow's for a type that only it has.
pub(crate) fn type_name(entry: &BundleEntry) -> String {
    if let Some(dtype) = entry.dtype() {
        return dtype.name().to_owned();
    }
    let name = format!("{:?}", entry.data_type);
    match name.strip_prefix("DT_") {
        Some(name) => name.to_ascii_lowercase(),
        None => name,
    }
}

fn table(tensors: &[Tensor]) -> Table {
    let columns = [
        ("Key", Align::Left),
        ("Type", Align::Left),
        ("Shape", Align::Left),
        ("Size", Align::Right),
        ("Stored", Align::Left),
    ];
    let mut table = Table::new(columns);
    for tensor in tensors {
        let stored = match (tensor.parts, tensor.shard) {
            (0, Some(0)) | (0, None) => String::new(),
            (0, Some(shard)) => format!("data file {shard}"),
            (1, _) => "1 part".to_owned(),
            (parts, _) => format!("{parts} parts"),
        };
        table.row([
            text::safe(&tensor.key).into_owned(),
            tensor.dtype.clone(),
            text::shape(&tensor.shape),
            tensor.stored_bytes.map(text::size).unwrap_or_default(),
            stored,
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_is_the_same_or_behind_a_slash() {
        for (key, path, expected) in [
            ("a/b", "/", true),
            ("a/b", "a", true),
            ("a/b", "a/", true),
            ("a/b", "a/b", true),
            ("a/bc", "a/b", false),
            ("ab", "a", false),
        ] {
            assert_eq!(is_below(key, path), expected, "{key} {path}");
        }
    }
}
