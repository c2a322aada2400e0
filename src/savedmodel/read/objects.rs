//! The objects of a directory: what each is, what it owns, and where its values are.
//! See `spec/saved_model.md#objects`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::error::{Error, ErrorKind, Result};
use crate::keras::naming::is_statistic;
use crate::proto::tensorflow::saved_object_graph::{Kind, SavedObject};
use crate::proto::tensorflow::trackable_object_graph::{
    ObjectReference, SlotVariableReference, TrackableObject,
};
use crate::proto::tensorflow::{SavedObjectGraph, TrackableObjectGraph};

/// Which of the objects; there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NodeId(usize);

impl NodeId {
    /// Its number in the file.
    pub(super) fn number(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}

/// An object.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Names and objects, in the order of the file.
    pub(super) children: Vec<(String, NodeId)>,
    /// An optimizer's variables for those of the model.
    pub(super) slots: Vec<SlotVariable>,
    /// The class: `_tf_keras_layer`; empty if it is not an object of one, or not known.
    pub(super) class: String,
    /// What is known of it as a variable.
    pub(super) variable: Option<StoredVariable>,
    /// The keys of its tensors, by the names that it has for them.
    pub(super) keys: BTreeMap<String, String>,
}

/// What is stored of a variable beside its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredVariable {
    /// Keras's name for it, without `:0`.
    pub(super) name: String,
    /// Whether gradients change it; checkpoints do not say.
    pub(super) trainable: Option<bool>,
}

impl StoredVariable {
    /// Whether gradients change it; where nothing says so, its name does.
    pub(super) fn is_trained(&self) -> bool {
        self.trainable.unwrap_or_else(|| !is_statistic(&self.name))
    }
}

/// What an optimizer keeps for a variable.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SlotVariable {
    pub(super) original: NodeId,
    pub(super) name: String,
    pub(super) variable: NodeId,
}

/// All objects, of which the first is the root.
#[derive(Debug)]
pub(super) struct Objects {
    list: Vec<Node>,
}

/// The name of a variable's values.
const VALUE: &str = "VARIABLE_VALUE";

impl Objects {
    /// The objects of a SavedModel, with the keys that the checkpoint has for the same ones.
    ///
    /// Which are the same, the names on the ways from the roots say, as TensorFlow restores them.
    pub(super) fn of_saved(
        graph: &SavedObjectGraph,
        checkpoint: &TrackableObjectGraph,
    ) -> Result<Objects> {
        let keys = Objects::of_checkpoint(checkpoint)?;
        let count = graph.nodes.len();
        let list = graph.nodes.iter().enumerate();
        let list = list.map(|(index, saved)| saved_node(saved, index, count));
        let mut objects = Objects {
            list: list.collect::<Result<_>>()?,
        };
        let same = objects.matched(&keys);
        for (node, theirs) in same {
            let Some(theirs) = keys.list.get(theirs.0) else {
                continue;
            };
            if let Some(node) = objects.list.get_mut(node.0) {
                node.keys.clone_from(&theirs.keys);
                name_as(node, theirs);
            }
        }
        Ok(objects)
    }

    /// The objects of a checkpoint alone, which does not say what they are.
    pub(super) fn of_checkpoint(graph: &TrackableObjectGraph) -> Result<Objects> {
        let count = graph.nodes.len();
        let list = graph.nodes.iter().enumerate();
        let list = list.map(|(index, node)| checkpoint_node(node, index, count));
        Ok(Objects {
            list: list.collect::<Result<_>>()?,
        })
    }

    /// For each object that can be reached from the root the same one of `others`.
    fn matched(&self, others: &Objects) -> HashMap<NodeId, NodeId> {
        let root = NodeId(0);
        let mut same = HashMap::new();
        if others.list.is_empty() {
            return same;
        }
        same.insert(root, root);
        let mut waiting = VecDeque::from([(root, root)]);
        while let Some((own, theirs)) = waiting.pop_front() {
            let (own, theirs) = (self.children(own), others.children(theirs));
            let named: HashMap<&str, NodeId> =
                theirs.iter().map(|(name, id)| (&**name, *id)).collect();
            for (name, child) in own {
                if let Some(other) = named.get(name.as_str())
                    && !same.contains_key(child)
                {
                    same.insert(*child, *other);
                    waiting.push_back((*child, *other));
                }
            }
        }
        self.match_slots(others, &mut same);
        same
    }

    /// Nobody owns the variables that legacy optimizers keep: those they are for tell which they are.
    fn match_slots(&self, others: &Objects, same: &mut HashMap<NodeId, NodeId>) {
        for (index, node) in self.list.iter().enumerate() {
            let theirs = same.get(&NodeId(index)).and_then(|id| others.node(*id));
            let Some(theirs) = theirs else {
                continue;
            };
            let slots = theirs.slots.iter();
            let named: HashMap<(NodeId, &str), NodeId> = slots
                .map(|slot| ((slot.original, &*slot.name), slot.variable))
                .collect();
            for slot in &node.slots {
                let original = same.get(&slot.original).copied();
                let other = original.and_then(|it| named.get(&(it, &*slot.name)).copied());
                if let Some(other) = other {
                    same.entry(slot.variable).or_insert(other);
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

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.list.get(id.0)
    }

    /// All objects with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        let list = self.list.iter().enumerate();
        list.map(|(index, node)| (NodeId(index), node))
    }

    /// What it owns, in the order of the file.
    pub(super) fn children(&self, id: NodeId) -> &[(String, NodeId)] {
        self.node(id).map_or(&[], |node| &node.children)
    }

    /// What it owns under that name.
    pub(super) fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let mut children = self.children(id).iter();
        children
            .find(|(own, _)| own == name)
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
        self.node(id)?.keys.get(VALUE).map(String::as_str)
    }
}

/// What only the checkpoint says of a variable.
fn name_as(node: &mut Node, theirs: &Node) {
    let Some(variable) = &mut node.variable else {
        return;
    };
    if variable.name.is_empty()
        && let Some(named) = &theirs.variable
    {
        variable.name.clone_from(&named.name);
    }
}

fn saved_node(saved: &SavedObject, index: usize, count: usize) -> Result<Node> {
    let mut node = Node {
        children: children(&saved.children, index, count)?,
        slots: slots(&saved.slot_variables, index, count)?,
        ..Node::default()
    };
    match &saved.kind {
        Some(Kind::UserObject(user)) => node.class.clone_from(&user.identifier),
        Some(Kind::Variable(variable)) => {
            node.variable = Some(StoredVariable {
                name: variable.name.clone(),
                trainable: Some(variable.trainable),
            });
        }
        _ => {}
    }
    Ok(node)
}

fn checkpoint_node(stored: &TrackableObject, index: usize, count: usize) -> Result<Node> {
    let attributes = stored.attributes.iter();
    let value = attributes.clone().find(|it| it.name == VALUE);
    Ok(Node {
        children: children(&stored.children, index, count)?,
        slots: slots(&stored.slot_variables, index, count)?,
        class: String::new(),
        variable: value.map(|it| StoredVariable {
            name: it.full_name.clone(),
            trainable: None,
        }),
        keys: attributes
            .map(|it| (it.name.clone(), it.checkpoint_key.clone()))
            .collect(),
    })
}

fn children(
    stored: &[ObjectReference],
    index: usize,
    count: usize,
) -> Result<Vec<(String, NodeId)>> {
    let children = stored.iter().map(|child| {
        let id = checked(child.node_id, count)
            .map_err(|error| error.within(format!("object {index}, `{}`", child.local_name)))?;
        Ok((child.local_name.clone(), id))
    });
    children.collect()
}

fn slots(
    stored: &[SlotVariableReference],
    index: usize,
    count: usize,
) -> Result<Vec<SlotVariable>> {
    let slots = stored.iter().map(|slot| {
        let place = |error: Error| error.within(format!("object {index}, `{}`", slot.slot_name));
        Ok(SlotVariable {
            original: checked(slot.original_variable_node_id, count).map_err(place)?,
            name: slot.slot_name.clone(),
            variable: checked(slot.slot_variable_node_id, count).map_err(place)?,
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
