//! `TensorFlowOpLayer`: an operation of TensorFlow's graph as a layer, as TensorFlow 2.0 to 2.3
//! recorded it. The config has the node of the graph, and those inputs that are constants.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::slicing::{Part, slice};
use super::{Call, Rule, axes, elements, unsupported};
use crate::error::{Context, Result};
use crate::keras::{Object, json};
use crate::layers::config::required;
use crate::layers::inputs::Input;
use crate::layers::{Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// A node of a graph.
#[derive(Debug)]
pub(super) struct Node {
    operation: String,
    attributes: Map<String, Value>,
    /// By which input each is.
    constants: BTreeMap<usize, Value>,
}

/// A kind of node: its rule, and which constants and attributes are which argument of the rule.
struct Row(
    &'static str,
    Rule,
    &'static [(usize, &'static str)],
    &'static [(&'static str, &'static str)],
);

const ROWS: &[Row] = &[
    Row(
        "Abs BiasAdd Cast Ceil Cos Elu Erf Exp Floor Identity LeakyRelu Log Log1p LogSoftmax LogicalNot \
         Neg OnesLike Reciprocal Relu Relu6 Round Rsqrt Selu Sigmoid Sign Sin Softmax Softplus Softsign \
         Sqrt Square StopGradient Tanh ZerosLike",
        elements::same,
        &[],
        &[],
    ),
    Row(
        "Add AddN AddV2 Div DivNoNan Equal FloorDiv FloorMod Greater GreaterEqual Less LessEqual \
         LogicalAnd LogicalOr Maximum Minimum Mul NotEqual Pow RealDiv SquaredDifference Sub",
        elements::broadcast_all,
        &[],
        &[],
    ),
    Row("Select SelectV2", elements::chosen, &[], &[]),
    Row(
        "All Any Max Mean Min Prod Sum",
        elements::reduced,
        &[(1, "axis")],
        &[("keep_dims", "keepdims")],
    ),
    Row("ArgMax ArgMin", elements::found, &[(1, "axis")], &[]),
    Row(
        "BatchMatMul BatchMatMulV2 MatMul",
        elements::multiplied,
        &[],
        &[
            ("transpose_a", "transpose_a"),
            ("transpose_b", "transpose_b"),
            ("adj_x", "adjoint_a"),
            ("adj_y", "adjoint_b"),
        ],
    ),
    Row("ExpandDims", axes::expanded, &[(1, "axis")], &[]),
    Row("Squeeze", axes::squeezed, &[], &[("squeeze_dims", "axis")]),
    Row("Reshape", axes::reshaped, &[(1, "shape")], &[]),
    Row("Transpose", axes::transposed, &[(1, "perm")], &[]),
    Row("Tile", axes::tiled, &[(1, "multiples")], &[]),
    Row(
        "OneHot",
        axes::one_hot,
        &[(1, "depth")],
        &[("axis", "axis")],
    ),
    Row("Pack", axes::stacked, &[], &[("axis", "axis")]),
    Row("Pad PadV2 MirrorPad", axes::padded, &[(1, "paddings")], &[]),
    Row(
        "GatherV2",
        axes::taken,
        &[(2, "axis")],
        &[("batch_dims", "batch_dims")],
    ),
    Row("Shape", axes::shape, &[], &[]),
    Row(
        "AvgPool MaxPool",
        axes::pooled,
        &[],
        &[
            ("ksize", "ksize"),
            ("strides", "strides"),
            ("padding", "padding"),
            ("data_format", "data_format"),
        ],
    ),
    Row(
        "ResizeBilinear ResizeNearestNeighbor",
        axes::resized,
        &[(1, "size")],
        &[],
    ),
];

impl Node {
    pub(super) fn from_object(object: &Object) -> Result<Node> {
        let node: Value = required(object, &["node_def"])?;
        let node = match &node {
            // As JSON in a string; early versions wrote a binary message, of which nothing is read.
            Value::String(text) => json::parse(text).unwrap_or_default(),
            _ => node,
        };
        let operation = node.get("op").and_then(Value::as_str).unwrap_or_default();
        let attributes = node.get("attr").and_then(Value::as_object);
        let constants = object.config().get("constants").and_then(Value::as_object);
        let constants = constants.into_iter().flatten();
        Ok(Node {
            operation: operation.to_owned(),
            attributes: attributes.cloned().unwrap_or_default(),
            constants: constants
                .filter_map(|(index, value)| Some((index.parse().ok()?, value.clone())))
                .collect(),
        })
    }

    /// All inputs in their order, constants among them.
    fn arguments(&self, inputs: &Inputs) -> Inputs {
        let mut tensors = inputs.all().iter().cloned();
        let mut arguments = Vec::new();
        loop {
            let next = match self.constants.get(&arguments.len()) {
                Some(value) => Some(Input::Value(value.clone())),
                None => tensors.next().map(|shape| Input::Tensors(vec![shape])),
            };
            match next {
                Some(argument) => arguments.push(argument),
                None => return Inputs::of_arguments(arguments),
            }
        }
    }

    fn attribute(&self, name: &str) -> Option<Value> {
        self.attributes.get(name).and_then(plain)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.as_i64()
    }

    fn shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        match self.operation.as_str() {
            "StridedSlice" => return self.sliced(inputs),
            "ConcatV2" => return self.concatenated(inputs),
            _ => {}
        }
        let named = |row: &&Row| row.0.split(' ').any(|name| name == self.operation);
        let Some(Row(_, rule, constants, attributes)) = ROWS.iter().find(named) else {
            return Err(unsupported("what shape it gives is not known"));
        };
        let mut config = Map::new();
        for (index, key) in *constants {
            let value = self.constants.get(index);
            let value = value.ok_or_else(|| {
                unsupported(format!(
                    "input {index} is computed by the model, expected a constant"
                ))
            })?;
            config.insert((*key).to_owned(), value.clone());
        }
        for (name, key) in *attributes {
            if let Some(value) = self.attribute(name) {
                config.insert((*key).to_owned(), value);
            }
        }
        // Of a list that is packed the parts are one argument.
        let inputs = match self.operation.as_str() {
            "Pack" => inputs.clone(),
            _ => self.arguments(inputs),
        };
        rule(&Call {
            config: &config,
            inputs: &inputs,
            is_keras3: false,
        })
    }

    fn concatenated(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let axis = self.constants.last_key_value();
        let axis = axis.ok_or_else(|| unsupported("an axis that is computed"))?;
        axes::concatenated(&Call {
            config: &Map::from_iter([("axis".to_owned(), axis.1.clone())]),
            inputs,
            is_keras3: false,
        })
    }

    fn sliced(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let list = |index: usize| -> Option<Vec<i64>> {
            let list = self.constants.get(&index)?.as_array()?;
            list.iter().map(Value::as_i64).collect()
        };
        let (Some(begin), Some(end), Some(step)) = (list(1), list(2), list(3)) else {
            return Err(unsupported("indices that are computed"));
        };
        let masked = |name: &str, at: usize| {
            let mask = self.number(name).unwrap_or(0);
            at < 63 && mask & (1 << at) != 0
        };
        let bounds = begin.into_iter().zip(end).zip(step).enumerate();
        let parts = bounds.map(|(at, ((begin, end), step))| {
            if masked("new_axis_mask", at) {
                return Part::New;
            }
            if masked("ellipsis_mask", at) {
                return Part::Ellipsis;
            }
            if masked("shrink_axis_mask", at) {
                return Part::Index(begin);
            }
            let begin = (!masked("begin_mask", at)).then_some(begin);
            let end = (!masked("end_mask", at)).then_some(end);
            Part::Slice(begin, end, Some(step))
        });
        let parts: Vec<Part> = parts.collect();
        slice(inputs.first()?, &parts).map(|shape| vec![shape])
    }
}

/// What an attribute holds; JSON has whole numbers in strings, and text in Base64.
fn plain(attribute: &Value) -> Option<Value> {
    let (kind, value) = attribute.as_object()?.iter().next()?;
    match (kind.as_str(), value) {
        ("i", Value::String(digits)) => digits.parse::<i64>().ok().map(Value::from),
        ("list", list) => {
            let numbers = list.get("i")?.as_array()?.iter();
            let number = |it: &Value| {
                let text = it.as_str().and_then(|digits| digits.parse().ok());
                it.as_i64().or(text)
            };
            numbers.map(|it| number(it).map(Value::from)).collect()
        }
        ("s", Value::String(text)) => Some(match text.as_str() {
            "U0FNRQ==" => "SAME".into(),
            "VkFMSUQ=" => "VALID".into(),
            "TkNIVw==" => "NCHW".into(),
            "TkhXQw==" => "NHWC".into(),
            other => other.into(),
        }),
        ("b" | "i" | "f", value) => Some(value.clone()),
        _ => None,
    }
}

impl Layer for Node {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        self.shapes(inputs)
            .within(|| format!("TensorFlow's `{}`", self.operation))
    }
}
