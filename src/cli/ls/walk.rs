//! Every object of a file, once, parents before children, children by name.

use hornfels::hdf5::{Attribute, Dataset, Datatype, File, Found, LinkTarget, Object, Step};
use hornfels::{Error, Result, Tensor};
use serde::Serialize;

use crate::{array, text};

/// Attribute values up to this many elements are part of the JSON.
const WHOLE: u64 = 10_000;
/// Values in the table are cut to this many characters.
const SHOWN: usize = 48;

/// One line of the tree.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) path: String,
    #[serde(flatten)]
    pub(super) kind: Kind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attributes: Vec<AttributeEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attributes_failure: Option<String>,
}

impl Entry {
    fn new(path: &str, kind: Kind) -> Entry {
        Entry {
            path: path.to_owned(),
            kind,
            attributes: Vec::new(),
            attributes_failure: None,
        }
    }

    /// Adds the attributes; one that cannot be read does not hide the others.
    fn describe(&mut self, object: &Object) {
        if let Ok(attributes) = object.attributes() {
            self.attributes = attributes.iter().map(attribute).collect();
            return;
        }
        match object.attribute_names() {
            Ok(names) => {
                let read = |name: &String| match object.attribute(name) {
                    Ok(Some(found)) => attribute(&found),
                    Ok(None) => AttributeEntry::failed(name, "it is gone".to_owned()),
                    Err(error) => AttributeEntry::failed(name, error.to_string()),
                };
                self.attributes = names.iter().map(read).collect();
            }
            Err(error) => self.attributes_failure = Some(error.to_string()),
        }
    }

    /// How much of it could not be read.
    pub(super) fn failures(&self) -> usize {
        let attributes = self
            .attributes
            .iter()
            .filter(|entry| entry.failure.is_some())
            .count();
        usize::from(matches!(self.kind, Kind::Unreadable { .. }))
            + usize::from(self.attributes_failure.is_some())
            + attributes
    }
}

/// What stands at a path.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Kind {
    Group,
    Dataset {
        datatype: String,
        shape: Vec<u64>,
        layout: String,
        stored_bytes: Option<u64>,
    },
    NamedDatatype {
        datatype: String,
    },
    SoftLink {
        target: String,
    },
    ExternalLink {
        file: String,
        target: String,
    },
    UnknownLink,
    /// An object that was listed before under another name.
    #[serde(rename = "hard_link")]
    SameAs {
        target: String,
    },
    Unreadable {
        error: String,
    },
}

/// An attribute of an object.
#[derive(Debug, Serialize)]
pub(super) struct AttributeEntry {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) datatype: Option<String>,
    pub(super) shape: Vec<u64>,
    /// `null` if it is long or of a datatype without values.
    value: serde_json::Value,
    #[serde(skip)]
    pub(super) shown: String,
    #[serde(rename = "error", skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

impl AttributeEntry {
    fn failed(name: &str, reason: String) -> AttributeEntry {
        AttributeEntry {
            name: name.to_owned(),
            datatype: None,
            shape: Vec::new(),
            value: serde_json::Value::Null,
            shown: String::new(),
            failure: Some(reason),
        }
    }
}

/// Lists `start` and everything below it.
pub(super) fn walk(file: &File, start: &str, attributes: bool) -> Result<Vec<Entry>> {
    let start = file.get(start)?;
    let mut entries = vec![object_entry(&start, start.path(), attributes)];
    if let Object::Group(group) = &start {
        for step in group.walk() {
            entries.push(entry(step?, attributes));
        }
    }
    Ok(entries)
}

fn entry(step: Step, attributes: bool) -> Entry {
    let kind = match (step.found, step.target) {
        (Found::Object(object), _) => return object_entry(&object, &step.path, attributes),
        (Found::Again(first), _) => Kind::SameAs {
            target: first.to_string(),
        },
        (Found::Failed(error), _) => Kind::Unreadable {
            error: error.to_string(),
        },
        (Found::NotFollowed, LinkTarget::Soft(target)) => Kind::SoftLink { target },
        (Found::NotFollowed, LinkTarget::External { file, path }) => {
            Kind::ExternalLink { file, target: path }
        }
        (Found::NotFollowed, _) => Kind::UnknownLink,
    };
    Entry::new(&step.path, kind)
}

fn object_entry(object: &Object, path: &str, attributes: bool) -> Entry {
    let kind = match object {
        Object::Group(_) => Kind::Group,
        Object::Dataset(dataset) => {
            dataset_kind(dataset).unwrap_or_else(|error| Kind::Unreadable {
                error: error.to_string(),
            })
        }
        Object::NamedDatatype(named) => Kind::NamedDatatype {
            datatype: named.datatype().to_string(),
        },
    };
    let mut entry = Entry::new(path, kind);
    if attributes {
        entry.describe(object);
    }
    entry
}

fn dataset_kind(dataset: &Dataset) -> Result<Kind> {
    let datatype = match dataset.dtype()? {
        // Opaque bytes that an attribute of Keras's names the dtype of.
        Some(dtype) if matches!(dataset.datatype(), Datatype::Opaque { .. }) => {
            format!("{} as {}", dtype.name(), dataset.datatype())
        }
        _ => dataset.datatype().to_string(),
    };
    Ok(Kind::Dataset {
        datatype,
        shape: dataset.shape().to_vec(),
        layout: dataset.layout()?.to_owned(),
        stored_bytes: dataset.stored_len()?,
    })
}

fn attribute(attribute: &Attribute) -> AttributeEntry {
    let read = attribute
        .tensor()
        .and_then(|tensor| Ok((short(&tensor)?, whole(&tensor)?)));
    let (shown, value, failure) = match read {
        Ok((shown, value)) => (shown, value, None),
        Err(error) if is_unread(&error) => (String::new(), serde_json::Value::Null, None),
        Err(error) => (
            String::new(),
            serde_json::Value::Null,
            Some(error.to_string()),
        ),
    };
    AttributeEntry {
        name: attribute.name().to_owned(),
        datatype: Some(attribute.datatype().to_string()),
        shape: attribute.shape().to_vec(),
        value,
        shown,
        failure,
    }
}

/// A value of a datatype that has no dtype, such as a reference: not broken, only not shown.
fn is_unread(error: &Error) -> bool {
    error.kind() == hornfels::ErrorKind::Unsupported
}

fn whole(tensor: &Tensor<'_>) -> Result<serde_json::Value> {
    if tensor.len() > WHOLE {
        return Ok(serde_json::Value::Null);
    }
    array::json(tensor)
}

fn short(tensor: &Tensor<'_>) -> Result<String> {
    if tensor.is_empty() {
        return Ok("[]".to_owned());
    }
    if let ([], Some([one])) = (tensor.shape(), tensor.string_values()) {
        let one = String::from_utf8_lossy(one);
        return Ok(text::short(&text::safe(&one), SHOWN).into_owned());
    }
    let items = array::Items::of(tensor)?;
    if tensor.shape().is_empty() {
        return Ok(text::short(&items.text(0), SHOWN).into_owned());
    }
    let mut list = String::from("[");
    let count = usize::try_from(tensor.len()).unwrap_or(usize::MAX);
    for at in 0..count {
        if at > 0 {
            list.push_str(", ");
        }
        list.push_str(&text::short(&items.text(at), SHOWN));
        if list.chars().count() > SHOWN {
            break;
        }
    }
    list.push(']');
    Ok(text::short(&list, SHOWN).into_owned())
}
