//! In which order the calls of a Functional network can be followed.

use std::collections::HashMap;

use crate::keras::{Functional, Layer, Node, TensorRef};

/// A layer, by its place in the network, and one of its calls.
pub(crate) type Call = (usize, usize);

/// The calls of a network, each after those whose outputs it takes.
#[derive(Debug)]
pub(crate) struct Schedule<'n> {
    places: HashMap<&'n str, usize>,
    /// How many calls each layer has; an InputLayer is its own.
    counts: Vec<usize>,
    order: Vec<Call>,
}

impl<'n> Schedule<'n> {
    /// Orders the calls of a network whose layers are called as `nodes` says.
    ///
    /// Calls that wait for each other, or for outputs of calls that are not there, come last or not
    /// at all.
    pub(crate) fn of(network: &'n Functional, nodes: &[Vec<Node>]) -> Schedule<'n> {
        let layers = network.layers().iter();
        let count = |(layer, nodes): (&Layer, &Vec<Node>)| match is_input(layer) {
            true => 1,
            false => nodes.len(),
        };
        let mut schedule = Schedule {
            places: (layers.clone().enumerate())
                .map(|(place, layer)| (layer.name(), place))
                .collect(),
            counts: layers.zip(nodes).map(count).collect(),
            order: Vec::new(),
        };
        schedule.sort(nodes);
        schedule
    }

    /// The calls in order.
    pub(crate) fn calls(&self) -> &[Call] {
        &self.order
    }

    /// The call that makes a tensor.
    pub(crate) fn locate(&self, source: &TensorRef) -> Option<Call> {
        let place = *self.places.get(source.layer.as_str())?;
        let count = self.counts.get(place)?;
        (source.node < *count).then_some((place, source.node))
    }

    fn sort(&mut self, nodes: &[Vec<Node>]) {
        let empty = |count: &usize| vec![State::default(); *count];
        let mut states: Vec<Vec<State>> = self.counts.iter().map(empty).collect();
        for (place, nodes) in nodes.iter().enumerate() {
            for (index, node) in nodes.iter().enumerate() {
                for source in node.inputs() {
                    if let Some(from) = self.locate(source) {
                        connect(&mut states, from, (place, index));
                    }
                }
            }
        }
        let calls = states.iter().enumerate().flat_map(|(place, states)| {
            let indexed = states.iter().enumerate();
            indexed.map(move |(index, state)| ((place, index), state.waits_for))
        });
        let ready = calls.filter(|(_, waits_for)| *waits_for == 0);
        let mut ready: Vec<Call> = ready.map(|(call, _)| call).collect();
        // The last is taken first.
        ready.reverse();
        while let Some(call) = ready.pop() {
            self.order.push(call);
            let taken_by = state(&mut states, call).map(|it| std::mem::take(&mut it.taken_by));
            for next in taken_by.unwrap_or_default() {
                if let Some(state) = state(&mut states, next) {
                    state.waits_for = state.waits_for.saturating_sub(1);
                    if state.waits_for == 0 {
                        ready.push(next);
                    }
                }
            }
        }
    }
}

/// A call while calls are ordered.
#[derive(Clone, Debug, Default)]
struct State {
    /// How many of its inputs have not been made.
    waits_for: usize,
    /// The calls that take what it gives.
    taken_by: Vec<Call>,
}

fn state(states: &mut [Vec<State>], (place, index): Call) -> Option<&mut State> {
    states.get_mut(place)?.get_mut(index)
}

fn connect(states: &mut [Vec<State>], from: Call, to: Call) {
    if let Some(state) = state(states, to) {
        state.waits_for = state.waits_for.saturating_add(1);
    }
    if let Some(state) = state(states, from) {
        state.taken_by.push(to);
    }
}

/// Whether a layer is an input of the network it is in.
pub(crate) fn is_input(layer: &Layer) -> bool {
    layer.class_name() == "InputLayer"
}
