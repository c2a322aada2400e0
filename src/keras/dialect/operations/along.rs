//! What is summed, counted or found along axes.

use serde_json::{Value, json};

use super::expansion::{Expansion, Operand, like, with_sizes};
use super::promotion::{FLOAT, is_floating, is_integer};
use super::{ONE, Row};
use crate::error::Result;

pub(super) const ROWS: &[Row] = &[
    Row("All", ONE, |e| tested(e, "math.reduce_all")),
    Row("Any", ONE, |e| tested(e, "math.reduce_any")),
    Row("Amax Max", ONE, |e| {
        extreme(e, ["math.reduce_max", "math.reduce_any", "math.maximum"])
    }),
    Row("Amin Min", ONE, |e| {
        extreme(e, ["math.reduce_min", "math.reduce_all", "math.minimum"])
    }),
    Row("Argmax", ONE, |e| found(e, "math.argmax")),
    Row("Argmin", ONE, |e| found(e, "math.argmin")),
    Row("Average", &["x", "weights"], average),
    Row("CountNonzero", ONE, counted),
    Row("Cumprod", ONE, |e| accumulated(e, "math.cumprod")),
    Row("Cumsum", ONE, |e| accumulated(e, "math.cumsum")),
    Row("Diff", &["a"], differences),
    Row("Logsumexp", ONE, |e| {
        let x = e.operand("x")?;
        reduced(e, "math.reduce_logsumexp", &x)
    }),
    Row("Mean", ONE, mean),
    Row("Nansum", ONE, |e| without_nan(e, "math.reduce_sum", 0.0)),
    Row("Nanprod", ONE, |e| without_nan(e, "math.reduce_prod", 1.0)),
    Row("Norm", ONE, norm),
    Row("Normalize", ONE, normalized),
    Row("Prod", ONE, |e| {
        let x = e.operand("x")?;
        let x = if e.setting("dtype")?.is_none() {
            summable(e, x)
        } else {
            x
        };
        reduced(e, "math.reduce_prod", &x)
    }),
    Row("Ptp", ONE, |e| {
        let x = e.operand("x")?;
        let high = reduced(e, "math.reduce_max", &x)?;
        let low = reduced(e, "math.reduce_min", &x)?;
        Ok(e.subtract(&high, &low))
    }),
    Row("Std", ONE, |e| {
        let x = super::elements::real(e)?;
        reduced(e, "math.reduce_std", &x)
    }),
    Row("Sum", ONE, |e| {
        let x = e.operand("x")?;
        let x = summable(e, x);
        reduced(e, "math.reduce_sum", &x)
    }),
    Row("TopK", ONE, largest),
    Row("Var", ONE, |e| {
        let x = e.operand("x")?;
        let computed = e.promoted(&[&x], &[FLOAT])?;
        let dtype = e.promoted(&[&x], &["float"])?;
        let x = e.cast(x, computed);
        let variance = reduced(e, "math.reduce_variance", &x)?;
        Ok(e.cast(variance, dtype))
    }),
];

/// The axes of the operation, for a function that takes all for none.
fn axes(e: &Expansion<'_>) -> Result<Value> {
    let axes = e.setting("axis")?;
    e.integers("axis")?;
    Ok(axes.unwrap_or(Value::Null))
}

/// A function along the axes of the operation, or all of them.
fn reduced(e: &mut Expansion<'_>, function: &'static str, x: &Operand) -> Result<Operand> {
    let keepdims = e.flag("keepdims")?;
    let others = [
        ("axis", axes(e)?.into()),
        ("keepdims", json!(keepdims).into()),
    ];
    Ok(e.call(function, x, &others, x.dtype()))
}

/// The same along given axes, which stay.
pub(super) fn kept(
    e: &mut Expansion<'_>,
    function: &'static str,
    x: &Operand,
    axes: &Value,
) -> Operand {
    let others = [
        ("axis", axes.clone().into()),
        ("keepdims", json!(true).into()),
    ];
    e.call(function, x, &others, x.dtype())
}

fn tested(e: &mut Expansion<'_>, function: &'static str) -> Result<Operand> {
    let x = super::elements::condition(e, "x")?;
    reduced(e, function, &x)
}

/// The largest or smallest: of numbers, of conditions, and beside the initial one.
fn extreme(e: &mut Expansion<'_>, functions: [&'static str; 3]) -> Result<Operand> {
    let [of_numbers, of_conditions, of_two] = functions;
    let x = e.operand("x")?;
    if x.dtype() == "bool" {
        if e.setting("initial")?.is_some() {
            return Err(e.refused("`initial` of conditions"));
        }
        return reduced(e, of_conditions, &x);
    }
    let found = reduced(e, of_numbers, &x)?;
    match e.setting("initial")? {
        None => Ok(found),
        Some(initial) => {
            let initial = e.cast(initial.into(), found.dtype());
            Ok(e.binary(of_two, &found, &initial))
        }
    }
}

/// Small types as those that Keras 3 sums in.
fn summable(e: &mut Expansion<'_>, x: Operand) -> Operand {
    match x.dtype() {
        "bool" | "int8" | "int16" => e.cast(x, "int32"),
        "uint8" | "uint16" => e.cast(x, "uint32"),
        _ => x,
    }
}

fn mean(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let computed = e.promoted(&[&x], &[FLOAT])?;
    let dtype = if is_floating(x.dtype()) {
        x.dtype()
    } else {
        computed
    };
    let x = e.cast(x, computed);
    let mean = reduced(e, "math.reduce_mean", &x)?;
    Ok(e.cast(mean, dtype))
}

fn average(e: &mut Expansion<'_>) -> Result<Operand> {
    let (x, weights) = (e.operand("x")?, e.optional("weights")?);
    let Some(weights) = weights else {
        let dtype = e.promoted(&[&x], &["float"])?;
        let x = e.cast(x, dtype);
        return reduced(e, "math.reduce_mean", &x);
    };
    // Numbers that are written down become a tensor of their own type.
    let weights = match weights {
        Operand::Constant(value, "int") => Operand::Constant(value, "int32"),
        other => other,
    };
    if e.setting("axis")?.is_some() && e.rank(&x)? != e.rank(&weights)? {
        return Err(e.refused("weights of other axes than the tensor's"));
    }
    if !weights.is_tensor() {
        return Err(e.refused("weights that are written down"));
    }
    let dtype = e.promoted(&[&x, &weights], &["float"])?;
    let (x, weights) = (e.cast(x, dtype), e.cast(weights, dtype));
    let weighted = e.multiply(&x, &weights);
    let sum = reduced(e, "math.reduce_sum", &weighted)?;
    let whole = reduced(e, "math.reduce_sum", &weights)?;
    Ok(e.divide(&sum, &whole))
}

fn counted(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let there = match x.dtype() {
        "bool" => x,
        _ => {
            let zero = e.number_like(0.0, &x);
            let zero = if is_integer(x.dtype()) {
                json!(0).into()
            } else {
                zero
            };
            e.test("math.not_equal", &x, &zero)
        }
    };
    let ones = e.cast(there, "int32");
    reduced(e, "math.reduce_sum", &ones)
}

/// The place of the largest or smallest. To Keras 3 a zero with a sign is less than one without.
fn found(e: &mut Expansion<'_>, function: &'static str) -> Result<Operand> {
    let x = e.operand("x")?;
    let sizes = e.sizes(&x)?;
    let rank = sizes.len();
    let mut y = x;
    if is_floating(y.dtype()) && rank > 0 {
        let dtype = e.promoted(&[&y], &[FLOAT])?;
        y = e.cast(y, dtype);
        let tiny = match dtype {
            "float64" => -f64::MIN_POSITIVE,
            _ => -f64::from(f32::MIN_POSITIVE),
        };
        let (zero, tiny) = (e.number_like(0.0, &y), e.number_like(tiny, &y));
        let is_zero = e.test("math.equal", &y, &zero);
        let inverse = e.of("math.reciprocal", &y);
        let is_signed = e.test("math.less", &inverse, &zero);
        let is_it = e.test("math.logical_and", &is_zero, &is_signed);
        y = e.choose(&is_it, &tiny, &y);
    }
    let axis = match e.integer("axis")? {
        Some(axis) => axis,
        None => {
            y = super::axes::reshaped_to(e, &y, &json!([-1]));
            0
        }
    };
    let others = [
        ("axis", json!(axis).into()),
        ("output_type", json!("int32").into()),
    ];
    let place = e.call(function, &y, &others, "int32");
    if !e.flag("keepdims")? {
        return Ok(place);
    }
    if e.setting("axis")?.is_none() {
        return Ok(super::axes::reshaped_to(e, &place, &json!(vec![1; rank])));
    }
    let axis = e.axis(axis, rank)?;
    Ok(e.call(
        "expand_dims",
        &place,
        &[("axis", json!(axis).into())],
        "int32",
    ))
}

fn accumulated(e: &mut Expansion<'_>, function: &'static str) -> Result<Operand> {
    let mut x = e.operand("x")?;
    if let Some(dtype) = e.setting("dtype")? {
        let dtype = dtype.as_str().and_then(super::promotion::known);
        let dtype = dtype.ok_or_else(|| e.refused("a type of its own"))?;
        x = e.cast(x, dtype);
    }
    if x.dtype() == "bool" {
        x = e.cast(x, "int32");
    }
    let axis = match e.integer("axis")? {
        Some(axis) => axis,
        None => {
            x = super::axes::reshaped_to(e, &x, &json!([-1]));
            0
        }
    };
    Ok(e.call(function, &x, &[("axis", json!(axis).into())], x.dtype()))
}

/// The difference of neighbours along an axis.
fn differences(e: &mut Expansion<'_>) -> Result<Operand> {
    let mut x = e.operand("a")?;
    let times = e.integer("n")?.unwrap_or(1);
    let rank = e.rank(&x)?;
    let axis = e.axis(e.integer("axis")?.unwrap_or(-1), rank)?;
    if !(0..=16).contains(&times) {
        return Err(e.refused(&format!("`n` {times}")));
    }
    let from = |start: Value, stop: Value| {
        let whole = json!({"start": null, "stop": null, "step": null});
        let mut parts = vec![whole; axis];
        parts.push(json!({"start": start, "stop": stop, "step": null}));
        Operand::from(Value::Array(parts))
    };
    for _ in 0..times {
        let dtype = x.dtype();
        let slice = "__operators__.getitem";
        let later = e.call(
            slice,
            &x,
            &[("slice_spec", from(json!(1), Value::Null))],
            dtype,
        );
        let earlier = e.call(
            slice,
            &x,
            &[("slice_spec", from(Value::Null, json!(-1)))],
            dtype,
        );
        x = match dtype {
            "bool" => e.test("math.not_equal", &later, &earlier),
            _ => e.subtract(&later, &earlier),
        };
    }
    Ok(x)
}

/// Along axes, with another number in the place of what is none.
fn without_nan(e: &mut Expansion<'_>, function: &'static str, instead: f64) -> Result<Operand> {
    let x = e.operand("x")?;
    if !is_floating(x.dtype()) {
        let x = summable(e, x);
        return reduced(e, function, &x);
    }
    let is_nan = e.call("math.is_nan", &x, &[], "bool");
    let instead = e.number_like(instead, &x);
    let x = e.choose(&is_nan, &instead, &x);
    reduced(e, function, &x)
}

/// The length of vectors, or of matrices as if they were vectors.
fn norm(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = super::elements::real(e)?;
    let count = match e.integers("axis")? {
        Some(axes) => axes.len(),
        None => e.rank(&x)?,
    };
    let order = e.setting("ord")?;
    let is_plain = match (&order, count) {
        (None, 1 | 2) => true,
        (Some(order), 1) => order.as_f64() == Some(2.0),
        (Some(order), 2) => order == "fro",
        _ => false,
    };
    if is_plain {
        let squares = e.multiply(&x, &x);
        let sum = reduced(e, "math.reduce_sum", &squares)?;
        return Ok(e.of("math.sqrt", &sum));
    }
    let order = order.and_then(|order| order.as_f64());
    let Some(order) = order.filter(|order| count == 1 && order.is_finite()) else {
        return Err(e.refused("such an `ord` or so many axes"));
    };
    if order == 0.0 {
        let zero = e.number_like(0.0, &x);
        let there = e.test("math.not_equal", &x, &zero);
        let ones = e.cast(there, x.dtype());
        return reduced(e, "math.reduce_sum", &ones);
    }
    let size = e.of("math.abs", &x);
    let (order, inverse) = (e.number_like(order, &x), e.number_like(1.0 / order, &x));
    let powers = e.binary("math.pow", &size, &order);
    let sum = reduced(e, "math.reduce_sum", &powers)?;
    Ok(e.binary("math.pow", &sum, &inverse))
}

/// Vectors of the length 1.
fn normalized(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    if e.integer("order")?.unwrap_or(2) != 2 || !is_floating(x.dtype()) {
        return Err(e.refused("an `order` other than 2, or integers"));
    }
    let squares = e.of("math.square", &x);
    let axes = axes(e)?;
    let sum = kept(e, "math.reduce_sum", &squares, &axes);
    let inverse = e.of("math.rsqrt", &sum);
    let limit = 1.0 / e.number("epsilon", 1e-7)?;
    let limit = e.number_like(limit, &x);
    let inverse = e.binary("math.minimum", &inverse, &limit);
    let y = e.multiply(&x, &inverse);
    Ok(like(y, &x))
}

/// The largest along the last axis, and their places.
fn largest(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let count = e.integer("k")?.unwrap_or(1);
    let is_sorted = e.setting("sorted")?.unwrap_or(Value::Bool(true));
    let others = [("k", json!(count).into()), ("sorted", is_sorted.into())];
    let values = e.call("math.top_k", &x, &others, x.dtype());
    let Operand::Tensor(tensor) = with_sizes(values, None) else {
        return Err(e.refused("a constant in place of a tensor"));
    };
    let mut places = tensor.clone();
    (places.number, places.dtype) = (1, "int32");
    Ok(Operand::List(vec![
        Operand::Tensor(tensor),
        Operand::Tensor(places),
    ]))
}
