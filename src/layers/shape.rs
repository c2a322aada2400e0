//! Arithmetic of shapes that several families share. An unknown size stays unknown.

use super::config::{DataFormat, Padding};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Shape;

/// A size that may be unknown.
pub(crate) type Size = Option<u64>;

/// The contradiction between a layer and its input.
#[cold]
pub(crate) fn mismatch(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidModel, message.into())
}

/// The input if it has exactly `rank` axes, the batch axis among them.
pub(crate) fn of_rank(shape: &Shape, rank: usize) -> Result<&Shape> {
    if shape.rank() == rank {
        return Ok(shape);
    }
    let found = shape.rank();
    Err(mismatch(format!(
        "an input of shape {shape} with {found} axes, expected {rank}"
    )))
}

/// The input if it has `least` axes or more, the batch axis among them.
pub(crate) fn at_least(shape: &Shape, least: usize) -> Result<&Shape> {
    if shape.rank() >= least {
        return Ok(shape);
    }
    let found = shape.rank();
    Err(mismatch(format!(
        "an input of shape {shape} with {found} axes, expected at least {least}"
    )))
}

/// The place of an axis that may be counted from the back.
pub(crate) fn axis(shape: &Shape, axis: i64) -> Result<usize> {
    let rank = i64::try_from(shape.rank()).unwrap_or(i64::MAX);
    let place = if axis < 0 {
        axis.saturating_add(rank)
    } else {
        axis
    };
    match usize::try_from(place) {
        Ok(place) if place < shape.rank() => Ok(place),
        _ => Err(mismatch(format!(
            "axis {axis} of an input of shape {shape}, expected one of its {rank} axes"
        ))),
    }
}

/// The size of an axis that decides how large a variable is.
pub(crate) fn known(shape: &Shape, at: usize) -> Result<u64> {
    match shape.0.get(at) {
        Some(Some(size)) => Ok(*size),
        Some(None) => Err(mismatch(format!(
            "axis {at} of an input of shape {shape} is unknown, expected a size: a variable has it"
        ))),
        None => Err(mismatch(format!(
            "an input of shape {shape}, expected an axis {at}"
        ))),
    }
}

/// The size of the last axis, which decides how large a variable is.
pub(crate) fn last(shape: &Shape) -> Result<u64> {
    known(at_least(shape, 1)?, shape.rank().saturating_sub(1))
}

/// The shape with its last axis of another size.
pub(crate) fn with_last(shape: &Shape, size: Size) -> Shape {
    let mut sizes = shape.0.clone();
    if let Some(last) = sizes.last_mut() {
        *last = size;
    }
    Shape(sizes)
}

/// Where the channels of an input are.
pub(crate) fn channel_axis(shape: &Shape, format: DataFormat) -> usize {
    match format {
        DataFormat::ChannelsLast => shape.rank().saturating_sub(1),
        DataFormat::ChannelsFirst => 1,
    }
}

/// The first of the axes that are neither batch nor channels.
pub(crate) fn first_spatial(format: DataFormat) -> usize {
    match format {
        DataFormat::ChannelsLast => 1,
        DataFormat::ChannelsFirst => 2,
    }
}

/// The shape with its spatial axes replaced, and its channels too where they change.
pub(crate) fn with_spatial(
    shape: &Shape,
    format: DataFormat,
    spatial: &[Size],
    channels: Option<Size>,
) -> Shape {
    let mut sizes = shape.0.clone();
    let places = sizes.iter_mut().skip(first_spatial(format));
    for (place, size) in places.zip(spatial) {
        *place = *size;
    }
    if let Some(channels) = channels {
        let at = channel_axis(shape, format);
        if let Some(place) = sizes.get_mut(at) {
            *place = channels;
        }
    }
    Shape(sizes)
}

/// The spatial sizes of an input.
pub(crate) fn spatial(shape: &Shape, format: DataFormat, count: usize) -> Vec<Size> {
    let sizes = shape.0.iter().skip(first_spatial(format)).take(count);
    sizes.copied().collect()
}

/// How many places a window of `window` (dilated) finds on an axis: `spec/keras_model.md#windows`.
pub(crate) fn windows(
    size: Size,
    window: u64,
    padding: Padding,
    stride: u64,
    dilation: u64,
) -> Result<Size> {
    let Some(size) = size else {
        return Ok(None);
    };
    if stride == 0 || window == 0 || dilation == 0 {
        return Err(mismatch(
            "a window, stride or dilation of 0, expected 1 or more",
        ));
    }
    let reach = (window - 1).saturating_mul(dilation).saturating_add(1);
    let places = match padding {
        Padding::Same | Padding::Causal => size,
        Padding::Valid if reach > size => {
            return Err(mismatch(format!(
                "a window of {reach} on an axis of {size}, expected one that fits"
            )));
        }
        Padding::Valid => size - reach + 1,
    };
    Ok(Some(places.div_ceil(stride)))
}

/// The product of sizes; unknown if one is, an error if it does not fit.
pub(crate) fn product(sizes: &[Size]) -> Result<Size> {
    let mut all = Some(1_u64);
    for size in sizes {
        all =
            match (all, size) {
                (Some(all), Some(size)) => Some(all.checked_mul(*size).ok_or_else(|| {
                    mismatch("sizes whose product has more than 64 bits".to_owned())
                })?),
                _ => None,
            };
    }
    Ok(all)
}

/// A size multiplied by a factor.
pub(crate) fn scaled(size: Size, factor: u64) -> Size {
    size?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_counted_as_keras_counts_them() {
        for ((size, window, padding, stride, dilation), expected) in [
            ((Some(10), 3, Padding::Valid, 1, 1), Some(8)),
            ((Some(10), 3, Padding::Valid, 2, 1), Some(4)),
            ((Some(10), 3, Padding::Valid, 1, 2), Some(6)),
            ((Some(10), 3, Padding::Same, 3, 1), Some(4)),
            ((Some(10), 3, Padding::Causal, 1, 4), Some(10)),
            ((None, 3, Padding::Valid, 1, 1), None),
        ] {
            let found = windows(size, window, padding, stride, dilation).unwrap();
            assert_eq!(found, expected);
        }
        let error = windows(Some(2), 3, Padding::Valid, 1, 1).unwrap_err();
        assert_eq!(
            error.message(),
            "a window of 3 on an axis of 2, expected one that fits"
        );
    }

    #[test]
    fn axes_count_from_both_ends() {
        let shape = Shape::from([None, Some(4), Some(5)]);
        assert_eq!(axis(&shape, -1).unwrap(), 2);
        assert_eq!(axis(&shape, 1).unwrap(), 1);
        assert!(axis(&shape, 3).is_err() && axis(&shape, -4).is_err());
        assert!(known(&shape, 0).is_err());
        assert_eq!(last(&shape).unwrap(), 5);
    }
}
