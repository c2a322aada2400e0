//! One layer after the other: each takes what the one before it gives.

use super::{Class, Inference, InferredLayer, again, input_shape, unknown_input};
use crate::keras::{Layer, Network, Sequential};
use crate::layers::config::read;
use crate::layers::{Inputs, LayerRegistry};
use crate::tensor::Shape;

pub(super) fn infer(
    network: &Sequential,
    classes: &[Class<'_>],
    registry: &LayerRegistry,
    inputs: Option<&[Shape]>,
) -> Inference {
    let mut inference = Inference::default();
    let mut tensors = match inputs {
        Some(inputs) => Some(inputs.to_vec()),
        None => given(network).map(|shape| vec![shape]),
    };
    for (layer, class) in network.layers().iter().zip(classes) {
        let mut found = InferredLayer::new(layer);
        let inputs = tensors.take().map(Inputs::of).unwrap_or_default();
        if !inputs.all().is_empty() {
            found.inputs = Some(inputs.clone());
        }
        // An InputLayer gives what it was made with.
        let called = if inputs.all().is_empty() && layer.class_name() != "InputLayer" {
            found.variables = class.own_variables(registry);
            Err(match class {
                Class::Unknown(problem) => again(problem),
                _ => unknown_input(),
            })
        } else {
            class.call(&inputs, registry)
        };
        match called {
            Ok(called) => {
                found.calls.push(Some(called.outputs.clone()));
                found.variables = Some(called.variables);
                tensors = Some(called.outputs);
            }
            Err(problem) => {
                found.calls.push(None);
                found.problem = Some(problem);
            }
        }
        inference.push(found);
    }
    inference.outputs = match tensors {
        Some(tensors) => tensors.into_iter().map(Some).collect(),
        None => vec![None],
    };
    inference
}

/// The shape of the input as the config gives it: that of the first layer, or of the model.
pub(super) fn given(network: &Sequential) -> Option<Shape> {
    let first = network.layers().first().and_then(of_layer);
    first.or_else(|| {
        read(network.object(), &["build_input_shape"])
            .ok()
            .flatten()
    })
}

fn of_layer(layer: &Layer) -> Option<Shape> {
    match layer.network() {
        None => input_shape(layer.object()),
        Some(Network::Sequential(inner)) => given(inner),
        Some(Network::Functional(inner)) => {
            let first = inner.inputs().first()?;
            input_shape(inner.get_layer(&first.layer)?.object())
        }
        Some(Network::Subclassed(_)) => None,
    }
}
