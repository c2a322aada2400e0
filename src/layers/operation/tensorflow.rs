//! `TensorFlowOpLayer`: an operation of TensorFlow's graph as a layer, as TensorFlow 2.0 to 2.3
//! recorded it. The config has the node of the graph, and those inputs that are constants.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::node_def::{decode, plain};
use super::slicing::{self, Part, slice};
use super::{Call, Rule, axes, elements, unsupported};
use crate::error::{Context, Result};
use crate::graph::{Edge, FunctionBuilder, InputTypes, OpDef};
use crate::keras::Object;
use crate::layers::config::required;
use crate::layers::inputs::Input;
use crate::layers::lower::numbers;
use crate::layers::shape::mismatch;
use crate::layers::{Call as LayerCall, Inputs, Layer, VariableSpec};
use crate::proto::tensorflow::{AttrValue, DataType};
use crate::tensor::Shape;

/// A node of a graph.
#[derive(Debug)]
pub(super) struct Node {
    operation: String,
    attributes: BTreeMap<String, AttrValue>,
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
        "Abs Acos Acosh Asin Asinh Atan Atanh BiasAdd Cast Ceil ClipByValue Cos Cosh Cumprod Cumsum Elu \
         Erf Erfc Exp Expm1 Floor Identity IsFinite IsInf IsNan LeakyRelu Lgamma Log Log1p LogSoftmax \
         LogicalNot Neg OnesLike Reciprocal Relu Relu6 ReverseV2 Rint Roll Round Rsqrt Selu Sigmoid Sign \
         Sin Sinh Softmax Softplus Softsign Sqrt Square StopGradient Tan Tanh ZerosLike",
        elements::same,
        &[],
        &[],
    ),
    Row(
        "Add AddN AddV2 Atan2 Div DivNoNan Equal FloorDiv FloorMod Greater GreaterEqual Less LessEqual \
         LogicalAnd LogicalOr Maximum Minimum Mul NotEqual Pow RealDiv SquaredDifference Sub Xdivy \
         Xlogy",
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
    Row("GatherNd", axes::taken_each, &[], &[]),
    Row("BroadcastTo", axes::stretched, &[(1, "shape")], &[]),
    Row("Slice", slicing::cut, &[(1, "begin"), (2, "size")], &[]),
    Row(
        "Split",
        axes::split,
        &[(0, "axis")],
        &[("num_split", "num_or_size_splits")],
    ),
    Row(
        "SplitV",
        axes::split,
        &[(1, "num_or_size_splits"), (2, "axis")],
        &[],
    ),
    Row(
        "Unpack",
        axes::unstacked,
        &[],
        &[("num", "num"), ("axis", "axis")],
    ),
    Row("TopKV2", axes::largest, &[(1, "k")], &[]),
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
        let (operation, attributes) = decode(&node);
        let constants = object.config().get("constants").and_then(Value::as_object);
        let constants = constants.into_iter().flatten();
        Ok(Node {
            operation,
            attributes,
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
        // Of a list that is packed the parts are one argument; what is split comes after the axis.
        let inputs = match self.operation.as_str() {
            "Pack" | "Split" => inputs.clone(),
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

/// An input of the operation, as it is added.
enum Given {
    One(Edge),
    List(Vec<Edge>),
}

impl Node {
    fn lowered(&self, call: &mut LayerCall<'_>) -> Result<Vec<Edge>> {
        // Only of the operations of the table it is known what they give; none has effects.
        self.shapes(call.inputs())?;
        let operation = match self.operation.as_str() {
            "BatchMatMul" => "BatchMatMulV2",
            operation => operation,
        };
        let count = call.tensors().len().saturating_add(self.constants.len());
        let types = OpDef::of(operation).and_then(|op| op.input_types(&self.attributes, count));
        let types = types.ok_or_else(|| unsupported("attributes that do not tell its types"))?;
        let mut rest = Rest {
            node: self,
            tensors: call.tensors().iter(),
            place: 0,
        };
        let f = &mut *call.function;
        let mut given = Vec::new();
        for input in types {
            given.push(match input {
                InputTypes::One(dtype) => Given::One(rest.next(f, dtype)?),
                InputTypes::List(types) => {
                    let edges = types.into_iter().map(|dtype| rest.next(f, dtype));
                    Given::List(edges.collect::<Result<_>>()?)
                }
            });
        }
        let mut added = f.op(operation);
        for input in &given {
            added = match input {
                Given::One(edge) => added.input(edge),
                Given::List(edges) => added.list(edges),
            };
        }
        // Names that begin with `_` are notes of whoever made the node.
        for (name, value) in self
            .attributes
            .iter()
            .filter(|(name, _)| !name.starts_with('_'))
        {
            added = added.attr(name, value.clone());
        }
        added.all()
    }
}

/// The inputs of a node that are still to come.
struct Rest<'n, 'e> {
    node: &'n Node,
    tensors: std::slice::Iter<'e, Edge>,
    place: usize,
}

impl Rest<'_, '_> {
    fn next(&mut self, f: &mut FunctionBuilder, dtype: DataType) -> Result<Edge> {
        let place = self.place;
        self.place = place.saturating_add(1);
        if let Some(value) = self.node.constants.get(&place) {
            return numbers(f, value, dtype);
        }
        let tensor = self.tensors.next().cloned();
        tensor.ok_or_else(|| mismatch(format!("input {place} is missing")))
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

    fn lower(&self, call: &mut LayerCall<'_>) -> Result<Vec<Edge>> {
        self.lowered(call)
            .within(|| format!("TensorFlow's `{}`", self.operation))
    }

    fn casts_inputs(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::layers::lower::testing::Lowering;

    fn node(op: &str, attributes: Value, constants: Value) -> Node {
        let object = Object::new("TensorFlowOpLayer", Map::new());
        let node = json!({"op": op, "attr": attributes});
        let object = object.with("node_def", node).with("constants", constants);
        Node::from_object(&object).unwrap()
    }

    #[test]
    fn nodes_are_operations_that_are_known_and_have_no_effects() {
        for row in ROWS {
            for name in row.0.split(' ').filter(|name| *name != "BatchMatMul") {
                let op = OpDef::of(name).unwrap_or_else(|| panic!("{name}"));
                assert!(!op.is_stateful, "{name}");
            }
        }
    }

    #[test]
    fn constants_stand_among_the_inputs() {
        let floats = json!({"T": {"type": "DT_FLOAT"}, "_cloned": {"b": true}});
        let layer = node("Sub", floats, json!({"0": 1.0}));
        let lowering = Lowering::of(&layer, Inputs::one([None, Some(4)]));
        let function = lowering.function().unwrap();
        assert_eq!(function.node_def[1].op, "Sub");
        assert_eq!(function.node_def[1].input, ["Const:output:0", "x"]);

        let attributes =
            json!({"T": {"type": "DT_FLOAT"}, "N": {"i": "2"}, "Tidx": {"type": "DT_INT32"}});
        let layer = node("ConcatV2", attributes, json!({"2": -1}));
        let two = Inputs::of([[None, Some(4)].into(), [None, Some(3)].into()]);
        Lowering::of(&layer, two).check(&["ConcatV2"]);
    }

    #[test]
    fn other_nodes_are_refused_by_name() {
        #[track_caller]
        fn check(layer: &Node, expected: &str) {
            let error = Lowering::of(layer, Inputs::one([None, Some(4)])).function();
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
        check(
            &node("ReadVariableOp", json!({}), json!({})),
            "TensorFlow's `ReadVariableOp`: what shape it gives is not known",
        );
        check(
            &node("Relu", json!({}), json!({})),
            "TensorFlow's `Relu`: attributes that do not tell its types",
        );
        let floats = json!({"T": {"type": "DT_FLOAT"}});
        check(
            &node("Add", floats, json!({})),
            "TensorFlow's `Add`: input 1 is missing",
        );
    }
}
