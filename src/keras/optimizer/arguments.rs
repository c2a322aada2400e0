//! What all optimizers are given: the learning rate, weight decay, clipping, averages.

use serde_json::{Map, Value};

use crate::keras::naming::snake_case;
use crate::keras::object::Object;

/// A number, or a schedule that tells it for each step.
///
/// ```
/// use hornfels::keras::{Adam, Object};
/// let decay = Object::new("ExponentialDecay", Default::default())
///     .with_module("keras.optimizers.schedules")
///     .with("initial_learning_rate", 0.1)
///     .with("decay_steps", 1000)
///     .with("decay_rate", 0.9)
///     .with("staircase", false);
/// let fixed = Adam::new().learning_rate(0.002);
/// let scheduled = Adam::new().learning_rate(decay);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LearningRate(Value);

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        LearningRate(Value::from(rate))
    }
}

impl From<Object> for LearningRate {
    fn from(schedule: Object) -> Self {
        LearningRate(schedule.into_json())
    }
}

impl From<LearningRate> for Value {
    fn from(rate: LearningRate) -> Self {
        rate.0
    }
}

/// An optimizer in the vocabulary of Keras 3, with the arguments that all have and their defaults.
pub(super) fn object(class_name: &str, learning_rate: f64) -> Object {
    let config: Map<String, Value> = [
        ("name", Value::from(snake_case(class_name))),
        ("learning_rate", Value::from(learning_rate)),
        ("weight_decay", Value::Null),
        ("clipnorm", Value::Null),
        ("global_clipnorm", Value::Null),
        ("clipvalue", Value::Null),
        ("use_ema", Value::Bool(false)),
        ("ema_momentum", Value::from(0.99)),
        ("ema_overwrite_frequency", Value::Null),
        ("loss_scale_factor", Value::Null),
        ("gradient_accumulation_steps", Value::Null),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    Object::new(class_name, config).with_module("keras.optimizers")
}

/// Builder methods that each set one entry of the config, and the conversion into the object.
macro_rules! optimizer {
    ($class:ident { $($(#[$doc:meta])* $argument:ident: $kind:ty,)* }) => {
        impl $class {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $argument(mut self, $argument: $kind) -> Self {
                    self.0 = self.0.with(stringify!($argument), $argument);
                    self
                }
            )*

            /// What the config calls it; by default its class in small letters.
            #[must_use]
            pub fn name(mut self, name: &str) -> Self {
                self.0 = self.0.with("name", name);
                self
            }

            /// How far a step goes: a number, or a schedule.
            #[must_use]
            pub fn learning_rate(mut self, rate: impl Into<$crate::keras::LearningRate>) -> Self {
                self.0 = self.0.with("learning_rate", rate.into());
                self
            }

            /// How much smaller each step makes the variables; none by default.
            #[must_use]
            pub fn weight_decay(mut self, decay: f64) -> Self {
                self.0 = self.0.with("weight_decay", decay);
                self
            }

            /// The greatest norm of the gradient of each variable; none by default.
            #[must_use]
            pub fn clipnorm(mut self, norm: f64) -> Self {
                self.0 = self.0.with("clipnorm", norm);
                self
            }

            /// The greatest norm of all gradients together; none by default.
            #[must_use]
            pub fn global_clipnorm(mut self, norm: f64) -> Self {
                self.0 = self.0.with("global_clipnorm", norm);
                self
            }

            /// The greatest absolute value in a gradient; none by default.
            #[must_use]
            pub fn clipvalue(mut self, value: f64) -> Self {
                self.0 = self.0.with("clipvalue", value);
                self
            }

            /// Whether a moving average of the variables is kept; `false` by default.
            #[must_use]
            pub fn use_ema(mut self, keep: bool) -> Self {
                self.0 = self.0.with("use_ema", keep);
                self
            }

            /// How much of the average each step keeps; 0.99 by default.
            #[must_use]
            pub fn ema_momentum(mut self, momentum: f64) -> Self {
                self.0 = self.0.with("ema_momentum", momentum);
                self
            }

            /// After how many steps the average takes the variables' place; never by default.
            #[must_use]
            pub fn ema_overwrite_frequency(mut self, steps: u64) -> Self {
                self.0 = self.0.with("ema_overwrite_frequency", steps);
                self
            }

            /// A factor for the loss, which the gradients are divided by; only in Keras 3.
            #[must_use]
            pub fn loss_scale_factor(mut self, factor: f64) -> Self {
                self.0 = self.0.with("loss_scale_factor", factor);
                self
            }

            /// How many gradients are averaged for a step; only in Keras 3.
            #[must_use]
            pub fn gradient_accumulation_steps(mut self, steps: u64) -> Self {
                self.0 = self.0.with("gradient_accumulation_steps", steps);
                self
            }
        }

        impl From<$class> for $crate::keras::Object {
            /// The optimizer as Keras 3 serializes it.
            fn from(optimizer: $class) -> Self {
                optimizer.0
            }
        }
    };
}

pub(super) use optimizer;
