//! What pooling computes.

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::config::{DataFormat, Padding, Sizes};
use crate::layers::lower::{channels_last, in_format};
use crate::layers::shape::{first_spatial, mismatch, of_rank};
use crate::layers::{Call, CallArgument};

/// What becomes of the elements under a window.
#[derive(Clone, Copy)]
pub(super) enum Pool {
    Largest,
    Mean,
}

/// How a window moves.
pub(super) struct Moves<'l, const N: usize> {
    pub(super) size: &'l Sizes<N>,
    pub(super) strides: Option<&'l Sizes<N>>,
    pub(super) padding: Padding,
    pub(super) format: DataFormat,
}

pub(super) fn windows<const N: usize>(
    call: &mut Call<'_>,
    pool: Pool,
    moves: &Moves<'_, N>,
) -> Result<Vec<Edge>> {
    let padding = match moves.padding {
        Padding::Valid => "VALID",
        Padding::Same => "SAME",
        Padding::Causal => return Err(mismatch("`causal` padding, expected `valid` or `same`")),
    };
    let rank = of_rank(call.shape()?, N.saturating_add(2))?.rank();
    let (x, f) = (call.tensor()?, &mut *call.function);
    let mut x = channels_last(f, x, rank, moves.format)?;
    let is_line = N == 1;
    if is_line {
        x = f.expand_dims(&x, 2)?;
    }
    let op = match (pool, N) {
        (Pool::Largest, 3) => "MaxPool3D",
        (Pool::Largest, _) => "MaxPool",
        (Pool::Mean, 3) => "AvgPool3D",
        (Pool::Mean, _) => "AvgPool",
    };
    let op = f.op(op).input(&x).attr("padding", padding);
    let op = op.attr("ksize", between(moves.size, is_line)?);
    let strides = moves.strides.unwrap_or(moves.size);
    let mut y = op.attr("strides", between(strides, is_line)?).one()?;
    if is_line {
        y = f.squeeze(&y, &[2])?;
    }
    Ok(vec![in_format(f, &y, rank, moves.format)?])
}

/// Sizes along all axes: 1 for batch, channels, and the axis that a line gets.
fn between<const N: usize>(sizes: &Sizes<N>, is_line: bool) -> Result<Vec<i64>> {
    let mut all = vec![1_i64];
    for size in sizes.0 {
        let known = i32::try_from(size).ok().filter(|size| *size > 0);
        all.push(known.map(i64::from).ok_or_else(|| {
            mismatch(format!(
                "a window or stride of {size}, expected 1 to {}",
                i32::MAX
            ))
        })?);
    }
    all.extend(is_line.then_some(1));
    all.push(1);
    Ok(all)
}

/// The axes that global pooling makes one of.
fn axes(rank: usize, format: DataFormat) -> Vec<i32> {
    let first = i32::try_from(first_spatial(format)).unwrap_or(i32::MAX);
    (first..).take(rank).collect()
}

pub(super) fn globally(
    call: &mut Call<'_>,
    pool: Pool,
    rank: usize,
    keepdims: bool,
    format: DataFormat,
) -> Result<Vec<Edge>> {
    let axes = axes(rank, format);
    let mask = call.given_mask();
    let (x, f) = (call.tensor()?, &mut *call.function);
    Ok(vec![match (pool, mask) {
        (Pool::Mean, Some(mask)) => mean_of_steps(f, x, mask, &axes, keepdims)?,
        (Pool::Mean, None) => f.mean(x, &axes, keepdims)?,
        (Pool::Largest, _) => f.max(x, &axes, keepdims)?,
    }])
}

/// What the mean over steps takes beside its tensor.
pub(super) fn call_arguments(pool: Pool, rank: usize) -> &'static [CallArgument] {
    match (pool, rank) {
        (Pool::Mean, 1) => &[CallArgument::Mask],
        _ => &[],
    }
}

/// The mean of the steps that count.
fn mean_of_steps(
    f: &mut FunctionBuilder,
    x: &Edge,
    mask: &Edge,
    axes: &[i32],
    keepdims: bool,
) -> Result<Edge> {
    let counts = f.cast(mask, x.dtype())?;
    let channels = if axes == [1] { 2 } else { 1 };
    let counts = f.expand_dims(&counts, channels)?;
    let counted = f.mul(x, &counts)?;
    let sum = f.sum(&counted, axes, keepdims)?;
    let count = f.sum(&counts, axes, keepdims)?;
    f.div(&sum, &count)
}
