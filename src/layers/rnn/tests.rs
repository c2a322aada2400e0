use super::*;
use crate::keras::json;
use crate::layers::{Called, Initializer, Layer, VariableSpec};

fn sequence() -> Inputs {
    Inputs::one([None, Some(7), Some(3)])
}

#[track_caller]
fn refuses(called: Result<Called>, message: &str) {
    assert_eq!(called.unwrap_err().to_string(), message);
}

#[test]
fn inputs_that_do_not_fit() {
    refuses(
        LSTM::new(4).call(&Inputs::default()),
        "called without a tensor, expected one as the first argument",
    );
    refuses(
        LSTM::new(4).call(&Inputs::one([None, Some(3)])),
        "an input of shape (None, 3) with 2 axes, expected 3",
    );
    refuses(
        GRU::new(4).call(&Inputs::one([None, Some(7), None])),
        "axis 1 of an input of shape (None, None) is unknown, expected a size: a variable has it",
    );
    refuses(
        ConvLSTM1D::new(4, 3).call(&Inputs::one([None, Some(5), Some(2), Some(3)])),
        "a window of 3 on an axis of 2, expected one that fits",
    );
    refuses(
        RNN::new(LSTMCell::new(4)).call(&Inputs::one([None, Some(7), Some(5), Some(3)])),
        "cell `lstm_cell`: an input of shape (None, 5, 3) with 3 axes, expected 2",
    );
    refuses(
        LSTM::new(u64::MAX).call(&sequence()),
        "sizes whose product has more than 64 bits",
    );
}

/// The shapes of what is returned are known where those of the variables are not.
#[test]
fn unknown_features_leave_the_output_known() {
    let outputs = GRU::new(4).output_shapes(&Inputs::one([None, Some(7), None]));
    assert_eq!(outputs.unwrap()[0].to_string(), "(None, 4)");
}

#[test]
fn initial_states_are_those_of_the_cell() {
    let state = || Shape::from([None, Some(4)]);
    let lstm = || LSTM::new(4).return_state(true);
    for inputs in [
        sequence().with("initial_state", [state(), state()]),
        Inputs::of([sequence().all()[0].clone(), state(), state()]),
    ] {
        assert_eq!(lstm().call(&inputs).unwrap().outputs.len(), 3);
    }
    refuses(
        lstm().call(&sequence().with("initial_state", [state()])),
        "called with 1 initial states, expected 2",
    );
    refuses(
        lstm().call(&sequence().with("initial_state", [state(), Shape::from([None, Some(5)])])),
        "called with an initial state of shape (None, 5), expected (None, 4)",
    );
    // Constants follow the states.
    let object = Object::from(lstm()).with("num_constants", 1);
    let lstm = LSTM::from_object(&object).unwrap();
    let inputs = Inputs::of([sequence().all()[0].clone(), state(), state(), state()]);
    assert_eq!(lstm.call(&inputs).unwrap().outputs.len(), 3);
}

#[test]
fn the_bias_begins_with_ones_where_the_state_is_kept() {
    let bias = |layer: &dyn Layer| {
        let variables = layer.variables(&sequence()).unwrap();
        let bias = variables.into_iter().find(|it| it.path.ends_with("bias"));
        bias.unwrap().initializer
    };
    let zeros = Initializer::zeros();
    assert_eq!(bias(&LSTM::new(4)).ones_in_part(), Some((1, 4, zeros)));
    let plain = LSTM::new(4)
        .unit_forget_bias(false)
        .bias_initializer("ones");
    assert_eq!(bias(&plain).constant(), Some(1.0));
    let (part, parts, _) = bias(&CuDNNLSTM::new(4)).ones_in_part().unwrap();
    assert_eq!((part, parts), (5, 8));
}

/// A config that cannot be translated is read as it is, but not with defaults of another Keras.
#[test]
fn an_old_gru_resets_before() {
    let bias = |text: &str| {
        let gru = Object::from_json(json::parse(text).unwrap(), Dialect::Keras2).unwrap();
        let gru = LayerRegistry::builtin().build(&gru).unwrap();
        gru.variables(&sequence()).unwrap()[2].shape.clone()
    };
    let own = r#"{"class_name": "MyOwn", "config": {}}"#;
    for (config, expected) in [
        (r#""units": 4"#.to_owned(), vec![12]),
        (
            format!(r#""units": 4, "kernel_initializer": {own}"#),
            vec![12],
        ),
        (
            format!(r#""units": 4, "kernel_initializer": {own}, "reset_after": true"#),
            vec![2, 12],
        ),
    ] {
        let text = format!(r#"{{"class_name": "GRU", "config": {{{config}}}}}"#);
        assert_eq!(bias(&text), expected, "{text}");
    }
}

/// A cell of the user's: a layer that gives an output and states.
#[derive(Debug)]
struct Counter;

impl Layer for Counter {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(vec![VariableSpec::new("pace", [2], "ones")])
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let batch = inputs.first()?.0[0];
        Ok(vec![Shape(vec![batch, Some(2)]), Shape(vec![batch])])
    }
}

#[test]
fn cells_may_be_of_any_class() {
    let mut registry = LayerRegistry::builtin();
    registry.register("mine>Counter", |_| Ok(Box::new(Counter)));
    let counter = Object::new("mine>Counter", serde_json::Map::new());
    let cells = StackedRNNCells::new(vec![LSTMCell::new(4).into(), counter.with("name", "count")]);
    let rnn = RNN::new(cells).return_state(true).return_sequences(true);
    let rnn = Object::from(rnn);
    let called = registry.build(&rnn).unwrap().call(&sequence()).unwrap();
    let shapes: Vec<String> = called.outputs.iter().map(Shape::to_string).collect();
    let expected = ["(None, 7, 2)", "(None, 4)", "(None, 4)", "(None,)"];
    assert_eq!(shapes, expected);
    let last = called.variables.last().unwrap();
    assert_eq!(last.path, "stacked_rnn_cells/count/pace");
    let unknown = LayerRegistry::builtin().build(&rnn).unwrap_err();
    assert_eq!(unknown.kind(), crate::ErrorKind::UnknownObject);
}

#[test]
fn cells_without_names_are_numbered() {
    let cells = StackedRNNCells::new(vec![LSTMCell::new(4).into(), LSTMCell::new(4).into()]);
    let variables = cells.variables(&Inputs::one([None, Some(3)])).unwrap();
    assert_eq!(variables[0].path, "lstm_cell/kernel");
    assert_eq!(variables[3].path, "lstm_cell_1/kernel");
}

#[test]
fn no_cells_are_no_layer() {
    let rnn = RNN::new(StackedRNNCells::new(Vec::new()));
    let called = rnn.call(&sequence()).unwrap();
    assert_eq!(called.outputs[0].to_string(), "(None, 3)");
    assert!(called.variables.is_empty());
}

#[test]
fn attributes_lead_to_the_variables_of_cells() {
    #[track_caller]
    fn check(layer: &dyn Layer, path: &str, expected: &str) {
        assert_eq!(layer.attributes(path).join("."), expected);
    }
    check(&LSTM::new(2), "lstm_cell/kernel", "cell.kernel");
    check(&LSTM::new(2), "states/1", "keras_api.states.1");
    let cells = StackedRNNCells::new(vec![GRUCell::new(2).into(), LSTMCell::new(2).into()]);
    let path = "stacked_rnn_cells/lstm_cell/bias";
    check(&RNN::new(cells.clone()), path, "cell.cells.1.bias");
    let both = crate::layers::Bidirectional::new(RNN::new(cells).name("rnn"));
    let path = "backward_rnn/stacked_rnn_cells/gru_cell/bias";
    check(&both, path, "backward_layer.cell.cells.0.bias");
    let conv = crate::layers::ConvLSTM2D::new(2, 3);
    check(&conv, "conv_lstm_cell/kernel", "cell.kernel");
}

#[test]
fn states_that_are_kept_need_all_their_sizes() {
    let lstm = LSTM::new(2).stateful(true);
    let states = lstm.states(&Inputs::one([Some(3), None, Some(4)])).unwrap();
    let paths: Vec<&str> = states.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["states/0", "states/1"]);
    assert_eq!(states[0].shape, [3, 2]);
    assert!(lstm.states(&Inputs::one([None, None, Some(4)])).is_err());
    let sizes = Inputs::one([None, None, Some(4)]);
    assert!(LSTM::new(2).states(&sizes).unwrap().is_empty());
}
