//! What is computed element by element.

use super::expansion::{Expansion, Operand, like};
use super::promotion::{FLOAT, is_floating, is_integer};
use super::{ONE, Row, TWO};
use crate::error::Result;

/// Operations that are one function of a tensor, which keeps its type.
const OF_ONE: &[(&str, &str)] = &[
    ("Copy", "identity"),
    ("Erf", "math.erf"),
    ("Erfc", "math.erfc"),
    ("Negative", "math.negative"),
    ("Reciprocal", "math.reciprocal"),
    ("Rsqrt", "math.rsqrt"),
    ("StopGradient", "stop_gradient"),
];

/// Operations that are one function of a tensor, which is made one of floats.
const OF_REAL: &[(&str, &str)] = &[
    ("Arccos", "math.acos"),
    ("Arccosh", "math.acosh"),
    ("Arcsin", "math.asin"),
    ("Arcsinh", "math.asinh"),
    ("Arctan", "math.atan"),
    ("Arctanh", "math.atanh"),
    ("Ceil", "math.ceil"),
    ("Cos", "math.cos"),
    ("Cosh", "math.cosh"),
    ("Exp", "math.exp"),
    ("Expm1", "math.expm1"),
    ("Fabs", "math.abs"),
    ("Floor", "math.floor"),
    ("Log", "math.log"),
    ("Log1p", "math.log1p"),
    ("Sin", "math.sin"),
    ("Sinh", "math.sinh"),
    ("Sqrt", "math.sqrt"),
    ("Tan", "math.tan"),
    ("Tanh", "math.tanh"),
];

/// Arithmetic in the type that both operands become.
const OF_TWO: &[(&str, &str)] = &[
    ("Add", "math.add"),
    ("FloorDivide", "math.floordiv"),
    ("Maximum", "math.maximum"),
    ("Minimum", "math.minimum"),
    ("Multiply", "math.multiply"),
    ("Subtract", "math.subtract"),
];

/// Quotients, which are of floats.
const QUOTIENTS: &[(&str, &str)] = &[
    ("Divide", "math.truediv"),
    ("DivideNoNan", "math.divide_no_nan"),
    ("TrueDivide", "math.truediv"),
];

/// Comparisons.
const TESTS: &[(&str, &str)] = &[
    ("Equal", "math.equal"),
    ("Greater", "math.greater"),
    ("GreaterEqual", "math.greater_equal"),
    ("Less", "math.less"),
    ("LessEqual", "math.less_equal"),
    ("NotEqual", "math.not_equal"),
];

/// Functions of conditions.
const LOGICAL: &[(&str, &str)] = &[
    ("LogicalAnd", "math.logical_and"),
    ("LogicalOr", "math.logical_or"),
    ("LogicalXor", "math.not_equal"),
];

const OTHERS: &[Row] = &[
    Row("Absolute", ONE, absolute),
    Row("Arctan2", TWO, |e| {
        let [y, x] = floats(e)?;
        let dtype = if y.is_tensor() { y.dtype() } else { x.dtype() };
        Ok(e.of_two("math.atan2", ["y", "x"], &y, &x, dtype))
    }),
    Row("Cast SaturateCast ConvertToTensor", ONE, cast),
    Row("Cbrt", ONE, cube_root),
    Row("Clip", ONE, clip),
    Row("Deg2rad", ONE, |e| scaled(e, std::f64::consts::PI / 180.0)),
    Row("EmptyLike ZerosLike", ONE, |e| filled(e, "zeros_like")),
    Row("Exp2", ONE, |e| {
        let x = real(e)?;
        let two = e.number_like(2.0, &x);
        Ok(e.binary("math.pow", &two, &x))
    }),
    Row("Fmax", TWO, |e| passing_over(e, "math.maximum")),
    Row("Fmin", TWO, |e| passing_over(e, "math.minimum")),
    Row("FullLike", &["x", "fill_value"], full),
    Row("Heaviside", TWO, heaviside),
    Row("Hypot", TWO, hypotenuse),
    Row("Isclose", &["x1", "x2", "rtol", "atol"], is_close),
    Row("Isfinite", ONE, |e| classified(e, "math.is_finite", true)),
    Row("Isinf", ONE, |e| classified(e, "math.is_inf", false)),
    Row("Isnan", ONE, |e| classified(e, "math.is_nan", false)),
    Row("Isneginf", ONE, |e| infinite(e, "math.less")),
    Row("Isposinf", ONE, |e| infinite(e, "math.greater")),
    Row("Log10", ONE, |e| logarithm(e, 10.0)),
    Row("Log2", ONE, |e| logarithm(e, 2.0)),
    Row("Logaddexp", TWO, log_of_sum),
    Row("LogicalNot", ONE, |e| {
        let x = condition(e, "x")?;
        Ok(e.of("math.logical_not", &x))
    }),
    Row("Mod", TWO, |e| {
        let [x, y] = whole_if_bool(e)?;
        Ok(e.binary("math.floormod", &x, &y))
    }),
    Row("NanToNum", ONE, nan_to_num),
    Row("OnesLike", ONE, |e| filled(e, "ones_like")),
    Row("Power", TWO, power),
    Row("Rad2deg", ONE, |e| scaled(e, 180.0 / std::f64::consts::PI)),
    Row("Round", ONE, round),
    Row("Sign", ONE, sign),
    Row("Sinc", ONE, sinc),
    Row("Square", ONE, |e| {
        let x = e.operand("x")?;
        let x = if x.dtype() == "bool" {
            e.cast(x, "int32")
        } else {
            x
        };
        Ok(e.of("math.square", &x))
    }),
    Row("Trunc", ONE, trunc),
    Row("Where", &["condition", "x1", "x2"], chosen),
];

/// The operations that are listed by name and function.
pub(super) fn named() -> impl Iterator<Item = &'static str> {
    let tables = [OF_ONE, OF_REAL, OF_TWO, QUOTIENTS, TESTS, LOGICAL];
    tables.into_iter().flatten().map(|(class, _)| *class)
}

pub(super) fn rows() -> &'static [Row] {
    OTHERS
}

fn function(table: &[(&str, &'static str)], class: &str) -> Option<&'static str> {
    let row = table.iter().find(|(known, _)| *known == class);
    row.map(|(_, function)| *function)
}

/// What the arguments of an operation that is listed by name and function are called.
pub(super) fn parameters(class: &str) -> &'static [&'static str] {
    let of_one = [OF_ONE, OF_REAL].into_iter().flatten();
    match of_one.clone().any(|(known, _)| *known == class) {
        true if class == "StopGradient" => &["variable"],
        true => ONE,
        false => TWO,
    }
}

/// An operation that is listed by name and function; none if it is not.
pub(super) fn of(e: &mut Expansion<'_>) -> Option<Result<Operand>> {
    let class = e.class;
    if let Some(function) = function(OF_ONE, class) {
        let name = parameters(class).first().copied().unwrap_or("x");
        return Some(e.operand(name).map(|x| e.of(function, &x)));
    }
    if let Some(function) = function(OF_REAL, class) {
        return Some(real(e).map(|x| e.of(function, &x)));
    }
    if let Some(function) = function(OF_TWO, class) {
        return Some(both(e, &[]).map(|[x, y]| e.binary(function, &x, &y)));
    }
    if let Some(function) = function(QUOTIENTS, class) {
        return Some(both(e, &["float"]).map(|[x, y]| e.binary(function, &x, &y)));
    }
    if let Some(function) = function(TESTS, class) {
        return Some(strong(e, &[]).map(|[x, y]| e.test(function, &x, &y)));
    }
    let function = function(LOGICAL, class)?;
    let both = condition(e, "x1").and_then(|x| Ok([x, condition(e, "x2")?]));
    Some(both.map(|[x, y]| e.test(function, &x, &y)))
}

/// The tensor as one of floats.
pub(super) fn real(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let dtype = e.promoted(&[&x], &["float"])?;
    Ok(e.cast(x, dtype))
}

/// Both operands in the type that they become together, with these others. Of tensors that are
/// stretched only the number of axes may be asked afterwards.
fn both(e: &mut Expansion<'_>, others: &[&'static str]) -> Result<[Operand; 2]> {
    let (x, y) = (e.operand("x1")?, e.operand("x2")?);
    let dtype = e.promoted(&[&x, &y], others)?;
    Ok([e.cast(x, dtype), e.cast(y, dtype)])
}

/// The same, where Python's numbers are tensors of their own type first.
fn strong(e: &mut Expansion<'_>, others: &[&'static str]) -> Result<[Operand; 2]> {
    let (x, y) = (e.operand("x1")?, e.operand("x2")?);
    let own = |operand: Operand| match operand {
        Operand::Constant(value, "float") => Operand::Constant(value, FLOAT),
        Operand::Constant(value, "int") => Operand::Constant(value, "int32"),
        other => other,
    };
    let (x, y) = (own(x), own(y));
    let dtype = e.promoted(&[&x, &y], others)?;
    Ok([e.cast(x, dtype), e.cast(y, dtype)])
}

fn floats(e: &mut Expansion<'_>) -> Result<[Operand; 2]> {
    strong(e, &["float"])
}

fn whole_if_bool(e: &mut Expansion<'_>) -> Result<[Operand; 2]> {
    let [x, y] = strong(e, &[])?;
    match x.dtype() {
        "bool" => Ok([e.cast(x, "int32"), e.cast(y, "int32")]),
        _ => Ok([x, y]),
    }
}

/// Integers as floats, those of 64 bits as floats of 64.
fn wide(e: &mut Expansion<'_>, x: Operand) -> Operand {
    match x.dtype() {
        "int64" => e.cast(x, "float64"),
        dtype if is_floating(dtype) => x,
        _ => e.cast(x, FLOAT),
    }
}

/// An argument as a condition.
pub(super) fn condition(e: &mut Expansion<'_>, name: &str) -> Result<Operand> {
    let x = e.operand(name)?;
    Ok(e.cast(x, "bool"))
}

fn absolute(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    if x.dtype() == "bool" || x.dtype().starts_with("uint") {
        return Ok(x);
    }
    Ok(e.of("math.abs", &x))
}

fn cast(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let Some(dtype) = e.setting("dtype")? else {
        return Ok(x);
    };
    let dtype = dtype.as_str().and_then(super::promotion::known);
    let dtype = dtype.ok_or_else(|| e.refused("a type of its own"))?;
    let is_wider = |from: &str| from == dtype || (from != "float64" && dtype == "float64");
    if e.class == "SaturateCast" && !(is_wider(x.dtype()) && is_floating(x.dtype())) {
        return Err(e.refused(&format!("{} to {dtype}", x.dtype())));
    }
    Ok(e.cast(x, dtype))
}

/// sign(x) · |x|^(1/3)
fn cube_root(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let x = wide(e, x);
    let sign = e.of("math.sign", &x);
    let size = e.of("math.abs", &x);
    let third = e.number_like(1.0 / 3.0, &x);
    let root = e.binary("math.pow", &size, &third);
    let root = e.multiply(&sign, &root);
    Ok(like(root, &x))
}

fn clip(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let x = if x.dtype() == "bool" {
        e.cast(x, "int32")
    } else {
        x
    };
    let mut bounds = Vec::new();
    for (name, own) in [("clip_value_min", "x_min"), ("clip_value_max", "x_max")] {
        let bound = e.setting(own)?;
        let bound = bound.ok_or_else(|| e.refused(&format!("no `{own}`")))?;
        let is_fraction = bound.as_f64().is_some_and(|it| it.fract() != 0.0);
        if is_fraction && is_integer(x.dtype()) {
            return Err(e.refused(&format!("`{own}` {bound} for integers")));
        }
        let bound = e.cast(Operand::from(bound), x.dtype());
        bounds.push((name, bound));
    }
    let clipped = e.call("clip_by_value", &x, &bounds, x.dtype());
    Ok(like(clipped, &x))
}

fn scaled(e: &mut Expansion<'_>, factor: f64) -> Result<Operand> {
    let x = e.operand("x")?;
    let x = wide(e, x);
    let factor = e.number_like(factor, &x);
    let y = e.multiply(&x, &factor);
    Ok(like(y, &x))
}

fn filled(e: &mut Expansion<'_>, function: &'static str) -> Result<Operand> {
    let x = e.operand("x")?;
    let filled = e.of(function, &x);
    in_given_type(e, filled)
}

fn in_given_type(e: &mut Expansion<'_>, x: Operand) -> Result<Operand> {
    match e.setting("dtype")? {
        None => Ok(x),
        Some(dtype) => {
            let dtype = dtype.as_str().and_then(super::promotion::known);
            let dtype = dtype.ok_or_else(|| e.refused("a type of its own"))?;
            Ok(e.cast(x, dtype))
        }
    }
}

fn full(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let zeros = e.of("zeros_like", &x);
    let zeros = in_given_type(e, zeros)?;
    let value = e.operand("fill_value")?;
    let value = e.cast(value, zeros.dtype());
    if zeros.dtype() == "bool" {
        return Ok(e.test("math.logical_or", &zeros, &value));
    }
    let full = e.add(&zeros, &value);
    Ok(like(full, &x))
}

/// The larger or smaller, of which one that is no number gives way.
fn passing_over(e: &mut Expansion<'_>, function: &'static str) -> Result<Operand> {
    let [x, y] = both(e, &[])?;
    let found = e.binary(function, &x, &y);
    if !is_floating(found.dtype()) {
        return Ok(found);
    }
    let mut found = found;
    for (own, other) in [(&x, &y), (&y, &x)] {
        // A number that is written down is one.
        if own.is_tensor() {
            let is_nan = e.call("math.is_nan", own, &[], "bool");
            found = e.choose(&is_nan, other, &found);
        }
    }
    Ok(found)
}

fn heaviside(e: &mut Expansion<'_>) -> Result<Operand> {
    let [x, y] = strong(e, &[])?;
    let (x, y) = (wide(e, x), wide(e, y));
    if !x.is_tensor() {
        return Err(e.refused("a constant in place of a tensor"));
    }
    let zero = e.number_like(0.0, &x);
    let one = e.number_like(1.0, &x);
    let is_positive = e.test("math.greater", &x, &zero);
    let upper = e.choose(&is_positive, &one, &y);
    let is_negative = e.test("math.less", &x, &zero);
    Ok(e.choose(&is_negative, &zero, &upper))
}

fn hypotenuse(e: &mut Expansion<'_>) -> Result<Operand> {
    let [x, y] = strong(e, &[])?;
    let (x, y) = (wide(e, x), wide(e, y));
    if !(x.is_tensor() && y.is_tensor()) {
        return Err(e.refused("a constant in place of a tensor"));
    }
    let (x, y) = (e.of("math.abs", &x), e.of("math.abs", &y));
    let longer = e.binary("math.maximum", &x, &y);
    let shorter = e.binary("math.minimum", &x, &y);
    let ratio = e.binary("math.divide_no_nan", &shorter, &longer);
    let square = e.of("math.square", &ratio);
    let one = e.number_like(1.0, &square);
    let sum = e.add(&square, &one);
    let root = e.of("math.sqrt", &sum);
    Ok(e.multiply(&longer, &root))
}

fn is_close(e: &mut Expansion<'_>) -> Result<Operand> {
    let [x, y] = strong(e, &[])?;
    if !is_floating(x.dtype()) {
        return Ok(e.test("math.equal", &x, &y));
    }
    if e.flag("equal_nan")? || !(x.is_tensor() && y.is_tensor()) {
        return Err(e.refused("`equal_nan`, or a constant in place of a tensor"));
    }
    let difference = e.subtract(&x, &y);
    let difference = e.of("math.abs", &difference);
    let size = e.of("math.abs", &y);
    let relative = e.number_like(e.number("rtol", 1e-5)?, &x);
    let absolute = e.number_like(e.number("atol", 1e-8)?, &x);
    let bound = e.multiply(&size, &relative);
    let bound = e.add(&bound, &absolute);
    Ok(e.test("math.less_equal", &difference, &bound))
}

/// What a number is; of integers it is known.
fn classified(e: &mut Expansion<'_>, function: &'static str, of_integers: bool) -> Result<Operand> {
    let x = e.operand("x")?;
    if is_floating(x.dtype()) {
        let found = e.call(function, &x, &[], "bool");
        return Ok(like(found, &x));
    }
    let test = if of_integers {
        "math.equal"
    } else {
        "math.not_equal"
    };
    Ok(e.test(test, &x, &x))
}

fn infinite(e: &mut Expansion<'_>, side: &'static str) -> Result<Operand> {
    let x = e.operand("x")?;
    if !is_floating(x.dtype()) {
        return Ok(e.test("math.not_equal", &x, &x));
    }
    let is_infinite = e.call("math.is_inf", &x, &[], "bool");
    let zero = e.number_like(0.0, &x);
    let is_there = e.test(side, &x, &zero);
    Ok(e.test("math.logical_and", &is_infinite, &is_there))
}

fn logarithm(e: &mut Expansion<'_>, base: f64) -> Result<Operand> {
    let x = real(e)?;
    let log = e.of("math.log", &x);
    let base = e.number_like(base.ln(), &x);
    Ok(e.divide(&log, &base))
}

fn log_of_sum(e: &mut Expansion<'_>) -> Result<Operand> {
    let [x, y] = floats(e)?;
    let difference = e.subtract(&x, &y);
    let distance = e.of("math.abs", &difference);
    let negative = e.of("math.negative", &distance);
    let power = e.of("math.exp", &negative);
    let rest = e.of("math.log1p", &power);
    let larger = e.binary("math.maximum", &x, &y);
    let found = e.add(&larger, &rest);
    let is_nan = e.call("math.is_nan", &difference, &[], "bool");
    let sum = e.add(&x, &y);
    Ok(e.choose(&is_nan, &sum, &found))
}

fn nan_to_num(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let largest = match x.dtype() {
        "float16" => 65504.0,
        "float32" => f64::from(f32::MAX),
        "float64" => f64::MAX,
        "bfloat16" => f64::from(f32::from_bits(0x7f7f_0000)),
        _ => return Ok(x),
    };
    let nan = e.number_like(e.number("nan", 0.0)?, &x);
    let is_nan = e.call("math.is_nan", &x, &[], "bool");
    let mut found = e.choose(&is_nan, &nan, &x);
    let sides = [
        ("posinf", "math.greater", largest),
        ("neginf", "math.less", -largest),
    ];
    for (name, side, usual) in sides {
        let limit = e.number_like(e.number(name, usual)?, &x);
        let is_infinite = e.call("math.is_inf", &found, &[], "bool");
        let zero = e.number_like(0.0, &x);
        let is_there = e.test(side, &found, &zero);
        let is_it = e.test("math.logical_and", &is_infinite, &is_there);
        found = e.choose(&is_it, &limit, &found);
    }
    Ok(like(found, &x))
}

fn power(e: &mut Expansion<'_>) -> Result<Operand> {
    let [x, y] = both(e, &[])?;
    let dtype = x.dtype();
    if !dtype.starts_with("uint") {
        return Ok(e.binary("math.pow", &x, &y));
    }
    let (x, y) = (e.cast(x, "int32"), e.cast(y, "int32"));
    let power = e.binary("math.pow", &x, &y);
    Ok(e.cast(power, dtype))
}

fn round(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let decimals = e.integer("decimals")?.unwrap_or(0);
    if decimals == 0 {
        return Ok(e.of("math.round", &x));
    }
    let dtype = x.dtype();
    if is_integer(dtype) && decimals > 0 {
        return Ok(x);
    }
    let decimals = i32::try_from(decimals).map_err(|_| e.refused("so many decimals"))?;
    let y = if is_integer(dtype) {
        e.cast(x, FLOAT)
    } else {
        x
    };
    let factor = e.number_like(10_f64.powi(decimals), &y);
    let y = e.multiply(&y, &factor);
    let y = e.of("math.round", &y);
    let y = e.divide(&y, &factor);
    Ok(e.cast(y, dtype))
}

fn sign(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    let dtype = x.dtype();
    if !dtype.starts_with("uint") {
        return Ok(e.of("math.sign", &x));
    }
    let x = e.cast(x, "int32");
    let sign = e.of("math.sign", &x);
    Ok(e.cast(sign, dtype))
}

fn sinc(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = real(e)?;
    let pi = e.number_like(std::f64::consts::PI, &x);
    let angle = e.multiply(&x, &pi);
    let sine = e.of("math.sin", &angle);
    let ratio = e.divide(&sine, &angle);
    let (zero, one) = (e.number_like(0.0, &x), e.number_like(1.0, &x));
    let is_zero = e.test("math.equal", &x, &zero);
    Ok(e.choose(&is_zero, &one, &ratio))
}

fn trunc(e: &mut Expansion<'_>) -> Result<Operand> {
    let x = e.operand("x")?;
    if !is_floating(x.dtype()) {
        return Ok(x);
    }
    let zero = e.number_like(0.0, &x);
    let is_negative = e.test("math.less", &x, &zero);
    let (up, down) = (e.of("math.ceil", &x), e.of("math.floor", &x));
    Ok(e.choose(&is_negative, &up, &down))
}

fn chosen(e: &mut Expansion<'_>) -> Result<Operand> {
    let condition = condition(e, "condition")?;
    let (x, y) = (e.optional("x1")?, e.optional("x2")?);
    let (Some(x), Some(y), true) = (x, y, condition.is_tensor()) else {
        return Err(e.refused("only a condition, or one that is written down"));
    };
    let dtype = e.promoted(&[&x, &y], &[])?;
    let (x, y) = (e.cast(x, dtype), e.cast(y, dtype));
    let others = [("x", x.clone()), ("y", y.clone())];
    match x.is_tensor() || y.is_tensor() {
        true => Ok(e.choose(&condition, &x, &y)),
        false => Ok(e.call("where", &condition, &others, dtype)),
    }
}
