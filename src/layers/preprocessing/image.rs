//! Images in another size, part of them, or changed at random in training.

use serde_json::Value;

use super::{random, resize, scale};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{DataFormat, layer, same_shape};
use crate::layers::registry::LayerRegistry;
use crate::layers::shape::{Size, mismatch};
use crate::layers::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Rescaling>();
    registry.typed::<Resizing>();
    registry.typed::<CenterCrop>();
    registry.typed::<RandomCrop>();
    registry.typed::<RandomFlip>();
    registry.typed::<RandomRotation>();
    registry.typed::<RandomTranslation>();
    registry.typed::<RandomZoom>();
    registry.typed::<RandomContrast>();
    registry.typed::<RandomBrightness>();
    registry.typed::<RandomHeight>();
    registry.typed::<RandomWidth>();
}

/// The axes of height and width, counted from the back.
fn from_back(format: DataFormat) -> [usize; 2] {
    match format {
        DataFormat::ChannelsLast => [3, 2],
        DataFormat::ChannelsFirst => [2, 1],
    }
}

/// One image, or a batch of them, of another height or width.
fn sized(
    inputs: &Inputs,
    format: DataFormat,
    [height, width]: [Option<Size>; 2],
) -> Result<Vec<Shape>> {
    let input = inputs.first()?;
    if !matches!(input.rank(), 3 | 4) {
        return Err(mismatch(format!(
            "an input of shape {input}, expected an image of 3 axes or a batch of images"
        )));
    }
    let mut sizes = input.0.clone();
    for (from_back, size) in from_back(format).into_iter().zip([height, width]) {
        let at = sizes.len().saturating_sub(from_back);
        if let (Some(place), Some(size)) = (sizes.get_mut(at), size) {
            *place = size;
        }
    }
    Ok(vec![Shape(sizes)])
}

/// A layer without variables that changes height and width.
macro_rules! resizing {
    ($class:ident, $lower:path, $takes:expr, |$layer:ident| $format:expr, $sizes:expr) => {
        impl Layer for $class {
            fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                Ok(Vec::new())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let $layer = self;
                sized(inputs, $format, $sizes)
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                $lower(self, call)
            }

            fn call_arguments(&self) -> &'static [CallArgument] {
                &$takes
            }
        }
    };
}

layer! {
    /// Multiplies by a number and adds one.
    Rescaling(
        /// The factor, or one for each channel.
        scale: Value as into,
    ) {
        /// What is added, or what to each channel.
        offset: Value as into = Value::from(0.0),
    }
}

layer! {
    /// Images of a given height and width.
    Resizing(
        /// The height.
        height: u64,
        /// The width.
        width: u64,
    ) {
        /// How new elements come from old ones: `bilinear`, `nearest`, `bicubic`, `area`.
        interpolation: String as into = "bilinear".to_owned(),
        /// Whether it cuts rather than distorts.
        crop_to_aspect_ratio: bool = false,
        /// Where the channels are.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

layer! {
    /// The middle of images; smaller ones are resized.
    CenterCrop(
        /// The height.
        height: u64,
        /// The width.
        width: u64,
    ) {
        /// Where the channels are.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

layer! {
    /// A part of images, at random in training; else as [`CenterCrop`].
    RandomCrop(
        /// The height.
        height: u64,
        /// The width.
        width: u64,
    ) {
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
        /// Where the channels are.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

resizing!(
    Resizing,
    resize::resized,
    [],
    |layer| layer.data_format,
    [Some(Some(layer.height)), Some(Some(layer.width))]
);
resizing!(
    CenterCrop,
    resize::center_crop,
    [],
    |layer| layer.data_format,
    [Some(Some(layer.height)), Some(Some(layer.width))]
);
resizing!(
    RandomCrop,
    random::cropped,
    [CallArgument::Training],
    |layer| layer.data_format,
    [Some(Some(layer.height)), Some(Some(layer.width))]
);

layer! {
    /// Turns images over at random in training.
    RandomFlip() {
        /// `horizontal`, `vertical` or `horizontal_and_vertical`.
        mode: String as into = "horizontal_and_vertical".to_owned(),
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// Turns images by a random angle in training.
    RandomRotation(
        /// The largest share of a full turn, or the least and the largest.
        factor: Value as into,
    ) {
        /// What is outside of the image: `reflect`, `constant`, `wrap`, `nearest`.
        fill_mode: String as into = "reflect".to_owned(),
        /// How new elements come from old ones.
        interpolation: String as into = "bilinear".to_owned(),
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
        /// What is outside if the mode is `constant`.
        fill_value: f64 = 0.0,
    }
}

layer! {
    /// Moves images at random in training.
    RandomTranslation(
        /// The largest share of the height, or the least and the largest.
        height_factor: Value as into,
        /// The largest share of the width, or the least and the largest.
        width_factor: Value as into,
    ) {
        /// What is outside of the image: `reflect`, `constant`, `wrap`, `nearest`.
        fill_mode: String as into = "reflect".to_owned(),
        /// How new elements come from old ones.
        interpolation: String as into = "bilinear".to_owned(),
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
        /// What is outside if the mode is `constant`.
        fill_value: f64 = 0.0,
    }
}

layer! {
    /// Zooms into or out of images at random in training.
    RandomZoom(
        /// The largest share by which the height grows or shrinks, or the least and the largest.
        height_factor: Value as into,
    ) {
        /// Of the width, likewise; null keeps proportions.
        width_factor: Value as into = Value::Null,
        /// What is outside of the image: `reflect`, `constant`, `wrap`, `nearest`.
        fill_mode: String as into = "reflect".to_owned(),
        /// How new elements come from old ones.
        interpolation: String as into = "bilinear".to_owned(),
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
        /// What is outside if the mode is `constant`.
        fill_value: f64 = 0.0,
    }
}

layer! {
    /// Changes the contrast of images at random in training.
    RandomContrast(
        /// The largest share, or the least and the largest.
        factor: Value as into,
    ) {
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// Changes the brightness of images at random in training.
    RandomBrightness(
        /// The largest share, or the least and the largest.
        factor: Value as into,
    ) {
        /// The numbers that stand for black and white.
        value_range: Value as into = Value::from(vec![0, 255]),
        /// A number, or the generator it began, for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// Stretches images to a random height in training. Not in Keras 3.
    RandomHeight(
        /// The largest share, or the least and the largest.
        factor: Value as into,
    ) {
        /// How new elements come from old ones.
        interpolation: String as into = "bilinear".to_owned(),
        /// A number for the same draws again.
        seed: Value as into = Value::Null,
    }
}

layer! {
    /// Stretches images to a random width in training. Not in Keras 3.
    RandomWidth(
        /// The largest share, or the least and the largest.
        factor: Value as into,
    ) {
        /// How new elements come from old ones.
        interpolation: String as into = "bilinear".to_owned(),
        /// A number for the same draws again.
        seed: Value as into = Value::Null,
    }
}

resizing!(
    RandomHeight,
    random::still,
    [CallArgument::Training],
    |_layer| DataFormat::ChannelsLast,
    [Some(None), None]
);
resizing!(
    RandomWidth,
    random::still,
    [CallArgument::Training],
    |_layer| DataFormat::ChannelsLast,
    [None, Some(None)]
);
same_shape!(
    Rescaling {
        lower: scale::rescale
    },
    RandomFlip {
        lower: random::still_numbers,
        takes: [Training]
    },
    RandomRotation {
        lower: random::still_numbers,
        takes: [Training]
    },
    RandomTranslation {
        lower: random::still_numbers,
        takes: [Training]
    },
    RandomZoom {
        lower: random::still_numbers,
        takes: [Training]
    },
    RandomContrast {
        lower: random::still_numbers,
        takes: [Training]
    },
    RandomBrightness {
        lower: random::still_numbers,
        takes: [Training]
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_three_axes_or_a_batch_of_them() {
        let resizing = Resizing::new(4, 5);
        let one = resizing.output_shapes(&Inputs::one([8, 9, 3])).unwrap();
        assert_eq!(one, [Shape::known(&[4, 5, 3])]);
        let error = resizing.output_shapes(&Inputs::one([8, 9])).unwrap_err();
        assert_eq!(
            error.message(),
            "an input of shape (8, 9), expected an image of 3 axes or a batch of images"
        );
    }
}
