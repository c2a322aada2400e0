//! Layers that call each other: a call is followed when all it takes is known.

use std::collections::HashMap;

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
    let mut walk = Walk::new(network, classes, registry);
    let given = network.inputs().iter().enumerate().map(|(index, input)| {
        let shape = inputs.and_then(|inputs| inputs.get(index)).cloned();
        (input.layer.as_str(), shape)
    });
    walk.start(given.collect());
    while let Some(call) = walk.ready.pop() {
        walk.follow(call);
    }
    walk.finish(network)
}

/// A layer, and one of its calls.
type Call = (usize, usize);

struct Walk<'n> {
    registry: &'n LayerRegistry,
    layers: Vec<State<'n>>,
    places: HashMap<&'n str, usize>,
    /// Calls whose inputs have all been followed.
    ready: Vec<Call>,
}

struct State<'n> {
    layer: &'n Layer,
    class: &'n Class<'n>,
    nodes: Vec<Node>,
    /// Of each call: how many of its inputs have not been followed.
    waiting: Vec<usize>,
    /// Of each call: the calls that take what it gives.
    taken_by: Vec<Vec<Call>>,
    found: InferredLayer,
}

impl<'n> Walk<'n> {
    fn new(network: &'n Functional, classes: &'n [Class<'n>], registry: &'n LayerRegistry) -> Self {
        let states = network.layers().iter().zip(classes).map(|(layer, class)| {
            let mut found = InferredLayer::new(layer);
            let nodes = layer.nodes().unwrap_or_else(|problem| {
                found.problem = Some(problem);
                Vec::new()
            });
            // An InputLayer is its own call.
            let calls = if is_input(layer) { 1 } else { nodes.len() };
            found.calls = vec![None; calls];
            State {
                layer,
                class,
                nodes,
                waiting: vec![0; calls],
                taken_by: vec![Vec::new(); calls],
                found,
            }
        });
        let layers = network.layers().iter().enumerate();
        let mut walk = Walk {
            registry,
            layers: states.collect(),
            places: layers.map(|(place, it)| (it.name(), place)).collect(),
            ready: Vec::new(),
        };
        walk.connect();
        walk
    }

    /// Finds for each call which others it waits for.
    fn connect(&mut self) {
        let mut edges: Vec<(Call, Call)> = Vec::new();
        for (place, state) in self.layers.iter().enumerate() {
            for (index, node) in state.nodes.iter().enumerate() {
                for source in node.inputs() {
                    if let Some(from) = self.locate(source) {
                        edges.push((from, (place, index)));
                    }
                }
            }
        }
        for (from, to) in edges {
            if let Some(taken_by) = self
                .layers
                .get_mut(from.0)
                .and_then(|state| state.taken_by.get_mut(from.1))
            {
                taken_by.push(to);
            }
            if let Some(waiting) = self
                .layers
                .get_mut(to.0)
                .and_then(|state| state.waiting.get_mut(to.1))
            {
                *waiting = waiting.saturating_add(1);
            }
        }
    }

    fn locate(&self, source: &TensorRef) -> Option<Call> {
        let place = *self.places.get(source.layer.as_str())?;
        let calls = self.layers.get(place)?.found.calls.len();
        (source.node < calls).then_some((place, source.node))
    }

    /// Gives the inputs their shapes; calls that take nothing are ready, too.
    fn start(&mut self, given: HashMap<&str, Option<Shape>>) {
        for (place, state) in self.layers.iter_mut().enumerate() {
            if is_input(state.layer) {
                let shape = given.get(state.layer.name()).cloned().flatten();
                let shape = shape.or_else(|| input_shape(state.layer.object()));
                state.found.calls = vec![shape.map(|shape| vec![shape])];
                state.found.variables = Some(Vec::new());
            }
            for (call, waiting) in state.waiting.iter().enumerate() {
                if *waiting == 0 {
                    self.ready.push((place, call));
                }
            }
        }
        // The last is taken first.
        self.ready.reverse();
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
        let next = state.taken_by.get(call).cloned().unwrap_or_default();
        for (place, call) in next {
            let state = self.layers.get_mut(place);
            if let Some(waiting) = state.and_then(|state| state.waiting.get_mut(call)) {
                *waiting = waiting.saturating_sub(1);
                if *waiting == 0 {
                    self.ready.push((place, call));
                }
            }
        }
    }

    fn shape(&self, source: &TensorRef) -> Option<Shape> {
        let (place, call) = self.locate(source)?;
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

fn is_input(layer: &Layer) -> bool {
    layer.class_name() == "InputLayer"
}
