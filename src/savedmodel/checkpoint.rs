//! The checkpoint: which object owns which tensor of the bundle, and under which key.
//! See `spec/saved_model.md#checkpoint`.

use std::collections::HashMap;

use super::objects::{Kind, Numbered, ObjectId};
use super::variables::{SavedVariables, VariableId};
use crate::bundle::BundleWriter;
use crate::error::Result;
use crate::proto::Message;
use crate::proto::google::BoolValue;
use crate::proto::tensorflow::TrackableObjectGraph;
use crate::proto::tensorflow::trackable_object_graph::{
    ObjectReference, SerializedTensor, SlotVariableReference, TrackableObject,
};
use crate::tensor::Tensor;

/// The key of the entry that describes the objects.
pub(super) const OBJECT_GRAPH: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// Variables in the order of their objects, with their keys.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) entries: Vec<(VariableId, String)>,
    /// The encoded object graph.
    pub(super) graph: Vec<u8>,
}

impl Checkpoint {
    pub(super) fn new(objects: &Numbered<'_>, variables: &SavedVariables<'_>) -> Result<Self> {
        let keys = slot_keys(objects);
        let mut entries = Vec::new();
        let mut nodes = Vec::new();
        let owners = owners_of_values(objects);
        for (id, object) in objects.iter() {
            let mut node = TrackableObject {
                children: references(objects, &object.children),
                slot_variables: slots(objects, &object.slots),
                has_checkpoint_values: Some(BoolValue {
                    value: owners.contains(&id),
                    ..BoolValue::default()
                }),
                ..TrackableObject::default()
            };
            if let Kind::Variable(variable) = object.kind {
                let key = keys.get(&id).cloned();
                let key = key.unwrap_or_else(|| value_key(objects.path(id)));
                node.attributes.push(SerializedTensor {
                    name: "VARIABLE_VALUE".to_owned(),
                    full_name: variables
                        .get(variable)
                        .map(|it| it.name.clone())
                        .unwrap_or_default(),
                    checkpoint_key: key.clone(),
                    ..SerializedTensor::default()
                });
                entries.push((variable, key));
            }
            nodes.push(node);
        }
        let graph = TrackableObjectGraph {
            nodes,
            ..TrackableObjectGraph::default()
        };
        Ok(Checkpoint {
            entries,
            graph: graph.encode()?,
        })
    }

    /// The keys of all tensors, that of the object graph last.
    pub(super) fn keys(&self) -> Vec<&str> {
        let keys = self.entries.iter().map(|(_, key)| key.as_str());
        keys.chain([OBJECT_GRAPH]).collect()
    }

    /// The bundle, with the values that variables have.
    pub(super) fn bundle<'v>(&self, variables: &'v SavedVariables<'_>) -> Result<BundleWriter<'v>> {
        let mut bundle = BundleWriter::new();
        for (id, key) in &self.entries {
            if let Some(variable) = variables.get(*id) {
                bundle.tensor(key.as_str(), variable.tensor.borrowed())?;
            }
        }
        bundle.tensor(OBJECT_GRAPH, Tensor::strings(vec![self.graph.clone()], [])?)?;
        Ok(bundle)
    }
}

fn value_key(path: &str) -> String {
    format!("{path}/.ATTRIBUTES/VARIABLE_VALUE")
}

pub(super) fn references(
    objects: &Numbered<'_>,
    children: &[(String, ObjectId)],
) -> Vec<ObjectReference> {
    let children = children.iter().filter_map(|(name, child)| {
        Some(ObjectReference {
            node_id: objects.number(*child)?,
            local_name: name.clone(),
            ..ObjectReference::default()
        })
    });
    children.collect()
}

pub(super) fn slots(
    objects: &Numbered<'_>,
    slots: &[(ObjectId, String, ObjectId)],
) -> Vec<SlotVariableReference> {
    let slots = slots.iter().filter_map(|(original, name, slot)| {
        Some(SlotVariableReference {
            original_variable_node_id: objects.number(*original)?,
            slot_name: name.clone(),
            slot_variable_node_id: objects.number(*slot)?,
            ..SlotVariableReference::default()
        })
    });
    slots.collect()
}

/// Keys of variables that only an optimizer's slots lead to.
fn slot_keys(objects: &Numbered<'_>) -> HashMap<ObjectId, String> {
    let mut keys = HashMap::new();
    for (id, object) in objects.iter() {
        for (original, name, slot) in &object.slots {
            let (variable, optimizer) = (objects.path(*original), objects.path(id));
            let path = format!("{variable}/.OPTIMIZER_SLOT/{optimizer}/{name}");
            keys.insert(*slot, value_key(&path));
        }
    }
    keys
}

/// Objects that are variables, or that lead to one.
fn owners_of_values(objects: &Numbered<'_>) -> std::collections::HashSet<ObjectId> {
    let mut owners: std::collections::HashSet<ObjectId> = objects
        .iter()
        .filter(|(_, object)| matches!(object.kind, Kind::Variable(_)))
        .map(|(id, _)| id)
        .collect();
    // Owners come before what they own, except where something is owned twice.
    let all: Vec<_> = objects.iter().collect();
    loop {
        let before = owners.len();
        for (id, object) in all.iter().rev() {
            if object
                .children
                .iter()
                .any(|(_, child)| owners.contains(child))
            {
                owners.insert(*id);
            }
        }
        if owners.len() == before {
            return owners;
        }
    }
}
