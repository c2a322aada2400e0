//! The optimizer `Adam`.

use super::arguments::{object, optimizer};
use crate::keras::object::Object;

/// Keras's `Adam`: steps by running means of the gradients and of their squares.
///
/// ```
/// use hornfels::keras::{Adam, Object};
/// let adam = Object::from(Adam::new().learning_rate(0.002).beta_1(0.95).amsgrad(true));
/// assert_eq!(adam.class_name(), "Adam");
/// assert_eq!(adam.f64("learning_rate")?, Some(0.002));
/// assert_eq!(adam.f64("beta_2")?, Some(0.999));
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Adam(Object);

impl Adam {
    /// With Keras's defaults: `learning_rate` 0.001, `beta_1` 0.9, `beta_2` 0.999, `epsilon` 1e-7.
    pub fn new() -> Self {
        let object = object("Adam", 0.001)
            .with("beta_1", 0.9)
            .with("beta_2", 0.999)
            .with("epsilon", 1e-7)
            .with("amsgrad", false);
        Adam(object)
    }
}

impl Default for Adam {
    fn default() -> Self {
        Adam::new()
    }
}

optimizer!(Adam {
    /// How much of the mean of the gradients each step keeps.
    beta_1: f64,
    /// How much of the mean of their squares each step keeps.
    beta_2: f64,
    /// What keeps the division by the square root of the second mean finite.
    epsilon: f64,
    /// Whether the greatest second mean so far is taken instead of the present one.
    amsgrad: bool,
});
