//! Classes of TensorFlow 1 and early Keras 2 that ran on graphics processors only.
//!
//! Neither Keras 3 nor TensorFlow 2 has them under their names, so that a config of them stays in
//! the dialect it came in.

use super::{Gates, Returns, Sequence, check_states, over_sequence, times};
use crate::error::Result;
use crate::layers::config::{Constraint, Initializer, Regularizer, layer};
use crate::layers::shape::{of_rank, with_last};
use crate::layers::{Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// Declares one of the classes: `Class { own arguments }`.
macro_rules! cudnn {
    ($(#[$doc:meta])* $class:ident { $($own:tt)* }) => {
        layer! {
            $(#[$doc])*
            $class(
                /// The size of the output and of each state.
                units: u64,
            ) {
                /// How the kernel begins.
                kernel_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the recurrent kernel begins.
                recurrent_initializer: Initializer as into = Initializer::orthogonal(),
                /// How the bias begins.
                bias_initializer: Initializer as into = Initializer::zeros(),
                $($own)*
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
                /// Whether the outputs of all steps are returned, not only that of the last.
                return_sequences: bool = false,
                /// Whether the states after the last step are returned, too.
                return_state: bool = false,
                /// Whether the last step is taken first.
                go_backwards: bool = false,
                /// Whether a batch begins with the states that the one before it ended with.
                stateful: bool = false,
            }
        }
    };
}

cudnn! {
    /// An [`LSTM`](super::LSTM) by cuDNN, in files of its time.
    ///
    /// Variables: `kernel` (features, 4·units), `recurrent_kernel` (units, 4·units), `bias`
    /// (8·units): one for the input, then one for the state.
    CuDNNLSTM {
        /// Whether the bias of the gate that forgets begins with ones.
        unit_forget_bias: bool = true,
    }
}

cudnn! {
    /// A [`GRU`](super::GRU) by cuDNN, in files of its time.
    ///
    /// Variables: `kernel` (features, 3·units), `recurrent_kernel` (units, 3·units), `bias`
    /// (6·units): one for the input, then one for the state.
    CuDNNGRU {}
}

/// `fn gates` of a class: without the bias, which has another width.
macro_rules! gates {
    ($class:ident, $count:literal, |$this:ident| $bias:expr) => {
        impl $class {
            fn gates(&self) -> CuDNN<'_> {
                let $this = self;
                CuDNN {
                    gates: Gates {
                        units: self.units,
                        count: $count,
                        kernel: &self.kernel_initializer,
                        recurrent: &self.recurrent_initializer,
                        bias: None,
                    },
                    bias: $bias,
                }
            }
        }
    };
}

struct CuDNN<'a> {
    gates: Gates<'a>,
    bias: Initializer,
}

impl CuDNN<'_> {
    fn add_to(
        &self,
        own: &mut crate::layers::variables::Own,
        cell: &str,
        step: &Shape,
    ) -> Result<()> {
        self.gates.add_to(own, cell, step)?;
        let width = times(self.gates.units, 2 * self.gates.count)?;
        own.add("bias", [width], &self.bias);
        Ok(())
    }
}

gates!(CuDNNLSTM, 4, |it| match it.unit_forget_bias {
    true => it.bias_initializer.clone().with_ones(5, 8),
    false => it.bias_initializer.clone(),
});
gates!(CuDNNGRU, 3, |it| it.bias_initializer.clone());

impl Layer for CuDNNLSTM {
    over_sequence!("", 2);
}

impl Layer for CuDNNGRU {
    over_sequence!("", 1);
}
