//! Layers over a sequence whose gates are dense.

use serde_json::Value;

use super::cells::{GRUCell, LSTMCell, SimpleRNNCell};
use super::lower::{ARGUMENTS, Dropped, Recurrence, manner};
use super::{Returns, Sequence, attributes, check_states, over_sequence, sequence};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{Activation as Function, Constraint, Initializer, Regularizer};
use crate::layers::shape::{of_rank, with_last};
use crate::layers::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

sequence! {
    /// A recurrent layer whose output goes into its next step.
    ///
    /// Input `(batch, steps, features)`; output `(batch, units)`, or `(batch, steps, units)` with
    /// `return_sequences`; then the state with `return_state`. Variables:
    /// `simple_rnn_cell/kernel` (features, units), `simple_rnn_cell/recurrent_kernel` (units, units),
    /// `simple_rnn_cell/bias` (units).
    ///
    /// ```
    /// use hornfels::layers::{Inputs, Layer, SimpleRNN};
    /// let rnn = SimpleRNN::new(4).return_sequences(true);
    /// let outputs = rnn.output_shapes(&Inputs::one([None, Some(7), Some(3)]))?;
    /// assert_eq!(outputs[0].to_string(), "(None, 7, 4)");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    SimpleRNN {}
}

sequence! {
    /// Long short-term memory: a recurrent layer that learns what to keep and what to forget.
    ///
    /// Input `(batch, steps, features)`; output `(batch, units)`, or `(batch, steps, units)` with
    /// `return_sequences`; then two states with `return_state`. Variables: `lstm_cell/kernel`
    /// (features, 4·units), `lstm_cell/recurrent_kernel` (units, 4·units), `lstm_cell/bias`
    /// (4·units).
    ///
    /// ```
    /// use hornfels::layers::{Inputs, LSTM, Layer};
    /// let lstm = LSTM::new(4).return_state(true);
    /// let called = lstm.call(&Inputs::one([None, Some(7), Some(3)]))?;
    /// assert_eq!(called.outputs.len(), 3);
    /// assert_eq!(called.variables[0].path, "lstm_cell/kernel");
    /// assert_eq!(called.variables[0].shape, [3, 16]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    LSTM {
        /// Applied to the gates.
        recurrent_activation: Function as into = Function::from("sigmoid"),
        /// Whether the bias of the gate that forgets begins with ones.
        unit_forget_bias: bool = true,
    }
}

sequence! {
    /// A recurrent layer with gates, simpler than an [`LSTM`].
    ///
    /// Input `(batch, steps, features)`; output `(batch, units)`, or `(batch, steps, units)` with
    /// `return_sequences`; then the state with `return_state`. Variables: `gru_cell/kernel`
    /// (features, 3·units), `gru_cell/recurrent_kernel` (units, 3·units), `gru_cell/bias`
    /// (2, 3·units), or (3·units) without `reset_after`.
    ///
    /// ```
    /// use hornfels::layers::{GRU, Inputs, Layer};
    /// let bias = |gru: GRU| gru.variables(&Inputs::one([None, None, Some(3)])).map(|all| all[2].clone());
    /// assert_eq!(bias(GRU::new(4))?.shape, [2, 12]);
    /// assert_eq!(bias(GRU::new(4).reset_after(false))?.shape, [12]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    GRU {
        /// Applied to the gates.
        recurrent_activation: Function as into = Function::from("sigmoid"),
        /// Whether the state is reset after the recurrent kernel, as cuDNN does, or before it.
        reset_after: bool = true,
    }
}

/// Whether cuDNN has what a class with gates is to compute.
macro_rules! is_fused {
    ($layer:expr) => {
        $layer.activation.name() == "tanh"
            && $layer.recurrent_activation.name() == "sigmoid"
            && $layer.recurrent_dropout == 0.0
            && !$layer.unroll
            && $layer.use_bias
    };
}

/// `Layer` for a class with its cell, which has that name, that many states, and `own` arguments.
/// `is_fused` is whether Keras could leave the layer to cuDNN, and then drops elements of each step on
/// their own before it.
macro_rules! with_cell {
    (
        $class:ident, $cell:ident { $($own:ident),* }, $name:literal, $states:literal,
        |$this:ident| $is_fused:expr
    ) => {
        impl $class {
            /// What takes one step.
            fn cell(&self) -> $cell {
                $cell {
                    base: self.base.clone(),
                    units: self.units,
                    activation: self.activation.clone(),
                    $($own: self.$own.clone(),)*
                    use_bias: self.use_bias,
                    kernel_initializer: self.kernel_initializer.clone(),
                    recurrent_initializer: self.recurrent_initializer.clone(),
                    bias_initializer: self.bias_initializer.clone(),
                    kernel_regularizer: self.kernel_regularizer.clone(),
                    recurrent_regularizer: self.recurrent_regularizer.clone(),
                    bias_regularizer: self.bias_regularizer.clone(),
                    kernel_constraint: self.kernel_constraint.clone(),
                    recurrent_constraint: self.recurrent_constraint.clone(),
                    bias_constraint: self.bias_constraint.clone(),
                    dropout: self.dropout,
                    recurrent_dropout: self.recurrent_dropout,
                    seed: self.seed.clone(),
                }
            }

            /// What a step gives.
            fn step(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let sequence = Sequence::new(inputs.first()?, &self.base)?;
                self.cell().output_shapes(&Inputs::one(sequence.step()))
            }
        }

        impl Layer for $class {
            over_sequence!(concat!($name, "/"), $states);

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let ($this, mut cell) = (self, self.cell());
                let mut dropped = None;
                if $is_fused {
                    let rate = std::mem::replace(&mut cell.dropout, 0.0);
                    dropped = Some(Dropped::of_all(rate, self.seed.as_ref()));
                }
                let recurrence = Recurrence {
                    manner: manner!(self),
                    dropped,
                    cell: &cell,
                    name: $name,
                    dtype: call.dtype(),
                    shapes: self.step(call.inputs())?,
                    zeros: None,
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
                manner!(self).states(&self.step(inputs)?)
            }

            fn attributes(&self, path: &str) -> Vec<String> {
                attributes(path, $name, |path| vec![path.to_owned()])
            }
        }
    };
}

with_cell!(SimpleRNN, SimpleRNNCell {}, "simple_rnn_cell", 1, |_it| {
    false
});
with_cell!(
    LSTM,
    LSTMCell {
        recurrent_activation,
        unit_forget_bias
    },
    "lstm_cell",
    2,
    |it| is_fused!(it)
);
with_cell!(
    GRU,
    GRUCell {
        recurrent_activation,
        reset_after
    },
    "gru_cell",
    1,
    |it| is_fused!(it) && it.reset_after
);
