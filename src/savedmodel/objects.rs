//! The objects of a SavedModel: a graph of owners and what they own, numbered breadth first.
//! See `spec/saved_model.md#objects`.

use std::collections::VecDeque;

use super::assets::AssetId;
use super::structured::{ArgumentSpec, Structured};
use super::variables::VariableId;

/// Which of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ObjectId(usize);

/// What an object is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// An object of a class of Keras or TensorFlow.
    User(&'static str),
    Variable(VariableId),
    /// A table, which its functions make and fill.
    Resource,
    /// A file.
    Asset(AssetId),
    /// A function with traces, which are its children.
    Function(PolymorphicFunction),
    /// One trace of a function, or a signature.
    Concrete(ConcreteFunction),
    /// A tensor inside a function, which the function that is a gradient takes: its name, and the
    /// function's.
    Captured(String, String),
}

/// A function that is called with different kinds of arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PolymorphicFunction {
    /// Names of the traces.
    pub(super) traces: Vec<String>,
    pub(super) arguments: ArgumentSpec,
    /// What is declared of all calls.
    pub(super) signature: Option<Structured>,
    pub(super) is_compiled: bool,
}

/// A function that is called with arguments of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ConcreteFunction {
    pub(super) name: String,
    pub(super) keywords: Vec<String>,
    /// How many arguments may be given without a name.
    pub(super) positional: usize,
    pub(super) arguments: ArgumentSpec,
}

/// An object and what it owns.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) children: Vec<(String, ObjectId)>,
    /// An optimizer's variables for those of the model: the model's, the name, the optimizer's.
    pub(super) slots: Vec<(ObjectId, String, ObjectId)>,
}

/// All objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    list: Vec<Object>,
    /// Those that nobody owns, which come last.
    pub(super) orphans: Vec<ObjectId>,
}

impl Objects {
    pub(super) fn add(&mut self, kind: Kind) -> ObjectId {
        self.list.push(Object {
            kind,
            children: Vec::new(),
            slots: Vec::new(),
        });
        ObjectId(self.list.len() - 1)
    }

    pub(super) fn user(&mut self, identifier: &'static str) -> ObjectId {
        self.add(Kind::User(identifier))
    }

    /// A list of objects, which is an object itself.
    pub(super) fn list(&mut self, items: impl IntoIterator<Item = ObjectId>) -> ObjectId {
        let list = self.user("trackable_list_wrapper");
        for (index, item) in items.into_iter().enumerate() {
            self.own(list, &index.to_string(), item);
        }
        list
    }

    /// An empty dictionary.
    pub(super) fn dictionary(&mut self) -> ObjectId {
        self.user("trackable_dict_wrapper")
    }

    /// Makes `child` one that `owner` has under that name.
    pub(super) fn own(&mut self, owner: ObjectId, name: &str, child: ObjectId) {
        if let Some(owner) = self.list.get_mut(owner.0) {
            owner.children.push((name.to_owned(), child));
        }
    }

    /// What `owner` has under that name.
    pub(super) fn child(&self, owner: ObjectId, name: &str) -> Option<ObjectId> {
        let owner = self.list.get(owner.0)?;
        let mut children = owner.children.iter();
        children.find(|(it, _)| it == name).map(|(_, child)| *child)
    }

    pub(super) fn get_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        self.list.get_mut(id.0)
    }

    /// Numbers everything that can be reached from `root`.
    pub(super) fn number(&self, root: ObjectId) -> Numbered<'_> {
        let mut numbered = Numbered {
            objects: self,
            order: Vec::new(),
            numbers: vec![None; self.list.len()],
            paths: vec![String::new(); self.list.len()],
        };
        let mut waiting = VecDeque::from([root]);
        numbered.meet(root);
        while let Some(id) = waiting.pop_front() {
            let Some(object) = self.list.get(id.0) else {
                continue;
            };
            for (name, child) in &object.children {
                if numbered.number(*child).is_none() {
                    numbered.meet(*child);
                    numbered.extend_path(id, name, *child);
                    waiting.push_back(*child);
                }
            }
        }
        for orphan in &self.orphans {
            numbered.meet(*orphan);
        }
        numbered
    }
}

/// Objects in order, with their numbers and the paths by which they are reached first.
#[derive(Debug)]
pub(super) struct Numbered<'o> {
    objects: &'o Objects,
    order: Vec<ObjectId>,
    numbers: Vec<Option<i32>>,
    paths: Vec<String>,
}

impl<'o> Numbered<'o> {
    fn meet(&mut self, id: ObjectId) {
        let number = i32::try_from(self.order.len()).unwrap_or(i32::MAX);
        if let Some(place) = self.numbers.get_mut(id.0) {
            *place = Some(number);
        }
        self.order.push(id);
    }

    /// Dots and slashes in names are escaped: `spec/saved_model.md#checkpoint-keys`.
    fn extend_path(&mut self, owner: ObjectId, name: &str, child: ObjectId) {
        let name = name.replace('.', "..").replace('/', ".S");
        let path = match self.path(owner) {
            "" => name,
            path => format!("{path}/{name}"),
        };
        if let Some(place) = self.paths.get_mut(child.0) {
            *place = path;
        }
    }

    /// Its place in the order; none if nothing leads to it.
    pub(super) fn number(&self, id: ObjectId) -> Option<i32> {
        self.numbers.get(id.0).copied().flatten()
    }

    /// What it is.
    pub(super) fn kind(&self, id: ObjectId) -> Option<&'o Kind> {
        self.objects.list.get(id.0).map(|it| &it.kind)
    }

    /// The names on the way to it, from the root.
    pub(super) fn path(&self, id: ObjectId) -> &str {
        self.paths.get(id.0).map_or("", String::as_str)
    }

    /// The objects in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ObjectId, &'o Object)> + '_ {
        let objects = self.objects;
        self.order
            .iter()
            .filter_map(move |id| Some((*id, objects.list.get(id.0)?)))
    }
}
