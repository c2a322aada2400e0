//! What recurrent layers compute: `spec/layers.md#recurrent-layers`.
//!
//! The sequence is the same for all of them: masks, direction, states, one loop. A cell says what one
//! step is, by its `lower`, whose tensors are the input of the step and the states.

mod conv;
mod dense;
mod dropped;
mod recurrence;
mod run;
mod steps;

pub(super) use conv::ConvCell;
pub(super) use dense::{Parts, gru, lstm, simple};
pub(super) use dropped::Dropped;
pub(super) use recurrence::{Manner, Recurrence, manner};
pub(super) use steps::is_known;
pub(in crate::layers) use steps::reverse;

use crate::error::Result;
use crate::graph::Edge;
use crate::layers::shape::mismatch;
use crate::layers::{Call, CallArgument};

/// What calls of recurrent layers take beside their tensors.
pub(super) const ARGUMENTS: [CallArgument; 3] = [
    CallArgument::Mask,
    CallArgument::Training,
    CallArgument::Behind("initial_state"),
];

/// The same of an RNN, whose cell may take constants.
pub(super) const WITH_CONSTANTS: [CallArgument; 4] = [
    CallArgument::Mask,
    CallArgument::Training,
    CallArgument::Behind("initial_state"),
    CallArgument::Behind("constants"),
];

/// The input of a cell, and its `N` states.
pub(super) fn step<'c, const N: usize>(call: &Call<'c>) -> Result<(&'c Edge, [&'c Edge; N])> {
    let states = call.tensors().get(1..).unwrap_or_default();
    let states: Vec<&Edge> = states.iter().take(N).collect();
    match <[&Edge; N]>::try_from(states) {
        Ok(states) => Ok((call.tensor()?, states)),
        Err(states) => Err(mismatch(format!(
            "called with {} states, expected {N}",
            states.len()
        ))),
    }
}
