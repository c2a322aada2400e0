//! Long short-term memory whose gates are convolutions.

use serde_json::Value;

use super::lower::{ARGUMENTS, ConvCell, Dropped, Manner, Recurrence, is_known, manner};
use super::{Returns, Sequence, attributes, check_states, forgetful, times};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{
    Activation as Function, Constraint, DataFormat, Initializer, Padding, Regularizer, Sizes, layer,
};
use crate::layers::convolution::Window;
use crate::layers::shape::{channel_axis, known, of_rank};
use crate::layers::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// What Keras 3 has between such a layer and its variables.
const CELL: &str = "conv_lstm_cell";

/// Declares the class for `$rank` spatial axes.
macro_rules! conv_lstm {
    ($(#[$doc:meta])* $class:ident, $rank:literal) => {
        layer! {
            $(#[$doc])*
            $class(
                /// How many channels the output has.
                filters: u64,
                /// The window.
                kernel_size: Sizes<$rank> as into,
            ) {
                /// How far the window moves.
                strides: Sizes<$rank> as into = Sizes([1; $rank]),
                /// What the window does at the edges.
                padding: Padding = Padding::Valid,
                /// Which axis holds the channels.
                data_format: DataFormat = DataFormat::ChannelsLast,
                /// How far apart the places are that the window looks at.
                dilation_rate: Sizes<$rank> as into = Sizes([1; $rank]),
                /// Applied to what becomes the new state.
                activation: Function as into = Function::from("tanh"),
                /// Applied to the gates.
                recurrent_activation: Function as into = Function::from("sigmoid"),
                /// Whether a learned number is added in each gate.
                use_bias: bool = true,
                /// How the kernel begins.
                kernel_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the recurrent kernel begins.
                recurrent_initializer: Initializer as into = Initializer::orthogonal(),
                /// How the bias begins.
                bias_initializer: Initializer as into = Initializer::zeros(),
                /// Whether the bias of the gate that forgets begins with ones.
                unit_forget_bias: bool = true,
                /// A penalty on the kernel.
                kernel_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the recurrent kernel.
                recurrent_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the bias.
                bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the output.
                activity_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// What the kernel is held to.
                kernel_constraint: Option<Constraint> as some(Constraint) = None,
                /// What the recurrent kernel is held to.
                recurrent_constraint: Option<Constraint> as some(Constraint) = None,
                /// What the bias is held to.
                bias_constraint: Option<Constraint> as some(Constraint) = None,
                /// Which part of the input is dropped in training.
                dropout: f64 = 0.0,
                /// Which part of the state is dropped in training.
                recurrent_dropout: f64 = 0.0,
                /// Of the random numbers that choose what is dropped.
                seed: Option<Value> as some(Value) = None,
                /// Whether the outputs of all steps are returned, not only that of the last.
                return_sequences: bool = false,
                /// Whether the states after the last step are returned, too.
                return_state: bool = false,
                /// Whether the last step is taken first.
                go_backwards: bool = false,
                /// Whether a batch begins with the states that the one before it ended with.
                stateful: bool = false,
                /// Whether the steps are computed without a loop.
                unroll: bool = false,
                /// Whether the outputs of masked steps are zeros.
                zero_output_for_mask: bool = false,
            }
        }

        impl $class {
            /// What takes one step.
            fn cell(&self) -> ConvCell<'_> {
                ConvCell {
                    window: Window {
                        size: &self.kernel_size.0,
                        strides: &self.strides.0,
                        dilation: &self.dilation_rate.0,
                        padding: self.padding,
                        format: self.data_format,
                    },
                    filters: self.filters,
                    activation: &self.activation,
                    gate: &self.recurrent_activation,
                    dropped: Dropped {
                        input: self.dropout,
                        state: self.recurrent_dropout,
                        gates: 4,
                        seed: self.seed.as_ref(),
                    },
                }
            }

            fn sequence<'i>(&self, inputs: &'i Inputs) -> Result<Sequence<'i>> {
                Sequence::new(of_rank(inputs.first()?, $rank + 3)?, &self.base)
            }
        }

        impl Layer for $class {
            fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let step = self.sequence(inputs)?.step();
                let channels = known(&step, channel_axis(&step, self.data_format))?;
                let width = times(self.filters, 4)?;
                let shape = |inputs: u64| [self.kernel_size.0.as_slice(), &[inputs, width]].concat();
                let mut own = self.base.variables();
                own.add("conv_lstm_cell/kernel", shape(channels), &self.kernel_initializer);
                own.add(
                    "conv_lstm_cell/recurrent_kernel",
                    shape(self.filters),
                    &self.recurrent_initializer,
                );
                if self.use_bias {
                    let bias = forgetful(&self.bias_initializer, self.unit_forget_bias);
                    own.add("conv_lstm_cell/bias", [width], &bias);
                }
                Ok(own.finish())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let sequence = self.sequence(inputs)?;
                let step = self.cell().output_shapes(&Inputs::one(sequence.step()))?;
                check_states(inputs, &self.base, &step)?;
                let returns = Returns {
                    sequences: self.return_sequences,
                    state: self.return_state,
                };
                sequence.outputs(returns, &step)
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let (cell, sequence) = (self.cell(), self.sequence(call.inputs())?);
                let step = sequence.step();
                let shapes = cell.output_shapes(&Inputs::one(step.clone()))?;
                let zeros = match shapes.iter().all(is_known) {
                    true => None,
                    false => Some(cell.zeros(call, &step, sequence.time_axis)?),
                };
                // Such layers of Keras 2 have no use for the argument.
                let manner = Manner { zeros: false, ..manner!(self) };
                let recurrence = Recurrence {
                    manner,
                    dropped: None,
                    cell: &cell,
                    name: CELL,
                    dtype: call.dtype(),
                    shapes,
                    zeros,
                };
                recurrence.lower(call)
            }

            fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
                Ok(manner!(self).masks(call))
            }

            fn call_arguments(&self) -> &'static [CallArgument] {
                &ARGUMENTS
            }

            fn states(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let step = self.sequence(inputs)?.step();
                manner!(self).states(&self.cell().output_shapes(&Inputs::one(step))?)
            }

            fn attributes(&self, path: &str) -> Vec<String> {
                attributes(path, CELL, |path| vec![path.to_owned()])
            }
        }
    };
}

conv_lstm! {
    /// An [`LSTM`](super::LSTM) with convolutions along one axis.
    ///
    /// Input `(batch, steps, length, channels)`; output `(batch, length, filters)`, or
    /// `(batch, steps, length, filters)` with `return_sequences`; then two states with
    /// `return_state`. Variables as of [`ConvLSTM2D`].
    ConvLSTM1D, 1
}

conv_lstm! {
    /// An [`LSTM`](super::LSTM) with convolutions along two axes.
    ///
    /// Input `(batch, steps, rows, columns, channels)`; output `(batch, rows, columns, filters)`, or
    /// `(batch, steps, rows, columns, filters)` with `return_sequences`; then two states with
    /// `return_state`. Variables: `conv_lstm_cell/kernel` (window…, channels, 4·filters),
    /// `conv_lstm_cell/recurrent_kernel` (window…, filters, 4·filters), `conv_lstm_cell/bias`
    /// (4·filters).
    ///
    /// ```
    /// use hornfels::layers::{ConvLSTM2D, Inputs, Layer};
    /// let layer = ConvLSTM2D::new(4, 3);
    /// let called = layer.call(&Inputs::one([None, Some(5), Some(9), Some(8), Some(2)]))?;
    /// assert_eq!(called.outputs[0].to_string(), "(None, 7, 6, 4)");
    /// assert_eq!(called.variables[0].shape, [3, 3, 2, 16]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ConvLSTM2D, 2
}

conv_lstm! {
    /// An [`LSTM`](super::LSTM) with convolutions along three axes.
    ///
    /// As [`ConvLSTM2D`], with one axis more.
    ConvLSTM3D, 3
}
