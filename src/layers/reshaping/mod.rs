//! The same elements in another shape, cut, padded or repeated.
//!
//! ```
//! use hornfels::layers::{Flatten, Inputs, Layer, Reshape, ZeroPadding2D};
//! let image = Inputs::one([None, Some(28), Some(28), Some(3)]);
//! assert_eq!(Flatten::new().output_shapes(&image)?[0].to_string(), "(None, 2352)");
//! let rows = Reshape::new([-1, 84]).output_shapes(&image)?;
//! assert_eq!(rows[0].to_string(), "(None, 28, 84)");
//! let padded = ZeroPadding2D::new().padding([1, 2]).output_shapes(&image)?;
//! assert_eq!(padded[0].to_string(), "(None, 30, 32, 3)");
//! # Ok::<(), hornfels::Error>(())
//! ```

mod lower;

use super::config::{Borders, ConfigValue, DataFormat, Sizes, layer};
use super::registry::LayerRegistry;
use super::shape::{Size, at_least, mismatch, of_rank, product, scaled, spatial, with_spatial};
use super::{Call, Inputs, Layer, VariableSpec};
use crate::error::{Error, Result};
use crate::graph::Edge;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Flatten>();
    registry.typed::<Reshape>();
    registry.typed::<Permute>();
    registry.typed::<RepeatVector>();
    registry.typed::<Cropping1D>();
    registry.typed::<Cropping2D>();
    registry.typed::<Cropping3D>();
    registry.typed::<ZeroPadding1D>();
    registry.typed::<ZeroPadding2D>();
    registry.typed::<ZeroPadding3D>();
    registry.typed::<UpSampling1D>();
    registry.typed::<UpSampling2D>();
    registry.typed::<UpSampling3D>();
}

/// A layer without variables whose output has the shape that `$shape` says, and is computed by
/// `$lower`.
macro_rules! shaped {
    ($class:ident, $lower:path, |$layer:ident, $inputs:ident| $shape:expr) => {
        impl Layer for $class {
            fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                Ok(Vec::new())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let ($layer, $inputs) = (self, inputs);
                Ok(vec![$shape?])
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                $lower(self, call)
            }
        }
    };
}

layer! {
    /// All axes after the batch axis as one.
    Flatten() {
        /// Where the channels are; they come last in the output.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

shaped!(Flatten, lower::flatten, |_layer, inputs| {
    let (batch, rest) = at_least(inputs.first()?, 1)?.0.split_at(1);
    product(rest).map(|size| Shape([batch, &[size]].concat()))
});

layer! {
    /// The same elements with other axes after the batch axis.
    Reshape(
        /// The sizes after the batch axis; at most one is -1 and follows from the others.
        target_shape: Vec<i64> as into,
    ) {}
}

shaped!(Reshape, lower::reshaped, |layer, inputs| {
    let (batch, rest) = at_least(inputs.first()?, 1)?.0.split_at(1);
    reshaped(rest, &layer.target_shape).map(|sizes| Shape([batch, &sizes].concat()))
});

/// The sizes `target` for the elements of `sizes`, with -1 worked out where it can be.
pub(super) fn reshaped(sizes: &[Size], target: &[i64]) -> Result<Vec<Size>> {
    let given: Vec<Size> = target
        .iter()
        .map(|size| u64::try_from(*size).ok())
        .collect();
    let open = given.iter().filter(|size| size.is_none()).count();
    if open > 1 || target.iter().any(|size| *size < -1) {
        return Err(mismatch(format!(
            "a target of {target:?}, expected sizes and at most one -1"
        )));
    }
    let known: Vec<Size> = given.iter().copied().filter(Option::is_some).collect();
    let (Some(elements), Some(known)) = (product(sizes)?, product(&known)?) else {
        return Ok(given);
    };
    let differs = || {
        let shape = Shape(sizes.to_vec());
        mismatch(format!(
            "{elements} elements of shape {shape} for a target of {target:?}, expected as many"
        ))
    };
    if open == 0 {
        return if elements == known {
            Ok(given)
        } else {
            Err(differs())
        };
    }
    match (elements.checked_div(known), elements.checked_rem(known)) {
        (Some(rest), Some(0)) => Ok(given.into_iter().map(|size| size.or(Some(rest))).collect()),
        _ => Err(differs()),
    }
}

layer! {
    /// The axes after the batch axis in another order.
    ///
    /// ```
    /// use hornfels::layers::{Inputs, Layer, Permute};
    /// let input = Inputs::one([None, Some(10), Some(64)]);
    /// let shapes = Permute::new([2, 1]).output_shapes(&input)?;
    /// assert_eq!(shapes[0].to_string(), "(None, 64, 10)");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Permute(
        /// Which axis of the input comes where; the first after the batch is 1.
        dims: Vec<u64> as into,
    ) {}
}

shaped!(Permute, lower::permute, |layer, inputs| {
    permuted(inputs.first()?, &layer.dims)
});

fn permuted(input: &Shape, dims: &[u64]) -> Result<Shape> {
    let input = of_rank(input, dims.len() + 1)?;
    let mut sorted = dims.to_vec();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq((1..).take(dims.len())) {
        return Err(mismatch(format!(
            "axes {dims:?}, expected each from 1 to {} once",
            dims.len()
        )));
    }
    let places = [0].into_iter().chain(dims.iter().copied());
    let size = |at: u64| input.0.get(usize::try_from(at).ok()?).copied()?;
    Ok(Shape(places.map(size).collect()))
}

layer! {
    /// A vector, several times: input `(batch, features)`, output `(batch, n, features)`.
    RepeatVector(
        /// How many times.
        n: u64,
    ) {}
}

shaped!(RepeatVector, lower::repeat_vector, |layer, inputs| {
    let mut sizes = of_rank(inputs.first()?, 2)?.0.clone();
    sizes.insert(1, Some(layer.n));
    Ok(Shape(sizes))
});

fn cropped<const N: usize>(
    inputs: &Inputs,
    borders: &Borders<N>,
    format: DataFormat,
) -> Result<Shape> {
    let input = of_rank(inputs.first()?, N + 2)?;
    let sizes = spatial(input, format, N).into_iter().zip(borders.0);
    // As a slice in Python: what is cut beyond the axis leaves nothing.
    let cut = |(size, [front, back]): (Size, [u64; 2])| {
        Some(size?.saturating_sub(front).saturating_sub(back))
    };
    let sizes: Vec<Size> = sizes.map(cut).collect();
    Ok(with_spatial(input, format, &sizes, None))
}

fn padded<const N: usize>(
    inputs: &Inputs,
    borders: &Borders<N>,
    format: DataFormat,
) -> Result<Shape> {
    let input = of_rank(inputs.first()?, N + 2)?;
    let sizes = spatial(input, format, N).into_iter().zip(borders.0);
    let padded = |(size, [front, back]): (Size, [u64; 2])| {
        let Some(size) = size else { return Ok(None) };
        let sum = size
            .checked_add(front)
            .and_then(|size| size.checked_add(back));
        sum.map(Some)
            .ok_or_else(|| mismatch("sizes whose sum has more than 64 bits"))
    };
    let sizes: Vec<Size> = sizes.map(padded).collect::<Result<_>>()?;
    Ok(with_spatial(input, format, &sizes, None))
}

fn repeated<const N: usize>(
    inputs: &Inputs,
    factors: [u64; N],
    format: DataFormat,
) -> Result<Shape> {
    let input = of_rank(inputs.first()?, N + 2)?;
    let sizes = spatial(input, format, N).into_iter().zip(factors);
    let sizes: Vec<Size> = sizes.map(|(size, factor)| scaled(size, factor)).collect();
    Ok(with_spatial(input, format, &sizes, None))
}

layer! {
    /// A sequence without its first and last steps.
    Cropping1D() {
        /// How many are cut in front and at the end.
        cropping: Borders<1> as into = Borders([[1, 1]]),
    }
}

shaped!(Cropping1D, lower::crop1, |layer, inputs| cropped(
    inputs,
    &layer.cropping,
    DataFormat::ChannelsLast
));

layer! {
    /// An image without its edges.
    Cropping2D() {
        /// How much is cut at both ends of each axis.
        cropping: Borders<2> as into = Borders([[0, 0]; 2]),
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
    }
}

shaped!(Cropping2D, lower::crop2, |layer, inputs| cropped(
    inputs,
    &layer.cropping,
    layer.data_format
));

layer! {
    /// A volume without its edges.
    Cropping3D() {
        /// How much is cut at both ends of each axis.
        cropping: Borders<3> as into = Borders([[1, 1]; 3]),
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
    }
}

shaped!(Cropping3D, lower::crop3, |layer, inputs| cropped(
    inputs,
    &layer.cropping,
    layer.data_format
));

layer! {
    /// A sequence with zeros before and after it.
    ///
    /// Its channels are last, unless a config of a late Keras 3 has another `data_format`.
    ZeroPadding1D() {
        /// How many are put in front and at the end.
        padding: Borders<1> as into = Borders([[1, 1]]),
    }
}

shaped!(ZeroPadding1D, lower::pad1, |layer, inputs| padded(
    inputs,
    &layer.padding,
    format_of(layer)
));

/// Not a field: most versions of Keras refuse the key.
fn format_of(layer: &ZeroPadding1D) -> DataFormat {
    let format = layer.base.rest("data_format").and_then(DataFormat::read);
    format.unwrap_or(DataFormat::ChannelsLast)
}

layer! {
    /// An image with zeros around it.
    ZeroPadding2D() {
        /// How many are put at both ends of each axis.
        padding: Borders<2> as into = Borders([[1, 1]; 2]),
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
    }
}

shaped!(ZeroPadding2D, lower::pad2, |layer, inputs| padded(
    inputs,
    &layer.padding,
    layer.data_format
));

layer! {
    /// A volume with zeros around it.
    ZeroPadding3D() {
        /// How many are put at both ends of each axis.
        padding: Borders<3> as into = Borders([[1, 1]; 3]),
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
    }
}

shaped!(ZeroPadding3D, lower::pad3, |layer, inputs| padded(
    inputs,
    &layer.padding,
    layer.data_format
));

layer! {
    /// Each step of a sequence several times.
    UpSampling1D() {
        /// How many times.
        size ["length"]: u64 = 2,
    }
}

shaped!(UpSampling1D, lower::repeat1, |layer, inputs| repeated(
    inputs,
    [layer.size],
    DataFormat::ChannelsLast
));

layer! {
    /// An image made larger.
    UpSampling2D() {
        /// The factors of height and width.
        size: Sizes<2> as into = Sizes([2; 2]),
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
        /// How new elements come from old ones: `nearest`, `bilinear`, `bicubic`.
        interpolation: String as into = "nearest".to_owned(),
    }
}

shaped!(UpSampling2D, lower::resize2, |layer, inputs| {
    let format = layer.data_format;
    let shape = repeated(inputs, layer.size.0, format)?;
    // Keras 2 does not compute a height if the width is unknown, nor the other way round.
    let partly = spatial(&shape, format, 2).contains(&None);
    Ok::<Shape, Error>(match partly && layer.base.is_before_keras3() {
        true => with_spatial(&shape, format, &[None; 2], None),
        false => shape,
    })
});

layer! {
    /// Each element of a volume several times along each axis.
    UpSampling3D() {
        /// The factors of the three axes.
        size: Sizes<3> as into = Sizes([2; 3]),
        /// Where the channels are.
        data_format ["dim_ordering"]: DataFormat = DataFormat::ChannelsLast,
    }
}

shaped!(UpSampling3D, lower::repeat3, |layer, inputs| repeated(
    inputs,
    layer.size.0,
    layer.data_format
));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_do_not_go_with_the_input_are_refused() {
        #[track_caller]
        fn check(layer: &dyn Layer, input: &[u64], expected: &str) {
            let error = layer.output_shapes(&Inputs::one(Shape::known(input)));
            assert_eq!(error.unwrap_err().message(), expected);
        }
        check(
            &Reshape::new([5]),
            &[1, 2, 3],
            "6 elements of shape (2, 3) for a target of [5], expected as many",
        );
        check(
            &Reshape::new([-1, 4]),
            &[1, 2, 3],
            "6 elements of shape (2, 3) for a target of [-1, 4], expected as many",
        );
        check(
            &Reshape::new([-1, 0]),
            &[1, 2, 3],
            "6 elements of shape (2, 3) for a target of [-1, 0], expected as many",
        );
        check(
            &Reshape::new([-1, -1]),
            &[1, 2, 3],
            "a target of [-1, -1], expected sizes and at most one -1",
        );
        check(
            &Permute::new([2, 2]),
            &[1, 2, 3],
            "axes [2, 2], expected each from 1 to 2 once",
        );
        check(
            &Permute::new([1]),
            &[1, 2, 3],
            "an input of shape (1, 2, 3) with 3 axes, expected 2",
        );
        check(
            &Cropping1D::new(),
            &[1, 6],
            "an input of shape (1, 6) with 2 axes, expected 3",
        );
        check(
            &ZeroPadding2D::new().padding(u64::MAX),
            &[1, 2, 3, 4],
            "sizes whose sum has more than 64 bits",
        );
        check(
            &RepeatVector::new(2),
            &[1, 2, 3],
            "an input of shape (1, 2, 3) with 3 axes, expected 2",
        );
        check(
            &Flatten::new(),
            &[1, u64::MAX, 3],
            "sizes whose product has more than 64 bits",
        );
    }
}
