//! Shapes in which some sizes are known only when a function runs.

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder, Slice};
use crate::tensor::Shape;

/// A size as graphs have it, where -1 is one that is not known.
pub(crate) fn size(size: Option<u64>) -> i32 {
    size.and_then(|size| i32::try_from(size).ok()).unwrap_or(-1)
}

/// The shape as a tensor; sizes that are not known are those that `like` has along the same axes.
pub(crate) fn shape_like(
    function: &mut FunctionBuilder,
    shape: &Shape,
    like: &Edge,
) -> Result<Edge> {
    let sizes: Vec<i32> = shape.0.iter().copied().map(size).collect();
    if sizes.iter().all(|size| *size >= 0) {
        return Ok(function.constant(sizes));
    }
    let found = function.shape(like)?;
    let mut parts = Vec::new();
    for (axis, size) in (0_i32..).zip(sizes) {
        parts.push(match size {
            0.. => function.constant(size),
            _ => function.size_at(&found, axis)?,
        });
    }
    function.pack(&parts)
}

/// The elements of `x` in that shape; sizes that are not known are those that `like` has along the
/// same axes.
pub(crate) fn reshape_like(
    function: &mut FunctionBuilder,
    x: &Edge,
    shape: &Shape,
    like: &Edge,
) -> Result<Edge> {
    let sizes: Vec<i32> = shape.0.iter().copied().map(size).collect();
    // One size follows from the number of elements.
    let unknown = sizes.iter().filter(|size| **size < 0).count();
    if unknown <= 1 && !sizes.contains(&0) {
        return function.reshape(x, &sizes);
    }
    let shape = shape_like(function, shape, like)?;
    function.reshape_to(x, &shape)
}

/// The first `count` axes of `x`, which has that shape, as one.
pub(crate) fn merge_leading(
    function: &mut FunctionBuilder,
    x: &Edge,
    shape: &Shape,
    count: usize,
) -> Result<Edge> {
    let rest: Vec<i32> = shape.0.iter().skip(count).copied().map(size).collect();
    if rest.iter().all(|size| *size > 0) {
        let sizes: Vec<i32> = [-1].into_iter().chain(rest).collect();
        return function.reshape(x, &sizes);
    }
    let sizes = function.shape(x)?;
    let leading = part(function, &sizes, None, Some(count))?;
    let merged = function.prod(&leading, &[0], true)?;
    let rest = part(function, &sizes, Some(count), None)?;
    let sizes = function.concat(&[merged, rest], 0)?;
    function.reshape_to(x, &sizes)
}

/// The first axis of `x` as the first `count` axes that `like` has; `shape` is what comes out.
pub(crate) fn split_leading(
    function: &mut FunctionBuilder,
    x: &Edge,
    shape: &Shape,
    like: &Edge,
    count: usize,
) -> Result<Edge> {
    let sizes: Vec<i32> = shape.0.iter().copied().map(size).collect();
    let unknown = sizes.iter().filter(|size| **size < 0).count();
    if unknown <= 1 && !sizes.contains(&0) {
        return function.reshape(x, &sizes);
    }
    let (leading, rest) = (function.shape(like)?, function.shape(x)?);
    let leading = part(function, &leading, None, Some(count))?;
    let rest = part(function, &rest, Some(1), None)?;
    let sizes = function.concat(&[leading, rest], 0)?;
    function.reshape_to(x, &sizes)
}

/// The tensor with `count` more axes of size 1 behind its own, as far as it has not `rank` of them then.
pub(crate) fn up_to_rank(
    function: &mut FunctionBuilder,
    x: &Edge,
    count: usize,
    rank: usize,
) -> Result<Edge> {
    let found = function.shape(x)?;
    let ones = function.constant(vec![1_i32; count]);
    let sizes = function.concat(&[found, ones], 0)?;
    let sizes = part(function, &sizes, None, Some(rank))?;
    function.reshape_to(x, &sizes)
}

/// A part of a list of sizes.
fn part(
    function: &mut FunctionBuilder,
    sizes: &Edge,
    begin: Option<usize>,
    end: Option<usize>,
) -> Result<Edge> {
    let place = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
    let (begin, end) = (begin.map(place), end.map(place));
    function.slice(sizes, &[Slice { begin, end }])
}

/// A size of a shape that is put together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'e> {
    /// This one.
    Known(i32),
    /// What a tensor has along an axis.
    Of(&'e Edge, i32),
}

impl<'e> Part<'e> {
    /// The size if it is known, otherwise what `like` has along that axis.
    pub(crate) fn of(found: Option<u64>, like: &'e Edge, axis: i32) -> Self {
        match found {
            Some(_) => Part::Known(size(found)),
            None => Part::Of(like, axis),
        }
    }
}

/// The elements of `x` in the shape that these are the sizes of.
pub(crate) fn reshape_to_parts(
    function: &mut FunctionBuilder,
    x: &Edge,
    parts: &[Part<'_>],
) -> Result<Edge> {
    let known = parts.iter().map(|part| match part {
        Part::Known(size) => *size,
        Part::Of(..) => -1,
    });
    let known: Vec<i32> = known.collect();
    // One size follows from the number of elements.
    if known.iter().filter(|size| **size < 0).count() <= 1 && !known.contains(&0) {
        return function.reshape(x, &known);
    }
    let mut sizes = Vec::new();
    for part in parts {
        sizes.push(match part {
            Part::Known(size) => function.constant(*size),
            Part::Of(like, axis) => {
                let found = function.shape(like)?;
                function.size_at(&found, *axis)?
            }
        });
    }
    let shape = function.pack(&sizes)?;
    function.reshape_to(x, &shape)
}
