use std::collections::BTreeSet;

use super::*;
use crate::keras::{CompileConfig, json};

/// What Keras 2.15, tf_keras 2.21 and Keras 3.15 write and accept: `tests/interop/dialect_tables.py`.
const REFERENCE: &str = include_str!("../../../tests/data/dialect_tables.json");

/// Rows that the reference cannot have: Keras makes these only inside of models.
const NOT_IN_REFERENCE: &[&str] = &[
    "GroupQueryAttention",
    "GroupedQueryAttention",
    "SlicingOpLambda",
    "SyncBatchNormalization",
    "TFOpLambda",
    "TensorFlowOpLayer",
];

/// Defaults that differ, but not in effect, or that only a file of no Keras would leave out.
const HARMLESS_DIFFERENCES: &[&str] = &[
    "Constant value",
    "L2 l2",
    "LeakyReLU alpha",
    "RandomContrast factor",
    "RandomCrop seed",
    "RandomRotation factor",
];

fn reference() -> Map<String, Value> {
    match json::parse(REFERENCE).unwrap() {
        Value::Object(reference) => reference,
        _ => panic!("not an object"),
    }
}

fn kind_of(noun: &str) -> Kind {
    Kind::ALL
        .into_iter()
        .find(|kind| kind.noun() == noun)
        .unwrap()
}

fn keys(class: &Value, part: &str) -> BTreeSet<String> {
    match &class[part] {
        Value::Object(config) => config.keys().cloned().collect(),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect(),
        other => panic!("{part}: {other}"),
    }
}

/// Who knows a class says that its arguments are the same in both.
#[test]
fn an_own_class_keeps_its_arguments() {
    #[track_caller]
    fn check(from: Dialect, network: &str, to: Dialect, expected: &str) {
        let object = Object::from_json(json::parse(network).unwrap(), from).unwrap();
        let network = Network::from_object(object, &Limits::default()).unwrap();
        let is_own = |class: &str| class == "mine>Scale";
        let translated = network.to_dialect_with(to, &is_own).unwrap();
        let layer = translated.layers()[0].to_object();
        assert_eq!(
            json::to_string(&Value::Object(layer.json().clone())),
            expected
        );
        assert!(network.to_dialect(to).is_err());
    }
    check(
        Dialect::Keras3,
        r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [
            {"module": "mine", "class_name": "Scale", "registered_name": "mine>Scale", "config":
             {"name": "scale", "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null},
              "by": {"class_name": "Dense", "units": [1]}}}]}}"#,
        Dialect::Keras2,
        r#"{"class_name": "mine>Scale", "config": {"name": "scale", "dtype": "float32", "by": {"class_name": "Dense", "units": [1]}}}"#,
    );
    check(
        Dialect::Keras2,
        r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [
            {"class_name": "mine>Scale", "config": {"name": "scale", "by": 2}}]}}"#,
        Dialect::Keras3,
        r#"{"module": "mine", "class_name": "Scale", "config": {"name": "scale", "by": 2}, "registered_name": "mine>Scale"}"#,
    );
}

#[test]
fn tables_have_every_key_that_keras_writes_and_none_that_it_refuses() {
    let mut wrong = Vec::new();
    for (id, versions) in &reference() {
        let (noun, name) = id.split_once('/').unwrap();
        let kind = kind_of(noun);
        let row = kind.classes().iter().find(|class| class.name == name);
        let in_both = versions.get("keras2").is_some() && versions.get("keras3").is_some();
        let row = match (in_both, row) {
            (true, Some(row)) if row.only_in.is_none() => row,
            (true, _) => {
                wrong.push(format!("{id}: no row"));
                continue;
            }
            (false, Some(row)) if row.only_in.is_none() => {
                wrong.push(format!("{id}: only one Keras has it"));
                continue;
            }
            (false, _) => continue,
        };
        for (version, dialect) in [
            ("keras2", Dialect::Keras2),
            ("tf_keras", Dialect::Keras2),
            ("keras3", Dialect::Keras3),
        ] {
            let Some(class) = versions.get(version) else {
                continue;
            };
            let written = keys(class, "config");
            for key in &written {
                // tf_keras writes what Keras 2.15 refuses and Keras 3 has: it is kept.
                let kept = id == "layer/InputLayer" && key == "optional";
                if !row.knows(kind.base(), key, dialect) && !kept {
                    wrong.push(format!("{id}: {version} writes `{key}`"));
                }
            }
            let accepted: BTreeSet<String> =
                written.union(&keys(class, "accepts")).cloned().collect();
            for key in row.written(kind.base(), dialect) {
                // An InputLayer refuses what it never has.
                let never = name == "InputLayer" && key == "activity_regularizer";
                if !accepted.contains(key) && !never {
                    wrong.push(format!("{id}: {version} refuses `{key}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_row_is_a_class_of_keras() {
    let reference = reference();
    for kind in Kind::ALL {
        for class in kind.classes() {
            let id = format!("{}/{}", kind.noun(), class.name);
            assert!(
                reference.contains_key(&id) || NOT_IN_REFERENCE.contains(&class.name),
                "{id}"
            );
        }
    }
}

#[test]
fn defaults_that_differ_are_in_the_tables() {
    let mut wrong = Vec::new();
    for (id, versions) in &reference() {
        let (Some(keras2), Some(keras3)) = (versions.get("keras2"), versions.get("keras3")) else {
            continue;
        };
        let (noun, name) = id.split_once('/').unwrap();
        let kind = kind_of(noun);
        let row = kind.classes().iter().find(|class| class.name == name);
        for (key, old) in keras2["config"].as_object().unwrap() {
            let Some(new) = keras3["config"].get(key) else {
                continue;
            };
            let described = row.is_some_and(|row| row.tells_of_absence(key));
            let harmless = HARMLESS_DIFFERENCES.contains(&format!("{name} {key}").as_str())
                || matches!(key.as_str(), "name" | "dtype" | "reduction")
                || old.is_object()
                || key == "cells";
            if old != new && !described && !harmless {
                wrong.push(format!(
                    "{id}: `{key}` is {old} in Keras 2, {new} in Keras 3"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[track_caller]
fn check(from: Dialect, object: &str, expected: &str) {
    let to = match from {
        Dialect::Keras2 => Dialect::Keras3,
        _ => Dialect::Keras2,
    };
    let object = Object::from_json(json::parse(object).unwrap(), from).unwrap();
    let translated = translate(&object, to).unwrap();
    assert_eq!(translated.to_string(), expected);
    assert_eq!(translated.dialect(), to);
}

#[track_caller]
fn refuses(from: Dialect, object: &str, kind: ErrorKind, message: &str) {
    let to = match from {
        Dialect::Keras2 => Dialect::Keras3,
        _ => Dialect::Keras2,
    };
    let object = Object::from_json(json::parse(object).unwrap(), from).unwrap();
    let error = translate(&object, to).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(error.kind(), kind);
}

#[test]
fn layers_to_keras_3() {
    check(
        Dialect::Keras2,
        r#"{"class_name": "Dense", "config": {"name": "d", "dtype": "float32", "units": 3, "activation": "swish", "kernel_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}}, "batch_input_shape": [null, 2]}}"#,
        r#"{"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}, "units": 3, "activation": "silu", "kernel_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null}}, "registered_name": null}"#,
    );
    check(
        Dialect::Keras2,
        r#"{"class_name": "BatchNormalization", "config": {"axis": [3]}}"#,
        r#"{"module": "keras.layers", "class_name": "BatchNormalization", "config": {"axis": 3}, "registered_name": null}"#,
    );
    check(
        Dialect::Keras2,
        r#"{"class_name": "GRU", "config": {"units": 2, "implementation": 1, "time_major": false}}"#,
        r#"{"module": "keras.layers", "class_name": "GRU", "config": {"units": 2, "reset_after": false}, "registered_name": null}"#,
    );
    check(
        Dialect::Keras2,
        r#"{"class_name": "LeakyReLU", "config": {"alpha": {"type": "ndarray", "value": 0.5}}}"#,
        r#"{"module": "keras.layers", "class_name": "LeakyReLU", "config": {"negative_slope": 0.5}, "registered_name": null}"#,
    );
    check(
        Dialect::Keras2,
        r#"{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 3], "dtype": "float32", "sparse": false, "name": "i"}}"#,
        r#"{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 3], "dtype": "float32", "sparse": false, "name": "i"}, "registered_name": null}"#,
    );
}

#[test]
fn layers_to_keras_2() {
    check(
        Dialect::Keras3,
        r#"{"module": "keras.layers", "class_name": "Dense", "config": {"dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "registered_name": null}, "activation": {"module": "builtins", "class_name": "function", "config": "relu6", "registered_name": "function"}, "quantization_config": null}, "build_config": {"input_shape": [null, 3]}}"#,
        r#"{"class_name": "Dense", "config": {"dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}}, "activation": "relu6"}}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"class_name": "MultiHeadAttention", "config": {"num_heads": 2, "seed": 3}, "build_config": {"shapes_dict": {"query_shape": [null, 5, 4], "value_shape": [null, 6, 4]}}}"#,
        r#"{"class_name": "MultiHeadAttention", "config": {"num_heads": 2, "query_shape": [null, 5, 4], "key_shape": [null, 6, 4], "value_shape": [null, 6, 4]}}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"class_name": "Bidirectional", "config": {"layer": {"class_name": "LSTM", "config": {"name": "forward_lstm", "go_backwards": false}}, "backward_layer": {"class_name": "LSTM", "config": {"name": "backward_lstm", "go_backwards": true}}}}"#,
        r#"{"class_name": "Bidirectional", "config": {"layer": {"class_name": "LSTM", "config": {"name": "lstm", "go_backwards": false}}}}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"class_name": "StringLookup", "config": {"dtype": "float32", "output_mode": "int"}}"#,
        r#"{"class_name": "StringLookup", "config": {"dtype": "int64", "output_mode": "int"}}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"class_name": "IntegerLookup", "config": {"dtype": "float32", "output_mode": "count"}}"#,
        r#"{"class_name": "IntegerLookup", "config": {"dtype": "float32", "output_mode": "count"}}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"class_name": "TextVectorization", "config": {"dtype": "float32", "ngrams": 2}}"#,
        r#"{"class_name": "TextVectorization", "config": {"dtype": "string", "ngrams": 2}}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"class_name": "RandomHeight", "config": {"factor": 0.5, "seed": null}}"#,
        r#"{"class_name": "RandomHeight", "config": {"factor": 0.5, "seed": null}}"#,
    );
}

#[test]
fn optimizers() {
    check(
        Dialect::Keras3,
        r#"{"module": "keras.optimizers", "class_name": "Adam", "config": {"name": "adam", "learning_rate": 0.001, "loss_scale_factor": null}}"#,
        r#"{"class_name": "Custom>Adam", "config": {"name": "Adam", "learning_rate": 0.001, "is_legacy_optimizer": false}}"#,
    );
    check(
        Dialect::Keras2,
        r#"{"class_name": "SGD", "config": {"lr": 0.1, "decay": 0.5, "momentum": 0.9, "nesterov": false}}"#,
        r#"{"module": "keras.optimizers", "class_name": "SGD", "config": {"momentum": 0.9, "nesterov": false, "learning_rate": {"module": "keras.optimizers.schedules", "class_name": "InverseTimeDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5, "staircase": false}, "registered_name": null}}, "registered_name": null}"#,
    );
    // Here `decay` is no decay of the learning rate.
    check(
        Dialect::Keras2,
        r#"{"class_name": "Nadam", "config": {"name": "Nadam", "learning_rate": 0.1, "decay": 0.004}}"#,
        r#"{"module": "keras.optimizers", "class_name": "Nadam", "config": {"learning_rate": 0.1}, "registered_name": null}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"module": "keras.optimizers", "class_name": "RMSprop", "config": {"name": "rm_sprop", "rho": 0.9, "ema_overwrite_frequency": null}}"#,
        r#"{"class_name": "Custom>RMSprop", "config": {"name": "RMSprop", "rho": 0.9, "ema_overwrite_frequency": null, "is_legacy_optimizer": false}}"#,
    );
}

#[test]
fn what_cannot_be_said_is_an_error() {
    refuses(
        Dialect::Keras2,
        r#"{"class_name": "LSTM", "config": {"name": "l", "time_major": true}}"#,
        ErrorKind::Unsupported,
        "layer `l` (LSTM): `time_major` of LSTM is true, which has no counterpart in Keras 3",
    );
    refuses(
        Dialect::Keras2,
        r#"{"class_name": "Dense", "config": {"mood": "blue"}}"#,
        ErrorKind::Unsupported,
        "layer Dense: `mood` of Dense is \"blue\", which has no counterpart in Keras 3",
    );
    refuses(
        Dialect::Keras2,
        r#"{"class_name": "ThresholdedReLU", "config": {}}"#,
        ErrorKind::Unsupported,
        "the layer `ThresholdedReLU` has no counterpart in Keras 3",
    );
    refuses(
        Dialect::Keras3,
        r#"{"class_name": "mine>Scale", "config": {}}"#,
        ErrorKind::UnknownObject,
        "layer `mine>Scale` is not built into Keras, so it cannot be translated to Keras 2",
    );
    refuses(
        Dialect::Keras3,
        r#"{"module": "keras.src.ops.numpy", "class_name": "Add", "config": {}}"#,
        ErrorKind::Unsupported,
        "the operation `Add` has no counterpart in Keras 2",
    );
    refuses(
        Dialect::Keras2,
        r#"{"class_name": "Lambda", "config": {"function": ["4wEA", null, null]}}"#,
        ErrorKind::Refused,
        "a `Lambda` holds Python bytecode, which is not moved to Keras 3",
    );
    refuses(
        Dialect::Keras3,
        r#"{"class_name": "Activation", "config": {"activation": "celu"}}"#,
        ErrorKind::Unsupported,
        "layer Activation: `activation` of Activation is \"celu\", which has no counterpart in Keras 2",
    );
}

#[test]
fn objects_that_nest_too_deep_are_an_error() {
    let mut layer = r#"{"class_name": "Dense", "config": {}}"#.to_owned();
    for _ in 0..MAX_NESTING {
        layer = format!(r#"{{"class_name": "TimeDistributed", "config": {{"layer": {layer}}}}}"#);
    }
    let json = json::parse_with(&layer, &Limits::unlimited()).unwrap();
    let object = Object::from_json(json, Dialect::Keras2).unwrap();
    let error = translate(&object, Dialect::Keras3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}

#[test]
fn nothing_is_translated_back_to_keras_1() {
    let object = Object::new("Flatten", Map::new());
    let error = translate(&object, Dialect::Keras1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.message(),
        "configs of Keras 3 cannot be translated to Keras 1"
    );
}

#[test]
fn sequential_models() {
    // A bare list of layers, as before Keras 2.3: the input gets its own layer.
    check(
        Dialect::Keras2,
        r#"{"class_name": "Sequential", "config": [{"class_name": "Flatten", "config": {"name": "f", "batch_input_shape": [null, 3], "dtype": "float32"}}]}"#,
        r#"{"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "trainable": true, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}, "layers": [{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 3], "dtype": "float32", "sparse": false, "ragged": false, "name": "f_input", "optional": false}, "registered_name": null}, {"module": "keras.layers", "class_name": "Flatten", "config": {"name": "f", "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}}, "registered_name": null}], "build_input_shape": [null, 3]}, "registered_name": null}"#,
    );
    check(
        Dialect::Keras3,
        r#"{"class_name": "Sequential", "config": {"name": "s", "trainable": true, "layers": [{"class_name": "InputLayer", "config": {"batch_shape": [null, 3], "optional": false}}], "build_input_shape": [null, 3]}}"#,
        r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 3]}}]}}"#,
    );
}

/// A Functional model in both dialects: an input, a nested model called twice, an LSTM with states.
const FUNCTIONAL: [&str; 2] = [
    r#"{"class_name": "Functional", "config": {"name": "m", "trainable": true, "layers": [{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 3, 2], "name": "a"}, "name": "a", "inbound_nodes": []}, {"class_name": "Functional", "config": {"name": "inner", "trainable": true, "layers": [{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 3, 2], "name": "b"}, "name": "b", "inbound_nodes": []}], "input_layers": [["b", 0, 0]], "output_layers": [["b", 0, 0]]}, "name": "inner", "inbound_nodes": [[["a", 0, 0, {}]], [["inner", 1, 0, {}]]]}, {"class_name": "LSTM", "config": {"name": "l"}, "name": "l", "inbound_nodes": [[["inner", 2, 0, {}], ["a", 0, 0, {}], ["a", 0, 0, {}]]]}], "input_layers": [["a", 0, 0]], "output_layers": [["l", 0, 0], ["inner", 1, 0]]}}"#,
    r#"{"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "m", "trainable": true, "layers": [{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 3, 2], "name": "a"}, "registered_name": null, "name": "a", "inbound_nodes": []}, {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "inner", "trainable": true, "layers": [{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 3, 2], "name": "b"}, "registered_name": null, "name": "b", "inbound_nodes": []}], "input_layers": ["b", 0, 0], "output_layers": ["b", 0, 0]}, "registered_name": "Functional", "name": "inner", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 3, 2], "dtype": "float32", "keras_history": ["a", 0, 0]}}], "kwargs": {}}, {"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null], "dtype": "float32", "keras_history": ["inner", 0, 0]}}], "kwargs": {}}]}, {"module": "keras.layers", "class_name": "LSTM", "config": {"name": "l"}, "registered_name": null, "name": "l", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null], "dtype": "float32", "keras_history": ["inner", 1, 0]}}], "kwargs": {"initial_state": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 3, 2], "dtype": "float32", "keras_history": ["a", 0, 0]}}, {"class_name": "__keras_tensor__", "config": {"shape": [null, 3, 2], "dtype": "float32", "keras_history": ["a", 0, 0]}}]}}]}], "input_layers": ["a", 0, 0], "output_layers": [["l", 0, 0], ["inner", 1, 0]]}, "registered_name": "Functional"}"#,
];

#[test]
fn functional_models_there_and_back() {
    let [keras2, keras3] = FUNCTIONAL;
    check(Dialect::Keras2, keras2, keras3);
    check(Dialect::Keras3, keras3, keras2);
}

#[test]
fn a_call_of_a_missing_layer_is_an_error() {
    refuses(
        Dialect::Keras2,
        r#"{"class_name": "Functional", "config": {"name": "m", "layers": [{"class_name": "Flatten", "config": {}, "name": "f", "inbound_nodes": [[["x", 0, 0, {}]]]}]}}"#,
        ErrorKind::Malformed,
        "layer `m` (Functional): calls of layer `f`: there is no layer `x` in the model",
    );
}

#[test]
fn masks_that_keras_3_computes_by_operations_are_left_out() {
    let tensor = |layer: &str| {
        format!(
            r#"{{"class_name": "__keras_tensor__", "config": {{"shape": [null, 5], "dtype": "float32", "keras_history": ["{layer}", 0, 0]}}}}"#
        )
    };
    let (a, e, n) = (tensor("a"), tensor("e"), tensor("n"));
    let keras3 = format!(
        r#"{{"class_name": "Functional", "config": {{"name": "m", "layers": [
            {{"class_name": "InputLayer", "config": {{"batch_shape": [null, 5]}}, "name": "a", "inbound_nodes": []}},
            {{"class_name": "Embedding", "config": {{"mask_zero": true}}, "name": "e", "inbound_nodes": [{{"args": [{a}], "kwargs": {{}}}}]}},
            {{"class_name": "NotEqual", "config": {{}}, "name": "n", "inbound_nodes": [{{"args": [{a}, 0], "kwargs": {{}}}}]}},
            {{"class_name": "LSTM", "config": {{}}, "name": "l", "inbound_nodes": [{{"args": [{e}], "kwargs": {{"training": false, "mask": {n}}}}}]}}
        ], "input_layers": ["a", 0, 0], "output_layers": ["l", 0, 0]}}}}"#
    );
    check(
        Dialect::Keras3,
        &keras3,
        r#"{"class_name": "Functional", "config": {"name": "m", "trainable": true, "layers": [{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 5]}, "name": "a", "inbound_nodes": []}, {"class_name": "Embedding", "config": {"mask_zero": true}, "name": "e", "inbound_nodes": [[["a", 0, 0, {}]]]}, {"class_name": "LSTM", "config": {}, "name": "l", "inbound_nodes": [[["e", 0, 0, {}]]]}], "input_layers": [["a", 0, 0]], "output_layers": [["l", 0, 0]]}}"#,
    );
}

#[track_caller]
fn check_training(from: Dialect, to: Dialect, config: &str, expected: &str) {
    let config = json::parse(config).unwrap();
    let config = CompileConfig::from_json(config, from).unwrap();
    let translated = config.to_dialect(to).unwrap();
    assert_eq!(json::object_to_string(translated.json()), expected);
}

#[test]
fn training_configs() {
    check_training(
        Dialect::Keras2,
        Dialect::Keras3,
        r#"{"loss": "mse", "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "dtype": "float32", "fn": "binary_accuracy"}}, "mae"]], "weighted_metrics": null, "loss_weights": null, "optimizer_config": {"class_name": "Custom>Adam", "config": {"name": "Adam", "jit_compile": false, "is_legacy_optimizer": false, "learning_rate": 0.001}}}"#,
        r#"{"loss": "mean_squared_error", "metrics": [{"module": "keras.metrics", "class_name": "BinaryAccuracy", "config": {"name": "accuracy", "dtype": "float32"}, "registered_name": null}, "mae"], "weighted_metrics": null, "loss_weights": null, "run_eagerly": false, "steps_per_execution": 1, "jit_compile": false, "optimizer_config": {"class_name": "Adam", "config": {"learning_rate": 0.001}}}"#,
    );
    check_training(
        Dialect::Keras3,
        Dialect::Keras2,
        r#"{"loss": {"class_name": "BinaryCrossentropy", "config": {"name": "b", "reduction": "sum_over_batch_size", "from_logits": true}}, "loss_weights": null, "metrics": ["accuracy"], "weighted_metrics": null, "run_eagerly": false, "steps_per_execution": 1, "jit_compile": false, "optimizer_config": {"class_name": "SGD", "config": {"name": "SGD", "momentum": 0.9}}}"#,
        r#"{"loss": {"class_name": "BinaryCrossentropy", "config": {"name": "b", "reduction": "sum_over_batch_size", "from_logits": true}}, "metrics": ["accuracy"], "weighted_metrics": null, "loss_weights": null, "optimizer_config": {"class_name": "Custom>SGD", "config": {"name": "SGD", "momentum": 0.9, "is_legacy_optimizer": false}}}"#,
    );
}
