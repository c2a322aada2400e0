//! One cell over all steps of a sequence: a loop.

use super::super::{Returns, Sequence};
use super::Dropped;
use super::run::Run;
use super::steps::{Steps, is_known};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder, Loop};
use crate::layers::config::Base;
use crate::layers::inputs::{Input, Operand};
use crate::layers::lower::{CallOf, Handles};
use crate::layers::shape::mismatch;
use crate::layers::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::proto::tensorflow::DataType;
use crate::tensor::{DType, Shape};

/// How a layer goes over a sequence.
#[derive(Clone, Copy, Debug)]
pub(in crate::layers::rnn) struct Manner<'l> {
    pub(in crate::layers::rnn) base: &'l Base,
    pub(in crate::layers::rnn) returns: Returns,
    pub(in crate::layers::rnn) go_backwards: bool,
    pub(in crate::layers::rnn) stateful: bool,
    /// Whether the outputs of masked steps are zeros, not what the step before gave.
    pub(in crate::layers::rnn) zeros: bool,
}

/// The [`Manner`] that the arguments of a class say.
macro_rules! manner {
    ($layer:expr) => {
        $crate::layers::rnn::lower::Manner {
            base: &$layer.base,
            returns: $crate::layers::rnn::Returns {
                sequences: $layer.return_sequences,
                state: $layer.return_state,
            },
            go_backwards: $layer.go_backwards,
            stateful: $layer.stateful,
            zeros: $layer.zero_output_for_mask,
        }
    };
}
pub(in crate::layers::rnn) use manner;

/// A cell over a sequence.
#[derive(Debug)]
pub(in crate::layers::rnn) struct Recurrence<'l> {
    pub(in crate::layers::rnn) manner: Manner<'l>,
    /// What is dropped of the sequence before the first step.
    pub(in crate::layers::rnn) dropped: Option<Dropped<'l>>,
    pub(in crate::layers::rnn) cell: &'l dyn Layer,
    /// What the variables of the cell are under.
    pub(in crate::layers::rnn) name: &'l str,
    /// In what the cell computes.
    pub(in crate::layers::rnn) dtype: DType,
    /// Output and states of a step.
    pub(in crate::layers::rnn) shapes: Vec<Shape>,
    /// Zeros like the output, where their shape is not known before.
    pub(in crate::layers::rnn) zeros: Option<Edge>,
}

/// A state before the first step.
pub(super) struct Begin {
    pub(super) value: Edge,
    pub(super) is_zeros: bool,
}

/// What a cell takes in every step, with the shapes.
#[derive(Clone, Default)]
pub(super) struct Constants(Vec<(Edge, Shape)>);

impl Constants {
    pub(super) fn in_loop(&self, all: &mut Loop) -> Constants {
        let inside = self.0.iter();
        let inside = inside.map(|(value, shape)| (all.constant("constant", value), shape.clone()));
        Constants(inside.collect())
    }
}

/// What a cell is given in a step.
pub(super) struct Given<'g> {
    pub(super) x: &'g Edge,
    pub(super) states: &'g [Edge],
    pub(super) constants: &'g Constants,
    pub(super) handles: &'g Handles,
    pub(super) training: bool,
}

impl Manner<'_> {
    /// The masks of what a layer gives.
    pub(in crate::layers::rnn) fn masks(&self, call: &Call<'_>) -> Vec<Option<Edge>> {
        match self.returns.sequences {
            true => vec![call.given_mask().cloned()],
            false => Vec::new(),
        }
    }

    /// The states that a layer keeps, where `shapes` are the output and the states of a step.
    pub(in crate::layers::rnn) fn states(&self, shapes: &[Shape]) -> Result<Vec<VariableSpec>> {
        if !self.stateful {
            return Ok(Vec::new());
        }
        let states = shapes.iter().skip(1).enumerate();
        let states = states.map(|(place, shape)| {
            let sizes = shape.0.iter().copied().collect::<Option<Vec<u64>>>();
            let sizes = sizes.ok_or_else(|| {
                mismatch(format!(
                    "a state of shape {shape} to keep, expected to know all its sizes"
                ))
                .with_hint("give the model's input a batch size, or leave out `stateful`")
            })?;
            let mut spec = VariableSpec::new(
                format!("states/{place}"),
                sizes,
                crate::layers::Initializer::zeros(),
            );
            spec.trainable = false;
            spec.dtype = self.base.dtype.variable_dtype();
            Ok(spec)
        });
        states.collect()
    }

    /// The tensors that a call gives beside the sequence: states, and constants.
    fn given<'c>(&self, call: &Call<'c>) -> (&'c [Edge], Constants) {
        let (inputs, tensors) = (call.inputs(), call.tensors());
        let listed = inputs.all().len();
        let constants = super::super::constants(self.base);
        let middle = listed.saturating_sub(constants).max(1);
        let named = |name: &str| {
            let first = inputs.place(usize::MAX, name)?;
            let count = inputs.argument(usize::MAX, name)?.len();
            Some(first..first.saturating_add(count))
        };
        let states = named("initial_state").unwrap_or(1..middle);
        let constants = named("constants").unwrap_or(middle..listed.max(middle));
        let shapes = inputs.operands().filter_map(|operand| match operand {
            Operand::Tensor(shape) => Some(shape.clone()),
            Operand::Value(_) => None,
        });
        let all = tensors.iter().cloned().zip(shapes);
        let constants = all.skip(constants.start).take(constants.len());
        (
            tensors.get(states).unwrap_or_default(),
            Constants(constants.collect()),
        )
    }
}

impl Recurrence<'_> {
    /// The output, or those of all steps, and the states that are returned.
    pub(in crate::layers::rnn) fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let manner = &self.manner;
        let sequence = Sequence::new(call.shape()?, manner.base)?;
        let (given, constants) = manner.given(call);
        if !constants.0.is_empty()
            && !self
                .cell
                .call_arguments()
                .contains(&CallArgument::Behind("constants"))
        {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("the cell `{}` takes no `constants`", self.name),
            ));
        }
        let (mut x, mask) = (call.tensor()?.clone(), call.given_mask());
        if let Some(dropped) = &self.dropped {
            for factor in dropped.of_input(call, &x)? {
                x = call.function.mul(&x, &factor)?;
            }
        }
        let steps = Steps::of(call.function, &sequence, &x, mask, manner.go_backwards)?;
        let begin = self.begin(call, &steps, given)?;
        let handles = call.handles_of(self.name);
        let states: Vec<Edge> = begin.iter().map(|it| it.value.clone()).collect();
        let shared = match call.training() {
            true => {
                let first = steps.first(call.function)?;
                let given = Given {
                    x: &first,
                    states: &states,
                    constants: &constants,
                    handles: &handles,
                    training: true,
                };
                self.with_cell(call.function, &sequence, given, |cell, call| {
                    cell.shared(call)
                })?
            }
            false => Vec::new(),
        };
        let mut run = Run {
            recurrence: self,
            sequence: &sequence,
            steps: &steps,
            training: call.training(),
            all: call.function.begin_loop(&steps.count),
            next: Vec::new(),
        };
        let handles = handles.in_loop(call.function, &mut run.all, shared)?;
        let (output, states) = run.over(call.function, &begin, &constants, &handles)?;
        self.keep(call, &states)?;
        let mut outputs = vec![output];
        if manner.returns.state {
            outputs.extend(states);
        }
        Ok(outputs)
    }

    /// The states before the first step: those that are given, or kept, or zeros.
    fn begin(&self, call: &mut Call<'_>, steps: &Steps, given: &[Edge]) -> Result<Vec<Begin>> {
        let dtype = DataType::from(self.dtype);
        let shapes = self.shapes.get(1..).unwrap_or_default();
        let mut states = Vec::new();
        for (place, shape) in shapes.iter().enumerate() {
            let given = given
                .get(place)
                .map(|it| call.function.cast(it, dtype))
                .transpose()?;
            let value = match (self.manner.stateful, &given) {
                (true, _) => {
                    let kept = call.read_as_stored(&format!("states/{place}"))?;
                    Some(call.function.cast(&kept, dtype)?)
                }
                (false, given) => given.clone(),
            };
            states.push(Begin {
                is_zeros: value.is_none(),
                value: match value {
                    Some(value) => value,
                    None => self.zeros(call.function, steps, shape)?,
                },
            });
        }
        if self.manner.stateful && !given.is_empty() {
            self.unless_kept(call.function, &mut states, given)?;
        }
        Ok(states)
    }

    /// States that are given are used as long as those that are kept are zeros.
    fn unless_kept(
        &self,
        f: &mut FunctionBuilder,
        states: &mut [Begin],
        given: &[Edge],
    ) -> Result<()> {
        let mut flags = Vec::new();
        for state in &*states {
            let zero = f.number_like(&state.value, 0.0)?;
            let differs = f.not_equal(&state.value, &zero)?;
            let flat = f.reshape(&differs, &[-1])?;
            flags.push(f.any(&flat, &[0], false)?);
        }
        let flags = f.pack(&flags)?;
        let is_kept = f.any(&flags, &[0], false)?;
        for (state, given) in states.iter_mut().zip(given) {
            let given = f.cast(given, state.value.dtype())?;
            state.value = f.select(&is_kept, &state.value, &given)?;
        }
        Ok(())
    }

    /// Zeros of that shape.
    pub(super) fn zeros(
        &self,
        f: &mut FunctionBuilder,
        steps: &Steps,
        shape: &Shape,
    ) -> Result<Edge> {
        match &self.zeros {
            Some(zeros) => Ok(zeros.clone()),
            None if is_known(shape) => steps.zeros(f, shape, self.dtype.into()),
            None => Err(mismatch(format!(
                "a state of shape {shape}, of which only the size of the batch may be unknown"
            ))),
        }
    }

    /// Keeps the states after the last step for the next call.
    fn keep(&self, call: &mut Call<'_>, states: &[Edge]) -> Result<()> {
        if !self.manner.stateful {
            return Ok(());
        }
        for (place, state) in states.iter().enumerate() {
            let path = format!("states/{place}");
            let dtype = call.variable_dtype(&path)?;
            let state = call.function.cast(state, dtype.into())?;
            let variable = call.resource(&path)?;
            call.function.assign(variable, &state)?;
        }
        Ok(())
    }

    /// The shape of the output of a step.
    pub(super) fn output_shape(&self) -> &Shape {
        static NONE: Shape = Shape(Vec::new());
        self.shapes.first().unwrap_or(&NONE)
    }

    /// Does something with a call of the cell.
    pub(super) fn with_cell<T>(
        &self,
        function: &mut FunctionBuilder,
        sequence: &Sequence<'_>,
        given: Given<'_>,
        what: impl FnOnce(&dyn Layer, &mut Call<'_>) -> Result<T>,
    ) -> Result<T> {
        let states = self.shapes.get(1..).unwrap_or_default().to_vec();
        let mut inputs = Inputs::of_arguments(vec![
            Input::Tensors(vec![sequence.step()]),
            Input::Tensors(states),
        ]);
        let mut tensors = vec![given.x.clone()];
        tensors.extend_from_slice(given.states);
        if !given.constants.0.is_empty() {
            let (constants, shapes): (Vec<Edge>, Vec<Shape>) =
                given.constants.0.iter().cloned().unzip();
            tensors.extend(constants);
            inputs = inputs.with("constants", shapes);
        }
        let masks = vec![None; tensors.len()];
        let of = CallOf {
            inputs: &inputs,
            tensors: &tensors,
            masks: &masks,
            handles: given.handles,
            training: given.training,
            dtype: self.dtype,
        };
        what(self.cell, &mut Call::new(function, of)).within(|| format!("cell `{}`", self.name))
    }
}
