//! One step of a cell whose gates are convolutions.

use super::dense::{gates, remember};
use super::{Dropped, step};
use crate::error::Result;
use crate::graph::{Constant, Edge};
use crate::layers::convolution::{Window, convolve_window, one};
use crate::layers::lower::{apply, in_format, size};
use crate::layers::shape::mismatch;
use crate::layers::{Activation, Call, DataFormat, Inputs, Layer, Padding, VariableSpec};
use crate::tensor::Shape;

/// The cell of a convolutional LSTM.
#[derive(Debug)]
pub(in crate::layers::rnn) struct ConvCell<'l> {
    /// How the window moves over the input.
    pub(in crate::layers::rnn) window: Window<'l>,
    pub(in crate::layers::rnn) filters: u64,
    pub(in crate::layers::rnn) activation: &'l Activation,
    pub(in crate::layers::rnn) gate: &'l Activation,
    pub(in crate::layers::rnn) dropped: Dropped<'l>,
}

impl ConvCell<'_> {
    /// The convolutions of all gates; each gate may have its own factors for `x`.
    fn project(
        &self,
        call: &mut Call<'_>,
        window: &Window<'_>,
        (x, shape): (&Edge, &Shape),
        kernel: &Edge,
        factors: &[Edge],
    ) -> Result<Edge> {
        let f = &mut *call.function;
        if factors.is_empty() {
            return convolve_window(f, window, x, shape, kernel.clone());
        }
        let kernels: [Edge; 4] = gates(f, kernel, -1)?;
        let mut all = Vec::new();
        for (factor, kernel) in factors.iter().zip(kernels) {
            let x = f.mul(x, factor)?;
            all.push(convolve_window(f, window, &x, shape, kernel)?);
        }
        f.concat(&all, -1)
    }

    /// The convolution of the state, which stays as large as it is.
    fn over_state(&self) -> Window<'_> {
        const ONES: &[u64] = &[1; 3];
        let ones = ONES.get(..self.window.size.len()).unwrap_or(ONES);
        Window {
            strides: ones,
            dilation: ones,
            padding: Padding::Same,
            ..self.window
        }
    }

    /// Zeros like the output of a step, where their shape is known only when there is a sequence.
    pub(in crate::layers::rnn) fn zeros(
        &self,
        call: &mut Call<'_>,
        step: &Shape,
        time_axis: usize,
    ) -> Result<Edge> {
        let kernel = self
            .window
            .kernel(self.window.channels(step)?, self.filters);
        let kernel: Vec<i32> = kernel.into_iter().map(|it| size(Some(it))).collect();
        let time_axis = i32::try_from(time_axis).unwrap_or(i32::MAX);
        let x = call.tensor()?;
        let f = &mut *call.function;
        let kernel = f.constant(kernel);
        let zero = f.constant(Constant::scalar(x.dtype(), 0.0)?);
        let kernel = f.op("Fill").input(&kernel).input(&zero).one()?;
        let x = f.zeros_like(x)?;
        let x = f.sum(&x, &[time_axis], false)?;
        let zeros = convolve_window(f, &self.window, &x, step, kernel)?;
        in_format(f, &zeros, step.rank(), self.window.format)
    }
}

impl Layer for ConvCell<'_> {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        if self.filters == 0 {
            return Err(mismatch("0 filters, expected 1 or more"));
        }
        let output = self.window.output(inputs.first()?, self.filters)?;
        Ok(output.into_iter().cycle().take(3).collect())
    }

    fn shared(&self, call: &mut Call<'_>) -> Result<Vec<(String, Edge)>> {
        self.dropped.shared(call)
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let (x, [h, c]) = step(call)?;
        let (shape, format) = (call.shape()?, self.window.format);
        let rank = shape.rank();
        let output = self.window.output(shape, self.filters)?;
        let output = one(output)?;
        let factors = self.dropped.of_input(call, x)?;
        let kernel = call.read("kernel")?;
        let mut z = self.project(call, &self.window, (x, shape), &kernel, &factors)?;
        if call.has_variable("bias") {
            let bias = call.read("bias")?;
            z = call.function.bias_add(&z, &bias)?;
        }
        let factors = self.dropped.of_state(call, h)?;
        let kernel = call.read("recurrent_kernel")?;
        let over_state = self.over_state();
        let from_state = self.project(call, &over_state, (h, &output), &kernel, &factors)?;
        let z = call.function.add(&z, &from_state)?;
        let z = in_format(call.function, &z, rank, format)?;
        let axis = match format {
            DataFormat::ChannelsLast => -1,
            DataFormat::ChannelsFirst => 1,
        };
        let gates = gates(call.function, &z, axis)?;
        let (h, c) = remember(call, gates, c, |call, z, is_gate| {
            let activation = if is_gate { self.gate } else { self.activation };
            apply(call, activation, z, &output)
        })?;
        Ok(vec![h.clone(), h, c])
    }
}
