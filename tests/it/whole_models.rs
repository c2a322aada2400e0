//! Real models go through `Model` and back; what cannot be loaded says so.

use std::fs;
use std::path::{Path, PathBuf};

use hornfels::hdf5::Layout;
use hornfels::keras::{Adam, CompileConfig, Dialect, Model, Object, Sequential, Variable};
use hornfels::layers::{Inference, LayerRegistry};
use hornfels::{ErrorKind, Format, LoadOptions, SaveOptions, Tensor, load_model};

const SAMPLE: &str = "tests/data/early_warning.h5";

fn classic() -> SaveOptions {
    SaveOptions::new().save_format(Format::H5)
}

fn reload(bytes: Vec<u8>) -> Model<'static> {
    LoadOptions::new().load_bytes(bytes).unwrap()
}

#[test]
fn a_real_model_is_the_same_in_both_layouts() {
    let model = load_model(SAMPLE).unwrap();
    for layout in [Layout::Classic, Layout::Compact] {
        let bytes = classic().layout(layout).to_vec(&model).unwrap();
        assert_eq!(reload(bytes), model);
    }
}

#[test]
fn saving_twice_gives_the_same_bytes() {
    let model = load_model(SAMPLE).unwrap();
    let first = classic().to_vec(&model).unwrap();
    let mut streamed = Vec::new();
    classic()
        .write_to(&reload(first.clone()), &mut streamed)
        .unwrap();
    assert!(first == streamed);
}

#[test]
fn layers_and_variables_are_found_by_name() {
    let model = load_model(SAMPLE).unwrap();
    let first = model.variables.iter().next().unwrap();
    let (layer, _) = first.path.split_once('/').unwrap();
    let layer = model.get_layer(layer).unwrap();
    assert_eq!(layer.variable("kernel").unwrap(), &first.tensor);
    let error = model.get_layer("nothing").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains(layer.name()), "{error}");
}

#[test]
fn a_model_may_replace_the_file_it_was_loaded_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.h5");
    fs::copy(SAMPLE, &path).unwrap();
    let model = load_model(&path).unwrap();
    model.save(&path).unwrap();
    assert_eq!(load_model(&path).unwrap(), model);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn without_the_optimizer_the_compile_config_goes_too() {
    let model = load_model(SAMPLE).unwrap();
    let bytes = classic().include_optimizer(false).to_vec(&model).unwrap();
    let bare = reload(bytes);
    assert_eq!((&bare.compile, &bare.optimizer), (&None, &None));
    assert_eq!(bare.variables, model.variables);
    assert_eq!(
        LoadOptions::new()
            .compile(false)
            .load(SAMPLE)
            .unwrap()
            .compile,
        None
    );
}

fn names<'m>(variables: impl IntoIterator<Item = &'m Variable<'static>>) -> Vec<String> {
    let names = variables.into_iter().map(|it| it.stored_name.clone());
    names.map(Option::unwrap_or_default).collect()
}

#[test]
fn a_model_goes_to_the_other_dialect_and_back() {
    let mut model = load_model(SAMPLE).unwrap();
    model.build_optimizer().unwrap();
    let state = model.optimizer.as_mut().unwrap();
    state.set_iterations(42).unwrap();
    let momentum = Tensor::from_vec(vec![1_f32, 2.0, 3.0, 4.0], [4]).unwrap();
    state
        .set_slot("dense/bias", "momentum", momentum.clone())
        .unwrap();

    let keras3 = reload(classic().dialect(Dialect::Keras3).to_vec(&model).unwrap());
    assert_eq!(keras3.metadata.dialect, Some(Dialect::Keras3));
    assert_eq!(keras3.metadata.keras_version.as_deref(), Some("3.15.1"));
    let compile = keras3.compile.as_ref().unwrap();
    assert_eq!(compile.optimizer().unwrap().class_name(), "Adam");
    let state = keras3.optimizer.as_ref().unwrap();
    assert_eq!(state.iterations(), Some(42));
    assert_eq!(state.slot("dense/bias", "momentum").unwrap(), &momentum);
    let stored = names(&state.variables);
    assert_eq!(stored[1], "adam/learning_rate");
    assert!(stored.contains(&"adam/sequential_dense_bias_momentum".to_owned()));

    let back = reload(classic().dialect(Dialect::Keras2).to_vec(&keras3).unwrap());
    assert_eq!(back.metadata.keras_version.as_deref(), Some("2.15.0"));
    // The file has old names, such as `lstm/kernel:0`; the new ones are those of Keras 2.15.
    let paths = model.variables.iter().map(|it| format!("{}:0", it.path));
    assert_eq!(names(back.variables.iter()), paths.collect::<Vec<_>>());
    for variable in model.variables.iter() {
        for other in [&keras3, &back] {
            assert_eq!(other.variable(&variable.path).unwrap(), &variable.tensor);
        }
    }
    let stored = names(&back.optimizer.as_ref().unwrap().variables);
    assert_eq!(
        stored[..3],
        [
            "iteration:0",
            "Adam/m/conv1d/kernel:0",
            "Adam/v/conv1d/kernel:0"
        ]
    );
    let compile = back.compile.unwrap().optimizer().unwrap();
    assert_eq!(compile.class_name(), "Custom>Adam");
}

/// A model that came from no file.
fn made_here() -> Model<'static> {
    let dense = Object::new("Dense", Default::default())
        .with("units", 2)
        .with("batch_input_shape", vec![None, Some(3)]);
    let mut model = Model::new(Sequential::new("sequential").add(dense));
    let variable = |path: &str, shape: &[u64]| Variable {
        path: path.to_owned(),
        stored_name: None,
        tensor: Tensor::zeros(hornfels::DType::Float32, shape).unwrap(),
    };
    let variables = vec![
        variable("dense/kernel", &[3, 2]),
        variable("dense/bias", &[2]),
    ];
    model.variables.add_layer("dense", variables).unwrap();
    model.compile(CompileConfig::new(Adam::new()).loss("mean_squared_error"));
    model.build_optimizer().unwrap();
    model
}

#[test]
fn a_model_made_here_goes_out_in_either_dialect() {
    let model = made_here();
    let keras2 = reload(classic().to_vec(&model).unwrap());
    assert_eq!(keras2.metadata.keras_version.as_deref(), Some("2.15.0"));
    assert_eq!(
        names(keras2.variables.iter()),
        ["dense/kernel:0", "dense/bias:0"]
    );
    let optimizer = keras2.compile.as_ref().unwrap().optimizer().unwrap();
    assert_eq!(optimizer.class_name(), "Custom>Adam");
    assert_eq!(optimizer.bool("is_legacy_optimizer").unwrap(), Some(false));
    assert_eq!(
        names(&keras2.optimizer.unwrap().variables)[1],
        "Adam/m/dense/kernel:0"
    );

    let keras3 = reload(classic().dialect(Dialect::Keras3).to_vec(&model).unwrap());
    assert_eq!(keras3.metadata.keras_version.as_deref(), Some("3.15.1"));
    assert_eq!(
        names(keras3.variables.iter()),
        ["sequential/dense/kernel", "sequential/dense/bias"]
    );
    let paths: Vec<String> = keras3
        .optimizer
        .unwrap()
        .variables
        .into_iter()
        .map(|it| it.path)
        .collect();
    assert_eq!(
        paths[..3],
        [
            "adam/iteration",
            "adam/learning_rate",
            "adam/momentum/dense/kernel"
        ]
    );
}

#[test]
fn the_state_of_an_unknown_optimizer_stays_in_its_dialect() {
    let mut model = reload(classic().to_vec(&made_here()).unwrap());
    // As if the file said so.
    model.optimizer.as_mut().unwrap().variables.pop();
    let error = classic()
        .dialect(Dialect::Keras3)
        .to_vec(&model)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`Custom>Adam`"), "{error}");
    let same = reload(classic().to_vec(&model).unwrap());
    assert_eq!(names(&same.optimizer.unwrap().variables).len(), 4);
    let without = classic().dialect(Dialect::Keras3).include_optimizer(false);
    assert_eq!(reload(without.to_vec(&model).unwrap()).optimizer, None);
}

#[test]
fn each_wrong_argument_is_its_own_error() {
    let model = load_model(SAMPLE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let kind = |path: PathBuf, options: SaveOptions| options.save(&model, path).unwrap_err().kind();
    assert_eq!(
        kind(at("model.keras"), SaveOptions::new()),
        ErrorKind::Unsupported
    );
    assert_eq!(
        kind(at("none/model.h5"), SaveOptions::new()),
        ErrorKind::NotFound
    );
    assert_eq!(
        kind(folder.path().to_owned(), classic()),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        kind(at("m.h5"), classic().save_traces(false)),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        kind(at("m.h5"), classic().dialect(Dialect::Keras1)),
        ErrorKind::Unsupported
    );
    assert_eq!(
        load_model(at("m.h5")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        load_model(folder.path()).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

/// Variables that are not called as their layers call them: loading must not depend on how it finds that out.
fn misnamed(model: &Model<'_>) -> Vec<String> {
    let inference = Inference::of(&model.network, &LayerRegistry::builtin());
    let mut wrong = Vec::new();
    for layer in inference.layers() {
        let specs = layer.variables.as_deref().unwrap_or_default();
        let variables = model.variables.of_layer(&layer.name);
        let mut pairs = specs.iter().zip(variables);
        let is_same = specs.len() == variables.len()
            && pairs.all(|(spec, own)| spec.shape == own.tensor.shape());
        if is_same {
            let expected = specs.iter().map(|it| format!("{}/{}", layer.name, it.path));
            let pairs = expected.zip(variables);
            let pairs = pairs.filter(|(expected, own)| *expected != own.path);
            wrong.extend(pairs.map(|(expected, own)| format!("{}, not {expected}", own.path)));
        }
    }
    wrong
}

#[test]
fn variables_are_called_as_their_layers_call_them() {
    let mut files = Vec::new();
    hdf5_files(Path::new("tests/data"), &mut files);
    let models = files.iter().filter_map(|path| load_model(path).ok());
    let models: Vec<Model<'_>> = models.collect();
    assert!(models.len() > 1);
    for model in &models {
        assert_eq!(misnamed(model), [""; 0]);
    }
}

/// Every file below a folder that begins as HDF5 does.
fn hdf5_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            hdf5_files(&path, found);
        } else if fs::read(&path).unwrap().starts_with(b"\x89HDF\r\n\x1a\n") {
            found.push(path);
        }
    }
}

/// With `HORNFELS_CORPUS`: every whole model of Keras 2 or 3 in it opens, is saved and opens again.
#[test]
fn a_corpus_goes_through() {
    let Some(corpus) = std::env::var_os("HORNFELS_CORPUS") else {
        return;
    };
    let mut files = Vec::new();
    hdf5_files(Path::new(&corpus), &mut files);
    let (mut models, mut others, mut wrong) = (0, 0, Vec::new());
    for path in &files {
        let model = match load_model(path) {
            Ok(model) => model,
            // Weights alone, and HDF5 that has nothing to do with Keras.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                others += 1;
                continue;
            }
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        models += 1;
        wrong.extend(misnamed(&model));
        for layout in [Layout::Classic, Layout::Compact] {
            let saved = classic().layout(layout).to_vec(&model);
            let same = saved.map(|bytes| reload(bytes) == model);
            if !matches!(same, Ok(true)) {
                wrong.push(format!("{}: {layout:?}: {same:?}", path.display()));
            }
        }
    }
    println!(
        "{models} models, {others} other HDF5 files, {} failed",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(models > 0, "no model in {}", Path::new(&corpus).display());
}
