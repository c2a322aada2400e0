//! Groups: finding and listing what they hold.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt;
use std::sync::Arc;

use super::attribute::Attribute;
use super::dataset::Dataset;
use super::file::File;
use super::links::{Link, LinkTarget, Storage};
use super::object::{Described, Handle, Kind, Object};
use super::walk::Walk;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::{Address, file_length};

/// A group of an open file: names that lead to groups and datasets.
///
/// A handle: cloning it is cheap, and it keeps the file open.
#[derive(Clone)]
pub struct Group {
    handle: Handle,
    storage: Storage,
}

impl Group {
    /// The group that `handle` leads to, which must be one.
    pub(super) fn open(handle: Handle) -> Result<Group> {
        match Described::of(&handle, Some(Kind::Group))? {
            Described::Group(storage) => Ok(Group::new(handle, storage)),
            _ => Err(Error::new(ErrorKind::Malformed, "not a group")),
        }
    }

    pub(super) fn new(handle: Handle, storage: Storage) -> Group {
        Group { handle, storage }
    }

    /// The path it was found at, from the root group: `/model_weights`; the root itself is `/`.
    pub fn path(&self) -> &str {
        &self.handle.path
    }

    /// The last part of the path; empty for the root.
    pub fn name(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    /// Where it is in the file. Groups with equal addresses are the same group.
    pub fn address(&self) -> Address {
        self.handle.address
    }

    /// The file it is in.
    pub fn file(&self) -> &File {
        &self.handle.file
    }

    /// Its links, in the order of their names' bytes. The objects they lead to are not opened.
    ///
    /// # Errors
    ///
    /// If the links are malformed or stored in a way that is not supported.
    pub fn links(&self) -> Result<Vec<Link>> {
        let links = self.storage.links(&self.handle).and_then(|links| {
            let limits = self.file().limits();
            limits.objects(file_length(links.len()), "links")?;
            Ok(links)
        });
        links.within(|| self.handle.place("group"))
    }

    /// What is at `path`: relative to this group, or from the root with a leading slash.
    ///
    /// Soft links are followed inside the file. The time this takes does not depend on how many
    /// links a group has.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is nothing; `Refused` if the path goes through a link out of the file;
    /// and errors of what lies on the way.
    pub fn get(&self, path: &str) -> Result<Object> {
        Object::open(self.resolve(path)?)
    }

    /// The group at `path`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and `InvalidArgument` if it is not a group.
    pub fn group(&self, path: &str) -> Result<Group> {
        Group::open(self.resolve(path)?)
    }

    /// The dataset at `path`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and `InvalidArgument` if it is not a dataset.
    pub fn dataset(&self, path: &str) -> Result<Dataset> {
        Dataset::open(self.resolve(path)?)
    }

    /// Whether there is an object at `path`. The object itself is not opened.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), except that nothing being there is an answer.
    pub fn contains(&self, path: &str) -> Result<bool> {
        match self.resolve(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Its attribute called `name`, if it has one.
    ///
    /// # Errors
    ///
    /// If its attributes are malformed or stored in a way that is not supported.
    pub fn attribute(&self, name: &str) -> Result<Option<Attribute>> {
        self.handle.attribute(name)
    }

    /// Its attributes, in the order they are stored in.
    ///
    /// # Errors
    ///
    /// If one is malformed or stored in a way that is not supported.
    pub fn attributes(&self) -> Result<Vec<Attribute>> {
        self.handle.attributes()
    }

    /// Everything below this group, each object once, groups before what they hold.
    pub fn walk(&self) -> Walk {
        Walk::below(self)
    }

    /// The names of its attributes, in the order they are stored in.
    ///
    /// # Errors
    ///
    /// If they are malformed or stored in a way that is not supported.
    pub fn attribute_names(&self) -> Result<Vec<String>> {
        self.handle.attribute_names()
    }

    pub(super) fn storage(&self) -> Storage {
        self.storage
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Follows `path` from here. What is at its end is not opened.
    fn resolve(&self, path: &str) -> Result<Handle> {
        let mut hops = 0_u32;
        let mut at = self.start_of(path);
        let mut group = self.clone();
        let mut pending: Vec<String> = components(path);
        while let Some(name) = pending.pop() {
            if at.address != group.handle.address || at.path != group.handle.path {
                let path = Arc::clone(&at.path);
                group = Group::open(at).map_err(|error| match error.kind() {
                    // Below a dataset there is nothing.
                    ErrorKind::InvalidArgument => missing(&path, &name),
                    _ => error,
                })?;
            }
            let found = group
                .storage
                .find(&group.handle, &name)
                .within(|| group.handle.place("group"))?;
            at = match found {
                Some(LinkTarget::Hard(address)) => group.handle.child(&name, address),
                Some(LinkTarget::Soft(target)) => {
                    hops = hops.saturating_add(1);
                    let limits = group.file().limits();
                    limits
                        .depth(hops, "soft links")
                        .within(|| group.handle.child_path(&name))?;
                    pending.extend(components(&target));
                    limits.objects(file_length(pending.len()), "parts of a path")?;
                    group.start_of(&target)
                }
                Some(LinkTarget::External { file, path }) => {
                    return Err(refused(&group, &name, &format!("to `{path}` in `{file}`")));
                }
                Some(LinkTarget::Unknown { class }) => {
                    return Err(refused(&group, &name, &format!("of class {class}")));
                }
                None => return Err(missing(group.path(), &name)),
            };
        }
        Ok(at)
    }

    /// Where `path` starts: here, or at the root.
    fn start_of(&self, path: &str) -> Handle {
        if path.starts_with('/') {
            return Handle::root(self.file());
        }
        self.handle.clone()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group(`{}`)", self.path())
    }
}

/// The names in `path`, last first. As in HDF5, doubled slashes and `.` mean nothing.
fn components(path: &str) -> Vec<String> {
    path.split('/')
        .rev()
        .filter(|name| !name.is_empty() && *name != ".")
        .map(str::to_owned)
        .collect()
}

fn missing(path: &str, name: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("there is no `{name}` in `{path}`"),
    )
}

fn refused(group: &Group, name: &str, what: &str) -> Error {
    let path = group.handle.child_path(name);
    Error::new(
        ErrorKind::Refused,
        format!("`{path}` is a link {what}, out of this file"),
    )
    .with_hint("links that leave the file are not followed: copy the object into it")
}
