//! Inputs brought to mean 0 and variance 1, or to length 1.
//!
//! ```
//! use hornfels::layers::{BatchNormalization, Inputs, Layer};
//! let image = Inputs::one([None, Some(28), Some(28), Some(3)]);
//! let variables = BatchNormalization::new().scale(false).variables(&image)?;
//! let paths: Vec<&str> = variables.iter().map(|it| it.path.as_str()).collect();
//! assert_eq!(paths, ["beta", "moving_mean", "moving_variance"]);
//! assert!(variables.iter().all(|it| it.shape == [3]));
//! # Ok::<(), hornfels::Error>(())
//! ```

mod batch;
mod lower;
mod moments;

use serde_json::Value;

use super::config::{Axes, Base, Constraint, Initializer, Regularizer, layer};
use super::lower::{pass_given_mask, pass_masks};
use super::registry::LayerRegistry;
use super::shape::{axis, known, mismatch};
use super::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::error::Result;
use crate::graph::Edge;
use crate::tensor::{DType, Shape};

pub use batch::{BatchNormalization, SyncBatchNormalization};

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<BatchNormalization>();
    // What early versions of TensorFlow called it.
    for name in ["BatchNormalizationV1", "BatchNormalizationV2"] {
        registry.register(name, |object| {
            Ok(Box::new(BatchNormalization::from_object(object)?))
        });
    }
    registry.typed::<SyncBatchNormalization>();
    registry.typed::<LayerNormalization>();
    registry.typed::<GroupNormalization>();
    registry.typed::<UnitNormalization>();
    registry.typed::<RMSNormalization>();
    registry.typed::<Normalization>();
}

/// Sizes of the axes in the order given.
fn sizes_along(input: &Shape, axes: &[i64]) -> Result<Vec<u64>> {
    let size = |along: &i64| known(input, axis(input, *along)?);
    axes.iter().map(size).collect()
}

/// The input, if it has all of these axes.
fn same_shape(inputs: &Inputs, axes: &[i64]) -> Result<Vec<Shape>> {
    let input = inputs.first()?;
    for along in axes {
        axis(input, *along)?;
    }
    Ok(vec![input.clone()])
}

layer! {
    /// Each sample brought to mean 0 and variance 1 along the axes, then scaled by `gamma`, and
    /// `beta` added.
    ///
    /// Variables, of the sizes of the axes: `gamma`, `beta`.
    LayerNormalization() {
        /// The axes along which mean and variance are taken.
        axis: Axes as into = Axes(vec![-1]),
        /// Added to the variance.
        epsilon: f64 = 1e-3,
        /// Whether there is a `beta`.
        center: bool = true,
        /// Whether there is a `gamma`.
        scale: bool = true,
        /// Whether it only divides by the deviation and scales, as [`RMSNormalization`] does.
        rms_scaling: bool = false,
        /// How `beta` begins.
        beta_initializer: Initializer as into = Initializer::zeros(),
        /// How `gamma` begins.
        gamma_initializer: Initializer as into = Initializer::ones(),
        /// A penalty on `beta`.
        beta_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// A penalty on `gamma`.
        gamma_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// What `beta` is held to.
        beta_constraint: Option<Constraint> as some(Constraint) = None,
        /// What `gamma` is held to.
        gamma_constraint: Option<Constraint> as some(Constraint) = None,
    }
}

/// The axes in the order in which variables have them: Keras 3 sorts them as they were given.
fn ordered(axes: &Axes, base: &Base) -> Vec<i64> {
    let mut axes = axes.0.clone();
    if !base.is_before_keras3() {
        axes.sort_unstable();
    }
    axes
}

impl Layer for LayerNormalization {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let axes = ordered(&self.axis, &self.base);
        let sizes = sizes_along(inputs.first()?, &axes)?;
        let mut own = self.base.variables();
        if self.scale || self.rms_scaling {
            own.add("gamma", sizes.clone(), &self.gamma_initializer);
        }
        if self.center && !self.rms_scaling {
            own.add("beta", sizes, &self.beta_initializer);
        }
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        same_shape(inputs, &self.axis.0)
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        lower::layer_normalization(self, call)
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        pass_masks(self, call)
    }
}

layer! {
    /// Groups of channels of each sample brought to mean 0 and variance 1.
    ///
    /// Variables, (channels): `gamma`, `beta`.
    GroupNormalization() {
        /// How many groups; -1 for one for each channel.
        groups: i64 = 32,
        /// The axis of the channels.
        axis: i64 = -1,
        /// Added to the variance.
        epsilon: f64 = 1e-3,
        /// Whether there is a `beta`.
        center: bool = true,
        /// Whether there is a `gamma`.
        scale: bool = true,
        /// How `beta` begins.
        beta_initializer: Initializer as into = Initializer::zeros(),
        /// How `gamma` begins.
        gamma_initializer: Initializer as into = Initializer::ones(),
        /// A penalty on `beta`.
        beta_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// A penalty on `gamma`.
        gamma_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// What `beta` is held to.
        beta_constraint: Option<Constraint> as some(Constraint) = None,
        /// What `gamma` is held to.
        gamma_constraint: Option<Constraint> as some(Constraint) = None,
    }
}

impl GroupNormalization {
    /// How many groups so many channels are, and of how many each.
    fn split(&self, channels: u64) -> (u64, u64) {
        let groups = u64::try_from(self.groups).unwrap_or(channels);
        (groups, channels.checked_div(groups).unwrap_or(channels))
    }
}

impl Layer for GroupNormalization {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let input = inputs.first()?;
        let channels = known(input, axis(input, self.axis)?)?;
        let divides = |groups| channels.checked_rem(groups) == Some(0) && groups <= channels;
        if self.groups != -1 && !u64::try_from(self.groups).is_ok_and(divides) {
            let groups = self.groups;
            return Err(mismatch(format!(
                "{groups} groups of {channels} channels, expected groups of one size"
            )));
        }
        let mut own = self.base.variables();
        if self.scale {
            own.add("gamma", [channels], &self.gamma_initializer);
        }
        if self.center {
            own.add("beta", [channels], &self.beta_initializer);
        }
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        same_shape(inputs, &[self.axis])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        lower::group_normalization(self, call)
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        pass_given_mask(self, call)
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &[CallArgument::Mask]
    }
}

layer! {
    /// Each sample scaled to length 1 along the axes.
    UnitNormalization() {
        /// The axes along which lengths are taken.
        axis: Axes as into = Axes(vec![-1]),
    }
}

impl Layer for UnitNormalization {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        same_shape(inputs, &self.axis.0)
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        lower::unit_normalization(self, call)
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        pass_masks(self, call)
    }
}

layer! {
    /// Each sample divided by the root of its mean square along the axes, then scaled. Not in
    /// Keras 2.
    ///
    /// Variable: `scale`, of the sizes of the axes.
    RMSNormalization() {
        /// The axes along which the mean is taken.
        axis: Axes as into = Axes(vec![-1]),
        /// Added to the mean.
        epsilon: f64 = 1e-6,
    }
}

impl Layer for RMSNormalization {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let axes = ordered(&self.axis, &self.base);
        let sizes = sizes_along(inputs.first()?, &axes)?;
        let mut own = self.base.variables();
        own.add("scale", sizes, &Initializer::ones());
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        same_shape(inputs, &self.axis.0)
    }
}

layer! {
    /// Shifted and scaled by a mean and a variance that are given, or learned from data once.
    ///
    /// Variables, not trained, unless both are given: `mean` and `variance` of the sizes of the
    /// axes, `count`.
    ///
    /// ```
    /// use hornfels::layers::{Inputs, Layer, Normalization};
    /// let input = Inputs::one([None, Some(3)]);
    /// assert_eq!(Normalization::new().variables(&input)?.len(), 3);
    /// let given = Normalization::new().mean(2.0).variance(0.5);
    /// assert_eq!(given.variables(&input)?.len(), 0);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Normalization() {
        /// The axes that have a mean for each index; none for one mean of all.
        axis: Axes as into = Axes(vec![-1]),
        /// The mean, a number or a list of numbers; null if it is learned.
        mean: Value as into = Value::Null,
        /// The variance, likewise.
        variance: Value as into = Value::Null,
        /// Whether it undoes the normalization instead.
        invert: bool = false,
    }
}

impl Layer for Normalization {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        match (self.mean.is_null(), self.variance.is_null()) {
            (true, true) => {}
            (false, false) => return Ok(Vec::new()),
            _ => {
                return Err(mismatch(
                    "only one of `mean` and `variance` is given, expected both or none",
                ));
            }
        }
        let input = inputs.first()?;
        let places: Result<Vec<usize>> = self.axis.0.iter().map(|it| axis(input, *it)).collect();
        let mut places = places?;
        places.sort_unstable();
        let sizes = places.into_iter().map(|at| known(input, at));
        let sizes: Vec<u64> = sizes.collect::<Result<_>>()?;
        // Keras 2 keeps them in the dtype in which it computes.
        let dtype = match self.base.is_before_keras3() {
            true => self.base.dtype.compute_dtype(),
            false => self.base.dtype.variable_dtype(),
        };
        let mut own = self.base.variables();
        let zeros = Initializer::zeros();
        own.add_fixed_of(dtype, "mean", sizes.clone(), &zeros);
        own.add_fixed_of(dtype, "variance", sizes, &Initializer::ones());
        own.add_fixed_of(DType::Int64, "count", [], &zeros);
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        same_shape(inputs, &self.axis.0)
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        super::preprocessing::normalize(self, call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_do_not_go_with_the_input_are_refused() {
        #[track_caller]
        fn check(layer: &dyn Layer, input: &[Option<u64>], expected: &str) {
            let error = layer.call(&Inputs::one(input.to_vec()));
            assert_eq!(error.unwrap_err().message(), expected);
        }
        let unknown = "axis 1 of an input of shape (None, None) is unknown, expected a size: \
                       a variable has it";
        for layer in [
            &BatchNormalization::new() as &dyn Layer,
            &LayerNormalization::new(),
            &GroupNormalization::new(),
            &RMSNormalization::new(),
            &Normalization::new(),
        ] {
            check(layer, &[None, None], unknown);
        }
        let outside = "axis 2 of an input of shape (None, 3), expected one of its 2 axes";
        for layer in [
            &BatchNormalization::new().axis(2) as &dyn Layer,
            &LayerNormalization::new().axis([1, 2]),
            &GroupNormalization::new().axis(2),
            &UnitNormalization::new().axis(2),
        ] {
            check(layer, &[None, Some(3)], outside);
        }
        for groups in [2, 6, 0, -2] {
            let expected = format!("{groups} groups of 3 channels, expected groups of one size");
            let layer = GroupNormalization::new().groups(groups);
            check(&layer, &[None, Some(3)], &expected);
        }
        check(
            &Normalization::new().mean(1.0),
            &[None, Some(3)],
            "only one of `mean` and `variance` is given, expected both or none",
        );
    }
}
