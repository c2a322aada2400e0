//! Layers over a sequence with a cell of any class.

use super::{Returns, Sequence, check_states};
use crate::error::{Context, Result};
use crate::keras::Object;
use crate::layers::config::layer;
use crate::layers::nest::{Names, Nesting, nesting};
use crate::layers::shape::{at_least, mismatch};
use crate::layers::{Called, Inputs, Layer};

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
    fn objects(&self) -> Vec<&Object> {
        vec![&self.cell]
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
    fn objects(&self) -> Vec<&Object> {
        self.cells.iter().collect()
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

nesting!(StackedRNNCells);
