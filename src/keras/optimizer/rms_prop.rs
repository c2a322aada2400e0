//! The optimizer `RMSprop`.

use super::arguments::{object, optimizer};
use crate::keras::object::Object;

/// Keras's `RMSprop`: divides gradients by the root of a running mean of their squares.
///
/// ```
/// use hornfels::keras::{Object, RmsProp};
/// let rms_prop = Object::from(RmsProp::new().rho(0.95).momentum(0.5).centered(true));
/// assert_eq!(rms_prop.class_name(), "RMSprop");
/// assert_eq!(rms_prop.f64("learning_rate")?, Some(0.001));
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RmsProp(Object);

impl RmsProp {
    /// With Keras's defaults: `learning_rate` 0.001, `rho` 0.9, no momentum, `epsilon` 1e-7.
    pub fn new() -> Self {
        let object = object("RMSprop", 0.001)
            .with("rho", 0.9)
            .with("momentum", 0.0)
            .with("epsilon", 1e-7)
            .with("centered", false);
        RmsProp(object)
    }
}

impl Default for RmsProp {
    fn default() -> Self {
        RmsProp::new()
    }
}

optimizer!(RmsProp {
    /// How much of the mean of squares each step keeps.
    rho: f64,
    /// How much of the last step each step repeats.
    momentum: f64,
    /// What keeps the division finite.
    epsilon: f64,
    /// Whether the squares are counted from the mean of the gradients, which is kept, too.
    centered: bool,
});
