//! Batch normalization: statistics over the batch in training, moving ones else.

mod lower;

use serde_json::Value;

use super::{same_shape, sizes_along};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::config::{Axes, Base, Constraint, Initializer, Regularizer, layer};
use crate::layers::lower::pass_given_mask;
use crate::layers::shape::{axis, known};
use crate::layers::variables::Own;
use crate::layers::{Call, CallArgument, Inputs, Layer, VariableSpec};
use crate::tensor::{DType, Shape};

/// Variables of batch normalization: `spec/layers.md#normalization`.
struct Statistics<'a> {
    base: &'a Base,
    axes: &'a Axes,
    gamma: Option<&'a Initializer>,
    beta: Option<&'a Initializer>,
    mean: &'a Initializer,
    variance: &'a Initializer,
    momentum: f64,
    epsilon: f64,
    /// Whether the statistics are computed so that replicas can be summed.
    synchronized: bool,
}

impl Statistics<'_> {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let sizes = self.sizes(inputs.first()?)?;
        let mut own = self.own();
        for (path, initializer) in [("gamma", self.gamma), ("beta", self.beta)] {
            if let Some(initializer) = initializer {
                own.add(path, sizes.clone(), initializer);
            }
        }
        own.add_fixed("moving_mean", sizes.clone(), self.mean);
        own.add_fixed("moving_variance", sizes.clone(), self.variance);
        if self.has_renorm() {
            let deviation = root(self.variance);
            own.add_fixed("moving_stddev", sizes.clone(), &deviation);
            own.add_fixed("renorm_mean", sizes.clone(), self.mean);
            own.add_fixed("renorm_stddev", sizes, &deviation);
        }
        Ok(own.finish())
    }

    /// Whether moving statistics count in training, too.
    fn has_renorm(&self) -> bool {
        self.base.rest("renorm") == Some(&Value::Bool(true))
    }

    /// Several axes, of Keras 2, keep their places, with 1 in all others.
    fn sizes(&self, input: &Shape) -> Result<Vec<u64>> {
        if let [only] = self.axes.0.as_slice() {
            return sizes_along(input, &[*only]);
        }
        let mut sizes = vec![1; input.rank()];
        for along in &self.axes.0 {
            let at = axis(input, *along)?;
            if let Some(size) = sizes.get_mut(at) {
                *size = known(input, at)?;
            }
        }
        Ok(sizes)
    }

    /// Before Keras 3, variables of half precision were kept in single.
    fn own(&self) -> Own {
        let dtype = match self.base.dtype.variable_dtype() {
            DType::Float16 | DType::BFloat16 if self.base.is_before_keras3() => DType::Float32,
            dtype => dtype,
        };
        Own::new(self.base.trainable, dtype)
    }
}

/// Begins with the square root of what `initializer` begins with, where that is one number.
fn root(initializer: &Initializer) -> Initializer {
    match initializer.constant() {
        Some(number) if number != 0.0 && number != 1.0 => Initializer::constant_of(number.sqrt()),
        _ => initializer.clone(),
    }
}

layer! {
    /// Each channel brought to mean 0 and variance 1, over the batch in training, by moving
    /// statistics else; then scaled by `gamma`, and `beta` added.
    ///
    /// Variables, all (channels): `gamma`, `beta`, and not trained `moving_mean`,
    /// `moving_variance`; further ones if a config has `renorm`.
    BatchNormalization() {
        /// The axis of the channels; Keras 2 also takes several.
        axis: Axes as into = Axes(vec![-1]),
        /// How much of the moving statistics stays at each step of training.
        momentum: f64 = 0.99,
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
        /// How the moving mean begins.
        moving_mean_initializer: Initializer as into = Initializer::zeros(),
        /// How the moving variance begins.
        moving_variance_initializer: Initializer as into = Initializer::ones(),
        /// A penalty on `beta`.
        beta_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// A penalty on `gamma`.
        gamma_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// What `beta` is held to.
        beta_constraint: Option<Constraint> as some(Constraint) = None,
        /// What `gamma` is held to.
        gamma_constraint: Option<Constraint> as some(Constraint) = None,
        /// Whether statistics are over all replicas of a distributed training.
        synchronized: bool = false,
    }
}

layer! {
    /// A [`BatchNormalization`] over all replicas of a distributed training. Only in Keras 2, where
    /// it was experimental.
    SyncBatchNormalization() {
        /// The axis of the channels.
        axis: Axes as into = Axes(vec![-1]),
        /// How much of the moving statistics stays at each step of training.
        momentum: f64 = 0.99,
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
        /// How the moving mean begins.
        moving_mean_initializer: Initializer as into = Initializer::zeros(),
        /// How the moving variance begins.
        moving_variance_initializer: Initializer as into = Initializer::ones(),
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

/// A layer whose variables are [`Statistics`].
macro_rules! statistical {
    ($($class:ident { synchronized: $synchronized:expr }),* $(,)?) => {
        $(
            impl $class {
                fn statistics(&self) -> Statistics<'_> {
                    let is_synchronized: fn(&Self) -> bool = $synchronized;
                    Statistics {
                        base: &self.base,
                        axes: &self.axis,
                        gamma: self.scale.then_some(&self.gamma_initializer),
                        beta: self.center.then_some(&self.beta_initializer),
                        mean: &self.moving_mean_initializer,
                        variance: &self.moving_variance_initializer,
                        momentum: self.momentum,
                        epsilon: self.epsilon,
                        synchronized: is_synchronized(self),
                    }
                }
            }

            impl Layer for $class {
                fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
                    self.statistics().variables(inputs)
                }

                fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                    same_shape(inputs, &self.axis.0)
                }

                fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                    lower::lower(&self.statistics(), call)
                }

                fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
                    pass_given_mask(self, call)
                }

                fn call_arguments(&self) -> &'static [CallArgument] {
                    &[CallArgument::Training, CallArgument::Mask]
                }
            }
        )*
    };
}

statistical!(
    BatchNormalization {
        synchronized: |layer| layer.synchronized
    },
    SyncBatchNormalization {
        synchronized: |_| true
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renormalization_begins_with_the_root_of_the_variance() {
        let layer =
            BatchNormalization::new().moving_variance_initializer(Initializer::constant_of(4.0));
        let object = crate::keras::Object::from(layer).with("renorm", true);
        let layer = BatchNormalization::from_object(&object).unwrap();
        let variables = layer.variables(&Inputs::one([2, 3])).unwrap();
        let found = variables.iter().map(|it| it.initializer.constant());
        let ends = [Some(1.0), Some(0.0)];
        let expected = [
            ends[0],
            ends[1],
            ends[1],
            Some(4.0),
            Some(2.0),
            ends[1],
            Some(2.0),
        ];
        assert!(found.eq(expected));
    }
}
