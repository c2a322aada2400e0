//! Values of a config that are more than numbers: nested objects, dtypes, activations.

use serde_json::{Map, Value, json};

use super::class::no_counterpart;
use super::{Dialect, Kind, Translator};
use crate::error::{Context, Error, ErrorKind, Result};

/// Activation functions that Keras 2 does not have, and the operations that compute the same.
const ONLY_IN_KERAS_3: &[(&str, Option<&str>)] = &[
    ("celu", Some("Celu")),
    ("glu", Some("Glu")),
    ("hard_shrink", Some("HardShrink")),
    ("hard_silu", Some("HardSilu")),
    ("hard_swish", Some("HardSilu")),
    ("hard_tanh", Some("HardTanh")),
    ("log_sigmoid", Some("LogSigmoid")),
    ("soft_shrink", Some("SoftShrink")),
    ("sparse_plus", Some("SparsePlus")),
    ("sparse_sigmoid", Some("SparseSigmoid")),
    ("sparsemax", None),
    ("squareplus", Some("Squareplus")),
    ("tanh_shrink", Some("TanhShrink")),
    ("threshold", None),
];

/// The operation that computes what an `Activation` layer of Keras 3 does, if Keras 2 has no such function.
///
/// None if the layer casts what it is given, which operations don't.
pub(super) fn operation_instead(layer: &Map<String, Value>) -> Option<&'static str> {
    let config = layer.get("config")?;
    let name = match config.get("activation")? {
        Value::Object(function) => function_name(function)?,
        name => name.as_str()?,
    };
    let (_, operation) = ONLY_IN_KERAS_3.iter().find(|(own, _)| *own == name)?;
    let dtype = config.get("dtype")?;
    let policy = dtype.get("config").and_then(|config| config.get("name"));
    let policy = policy.unwrap_or(dtype).as_str()?;
    let computed = policy.strip_prefix("mixed_").unwrap_or(policy);
    let given =
        |call: &Value| Some(call.get("args")?.get(0)?.get("config")?.get("dtype")? == computed);
    let mut calls = layer.get("inbound_nodes")?.as_array()?.iter();
    calls
        .all(|call| given(call) == Some(true))
        .then_some(*operation)?
}

impl Translator<'_> {
    /// The value of `key` as the other dialect writes it; none if it is the same.
    pub(super) fn value(
        self,
        kind: Kind,
        class: &str,
        key: &str,
        value: &Value,
    ) -> Result<Option<Value>> {
        let nested = |kind| self.nested(kind, value).within(|| format!("`{key}`"));
        match key {
            "dtype" if class == "InputLayer" || kind != Kind::Layer => Ok(plain_dtype(value)),
            "dtype" => self.dtype(class, value),
            "layer" | "forward_layer" | "backward_layer" | "cell" => nested(Kind::Layer),
            "cells" => self.list_of_layers(value),
            "learning_rate" => nested(Kind::Schedule),
            "activation" | "recurrent_activation" => self.activation(class, key, value),
            _ if key.ends_with("initializer") => nested(Kind::Initializer),
            _ if key.ends_with("regularizer") => nested(Kind::Regularizer),
            _ if key.ends_with("constraint") => nested(Kind::Constraint),
            _ => Ok(untyped(value)),
        }
    }

    /// A nested object; a name, number or null needs no translation.
    fn nested(self, kind: Kind, value: &Value) -> Result<Option<Value>> {
        match value {
            Value::Object(object) if object.contains_key("class_name") => {
                match function_name(object) {
                    Some(name) => Ok(Some(name.into())),
                    None => self
                        .object(kind, object)
                        .map(|object| Some(Value::Object(object))),
                }
            }
            other => Ok(untyped(other)),
        }
    }

    fn list_of_layers(self, value: &Value) -> Result<Option<Value>> {
        let Value::Array(layers) = value else {
            return Err(Error::new(ErrorKind::Malformed, "`cells` is not a list"));
        };
        let translated: Result<Vec<Value>> = layers
            .iter()
            .map(|layer| {
                Ok(self
                    .nested(Kind::Layer, layer)?
                    .unwrap_or_else(|| layer.clone()))
            })
            .collect();
        translated.map(|layers| Some(Value::Array(layers)))
    }

    /// The dtype policy of a layer: a string or `Policy` in Keras 2, a `DTypePolicy` in Keras 3.
    fn dtype(self, class: &str, value: &Value) -> Result<Option<Value>> {
        let name = match value {
            Value::String(name) => name.as_str(),
            Value::Object(policy) => match (
                policy.get("class_name").and_then(Value::as_str),
                policy.get("config").and_then(|config| config.get("name")),
            ) {
                (
                    Some("Policy" | "PolicyV1" | "DTypePolicy" | "FloatDTypePolicy"),
                    Some(Value::String(name)),
                ) => name,
                // Quantized policies, or one policy for each sub-layer.
                (Some(_), _) => return Err(no_counterpart(class, "dtype", value, self.to)),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(self.policy(name)))
    }

    pub(super) fn policy(self, name: &str) -> Value {
        match self.to {
            Dialect::Keras3 => json!({
                "module": "keras",
                "class_name": "DTypePolicy",
                "config": {"name": name},
                "registered_name": null,
            }),
            // Only a policy can tell what is computed from what is stored.
            _ if name.starts_with("mixed_") => {
                json!({"class_name": "Policy", "config": {"name": name}})
            }
            _ => name.into(),
        }
    }

    /// An activation by name, or a layer in the place of one.
    ///
    /// `hard_sigmoid` is another function in the other dialect, and stays `hard_sigmoid`:
    /// `spec/keras_config.md#hard-sigmoid`.
    fn activation(self, class: &str, key: &str, value: &Value) -> Result<Option<Value>> {
        let name = match value {
            Value::String(name) => name.as_str(),
            Value::Object(object) => match function_name(object) {
                Some(name) => name,
                None => {
                    return self
                        .nested(Kind::Layer, value)
                        .within(|| format!("`{key}`"));
                }
            },
            _ => return Ok(None),
        };
        let name = match (self.to, name) {
            (Dialect::Keras2, "silu") => "swish",
            (Dialect::Keras3, "swish") => "silu",
            (Dialect::Keras2, name) if ONLY_IN_KERAS_3.iter().any(|(own, _)| *own == name) => {
                return Err(no_counterpart(class, key, value, self.to));
            }
            (_, name) => name,
        };
        Ok(Some(name.into()))
    }
}

/// The name in Keras 3's form of a function: `{"class_name": "function", "config": "relu6", …}`.
fn function_name(object: &Map<String, Value>) -> Option<&str> {
    match object.get("class_name") {
        Some(Value::String(class)) if class == "function" => object.get("config")?.as_str(),
        _ => None,
    }
}

/// A dtype where no policy can stand.
fn plain_dtype(value: &Value) -> Option<Value> {
    value.get("config")?.get("name").cloned()
}

/// A number or a list out of the wrappers that early versions of Keras 2 put around them.
fn untyped(value: &Value) -> Option<Value> {
    let object = value.as_object()?;
    if object.get("type").is_some_and(|kind| kind == "ndarray") {
        return object.get("value").cloned();
    }
    match object.get("class_name")?.as_str()? {
        "__tuple__" | "TensorShape" => object.get("items").cloned(),
        _ => None,
    }
}
