use serde_json::{Value, json};

use crate::error::ErrorKind;
use crate::keras::{Dialect, Object, translate};

/// A tensor as Keras 3 writes it.
fn tensor(layer: &str, shape: Value, dtype: &str) -> Value {
    json!({
        "class_name": "__keras_tensor__",
        "config": {"shape": shape, "dtype": dtype, "keras_history": [layer, 0, 0]},
    })
}

fn x() -> Value {
    tensor("x", json!([null, 4, 3]), "float32")
}

fn integers() -> Value {
    tensor("i", json!([null, 4, 3]), "int32")
}

/// A model with inputs `x` and `i` and one operation, `it`.
fn model(class: &str, config: Value, args: Value) -> Object {
    let input = |name: &str, dtype: &str| {
        json!({
            "class_name": "InputLayer",
            "config": {"batch_shape": [null, 4, 3], "dtype": dtype, "name": name},
            "name": name,
            "inbound_nodes": [],
        })
    };
    let mut own = config;
    own["name"] = json!("it");
    let operation = json!({
        "class_name": class,
        "config": own,
        "name": "it",
        "inbound_nodes": [{"args": args, "kwargs": {}}],
    });
    let config = json!({
        "name": "m",
        "trainable": true,
        "layers": [input("x", "float32"), input("i", "int32"), operation],
        "input_layers": [["x", 0, 0], ["i", 0, 0]],
        "output_layers": [["it", 0, 0]],
    });
    let object = json!({
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    });
    Object::from_json(object, Dialect::Keras3).unwrap()
}

/// The layers in the place of the operation: name, function and calls.
#[track_caller]
fn becomes(class: &str, config: Value, args: Value, expected: &[(&str, &str, Value)]) {
    let translated = translate(&model(class, config, args), Dialect::Keras2).unwrap();
    let layers = translated.config()["layers"].as_array().unwrap();
    let found: Vec<(&str, &str, Value)> = (layers.iter().skip(2))
        .map(|layer| {
            let name = layer["name"].as_str().unwrap();
            let function = layer["config"]["function"].as_str().unwrap();
            (name, function, layer["inbound_nodes"].clone())
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(translated.config()["output_layers"], json!([["it", 0, 0]]));
}

#[test]
fn an_activation_that_keras_2_has_not_is_an_operation() {
    let policy = json!({"class_name": "DTypePolicy", "config": {"name": "float32"}});
    for name in ["log_sigmoid", "celu", "hard_silu", "hard_swish"] {
        let config = json!({"trainable": true, "dtype": policy, "activation": name});
        let translated = translate(&model("Activation", config, json!([x()])), Dialect::Keras2);
        let translated = translated.unwrap();
        let layers = translated.config()["layers"].as_array().unwrap();
        let last = layers.last().unwrap();
        assert_eq!(last["name"], "it", "{name}");
        assert_eq!(last["class_name"], "TFOpLambda", "{name}");
    }
    let config = json!({"trainable": true, "dtype": policy, "activation": "log_sigmoid"});
    becomes(
        "Activation",
        config.clone(),
        json!([x()]),
        &[("it", "math.log_sigmoid", json!([["x", 0, 0, {}]]))],
    );
    // Both Keras have this one.
    let known = json!({"trainable": true, "dtype": policy, "activation": "relu"});
    let translated = translate(&model("Activation", known, json!([x()])), Dialect::Keras2);
    let translated = translated.unwrap();
    let last = translated.config()["layers"].as_array().unwrap().last();
    assert_eq!(last.unwrap()["class_name"], "Activation");
    // The layer casts, which functions don't.
    for (policy, args) in [("mixed_float16", x()), ("float32", integers())] {
        let config = json!({"trainable": true, "dtype": policy, "activation": "hard_silu"});
        let error = translate(&model("Activation", config, json!([args])), Dialect::Keras2);
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(
            error.message().contains("`activation` of Activation"),
            "{error}"
        );
    }
}

#[test]
fn operations_are_functions_of_the_same_tensors() {
    becomes(
        "Add",
        json!({}),
        json!([x(), x()]),
        &[("it", "math.add", json!([["x", 0, 0, {"y": ["x", 0, 0]}]]))],
    );
    becomes(
        "Mean",
        json!({"axis": 1, "keepdims": true}),
        json!([x()]),
        &[(
            "it",
            "math.reduce_mean",
            json!([["x", 0, 0, {"axis": 1, "keepdims": true}]]),
        )],
    );
    becomes(
        "GetItem",
        json!({}),
        json!([x(), [{"class_name": "__slice__", "config": {"start": null, "stop": null, "step": null}}, 0]]),
        &[(
            "it",
            "__operators__.getitem",
            json!([["x", 0, 0, {"slice_spec": [{"start": null, "stop": null, "step": null}, 0]}]]),
        )],
    );
    becomes(
        "Concatenate",
        json!({"axis": -1}),
        json!([[x(), x()]]),
        &[(
            "it",
            "concat",
            json!([[["x", 0, 0, {"axis": -1}], ["x", 0, 0, {"axis": -1}]]]),
        )],
    );
}

#[test]
fn types_are_promoted_before() {
    becomes(
        "Add",
        json!({}),
        json!([integers(), 1.5]),
        &[
            (
                "it_cast",
                "cast",
                json!([["i", 0, 0, {"dtype": "float32"}]]),
            ),
            ("it", "math.add", json!([["it_cast", 0, 0, {"y": 1.5}]])),
        ],
    );
    // Integers stay such beside numbers without a fraction.
    becomes(
        "Subtract",
        json!({}),
        json!([1, integers()]),
        &[(
            "it",
            "math.subtract",
            json!([["_CONSTANT_VALUE", -1, 1, {"y": ["i", 0, 0]}]]),
        )],
    );
    let half = tensor("x", json!([null, 4, 3]), "float16");
    becomes(
        "Subtract",
        json!({}),
        json!([1, half]),
        &[
            ("it_ones_like", "ones_like", json!([["x", 0, 0, {}]])),
            (
                "it_multiply",
                "math.multiply",
                json!([["it_ones_like", 0, 0, {"y": 1.0}]]),
            ),
            (
                "it",
                "math.subtract",
                json!([["it_multiply", 0, 0, {"y": ["x", 0, 0]}]]),
            ),
        ],
    );
}

#[test]
fn what_changes_nothing_is_the_identity() {
    becomes(
        "Cast",
        json!({"dtype": "float32"}),
        json!([x()]),
        &[("it", "identity", json!([["x", 0, 0, {}]]))],
    );
}

#[test]
fn places_from_the_end_are_counted_from_the_front() {
    becomes(
        "Take",
        json!({"axis": 1}),
        json!([x(), [0, -1]]),
        &[(
            "it",
            "gather",
            json!([["x", 0, 0, {"indices": [0, 3], "axis": 1}]]),
        )],
    );
    becomes(
        "Split",
        json!({"indices_or_sections": [1, 3], "axis": 1}),
        json!([x()]),
        &[(
            "it",
            "split",
            json!([["x", 0, 0, {"num_or_size_splits": [1, 2, 1], "axis": 1}]]),
        )],
    );
}

#[test]
fn an_equation_is_a_product_of_matrices() {
    becomes(
        "Einsum",
        json!({"subscripts": "bij,bkj->bik"}),
        json!([x(), x()]),
        &[
            (
                "it_transpose",
                "transpose",
                json!([["x", 0, 0, {"perm": [0, 2, 1]}]]),
            ),
            (
                "it",
                "linalg.matmul",
                json!([["x", 0, 0, {"b": ["it_transpose", 0, 0]}]]),
            ),
        ],
    );
}

#[test]
fn what_has_no_counterpart_is_named() {
    #[track_caller]
    fn check(class: &str, config: Value, args: Value, expected: &str) {
        let error = translate(&model(class, config, args), Dialect::Keras2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let message = error.to_string();
        assert!(message.contains(expected), "{message}");
    }
    check(
        "Erfinv",
        json!({}),
        json!([x()]),
        "the operation `Erfinv` has no counterpart in Keras 2",
    );
    check(
        "Einsum",
        json!({"subscripts": "bii->bi"}),
        json!([x()]),
        "the equation `bii->bi`",
    );
    check(
        "Resize",
        json!({"size": [2, 2], "antialias": true}),
        json!([x()]),
        "`antialias`",
    );
    check(
        "Add",
        json!({}),
        json!([tensor("x", json!([null]), "string"), 1]),
        "types string, int together",
    );
}

/// A mask that the model computes with, too, stays as an operation.
#[test]
fn masks_stay_where_something_uses_them() {
    let layers = |is_used: bool| {
        let ids = tensor("x", json!([null, 4]), "int32");
        let mask = tensor("mask", json!([null, 4]), "bool");
        let embedded = tensor("embedding", json!([null, 4, 2]), "float32");
        let call = |args: Value, kwargs: Value| json!([{"args": args, "kwargs": kwargs}]);
        let end = if is_used { "mask" } else { "lstm" };
        let config = json!({
            "name": "m",
            "layers": [
                {"class_name": "InputLayer", "config": {"batch_shape": [null, 4], "dtype": "int32", "name": "x"}, "name": "x", "inbound_nodes": []},
                {"class_name": "Embedding", "config": {"name": "embedding", "trainable": true, "input_dim": 3, "output_dim": 2, "mask_zero": true}, "name": "embedding", "inbound_nodes": call(json!([ids.clone()]), json!({}))},
                {"class_name": "NotEqual", "config": {"name": "mask"}, "name": "mask", "inbound_nodes": call(json!([ids, 0]), json!({}))},
                {"class_name": "LSTM", "config": {"name": "lstm", "trainable": true, "units": 2}, "name": "lstm", "inbound_nodes": call(json!([embedded]), json!({"mask": mask}))},
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [[end, 0, 0], ["lstm", 0, 0]],
        });
        let object = json!({"module": "keras.src.models.functional", "class_name": "Functional", "config": config, "registered_name": "Functional"});
        let object = Object::from_json(object, Dialect::Keras3).unwrap();
        let translated = translate(&object, Dialect::Keras2).unwrap();
        let layers = translated.config()["layers"].as_array().unwrap().clone();
        assert_eq!(
            layers.last().unwrap()["inbound_nodes"],
            json!([[["embedding", 0, 0, {}]]])
        );
        layers
    };
    assert_eq!(layers(false).len(), 3);
    assert_eq!(layers(true)[2]["config"]["function"], "math.not_equal");
}

#[test]
fn the_specification_lists_the_operations() {
    let spec = include_str!("../../../../spec/keras_config.md");
    let (_, list) = spec.split_once("<!-- operations: begin -->").unwrap();
    let (list, _) = list.split_once("<!-- operations: end -->").unwrap();
    let mut listed: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    let of_rows = super::rows().flat_map(|row| row.0.split(' '));
    let mut known: Vec<&str> = of_rows.chain(super::elements::named()).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
    assert!(known.len() >= 80, "{}", known.len());
}
