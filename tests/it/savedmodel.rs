//! SavedModel directories: what is in them, that they are the same on each run, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hornfels::bundle::BundleReader;
use hornfels::keras::{Dialect, Functional, Model, Network, Object, Sequential, json};
use hornfels::layers::{
    ActivityRegularization, BatchNormalization, Conv2D, Dense, Dropout, Flatten,
    SpectralNormalization,
};
use hornfels::proto::Message;
use hornfels::proto::tensorflow::SavedModel;
use hornfels::proto::tensorflow::attr_value::Value;
use hornfels::proto::tensorflow::meta_graph::MetaGraphDef;
use hornfels::{
    DType, ErrorKind, Limits, SaveOptions, SavedModelOptions, Signature, Signatures, Tensor,
    VariablePolicy, load_model,
};
use tempfile::TempDir;

const SAMPLE: &str = "tests/data/emotions.h5";

/// A network with two inputs, two outputs, a shared layer, a nested model and layers that differ in
/// training.
pub(crate) fn branches() -> Model<'static> {
    let mut net = Functional::build("branches");
    let left = net.input("left", [8, 8, 1], DType::Float32);
    let right = net.input("right", [8, 8, 1], DType::Float32);
    let conv = Conv2D::new(2, 3).name("conv");
    let a = net.call(conv, &left).unwrap();
    let b = net.call_again("conv", &right).unwrap();
    let inner = Sequential::new("inner")
        .add(
            BatchNormalization::new()
                .name("norm")
                .input_shape([6, 6, 2]),
        )
        .add(Flatten::new().name("flat"))
        .add(Dense::new(3).name("inner_dense"));
    let a = net.call(inner, &a).unwrap();
    let b = net.call(Flatten::new().name("flat"), &b).unwrap();
    let a = net.call(Dropout::new(0.5).name("drop"), &a).unwrap();
    let b = net.call(Dense::new(2).name("dense"), &b).unwrap();
    let mut model = Model::build(net.finish([&left, &right], [&a, &b]).unwrap()).unwrap();
    for (path, shape) in [
        ("conv/kernel", vec![3, 3, 1, 2]),
        ("inner/inner_dense/kernel", vec![72, 3]),
        ("dense/kernel", vec![72, 2]),
    ] {
        let tensor = Tensor::filled(DType::Float32, &shape, 0.25).unwrap();
        model.set_variable(path, tensor).unwrap();
    }
    model
}

pub(crate) fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(directory).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

fn meta_graph(directory: &Path) -> MetaGraphDef {
    let bytes = fs::read(directory.join("saved_model.pb")).unwrap();
    let saved = SavedModel::decode(&bytes, &Limits::default()).unwrap();
    saved.meta_graphs.into_iter().next().unwrap()
}

pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    (folder, path)
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    for model in [branches(), load_model(SAMPLE).unwrap()] {
        let (_one, first) = folder();
        let (_two, second) = folder();
        model.save(&first).unwrap();
        let one_thread = SaveOptions::new().threads(1.try_into().unwrap());
        one_thread.save(&model, &second).unwrap();
        let found = files(&first);
        assert_eq!(found.len(), 5, "{:?}", found.keys());
        assert_eq!(found, files(&second));
    }
}

#[test]
fn a_checkpoint_has_all_variables_under_the_keys_of_keras() {
    let (_folder, path) = folder();
    branches().save(&path).unwrap();
    let bundle = BundleReader::open(path.join("variables/variables")).unwrap();
    let keys: Vec<String> = bundle.keys().collect();
    let values = |names: &[&str]| -> Vec<String> {
        let names = names.iter();
        names
            .map(|it| format!("{it}/.ATTRIBUTES/VARIABLE_VALUE"))
            .collect()
    };
    let mut expected = values(&[
        "layer_with_weights-0/bias",
        "layer_with_weights-0/kernel",
        "layer_with_weights-2/bias",
        "layer_with_weights-2/kernel",
        "variables/2",
        "variables/3",
        "variables/4",
        "variables/5",
        "variables/6",
        "variables/7",
    ]);
    expected.insert(0, "_CHECKPOINTABLE_OBJECT_GRAPH".to_owned());
    assert_eq!(keys, expected);
}

#[test]
fn functions_refer_to_functions_and_nodes_that_are_there() {
    let (_folder, path) = folder();
    branches().save(&path).unwrap();
    let graph = meta_graph(&path);
    let library = graph.graph_def.clone().unwrap().library.unwrap();
    let names: Vec<&str> = library
        .function
        .iter()
        .map(|it| it.signature.as_ref().unwrap().name.as_str())
        .collect();
    assert_eq!(
        names.len(),
        names
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    );
    for function in &library.function {
        let signature = function.signature.as_ref().unwrap();
        let mut known: Vec<&str> = signature.input_arg.iter().map(|it| &*it.name).collect();
        known.extend(function.node_def.iter().map(|it| &*it.name));
        for node in &function.node_def {
            for input in &node.input {
                let input = input.trim_start_matches('^');
                let source = input.split(':').next().unwrap();
                assert!(known.contains(&source), "{}: {input}", signature.name);
            }
        }
        for source in function.control_ret.values() {
            assert!(known.contains(&source.as_str()), "{source}");
        }
    }
    let objects = graph.object_graph_def.unwrap();
    for name in objects.concrete_functions.keys() {
        assert!(names.contains(&name.as_str()), "{name}");
    }
    let training = objects.concrete_functions.keys();
    let of_dropout = training.filter(|name| name.contains("drop_layer_call_fn"));
    assert_eq!(of_dropout.count(), 2, "one for each value of `training`");
}

/// It is called with tensors of any rank: what sums over the axes of none would give them back.
#[test]
fn the_penalty_on_activities_is_one_number() {
    let network = Sequential::new("s")
        .add(Flatten::new().name("flat").input_shape([2, 2]))
        .add(
            ActivityRegularization::new()
                .l1(0.5)
                .l2(0.25)
                .name("penalty"),
        );
    let (_folder, path) = folder();
    Model::build(network).unwrap().save(&path).unwrap();
    let library = meta_graph(&path).graph_def.unwrap().library.unwrap();
    let mut functions = library.function.iter();
    let named = |name: &str| name.contains("penalty_activity_regularizer");
    let penalty = functions.find(|it| named(&it.signature.as_ref().unwrap().name));
    let nodes = &penalty.unwrap().node_def;
    let ops: Vec<&str> = nodes.iter().map(|node| node.op.as_str()).collect();
    let flat = ops.iter().position(|op| *op == "Reshape").unwrap();
    let sum = nodes.iter().find(|node| node.op == "Sum").unwrap();
    assert!(
        flat < ops.iter().position(|op| *op == "Abs").unwrap(),
        "{ops:?}"
    );
    let axes = sum.input[1].split(':').next().unwrap();
    let axes = nodes.iter().find(|node| node.name == axes).unwrap();
    let value = axes.attr["value"].value.as_ref().unwrap();
    let Value::Tensor(value) = value else {
        panic!("{value:?}");
    };
    assert_eq!(value.tensor_content, [0; 4], "the one axis there is");
}

#[test]
fn signatures_are_those_that_were_asked_for() {
    let model = load_model(SAMPLE).unwrap();
    let (_folder, path) = folder();
    model.save(&path).unwrap();
    let default = meta_graph(&path).signature_def;
    let served = &default["serving_default"];
    assert_eq!(served.inputs.keys().collect::<Vec<_>>(), ["input_1"]);
    assert_eq!(served.outputs.keys().collect::<Vec<_>>(), ["predictions"]);
    let signatures = Signatures::new()
        .with(
            "one",
            Signature::new(["global_average_pooling2d_1"]).batch(1),
        )
        .with("both", Signature::new(["predictions", "conv2d_7"]));
    let (_folder, path) = folder();
    SaveOptions::new()
        .signatures(signatures)
        .save(&model, &path)
        .unwrap();
    let found = meta_graph(&path).signature_def;
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        ["__saved_model_init_op", "both", "one"]
    );
    let sizes = |key: &str| {
        let input = &found[key].inputs["input_1"];
        input.tensor_shape.as_ref().unwrap().sizes().unwrap()
    };
    assert_eq!(
        (sizes("one"), sizes("both")),
        (vec![1, 64, 64, 1], vec![-1, 64, 64, 1])
    );
    assert_eq!(
        found["both"].outputs.keys().collect::<Vec<_>>(),
        ["conv2d_7", "predictions"]
    );
    let unknown = Signatures::new().with("s", Signature::new(["nowhere"]));
    let error = SaveOptions::new()
        .signatures(unknown)
        .save(&model, &path)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("`nowhere`"), "{error}");
}

#[test]
fn options_of_tensorflow() {
    let mut options = SavedModelOptions::default();
    options.extra_tags = vec!["gpu".to_owned()];
    options.save_debug_info = true;
    options.shard_size = Some(100_000.try_into().unwrap());
    options.experimental_variable_policy = VariablePolicy::SaveVariableDevices;
    options.experimental_io_device = Some("/job:localhost".to_owned());
    options.function_aliases = [("serve_it".to_owned(), "serving_default".to_owned())].into();
    let (_folder, path) = folder();
    let model = load_model(SAMPLE).unwrap();
    SaveOptions::new()
        .options(options)
        .save(&model, &path)
        .unwrap();
    let found = files(&path);
    assert!(found.contains_key(Path::new("debug/saved_model_debug_info.pb")));
    assert!(found.contains_key(Path::new("variables/variables.data-00000-of-00003")));
    let graph = meta_graph(&path);
    let info = graph.meta_info_def.unwrap();
    assert_eq!(info.tags, ["serve", "gpu"]);
    assert_eq!(
        info.function_aliases.values().collect::<Vec<_>>(),
        ["serve_it"]
    );
    let nodes = graph.graph_def.unwrap().node;
    let handles = nodes.iter().filter(|node| node.op == "VarHandleOp");
    assert!(handles.clone().count() > 70);
    assert!(
        handles
            .into_iter()
            .all(|node| node.device.ends_with("CPU:0"))
    );
}

#[test]
fn options_that_are_refused_are_named() {
    type Set = fn(&mut SavedModelOptions);
    let refused: [(&str, Set); 3] = [
        ("experimental_image_format", |it| {
            it.experimental_image_format = true
        }),
        ("experimental_skip_saver", |it| {
            it.experimental_skip_saver = true
        }),
        ("experimental_debug_stripper", |it| {
            it.experimental_debug_stripper = true
        }),
    ];
    for (name, set) in refused {
        let mut options = SavedModelOptions::default();
        set(&mut options);
        let (_folder, path) = folder();
        let error = SaveOptions::new()
            .options(options)
            .save(&branches(), &path)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains(name), "{error}");
        assert!(!path.exists());
    }
}

#[test]
fn a_save_that_fails_leaves_the_old_directory() {
    let (_folder, path) = folder();
    branches().save(&path).unwrap();
    let before = files(&path);
    let spectral = SpectralNormalization::new(Dense::new(2).name("dense")).name("own");
    let network = Sequential::new("s").add(spectral.input_shape([3]));
    let mut spectral = Model::build(network).unwrap();
    for (variable, shape) in [("own/dense/kernel", [3, 2]), ("own/vector_u", [1, 2])] {
        let tensor = Tensor::zeros(DType::Float32, shape).unwrap();
        spectral.set_variable(variable, tensor).unwrap();
    }
    let error = spectral.save(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("layer `own`"), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("without traces"))
    );
    let error = SaveOptions::new()
        .overwrite(false)
        .save(&branches(), &path)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(files(&path), before);
    let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "no temporary is left behind");
}

#[test]
fn without_traces_any_layer_is_written() {
    let written = r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "Dense", "config": {"name": "dense", "units": 2, "batch_input_shape": [null, 3]}},
        {"class_name": "mine>Layer", "config": {"name": "own"}}]}}"#;
    let object = Object::from_json(json::parse(written).unwrap(), Dialect::Keras2).unwrap();
    let network = Network::from_object(object, &Limits::default()).unwrap();
    let mut model = Model::build(network).unwrap();
    let kernel = Tensor::zeros(DType::Float32, [3, 2]).unwrap();
    model.set_variable("dense/kernel", kernel).unwrap();
    let (_folder, path) = folder();
    let error = model.save(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownObject);
    assert!(error.to_string().contains("layer `own`"), "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("register") && hint.contains("without traces"),
        "{hint}"
    );
    SaveOptions::new()
        .save_traces(false)
        .save(&model, &path)
        .unwrap();
    let graph = meta_graph(&path);
    assert!(
        graph
            .object_graph_def
            .unwrap()
            .concrete_functions
            .is_empty()
    );
    let metadata = fs::read(path.join("keras_metadata.pb")).unwrap();
    let metadata = String::from_utf8_lossy(&metadata).into_owned();
    assert!(metadata.contains("mine>Layer") && metadata.contains("build_input_shape"));
}
