//! Layers over the steps of a sequence, and the cells that take one step.
//!
//! A cell takes the input of one step and gives its output and its new states; a class of one's own
//! that does so is a cell for [`RNN`], too.

mod cells;
mod conv;
mod cudnn;
mod dense;
mod lower;
mod nested;

pub use cells::{GRUCell, LSTMCell, SimpleRNNCell};
pub use conv::{ConvLSTM1D, ConvLSTM2D, ConvLSTM3D};
pub use cudnn::{CuDNNGRU, CuDNNLSTM};
pub use dense::{GRU, LSTM, SimpleRNN};
pub use nested::{RNN, StackedRNNCells};

pub(super) use lower::reverse;

use serde_json::Value;

use super::config::{Base, Initializer};
use super::registry::LayerRegistry;
use super::shape::{Size, at_least, last, mismatch, product};
use super::variables::Own;
use super::{Inputs, nest};
use crate::error::Result;
use crate::keras::{Dialect, Object};
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<SimpleRNN>();
    registry.typed::<LSTM>();
    registry.register("GRU", |gru| Ok(Box::new(GRU::from_object(&aged(gru))?)));
    registry.typed::<SimpleRNNCell>();
    registry.typed::<LSTMCell>();
    registry.register("GRUCell", |cell| {
        Ok(Box::new(GRUCell::from_object(&aged(cell))?))
    });
    registry.typed::<ConvLSTM1D>();
    registry.typed::<ConvLSTM2D>();
    registry.typed::<ConvLSTM3D>();
    registry.typed::<CuDNNLSTM>();
    registry.typed::<CuDNNGRU>();
    nest::register::<RNN>(registry);
    nest::register::<StackedRNNCells>(registry);
}

/// A GRU with what its absence meant before Keras 3: `spec/keras_config.md#tables`. A config that
/// cannot be translated as a whole would otherwise be read with the default of Keras 3.
fn aged(gru: &Object) -> Object {
    let mut gru = gru.clone();
    if gru.dialect() != Dialect::Keras3 && !gru.config().contains_key("reset_after") {
        gru = gru.with("reset_after", false);
    }
    gru
}

/// What a layer returns of the steps of a sequence.
#[derive(Clone, Copy, Debug)]
struct Returns {
    sequences: bool,
    state: bool,
}

/// The axes of a sequence: `(batch, steps, …)`, or `(steps, batch, …)` for `time_major`, which only
/// Keras 2 has.
struct Sequence<'a> {
    shape: &'a Shape,
    time_axis: usize,
}

impl<'a> Sequence<'a> {
    fn new(shape: &'a Shape, base: &Base) -> Result<Self> {
        let time_major = base.rest("time_major") == Some(&Value::Bool(true));
        Ok(Sequence {
            shape: at_least(shape, 3)?,
            time_axis: usize::from(!time_major),
        })
    }

    fn length(&self) -> Size {
        self.shape.0.get(self.time_axis).copied().flatten()
    }

    /// What a cell is given.
    fn step(&self) -> Shape {
        let sizes = self.shape.0.iter().enumerate();
        let sizes = sizes.filter(|(axis, _)| *axis != self.time_axis);
        Shape(sizes.map(|(_, size)| *size).collect())
    }

    /// What a layer gives whose cell gives `step`: an output and states.
    fn outputs(&self, returns: Returns, step: &[Shape]) -> Result<Vec<Shape>> {
        let Some((output, states)) = step.split_first() else {
            return Err(mismatch(
                "a cell that gives nothing, expected an output and states",
            ));
        };
        let mut output = output.clone();
        if returns.sequences {
            let place = self.time_axis.min(output.rank());
            output.0.insert(place, self.length());
        }
        let states = if returns.state { states } else { &[] };
        let mut all = vec![output];
        all.extend_from_slice(states);
        Ok(all)
    }
}

/// How many constants a layer is called with behind the states: those that its cell takes in each step.
fn constants(base: &Base) -> usize {
    let constants = base.rest("num_constants").and_then(Value::as_u64);
    usize::try_from(constants.unwrap_or(0)).unwrap_or(usize::MAX)
}

/// The attributes that lead from a layer to a variable or a state of it, where those of its cell are
/// under that name.
fn attributes(path: &str, cell: &str, of_cell: impl FnOnce(&str) -> Vec<String>) -> Vec<String> {
    let mut attributes = Vec::new();
    if let Some(path) = path.strip_prefix(cell).and_then(|it| it.strip_prefix('/')) {
        attributes.push("cell".to_owned());
        attributes.extend(of_cell(path));
        return attributes;
    }
    if path.starts_with("states/") {
        attributes.push("keras_api".to_owned());
    }
    attributes.extend(path.split('/').map(str::to_owned));
    attributes
}

/// Compares the states that a layer is called with to those of its cell. They are the argument
/// `initial_state`, or before Keras 3 follow the sequence in a list; constants may follow them.
fn check_states(inputs: &Inputs, base: &Base, step: &[Shape]) -> Result<()> {
    let states = step.get(1..).unwrap_or_default();
    let constants = constants(base);
    let named = inputs.argument(usize::MAX, "initial_state");
    let listed = inputs.all().get(1..).unwrap_or_default();
    let listed = listed
        .get(..listed.len().saturating_sub(constants))
        .unwrap_or_default();
    let given = named.unwrap_or(listed);
    if given.is_empty() {
        return Ok(());
    }
    if given.len() != states.len() {
        let (found, expected) = (given.len(), states.len());
        return Err(mismatch(format!(
            "called with {found} initial states, expected {expected}"
        )));
    }
    for (given, state) in given.iter().zip(states) {
        let differ = |(a, b): (&Size, &Size)| a.is_some() && b.is_some() && a != b;
        if given.rank() != state.rank() || given.0.iter().zip(&state.0).any(differ) {
            return Err(mismatch(format!(
                "called with an initial state of shape {given}, expected {state}"
            )));
        }
    }
    Ok(())
}

/// The weights of a cell whose gates are dense: the gates stand side by side in each variable.
struct Gates<'a> {
    units: u64,
    count: u64,
    kernel: &'a Initializer,
    recurrent: &'a Initializer,
    bias: Option<Bias>,
}

struct Bias {
    /// The sizes before that of the gates.
    rows: Vec<u64>,
    initializer: Initializer,
}

impl Gates<'_> {
    /// Adds the variables for an input of one step; `cell` goes before their names.
    fn add_to(&self, own: &mut Own, cell: &str, step: &Shape) -> Result<()> {
        let features = last(step)?;
        let width = times(self.units, self.count)?;
        own.add(&format!("{cell}kernel"), [features, width], self.kernel);
        let recurrent = format!("{cell}recurrent_kernel");
        own.add(&recurrent, [self.units, width], self.recurrent);
        if let Some(bias) = &self.bias {
            let mut shape = bias.rows.clone();
            shape.push(width);
            own.add(&format!("{cell}bias"), shape, &bias.initializer);
        }
        Ok(())
    }
}

/// The size of several gates side by side.
fn times(units: u64, gates: u64) -> Result<u64> {
    let width = product(&[Some(units), Some(gates)])?;
    Ok(width.unwrap_or_default())
}

/// How the bias of an LSTM begins: with ones in the gate that lets the state pass.
fn forgetful(bias: &Initializer, unit_forget_bias: bool) -> Initializer {
    match unit_forget_bias {
        true => bias.clone().with_ones(1, 4),
        false => bias.clone(),
    }
}

/// Declares a class with the arguments of all recurrent ones: `Class { own } { further }`, where the
/// doc of the class comes first.
macro_rules! gated {
    ($(#[$doc:meta])* $class:ident { $($own:tt)* } { $($further:tt)* }) => {
        $crate::layers::config::layer! {
            $(#[$doc])*
            $class(
                /// The size of the output and of each state.
                units: u64,
            ) {
                /// Applied to what becomes the new state.
                activation: Function as into = Function::from("tanh"),
                $($own)*
                /// Whether a learned number is added in each gate.
                use_bias: bool = true,
                /// How the kernel begins.
                kernel_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the recurrent kernel begins.
                recurrent_initializer: Initializer as into = Initializer::orthogonal(),
                /// How the bias begins.
                bias_initializer: Initializer as into = Initializer::zeros(),
                /// A penalty on the kernel.
                kernel_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the recurrent kernel.
                recurrent_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the bias.
                bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
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
                $($further)*
            }
        }
    };
}
use gated;

/// Declares a class over a sequence: `Class { own arguments }`.
macro_rules! sequence {
    ($(#[$doc:meta])* $class:ident { $($own:tt)* }) => {
        $crate::layers::rnn::gated! {
            $(#[$doc])*
            $class { $($own)* } {
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
                /// A penalty on the output.
                activity_regularizer: Option<Regularizer> as some(Regularizer) = None,
            }
        }
    };
}
use sequence;

/// The variables and shapes of classes with `fn gates`, whose cell has that name and that many states.
macro_rules! over_sequence {
    ($cell:expr, $states:literal) => {
        fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
            let sequence = Sequence::new(of_rank(inputs.first()?, 3)?, &self.base)?;
            let mut own = self.base.variables();
            self.gates().add_to(&mut own, $cell, &sequence.step())?;
            Ok(own.finish())
        }

        fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
            let sequence = Sequence::new(of_rank(inputs.first()?, 3)?, &self.base)?;
            let output = with_last(&sequence.step(), Some(self.units));
            let step = vec![output; 1 + $states];
            check_states(inputs, &self.base, &step)?;
            let returns = Returns {
                sequences: self.return_sequences,
                state: self.return_state,
            };
            sequence.outputs(returns, &step)
        }
    };
}
use over_sequence;

#[cfg(test)]
mod tests;
