use super::*;
use crate::keras::json;

fn operation(class: &str, config: &str) -> Box<dyn Layer> {
    let config = match json::parse(config).unwrap() {
        Value::Object(config) => config,
        other => panic!("{other}"),
    };
    let object = match class {
        "TFOpLambda" | "TensorFlowOpLayer" => Object::new(class, config),
        class => {
            let json = serde_json::json!({
                "module": "keras.src.ops.numpy",
                "class_name": class,
                "config": config,
                "registered_name": class,
            });
            Object::from_json(json, crate::keras::Dialect::Keras3).unwrap()
        }
    };
    LayerRegistry::builtin().build(&object).unwrap()
}

#[test]
fn what_is_not_known_names_the_function() {
    #[track_caller]
    fn check(class: &str, config: &str, inputs: Inputs, expected: &str) {
        let layer = operation(class, config);
        assert_eq!(layer.variables(&inputs).unwrap(), []);
        let error = layer.output_shapes(&inputs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_eq!(error.to_string(), expected);
    }
    let one = || Inputs::one([2, 3]);
    check(
        "TFOpLambda",
        r#"{"function": "signal.fft"}"#,
        one(),
        "what shape `signal.fft` gives is not known",
    );
    check("Fft", "{}", one(), "what shape `Fft` gives is not known");
    check(
        "TensorFlowOpLayer",
        r#"{"node_def": {"op": "FFT"}}"#,
        one(),
        "TensorFlow's `FFT`: what shape it gives is not known",
    );
    check(
        "TFOpLambda",
        r#"{"function": "reshape"}"#,
        one().with("shape", [Shape::known(&[2])]),
        "`reshape`: `shape` is computed by the model, so what shape comes out is not known",
    );
    check(
        "Einsum",
        r#"{"subscripts": "...i,ij->...j"}"#,
        one(),
        "`Einsum`: the equation `...i,ij->...j` is not understood",
    );
    check(
        "TFOpLambda",
        r#"{"function": "where"}"#,
        one(),
        "`where`: how many elements it finds is not known",
    );
}

#[test]
fn arguments_that_do_not_go_with_the_input_are_refused() {
    #[track_caller]
    fn check(class: &str, config: &str, inputs: &[&[u64]], expected: &str) {
        let layer = operation(class, config);
        let inputs = Inputs::of(inputs.iter().map(|sizes| Shape::known(sizes)));
        let error = layer.output_shapes(&inputs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidModel, "{error}");
        assert_eq!(error.message(), expected);
    }
    check(
        "Add",
        "{}",
        &[&[2, 3], &[2, 4]],
        "sizes (2, 3) and (2, 4), expected equal ones, or 1, from the back",
    );
    check(
        "Mean",
        r#"{"axis": 2}"#,
        &[&[2, 3]],
        "axis 2 of an input of shape (2, 3), expected one of its 2 axes",
    );
    check(
        "Matmul",
        "{}",
        &[&[2, 3], &[4, 5]],
        "matrices of shapes (2, 3) and (4, 5) to multiply",
    );
    check(
        "Transpose",
        r#"{"axes": [0, 0]}"#,
        &[&[2, 3]],
        "the order [0, 0] of 2 axes, expected each once",
    );
    check(
        "Squeeze",
        r#"{"axis": 1}"#,
        &[&[2, 3]],
        "axis 1 of an input of shape (2, 3) to leave out, expected the size 1",
    );
    check(
        "Split",
        r#"{"indices_or_sections": 0, "axis": 1}"#,
        &[&[2, 3]],
        "0 parts of (2, 3)",
    );
    check(
        "Pad",
        r#"{"pad_width": [[1, 1], [1, 1], [1, 1]]}"#,
        &[&[2, 3]],
        "borders of 3 axes for an input of shape (2, 3)",
    );
}

#[test]
fn shapes_that_are_too_large_stay_unknown() {
    let inputs = Inputs::one([u64::MAX, 3]);
    let tile = operation("Tile", r#"{"repeats": [2, 1]}"#);
    let shapes = tile.output_shapes(&inputs).unwrap();
    assert_eq!(shapes[0].to_string(), "(None, 3)");
    assert!(operation("Ravel", "{}").output_shapes(&inputs).is_err());
}
