//! What contradicts what in a model. Everything is reported, not only the first.

use std::collections::HashSet;

use super::{Inference, InferredLayer, LayerRegistry, VariableSpec};
use crate::error::ErrorKind;
use crate::keras::{Functional, Model, Network, TensorRef, Variable};
use crate::tensor::Shape;

/// The contradictions of a model, each a sentence.
pub(super) fn validate(model: &Model<'_>, registry: &LayerRegistry) -> Vec<String> {
    let mut found = Vec::new();
    let inference = Inference::of(&model.network, registry);
    if let Network::Functional(network) = &model.network {
        check_calls(network, &inference, &mut found);
    }
    for layer in inference.layers() {
        if let Some(problem) = &layer.problem
            && problem.kind() != ErrorKind::UnknownObject
            && !follows_from_unknown(layer, &inference)
        {
            let name = &layer.name;
            found.push(format!("layer `{name}`: {problem}"));
        }
    }
    check_variables(model, &inference, &mut found);
    found
}

/// Whether a layer's input is unknown only because a class before it is.
fn follows_from_unknown(layer: &InferredLayer, inference: &Inference) -> bool {
    let unknown_class = |layer: &InferredLayer| {
        let problem = layer.problem.as_ref();
        problem.is_some_and(|it| it.kind() == ErrorKind::UnknownObject)
    };
    let is_consequence = layer
        .problem
        .as_ref()
        .is_some_and(|it| it.message() == super::infer::UNKNOWN_INPUT);
    is_consequence && inference.layers().iter().any(unknown_class)
}

/// Calls take what others give; inputs and outputs are there.
fn check_calls(network: &Functional, inference: &Inference, found: &mut Vec<String>) {
    let missing = |source: &TensorRef| -> Option<String> {
        let Some(layer) = inference.layer(&source.layer) else {
            return Some(format!("takes from `{}`, which is no layer", source.layer));
        };
        let (name, node, tensor) = (&source.layer, source.node, source.tensor);
        match layer.calls.get(node) {
            None => Some(format!(
                "takes from call {node} of `{name}`, which is called {} times",
                layer.calls.len()
            )),
            Some(Some(outputs)) if tensor >= outputs.len() => Some(format!(
                "takes output {tensor} of `{name}`, which gives {}",
                outputs.len()
            )),
            Some(_) => None,
        }
    };
    for layer in network.layers() {
        match layer.nodes() {
            Err(_) => {} // the inference reports it
            Ok(nodes) => {
                let sources = nodes.iter().flat_map(|node| node.inputs());
                let wrong = sources.filter_map(missing);
                found.extend(wrong.map(|what| format!("layer `{}` {what}", layer.name())));
                if nodes.is_empty() && layer.class_name() != "InputLayer" {
                    found.push(format!("layer `{}` is never called", layer.name()));
                }
            }
        }
    }
    let ends = [("input", network.inputs()), ("output", network.outputs())];
    for (which, ends) in ends {
        let wrong = ends.iter().filter_map(missing);
        found.extend(wrong.map(|what| format!("an {which} of the model {what}")));
    }
}

/// Each layer has the variables it should have, and no other has any.
fn check_variables(model: &Model<'_>, inference: &Inference, found: &mut Vec<String>) {
    for layer in inference.layers() {
        let variables = model.variables.of_layer(&layer.name);
        if let Some(specs) = &layer.variables {
            check_layer(&layer.name, specs, variables, found);
        }
    }
    let layers: HashSet<&str> = model.network.layers().iter().map(|it| it.name()).collect();
    for name in model.variables.layers() {
        let top_level = name == "top_level_model_weights";
        if !layers.contains(name) && !top_level && !model.variables.of_layer(name).is_empty() {
            found.push(format!("variables of `{name}`, which is no layer"));
        }
    }
    let unset: Vec<&str> = model.variables.unset().collect();
    if !unset.is_empty() {
        let list = unset.join("`, `");
        found.push(format!("no values for `{list}`"));
    }
}

fn check_layer(
    layer: &str,
    specs: &[VariableSpec],
    variables: &[Variable<'_>],
    found: &mut Vec<String>,
) {
    if specs.len() != variables.len() {
        let expected: Vec<&str> = specs.iter().map(|spec| spec.path.as_str()).collect();
        found.push(format!(
            "layer `{layer}`: {} variables, expected {}: `{}`",
            variables.len(),
            specs.len(),
            expected.join("`, `")
        ));
        return;
    }
    for (spec, variable) in specs.iter().zip(variables) {
        let (shape, dtype) = (variable.tensor.shape(), variable.tensor.dtype());
        if shape != spec.shape {
            found.push(format!(
                "variable `{}`: shape {}, expected {}",
                variable.path,
                Shape::known(shape),
                Shape::known(&spec.shape)
            ));
        } else if dtype != spec.dtype {
            found.push(format!(
                "variable `{}`: {dtype}, expected {}",
                variable.path, spec.dtype
            ));
        }
    }
}
