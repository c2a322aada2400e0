//! The objects of a directory: what each is, what it owns, and where its values are.
//! See `spec/saved_model.md#objects`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, VecDeque};

use crate::error::{Error, ErrorKind, Result};
use crate::keras::naming::is_statistic;
use crate::proto::outline::{
    ChildOutline, ObjectGraphOutline, ObjectOutline, SlotOutline, TrackableGraphOutline,
    TrackableOutline,
};

/// Which of the objects; there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NodeId(usize);

impl NodeId {
    /// Its number in the file.
    pub(super) fn number(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}

/// An object, with names as the file `'f` has them.
#[derive(Debug, Default)]
pub(super) struct Node<'f> {
    /// Names and objects, in the order of the file.
    pub(super) children: Vec<(&'f str, NodeId)>,
    /// An optimizer's variables for those of the model.
    pub(super) slots: Vec<SlotVariable<'f>>,
    /// The class: `_tf_keras_layer`; empty if it is not an object of one, or not known.
    pub(super) class: &'f str,
    /// What TensorFlow before 2.5 wrote of a layer; empty since.
    pub(super) metadata: &'f str,
    /// What is known of it as a variable.
    pub(super) variable: Option<StoredVariable<'f>>,
    /// The key of its values, if it is a variable.
    key: Option<Cow<'f, str>>,
}

/// What is stored of a variable beside its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredVariable<'f> {
    /// Keras's name for it, without `:0`.
    pub(super) name: Cow<'f, str>,
    /// Whether gradients change it; checkpoints do not say.
    pub(super) trainable: Option<bool>,
}

impl StoredVariable<'_> {
    /// Whether gradients change it; where nothing says so, its name does.
    pub(super) fn is_trained(&self) -> bool {
        self.trainable.unwrap_or_else(|| !is_statistic(&self.name))
    }
}

/// What an optimizer keeps for a variable.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SlotVariable<'f> {
    pub(super) original: NodeId,
    pub(super) name: &'f str,
    pub(super) variable: NodeId,
}

/// All objects, of which the first is the root.
#[derive(Debug)]
pub(super) struct Objects<'f> {
    list: Vec<Node<'f>>,
}

/// The name of a variable's values.
const VALUE: &str = "VARIABLE_VALUE";

impl<'f> Objects<'f> {
    /// The objects of a SavedModel.
    pub(super) fn of_saved(graph: ObjectGraphOutline<'f>) -> Result<Objects<'f>> {
        let count = graph.nodes.len();
        let list = graph.nodes.into_iter().enumerate();
        let list = list.map(|(index, saved)| saved_node(saved, index, count));
        let list = list.collect::<Result<_>>()?;
        Ok(Objects { list })
    }

    /// The objects of a checkpoint, which does not say what they are.
    pub(super) fn of_checkpoint(graph: TrackableGraphOutline<'f>) -> Result<Objects<'f>> {
        let count = graph.nodes.len();
        let list = graph.nodes.into_iter().enumerate();
        let list = list.map(|(index, node)| checkpoint_node(node, index, count));
        let list = list.collect::<Result<_>>()?;
        Ok(Objects { list })
    }

    /// Takes the keys that a checkpoint has for the same objects.
    ///
    /// Which are the same, the names on the ways from the roots say, as TensorFlow restores them.
    pub(super) fn take_keys(&mut self, others: &Objects<'_>) {
        for (index, theirs) in self.matched(others).into_iter().enumerate() {
            let node = self.list.get_mut(index);
            let theirs = theirs.and_then(|id| others.node(id));
            if let (Some(node), Some(theirs)) = (node, theirs) {
                node.key = theirs.key.as_deref().map(|key| Cow::Owned(key.to_owned()));
                name_as(node, theirs);
            }
        }
    }

    /// For each object that can be reached from the root the same one of `others`.
    fn matched(&self, others: &Objects<'_>) -> Vec<Option<NodeId>> {
        let mut same = vec![None; self.list.len()];
        let (Some(root), Some(first)) = (self.root(), same.first_mut()) else {
            return same;
        };
        let Some(theirs) = others.root() else {
            return same;
        };
        *first = Some(theirs);
        let mut waiting = VecDeque::from([(root, theirs)]);
        while let Some((own, theirs)) = waiting.pop_front() {
            let named = Named::new(others.children(theirs));
            for (place, (name, child)) in self.children(own).iter().enumerate() {
                if let Some(found @ None) = same.get_mut(child.0)
                    && let Some(other) = named.get(place, name)
                {
                    *found = Some(other);
                    waiting.push_back((*child, other));
                }
            }
        }
        self.match_slots(others, &mut same);
        same
    }

    /// Nobody owns the variables that legacy optimizers keep: those they are for tell which they are.
    fn match_slots(&self, others: &Objects<'_>, same: &mut [Option<NodeId>]) {
        let same_as = |same: &[Option<NodeId>], id: NodeId| same.get(id.0).copied().flatten();
        for (id, node) in self.iter().filter(|(_, node)| !node.slots.is_empty()) {
            let theirs = same_as(same, id).and_then(|id| others.node(id));
            let Some(theirs) = theirs else {
                continue;
            };
            let slots = theirs.slots.iter();
            let named: HashMap<(NodeId, &str), NodeId> = slots
                .map(|slot| ((slot.original, slot.name), slot.variable))
                .collect();
            for slot in &node.slots {
                let original = same_as(same, slot.original);
                let other = original.and_then(|it| named.get(&(it, slot.name)).copied());
                if let Some(variable @ None) = same.get_mut(slot.variable.0) {
                    *variable = other;
                }
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The object of that number, as other files refer to it.
    pub(super) fn id(&self, number: i32) -> Option<NodeId> {
        let id = usize::try_from(number).ok()?;
        (id < self.list.len()).then_some(NodeId(id))
    }

    /// The first object; none of an empty graph.
    pub(super) fn root(&self) -> Option<NodeId> {
        self.id(0)
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node<'f>> {
        self.list.get(id.0)
    }

    /// All objects with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeId, &Node<'f>)> {
        let list = self.list.iter().enumerate();
        list.map(|(index, node)| (NodeId(index), node))
    }

    /// What it owns, in the order of the file.
    pub(super) fn children(&self, id: NodeId) -> &[(&'f str, NodeId)] {
        self.node(id).map_or(&[], |node| &node.children)
    }

    /// What it owns under that name.
    pub(super) fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let mut children = self.children(id).iter();
        children
            .find(|(own, _)| *own == name)
            .map(|(_, child)| *child)
    }

    /// What it owns under `prefix` and a number, in the order of these: `layer-0`, `layer-1`.
    pub(super) fn numbered(&self, id: NodeId, prefix: &str) -> Vec<NodeId> {
        let children = self.children(id).iter();
        let mut found: Vec<(u64, NodeId)> = children
            .filter_map(|(name, child)| Some((name.strip_prefix(prefix)?.parse().ok()?, *child)))
            .collect();
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, child)| child).collect()
    }

    /// The key of a variable's values.
    pub(super) fn value_key(&self, id: NodeId) -> Option<&str> {
        self.node(id)?.key.as_deref()
    }
}

/// Children by their names. Mostly those of two objects that are the same have the same order:
/// only where they have not is there a map.
struct Named<'o> {
    children: &'o [(&'o str, NodeId)],
    by_name: OnceCell<HashMap<&'o str, NodeId>>,
}

impl<'o> Named<'o> {
    fn new(children: &'o [(&'o str, NodeId)]) -> Self {
        Named {
            children,
            by_name: OnceCell::new(),
        }
    }

    /// The one of a name, which is likely to be at `place`.
    fn get(&self, place: usize, name: &str) -> Option<NodeId> {
        if let Some((own, child)) = self.children.get(place)
            && *own == name
        {
            return Some(*child);
        }
        let by_name = self.by_name.get_or_init(|| {
            let children = self.children.iter();
            children.copied().collect()
        });
        by_name.get(name).copied()
    }
}

/// What only the checkpoint says of a variable.
fn name_as(node: &mut Node<'_>, theirs: &Node<'_>) {
    let Some(variable) = &mut node.variable else {
        return;
    };
    if variable.name.is_empty()
        && let Some(named) = &theirs.variable
    {
        variable.name = Cow::Owned(named.name.clone().into_owned());
    }
}

fn saved_node(saved: ObjectOutline<'_>, index: usize, count: usize) -> Result<Node<'_>> {
    let variable = saved.variable.map(|it| StoredVariable {
        name: Cow::Borrowed(it.name),
        trainable: Some(it.trainable),
    });
    let user = saved.user_object.unwrap_or_default();
    Ok(Node {
        children: children(saved.children, index, count)?,
        slots: slots(saved.slot_variables, index, count)?,
        class: user.identifier,
        metadata: user.metadata,
        variable,
        key: None,
    })
}

fn checkpoint_node(stored: TrackableOutline<'_>, index: usize, count: usize) -> Result<Node<'_>> {
    let value = stored.attributes.iter().find(|it| it.name == VALUE);
    let variable = value.map(|it| StoredVariable {
        name: Cow::Borrowed(it.full_name),
        trainable: None,
    });
    Ok(Node {
        children: children(stored.children, index, count)?,
        slots: slots(stored.slot_variables, index, count)?,
        variable,
        key: value.map(|it| Cow::Borrowed(it.checkpoint_key)),
        ..Node::default()
    })
}

fn children<'f>(
    stored: Vec<ChildOutline<'f>>,
    index: usize,
    count: usize,
) -> Result<Vec<(&'f str, NodeId)>> {
    let children = stored.into_iter().map(|child| {
        let id = checked(child.node_id, count)
            .map_err(|error| error.within(format!("object {index}, `{}`", child.local_name)))?;
        Ok((child.local_name, id))
    });
    children.collect()
}

fn slots<'f>(
    stored: Vec<SlotOutline<'f>>,
    index: usize,
    count: usize,
) -> Result<Vec<SlotVariable<'f>>> {
    let slots = stored.into_iter().map(|slot| {
        let place = |error: Error| error.within(format!("object {index}, `{}`", slot.slot_name));
        Ok(SlotVariable {
            original: checked(slot.original_variable_node_id, count).map_err(place)?,
            variable: checked(slot.slot_variable_node_id, count).map_err(place)?,
            name: slot.slot_name,
        })
    });
    slots.collect()
}

fn checked(id: i32, count: usize) -> Result<NodeId> {
    match usize::try_from(id) {
        Ok(found) if found < count => Ok(NodeId(found)),
        _ => Err(Error::new(
            ErrorKind::Malformed,
            format!("refers to object {id} of {count}"),
        )),
    }
}
