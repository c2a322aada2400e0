//! Images: sizes, sides, channels, windows.

use serde_json::Value;

use super::axes::whole;
use super::{Name, Recorded};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::lower::{Interpolation, resize};
use crate::layers::operation::axes::{BLOCK, KSIZE, PADDING, STRIDES, in_window};
use crate::layers::operation::unsupported;

/// What adds the operations of a function.
type Lowering = fn(&mut Recorded<'_, '_>) -> Result<Edge>;

const FUNCTIONS: &[(&str, Lowering)] = &[
    ("avg_pool2d", |r| pooled(r, "AvgPool")),
    ("avg_pool3d", |r| pooled(r, "AvgPool3D")),
    ("depth_to_space", |r| blocks(r, "DepthToSpace")),
    ("image.flip_left_right", |r| flipped(r, -2)),
    ("image.flip_up_down", |r| flipped(r, -3)),
    ("image.resize", resized),
    ("max_pool2d", |r| pooled(r, "MaxPool")),
    ("max_pool3d", |r| pooled(r, "MaxPool3D")),
    ("space_to_depth", |r| blocks(r, "SpaceToDepth")),
];

/// The names of all functions.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

/// The result of the function of that name; none for names of others.
pub(super) fn of(name: &str, r: &mut Recorded<'_, '_>) -> Option<Result<Edge>> {
    let (_, lower) = FUNCTIONS.iter().find(|(function, _)| *function == name)?;
    Some(lower(r))
}

const FORMATS: [&str; 2] = ["NHWC", "NDHWC"];

/// That the channels are last, as kernels for CPUs take them.
fn channels_last(r: &Recorded<'_, '_>, position: usize) -> Result<()> {
    r.refuse(Name(position, &["data_format"]), &FORMATS.map(Value::from))
}

fn pooled(r: &mut Recorded<'_, '_>, op: &str) -> Result<Edge> {
    let x = r.x()?;
    channels_last(r, 4)?;
    let window = in_window(&r.arguments, KSIZE)?;
    let window = window.ok_or_else(|| unsupported("a window without a size"))?;
    let strides = in_window(&r.arguments, STRIDES)?.unwrap_or_else(|| window.clone());
    // Batch and channels have no windows.
    let all_axes = |sizes: Vec<u64>| -> Vec<i64> {
        let sizes = sizes
            .into_iter()
            .map(|size| i64::try_from(size).unwrap_or(i64::MAX));
        [1].into_iter().chain(sizes).chain([1]).collect()
    };
    let padding: String = r.required(PADDING)?;
    let pool = r.f().op(op).input(x).attr("ksize", all_axes(window));
    let pool = pool.attr("strides", all_axes(strides));
    pool.attr("padding", padding.to_uppercase().as_str()).one()
}

fn blocks(r: &mut Recorded<'_, '_>, op: &str) -> Result<Edge> {
    let x = r.x()?;
    channels_last(r, 2)?;
    let size: i64 = r.required(BLOCK)?;
    r.f().op(op).input(x).attr("block_size", size).one()
}

fn flipped(r: &mut Recorded<'_, '_>, axis: i32) -> Result<Edge> {
    let (x, rank) = (r.x()?, r.shape()?.rank());
    if !matches!(rank, 3 | 4) {
        return Err(unsupported(format!("an image of {rank} axes")));
    }
    // The operation does not count from the last axis in all its kernels.
    let axis = i32::try_from(rank).unwrap_or_default().saturating_add(axis);
    let axis = r.f().constant([axis]);
    r.f().op("ReverseV2").input(x).input(&axis).one()
}

/// Images in another size.
fn resized(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let size = whole(r, Name(1, &["size"]))?;
    let method: Option<String> = r.read(Name(2, &["method"]))?;
    let interpolation = Interpolation::of(method.as_deref().unwrap_or("bilinear"))?;
    let no = [Value::Bool(false)];
    r.refuse(Name(3, &["preserve_aspect_ratio"]), &no)?;
    r.refuse(Name(4, &["antialias"]), &no)?;
    let is_one = r.shape()?.rank() == 3;
    let images = match is_one {
        true => r.f().expand_dims(x, 0)?,
        false => x.clone(),
    };
    let resized = resize(r.f(), &images, &size, interpolation)?;
    match is_one {
        true => r.f().squeeze(&resized, &[0]),
        false => Ok(resized),
    }
}
