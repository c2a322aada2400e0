//! Images in another size, and parts of them.

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder, Slice};
use crate::layers::Call;
use crate::layers::lower::{Interpolation, resize, size};
use crate::layers::preprocessing::{CenterCrop, Resizing};
use crate::layers::shape::{Size, mismatch};
use crate::proto::tensorflow::DataType;

pub(super) fn resized(layer: &Resizing, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let interpolation = Interpolation::of(&layer.interpolation)?;
    let dtype = match interpolation {
        Interpolation::Nearest => call.dtype().into(),
        _ => DataType::DT_FLOAT,
    };
    let target = [layer.height, layer.width];
    of_images(call, dtype, |f, images| match layer.crop_to_aspect_ratio {
        true => fit(f, images, target, interpolation),
        false => to_size(f, images, target, interpolation),
    })
}

pub(super) fn center_crop(layer: &CenterCrop, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let target = [layer.height, layer.width];
    let shape = &call.shape()?.0;
    let found = shape.iter().rev().skip(1).take(2).rev().copied();
    let found: Vec<Size> = found.collect();
    let fits = |(found, wanted): (&Size, u64)| Some((*found)? >= wanted);
    let fits: Option<Vec<bool>> = found.iter().zip(target).map(fits).collect();
    let dtype = call.dtype().into();
    of_images(call, dtype, |f, images| match fits.as_deref() {
        Some([true, true]) => middle(f, images, &found, target),
        Some(_) => fit(f, images, target, Interpolation::Bilinear),
        None => middle_or_fit(f, images, target),
    })
}

/// The largest part in the middle that has the proportions of the target, resized.
pub(super) fn proportional_middle(call: &mut Call<'_>, target: [u64; 2]) -> Result<Edge> {
    let dtype = call.dtype().into();
    let images = of_images(call, dtype, |f, images| {
        fit(f, images, target, Interpolation::Bilinear)
    })?;
    images
        .into_iter()
        .next()
        .ok_or_else(|| mismatch("no images"))
}

/// Does something with a batch of images of that type, or with one image as a batch of one.
fn of_images(
    call: &mut Call<'_>,
    dtype: DataType,
    what: impl FnOnce(&mut FunctionBuilder, &Edge) -> Result<Edge>,
) -> Result<Vec<Edge>> {
    let (x, is_one) = (call.tensor()?, call.shape()?.rank() == 3);
    let result = DataType::from(call.dtype());
    let f = &mut *call.function;
    let images = f.cast(x, dtype)?;
    let y = if is_one {
        let images = f.expand_dims(&images, 0)?;
        let y = what(f, &images)?;
        f.squeeze(&y, &[0])?
    } else {
        what(f, &images)?
    };
    Ok(vec![f.cast(&y, result)?])
}

fn to_size(
    f: &mut FunctionBuilder,
    images: &Edge,
    target: [u64; 2],
    interpolation: Interpolation,
) -> Result<Edge> {
    let size = f.constant(target.map(|it| size(Some(it))));
    resize(f, images, &size, interpolation)
}

/// The middle of images that are larger.
fn middle(
    f: &mut FunctionBuilder,
    images: &Edge,
    found: &[Size],
    target: [u64; 2],
) -> Result<Edge> {
    let mut slices = [Slice::default(); 4];
    let spatial = slices.iter_mut().skip(1);
    for ((slice, found), wanted) in spatial.zip(found).zip(target) {
        let before = found.map(|found| found.saturating_sub(wanted) / 2);
        slice.begin = Some(size(before));
        slice.end = Some(size(before.and_then(|it| it.checked_add(wanted))));
    }
    f.slice(images, &slices)
}

/// A part of images along one axis.
struct Part {
    start: Edge,
    size: Edge,
}

/// The largest part in the middle of images that has the proportions of the target, resized.
fn fit(
    f: &mut FunctionBuilder,
    images: &Edge,
    target: [u64; 2],
    interpolation: Interpolation,
) -> Result<Edge> {
    let found = height_and_width(f, images)?;
    let parts = proportional(f, &found, target)?;
    let part = cut(f, images, &parts)?;
    to_size(f, &part, target, interpolation)
}

/// [`middle`] where it is known only later whether images are larger, or else [`fit`].
fn middle_or_fit(f: &mut FunctionBuilder, images: &Edge, target: [u64; 2]) -> Result<Edge> {
    let found = height_and_width(f, images)?;
    let wanted = target.map(|it| f.constant(size(Some(it))));
    let is_high = f.greater_equal(&found[0], &wanted[0])?;
    let is_wide = f.greater_equal(&found[1], &wanted[1])?;
    let fits = f.logical_and(&is_high, &is_wide)?;
    let mut parts = proportional(f, &found, target)?;
    let two = f.constant(2_i32);
    for ((part, found), wanted) in parts.iter_mut().zip(&found).zip(&wanted) {
        let rest = f.sub(found, wanted)?;
        let start = f.op("FloorDiv").input(&rest).input(&two).one()?;
        part.start = f.select(&fits, &start, &part.start)?;
        part.size = f.select(&fits, wanted, &part.size)?;
    }
    let part = cut(f, images, &parts)?;
    // What has the size already stays as it is.
    to_size(f, &part, target, Interpolation::Bilinear)
}

fn height_and_width(f: &mut FunctionBuilder, images: &Edge) -> Result<[Edge; 2]> {
    let shape = f.shape(images)?;
    Ok([f.size_at(&shape, 1)?, f.size_at(&shape, 2)?])
}

/// Along both axes, the middle part that is as high for its width as the target, with the rounding
/// of single precision that Keras has.
fn proportional(
    f: &mut FunctionBuilder,
    [height, width]: &[Edge; 2],
    [high, wide]: [u64; 2],
) -> Result<[Part; 2]> {
    let mut along = |own: &Edge, other: &Edge, wanted: u64, other_wanted: u64| {
        let wanted = f.constant(size(Some(wanted)));
        let product = f.mul(other, &wanted)?;
        let other_wanted = f.constant(size(Some(other_wanted)));
        let reach = quotient(f, &product, &other_wanted)?;
        let size = f.minimum(own, &reach)?;
        let rest = f.sub(own, &size)?;
        let two = f.constant(2_i32);
        let start = quotient(f, &rest, &two)?;
        Result::Ok(Part { start, size })
    };
    Ok([
        along(height, width, high, wide)?,
        along(width, height, wide, high)?,
    ])
}

/// The quotient of integers in single precision, rounded towards 0.
fn quotient(f: &mut FunctionBuilder, x: &Edge, y: &Edge) -> Result<Edge> {
    let x = f.cast(x, DataType::DT_FLOAT)?;
    let y = f.cast(y, DataType::DT_FLOAT)?;
    let quotient = f.div(&x, &y)?;
    f.cast(&quotient, DataType::DT_INT32)
}

fn cut(f: &mut FunctionBuilder, images: &Edge, [high, wide]: &[Part; 2]) -> Result<Edge> {
    let (zero, all) = (f.constant(0_i32), f.constant(-1_i32));
    let start = f.pack(&[zero.clone(), high.start.clone(), wide.start.clone(), zero])?;
    let size = f.pack(&[all.clone(), high.size.clone(), wide.size.clone(), all])?;
    f.op("Slice").input(images).input(&start).input(&size).one()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Inputs;
    use crate::layers::Layer;
    use crate::layers::lower::testing::Lowering;

    #[test]
    fn what_is_known_of_the_size_decides_how_it_is_cut() {
        #[track_caller]
        fn last(layer: impl Layer, input: &[Size], expected: &[&str]) {
            let ops = Lowering::of(&layer, Inputs::one(input.to_vec())).ops();
            let from = ops.len().saturating_sub(expected.len());
            assert_eq!(ops[from..], *expected, "{layer:?}");
        }
        let image = [None, Some(8), Some(9), Some(3)];
        last(CenterCrop::new(4, 5), &image, &["StridedSlice"]);
        last(CenterCrop::new(9, 5), &image, &["Slice", "ResizeBilinear"]);
        let open = [None, None, Some(9), Some(3)];
        last(CenterCrop::new(4, 5), &open, &["Slice", "ResizeBilinear"]);
        last(Resizing::new(4, 5), &image, &["ResizeBilinear"]);
        last(
            Resizing::new(4, 5).crop_to_aspect_ratio(true),
            &image,
            &["Pack", "Pack", "Slice", "ResizeBilinear"],
        );
        last(
            Resizing::new(4, 5),
            &[Some(8), Some(9), Some(3)],
            &["ExpandDims", "ResizeBilinear", "Squeeze"],
        );
    }
}
