//! The calls that connect layers, `inbound_nodes`, and the numbers they go by:
//! `spec/keras_config.md#calls` and `spec/keras_config.md#node-numbers`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::masks::ImplicitMasks;
use super::network::{input_layer_shape, is_built_sequential, layer_name};
use super::{Dialect, Translator, class_name};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::object::describe;
use crate::keras::part::{Part, has_cell};

/// How Keras 2 marks an argument that is no tensor.
pub(super) const CONSTANT: &str = "_CONSTANT_VALUE";

/// Translates the calls of one Functional model.
pub(super) struct Calls<'a> {
    translator: Translator<'a>,
    layers: HashMap<&'a str, Callee<'a>>,
    /// Operations that the other dialect does without.
    masks: ImplicitMasks<'a>,
}

/// What a tensor's layer has to do with its numbers.
struct Callee<'a> {
    /// The number of the first call in Keras 2.
    first_in_keras2: u64,
    /// The number of the first call where Keras 3 lists inputs and outputs.
    first_as_end_in_keras3: u64,
    /// The shape of its tensor, if it is an input.
    shape: Option<&'a Value>,
    /// Whether it is neither an input nor an operation.
    is_layer: bool,
}

/// One tensor: an output of one call of a layer.
pub(super) struct TensorRef<'a> {
    pub(super) layer: &'a str,
    pub(super) node: u64,
    pub(super) tensor: u64,
}

impl<'a> Calls<'a> {
    pub(super) fn new(
        translator: Translator<'a>,
        config: &'a Map<String, Value>,
        layers: &'a [Value],
    ) -> Calls<'a> {
        let named = layers.iter().filter_map(|layer| {
            let layer = layer.as_object()?;
            Some((layer_name(layer)?, Callee::new(layer)))
        });
        let masks = match translator.to {
            Dialect::Keras2 => ImplicitMasks::of(layers, config.get("output_layers")),
            _ => ImplicitMasks::default(),
        };
        let layers = named.collect();
        Calls {
            translator,
            layers,
            masks,
        }
    }

    /// Whether the other dialect does without this layer.
    pub(super) fn drops(&self, layer: &str) -> bool {
        self.masks.drops(layer)
    }

    /// Whether a name is that of a layer, and not of an input or an operation of Keras 3.
    pub(super) fn is_layer(&self, name: &str) -> bool {
        self.layers.get(name).is_some_and(|callee| callee.is_layer)
    }

    /// `inbound_nodes` of a layer.
    pub(super) fn of_layer(&self, layer: &Map<String, Value>) -> Result<Value> {
        let calls = match layer.get("inbound_nodes") {
            Some(Value::Array(calls)) => calls.as_slice(),
            _ => &[],
        };
        let class = class_name(layer)?;
        let calls = calls.iter().map(|call| match self.translator.to {
            Dialect::Keras3 => self.call_to_keras3(class, call),
            _ => self.call_to_keras2(class, call),
        });
        calls.collect::<Result<Vec<Value>>>().map(Value::Array)
    }

    /// `input_layers` or `output_layers`: a tensor, or a list or JSON object of such.
    pub(super) fn ends(&self, ends: &Value) -> Result<Value> {
        match (self.translator.to, ends) {
            // Keras 2 puts a single one in a list, Keras 3 returns a list for a list.
            (Dialect::Keras3, Value::Array(items)) => match items.as_slice() {
                [single @ Value::Array(_)] => self.end(single),
                _ => self.end(ends),
            },
            (_, ends) if TensorRef::parse(ends).is_some() => {
                Ok(Value::Array(vec![self.end(ends)?]))
            }
            _ => self.end(ends),
        }
    }

    fn end(&self, end: &Value) -> Result<Value> {
        if let Some(tensor) = TensorRef::parse(end) {
            let callee = self.callee(tensor.layer)?;
            let call = match self.translator.to {
                Dialect::Keras3 => callee
                    .call_in_keras2(tensor.node)
                    .saturating_add(callee.first_as_end_in_keras3),
                _ => {
                    let call = tensor.node.saturating_sub(callee.first_as_end_in_keras3);
                    call.saturating_add(callee.first_in_keras2)
                }
            };
            return Ok(json!([tensor.layer, call, tensor.tensor]));
        }
        map_structure(end, &mut |leaf| {
            if leaf.is_array() {
                return self.end(leaf);
            }
            let found = describe(leaf);
            Err(Error::new(
                ErrorKind::Malformed,
                format!("found {found}, expected a tensor"),
            ))
        })
    }

    fn callee(&self, name: &str) -> Result<&Callee<'a>> {
        self.layers.get(name).ok_or_else(|| {
            Error::new(
                ErrorKind::Malformed,
                format!("there is no layer `{name}` in the model"),
            )
        })
    }
}

impl<'a> Callee<'a> {
    fn new(layer: &'a Map<String, Value>) -> Callee<'a> {
        let class = class_name(layer).unwrap_or_default();
        let functional = matches!(class, "Functional" | "Model");
        let counts_itself = functional || (class == "Sequential" && is_built_sequential(layer));
        Callee {
            first_in_keras2: counts_itself.into(),
            first_as_end_in_keras3: functional.into(),
            shape: input_layer_shape(layer),
            is_layer: class != "InputLayer" && !Part::Json(layer).is_operation(),
        }
    }

    /// Which call, from 0, a number of Keras 2 means.
    fn call_in_keras2(&self, node: u64) -> u64 {
        node.saturating_sub(self.first_in_keras2)
    }
}

impl<'a> TensorRef<'a> {
    /// `["layer", node, tensor]`, also with the keyword arguments that Keras 2 puts behind it.
    fn parse(value: &'a Value) -> Option<TensorRef<'a>> {
        match value.as_array()?.as_slice() {
            [Value::String(layer), node, tensor]
            | [Value::String(layer), node, tensor, Value::Object(_)] => {
                let (node, tensor) = (node.as_u64()?, tensor.as_u64()?);
                Some(TensorRef {
                    layer,
                    node,
                    tensor,
                })
            }
            _ => None,
        }
    }

    /// The history in Keras 3's `__keras_tensor__`.
    pub(super) fn parse_keras3(value: &'a Value) -> Option<TensorRef<'a>> {
        if value.get("class_name")? != "__keras_tensor__" {
            return None;
        }
        TensorRef::parse(value.get("config")?.get("keras_history")?)
    }
}

/// From Keras 2 to Keras 3.
impl Calls<'_> {
    fn call_to_keras3(&self, class: &str, call: &Value) -> Result<Value> {
        let mut keywords = &Map::new();
        let argument = self.argument_to_keras3(call, &mut keywords)?;
        let mut named = Map::new();
        for (name, value) in keywords {
            // The default of every argument that can be null.
            if !value.is_null() {
                named.insert(name.clone(), self.keyword_to_keras3(value)?);
            }
        }
        let argument = match argument {
            // Keras 2 puts the states behind the sequence.
            Value::Array(tensors) if is_recurrent(class) && TensorRef::parse(call).is_none() => {
                if named.contains_key("constants") {
                    return Err(self
                        .translator
                        .without_counterpart("the argument `constants`".to_owned()));
                }
                let mut tensors = tensors.into_iter();
                let sequence = tensors.next().unwrap_or_default();
                let states: Vec<Value> = tensors.collect();
                if !states.is_empty() {
                    named.insert("initial_state".to_owned(), Value::Array(states));
                }
                sequence
            }
            Value::Array(mut tensors) if tensors.len() == 1 && !is_merging(class) => {
                tensors.remove(0)
            }
            argument => argument,
        };
        Ok(json!({"args": [argument], "kwargs": named}))
    }

    /// The first argument; it carries the others, the same for each of its tensors.
    fn argument_to_keras3<'v>(
        &self,
        value: &'v Value,
        keywords: &mut &'v Map<String, Value>,
    ) -> Result<Value> {
        match value {
            Value::Array(items) => {
                if let Some(Value::Object(found)) = items.get(3) {
                    *keywords = found;
                }
                match items.as_slice() {
                    [Value::String(mark), _, constant, ..] if mark == CONSTANT => {
                        Ok(constant.clone())
                    }
                    [Value::String(_), ..] => match TensorRef::parse(value) {
                        Some(tensor) => self.tensor_to_keras3(&tensor),
                        None => Err(Error::new(
                            ErrorKind::Malformed,
                            "a tensor with other than 3 or 4 parts",
                        )),
                    },
                    items => {
                        let items = items
                            .iter()
                            .map(|item| self.argument_to_keras3(item, keywords));
                        items.collect::<Result<Vec<Value>>>().map(Value::Array)
                    }
                }
            }
            Value::Object(items) => {
                let mut translated = Map::new();
                for (key, item) in items {
                    translated.insert(key.clone(), self.argument_to_keras3(item, keywords)?);
                }
                Ok(Value::Object(translated))
            }
            other => Ok(other.clone()),
        }
    }

    fn keyword_to_keras3(&self, value: &Value) -> Result<Value> {
        match TensorRef::parse(value) {
            Some(tensor) if self.layers.contains_key(tensor.layer) => {
                self.tensor_to_keras3(&tensor)
            }
            _ => map_structure(value, &mut |leaf| self.keyword_to_keras3(leaf)),
        }
    }

    /// Keras 3's loader puts the real tensor in the place of this one, so it never looks at the
    /// shape; but there must be one, and Keras 2 did not write any.
    fn tensor_to_keras3(&self, tensor: &TensorRef<'_>) -> Result<Value> {
        let callee = self.callee(tensor.layer)?;
        let call = callee.call_in_keras2(tensor.node);
        let shape = callee.shape.cloned().unwrap_or_else(|| json!([null]));
        Ok(json!({
            "class_name": "__keras_tensor__",
            "config": {"shape": shape, "dtype": "float32", "keras_history": [tensor.layer, call, tensor.tensor]},
        }))
    }
}

/// What a call of Keras 3 is given, by position and by name.
pub(super) fn arguments_of(call: &Value) -> Result<(&[Value], &Map<String, Value>)> {
    let positional = call.get("args").and_then(Value::as_array);
    let keywords = call.get("kwargs").and_then(Value::as_object);
    match (positional, keywords) {
        (Some(positional), Some(keywords)) => Ok((positional, keywords)),
        _ => Err(Error::new(
            ErrorKind::Malformed,
            "a call without `args` and `kwargs`",
        )),
    }
}

/// From Keras 3 to Keras 2.
impl Calls<'_> {
    fn call_to_keras2(&self, class: &str, call: &Value) -> Result<Value> {
        let (positional, keywords) = arguments_of(call)?;
        let mut arguments = self.by_name(class, positional)?;
        for (name, value) in keywords {
            arguments.insert(name, value);
        }
        let first = argument_names(class).first().copied().unwrap_or("inputs");
        let first = arguments.shift_remove(first).unwrap_or(&Value::Null);
        let states = match arguments.shift_remove("initial_state") {
            Some(states) if is_recurrent(class) => states,
            Some(states) => {
                arguments.insert("initial_state", states);
                &Value::Null
            }
            None => &Value::Null,
        };
        let mut named = Map::new();
        for (name, value) in arguments {
            if !value.is_null() && !self.is_implied(class, name, value) {
                named.insert(name.to_owned(), self.keyword_to_keras2(value)?);
            }
        }
        let mut argument = match self.argument_to_keras2(first, &named)? {
            single if TensorRef::parse_keras3(first).is_some() => vec![single],
            Value::Array(many) => many,
            other => return Ok(other),
        };
        match self.argument_to_keras2(states, &named)? {
            Value::Array(state) if TensorRef::parse_keras3(states).is_some() => {
                argument.push(Value::Array(state))
            }
            Value::Array(states) => argument.extend(states),
            _ => {}
        }
        Ok(Value::Array(argument))
    }

    /// Whether Keras 3 wrote an argument that nobody gave.
    ///
    /// In Keras 2 an argument `training` pins the mode, so a default must not become one.
    fn is_implied(&self, class: &str, name: &str, value: &Value) -> bool {
        match name {
            "mask" => {
                TensorRef::parse_keras3(value).is_some_and(|mask| self.masks.repeats(mask.layer))
            }
            "training" => *value == Value::Bool(false) && trains_only_if_told(class),
            _ => false,
        }
    }

    /// Positional arguments by the names that Keras gives them.
    fn by_name<'v>(&self, class: &str, positional: &'v [Value]) -> Result<Arguments<'v>> {
        let names = argument_names(class);
        let mut arguments = Arguments::default();
        for (index, value) in positional.iter().enumerate() {
            match names.get(index) {
                Some(name) => arguments.insert(name, value),
                None if value.is_null() => {}
                None => {
                    let what = format!("argument {index} of a call of {class}");
                    return Err(self.translator.without_counterpart(what));
                }
            }
        }
        Ok(arguments)
    }

    fn argument_to_keras2(&self, value: &Value, keywords: &Map<String, Value>) -> Result<Value> {
        if let Some(tensor) = TensorRef::parse_keras3(value) {
            let call = self.number_in_keras2(&tensor)?;
            return Ok(json!([tensor.layer, call, tensor.tensor, keywords]));
        }
        match value {
            Value::Array(_) | Value::Object(_) => {
                map_structure(value, &mut |leaf| self.argument_to_keras2(leaf, keywords))
            }
            Value::Null => Ok(Value::Null),
            constant => Ok(json!([CONSTANT, -1, constant, keywords])),
        }
    }

    fn keyword_to_keras2(&self, value: &Value) -> Result<Value> {
        if let Some(tensor) = TensorRef::parse_keras3(value) {
            let call = self.number_in_keras2(&tensor)?;
            return Ok(json!([tensor.layer, call, tensor.tensor]));
        }
        map_structure(value, &mut |leaf| self.keyword_to_keras2(leaf))
    }

    pub(super) fn number_in_keras2(&self, tensor: &TensorRef<'_>) -> Result<u64> {
        let callee = self.callee(tensor.layer)?;
        Ok(tensor.node.saturating_add(callee.first_in_keras2))
    }
}

/// Arguments of a call by name, in order.
#[derive(Default)]
struct Arguments<'v>(Vec<(&'v str, &'v Value)>);

impl<'v> Arguments<'v> {
    fn insert(&mut self, name: &'v str, value: &'v Value) {
        self.0.push((name, value));
    }

    fn shift_remove(&mut self, name: &str) -> Option<&'v Value> {
        let index = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(index).1)
    }
}

impl<'v> IntoIterator for Arguments<'v> {
    type Item = (&'v str, &'v Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A list or JSON object with each item replaced; anything else as it is.
fn map_structure(
    value: &Value,
    replace: &mut impl FnMut(&Value) -> Result<Value>,
) -> Result<Value> {
    match value {
        Value::Array(items) => items
            .iter()
            .map(replace)
            .collect::<Result<Vec<Value>>>()
            .map(Value::Array),
        Value::Object(items) => {
            let mut replaced = Map::new();
            for (key, item) in items {
                replaced.insert(key.clone(), replace(item)?);
            }
            Ok(Value::Object(replaced))
        }
        other => Ok(other.clone()),
    }
}

/// The shapes that the first call of a layer gives its query, value and key.
pub(super) fn argument_shapes(layer: &Map<String, Value>) -> [Option<Value>; 3] {
    let call = layer.get("inbound_nodes").and_then(|calls| calls.get(0));
    ["query", "value", "key"].map(|name| {
        let call = call?;
        let position = argument_names("MultiHeadAttention")
            .iter()
            .position(|known| *known == name)?;
        let tensor = call
            .get("args")?
            .get(position)
            .or_else(|| call.get("kwargs")?.get(name))?;
        TensorRef::parse_keras3(tensor)?;
        let shape = tensor.get("config")?.get("shape")?;
        // A shape of rank 1 only fills the place of an unknown one.
        (shape.as_array()?.len() > 1).then(|| shape.clone())
    })
}

/// What Keras 3 calls the arguments of a layer's call.
pub(super) fn argument_names(class: &str) -> &'static [&'static str] {
    match class {
        "MultiHeadAttention" => &[
            "query",
            "value",
            "key",
            "query_mask",
            "value_mask",
            "key_mask",
            "attention_mask",
            "return_attention_scores",
            "training",
            "use_causal_mask",
        ],
        "Attention" | "AdditiveAttention" => &[
            "inputs",
            "mask",
            "training",
            "return_attention_scores",
            "use_causal_mask",
        ],
        "Sequential" | "Functional" | "BatchNormalization" | "TimeDistributed" => {
            &["inputs", "training", "mask"]
        }
        "GlobalAveragePooling1D" | "Softmax" => &["inputs", "mask"],
        class if is_recurrent(class) => &["sequences", "initial_state", "mask", "training"],
        class if class.ends_with("Dropout") || class == "GaussianNoise" => &["inputs", "training"],
        _ => &["inputs"],
    }
}

/// Layers whose argument `training` is false by default in Keras 3.
fn trains_only_if_told(class: &str) -> bool {
    has_cell(class)
        || class.ends_with("Dropout")
        || class.starts_with("SpatialDropout")
        || matches!(class, "GaussianNoise" | "Attention" | "AdditiveAttention")
}

/// Layers that take initial states besides the sequence.
fn is_recurrent(class: &str) -> bool {
    has_cell(class) || class == "Bidirectional"
}

/// Layers whose argument is a list even if it has one item.
fn is_merging(class: &str) -> bool {
    matches!(
        class,
        "Add" | "Average" | "Concatenate" | "Dot" | "Maximum" | "Minimum" | "Multiply" | "Subtract"
    )
}
