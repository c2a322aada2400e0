//! What Keras says of its layers, by `tests/data/make/layers.py`, against what is said here.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Inference, Inputs, LayerRegistry, VariableSpec};
use crate::keras::{Dialect, Network, Object, json};
use crate::tensor::Shape;
use crate::{DType, Limits};

fn shapes(json: &Value) -> Vec<Shape> {
    let shape = |json: &Value| {
        let sizes = json.as_array().unwrap().iter();
        Shape(sizes.map(Value::as_u64).collect())
    };
    json.as_array().unwrap().iter().map(shape).collect()
}

/// Whether a path from the layer is meant by the name that Keras has for a variable.
fn is_named(path: &str, name: &str, layer: &str, dialect: Dialect) -> bool {
    let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let inside = name
        .strip_prefix(layer)
        .and_then(|rest| rest.strip_prefix('/'));
    match (dialect, inside) {
        (Dialect::Keras3, Some(inside)) => inside == path,
        // Keras 3 calls what a model has without the names of what the model is in.
        (Dialect::Keras3, None) => path == name || path.ends_with(&format!("/{name}")),
        // Keras 2 has other names for what is inside.
        _ if last(name) == "depthwise_kernel" => {
            ["kernel", "depthwise_kernel"].contains(&last(path).as_str())
        }
        _ => last(path) == last(name),
    }
}

fn check(case: &Value, dialect: Dialect) -> Result<(), String> {
    let object = Object::from_json(case["layer"].clone(), dialect).unwrap();
    let mut inputs = Inputs::of(shapes(&case["inputs"]));
    for (name, given) in case["named"].as_object().unwrap() {
        inputs = inputs.with(name, shapes(given));
    }
    let layer = LayerRegistry::builtin().build(&object);
    let called = layer.and_then(|layer| layer.call(&inputs));
    let called = called.map_err(|error| error.to_string())?;
    let expected = shapes(&case["outputs"]);
    if called.outputs != expected {
        return Err(format!("gives {:?}, expected {expected:?}", called.outputs));
    }
    let layer_name = object.name().unwrap();
    let expected = case["variables"].as_array().unwrap();
    let same = |(found, expected): (&VariableSpec, &Value)| {
        let shape = expected["shape"].as_array().unwrap().iter();
        is_named(
            &found.path,
            expected["name"].as_str().unwrap(),
            layer_name,
            dialect,
        ) && shape
            .map(|size| size.as_u64().unwrap())
            .eq(found.shape.iter().copied())
            && DType::from_name(expected["dtype"].as_str().unwrap()) == Some(found.dtype)
            && expected["trainable"] == found.trainable
    };
    let is_same =
        called.variables.len() == expected.len() && called.variables.iter().zip(expected).all(same);
    match is_same {
        true => Ok(()),
        false => {
            let found = called.variables.iter();
            let found: Vec<_> = found
                .map(|it| (&it.path, &it.shape, it.dtype, it.trainable))
                .collect();
            Err(format!("has {found:?}, expected {}", case["variables"]))
        }
    }
}

/// Each layer of a model, by the shapes that its first call gives.
fn check_model(case: &Value, dialect: Dialect) -> Result<(), String> {
    let object = Object::from_json(case["model"].clone(), dialect).unwrap();
    let network = Network::from_object(object, &Limits::unlimited()).unwrap();
    let inference = Inference::of(&network, &LayerRegistry::builtin());
    let mut wrong = Vec::new();
    for (name, expected) in case["layers"].as_object().unwrap() {
        let layer = inference.layer(name).unwrap();
        let found = layer.calls[0].as_ref();
        if found != Some(&shapes(expected)) {
            let problem = layer.problem.as_ref();
            wrong.push(format!(
                "{name} gives {found:?}, expected {expected}: {problem:?}"
            ));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n    ")),
    }
}

#[test]
fn layers_are_what_keras_says_they_are() {
    let folder = Path::new("tests/data/layers");
    let (mut checked, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let dialect = match name.ends_with(".keras3.json") {
            true => Dialect::Keras3,
            false => Dialect::Keras2,
        };
        let cases = json::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        for case in cases.as_array().unwrap() {
            checked += 1;
            if case.get("model").is_some() {
                if let Err(problem) = check_model(case, dialect) {
                    wrong.push(format!("{name}: {problem}"));
                }
                continue;
            }
            if let Err(problem) = check(case, dialect) {
                let layer = json::to_string(&case["layer"]);
                wrong.push(format!(
                    "{name}: {problem}\n    {layer}\n    {}",
                    case["inputs"]
                ));
            }
        }
    }
    assert!(checked > 20, "{checked} cases");
    let count = wrong.len();
    assert!(
        wrong.is_empty(),
        "{count} of {checked} wrong:\n{}",
        wrong.join("\n")
    );
}

/// A typed config becomes an object and is read again, unchanged, and so does what has no field.
#[test]
fn typed_configs_come_back() {
    let dense = super::Dense::new(5)
        .name("d")
        .activation("relu")
        .trainable(false);
    let object = Object::from(dense.clone()).with("of_a_later_version", 1);
    let read = super::Dense::from_object(&object).unwrap();
    assert_eq!((read.units, &read.activation), (5, &dense.activation));
    assert_eq!(Object::from(read).to_string(), object.to_string());
}

/// What no class of Keras 3 takes is not written, and what each takes has the type it wants.
#[test]
fn classes_with_their_own_rules_are_written_by_them() {
    #[track_caller]
    fn check(object: impl Into<Object>, key: &str, expected: Option<&str>) {
        let object: Object = object.into();
        let value = object.config().get(key);
        let name = value.and_then(|it| it.pointer("/config/name").unwrap_or(it).as_str());
        assert_eq!(name, expected, "{object}");
    }
    check(super::SpatialDropout1D::new(0.5), "trainable", None);
    check(super::Discretization::new(), "trainable", None);
    check(super::Hashing::new(3), "dtype", Some("int64"));
    check(
        super::Hashing::new(3).dtype("int32"),
        "dtype",
        Some("int32"),
    );
    let vectors = super::HashedCrossing::new(3).output_mode("one_hot");
    check(vectors, "dtype", Some("float32"));
    check(super::StringLookup::new(), "dtype", Some("float32"));
}

/// Classes that only Keras 2 has become objects of Keras 2.
#[test]
fn classes_of_one_keras_are_translated_to_it() {
    for object in [
        Object::from(super::ThresholdedReLU::new()),
        super::SyncBatchNormalization::new().into(),
        super::RandomHeight::new(0.5).into(),
        super::RandomWidth::new(vec![0.25, 0.5]).into(),
    ] {
        let keras2 = object.to_dialect(Dialect::Keras2).unwrap();
        assert_eq!(keras2.config().len(), object.config().len());
        assert!(LayerRegistry::builtin().build(&keras2).is_ok());
    }
    let rms = Object::from(super::RMSNormalization::new());
    assert!(rms.to_dialect(Dialect::Keras2).is_err());
}

#[test]
fn a_wrong_argument_names_itself_and_the_layer() {
    let error = |object: Object| super::Dense::from_object(&object).unwrap_err().to_string();
    let dense = || Object::new("Dense", Default::default()).with("name", "d");
    assert_eq!(
        error(dense()),
        "`units` of `d` (Dense): missing, expected an unsigned integer"
    );
    assert_eq!(
        error(dense().with("units", "five")),
        "`units` of `d` (Dense): found \"five\", expected an unsigned integer"
    );
}

/// Each model calls the one inside it twice: what a few lines say would take for ever to follow.
#[test]
fn models_that_multiply_are_followed_so_far() {
    let mut inner = super::Dense::new(3).name("inner").input_shape([3]).into();
    for depth in 0..60 {
        let mut net = crate::keras::Functional::build(format!("m{depth}"));
        let input = net.input("input", [3], DType::Float32);
        let once = net.call(inner, &input).unwrap();
        let name = once.source().layer.clone();
        let twice = net.call_again(&name, &once).unwrap();
        inner = net.finish(&input, &twice).unwrap().into();
    }
    let network = Network::from_object(inner, &Limits::unlimited()).unwrap();
    let inference = Inference::of(&network, &LayerRegistry::builtin());
    let problem = inference.layers().iter().find_map(|it| it.problem.as_ref());
    assert_eq!(problem.unwrap().kind(), crate::ErrorKind::LimitExceeded);
}
