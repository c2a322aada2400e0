use serde_json::{Value, json};

use crate::keras::{Node, Object, TensorRef};
use crate::layers::lower::testing::Lowering;
use crate::layers::{Inputs, Layer, LayerRegistry};
use crate::tensor::Shape;

fn recorded(function: &str) -> Box<dyn Layer> {
    let object = Object::new("TFOpLambda", serde_json::Map::new()).with("function", function);
    LayerRegistry::builtin().build(&object).unwrap()
}

/// A call with one tensor and constants by name.
fn call(constants: Value) -> Inputs {
    let mut inputs = Inputs::one([None, Some(4), Some(3)]);
    for (name, value) in constants.as_object().unwrap() {
        inputs = inputs.with_value(name, value.clone());
    }
    inputs
}

#[track_caller]
fn computes(function: &str, constants: Value, expected: &[&str]) {
    Lowering::of(&*recorded(function), call(constants)).check(expected);
}

#[test]
fn functions_are_operations_of_their_arguments() {
    computes("nn.relu", json!({"name": null}), &["Relu"]);
    computes("math.pow", json!({"y": 2}), &["Pow"]);
    computes("math.truediv", json!({"y": 2.0}), &["RealDiv"]);
    computes(
        "math.reduce_mean",
        json!({"axis": [1], "keepdims": true}),
        &["Mean"],
    );
    computes("math.reduce_sum", json!({}), &["Sum"]);
    computes(
        "math.reduce_std",
        json!({"axis": 1}),
        &["Mean", "SquaredDifference", "Mean", "Sqrt"],
    );
    computes("cast", json!({"dtype": "float16"}), &["Cast"]);
    computes(
        "nn.softmax",
        json!({"axis": 1}),
        &["Transpose", "Softmax", "Transpose"],
    );
    computes(
        "clip_by_value",
        json!({"clip_value_min": 0, "clip_value_max": 1}),
        &["Minimum", "Maximum"],
    );
    computes("reshape", json!({"shape": [-1, 12]}), &["Reshape"]);
    computes(
        "compat.v1.transpose",
        json!({"perm": [0, 2, 1], "conjugate": false}),
        &["Transpose"],
    );
    computes("expand_dims", json!({"axis": -1}), &["ExpandDims"]);
    computes(
        "split",
        json!({"num_or_size_splits": 2, "axis": 1}),
        &["Split"],
    );
    computes(
        "split",
        json!({"num_or_size_splits": [1, 3], "axis": 1}),
        &["SplitV"],
    );
    computes("unstack", json!({"axis": 1}), &["Unpack"]);
    computes("compat.v1.shape", json!({"out_type": "int32"}), &["Shape"]);
    computes(
        "compat.v1.pad",
        json!({"paddings": [[0, 0], [1, 1], [0, 0]], "mode": "CONSTANT", "constant_values": 0}),
        &["Pad"],
    );
    computes(
        "__operators__.getitem",
        json!({"slice_spec": [{"start": null, "stop": null, "step": null}, 1]}),
        &["StridedSlice"],
    );
}

#[test]
fn operands_are_found_where_they_are() {
    let shape = Shape::from([None, Some(4)]);
    let two = || Inputs::one(shape.clone()).with("y", [shape.clone()]);
    Lowering::of(&*recorded("math.subtract"), two()).check(&["Sub"]);
    let list = Inputs::of([shape.clone(), shape.clone()]).with_value("axis", json!(-1));
    Lowering::of(&*recorded("concat"), list).check(&["ConcatV2"]);
    let function = Lowering::of(&*recorded("math.subtract"), two()).function();
    assert_eq!(function.unwrap().node_def[0].input, ["x", "x_1"]);
}

#[test]
fn what_is_not_known_names_the_function() {
    #[track_caller]
    fn check(function: &str, constants: Value, expected: &str) {
        let error = Lowering::of(&*recorded(function), call(constants)).function();
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
    check(
        "signal.fft",
        json!({}),
        "`signal.fft`: what it computes is not known",
    );
    check(
        "image.resize",
        json!({"size": [2, 2], "antialias": true}),
        "`image.resize`: `antialias` is true",
    );
}

/// A call as Keras 2 writes it, between tensors of these shapes.
fn written(json: Value, shapes: &[(&str, &[Option<u64>])]) -> Inputs {
    let node = Node::from_json(&json).unwrap();
    let shape_of = |source: &TensorRef| {
        let found = shapes.iter().find(|(name, _)| *name == source.layer);
        found.map(|(_, sizes)| Shape(sizes.to_vec()))
    };
    Inputs::of_call(&node, &shape_of).unwrap()
}

#[test]
fn lists_may_hold_what_is_computed() {
    let shapes: &[(&str, &[Option<u64>])] = &[("x", &[None, Some(4)]), ("batch", &[])];
    let json = json!([["x", 0, 0, {"shape": [["batch", 0, 0], 2, -1]}]]);
    let reshape = recorded("reshape");
    let inputs = written(json, shapes);
    let found = reshape.output_shapes(&inputs).unwrap();
    assert_eq!(found[0].to_string(), "(None, 2, None)");
    let lowering = Lowering::of(&*reshape, inputs);
    let function = lowering.function().unwrap();
    let pack = function.node_def.iter().find(|node| node.op == "Pack");
    let expected = ["Cast:y:0", "Const:output:0", "Const_1:output:0"];
    assert_eq!(pack.unwrap().input, expected);

    let list = json!([[["x", 0, 0, {"axis": 0}], ["_CONSTANT_VALUE", -1, [[1.0, 2.0, 3.0, 4.0]], {"axis": 0}]]]);
    let concat = recorded("concat");
    let error = Lowering::of(&*concat, written(list, shapes)).function();
    let expected = "`concat`: a list of tensors and constants";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn the_specification_lists_the_functions() {
    let spec = include_str!("../../../../spec/layers.md");
    let (_, list) = spec.split_once("<!-- functions: begin -->").unwrap();
    let (list, _) = list.split_once("<!-- functions: end -->").unwrap();
    let mut listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    let tables = super::elements::names().chain(super::axes::names());
    let mut known: Vec<&str> = tables.chain(super::images::names()).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
    assert!(known.len() >= 80, "{}", known.len());
    for name in known {
        let function = match name {
            "getitem" => "__operators__.getitem",
            name => name,
        };
        let rule = crate::layers::operation::table::of_tensorflow(function);
        assert!(rule.is_some(), "{name} has no shape");
    }
}

#[test]
fn early_names_mean_the_same() {
    computes("math.mod", json!({"y": 2}), &["FloorMod"]);
    computes("nn.swish", json!({}), &["Sigmoid", "Mul"]);
    computes("compat.v1.div_no_nan", json!({"y": 2}), &["DivNoNan"]);
}

#[test]
fn the_operand_that_comes_first_may_be_called_y() {
    let shape = Shape::from([None, Some(4)]);
    let two = Inputs::one(shape.clone()).with("x", [shape]);
    let function = Lowering::of(&*recorded("math.atan2"), two).function();
    assert_eq!(function.unwrap().node_def[0].input, ["x", "x_1"]);
}

#[test]
fn parts_are_found_by_their_places() {
    computes(
        "repeat",
        json!({"repeats": [1, 0, 2, 1], "axis": 1}),
        &["GatherV2"],
    );
    #[track_caller]
    fn check(function: &str, constants: Value, expected: &str) {
        let error = Lowering::of(&*recorded(function), call(constants)).function();
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
    check(
        "repeat",
        json!({"repeats": 1_u64 << 40, "axis": 1}),
        "`repeat`: more than 1048576 elements along an axis",
    );
    check(
        "repeat",
        json!({"repeats": 2, "axis": 0}),
        "`repeat`: an axis whose size is not known",
    );
    check(
        "nn.max_pool2d",
        json!({"ksize": 2, "strides": 2, "padding": "SAME", "data_format": "NCHW"}),
        "`nn.max_pool2d`: `data_format` is \"NCHW\"",
    );
}
