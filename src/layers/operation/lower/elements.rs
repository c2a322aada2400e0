//! What is computed element by element, summed along axes, or multiplied.

use super::{Name, Recorded};
use crate::error::{Error, Result};
use crate::graph::Edge;
use crate::layers::activation::{at_last, log_sum_of_powers};
use crate::layers::lower::{self, Seed, dropout, is_floating, l2_normalize, single};
use crate::layers::operation::{AXIS, KEEPDIMS, unsupported};
use crate::layers::shape::axis;
use crate::proto::tensorflow::DataType;

/// Functions of one tensor, and the operation that each is.
const OF_ONE: &[(&str, &str)] = &[
    ("abs", "Abs"),
    ("acos", "Acos"),
    ("acosh", "Acosh"),
    ("asin", "Asin"),
    ("asinh", "Asinh"),
    ("atan", "Atan"),
    ("atanh", "Atanh"),
    ("ceil", "Ceil"),
    ("cos", "Cos"),
    ("cosh", "Cosh"),
    ("elu", "Elu"),
    ("erf", "Erf"),
    ("erfc", "Erfc"),
    ("exp", "Exp"),
    ("expm1", "Expm1"),
    ("floor", "Floor"),
    ("identity", "Identity"),
    ("is_finite", "IsFinite"),
    ("is_inf", "IsInf"),
    ("is_nan", "IsNan"),
    ("lgamma", "Lgamma"),
    ("log", "Log"),
    ("log1p", "Log1p"),
    ("logical_not", "LogicalNot"),
    ("negative", "Neg"),
    ("reciprocal", "Reciprocal"),
    ("relu", "Relu"),
    ("relu6", "Relu6"),
    ("rint", "Rint"),
    ("round", "Round"),
    ("rsqrt", "Rsqrt"),
    ("selu", "Selu"),
    ("sigmoid", "Sigmoid"),
    ("sign", "Sign"),
    ("sin", "Sin"),
    ("sinh", "Sinh"),
    ("softplus", "Softplus"),
    ("softsign", "Softsign"),
    ("sqrt", "Sqrt"),
    ("square", "Square"),
    ("stop_gradient", "StopGradient"),
    ("tan", "Tan"),
    ("tanh", "Tanh"),
];

/// Functions of two tensors, or a tensor and a number, with broadcasting.
const OF_TWO: &[(&str, &str)] = &[
    ("add", "AddV2"),
    ("divide_no_nan", "DivNoNan"),
    ("equal", "Equal"),
    ("floor_div", "FloorDiv"),
    ("floormod", "FloorMod"),
    ("greater", "Greater"),
    ("greater_equal", "GreaterEqual"),
    ("less", "Less"),
    ("less_equal", "LessEqual"),
    ("logical_and", "LogicalAnd"),
    ("logical_or", "LogicalOr"),
    ("maximum", "Maximum"),
    ("minimum", "Minimum"),
    ("multiply", "Mul"),
    ("not_equal", "NotEqual"),
    ("pow", "Pow"),
    ("realdiv", "RealDiv"),
    ("squared_difference", "SquaredDifference"),
    ("subtract", "Sub"),
    ("xdivy", "Xdivy"),
    ("xlog1py", "Xlog1py"),
    ("xlogy", "Xlogy"),
];

/// Functions along axes.
const ALONG: &[(&str, &str)] = &[
    ("reduce_all", "All"),
    ("reduce_any", "Any"),
    ("reduce_max", "Max"),
    ("reduce_mean", "Mean"),
    ("reduce_min", "Min"),
    ("reduce_prod", "Prod"),
    ("reduce_sum", "Sum"),
];

fn named(rows: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    let row = rows.iter().find(|(function, _)| *function == name);
    row.map(|(_, op)| *op)
}

/// What adds the operations of a function.
type Lowering = fn(&mut Recorded<'_, '_>) -> Result<Edge>;

/// Functions of several operations, or with arguments of their own.
const OTHERS: &[(&str, Lowering)] = &[
    ("add_n", |r| {
        r.list()
            .and_then(|values| r.f().op("AddN").list(values).one())
    }),
    ("argmax", |r| found(r, "ArgMax")),
    ("argmin", |r| found(r, "ArgMin")),
    ("atan2", |r| {
        of_both(r, "Atan2", [Name(0, &["y"]), Name(1, &["x"])])
    }),
    ("bias_add", bias_add),
    ("cast", |r| cast(r, false)),
    ("clip_by_value", clip),
    ("div", quotient),
    ("dropout", dropped),
    ("gelu", gelu),
    ("l2_normalize", normalized),
    ("leaky_relu", leaky_relu),
    ("log_sigmoid", log_sigmoid),
    ("log_softmax", |r| along_last(r, "LogSoftmax")),
    ("matmul", matmul),
    ("norm", norm),
    ("ones_like", |r| r.x().and_then(|x| r.f().ones_like(x))),
    ("reduce_euclidean_norm", |r| length(r, AXIS, KEEPDIMS)),
    ("reduce_logsumexp", logsumexp),
    ("reduce_std", |r| variance(r).and_then(|x| r.f().sqrt(&x))),
    ("reduce_variance", variance),
    ("saturate_cast", |r| cast(r, true)),
    ("silu", silu),
    ("softmax", |r| along_last(r, "Softmax")),
    ("truediv", quotient),
    ("where", chosen),
    ("zeros_like", |r| r.x().and_then(|x| r.f().zeros_like(x))),
];

/// The names of all functions.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let of_one_op = [OF_ONE, OF_TWO, ALONG].into_iter().flatten();
    let others = OTHERS.iter().map(|(name, _)| *name);
    of_one_op.map(|(name, _)| *name).chain(others)
}

/// The result of the function of that name; none for names of others.
pub(super) fn of(name: &str, r: &mut Recorded<'_, '_>) -> Option<Result<Edge>> {
    if let Some(op) = named(OF_ONE, name) {
        return Some(of_one(r, op));
    }
    if let Some(op) = named(OF_TWO, name) {
        return Some(of_both(r, op, [X, Y]));
    }
    if let Some(op) = named(ALONG, name) {
        return Some(along(r, op));
    }
    let other = OTHERS.iter().find(|(function, _)| *function == name);
    other.map(|(_, lower)| lower(r))
}

fn of_one(r: &mut Recorded<'_, '_>, op: &str) -> Result<Edge> {
    let x = r.x()?;
    r.f().op(op).input(x).one()
}

const X: Name = Name(0, &["x"]);
const Y: Name = Name(1, &["y"]);

/// Both operands, of the type that the tensor among them has.
fn both(r: &mut Recorded<'_, '_>, names: [Name; 2]) -> Result<[Edge; 2]> {
    let dtype = r.dtype_of(&names);
    let dtype = dtype.ok_or_else(|| unsupported("no operand is a tensor"))?;
    let [x, y] = names;
    Ok([r.operand(x, dtype)?, r.operand(y, dtype)?])
}

fn of_both(r: &mut Recorded<'_, '_>, op: &str, names: [Name; 2]) -> Result<Edge> {
    let [x, y] = both(r, names)?;
    r.f().op(op).input(&x).input(&y).one()
}

/// The quotient, which of integers is one of floats.
fn quotient(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let [x, y] = both(r, [X, Y])?;
    let dtype = match x.dtype() {
        dtype if is_floating(dtype) => dtype,
        DataType::DT_INT8 | DataType::DT_UINT8 | DataType::DT_INT16 | DataType::DT_UINT16 => {
            DataType::DT_FLOAT
        }
        _ => DataType::DT_DOUBLE,
    };
    let (x, y) = (r.f().cast(&x, dtype)?, r.f().cast(&y, dtype)?);
    r.f().div(&x, &y)
}

fn along(r: &mut Recorded<'_, '_>, op: &str) -> Result<Edge> {
    let (x, axes, keep) = (r.x()?, r.axes(AXIS)?, r.flag(KEEPDIMS)?);
    let axes = r.f().constant(axes);
    r.f()
        .op(op)
        .input(x)
        .input(&axes)
        .attr("keep_dims", keep)
        .one()
}

fn variance(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, axes, keep) = (r.x()?, r.axes(AXIS)?, r.flag(KEEPDIMS)?);
    let f = r.f();
    let mean = f.mean(x, &axes, true)?;
    let squares = f.squared_difference(x, &mean)?;
    f.mean(&squares, &axes, keep)
}

fn logsumexp(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, axes, keep) = (r.x()?, r.axes(AXIS)?, r.flag(KEEPDIMS)?);
    let sum = log_sum_of_powers(r.f(), x, &axes)?;
    if keep {
        return Ok(sum);
    }
    let axes: Vec<i64> = axes.into_iter().map(i64::from).collect();
    r.f().squeeze(&sum, &axes)
}

/// The square root of the sum of squares along axes.
fn length(r: &mut Recorded<'_, '_>, axis: Name, keepdims: Name) -> Result<Edge> {
    let (x, axes, keep) = (r.x()?, r.axes(axis)?, r.flag(keepdims)?);
    let f = r.f();
    let squares = f.square(x)?;
    let sum = f.sum(&squares, &axes, keep)?;
    f.sqrt(&sum)
}

fn norm(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    r.refuse(Name(1, &["ord"]), &["euclidean".into()])?;
    length(r, Name(2, &["axis"]), Name(3, &["keepdims", "keep_dims"]))
}

/// -softplus(-x)
fn log_sigmoid(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let f = r.f();
    let negative = f.op("Neg").input(x).one()?;
    let softplus = f.op("Softplus").input(&negative).one()?;
    f.op("Neg").input(&softplus).one()
}

const OUTPUT_TYPE: Name = Name(2, &["output_type"]);

/// The place of the largest or smallest element.
fn found(r: &mut Recorded<'_, '_>, op: &str) -> Result<Edge> {
    let (x, along) = (r.x()?, r.axis(AXIS, 0)?);
    let dtype = r.dtype(OUTPUT_TYPE)?.unwrap_or(DataType::DT_INT64);
    let along = r.f().constant(along);
    let found = r.f().op(op).input(x).input(&along);
    found.attr("output_type", dtype).one()
}

fn bias_add(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    r.refuse(Name(2, &["data_format"]), &["NHWC".into(), "N...C".into()])?;
    let bias = r.operand(Name(1, &["bias"]), x.dtype())?;
    r.f().bias_add(x, &bias)
}

fn cast(r: &mut Recorded<'_, '_>, is_saturating: bool) -> Result<Edge> {
    let (x, dtype) = (r.x()?, r.dtype(Name(1, &["dtype"]))?);
    let dtype = dtype.ok_or_else(|| unsupported("a cast to a type that is not given"))?;
    if is_saturating && !is_floating(dtype) {
        return Err(unsupported("a cast that saturates, to integers"));
    }
    r.f().cast(x, dtype)
}

fn clip(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let low = r.operand(Name(1, &["clip_value_min"]), x.dtype())?;
    let high = r.operand(Name(2, &["clip_value_max"]), x.dtype())?;
    let below = r.f().minimum(x, &high)?;
    r.f().maximum(&below, &low)
}

/// TensorFlow's function drops elements outside of training, too.
fn dropped(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let rate: f64 = r.required(Name(1, &["rate"]))?;
    r.refuse(Name(2, &["noise_shape"]), &[])?;
    let seed = r.read::<serde_json::Value>(Name(3, &["seed"]))?;
    let seed = Seed::of(&seed.unwrap_or_default());
    if rate == 0.0 {
        return Ok(x.clone());
    }
    let shape = r.f().shape(x)?;
    dropout(r.f(), x, rate, &shape, seed)
}

fn gelu(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    if !r.flag(Name(1, &["approximate"]))? {
        return lower::gelu(r.f(), x);
    }
    // x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2, in the precision TensorFlow has.
    let f = r.f();
    let three = f.number_like(x, 3.0)?;
    let cube = f.op("Pow").input(x).input(&three).one()?;
    let factor = f.number_like(x, 0.044_715_f32.into())?;
    let cube = f.mul(&factor, &cube)?;
    let sum = f.add(x, &cube)?;
    let factor = f.number_like(x, 0.797_884_560_802_865_4)?;
    let inner = f.mul(&factor, &sum)?;
    let gate = f.tanh(&inner)?;
    let one = f.number_like(x, 1.0)?;
    let gate = f.add(&one, &gate)?;
    let half = f.number_like(x, 0.5)?;
    let half = f.mul(&half, x)?;
    f.mul(&half, &gate)
}

fn normalized(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, axes) = (r.x()?, r.axes(AXIS)?);
    r.refuse(Name(2, &["epsilon"]), &[serde_json::json!(1e-12)])?;
    l2_normalize(r.f(), x, &axes)
}

fn leaky_relu(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let slope = r.read::<f64>(Name(1, &["alpha"]))?.unwrap_or(0.2);
    let slope = single(slope);
    r.f().op("LeakyRelu").input(x).attr("alpha", slope).one()
}

fn silu(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let x = r.x()?;
    let gate = r.f().sigmoid(x)?;
    r.f().mul(x, &gate)
}

/// A function along one axis, the last by default.
fn along_last(r: &mut Recorded<'_, '_>, op: &str) -> Result<Edge> {
    let (x, shape) = (r.x()?, r.shape()?);
    let at = axis(shape, r.axis(AXIS, -1)?.into())?;
    at_last(r.f(), op, x, at, shape.rank())
}

/// `condition ? x : y`, with broadcasting.
fn chosen(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let (x, y) = (Name(1, &["x"]), Name(2, &["y"]));
    let condition = r.x()?;
    let dtype = r.dtype_of(&[x, y]).unwrap_or(DataType::DT_FLOAT);
    let (x, y) = (r.operand(x, dtype)?, r.operand(y, dtype)?);
    r.f().select(condition, &x, &y)
}

const A: Name = Name(0, &["a"]);
const B: Name = Name(1, &["b"]);

/// The product of matrices.
fn matmul(r: &mut Recorded<'_, '_>) -> Result<Edge> {
    let dtype = r.dtype_of(&[A, B]);
    let dtype = dtype.ok_or_else(|| unsupported("no matrix is a tensor"))?;
    let ranks = [r.rank(A), r.rank(B)];
    let turns = |names: [Name; 2]| Ok::<_, Error>(r.flag(names[0])? || r.flag(names[1])?);
    let turned = [
        turns([Name(2, &["transpose_a"]), Name(4, &["adjoint_a"])])?,
        turns([Name(3, &["transpose_b"]), Name(5, &["adjoint_b"])])?,
    ];
    let (a, b) = (r.operand(A, dtype)?, r.operand(B, dtype)?);
    let (op, names) = match ranks {
        [2, 2] => ("MatMul", ["transpose_a", "transpose_b"]),
        [a, b] if a.min(b) >= 2 => ("BatchMatMulV2", ["adj_x", "adj_y"]),
        _ => return Err(unsupported("a product of vectors")),
    };
    let product = r.f().op(op).input(&a).input(&b);
    let product = product.attr(names[0], turned[0]);
    product.attr(names[1], turned[1]).one()
}
