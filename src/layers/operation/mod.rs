//! Operations that a Functional model records as layers: TensorFlow's in Keras 2, `keras.ops` in
//! Keras 3. They have no variables. `spec/layers.md#operations`.
//!
//! | file | what it has |
//! |---|---|
//! | `table.rs` | which function or class is which rule |
//! | `elements.rs` | rules for what is computed element by element, or summed along axes |
//! | `axes.rs` | rules for axes that come, go, move or change their size |
//! | `slicing.rs` | `tensor[…]` |
//! | `lower/` | what is computed |
//! | `node_def.rs` | nodes of graphs in configs |
//! | `tensorflow.rs` | `TensorFlowOpLayer`, the form of TensorFlow 2.0 to 2.3 |
//!
//! A function that is not in the table is [`ErrorKind::Unsupported`] when its shape is asked for.
//!
//! ```
//! use hornfels::keras::Object;
//! use hornfels::layers::{Inputs, LayerRegistry};
//! let relu = Object::new("TFOpLambda", Default::default()).with("function", "nn.relu");
//! let layer = LayerRegistry::builtin().build(&relu)?;
//! let shapes = layer.output_shapes(&Inputs::one([None, Some(3)]))?;
//! assert_eq!(shapes[0].to_string(), "(None, 3)");
//! # Ok::<(), hornfels::Error>(())
//! ```

mod axes;
mod elements;
mod lower;
mod node_def;
mod slicing;
mod table;
mod tensorflow;

use serde_json::{Map, Value};

use super::config::{ConfigValue, required};
use super::inputs::Operand;
use super::registry::{LayerRegistry, OPERATION};
use super::{Call as LayerCall, Inputs, Layer, VariableSpec};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::graph::Edge;
use crate::keras::Object;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    for class in ["TFOpLambda", "SlicingOpLambda"] {
        registry.register(class, |object| {
            let function: String = required(object, &["function"])?;
            Ok(Box::new(Operation {
                rule: table::of_tensorflow(&function),
                name: function,
                config: Map::new(),
                is_keras3: false,
            }))
        });
    }
    registry.register("TensorFlowOpLayer", |object| {
        Ok(Box::new(tensorflow::Node::from_object(object)?))
    });
    for class in table::of_keras3() {
        registry.register(format!("{OPERATION}{class}"), of_keras3);
    }
    // All others.
    registry.register(OPERATION, of_keras3);
}

fn of_keras3(object: &Object) -> Result<Box<dyn Layer>> {
    Ok(Box::new(Operation {
        name: object.class_name().to_owned(),
        rule: table::of_class(object.class_name()),
        config: object.config().clone(),
        is_keras3: true,
    }))
}

/// What says which shapes come out of a call.
type Rule = fn(&Call<'_>) -> Result<Vec<Shape>>;

/// A function that was recorded as a layer.
#[derive(Debug)]
struct Operation {
    /// The function or class, for messages.
    name: String,
    rule: Option<Rule>,
    /// The arguments that Keras 3 has in the config; Keras 2 has all of them in the call.
    config: Map<String, Value>,
    is_keras3: bool,
}

impl Layer for Operation {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let Some(rule) = self.rule else {
            return Err(unsupported(format!(
                "what shape `{}` gives is not known",
                self.name
            )));
        };
        let call = Call {
            config: &self.config,
            inputs,
            is_keras3: self.is_keras3,
        };
        rule(&call).within(|| format!("`{}`", self.name))
    }

    fn lower(&self, call: &mut LayerCall<'_>) -> Result<Vec<Edge>> {
        let arguments = Call {
            config: &self.config,
            inputs: call.inputs(),
            is_keras3: self.is_keras3,
        };
        let lowered = match self.is_keras3 {
            true => Err(super::lower::unsupported()),
            false => lower::lower(&self.name, call, arguments),
        };
        lowered.within(|| format!("`{}`", self.name))
    }

    fn casts_inputs(&self) -> bool {
        false
    }
}

#[cold]
fn unsupported(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, message.into())
}

/// A call of an operation.
struct Call<'a> {
    config: &'a Map<String, Value>,
    inputs: &'a Inputs,
    is_keras3: bool,
}

/// The names that an argument has, and its place among those that are given by position.
#[derive(Clone, Copy)]
struct Name(usize, &'static [&'static str]);

const AXIS: Name = Name(1, &["axis", "dim", "dimension", "reduction_indices"]);
const KEEPDIMS: Name = Name(2, &["keepdims", "keep_dims"]);

impl Call<'_> {
    /// The tensor it is called with.
    fn input(&self) -> Result<&Shape> {
        self.inputs.first()
    }

    /// The tensors of its first argument, which is a list.
    fn list(&self) -> Result<&[Shape]> {
        match self.inputs.mixed(0, "") {
            Some(_) => Err(unsupported("a list of tensors and constants")),
            None => Ok(self.inputs.all()),
        }
    }

    /// The shapes of all tensors and numbers that it computes with.
    fn operands(&self) -> Vec<Shape> {
        let operands = self.inputs.operands();
        operands
            .filter_map(|operand| match operand {
                Operand::Tensor(shape) => Some(shape.clone()),
                Operand::Value(value) => constant_shape(value),
            })
            .collect()
    }

    /// An argument that is not a tensor; none if it is missing or null.
    fn value(&self, name: Name) -> Result<Option<&Value>> {
        let Name(position, names) = name;
        for name in names {
            if let Some(value) = self.config.get(*name) {
                return Ok(Some(value).filter(|value| !value.is_null()));
            }
        }
        let by_name = names.iter().find(|name| self.inputs.has(name));
        let name = by_name.or(names.first()).copied().unwrap_or_default();
        if self.inputs.argument(position, name).is_some() {
            return Err(unsupported(format!(
                "`{name}` is computed by the model, so what shape comes out is not known"
            )));
        }
        let value = self.inputs.constant(position, name);
        Ok(value.filter(|value| !value.is_null()))
    }

    /// An argument that is a list of tensors and constants: the constants in their places.
    fn mixed(&self, name: Name) -> Option<&[Option<Value>]> {
        let Name(position, names) = name;
        let by_name = names.iter().find(|name| self.inputs.has(name));
        let name = by_name.or(names.first()).copied()?;
        self.inputs.mixed(position, name)
    }

    fn read<T: ConfigValue>(&self, name: Name) -> Result<Option<T>> {
        let Some(value) = self.value(name)? else {
            return Ok(None);
        };
        T::read(value).map(Some).ok_or_else(|| {
            let name = name.1.first().copied().unwrap_or_default();
            let expected = T::EXPECTED;
            unsupported(format!("`{name}` is {value}, expected {expected}"))
        })
    }

    /// An argument that it does not do without.
    fn required<T: ConfigValue>(&self, name: Name) -> Result<T> {
        self.read(name)?.ok_or_else(|| {
            let name = name.1.first().copied().unwrap_or_default();
            unsupported(format!("`{name}` is missing, expected {}", T::EXPECTED))
        })
    }

    fn flag(&self, name: Name) -> Result<bool> {
        Ok(self.read(name)?.unwrap_or(false))
    }
}

/// The shape of a number, or of a list of numbers.
fn constant_shape(value: &Value) -> Option<Shape> {
    let mut sizes = Vec::new();
    let mut value = value;
    while let Value::Array(items) = value {
        sizes.push(u64::try_from(items.len()).ok());
        value = items.first()?;
    }
    (value.is_number() || value.is_boolean()).then_some(Shape(sizes))
}

#[cfg(test)]
mod tests;
