//! SavedModel directories, back into models.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hornfels::keras::{Adam, CompileConfig, Model, Network, Object, Sequential, Sgd, Variable};
use hornfels::layers::{BatchNormalization, Dense};
use hornfels::proto::Message;
use hornfels::proto::keras::SavedMetadata;
use hornfels::proto::tensorflow::SavedModel;
use hornfels::proto::tensorflow::saved_object_graph::Kind;
use hornfels::{
    DType, ErrorKind, Format, Limits, LoadOptions, LoadWeightsOptions, SaveOptions,
    SavedModelOptions, SharedBytes, Tensor, load_model,
};

use crate::savedmodel::{branches, files, folder};

const SAMPLE: &str = "tests/data/emotions.h5";

/// Paths and values, whatever file they came from.
fn variables<'m>(variables: impl Iterator<Item = &'m Variable<'m>>) -> Vec<(String, Tensor<'m>)> {
    let variables = variables.map(|it| (it.path.clone(), it.tensor.borrowed()));
    variables.collect()
}

/// The same layers, variables, compile config and optimizer.
fn same(found: &Model<'_>, expected: &Model<'_>) {
    let names = |network: &Network| -> Vec<(String, String)> {
        let layers = network.layers().iter();
        let layers = layers.map(|it| (it.name().to_owned(), it.class_name().to_owned()));
        layers.collect()
    };
    assert_eq!(names(&found.network), names(&expected.network));
    assert_eq!(found.name(), expected.name());
    assert_eq!(
        variables(found.variables.iter()),
        variables(expected.variables.iter())
    );
    let compiled = |model: &Model<'_>| {
        let optimizer = model.compile.as_ref().and_then(CompileConfig::optimizer);
        let config = optimizer.as_ref().map(Object::config).cloned();
        (
            config,
            model.compile.as_ref().and_then(|it| it.losses().cloned()),
        )
    };
    assert_eq!(compiled(found), compiled(expected));
    let found = found.optimizer.iter().flat_map(|it| &it.variables);
    let expected = expected.optimizer.iter().flat_map(|it| &it.variables);
    assert_eq!(variables(found), variables(expected));
}

/// A compiled model with state, as it comes back from HDF5 in the dialect of Keras 2.
fn trained(optimizer: impl Into<Object>) -> Model<'static> {
    let mut model = branches();
    model.compile(CompileConfig::new(optimizer).loss("mean_squared_error"));
    model.build_optimizer().unwrap();
    let state = model.optimizer.as_mut().unwrap();
    state.set_iterations(7).unwrap();
    for (index, variable) in state.variables.iter_mut().enumerate().skip(1) {
        let value = f64::from(u8::try_from(index % 100).unwrap());
        let shape = variable.tensor.shape().to_vec();
        variable.tensor = Tensor::filled(DType::Float32, &shape, value).unwrap();
    }
    let bytes = SaveOptions::new().to_vec(&model).unwrap();
    LoadOptions::new().load_bytes(bytes).unwrap()
}

#[test]
fn what_is_saved_comes_back() {
    let (_folder, path) = folder();
    let legacy = Object::from_json(
        serde_json::json!({"class_name": "Adam", "config": {"learning_rate": 0.5}}),
        hornfels::keras::Dialect::Keras2,
    );
    for model in [
        trained(Adam::new()),
        trained(Sgd::new().momentum(0.9)),
        trained(legacy.unwrap()),
        LoadOptions::new().compile(false).load(SAMPLE).unwrap(),
    ] {
        for save in [SaveOptions::new(), SaveOptions::new().save_traces(false)] {
            let mut sharded = SavedModelOptions::default();
            sharded.shard_size = std::num::NonZeroU64::new(1000);
            for save in [save.clone(), save.options(sharded)] {
                save.overwrite(true).save(&model, &path).unwrap();
                same(&load_model(&path).unwrap(), &model);
                let read = LoadOptions::new().map(false).load(&path).unwrap();
                same(&read, &model);
            }
        }
    }
}

#[test]
fn a_directory_gives_the_same_directory_and_the_same_file_again() {
    let (_one, first) = folder();
    let (_two, second) = folder();
    let model = trained(Adam::new());
    model.save(&first).unwrap();
    let back = load_model(&first).unwrap();
    back.save(&second).unwrap();
    assert_eq!(files(&first), files(&second));
    let again = SaveOptions::new().to_vec(&back).unwrap();
    let once = SaveOptions::new().to_vec(&model).unwrap();
    let [again, once] = [again, once].map(|it| LoadOptions::new().load_bytes(it).unwrap());
    let names = |model: &Model<'_>| -> Vec<Option<String>> {
        let names = model.variables.iter().map(|it| it.stored_name.clone());
        names.collect()
    };
    assert_eq!(names(&again), names(&once));
}

#[test]
fn files_may_be_in_memory() {
    let (_folder, path) = folder();
    let model = trained(Adam::new());
    model.save(&path).unwrap();
    let held = files(&path);
    let loaded = LoadOptions::new().load_files(held.clone()).unwrap();
    same(&loaded, &model);
    let without = |name: &str| {
        let mut held = held.clone();
        held.remove(Path::new(name)).unwrap();
        LoadOptions::new().load_files(held).unwrap_err()
    };
    for name in [
        "saved_model.pb",
        "keras_metadata.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
    ] {
        let error = without(name);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{name}: {error}");
    }
    let error = without("keras_metadata.pb");
    assert!(error.message().contains("`keras_metadata.pb`"), "{error}");
    assert!(error.hint().unwrap().contains("model.save"), "{error}");
}

#[test]
fn a_model_that_is_not_to_be_compiled_is_not() {
    let (_folder, path) = folder();
    trained(Adam::new()).save(&path).unwrap();
    let model = LoadOptions::new().compile(false).load(&path).unwrap();
    assert!(model.compile.is_none() && model.optimizer.is_none());
    assert_eq!(model.variables.len(), branches().variables.len());
}

#[test]
fn a_directory_is_known_by_its_files() {
    let (folder, path) = folder();
    branches().save(&path).unwrap();
    assert_eq!(Format::at(&path).unwrap(), Some(Format::SavedModel));
    assert_eq!(Format::at(folder.path()).unwrap(), None);
    let error = load_model(folder.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("saved_model.pb"), "{error}");
    fs::write(folder.path().join("saved_model.pbtxt"), "").unwrap();
    let error = load_model(folder.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

/// What TensorFlow 2.4 and older wrote: descriptions in the objects themselves.
#[test]
fn metadata_may_be_in_the_objects() {
    let (_folder, path) = folder();
    let model = trained(Adam::new());
    model.save(&path).unwrap();
    let mut held = files(&path);
    let metadata = held.remove(Path::new("keras_metadata.pb")).unwrap();
    let metadata = SavedMetadata::decode(&metadata, &Limits::default()).unwrap();
    let saved = held.get_mut(Path::new("saved_model.pb")).unwrap();
    let mut graph = SavedModel::decode(saved, &Limits::default()).unwrap();
    let objects = graph.meta_graphs[0].object_graph_def.as_mut().unwrap();
    for node in metadata.nodes {
        let object = &mut objects.nodes[usize::try_from(node.node_id).unwrap()];
        match &mut object.kind {
            Some(Kind::UserObject(user)) => user.metadata = node.metadata,
            other => panic!("{other:?}"),
        }
    }
    *saved = graph.encode().unwrap();
    same(&LoadOptions::new().load_files(held).unwrap(), &model);
}

/// What is frozen is listed, and trained, as Keras does.
#[test]
fn frozen_layers_keep_their_order() {
    let inner = |name: &str, trainable: bool| {
        let flagged = |layer: Object| layer.with("trainable", trainable);
        Sequential::new(name)
            .add(flagged(Dense::new(3).name("first").input_shape([3]).into()))
            .add(flagged(BatchNormalization::new().name("norm").into()))
            .add(flagged(Dense::new(3).name("second").into()))
    };
    let network = Sequential::new("outer")
        .add(BatchNormalization::new().name("norm").input_shape([3]))
        .add(inner("free", true))
        .add(inner("frozen", false));
    let mut model = Model::build(network).unwrap();
    let paths: Vec<String> = model.variables.iter().map(|it| it.path.clone()).collect();
    for (index, path) in paths.iter().enumerate() {
        let shape = model.variable(path).unwrap().shape().to_vec();
        let value = f64::from(u8::try_from(index).unwrap());
        let value = Tensor::filled(DType::Float32, &shape, value).unwrap();
        model.set_variable(path, value).unwrap();
    }
    let (_folder, path) = folder();
    for traces in [true, false] {
        let save = SaveOptions::new().save_traces(traces).overwrite(true);
        save.save(&model, &path).unwrap();
        let found = load_model(&path).unwrap();
        assert_eq!(
            variables(found.variables.iter()),
            variables(model.variables.iter())
        );
        let trained = |model: &Model<'_>| model.trainable_variables().len();
        assert_eq!(trained(&found), trained(&model));
    }
}

#[test]
fn weights_come_from_a_directory_or_its_checkpoint() {
    let (_folder, path) = folder();
    let source = trained(Adam::new());
    source.save(&path).unwrap();
    for from in [path.clone(), path.join("variables/variables")] {
        let mut model = branches();
        model.compile(CompileConfig::new(Adam::new()));
        model.build_optimizer().unwrap();
        let report = model.load_weights(&from).unwrap();
        assert!(
            report.missing.is_empty() && report.unused.is_empty(),
            "{report}"
        );
        assert_eq!(
            variables(model.variables.iter()),
            variables(source.variables.iter())
        );
        let state = model.optimizer.unwrap();
        assert_eq!(state.iterations(), Some(7));
        assert_eq!(
            variables(state.variables.iter())
                .last()
                .map(|it| it.1.bytes().to_vec()),
            source
                .optimizer
                .as_ref()
                .unwrap()
                .variables
                .last()
                .map(|it| it.tensor.bytes().to_vec())
        );
    }
    let mut other = Model::build(Sequential::new("s").add(Dense::new(2).input_shape([2]))).unwrap();
    let error = other.load_weights(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let by_name = LoadWeightsOptions::new().by_name(true);
    let report = by_name.skip_mismatch(true).load(&mut other, &path).unwrap();
    assert_eq!(report.unused.len(), source.variables.len() - 2);
}

/// A model of 64 MiB.
#[cfg(target_os = "linux")]
#[test]
fn loading_touches_no_weight() {
    let (_folder, path) = folder();
    let mut model =
        Model::build(Sequential::new("big").add(Dense::new(4096).input_shape([4096]))).unwrap();
    let kernel = Tensor::filled(DType::Float32, [4096, 4096], 0.5).unwrap();
    model.set_variable("dense/kernel", kernel).unwrap();
    model.save(&path).unwrap();
    let loaded = load_model(&path).unwrap();
    let data = path.join("variables/variables.data-00000-of-00001");
    let before = resident(&data);
    assert!(before < 1 << 20, "{before} bytes of the file are in memory");
    let kernel = loaded.variable("dense/kernel").unwrap();
    assert!(kernel.view::<f32>().unwrap().iter().all(|it| *it == 0.5));
    // What looks at weights is seen.
    assert!(resident(&data) > 60 << 20);
}

/// How much of a mapped file this process has looked at.
#[cfg(target_os = "linux")]
fn resident(path: &Path) -> u64 {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = maps.lines();
    lines
        .find(|line| line.ends_with(path.to_str().unwrap()))
        .unwrap();
    let line = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
    let kib: u64 = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    kib * 1024
}

/// Every SavedModel of the corpus: one of Keras is read, with each tensor as the bundle has it; what is
/// none is refused with what can be done.
#[test]
fn corpus_directories_load_or_say_why_not() {
    let Some(corpus) = std::env::var_os("HORNFELS_CORPUS") else {
        return;
    };
    let mut found = Vec::new();
    saved_models(Path::new(&corpus), &mut found);
    let mut loaded = 0;
    for path in found {
        let held: BTreeMap<PathBuf, Vec<u8>> = files(&path);
        let held = held
            .into_iter()
            .map(|(name, bytes)| (name, SharedBytes::from(bytes)));
        match LoadOptions::new().load_files(held) {
            Ok(model) => {
                let bundle = path.join("variables/variables");
                let bundle = hornfels::bundle::BundleReader::open(bundle).unwrap();
                let stored: Vec<Tensor<'_>> = bundle
                    .keys()
                    .filter(|key| key.ends_with("VARIABLE_VALUE"))
                    .map(|key| bundle.tensor(&key).unwrap())
                    .collect();
                let state = model.optimizer.iter().flat_map(|it| &it.variables);
                for variable in model.variables.iter().chain(state) {
                    assert!(
                        stored.contains(&variable.tensor),
                        "{path:?}: {}",
                        variable.path
                    );
                }
                assert!(!model.variables.is_empty());
                loaded += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NotFound, "{path:?}: {error}");
                assert!(
                    error.hint().unwrap().contains("hornfels show"),
                    "{path:?}: {error}"
                );
            }
        }
    }
    println!("{loaded} models loaded");
}

fn saved_models(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.join("saved_model.pb").is_file() {
            found.push(path);
        } else if path.is_dir() {
            saved_models(&path, found);
        }
    }
}
