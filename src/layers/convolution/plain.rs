//! Convolutions of one to three axes.

use super::lower::{self, After};
use super::{Window, windowed, with_batches};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{
    Activation, Constraint, DataFormat, Initializer, Padding, Regularizer, Sizes, layer,
};
use crate::layers::shape::mismatch;
use crate::layers::{Call, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// The classes differ in the number of axes only.
macro_rules! convolution {
    ($(#[$doc:meta])* $class:ident, $rank:literal) => {
        layer! {
            $(#[$doc])*
            ///
            /// Variables: `kernel` (window…, channels / groups, filters), `bias` (filters). There may
            /// be more axes for the batch.
            $class(
                /// How many kernels there are: the channels of the output.
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
                /// Into how many groups the channels are split.
                groups: u64 = 1,
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
            }
        }

        windowed!($class);

        impl Layer for $class {
            fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let window = self.window();
                let (_, input) = window.batches(inputs.first()?)?;
                let channels = window.channels(&input)?;
                let in_group = in_group(channels, self.groups)?;
                in_group_of_filters(self.filters, self.groups)?;
                let kernel = window.kernel(in_group, self.filters);
                let mut own = self.base.variables();
                own.add("kernel", kernel, &self.kernel_initializer);
                if self.use_bias {
                    own.add("bias", [self.filters], &self.bias_initializer);
                }
                Ok(own.finish())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let window = self.window();
                let (batches, input) = window.batches(inputs.first()?)?;
                let outputs = window.output(&input, self.filters)?.into_iter();
                Ok(outputs.map(|output| with_batches(&batches, output)).collect())
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                in_group_of_filters(self.filters, self.groups)?;
                let after = After::of(self.use_bias, &self.activation);
                lower::plain(call, &self.window(), self.filters, self.groups, &after)
            }
        }
    };
}

pub(super) fn in_group(channels: u64, groups: u64) -> Result<u64> {
    match channels.checked_rem(groups) {
        Some(0) => Ok(channels / groups),
        _ => Err(mismatch(format!(
            "{channels} channels in {groups} groups, expected the same number in each"
        ))),
    }
}

fn in_group_of_filters(filters: u64, groups: u64) -> Result<()> {
    match filters.checked_rem(groups) {
        Some(0) => Ok(()),
        _ => Err(mismatch(format!(
            "{filters} filters in {groups} groups, expected the same number in each"
        ))),
    }
}

convolution!(
    /// A convolution of one axis, such as time: `(batch, steps, channels)`.
    ///
    /// ```
    /// use hornfels::layers::{Conv1D, Inputs, Layer, Padding};
    /// let conv = Conv1D::new(8, 3).padding(Padding::Causal).activation("relu");
    /// let output = conv.output_shapes(&Inputs::one([None, Some(10), Some(4)]))?;
    /// assert_eq!(output[0].to_string(), "(None, 10, 8)");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Conv1D,
    1
);

convolution!(
    /// A convolution of two axes, such as those of an image: `(batch, rows, columns, channels)`.
    ///
    /// ```
    /// use hornfels::layers::{Conv2D, Inputs, Layer};
    /// let conv = Conv2D::new(8, [3, 5]).strides(2);
    /// let variables = conv.variables(&Inputs::one([None, Some(28), Some(28), Some(1)]))?;
    /// assert_eq!(variables[0].shape, [3, 5, 1, 8]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Conv2D,
    2
);

convolution!(
    /// A convolution of three axes: `(batch, depth, rows, columns, channels)`.
    Conv3D,
    3
);
