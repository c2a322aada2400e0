//! The optimizer `SGD`.

use super::arguments::{object, optimizer};
use crate::keras::object::Object;

/// Keras's `SGD`: steps along the gradient, with momentum if asked for.
///
/// ```
/// use hornfels::keras::{Object, Sgd};
/// let sgd = Object::from(Sgd::new().momentum(0.9).nesterov(true));
/// assert_eq!(sgd.class_name(), "SGD");
/// assert_eq!(sgd.f64("learning_rate")?, Some(0.01));
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd(Object);

impl Sgd {
    /// With Keras's defaults: `learning_rate` 0.01, no momentum.
    pub fn new() -> Self {
        let object = object("SGD", 0.01)
            .with("momentum", 0.0)
            .with("nesterov", false);
        Sgd(object)
    }
}

impl Default for Sgd {
    fn default() -> Self {
        Sgd::new()
    }
}

optimizer!(Sgd {
    /// How much of the last step each step repeats.
    momentum: f64,
    /// Whether the gradient counts as it would be after the momentum's part of the step.
    nesterov: bool,
});
