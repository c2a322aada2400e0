//! Layers of a class that Keras does not have, for `tests/interop/custom_layers.py` and for tests
//! here.

use std::env;
use std::path::{Path, PathBuf};

use hornfels::graph::Edge;
use hornfels::keras::{Adam, CompileConfig, Functional, Model, Network, Sequential};
use hornfels::layers::{
    Call, CallArgument, Dense, Generic, Initializer, Inputs, Layer, LayerRegistry, VariableSpec,
};
use hornfels::tensor::Shape;
use hornfels::{DType, Result, SaveOptions};

use crate::written_for_others::values_from;

const CLASS: &str = "my_package>CountedScale";

/// Multiplies each feature by a number that is learned, and counts the steps of training.
#[derive(Debug)]
struct CountedScale;

impl Layer for CountedScale {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let features = inputs.first()?.0.last().copied().flatten();
        let factor = VariableSpec::new("factor", [features.unwrap_or(0)], Initializer::ones());
        let mut steps = VariableSpec::new("steps", [], Initializer::zeros());
        steps.trainable = false;
        Ok(vec![factor, steps])
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(inputs.all().to_vec())
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let factor = call.read("factor")?;
        if call.training() {
            let steps = call.read("steps")?;
            let one = call.function.number_like(&steps, 1.0)?;
            let more = call.function.add(&steps, &one)?;
            let resource = call.resource("steps")?;
            call.function.assign(resource, &more)?;
        }
        Ok(vec![call.function.mul(call.tensor()?, &factor)?])
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &[CallArgument::Training]
    }
}

fn layers() -> LayerRegistry {
    let mut layers = LayerRegistry::builtin();
    layers.register(CLASS, |_| Ok(Box::new(CountedScale)));
    layers
}

fn filled(network: impl Into<Network>) -> Result<Model<'static>> {
    let mut model = Model::build_with(network, &layers())?;
    let paths: Vec<String> = model.variables.iter().map(|it| it.path.clone()).collect();
    for path in paths.iter().filter(|path| !path.ends_with("steps")) {
        let shape = model.variable(path)?.shape().to_vec();
        model.set_variable(path, values_from(path, &shape, -0.5))?;
    }
    model.compile(CompileConfig::new(Adam::new()).loss("mean_squared_error"));
    model.build_optimizer()?;
    Ok(model)
}

fn sequential() -> Result<Model<'static>> {
    let hidden = Dense::new(4).name("hidden").activation("tanh");
    filled(
        Sequential::new("sequential")
            .add(hidden.input_shape([3]))
            .add(Generic::new(CLASS).name("scale"))
            .add(Dense::new(2).name("out")),
    )
}

/// The layer is called twice.
fn functional() -> Result<Model<'static>> {
    let mut net = Functional::build("functional");
    let input = net.input("input", [3], DType::Float32);
    let first = net.call(Generic::new(CLASS).name("scale"), &input)?;
    let hidden = net.call(Dense::new(3).name("hidden").activation("tanh"), &first)?;
    let second = net.call_again("scale", &hidden)?;
    let output = net.call(Dense::new(2).name("out"), &second)?;
    filled(net.finish(&input, &output)?)
}

fn write(place: &Path) -> Result<()> {
    for (name, model) in [("sequential", sequential()?), ("functional", functional()?)] {
        let path = place.join("custom_layers").join(name);
        SaveOptions::new().layers(layers()).save(&model, path)?;
    }
    Ok(())
}

/// For `custom_layers.py`: SavedModels with a layer of a class that no Keras has.
#[test]
fn written_for_others_custom_layers() {
    let folder = tempfile::tempdir().unwrap();
    let place = env::var_os("HORNFELS_WRITTEN").map(PathBuf::from);
    let place = place.unwrap_or_else(|| folder.path().to_owned());
    std::fs::create_dir_all(place.join("custom_layers")).unwrap();
    write(&place).unwrap();
    let graph = place.join("custom_layers/functional/saved_model.pb");
    let graph = std::fs::read(graph).unwrap();
    let calls = b"__inference_scale_layer_call";
    assert!(graph.windows(calls.len()).any(|it| it == calls));
}

/// Without the class there is no function for it.
#[test]
fn a_class_that_is_not_registered_is_not_traced() {
    let folder = tempfile::tempdir().unwrap();
    let model = sequential().unwrap();
    let error = SaveOptions::new().save(&model, folder.path().join("model"));
    let error = error.unwrap_err();
    assert_eq!(
        error.message(),
        "layer `CountedScale` is not built into Keras, so it cannot be translated to Keras 2"
    );
    let hint = error.hint().unwrap_or_default();
    assert!(hint.ends_with("register the class"), "{hint}");
}
