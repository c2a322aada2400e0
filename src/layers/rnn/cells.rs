//! The cells of dense gates.

use serde_json::Value;

use super::lower::{Dropped, Parts, gru, lstm, simple};
use super::{Bias, Gates, forgetful, gated};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{Activation as Function, Constraint, Initializer, Regularizer};
use crate::layers::shape::{of_rank, with_last};
use crate::layers::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

gated! {
    /// The cell of a [`SimpleRNN`](super::SimpleRNN): the output is the new state.
    ///
    /// Input `(batch, features)` and a state `(batch, units)`; output and state `(batch, units)`.
    /// Variables: `kernel` (features, units), `recurrent_kernel` (units, units), `bias` (units).
    SimpleRNNCell {} {}
}

gated! {
    /// The cell of an [`LSTM`](super::LSTM), with gates for input, forgetting, state and output.
    ///
    /// Input `(batch, features)` and two states `(batch, units)`; output and states `(batch, units)`.
    /// Variables: `kernel` (features, 4·units), `recurrent_kernel` (units, 4·units), `bias`
    /// (4·units).
    ///
    /// ```
    /// use hornfels::layers::{Inputs, LSTMCell, Layer};
    /// let cell = LSTMCell::new(4);
    /// assert_eq!(cell.variables(&Inputs::one([None, Some(3)]))?[0].shape, [3, 16]);
    /// assert_eq!(cell.output_shapes(&Inputs::one([None, Some(3)]))?.len(), 3);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    LSTMCell {
        /// Applied to the gates.
        recurrent_activation: Function as into = Function::from("sigmoid"),
        /// Whether the bias of the gate that forgets begins with ones.
        unit_forget_bias: bool = true,
    } {}
}

gated! {
    /// The cell of a [`GRU`](super::GRU), with gates for update, reset and state.
    ///
    /// Input `(batch, features)` and a state `(batch, units)`; output and state `(batch, units)`.
    /// Variables: `kernel` (features, 3·units), `recurrent_kernel` (units, 3·units), `bias`
    /// (2, 3·units), or (3·units) without `reset_after`.
    GRUCell {
        /// Applied to the gates.
        recurrent_activation: Function as into = Function::from("sigmoid"),
        /// Whether the state is reset after the recurrent kernel, as cuDNN does, or before it.
        reset_after: bool = true,
    } {}
}

/// `Layer` for a cell with that many states, each as large as the output; `step` is what it computes.
macro_rules! cell {
    ($class:ident, $states:literal, |$this:ident, $call:ident, $parts:ident| $step:expr) => {
        impl Layer for $class {
            fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let mut own = self.base.variables();
                self.gates()
                    .add_to(&mut own, "", of_rank(inputs.first()?, 2)?)?;
                Ok(own.finish())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let step = of_rank(inputs.first()?, 2)?;
                Ok(vec![with_last(step, Some(self.units)); 1 + $states])
            }

            fn lower(&self, $call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let ($this, $parts) = (self, &self.parts());
                $step
            }

            fn shared(&self, call: &mut Call<'_>) -> Result<Vec<(String, Edge)>> {
                self.parts().dropped.shared(call)
            }

            fn call_arguments(&self) -> &'static [CallArgument] {
                &[CallArgument::Tensors("states"), CallArgument::Training]
            }
        }

        impl $class {
            fn parts(&self) -> Parts<'_> {
                // Keras 2 drops other elements for each gate where it is to multiply them one by one.
                let one_by_one =
                    self.base.implementation == Some(1) || self.recurrent_dropout > 0.0;
                Parts {
                    units: self.units,
                    activation: &self.activation,
                    dropped: Dropped {
                        input: self.dropout,
                        state: self.recurrent_dropout,
                        gates: match one_by_one {
                            true => usize::try_from(self.gates().count).unwrap_or(1),
                            false => 1,
                        },
                        seed: self.seed.as_ref(),
                    },
                }
            }
        }
    };
}

cell!(SimpleRNNCell, 1, |_it, call, parts| simple(call, parts));
cell!(LSTMCell, 2, |it, call, parts| lstm(
    call,
    parts,
    &it.recurrent_activation
));
cell!(GRUCell, 1, |it, call, parts| gru(
    call,
    parts,
    &it.recurrent_activation,
    it.reset_after
));

/// `fn gates` for a class and its cell: how many there are, and the bias of all.
macro_rules! gates {
    ($($class:path),+; $count:literal, |$this:ident| $bias:expr) => {
        $(
            impl $class {
                pub(super) fn gates(&self) -> Gates<'_> {
                    let $this = self;
                    let (rows, initializer) = $bias;
                    Gates {
                        units: self.units,
                        count: $count,
                        kernel: &self.kernel_initializer,
                        recurrent: &self.recurrent_initializer,
                        bias: self.use_bias.then_some(Bias { rows, initializer }),
                    }
                }
            }
        )+
    };
}

gates!(SimpleRNNCell, super::SimpleRNN; 1, |it| (Vec::new(), it.bias_initializer.clone()));
gates!(LSTMCell, super::LSTM; 4, |it| {
    (Vec::new(), forgetful(&it.bias_initializer, it.unit_forget_bias))
});
gates!(GRUCell, super::GRU; 3, |it| {
    // One bias for the input and one for the state.
    let rows = if it.reset_after { vec![2] } else { Vec::new() };
    (rows, it.bias_initializer.clone())
});
