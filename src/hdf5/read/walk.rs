//! Everything below a group, each object once.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::group::Group;
use super::links::{Link, LinkTarget};
use super::object::{Handle, Object};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::{Address, file_length};

/// Everything below a group: an iterator made by [`Group::walk`].
///
/// Groups come before what they hold, links in the order of their names. An object that several
/// links lead to is opened once, so that a walk ends even where groups hold one another. What
/// cannot be read is a step like any other; only a file in which more is found than can be in it
/// ends the walk with an error.
///
/// ```no_run
/// # fn main() -> hornfels::Result<()> {
/// use hornfels::hdf5::{File, Found, Object};
/// for step in File::open("model.h5")?.root().walk() {
///     let step = step?;
///     if let Found::Object(Object::Dataset(dataset)) = step.found {
///         println!("{} {:?}", step.path, dataset.shape());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Walk {
    /// A group that was met and is to be gone into.
    entering: Option<Group>,
    /// Groups begun and not finished, the innermost last.
    open: Vec<Level>,
    /// Where each object was met first.
    seen: HashMap<Address, Arc<str>>,
    /// How many links were met.
    links: u64,
    /// Names of different groups do not overlap, so together they are not longer than the file.
    room: u64,
}

#[derive(Debug)]
struct Level {
    group: Group,
    /// The links not yet met, last first.
    links: Vec<Link>,
}

/// One link met on a [`Walk`].
#[derive(Debug)]
pub struct Step {
    /// The path from the root, the link's name included.
    pub path: Arc<str>,
    /// Where the link leads.
    pub target: LinkTarget,
    /// What is there.
    pub found: Found,
}

/// What is at the end of a link.
#[derive(Debug)]
pub enum Found {
    /// An object, met for the first time.
    Object(Object),
    /// An object that was met before at this path.
    Again(Arc<str>),
    /// Whatever a soft link or a link to another file leads to: it is not followed.
    NotFollowed,
    /// Something that cannot be opened. For a group whose links cannot be listed, this is a second
    /// step after the one with the group.
    Failed(Error),
}

impl Walk {
    pub(super) fn below(group: &Group) -> Walk {
        Walk {
            entering: Some(group.clone()),
            open: Vec::new(),
            seen: HashMap::from([(group.address(), Arc::from(group.path()))]),
            links: 0,
            room: group.file().len(),
        }
    }

    /// Lists the links of `group`. The inner error is that of this group alone.
    fn enter(&mut self, group: Group) -> Result<Result<()>> {
        let limits = *group.file().limits();
        let depth = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        let links = limits
            .depth(depth, "groups")
            .within(|| format!("group {}", group.path()))
            .and_then(|()| group.links());
        let mut links = match links {
            Ok(links) => links,
            Err(error) => return Ok(Err(error)),
        };
        let names: usize = links.iter().map(|link| link.name.len()).sum();
        self.room = self
            .room
            .checked_sub(file_length(names))
            .ok_or_else(|| Error::new(ErrorKind::Malformed, "groups share their links"))?;
        self.links = self.links.saturating_add(file_length(links.len()));
        limits.objects(self.links, "links")?;
        links.reverse();
        self.open.push(Level { group, links });
        Ok(Ok(()))
    }

    fn meet(&mut self, group: &Group, link: Link) -> Step {
        let path: Arc<str> = group.handle().child_path(&link.name).into();
        let found = match link.target {
            LinkTarget::Hard(address) => match self.seen.entry(address) {
                Entry::Occupied(first) => Found::Again(Arc::clone(first.get())),
                Entry::Vacant(place) => {
                    place.insert(Arc::clone(&path));
                    self.open_object(group, &path, address)
                }
            },
            _ => Found::NotFollowed,
        };
        Step {
            path,
            target: link.target,
            found,
        }
    }

    fn open_object(&mut self, group: &Group, path: &Arc<str>, address: Address) -> Found {
        let handle = Handle {
            file: group.file().clone(),
            address,
            path: Arc::clone(path),
        };
        match Object::open(handle) {
            Ok(object) => {
                if let Object::Group(group) = &object {
                    self.entering = Some(group.clone());
                }
                Found::Object(object)
            }
            Err(error) => Found::Failed(error),
        }
    }

    fn end(&mut self, error: Error) -> Error {
        self.open.clear();
        error
    }
}

impl Iterator for Walk {
    type Item = Result<Step>;

    fn next(&mut self) -> Option<Result<Step>> {
        if let Some(group) = self.entering.take() {
            let (path, target) = (group.handle().path.clone(), group.address());
            match self.enter(group) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    return Some(Ok(Step {
                        path,
                        target: LinkTarget::Hard(target),
                        found: Found::Failed(error),
                    }));
                }
                Err(error) => return Some(Err(self.end(error))),
            }
        }
        loop {
            let level = self.open.last_mut()?;
            if let Some(link) = level.links.pop() {
                let group = level.group.clone();
                return Some(Ok(self.meet(&group, link)));
            }
            self.open.pop();
        }
    }
}
