//! Layers over a sequence whose gates are dense.

use serde_json::Value;

use super::{Returns, Sequence, check_states, over_sequence, sequence};
use crate::error::Result;
use crate::layers::config::{Activation as Function, Constraint, Initializer, Regularizer};
use crate::layers::shape::{of_rank, with_last};
use crate::layers::{Inputs, Layer, VariableSpec};
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

over_sequence!(SimpleRNN, "simple_rnn_cell/", 1);
over_sequence!(LSTM, "lstm_cell/", 2);
over_sequence!(GRU, "gru_cell/", 1);
