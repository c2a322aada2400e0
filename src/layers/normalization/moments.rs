//! Means and variances, and what is normalized by them.

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::proto::tensorflow::DataType;

/// A mean and a variance.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    pub(super) mean: Edge,
    pub(super) variance: Edge,
}

/// What normalized numbers are multiplied by, and what is added.
#[derive(Clone, Debug, Default)]
pub(super) struct Affine {
    pub(super) scale: Option<Edge>,
    pub(super) offset: Option<Edge>,
}

impl Moments {
    /// Those along the axes, which stay with size 1.
    pub(super) fn of(f: &mut FunctionBuilder, x: &Edge, axes: &[i32]) -> Result<Moments> {
        in_single(f, x, |f, x| {
            let mean = f.mean(x, axes, true)?;
            // The gradient by this mean is 0.
            let fixed = f.op("StopGradient").input(&mean).one()?;
            let distances = f.squared_difference(x, &fixed)?;
            let variance = f.mean(&distances, axes, true)?;
            Ok(Moments { mean, variance })
        })
    }

    /// Those along the axes, to which each element counts as much as `weights` say.
    pub(super) fn weighted(
        f: &mut FunctionBuilder,
        x: &Edge,
        weights: &Edge,
        axes: &[i32],
    ) -> Result<Moments> {
        in_single(f, x, |f, x| {
            let weights = f.cast(weights, x.dtype())?;
            let weighted = f.mul(&weights, x)?;
            let sum = f.sum(&weighted, axes, true)?;
            let zeros = f.zeros_like(x)?;
            let all_weights = f.add(&weights, &zeros)?;
            let weight = f.sum(&all_weights, axes, true)?;
            let mean = f.op("DivNoNan").input(&sum).input(&weight).one()?;
            let distances = f.squared_difference(x, &mean)?;
            let distances = f.mul(&weights, &distances)?;
            let sum = f.sum(&distances, axes, true)?;
            let variance = f.op("DivNoNan").input(&sum).input(&weight).one()?;
            Ok(Moments { mean, variance })
        })
    }

    /// The variance as the mean of squares minus the square of the mean, which can be summed over
    /// replicas.
    pub(super) fn of_sums(
        f: &mut FunctionBuilder,
        x: &Edge,
        weights: Option<&Edge>,
        axes: &[i32],
    ) -> Result<Moments> {
        let (x, ones) = (x, f.ones_like(x)?);
        let (x, counted) = match weights {
            None => (x.clone(), ones),
            Some(weights) => {
                let weights = f.cast(weights, x.dtype())?;
                (f.mul(x, &weights)?, f.mul(&weights, &ones)?)
            }
        };
        let count = f.sum(&counted, axes, true)?;
        let sum = f.sum(&x, axes, true)?;
        let squares = f.square(&x)?;
        let squares = f.sum(&squares, axes, true)?;
        let mean = f.div(&sum, &count)?;
        let square = f.square(&mean)?;
        let squares = f.div(&squares, &count)?;
        let variance = f.sub(&squares, &square)?;
        Ok(Moments { mean, variance })
    }

    /// Both without axes whose size is 1.
    pub(super) fn squeezed(self, f: &mut FunctionBuilder, axes: &[i32]) -> Result<Moments> {
        let axes: Vec<i64> = axes.iter().copied().map(i64::from).collect();
        Ok(Moments {
            mean: f.squeeze(&self.mean, &axes)?,
            variance: f.squeeze(&self.variance, &axes)?,
        })
    }

    /// `(x - mean) / √(variance + epsilon) · scale + offset`.
    pub(super) fn normalize(
        &self,
        f: &mut FunctionBuilder,
        x: &Edge,
        affine: &Affine,
        epsilon: f64,
    ) -> Result<Edge> {
        let epsilon = f.number_like(&self.variance, epsilon)?;
        let variance = f.add(&self.variance, &epsilon)?;
        let mut factor = f.rsqrt(&variance)?;
        if let Some(scale) = &affine.scale {
            factor = f.mul(&factor, scale)?;
        }
        let scaled = f.mul(x, &factor)?;
        let mean = f.mul(&self.mean, &factor)?;
        match &affine.offset {
            None => f.sub(&scaled, &mean),
            Some(offset) => {
                let offset = f.sub(offset, &mean)?;
                f.add(&scaled, &offset)
            }
        }
    }
}

/// Sums of numbers of 16 bits with 5 for the exponent overflow early.
fn in_single(
    f: &mut FunctionBuilder,
    x: &Edge,
    moments: impl FnOnce(&mut FunctionBuilder, &Edge) -> Result<Moments>,
) -> Result<Moments> {
    if x.dtype() != DataType::DT_HALF {
        return moments(f, x);
    }
    let x = f.cast(x, DataType::DT_FLOAT)?;
    let found = moments(f, &x)?;
    Ok(Moments {
        mean: f.cast(&found.mean, DataType::DT_HALF)?,
        variance: f.cast(&found.variance, DataType::DT_HALF)?,
    })
}
