//! Models made with the typed layers, for `tests/interop/built_models.py` and for tests here.

use std::env;
use std::fs;
use std::path::PathBuf;

use hornfels::hdf5::Layout;
use hornfels::keras::{
    Adam, CompileConfig, Dialect, Functional, KerasTensor, Model, Network, RmsProp, Sequential, Sgd,
};
use hornfels::layers::{
    Add, BatchNormalization, Bidirectional, Concatenate, Conv2D, Cropping1D, Dense, Embedding,
    Flatten, GRU, Generic, GlobalAveragePooling1D, Initializer, LSTM, LayerNormalization,
    LayerRegistry, MaxPooling2D, Padding, SimpleRNN, TimeDistributed, VariableSpec,
};
use hornfels::tensor::F16;
use hornfels::{DType, LoadOptions, Result, SaveOptions, Tensor};

use crate::written_for_others::values_from;

/// Every model, by name.
fn models() -> Result<Vec<(&'static str, Model<'static>)>> {
    let momentum = Sgd::new().momentum(0.9).nesterov(true);
    let centered = RmsProp::new().momentum(0.5).centered(true);
    Ok(vec![
        (
            "dense",
            compiled(dense("float32"), Adam::new().learning_rate(0.002))?,
        ),
        (
            "dense_momentum",
            compiled(dense("float32"), momentum.clone())?,
        ),
        ("dense_rmsprop", compiled(dense("float32"), centered)?),
        ("dense_f16", filled(dense("float16"))?),
        ("conv", compiled(conv(), momentum)?),
        ("conv_f16", filled(conv_f16())?),
        (
            "recurrent",
            compiled(recurrent(), Adam::new().amsgrad(true))?,
        ),
        ("embedding", filled(embedding())?),
        ("nested", compiled(nested()?, Adam::new())?),
        ("shared", filled(shared()?)?),
        ("two_outputs", compiled(two_outputs()?, Adam::new())?),
        ("wide", filled(wide(1200)?)?),
        ("long_names", filled(long_names()?)?),
        ("zero_width", filled(zero_width())?),
    ])
}

/// The model with the values that the scripts expect in each variable.
fn filled(network: impl Into<Network>) -> Result<Model<'static>> {
    let mut model = Model::build(network)?;
    let paths: Vec<String> = model.variables.iter().map(|it| it.path.clone()).collect();
    for path in paths {
        let variable = model.variable(&path)?;
        let low = if path.ends_with("variance") {
            0.5
        } else {
            -0.5
        };
        // The path without the layer that a TimeDistributed wraps.
        let seed = path.replace("each/dense/", "each/");
        let values = values_from(&seed, variable.shape(), low);
        let values = match variable.dtype() {
            DType::Float16 => {
                let narrow = values
                    .view::<f32>()?
                    .iter()
                    .map(|it| F16::from_f32(*it))
                    .collect();
                Tensor::from_vec(narrow, values.shape())?
            }
            _ => values,
        };
        model.set_variable(&path, values)?;
    }
    Ok(model)
}

/// The same, compiled, after seven steps of training that never happened.
fn compiled(
    network: impl Into<Network>,
    optimizer: impl Into<hornfels::keras::Object>,
) -> Result<Model<'static>> {
    let mut model = filled(network)?;
    model.compile(CompileConfig::new(optimizer).loss("mean_squared_error"));
    model.build_optimizer()?;
    let state = model.optimizer.as_mut().expect("an optimizer");
    state.set_iterations(7)?;
    let slots = state
        .variables
        .iter_mut()
        .filter(|it| !it.tensor.shape().is_empty());
    for (index, slot) in slots.enumerate() {
        slot.tensor = values_from(&format!("optimizer/{index}"), slot.tensor.shape(), 0.0);
    }
    Ok(model)
}

fn dense(dtype: &str) -> Sequential {
    let hidden = Dense::new(5).name("hidden").activation("relu");
    let output = Dense::new(4).name("probabilities").activation("softmax");
    Sequential::new("dense")
        .add(hidden.dtype(dtype).input_shape([3]))
        .add(output.dtype(dtype))
}

fn conv() -> Sequential {
    let conv = Conv2D::new(4, [3, 3]).name("conv").padding(Padding::Same);
    Sequential::new("images")
        .add(conv.activation("relu").input_shape([6, 8, 3]))
        .add(BatchNormalization::new().name("norm"))
        .add(MaxPooling2D::new())
        .add(Flatten::new())
        .add(Dense::new(2).name("out"))
}

fn conv_f16() -> Sequential {
    let conv = Conv2D::new(4, [3, 3]).name("conv").padding(Padding::Same);
    Sequential::new("images_f16")
        .add(
            conv.activation("relu")
                .dtype("float16")
                .input_shape([6, 8, 3]),
        )
        .add(MaxPooling2D::new().dtype("float16"))
        .add(Flatten::new().dtype("float16"))
        .add(Dense::new(2).name("out").dtype("float16"))
}

fn recurrent() -> Sequential {
    let lstm = LSTM::new(4).return_sequences(true).name("lstm");
    Sequential::new("recurrent")
        .add(Bidirectional::new(lstm).name("both").input_shape([7, 3]))
        .add(GRU::new(3).return_sequences(true).name("gru"))
        .add(SimpleRNN::new(3).return_sequences(true).name("rnn"))
        .add(TimeDistributed::new(Dense::new(4).name("dense")).name("each"))
        .add(Cropping1D::new().cropping([[6, 0]]))
        .add(Flatten::new())
        .add(Dense::new(2).name("out"))
}

fn embedding() -> Sequential {
    Sequential::new("embedding")
        .add(Embedding::new(11, 4).name("words").input_shape([5]))
        .add(LayerNormalization::new().name("norm"))
        .add(GlobalAveragePooling1D::new())
        .add(Dense::new(1).name("out").activation("sigmoid"))
}

fn nested() -> Result<Functional> {
    let encoder = Sequential::new("encoder")
        .add(
            Dense::new(5)
                .name("first")
                .activation("tanh")
                .input_shape([3]),
        )
        .add(Dense::new(4).name("second").activation("relu"));
    let mut decoder = Functional::build("decoder");
    let code = decoder.input("code", [4], DType::Float32);
    let left = decoder.call(Dense::new(3).name("left"), &code)?;
    let right = decoder.call(Dense::new(3).name("right"), &code)?;
    let decoder = decoder.finish(&code, [&left, &right])?;

    let mut net = Functional::build("nested");
    let input = net.input("input", [3], DType::Float32);
    let code = net.call_network(encoder, &input)?;
    let left = net.call_network(decoder, &code)?;
    let both = net.call(Add::new(), [&left, &left.output(1)])?;
    let output = net.call(Dense::new(2).name("out"), &both)?;
    net.finish(&input, &output)
}

fn shared() -> Result<Functional> {
    let mut net = Functional::build("shared_model");
    let a = net.input("a", [3], DType::Float32);
    let b = net.input("b", [3], DType::Float32);
    let dense = Dense::new(4).name("shared").activation("tanh");
    let left = net.call(dense, &a)?;
    let right = net.call_again("shared", &b)?;
    let both = net.call(Concatenate::new(), [&left, &right])?;
    let output = net.call(Dense::new(1).name("out").activation("sigmoid"), &both)?;
    net.finish([&a, &b], &output)
}

fn two_outputs() -> Result<Functional> {
    let mut net = Functional::build("two_outputs");
    let input = net.input("input", [3], DType::Float32);
    let trunk = net.call(Dense::new(5).name("trunk").activation("relu"), &input)?;
    let mean = net.call(Dense::new(2).name("mean"), &trunk)?;
    let spread = net.call(Dense::new(2).name("spread").activation("sigmoid"), &trunk)?;
    net.finish(&input, [&mean, &spread])
}

/// Many layers side by side.
fn wide(count: usize) -> Result<Functional> {
    let mut net = Functional::build("wide");
    let input = net.input("input", [2], DType::Float32);
    let sides: Vec<KerasTensor> = (0..count)
        .map(|index| net.call(Dense::new(2).name(format!("side_{index}")), &input))
        .collect::<Result<_>>()?;
    let output = net.call(Concatenate::new(), sides)?;
    net.finish(&input, &output)
}

/// More than 64 KiB of layer names.
fn long_names() -> Result<Functional> {
    let mut net = Functional::build("long_names");
    let input = net.input("input", [2], DType::Float32);
    let sides: Vec<KerasTensor> = (0..700)
        .map(|index| {
            let name = format!("side_{index}_{}", "n".repeat(90));
            net.call(Dense::new(2).name(name), &input)
        })
        .collect::<Result<_>>()?;
    let output = net.call(Add::new(), sides)?;
    net.finish(&input, &output)
}

/// An input without features: the kernel has no elements.
fn zero_width() -> Sequential {
    Sequential::new("zero_width").add(Dense::new(3).name("out").input_shape([0]))
}

const LAYOUTS: [(&str, Layout); 2] = [("classic", Layout::Classic), ("compact", Layout::Compact)];
const DIALECTS: [(&str, Dialect); 2] = [("keras2", Dialect::Keras2), ("keras3", Dialect::Keras3)];

/// For `built_models.py`: `models/NAME.DIALECT.LAYOUT.h5`, and `models/NAME.DIALECT.weights.h5`.
#[test]
fn written_for_others_built_models() {
    let Some(place) = env::var_os("HORNFELS_WRITTEN").map(PathBuf::from) else {
        return;
    };
    let place = place.join("models");
    fs::create_dir_all(&place).unwrap();
    for (name, model) in models().unwrap() {
        for (dialect_name, dialect) in DIALECTS {
            let path = place.join(format!("{name}.{dialect_name}.weights.h5"));
            let options = SaveOptions::new().dialect(dialect);
            options.save_weights(&model, path).unwrap();
            for (layout_name, layout) in LAYOUTS {
                let path = place.join(format!("{name}.{dialect_name}.{layout_name}.h5"));
                let options = SaveOptions::new().dialect(dialect).layout(layout);
                options.save(&model, path).unwrap();
            }
        }
    }
}

/// What is written in either dialect is read with the same variables under the same paths.
#[test]
fn built_models_come_back() {
    for (name, model) in models().unwrap() {
        for (_, dialect) in DIALECTS {
            let bytes = SaveOptions::new().dialect(dialect).to_vec(&model).unwrap();
            let back = LoadOptions::new().load_bytes(bytes).unwrap();
            back.validate().unwrap();
            assert_eq!(back.variables.len(), model.variables.len(), "{name}");
            for variable in model.variables.iter() {
                let found = back.variable(&variable.path).unwrap();
                assert_eq!(found, &variable.tensor, "{name}: {}", variable.path);
            }
            assert_eq!(back.optimizer.is_some(), model.optimizer.is_some());
        }
    }
}

#[test]
fn a_model_says_everything_that_is_wrong_with_it() {
    let mut model = Model::build(dense("float32")).unwrap();
    let error = model.validate().unwrap_err().to_string();
    assert_eq!(
        error,
        "no values for `hidden/kernel`, `probabilities/kernel`"
    );

    let wrong = Tensor::zeros(DType::Float64, [3, 5]).unwrap();
    model.set_variable("hidden/kernel", wrong).unwrap();
    let error = model.validate().unwrap_err().to_string();
    assert_eq!(
        error,
        "2 contradictions: variable `hidden/kernel`: float64, expected float32; \
         no values for `probabilities/kernel`"
    );
    let shape = Tensor::zeros(DType::Float32, [5, 3]).unwrap();
    let error = model.set_variable("hidden/kernel", shape).unwrap_err();
    assert_eq!(
        error.message(),
        "shape [5, 3] for `hidden/kernel`, expected [3, 5]"
    );
}

/// What a registered class knows is checked when its model is saved, and names what is loaded.
#[test]
fn a_registered_class_is_checked_and_named() {
    let scale = |variable: &str, size: u64| {
        let spec = VariableSpec::new(variable, [size], Initializer::ones());
        Generic::new("my>Scale").name("scale").variable(spec)
    };
    let registry = |variable: &str, size: u64| {
        let mut layers = LayerRegistry::builtin();
        scale(variable, size).register(&mut layers);
        layers
    };
    let network = Sequential::new("s")
        .add(Dense::new(3).input_shape([2]))
        .add(scale("factor", 3));
    let mut model = Model::build_with(network, &registry("factor", 3)).unwrap();
    let kernel = Tensor::zeros(DType::Float32, [2, 3]).unwrap();
    model.set_variable("dense/kernel", kernel).unwrap();

    let save = |layers| {
        SaveOptions::new()
            .dialect(Dialect::Keras3)
            .layers(layers)
            .to_vec(&model)
    };
    let error = save(registry("factor", 4)).unwrap_err();
    assert_eq!(
        error.message(),
        "variable `scale/factor`: shape (3,), expected (4,)"
    );
    let bytes = save(registry("factor", 3)).unwrap();
    let load = |layers| {
        LoadOptions::new()
            .layers(layers)
            .load_bytes(bytes.clone())
            .unwrap()
    };
    assert!(load(registry("factor", 3)).variable("scale/factor").is_ok());
    assert!(load(registry("gain", 3)).variable("scale/gain").is_ok());
    assert!(load(registry("gain", 4)).variable("scale/factor").is_ok());
}
