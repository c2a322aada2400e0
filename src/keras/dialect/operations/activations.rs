//! Activations, and what else networks compute of each element.

use serde_json::{Value, json};

use super::expansion::{Expansion, Operand, like};
use super::promotion::is_floating;
use super::{ONE, Row};
use crate::error::Result;

/// Operations that are one function of a tensor.
const NAMED: &[(&str, &str)] = &[
    ("LogSigmoid", "math.log_sigmoid"),
    ("Relu", "nn.relu"),
    ("Relu6", "nn.relu6"),
    ("Selu", "nn.selu"),
    ("Sigmoid", "math.sigmoid"),
    ("Silu", "nn.silu"),
    ("Softplus", "math.softplus"),
    ("Softsign", "nn.softsign"),
];

pub(super) const ROWS: &[Row] = &[
    Row(
        "LogSigmoid Relu Relu6 Selu Sigmoid Silu Softplus Softsign",
        ONE,
        named,
    ),
    Row("Celu", ONE, celu),
    Row("Elu", ONE, elu),
    Row("Gelu", ONE, |e| {
        let x = e.operand("x")?;
        let is_approximate = e.setting("approximate")?.unwrap_or(Value::Bool(true));
        let others = [("approximate", is_approximate.into())];
        let y = e.call("nn.gelu", &x, &others, x.dtype());
        Ok(like(y, &x))
    }),
    Row("Glu", ONE, gated),
    Row("HardShrink", ONE, |e| {
        let x = e.operand("x")?;
        let size = e.of("math.abs", &x);
        let limit = e.number_like(e.number("threshold", 0.5)?, &x);
        let is_outside = e.test("math.greater", &size, &limit);
        or_zero(e, &is_outside, &x)
    }),
    Row("HardSigmoid", ONE, |e| {
        let x = e.operand("x")?;
        Ok(hard_sigmoid(e, &x))
    }),
    Row("HardSilu", ONE, |e| {
        let x = e.operand("x")?;
        let gate = hard_sigmoid(e, &x);
        Ok(e.multiply(&x, &gate))
    }),
    Row("HardTanh", ONE, |e| {
        let x = e.operand("x")?;
        let (low, high) = (e.number_like(-1.0, &x), e.number_like(1.0, &x));
        let bounds = [("clip_value_min", low), ("clip_value_max", high)];
        Ok(e.call("clip_by_value", &x, &bounds, x.dtype()))
    }),
    Row("LeakyRelu", ONE, |e| {
        let x = e.operand("x")?;
        let slope = e.number("negative_slope", 0.2)?;
        leaky(e, &x, slope)
    }),
    Row("LogSoftmax", ONE, |e| along(e, "nn.log_softmax")),
    Row("ReLU", ONE, bounded_relu),
    Row("SoftShrink", ONE, soft_shrink),
    Row("Softmax", ONE, |e| along(e, "nn.softmax")),
    Row("SparsePlus", ONE, sparse_plus),
    Row("SparseSigmoid", ONE, sparse_sigmoid),
    Row("Squareplus", ONE, |e| {
        let x = e.operand("x")?;
        let square = e.of("math.square", &x);
        let b = e.number_like(e.number("b", 4.0)?, &x);
        let sum = e.add(&square, &b);
        let root = e.of("math.sqrt", &sum);
        let sum = e.add(&x, &root);
        let two = e.number_like(2.0, &x);
        Ok(e.divide(&sum, &two))
    }),
    Row("TanhShrink", ONE, |e| {
        let x = e.operand("x")?;
        let tanh = e.of("math.tanh", &x);
        Ok(e.subtract(&x, &tanh))
    }),
    Row("Threshold", ONE, |e| {
        let x = e.operand("x")?;
        let limit = e.number_like(e.number("threshold", 0.0)?, &x);
        let otherwise = e.number_like(e.number("default_value", 0.0)?, &x);
        let is_above = e.test("math.greater", &x, &limit);
        Ok(e.choose(&is_above, &x, &otherwise))
    }),
];

fn named(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let row = NAMED.iter().find(|(class, _)| *class == e.class);
    let (_, function) = row.ok_or_else(|| e.refused("no function"))?;
    Ok(e.of(function, &x))
}

/// The tensor where a condition holds, else 0.
fn or_zero(e: &mut Expansion<'_>, condition: &Operand, x: &Operand) -> Result<Operand> {
    let zero = e.number_like(0.0, x);
    Ok(e.choose(condition, x, &zero))
}

fn celu(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let alpha = e.number_like(e.number("alpha", 1.0)?, &x);
    let zero = e.number_like(0.0, &x);
    let above = e.binary("math.maximum", &x, &zero);
    let below = e.binary("math.minimum", &x, &zero);
    let below = e.divide(&below, &alpha);
    let below = e.of("math.expm1", &below);
    let below = e.multiply(&below, &alpha);
    Ok(e.add(&above, &below))
}

fn elu(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let alpha = e.number("alpha", 1.0)?;
    let y = e.of("nn.elu", &x);
    if alpha == 1.0 {
        return Ok(y);
    }
    let alpha = e.number_like(alpha, &x);
    let below = e.multiply(&y, &alpha);
    let zero = e.number_like(0.0, &x);
    let is_above = e.test("math.greater", &x, &zero);
    Ok(e.choose(&is_above, &y, &below))
}

/// One half of an axis times the sigmoid of the other.
fn gated(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let axis = e.integer("axis")?.unwrap_or(-1);
    let others = [
        ("num_or_size_splits", json!(2).into()),
        ("axis", json!(axis).into()),
    ];
    let first = e.call("split", &x, &others, x.dtype());
    let mut second = first.clone();
    if let Operand::Tensor(tensor) = &mut second {
        tensor.number = 1;
    }
    let gate = e.of("math.sigmoid", &second);
    Ok(e.multiply(&first, &gate))
}

/// relu6(x + 3) / 6
fn hard_sigmoid(e: &mut Expansion<'_>, x: &Operand) -> Operand {
    let (three, six) = (e.number_like(3.0, x), e.number_like(6.0, x));
    let sum = e.add(x, &three);
    let gate = e.of("nn.relu6", &sum);
    e.divide(&gate, &six)
}

fn leaky(e: &mut Expansion<'_>, x: &Operand, slope: f64) -> Result<Operand> {
    let y = e.call(
        "nn.leaky_relu",
        x,
        &[("alpha", json!(slope).into())],
        x.dtype(),
    );
    Ok(like(y, x))
}

/// Along one axis, or of all elements.
fn along(e: &mut Expansion<'_>, function: &'static str) -> Result<Operand> {
    let x = e.operand("x")?;
    if let Some(axis) = e.setting("axis")? {
        let axis = match axis.as_array().map(Vec::as_slice) {
            Some([one]) => one.clone(),
            Some(_) => return Err(e.refused("several axes")),
            None => axis,
        };
        let y = e.call(function, &x, &[("axis", axis.into())], x.dtype());
        return Ok(like(y, &x));
    }
    // Nothing is null in the config of an operation but what is given so.
    if !e.config.contains_key("axis") {
        return Ok(e.of(function, &x));
    }
    let shape = super::axes::static_shape(e, &x)?;
    let flat = super::axes::reshaped_to(e, &x, &json!([-1]));
    let y = e.call(function, &flat, &[("axis", json!(-1).into())], x.dtype());
    Ok(super::axes::reshaped_to(e, &y, &shape))
}

/// `keras.activations.relu` with arguments.
fn bounded_relu(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let slope = e.number("negative_slope", 0.0)?;
    let threshold = e.number("threshold", 0.0)?;
    let limit = e.setting("max_value")?.and_then(|limit| limit.as_f64());
    if !is_floating(x.dtype()) {
        return Err(e.refused("integers"));
    }
    if slope == 0.0 && threshold == 0.0 {
        let y = e.of("nn.relu", &x);
        return Ok(match limit {
            Some(limit) => {
                let limit = e.number_like(limit, &x);
                e.binary("math.minimum", &y, &limit)
            }
            None => y,
        });
    }
    if threshold == 0.0 && limit.is_none() {
        return leaky(e, &x, slope);
    }
    // Above the threshold the tensor, up to the limit; below it a slope.
    let bound = e.number_like(threshold, &x);
    let is_above = e.test("math.greater", &x, &bound);
    let mut y = or_zero(e, &is_above, &x)?;
    if let Some(limit) = limit {
        let (low, high) = (e.number_like(0.0, &x), e.number_like(limit, &x));
        let bounds = [("clip_value_min", low), ("clip_value_max", high)];
        y = e.call("clip_by_value", &y, &bounds, x.dtype());
    }
    if slope != 0.0 {
        let shifted = e.subtract(&x, &bound);
        let negative = e.of("math.negative", &shifted);
        let below = e.of("nn.relu", &negative);
        let slope = e.number_like(slope, &x);
        let below = e.multiply(&below, &slope);
        y = e.subtract(&y, &below);
    }
    Ok(y)
}

fn soft_shrink(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let threshold = e.number("threshold", 0.5)?;
    let (high, low) = (e.number_like(threshold, &x), e.number_like(-threshold, &x));
    let is_below = e.test("math.less", &x, &low);
    let raised = e.add(&x, &high);
    let y = or_zero(e, &is_below, &raised)?;
    let is_above = e.test("math.greater", &x, &high);
    let lowered = e.subtract(&x, &high);
    Ok(e.choose(&is_above, &lowered, &y))
}

fn sparse_plus(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let (one, low) = (e.number_like(1.0, &x), e.number_like(-1.0, &x));
    let sum = e.add(&x, &one);
    let square = e.of("math.square", &sum);
    let quarter = e.number_like(0.25, &x);
    let inner = e.multiply(&square, &quarter);
    let is_below_one = e.test("math.less", &x, &one);
    let y = e.choose(&is_below_one, &inner, &x);
    let is_above = e.test("math.greater", &x, &low);
    or_zero(e, &is_above, &y)
}

fn sparse_sigmoid(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let (one, half) = (e.number_like(1.0, &x), e.number_like(0.5, &x));
    let (zero, low) = (e.number_like(0.0, &x), e.number_like(-1.0, &x));
    let sum = e.add(&x, &one);
    let inner = e.multiply(&sum, &half);
    let is_high = e.test("math.greater_equal", &x, &one);
    let y = e.choose(&is_high, &one, &inner);
    let is_low = e.test("math.less_equal", &x, &low);
    Ok(e.choose(&is_low, &zero, &y))
}
