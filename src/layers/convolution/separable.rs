//! Convolutions in two steps: over space channel by channel, then over channels.

use super::lower::{self, After};
use super::{Window, windowed};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{
    Activation, Constraint, DataFormat, Initializer, Padding, Regularizer, Sizes, layer,
};
use crate::layers::shape::{mismatch, scaled};
use crate::layers::{Call, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// The classes differ in the number of axes only.
macro_rules! separable {
    ($(#[$doc:meta])* $class:ident, $rank:literal) => {
        layer! {
            $(#[$doc])*
            ///
            /// Variables: `depthwise_kernel` (window…, channels, multiplier), `pointwise_kernel`
            /// (1…, channels × multiplier, filters), `bias` (filters).
            $class(
                /// The channels of the output.
                filters: u64,
                /// The sizes of the window.
                kernel_size: Sizes<$rank> as into,
            ) {
                /// How far the window moves.
                strides: Sizes<$rank> as into = Sizes([1; $rank]),
                /// What happens at the edges.
                padding: Padding = Padding::Valid,
                /// Where the channels are; Keras's setting, channels last, if not given.
                data_format: Option<DataFormat> as some(DataFormat) = None,
                /// How far apart the points of the window are.
                dilation_rate: Sizes<$rank> as into = Sizes([1; $rank]),
                /// How many outputs each channel has after the first step.
                depth_multiplier: u64 = 1,
                /// Applied to each output.
                activation: Activation as into = Activation::linear(),
                /// Whether a learned number is added to each filter's output.
                use_bias: bool = true,
                /// How the kernel of the first step begins.
                depthwise_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the kernel of the second step begins.
                pointwise_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the bias begins.
                bias_initializer: Initializer as into = Initializer::zeros(),
                /// A penalty on the kernel of the first step.
                depthwise_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the kernel of the second step.
                pointwise_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the bias.
                bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// What the kernel of the first step is held to.
                depthwise_constraint: Option<Constraint> as some(Constraint) = None,
                /// What the kernel of the second step is held to.
                pointwise_constraint: Option<Constraint> as some(Constraint) = None,
                /// What the bias is held to.
                bias_constraint: Option<Constraint> as some(Constraint) = None,
            }
        }

        windowed!($class);

        impl Layer for $class {
            fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let window = self.window();
                let channels = window.channels(inputs.first()?)?;
                let between = scaled(Some(channels), self.depth_multiplier)
                    .ok_or_else(|| mismatch("more channels than can be counted"))?;
                let depthwise = window.kernel(channels, self.depth_multiplier);
                let mut pointwise = vec![1; $rank];
                pointwise.extend([between, self.filters]);
                let mut own = self.base.variables();
                own.add("depthwise_kernel", depthwise, &self.depthwise_initializer);
                own.add("pointwise_kernel", pointwise, &self.pointwise_initializer);
                if self.use_bias {
                    own.add("bias", [self.filters], &self.bias_initializer);
                }
                Ok(own.finish())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                self.window().output(inputs.first()?, self.filters)
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let output = self.output_shapes(call.inputs())?;
                let after = After::of(self.use_bias, &self.activation);
                let variables = ("depthwise_kernel", Some("pointwise_kernel"));
                lower::depthwise(call, &self.window(), output, &after, variables)
            }
        }
    };
}

separable!(
    /// A separable convolution of one axis: `(batch, steps, channels)`.
    SeparableConv1D,
    1
);

separable!(
    /// A separable convolution of two axes: `(batch, rows, columns, channels)`.
    ///
    /// ```
    /// use hornfels::layers::{Inputs, Layer, SeparableConv2D};
    /// let conv = SeparableConv2D::new(8, 3);
    /// let variables = conv.variables(&Inputs::one([None, Some(9), Some(9), Some(4)]))?;
    /// assert_eq!(variables[1].shape, [1, 1, 4, 8]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    SeparableConv2D,
    2
);
