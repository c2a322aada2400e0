//! Axes that come, go, move or change their size.

use serde_json::Value;

use super::{Name, Recorded, slicing, small};
use crate::error::Result;
use crate::graph::{Constant, Edge};
use crate::layers::Axes;
use crate::layers::lower::{Interpolation, numbers, resize};
use crate::layers::operation::{AXIS, unsupported};
use crate::proto::tensorflow::DataType;

/// What the function of that name gives; none for names of others.
pub(super) fn of(name: &str, r: &mut Recorded<'_, '_>) -> Option<Result<Vec<Edge>>> {
    let one = match name {
        "split" => return Some(split(r)),
        "unstack" => return Some(unstack(r)),
        "cumsum" => cumulated(r),
        "concat" => concat(r),
        "expand_dims" => expand_dims(r),
        "gather" => gather(r),
        "getitem" => slicing::sliced(r),
        "one_hot" => one_hot(r),
        "pad" => pad(r),
        "reshape" => reshape(r),
        "reverse" => reverse(r),
        "roll" => roll(r),
        "shape" => shape(r),
        "squeeze" => squeeze(r),
        "stack" => stack(r),
        "tile" => tile(r),
        "transpose" => transpose(r),
        _ => return None,
    };
    Some(one.map(|y| vec![y]))
}

/// Numbers of an argument, which may have been computed.
fn whole(r: &mut Recorded<'_, '_>, name: Name) -> Result<Edge> {
    r.operand(name, DataType::DT_INT32)
}

fn concat(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (values, axis) = (r.list()?, r.axis(AXIS, 0)?);
    match values {
        [only] => Ok(only.clone()),
        values => r.f().concat(values, axis),
    }
}

fn stack(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (values, axis) = (r.list()?, r.axis(AXIS, 0)?);
    let pack = r.f().op("Pack").list(values);
    pack.attr("axis", i64::from(axis)).one()
}

fn expand_dims(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, axis) = (r.x()?, r.required::<i64>(AXIS)?);
    r.f().expand_dims(x, small(axis)?)
}

fn squeeze(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let axes: Option<Axes> = r.read(Name(1, &["axis", "squeeze_dims"]))?;
    r.f()
        .squeeze(x, &axes.map(|axes| axes.0).unwrap_or_default())
}

fn reshape(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let shape = whole(r, Name(1, &["shape", "newshape"]))?;
    r.f().reshape_to(x, &shape)
}

fn transpose(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, rank) = (r.x()?, r.shape()?.rank());
    r.refuse(Name(3, &["conjugate"]), &[Value::Bool(false)])?;
    let order: Vec<i32> = match r.read::<Axes>(Name(1, &["perm"]))? {
        Some(order) => order.0.into_iter().map(small).collect::<Result<_>>()?,
        None => (0_i32..)
            .take(rank)
            .collect::<Vec<i32>>()
            .into_iter()
            .rev()
            .collect(),
    };
    r.f().transpose(x, &order)
}

fn tile(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let counts = whole(r, Name(1, &["multiples"]))?;
    r.f().op("Tile").input(x).input(&counts).one()
}

fn pad(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let borders = whole(r, Name(1, &["paddings"]))?;
    let mode: Option<String> = r.read(Name(2, &["mode"]))?;
    let mode = mode.unwrap_or_else(|| "CONSTANT".to_owned()).to_uppercase();
    if mode != "CONSTANT" {
        let pad = r.f().op("MirrorPad").input(x).input(&borders);
        return pad.attr("mode", mode.as_str()).one();
    }
    let value = Name(4, &["constant_values"]);
    let is_zero = r.tensor(value).is_none() && r.read::<f64>(value)?.unwrap_or(0.0) == 0.0;
    if is_zero {
        return r.f().op("Pad").input(x).input(&borders).one();
    }
    let value = r.operand(value, x.dtype())?;
    r.f()
        .op("PadV2")
        .input(x)
        .input(&borders)
        .input(&value)
        .one()
}

fn gather(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let indices = whole(r, Name(1, &["indices"]))?;
    let axis = r.axis(Name(4, &["axis"]), 0)?;
    r.refuse(Name(5, &["batch_dims"]), &[Value::from(0)])?;
    let axis = r.f().constant(axis);
    let gather = r.f().op("GatherV2").input(x).input(&indices);
    gather.input(&axis).one()
}

fn shape(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let dtype = match r.dtype(Name(1, &["out_type"]))? {
        Some(dtype) => dtype,
        None => r
            .dtype(Name(2, &["out_type"]))?
            .unwrap_or(DataType::DT_INT32),
    };
    r.f().op("Shape").input(x).attr("out_type", dtype).one()
}

fn one_hot(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let depth = whole(r, Name(1, &["depth"]))?;
    let dtype = r.dtype(Name(5, &["dtype"]))?.unwrap_or(DataType::DT_FLOAT);
    let axis = r.axis(Name(4, &["axis"]), -1)?;
    let number = |name: Name, usual: f64| match r.read::<f64>(name)? {
        Some(given) => Constant::scalar(dtype, given),
        None => Constant::scalar(dtype, usual),
    };
    let on = number(Name(2, &["on_value"]), 1.0)?;
    let off = number(Name(3, &["off_value"]), 0.0)?;
    let (on, off) = (r.f().constant(on), r.f().constant(off));
    let one_hot = r.f().op("OneHot").input(x).input(&depth);
    let one_hot = one_hot.input(&on).input(&off);
    one_hot.attr("axis", i64::from(axis)).one()
}

const PARTS: Name = Name(1, &["num_or_size_splits"]);

fn split(r: &mut Recorded<'_, '_>) -> Result<Vec<Edge>> {
    let (x, axis) = (r.x()?, r.axis(Name(2, &["axis"]), 0)?);
    let parts: Value = r.required(PARTS)?;
    if let Some(count) = parts.as_i64() {
        return r.f().split(x, axis, count);
    }
    let count = parts.as_array().map(Vec::len).unwrap_or_default();
    let sizes = numbers(r.f(), &parts, DataType::DT_INT32)?;
    let axis = r.f().constant(axis);
    let split = r.f().op("SplitV").input(x).input(&sizes).input(&axis);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    split.attr("num_split", count).all()
}

fn unstack(r: &mut Recorded<'_, '_>) -> Result<Vec<Edge>> {
    let (x, axis) = (r.x()?, r.axis(Name(2, &["axis"]), 0)?);
    let at = crate::layers::shape::axis(r.shape()?, axis.into())?;
    let size = r.shape()?.0.get(at).copied().flatten();
    let given: Option<u64> = r.read(Name(1, &["num"]))?;
    let count = size.or(given).and_then(|size| i64::try_from(size).ok());
    let count = count.ok_or_else(|| unsupported("how many tensors there are is not known"))?;
    let unpack = r.f().op("Unpack").input(x).attr("num", count);
    unpack.attr("axis", i64::from(axis)).all()
}

fn cumulated(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, axis) = (r.x()?, r.axis(AXIS, 0)?);
    let exclusive = r.flag(Name(2, &["exclusive"]))?;
    let reverse = r.flag(Name(3, &["reverse"]))?;
    let axis = r.f().constant(axis);
    let sum = r.f().op("Cumsum").input(x).input(&axis);
    sum.attr("exclusive", exclusive)
        .attr("reverse", reverse)
        .one()
}

fn reverse(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, axes) = (r.x()?, r.axes(AXIS)?);
    let axes = r.f().constant(axes);
    r.f().op("ReverseV2").input(x).input(&axes).one()
}

fn roll(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let shift = whole(r, Name(1, &["shift"]))?;
    let axis = whole(r, Name(2, &["axis"]))?;
    r.f().op("Roll").input(x).input(&shift).input(&axis).one()
}

/// Images in another size.
pub(super) fn resized(r: &mut Recorded<'_, '_>) -> Result<Vec<Edge>> {
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
    Ok(vec![match is_one {
        true => r.f().squeeze(&resized, &[0])?,
        false => resized,
    }])
}
