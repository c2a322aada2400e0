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

use super::config::{ConfigValue, DataFormat, layer, same_shape};
use super::lower::{
    Seed, dropout, pass, pass_masks, random_normal, random_uniform, shape_like, single,
};
use super::registry::LayerRegistry;
use super::shape::{channel_axis, of_rank};
use super::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::error::Result;
use crate::graph::Edge;
use crate::proto::tensorflow::DataType;
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
    Dropout {
        lower: drop_elements,
        masks: pass_masks,
        takes: [Training]
    },
    AlphaDropout {
        lower: alpha_dropout,
        masks: pass_masks,
        takes: [Training]
    },
    GaussianDropout {
        lower: gaussian_dropout,
        masks: pass_masks,
        takes: [Training]
    },
    GaussianNoise {
        lower: gaussian_noise,
        masks: pass_masks,
        takes: [Training]
    },
    ActivityRegularization {
        lower: pass,
        masks: pass_masks
    },
);

/// Layers without variables that keep the shape of an input of so many axes, and drop channels.
macro_rules! dropping_channels {
    ($($class:ident: $rank:literal, |$layer:ident| $format:expr;)*) => {
        $(
            impl Layer for $class {
                fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                    Ok(Vec::new())
                }

                fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                    Ok(vec![of_rank(inputs.first()?, $rank)?.clone()])
                }

                fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                    let $layer = self;
                    drop_channels(call, self.rate, $format, &self.seed)
                }

                fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
                    pass_masks(self, call)
                }

                fn call_arguments(&self) -> &'static [CallArgument] {
                    &[CallArgument::Training]
                }
            }
        )*
    };
}

dropping_channels!(
    SpatialDropout1D: 3, |_layer| DataFormat::ChannelsLast;
    SpatialDropout2D: 4, |layer| layer.data_format;
    SpatialDropout3D: 5, |layer| layer.data_format;
);

/// The shape in which is drawn: that of the input, where an argument does not say otherwise.
fn shape_of_noise(call: &mut Call<'_>, given: Option<&Shape>) -> Result<Edge> {
    let x = call.tensor()?;
    match given {
        Some(shape) => shape_like(call.function, shape, x),
        None => call.function.shape(x),
    }
}

fn drop_elements(layer: &Dropout, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    if !call.training() || layer.rate == 0.0 {
        return pass(layer, call);
    }
    let shape = shape_of_noise(call, layer.noise_shape.as_ref())?;
    let (x, seed) = (call.tensor()?, Seed::of(&layer.seed));
    Ok(vec![dropout(call.function, x, layer.rate, &shape, seed)?])
}

fn drop_channels(
    call: &mut Call<'_>,
    rate: f64,
    format: DataFormat,
    seed: &Value,
) -> Result<Vec<Edge>> {
    if !call.training() || rate == 0.0 {
        return Ok(call.tensors().to_vec());
    }
    let shape = call.shape()?;
    let channels = channel_axis(shape, format);
    let sizes = shape.0.iter().enumerate().map(|(at, size)| match at {
        0 => *size,
        _ if at == channels => *size,
        _ => Some(1),
    });
    let x = call.tensor()?;
    let noise_shape = shape_like(call.function, &Shape(sizes.collect()), x)?;
    Ok(vec![dropout(
        call.function,
        x,
        rate,
        &noise_shape,
        Seed::of(seed),
    )?])
}

/// The factor and the limit of the activation `selu`.
const SELU: (f64, f64) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);

/// Elements that are dropped become what `selu` tends to; all are then scaled and moved so that
/// mean and variance stay.
fn alpha_dropout(layer: &AlphaDropout, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let rate = layer.rate;
    if !call.training() || rate <= 0.0 || rate >= 1.0 {
        return pass(layer, call);
    }
    // Not a field: Keras 2 takes it, but does not write it.
    let given = layer.base.rest("noise_shape").and_then(Shape::read);
    let shape = shape_of_noise(call, given.as_ref())?;
    let (x, f) = (call.tensor()?, &mut *call.function);
    let dropped = -SELU.0 * SELU.1;
    let scale = ((1.0 - rate) * (1.0 + rate * dropped * dropped)).powf(-0.5);
    let moved = -scale * dropped * rate;
    let drawn = random_uniform(f, &shape, DataType::DT_FLOAT, Seed::of(&layer.seed))?;
    let rate = f.constant(single(rate));
    let is_kept = f.greater_equal(&drawn, &rate)?;
    let is_kept = f.cast(&is_kept, x.dtype())?;
    let kept = f.mul(x, &is_kept)?;
    let one = f.number_like(x, 1.0)?;
    let is_dropped = f.sub(&one, &is_kept)?;
    let dropped = f.number_like(x, dropped)?;
    let dropped = f.mul(&dropped, &is_dropped)?;
    let y = f.add(&kept, &dropped)?;
    let scale = f.number_like(x, scale)?;
    let y = f.mul(&scale, &y)?;
    let moved = f.number_like(x, moved)?;
    Ok(vec![f.add(&y, &moved)?])
}

fn gaussian_dropout(layer: &GaussianDropout, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let rate = layer.rate;
    if !call.training() || rate <= 0.0 || rate >= 1.0 {
        return pass(layer, call);
    }
    let noise = noise(call, (rate / (1.0 - rate)).sqrt(), &layer.seed)?;
    let (x, f) = (call.tensor()?, &mut *call.function);
    let one = f.number_like(x, 1.0)?;
    let factor = f.add(&noise, &one)?;
    Ok(vec![f.mul(x, &factor)?])
}

fn gaussian_noise(layer: &GaussianNoise, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    if !call.training() {
        return pass(layer, call);
    }
    let noise = noise(call, layer.stddev, &layer.seed)?;
    Ok(vec![call.function.add(call.tensor()?, &noise)?])
}

/// A random number for each element of the input, with mean 0.
fn noise(call: &mut Call<'_>, deviation: f64, seed: &Value) -> Result<Edge> {
    let (x, f) = (call.tensor()?, &mut *call.function);
    let shape = f.shape(x)?;
    let drawn = random_normal(f, &shape, x.dtype(), Seed::of(seed))?;
    let deviation = f.number_like(x, deviation)?;
    f.mul(&drawn, &deviation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lower::testing::Lowering;

    #[track_caller]
    fn draws(layer: impl Layer, expected: &[&str]) {
        let input = Inputs::one([None, Some(4), Some(3)]);
        Lowering::of(&layer, input.clone()).check(&[]);
        Lowering::of(&layer, input).training().check(expected);
    }

    #[test]
    fn nothing_is_drawn_but_in_training() {
        draws(Dropout::new(0.0), &[]);
        draws(
            Dropout::new(0.5),
            &["Shape", "Mul", "RandomUniform", "GreaterEqual", "SelectV2"],
        );
        let noise_shape = Shape::from([None, Some(1), Some(3)]);
        draws(
            Dropout::new(0.5).noise_shape(noise_shape),
            &[
                "Shape",
                "StridedSlice",
                "Pack",
                "Mul",
                "RandomUniform",
                "GreaterEqual",
                "SelectV2",
            ],
        );
        draws(Dropout::new(1.0), &["Shape", "ZerosLike"]);
        draws(
            SpatialDropout1D::new(0.5),
            &[
                "Shape",
                "StridedSlice",
                "Pack",
                "Mul",
                "RandomUniform",
                "GreaterEqual",
                "SelectV2",
            ],
        );
        draws(
            AlphaDropout::new(0.5),
            &[
                "Shape",
                "RandomUniform",
                "GreaterEqual",
                "Cast",
                "Mul",
                "Sub",
                "Mul",
                "AddV2",
                "Mul",
                "AddV2",
            ],
        );
        draws(AlphaDropout::new(1.0), &[]);
        draws(
            GaussianDropout::new(0.5),
            &["Shape", "RandomStandardNormal", "Mul", "AddV2", "Mul"],
        );
        draws(
            GaussianNoise::new(0.5),
            &["Shape", "RandomStandardNormal", "Mul", "AddV2"],
        );
        draws(ActivityRegularization::new(), &[]);
    }

    #[test]
    fn channels_are_dropped_of_inputs_that_have_them() {
        let error = SpatialDropout1D::new(0.5).output_shapes(&Inputs::one([2, 3]));
        assert_eq!(
            error.unwrap_err().message(),
            "an input of shape (2, 3) with 2 axes, expected 3"
        );
    }
}
