//! What the layers of this family compute.

use super::{
    Cropping1D, Cropping2D, Cropping3D, Flatten, Permute, RepeatVector, Reshape, UpSampling1D,
    UpSampling2D, UpSampling3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D, format_of,
};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder, Slice};
use crate::layers::config::Borders;
use crate::layers::lower::{
    Interpolation, channels_last, height_and_width, in_format, resize, size,
};
use crate::layers::shape::{Size, first_spatial, product, spatial};
use crate::layers::{Call, DataFormat, Layer};
use crate::tensor::Shape;

pub(super) fn flatten(layer: &Flatten, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let (shape, mut x) = (call.shape()?, call.tensor()?.clone());
    let rank = shape.rank();
    if layer.data_format == DataFormat::ChannelsFirst && rank > 2 {
        x = channels_last(call.function, &x, rank, DataFormat::ChannelsFirst)?;
    }
    let rest = product(shape.0.get(1..).unwrap_or_default())?;
    let batch = shape.0.first().copied().flatten();
    Ok(vec![reshape(call.function, &x, batch, &[rest])?])
}

pub(super) fn reshaped(layer: &Reshape, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let output = layer.output_shapes(call.inputs())?;
    let sizes = output.first().map(|shape| shape.0.as_slice());
    let (batch, rest) = sizes.and_then(<[Size]>::split_first).unzip();
    let batch = batch.copied().flatten();
    let x = call.tensor()?;
    Ok(vec![reshape(
        call.function,
        x,
        batch,
        rest.unwrap_or_default(),
    )?])
}

/// The elements of each sample in a shape of which one size may be unknown.
fn reshape(f: &mut FunctionBuilder, x: &Edge, batch: Size, rest: &[Size]) -> Result<Edge> {
    let sizes: Vec<i32> = rest.iter().copied().map(size).collect();
    let is_known = !sizes.contains(&-1);
    // Without elements, no size follows from their number.
    if (batch.is_some() || is_known) && !sizes.contains(&0) {
        let sizes: Vec<i32> = [size(batch)].into_iter().chain(sizes).collect();
        return f.reshape(x, &sizes);
    }
    let shape = f.shape(x)?;
    let mut parts = vec![f.size_at(&shape, 0)?];
    parts.extend(sizes.into_iter().map(|size| f.constant(size)));
    let shape = f.pack(&parts)?;
    f.reshape_to(x, &shape)
}

pub(super) fn permute(layer: &Permute, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let places = layer.dims.iter().map(|axis| size(Some(*axis)));
    let order: Vec<i32> = [0].into_iter().chain(places).collect();
    Ok(vec![call.function.transpose(call.tensor()?, &order)?])
}

pub(super) fn repeat_vector(layer: &RepeatVector, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let x = call.function.expand_dims(call.tensor()?, 1)?;
    Ok(vec![call.function.tile(&x, &[1, size(Some(layer.n)), 1])?])
}

pub(super) fn crop1(layer: &Cropping1D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    crop(call, &layer.cropping, DataFormat::ChannelsLast)
}

pub(super) fn crop2(layer: &Cropping2D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    crop(call, &layer.cropping, layer.data_format)
}

pub(super) fn crop3(layer: &Cropping3D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    crop(call, &layer.cropping, layer.data_format)
}

fn crop<const N: usize>(
    call: &mut Call<'_>,
    borders: &Borders<N>,
    format: DataFormat,
) -> Result<Vec<Edge>> {
    let mut slices = vec![Slice::default(); call.shape()?.rank()];
    let spatial = slices.iter_mut().skip(first_spatial(format));
    for (slice, [front, back]) in spatial.zip(borders.0) {
        slice.begin = Some(size(Some(front)));
        slice.end = (back > 0).then(|| size(Some(back)).saturating_neg());
    }
    Ok(vec![call.function.slice(call.tensor()?, &slices)?])
}

pub(super) fn pad1(layer: &ZeroPadding1D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    pad(call, &layer.padding, format_of(layer))
}

pub(super) fn pad2(layer: &ZeroPadding2D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    pad(call, &layer.padding, layer.data_format)
}

pub(super) fn pad3(layer: &ZeroPadding3D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    pad(call, &layer.padding, layer.data_format)
}

fn pad<const N: usize>(
    call: &mut Call<'_>,
    borders: &Borders<N>,
    format: DataFormat,
) -> Result<Vec<Edge>> {
    let mut all = vec![(0, 0); call.shape()?.rank()];
    let spatial = all.iter_mut().skip(first_spatial(format));
    for (place, [front, back]) in spatial.zip(borders.0) {
        *place = (size(Some(front)), size(Some(back)));
    }
    Ok(vec![call.function.pad(call.tensor()?, &all)?])
}

pub(super) fn repeat1(layer: &UpSampling1D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    repeat(call, &[layer.size], DataFormat::ChannelsLast)
}

pub(super) fn repeat3(layer: &UpSampling3D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    repeat(call, &layer.size.0, layer.data_format)
}

/// Each element several times along each of the spatial axes.
fn repeat(call: &mut Call<'_>, factors: &[u64], format: DataFormat) -> Result<Vec<Edge>> {
    let (mut shape, mut x) = (call.shape()?.clone(), call.tensor()?.clone());
    for (at, factor) in (first_spatial(format)..).zip(factors) {
        if *factor != 1 {
            x = repeat_along(call.function, &x, &mut shape, at, *factor)?;
        }
    }
    Ok(vec![x])
}

/// Each element several times along one axis of a tensor of that shape, which grows with it.
fn repeat_along(
    f: &mut FunctionBuilder,
    x: &Edge,
    shape: &mut Shape,
    at: usize,
    factor: u64,
) -> Result<Edge> {
    let mut counts = vec![1; shape.rank()];
    if let Some(count) = counts.get_mut(at) {
        *count = size(Some(factor));
    }
    if let Some(grown) = shape.0.get_mut(at) {
        *grown = grown.and_then(|size| size.checked_mul(factor));
    }
    let after = size(u64::try_from(at).ok()).saturating_add(1);
    let each = f.expand_dims(x, after)?;
    let mut tiles = counts.clone();
    tiles.insert(at, 1);
    let several = f.tile(&each, &tiles)?;
    let sizes: Vec<i32> = shape.0.iter().copied().map(size).collect();
    let unknown = sizes.iter().filter(|size| **size < 0).count();
    if unknown <= 1 && !sizes.contains(&0) {
        return f.reshape(&several, &sizes);
    }
    let (found, counts) = (f.shape(x)?, f.constant(counts));
    let sizes = f.mul(&found, &counts)?;
    f.reshape_to(&several, &sizes)
}

pub(super) fn resize2(layer: &UpSampling2D, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let (shape, format) = (call.shape()?, layer.data_format);
    let interpolation = Interpolation::of(&layer.interpolation)?;
    let (x, f) = (call.tensor()?, &mut *call.function);
    let images = channels_last(f, x, shape.rank(), format)?;
    let factors = layer.size.0.map(|factor| size(Some(factor)));
    let sizes = spatial(shape, format, 2).into_iter().zip(factors);
    let sizes = sizes.map(|(found, factor)| size(found).checked_mul(factor).filter(|it| *it >= 0));
    let wanted = match sizes.collect::<Option<Vec<i32>>>() {
        Some(sizes) => f.constant(sizes),
        None => {
            let (found, factors) = (height_and_width(f, &images)?, f.constant(factors));
            f.mul(&found, &factors)?
        }
    };
    let resized = resize(f, &images, &wanted, interpolation)?;
    Ok(vec![in_format(f, &resized, shape.rank(), format)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Inputs;
    use crate::layers::lower::testing::Lowering;

    const IMAGE: [Size; 4] = [None, Some(5), Some(7), Some(3)];
    const OPEN: [Size; 4] = [None, None, None, Some(3)];

    #[track_caller]
    fn check(layer: impl Layer, input: &[Size], expected: &[&str]) {
        Lowering::of(&layer, Inputs::one(input.to_vec())).check(expected);
    }

    #[test]
    fn sizes_that_are_known_are_constants() {
        check(Flatten::new(), &IMAGE, &["Reshape"]);
        check(Flatten::new(), &[None], &["Reshape"]);
        let open = ["Shape", "StridedSlice", "Pack", "Reshape"];
        check(Flatten::new(), &OPEN, &open);
        let channels_first = Flatten::new().data_format(DataFormat::ChannelsFirst);
        check(channels_first, &IMAGE, &["Transpose", "Reshape"]);
        check(Reshape::new([-1, 3]), &IMAGE, &["Reshape"]);
        check(Reshape::new([-1, 3]), &OPEN, &open);
        check(
            Reshape::new([-1, 3]),
            &[Some(2), None, Some(3)],
            &["Reshape"],
        );
        check(Reshape::new([0]), &[None, Some(0)], &open);
        check(Permute::new([2, 1]), &[None, None, None], &["Transpose"]);
        check(
            RepeatVector::new(3),
            &[None, Some(4)],
            &["ExpandDims", "Tile"],
        );
    }

    #[test]
    fn borders_are_those_of_the_spatial_axes() {
        let first = DataFormat::ChannelsFirst;
        for input in [IMAGE, OPEN] {
            check(Cropping2D::new().cropping(1), &input, &["StridedSlice"]);
            check(ZeroPadding2D::new(), &input, &["Pad"]);
            check(
                Cropping2D::new().data_format(first),
                &input,
                &["StridedSlice"],
            );
            check(ZeroPadding2D::new().data_format(first), &input, &["Pad"]);
        }
        check(
            Cropping1D::new(),
            &[None, Some(5), Some(3)],
            &["StridedSlice"],
        );
        check(ZeroPadding1D::new(), &[None, Some(5), Some(3)], &["Pad"]);
        let volume = [None, Some(5), Some(4), Some(3), Some(2)];
        check(Cropping3D::new(), &volume, &["StridedSlice"]);
        check(ZeroPadding3D::new(), &volume, &["Pad"]);
    }

    #[test]
    fn elements_are_repeated_along_one_axis_after_the_other() {
        let along = ["ExpandDims", "Tile", "Reshape"];
        check(UpSampling1D::new(), &[None, Some(5), Some(3)], &along);
        check(
            UpSampling1D::new().size(1_u64),
            &[None, Some(5), Some(3)],
            &[],
        );
        let open = ["ExpandDims", "Tile", "Shape", "Mul", "Reshape"];
        check(UpSampling1D::new(), &[None, None, Some(3)], &open);
        let volume = [None, Some(5), Some(4), Some(3), Some(2)];
        check(UpSampling3D::new(), &volume, &[along; 3].concat());
        check(UpSampling3D::new().size([1, 2, 1]), &volume, &along);
    }

    #[test]
    fn images_are_resized_by_the_operation_of_their_interpolation() {
        for (word, op) in [
            ("nearest", "ResizeNearestNeighbor"),
            ("bilinear", "ResizeBilinear"),
            ("bicubic", "ResizeBicubic"),
            ("area", "ResizeArea"),
        ] {
            let layer = UpSampling2D::new().interpolation(word);
            check(layer.clone(), &IMAGE, &[op]);
            let open = ["Shape", "StridedSlice", "Mul", op];
            check(layer.clone(), &OPEN, &open);
            let layer = layer.data_format(DataFormat::ChannelsFirst);
            check(layer, &IMAGE, &["Transpose", op, "Transpose"]);
        }
        let kernel = [
            "Shape",
            "StridedSlice",
            "Cast",
            "Cast",
            "RealDiv",
            "ScaleAndTranslate",
        ];
        check(
            UpSampling2D::new().interpolation("lanczos3"),
            &IMAGE,
            &kernel,
        );
        let layer = UpSampling2D::new().interpolation("linear");
        let lowering = Lowering::of(&layer, Inputs::one(IMAGE.to_vec())).function();
        assert!(lowering.unwrap_err().message().contains("`linear`"));
    }
}
