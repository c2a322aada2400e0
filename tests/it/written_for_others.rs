//! Files for `tests/interop`, where `HORNFELS_WRITTEN` names a directory.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use hornfels::hdf5::{Layout, Tree, WriteOptions};
use hornfels::keras::{
    Adam, CompileConfig, Dialect, Model, Network, Object, RmsProp, Sequential, Sgd, Variable, json,
};
use hornfels::keras_h5::save_into;
use hornfels::{Format, Limits, SaveOptions, Tensor, load_model};

const LAYOUTS: [(&str, Layout); 2] = [("classic", Layout::Classic), ("compact", Layout::Compact)];

fn destination() -> Option<PathBuf> {
    env::var_os("HORNFELS_WRITTEN").map(PathBuf::from)
}

/// The values that `values` of `tests/interop/_oracle.py` gives the variable at `path`.
fn values(path: &str, shape: &[u64]) -> Tensor<'static> {
    values_from(path, shape, -0.5)
}

/// The same, between `low` and `low` + 1.
pub(crate) fn values_from(path: &str, shape: &[u64], low: f32) -> Tensor<'static> {
    let step = |seed: u32, byte: u8| (seed ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let seed = path.bytes().fold(0x811c_9dc5, step);
    let value = |index: u32| {
        let mixed = index.wrapping_add(seed).wrapping_mul(0x9e37_79b1);
        (mixed >> 8) as f32 / 16_777_216.0 + low
    };
    let count = u32::try_from(shape.iter().product::<u64>()).unwrap();
    Tensor::from_vec((0..count).map(value).collect(), shape).unwrap()
}

/// A model that came from no file, with weights that both sides know.
fn model() -> Model<'static> {
    let config = r#"{"class_name": "Sequential", "config": {"name": "grouped", "layers": [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 3], "dtype": "float32", "name": "in"}},
        {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "relu"}}]}}"#;
    let object = Object::from_json(json::parse(config).unwrap(), Dialect::Keras2).unwrap();
    let mut model = Model::new(Network::from_object(object, &Limits::default()).unwrap());
    let variable = |name: &str, shape: &[u64]| Variable {
        path: format!("hidden/{name}"),
        stored_name: None,
        tensor: values(&format!("hidden/{name}"), shape),
    };
    let variables = vec![variable("kernel", &[3, 5]), variable("bias", &[5])];
    model.variables.add_layer("hidden", variables).unwrap();
    model
}

/// For `group_in_file.py`: the model under `/a/b`, beside other data.
#[test]
fn written_for_others_in_a_group() {
    let Some(place) = destination() else {
        return;
    };
    let model = model();
    for (name, layout) in LAYOUTS {
        let mut tree = Tree::new();
        let mut root = tree.root();
        root.dataset("other/data", values("other/data", &[3, 4]))
            .unwrap();
        save_into(&model, &mut root.group("a/b").unwrap(), &SaveOptions::new()).unwrap();
        let options = WriteOptions {
            layout,
            ..WriteOptions::default()
        };
        tree.save(place.join(format!("group.{name}.h5")), &options)
            .unwrap();
    }
}

/// For `weights.py`: weights without a config, in either layout and dialect, of a model that Keras
/// saved.
#[test]
fn written_for_others_as_weights() {
    let Some(place) = destination() else {
        return;
    };
    let model = load_model("tests/data/early_warning.h5").unwrap();
    for (name, dialect) in [("keras2", Dialect::Keras2), ("keras3", Dialect::Keras3)] {
        let options = SaveOptions::new().dialect(dialect);
        for path in [format!("weights.{name}.h5"), format!("{name}.weights.h5")] {
            options.save_weights(&model, place.join(path)).unwrap();
        }
    }
}

/// For `dialect_on_save.py`: models that were made and compiled here, in either dialect.
#[test]
fn written_for_others_in_either_dialect() {
    let Some(place) = destination() else {
        return;
    };
    let adam = Adam::new().learning_rate(0.002).beta_1(0.95).amsgrad(true);
    let sgd = Sgd::new().learning_rate(0.02).momentum(0.9).nesterov(true);
    let rms_prop = RmsProp::new().rho(0.8).momentum(0.5).centered(true);
    let optimizers: [(&str, Object); 3] = [
        ("adam", adam.into()),
        ("sgd", sgd.into()),
        ("rmsprop", rms_prop.into()),
    ];
    for (name, optimizer) in optimizers {
        let dense = Object::new("Dense", Default::default())
            .with("units", 2)
            .with("batch_input_shape", vec![None, Some(3)]);
        let mut model = Model::new(Sequential::new("sequential").add(dense));
        let variable = |name: &str, shape: &[u64]| Variable {
            path: format!("dense/{name}"),
            stored_name: None,
            tensor: values(name, shape),
        };
        let variables = vec![variable("kernel", &[3, 2]), variable("bias", &[2])];
        model.variables.add_layer("dense", variables).unwrap();
        let config = CompileConfig::new(optimizer).loss("mean_squared_error");
        model.compile(config.metrics(["accuracy"]));
        model.build_optimizer().unwrap();
        let state = model.optimizer.as_mut().unwrap();
        state.set_iterations(7).unwrap();
        let momentum = Tensor::from_vec((0_u8..6).map(f32::from).collect(), [3, 2]).unwrap();
        state
            .set_slot("dense/kernel", "momentum", momentum)
            .unwrap();
        for (dialect, suffix) in [(Dialect::Keras2, "keras2"), (Dialect::Keras3, "keras3")] {
            let options = SaveOptions::new().dialect(dialect);
            options
                .save(&model, place.join(format!("made.{name}.{suffix}.h5")))
                .unwrap();
        }
    }
}

/// For `corpus_keras2.py`: every model of `HORNFELS_CORPUS` in both layouts, saved when the file it
/// was loaded from is gone.
#[test]
fn written_for_others_from_a_corpus() {
    let (Some(place), Some(corpus)) = (destination(), env::var_os("HORNFELS_CORPUS")) else {
        return;
    };
    let corpus = Path::new(&corpus);
    let source = place.join("source.h5");
    for path in files_below(corpus) {
        fs::copy(&path, &source).unwrap();
        let loaded = load_model(&source);
        fs::remove_file(&source).unwrap();
        let Ok(model) = loaded else {
            continue; // the script misses what it expects
        };
        for (name, layout) in LAYOUTS {
            let copy = place
                .join("corpus")
                .join(name)
                .join(path.strip_prefix(corpus).unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            let options = SaveOptions::new().save_format(Format::H5).layout(layout);
            options.save(&model, copy).unwrap();
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}
