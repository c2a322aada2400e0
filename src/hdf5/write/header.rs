//! The object header of one group or dataset, in either layout.
//! See `spec/hdf5.md#what-is-written`.

use std::borrow::Cow;

use super::heap::Heap;
use super::options::Layout;
use super::place::{Node, NodeKind, Place, Stored, StoredData, Target};
use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::format::Address;
use crate::hdf5::format::message::attribute::{AttributeMessage, AttributeVersion};
use crate::hdf5::format::message::attribute_info::AttributeInfo;
use crate::hdf5::format::message::dataspace::DataspaceVersion;
use crate::hdf5::format::message::datatype::DatatypeVersion;
use crate::hdf5::format::message::fill_value::{FillValue, FillValueVersion};
use crate::hdf5::format::message::group_info::GroupInfo;
use crate::hdf5::format::message::layout::Layout as DataLayout;
use crate::hdf5::format::message::link::{Link, Target as LinkTarget};
use crate::hdf5::format::message::link_info::LinkInfo;
use crate::hdf5::format::message::shared::Shareable;
use crate::hdf5::format::message::symbol_table::SymbolTable;
use crate::hdf5::format::object_header::{Message, MessageType, ObjectHeader, Version};

/// What object headers are made from, beside the object itself.
#[derive(Clone, Copy)]
pub(super) struct Headers<'p> {
    pub(super) layout: Layout,
    /// Where every object is; anywhere while sizes are being found.
    pub(super) places: &'p [Place],
    pub(super) heap: &'p Heap,
}

impl Headers<'_> {
    /// Flag of messages that libhdf5 never shares between objects.
    const NEVER_SHARED: u8 = 0b0000_0100;

    /// Appends the header of `node`, which is at `place`.
    pub(super) fn encode(self, node: &Node<'_>, place: Place, to: &mut Vec<u8>) -> Result<()> {
        let mut messages = match &node.kind {
            NodeKind::Group(links) => self.group(links, place)?,
            NodeKind::Dataset(stored) => self.dataset(stored, place),
        };
        // Or libhdf5 would list none of them: `spec/hdf5.md#attribute-info`.
        if self.layout == Layout::Compact && !node.attributes.is_empty() {
            let body = body(|to| AttributeInfo::default().encode(to));
            let flags = Self::NEVER_SHARED;
            messages.push(Message::new(MessageType::ATTRIBUTE_INFO, flags, body));
        }
        for (name, stored) in &node.attributes {
            let message = self.attribute(name, stored);
            self.check_size(&message, "attribute", name)?;
            messages.push(message);
        }
        let version = match self.layout {
            Layout::Classic => Version::One,
            Layout::Compact => Version::Two,
        };
        check_count(version, messages.len())?;
        ObjectHeader { version, messages }.encode(to);
        Ok(())
    }

    fn group(self, links: &[(String, Target)], place: Place) -> Result<Vec<Message<'static>>> {
        if self.layout == Layout::Classic {
            // While sizes are being found, it is nowhere yet.
            let table = place.table.unwrap_or(SymbolTable {
                btree: Address(0),
                heap: Address(0),
            });
            let body = body(|to| table.encode(to));
            return Ok(vec![Message::new(MessageType::SYMBOL_TABLE, 0, body)]);
        }
        let mut messages = vec![
            Message::new(
                MessageType::LINK_INFO,
                0,
                body(|to| LinkInfo::default().encode(to)),
            ),
            Message::new(
                MessageType::GROUP_INFO,
                Message::CONSTANT,
                body(|to| GroupInfo::default().encode(to)),
            ),
        ];
        for (name, target) in links {
            let target = match target {
                Target::Node(child) => {
                    let place = self.places.get(*child).copied().unwrap_or_default();
                    LinkTarget::Hard(place.header)
                }
                Target::Soft(path) => LinkTarget::Soft(path.clone()),
            };
            let link = Link {
                name: name.clone(),
                creation_index: None,
                utf8: !name.is_ascii(),
                target,
            };
            let message = Message::new(MessageType::LINK, 0, body(|to| link.encode(to)));
            self.check_size(&message, "link", name)?;
            messages.push(message);
        }
        Ok(messages)
    }

    fn dataset(self, stored: &Stored<'_>, place: Place) -> Vec<Message<'static>> {
        let (dataspaces, datatypes, fills) = match self.layout {
            Layout::Classic => (
                DataspaceVersion::V1,
                DatatypeVersion::V1,
                FillValueVersion::V2,
            ),
            Layout::Compact => (
                DataspaceVersion::V2,
                DatatypeVersion::V3,
                FillValueVersion::V3,
            ),
        };
        let fill = match stored.data {
            StoredData::Bytes(_) => FillValue::DEFAULT,
            StoredData::Strings(_) => FillValue::VARIABLE_LENGTH,
        };
        let layout = DataLayout::Contiguous {
            address: place.data,
            size: Some(stored.len()),
        };
        vec![
            Message::new(
                MessageType::DATASPACE,
                0,
                body(|to| stored.dataspace.encode(dataspaces, to)),
            ),
            Message::new(
                MessageType::DATATYPE,
                Message::CONSTANT,
                body(|to| stored.datatype.encode(datatypes, to)),
            ),
            Message::new(
                MessageType::FILL_VALUE,
                Message::CONSTANT,
                body(|to| fill.encode(fills, to)),
            ),
            Message::new(MessageType::LAYOUT, 0, body(|to| layout.encode(to))),
        ]
    }

    fn attribute(self, name: &str, stored: &Stored<'_>) -> Message<'static> {
        let message = AttributeMessage {
            name: Cow::Borrowed(name),
            datatype: Shareable::Here(stored.datatype.clone()),
            dataspace: Shareable::Here(stored.dataspace.clone()),
            data: stored.elements(self.heap),
            data_offset: 0,
        };
        let version = match self.layout {
            Layout::Classic => AttributeVersion::V1,
            Layout::Compact => AttributeVersion::V3,
        };
        Message::new(
            MessageType::ATTRIBUTE,
            0,
            body(|to| message.encode(version, to)),
        )
    }

    /// A message's size has two bytes, and in version 1 it is a multiple of eight
    /// (`spec/hdf5.md#object-header`).
    fn check_size(self, message: &Message<'_>, kind: &str, name: &str) -> Result<()> {
        let most = match self.layout {
            Layout::Classic => 65_528,
            Layout::Compact => 65_535,
        };
        let found = message.body.len();
        if found <= most {
            return Ok(());
        }
        let shown: String = name.escape_debug().take(100).collect();
        let error = Error::new(
            ErrorKind::InvalidArgument,
            format!("{kind} `{shown}` takes {found} bytes, expected at most {most}"),
        );
        Err(match message.kind {
            MessageType::ATTRIBUTE => error.with_hint(
                "split it into several attributes as Keras does with long lists of names, \
                 use strings of variable length, or make it a dataset",
            ),
            _ => error.with_hint("use a shorter name, or the classic layout"),
        })
    }
}

/// Version 1 counts its messages in two bytes.
fn check_count(version: Version, count: usize) -> Result<()> {
    let most = match version {
        Version::One => 65_535,
        Version::Two => usize::MAX,
    };
    if count <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidArgument,
        format!("{count} header messages, but a classic object header holds at most {most}"),
    )
    .with_hint("use fewer attributes"))
}

fn body(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    // Most bodies fit, and none grows byte by byte.
    let mut body = Vec::with_capacity(64);
    encode(&mut body);
    body
}
