//! Models whose layers call each other.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::builder::FunctionalBuilder;
use super::network::{Layer, Layers, Network};
use super::node::{self, Node, TensorMeta, TensorRef};
use super::object::{Dialect, Object};
use super::order::{Call, Calls, order};
use crate::error::{Context, Error, ErrorKind, Result};

/// Layers connected by calls; a layer may be called more than once.
///
/// [`build`](Self::build) makes one; a file has one where Keras was given `inputs` and `outputs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Functional {
    pub(super) object: Object,
    pub(super) layers: Layers,
    inputs: Vec<TensorRef>,
    outputs: Vec<TensorRef>,
}

impl Functional {
    /// Begins a network of that name, in the vocabulary of Keras 3.
    pub fn build(name: impl Into<String>) -> FunctionalBuilder {
        FunctionalBuilder::new(name.into())
    }

    pub(super) fn new_with(object: Object, mut layers: Layers) -> Result<Functional> {
        let mut inputs = ends(&object, "input_layers")?;
        let mut outputs = ends(&object, "output_layers")?;
        let from_one = match object.dialect() {
            // Calls count from 0, but where the ends are listed a nested model's own is counted.
            Dialect::Keras3 => {
                let nested =
                    |layer: &&Layer| matches!(layer.network(), Some(Network::Functional(_)));
                let nested = layers.list().iter().filter(nested);
                nested.map(|layer| layer.name().to_owned()).collect()
            }
            Dialect::Keras1 | Dialect::Keras2 => {
                let from_one = counted_from_one(layers.list(), inputs.iter().chain(&outputs));
                if !from_one.is_empty() {
                    layers.count_from_one(from_one.clone());
                }
                from_one
            }
        };
        for end in inputs.iter_mut().chain(&mut outputs) {
            if from_one.contains(&end.layer) {
                end.node = end.node.saturating_sub(1);
            }
        }
        Ok(Functional {
            object,
            layers,
            inputs,
            outputs,
        })
    }

    /// The layers in the model's order.
    pub fn layers(&self) -> &[Layer] {
        self.layers.list()
    }

    /// The layer of that name, in constant time.
    pub fn get_layer(&self, name: &str) -> Option<&Layer> {
        self.layers.get(name)
    }

    /// The model's own JSON; in the place of its layers stands `null`.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The tensors the model is called with; those of a dictionary in the order of its keys.
    pub fn inputs(&self) -> &[TensorRef] {
        &self.inputs
    }

    /// The tensors the model gives; those of a dictionary in the order of its keys.
    pub fn outputs(&self) -> &[TensorRef] {
        &self.outputs
    }

    /// The places of the layers in the order in which Keras lists them once it makes the model from
    /// this config; none where not all of them lead to an output.
    ///
    /// The model that was saved may have another: what was given by position in Python is given by
    /// name here, and arguments with names go by these.
    pub(crate) fn order_when_made(&self) -> Result<Option<Vec<usize>>> {
        let places: HashMap<&str, usize> = self.layers().iter().map(Layer::name).zip(0..).collect();
        let mut nodes = Vec::new();
        for layer in self.layers() {
            nodes.push(match layer.class_name() {
                "InputLayer" => vec![Node::default()],
                _ => layer.nodes()?,
            });
        }
        let locate = |source: &TensorRef| {
            let layer = *places.get(source.layer.as_str())?;
            let node = source.node;
            (node < nodes.get(layer)?.len()).then_some(Call { layer, node })
        };
        let calls = nodes.iter().map(|nodes| {
            let calls = nodes.iter().map(|node| {
                let sources = node.inputs().into_iter();
                sources.map(locate).collect::<Option<Vec<Call>>>()
            });
            calls.collect::<Option<Vec<_>>>()
        });
        let inputs = self.inputs.iter().map(|it| Some(locate(it)?.layer));
        let outputs = self.outputs.iter().map(locate);
        let (Some(calls), Some(inputs), Some(outputs)) = (
            calls.collect::<Option<Calls>>(),
            inputs.collect::<Option<Vec<_>>>(),
            outputs.collect::<Option<Vec<_>>>(),
        ) else {
            return Ok(None);
        };
        let order = order(&calls, &inputs, &outputs).layers;
        Ok(Some(order).filter(|it| it.len() == nodes.len()))
    }

    /// Writes shapes and dtypes to the tensors between layers, where `meta` knows them.
    ///
    /// Keras 3 writes them and does not use them; a network built here has none until this is
    /// called. In other dialects there is no place for them, and nothing happens.
    ///
    /// # Errors
    ///
    /// As [`Layer::nodes`].
    pub fn set_tensor_metas(
        &mut self,
        meta: impl Fn(&TensorRef) -> Option<TensorMeta>,
    ) -> Result<()> {
        if self.object.dialect() != Dialect::Keras3 {
            return Ok(());
        }
        for layer in self.layers.list_mut() {
            let mut nodes = layer.nodes()?;
            for node in &mut nodes {
                node.for_each_tensor(|source, place| {
                    if let Some(meta) = meta(source) {
                        *place = Some(meta);
                    }
                });
            }
            if !nodes.is_empty() {
                layer.set_nodes(&nodes);
            }
        }
        Ok(())
    }
}

fn ends(object: &Object, key: &str) -> Result<Vec<TensorRef>> {
    match object.config().get(key) {
        Some(json) => node::ends(json).within(|| format!("`{key}`")),
        None => Err(Error::new(
            ErrorKind::Malformed,
            format!("a Functional model without `{key}`"),
        )),
    }
}

/// The nested models whose calls are counted from 1: before Keras 3 a model that knew its inputs
/// when it was made counted that as its call 0, which is not in the file.
///
/// Every call in a file leads to an output, so the lowest number in use tells.
fn counted_from_one<'a>(
    layers: &'a [Layer],
    ends: impl Iterator<Item = &'a TensorRef>,
) -> HashSet<String> {
    let nested = layers.iter().filter(|layer| layer.network().is_some());
    let mut lowest: HashMap<&str, usize> = nested.map(|it| (it.name(), usize::MAX)).collect();
    if lowest.is_empty() {
        return HashSet::new();
    }
    let mut see = |source: &TensorRef| {
        if let Some(lowest) = lowest.get_mut(source.layer.as_str()) {
            *lowest = source.node.min(*lowest);
        }
    };
    ends.for_each(&mut see);
    for layer in layers {
        // What cannot be read is reported by whoever asks for it.
        for node in layer.nodes().unwrap_or_default() {
            node.inputs().into_iter().for_each(&mut see);
        }
    }
    let from_one = lowest.into_iter().filter(|(_, lowest)| *lowest > 0);
    from_one.map(|(name, _)| name.to_owned()).collect()
}

/// `input_layers` or `output_layers` as Keras 3 writes them.
pub(super) fn ends_to_json(ends: &[TensorRef]) -> Value {
    match ends {
        [only] => only.to_json(),
        several => several.iter().map(TensorRef::to_json).collect(),
    }
}
