//! Layers over a sequence with a cell of any class.

use std::borrow::Cow;

use super::lower::{Recurrence, WITH_CONSTANTS, manner};
use super::{Returns, Sequence, attributes, check_states};
use crate::error::{Context, Result};
use crate::graph::Edge;
use crate::keras::Object;
use crate::layers::config::layer;
use crate::layers::inputs::Input;
use crate::layers::lower::{CallOf, cast_input};
use crate::layers::nest::{Inner, Names, Nesting, nesting};
use crate::layers::shape::{at_least, mismatch};
use crate::layers::{Call, CallArgument, Called, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

layer! {
    /// A recurrent layer with any cell.
    ///
    /// Input `(batch, steps, …)`; output that of the cell, with an axis of steps in it with
    /// `return_sequences`; then the cell's states with `return_state`. Variables: those of the cell.
    ///
    /// ```
    /// use hornfels::layers::{Inputs, LSTMCell, Layer, RNN};
    /// let rnn = RNN::new(LSTMCell::new(4).name("cell")).return_sequences(true);
    /// let called = rnn.call(&Inputs::one([None, Some(7), Some(3)]))?;
    /// assert_eq!(called.outputs[0].to_string(), "(None, 7, 4)");
    /// assert_eq!(called.variables[0].path, "cell/kernel");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    RNN(
        /// What takes one step: an input, to an output and states.
        cell: Object as into,
    ) {
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

impl Nesting for RNN {
    const ARGUMENTS: &'static [CallArgument] = &WITH_CONSTANTS;

    fn objects(&self) -> Vec<Cow<'_, Object>> {
        vec![Cow::Borrowed(&self.cell)]
    }

    fn lower_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let cell = the_cell(inner)?;
        let recurrence = Recurrence {
            manner: manner!(self),
            dropped: None,
            cell: cell.layer,
            name: &Names::default().of(&self.cell),
            dtype: cell.dtype,
            shapes: self.step(cell, call.inputs())?,
            zeros: None,
        };
        recurrence.lower(call)
    }

    fn masks_with(&self, _: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        Ok(manner!(self).masks(call))
    }

    fn states_with(&self, inner: &[Inner<'_>], inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        match self.stateful {
            true => manner!(self).states(&self.step(the_cell(inner)?, inputs)?),
            false => Ok(Vec::new()),
        }
    }

    fn attributes_with(&self, inner: &[Inner<'_>], path: &str) -> Vec<String> {
        let name = Names::default().of(&self.cell);
        attributes(path, &name, |path| match inner.first() {
            Some(cell) => cell.layer.attributes(path),
            None => vec![path.to_owned()],
        })
    }

    fn call_with(&self, cells: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        let sequence = Sequence::new(inputs.first()?, &self.base)?;
        let name = Names::default().of(&self.cell);
        let calls = cells
            .iter()
            .map(|cell| cell.call(&Inputs::one(sequence.step())));
        let mut calls = calls
            .collect::<Result<Vec<_>>>()
            .within(|| format!("cell `{name}`"))?;
        let step = calls.pop().unwrap_or_default();
        let mut own = self.base.variables();
        own.add_inner(&name, step.variables);
        check_states(inputs, &self.base, &step.outputs)?;
        let returns = Returns {
            sequences: self.return_sequences,
            state: self.return_state,
        };
        Ok(Called {
            variables: own.finish(),
            outputs: sequence.outputs(returns, &step.outputs)?,
        })
    }
}

impl RNN {
    /// What a step gives.
    fn step(&self, cell: Inner<'_>, inputs: &Inputs) -> Result<Vec<Shape>> {
        let sequence = Sequence::new(inputs.first()?, &self.base)?;
        cell.layer.output_shapes(&Inputs::one(sequence.step()))
    }
}

fn the_cell<'n>(inner: &[Inner<'n>]) -> Result<Inner<'n>> {
    let cell = inner.first().copied();
    cell.ok_or_else(|| mismatch("no cell, expected one"))
}

nesting!(RNN);

layer! {
    /// Cells one after the other, as one cell: each takes the output of the one before it.
    ///
    /// Its states are those of all cells. Variables: those of the cells, with their names in front.
    ///
    /// ```
    /// use hornfels::layers::{GRUCell, Inputs, LSTMCell, Layer, RNN, StackedRNNCells};
    /// let cells = StackedRNNCells::new(vec![LSTMCell::new(4).into(), GRUCell::new(5).into()]);
    /// let called = RNN::new(cells).call(&Inputs::one([None, Some(7), Some(3)]))?;
    /// assert_eq!(called.outputs[0].to_string(), "(None, 5)");
    /// assert_eq!(called.variables[3].path, "stacked_rnn_cells/gru_cell/kernel");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    StackedRNNCells(
        /// The cells, in the order in which they are called.
        cells: Vec<Object>,
    ) {}
}

impl Nesting for StackedRNNCells {
    const ARGUMENTS: &'static [CallArgument] =
        &[CallArgument::Tensors("states"), CallArgument::Training];

    fn objects(&self) -> Vec<Cow<'_, Object>> {
        self.cells.iter().map(Cow::Borrowed).collect()
    }

    fn lower_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let mut all = Vec::new();
        let output = self.each_cell(inner, call, |cell, call| {
            let mut outputs = cell.lower(call)?.into_iter();
            let output = outputs.next();
            all.extend(outputs);
            Ok(output)
        })?;
        all.insert(0, output);
        Ok(all)
    }

    fn shared_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<(String, Edge)>> {
        let mut all = Vec::new();
        let mut names = self.names().into_iter();
        self.each_cell(inner, call, |cell, call| {
            let name = names.next().unwrap_or_default();
            let shared = cell.shared(call)?.into_iter();
            all.extend(shared.map(|(path, value)| (format!("{name}/{path}"), value)));
            // The next cell only looks at the shape of the output, which one of the states has.
            let shapes = cell.output_shapes(call.inputs())?;
            let same = shapes
                .iter()
                .skip(1)
                .position(|it| Some(it) == shapes.first());
            match same.and_then(|at| call.tensors().get(at + 1)) {
                Some(state) => Ok(Some(state.clone())),
                None => Ok(cell.lower(call)?.into_iter().next()),
            }
        })?;
        Ok(all)
    }

    fn attributes_with(&self, inner: &[Inner<'_>], path: &str) -> Vec<String> {
        let cells = self.names().into_iter().zip(inner).enumerate();
        let mut found = cells.filter_map(|(place, (name, cell))| {
            let path = path.strip_prefix(&name)?.strip_prefix('/')?;
            let list = ["cells".to_owned(), place.to_string()];
            Some(
                list.into_iter()
                    .chain(cell.layer.attributes(path))
                    .collect(),
            )
        });
        found.next().unwrap_or_else(|| vec![path.to_owned()])
    }

    fn call_with(&self, cells: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        let mut own = self.base.variables();
        let mut names = Names::default();
        let mut output = at_least(inputs.first()?, 2)?.clone();
        let mut states = Vec::new();
        for (cell, object) in cells.iter().zip(&self.cells) {
            let name = names.of(object);
            let called = cell
                .call(&Inputs::one(output))
                .within(|| format!("cell `{name}`"))?;
            own.add_inner(&name, called.variables);
            let mut outputs = called.outputs.into_iter();
            output = outputs.next().ok_or_else(|| {
                mismatch(format!("cell `{name}` gives nothing, expected an output"))
            })?;
            states.extend(outputs);
        }
        let outputs = [output].into_iter().chain(states);
        Ok(Called {
            variables: own.finish(),
            outputs: outputs.collect(),
        })
    }
}

impl StackedRNNCells {
    fn names(&self) -> Vec<String> {
        let mut names = Names::default();
        self.cells.iter().map(|cell| names.of(cell)).collect()
    }

    /// Calls each cell with what the one before it gave, and with its states; `what` gives that.
    fn each_cell(
        &self,
        inner: &[Inner<'_>],
        call: &mut Call<'_>,
        mut what: impl FnMut(&dyn Layer, &mut Call<'_>) -> Result<Option<Edge>>,
    ) -> Result<Edge> {
        let (mut x, mut shape) = (call.tensor()?.clone(), call.shape()?.clone());
        let mut states = call.tensors().iter().skip(1);
        for (cell, name) in inner.iter().zip(self.names()) {
            let shapes = cell.layer.output_shapes(&Inputs::one(shape.clone()))?;
            let (output, of_states) = shapes
                .split_first()
                .ok_or_else(|| mismatch(format!("cell `{name}` gives nothing")))?;
            let inputs = Inputs::of_arguments(vec![
                Input::Tensors(vec![shape]),
                Input::Tensors(of_states.to_vec()),
            ]);
            x = cast_input(call.function, &x, cell.dtype)?;
            let mut tensors = vec![x];
            tensors.extend(states.by_ref().take(of_states.len()).cloned());
            let masks = vec![None; tensors.len()];
            let made = call.nested(&name, |function, handles, training| {
                let of = CallOf {
                    inputs: &inputs,
                    tensors: &tensors,
                    masks: &masks,
                    handles,
                    training,
                    dtype: cell.dtype,
                };
                what(cell.layer, &mut Call::new(function, of)).within(|| format!("cell `{name}`"))
            })?;
            x = made.ok_or_else(|| mismatch(format!("cell `{name}` gives nothing")))?;
            shape = output.clone();
        }
        Ok(x)
    }
}

nesting!(StackedRNNCells);
