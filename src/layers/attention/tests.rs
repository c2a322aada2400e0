use super::*;
use crate::keras::{Argument, Node, Object, TensorRef};
use crate::layers::lower::testing::Lowering;
use crate::proto::tensorflow::attr_value::Value;

fn shape<const N: usize>(sizes: [u64; N]) -> Shape {
    Shape::known(&sizes)
}

#[track_caller]
fn refuses(layer: &dyn Layer, inputs: &Inputs, message: &str) {
    assert_eq!(layer.call(inputs).unwrap_err().to_string(), message);
}

#[test]
fn inputs_that_do_not_fit() {
    let query = || Inputs::of([shape([1, 4, 6])]);
    refuses(
        &Attention::new(),
        &query(),
        "called with 1 tensors, expected a list of query, value and perhaps key",
    );
    refuses(
        &MultiHeadAttention::new(2, 3),
        &query(),
        "called without `value`, expected `query` and `value`",
    );
    refuses(
        &MultiHeadAttention::new(2, 3),
        &query().with("value", [Shape::from([None, Some(4), None])]),
        "`key`: axis 2 of an input of shape (None, 4, None) is unknown, expected a size: a \
         variable has it",
    );
    refuses(
        &MultiHeadAttention::new(2, 3),
        &query()
            .with("value", [shape([1, 5, 6])])
            .with("key", [shape([1, 7, 6])]),
        "a value of shape (1, 5, 6) and a key of shape (1, 7, 6), expected only their last sizes \
         to differ",
    );
    refuses(
        &GroupQueryAttention::new(2, 4, 2),
        &Inputs::of([shape([1, 2, 4, 6])]).with("value", [shape([1, 2, 4, 6])]),
        "an input of shape (1, 2, 4, 6) with 4 axes, expected 3",
    );
    refuses(
        &AdditiveAttention::new(),
        &Inputs::of([shape([6]), shape([6])]),
        "an input of shape (6,) with 1 axes, expected at least 2",
    );
}

/// A call in a network, with the constants it has there.
fn call(names: &[&str], scores: bool) -> Inputs {
    let tensor = |name: &&str| {
        let source = TensorRef::new(*name, 0, 0);
        Argument::Tensor { source, meta: None }
    };
    let mut args: Vec<Argument> = names.iter().map(tensor).collect();
    if args.len() > 1 && names[0] == "list" {
        args = vec![Argument::List(args.split_off(1))];
    }
    let node = Node {
        args,
        kwargs: vec![(
            "return_attention_scores".to_owned(),
            Argument::Value(scores.into()),
        )],
    };
    let of = |source: &TensorRef| match source.layer.as_str() {
        "query" => Some(shape([1, 4, 8, 6])),
        _ => Some(shape([1, 4, 5, 6])),
    };
    Inputs::of_call(&node, &of).unwrap()
}

#[test]
fn scores_are_returned_where_they_are_asked_for() {
    let shapes = |layer: &dyn Layer, inputs: &Inputs| -> Vec<String> {
        let outputs = layer.output_shapes(inputs).unwrap();
        outputs.iter().map(Shape::to_string).collect()
    };
    let list = ["list", "query", "value"];
    let expected = ["(1, 4, 8, 6)", "(1, 4, 8, 5)"];
    assert_eq!(shapes(&Attention::new(), &call(&list, true)), expected);
    assert_eq!(
        shapes(&Attention::new(), &call(&list, false)),
        expected[..1]
    );
    let arguments = ["query", "value"];
    for (axes, expected) in [
        (Axes(vec![2]), "(1, 4, 2, 8, 5)"),
        (Axes(vec![-2]), "(1, 4, 2, 8, 5)"),
        (Axes(vec![1, 2]), "(1, 2, 4, 8, 4, 5)"),
    ] {
        let layer = MultiHeadAttention::new(2, 3).attention_axes(axes);
        assert_eq!(shapes(&layer, &call(&arguments, true))[1], expected);
    }
}

#[test]
fn an_output_of_unknown_size_has_no_kernel() {
    let layer = MultiHeadAttention::new(2, 3).output_shape(OutputShape(vec![Some(2), None]));
    refuses(
        &layer,
        &Inputs::of([shape([1, 4, 6])]).with("value", [shape([1, 5, 6])]),
        "`output_shape` is (2, None), expected known sizes: a variable has them",
    );
}

#[test]
fn both_names_of_grouped_attention_are_known() {
    let mut json = Object::from(GroupQueryAttention::new(3, 4, 2)).into_json();
    json["class_name"] = "GroupedQueryAttention".into();
    let object = Object::from_json(json, crate::keras::Dialect::Keras3).unwrap();
    let layer = LayerRegistry::builtin().build(&object).unwrap();
    let inputs = Inputs::of([shape([1, 4, 6])]).with("value", [shape([1, 5, 6])]);
    assert_eq!(layer.variables(&inputs).unwrap().len(), 8);
}

#[test]
fn what_counts_decides_the_weights() {
    let pair = || Inputs::of([shape([2, 4, 6]), shape([2, 5, 6])]);
    let products = ["BatchMatMulV2", "Softmax", "BatchMatMulV2"];
    Lowering::of(&Attention::new(), pair()).check(&products);
    let causal = [
        "BatchMatMulV2",
        "Shape",
        "StridedSlice",
        "StridedSlice",
        "Range",
        "ExpandDims",
        "Range",
        "ExpandDims",
        "GreaterEqual",
        "LogicalNot",
        "Cast",
        "Mul",
        "Sub",
        "Softmax",
        "BatchMatMulV2",
    ];
    let wanted = pair().with_value("use_causal_mask", true.into());
    Lowering::of(&Attention::new(), wanted).check(&causal);
    // As versions of Keras 2 wrote it.
    let object = Object::from(Attention::new()).with("causal", true);
    let layer = Attention::from_object(&object).unwrap();
    Lowering::of(&layer, pair()).check(&causal);
    let layer = AdditiveAttention::new().dropout(0.5);
    let sums = [
        "ExpandDims",
        "ExpandDims",
        "AddV2",
        "Tanh",
        "ReadVariableOp",
        "Mul",
        "Sum",
    ];
    let dropped = [
        "Softmax",
        "Shape",
        "Mul",
        "RandomUniform",
        "GreaterEqual",
        "SelectV2",
    ];
    let all = [sums.as_slice(), &dropped, &["BatchMatMulV2"]].concat();
    Lowering::of(&layer, pair()).training().check(&all);
    let layer = Attention::new().score_mode("sum");
    let error = Lowering::of(&layer, pair()).function().unwrap_err();
    assert!(error.message().contains("score mode `sum`"), "{error}");
}

#[test]
fn masks_that_are_given_come_before_those_that_are_brought_along() {
    let given = Inputs::of([shape([2, 4, 6]), shape([2, 5, 6])])
        .with("mask", [shape([2, 4]), shape([2, 5])]);
    // The test feeds all tensors as floats, which no mask may be.
    let layer = Attention::new();
    let lowering = Lowering::of(&layer, given);
    let error = lowering.masked().function().unwrap_err();
    assert!(error.to_string().contains("LogicalNot"), "{error}");
}

#[test]
fn heads_are_letters_of_equations() {
    let layer = MultiHeadAttention::new(2, 3).attention_axes([2]);
    let query = Shape::from([None, Some(3), Some(4), Some(6)]);
    let inputs = Inputs::one(query.clone()).with("value", [query.clone()]);
    let def = Lowering::of(&layer, inputs.clone()).function().unwrap();
    let equations =
        def.node_def
            .iter()
            .filter_map(|node| match &node.attr.get("equation")?.value {
                Some(Value::S(text)) => Some(String::from_utf8_lossy(text).into_owned()),
                _ => None,
            });
    let expected = [
        "abcd,def->abcef",
        "abcd,def->abcef",
        "abcd,def->abcef",
        "abfde,abcde->abdcf",
        "abdcf,abfde->abcde",
        "abcde,def->abcf",
    ];
    assert_eq!(equations.collect::<Vec<_>>(), expected);
    let inner = layer.inner_layers(&inputs).unwrap();
    let attributes: Vec<&str> = inner.iter().map(|it| it.attribute.as_str()).collect();
    assert_eq!(
        attributes,
        [
            "_query_dense",
            "_key_dense",
            "_value_dense",
            "_output_dense"
        ]
    );
    let output = serde_json::json!([null, null, 6]);
    assert_eq!(inner[3].object.config()["output_shape"], output);
    assert_eq!(inner[3].object.config()["bias_axes"], "f");
    let beyond = MultiHeadAttention::new(2, 3).attention_axes([3]);
    let error = beyond.output_shapes(
        &inputs
            .clone()
            .with_value("return_attention_scores", true.into()),
    );
    assert!(
        error
            .unwrap_err()
            .message()
            .contains("`attention_axes` has 3")
    );
    let gated = MultiHeadAttention::new(2, 3).use_gate(true);
    let error = Lowering::of(&gated, inputs).function().unwrap_err();
    assert!(error.message().contains("`use_gate`"), "{error}");
}

#[test]
fn no_function_is_made_for_what_keras_2_does_not_have() {
    let inputs = Inputs::one([Some(2), Some(4), Some(6)]).with("value", [shape([2, 5, 6])]);
    let layer = GroupQueryAttention::new(3, 4, 2);
    assert!(Lowering::of(&layer, inputs).function().is_err());
}
