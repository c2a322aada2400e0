//! Files of weights, and whole models whose lists of layers differ from their configs.

use hornfels::hdf5::{File, GroupMut, Tree, Value, WriteOptions};
use hornfels::keras::{Model, Sequential};
use hornfels::layers::{Dense, Flatten};
use hornfels::{
    Error, ErrorKind, Limits, LoadOptions, LoadWeightsOptions, SaveOptions, Tensor, load_model,
};

/// Two layers with weights, `a` and `b`, and one without between them.
fn model(name_of_a: &str, units: u64) -> Model<'static> {
    let network = Sequential::new("s")
        .add(Dense::new(units).name(name_of_a).input_shape([2]))
        .add(Flatten::new().name("flat"))
        .add(Dense::new(1).name("b"));
    Model::build(network).unwrap()
}

/// The same with 1, 2, 3, … in each variable.
fn counted(name_of_a: &str, units: u64) -> Model<'static> {
    let mut model = model(name_of_a, units);
    let of_a = |name: &str| format!("{name_of_a}/{name}");
    for (path, shape) in [
        (of_a("kernel"), vec![2, units]),
        (of_a("bias"), vec![units]),
        ("b/kernel".to_owned(), vec![units, 1]),
    ] {
        let count: u64 = shape.iter().product();
        let values: Vec<f32> = (1..=u16::try_from(count).unwrap()).map(f32::from).collect();
        let tensor = Tensor::from_vec(values, shape).unwrap();
        model.set_variable(&path, tensor).unwrap();
    }
    model
}

fn weights_of(model: &Model<'_>) -> Vec<u8> {
    let mut tree = Tree::new();
    let options = SaveOptions::new();
    hornfels::keras_h5::save_weights_into(model, &mut tree.root(), &options).unwrap();
    tree.to_vec(&WriteOptions::default()).unwrap()
}

fn first(model: &Model<'_>) -> Vec<f32> {
    let variable = model.variables.iter().next().unwrap();
    variable.tensor.view::<f32>().unwrap().to_vec()
}

#[test]
fn weights_come_back_by_position() {
    let source = counted("a", 3);
    let whole = SaveOptions::new().to_vec(&source).unwrap();
    for bytes in [weights_of(&source), whole] {
        // The names of layers do not matter.
        let mut target = model("renamed", 3);
        let report = LoadWeightsOptions::new()
            .load_bytes(&mut target, bytes)
            .unwrap();
        assert_eq!(report.matched.len(), 4);
        let one = &report.matched[0];
        assert_eq!(
            (&*one.layer, &*one.variable, &*one.stored_layer),
            ("renamed", "renamed/kernel", "a")
        );
        assert_eq!(report.to_string(), "4 variables matched");
        assert_eq!(first(&target), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }
}

#[test]
fn a_path_does_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("only.h5");
    let source = counted("a", 3);
    source.save_weights(&path).unwrap();
    let mut target = model("a", 3);
    target.load_weights(&path).unwrap();
    assert_eq!(first(&target), first(&source));
    // What there is of the file is what Keras writes.
    let file = File::open(&path).unwrap();
    assert!(file.root().attribute("layer_names").unwrap().is_some());
    assert!(file.root().attribute("model_config").unwrap().is_none());
    assert!(file.root().contains("flat").unwrap());

    let error = load_model(&path).unwrap_err();
    assert!(error.message().contains("a `save_weights` file"), "{error}");
    assert!(error.hint().unwrap().contains("load_weights"), "{error}");
}

#[test]
fn weights_of_another_model_are_told() {
    let by_name = LoadWeightsOptions::new().by_name(true);
    let lenient = LoadWeightsOptions::new().skip_mismatch(true);
    let both = by_name.clone().skip_mismatch(true);

    // Another shape: an error, or left out.
    let bytes = weights_of(&counted("a", 4));
    for options in [LoadWeightsOptions::new(), by_name.clone()] {
        let mut target = counted("a", 3);
        let error = options.load_bytes(&mut target, bytes.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(
            error.message(),
            "shape [2, 4] of `a/kernel:0` in layer `a`, expected [2, 3] for `a/kernel`"
        );
        // Nothing was changed, not even what would have fitted.
        assert_eq!(target, counted("a", 3));
    }
    for options in [lenient, both] {
        let mut target = counted("a", 3);
        let report = options.load_bytes(&mut target, bytes.clone()).unwrap();
        let wrong: Vec<&str> = report
            .wrong_shape
            .iter()
            .map(|it| &*it.pair.variable)
            .collect();
        assert_eq!(wrong, ["a/kernel", "a/bias", "b/kernel"]);
        assert_eq!(report.matched[0].variable, "b/bias");
        assert_eq!(first(&target), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }
    // Other names: found by position, missing by name.
    let bytes = weights_of(&counted("z", 3));
    let mut target = model("a", 3);
    let report = by_name.load_bytes(&mut target, bytes).unwrap();
    assert_eq!(
        report.to_string(),
        "2 variables matched\nmissing: `a/kernel`\nmissing: `a/bias`\n\
         unused: `z/kernel:0` of layer `z`\nunused: `z/bias:0` of layer `z`"
    );
    assert_eq!(first(&target), first(&model("a", 3)));
}

#[test]
fn another_number_of_layers_is_an_error() {
    let network = Sequential::new("s").add(Dense::new(3).name("a").input_shape([2]));
    let mut target = Model::build(network).unwrap();
    let bytes = weights_of(&counted("a", 3));
    let options = LoadWeightsOptions::new().skip_mismatch(true);
    let error = options.load_bytes(&mut target, bytes).unwrap_err();
    assert_eq!(
        error.message(),
        r#"weights of 2 layers ["a", "b"], expected 1 ["a"]"#
    );
    assert!(error.hint().unwrap().contains("by_name"));
}

#[test]
fn another_number_of_weights_is_left_out_on_request() {
    let network = Sequential::new("s")
        .add(Dense::new(3).name("a").use_bias(false).input_shape([2]))
        .add(Dense::new(1).name("b"));
    let mut target = Model::build(network).unwrap();
    let bytes = weights_of(&counted("a", 3));
    let error = LoadWeightsOptions::new()
        .load_bytes(&mut target, bytes.clone())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer `a`: 2 weights in the file, expected 1"
    );
    let options = LoadWeightsOptions::new().skip_mismatch(true);
    let report = options.load_bytes(&mut target, bytes).unwrap();
    assert_eq!((report.missing.len(), report.unused.len()), (1, 2));
    assert_eq!(report.matched.len(), 2);
}

#[test]
fn what_holds_no_weights_says_so() {
    let of = |fill: &dyn Fn(&mut GroupMut<'_, '_>)| {
        let mut tree = Tree::new();
        fill(&mut tree.root());
        let bytes = tree.to_vec(&WriteOptions::default()).unwrap();
        LoadWeightsOptions::new()
            .load_bytes(&mut model("a", 3), bytes)
            .unwrap_err()
    };
    let error = of(&|root| {
        root.dataset("x", Tensor::scalar(1_u8)).unwrap();
    });
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("`layers`"), "{error}");
}

/// Names and shapes.
type Weights = &'static [(&'static str, &'static [u64])];

/// A whole model whose groups and lists of layers are these.
fn load(layers: &[(&str, Weights)], listed: &[&str]) -> Result<Model<'static>, Error> {
    let source = SaveOptions::new().to_vec(&counted("a", 3)).unwrap();
    let config = File::from_bytes(source, Limits::default()).unwrap();
    let config = config.root().attribute("model_config").unwrap().unwrap();
    let config = config.string().unwrap();
    let mut tree = Tree::new();
    let mut root = tree.root();
    root.attribute("model_config", Value::variable_string(config))
        .unwrap();
    root.attribute("keras_version", "2.15.0").unwrap();
    let mut weights = root.group("model_weights").unwrap();
    weights
        .attribute("layer_names", Value::fixed_strings(listed).unwrap())
        .unwrap();
    for (name, variables) in layers {
        let mut group = weights.group(name).unwrap();
        let names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
        if !names.is_empty() {
            group
                .attribute("weight_names", Value::fixed_strings(&names).unwrap())
                .unwrap();
        }
        for (name, shape) in *variables {
            let count: u64 = shape.iter().product();
            let values = vec![1_f32; usize::try_from(count).unwrap()];
            group
                .dataset(name, Tensor::from_vec(values, shape).unwrap())
                .unwrap();
        }
    }
    let bytes = tree.to_vec(&WriteOptions::default()).unwrap();
    LoadOptions::new().load_bytes(bytes)
}

#[test]
fn corpus_weights_are_those_of_the_models_beside_them() {
    let Some(corpus) = std::env::var_os("HORNFELS_CORPUS") else {
        return;
    };
    let mut compared = 0;
    let mut left = vec![std::path::PathBuf::from(corpus)];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            let name = path.to_string_lossy().into_owned();
            let Some(start) = name.strip_suffix("_weights.h5") else {
                continue;
            };
            let whole = format!("{start}_model.h5");
            let Ok(expected) = load_model(&whole) else {
                continue;
            };
            let mut model = expected.clone();
            for path in expected.variables.iter().map(|it| it.path.clone()) {
                let old = model.variable(&path).unwrap().clone();
                let zeros = Tensor::zeros(old.dtype(), old.shape()).unwrap();
                model.set_variable(&path, zeros).unwrap();
            }
            let report = model.load_weights(&path).unwrap();
            assert_eq!(report.matched.len(), expected.variables.len(), "{name}");
            assert_eq!(model.variables, expected.variables, "{name}");
            compared += 1;
        }
    }
    println!("{compared} files of weights");
}

const A: Weights = &[("k:0", &[2, 3]), ("b:0", &[3])];
const B: Weights = &[("k:0", &[3, 1]), ("b:0", &[1])];

#[test]
fn lists_of_layers_may_differ_from_the_config() {
    for (layers, listed) in [
        (
            &[("a", A), ("flat", &[]), ("b", B)][..],
            &["a", "flat", "b"][..],
        ),
        // Layers without weights need not be listed, and others may be.
        (&[("a", A), ("b", B)], &["a", "b"]),
        (&[("a", A), ("b", B), ("gone", &[])], &["a", "gone", "b"]),
        // Other names: by position.
        (&[("x", A), ("y", B)], &["x", "y"]),
        (&[("b", A), ("a", B)], &["b", "a"]),
    ] {
        let found = load(layers, listed).unwrap();
        let shapes: Vec<(&str, &[u64])> = found
            .variables
            .iter()
            .map(|it| (it.path.as_str(), it.tensor.shape()))
            .collect();
        let expected: [(&str, &[u64]); 4] = [
            ("a/kernel", &[2, 3]),
            ("a/bias", &[3]),
            ("b/kernel", &[3, 1]),
            ("b/bias", &[1]),
        ];
        assert_eq!(shapes, expected, "{listed:?}");
        // And it goes out as a file that is read again.
        let bytes = SaveOptions::new().to_vec(&found).unwrap();
        let again = LoadOptions::new().load_bytes(bytes).unwrap();
        assert_eq!(again.variables, found.variables, "{listed:?}");
    }
}

#[test]
fn lists_that_fit_no_model_are_refused() {
    for (layers, listed, message) in [
        (
            &[("a", A)][..],
            &["a", "b"][..],
            "model_weights: layer `b`: listed in `layer_names`, but there is no group of that name",
        ),
        (
            &[("x", A)],
            &["x"],
            r#"model_weights: weights of the layers ["x"], expected those of the config, ["a", "b"]"#,
        ),
        (
            &[("a", A)],
            &["a"],
            "model_weights: `layer_names` has no `b`, which has weights by its config",
        ),
        (
            &[("a", A)],
            &["a", "a"],
            "model_weights: two layers are called `a` in `layer_names`",
        ),
    ] {
        let error = load(layers, listed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert_eq!(error.to_string(), message);
    }
}
