//! Layers that call each other: a call is followed when all it takes is known.

use std::collections::HashMap;

use super::schedule::{Call, Schedule, is_input};
use super::{Class, Inference, InferredLayer, again, input_shape, unknown_input};
use crate::keras::{Functional, Layer, Node, TensorRef};
use crate::layers::{Called, Inputs, LayerRegistry};
use crate::tensor::Shape;

pub(super) fn infer(
    network: &Functional,
    classes: &[Class<'_>],
    registry: &LayerRegistry,
    inputs: Option<&[Shape]>,
) -> Inference {
    let mut states: Vec<InferredLayer> = network.layers().iter().map(InferredLayer::new).collect();
    let nodes = network.layers().iter().zip(&mut states);
    let nodes = nodes.map(|(layer, found)| {
        layer.nodes().unwrap_or_else(|problem| {
            found.problem = Some(problem);
            Vec::new()
        })
    });
    let nodes: Vec<Vec<Node>> = nodes.collect();
    let schedule = Schedule::of(network, &nodes);
    let layers = network.layers().iter().zip(classes).zip(nodes).zip(states);
    let states = layers.map(|(((layer, class), nodes), found)| State {
        layer,
        class,
        nodes,
        found,
    });
    let mut walk = Walk {
        registry,
        layers: states.collect(),
        schedule: &schedule,
    };
    let given = network.inputs().iter().enumerate().map(|(index, input)| {
        let shape = inputs.and_then(|inputs| inputs.get(index)).cloned();
        (input.layer.as_str(), shape)
    });
    walk.start(given.collect());
    for call in schedule.calls() {
        walk.follow(*call);
    }
    walk.finish(network)
}

struct Walk<'n> {
    registry: &'n LayerRegistry,
    layers: Vec<State<'n>>,
    schedule: &'n Schedule<'n>,
}

struct State<'n> {
    layer: &'n Layer,
    class: &'n Class<'n>,
    nodes: Vec<Node>,
    found: InferredLayer,
}

impl Walk<'_> {
    /// Gives the inputs their shapes.
    fn start(&mut self, given: HashMap<&str, Option<Shape>>) {
        for state in &mut self.layers {
            if is_input(state.layer) {
                let shape = given.get(state.layer.name()).cloned().flatten();
                let shape = shape.or_else(|| input_shape(state.layer.object()));
                state.found.calls = vec![shape.map(|shape| vec![shape])];
                state.found.variables = Some(Vec::new());
            } else {
                state.found.calls = vec![None; state.nodes.len()];
            }
        }
    }

    fn follow(&mut self, (place, call): Call) {
        let inputs = self.layers.get(place).and_then(|state| {
            let node = state.nodes.get(call)?;
            Inputs::of_call(node, &|source| self.shape(source))
        });
        let Some(state) = self.layers.get_mut(place) else {
            return;
        };
        if !is_input(state.layer) {
            state.record(call, inputs, self.registry);
        }
    }

    fn shape(&self, source: &TensorRef) -> Option<Shape> {
        let (place, call) = self.schedule.locate(source)?;
        let outputs = self.layers.get(place)?.found.calls.get(call)?.as_ref()?;
        outputs.get(source.tensor).cloned()
    }

    fn finish(self, network: &Functional) -> Inference {
        let outputs = network.outputs().iter().map(|it| self.shape(it));
        let mut inference = Inference {
            outputs: outputs.collect(),
            ..Inference::default()
        };
        for state in self.layers {
            inference.push(state.found);
        }
        inference
    }
}

impl State<'_> {
    fn record(&mut self, call: usize, inputs: Option<Inputs>, registry: &LayerRegistry) {
        if call == 0 {
            self.found.inputs.clone_from(&inputs);
        }
        let called = match (&inputs, self.class) {
            (Some(inputs), class) => class.call(inputs, registry),
            (None, Class::Unknown(problem)) => Err(again(problem)),
            (None, class) => {
                if self.found.variables.is_none() {
                    self.found.variables = class.own_variables(registry);
                }
                Err(unknown_input())
            }
        };
        match called {
            Ok(Called { variables, outputs }) => {
                // Keras builds a layer when it is called first.
                if call == 0 || self.found.variables.is_none() {
                    self.found.variables = Some(variables);
                }
                if let Some(place) = self.found.calls.get_mut(call) {
                    *place = Some(outputs);
                }
            }
            Err(problem) => {
                self.found.problem.get_or_insert(problem);
            }
        }
    }
}
