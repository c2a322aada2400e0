//! Masks that Keras 3 computes by operations of the model and Keras 2 inside its layers:
//! `spec/keras_config.md#masks`.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::network::layer_name;
use super::nodes::argument_names;

/// Operations that make a mask of masks.
const COMBINING: &[&str] = &[
    "Any",
    "All",
    "LogicalAnd",
    "LogicalOr",
    "Cast",
    "ExpandDims",
];

/// The operations that only repeat the mask of a `Masking` or `Embedding` layer.
///
/// In Keras 2 these layers hand their mask on themselves, so the arguments `mask` that the
/// operations were made for are left out, and so are the operations, unless something else uses
/// what they give.
#[derive(Default)]
pub(super) struct ImplicitMasks<'a> {
    repeating: HashSet<&'a str>,
    used: HashSet<&'a str>,
}

impl<'a> ImplicitMasks<'a> {
    /// Of the layers of a model, and its `output_layers`.
    pub(super) fn of(layers: &'a [Value], ends: Option<&'a Value>) -> ImplicitMasks<'a> {
        let repeating = repeating(layers);
        let mut used = HashSet::new();
        collect_names(ends.unwrap_or(&Value::Null), &mut used);
        // Layers stand in the order of their calls, so what uses an operation comes after it.
        for layer in layers.iter().rev().filter_map(Value::as_object) {
            let name = layer_name(layer).unwrap_or_default();
            if !repeating.contains(name) || used.contains(name) {
                collect_sources(layer, &mut used);
            }
        }
        used.retain(|name| repeating.contains(name));
        ImplicitMasks { repeating, used }
    }

    /// Whether an operation repeats a mask that travels unseen.
    pub(super) fn repeats(&self, operation: &str) -> bool {
        self.repeating.contains(operation)
    }

    /// Whether it does that, and nothing else uses it.
    pub(super) fn drops(&self, operation: &str) -> bool {
        self.repeats(operation) && !self.used.contains(operation)
    }
}

/// The layers whose tensors are listed as `["layer", node, tensor]`.
fn collect_names<'a>(value: &'a Value, names: &mut HashSet<&'a str>) {
    match value {
        Value::String(name) => {
            names.insert(name);
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        Value::Object(items) => items.values().for_each(|item| collect_names(item, names)),
        _ => {}
    }
}

/// The layers whose tensors a layer is called with, but for an argument `mask`.
fn collect_sources<'a>(layer: &'a Map<String, Value>, names: &mut HashSet<&'a str>) {
    let class = layer.get("class_name").and_then(Value::as_str);
    let names_of_class = argument_names(class.unwrap_or_default());
    let calls = layer.get("inbound_nodes").and_then(Value::as_array);
    for call in calls.into_iter().flatten() {
        let positional = call.get("args").and_then(Value::as_array);
        let positional = positional.into_iter().flatten().enumerate();
        let positional = positional.map(|(at, value)| (names_of_class.get(at).copied(), value));
        let named = call.get("kwargs").and_then(Value::as_object);
        let named = named.into_iter().flatten();
        let named = named.map(|(name, value)| (Some(name.as_str()), value));
        for (_, value) in positional
            .chain(named)
            .filter(|(name, _)| *name != Some("mask"))
        {
            collect_tensors(value, names);
        }
    }
}

fn collect_tensors<'a>(value: &'a Value, names: &mut HashSet<&'a str>) {
    if let Some((layer, ..)) = history(value) {
        names.insert(layer);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_tensors(item, names)),
        Value::Object(items) => items.values().for_each(|item| collect_tensors(item, names)),
        _ => {}
    }
}

/// The names of the operations that only repeat a mask.
fn repeating(layers: &[Value]) -> HashSet<&str> {
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
