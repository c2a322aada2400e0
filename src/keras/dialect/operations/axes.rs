//! Axes that come, go, move or change their size.

use serde_json::{Value, json};

use super::expansion::{Expansion, Operand, Sizes, like, with_sizes};
use super::promotion::is_integer;
use super::{ONE, Row};
use crate::error::Result;

const LIST: &[&str] = &["xs"];

pub(super) const ROWS: &[Row] = &[
    Row("Append", &["x1", "x2"], appended),
    Row("BroadcastTo", ONE, |e| {
        let x = e.operand("x")?;
        let shape = e.integers("shape")?;
        let shape = shape.ok_or_else(|| e.refused("a shape that is not known"))?;
        Ok(e.call(
            "broadcast_to",
            &x,
            &[("shape", json!(shape).into())],
            x.dtype(),
        ))
    }),
    Row("Concatenate", LIST, |e| {
        let tensors = e.list("xs")?;
        let axis = e.integer("axis")?.unwrap_or(0);
        joined(e, tensors, "concat", axis)
    }),
    Row("Dstack", LIST, depth_wise),
    Row("ExpandDims", ONE, expanded),
    Row("Flip", ONE, |e| {
        let rank = rank_of(e, "x")?;
        let axes = match e.integers("axis")? {
            Some(axes) => axes.into_iter().map(|axis| e.axis(axis, rank)).collect(),
            None => Ok((0..rank).collect::<Vec<usize>>()),
        };
        reversed(e, &axes?)
    }),
    Row("Fliplr", ONE, |e| reversed(e, &[1])),
    Row("Flipud", ONE, |e| reversed(e, &[0])),
    Row("GetItem", &["x", "key"], item),
    Row("Hstack", LIST, |e| {
        let tensors = e.list("xs")?;
        let rank = match tensors.first() {
            Some(first) => e.rank(first)?,
            None => 0,
        };
        joined(e, tensors, "concat", i64::from(rank != 1))
    }),
    Row("Moveaxis", ONE, moved),
    Row("OneHot", ONE, one_hot),
    Row("Pad", &["x", "constant_values"], padded),
    Row("Ravel", ONE, |e| {
        let x = e.operand("x")?;
        Ok(reshaped_to(e, &x, &json!([-1])))
    }),
    Row("Repeat", ONE, repeated),
    Row("Reshape", ONE, reshaped),
    Row("Roll", ONE, rolled),
    Row("Slice", &["inputs", "start_indices"], |e| {
        let x = e.operand("inputs")?;
        let begin = e.operand("start_indices")?;
        let size = e.integers("shape")?;
        let size = size.ok_or_else(|| e.refused("sizes that are not known"))?;
        let others = [("begin", begin), ("size", json!(size).into())];
        Ok(e.call("slice", &x, &others, x.dtype()))
    }),
    Row("Split", ONE, split),
    Row("Squeeze", ONE, |e| {
        let x = e.operand("x")?;
        let axes = match e.integers("axis")? {
            Some(axes) => json!(axes),
            None => Value::Null,
        };
        Ok(e.call("squeeze", &x, &[("axis", axes.into())], x.dtype()))
    }),
    Row("Stack", ONE, |e| {
        let tensors = e.list("x")?;
        let axis = e.integer("axis")?.unwrap_or(0);
        joined(e, tensors, "stack", axis)
    }),
    Row("Swapaxes", ONE, |e| {
        let x = e.operand("x")?;
        let rank = e.rank(&x)?;
        let axis = |name: &str| e.axis(e.integer(name)?.unwrap_or(0), rank);
        let (one, other) = (axis("axis1")?, axis("axis2")?);
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(one, other);
        Ok(in_order(e, &x, &order))
    }),
    Row("Take", &["x", "indices"], taken),
    Row("TakeAlongAxis", &["x", "indices"], taken_along),
    Row("Tile", ONE, tiled),
    Row("Transpose", ONE, |e| {
        let x = e.operand("x")?;
        let rank = e.rank(&x)?;
        let order: Result<Vec<usize>> = match e.integers("axes")? {
            Some(axes) if !axes.is_empty() => {
                axes.into_iter().map(|axis| e.axis(axis, rank)).collect()
            }
            _ => Ok((0..rank).rev().collect()),
        };
        let order = order?;
        Ok(in_order(e, &x, &order))
    }),
    Row("Unstack", ONE, unstacked),
    Row("Vstack", LIST, |e| {
        let tensors = e.list("xs")?;
        joined(e, tensors, "concat", 0)
    }),
];

fn rank_of(e: &mut Expansion<'_>, name: &str) -> Result<usize> {
    let x = e.operand(name)?;
    e.rank(&x)
}

/// The same elements in other axes.
pub(super) fn reshaped_to(e: &mut Expansion<'_>, x: &Operand, shape: &Value) -> Operand {
    let y = e.call("reshape", x, &[("shape", shape.clone().into())], x.dtype());
    let sizes = shape.as_array().into_iter().flatten().map(Value::as_u64);
    with_sizes(y, Some(sizes.collect()))
}

/// Axes in another order.
pub(super) fn in_order(e: &mut Expansion<'_>, x: &Operand, order: &[usize]) -> Operand {
    if order.iter().copied().eq(0..order.len()) {
        return x.clone();
    }
    let y = e.call("transpose", x, &[("perm", json!(order).into())], x.dtype());
    let sizes = x.sizes().map(|sizes| {
        let moved = order.iter().map(|at| sizes.get(*at).copied().flatten());
        moved.collect::<Sizes>()
    });
    with_sizes(y, sizes)
}

/// A new axis of size 1.
pub(super) fn with_axis(e: &mut Expansion<'_>, x: &Operand, axis: usize) -> Operand {
    let y = e.call("expand_dims", x, &[("axis", json!(axis).into())], x.dtype());
    let sizes = x.sizes().map(|mut sizes| {
        sizes.insert(axis.min(sizes.len()), Some(1));
        sizes
    });
    with_sizes(y, sizes)
}

/// Tensors of one type put together.
fn joined(
    e: &mut Expansion<'_>,
    tensors: Vec<Operand>,
    function: &'static str,
    axis: i64,
) -> Result<Operand> {
    if tensors.is_empty() || !tensors.iter().all(Operand::is_tensor) {
        return Err(e.refused("a list that has constants, or nothing"));
    }
    let dtype = e.promoted(&tensors.iter().collect::<Vec<_>>(), &[])?;
    let tensors = e.cast(Operand::List(tensors), dtype);
    Ok(e.call(function, &tensors, &[("axis", json!(axis).into())], dtype))
}

fn appended(e: &mut Expansion<'_>) -> Result<Operand> {
    let tensors = vec![e.operand("x1")?, e.operand("x2")?];
    if let Some(axis) = e.integer("axis")? {
        return joined(e, tensors, "concat", axis);
    }
    let tensors = tensors.iter().map(|x| reshaped_to(e, x, &json!([-1])));
    let tensors = tensors.collect();
    joined(e, tensors, "concat", 0)
}

fn depth_wise(e: &mut Expansion<'_>) -> Result<Operand> {
    let mut tensors = Vec::new();
    for x in e.list("xs")? {
        tensors.push(match e.rank(&x)? {
            2 => with_axis(e, &x, 2),
            rank if rank >= 3 => x,
            rank => return Err(e.refused(&format!("tensors of {rank} axes"))),
        });
    }
    joined(e, tensors, "concat", 2)
}

fn expanded(e: &mut Expansion<'_>) -> Result<Operand> {
    let mut x = e.operand("x")?;
    let axes = e.integers("axis")?;
    let axes = axes.ok_or_else(|| e.refused("no `axis`"))?;
    let rank = e.rank(&x)?.saturating_add(axes.len());
    let places: Result<Vec<usize>> = axes.iter().map(|axis| e.axis(*axis, rank)).collect();
    let mut places = places?;
    places.sort_unstable();
    for axis in places {
        x = with_axis(e, &x, axis);
    }
    Ok(x)
}

fn reversed(e: &mut Expansion<'_>, axes: &[usize]) -> Result<Operand> {
    let x = e.operand("x")?;
    let y = e.call("reverse", &x, &[("axis", json!(axes).into())], x.dtype());
    Ok(like(y, &x))
}

/// `x[…]`. A slice is an object of its own in Keras 3.
fn item(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let key = e.setting("key")?;
    // Null is a new axis.
    let parts = match key {
        Some(Value::Array(parts)) => parts,
        other => vec![other.unwrap_or(Value::Null)],
    };
    let parts = parts.into_iter().map(|part| match &part {
        Value::Null => Ok(part),
        Value::Number(number) if number.is_i64() => Ok(part),
        Value::Object(object) => match object.get("class_name").and_then(Value::as_str) {
            Some("__slice__") => Ok(object.get("config").cloned().unwrap_or_default()),
            Some("__ellipsis__") => Ok(json!({"class_name": "__ellipsis__"})),
            _ => Err(e.refused("indices that are computed")),
        },
        _ => Err(e.refused(&format!("the index {part}"))),
    });
    let parts: Vec<Value> = parts.collect::<Result<_>>()?;
    let key = Operand::from(Value::Array(parts));
    Ok(e.call(
        "__operators__.getitem",
        &x,
        &[("slice_spec", key)],
        x.dtype(),
    ))
}

fn moved(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let rank = e.rank(&x)?;
    let places = |name: &str| -> Result<Vec<usize>> {
        let axes = e.integers(name)?.unwrap_or_default();
        axes.into_iter().map(|axis| e.axis(axis, rank)).collect()
    };
    let (from, to) = (places("source")?, places("destination")?);
    let mut order: Vec<usize> = (0..rank).filter(|at| !from.contains(at)).collect();
    let mut moves: Vec<(usize, usize)> = to.into_iter().zip(from).collect();
    moves.sort_unstable();
    for (to, from) in moves {
        order.insert(to.min(order.len()), from);
    }
    if order.len() != rank {
        return Err(e.refused("an axis that is moved twice"));
    }
    Ok(in_order(e, &x, &order))
}

fn one_hot(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let x = match x.dtype() {
        "int32" | "int64" | "uint8" => x,
        _ => e.cast(x, "int64"),
    };
    if e.flag("sparse")? {
        return Err(e.refused("`sparse`"));
    }
    let classes = e.integer("num_classes")?;
    let classes = classes.ok_or_else(|| e.refused("no `num_classes`"))?;
    let dtype = match e.setting("dtype")? {
        Some(dtype) => dtype.as_str().and_then(super::promotion::known),
        None => Some("float32"),
    };
    let dtype = dtype.ok_or_else(|| e.refused("a type of its own"))?;
    let written = if dtype == "bool" { "int32" } else { dtype };
    let others = [
        ("depth", json!(classes).into()),
        ("axis", json!(e.integer("axis")?.unwrap_or(-1)).into()),
        ("dtype", json!(written).into()),
    ];
    let hot = e.call("one_hot", &x, &others, written);
    Ok(e.cast(hot, dtype))
}

fn padded(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let rank = e.rank(&x)?;
    let width = e.setting("pad_width")?.unwrap_or_default();
    let pair = |pair: &Value| match pair {
        Value::Number(_) => json!([pair, pair]),
        other => other.clone(),
    };
    let width = match &width {
        Value::Number(_) => vec![pair(&width); rank],
        Value::Array(pairs) => match pairs.as_slice() {
            [Value::Number(_), Value::Number(_)] => vec![width.clone(); rank],
            [all] => vec![pair(all); rank],
            pairs => pairs.iter().map(pair).collect(),
        },
        other => return Err(e.refused(&format!("`pad_width` {other}"))),
    };
    let mode = e.setting("mode")?.unwrap_or_else(|| json!("constant"));
    let mode = mode.as_str().unwrap_or_default().to_uppercase();
    let mut others = vec![
        ("paddings", json!(width).into()),
        ("mode", json!(mode).into()),
    ];
    if let Some(value) = e.optional("constant_values")? {
        let value = e.cast(value, x.dtype());
        others.push(("constant_values", value));
    }
    Ok(e.call("pad", &x, &others, x.dtype()))
}

fn repeated(e: &mut Expansion<'_>) -> Result<Operand> {
    let mut x = e.operand("x")?;
    let times = e.setting("repeats")?.unwrap_or_default();
    e.integers("repeats")?;
    let axis = match e.integer("axis")? {
        Some(axis) => axis,
        None => {
            x = reshaped_to(e, &x, &json!([-1]));
            0
        }
    };
    let others = [("repeats", times.into()), ("axis", json!(axis).into())];
    Ok(e.call("repeat", &x, &others, x.dtype()))
}

/// A size that Keras 3 does not know when the model is made stands for what is left.
fn reshaped(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let shape = e.setting("newshape")?.unwrap_or_default();
    let shape = match &shape {
        Value::Array(sizes) => sizes.clone(),
        one => vec![one.clone()],
    };
    let sizes = shape.iter().map(|size| match size {
        Value::Null => Some(-1),
        size => size.as_i64(),
    });
    let sizes: Option<Vec<i64>> = sizes.collect();
    let sizes = sizes.filter(|sizes| sizes.iter().filter(|size| **size < 0).count() <= 1);
    let sizes = sizes.ok_or_else(|| e.refused("a shape of several unknown sizes"))?;
    Ok(reshaped_to(e, &x, &json!(sizes)))
}

fn rolled(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let shift = e.setting("shift")?.unwrap_or_default();
    e.integers("shift")?;
    if let Some(axis) = e.setting("axis")? {
        e.integers("axis")?;
        let others = [("shift", shift.into()), ("axis", axis.into())];
        return Ok(e.call("roll", &x, &others, x.dtype()));
    }
    let shape = static_shape(e, &x)?;
    let flat = reshaped_to(e, &x, &json!([-1]));
    let others = [("shift", shift.into()), ("axis", json!(0).into())];
    let rolled = e.call("roll", &flat, &others, x.dtype());
    Ok(reshaped_to(e, &rolled, &shape))
}

/// The shape of a tensor for a function to bring it back to.
pub(super) fn static_shape(e: &Expansion<'_>, x: &Operand) -> Result<Value> {
    let sizes = e.sizes(x)?;
    if sizes.iter().filter(|size| size.is_none()).count() > 1 {
        return Err(e.refused("several axes of unknown sizes"));
    }
    let sizes = sizes
        .iter()
        .map(|size| size.map_or(json!(-1), |size| json!(size)));
    Ok(sizes.collect())
}

/// Keras 3 says where parts begin, TensorFlow how long they are.
fn split(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let sizes = e.sizes(&x)?;
    let axis = e.axis(e.integer("axis")?.unwrap_or(0), sizes.len())?;
    let whole = sizes.get(axis).copied().flatten();
    let parts = e.setting("indices_or_sections")?.unwrap_or_default();
    let (parts, count) = match &parts {
        Value::Number(number) => (parts.clone(), number.as_u64()),
        _ => {
            let begins = e.integers("indices_or_sections")?.unwrap_or_default();
            let whole = whole.and_then(|whole| i64::try_from(whole).ok());
            let whole = whole.ok_or_else(|| e.refused("an axis of unknown size"))?;
            let ends = begins.iter().copied().chain([whole]);
            let starts = [0].into_iter().chain(begins.iter().copied());
            let sizes: Vec<i64> = ends.zip(starts).map(|(end, start)| end - start).collect();
            let count = u64::try_from(sizes.len()).ok();
            (json!(sizes), count)
        }
    };
    let others = [
        ("num_or_size_splits", parts.into()),
        ("axis", json!(axis).into()),
    ];
    let first = e.call("split", &x, &others, x.dtype());
    several(e, first, count)
}

fn unstacked(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let sizes = e.sizes(&x)?;
    let axis = e.axis(e.integer("axis")?.unwrap_or(0), sizes.len())?;
    let given = e
        .integer("num")?
        .and_then(|count| u64::try_from(count).ok());
    let count = sizes.get(axis).copied().flatten().or(given);
    let others = [("num", json!(given).into()), ("axis", json!(axis).into())];
    let first = e.call("unstack", &x, &others, x.dtype());
    several(e, first, count)
}

/// All the tensors that a function gives, by its first.
fn several(e: &Expansion<'_>, first: Operand, count: Option<u64>) -> Result<Operand> {
    let count = count.filter(|count| *count <= 4096);
    let (Operand::Tensor(first), Some(count)) = (first, count) else {
        return Err(e.refused("so many results, or nobody knows how many"));
    };
    let numbered = (0..count).map(|number| {
        let mut tensor = first.clone();
        tensor.number = number;
        Operand::Tensor(tensor)
    });
    Ok(Operand::List(numbered.collect()))
}

/// Places that may be counted from the end, of an axis of this size, as TensorFlow takes them.
fn from_front(e: &mut Expansion<'_>, indices: Operand, size: Option<u64>) -> Result<Operand> {
    let size = size.and_then(|size| i64::try_from(size).ok());
    match indices {
        Operand::Constant(value, dtype) => {
            let value = counted(&value, size);
            let value = value.ok_or_else(|| e.refused("places from the end of an unknown size"))?;
            Ok(Operand::Constant(value, dtype))
        }
        tensor => {
            if !is_integer(tensor.dtype()) {
                return Err(e.refused("places that are no integers"));
            }
            if tensor.dtype().starts_with("uint") {
                return Ok(e.cast(tensor, "int32"));
            }
            let size =
                size.ok_or_else(|| e.refused("computed places on an axis of unknown size"))?;
            let is_behind = e.test("math.less", &tensor, &json!(0).into());
            let shifted = e.add(&tensor, &json!(size).into());
            let places = e.choose(&is_behind, &shifted, &tensor);
            Ok(like(places, &tensor))
        }
    }
}

fn counted(value: &Value, size: Option<i64>) -> Option<Value> {
    match value {
        Value::Array(items) => items.iter().map(|item| counted(item, size)).collect(),
        value => match value.as_i64()? {
            place if place < 0 => Some(json!(place.checked_add(size?)?)),
            place => Some(json!(place)),
        },
    }
}

fn taken(e: &mut Expansion<'_>) -> Result<Operand> {
    let mut x = e.operand("x")?;
    let sizes = e.sizes(&x)?;
    let (axis, size) = match e.integer("axis")? {
        Some(axis) => {
            let axis = e.axis(axis, sizes.len())?;
            (axis, sizes.get(axis).copied().flatten())
        }
        None => {
            x = reshaped_to(e, &x, &json!([-1]));
            let all = sizes
                .iter()
                .try_fold(1_u64, |all, size| all.checked_mul((*size)?));
            (0, all)
        }
    };
    let indices = e.operand("indices")?;
    let indices = from_front(e, indices, size)?;
    if !x.is_tensor() {
        return Err(e.refused("a constant in place of a tensor"));
    }
    let others = [("indices", indices), ("axis", json!(axis).into())];
    Ok(e.call("gather", &x, &others, x.dtype()))
}

/// An element for each index, in the same place but along one axis.
fn taken_along(e: &mut Expansion<'_>) -> Result<Operand> {
    let (x, indices) = (e.operand("x")?, e.operand("indices")?);
    let (sizes, places) = (e.sizes(&x)?, e.sizes(&indices)?);
    let axis = e.integer("axis")?.ok_or_else(|| e.refused("no `axis`"))?;
    let axis = e.axis(axis, sizes.len())?;
    let others = |sizes: &Sizes| -> Sizes {
        let other = sizes.iter().enumerate().filter(|(at, _)| *at != axis);
        other.map(|(_, size)| *size).collect()
    };
    if sizes.len() != places.len() || others(&sizes) != others(&places) || !indices.is_tensor() {
        return Err(e.refused("indices of another shape than the tensor's"));
    }
    let indices = from_front(e, indices, sizes.get(axis).copied().flatten())?;
    let last = sizes.len().saturating_sub(1);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.swap(axis, last);
    let (x, indices) = (in_order(e, &x, &order), in_order(e, &indices, &order));
    let others = [
        ("indices", indices),
        ("axis", json!(last).into()),
        ("batch_dims", json!(last).into()),
    ];
    let found = e.call("gather", &x, &others, x.dtype());
    Ok(in_order(e, &found, &order))
}

fn tiled(e: &mut Expansion<'_>) -> Result<Operand> {
    let mut x = e.operand("x")?;
    let rank = e.rank(&x)?;
    let mut times = e.integers("repeats")?.unwrap_or_default();
    while times.len() < rank {
        times.insert(0, 1);
    }
    for _ in rank..times.len() {
        x = with_axis(e, &x, 0);
    }
    Ok(e.call("tile", &x, &[("multiples", json!(times).into())], x.dtype()))
}
