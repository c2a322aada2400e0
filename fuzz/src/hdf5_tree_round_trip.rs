use std::collections::BTreeMap;

use hornfels::hdf5::{
    Attribute, Dataset, File, Found, Layout, LinkTarget, Object, Tree, WriteOptions,
};
use hornfels::{ErrorKind, Limits, SharedBytes};

use super::Source;
use super::value::{Elements, Expected};

/// An arbitrary tree is written in both layouts; what is read back is equal.
pub fn hdf5_tree_round_trip(data: &[u8]) {
    let mut source = Source::new(data);
    let alignment: u16 = source.one_of(&[64, 1, 8, 24, 4096]);
    let mut built = Built::default();
    while !source.is_empty() {
        built.step(&mut source);
    }
    for layout in [Layout::Classic, Layout::Compact] {
        let options = WriteOptions {
            layout,
            alignment: alignment.into(),
            ..WriteOptions::default()
        };
        match built.tree.clone().to_vec(&options) {
            Ok(bytes) => built.compare(bytes, alignment.into()),
            // An attribute may be too large; nothing else may be in the way.
            Err(error) => {
                assert!(built.large_attribute, "{error}");
                assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            }
        }
    }
}

/// A tree, and what is to be found in it.
struct Built<'a> {
    tree: Tree<'a>,
    expected: BTreeMap<String, Thing>,
    /// Paths of groups; the root's is empty.
    groups: Vec<String>,
    large_attribute: bool,
}

/// What is at the end of a link, and beside it.
struct Thing {
    kind: Kind,
    attributes: BTreeMap<String, Expected>,
}

enum Kind {
    Group,
    Dataset(Expected),
    Soft(String),
}

impl Default for Built<'_> {
    fn default() -> Self {
        Built {
            tree: Tree::new(),
            expected: BTreeMap::from([(String::new(), Thing::new(Kind::Group))]),
            groups: vec![String::new()],
            large_attribute: false,
        }
    }
}

impl Thing {
    fn new(kind: Kind) -> Self {
        Thing {
            kind,
            attributes: BTreeMap::new(),
        }
    }
}

impl<'a> Built<'a> {
    /// Deeper groups are a matter of `Limits`.
    const DEPTH: usize = 40;

    /// Adds something to some group. What the tree refuses is not expected, and leaves no trace.
    fn step(&mut self, source: &mut Source<'a>) {
        let parent = self.group(source);
        match source.u8() % 8 {
            0 => {
                let name = name(source);
                let path = format!("{parent}/{name}");
                // `/` is the root, which is there.
                if path != "/" && path.matches('/').count() <= Self::DEPTH {
                    let made = self.tree.root().group(&path).is_ok();
                    assert_eq!(made, allowed(&name) && self.may_be_group(&path));
                    if made && !self.expected.contains_key(&path) {
                        self.groups.push(path.clone());
                        self.expect(path, Kind::Group);
                    }
                }
            }
            1..=3 => {
                let path = format!("{parent}/{}", name(source));
                let (value, expected) = super::value::value(source);
                let free = self.is_free(&path);
                let added = self.tree.root().dataset(&path, value).is_ok();
                assert!(free || !added, "{path} is there twice");
                if added {
                    self.expect(path, Kind::Dataset(expected));
                }
            }
            4 | 5 => self.attribute(&parent, source),
            6 => {
                let path = format!("{parent}/{}", name(source));
                let target = source.string(20);
                if self.tree.root().soft_link(&path, &target).is_ok() {
                    self.expect(path, Kind::Soft(target));
                }
            }
            // Enough for a B-tree of several levels.
            _ => {
                for number in 0..source.below(700) {
                    let path = format!("{parent}/{number}");
                    if self.tree.root().soft_link(&path, "/").is_ok() {
                        self.expect(path, Kind::Soft("/".to_owned()));
                    }
                }
            }
        }
    }

    /// Adds an attribute to `parent` or to something in it.
    fn attribute(&mut self, parent: &str, source: &mut Source<'a>) {
        let path = match source.bool() {
            true => parent.to_owned(),
            false => format!("{parent}/{}", name(source)),
        };
        let path = if path == "/" { String::new() } else { path };
        let attribute = source.string(6);
        let (value, expected) = super::value::value(source);
        self.large_attribute |= expected.is_large();
        let added = self.tree.root().attribute_of(&path, &attribute, value);
        let Some(thing) = self.expected.get_mut(&path) else {
            assert!(added.is_err(), "an attribute of `{path}`, which is nothing");
            return;
        };
        if added.is_ok() {
            let before = thing.attributes.insert(attribute, expected);
            assert!(before.is_none(), "two attributes of one name");
        }
    }

    fn group(&self, source: &mut Source<'a>) -> String {
        let count = u16::try_from(self.groups.len()).unwrap();
        self.groups[usize::from(source.below(count))].clone()
    }

    fn is_free(&self, path: &str) -> bool {
        !self.expected.contains_key(path)
    }

    fn may_be_group(&self, path: &str) -> bool {
        let there = self.expected.get(path);
        there.is_none_or(|thing| matches!(thing.kind, Kind::Group))
    }

    fn expect(&mut self, path: String, kind: Kind) {
        let before = self.expected.insert(path, Thing::new(kind));
        assert!(before.is_none(), "two links of one name");
    }

    fn compare(&self, bytes: Vec<u8>, alignment: usize) {
        let bytes = SharedBytes::from(bytes);
        let file = File::from_bytes(bytes.clone(), Limits::default()).unwrap();
        let root = self.expected.get("").unwrap();
        compare_object(&Object::Group(file.root()), root);
        let mut met = 1;
        for step in file.root().walk() {
            let step = step.unwrap();
            let expected = self.expected.get(&*step.path);
            let expected = expected.unwrap_or_else(|| panic!("{} is there", step.path));
            match (&step.found, &step.target, &expected.kind) {
                (Found::Object(object), ..) => {
                    compare_object(object, expected);
                    compare_object(&file.get(&step.path).unwrap(), expected);
                }
                (Found::NotFollowed, LinkTarget::Soft(found), Kind::Soft(target)) => {
                    assert_eq!(found, target);
                }
                (found, target, _) => panic!("{}: {found:?} at {target:?}", step.path),
            }
            if let Found::Object(Object::Dataset(dataset)) = &step.found
                && let Ok(elements) = dataset.bytes()
                && bytes.as_ptr_range().contains(&elements.as_ptr())
            {
                let offset = elements.as_ptr().addr() - bytes.as_ptr().addr();
                assert_eq!(offset % alignment, 0, "{}", step.path);
            }
            met += 1;
        }
        assert_eq!(met, self.expected.len(), "something is missing");
    }
}

/// A name for a link: mostly a fresh one, sometimes one that is not allowed.
fn name(source: &mut Source<'_>) -> String {
    source.string(6).replace('/', "_")
}

fn allowed(name: &str) -> bool {
    !(name.is_empty() || name == "." || name == ".." || name.contains('\0'))
}

fn compare_object(found: &Object, expected: &Thing) {
    match (found, &expected.kind) {
        (Object::Group(_), Kind::Group) => {}
        (Object::Dataset(found), Kind::Dataset(expected)) => compare_dataset(found, expected),
        _ => panic!("{found:?} is of another kind"),
    }
    let mut names = found.attribute_names().unwrap();
    names.sort();
    assert!(names.iter().eq(expected.attributes.keys()), "{names:?}");
    for (name, expected) in &expected.attributes {
        compare_attribute(&found.attribute(name).unwrap().unwrap(), expected);
    }
}

fn compare_dataset(found: &Dataset, expected: &Expected) {
    assert_eq!(found.datatype(), &expected.datatype);
    assert_eq!(found.dataspace(), &expected.dataspace);
    match &expected.elements {
        Elements::Strings(strings) => assert_eq!(&found.strings().unwrap(), strings),
        Elements::Bytes(bytes) => assert_eq!(&*found.bytes().unwrap(), &**bytes),
    }
    if let Some(tensor) = &expected.tensor {
        assert_eq!(&found.tensor().unwrap(), tensor);
    }
}

fn compare_attribute(found: &Attribute, expected: &Expected) {
    assert_eq!(found.datatype(), &expected.datatype);
    assert_eq!(found.dataspace(), &expected.dataspace);
    if let Elements::Strings(strings) = &expected.elements {
        assert_eq!(&found.strings().unwrap(), strings);
    }
    if let Some(tensor) = &expected.tensor {
        assert_eq!(&found.tensor().unwrap(), tensor);
    }
}
