//! The order in which Keras lists the layers of a Functional model.
//!
//! Weights in HDF5 files are matched by it, and Keras computes it anew from the calls when it loads
//! a model: what is built here must be written in the same order. `spec/keras_model.md#order`.

use std::cmp::Reverse;

/// One call of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) layer: usize,
    pub(super) node: usize,
}

/// Which layers and calls lead from the inputs to the outputs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Order {
    /// The layers, ordered.
    pub(super) layers: Vec<usize>,
    /// Of every layer given, whether each of its calls is used.
    pub(super) used: Vec<Vec<bool>>,
}

/// The calls of each layer, each with the calls whose outputs it takes.
pub(super) type Calls = Vec<Vec<Vec<Call>>>;

/// What is known of a call while the outputs are followed back.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    started: bool,
    finished: bool,
    /// How many calls lie between its output and the model's.
    depth: usize,
}

/// Orders layers as Keras does: by depth, those of the same depth as they are met on the way back
/// from the outputs.
pub(super) fn order(calls: &Calls, inputs: &[usize], outputs: &[Call]) -> Order {
    let mut walk = Walk {
        calls,
        seen: calls
            .iter()
            .map(|it| vec![Seen::default(); it.len()])
            .collect(),
        met: Vec::new(),
        is_met: vec![false; calls.len()],
        finished: Vec::new(),
    };
    for output in outputs {
        walk.back_from(*output);
    }
    let depths = walk.depths();
    // Inputs that lead nowhere have no depth and come before what else has none.
    let mut layers: Vec<usize> = Vec::new();
    for input in inputs {
        if !walk.is_met[*input] {
            walk.is_met[*input] = true;
            layers.push(*input);
        }
    }
    layers.append(&mut walk.met);
    layers.sort_by_key(|layer| Reverse(depths[*layer]));
    let used = walk.seen.iter().map(|of_layer| {
        let used = of_layer.iter().map(|seen| seen.finished);
        used.collect()
    });
    Order {
        layers,
        used: used.collect(),
    }
}

struct Walk<'a> {
    calls: &'a Calls,
    seen: Vec<Vec<Seen>>,
    /// Layers in the order in which they are met first.
    met: Vec<usize>,
    is_met: Vec<bool>,
    /// Calls in an order in which each comes after those it takes from.
    finished: Vec<Call>,
}

impl Walk<'_> {
    /// Depth first, with a stack of our own: models may be deeper than ours.
    fn back_from(&mut self, output: Call) {
        let mut open: Vec<(Call, usize)> = Vec::new();
        self.enter(output, &mut open);
        while let Some((call, next)) = open.last_mut() {
            let call = *call;
            match self.calls[call.layer][call.node].get(*next) {
                Some(source) => {
                    *next += 1;
                    self.enter(*source, &mut open);
                }
                None => {
                    open.pop();
                    self.seen[call.layer][call.node].finished = true;
                    self.finished.push(call);
                }
            }
        }
    }

    fn enter(&mut self, call: Call, open: &mut Vec<(Call, usize)>) {
        let seen = &mut self.seen[call.layer][call.node];
        if seen.started {
            return;
        }
        seen.started = true;
        if !self.is_met[call.layer] {
            self.is_met[call.layer] = true;
            self.met.push(call.layer);
        }
        open.push((call, 0));
    }

    /// The depth of each layer: that of its deepest call.
    fn depths(&mut self) -> Vec<usize> {
        let mut of_layers = vec![0; self.calls.len()];
        for call in self.finished.iter().rev() {
            // A layer that was met deeper before takes its later calls along.
            let depth = self.seen[call.layer][call.node]
                .depth
                .max(of_layers[call.layer]);
            of_layers[call.layer] = depth;
            for source in &self.calls[call.layer][call.node] {
                let source = &mut self.seen[source.layer][source.node];
                source.depth = source.depth.max(depth + 1);
            }
        }
        of_layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(layer: usize, node: usize) -> Call {
        Call { layer, node }
    }

    #[track_caller]
    fn check(calls: Calls, inputs: &[usize], outputs: &[Call], layers: &[usize]) {
        assert_eq!(order(&calls, inputs, outputs).layers, layers);
    }

    #[test]
    fn deeper_layers_come_first() {
        // 0 → 1 → 2 and 0 → 2: a chain with a shortcut.
        let calls = vec![
            vec![vec![]],
            vec![vec![call(0, 0)]],
            vec![vec![call(1, 0), call(0, 0)]],
        ];
        check(calls, &[0], &[call(2, 0)], &[0, 1, 2]);
    }

    #[test]
    fn layers_of_one_depth_come_as_they_are_met() {
        // Two inputs into one layer, the second first.
        let calls = vec![
            vec![vec![]],
            vec![vec![]],
            vec![vec![call(1, 0), call(0, 0)]],
        ];
        check(calls, &[0, 1], &[call(2, 0)], &[1, 0, 2]);
    }

    #[test]
    fn a_shared_layer_is_as_deep_as_its_deepest_call() {
        // 1 is called on the input and on 2, which takes what 1 gave.
        let calls = vec![
            vec![vec![]],
            vec![vec![call(0, 0)], vec![call(2, 0)]],
            vec![vec![call(1, 0)]],
        ];
        check(calls, &[0], &[call(1, 1)], &[0, 1, 2]);
    }

    #[test]
    fn what_leads_nowhere_is_left_out() {
        let calls = vec![
            vec![vec![]],
            vec![vec![call(0, 0)], vec![call(0, 0)]],
            vec![vec![call(1, 0)]],
            vec![vec![]],
        ];
        let order = order(&calls, &[3, 0], &[call(1, 1)]);
        assert_eq!(order.layers, [0, 3, 1]);
        assert_eq!(order.used[1], [false, true]);
        assert_eq!(order.used[2], [false]);
    }

    #[test]
    fn a_long_chain_takes_no_stack() {
        let mut calls = vec![vec![vec![]]];
        calls.extend((0..200_000).map(|layer| vec![vec![call(layer, 0)]]));
        let order = order(&calls, &[0], &[call(200_000, 0)]);
        assert!(
            order
                .layers
                .iter()
                .enumerate()
                .all(|(at, layer)| at == *layer)
        );
    }
}
