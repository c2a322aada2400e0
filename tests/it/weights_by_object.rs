//! The layout of `.weights.h5`: a group for each object.

use hornfels::hdf5::{File, GroupMut, Object, Tree, Value, WriteOptions};
use hornfels::keras::{Adam, CompileConfig, Dialect, Model, Sequential, Sgd};
use hornfels::layers::{Bidirectional, Dense, Flatten, LSTM, MultiHeadAttention, TimeDistributed};
use hornfels::tensor::BF16;
use hornfels::{Limits, LoadWeightsOptions, SaveOptions, Tensor, WeightsLayout, load_model};

fn model(units: u64) -> Model<'static> {
    let network = Sequential::new("s")
        .add(Dense::new(units).name("a").input_shape([2]))
        .add(Flatten::new().name("flat"))
        .add(Dense::new(1).name("b"));
    let mut model = Model::build(network).unwrap();
    fill(&mut model, 1.0);
    model
}

/// Other numbers for each element of each variable.
fn fill(model: &mut Model<'static>, first: f32) {
    let paths: Vec<String> = model.variables.iter().map(|it| it.path.clone()).collect();
    let mut next = first;
    for path in paths {
        let shape = model.variable(&path).unwrap().shape().to_vec();
        let count: u64 = shape.iter().product();
        let values = (0..count).map(|_| {
            next += 1.0;
            next
        });
        let tensor = Tensor::from_vec(values.collect::<Vec<f32>>(), shape).unwrap();
        model.set_variable(&path, tensor).unwrap();
    }
}

fn objects() -> SaveOptions {
    SaveOptions::new().weights_layout(WeightsLayout::Objects)
}

fn bytes_of(model: &Model<'_>, options: &SaveOptions) -> Vec<u8> {
    let mut tree = Tree::new();
    hornfels::keras_h5::save_weights_into(model, &mut tree.root(), options).unwrap();
    tree.to_vec(&WriteOptions::default()).unwrap()
}

/// Every dataset and empty group, by path.
fn paths(bytes: Vec<u8>) -> Vec<String> {
    let file = File::from_bytes(bytes, Limits::default()).unwrap();
    let steps = file.root().walk().map(Result::unwrap);
    let mut paths: Vec<String> = steps
        .filter(|step| match &step.found {
            hornfels::hdf5::Found::Object(Object::Group(group)) => {
                group.links().unwrap().is_empty()
            }
            _ => true,
        })
        .map(|step| step.path.to_string())
        .collect();
    paths.sort();
    paths
}

#[test]
fn weights_come_back_by_class_and_place() {
    let source = model(3);
    let bytes = bytes_of(&source, &objects());
    assert_eq!(
        paths(bytes.clone()),
        [
            "/layers/dense/vars/0",
            "/layers/dense/vars/1",
            "/layers/dense_1/vars/0",
            "/layers/dense_1/vars/1",
            "/layers/flatten/vars",
            "/vars",
        ]
    );
    let mut target = model(3);
    fill(&mut target, 100.0);
    let report = LoadWeightsOptions::new()
        .load_bytes(&mut target, bytes)
        .unwrap();
    assert_eq!(report.to_string(), "4 variables matched");
    let last = &report.matched[3];
    assert_eq!(
        (&*last.layer, &*last.variable, &*last.stored_layer),
        ("b", "b/bias", "layers/dense_1")
    );
    assert_eq!(last.stored_name, "layers/dense_1/vars/1");
    assert_eq!(target, source);
}

#[test]
fn the_name_or_the_option_decides() {
    let folder = tempfile::tempdir().unwrap();
    let source = model(3);
    let by_objects = |name: &str, options: SaveOptions| {
        let path = folder.path().join(name);
        options.save_weights(&source, &path).unwrap();
        File::open(&path).unwrap().root().contains("vars").unwrap()
    };
    let layers = SaveOptions::new().weights_layout(WeightsLayout::Layers);
    assert!(by_objects("x.weights.h5", SaveOptions::new()));
    assert!(!by_objects("x.h5", SaveOptions::new()));
    assert!(!by_objects("y.weights.h5", layers));
    assert!(by_objects("y.h5", objects()));
    let error = load_model(folder.path().join("y.h5")).unwrap_err();
    assert!(error.message().contains("a `.weights.h5` file"), "{error}");
    assert!(error.hint().unwrap().contains("load_weights"), "{error}");
}

#[test]
fn the_optimizer_comes_along_if_it_fits() {
    let mut source = load_model("tests/data/early_warning.h5").unwrap();
    source.compile(CompileConfig::new(Adam::new()));
    source.build_optimizer().unwrap();
    let state = source.optimizer.as_mut().unwrap();
    state.set_iterations(7).unwrap();
    let bias = Tensor::from_vec(vec![0.5_f32; 4], [4]).unwrap();
    state.set_slot("dense/bias", "velocity", bias).unwrap();
    let bytes = bytes_of(&source, &objects().dialect(Dialect::Keras2));

    let mut target = source.clone();
    target.build_optimizer().unwrap();
    assert_ne!(target, source);
    let load = |target: &mut Model<'static>, bytes: &Vec<u8>| {
        let options = LoadWeightsOptions::new();
        options.load_bytes(target, bytes.clone()).unwrap()
    };
    let variables = source.variables.len();
    let report = load(&mut target, &bytes);
    assert_eq!(target, source);
    let optimizer = report.matched.len() - variables;
    assert_eq!(
        optimizer,
        source.optimizer.as_ref().unwrap().variables.len()
    );

    // As Keras 3 has it, with the learning rate.
    let mut target = source.clone();
    target.build_optimizer().unwrap();
    let of_keras3 = bytes_of(&source, &objects().dialect(Dialect::Keras3));
    let report = load(&mut target, &of_keras3);
    assert_eq!(report.matched.len(), variables + optimizer);
    assert_eq!(
        report.matched[variables + 1].stored_name,
        "optimizer/vars/1"
    );
    assert_eq!(target, source);

    // All or nothing: another optimizer stays as it is.
    let mut other = source.clone();
    other.compile(CompileConfig::new(Sgd::new()));
    other.build_optimizer().unwrap();
    let before = other.clone();
    let report = load(&mut other, &of_keras3);
    assert_eq!(report.matched.len(), variables);
    assert_eq!((report.missing.len(), report.unused.len()), (2, optimizer));
    assert_eq!(report.missing[0].variable, "sgd/iteration");
    assert_eq!(report.unused[1].variable, "optimizer/vars/1");
    assert_eq!(other, before);

    // A model without state has no use for it, and a file may be without.
    target.optimizer = None;
    assert_eq!(load(&mut target, &bytes).matched.len(), variables);
    let without = bytes_of(&source, &objects().include_optimizer(false));
    let report = load(&mut source.clone(), &without);
    assert_eq!(report.to_string(), format!("{variables} variables matched"));
}

#[test]
fn both_forms_are_written_and_read() {
    let lstm = LSTM::new(2).return_sequences(true);
    let network = Sequential::new("s")
        .add(Bidirectional::new(lstm).name("both").input_shape([5, 4]))
        .add(TimeDistributed::new(Dense::new(4)).name("each"));
    let mut functional = hornfels::keras::Functional::build("f");
    let input = functional.input("in", [5, 4], hornfels::DType::Float32);
    let x = functional
        .call(hornfels::keras::Network::from(network), &input)
        .unwrap();
    let x = functional
        .call(MultiHeadAttention::new(2, 3).name("heads"), [&x, &x])
        .unwrap();
    let network = functional.finish(&input, &x).unwrap();
    let mut source = Model::build(network).unwrap();
    fill(&mut source, 1.0);
    for (dialect, query) in [
        (
            Dialect::Keras3,
            "/layers/multi_head_attention/query_dense/vars/0",
        ),
        (
            Dialect::Keras2,
            "/layers/multi_head_attention/_query_dense/vars/0",
        ),
    ] {
        let bytes = bytes_of(&source, &objects().dialect(dialect));
        let found = paths(bytes.clone());
        for path in [
            query,
            "/layers/sequential/layers/bidirectional/backward_layer/cell/vars/2",
            "/layers/sequential/layers/time_distributed/layer/vars/1",
        ] {
            assert!(found.iter().any(|it| it == path), "{path}: {found:?}");
        }
        let file = File::from_bytes(bytes.clone(), Limits::default()).unwrap();
        let vars = file.group("layers/multi_head_attention/vars").unwrap();
        let name = vars.attribute("name").unwrap();
        let name = name.map(|it| it.string().unwrap());
        let expected = (dialect == Dialect::Keras3).then(|| "heads".to_owned());
        assert_eq!(name, expected);
        let mut target = source.clone();
        fill(&mut target, 1000.0);
        let options = LoadWeightsOptions::new();
        let report = options.load_bytes(&mut target, bytes.clone()).unwrap();
        assert_eq!(report.matched.len(), source.variables.len());
        assert_eq!(target, source);

        // Keras 2.13 has another word for the layers.
        let renamed = renamed(&bytes);
        fill(&mut target, 1000.0);
        let found = options.load_bytes(&mut target, renamed);
        match dialect {
            Dialect::Keras2 => assert_eq!(found.unwrap().matched.len(), source.variables.len()),
            _ => assert!(found.is_err()),
        }
    }
}

/// The same file with the words of Keras 2.13.
fn renamed(bytes: &[u8]) -> Vec<u8> {
    let file = File::from_bytes(bytes.to_vec(), Limits::default()).unwrap();
    let mut tree = Tree::new();
    for step in file.root().walk().map(Result::unwrap) {
        let path = step
            .path
            .replace("layers", "_layer_checkpoint_dependencies");
        if let hornfels::hdf5::Found::Object(Object::Dataset(dataset)) = step.found {
            tree.root()
                .dataset(&path, dataset.tensor().unwrap())
                .unwrap();
        }
    }
    tree.to_vec(&WriteOptions::default()).unwrap()
}

#[test]
fn bfloat16_is_what_it_was() {
    let network = Sequential::new("s").add(Dense::new(1).dtype("bfloat16").input_shape([2]));
    let mut source = Model::build(network).unwrap();
    let kernel = vec![BF16::from_f32(1.5), BF16::from_f32(-2.0)];
    source
        .set_variable("dense/kernel", Tensor::from_vec(kernel, [2, 1]).unwrap())
        .unwrap();
    let bytes = bytes_of(&source, &objects());
    let file = File::from_bytes(bytes.clone(), Limits::default()).unwrap();
    let kernel = file.dataset("layers/dense/vars/0").unwrap();
    let dtype = kernel.attribute("dtype").unwrap().unwrap();
    assert_eq!(dtype.string().unwrap(), "bfloat16");
    let mut target = source.clone();
    target.load_weights_of(bytes);
    assert_eq!(target, source);

    // Keras 2 does not say what the two bytes are.
    let mut tree = Tree::new();
    let opaque = hornfels::hdf5::Datatype::Opaque {
        size: 2,
        tag: Vec::new(),
    };
    let bits = source.variable("dense/kernel").unwrap().bytes().to_vec();
    let value = Value::raw(opaque.clone(), [2, 1], bits).unwrap();
    tree.root().dataset("layers/dense/vars/0", value).unwrap();
    let value = Value::raw(opaque, [1], vec![0, 0]).unwrap();
    tree.root().dataset("layers/dense/vars/1", value).unwrap();
    let mut target = source.clone();
    target.load_weights_of(tree.to_vec(&WriteOptions::default()).unwrap());
    assert_eq!(target, source);
}

trait LoadsBytes {
    fn load_weights_of(&mut self, bytes: Vec<u8>);
}

impl LoadsBytes for Model<'static> {
    fn load_weights_of(&mut self, bytes: Vec<u8>) {
        let report = LoadWeightsOptions::new().load_bytes(self, bytes).unwrap();
        assert!(report.missing.is_empty() && report.unused.is_empty());
    }
}

/// What is said of a file, of which the group `layers` is given, for the model.
#[track_caller]
fn refuses(options: &LoadWeightsOptions, fill: &dyn Fn(&mut GroupMut<'_, '_>), expected: &str) {
    let mut tree = Tree::new();
    fill(&mut tree.root().group("layers").unwrap());
    let bytes = tree.to_vec(&WriteOptions::default()).unwrap();
    let mut target = model(3);
    let error = options.load_bytes(&mut target, bytes).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(target, model(3));
}

fn zeros(group: &mut GroupMut<'_, '_>, path: &str, shape: &[u64]) {
    let tensor = Tensor::zeros(hornfels::DType::Float32, shape).unwrap();
    group.dataset(path, tensor).unwrap();
}

#[test]
fn what_does_not_fit_is_an_error() {
    let plain = LoadWeightsOptions::new();
    refuses(
        &plain,
        &|_| {},
        "layer `a`, in the file `layers/dense`: 0 weights in the file, expected 2",
    );
    refuses(
        &plain,
        &|layers| {
            zeros(layers, "dense/vars/0", &[2, 3]);
            zeros(layers, "dense/vars/2", &[3]);
        },
        "group /layers/dense/vars: 2 variables, none called `1`, expected those from `0` on",
    );
    refuses(
        &plain,
        &|layers| {
            zeros(layers, "dense/vars/0", &[3, 2]);
            zeros(layers, "dense/vars/1", &[3]);
        },
        "shape [3, 2] of `layers/dense/vars/0` in layer `layers/dense`, expected [2, 3] for `a/kernel`",
    );
    for (options, word) in [
        (plain.clone().by_name(true), "by_name"),
        (plain.flip_kernels(true), "flip_kernels"),
    ] {
        let expected = format!("`{word}` given with weights in the layout of `.weights.h5`");
        refuses(&options, &|_| {}, &expected);
    }
}

#[test]
fn what_does_not_fit_is_left_out_on_request() {
    let mut bytes = bytes_of(&model(4), &objects());
    let lenient = LoadWeightsOptions::new().skip_mismatch(true);
    let mut target = model(3);
    let report = lenient.load_bytes(&mut target, bytes).unwrap();
    assert_eq!(report.wrong_shape.len(), 3);
    assert_eq!(report.matched[0].variable, "b/bias");

    // More layers in the file than in the model: Keras says nothing, this crate reports them.
    bytes = bytes_of(&model(3), &objects());
    let network = Sequential::new("s").add(Dense::new(3).name("a").input_shape([2]));
    let mut target = Model::build(network).unwrap();
    let report = LoadWeightsOptions::new()
        .load_bytes(&mut target, bytes)
        .unwrap();
    assert_eq!(report.matched.len(), 2);
    assert_eq!(
        report.to_string(),
        "2 variables matched\nunused: `layers/dense_1/vars/0` of layer `layers/dense_1`\n\
         unused: `layers/dense_1/vars/1` of layer `layers/dense_1`"
    );
}
