//! One step of the cells whose gates are dense; the gates stand side by side.

use super::{Dropped, step};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::lower::apply;
use crate::layers::shape::{mismatch, with_last};
use crate::layers::{Activation, Call};

/// What a cell of dense gates is made of.
#[derive(Debug)]
pub(in crate::layers::rnn) struct Parts<'l> {
    pub(in crate::layers::rnn) units: u64,
    pub(in crate::layers::rnn) activation: &'l Activation,
    pub(in crate::layers::rnn) dropped: Dropped<'l>,
}

impl Parts<'_> {
    /// What becomes of a tensor with an element for each unit.
    fn apply(&self, call: &mut Call<'_>, activation: &Activation, x: &Edge) -> Result<Edge> {
        let shape = with_last(call.shape()?, Some(self.units));
        apply(call, activation, x, &shape)
    }
}

/// `x` times the kernels of all gates: each gate may have its own factors for `x`, or all the same.
fn project(f: &mut FunctionBuilder, x: &Edge, kernel: &Edge, factors: &[Edge]) -> Result<Edge> {
    match factors {
        [] => f.mat_mul(x, kernel),
        [factor] => {
            let x = f.mul(x, factor)?;
            f.mat_mul(&x, kernel)
        }
        _ => {
            let count = i64::try_from(factors.len()).unwrap_or(i64::MAX);
            let kernels = f.split(kernel, 1, count)?;
            let mut gates = Vec::new();
            for (factor, kernel) in factors.iter().zip(&kernels) {
                let x = f.mul(x, factor)?;
                gates.push(f.mat_mul(&x, kernel)?);
            }
            f.concat(&gates, 1)
        }
    }
}

/// A step of a SimpleRNN: output and state.
pub(in crate::layers::rnn) fn simple(call: &mut Call<'_>, parts: &Parts<'_>) -> Result<Vec<Edge>> {
    let (x, [h]) = step(call)?;
    let factors = parts.dropped.of_input(call, x)?;
    let kernel = call.read("kernel")?;
    let mut z = project(call.function, x, &kernel, &factors)?;
    if call.has_variable("bias") {
        let bias = call.read("bias")?;
        z = call.function.bias_add(&z, &bias)?;
    }
    let factors = parts.dropped.of_state(call, h)?;
    let recurrent = call.read("recurrent_kernel")?;
    let from_state = project(call.function, h, &recurrent, &factors)?;
    let z = call.function.add(&z, &from_state)?;
    let h = parts.apply(call, parts.activation, &z)?;
    Ok(vec![h.clone(), h])
}

/// A step of an LSTM: output and both states.
pub(in crate::layers::rnn) fn lstm(
    call: &mut Call<'_>,
    parts: &Parts<'_>,
    gate: &Activation,
) -> Result<Vec<Edge>> {
    let (x, [h, c]) = step(call)?;
    let factors = parts.dropped.of_input(call, x)?;
    let kernel = call.read("kernel")?;
    let z = project(call.function, x, &kernel, &factors)?;
    let factors = parts.dropped.of_state(call, h)?;
    let recurrent = call.read("recurrent_kernel")?;
    let from_state = project(call.function, h, &recurrent, &factors)?;
    let mut z = call.function.add(&z, &from_state)?;
    if call.has_variable("bias") {
        let bias = call.read("bias")?;
        z = call.function.bias_add(&z, &bias)?;
    }
    let gates = gates(call.function, &z, 1)?;
    let (h, c) = remember(call, gates, c, |call, z, is_gate| {
        parts.apply(call, if is_gate { gate } else { parts.activation }, z)
    })?;
    Ok(vec![h.clone(), h, c])
}

/// What an LSTM does with its gates: the output, and what it remembers. `apply` is told whether a
/// tensor is that of a gate.
pub(super) fn remember(
    call: &mut Call<'_>,
    gates: [Edge; 4],
    c: &Edge,
    mut apply: impl FnMut(&mut Call<'_>, &Edge, bool) -> Result<Edge>,
) -> Result<(Edge, Edge)> {
    let [input, forget, new, output] = gates;
    let input = apply(call, &input, true)?;
    let forget = apply(call, &forget, true)?;
    let new = apply(call, &new, false)?;
    let output = apply(call, &output, true)?;
    let kept = call.function.mul(&forget, c)?;
    let new = call.function.mul(&input, &new)?;
    let c = call.function.add(&kept, &new)?;
    let shown = apply(call, &c, false)?;
    Ok((call.function.mul(&output, &shown)?, c))
}

/// The gates that stand side by side along an axis.
pub(super) fn gates<const N: usize>(
    f: &mut FunctionBuilder,
    all: &Edge,
    axis: i32,
) -> Result<[Edge; N]> {
    let count = i64::try_from(N).unwrap_or(i64::MAX);
    let gates = f.split(all, axis, count)?;
    <[Edge; N]>::try_from(gates)
        .map_err(|gates| mismatch(format!("{} gates, expected {N}", gates.len())))
}

/// A step of a GRU: output and state.
pub(in crate::layers::rnn) fn gru(
    call: &mut Call<'_>,
    parts: &Parts<'_>,
    gate: &Activation,
    reset_after: bool,
) -> Result<Vec<Edge>> {
    let (x, [h]) = step(call)?;
    let biases = match call.has_variable("bias") {
        true => gru_biases(call, reset_after)?,
        false => Vec::new(),
    };
    let factors = parts.dropped.of_input(call, x)?;
    let kernel = call.read("kernel")?;
    let mut z = project(call.function, x, &kernel, &factors)?;
    if let Some(bias) = biases.first() {
        z = call.function.bias_add(&z, bias)?;
    }
    let of_input = gates(call.function, &z, 1)?;
    let factors = parts.dropped.of_state(call, h)?;
    let recurrent = call.read("recurrent_kernel")?;
    let gate = |call: &mut Call<'_>, x: &Edge, state: &Edge| {
        let z = call.function.add(x, state)?;
        parts.apply(call, gate, &z)
    };
    let (update, new) = match reset_after {
        true => {
            let mut z = project(call.function, h, &recurrent, &factors)?;
            if let Some(bias) = biases.get(1) {
                z = call.function.bias_add(&z, bias)?;
            }
            reset_after_kernel(call, of_input, &z, gate)?
        }
        false => reset_before_kernel(call, of_input, (h, &factors), &recurrent, gate)?,
    };
    let new = parts.apply(call, parts.activation, &new)?;
    let kept = call.function.mul(&update, h)?;
    let one = call.function.number_like(&update, 1.0)?;
    let rest = call.function.sub(&one, &update)?;
    let new = call.function.mul(&rest, &new)?;
    let h = call.function.add(&kept, &new)?;
    Ok(vec![h.clone(), h])
}

/// One bias for the input; where the state is reset after the kernel, another for the state.
fn gru_biases(call: &mut Call<'_>, reset_after: bool) -> Result<Vec<Edge>> {
    let bias = call.read("bias")?;
    match reset_after {
        true => call
            .function
            .op("Unpack")
            .input(&bias)
            .attr("num", 2_i64)
            .all(),
        false => Ok(vec![bias]),
    }
}

/// The gate that updates, and what becomes the new state; `z` is what all gates have of the state.
fn reset_after_kernel(
    call: &mut Call<'_>,
    [update, reset, new]: [Edge; 3],
    z: &Edge,
    gate: impl Fn(&mut Call<'_>, &Edge, &Edge) -> Result<Edge>,
) -> Result<(Edge, Edge)> {
    let [of_update, of_reset, of_new] = gates(call.function, z, 1)?;
    let update = gate(call, &update, &of_update)?;
    let reset = gate(call, &reset, &of_reset)?;
    let inner = call.function.mul(&reset, &of_new)?;
    Ok((update, call.function.add(&new, &inner)?))
}

/// The same, where the state is reset before it is multiplied by the kernel.
fn reset_before_kernel(
    call: &mut Call<'_>,
    [update, reset, new]: [Edge; 3],
    (h, factors): (&Edge, &[Edge]),
    recurrent: &Edge,
    gate: impl Fn(&mut Call<'_>, &Edge, &Edge) -> Result<Edge>,
) -> Result<(Edge, Edge)> {
    let [for_update, for_reset, for_new] = gates(call.function, recurrent, 1)?;
    // Each gate has its own factors, or all have the same, or there are none.
    let state = |call: &mut Call<'_>, at: usize| match factors.get(at).or(factors.first()) {
        Some(factor) => call.function.mul(h, factor),
        None => Ok(h.clone()),
    };
    let of_update = state(call, 0)?;
    let of_update = call.function.mat_mul(&of_update, &for_update)?;
    let update = gate(call, &update, &of_update)?;
    let of_reset = state(call, 1)?;
    let of_reset = call.function.mat_mul(&of_reset, &for_reset)?;
    let reset = gate(call, &reset, &of_reset)?;
    let of_new = state(call, 2)?;
    let of_new = call.function.mul(&reset, &of_new)?;
    let inner = call.function.mat_mul(&of_new, &for_new)?;
    Ok((update, call.function.add(&new, &inner)?))
}
