use super::*;
use crate::keras::{Argument, Node, Object, TensorRef};

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
