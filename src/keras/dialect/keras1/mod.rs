//! From Keras 1 to Keras 2: `spec/keras_config.md#keras-1`.
//!
//! | file | what it translates |
//! |---|---|
//! | `layers.rs` | classes, keys and values of layers |
//! | `merge.rs` | `Merge`, which became one class for each mode |
//! | `weights.rs` | the arrays of layers, whose order and axes changed |
//!
//! The way on to Keras 3 is that of every config of Keras 2.

mod layers;
mod merge;
mod weights;

use serde_json::{Map, Value, json};

pub(crate) use self::weights::{Rewrite, is_flipped_by_theano, rewrite};
use super::{MAX_NESTING, class_name};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::object::{Dialect, Object};

/// A layer or model of Keras 1 in the vocabulary of Keras 2.
pub(super) fn to_keras2(object: &Object) -> Result<Object> {
    let reader = Reader {
        data_format: data_format_of(object.json()).unwrap_or("channels_last"),
        nesting: 0,
    };
    let translated = reader.layer(object.json())?;
    Object::from_json(Value::Object(translated), Dialect::Keras2)
}

/// What layers are read with.
#[derive(Clone, Copy)]
struct Reader {
    /// That of the layers that do not say: it was a setting of the whole program.
    data_format: &'static str,
    nesting: u32,
}

impl Reader {
    /// A layer, which may be a model.
    fn layer(mut self, layer: &Map<String, Value>) -> Result<Map<String, Value>> {
        self.nesting = self.nesting.saturating_add(1);
        if self.nesting > MAX_NESTING {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("objects nest deeper than {MAX_NESTING}"),
            ));
        }
        let class = class_name(layer)?;
        let name = name_of(layer);
        let place = || match name {
            Some(name) => format!("layer `{name}` ({class})"),
            None => format!("layer {class}"),
        };
        let (class, config) = match class {
            "Sequential" => ("Sequential", self.sequential(layer).within(place)?),
            "Model" => ("Functional", self.functional(layer).within(place)?),
            _ => self.plain_layer(layer).within(place)?,
        };
        let mut translated = Map::new();
        translated.insert("class_name".to_owned(), class.into());
        translated.insert("config".to_owned(), Value::Object(config));
        Ok(translated)
    }

    /// A bare list of layers became one with a name.
    fn sequential(self, model: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut layers = Vec::new();
        for layer in list(model.get("config"))? {
            let translated = self.layer(layer)?;
            // Keras 1 itself saw the layers of both as those of one model.
            let inner = translated
                .get("class_name")
                .filter(|class| *class == "Sequential");
            match inner.and_then(|_| translated.get("config")?.get("layers")?.as_array()) {
                Some(inner) => layers.extend(inner.iter().cloned()),
                None => layers.push(Value::Object(translated)),
            }
        }
        let mut config = Map::new();
        config.insert(
            "name".to_owned(),
            name_of(model).unwrap_or("sequential_1").into(),
        );
        config.insert("layers".to_owned(), Value::Array(layers));
        Ok(config)
    }

    fn functional(self, model: &Map<String, Value>) -> Result<Map<String, Value>> {
        let config = model.get("config").and_then(Value::as_object);
        let config = config.ok_or_else(|| malformed("a model without `config`"))?;
        let mut layers = Vec::new();
        for layer in list(config.get("layers"))? {
            let mut translated = self.layer(layer)?;
            let name = name_of(layer).ok_or_else(|| malformed("a layer without a name"))?;
            // A nested Sequential has its name only here.
            if let Some(Value::Object(config)) = translated.get_mut("config") {
                config.insert("name".to_owned(), name.into());
            }
            translated.insert("name".to_owned(), name.into());
            translated.insert("inbound_nodes".to_owned(), calls(layer)?);
            layers.push(Value::Object(translated));
        }
        let mut translated = Map::new();
        for key in ["name", "layers", "input_layers", "output_layers"] {
            let value = match key {
                "layers" => Value::Array(std::mem::take(&mut layers)),
                key => config.get(key).cloned().unwrap_or_default(),
            };
            translated.insert(key.to_owned(), value);
        }
        Ok(translated)
    }
}

/// The calls of a layer: tensors got a fourth part, for the other arguments.
fn calls(layer: &Map<String, Value>) -> Result<Value> {
    let Some(Value::Array(calls)) = layer.get("inbound_nodes") else {
        return Ok(Value::Array(Vec::new()));
    };
    let tensor = |tensor: &Value| match tensor.as_array().map(Vec::as_slice) {
        Some([layer, node, index]) => Ok(json!([layer, node, index, {}])),
        _ => Err(malformed("a tensor with other than 3 parts")),
    };
    let calls = calls.iter().map(|call| {
        let tensors = call.as_array();
        let tensors = tensors.ok_or_else(|| malformed("a call that is not a list"))?;
        tensors.iter().map(tensor).collect::<Result<Value>>()
    });
    calls.collect()
}

/// The order of axes that the layers of a model say they have, if one does.
fn data_format_of(json: &Map<String, Value>) -> Option<&'static str> {
    // A list and no recursion: models nest as deep as they like.
    let mut left = vec![json];
    while let Some(object) = left.pop() {
        let ordering = object.get("dim_ordering").and_then(Value::as_str);
        if let Some(found) = ordering.and_then(layers::data_format) {
            return Some(found);
        }
        for value in object.values() {
            match value {
                Value::Object(inner) => left.push(inner),
                Value::Array(items) => left.extend(items.iter().filter_map(Value::as_object)),
                _ => {}
            }
        }
    }
    None
}

fn name_of(layer: &Map<String, Value>) -> Option<&str> {
    let beside = layer.get("name").and_then(Value::as_str);
    beside.or_else(|| layer.get("config")?.get("name")?.as_str())
}

/// Layers, in a list or under `layers`.
fn list(value: Option<&Value>) -> Result<Vec<&Map<String, Value>>> {
    let items = match value {
        Some(Value::Array(items)) => Some(items),
        Some(Value::Object(config)) => config.get("layers").and_then(Value::as_array),
        _ => None,
    };
    let items = items.ok_or_else(|| malformed("a model without `layers`"))?;
    let layers = items.iter().map(|item| {
        let layer = item.as_object();
        layer.ok_or_else(|| malformed("a layer that is not a JSON object"))
    });
    layers.collect()
}

#[cold]
fn malformed(message: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

#[cfg(test)]
mod tests;
