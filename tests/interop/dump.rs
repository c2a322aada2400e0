//! Dumps HDF5 files for `tests/interop/hdf5_matrix.py`: for each file named on a line of the input
//! one line of JSON with every dataset and attribute, whose elements follow each other in a file
//! called like the other with `.bin` behind it.

use std::fs;
use std::io::{BufRead, Write};

use hornfels::hdf5::{Datatype, File, Found, Object};
use hornfels::{Error, Limits, Result, Tensor};
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for path in std::io::stdin().lock().lines() {
        let path = path?;
        let mut bytes = Vec::new();
        let found = match File::open_with(&path, Limits::default(), true) {
            Ok(file) => everything(&file, &mut bytes),
            Err(error) => vec![failure("/", &error)],
        };
        fs::write(format!("{path}.bin"), bytes)?;
        writeln!(output, "{}", json!({"file": path, "found": found}))?;
    }
    Ok(())
}

fn everything(file: &File, bytes: &mut Vec<u8>) -> Vec<Value> {
    let mut found = Vec::new();
    attributes(&Object::Group(file.root()), &mut found, bytes);
    for step in file.root().walk() {
        let step = match step {
            Ok(step) => step,
            Err(error) => {
                found.push(failure("/", &error));
                break;
            }
        };
        match step.found {
            Found::Object(object) => {
                attributes(&object, &mut found, bytes);
                if let Object::Dataset(dataset) = &object {
                    let (path, shape, datatype) =
                        (dataset.path(), dataset.shape(), dataset.datatype());
                    let content = content(datatype, || dataset.tensor(), || dataset.bytes());
                    found.push(describe(path, shape, datatype, content, bytes));
                }
            }
            Found::Failed(error) => found.push(failure(&step.path, &error)),
            Found::Again(_) | Found::NotFollowed => {}
        }
    }
    found
}

fn attributes(object: &Object, found: &mut Vec<Value>, bytes: &mut Vec<u8>) {
    let all = match object.attributes() {
        Ok(all) => all,
        Err(error) => return found.push(failure(object.path(), &error)),
    };
    for attribute in all {
        let path = format!("{}@{}", object.path(), attribute.name());
        let (shape, datatype) = (attribute.shape(), attribute.datatype());
        let content = content(datatype, || attribute.tensor(), || attribute.bytes());
        found.push(describe(&path, shape, datatype, content, bytes));
    }
}

/// The elements: the dtype if tensors have one for them, and the bytes; strings with their lengths.
fn content<B: AsRef<[u8]>>(
    datatype: &Datatype,
    tensor: impl FnOnce() -> Result<Tensor<'static>>,
    bytes: impl FnOnce() -> Result<B>,
) -> Result<(Option<&'static str>, Vec<u8>)> {
    let mut element = datatype;
    while let Datatype::Array(array) = element {
        element = &array.base;
    }
    if element.dtype().is_none() {
        return Ok((None, bytes()?.as_ref().to_vec()));
    }
    let tensor = tensor()?;
    let mut content = tensor.bytes().to_vec();
    for string in tensor.string_values().unwrap_or_default() {
        let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
        content.extend(length.to_le_bytes());
        content.extend(string);
    }
    Ok((Some(tensor.dtype().name()), content))
}

fn describe(
    path: &str,
    shape: &[u64],
    datatype: &Datatype,
    content: Result<(Option<&'static str>, Vec<u8>)>,
    bytes: &mut Vec<u8>,
) -> Value {
    let datatype = datatype.to_string();
    match content {
        Ok((dtype, content)) => {
            let start = bytes.len();
            bytes.extend(&content);
            json!({
                "path": path, "dtype": dtype, "datatype": datatype, "shape": shape,
                "start": start, "length": content.len(),
            })
        }
        Err(error) => failure(path, &error),
    }
}

fn failure(path: &str, error: &Error) -> Value {
    let kind = format!("{:?}", error.kind());
    json!({"path": path, "error": error.to_string(), "kind": kind})
}
