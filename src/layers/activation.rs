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
use super::registry::LayerRegistry;
use super::shape::{at_least, axis, known};
use super::{Inputs, Layer, VariableSpec};
use crate::error::Result;
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
}

same_shape!(ReLU, LeakyReLU, ELU, ThresholdedReLU);

#[cfg(test)]
mod tests {
    use super::*;

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
}
