//! Convolutions: a window of weights that is moved over the input.
//!
//! Inputs are `(batch, spatial…, channels)`, or `(batch, channels, spatial…)` with
//! [`DataFormat::ChannelsFirst`]. Kernels are `(window…, channels, filters)` either way; what
//! differs is said at each class. `spec/keras_model.md#windows`.

mod depthwise;
mod dilation;
mod local;
mod lower;
mod plain;
mod separable;
mod transposed;

pub use depthwise::{DepthwiseConv1D, DepthwiseConv2D};
pub use local::{LocallyConnected1D, LocallyConnected2D};
pub use plain::{Conv1D, Conv2D, Conv3D};
pub use separable::{SeparableConv1D, SeparableConv2D};
pub use transposed::{Conv1DTranspose, Conv2DTranspose, Conv3DTranspose};

pub(super) use lower::{convolve_window, one};

use super::config::{DataFormat, Padding};
use super::registry::LayerRegistry;
use super::shape::{Size, at_least, channel_axis, known, of_rank, spatial, windows, with_spatial};
use crate::error::Result;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Conv1D>();
    registry.typed::<Conv2D>();
    registry.typed::<Conv3D>();
    registry.typed::<Conv1DTranspose>();
    registry.typed::<Conv2DTranspose>();
    registry.typed::<Conv3DTranspose>();
    registry.typed::<DepthwiseConv1D>();
    registry.typed::<DepthwiseConv2D>();
    registry.typed::<SeparableConv1D>();
    registry.typed::<SeparableConv2D>();
    registry.typed::<LocallyConnected1D>();
    registry.typed::<LocallyConnected2D>();
}

/// How a window is moved over the spatial axes of an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    pub(super) size: &'a [u64],
    pub(super) strides: &'a [u64],
    pub(super) dilation: &'a [u64],
    pub(super) padding: Padding,
    pub(super) format: DataFormat,
}

impl Window<'_> {
    /// The channels of an input, which decide how large a kernel is.
    pub(super) fn channels(&self, input: &Shape) -> Result<u64> {
        let input = self.checked(input)?;
        known(input, channel_axis(input, self.format))
    }

    /// The axes of the batch, and the shape with one axis for all of them.
    fn batches(&self, input: &Shape) -> Result<(Shape, Shape)> {
        let own = self.size.len().saturating_add(1);
        let count = at_least(input, own.saturating_add(1))?.rank() - own;
        let (batches, rest) = input.0.split_at(count);
        let batch = match batches {
            [batch] => *batch,
            _ => None,
        };
        let sizes = [batch].into_iter().chain(rest.iter().copied());
        Ok((Shape(batches.to_vec()), Shape(sizes.collect())))
    }

    fn checked<'s>(&self, input: &'s Shape) -> Result<&'s Shape> {
        of_rank(input, self.size.len().saturating_add(2))
    }

    /// How many places the window finds on each spatial axis.
    fn places(&self, input: &Shape) -> Result<Vec<Size>> {
        let sizes = spatial(self.checked(input)?, self.format, self.size.len());
        let moves = self.size.iter().zip(self.strides).zip(self.dilation);
        let places = sizes.into_iter().zip(moves);
        places
            .map(|(size, ((window, stride), dilation))| {
                windows(size, *window, self.padding, *stride, *dilation)
            })
            .collect()
    }

    /// The output: a place for each window, `filters` channels.
    pub(super) fn output(&self, input: &Shape, filters: u64) -> Result<Vec<Shape>> {
        let places = self.places(input)?;
        let output = with_spatial(input, self.format, &places, Some(Some(filters)));
        Ok(vec![output])
    }

    /// The window's sizes and two more: the shape of a kernel.
    pub(super) fn kernel(&self, before_last: u64, last: u64) -> Vec<u64> {
        let window = self.size.iter().copied();
        window.chain([before_last, last]).collect()
    }
}

/// A shape with these axes in place of the first.
fn with_batches(batches: &Shape, shape: Shape) -> Shape {
    let rest = shape.0.into_iter().skip(1);
    Shape(batches.0.iter().copied().chain(rest).collect())
}

/// How a class with these arguments moves its window.
macro_rules! windowed {
    ($class:ident) => {
        impl $class {
            fn window(&self) -> Window<'_> {
                Window {
                    size: &self.kernel_size.0,
                    strides: &self.strides.0,
                    dilation: &self.dilation_rate.0,
                    padding: self.padding,
                    format: self.data_format.unwrap_or(DataFormat::ChannelsLast),
                }
            }
        }
    };
}
use windowed;

#[cfg(test)]
mod tests;
