//! Layers that act in training only: dropout, noise, penalties on outputs.
//!
//! ```
//! use hornfels::layers::{Dropout, Inputs, Layer, SpatialDropout2D};
//! let dropout = Dropout::new(0.5).seed(7);
//! assert_eq!(dropout.rate, 0.5);
//! let image = Inputs::one([None, Some(28), Some(28), Some(3)]);
//! let shapes = SpatialDropout2D::new(0.5).output_shapes(&image)?;
//! assert_eq!(shapes[0].to_string(), "(None, 28, 28, 3)");
//! # Ok::<(), hornfels::Error>(())
//! ```

use serde_json::Value;

use super::config::{DataFormat, layer, same_shape};
use super::registry::LayerRegistry;
use super::shape::of_rank;
use super::{Inputs, Layer, VariableSpec};
use crate::error::Result;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Dropout>();
    registry.typed::<SpatialDropout1D>();
    registry.typed::<SpatialDropout2D>();
    registry.typed::<SpatialDropout3D>();
    registry.typed::<AlphaDropout>();
    registry.typed::<GaussianDropout>();
    registry.typed::<GaussianNoise>();
    registry.typed::<ActivityRegularization>();
}

layer! {
    /// In training some elements become 0, others grow so that the expected sum stays.
    Dropout(
        /// The share of elements that become 0.
        rate ["p"]: f64,
    ) {
        /// The shape in which is drawn: along axes of size 1 all elements share their fate.
        noise_shape: Option<Shape> as some(Shape) = None,
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// A [`Dropout`] of whole channels of a sequence.
    SpatialDropout1D(
        /// The share of channels that become 0.
        rate ["p"]: f64,
    ) {
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// A [`Dropout`] of whole channels of an image.
    SpatialDropout2D(
        /// The share of channels that become 0.
        rate ["p"]: f64,
    ) {
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// A [`Dropout`] of whole channels of a volume.
    SpatialDropout3D(
        /// The share of channels that become 0.
        rate ["p"]: f64,
    ) {
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// A [`Dropout`] that keeps mean and variance of what comes out of a `selu`.
    AlphaDropout(
        /// The share of elements that are dropped.
        rate ["p"]: f64,
    ) {
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// In training, multiplies by random numbers around 1.
    GaussianDropout(
        /// What decides their deviation: `√(rate / (1 - rate))`.
        rate ["p"]: f64,
    ) {
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// In training, adds random numbers around 0.
    GaussianNoise(
        /// Their deviation.
        stddev ["sigma"]: f64,
    ) {
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// Passes its input on, with a penalty on it.
    ActivityRegularization() {
        /// The factor of the sum of absolute values.
        l1: f64 = 0.0,
        /// The factor of the sum of squares.
        l2: f64 = 0.0,
    }
}

same_shape!(
    Dropout,
    AlphaDropout,
    GaussianDropout,
    GaussianNoise,
    ActivityRegularization,
);

/// Layers without variables that keep the shape of an input of so many axes.
macro_rules! same_shape_of_rank {
    ($($class:ident: $rank:literal),* $(,)?) => {
        $(
            impl Layer for $class {
                fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                    Ok(Vec::new())
                }

                fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                    Ok(vec![of_rank(inputs.first()?, $rank)?.clone()])
                }
            }
        )*
    };
}

same_shape_of_rank!(SpatialDropout1D: 3, SpatialDropout2D: 4, SpatialDropout3D: 5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_dropped_of_inputs_that_have_them() {
        let error = SpatialDropout1D::new(0.5).output_shapes(&Inputs::one([2, 3]));
        assert_eq!(
            error.unwrap_err().message(),
            "an input of shape (2, 3) with 2 axes, expected 3"
        );
    }
}
