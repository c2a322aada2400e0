//! Attributes: small named values beside an object.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::dense::DenseAttributes;
use super::elements::{self, Stored};
use super::file::File;
use super::object::{Handle, decode_message, resolve, single};
use crate::codec::Cursor;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::file_length;
use crate::hdf5::format::message::attribute::AttributeMessage;
use crate::hdf5::format::message::attribute_info::AttributeInfo;
use crate::hdf5::format::message::dataspace::Dataspace;
use crate::hdf5::format::message::datatype::Datatype;
use crate::hdf5::format::object_header::{MessageType, ObjectHeader};
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
            Stored::Shared(self.data.clone()),
        )
        .within(|| self.place())
    }

    /// One member of each element, which is a compound: the last name in `path`, those before it
    /// being compounds in compounds.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such member; otherwise as [`tensor`](Self::tensor).
    pub fn member(&self, path: &[&str]) -> Result<Tensor<'static>> {
        let data = Stored::Shared(self.data.clone());
        let (file, dataspace) = (&self.file, &self.dataspace);
        elements::member(file, &self.datatype, path, &data)
            .and_then(|(datatype, data)| elements::tensor(file, datatype, dataspace, data))
            .within(|| self.place())
    }

    /// The elements' bytes: numbers as tensors have them, everything else as it is stored.
    ///
    /// # Errors
    ///
    /// `LimitExceeded` if numbers of an unusual width take too much memory as usual ones.
    pub fn bytes(&self) -> Result<SharedBytes> {
        let data = Stored::Shared(self.data.clone());
        elements::bytes(&self.file, &self.datatype, data).within(|| self.place())
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
        let data = Stored::Shared(self.data.clone());
        elements::strings(&self.file, &self.datatype, count, &data).within(|| self.place())
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

    /// Reads the message in `from`, which is a part of the file.
    fn decode(handle: &Handle, from: &mut Cursor<'_>) -> Result<Attribute> {
        let file = &handle.file;
        let found = AttributeMessage::decode(file.sizes(), from)?;
        let name = found.name.into_owned();
        let declared = || -> Result<_> {
            let datatype = resolve(
                file,
                MessageType::DATATYPE,
                found.datatype,
                Datatype::decode,
            )?;
            let dataspace = resolve(file, MessageType::DATASPACE, found.dataspace, |from| {
                Dataspace::decode(file.sizes(), from)
            })?;
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
    let mut found = Vec::new();
    each(handle, &header, &mut |from| {
        found.push(Attribute::decode(handle, from)?);
        Ok(())
    })?;
    Ok(found)
}

/// The names of all attributes of an object, in the order they are stored in.
pub(super) fn names(handle: &Handle) -> Result<Vec<String>> {
    let header = handle.header()?;
    let mut found = Vec::new();
    each(handle, &header, &mut |from| {
        found.push(AttributeMessage::decode_name(from)?.to_owned());
        Ok(())
    })?;
    Ok(found)
}

/// The attribute called `name`. The others are not decoded.
pub(super) fn find(handle: &Handle, name: &str) -> Result<Option<Attribute>> {
    let header = handle.header()?;
    let mut found = None;
    let mut look = |from: &mut Cursor<'_>| -> Result<()> {
        if found.is_none() && AttributeMessage::decode_name(&mut from.clone())? == name {
            found = Some(Attribute::decode(handle, from)?);
        }
        Ok(())
    };
    match dense(handle, &header)? {
        Some(dense) => dense.each_called(name, &mut look)?,
        None => each(handle, &header, &mut look)?,
    }
    Ok(found)
}

/// Hands every attribute message of the object to `look`.
///
/// Names are unique, or a copy of the object could not be written: `spec/hdf5.md#attribute`.
fn each(
    handle: &Handle,
    header: &ObjectHeader<'_>,
    look: &mut dyn FnMut(&mut Cursor<'_>) -> Result<()>,
) -> Result<()> {
    let mut seen = HashSet::new();
    let mut distinct = |from: &mut Cursor<'_>| -> Result<()> {
        // A name that cannot be read is reported by who asks for it.
        if let Ok(name) = AttributeMessage::decode_name(&mut from.clone())
            && !seen.insert(name.to_owned())
        {
            let name = name.escape_debug();
            return Err(Error::malformed(
                from.offset(),
                format!("second attribute `{name}`, expected one"),
            ));
        }
        look(from)
    };
    if let Some(dense) = dense(handle, header)? {
        return dense.each(&mut distinct);
    }
    for message in &header.messages {
        if message.kind == MessageType::ATTRIBUTE {
            decode_message(&handle.file, message, &mut distinct).within(|| "attribute message")?;
        }
    }
    Ok(())
}

/// The heap and the index of an object with many attributes.
fn dense<'f>(handle: &'f Handle, header: &ObjectHeader<'_>) -> Result<Option<DenseAttributes<'f>>> {
    let Some(message) = single(header, MessageType::ATTRIBUTE_INFO)? else {
        return Ok(None);
    };
    let file = &handle.file;
    let info = AttributeInfo::decode(file.sizes(), &mut message.cursor())
        .within(|| "attribute info message")?;
    let Some(heap) = info.fractal_heap else {
        return Ok(None);
    };
    let Some(index) = info.name_index else {
        return Err(Error::malformed(
            message.offset,
            "many attributes without an index of their names",
        ));
    };
    let ordered = info.max_creation_index.is_some();
    Ok(Some(DenseAttributes::new(file, heap, index, ordered)))
}
