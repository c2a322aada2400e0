//! Sequential and Functional models: `spec/keras_config.md#networks`.

use serde_json::{Map, Value, json};

use super::nodes::Calls;
use super::operations::Operations;
use super::{Dialect, Kind, Translator, class_name};
use crate::error::{Context, Error, ErrorKind, Result};

impl Translator<'_> {
    pub(super) fn sequential(self, object: &Map<String, Value>) -> Result<Map<String, Value>> {
        let config = object.get("config").unwrap_or(&Value::Null);
        let mut layers: Vec<Value> = Vec::new();
        for layer in sequential_layers(config)? {
            layers.push(Value::Object(self.object(Kind::Layer, as_object(layer)?)?));
        }
        let shape = sequential_input_shape(config);
        let is_input = |layer: &Value| {
            layer
                .get("class_name")
                .is_some_and(|class| class == "InputLayer")
        };
        let mut translated = Map::new();
        // The list of layers that early versions wrote had no name.
        let name = config
            .get("name")
            .cloned()
            .unwrap_or_else(|| "sequential".into());
        translated.insert("name".to_owned(), name);
        match self.to {
            Dialect::Keras3 => {
                let trainable = config
                    .get("trainable")
                    .cloned()
                    .unwrap_or(Value::Bool(true));
                translated.insert("trainable".to_owned(), trainable);
                translated.insert("dtype".to_owned(), self.policy("float32"));
                if let Some(shape) = &shape
                    && !layers.first().is_some_and(is_input)
                {
                    layers.insert(0, self.input_before(layers.first(), config, shape));
                }
                translated.insert("layers".to_owned(), Value::Array(layers));
                translated.extend(shape.map(|shape| ("build_input_shape".to_owned(), shape)));
            }
            _ => {
                let built = layers.first().is_some_and(is_input);
                translated.insert("layers".to_owned(), Value::Array(layers));
                if let Some(shape) = shape
                    && !built
                {
                    translated.insert("build_input_shape".to_owned(), shape);
                }
            }
        }
        Ok(self.written("keras", "Sequential", None, translated))
    }

    /// The InputLayer that stands for the `batch_input_shape` of the first layer.
    fn input_before(self, first: Option<&Value>, config: &Value, shape: &Value) -> Value {
        let name = first.and_then(|layer| layer.get("config")?.get("name")?.as_str());
        let dtype = sequential_layers(config).ok().and_then(|layers| {
            let own = layers.first()?.get("config")?.get("dtype")?.as_str()?;
            Some(if own.starts_with("mixed_") {
                "float32"
            } else {
                own
            })
        });
        let input = json!({
            "batch_shape": shape,
            "dtype": dtype.unwrap_or("float32"),
            "sparse": false,
            "ragged": false,
            "name": format!("{}_input", name.unwrap_or("sequential")),
            "optional": false,
        });
        let config = input.as_object().cloned().unwrap_or_default();
        Value::Object(self.written(Kind::Layer.module(), "InputLayer", None, config))
    }

    pub(super) fn functional(self, object: &Map<String, Value>) -> Result<Map<String, Value>> {
        let config = object.get("config").and_then(Value::as_object);
        let layers = config
            .and_then(|config| config.get("layers"))
            .and_then(Value::as_array);
        let (Some(config), Some(layers)) = (config, layers) else {
            return Err(Error::new(
                ErrorKind::Malformed,
                "a Functional model without `layers`",
            ));
        };
        let calls = Calls::new(self, config, layers);
        let mut operations = Operations::new(self, &calls, layers);
        let mut translated_layers = Vec::with_capacity(layers.len());
        for layer in layers {
            let layer = as_object(layer)?;
            let name = layer_name(layer).unwrap_or_default();
            if calls.drops(name) {
                continue;
            }
            if self.to == Dialect::Keras2
                && let Some(functions) = operations.of(layer)?
            {
                translated_layers.extend(functions);
                continue;
            }
            let mut translated = self.object(Kind::Layer, layer)?;
            let inbound = calls
                .of_layer(layer)
                .within(|| format!("calls of layer `{name}`"))?;
            translated.insert("name".to_owned(), name.into());
            translated.insert("inbound_nodes".to_owned(), inbound);
            translated_layers.push(Value::Object(translated));
        }
        let mut translated = Map::new();
        let name = config
            .get("name")
            .cloned()
            .unwrap_or_else(|| "functional".into());
        translated.insert("name".to_owned(), name);
        let trainable = config
            .get("trainable")
            .cloned()
            .unwrap_or(Value::Bool(true));
        translated.insert("trainable".to_owned(), trainable);
        translated.insert("layers".to_owned(), Value::Array(translated_layers));
        for key in ["input_layers", "output_layers"] {
            let ends = config.get(key).unwrap_or(&Value::Null);
            let ends = calls.ends(ends).within(|| format!("`{key}`"))?;
            translated.insert(key.to_owned(), ends);
        }
        let module = "keras.src.models.functional";
        Ok(self.written(module, "Functional", Some("Functional"), translated))
    }
}

/// The layers of a Sequential config: under `layers`, or the config itself before Keras 2.3.
fn sequential_layers(config: &Value) -> Result<&Vec<Value>> {
    match config {
        Value::Array(layers) => Ok(layers),
        Value::Object(config) => match config.get("layers") {
            Some(Value::Array(layers)) => Ok(layers),
            _ => Err(Error::new(
                ErrorKind::Malformed,
                "a Sequential model without `layers`",
            )),
        },
        _ => Err(Error::new(
            ErrorKind::Malformed,
            "a Sequential model without `config`",
        )),
    }
}

/// The shape, with the batch axis, of what goes into a Sequential model, if its config tells.
fn sequential_input_shape(config: &Value) -> Option<Value> {
    let first = sequential_layers(config).ok()?.first()?;
    let own = config
        .get("build_input_shape")
        .filter(|shape| shape.is_array());
    input_shape(first).or_else(|| own.cloned())
}

/// The shape that a layer's own config gives its input.
fn input_shape(layer: &Value) -> Option<Value> {
    // A loop, because the first layer of a model can be a model, and so on.
    let mut layer = layer;
    loop {
        let config = layer.get("config")?;
        match layer.get("class_name")?.as_str()? {
            "Sequential" => layer = sequential_layers(config).ok()?.first()?,
            "Functional" | "Model" => {
                let inputs = config.get("layers")?.as_array()?;
                let mut inputs = inputs.iter().filter(|layer| is_class(layer, "InputLayer"));
                layer = inputs.next()?;
            }
            _ => {
                let shape = config
                    .get("batch_shape")
                    .or_else(|| config.get("batch_input_shape"))?;
                return shape.is_array().then(|| shape.clone());
            }
        }
    }
}

/// Whether a Sequential model knows its input's shape when it is made from its config.
///
/// Keras then gives it a node of its own, which counts: `spec/keras_config.md#node-numbers`.
pub(super) fn is_built_sequential(layer: &Map<String, Value>) -> bool {
    layer
        .get("config")
        .and_then(sequential_input_shape)
        .is_some()
}

/// The shape of an InputLayer's tensor.
pub(super) fn input_layer_shape(layer: &Map<String, Value>) -> Option<&Value> {
    if class_name(layer).ok()? != "InputLayer" {
        return None;
    }
    let config = layer.get("config")?;
    config
        .get("batch_shape")
        .or_else(|| config.get("batch_input_shape"))
}

/// The name under which the other layers know this one.
pub(super) fn layer_name(layer: &Map<String, Value>) -> Option<&str> {
    let own = layer.get("name").and_then(Value::as_str);
    own.or_else(|| layer.get("config")?.get("name")?.as_str())
}

fn is_class(layer: &Value, name: &str) -> bool {
    layer.get("class_name").is_some_and(|class| class == name)
}

fn as_object(layer: &Value) -> Result<&Map<String, Value>> {
    match layer {
        Value::Object(layer) => Ok(layer),
        _ => Err(Error::new(
            ErrorKind::Malformed,
            "a layer that is not a JSON object",
        )),
    }
}
