//! The steps of a sequence, and zeros for what comes before the first.

use super::super::Sequence;
use crate::error::Result;
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::layers::lower::size;
use crate::layers::shape::Size;
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// A sequence with its steps on the first axis, in the order in which they are taken.
#[derive(Debug)]
pub(super) struct Steps {
    pub(super) x: Edge,
    /// Which steps count, of which sample: (steps, batch).
    pub(super) mask: Option<Edge>,
    /// How many steps there are.
    pub(super) count: Edge,
    /// How many samples there are.
    batch: Edge,
}

impl Steps {
    pub(super) fn of(
        f: &mut FunctionBuilder,
        sequence: &Sequence<'_>,
        x: &Edge,
        mask: Option<&Edge>,
        go_backwards: bool,
    ) -> Result<Steps> {
        let mut x = swap(f, x, sequence.time_axis, sequence.shape.rank())?;
        let mut mask = mask.map(|it| swap_mask(f, it, sequence)).transpose()?;
        if go_backwards {
            x = reverse(f, &x, 0)?;
            mask = mask.map(|it| reverse(f, &it, 0)).transpose()?;
        }
        let shape = f.shape(&x)?;
        Ok(Steps {
            count: f.size_at(&shape, 0)?,
            batch: f.size_at(&shape, 1)?,
            x,
            mask,
        })
    }

    /// The input of the first step.
    pub(super) fn first(&self, f: &mut FunctionBuilder) -> Result<Edge> {
        let (place, axis) = (f.constant(0_i32), f.constant(0_i32));
        f.op("GatherV2")
            .input(&self.x)
            .input(&place)
            .input(&axis)
            .one()
    }

    /// Zeros of that shape, in which nothing but the size of the batch may be unknown.
    pub(super) fn zeros(
        &self,
        f: &mut FunctionBuilder,
        shape: &Shape,
        dtype: DataType,
    ) -> Result<Edge> {
        let zero = f.constant(Constant::scalar(dtype, 0.0)?);
        let sizes = self.sizes(f, shape)?;
        f.op("Fill").input(&sizes).input(&zero).one()
    }

    fn sizes(&self, f: &mut FunctionBuilder, shape: &Shape) -> Result<Edge> {
        let known: Vec<i32> = shape.0.iter().copied().map(size).collect();
        if known.iter().all(|size| *size >= 0) {
            return Ok(f.constant(known));
        }
        let parts = known.into_iter().map(|size| match size {
            0.. => f.constant(size),
            _ => self.batch.clone(),
        });
        let parts: Vec<Edge> = parts.collect();
        f.pack(&parts)
    }
}

/// Whether everything but the size of the batch is known.
pub(in crate::layers::rnn) fn is_known(shape: &Shape) -> bool {
    shape.0.iter().skip(1).all(Size::is_some)
}

/// The first two of `rank` axes in the other order, unless the steps are on the first.
pub(super) fn swap(
    f: &mut FunctionBuilder,
    x: &Edge,
    time_axis: usize,
    rank: usize,
) -> Result<Edge> {
    if time_axis == 0 {
        return Ok(x.clone());
    }
    let rest = (2_i32..).take(rank.saturating_sub(2));
    let order: Vec<i32> = [1, 0].into_iter().chain(rest).collect();
    f.transpose(x, &order)
}

/// A mask with its steps first. That of a sequence of more than vectors may have more axes.
fn swap_mask(f: &mut FunctionBuilder, mask: &Edge, sequence: &Sequence<'_>) -> Result<Edge> {
    if sequence.time_axis == 0 || sequence.shape.rank() <= 3 {
        return swap(f, mask, sequence.time_axis, 2);
    }
    let rank = f.op("Rank").input(mask).one()?;
    let (two, one) = (f.constant(2_i32), f.constant(1_i32));
    let rest = f.op("Range").input(&two).input(&rank).input(&one).one()?;
    let first = f.constant([1_i32, 0]);
    let order = f.concat(&[first, rest], 0)?;
    f.op("Transpose").input(mask).input(&order).one()
}

/// The other way round along an axis.
pub(in crate::layers) fn reverse(f: &mut FunctionBuilder, x: &Edge, axis: i32) -> Result<Edge> {
    let axis = f.constant([axis]);
    f.op("ReverseV2").input(x).input(&axis).one()
}
