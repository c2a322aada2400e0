//! Masks that Keras 3 computes by operations of the model and Keras 2 inside its layers:
//! `spec/keras_config.md#masks`.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::network::layer_name;

/// Operations that make a mask of masks.
const COMBINING: &[&str] = &[
    "Any",
    "All",
    "LogicalAnd",
    "LogicalOr",
    "Cast",
    "ExpandDims",
];

/// The names of the operations that only repeat the mask of a `Masking` or `Embedding` layer.
///
/// In Keras 2 these layers hand their mask on themselves, so the operations are left out together
/// with the arguments `mask` that they were made for.
pub(super) fn implicit_masks(layers: &[Value]) -> HashSet<&str> {
    let layers: Vec<&Map<String, Value>> = layers.iter().filter_map(Value::as_object).collect();
    let masked: HashSet<History<'_>> = layers
        .iter()
        .filter(|layer| makes_mask(layer))
        .flat_map(|layer| histories(layer))
        .collect();
    let mut masks: HashSet<&str> = HashSet::new();
    // Layers stand in the order of their calls, so an operation comes after what it works on.
    for layer in layers {
        let class = layer
            .get("class_name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let of = histories(layer);
        let implicit = match class {
            "NotEqual" => !of.is_empty() && of.iter().all(|tensor| masked.contains(tensor)),
            _ if COMBINING.contains(&class) => {
                !of.is_empty() && of.iter().all(|(layer, ..)| masks.contains(layer))
            }
            _ => false,
        };
        if implicit {
            masks.extend(layer_name(layer));
        }
    }
    masks
}

/// Layer, call and number of a tensor.
type History<'a> = (&'a str, u64, u64);

fn makes_mask(layer: &Map<String, Value>) -> bool {
    let flag = || layer.get("config")?.get("mask_zero")?.as_bool();
    match layer.get("class_name").and_then(Value::as_str) {
        Some("Masking") => true,
        Some("Embedding") => flag().unwrap_or(false),
        _ => false,
    }
}

/// The tensors among the positional arguments of all calls of a layer of Keras 3.
fn histories(layer: &Map<String, Value>) -> Vec<History<'_>> {
    let calls = layer.get("inbound_nodes").and_then(Value::as_array);
    let arguments = calls
        .into_iter()
        .flatten()
        .filter_map(|call| call.get("args")?.as_array());
    // Merging operations have a list as their argument.
    let tensors = arguments.flatten().flat_map(|argument| match argument {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    });
    tensors.filter_map(history).collect()
}

fn history(tensor: &Value) -> Option<History<'_>> {
    let history = tensor.get("config")?.get("keras_history")?;
    Some((
        history.get(0)?.as_str()?,
        history.get(1)?.as_u64()?,
        history.get(2)?.as_u64()?,
    ))
}
