//! What is in a file, as JSON: the form in which `tests/interop/_tree.py` says what h5py finds.

use hornfels::hdf5::{Attribute, Dataspace, File, Found, LinkTarget, Object};
use hornfels::{Error, ErrorKind, Result, Tensor};
use serde_json::{Map, Value, json};

/// Every path of `file` with what is there.
pub(crate) fn tree(file: &File) -> Result<Value> {
    let mut found = Map::new();
    let root = Object::Group(file.root());
    found.insert("/".to_owned(), describe(&root)?);
    for step in file.root().walk() {
        let step = step?;
        let described = match &step.found {
            Found::Object(object) => describe(object)?,
            Found::Again(first) => json!({"kind": "again", "first": &**first}),
            Found::Failed(error) => unsupported(error)?,
            Found::NotFollowed => match &step.target {
                LinkTarget::Soft(target) => json!({"kind": "soft", "target": target}),
                LinkTarget::External { file, path } => {
                    json!({"kind": "external", "file": file, "target": path})
                }
                _ => json!({"kind": "unknown"}),
            },
        };
        found.insert(step.path.to_string(), described);
    }
    Ok(Value::Object(found))
}

fn describe(object: &Object) -> Result<Value> {
    let mut described = match object {
        Object::Group(_) => json!({"kind": "group"}),
        Object::NamedDatatype(_) => json!({"kind": "datatype"}),
        Object::Dataset(dataset) => {
            let mut described = json!({"kind": "dataset"});
            let dtype = dataset.dtype()?;
            let tensor = dtype.map(|_| dataset.tensor());
            elements(
                &mut described,
                dataset.dataspace(),
                dataset.datatype(),
                dtype,
                tensor,
            )?;
            described
        }
    };
    let mut attributes = Map::new();
    match object.attribute_names() {
        Ok(mut names) => {
            names.sort();
            for name in names {
                let found = object.attribute(&name)?;
                let found = found.ok_or_else(|| Error::new(ErrorKind::NotFound, name.clone()))?;
                attributes.insert(name, describe_attribute(&found)?);
            }
        }
        Err(error) => attributes = unsupported(&error)?.as_object().unwrap().clone(),
    }
    described["attributes"] = Value::Object(attributes);
    Ok(described)
}

fn describe_attribute(attribute: &Attribute) -> Result<Value> {
    let mut described = json!({});
    let dtype = element(attribute.datatype()).dtype();
    let tensor = dtype.map(|_| attribute.tensor());
    elements(
        &mut described,
        attribute.dataspace(),
        attribute.datatype(),
        dtype,
        tensor,
    )?;
    Ok(described)
}

/// What an array, or an array of arrays, is made of.
fn element(mut datatype: &hornfels::hdf5::Datatype) -> &hornfels::hdf5::Datatype {
    while let hornfels::hdf5::Datatype::Array(array) = datatype {
        datatype = &array.base;
    }
    datatype
}

fn elements(
    described: &mut Value,
    dataspace: &Dataspace,
    datatype: &hornfels::hdf5::Datatype,
    dtype: Option<hornfels::DType>,
    tensor: Option<Result<Tensor<'_>>>,
) -> Result<()> {
    let mut shape = dataspace.dims().to_vec();
    let mut inner = datatype;
    while let hornfels::hdf5::Datatype::Array(array) = inner {
        shape.extend(array.dims.iter().map(|size| u64::from(*size)));
        inner = &array.base;
    }
    described["dtype"] = json!(dtype.map(|dtype| dtype.name()));
    described["shape"] = match dataspace {
        Dataspace::Null => Value::Null,
        _ => json!(shape),
    };
    match tensor {
        None => {}
        Some(Ok(_)) if *dataspace == Dataspace::Null => {}
        Some(Ok(tensor)) => {
            assert_eq!(tensor.shape(), shape);
            described["crc"] = json!(checksum(&tensor));
        }
        Some(Err(error)) => {
            let text = unsupported(&error)?["unsupported"].clone();
            described["crc"] = json!(format!("unsupported: {}", text.as_str().unwrap()));
        }
    }
    Ok(())
}

/// The failure, if it is that something is not supported.
fn unsupported(error: &Error) -> Result<Value> {
    match error.kind() {
        ErrorKind::Unsupported | ErrorKind::Refused => Ok(json!({"unsupported": error.message()})),
        kind => Err(Error::new(kind, error.to_string())),
    }
}

pub(crate) fn checksum(tensor: &Tensor<'_>) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(tensor.bytes());
    for string in tensor.string_values().unwrap_or_default() {
        hasher.update(&u32::try_from(string.len()).unwrap().to_le_bytes());
        hasher.update(string);
    }
    format!("{:08x}", hasher.finalize())
}
