use serde_json::{Value, json};

use super::layout::{Generation, layout};
use super::{Adam, Conversion, OptimizerState, RmsProp, Sgd, convert};
use crate::error::ErrorKind;
use crate::keras::compile::CompileConfig;
use crate::keras::model::Model;
use crate::keras::network::Network;
use crate::keras::object::{Dialect, Object};
use crate::keras::variables::Variable;
use crate::limits::Limits;
use crate::tensor::Tensor;

/// A matrix and a vector, as a model trains them.
fn trained() -> [Variable<'static>; 2] {
    let variable = |path: &str, shape: &[u64]| Variable {
        path: path.to_owned(),
        stored_name: None,
        tensor: Tensor::from_vec(vec![2_f32; shape.iter().product::<u64>() as usize], shape)
            .unwrap(),
    };
    [variable("a/kernel", &[2, 3]), variable("a/bias", &[3])]
}

/// An optimizer as Keras 3, as Keras 2.11 or as legacy Keras writes it.
fn optimizer(generation: Generation, class: &str, config: Value) -> Object {
    let (class, dialect) = match generation {
        Generation::Keras3 => (class.to_owned(), Dialect::Keras3),
        Generation::Keras2 => (format!("Custom>{class}"), Dialect::Keras2),
        Generation::Legacy => (class.to_owned(), Dialect::Keras2),
    };
    let object = json!({"class_name": class, "config": config});
    Object::from_json(object, dialect).unwrap()
}

/// The names of the variables without the optimizer's, its slots for `a/kernel` and `a/bias`.
fn names(generation: Generation, class: &str, config: Value) -> Vec<String> {
    let optimizer = optimizer(generation, class, config);
    let trained = trained();
    let trained: Vec<&Variable<'_>> = trained.iter().collect();
    let stored = match generation {
        Generation::Keras3 => ["s/a/kernel", "s/a/bias"],
        _ => ["a/kernel:0", "a/bias:0"],
    };
    let stored = stored.map(str::to_owned);
    let entries = layout(&optimizer, &trained).unwrap();
    let names = entries
        .iter()
        .map(|entry| entry.stored_name(generation, &stored));
    names.collect()
}

#[track_caller]
fn check(generation: Generation, class: &str, config: Value, expected: &str) {
    let found = names(generation, class, config).join(" ");
    assert_eq!(found, expected, "{class}, {generation:?}");
}

#[test]
fn legacy_optimizers_list_slot_by_slot() {
    let check = |class, config, expected| check(Generation::Legacy, class, config, expected);
    check("SGD", json!({}), "SGD/iter:0");
    check(
        "SGD",
        json!({"momentum": 0.5}),
        "SGD/iter:0 SGD/a/kernel/momentum:0 SGD/a/bias/momentum:0",
    );
    check(
        "Adam",
        json!({"name": "mine"}),
        "mine/iter:0 mine/a/kernel/m:0 mine/a/bias/m:0 mine/a/kernel/v:0 mine/a/bias/v:0",
    );
    check(
        "Adam",
        json!({"amsgrad": true}),
        "Adam/iter:0 Adam/a/kernel/m:0 Adam/a/bias/m:0 Adam/a/kernel/v:0 Adam/a/bias/v:0 \
         Adam/a/kernel/vhat:0 Adam/a/bias/vhat:0",
    );
    check(
        "Nadam",
        json!({}),
        "Nadam/iter:0 Nadam/momentum_cache:0 Nadam/a/kernel/m:0 Nadam/a/bias/m:0 \
         Nadam/a/kernel/v:0 Nadam/a/bias/v:0",
    );
    check(
        "Adamax",
        json!({}),
        "Adamax/iter:0 Adamax/a/kernel/m:0 Adamax/a/bias/m:0 Adamax/a/kernel/v:0 Adamax/a/bias/v:0",
    );
    check(
        "RMSprop",
        json!({"momentum": 0.5, "centered": true}),
        "RMSprop/iter:0 RMSprop/a/kernel/rms:0 RMSprop/a/bias/rms:0 RMSprop/a/kernel/momentum:0 \
         RMSprop/a/bias/momentum:0 RMSprop/a/kernel/mg:0 RMSprop/a/bias/mg:0",
    );
    check(
        "Adagrad",
        json!({}),
        "Adagrad/iter:0 Adagrad/a/kernel/accumulator:0 Adagrad/a/bias/accumulator:0",
    );
    check(
        "Adadelta",
        json!({}),
        "Adadelta/iter:0 Adadelta/a/kernel/accum_grad:0 Adadelta/a/bias/accum_grad:0 \
         Adadelta/a/kernel/accum_var:0 Adadelta/a/bias/accum_var:0",
    );
    check(
        "Ftrl",
        json!({}),
        "Ftrl/iter:0 Ftrl/a/kernel/accumulator:0 Ftrl/a/kernel/linear:0 \
         Ftrl/a/bias/accumulator:0 Ftrl/a/bias/linear:0",
    );
}

#[test]
fn keras_2_11_lists_variable_by_variable() {
    let check = |class, config, expected| check(Generation::Keras2, class, config, expected);
    // Also without momentum.
    check(
        "SGD",
        json!({"momentum": 0.0}),
        "iteration:0 SGD/m/a/kernel:0 SGD/m/a/bias:0",
    );
    check(
        "Adam",
        json!({"amsgrad": true}),
        "iteration:0 Adam/m/a/kernel:0 Adam/v/a/kernel:0 Adam/m/a/bias:0 Adam/v/a/bias:0 \
         Adam/vhat/a/kernel:0 Adam/vhat/a/bias:0",
    );
    check(
        "AdamW",
        json!({"use_ema": true}),
        "iteration:0 AdamW/average/a/kernel:0 AdamW/average/a/bias:0 AdamW/m/a/kernel:0 \
         AdamW/v/a/kernel:0 AdamW/m/a/bias:0 AdamW/v/a/bias:0",
    );
    check(
        "Nadam",
        json!({}),
        "iteration:0 Nadam/m/a/kernel:0 Nadam/v/a/kernel:0 Nadam/m/a/bias:0 Nadam/v/a/bias:0",
    );
    check(
        "Adamax",
        json!({}),
        "iteration:0 Adamax/m/a/kernel:0 Adamax/u/a/kernel:0 Adamax/m/a/bias:0 Adamax/u/a/bias:0",
    );
}

#[test]
fn keras_2_11_has_slots_of_other_names() {
    let check = |class, config, expected| check(Generation::Keras2, class, config, expected);
    check(
        "RMSprop",
        json!({"momentum": 0.5, "centered": true}),
        "iteration:0 RMSprop/velocity/a/kernel:0 RMSprop/velocity/a/bias:0 \
         RMSprop/momentum/a/kernel:0 RMSprop/momentum/a/bias:0 \
         RMSprop/average_gradient/a/kernel:0 RMSprop/average_gradient/a/bias:0",
    );
    check(
        "Adagrad",
        json!({}),
        "iteration:0 Adagrad/accumulator/a/kernel:0 Adagrad/accumulator/a/bias:0",
    );
    check(
        "Adadelta",
        json!({}),
        "iteration:0 Adadelta/accumulated_grad/a/kernel:0 \
         Adadelta/accumulated_delta_var/a/kernel:0 Adadelta/accumulated_grad/a/bias:0 \
         Adadelta/accumulated_delta_var/a/bias:0",
    );
    check(
        "Ftrl",
        json!({}),
        "iteration:0 Ftrl/accumulator/a/kernel:0 Ftrl/linear/a/kernel:0 \
         Ftrl/accumulator/a/bias:0 Ftrl/linear/a/bias:0",
    );
    check(
        "Adafactor",
        json!({}),
        "iteration:0 Adafactor/r/a/kernel:0 Adafactor/c/a/kernel:0 Adafactor/v/a/kernel:0 \
         Adafactor/v/a/bias:0",
    );
    check(
        "Lion",
        json!({}),
        "iteration:0 Lion/m/a/kernel:0 Lion/m/a/bias:0",
    );
}

#[test]
fn keras_3_has_the_learning_rate_and_no_suffix() {
    let check = |class, config, expected| check(Generation::Keras3, class, config, expected);
    check("SGD", json!({}), "sgd/iteration sgd/learning_rate");
    check(
        "SGD",
        json!({"momentum": 0.5, "learning_rate": {"class_name": "ExponentialDecay"}}),
        "sgd/iteration sgd/s_a_kernel_momentum sgd/s_a_bias_momentum",
    );
    check(
        "Adam",
        json!({"name": "adam_2", "amsgrad": true, "gradient_accumulation_steps": 2}),
        "adam_2/iteration adam_2/learning_rate adam_2/s_a_kernel_gradient_accumulator \
         adam_2/s_a_bias_gradient_accumulator adam_2/s_a_kernel_momentum \
         adam_2/s_a_kernel_velocity adam_2/s_a_bias_momentum adam_2/s_a_bias_velocity \
         adam_2/s_a_kernel_velocity_hat adam_2/s_a_bias_velocity_hat",
    );
    check(
        "Nadam",
        json!({}),
        "nadam/iteration nadam/learning_rate nadam/s_a_kernel_momentum nadam/s_a_kernel_velocity \
         nadam/s_a_bias_momentum nadam/s_a_bias_velocity nadam/variable",
    );
    check(
        "Adamax",
        json!({}),
        "adamax/iteration adamax/learning_rate adamax/s_a_kernel_momentum adamax/s_a_kernel_norm \
         adamax/s_a_bias_momentum adamax/s_a_bias_norm",
    );
    check(
        "RMSprop",
        json!({"centered": true}),
        "rm_sprop/iteration rm_sprop/learning_rate rm_sprop/s_a_kernel_velocity \
         rm_sprop/s_a_bias_velocity rm_sprop/s_a_kernel_average_gradient \
         rm_sprop/s_a_bias_average_gradient",
    );
}

#[test]
fn keras_3_has_optimizers_of_its_own() {
    let check = |class, config, expected| check(Generation::Keras3, class, config, expected);
    check(
        "Adafactor",
        json!({}),
        "adafactor/iteration adafactor/learning_rate adafactor/kernel adafactor/kernel \
         adafactor/s_a_kernel_velocity adafactor/bias adafactor/bias adafactor/s_a_bias_velocity",
    );
    check(
        "Muon",
        json!({}),
        "muon/iteration muon/learning_rate muon/s_a_kernel_momentum muon/s_a_bias_momentum \
         muon/s_a_bias_velocity",
    );
    check(
        "Muon",
        json!({"exclude_layers": ["a"]}),
        "muon/iteration muon/learning_rate muon/s_a_kernel_momentum muon/s_a_kernel_velocity \
         muon/s_a_bias_momentum muon/s_a_bias_velocity",
    );
    check(
        "Lamb",
        json!({}),
        "lamb/iteration lamb/learning_rate lamb/s_a_kernel_momentum lamb/s_a_kernel_velocity \
         lamb/s_a_bias_momentum lamb/s_a_bias_velocity",
    );
    check(
        "LossScaleOptimizer",
        json!({"inner_optimizer": {"class_name": "SGD", "config": {"momentum": 0.9}}}),
        "loss_scale_optimizer/iteration loss_scale_optimizer/learning_rate \
         loss_scale_optimizer/step_counter loss_scale_optimizer/dynamic_scale sgd/iteration \
         sgd/learning_rate loss_scale_optimizer/sgd/s_a_kernel_momentum \
         loss_scale_optimizer/sgd/s_a_bias_momentum",
    );
}

/// The state of an optimizer in `from` as it is written for `to`.
fn converted(from: &Object, to: &Object, steps: i64) -> Vec<(String, Vec<f64>)> {
    let trained = trained();
    let trained: Vec<&Variable<'_>> = trained.iter().collect();
    let mut state = OptimizerState::zeros(&CompileConfig::new(from.clone()), &trained).unwrap();
    state.set_iterations(steps).unwrap();
    // Each variable gets a number of its own.
    for (number, variable) in state.variables.iter_mut().enumerate().skip(1) {
        let count = variable.tensor.len() as usize;
        variable.tensor =
            Tensor::from_vec(vec![number as f32; count], variable.tensor.shape()).unwrap();
    }
    let names = ["a/kernel".to_owned(), "a/bias".to_owned()];
    let conversion = Conversion {
        from,
        to,
        trained: &trained,
        names: &names,
    };
    let converted = convert(&state, conversion).unwrap().into_iter();
    converted
        .map(|(name, tensor)| (name, tensor.to_f64_vec().unwrap()))
        .collect()
}

#[track_caller]
fn converts(from: &Object, to: &Object, expected: &[(&str, f64)]) {
    let converted = converted(from, to, 7);
    let found: Vec<(&str, f64)> = converted.iter().map(|(n, v)| (n.as_str(), v[0])).collect();
    assert_eq!(found, expected);
}

#[test]
fn slots_keep_their_values_across_generations() {
    use Generation::{Keras2, Keras3, Legacy};
    let adam = |generation| optimizer(generation, "Adam", json!({"learning_rate": 0.5}));
    converts(
        &adam(Legacy),
        &adam(Keras3),
        &[
            ("adam/iteration", 7.0),
            ("adam/learning_rate", 0.5),
            ("adam/a_kernel_momentum", 1.0),
            ("adam/a_kernel_velocity", 3.0),
            ("adam/a_bias_momentum", 2.0),
            ("adam/a_bias_velocity", 4.0),
        ],
    );
    converts(
        &adam(Keras3),
        &adam(Keras2),
        &[
            ("iteration:0", 7.0),
            ("Adam/m/a/kernel", 2.0),
            ("Adam/v/a/kernel", 3.0),
            ("Adam/m/a/bias", 4.0),
            ("Adam/v/a/bias", 5.0),
        ],
    );
    let sgd = |generation| optimizer(generation, "SGD", json!({"learning_rate": 0.25}));
    converts(
        &sgd(Keras2),
        &sgd(Keras3),
        &[("sgd/iteration", 7.0), ("sgd/learning_rate", 0.25)],
    );
    converts(
        &sgd(Keras3),
        &sgd(Keras2),
        &[
            ("iteration:0", 7.0),
            ("SGD/m/a/kernel", 0.0),
            ("SGD/m/a/bias", 0.0),
        ],
    );
}

#[test]
fn the_product_of_nadam_follows_from_the_iteration() {
    let nadam = |generation| optimizer(generation, "Nadam", json!({"beta_1": 0.9}));
    let from = nadam(Generation::Keras2);
    let product = |steps| {
        let converted = converted(&from, &nadam(Generation::Keras3), steps);
        let (name, values) = converted.last().unwrap().clone();
        assert_eq!(name, "nadam/variable");
        values[0]
    };
    assert_eq!(product(0), 1.0);
    // What Keras 3 has after six steps.
    assert!((product(6) - 0.017_233_334).abs() < 1e-8, "{}", product(6));
    assert_eq!(product(i64::MAX), 0.0);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let trained = trained();
    let trained: Vec<&Variable<'_>> = trained.iter().collect();
    let from = optimizer(Generation::Keras2, "Adam", json!({}));
    let to = optimizer(Generation::Keras3, "Adam", json!({}));
    let names = ["a/kernel".to_owned(), "a/bias".to_owned()];
    let refused = |state: &OptimizerState<'_>, from: &Object, kind: ErrorKind, message: &str| {
        let conversion = Conversion {
            from,
            to: &to,
            trained: &trained,
            names: &names,
        };
        let error = convert(state, conversion).unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, message));
    };
    let mut state = OptimizerState::zeros(&CompileConfig::new(from.clone()), &trained).unwrap();
    state.variables[2].tensor = Tensor::scalar(1_f32);
    refused(
        &state,
        &from,
        ErrorKind::Unsupported,
        "variable `adam/velocity/a/kernel` of the optimizer `Custom>Adam` has the shape [], \
         expected [2, 3]",
    );
    state.variables.pop();
    refused(
        &state,
        &from,
        ErrorKind::Unsupported,
        "4 variables of the optimizer `Custom>Adam`, expected 5 for the 2 variables that it trains",
    );
    let mine = optimizer(Generation::Keras2, "Mine", json!({}));
    refused(
        &state,
        &mine,
        ErrorKind::UnknownObject,
        "what the optimizer `Custom>Mine` keeps for each variable is not known",
    );
}

#[test]
fn a_new_optimizer_begins_as_keras_says() {
    let trained = trained();
    let trained: Vec<&Variable<'_>> = trained.iter().collect();
    let zeros = |config: CompileConfig| OptimizerState::zeros(&config, &trained).unwrap();
    let adam = zeros(CompileConfig::new(Adam::new().learning_rate(0.125)));
    let rate = adam.variables[1].tensor.to_f64_vec().unwrap();
    assert_eq!(
        (adam.iterations(), rate, adam.variables.len()),
        (Some(0), vec![0.125], 6)
    );
    let sgd = zeros(CompileConfig::new(Sgd::new()));
    assert_eq!(sgd.variables.len(), 2);
    let averaged = RmsProp::new().use_ema(true).centered(true);
    let averaged = zeros(CompileConfig::new(averaged));
    let average = averaged.slot("a/bias", "average").unwrap();
    assert_eq!(average.to_f64_vec().unwrap(), [2.0, 2.0, 2.0]);
    let ftrl = optimizer(Generation::Keras3, "Ftrl", json!({}));
    let ftrl = zeros(CompileConfig::new(ftrl));
    let accumulator = ftrl.slot("a/bias", "accumulator").unwrap();
    assert_eq!(accumulator.view::<f32>().unwrap()[..], [0.1_f32; 3]);
}

#[test]
fn slots_are_set_and_read_by_the_variable_they_are_for() {
    let trained = trained();
    let trained: Vec<&Variable<'_>> = trained.iter().collect();
    let config = CompileConfig::new(Adam::new());
    let mut state = OptimizerState::zeros(&config, &trained).unwrap();
    let momentum = Tensor::from_vec(vec![1_f32, 2.0, 3.0], [3]).unwrap();
    state
        .set_slot("a/bias", "momentum", momentum.clone())
        .unwrap();
    assert_eq!(state.slot("a/bias", "momentum").unwrap(), &momentum);
    state.set_iterations(12).unwrap();
    assert_eq!(state.iterations(), Some(12));
    let missing = state.slot("a/bias", "accumulator").unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let wrong = state
        .set_slot("a/kernel", "momentum", momentum)
        .unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidArgument);
    assert_eq!(OptimizerState::default().iterations(), None);
}

#[test]
fn frozen_layers_and_statistics_are_not_trained() {
    let dense = |name: &str, trainable: bool| json!({"class_name": "Dense", "config": {"name": name, "trainable": trainable}});
    let wrapper = |class: &str, name: &str, layer: Value| json!({"class_name": class, "config": {"name": name, "layer": layer}});
    let inner = json!({"class_name": "Sequential", "config": {"name": "inner", "layers": [
        dense("in_frozen", false), dense("in_free", true)]}});
    let lstm = |name: &str, trainable: bool| json!({"class_name": "LSTM", "config": {"name": name, "trainable": trainable}});
    let mut both = wrapper("Bidirectional", "both", lstm("lstm", true));
    both["config"]["backward_layer"] = lstm("back", false);
    let model = json!({"class_name": "Sequential", "config": {"name": "m", "layers": [
        dense("free", true), dense("frozen", false), inner, both,
        wrapper("TimeDistributed", "each", dense("wrapped", false)),
        {"class_name": "BatchNormalization", "config": {"name": "norm"}}]}});
    let object = Object::from_json(model, Dialect::Keras2).unwrap();
    let mut model = Model::new(Network::from_object(object, &Limits::default()).unwrap());
    let layers = [
        ("free", "free/kernel"),
        ("frozen", "frozen/kernel"),
        ("inner", "inner/in_free/kernel inner/in_frozen/kernel"),
        (
            "both",
            "both/forward_lstm/lstm_cell/kernel both/backward_lstm/lstm_cell/kernel",
        ),
        ("each", "each/wrapped/kernel"),
        ("norm", "norm/gamma norm/moving_mean"),
    ];
    for (layer, paths) in layers {
        let variables = paths.split(' ').map(|path| Variable {
            path: path.to_owned(),
            stored_name: None,
            tensor: Tensor::scalar(1_f32),
        });
        model
            .variables
            .add_layer(layer, variables.collect())
            .unwrap();
    }
    let trained = model.trainable_variables();
    let paths: Vec<&str> = trained.iter().map(|it| it.path.as_str()).collect();
    let expected = [
        "free/kernel",
        "inner/in_free/kernel",
        "both/forward_lstm/lstm_cell/kernel",
        "norm/gamma",
    ];
    assert_eq!(paths, expected);
}
