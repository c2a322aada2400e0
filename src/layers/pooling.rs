//! Pooling: the largest or mean element of windows, or of everything.
//!
//! Inputs are `(batch, …spatial, channels)`, or `(batch, channels, …spatial)` with
//! [`DataFormat::ChannelsFirst`].
//!
//! ```
//! use hornfels::layers::{GlobalAveragePooling2D, Inputs, Layer, MaxPooling2D, Padding};
//! let image = Inputs::one([None, Some(28), Some(28), Some(3)]);
//! let halved = MaxPooling2D::new().output_shapes(&image)?;
//! assert_eq!(halved[0].to_string(), "(None, 14, 14, 3)");
//! let thirds = MaxPooling2D::new().pool_size([3, 1]).padding(Padding::Same);
//! assert_eq!(thirds.output_shapes(&image)?[0].to_string(), "(None, 10, 28, 3)");
//! let means = GlobalAveragePooling2D::new().output_shapes(&image)?;
//! assert_eq!(means[0].to_string(), "(None, 3)");
//! # Ok::<(), hornfels::Error>(())
//! ```

mod lower;

use self::lower::{Moves, Pool};
use super::config::{DataFormat, Padding, Sizes, layer};
use super::registry::LayerRegistry;
use super::shape::{Size, channel_axis, of_rank, spatial, windows, with_spatial};
use super::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::error::Result;
use crate::graph::Edge;
use crate::tensor::Shape;

/// The shape after windows of `pool` moved by `strides`.
fn pooled<const N: usize>(
    inputs: &Inputs,
    pool: &Sizes<N>,
    strides: Option<&Sizes<N>>,
    padding: Padding,
    format: DataFormat,
) -> Result<Vec<Shape>> {
    let input = of_rank(inputs.first()?, N + 2)?;
    let strides = strides.unwrap_or(pool);
    let sizes = spatial(input, format, N);
    let each = sizes.into_iter().zip(pool.0).zip(strides.0);
    let places: Vec<Size> = each
        .map(|((size, window), stride)| windows(size, window, padding, stride, 1))
        .collect::<Result<_>>()?;
    Ok(vec![with_spatial(input, format, &places, None)])
}

/// The shape after one window over everything.
fn pooled_globally(
    inputs: &Inputs,
    rank: usize,
    keepdims: bool,
    format: DataFormat,
) -> Result<Vec<Shape>> {
    let input = of_rank(inputs.first()?, rank + 2)?;
    if keepdims {
        let ones = vec![Some(1); rank];
        return Ok(vec![with_spatial(input, format, &ones, None)]);
    }
    let ends = [0, channel_axis(input, format)];
    let kept = ends.iter().map(|at| input.0.get(*at).copied().flatten());
    Ok(vec![Shape(kept.collect())])
}

/// Declares a pooling class over windows.
macro_rules! windowed {
    ($(#[$doc:meta])* $class:ident, $rank:literal, $pool:ident) => {
        layer! {
            $(#[$doc])*
            $class() {
                /// The size of the window.
                pool_size ["pool_length"]: Sizes<$rank> as into = Sizes([2; $rank]),
                /// How far the window moves; its size by default.
                strides ["stride"]: Option<Sizes<$rank>> as some(Sizes<$rank>) = None,
                /// What the window does at the edges.
                padding ["border_mode"]: Padding = Padding::Valid,
                /// Where the channels are.
                data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
            }
        }

        impl Layer for $class {
            fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                Ok(Vec::new())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                pooled(
                    inputs,
                    &self.pool_size,
                    self.strides.as_ref(),
                    self.padding,
                    self.data_format,
                )
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let moves = Moves {
                    size: &self.pool_size,
                    strides: self.strides.as_ref(),
                    padding: self.padding,
                    format: self.data_format,
                };
                lower::windows(call, Pool::$pool, &moves)
            }
        }
    };
}

/// Declares a pooling class over everything.
macro_rules! global {
    ($(#[$doc:meta])* $class:ident, $rank:literal, $pool:ident) => {
        layer! {
            $(#[$doc])*
            $class() {
                /// Where the channels are.
                data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
                /// Whether the axes that were pooled stay, with size 1.
                keepdims: bool = false,
            }
        }

        impl Layer for $class {
            fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                Ok(Vec::new())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                pooled_globally(inputs, $rank, self.keepdims, self.data_format)
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                lower::globally(call, Pool::$pool, $rank, self.keepdims, self.data_format)
            }

            fn call_arguments(&self) -> &'static [CallArgument] {
                lower::call_arguments(Pool::$pool, $rank)
            }
        }
    };
}

/// Declares a pooling class whose windows follow from the size of its output.
macro_rules! adaptive {
    ($(#[$doc:meta])* $class:ident, $rank:literal) => {
        layer! {
            $(#[$doc])*
            $class(
                /// The spatial sizes of the output.
                output_size: Sizes<$rank> as into,
            ) {
                /// Where the channels are.
                data_format: DataFormat = DataFormat::ChannelsLast,
            }
        }

        impl Layer for $class {
            fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                Ok(Vec::new())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let input = of_rank(inputs.first()?, $rank + 2)?;
                let sizes = self.output_size.0.map(Some);
                Ok(vec![with_spatial(input, self.data_format, &sizes, None)])
            }
        }
    };
}

windowed!(
    /// The largest step of each window of a sequence.
    MaxPooling1D, 1, Largest
);
windowed!(
    /// The largest element of each window of an image.
    MaxPooling2D, 2, Largest
);
windowed!(
    /// The largest element of each window of a volume.
    MaxPooling3D, 3, Largest
);
windowed!(
    /// The mean step of each window of a sequence.
    AveragePooling1D, 1, Mean
);
windowed!(
    /// The mean element of each window of an image.
    AveragePooling2D, 2, Mean
);
windowed!(
    /// The mean element of each window of a volume.
    AveragePooling3D, 3, Mean
);
global!(
    /// The largest step of a sequence.
    GlobalMaxPooling1D, 1, Largest
);
global!(
    /// The largest element of an image.
    GlobalMaxPooling2D, 2, Largest
);
global!(
    /// The largest element of a volume.
    GlobalMaxPooling3D, 3, Largest
);
global!(
    /// The mean step of a sequence.
    GlobalAveragePooling1D, 1, Mean
);
global!(
    /// The mean element of an image.
    GlobalAveragePooling2D, 2, Mean
);
global!(
    /// The mean element of a volume.
    GlobalAveragePooling3D, 3, Mean
);
adaptive!(
    /// The largest steps of a sequence, as many as wanted. Not in Keras 2.
    AdaptiveMaxPooling1D, 1
);
adaptive!(
    /// The largest elements of an image, as many as wanted. Not in Keras 2.
    AdaptiveMaxPooling2D, 2
);
adaptive!(
    /// The largest elements of a volume, as many as wanted. Not in Keras 2.
    AdaptiveMaxPooling3D, 3
);
adaptive!(
    /// Mean steps of a sequence, as many as wanted. Not in Keras 2.
    AdaptiveAveragePooling1D, 1
);
adaptive!(
    /// Mean elements of an image, as many as wanted. Not in Keras 2.
    AdaptiveAveragePooling2D, 2
);
adaptive!(
    /// Mean elements of a volume, as many as wanted. Not in Keras 2.
    AdaptiveAveragePooling3D, 3
);

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<MaxPooling1D>();
    registry.typed::<MaxPooling2D>();
    registry.typed::<MaxPooling3D>();
    registry.typed::<AveragePooling1D>();
    registry.typed::<AveragePooling2D>();
    registry.typed::<AveragePooling3D>();
    registry.typed::<GlobalMaxPooling1D>();
    registry.typed::<GlobalMaxPooling2D>();
    registry.typed::<GlobalMaxPooling3D>();
    registry.typed::<GlobalAveragePooling1D>();
    registry.typed::<GlobalAveragePooling2D>();
    registry.typed::<GlobalAveragePooling3D>();
    registry.typed::<AdaptiveMaxPooling1D>();
    registry.typed::<AdaptiveMaxPooling2D>();
    registry.typed::<AdaptiveMaxPooling3D>();
    registry.typed::<AdaptiveAveragePooling1D>();
    registry.typed::<AdaptiveAveragePooling2D>();
    registry.typed::<AdaptiveAveragePooling3D>();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lower::testing::Lowering;

    #[test]
    fn channels_are_last_and_lines_have_two_axes() {
        #[track_caller]
        fn check(layer: &dyn Layer, input: &[u64], expected: &[&str]) {
            Lowering::of(layer, Inputs::one(Shape::known(input))).check(expected);
        }
        let first = DataFormat::ChannelsFirst;
        let line = ["ExpandDims", "MaxPool", "Squeeze"];
        check(&MaxPooling1D::new(), &[2, 5, 3], &line);
        check(&AveragePooling2D::new(), &[2, 5, 4, 3], &["AvgPool"]);
        check(
            &MaxPooling3D::new().data_format(first),
            &[2, 3, 5, 4, 5],
            &["Transpose", "MaxPool3D", "Transpose"],
        );
        let layer = GlobalMaxPooling2D::new().data_format(first);
        check(&layer, &[2, 3, 5, 4], &["Max"]);
        check(&GlobalAveragePooling3D::new(), &[2, 3, 4, 5, 6], &["Mean"]);
    }

    #[test]
    fn masks_are_what_the_mean_over_steps_takes() {
        let masked = |layer: &dyn Layer| {
            let input = Inputs::one(Shape::known(&[2, 5, 3]));
            Lowering::of(layer, input).masked().ops()
        };
        let mean = ["Cast", "ExpandDims", "Mul", "Sum", "Sum", "RealDiv"];
        assert_eq!(masked(&GlobalAveragePooling1D::new()), mean);
        assert_eq!(masked(&GlobalMaxPooling1D::new()), ["Max"]);
    }

    #[test]
    fn windows_must_fit_and_inputs_must_have_the_axes() {
        #[track_caller]
        fn check(layer: &dyn Layer, input: &[u64], expected: &str) {
            let error = layer.output_shapes(&Inputs::one(Shape::known(input)));
            assert_eq!(error.unwrap_err().message(), expected);
        }
        check(
            &MaxPooling2D::new().pool_size(5),
            &[1, 4, 9, 3],
            "a window of 5 on an axis of 4, expected one that fits",
        );
        check(
            &AveragePooling1D::new().pool_size(0),
            &[1, 4, 3],
            "a window, stride or dilation of 0, expected 1 or more",
        );
        check(
            &GlobalMaxPooling3D::new(),
            &[1, 4, 9, 3],
            "an input of shape (1, 4, 9, 3) with 4 axes, expected 5",
        );
        check(
            &AdaptiveMaxPooling1D::new(2),
            &[1, 4],
            "an input of shape (1, 4) with 2 axes, expected 3",
        );
    }
}
