//! What a Keras model is; no file format.

mod compile;
mod dialect;
pub mod json;
mod model;
pub mod naming;
mod network;
mod object;
mod variables;

pub use compile::{CompileConfig, OptimizerState};
pub use dialect::translate;
pub use model::{Extra, ExtraValue, LayerRef, Metadata, Model};
pub use network::{Functional, Layer, Network, Sequential};
pub use object::{Dialect, Object};
pub use variables::{Variable, Variables};
