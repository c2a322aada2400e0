//! What cells drop in training: the same elements in all steps of a sequence.

use serde_json::Value;

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::Call;
use crate::layers::lower::{Seed, dropout};

/// What a cell drops.
#[derive(Debug)]
pub(in crate::layers::rnn) struct Dropped<'l> {
    /// Which part of the input.
    pub(in crate::layers::rnn) input: f64,
    /// Which part of the state.
    pub(in crate::layers::rnn) state: f64,
    /// How many gates drop elements of their own; 1 where all drop the same.
    pub(in crate::layers::rnn) gates: usize,
    pub(in crate::layers::rnn) seed: Option<&'l Value>,
}

const INPUT: &str = "dropout";
const STATE: &str = "recurrent_dropout";

impl<'l> Dropped<'l> {
    /// That part of a whole sequence, of each step on its own.
    pub(in crate::layers::rnn) fn of_all(rate: f64, seed: Option<&'l Value>) -> Self {
        Dropped {
            input: rate,
            state: 0.0,
            gates: 1,
            seed,
        }
    }

    /// The factors of input and state, by the names under which steps find them.
    pub(in crate::layers::rnn) fn shared(
        &self,
        call: &mut Call<'_>,
    ) -> Result<Vec<(String, Edge)>> {
        let mut shared = Vec::new();
        let places = [(INPUT, self.input), (STATE, self.state)];
        for ((name, rate), like) in places.into_iter().zip(call.tensors()) {
            if is_dropped(call, rate) {
                let factors = self.draw(call.function, like, rate)?.into_iter();
                let named = factors.enumerate();
                shared.extend(named.map(|(gate, factor)| (format!("{name}/{gate}"), factor)));
            }
        }
        Ok(shared)
    }

    /// What the input is multiplied by, for each gate or for all; none if nothing is dropped.
    pub(super) fn of_input(&self, call: &mut Call<'_>, x: &Edge) -> Result<Vec<Edge>> {
        self.factors(call, INPUT, self.input, x)
    }

    /// The same for the state.
    pub(super) fn of_state(&self, call: &mut Call<'_>, state: &Edge) -> Result<Vec<Edge>> {
        self.factors(call, STATE, self.state, state)
    }

    fn factors(
        &self,
        call: &mut Call<'_>,
        name: &str,
        rate: f64,
        like: &Edge,
    ) -> Result<Vec<Edge>> {
        if !is_dropped(call, rate) {
            return Ok(Vec::new());
        }
        let shared = (0..self.gates).map(|gate| call.shared(&format!("{name}/{gate}")).cloned());
        match shared.collect::<Option<Vec<Edge>>>() {
            Some(shared) => Ok(shared),
            None => self.draw(call.function, like, rate),
        }
    }

    fn draw(&self, f: &mut FunctionBuilder, like: &Edge, rate: f64) -> Result<Vec<Edge>> {
        let seed = self.seed.map_or(Seed::default(), Seed::of);
        let (ones, shape) = (f.ones_like(like)?, f.shape(like)?);
        let factors = (0..self.gates).map(|_| dropout(f, &ones, rate, &shape, seed));
        factors.collect()
    }
}

/// Where everything would be dropped, which Keras refuses, nothing is.
fn is_dropped(call: &Call<'_>, rate: f64) -> bool {
    call.training() && rate > 0.0 && rate < 1.0
}
