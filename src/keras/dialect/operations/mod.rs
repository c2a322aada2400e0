//! Operations of Keras 3, such as `keras.ops.mean` or `x + y`, as the functions of TensorFlow that
//! Keras 2 records as layers: `spec/keras_config.md#operations`.
//!
//! | file | what it has |
//! |---|---|
//! | `expansion.rs` | a call on its way: arguments, types, the layers that come of it |
//! | `promotion.rs` | the type that comes of several |
//! | `elements.rs` | what is computed element by element |
//! | `activations.rs` | activations |
//! | `along.rs` | what is summed, counted or found along axes |
//! | `axes.rs` | axes that come, go, move or change their size |
//! | `products.rs` | products of matrices, equations |
//! | `images.rs` | windows, sizes, blocks |
//!
//! Keras 3 finds types by rules of its own and takes arguments that TensorFlow's functions do not,
//! so one operation can become several layers. The last has the operation's name.

mod activations;
mod along;
mod axes;
mod elements;
mod expansion;
mod images;
mod products;
mod promotion;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use self::expansion::{Emitted, Expansion, Operand, Tensor};
use super::network::layer_name;
use super::nodes::{Calls, TensorRef, arguments_of};
use super::values::operation_instead;
use super::{Kind, Translator, class_name};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::part::Part;

/// Operations by their classes, what the arguments of a call are called, and what they become.
struct Row(&'static str, &'static [&'static str], Rule);

/// Adds the functions of one call; what the last of them gives.
type Rule = fn(&mut Expansion<'_>) -> Result<Operand>;

const ONE: &[&str] = &["x"];
const TWO: &[&str] = &["x1", "x2"];

fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        elements::rows(),
        activations::ROWS,
        along::ROWS,
        axes::ROWS,
        products::ROWS,
        images::ROWS,
    ];
    tables.into_iter().flatten()
}

fn row(class: &str) -> Option<&'static Row> {
    rows().find(|row| row.0.split(' ').any(|name| name == class))
}

/// Whether a layer of a model is an operation that has a counterpart.
fn is_known(class: &str) -> bool {
    row(class).is_some() || elements::named().any(|name| name == class)
}

/// The operations of one model, in the order of their calls.
pub(super) struct Operations<'a> {
    translator: Translator<'a>,
    calls: &'a Calls<'a>,
    names: HashSet<String>,
    /// The types that the operations so far give.
    results: HashMap<String, Vec<&'static str>>,
}

impl<'a> Operations<'a> {
    pub(super) fn new(
        translator: Translator<'a>,
        calls: &'a Calls<'a>,
        layers: &[Value],
    ) -> Operations<'a> {
        let names = layers
            .iter()
            .filter_map(|layer| layer_name(layer.as_object()?));
        Operations {
            translator,
            calls,
            names: names.map(str::to_owned).collect(),
            results: HashMap::new(),
        }
    }

    /// The layers that an operation becomes; none of a layer, unless Keras 2 has only operations in its place.
    pub(super) fn of(&mut self, layer: &Map<String, Value>) -> Result<Option<Vec<Value>>> {
        let class = class_name(layer)?;
        if (self.translator.is_own)(class) {
            return Ok(None);
        }
        if class == "Activation"
            && let Some(operation) = operation_instead(layer)
        {
            return self.functions_of(operation, layer).map(Some);
        }
        if !Part::Json(layer).is_operation() {
            return Ok(None);
        }
        if !is_known(class) {
            let is_layer = Kind::Layer.classes().iter().any(|row| row.name == class);
            // A class of the user's has a package.
            return match is_layer || class.contains('>') {
                true => Ok(None),
                false => Err(self.without_counterpart(class)),
            };
        }
        self.functions_of(class, layer).map(Some)
    }

    /// The functions that all calls of an operation become, each a layer.
    fn functions_of(&mut self, class: &str, layer: &Map<String, Value>) -> Result<Vec<Value>> {
        let name = layer_name(layer).unwrap_or_default();
        let place = || format!("operation `{name}` ({class})");
        let calls = layer.get("inbound_nodes").and_then(Value::as_array);
        let mut root: Option<Emitted> = None;
        let mut roots = Vec::new();
        let mut layers = Vec::new();
        for call in calls.into_iter().flatten() {
            let mut emitted = self.call(class, name, layer, call).within(place)?;
            let Some(last) = emitted.pop() else {
                continue;
            };
            for before in emitted {
                self.names.insert(before.name.clone());
                layers.push(self.layer(&before.name, before.function, vec![before.node]));
            }
            if root
                .as_ref()
                .is_some_and(|root| root.function != last.function)
            {
                let what = format!("the operation `{class}`, called in several ways,");
                return Err(self.translator.without_counterpart(what)).within(place);
            }
            roots.push(last.node.clone());
            root = Some(last);
        }
        if let Some(root) = root {
            layers.push(self.layer(name, root.function, roots));
        }
        Ok(layers)
    }

    #[cold]
    fn without_counterpart(&self, class: &str) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!("the operation `{class}` has no counterpart in Keras 2"),
        )
        .with_hint(
            "save the model in the dialect it came in, or put a layer of its own or listed \
             operations in its place",
        )
    }

    /// The functions of one call, the last of which gives its result.
    fn call(
        &mut self,
        class: &str,
        name: &str,
        layer: &Map<String, Value>,
        call: &Value,
    ) -> Result<Vec<Emitted>> {
        let none = Map::new();
        let config = layer.get("config").and_then(Value::as_object);
        let names = &self.names;
        let mut expansion = Expansion {
            class,
            name,
            arguments: self.arguments(class, call)?,
            config: config.unwrap_or(&none),
            emitted: Vec::new(),
            is_taken: &|name| names.contains(name),
        };
        let e = &mut expansion;
        let result = match row(class) {
            Some(Row(_, _, rule)) => rule(e)?,
            None => elements::of(e).ok_or_else(|| e.refused("no function"))??,
        };
        let tensors = match result {
            Operand::List(items) => items,
            one => vec![one],
        };
        let is_last = |tensor: &Operand| match (tensor, e.emitted.last()) {
            (Operand::Tensor(tensor), Some(last)) => tensor.layer == last.name,
            _ => false,
        };
        match tensors.as_slice() {
            tensors if tensors.iter().all(is_last) => {}
            // The operation changes nothing here.
            [one @ Operand::Tensor(_)] => {
                e.of("identity", one);
            }
            _ => return Err(e.refused("a constant as its result")),
        }
        let types = tensors.iter().map(Operand::dtype).collect();
        let emitted = expansion.emitted;
        self.results.insert(name.to_owned(), types);
        Ok(emitted)
    }

    /// What a call is given, by name.
    fn arguments(&self, class: &str, call: &Value) -> Result<Vec<(String, Operand)>> {
        let (positional, keywords) = arguments_of(call)?;
        let names = row(class).map_or_else(|| elements::parameters(class), |row| row.1);
        let mut arguments = Vec::new();
        for (place, value) in positional.iter().enumerate() {
            match names.get(place) {
                Some(name) => arguments.push(((*name).to_owned(), self.operand(value)?)),
                None if value.is_null() => {}
                None => {
                    let what = format!("argument {place} of a call of {class}");
                    return Err(self.translator.without_counterpart(what));
                }
            }
        }
        for (name, value) in keywords {
            arguments.push((name.clone(), self.operand(value)?));
        }
        Ok(arguments)
    }

    fn operand(&self, value: &Value) -> Result<Operand> {
        if let Some(tensor) = TensorRef::parse_keras3(value) {
            return self.tensor(&tensor, value).map(Operand::Tensor);
        }
        if let Some((value, dtype)) = written_tensor(value) {
            let dtype = promotion::known(dtype).unwrap_or(promotion::FLOAT);
            return Ok(Operand::Constant(value.clone(), dtype));
        }
        match value {
            Value::Array(items) if items.iter().any(has_tensor) => {
                let items = items.iter().map(|item| self.operand(item));
                items.collect::<Result<_>>().map(Operand::List)
            }
            other => Ok(Operand::from(other.clone())),
        }
    }

    fn tensor(&self, tensor: &TensorRef<'_>, value: &Value) -> Result<Tensor> {
        let config = value.get("config").unwrap_or(&Value::Null);
        let number = usize::try_from(tensor.tensor).unwrap_or(usize::MAX);
        let computed = self.results.get(tensor.layer);
        let computed = computed.and_then(|types| types.get(number)).copied();
        let written = config.get("dtype").and_then(Value::as_str);
        let dtype = computed.or_else(|| written.and_then(promotion::known));
        let sizes = config.get("shape").and_then(Value::as_array);
        let dtype = dtype.ok_or_else(|| {
            let what = format!("a tensor of type {}", written.unwrap_or("null"));
            self.translator.without_counterpart(what)
        })?;
        Ok(Tensor {
            layer: tensor.layer.to_owned(),
            node: self.calls.number_in_keras2(tensor)?,
            number: tensor.tensor,
            dtype,
            sizes: sizes.map(|sizes| sizes.iter().map(Value::as_u64).collect()),
            is_uncertain: !promotion::is_floating(dtype) && self.calls.is_layer(tensor.layer),
        })
    }

    fn layer(&self, name: &str, function: &str, nodes: Vec<Value>) -> Value {
        let class = match function {
            "__operators__.getitem" => "SlicingOpLambda",
            _ => "TFOpLambda",
        };
        let mut config = Map::new();
        config.insert("name".to_owned(), name.into());
        config.insert("trainable".to_owned(), true.into());
        config.insert("dtype".to_owned(), "float32".into());
        config.insert("function".to_owned(), function.into());
        let mut layer = self.translator.written("", class, None, config);
        layer.insert("name".to_owned(), name.into());
        layer.insert("inbound_nodes".to_owned(), json!(nodes));
        Value::Object(layer)
    }
}

/// The elements and the type of a tensor that is written down.
fn written_tensor(value: &Value) -> Option<(&Value, &str)> {
    match value.get("class_name")?.as_str()? {
        "__tensor__" | "__numpy__" => {
            let config = value.get("config")?;
            Some((config.get("value")?, config.get("dtype")?.as_str()?))
        }
        _ => None,
    }
}

fn has_tensor(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_tensor),
        other => TensorRef::parse_keras3(other).is_some() || written_tensor(other).is_some(),
    }
}

#[cfg(test)]
mod tests;
