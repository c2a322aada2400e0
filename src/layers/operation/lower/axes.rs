//! Axes that come, go, move or change their size.

use serde_json::Value;

use super::{Name, Recorded, slicing, small};
use crate::error::Result;
use crate::graph::{Constant, Edge};
use crate::layers::Axes;
use crate::layers::lower::numbers;
use crate::layers::operation::axes::{BATCH, TOP_COUNT};
use crate::layers::operation::{AXIS, unsupported};
use crate::layers::shape::mismatch;
use crate::proto::tensorflow::DataType;

/// What adds the operations of a function that gives one tensor.
type Lowering = fn(&mut Recorded<'_, '_>) -> Result<Edge>;

const OF_ONE: &[(&str, Lowering)] = &[
    ("broadcast_to", broadcast_to),
    ("concat", concat),
    ("cumprod", |r| cumulated(r, "Cumprod")),
    ("cumsum", |r| cumulated(r, "Cumsum")),
    ("expand_dims", expand_dims),
    ("gather", gather),
    ("gather_nd", gather_nd),
    ("getitem", slicing::sliced),
    ("one_hot", one_hot),
    ("pad", pad),
    ("rank", |r| {
        r.x().and_then(|x| r.f().op("Rank").input(x).one())
    }),
    ("repeat", repeat),
    ("reshape", reshape),
    ("reverse", reverse),
    ("roll", roll),
    ("shape", shape),
    ("slice", slice),
    ("squeeze", squeeze),
    ("stack", stack),
    ("tile", tile),
    ("transpose", transpose),
];

/// What adds the operations of a function that gives several tensors.
type LoweringOfSeveral = fn(&mut Recorded<'_, '_>) -> Result<Vec<Edge>>;

const OF_SEVERAL: &[(&str, LoweringOfSeveral)] =
    &[("split", split), ("top_k", top_k), ("unstack", unstack)];

/// The names of all functions.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let several = OF_SEVERAL.iter().map(|(name, _)| *name);
    OF_ONE.iter().map(|(name, _)| *name).chain(several)
}

/// What the function of that name gives; none for names of others.
pub(super) fn of(name: &str, r: &mut Recorded<'_, '_>) -> Option<Result<Vec<Edge>>> {
    if let Some((_, lower)) = OF_ONE.iter().find(|(function, _)| *function == name) {
        return Some(lower(r).map(|y| vec![y]));
    }
    let (_, lower) = OF_SEVERAL.iter().find(|(function, _)| *function == name)?;
    Some(lower(r))
}

/// Numbers of an argument, which may have been computed.
pub(super) fn whole(r: &mut Recorded<'_, '_>, name: Name) -> Result<Edge> {
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
    let batch: i64 = r.read(BATCH)?.unwrap_or(0);
    let axis = r.axis(Name(4, &["axis"]), small(batch)?)?;
    let axis = r.f().constant(axis);
    let gather = r.f().op("GatherV2").input(x).input(&indices);
    gather.input(&axis).attr("batch_dims", batch).one()
}

fn gather_nd(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    r.refuse(Name(2, BATCH.1), &[Value::from(0)])?;
    let indices = whole(r, Name(1, &["indices"]))?;
    r.f().op("GatherNd").input(x).input(&indices).one()
}

fn broadcast_to(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let shape = whole(r, Name(1, &["shape"]))?;
    r.f().op("BroadcastTo").input(x).input(&shape).one()
}

fn slice(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let begin = whole(r, Name(1, &["begin"]))?;
    let size = whole(r, Name(2, &["size"]))?;
    r.f().op("Slice").input(x).input(&begin).input(&size).one()
}

/// The elements along an axis by their places, each several times.
fn repeat(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let along = r.required::<i64>(Name(2, &["axis"]))?;
    let at = crate::layers::shape::axis(r.shape()?, along)?;
    let size = r.shape()?.0.get(at).copied().flatten();
    let size = size.ok_or_else(|| unsupported("an axis whose size is not known"))?;
    let times: Axes = r.required(Name(1, &["repeats"]))?;
    let times: Vec<usize> = (times.0.iter())
        .map(|it| usize::try_from(*it).map_err(|_| mismatch("a negative number of repetitions")))
        .collect::<Result<_>>()?;
    let each = match times.as_slice() {
        [all] => vec![*all; usize::try_from(size.min(MOST_PLACES)).unwrap_or_default()],
        _ => times,
    };
    let count = each
        .iter()
        .try_fold(0_usize, |sum, it| sum.checked_add(*it));
    let is_small = |count: usize| u64::try_from(count).is_ok_and(|count| count <= MOST_PLACES);
    if size > MOST_PLACES || !count.is_some_and(is_small) {
        return Err(unsupported(format!(
            "more than {MOST_PLACES} elements along an axis"
        )));
    }
    let places = (0_i32..).zip(each);
    let places: Vec<i32> = places
        .flat_map(|(place, times)| std::iter::repeat_n(place, times))
        .collect();
    let places = r.f().constant(places);
    let axis = r.f().constant(small(along)?);
    let gather = r.f().op("GatherV2").input(x).input(&places);
    gather.input(&axis).one()
}

/// An axis that is longer is not repeated element by element.
const MOST_PLACES: u64 = 1 << 20;

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

/// The largest elements along the last axis, and their places.
fn top_k(r: &mut Recorded<'_, '_>) -> Result<Vec<Edge>> {
    let x = r.x()?;
    let count: i64 = r.read(TOP_COUNT)?.unwrap_or(1);
    let is_sorted: bool = r.read(Name(2, &["sorted"]))?.unwrap_or(true);
    let count = r.f().constant(small(count)?);
    let top = r.f().op("TopKV2").input(x).input(&count);
    top.attr("sorted", is_sorted).all()
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

fn cumulated(r: &mut Recorded<'_, '_>, op: &str) -> Result<Edge> {
    let (x, axis) = (r.x()?, r.axis(AXIS, 0)?);
    let exclusive = r.flag(Name(2, &["exclusive"]))?;
    let reverse = r.flag(Name(3, &["reverse"]))?;
    let axis = r.f().constant(axis);
    let sum = r.f().op(op).input(x).input(&axis);
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
