//! Which variables a layer has, in the order in which HDF5 files list them: what is trained before
//! what is not.

use std::collections::{HashMap, HashSet};

use super::checkpoint::Checkpoint;
use super::descriptions::Descriptions;
use super::objects::{NodeId, Objects};
use super::tables::Tables;
use crate::error::{Error, ErrorKind, Result};
use crate::keras::Network;
use crate::limits::Limits;
use crate::tensor::Tensor;

/// What Keras adds to the layers and attributes of a layer.
const ADDED: [&str; 10] = [
    "variables",
    "trainable_variables",
    "regularization_losses",
    "keras_api",
    "__call__",
    "call_and_return_all_conditional_losses",
    "_default_save_signature",
    "optimizer",
    "signatures",
    "_random_generator",
];

/// The variables that layers have.
pub(super) struct LayerVariables<'o> {
    objects: &'o Objects<'o>,
    descriptions: &'o Descriptions<'o>,
    tables: &'o Tables,
    limits: Limits,
    /// How many were listed, for all layers.
    listed: u64,
}

/// Those of an object, in order.
#[derive(Debug, Default)]
struct Found {
    trained: Vec<NodeId>,
    fixed: Vec<NodeId>,
}

impl Found {
    fn all(self) -> Vec<NodeId> {
        self.trained.into_iter().chain(self.fixed).collect()
    }
}

impl<'o> LayerVariables<'o> {
    pub(super) fn new(
        objects: &'o Objects<'o>,
        descriptions: &'o Descriptions<'o>,
        tables: &'o Tables,
        limits: Limits,
    ) -> Self {
        LayerVariables {
            objects,
            descriptions,
            tables,
            limits,
            listed: 0,
        }
    }

    /// Those of a layer, which may be a model, as it was saved.
    pub(super) fn of_layer(&mut self, layer: NodeId) -> Result<Vec<NodeId>> {
        let found = self.found(layer)?;
        self.distinct(found)
    }

    /// Those of a model in a model, whose layers may have another order than when it was saved.
    pub(super) fn of_model(&mut self, network: &Network, model: NodeId) -> Result<Vec<NodeId>> {
        let found = self.found_in_order(network, model, 0)?;
        self.distinct(found)
    }

    fn found_in_order(&mut self, network: &Network, model: NodeId, depth: u32) -> Result<Found> {
        self.limits.depth(depth, "models")?;
        let layers = self.objects.numbered(model, "layer-");
        let named = self.descriptions.by_name(&layers);
        let mut inner = Vec::new();
        for layer in network.layers() {
            let Some(id) = named.get(layer.name()) else {
                continue;
            };
            inner.push(match layer.network() {
                Some(network) => self.found_in_order(network, *id, depth.saturating_add(1))?,
                None => self.found(*id)?,
            });
        }
        let of_layers = inner
            .iter()
            .flat_map(|it| it.trained.iter().chain(&it.fixed));
        let of_layers: HashSet<NodeId> = of_layers.copied().collect();
        let mut own = self.found(model)?;
        own.trained.retain(|id| !of_layers.contains(id));
        own.fixed.retain(|id| !of_layers.contains(id));
        Ok(match self.descriptions.trainable(model) {
            true => trained(own, inner),
            false => frozen_model(own, inner),
        })
    }

    fn found(&mut self, layer: NodeId) -> Result<Found> {
        // What is looked through: many may be the same layer.
        self.count(self.objects.children(layer).len())?;
        match self.of_lists(layer) {
            Some(found) => Ok(found),
            None => self.of_attributes(layer, &mut HashSet::new(), 0),
        }
    }

    fn distinct(&mut self, found: Found) -> Result<Vec<NodeId>> {
        let mut found = found.all();
        let superseded = self.tables.superseded();
        let mut seen = HashSet::new();
        found.retain(|id| !superseded.contains(id) && seen.insert(*id));
        self.count(found.len())?;
        Ok(found)
    }

    fn count(&mut self, more: usize) -> Result<()> {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.listed = self.listed.saturating_add(more);
        self.limits.objects(self.listed, "variables of layers")
    }

    /// As the lists that Keras writes with the functions of a layer have them.
    fn of_lists(&self, layer: NodeId) -> Option<Found> {
        let objects = self.objects;
        let api = objects.child(layer, "keras_api")?;
        let trained = objects.child(layer, "trainable_variables")?;
        let fixed = match objects.child(api, "non_trainable_variables") {
            Some(fixed) => fixed,
            None => objects.child(layer, "variables")?,
        };
        Some(Found {
            trained: objects.numbered(trained, ""),
            fixed: objects.numbered(fixed, ""),
        })
    }

    /// As its attributes are, and theirs: the order in which Keras would list them.
    fn of_attributes(
        &mut self,
        node: NodeId,
        seen: &mut HashSet<NodeId>,
        depth: u32,
    ) -> Result<Found> {
        self.limits.depth(depth, "layers")?;
        let layers = self.objects.numbered(node, "layer-");
        let is_model = !layers.is_empty();
        let mut own = Found::default();
        let mut inner = Vec::new();
        let objects = self.objects;
        let attributes = objects.children(node).iter();
        let attributes = attributes.filter(|(name, _)| !is_added(name) && !is_model);
        for child in attributes.map(|(_, child)| *child).chain(layers) {
            if !seen.insert(child) {
                continue;
            }
            self.count(1)?;
            let Some(found) = objects.node(child) else {
                continue;
            };
            match &found.variable {
                Some(variable) => match variable.is_trained() {
                    true => own.trained.push(child),
                    false => own.fixed.push(child),
                },
                None if holds_variables(found.class) => {
                    let below = self.of_attributes(child, seen, depth.saturating_add(1))?;
                    inner.push(below);
                }
                None => {}
            }
        }
        Ok(match (self.descriptions.trainable(node), is_model) {
            (true, _) => trained(own, inner),
            (false, true) => frozen_model(own, inner),
            (false, false) => frozen(own, inner),
        })
    }
}

/// Whether Keras adds what a layer owns by this name.
pub(in crate::savedmodel) fn is_added(name: &str) -> bool {
    ADDED.contains(&name)
}

/// Whether variables of objects of this class are those of the layer they belong to.
fn holds_variables(class: &str) -> bool {
    let is_layer = class.starts_with("_tf_keras_") && class != "_tf_keras_metric";
    class.is_empty() || is_layer || class.starts_with("trackable_")
}

fn trained(own: Found, inner: Vec<Found>) -> Found {
    let mut all = own;
    let mut fixed = Vec::new();
    for found in inner {
        all.trained.extend(found.trained);
        fixed.extend(found.fixed);
    }
    all.fixed.extend(fixed);
    all
}

fn frozen(own: Found, inner: Vec<Found>) -> Found {
    let fixed = own.all().into_iter();
    Found {
        trained: Vec::new(),
        fixed: fixed
            .chain(inner.into_iter().flat_map(Found::all))
            .collect(),
    }
}

fn frozen_model(own: Found, inner: Vec<Found>) -> Found {
    Found {
        trained: Vec::new(),
        fixed: trained(own, inner).all(),
    }
}

/// The values of variables, each of which is looked up once.
pub(super) struct Values<'c> {
    objects: &'c Objects<'c>,
    checkpoint: &'c Checkpoint,
    found: HashMap<NodeId, (String, Tensor<'static>)>,
}

impl<'c> Values<'c> {
    pub(super) fn new(objects: &'c Objects<'c>, checkpoint: &'c Checkpoint) -> Self {
        Values {
            objects,
            checkpoint,
            found: HashMap::new(),
        }
    }

    /// The name that an HDF5 file has for a variable, and its values.
    pub(super) fn of(&mut self, id: NodeId) -> Result<(String, Tensor<'static>)> {
        if let Some(found) = self.found.get(&id) {
            return Ok(found.clone());
        }
        let variable = self.objects.node(id).and_then(|it| it.variable.as_ref());
        let Some(variable) = variable else {
            let message = "listed among variables, but none";
            return Err(Error::new(ErrorKind::Malformed, message));
        };
        let Some(key) = self.objects.value_key(id) else {
            let message = format!("the checkpoint has no values for `{}`", variable.name);
            return Err(Error::new(ErrorKind::Malformed, message)
                .with_hint("the files in `variables/` belong to another `saved_model.pb`"));
        };
        let value = (format!("{}:0", variable.name), self.checkpoint.tensor(key)?);
        self.found.insert(id, value.clone());
        Ok(value)
    }

    /// All of a list.
    pub(super) fn all(&mut self, ids: &[NodeId]) -> Result<Vec<(String, Tensor<'static>)>> {
        ids.iter().map(|id| self.of(*id)).collect()
    }
}
