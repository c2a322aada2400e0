//! Attributes: small named values beside an object.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::elements;
use super::file::File;
use super::object::{Handle, in_message_table, resolve_datatype, single};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::file_length;
use crate::hdf5::format::message::attribute::AttributeMessage;
use crate::hdf5::format::message::attribute_info::AttributeInfo;
use crate::hdf5::format::message::dataspace::Dataspace;
use crate::hdf5::format::message::datatype::Datatype;
use crate::hdf5::format::message::shared::Shareable;
use crate::hdf5::format::object_header::{Message, MessageType, ObjectHeader};
use crate::io::SharedBytes;
use crate::tensor::{Element, Tensor};

/// A small named value beside a group, a dataset or a named datatype.
#[derive(Clone)]
pub struct Attribute {
    file: File,
    /// The path of the object it is beside.
    object: Arc<str>,
    name: String,
    datatype: Datatype,
    dataspace: Dataspace,
    data: SharedBytes,
}

impl Attribute {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What one element is in the file.
    pub fn datatype(&self) -> &Datatype {
        &self.datatype
    }

    /// How many elements there are.
    pub fn dataspace(&self) -> &Dataspace {
        &self.dataspace
    }

    /// The sizes, outermost first; none for a scalar and for the null dataspace.
    pub fn shape(&self) -> &[u64] {
        self.dataspace.dims()
    }

    /// The elements, of whichever type they are. A null dataspace has none, in the shape (0).
    ///
    /// # Errors
    ///
    /// `Unsupported` for types that tensors do not have.
    pub fn tensor(&self) -> Result<Tensor<'static>> {
        elements::tensor(
            &self.file,
            &self.datatype,
            &self.dataspace,
            self.data.clone(),
        )
        .within(|| self.place())
    }

    /// The elements, which must be of type `T`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if they are of another type.
    pub fn read<T: Element>(&self) -> Result<Vec<T>> {
        let tensor = self.tensor()?;
        tensor.to_vec().within(|| self.place())
    }

    /// The strings of a string attribute, without padding.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if it does not hold strings.
    pub fn strings(&self) -> Result<Vec<Vec<u8>>> {
        let count = self.dataspace.element_count();
        elements::strings(&self.file, &self.datatype, count, &self.data).within(|| self.place())
    }

    /// The text of an attribute with a single string.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if it does not hold exactly one string, `Malformed` if that is not UTF-8.
    pub fn string(&self) -> Result<String> {
        let mut strings = self.strings()?;
        let (Some(string), true) = (strings.pop(), strings.is_empty()) else {
            let count = self.dataspace.element_count();
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{count} strings, expected one"),
            )
            .within(self.place()));
        };
        String::from_utf8(string).map_err(|error| {
            let start = error.utf8_error().valid_up_to();
            Error::new(
                ErrorKind::Malformed,
                format!("text that is not UTF-8 from its byte {start} on"),
            )
            .within(self.place())
        })
    }

    fn place(&self) -> String {
        format!("attribute `{}` of {}", self.name, self.object)
    }

    fn decode(handle: &Handle, message: &Message<'_>) -> Result<Attribute> {
        let file = &handle.file;
        if message.is_shared() {
            return Err(in_message_table("attribute"));
        }
        let found = AttributeMessage::decode(file.sizes(), &mut message.cursor())?;
        let name = found.name.into_owned();
        let declared = || -> Result<_> {
            let datatype = resolve_datatype(file, found.datatype)?;
            let dataspace = match found.dataspace {
                Shareable::Here(dataspace) => dataspace,
                Shareable::Elsewhere(_) => return Err(in_message_table("dataspace")),
            };
            let length = elements::byte_length(&datatype, &dataspace)?;
            if length > file_length(found.data.len()) {
                let (stored, at) = (found.data.len(), found.data_offset);
                return Err(Error::malformed(
                    at,
                    format!("{stored} bytes left, expected {length}"),
                ));
            }
            let data = file.bytes_at(found.data_offset, length)?;
            Ok((datatype, dataspace, data))
        };
        let (datatype, dataspace, data) = declared().within(|| format!("attribute `{name}`"))?;
        Ok(Attribute {
            file: file.clone(),
            object: Arc::clone(&handle.path),
            name,
            datatype,
            dataspace,
            data,
        })
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attribute { name, datatype, .. } = self;
        write!(f, "Attribute(`{name}` {datatype} {:?})", self.shape())
    }
}

/// All attributes of an object, in the order they are stored in.
pub(super) fn all(handle: &Handle) -> Result<Vec<Attribute>> {
    let header = handle.header()?;
    messages(handle, &header)?
        .map(|message| Attribute::decode(handle, message))
        .collect()
}

/// The names of all attributes of an object, in the order they are stored in.
pub(super) fn names(handle: &Handle) -> Result<Vec<String>> {
    let header = handle.header()?;
    messages(handle, &header)?
        .map(|message| name_of(message).map(str::to_owned))
        .collect()
}

/// The attribute called `name`. The others are not decoded.
pub(super) fn find(handle: &Handle, name: &str) -> Result<Option<Attribute>> {
    let header = handle.header()?;
    for message in messages(handle, &header)? {
        if name_of(message)? == name {
            return Attribute::decode(handle, message).map(Some);
        }
    }
    Ok(None)
}

fn name_of<'m>(message: &'m Message<'_>) -> Result<&'m str> {
    if message.is_shared() {
        return Err(in_message_table("attribute"));
    }
    AttributeMessage::decode_name(&mut message.cursor()).within(|| "attribute message")
}

/// The messages that are attributes, unless attributes are stored elsewhere.
fn messages<'h, 'a>(
    handle: &Handle,
    header: &'h ObjectHeader<'a>,
) -> Result<impl Iterator<Item = &'h Message<'a>>> {
    if let Some(message) = single(header, MessageType::ATTRIBUTE_INFO)? {
        let info = AttributeInfo::decode(handle.file.sizes(), &mut message.cursor())
            .within(|| "attribute info message")?;
        if info.fractal_heap.is_some() {
            return Err(Error::unsupported(
                message.offset,
                "dense attributes (a fractal heap of attributes)",
            ));
        }
    }
    let messages = header.messages.iter();
    let messages = messages.filter(|message| message.kind == MessageType::ATTRIBUTE);
    check_distinct(messages.clone())?;
    Ok(messages)
}

/// Names are unique, or a copy of the object could not be written: `spec/hdf5.md#attribute`.
fn check_distinct<'h, 'a: 'h>(messages: impl Iterator<Item = &'h Message<'a>>) -> Result<()> {
    let mut seen = HashSet::new();
    for message in messages {
        // A name that cannot be read is reported where it is asked for.
        if let Ok(name) = name_of(message)
            && !seen.insert(name)
        {
            let name = name.escape_debug();
            return Err(Error::malformed(
                message.offset,
                format!("second attribute `{name}`, expected one"),
            ));
        }
    }
    Ok(())
}
