//! What Keras says of its layers, by `tests/data/make/layers.py`, against what is said here.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Inputs, LayerRegistry, VariableSpec};
use crate::DType;
use crate::keras::{Dialect, Object, json};
use crate::tensor::Shape;

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
