use crate::tensor::Shape;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::ErrorKind;
use crate::keras::{Dialect, Sequential, json};
use crate::layers::{Dense, GRU, LSTM};

fn sequence() -> Inputs {
    Inputs::one([None, Some(7), Some(3)])
}

fn paths(called: &Called) -> Vec<&str> {
    called.variables.iter().map(|it| it.path.as_str()).collect()
}

#[track_caller]
fn refuses(called: Result<Called>, message: &str) {
    assert_eq!(called.unwrap_err().to_string(), message);
}

#[test]
fn inputs_that_do_not_fit() {
    refuses(
        TimeDistributed::new(Dense::new(5)).call(&Inputs::default()),
        "called without a tensor, expected one as the first argument",
    );
    refuses(
        TimeDistributed::new(Dense::new(5)).call(&Inputs::one([None, Some(3)])),
        "an input of shape (None, 3) with 2 axes, expected at least 3",
    );
    refuses(
        Bidirectional::new(LSTM::new(4)).call(&Inputs::one([None, Some(3)])),
        "layer `forward_lstm`: an input of shape (None, 3) with 2 axes, expected 3",
    );
    let different = Bidirectional::new(LSTM::new(4)).backward_layer(GRU::new(4).return_state(true));
    refuses(
        different.call(&sequence()),
        "outputs of shapes (None, 4) and (None, 4), with 0 and 1 states, expected both directions \
         to give the same",
    );
    refuses(
        SpectralNormalization::new(LSTM::new(4)).call(&sequence()),
        "layer `lstm` (LSTM) has neither `kernel` nor `embeddings`",
    );
}

#[test]
fn a_network_may_be_inside() {
    let inner = Sequential::new("inner")
        .add(Dense::new(5).input_shape([3]).name("a").trainable(false))
        .add(Dense::new(2).name("b"));
    let called = TimeDistributed::new(inner).call(&sequence()).unwrap();
    assert_eq!(called.outputs[0].to_string(), "(None, 7, 2)");
    let expected = [
        "inner/b/kernel",
        "inner/b/bias",
        "inner/a/kernel",
        "inner/a/bias",
    ];
    assert_eq!(paths(&called), expected);
}

#[test]
fn the_backward_layer_may_be_another() {
    let both = Bidirectional::new(GRU::new(4).name("forward_g"));
    let called = both.call(&sequence()).unwrap();
    let first = |called: &Called| {
        paths(called)
            .iter()
            .map(|path| path.split('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(first(&called)[0], "forward_g");
    assert_eq!(first(&called)[3], "backward_forward_g");
    let both = both.backward_layer(GRU::new(5).name("other").go_backwards(true));
    let called = both.call(&sequence()).unwrap();
    assert_eq!(first(&called)[3], "other");
    assert_eq!(called.outputs[0].to_string(), "(None, 9)");
}

/// Counts how often it is asked.
#[derive(Debug)]
struct Asked(Arc<AtomicUsize>);

impl Layer for Asked {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(vec![VariableSpec::new("kernel", [3, 2], "zeros")])
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(inputs.all().to_vec())
    }
}

/// Classes of the user are found at any depth, in any dialect, and asked once.
#[test]
fn what_is_inside_is_asked_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut registry = LayerRegistry::builtin();
    let count = Arc::clone(&asked);
    registry.register("mine>Asked", move |_| {
        Ok(Box::new(Asked(Arc::clone(&count))))
    });
    const DEPTH: usize = 30;
    for (dialect, around) in [
        (
            Dialect::Keras3,
            r#""module": "keras.layers", "registered_name": null"#,
        ),
        (Dialect::Keras2, r#""other": null"#),
    ] {
        let mut text = format!(r#"{{"class_name": "mine>Asked", {around}, "config": {{}}}}"#);
        for _ in 0..DEPTH {
            text = format!(
                r#"{{"class_name": "TimeDistributed", {around}, "config": {{"name": "t", "layer": {text}}}}}"#
            );
        }
        text = format!(
            r#"{{"class_name": "SpectralNormalization", {around}, "config": {{"layer": {text}}}}}"#
        );
        let object = Object::from_json(json::parse(&text).unwrap(), dialect).unwrap();
        let layer = registry.build(&object).unwrap();
        let sizes = vec![Some(3); DEPTH + 2];
        asked.store(0, Ordering::Relaxed);
        let error = layer.call(&Inputs::one(Shape(sizes))).unwrap_err();
        assert!(error.message().contains("neither `kernel`"), "{error}");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_bidirectional_layer_goes_both_ways_once() {
    let mut layer = Object::from(LSTM::new(4).return_sequences(true));
    for _ in 0..40 {
        layer = Bidirectional::new(layer).into();
    }
    refuses(
        LayerRegistry::builtin()
            .build(&layer)
            .unwrap()
            .call(&sequence()),
        "a `Bidirectional` in a `Bidirectional`, expected a recurrent layer",
    );
}

#[test]
fn unknown_layers_inside_are_unknown() {
    let object = Object::from(TimeDistributed::new(Object::new(
        "Mystery",
        serde_json::Map::new(),
    )));
    let error = LayerRegistry::builtin().build(&object).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownObject);
    let object = Object::new("TimeDistributed", serde_json::Map::new()).with("layer", 5);
    assert_eq!(
        LayerRegistry::builtin()
            .build(&object)
            .unwrap_err()
            .to_string(),
        "`layer` of a TimeDistributed: found 5, expected a serialized layer"
    );
}

/// Keras 2.15 wrote modules, too, into layers in layers.
#[test]
fn layers_inside_are_of_the_dialect_of_the_wrapper() {
    let own = r#"{"class_name": "MyOwn", "config": {}}"#;
    let gru = format!(
        r#"{{"module": "keras.layers", "class_name": "GRU", "config": {{"units": 4, "kernel_initializer": {own}}}}}"#
    );
    let text = format!(r#"{{"class_name": "TimeDistributed", "config": {{"layer": {gru}}}}}"#);
    let object = Object::from_json(json::parse(&text).unwrap(), Dialect::Keras2).unwrap();
    let layer = LayerRegistry::builtin().build(&object).unwrap();
    let input = Inputs::one([None, Some(7), Some(5), Some(3)]);
    // Before Keras 3 a GRU without `reset_after` resets before.
    assert_eq!(layer.variables(&input).unwrap()[2].shape, [12]);
}

#[test]
fn a_wrapper_holds_a_layer() {
    let wrapper = Wrapper::new(Dense::new(5).name("d")).trainable(false);
    let called = wrapper.call(&Inputs::one([None, Some(3)])).unwrap();
    assert_eq!(paths(&called), ["d/kernel", "d/bias"]);
    assert!(called.variables.iter().all(|it| !it.trainable));
    assert_eq!(called.outputs[0].to_string(), "(None, 5)");
}

/// The whole of a wrapped layer changes its dialect.
#[test]
fn wrapped_layers_are_translated() {
    let both = Bidirectional::new(LSTM::new(4).dtype("float64")).merge_mode(None);
    let old = Object::from(both.clone())
        .to_dialect(Dialect::Keras2)
        .unwrap();
    assert_eq!(old.config()["layer"]["config"]["dtype"], "float64");
    assert_eq!(old.config()["merge_mode"], Value::Null);
    let back = Bidirectional::from_object(&old).unwrap();
    assert_eq!(back.merge_mode, None);
    assert_eq!(
        back.call(&sequence()).unwrap(),
        both.call(&sequence()).unwrap()
    );
}
