//! The variables of a SavedModel: of layers, of the optimizer, of metrics.

use std::collections::{BTreeMap, HashMap};

use super::assets::AssetId;
use super::tables::{SavedTables, TableId};
use crate::proto::tensorflow::{VariableAggregation, VariableSynchronization};
use crate::tensor::{DType, Tensor};

/// Which of the variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct VariableId(pub(super) usize);

/// What functions take from the objects they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Capture {
    Variable(VariableId),
    Table(TableId),
    /// The table that the file the model came from has as this object.
    Carried(u32),
    /// The path of a file.
    Asset(AssetId),
}

/// A variable and what TensorFlow is told of it.
#[derive(Debug)]
pub(super) struct SavedVariable<'m> {
    /// The name Keras has for it: `dense/kernel`.
    pub(super) name: String,
    pub(super) trainable: bool,
    pub(super) synchronization: VariableSynchronization,
    pub(super) aggregation: VariableAggregation,
    /// Where it is, if that is saved.
    pub(super) device: Option<String>,
    pub(super) tensor: Tensor<'m>,
}

/// All variables, those of layers found by their paths in the model, and the tables of layers.
#[derive(Debug, Default)]
pub(super) struct SavedVariables<'m> {
    list: Vec<SavedVariable<'m>>,
    of_layers: BTreeMap<String, VariableId>,
    /// What layers keep between calls, which are no weights.
    of_states: BTreeMap<String, VariableId>,
    paths: HashMap<VariableId, String>,
    pub(super) tables: SavedTables,
}

impl<'m> SavedVariable<'m> {
    /// A variable that gradients do not change.
    pub(super) fn fixed(name: impl Into<String>, tensor: Tensor<'m>) -> Self {
        SavedVariable {
            name: name.into(),
            trainable: false,
            synchronization: VariableSynchronization::default(),
            aggregation: VariableAggregation::default(),
            device: None,
            tensor,
        }
    }
}

impl<'m> SavedVariables<'m> {
    pub(super) fn add(&mut self, variable: SavedVariable<'m>) -> VariableId {
        self.list.push(variable);
        VariableId(self.list.len() - 1)
    }

    /// Adds the variable at that path of the model: `encoder/dense/kernel`.
    pub(super) fn add_of_layer(&mut self, path: String, variable: SavedVariable<'m>) -> VariableId {
        let id = self.add(variable);
        self.paths.insert(id, path.clone());
        self.of_layers.insert(path, id);
        id
    }

    /// Adds what a layer keeps between calls, at that path of the model: `lstm/states/0`.
    pub(super) fn add_state(&mut self, path: String, variable: SavedVariable<'m>) {
        let id = self.add(variable);
        self.paths.insert(id, path.clone());
        self.of_states.insert(path, id);
    }

    /// The path of a layer's variable in the model.
    pub(super) fn path(&self, id: VariableId) -> Option<&str> {
        self.paths.get(&id).map(String::as_str)
    }

    /// The variables of the layer at that path, in order.
    pub(super) fn within(&self, layer: &str) -> Vec<VariableId> {
        below(&self.of_layers, layer)
    }

    /// What the layer at that path keeps between calls.
    pub(super) fn states_within(&self, layer: &str) -> Vec<VariableId> {
        below(&self.of_states, layer)
    }

    /// The variable or state at that path.
    pub(super) fn of_layer(&self, path: &str) -> Option<VariableId> {
        let found = self.of_layers.get(path);
        found.or_else(|| self.of_states.get(path)).copied()
    }

    /// Says where all variables are.
    pub(super) fn place_on(&mut self, device: Option<&str>) {
        for variable in &mut self.list {
            variable.device = device.map(str::to_owned);
        }
    }

    /// How many bytes all values take.
    pub(super) fn byte_len(&self) -> u64 {
        let lengths = self.list.iter().map(|it| it.tensor.byte_len());
        lengths.fold(0, u64::saturating_add)
    }

    pub(super) fn get(&self, id: VariableId) -> Option<&SavedVariable<'m>> {
        self.list.get(id.0)
    }

    pub(super) fn dtype(&self, id: VariableId) -> DType {
        self.get(id).map_or(DType::Float32, |it| it.tensor.dtype())
    }
}

/// What is below a layer, in order.
fn below(all: &BTreeMap<String, VariableId>, layer: &str) -> Vec<VariableId> {
    // What begins with `layer/` is one range of the sorted paths.
    let below = format!("{layer}/");
    let range = all.range(below.clone()..);
    let inside = range.take_while(|(path, _)| path.starts_with(&below));
    let mut ids: Vec<VariableId> = inside.map(|(_, id)| *id).collect();
    ids.sort_unstable();
    ids
}
