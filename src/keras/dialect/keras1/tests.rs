use super::*;
use crate::keras::{Network, Part, json, translate};
use crate::limits::Limits;
use crate::tensor::Tensor;

fn object(text: &str) -> Object {
    Object::from_json(json::parse(text).unwrap(), Dialect::Keras1).unwrap()
}

fn config(class: &str, config: &str) -> Result<Object> {
    let text = format!(r#"{{"class_name": "{class}", "config": {config}}}"#);
    translate(&object(&text), Dialect::Keras2)
}

#[track_caller]
fn check(class: &str, old: &str, new_class: &str, new: &str) {
    let translated = config(class, old).unwrap();
    let expected = format!(r#"{{"class_name": "{new_class}", "config": {new}}}"#);
    assert_eq!(translated.to_string(), expected);
    // What Keras 2 understands, Keras 3 can be told, if it has the class.
    if !["ThresholdedReLU", "LocallyConnected1D"].contains(&new_class) {
        translated.to_dialect(Dialect::Keras3).unwrap();
    }
}

const GLOROT: &str = r#"{"class_name": "GlorotUniform", "config": {"seed": null}}"#;

#[test]
fn layers() {
    check(
        "Dense",
        r#"{"name": "d", "trainable": true, "batch_input_shape": [null, 4], "input_dtype": "float32", "output_dim": 6, "init": "glorot_uniform", "activation": "linear", "W_regularizer": null, "bias": true, "input_dim": 4}"#,
        "Dense",
        &format!(
            r#"{{"name": "d", "trainable": true, "batch_input_shape": [null, 4], "dtype": "float32", "units": 6, "kernel_initializer": {GLOROT}, "activation": "linear", "kernel_regularizer": null, "use_bias": true}}"#
        ),
    );
    check(
        "Convolution2D",
        r#"{"name": "c", "nb_filter": 2, "nb_row": 3, "nb_col": 5, "border_mode": "same", "subsample": [1, 2], "dim_ordering": "th"}"#,
        "Conv2D",
        r#"{"name": "c", "filters": 2, "padding": "same", "strides": [1, 2], "data_format": "channels_first", "kernel_size": [3, 5]}"#,
    );
    check(
        "Embedding",
        r#"{"name": "e", "input_dtype": "int32", "input_dim": 4, "output_dim": 5, "init": "one", "input_length": 10, "mask_zero": false, "W_constraint": null, "dropout": 0.5}"#,
        "Embedding",
        r#"{"name": "e", "input_dim": 4, "output_dim": 5, "embeddings_initializer": {"class_name": "Ones", "config": {}}, "input_length": 10, "mask_zero": false, "embeddings_constraint": null}"#,
    );
    check(
        "LSTM",
        r#"{"name": "l", "output_dim": 3, "inner_init": "zero", "forget_bias_init": "one", "inner_activation": "hard_sigmoid", "dropout_W": 0.1, "dropout_U": 0.2, "consume_less": "gpu", "input_dim": null}"#,
        "LSTM",
        r#"{"name": "l", "units": 3, "recurrent_initializer": {"class_name": "Zeros", "config": {}}, "unit_forget_bias": true, "recurrent_activation": "hard_sigmoid", "dropout": 0.1, "recurrent_dropout": 0.2, "implementation": 2}"#,
    );
    // Keras 2.15 would reset after.
    check(
        "GRU",
        r#"{"name": "g", "consume_less": "cpu"}"#,
        "GRU",
        r#"{"name": "g", "implementation": 1, "reset_after": false}"#,
    );
    check(
        "BatchNormalization",
        r#"{"name": "b", "epsilon": 0.001, "mode": 0, "axis": 1, "momentum": 0.9, "gamma_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5}}"#,
        "BatchNormalization",
        r#"{"name": "b", "epsilon": 0.001, "axis": 1, "momentum": 0.9, "gamma_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}}}"#,
    );
    check(
        "MaxPooling1D",
        r#"{"name": "m", "stride": 2, "pool_length": 3, "border_mode": "valid"}"#,
        "MaxPooling1D",
        r#"{"name": "m", "strides": 2, "pool_size": 3, "padding": "valid"}"#,
    );
    check(
        "TimeDistributed",
        r#"{"name": "t", "layer": {"class_name": "Dropout", "config": {"name": "d", "p": 0.5}}}"#,
        "TimeDistributed",
        r#"{"name": "t", "layer": {"class_name": "Dropout", "config": {"name": "d", "rate": 0.5}}}"#,
    );
    check(
        "Convolution3D",
        r#"{"kernel_dim1": 1, "kernel_dim2": 2, "kernel_dim3": 3, "W_constraint": {"name": "MinMaxNorm", "low": 0, "high": 1, "rate": 0.5, "axis": 0}}"#,
        "Conv3D",
        r#"{"kernel_constraint": {"class_name": "MinMaxNorm", "config": {"min_value": 0, "max_value": 1, "rate": 0.5, "axis": 0}}, "kernel_size": [1, 2, 3]}"#,
    );
}

#[test]
fn paddings() {
    for (class, old, new) in [
        ("ZeroPadding1D", r#"{"left_pad": 1}"#, "[1, 0]"),
        ("ZeroPadding1D", "2", "2"),
        (
            "ZeroPadding2D",
            r#"{"top_pad": 1, "right_pad": 2}"#,
            r#"[[1, 0], [0, 2]], "data_format": "channels_last""#,
        ),
        (
            "ZeroPadding2D",
            "[1, 2, 3, 4]",
            r#"[[1, 2], [3, 4]], "data_format": "channels_last""#,
        ),
        (
            "ZeroPadding2D",
            "[1, 2]",
            r#"[1, 2], "data_format": "channels_last""#,
        ),
    ] {
        let old = format!(r#"{{"padding": {old}}}"#);
        check(class, &old, class, &format!(r#"{{"padding": {new}}}"#));
    }
}

#[test]
fn how_large_a_transposed_convolution_is() {
    let padding = |border: &str, kernel: u64, size: u64| {
        let old = format!(
            r#"{{"nb_filter": 1, "nb_row": {kernel}, "nb_col": {kernel}, "border_mode": "{border}", "subsample": [2, 2], "dim_ordering": "tf", "output_shape": [null, {size}, 8, 1]}}"#
        );
        let translated = config("Deconvolution2D", &old)?;
        let padding = translated.config().get("output_padding");
        Ok::<_, Error>(padding.map(Value::to_string))
    };
    // Four rows in: (4 - 1) · 2 + 3 rows are 9, with one more 10.
    assert_eq!(padding("valid", 2, 8).unwrap(), None);
    assert_eq!(padding("valid", 2, 9).unwrap().unwrap(), "[1,0]");
    assert_eq!(padding("same", 3, 8).unwrap(), None);
    assert_eq!(padding("same", 3, 7).unwrap().unwrap(), "[0,1]");
    // An even kernel cannot be told to give a whole stride more on one axis only.
    let error = padding("same", 2, 7).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn merges() {
    for (mode, class, more) in [
        ("sum", "Add", ""),
        ("mul", "Multiply", ""),
        ("ave", "Average", ""),
        ("max", "Maximum", ""),
        ("concat", "Concatenate", r#", "axis": 1"#),
        ("dot", "Dot", r#", "axes": [1, 2], "normalize": false"#),
    ] {
        check(
            "Merge",
            &format!(
                r#"{{"name": "m", "mode": "{mode}", "mode_type": "raw", "concat_axis": 1, "dot_axes": [[1], [2]], "arguments": {{}}}}"#
            ),
            class,
            &format!(r#"{{"name": "m"{more}}}"#),
        );
    }
}

#[test]
fn what_has_no_counterpart_is_an_error() {
    for (class, old, kind, part) in [
        ("Highway", "{}", ErrorKind::Unsupported, "Highway"),
        ("MaxoutDense", "{}", ErrorKind::Unsupported, "MaxoutDense"),
        ("SReLU", "{}", ErrorKind::Unsupported, "SReLU"),
        ("Lambda", "{}", ErrorKind::Refused, "bytecode"),
        ("Mine", "{}", ErrorKind::UnknownObject, "not built into"),
        ("Dense", r#"{"mood": 1}"#, ErrorKind::Unsupported, "`mood`"),
        (
            "BatchNormalization",
            r#"{"mode": 2}"#,
            ErrorKind::Unsupported,
            "`mode`",
        ),
        (
            "Dense",
            r#"{"W_regularizer": {"name": "EigenvalueRegularizer", "k": 1}}"#,
            ErrorKind::Unsupported,
            "regularizer",
        ),
        (
            "Dense",
            r#"{"W_constraint": {"name": "Mine"}}"#,
            ErrorKind::Unsupported,
            "constraint",
        ),
        (
            "Merge",
            r#"{"mode": "cos"}"#,
            ErrorKind::Unsupported,
            "`mode`",
        ),
        (
            "Merge",
            r#"{"mode": "f", "mode_type": "lambda"}"#,
            ErrorKind::Refused,
            "bytecode",
        ),
        (
            "Merge",
            r#"{"mode": "sum", "layers": []}"#,
            ErrorKind::Unsupported,
            "models of its own",
        ),
        (
            "TimeDistributed",
            r#"{"layer": 1}"#,
            ErrorKind::Malformed,
            "no layer",
        ),
        ("Dense", "[]", ErrorKind::Malformed, "without `config`"),
        ("Sequential", "1", ErrorKind::Malformed, "`layers`"),
        ("Model", "{}", ErrorKind::Malformed, "`layers`"),
    ] {
        let error = config(class, old).unwrap_err();
        assert_eq!(error.kind(), kind, "{class}: {error}");
        assert!(error.message().contains(part), "{class}: {error}");
    }
}

#[test]
fn models_nest_only_so_deep() {
    let mut text = r#"{"class_name": "Flatten", "config": {}}"#.to_owned();
    for _ in 0..=MAX_NESTING {
        text = format!(r#"{{"class_name": "TimeDistributed", "config": {{"layer": {text}}}}}"#);
    }
    let json = json::parse_with(&text, &Limits::unlimited()).unwrap();
    let deep = Object::from_json(json, Dialect::Keras1).unwrap();
    let error = translate(&deep, Dialect::Keras2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}

#[test]
fn the_order_of_axes_is_that_of_the_program() {
    let translated = translate(
        &object(
            r#"{"class_name": "Sequential", "config": [
                {"class_name": "UpSampling2D", "config": {"name": "u", "size": [2, 2]}},
                {"class_name": "MaxPooling2D", "config": {"name": "p", "dim_ordering": "th"}},
                {"class_name": "Sequential", "config": [{"class_name": "Flatten", "config": {"name": "f"}}]}]}"#,
        ),
        Dialect::Keras2,
    );
    // The layers of the inner model are those of the outer one, as Keras 1 saved them.
    assert_eq!(
        translated.unwrap().to_string(),
        r#"{"class_name": "Sequential", "config": {"name": "sequential_1", "layers": [{"class_name": "UpSampling2D", "config": {"name": "u", "size": [2, 2], "data_format": "channels_first"}}, {"class_name": "MaxPooling2D", "config": {"name": "p", "data_format": "channels_first"}}, {"class_name": "Flatten", "config": {"name": "f"}}]}}"#
    );
}

#[test]
fn calls_of_functional_models() {
    let translated = translate(
        &object(
            r#"{"class_name": "Model", "config": {"name": "m", "layers": [
                {"class_name": "InputLayer", "name": "i", "inbound_nodes": [], "config": {"batch_input_shape": [null, 2], "input_dtype": "int32", "sparse": false, "name": "i"}},
                {"class_name": "Flatten", "name": "f", "inbound_nodes": [[["i", 0, 0]]], "config": {"name": "f"}}],
                "input_layers": [["i", 0, 0]], "output_layers": [["f", 0, 0]]}}"#,
        ),
        Dialect::Keras2,
    );
    assert_eq!(
        translated.unwrap().to_string(),
        r#"{"class_name": "Functional", "config": {"name": "m", "layers": [{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "dtype": "int32", "sparse": false, "name": "i", "ragged": false}, "name": "i", "inbound_nodes": []}, {"class_name": "Flatten", "config": {"name": "f"}, "name": "f", "inbound_nodes": [[["i", 0, 0, {}]]]}], "input_layers": [["i", 0, 0]], "output_layers": [["f", 0, 0]]}}"#
    );
}

/// Arrays of these shapes through the rules of a layer of Keras 2.
fn rewritten(layer: &str, stored: &[(&str, &[u64])], how: Rewrite) -> Result<Vec<Vec<u64>>> {
    let text = format!(r#"{{"class_name": "Sequential", "config": [{layer}]}}"#);
    let object = Object::from_json(json::parse(&text).unwrap(), Dialect::Keras2).unwrap();
    let network = Network::from_object(object, &Limits::default()).unwrap();
    let part = Part::of(&network, "x").unwrap();
    let stored: Vec<(&str, Tensor<'static>)> = stored
        .iter()
        .map(|(name, shape)| (*name, Tensor::zeros(crate::DType::Float32, shape).unwrap()))
        .collect();
    let tensors = rewrite(part, &stored, how)?;
    Ok(tensors.iter().map(|it| it.shape().to_vec()).collect())
}

const OLD: Rewrite = Rewrite {
    from_keras1: true,
    flip: false,
};

#[test]
fn arrays() {
    let layer = |class: &str, more: &str| {
        format!(r#"{{"class_name": "{class}", "config": {{"name": "x"{more}}}}}"#)
    };
    let first = r#", "data_format": "channels_first""#;
    for (layer, stored, expected) in [
        (layer("Dense", ""), vec![2, 3], vec![2, 3]),
        (layer("Conv2D", ""), vec![3, 4, 2, 5], vec![3, 4, 2, 5]),
        (layer("Conv2D", first), vec![5, 2, 3, 4], vec![3, 4, 2, 5]),
        (
            layer("Conv2DTranspose", ""),
            vec![3, 4, 2, 5],
            vec![3, 4, 5, 2],
        ),
        (
            layer("Conv2DTranspose", first),
            vec![5, 2, 3, 4],
            vec![3, 4, 5, 2],
        ),
        (
            layer("Conv3D", first),
            vec![5, 2, 3, 4, 6],
            vec![3, 4, 6, 2, 5],
        ),
        (
            layer("SeparableConv2D", first),
            vec![5, 2, 3, 4],
            vec![3, 4, 2, 5],
        ),
        (
            layer("Conv1D", r#", "kernel_size": [3], "filters": 5"#),
            vec![3, 1, 2, 5],
            vec![3, 2, 5],
        ),
        (
            layer("Conv1D", r#", "kernel_size": 3, "filters": 5"#),
            vec![5, 2, 3, 1],
            vec![3, 2, 5],
        ),
    ] {
        let found = rewritten(&layer, &[("x_W", &stored)], OLD).unwrap();
        assert_eq!(found, [expected], "{layer}");
    }
    let wrong = layer("Conv1D", r#", "kernel_size": 3, "filters": 5"#);
    let error = rewritten(&wrong, &[("x_W", &[4, 1, 2, 5])], OLD).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let gates: Vec<(&str, &[u64])> = [("W", &[2, 3][..]), ("U", &[3, 3]), ("b", &[3])].repeat(4);
    let found = rewritten(&layer("LSTM", ""), &gates, OLD).unwrap();
    assert_eq!(found, [vec![2, 12], vec![3, 12], vec![12]]);
    let found = rewritten(&layer("GRU", ""), &gates[..9], OLD).unwrap();
    assert_eq!(found, [vec![2, 9], vec![3, 9], vec![9]]);
    let uneven: Vec<(&str, &[u64])> = gates.iter().map(|(name, _)| (*name, &[2, 3][..])).collect();
    assert!(rewritten(&layer("LSTM", ""), &uneven, OLD).is_ok());
}

#[test]
fn arrays_of_models_in_models_go_by_their_names() {
    let model = r#"{"class_name": "Sequential", "name": "x", "config": {"name": "x", "layers": [
        {"class_name": "Conv2D", "config": {"name": "c_1", "data_format": "channels_first"}},
        {"class_name": "Conv2D", "config": {"name": "c_10"}},
        {"class_name": "Bidirectional", "config": {"name": "b", "layer": {"class_name": "LSTM", "config": {"name": "l"}}}}]}}"#;
    let kernel: &[u64] = &[5, 2, 3, 4];
    let found = rewritten(
        model,
        &[
            ("scope/c_1_W:0", kernel),
            ("c_10_W:0", kernel),
            ("forward_l_W:0", &[2, 3]),
            ("backward_l_W:0", &[2, 3]),
        ],
        OLD,
    );
    assert_eq!(
        found.unwrap(),
        [vec![3, 4, 2, 5], vec![5, 2, 3, 4], vec![2, 3], vec![2, 3]]
    );
    let error = rewritten(model, &[("c_2_W:0", kernel)], OLD).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}
