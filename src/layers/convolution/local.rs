//! Convolutions with a kernel of its own at every place. Keras 3 has them no more.

mod lower;

use std::ops::Range;

use super::Window;
use super::lower::one;
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{
    Activation, Constraint, DataFormat, Initializer, Padding, Regularizer, Sizes, layer,
};
use crate::layers::lower::apply;
use crate::layers::shape::{Size, mismatch, product, spatial};
use crate::layers::{Call, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

/// The classes differ in the number of axes only.
macro_rules! local {
    ($(#[$doc:meta])* $class:ident, $rank:literal) => {
        layer! {
            $(#[$doc])*
            ///
            /// Variables: `kernel`, whose shape depends on `implementation`, and `bias` (places…,
            /// filters).
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
                /// Applied to each output.
                activation: Activation as into = Activation::linear(),
                /// Whether a learned number is added to each output.
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
                /// How the kernel is kept: 1 by places, 2 as one matrix, 3 as a sparse one.
                implementation: u64 = 1,
            }
        }

        impl $class {
            fn window(&self) -> Window<'_> {
                Window {
                    size: &self.kernel_size.0,
                    strides: &self.strides.0,
                    dilation: &[1; $rank],
                    padding: self.padding,
                    format: self.data_format.unwrap_or(DataFormat::ChannelsLast),
                }
            }
        }

        impl Layer for $class {
            fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                let window = self.window();
                let sizes = Local::new(&window, inputs.first()?, self.filters)?;
                let mut own = self.base.variables();
                let kernel = sizes.kernel(self.implementation)?;
                own.add("kernel", kernel, &self.kernel_initializer);
                if self.use_bias {
                    own.add("bias", sizes.bias(), &self.bias_initializer);
                }
                Ok(own.finish())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                self.window().output(inputs.first()?, self.filters)
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                let window = self.window();
                let sizes = Local::new(&window, call.shape()?, self.filters)?;
                let bias = match self.use_bias {
                    true => Some(call.read("bias")?),
                    false => None,
                };
                let y = sizes.lower(call, self.implementation, bias.as_ref())?;
                let output = one(self.output_shapes(call.inputs())?)?;
                Ok(vec![apply(call, &self.activation, &y, &output)?])
            }
        }
    };
}

/// The sizes that decide how large the variables are.
struct Local<'w> {
    window: &'w Window<'w>,
    input: Vec<u64>,
    places: Vec<u64>,
    channels: u64,
    filters: u64,
}

impl<'w> Local<'w> {
    fn new(window: &'w Window<'w>, input: &Shape, filters: u64) -> Result<Self> {
        let known = |sizes: Vec<Size>| -> Result<Vec<u64>> {
            let sizes: Option<Vec<u64>> = sizes.into_iter().collect();
            sizes.ok_or_else(|| {
                mismatch(format!(
                    "an input of shape {input}, expected all sizes but the batch to be known"
                ))
            })
        };
        Ok(Local {
            window,
            input: known(spatial(input, window.format, window.size.len()))?,
            places: known(window.places(input)?)?,
            channels: window.channels(input)?,
            filters,
        })
    }

    fn kernel(&self, implementation: u64) -> Result<Vec<u64>> {
        match implementation {
            1 => {
                let window = self.count(self.window.size.iter().copied().chain([self.channels]))?;
                let places = self.count(self.places.iter().copied())?;
                Ok(vec![places, window, self.filters])
            }
            2 => {
                let (input, output) = (&self.input, &self.places);
                let sides = [(input, self.channels), (output, self.filters)];
                let sides = sides.map(|(spatial, channels)| self.with_channels(spatial, channels));
                Ok(sides.concat())
            }
            3 => {
                let connected = self.connected()?;
                Ok(vec![self.count([
                    connected,
                    self.channels,
                    self.filters,
                ])?])
            }
            other => Err(mismatch(format!(
                "`implementation` {other}, expected 1, 2 or 3"
            ))),
        }
    }

    /// Channels come last, wherever they are in the output.
    fn bias(&self) -> Vec<u64> {
        [self.places.as_slice(), &[self.filters]].concat()
    }

    fn with_channels(&self, spatial: &[u64], channels: u64) -> Vec<u64> {
        match self.window.format {
            DataFormat::ChannelsLast => [spatial, &[channels]].concat(),
            DataFormat::ChannelsFirst => [&[channels], spatial].concat(),
        }
    }

    fn count(&self, sizes: impl IntoIterator<Item = u64>) -> Result<u64> {
        let sizes: Vec<Size> = sizes.into_iter().map(Some).collect();
        Ok(product(&sizes)?.unwrap_or_default())
    }

    /// How many pairs of an input and an output place a kernel connects.
    fn connected(&self) -> Result<u64> {
        let counts = self.axes().map(|axis| {
            let inside = |place| {
                let range = axis.connected(place);
                range.end.saturating_sub(range.start)
            };
            edges(axis.places, axis.window, inside)
        });
        self.count(counts.collect::<Vec<u64>>())
    }

    fn axes(&self) -> impl Iterator<Item = Axis> {
        let is_same = self.window.padding == Padding::Same;
        let sizes = self.input.iter().zip(&self.places);
        let moves = self.window.size.iter().zip(self.window.strides);
        sizes
            .zip(moves)
            .map(move |((input, places), (window, stride))| Axis {
                input: *input,
                places: *places,
                window: *window,
                stride: *stride,
                // Keras centres the window on each place, whatever the stride.
                before: if is_same { *window / 2 } else { 0 },
            })
    }
}

/// How a window moves along one axis.
#[derive(Clone, Copy)]
struct Axis {
    input: u64,
    places: u64,
    window: u64,
    stride: u64,
    /// How far the first window hangs over the edge.
    before: u64,
}

impl Axis {
    /// The part of the input that a place is connected to.
    fn connected(&self, place: u64) -> Range<u64> {
        let start = place.saturating_mul(self.stride);
        let end = start
            .saturating_add(self.window)
            .saturating_sub(self.before);
        start.saturating_sub(self.before)..end.min(self.input)
    }
}

/// The sum over all places; between the edges all are alike, so that a huge axis costs nothing.
fn edges(places: u64, window: u64, inside: impl Fn(u64) -> u64) -> u64 {
    const MOST: u64 = 1 << 16;
    let edge = window.min(MOST);
    if places <= edge.saturating_mul(2) {
        return (0..places).map(inside).fold(0, u64::saturating_add);
    }
    let front: u64 = (0..edge).map(&inside).fold(0, u64::saturating_add);
    let back = (places.saturating_sub(edge)..places).map(&inside);
    let middle = places.saturating_sub(edge.saturating_mul(2));
    let middle = middle.saturating_mul(inside(edge));
    back.fold(front.saturating_add(middle), u64::saturating_add)
}

local!(
    /// A convolution of one axis with a kernel of its own at every step.
    LocallyConnected1D,
    1
);

local!(
    /// A convolution of two axes with a kernel of its own at every place.
    LocallyConnected2D,
    2
);
