//! Convolutions that go from what a convolution gives to what it took.

use super::Window;
use super::lower::{self, After};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{
    Activation, Constraint, DataFormat, Initializer, Padding, Regularizer, Sizes, layer,
};
use crate::layers::shape::{Size, spatial, with_spatial};
use crate::layers::{Call, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// The classes differ in the number of axes only.
macro_rules! transposed {
    ($(#[$doc:meta])* $class:ident, $rank:literal) => {
        layer! {
            $(#[$doc])*
            ///
            /// Variables: `kernel` (window…, filters, channels), `bias` (filters).
            $class(
                /// The channels of the output.
                filters: u64,
                /// The sizes of the window.
                kernel_size: Sizes<$rank> as into,
            ) {
                /// By how much the output is larger than the input.
                strides: Sizes<$rank> as into = Sizes([1; $rank]),
                /// What happens at the edges.
                padding: Padding = Padding::Valid,
                /// Where the channels are; Keras's setting, channels last, if not given.
                data_format: Option<DataFormat> as some(DataFormat) = None,
                /// How far apart the points of the window are.
                dilation_rate: Sizes<$rank> as into = Sizes([1; $rank]),
                /// Applied to each output.
                activation: Activation as into = Activation::linear(),
                /// Whether a learned number is added to each filter's output.
                use_bias: bool = true,
                /// How the kernel begins.
                kernel_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the bias begins.
                bias_initializer: Initializer as into = Initializer::zeros(),
                /// A penalty on the kernel.
                kernel_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the bias.
                bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// What the kernel is held to.
                kernel_constraint: Option<Constraint> as some(Constraint) = None,
                /// What the bias is held to.
                bias_constraint: Option<Constraint> as some(Constraint) = None,
                /// Which of the sizes that a stride allows is taken.
                output_padding: Option<Sizes<$rank>> as some(Sizes<$rank>) = None,
            }
        }

        impl $class {
            fn window(&self) -> Window<'_> {
                // Keras 2 forgets the dilation of three axes.
                let dilation = match $rank == 3 && self.base.is_before_keras3() {
                    true => &[1; $rank],
                    false => &self.dilation_rate.0,
                };
                Window {
                    size: &self.kernel_size.0,
                    strides: &self.strides.0,
                    dilation,
                    padding: self.padding,
                    format: self.data_format.unwrap_or(DataFormat::ChannelsLast),
                }
            }
        }

        impl Layer for $class {
            fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let window = self.window();
                let channels = window.channels(inputs.first()?)?;
                let mut own = self.base.variables();
                let kernel = window.kernel(self.filters, channels);
                own.add("kernel", kernel, &self.kernel_initializer);
                if self.use_bias {
                    own.add("bias", [self.filters], &self.bias_initializer);
                }
                Ok(own.finish())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let window = self.window();
                let input = window.checked(inputs.first()?)?;
                let extra = self.output_padding.map(|sizes| sizes.0);
                let sizes = spatial(input, window.format, $rank).into_iter().enumerate();
                let sizes: Vec<Size> = sizes
                    .map(|(axis, size)| {
                        let extra = extra.as_ref().and_then(|extra| extra.get(axis));
                        window.unfolded(axis, size, extra.copied())
                    })
                    .collect();
                let filters = Some(Some(self.filters));
                Ok(vec![with_spatial(input, window.format, &sizes, filters)])
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let output = self.output_shapes(call.inputs())?;
                let extra = self.output_padding.as_ref().map(|sizes| sizes.0.as_slice());
                let after = After::of(self.use_bias, &self.activation);
                lower::transposed(call, &self.window(), extra, output, &after)
            }
        }
    };
}

impl Window<'_> {
    /// The size of an axis from which this window would have made `size` places.
    fn unfolded(&self, axis: usize, size: Size, extra: Option<u64>) -> Size {
        let (stride, offset) = self.unfolding(axis, extra);
        size?.checked_mul(stride)?.checked_add_signed(offset)
    }

    /// That size as a multiple of the number of places, and what is added to it.
    pub(super) fn unfolding(&self, axis: usize, extra: Option<u64>) -> (u64, i64) {
        let of = |sizes: &[u64]| sizes.get(axis).copied().unwrap_or(1);
        let (window, stride) = (of(self.size), of(self.strides));
        let reach = window
            .saturating_sub(1)
            .saturating_mul(of(self.dilation))
            .saturating_add(1);
        let signed = |size| i64::try_from(size).unwrap_or(i64::MAX);
        let offset = match (extra, self.padding) {
            (None, Padding::Valid) => signed(reach.saturating_sub(stride)),
            (None, _) => 0,
            (Some(extra), padding) => {
                let kept = match padding {
                    Padding::Valid => reach,
                    _ => reach % 2,
                };
                signed(kept.saturating_add(extra)).saturating_sub(signed(stride))
            }
        };
        (stride, offset)
    }
}

transposed!(
    /// A transposed convolution of one axis: `(batch, steps, channels)`.
    Conv1DTranspose,
    1
);

transposed!(
    /// A transposed convolution of two axes: `(batch, rows, columns, channels)`.
    ///
    /// ```
    /// use hornfels::layers::{Conv2DTranspose, Inputs, Layer, Padding};
    /// let conv = Conv2DTranspose::new(8, 3).strides(2).padding(Padding::Same);
    /// let output = conv.output_shapes(&Inputs::one([None, Some(7), Some(7), Some(4)]))?;
    /// assert_eq!(output[0].to_string(), "(None, 14, 14, 8)");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Conv2DTranspose,
    2
);

transposed!(
    /// A transposed convolution of three axes: `(batch, depth, rows, columns, channels)`.
    Conv3DTranspose,
    3
);
