//! Vectors of length 1.

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};

/// The square of a length below which a vector is not made longer.
const SHORTEST: f64 = 1e-12;

/// Scales what lies along the axes to length 1.
pub(crate) fn l2_normalize(f: &mut FunctionBuilder, x: &Edge, axes: &[i32]) -> Result<Edge> {
    let squares = f.square(x)?;
    let sum = f.sum(&squares, axes, true)?;
    let shortest = f.number_like(x, SHORTEST)?;
    let sum = f.maximum(&sum, &shortest)?;
    let factor = f.rsqrt(&sum)?;
    f.mul(x, &factor)
}
