//! The loop of a recurrence while it is built.

use super::super::Sequence;
use super::recurrence::{Begin, Constants, Given, Recurrence};
use super::steps::{Steps, swap};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder, Loop};
use crate::layers::lower::{Handles, size, up_to_rank};
use crate::layers::shape::mismatch;
use crate::tensor::Shape;

pub(super) struct Run<'r> {
    pub(super) recurrence: &'r Recurrence<'r>,
    pub(super) sequence: &'r Sequence<'r>,
    pub(super) steps: &'r Steps,
    pub(super) training: bool,
    pub(super) all: Loop,
    /// What the variables of the loop become in a step.
    pub(super) next: Vec<Edge>,
}

/// Which samples a step counts for, and in sequences of more than vectors which of their elements.
struct Mask {
    counts: Edge,
    has_elements: bool,
}

/// Where the output of the last step is found.
#[derive(Clone, Copy)]
enum Last {
    State(usize),
    Variable(usize),
}

impl Run<'_> {
    /// The output, or those of all steps, and the states after the last one.
    pub(super) fn over(
        mut self,
        f: &mut FunctionBuilder,
        begin: &[Begin],
        constants: &Constants,
        handles: &Handles,
    ) -> Result<(Edge, Vec<Edge>)> {
        let all = &mut self.all;
        let before: Vec<Edge> = begin
            .iter()
            .map(|it| all.variable("state", &it.value))
            .collect();
        let constants = constants.in_loop(all);
        let x = self.input(f)?;
        let given = Given {
            x: &x,
            states: &before,
            constants: &constants,
            handles,
            training: self.training,
        };
        let (recurrence, body) = (self.recurrence, &mut self.all.body);
        let made =
            recurrence.with_cell(body, self.sequence, given, |cell, call| cell.lower(call))?;
        let mut made = made.into_iter();
        let output = made
            .next()
            .ok_or_else(|| mismatch("a cell that gives nothing, expected an output and states"))?;
        let after: Vec<Edge> = made.collect();
        if after.len() != before.len() {
            let (found, expected) = (after.len(), before.len());
            return Err(mismatch(format!(
                "a cell that gives {found} states, expected {expected} by its shapes"
            )));
        }
        let mask = self.mask()?;
        self.next_states(mask.as_ref(), &before, &after)?;
        let (output, last) = self.output(f, begin, mask.as_ref(), &output, &after)?;
        self.end(f, begin.len(), &output, last)
    }

    /// What the cell takes in a step.
    fn input(&mut self, f: &mut FunctionBuilder) -> Result<Edge> {
        let (x, shape) = (&self.steps.x, self.sequence.step());
        let sizes = sizes(&shape);
        let element = f.constant(sizes.as_slice());
        let list = f
            .op("TensorListFromTensor")
            .input(x)
            .input(&element)
            .one()?;
        let list = self.all.constant("steps", &list);
        let counter = self.all.counter().clone();
        let body = &mut self.all.body;
        let element = body.constant(sizes);
        let item = body.op("TensorListGetItem").input(&list).input(&counter);
        item.input(&element).attr("element_dtype", x.dtype()).one()
    }

    fn mask(&mut self) -> Result<Option<Mask>> {
        let Some(mask) = &self.steps.mask else {
            return Ok(None);
        };
        let mask = self.all.constant("mask", mask);
        let counter = self.all.counter().clone();
        let body = &mut self.all.body;
        let axis = body.constant(0_i32);
        let step = body.op("GatherV2").input(&mask).input(&counter);
        Ok(Some(Mask {
            counts: step.input(&axis).one()?,
            has_elements: self.sequence.shape.rank() > 3,
        }))
    }

    /// Where a step does not count, states stay.
    fn next_states(&mut self, mask: Option<&Mask>, before: &[Edge], after: &[Edge]) -> Result<()> {
        let shapes = self.recurrence.shapes.iter().skip(1);
        for ((before, after), shape) in before.iter().zip(after).zip(shapes) {
            let body = &mut self.all.body;
            self.next.push(match mask {
                Some(mask) => mask.select(body, shape, after, before)?,
                None => after.clone(),
            });
        }
        Ok(())
    }

    /// The output of a step, and where that of the last one is found, if it is asked for.
    fn output(
        &mut self,
        f: &mut FunctionBuilder,
        begin: &[Begin],
        mask: Option<&Mask>,
        output: &Edge,
        after: &[Edge],
    ) -> Result<(Edge, Option<Last>)> {
        let (recurrence, manner) = (self.recurrence, self.recurrence.manner);
        let shape = recurrence.output_shape();
        // Of most cells, the output is one of the states.
        let same = after.iter().position(|it| it == output);
        let same = match mask {
            None => same,
            Some(_) if manner.zeros => None,
            // Before the first step that counts, the output is zeros whatever the state is.
            Some(_) => same.filter(|at| begin.get(*at).is_some_and(|it| it.is_zeros)),
        };
        if let Some(at) = same {
            let output = self.next.get(at).unwrap_or(output).clone();
            return Ok((output, Some(Last::State(at))));
        }
        let output = match mask {
            None => output.clone(),
            Some(mask) if manner.zeros => {
                let zeros = self.all.body.zeros_like(output)?;
                mask.select(&mut self.all.body, shape, output, &zeros)?
            }
            Some(mask) => {
                let zeros = recurrence.zeros(f, self.steps, shape)?;
                let before = self.all.variable("output", &zeros);
                let output = mask.select(&mut self.all.body, shape, output, &before)?;
                self.next.push(output.clone());
                return Ok((output, Some(Last::Variable(self.next.len() - 1))));
            }
        };
        if manner.returns.sequences {
            return Ok((output, None));
        }
        let zeros = recurrence.zeros(f, self.steps, shape)?;
        self.all.variable("output", &zeros);
        self.next.push(output.clone());
        Ok((output, Some(Last::Variable(self.next.len() - 1))))
    }

    fn end(
        mut self,
        f: &mut FunctionBuilder,
        states: usize,
        output: &Edge,
        last: Option<Last>,
    ) -> Result<(Edge, Vec<Edge>)> {
        let element = sizes(self.recurrence.output_shape());
        let sequences = self.recurrence.manner.returns.sequences;
        if sequences {
            let shape = f.constant(element.as_slice());
            let list = f
                .op("TensorListReserve")
                .input(&shape)
                .input(&self.steps.count);
            let list = list.attr("element_dtype", output.dtype()).one()?;
            let list = self.all.variable("outputs", &list);
            let counter = self.all.counter().clone();
            let list = self
                .all
                .body
                .op("TensorListSetItem")
                .input(&list)
                .input(&counter);
            self.next.push(list.input(output).one()?);
        }
        let results = f.end_loop(self.all, &self.next)?;
        let found = match (sequences, last) {
            (true, _) => results.last(),
            (false, Some(Last::State(at) | Last::Variable(at))) => results.get(at),
            (false, None) => None,
        };
        let found = found.ok_or_else(|| mismatch("a loop without an output"))?;
        let output = match sequences {
            true => {
                let shape = f.constant(element.as_slice());
                let stack = f.op("TensorListStack").input(found).input(&shape);
                let stack = stack.attr("element_dtype", output.dtype()).one()?;
                let rank = element.len().saturating_add(1);
                swap(f, &stack, self.sequence.time_axis, rank)?
            }
            false => found.clone(),
        };
        Ok((output, results.into_iter().take(states).collect()))
    }
}

impl Mask {
    /// One where the step counts, the other elsewhere; both have that shape.
    fn select(&self, f: &mut FunctionBuilder, shape: &Shape, x: &Edge, y: &Edge) -> Result<Edge> {
        let rank = shape.rank();
        let counts = if self.has_elements {
            up_to_rank(f, &self.counts, rank.saturating_sub(1), rank)?
        } else {
            let ones = std::iter::repeat_n(1, rank.saturating_sub(1));
            let sizes: Vec<i32> = [-1].into_iter().chain(ones).collect();
            f.reshape(&self.counts, &sizes)?
        };
        f.select(&counts, x, y)
    }
}

fn sizes(shape: &Shape) -> Vec<i32> {
    shape.0.iter().copied().map(size).collect()
}
