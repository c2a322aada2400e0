//! Optimizers: their arguments, and what they keep from step to step.
//!
//! | file | what it holds |
//! |---|---|
//! | `adam.rs`, `sgd.rs`, `rms_prop.rs` | optimizers to compile a model with; others are plain objects |
//! | `arguments.rs` | what all of them are given |
//! | `slots.rs` | a table: what each optimizer of Keras keeps for a variable that it trains |
//! | `layout.rs` | the variables of an optimizer, in the order and with the names of each Keras |
//! | `state.rs` | their values |
//! | `convert.rs` | their values from one Keras to another |
//! | `trainable.rs` | which variables of a model are trained |
//!
//! `spec/keras_h5.md#optimizer-state` has the facts.

mod adam;
mod arguments;
mod convert;
mod layout;
mod rms_prop;
mod sgd;
mod slots;
mod state;
mod trainable;

#[cfg(test)]
mod tests;

pub use adam::Adam;
pub use arguments::LearningRate;
pub(crate) use convert::{Conversion, convert};
pub(crate) use layout::inner as scaled_optimizer;
pub(crate) use layout::{Generation, OptimizerSlot, REGISTERED, optimizer_layout, optimizer_slots};
pub use rms_prop::RmsProp;
pub use sgd::Sgd;
pub use state::OptimizerState;
