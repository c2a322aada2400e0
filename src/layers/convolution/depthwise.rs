//! Convolutions that keep the channels apart.

use super::lower::{self, After};
use super::{Window, windowed};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{
    Activation, Constraint, DataFormat, Initializer, Padding, Regularizer, Sizes, layer,
};
use crate::layers::shape::{channel_axis, mismatch, scaled, with_spatial};
use crate::layers::{Call, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// The classes differ in the number of axes only.
macro_rules! depthwise {
    ($(#[$doc:meta])* $class:ident, $rank:literal) => {
        layer! {
            $(#[$doc])*
            ///
            /// Variables: `kernel`, which Keras 2 calls `depthwise_kernel` (window…, channels,
            /// multiplier), `bias` (channels × multiplier).
            $class(
                /// The sizes of the window.
                kernel_size: Sizes<$rank> as into,
            ) {
                /// How far the window moves.
                strides: Sizes<$rank> as into = Sizes([1; $rank]),
                /// What happens at the edges.
                padding: Padding = Padding::Valid,
                /// How many outputs each channel has.
                depth_multiplier: u64 = 1,
                /// Where the channels are; Keras's setting, channels last, if not given.
                data_format: Option<DataFormat> as some(DataFormat) = None,
                /// How far apart the points of the window are.
                dilation_rate: Sizes<$rank> as into = Sizes([1; $rank]),
                /// Applied to each output.
                activation: Activation as into = Activation::linear(),
                /// Whether a learned number is added to each output channel.
                use_bias: bool = true,
                /// How the kernel begins.
                depthwise_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the bias begins.
                bias_initializer: Initializer as into = Initializer::zeros(),
                /// A penalty on the kernel.
                depthwise_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the bias.
                bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// What the kernel is held to.
                depthwise_constraint: Option<Constraint> as some(Constraint) = None,
                /// What the bias is held to.
                bias_constraint: Option<Constraint> as some(Constraint) = None,
            }
        }

        windowed!($class);

        impl Layer for $class {
            fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let window = self.window();
                let channels = window.channels(inputs.first()?)?;
                let outputs = scaled(Some(channels), self.depth_multiplier)
                    .ok_or_else(|| mismatch("more channels than can be counted"))?;
                let mut own = self.base.variables();
                let kernel = window.kernel(channels, self.depth_multiplier);
                own.add("kernel", kernel, &self.depthwise_initializer);
                if self.use_bias {
                    own.add("bias", [outputs], &self.bias_initializer);
                }
                Ok(own.finish())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let window = self.window();
                let input = inputs.first()?;
                let places = window.places(input)?;
                let at = channel_axis(input, window.format);
                let channels = input.0.get(at).copied().flatten();
                let channels = scaled(channels, self.depth_multiplier);
                let output = with_spatial(input, window.format, &places, Some(channels));
                Ok(vec![output])
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let output = self.output_shapes(call.inputs())?;
                let after = After::of(self.use_bias, &self.activation);
                lower::depthwise(call, &self.window(), output, &after, ("kernel", None))
            }
        }
    };
}

depthwise!(
    /// A convolution of one axis in which each channel has kernels of its own.
    DepthwiseConv1D,
    1
);

depthwise!(
    /// A convolution of two axes in which each channel has kernels of its own.
    ///
    /// ```
    /// use hornfels::layers::{DepthwiseConv2D, Inputs, Layer};
    /// let conv = DepthwiseConv2D::new(3).depth_multiplier(2);
    /// let output = conv.output_shapes(&Inputs::one([None, Some(8), Some(8), Some(4)]))?;
    /// assert_eq!(output[0].to_string(), "(None, 6, 6, 8)");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    DepthwiseConv2D,
    2
);
