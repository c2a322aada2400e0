//! Activation functions that are layers of their own.
//!
//! ```
//! use hornfels::layers::{Inputs, Layer, PReLU, ReLU};
//! let relu = ReLU::new().max_value(6.0).negative_slope(0.1);
//! assert_eq!(relu.max_value, Some(6.0));
//!
//! let prelu = PReLU::new().shared_axes([1, 2]);
//! let variables = prelu.variables(&Inputs::one([None, Some(28), Some(28), Some(3)]))?;
//! assert_eq!(variables[0].shape, [1, 1, 3]);
//! # Ok::<(), hornfels::Error>(())
//! ```

use super::config::{Axes, Constraint, Initializer, Regularizer, layer, same_shape};
use super::lower::{pass_given_mask, pass_masks, single};
use super::registry::LayerRegistry;
use super::shape::{at_least, axis, known};
use super::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<ReLU>();
    registry.typed::<LeakyReLU>();
    registry.typed::<PReLU>();
    registry.typed::<ELU>();
    registry.typed::<ThresholdedReLU>();
    registry.typed::<Softmax>();
}

layer! {
    /// Keeps what is above a threshold; what is below is multiplied by a slope, 0 by default.
    ReLU() {
        /// What larger elements become.
        max_value: Option<f64> as some(f64) = None,
        /// The slope below the threshold.
        negative_slope: f64 = 0.0,
        /// Where the slope begins.
        threshold: f64 = 0.0,
    }
}

layer! {
    /// Keeps what is positive; what is negative is multiplied by a small slope.
    LeakyReLU() {
        /// The slope of what is negative.
        negative_slope ["alpha"]: f64 = 0.3,
    }
}

layer! {
    /// A [`LeakyReLU`] whose slopes are learned, one for each element but along shared axes.
    ///
    /// Variable: `alpha`, of the input's shape without the batch axis, 1 along shared axes.
    PReLU() {
        /// How the slopes begin.
        alpha_initializer: Initializer as into = Initializer::zeros(),
        /// A penalty on the slopes.
        alpha_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// What the slopes are held to.
        alpha_constraint: Option<Constraint> as some(Constraint) = None,
        /// The axes along which all elements have one slope; the first after the batch is 1.
        shared_axes: Option<Axes> as some(Axes) = None,
    }
}

impl Layer for PReLU {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let input = at_least(inputs.first()?, 1)?;
        let mut slopes = Shape(input.0.iter().skip(1).copied().collect());
        for shared in self.shared_axes.iter().flat_map(|axes| &axes.0) {
            // Counted with the batch axis, as Keras does even from the back.
            let at = axis(&slopes, shared.saturating_sub(1))?;
            if let Some(size) = slopes.0.get_mut(at) {
                *size = Some(1);
            }
        }
        let sizes = (0..slopes.rank()).map(|at| known(&slopes, at));
        let sizes: Vec<u64> = sizes.collect::<Result<_>>()?;
        let mut own = self.base.variables();
        own.add("alpha", sizes, &self.alpha_initializer);
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(vec![inputs.first()?.clone()])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let slopes = call.read("alpha")?;
        let (x, f) = (call.tensor()?, &mut *call.function);
        let above = f.relu(x)?;
        let slopes = f.neg(&slopes)?;
        let below = f.neg(x)?;
        let below = f.relu(&below)?;
        let below = f.mul(&slopes, &below)?;
        Ok(vec![f.add(&above, &below)?])
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        pass_masks(self, call)
    }
}

layer! {
    /// Keeps what is positive; what is negative tends to `-alpha`: `alpha · (exp(x) - 1)`.
    ELU() {
        /// Minus the limit of what is negative.
        alpha: f64 = 1.0,
    }
}

layer! {
    /// Keeps what is above `theta`; all else becomes 0. Not in Keras 3.
    ThresholdedReLU() {
        /// The threshold.
        theta: f64 = 1.0,
    }
}

layer! {
    /// Positive numbers whose sum along the axes is 1.
    ///
    /// ```
    /// use hornfels::layers::{Axes, Softmax};
    /// assert_eq!(Softmax::new().axis([1, 2]).axis, Axes(vec![1, 2]));
    /// ```
    Softmax() {
        /// The axes along which the sum is 1.
        axis: Axes as into = Axes(vec![-1]),
    }
}

impl Layer for Softmax {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let input = inputs.first()?;
        for along in &self.axis.0 {
            axis(input, *along)?;
        }
        Ok(vec![input.clone()])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let shape = call.shape()?;
        let places = self.axis.0.iter().map(|along| axis(shape, *along));
        let places: Vec<usize> = places.collect::<Result<_>>()?;
        let mask = call.given_mask();
        let x = call.tensor()?;
        let y = softmax_of(call.function, x, mask, &places, shape.rank())?;
        Ok(vec![y])
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        pass_given_mask(self, call)
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &[CallArgument::Mask]
    }
}

/// Positive numbers whose sum along the axes is 1, of a tensor with so many axes.
pub(super) fn softmax_of(
    f: &mut FunctionBuilder,
    x: &Edge,
    mask: Option<&Edge>,
    axes: &[usize],
    rank: usize,
) -> Result<Edge> {
    let x = match mask {
        Some(mask) => hidden(f, x, mask)?,
        None => x.clone(),
    };
    match axes {
        [one] => at_last(f, "Softmax", &x, *one, rank),
        several => softmax_over(f, &x, several),
    }
}

/// What the mask hides becomes so small that its exponential is 0.
fn hidden(f: &mut FunctionBuilder, x: &Edge, mask: &Edge) -> Result<Edge> {
    let least = match x.dtype() {
        DataType::DT_HALF => -32752.0,
        _ => -1e9,
    };
    let one = f.number_like(x, 1.0)?;
    let counts = f.cast(mask, x.dtype())?;
    let hides = f.sub(&one, &counts)?;
    let least = f.number_like(x, least)?;
    let added = f.mul(&hides, &least)?;
    f.add(x, &added)
}

/// An operation along the last axis, along another one instead.
pub(super) fn at_last(
    f: &mut FunctionBuilder,
    op: &str,
    x: &Edge,
    at: usize,
    rank: usize,
) -> Result<Edge> {
    let last = rank.saturating_sub(1);
    if at == last {
        return f.op(op).input(x).one();
    }
    let mut order: Vec<i32> = (0_i32..).take(rank).collect();
    order.swap(at, last);
    let x = f.transpose(x, &order)?;
    let y = f.op(op).input(&x).one()?;
    f.transpose(&y, &order)
}

fn softmax_over(f: &mut FunctionBuilder, x: &Edge, axes: &[usize]) -> Result<Edge> {
    let axes: Vec<i32> = axes
        .iter()
        .filter_map(|at| i32::try_from(*at).ok())
        .collect();
    let sum = log_sum_of_powers(f, x, &axes)?;
    let y = f.sub(x, &sum)?;
    f.exp(&y)
}

/// `log Σ exp(x)` along axes, which stay with the size 1, without numbers that are too large.
pub(super) fn log_sum_of_powers(f: &mut FunctionBuilder, x: &Edge, axes: &[i32]) -> Result<Edge> {
    let largest = f.max(x, axes, true)?;
    let is_finite = f.op("IsFinite").input(&largest).one()?;
    let zeros = f.zeros_like(&largest)?;
    let largest = f.select(&is_finite, &largest, &zeros)?;
    let largest = f.op("StopGradient").input(&largest).one()?;
    let smaller = f.sub(x, &largest)?;
    let powers = f.exp(&smaller)?;
    let sum = f.sum(&powers, axes, true)?;
    let sum = f.log(&sum)?;
    f.add(&sum, &largest)
}

same_shape!(
    ReLU {
        lower: relu,
        masks: pass_masks
    },
    LeakyReLU {
        lower: leaky_relu,
        masks: pass_masks
    },
    ELU {
        lower: elu,
        masks: pass_masks
    },
    ThresholdedReLU {
        lower: thresholded_relu,
        masks: pass_masks
    },
);

/// Keras keeps what it is given in single precision, whatever the layer computes in.
fn relu(layer: &ReLU, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let (x, f) = (call.tensor()?, &mut *call.function);
    let (slope, threshold) = (single(layer.negative_slope), single(layer.threshold));
    let limit = layer.max_value.map(single);
    if limit.is_none() && threshold == 0.0 {
        return Ok(vec![with_slope(f, x, slope)?]);
    }
    let above = match limit {
        _ if threshold != 0.0 => kept_above(f, x, threshold)?,
        Some(6.0) => f.op("Relu6").input(x).one()?,
        _ => f.relu(x)?,
    };
    let above = match limit {
        Some(limit) if threshold != 0.0 || limit != 6.0 => f.clip(&above, 0.0, limit.into())?,
        _ => above,
    };
    if slope == 0.0 {
        return Ok(vec![above]);
    }
    let mut below = f.neg(x)?;
    if threshold != 0.0 {
        let threshold = f.number_like(x, threshold.into())?;
        below = f.add(&below, &threshold)?;
    }
    let below = f.relu(&below)?;
    let slope = f.number_like(x, slope.into())?;
    let below = f.mul(&slope, &below)?;
    Ok(vec![f.sub(&above, &below)?])
}

fn with_slope(f: &mut FunctionBuilder, x: &Edge, slope: f32) -> Result<Edge> {
    match slope {
        0.0 => f.relu(x),
        _ => f.op("LeakyRelu").input(x).attr("alpha", slope).one(),
    }
}

fn leaky_relu(layer: &LeakyReLU, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let x = call.tensor()?;
    let slope = single(layer.negative_slope);
    Ok(vec![with_slope(call.function, x, slope)?])
}

fn elu(layer: &ELU, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let (x, f) = (call.tensor()?, &mut *call.function);
    let elu = f.op("Elu").input(x).one()?;
    let alpha = single(layer.alpha);
    if alpha == 1.0 {
        return Ok(vec![elu]);
    }
    let zero = f.number_like(x, 0.0)?;
    let is_above = f.greater(x, &zero)?;
    let alpha = f.number_like(x, alpha.into())?;
    let below = f.mul(&alpha, &elu)?;
    Ok(vec![f.select(&is_above, &elu, &below)?])
}

fn thresholded_relu(layer: &ThresholdedReLU, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let x = call.tensor()?;
    Ok(vec![kept_above(call.function, x, single(layer.theta))?])
}

/// What is above the threshold; all else becomes 0.
fn kept_above(f: &mut FunctionBuilder, x: &Edge, threshold: f32) -> Result<Edge> {
    let threshold = f.number_like(x, threshold.into())?;
    let is_above = f.greater(x, &threshold)?;
    let is_above = f.cast(&is_above, x.dtype())?;
    f.mul(x, &is_above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lower::testing::Lowering;
    use crate::tensor::DType;

    #[test]
    fn slopes_need_known_sizes_and_axes_that_are_there() {
        #[track_caller]
        fn check(layer: PReLU, input: &[Option<u64>], expected: &str) {
            let inputs = Inputs::one(input.to_vec());
            assert_eq!(layer.variables(&inputs).unwrap_err().message(), expected);
        }
        check(
            PReLU::new(),
            &[None, None, Some(3)],
            "axis 0 of an input of shape (None, 3) is unknown, expected a size: a variable has it",
        );
        check(
            PReLU::new().shared_axes(3),
            &[None, Some(4), Some(3)],
            "axis 2 of an input of shape (4, 3), expected one of its 2 axes",
        );
        let error = Softmax::new().axis(2).output_shapes(&Inputs::one([2, 3]));
        assert!(error.is_err());
    }

    #[track_caller]
    fn computes(layer: impl Layer, expected: &[&str]) {
        Lowering::of(&layer, Inputs::one([None, Some(4), Some(3)])).check(expected);
    }

    #[test]
    fn functions_are_as_short_as_their_arguments_let_them() {
        computes(ReLU::new(), &["Relu"]);
        computes(ReLU::new().max_value(6.0), &["Relu6"]);
        computes(ReLU::new().max_value(0.5), &["Relu", "Minimum", "Maximum"]);
        computes(ReLU::new().negative_slope(0.1), &["LeakyRelu"]);
        computes(ReLU::new().threshold(0.1), &["Greater", "Cast", "Mul"]);
        computes(
            ReLU::new().max_value(6.0).threshold(0.1),
            &["Greater", "Cast", "Mul", "Minimum", "Maximum"],
        );
        computes(
            ReLU::new().max_value(6.0).negative_slope(0.1),
            &["Relu6", "Neg", "Relu", "Mul", "Sub"],
        );
        computes(
            ReLU::new().threshold(0.5).negative_slope(0.1),
            &[
                "Greater", "Cast", "Mul", "Neg", "AddV2", "Relu", "Mul", "Sub",
            ],
        );
        computes(LeakyReLU::new().negative_slope(0.0), &["Relu"]);
        computes(ELU::new(), &["Elu"]);
        computes(
            ELU::new().alpha(0.5),
            &["Elu", "Greater", "Mul", "SelectV2"],
        );
        computes(
            PReLU::new(),
            &[
                "ReadVariableOp",
                "Relu",
                "Neg",
                "Neg",
                "Relu",
                "Mul",
                "AddV2",
            ],
        );
        computes(Softmax::new(), &["Softmax"]);
        computes(
            Softmax::new().axis(1),
            &["Transpose", "Softmax", "Transpose"],
        );
    }

    #[test]
    fn several_axes_are_one_sum() {
        computes(
            Softmax::new().axis([1, 2]),
            &[
                "Max",
                "IsFinite",
                "ZerosLike",
                "SelectV2",
                "StopGradient",
                "Sub",
                "Exp",
                "Sum",
                "Log",
                "AddV2",
                "Sub",
                "Exp",
            ],
        );
    }

    #[test]
    fn what_is_computed_in_half_precision_hides_with_its_least_number() {
        let softmax = Softmax::new();
        let lowering = Lowering::of(&softmax, Inputs::one([None, Some(4)])).masked();
        let half = lowering.fed(DataType::DT_HALF).computing_in(DType::Float16);
        half.check(&["Cast", "Sub", "Mul", "AddV2", "Softmax"]);
        let function = half.function().unwrap();
        let computed = function
            .node_def
            .iter()
            .filter(|node| node.op != "Identity");
        let types = computed.filter_map(|node| node.attr.get("T").or(node.attr.get("dtype")));
        assert!(types.eq([&DataType::DT_HALF.into(); 6]));
    }
}
