//! Layers wherever they stand, seen alike: in a network, in a nested model, in a wrapper's config.

use serde_json::{Map, Value};

use super::network::{Layer, Network};
use super::object::{Dialect, Object};
use crate::error::Result;

/// A layer of a network, or one that a wrapper holds in its config.
///
/// ```text
/// TimeDistributed          Part::Layer
///   config.layer           Part::Json: a layer, or a whole model
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'n> {
    Layer(&'n Layer),
    Json(&'n Map<String, Value>),
}

impl<'n> Part<'n> {
    /// The layer of that name in a network.
    pub(crate) fn of(network: &'n Network, name: &str) -> Option<Part<'n>> {
        network.get_layer(name).map(Part::Layer)
    }

    pub(crate) fn class_name(self) -> &'n str {
        match self {
            Part::Layer(layer) => layer.class_name(),
            Part::Json(json) => text(json, "class_name"),
        }
    }

    pub(crate) fn name(self) -> &'n str {
        match self {
            Part::Layer(layer) => layer.name(),
            Part::Json(json) => match text(json, "name") {
                "" => self.config().map_or("", |config| text(config, "name")),
                name => name,
            },
        }
    }

    /// The layers that stand in the config as a list under `key`.
    pub(crate) fn held_list(self, key: &str) -> Vec<Part<'n>> {
        let list = self.config().and_then(|config| config.get(key)?.as_array());
        let layers = list.into_iter().flatten();
        layers
            .filter_map(Value::as_object)
            .map(Part::Json)
            .collect()
    }

    /// Whether it is an operation of Keras 3, which is no layer. In HDF5 files, where no module is
    /// told, what operations lack is the argument of every layer.
    pub(crate) fn is_operation(self) -> bool {
        let module = match self {
            Part::Layer(layer) => layer.object().module(),
            Part::Json(json) => json.get("module").and_then(Value::as_str),
        };
        match module {
            Some(module) => module.starts_with("keras.src.ops") || module.starts_with("keras.ops"),
            None => {
                let has_flag = self
                    .config()
                    .is_some_and(|config| config.contains_key("trainable"));
                !has_flag && !self.is_model() && self.class_name() != "InputLayer"
            }
        }
    }

    /// The object as it was serialized; of a model without its layers.
    pub(crate) fn to_object(self, dialect: Dialect) -> Result<Object> {
        match self {
            Part::Layer(layer) => Ok(layer.object().clone()),
            Part::Json(json) => Object::from_json(Value::Object(json.clone()), dialect),
        }
    }

    /// The constructor's arguments.
    pub(crate) fn config(self) -> Option<&'n Map<String, Value>> {
        match self {
            Part::Layer(layer) => Some(layer.object().config()),
            Part::Json(json) => json.get("config")?.as_object(),
        }
    }

    /// Its own flag; those of the layers around it are theirs.
    pub(crate) fn trainable(self) -> bool {
        let flag = self.config().and_then(|config| config.get("trainable"));
        flag.and_then(Value::as_bool).unwrap_or(true)
    }

    /// Whether it is a model, which has layers.
    pub(crate) fn is_model(self) -> bool {
        match self {
            Part::Layer(layer) => layer.network().is_some(),
            Part::Json(_) => self.json_layers().is_some(),
        }
    }

    pub(crate) fn is_sequential(self) -> bool {
        self.is_model() && self.class_name() == "Sequential"
    }

    /// Whether it has its variables before it is called: Functional models, and Sequential ones
    /// that know the shape of their input.
    pub(crate) fn is_built_model(self) -> bool {
        let knows_shape = |config: &Map<String, Value>| {
            config
                .get("build_input_shape")
                .is_some_and(|it| !it.is_null())
        };
        let takes_input = |first: Part<'_>| {
            first.class_name() == "InputLayer"
                || first
                    .config()
                    .is_some_and(|it| it.contains_key("batch_input_shape"))
        };
        self.is_model()
            && (!self.is_sequential()
                || self.config().is_some_and(knows_shape)
                || self.layers().first().is_some_and(|it| takes_input(*it)))
    }

    fn json_layers(self) -> Option<&'n Vec<Value>> {
        match self {
            Part::Layer(_) => None,
            Part::Json(json) => match json.get("config")? {
                // Sequential before Keras 2.3.
                Value::Array(layers) => Some(layers),
                config => config.get("layers")?.as_array(),
            },
        }
    }

    /// The layers of a model.
    pub(crate) fn layers(self) -> Vec<Part<'n>> {
        match self {
            Part::Layer(layer) => {
                let inner = layer.network().map_or(&[][..], Network::layers);
                inner.iter().map(Part::Layer).collect()
            }
            Part::Json(_) => {
                let inner = self.json_layers().into_iter().flatten();
                inner.filter_map(Value::as_object).map(Part::Json).collect()
            }
        }
    }

    /// The layer of that name, if this is a model that has it.
    pub(crate) fn layer(self, name: &str) -> Option<Part<'n>> {
        match self {
            Part::Layer(layer) => Part::of(layer.network()?, name),
            Part::Json(_) => self.layers().into_iter().find(|it| it.name() == name),
        }
    }

    /// What `TimeDistributed`, `SpectralNormalization` and `Bidirectional` wrap; of the last, what
    /// it runs forward.
    pub(crate) fn wrapped(self) -> Option<Part<'n>> {
        const WRAPPERS: [&str; 3] = ["TimeDistributed", "SpectralNormalization", "Bidirectional"];
        if !WRAPPERS.contains(&self.class_name()) {
            return None;
        }
        self.held("layer")
    }

    /// What a `Bidirectional` runs backward; the layer it runs forward if it was given only one.
    pub(crate) fn backward(self) -> Option<Part<'n>> {
        self.held("backward_layer").or_else(|| self.wrapped())
    }

    /// The layer that stands in the config under `key`.
    pub(crate) fn held(self, key: &str) -> Option<Part<'n>> {
        self.config()?.get(key)?.as_object().map(Part::Json)
    }
}

/// Whether layers of this class have a cell, which has their variables and is called step by step.
pub(crate) fn has_cell(class: &str) -> bool {
    matches!(
        class,
        "RNN" | "SimpleRNN" | "LSTM" | "GRU" | "ConvLSTM1D" | "ConvLSTM2D" | "ConvLSTM3D"
    )
}

fn text<'n>(json: &'n Map<String, Value>, key: &str) -> &'n str {
    json.get(key).and_then(Value::as_str).unwrap_or_default()
}
