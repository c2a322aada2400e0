//! The links of a group, in whichever way they are stored: `spec/hdf5.md#link-info` or
//! `spec/hdf5.md#old-style-groups`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::dense;
use super::file::File;
use super::object::{Handle, required};
use super::symbol_table::Table;
use crate::codec::Cursor;
use crate::error::{Context, Error, Result};
use crate::hdf5::format::Address;
use crate::hdf5::format::message::link::{self, Target};
use crate::hdf5::format::message::link_info::LinkInfo;
use crate::hdf5::format::message::symbol_table::SymbolTable;
use crate::hdf5::format::object_header::{MessageType, ObjectHeader};

/// A name in a group, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The name, unique in its group.
    pub name: String,
    /// Where it leads.
    pub target: LinkTarget,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkTarget {
    /// To an object of this file.
    Hard(Address),
    /// To whatever is at this path, relative to the group unless it begins with a slash.
    Soft(String),
    /// To an object of another file. Listed, but never followed.
    External {
        /// The other file's name.
        file: String,
        /// The path in it.
        path: String,
    },
    /// To something only the program that wrote it can follow.
    Unknown {
        /// The number the program chose for this class of links.
        class: u8,
    },
}

/// How a group stores its links.
#[derive(Clone, Copy, Debug)]
pub(super) enum Storage {
    /// In a symbol table: old-style groups.
    Table(SymbolTable),
    /// As messages of the object header.
    Compact,
    /// In a fractal heap.
    Dense {
        /// The heap with the links.
        heap: Address,
        /// The index of their names.
        index: Address,
    },
}

impl Storage {
    /// How the group with this `header` stores its links.
    pub(super) fn of(handle: &Handle, header: &ObjectHeader<'_>) -> Result<Storage> {
        let sizes = handle.file.sizes();
        let has = |kind| header.messages.iter().any(|message| message.kind == kind);
        if has(MessageType::SYMBOL_TABLE) {
            let message = required(header, MessageType::SYMBOL_TABLE)?;
            let table = SymbolTable::decode(sizes, &mut message.cursor());
            return table.map(Storage::Table).within(|| "symbol table message");
        }
        if has(MessageType::LINK_INFO) {
            let message = required(header, MessageType::LINK_INFO)?;
            let info =
                LinkInfo::decode(sizes, &mut message.cursor()).within(|| "link info message")?;
            if let Some(heap) = info.fractal_heap {
                let Some(index) = info.name_index else {
                    return Err(Error::malformed(
                        message.offset,
                        "many links without an index of their names",
                    ));
                };
                return Ok(Storage::Dense { heap, index });
            }
        }
        Ok(Storage::Compact)
    }

    /// All links of the group, in the order of their names' bytes.
    pub(super) fn links(self, handle: &Handle) -> Result<Vec<Link>> {
        match self {
            Storage::Table(table) => Table::open(&handle.file, table)?.links(),
            Storage::Compact => Ok(CompactLinks::of(handle)?.0.clone()),
            Storage::Dense { heap, index } => dense::links(&handle.file, heap, index),
        }
    }

    /// Where the link called `name` leads, if there is one.
    pub(super) fn find(self, handle: &Handle, name: &str) -> Result<Option<LinkTarget>> {
        match self {
            Storage::Table(table) => Table::open(&handle.file, table)?.find(name),
            Storage::Compact => Ok(CompactLinks::of(handle)?.find(name)),
            Storage::Dense { heap, index } => dense::find(&handle.file, heap, index, name),
        }
    }
}

/// The links of a new-style group, in the order of their names' bytes.
///
/// In the file they are in any order, so they are sorted once for each group.
pub(super) struct CompactLinks(Vec<Link>);

impl CompactLinks {
    fn of(handle: &Handle) -> Result<std::sync::Arc<CompactLinks>> {
        let cache = &handle.file.caches().links;
        cache.get(handle.address, || CompactLinks::decode(handle))
    }

    fn decode(handle: &Handle) -> Result<CompactLinks> {
        let header = handle.header()?;
        let mut links = Vec::new();
        for message in &header.messages {
            if message.kind == MessageType::LINK {
                links.push(decode_link(&handle.file, &mut message.cursor())?);
            }
        }
        let at = handle.file.image().offset(handle.address);
        sort(&mut links, at)?;
        Ok(CompactLinks(links))
    }

    fn find(&self, name: &str) -> Option<LinkTarget> {
        let CompactLinks(links) = self;
        let at = links.binary_search_by(|link| link.name.as_str().cmp(name));
        let link = links.get(at.ok()?)?;
        Some(link.target.clone())
    }
}

/// Reads a link message, of a header or a heap.
pub(super) fn decode_link(file: &File, from: &mut Cursor<'_>) -> Result<Link> {
    let at = from.offset();
    let link = link::Link::decode(file.sizes(), from).within(|| "link message")?;
    check_name(&link.name, at)?;
    Ok(Link {
        target: target_of(link.target, at)?,
        name: link.name,
    })
}

/// Sorts by names' bytes; no two may be equal. `at` is where the group is.
pub(super) fn sort(links: &mut [Link], at: u64) -> Result<()> {
    links.sort_by(|a, b| a.name.cmp(&b.name));
    let mut pairs = links.iter().zip(links.iter().skip(1));
    match pairs.find(|(a, b)| a.name == b.name) {
        Some((link, _)) => Err(Error::malformed(
            at,
            format!("two links called `{}`", link.name),
        )),
        None => Ok(()),
    }
}

/// A target in the words of the public interface.
fn target_of(target: Target, at: u64) -> Result<LinkTarget> {
    Ok(match target {
        Target::Hard(address) => LinkTarget::Hard(address),
        Target::Soft(path) => LinkTarget::Soft(path),
        Target::External(data) => {
            // A byte of version and flags, then two texts that end in NUL.
            let mut parts = data
                .get(1..)
                .unwrap_or_default()
                .split(|byte| *byte == 0)
                .map(|part| String::from_utf8_lossy(part).into_owned());
            let (Some(file), Some(path)) = (parts.next(), parts.next()) else {
                return Err(Error::malformed(at, "external link without file and path"));
            };
            LinkTarget::External { file, path }
        }
        Target::UserDefined { class, .. } => LinkTarget::Unknown { class },
    })
}

/// A name that no path could contain would be out of reach, and `..` is a trap for callers.
pub(super) fn check_name(name: &str, at: u64) -> Result<()> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(Error::malformed(
            at,
            format!("link name `{}`", name.escape_debug()),
        ));
    }
    Ok(())
}
