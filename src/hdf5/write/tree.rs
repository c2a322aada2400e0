//! What is to be written: groups, datasets, attributes, links.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::value::Value;
use crate::error::{Context, Error, ErrorKind, Result};

/// The groups, datasets and attributes of a file that is to be written.
///
/// Elements of tensors are borrowed or shared, never copied into the tree.
///
/// ```
/// use hornfels::Tensor;
/// use hornfels::hdf5::{Tree, WriteOptions};
/// let kernel = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let mut tree = Tree::new();
/// let mut root = tree.root();
/// root.attribute("backend", "tensorflow")?;
/// let mut dense = root.group("model_weights/dense")?;
/// dense.dataset("dense/kernel:0", Tensor::new(&kernel, [3, 2])?)?;
/// let file = tree.to_vec(&WriteOptions::default())?;
/// assert!(file.starts_with(b"\x89HDF"));
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tree<'a> {
    /// The root group comes first.
    objects: Vec<Object<'a>>,
}

/// A group or dataset.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object<'a> {
    pub(super) attributes: Attributes<'a>,
    pub(super) kind: Kind<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    /// By name, in the order of its bytes, which is the order of symbol tables.
    Group(BTreeMap<String, Link>),
    Dataset(Value<'a>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Link {
    Hard(ObjectId),
    Soft(String),
}

/// Which of the tree's objects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ObjectId(pub(super) usize);

/// Named values, in the order they were given in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes<'a> {
    pub(super) values: Vec<(String, Value<'a>)>,
    names: BTreeSet<String>,
}

impl<'a> Tree<'a> {
    /// A tree that consists of an empty root group.
    pub fn new() -> Self {
        Tree {
            objects: vec![Object::group()],
        }
    }

    /// The root group, `/`.
    pub fn root(&mut self) -> GroupMut<'_, 'a> {
        GroupMut {
            tree: self,
            id: ObjectId(0),
            path: String::new(),
        }
    }

    /// The objects, the root group first.
    pub(super) fn into_objects(self) -> Vec<Object<'a>> {
        self.objects
    }

    fn links(&self, id: ObjectId) -> Option<&BTreeMap<String, Link>> {
        match &self.objects.get(id.0)?.kind {
            Kind::Group(links) => Some(links),
            Kind::Dataset(_) => None,
        }
    }

    fn links_mut(&mut self, id: ObjectId) -> Option<&mut BTreeMap<String, Link>> {
        match &mut self.objects.get_mut(id.0)?.kind {
            Kind::Group(links) => Some(links),
            Kind::Dataset(_) => None,
        }
    }

    /// Adds `object` as `name` of the group `parent`, which has no such link yet.
    fn add(&mut self, parent: ObjectId, name: &str, object: Object<'a>) -> ObjectId {
        let id = ObjectId(self.objects.len());
        self.objects.push(object);
        if let Some(links) = self.links_mut(parent) {
            links.insert(name.to_owned(), Link::Hard(id));
        }
        id
    }

    fn attribute(&mut self, id: ObjectId, name: &str, value: Value<'a>) -> Result<()> {
        value.check()?;
        match self.objects.get_mut(id.0) {
            Some(object) => object.attributes.add(name, value),
            None => Ok(()), // ids are positions of objects that exist
        }
    }
}

impl Default for Tree<'_> {
    fn default() -> Self {
        Tree::new()
    }
}

impl<'a> Object<'a> {
    fn group() -> Self {
        Object {
            attributes: Attributes::default(),
            kind: Kind::Group(BTreeMap::new()),
        }
    }

    fn dataset(value: Value<'a>) -> Self {
        Object {
            attributes: Attributes::default(),
            kind: Kind::Dataset(value),
        }
    }
}

impl<'a> Attributes<'a> {
    fn add(&mut self, name: &str, value: Value<'a>) -> Result<()> {
        if name.is_empty() || name.contains('\0') {
            return Err(invalid(
                "an attribute name that is empty or has a NUL in it",
            ));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(Error::new(ErrorKind::AlreadyExists, "there is one already"));
        }
        self.values.push((name.to_owned(), value));
        Ok(())
    }
}

/// A group of a [`Tree`], to be filled.
#[derive(Debug)]
pub struct GroupMut<'t, 'a> {
    tree: &'t mut Tree<'a>,
    id: ObjectId,
    /// Empty for the root group, else with a slash in front.
    path: String,
}

impl<'a> GroupMut<'_, 'a> {
    /// Where the group is: `/` or `/model_weights/dense`.
    pub fn path(&self) -> &str {
        shown(&self.path)
    }

    /// The group at `path`, made if it is not there, with every group on the way.
    ///
    /// Paths are relative to this group, or to the root if they begin with a slash.
    ///
    /// # Errors
    /// `InvalidArgument` for a path with an empty name, `.` or `..`, or a NUL in it;
    /// `AlreadyExists` if there is something on the way that is not a group.
    pub fn group(&mut self, path: &str) -> Result<GroupMut<'_, 'a>> {
        let (from, names) = split(path)?;
        let (mut id, mut at) = match from {
            From::Root => (ObjectId(0), String::new()),
            From::Here => (self.id, self.path.clone()),
        };
        for name in names {
            at.push('/');
            at.push_str(name);
            id = match self.tree.links(id).and_then(|links| links.get(name)) {
                None => self.tree.add(id, name, Object::group()),
                Some(Link::Hard(child)) if self.tree.links(*child).is_some() => *child,
                Some(Link::Hard(_)) => return Err(not_a_group("dataset", &at)),
                Some(Link::Soft(_)) => return Err(not_a_group("soft link", &at)),
            };
        }
        Ok(GroupMut {
            tree: self.tree,
            id,
            path: at,
        })
    }

    /// A new dataset at `path` that holds `value`; groups on the way are made.
    ///
    /// # Errors
    /// As [`GroupMut::group`]; also `AlreadyExists` if there is something at `path`, and
    /// `InvalidArgument` for a value of more than 32 dimensions or for variable-length strings
    /// with a NUL in them.
    pub fn dataset(
        &mut self,
        path: &str,
        value: impl Into<Value<'a>>,
    ) -> Result<DatasetMut<'_, 'a>> {
        let value = value.into();
        value.check().within(|| match path.starts_with('/') {
            true => format!("dataset `{path}`"),
            false => format!("dataset `{}/{path}`", self.path),
        })?;
        let (group, name) = self.parent_of(path)?;
        let at = format!("{}/{name}", group.path);
        let id = group.tree.add(group.id, name, Object::dataset(value));
        Ok(DatasetMut {
            tree: group.tree,
            id,
            path: at,
        })
    }

    /// A new link at `path` to the path `target`, which need not exist; groups on the way are
    /// made.
    ///
    /// # Errors
    /// As [`GroupMut::group`]; also `AlreadyExists` if there is something at `path`, and
    /// `InvalidArgument` for a target that is empty or has a NUL in it.
    pub fn soft_link(&mut self, path: &str, target: &str) -> Result<()> {
        if target.is_empty() || target.contains('\0') {
            let message = "a soft link to a path that is empty or has a NUL in it";
            return Err(invalid(message).within(format!("`{path}`")));
        }
        let (group, name) = self.parent_of(path)?;
        if let Some(links) = group.tree.links_mut(group.id) {
            links.insert(name.to_owned(), Link::Soft(target.to_owned()));
        }
        Ok(())
    }

    /// Adds the attribute `name` to this group.
    ///
    /// # Errors
    /// `AlreadyExists` if the group has one of this name; `InvalidArgument` for a name that is
    /// empty or has a NUL in it, and for values as in [`GroupMut::dataset`].
    pub fn attribute(&mut self, name: &str, value: impl Into<Value<'a>>) -> Result<()> {
        let added = self.tree.attribute(self.id, name, value.into());
        added.within(|| attribute_of("group", self.path(), name))
    }

    /// Adds the attribute `name` to the group or dataset at `path`, which is there.
    ///
    /// # Errors
    /// `NotFound` if there is no object at `path`; else as [`GroupMut::attribute`].
    pub fn attribute_of(
        &mut self,
        path: &str,
        name: &str,
        value: impl Into<Value<'a>>,
    ) -> Result<()> {
        let Some(At::Object(id)) = self.find(path) else {
            let message = format!("no object `{path}` in `{}/`", self.path);
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        let added = self.tree.attribute(id, name, value.into());
        added.within(|| attribute_of("object", path, name))
    }

    /// Whether there is something at `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// What is at `path`; soft links are not followed.
    fn find(&self, path: &str) -> Option<At> {
        let (from, names) = split(path).ok()?;
        let mut id = match from {
            From::Root => ObjectId(0),
            From::Here => self.id,
        };
        let mut names = names.peekable();
        while let Some(name) = names.next() {
            match self.tree.links(id)?.get(name)? {
                Link::Hard(child) => id = *child,
                Link::Soft(_) => return names.peek().is_none().then_some(At::SoftLink),
            }
        }
        Some(At::Object(id))
    }

    /// The group that `path` leads through, and the last name, which is free.
    fn parent_of<'p>(&mut self, path: &'p str) -> Result<(GroupMut<'_, 'a>, &'p str)> {
        let (parent, name) = match path.rsplit_once('/') {
            None => ("", path),
            Some(("", name)) => ("/", name),
            Some((parent, name)) => (parent, name),
        };
        check_name(name, path)?;
        let group = self.group(parent)?;
        let taken = group
            .tree
            .links(group.id)
            .is_some_and(|links| links.contains_key(name));
        if taken {
            let at = format!("{}/{name}", group.path);
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("`{at}` exists already"),
            ));
        }
        Ok((group, name))
    }
}

/// What a path leads to.
enum At {
    Object(ObjectId),
    SoftLink,
}

/// A dataset of a [`Tree`], to be given attributes.
#[derive(Debug)]
pub struct DatasetMut<'t, 'a> {
    tree: &'t mut Tree<'a>,
    id: ObjectId,
    path: String,
}

impl<'a> DatasetMut<'_, 'a> {
    /// Where the dataset is: `/model_weights/dense/dense/kernel:0`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Adds the attribute `name` to this dataset.
    ///
    /// # Errors
    /// As [`GroupMut::attribute`].
    pub fn attribute(&mut self, name: &str, value: impl Into<Value<'a>>) -> Result<()> {
        let added = self.tree.attribute(self.id, name, value.into());
        added.within(|| attribute_of("dataset", &self.path, name))
    }
}

/// What a path is relative to.
enum From {
    Root,
    Here,
}

/// The names of a path, checked. An empty path has none, nor has `/`.
fn split(path: &str) -> Result<(From, impl Iterator<Item = &str>)> {
    let (from, rest) = match path.strip_prefix('/') {
        Some(rest) => (From::Root, rest),
        None => (From::Here, path),
    };
    let names = rest.split('/').filter(move |_| !rest.is_empty());
    for name in names.clone() {
        check_name(name, path)?;
    }
    Ok((from, names))
}

fn check_name(name: &str, path: &str) -> Result<()> {
    let wrong = match name {
        "" => "an empty name",
        "." | ".." => "the name `.` or `..`",
        _ if name.contains('\0') => "a name with a NUL",
        _ => return Ok(()),
    };
    let path = path.escape_debug();
    Err(invalid(format!("{wrong} in path `{path}`")))
}

fn shown(path: &str) -> &str {
    match path {
        "" => "/",
        path => path,
    }
}

fn attribute_of(kind: &str, path: &str, name: &str) -> String {
    format!("attribute `{}` of {kind} `{path}`", name.escape_debug())
}

fn not_a_group(kind: &str, path: &str) -> Error {
    Error::new(
        ErrorKind::AlreadyExists,
        format!("`{path}` is a {kind}, expected a group"),
    )
}

fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}
