//! Axes that come, go, move or change their size.

use serde_json::Value;

use super::{AXIS, Call, Name, constant_shape, unsupported};
use crate::error::Result;
use crate::layers::config::{Axes, ConfigValue};
use crate::layers::inputs::Operand;
use crate::layers::merging::{self, Unknown};
use crate::layers::shape::{self, Size, axis, mismatch, product, scaled, windows};
use crate::layers::{DataFormat, Padding};
use crate::tensor::Shape;

/// The place of a new axis in a shape that is to have `rank` axes.
fn place(along: i64, rank: usize) -> Result<usize> {
    axis(&Shape(vec![None; rank]), along)
}

/// New axes of size 1.
pub(super) fn expanded(call: &Call<'_>) -> Result<Vec<Shape>> {
    let axes: Axes = call.required(AXIS)?;
    let input = call.input()?;
    let rank = input.rank().saturating_add(axes.0.len());
    let places: Result<Vec<usize>> = axes.0.iter().map(|along| place(*along, rank)).collect();
    let mut places = places?;
    places.sort_unstable();
    let mut sizes = input.0.clone();
    for at in places {
        sizes.insert(at.min(sizes.len()), Some(1));
    }
    Ok(vec![Shape(sizes)])
}

/// Without axes of size 1.
pub(super) fn squeezed(call: &Call<'_>) -> Result<Vec<Shape>> {
    let axes: Option<Axes> = call.read(Name(1, &["axis", "squeeze_dims"]))?;
    let axes = axes.map(|axes| axes.0).filter(|axes| !axes.is_empty());
    without_ones(call.input()?, axes.as_deref(), call.is_keras3).map(|shape| vec![shape])
}

/// Without the axes of size 1, or all of them if none are given.
pub(super) fn without_ones(input: &Shape, axes: Option<&[i64]>, is_keras3: bool) -> Result<Shape> {
    let places: Vec<usize> = match axes {
        // TensorFlow finds out which when it computes; Keras 3 takes the unknown for another size.
        None if !is_keras3 && input.0.contains(&None) => {
            return Err(unsupported("which axes have size 1 is not known"));
        }
        None => {
            let ones = input.0.iter().enumerate();
            let ones = ones.filter(|(_, size)| **size == Some(1));
            ones.map(|(at, _)| at).collect()
        }
        Some(axes) => axes
            .iter()
            .map(|it| axis(input, *it))
            .collect::<Result<_>>()?,
    };
    let wrong = |at: &&usize| !matches!(input.0.get(**at), Some(None | Some(1)));
    if let Some(at) = places.iter().find(wrong) {
        return Err(mismatch(format!(
            "axis {at} of an input of shape {input} to leave out, expected the size 1"
        )));
    }
    let sizes = input.0.iter().enumerate();
    let sizes = sizes.filter(|(at, _)| !places.contains(at));
    Ok(Shape(sizes.map(|(_, size)| *size).collect()))
}

/// The same elements in other axes, the batch among them.
pub(super) fn reshaped(call: &Call<'_>) -> Result<Vec<Shape>> {
    const SHAPE: Name = Name(1, &["newshape", "shape"]);
    if let Some(list) = call.mixed(SHAPE) {
        // What follows from sizes that are computed is not known.
        let size = |it: &Option<Value>| it.as_ref().and_then(Value::as_u64);
        return Ok(vec![Shape(list.iter().map(size).collect())]);
    }
    let target: Vec<i64> = match call.read::<Axes>(SHAPE)? {
        Some(target) => target.0,
        None => return Err(unsupported("a target shape that is not written down")),
    };
    let sizes = crate::layers::reshaping::reshaped(&call.input()?.0, &target)?;
    Ok(vec![Shape(sizes)])
}

/// All elements in one axis.
pub(super) fn flattened(call: &Call<'_>) -> Result<Vec<Shape>> {
    Ok(vec![Shape(vec![product(&call.input()?.0)?])])
}

/// Axes in another order, the last first if none is given.
pub(super) fn transposed(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let order: Option<Axes> = call.read(Name(1, &["axes", "perm"]))?;
    let order = order.map(|order| order.0);
    in_order(input, order.as_deref()).map(|shape| vec![shape])
}

/// The axes in this order, or the last first.
pub(super) fn in_order(input: &Shape, order: Option<&[i64]>) -> Result<Shape> {
    let Some(order) = order else {
        return Ok(Shape(input.0.iter().rev().copied().collect()));
    };
    let places: Result<Vec<usize>> = order.iter().map(|it| axis(input, *it)).collect();
    let places = places?;
    let mut sorted = places.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..input.rank()) {
        let rank = input.rank();
        return Err(mismatch(format!(
            "the order {order:?} of {rank} axes, expected each once"
        )));
    }
    let sizes = places.iter().filter_map(|at| input.0.get(*at).copied());
    Ok(Shape(sizes.collect()))
}

/// Two axes in each other's place.
pub(super) fn swapped(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let one = axis(input, call.required(Name(1, &["axis1"]))?)?;
    let other = axis(input, call.required(Name(2, &["axis2"]))?)?;
    let mut sizes = input.0.clone();
    sizes.swap(one, other);
    Ok(vec![Shape(sizes)])
}

/// Axes taken out and put elsewhere.
pub(super) fn moved(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let sources: Axes = call.required(Name(1, &["source"]))?;
    let targets: Axes = call.required(Name(2, &["destination"]))?;
    let mut moves = Vec::new();
    for (from, to) in sources.0.iter().zip(&targets.0) {
        moves.push((axis(input, *to)?, axis(input, *from)?));
    }
    moves.sort_unstable();
    let mut order: Vec<usize> = (0..input.rank())
        .filter(|at| moves.iter().all(|(_, from)| from != at))
        .collect();
    for (to, from) in moves {
        order.insert(to.min(order.len()), from);
    }
    let sizes = order.into_iter().filter_map(|at| input.0.get(at).copied());
    Ok(vec![Shape(sizes.collect())])
}

/// Each axis several times over; with fewer factors than axes, the last ones.
pub(super) fn tiled(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let factors: Axes = call.required(Name(1, &["repeats", "multiples"]))?;
    let factors = factors.0.iter().map(|factor| u64::try_from(*factor));
    let mut factors: Vec<u64> = factors
        .collect::<Result<_, _>>()
        .map_err(|_| mismatch("a negative number of repetitions"))?;
    let mut sizes = input.0.clone();
    while sizes.len() < factors.len() {
        sizes.insert(0, Some(1));
    }
    while factors.len() < sizes.len() {
        factors.insert(0, 1);
    }
    let sizes = sizes.into_iter().zip(factors);
    let sizes = sizes.map(|(size, factor)| scaled(size, factor));
    Ok(vec![Shape(sizes.collect())])
}

/// Each element along an axis several times.
pub(super) fn repeated(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let times: Axes = call.required(Name(1, &["repeats"]))?;
    let mut shape = input.clone();
    let at = match call.read::<i64>(Name(2, &["axis"]))? {
        Some(along) => axis(input, along)?,
        None => {
            shape = Shape(vec![product(&input.0)?]);
            0
        }
    };
    let times: Option<Vec<u64>> = times.0.iter().map(|it| u64::try_from(*it).ok()).collect();
    if let Some(size) = shape.0.get_mut(at) {
        *size = match times.as_deref() {
            Some([all]) => scaled(*size, *all),
            Some(each) => each.iter().try_fold(0_u64, |sum, it| sum.checked_add(*it)),
            None => return Err(mismatch("a negative number of repetitions")),
        };
    }
    Ok(vec![shape])
}

/// A new axis of classes.
pub(super) fn one_hot(call: &Call<'_>) -> Result<Vec<Shape>> {
    let classes: u64 = call.required(Name(1, &["num_classes", "depth"]))?;
    let along: i64 = call.read(Name(4, &["axis"]))?.unwrap_or(-1);
    let mut sizes = call.input()?.0.clone();
    let at = place(along, sizes.len().saturating_add(1))?;
    sizes.insert(at.min(sizes.len()), Some(classes));
    Ok(vec![Shape(sizes)])
}

/// Tensors one after the other along an axis.
pub(super) fn concatenated(call: &Call<'_>) -> Result<Vec<Shape>> {
    let along: i64 = call.read(AXIS)?.unwrap_or(0);
    let unknown = match call.is_keras3 {
        true => Unknown::Kept,
        false => Unknown::Resolved,
    };
    merging::concatenated(call.list()?, along, unknown).map(|shape| vec![shape])
}

/// Tensors of one shape along a new axis.
pub(super) fn stacked(call: &Call<'_>) -> Result<Vec<Shape>> {
    let along: i64 = call.read(AXIS)?.unwrap_or(0);
    stack(call.list()?, along).map(|shape| vec![shape])
}

pub(super) fn stack(tensors: &[Shape], along: i64) -> Result<Shape> {
    let Some((first, rest)) = tensors.split_first() else {
        return Err(mismatch("no tensors to stack"));
    };
    let mut sizes = first.0.clone();
    for other in rest {
        if other.rank() != first.rank() {
            return Err(mismatch(format!(
                "tensors of shapes {first} and {other}, expected one shape"
            )));
        }
        for (size, other) in sizes.iter_mut().zip(&other.0) {
            *size = size.or(*other);
        }
    }
    let at = place(along, sizes.len().saturating_add(1))?;
    sizes.insert(at.min(sizes.len()), u64::try_from(tensors.len()).ok());
    Ok(Shape(sizes))
}

/// Several parts along an axis.
pub(super) fn split(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let parts = Name(1, &["indices_or_sections", "num_or_size_splits"]);
    let along: i64 = call.read(Name(2, &["axis"]))?.unwrap_or(0);
    let at = axis(input, along)?;
    let size = input.0.get(at).copied().flatten();
    let part = |size: Size| {
        let mut shape = input.clone();
        if let Some(place) = shape.0.get_mut(at) {
            *place = size;
        }
        shape
    };
    if let Some(count) = call.value(parts)?.and_then(Value::as_u64) {
        let each = match size {
            Some(size) if size.checked_rem(count) == Some(0) => Some(size / count),
            None if count > 0 => None,
            _ => return Err(mismatch(format!("{count} parts of {input}"))),
        };
        let count = usize::try_from(count)
            .ok()
            .filter(|count| *count <= MOST_PARTS);
        let count = count.ok_or_else(|| unsupported("too many parts"))?;
        return Ok(vec![part(each); count]);
    }
    let given: Vec<u64> = call.required(parts)?;
    if !call.is_keras3 {
        return Ok(given.into_iter().map(|size| part(Some(size))).collect());
    }
    // Keras 3 says where parts begin.
    let ends = given.iter().copied().map(Some).chain([size]);
    let begins = [0].into_iter().chain(given.iter().copied());
    let sizes = begins.zip(ends);
    let sizes = sizes.map(|(begin, end)| end.map(|end| end.saturating_sub(begin)));
    Ok(sizes.map(part).collect())
}

/// Of a call that gives more tensors than this, nothing is said.
const MOST_PARTS: usize = 4096;

/// Each index of an axis as a tensor.
pub(super) fn unstacked(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let along: i64 = call.read(Name(2, &["axis"]))?.unwrap_or(0);
    let at = axis(input, along)?;
    let size = input.0.get(at).copied().flatten();
    let given: Option<u64> = call.read(Name(1, &["num"]))?;
    let count = size.or(given).and_then(|size| usize::try_from(size).ok());
    let count = count.filter(|count| *count <= MOST_PARTS);
    let count = count.ok_or_else(|| unsupported("how many tensors there are is not known"))?;
    let mut sizes = input.0.clone();
    sizes.remove(at);
    Ok(vec![Shape(sizes); count])
}

/// How many axes in front are common to the elements and their indices.
pub(super) const BATCH: Name = Name(9, &["batch_dims"]);

/// The shape of indices, which may be written down.
fn indices(call: &Call<'_>) -> Result<Shape> {
    let indices = match call.inputs.operand(1, "indices") {
        Some(Operand::Tensor(shape)) => Some(shape.clone()),
        Some(Operand::Value(value)) => constant_shape(value),
        None => None,
    };
    indices.ok_or_else(|| unsupported("indices that are not written down"))
}

/// The elements at given indices along an axis.
pub(super) fn taken(call: &Call<'_>) -> Result<Vec<Shape>> {
    let batch: u64 = call.read(BATCH)?.unwrap_or(0);
    let batch = usize::try_from(batch).unwrap_or(usize::MAX);
    let indices = indices(call)?;
    let input = call.input()?;
    let along: Option<i64> = call.read(Name(2, &["axis"]))?;
    let otherwise = i64::try_from(batch).unwrap_or(i64::MAX);
    let Some(along) = along.or((!call.is_keras3).then_some(otherwise)) else {
        return Ok(vec![indices]);
    };
    let at = axis(input, along)?;
    let Some(own) = indices.0.get(batch..).filter(|_| batch <= at) else {
        return Err(mismatch(format!(
            "{batch} axes in front of axis {at} of an input of shape {input}, for indices of shape \
             {indices}"
        )));
    };
    let mut sizes = input.0.clone();
    sizes.splice(at..=at, own.iter().copied());
    Ok(vec![Shape(sizes)])
}

/// The parts at places that the last axis of the indices names.
pub(super) fn taken_each(call: &Call<'_>) -> Result<Vec<Shape>> {
    let (indices, input) = (indices(call)?, call.input()?);
    let Some((last, front)) = indices.0.split_last() else {
        return Err(mismatch("indices without an axis"));
    };
    let count = last.and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or_else(|| unsupported("indices of how many axes is not known"))?;
    let Some(rest) = input.0.get(count..) else {
        return Err(mismatch(format!(
            "indices of {count} axes for an input of shape {input}"
        )));
    };
    Ok(vec![Shape([front, rest].concat())])
}

/// Repeated along axes of size 1 to a shape.
pub(super) fn stretched(call: &Call<'_>) -> Result<Vec<Shape>> {
    const SHAPE: Name = Name(1, &["shape"]);
    let target = match call.mixed(SHAPE) {
        Some(list) => {
            let size = |it: &Option<Value>| it.as_ref().and_then(Value::as_u64);
            list.iter().map(size).collect()
        }
        None => {
            let sizes: Vec<u64> = call.required(SHAPE)?;
            sizes.into_iter().map(Some).collect::<Vec<Size>>()
        }
    };
    let input = call.input()?;
    merging::broadcast(&input.0, &target, Unknown::Resolved)?;
    Ok(vec![Shape(target)])
}

pub(super) const TOP_COUNT: Name = Name(1, &["k"]);

/// The largest elements along the last axis, and their places.
pub(super) fn largest(call: &Call<'_>) -> Result<Vec<Shape>> {
    let count: u64 = call.read(TOP_COUNT)?.unwrap_or(1);
    let mut shape = shape::at_least(call.input()?, 1)?.clone();
    if let Some(last) = shape.0.last_mut() {
        *last = Some(count);
    }
    Ok(vec![shape.clone(), shape])
}

/// The side of a block of an image.
pub(super) const BLOCK: Name = Name(1, &["block_size"]);

/// An image with blocks in the place of channels: the input's shape and the side of a block.
fn blocks<'c>(call: &Call<'c>) -> Result<(&'c [Size; 4], u64)> {
    let (input, side) = (call.inputs.first()?, call.required::<u64>(BLOCK)?);
    match <&[Size; 4]>::try_from(input.0.as_slice()) {
        Ok(sizes) if side > 0 => Ok((sizes, side)),
        _ => Err(mismatch(format!(
            "an input of shape {input} and blocks of side {side}"
        ))),
    }
}

/// Channels spread over blocks of an image.
pub(super) fn spread(call: &Call<'_>) -> Result<Vec<Shape>> {
    let ([batch, height, width, channels], side) = blocks(call)?;
    let channels = channels.map(|count| count / side.saturating_mul(side));
    let (height, width) = (scaled(*height, side), scaled(*width, side));
    Ok(vec![Shape(vec![*batch, height, width, channels])])
}

/// Blocks of an image folded into channels.
pub(super) fn folded(call: &Call<'_>) -> Result<Vec<Shape>> {
    let ([batch, height, width, channels], side) = blocks(call)?;
    let part = |size: &Size| size.map(|size| size / side);
    let channels = scaled(*channels, side.saturating_mul(side));
    Ok(vec![Shape(vec![
        *batch,
        part(height),
        part(width),
        channels,
    ])])
}

/// More elements at both ends of axes.
pub(super) fn padded(call: &Call<'_>) -> Result<Vec<Shape>> {
    let borders: Vec<Vec<u64>> = call.required(Name(1, &["pad_width", "paddings"]))?;
    pad(call.input()?, &borders).map(|shape| vec![shape])
}

pub(super) fn pad(input: &Shape, borders: &[Vec<u64>]) -> Result<Shape> {
    // One pair is for all axes.
    let each = match borders {
        [only] => vec![only.clone(); input.rank()],
        several => several.to_vec(),
    };
    if each.len() != input.rank() {
        let count = each.len();
        return Err(mismatch(format!(
            "borders of {count} axes for an input of shape {input}"
        )));
    }
    let sizes = input.0.iter().zip(each);
    let sizes = sizes.map(|(size, borders)| {
        let sum = |size: u64| {
            borders
                .iter()
                .try_fold(size, |sum, it| sum.checked_add(*it))
        };
        size.and_then(sum)
    });
    Ok(Shape(sizes.collect()))
}

/// The sizes of a tensor, as a tensor.
pub(super) fn shape(call: &Call<'_>) -> Result<Vec<Shape>> {
    Ok(vec![Shape(vec![u64::try_from(call.input()?.rank()).ok()])])
}

const DATA_FORMAT: Name = Name(9, &["data_format"]);

/// Where the channels are; TensorFlow spells all axes.
fn format(call: &Call<'_>) -> Result<DataFormat> {
    let word: Option<String> = call.read(DATA_FORMAT)?;
    Ok(match word.as_deref() {
        Some(word) if word.starts_with("NC") || word == "channels_first" => {
            DataFormat::ChannelsFirst
        }
        _ => DataFormat::ChannelsLast,
    })
}

pub(super) const KSIZE: Name = Name(1, &["pool_size", "ksize"]);
pub(super) const STRIDES: Name = Name(2, &["strides"]);
pub(super) const PADDING: Name = Name(3, &["padding"]);

/// Sizes of a window over all axes but batch and channels.
pub(super) fn in_window(call: &Call<'_>, name: Name) -> Result<Option<Vec<u64>>> {
    let (input, format) = (call.input()?, format(call)?);
    let rank = input.rank().saturating_sub(2);
    let Some(value) = call.value(name)? else {
        return Ok(None);
    };
    let given = u64::read(value)
        .map(|size| vec![size])
        .or_else(|| Vec::read(value));
    let given = given.ok_or_else(|| unsupported("a window without a size"))?;
    match given.as_slice() {
        [all] => Ok(Some(vec![*all; rank])),
        // With the axes of batch and channels.
        all if all.len() == input.rank() => {
            let sizes = all.iter().skip(shape::first_spatial(format)).take(rank);
            Ok(Some(sizes.copied().collect()))
        }
        each if each.len() == rank => Ok(Some(given)),
        _ => Err(mismatch(format!("a window {given:?} on {input}"))),
    }
}

/// Windows over all axes but batch and channels.
pub(super) fn pooled(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let format = format(call)?;
    let window = in_window(call, KSIZE)?;
    let window = window.ok_or_else(|| unsupported("a window without a size"))?;
    let strides = in_window(call, STRIDES)?.unwrap_or_else(|| window.clone());
    let padding: String = call.required(PADDING)?;
    let padding = match padding.to_lowercase().as_str() {
        "same" => Padding::Same,
        _ => Padding::Valid,
    };
    let found = shape::spatial(input, format, input.rank().saturating_sub(2));
    let places = found.into_iter().zip(window).zip(strides);
    let places: Vec<Size> = places
        .map(|((size, window), stride)| windows(size, window, padding, stride, 1))
        .collect::<Result<_>>()?;
    Ok(vec![shape::with_spatial(input, format, &places, None)])
}

/// An image of another height and width.
pub(super) fn resized(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = shape::at_least(call.input()?, 3)?;
    let size: Vec<u64> = call.required(Name(1, &["size"]))?;
    let [height, width] = size.as_slice() else {
        return Err(mismatch(format!("a size {size:?}, expected two numbers")));
    };
    let channels = match format(call)? {
        DataFormat::ChannelsLast => 1,
        DataFormat::ChannelsFirst => 0,
    };
    let mut sizes = input.0.clone();
    let places = sizes.iter_mut().rev().skip(channels);
    for (place, size) in places.zip([width, height]) {
        *place = Some(*size);
    }
    Ok(vec![Shape(sizes)])
}
