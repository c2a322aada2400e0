use serde_json::{Value, json};

use super::*;
use crate::keras::{Object, Variable};
use crate::limits::Limits;
use crate::tensor::Tensor;

fn layer(class: &str, name: &str) -> Value {
    json!({"class_name": class, "config": {"name": name, "trainable": true}})
}

fn holding(class: &str, name: &str, key: &str, inner: Value) -> Value {
    json!({"class_name": class, "config": {"name": name, "trainable": true, key: inner}})
}

fn row(name: &str, layers: Vec<Value>) -> Value {
    holding("Sequential", name, "layers", Value::Array(layers))
}

/// The places of the variables with these paths, each with its own, in a model of these layers.
#[track_caller]
fn check(layers: Vec<Value>, paths: &[(&str, &[&str])], form: Form, expected: &[(&str, &str)]) {
    let found = found(layers, paths, form).unwrap();
    let held: Vec<(&str, &str)> = found
        .iter()
        .map(|(path, variables)| (path.as_str(), variables.as_str()))
        .filter(|(_, variables)| !variables.is_empty())
        .collect();
    assert_eq!(held, expected);
}

fn found(
    layers: Vec<Value>,
    paths: &[(&str, &[&str])],
    form: Form,
) -> Result<Vec<(String, String)>> {
    let object = Object::from_json(row("m", layers), Dialect::Keras3).unwrap();
    let network = Network::from_object(object, &Limits::default()).unwrap();
    let mut variables = Variables::default();
    for (layer, paths) in paths {
        let list = paths.iter().map(|path| Variable {
            path: format!("{layer}/{path}"),
            stored_name: None,
            tensor: Tensor::scalar(0_f32),
        });
        variables.add_layer(layer, list.collect()).unwrap();
    }
    let places = places(&network, &variables, form)?;
    let places = places.into_iter().map(|place| {
        let own = place.variables.iter().map(|it| {
            let path = variables.at(*it).unwrap().path.as_str();
            path.split_once('/').unwrap().1
        });
        (place.path, own.collect::<Vec<_>>().join(" "))
    });
    Ok(places.collect())
}

#[test]
fn classes_are_counted_and_names_are_not_used() {
    let layers = vec![
        layer("InputLayer", "in"),
        layer("Dense", "dense_9"),
        layer("mine>BatchNormalization", "norm"),
        layer("Dense", "a/b"),
        json!({"class_name": "Dense", "config": {"name": "op"}}),
        layer("Dense", "last"),
    ];
    let paths: &[(&str, &[&str])] = &[
        ("top_level_model_weights", &["scale"]),
        ("dense_9", &["kernel", "bias"]),
        ("norm", &["gamma", "moving_mean"]),
        ("a/b", &["kernel"]),
        ("last", &["kernel"]),
    ];
    let expected = [
        ("", "scale"),
        ("layers/dense", "kernel bias"),
        ("layers/batch_normalization", "gamma moving_mean"),
        // What follows the first slash of `a/b/kernel`.
        ("layers/dense_1", "b/kernel"),
        ("layers/dense_2", "kernel"),
    ];
    check(layers, paths, Form::Keras3, &expected);
}

#[test]
fn layers_in_layers_go_by_attribute() {
    let layers = vec![
        layer("LSTM", "lstm"),
        holding(
            "TimeDistributed",
            "each",
            "layer",
            row("r", vec![layer("Dense", "d")]),
        ),
        holding("SpectralNormalization", "sn", "layer", layer("Dense", "d")),
        row("inner", vec![layer("Dense", "d"), layer("Dense", "e/f")]),
    ];
    let paths: &[(&str, &[&str])] = &[
        ("lstm", &["lstm_cell/kernel", "lstm_cell/bias"]),
        ("each", &["r/d/kernel"]),
        ("sn", &["d/kernel", "d/bias", "vector_u"]),
        ("inner", &["d/kernel", "e/f/kernel", "d/bias"]),
    ];
    let expected = [
        ("layers/lstm/cell", "lstm_cell/kernel lstm_cell/bias"),
        ("layers/time_distributed/layer/layers/dense", "r/d/kernel"),
        ("layers/spectral_normalization", "d/kernel vector_u"),
        ("layers/spectral_normalization/layer", "d/kernel d/bias"),
        ("layers/sequential/layers/dense", "d/kernel d/bias"),
        ("layers/sequential/layers/dense_1", "e/f/kernel"),
    ];
    check(layers, paths, Form::Keras3, &expected);
}

#[test]
fn cells_and_directions_go_by_attribute() {
    // Layers in layers need no name.
    let nameless = |class: &str| json!({"class_name": class, "config": {}});
    let cells = json!([
        layer("LSTMCell", "x"),
        nameless("GRUCell"),
        nameless("LSTMCell")
    ]);
    let layers = vec![
        holding(
            "RNN",
            "rnn",
            "cell",
            holding("StackedRNNCells", "stack", "cells", cells),
        ),
        holding("Bidirectional", "both", "layer", nameless("GRU")),
        holding("TimeDistributed", "each", "layer", nameless("Dense")),
    ];
    let paths: &[(&str, &[&str])] = &[
        (
            "rnn",
            &[
                "stack/x/kernel",
                "stack/gru_cell/kernel",
                "stack/lstm_cell/kernel",
            ],
        ),
        (
            "both",
            &[
                "forward_gru/gru_cell/kernel",
                "backward_gru/gru_cell/kernel",
            ],
        ),
        ("each", &["dense/kernel", "dense/bias"]),
    ];
    let expected = [
        ("layers/rnn/cell/cells/lstm_cell", "stack/x/kernel"),
        ("layers/rnn/cell/cells/gru_cell", "stack/gru_cell/kernel"),
        (
            "layers/rnn/cell/cells/lstm_cell_1",
            "stack/lstm_cell/kernel",
        ),
        (
            "layers/bidirectional/forward_layer/cell",
            "forward_gru/gru_cell/kernel",
        ),
        (
            "layers/bidirectional/backward_layer/cell",
            "backward_gru/gru_cell/kernel",
        ),
        ("layers/time_distributed/layer", "dense/kernel dense/bias"),
    ];
    check(layers, paths, Form::Keras3, &expected);
}

#[test]
fn the_form_decides_some_names() {
    let paths: &[(&str, &[&str])] = &[
        (
            "mha",
            &["query/kernel", "gate/kernel", "attention_output/bias"],
        ),
        ("gqa", &["key/kernel"]),
    ];
    for (form, expected) in [
        (
            Form::Keras3,
            [
                ("layers/multi_head_attention/query_dense", "query/kernel"),
                ("layers/multi_head_attention/_gate_dense", "gate/kernel"),
                (
                    "layers/multi_head_attention/output_dense",
                    "attention_output/bias",
                ),
                ("layers/grouped_query_attention/_key_dense", "key/kernel"),
            ],
        ),
        (
            Form::Keras2_13,
            [
                (
                    "_layer_checkpoint_dependencies/multi_head_attention/_query_dense",
                    "query/kernel",
                ),
                (
                    "_layer_checkpoint_dependencies/multi_head_attention/_gate_dense",
                    "gate/kernel",
                ),
                (
                    "_layer_checkpoint_dependencies/multi_head_attention/_output_dense",
                    "attention_output/bias",
                ),
                (
                    "_layer_checkpoint_dependencies/grouped_query_attention/_key_dense",
                    "key/kernel",
                ),
            ],
        ),
    ] {
        let layers = vec![
            layer("MultiHeadAttention", "mha"),
            layer("GroupedQueryAttention", "gqa"),
        ];
        check(layers, paths, form, &expected);
    }
}

#[test]
fn quantized_layers_have_an_order_of_their_own() {
    let paths: &[(&str, &[&str])] = &[("d", &["bias", "kernel", "kernel_scale"])];
    let expected = [("layers/dense", "kernel bias kernel_scale")];
    check(vec![layer("Dense", "d")], paths, Form::Keras3, &expected);
}

#[test]
fn what_an_unknown_class_holds_itself_has_a_place() {
    let paths: &[(&str, &[&str])] = &[("mine", &["kernel"])];
    let expected = [("layers/mine", "kernel")];
    check(vec![layer("Mine", "mine")], paths, Form::Keras3, &expected);
    for (class, path) in [
        ("Mine", "dense/kernel"),
        ("Bidirectional", "kernel"),
        ("MultiHeadAttention", "kernel"),
        ("StackedRNNCells", "kernel"),
    ] {
        let error = found(vec![layer(class, "x")], &[("x", &[path])], Form::Keras3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(
            error.to_string(),
            format!(
                "layer `x`: `x` ({class}) has the variables `{path}`, and which layers in it hold \
                 them is not known"
            )
        );
    }
}
