//! What a link can lead to: groups, datasets, named datatypes; and what they have in common.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt;
use std::sync::Arc;

use super::attribute::{self, Attribute};
use super::dataset::{Dataset, Elements};
use super::file::File;
use super::group::Group;
use super::links::Storage;
use crate::codec::Cursor;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::Address;
use crate::hdf5::format::message::datatype::Datatype;
use crate::hdf5::format::message::shared::{Shareable, Shared};
use crate::hdf5::format::object_header::{Message, MessageType, ObjectHeader};

/// What a path leads to.
#[derive(Clone, Debug)]
pub enum Object {
    /// Links to further objects.
    Group(Group),
    /// Elements.
    Dataset(Dataset),
    /// An element type that datasets share.
    NamedDatatype(NamedDatatype),
}

impl Object {
    /// Finds out what `handle` leads to.
    pub(super) fn open(handle: Handle) -> Result<Object> {
        let described = Described::of(&handle, None)?;
        Ok(match described {
            Described::Group(storage) => Object::Group(Group::new(handle, storage)),
            Described::Dataset(elements) => Object::Dataset(Dataset::new(handle, elements)),
            Described::NamedDatatype(datatype) => {
                Object::NamedDatatype(NamedDatatype { handle, datatype })
            }
        })
    }

    /// The path it was found at, from the root group: `/model_weights/dense`.
    pub fn path(&self) -> &str {
        &self.handle().path
    }

    /// Where it is in the file. Objects with equal addresses are the same object.
    pub fn address(&self) -> Address {
        self.handle().address
    }

    /// Its attribute called `name`, if it has one.
    ///
    /// # Errors
    ///
    /// If its attributes are malformed or stored in a way that is not supported.
    pub fn attribute(&self, name: &str) -> Result<Option<Attribute>> {
        self.handle().attribute(name)
    }

    /// Its attributes, in the order they are stored in.
    ///
    /// # Errors
    ///
    /// If one is malformed or stored in a way that is not supported.
    pub fn attributes(&self) -> Result<Vec<Attribute>> {
        self.handle().attributes()
    }

    /// The names of its attributes, in the order they are stored in. Attributes that cannot be
    /// read have names, too.
    ///
    /// # Errors
    ///
    /// If they are malformed or stored in a way that is not supported.
    pub fn attribute_names(&self) -> Result<Vec<String>> {
        self.handle().attribute_names()
    }

    fn handle(&self) -> &Handle {
        match self {
            Object::Group(group) => group.handle(),
            Object::Dataset(dataset) => dataset.handle(),
            Object::NamedDatatype(datatype) => &datatype.handle,
        }
    }
}

/// An element type that is an object of its own, so that several datasets can share it.
#[derive(Clone)]
pub struct NamedDatatype {
    handle: Handle,
    datatype: Datatype,
}

impl NamedDatatype {
    /// The path it was found at.
    pub fn path(&self) -> &str {
        &self.handle.path
    }

    /// The element type.
    pub fn datatype(&self) -> &Datatype {
        &self.datatype
    }
}

impl fmt::Debug for NamedDatatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamedDatatype(`{}` {})", self.path(), self.datatype)
    }
}

/// An object of an open file: where it is, and how it was reached.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) file: File,
    /// Its object header.
    pub(super) address: Address,
    /// From the root, with a leading slash.
    pub(super) path: Arc<str>,
}

/// Which kind of object a header makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    Dataset,
    NamedDatatype,
}

impl Kind {
    /// As errors say it.
    fn name(self) -> &'static str {
        match self {
            Kind::Group => "group",
            Kind::Dataset => "dataset",
            Kind::NamedDatatype => "named datatype",
        }
    }
}

/// What an object's header says about it.
pub(super) enum Described {
    Group(Storage),
    Dataset(Elements),
    NamedDatatype(Datatype),
}

impl Described {
    /// Reads the header that `handle` leads to, of an object of `expected` kind if there is one.
    pub(super) fn of(handle: &Handle, expected: Option<Kind>) -> Result<Described> {
        let header = handle
            .header()
            .within(|| handle.place(expected.map_or("object", Kind::name)))?;
        let kind = kind_of(&header).within(|| handle.place("object"))?;
        if let Some(expected) = expected.filter(|expected| *expected != kind) {
            let (path, found, expected) = (&handle.path, kind.name(), expected.name());
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("`{path}` is a {found}, expected a {expected}"),
            ));
        }
        let described = match kind {
            Kind::Group => Storage::of(handle, &header).map(Described::Group),
            Kind::Dataset => Elements::of(handle, &header).map(Described::Dataset),
            Kind::NamedDatatype => decode_datatype(handle, &header).map(Described::NamedDatatype),
        };
        described.within(|| handle.place(kind.name()))
    }
}

impl Handle {
    pub(super) fn root(file: &File) -> Handle {
        Handle {
            file: file.clone(),
            address: file.root_address(),
            path: Arc::from("/"),
        }
    }

    /// The object at `address`, which a link called `name` in this group leads to.
    pub(super) fn child(&self, name: &str, address: Address) -> Handle {
        Handle {
            file: self.file.clone(),
            address,
            path: self.child_path(name).into(),
        }
    }

    pub(super) fn child_path(&self, name: &str) -> String {
        format!("{}/{name}", self.path.trim_end_matches('/'))
    }

    /// How errors name it: `group /model_weights`.
    pub(super) fn place(&self, what: &str) -> String {
        format!("{what} {}", self.path)
    }

    pub(super) fn header(&self) -> Result<ObjectHeader<'_>> {
        let file = &self.file;
        let header = ObjectHeader::decode(file.sizes(), file.image(), self.address, file.limits())?;
        for message in &header.messages {
            if message.flags & Message::MUST_BE_KNOWN != 0 && message.kind.name().is_none() {
                return Err(Error::unsupported(
                    message.offset,
                    format!("message {}, which readers must know", message.kind),
                ));
            }
        }
        Ok(header)
    }

    pub(super) fn attribute(&self, name: &str) -> Result<Option<Attribute>> {
        attribute::find(self, name).within(|| self.place("object"))
    }

    pub(super) fn attribute_names(&self) -> Result<Vec<String>> {
        attribute::names(self).within(|| self.place("object"))
    }

    pub(super) fn attributes(&self) -> Result<Vec<Attribute>> {
        attribute::all(self).within(|| self.place("object"))
    }
}

fn kind_of(header: &ObjectHeader<'_>) -> Result<Kind> {
    let has = |kind| header.messages.iter().any(|message| message.kind == kind);
    if has(MessageType::SYMBOL_TABLE) || has(MessageType::LINK_INFO) || has(MessageType::LINK) {
        return Ok(Kind::Group);
    }
    if has(MessageType::LAYOUT) || (has(MessageType::DATATYPE) && has(MessageType::DATASPACE)) {
        return Ok(Kind::Dataset);
    }
    if has(MessageType::DATATYPE) {
        return Ok(Kind::NamedDatatype);
    }
    Err(Error::new(
        ErrorKind::Malformed,
        "no message that makes a group, a dataset or a datatype",
    ))
}

/// The one message of `kind`, if there is one. Two that contradict each other are an error.
pub(super) fn single<'h, 'a>(
    header: &'h ObjectHeader<'a>,
    kind: MessageType,
) -> Result<Option<&'h Message<'a>>> {
    let mut found = header
        .messages
        .iter()
        .filter(|message| message.kind == kind);
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(second) => Err(Error::malformed(
            second.offset,
            format!("second {kind} message, expected one"),
        )),
    }
}

/// The one message of `kind`, which must be in the header itself.
pub(super) fn required<'h, 'a>(
    header: &'h ObjectHeader<'a>,
    kind: MessageType,
) -> Result<&'h Message<'a>> {
    let message = present(header, kind)?;
    if message.is_shared() {
        return Err(Error::unsupported(
            message.offset,
            format!("shared {kind} message"),
        ));
    }
    Ok(message)
}

/// The one message of `kind`, which may be one that objects share.
pub(super) fn present<'h, 'a>(
    header: &'h ObjectHeader<'a>,
    kind: MessageType,
) -> Result<&'h Message<'a>> {
    single(header, kind)?
        .ok_or_else(|| Error::new(ErrorKind::Malformed, format!("no {kind} message")))
}

/// Decodes `message`, wherever its content is.
pub(super) fn decode_message<T>(
    file: &File,
    message: &Message<'_>,
    decode: impl FnOnce(&mut Cursor<'_>) -> Result<T>,
) -> Result<T> {
    let mut from = message.cursor();
    if !message.is_shared() {
        return decode(&mut from);
    }
    let shared = Shared::decode(file.sizes(), &mut from)?;
    decode_shared(file, message.kind, shared, decode)
}

/// Decodes a message of `kind` that several objects share.
pub(super) fn decode_shared<T>(
    file: &File,
    kind: MessageType,
    shared: Shared,
    decode: impl FnOnce(&mut Cursor<'_>) -> Result<T>,
) -> Result<T> {
    match shared {
        Shared::Object(address) => {
            let named = Handle {
                file: file.clone(),
                address,
                path: Arc::from("?"),
            };
            // What is shared is there, and nowhere else: objects do not chain.
            let header = named.header().within(|| format!("shared {kind}"))?;
            let message = required(&header, kind);
            message
                .and_then(|message| decode(&mut message.cursor()))
                .within(|| format!("shared {kind}"))
        }
        Shared::Heap(id) => {
            let table = file.shared_table()?;
            let heap = table.heap(kind).ok_or_else(|| {
                Error::new(
                    ErrorKind::Malformed,
                    format!("no shared {kind} messages in the table of them"),
                )
            })?;
            let heap = file.fractal_heap(heap)?;
            let object = heap.object(file.image(), Cursor::new(&id, 0));
            object
                .and_then(|mut object| decode(&mut object))
                .within(|| format!("shared {kind}"))
        }
    }
}

/// The element type that the header declares, itself or by naming a datatype object.
pub(super) fn decode_datatype(handle: &Handle, header: &ObjectHeader<'_>) -> Result<Datatype> {
    let message = present(header, MessageType::DATATYPE)?;
    decode_message(&handle.file, message, Datatype::decode).within(|| "datatype message")
}

/// The part of a message that may be shared, wherever it is.
pub(super) fn resolve<T>(
    file: &File,
    kind: MessageType,
    part: Shareable<T>,
    decode: impl FnOnce(&mut Cursor<'_>) -> Result<T>,
) -> Result<T> {
    match part {
        Shareable::Here(part) => Ok(part),
        Shareable::Elsewhere(shared) => decode_shared(file, kind, shared, decode),
    }
}
