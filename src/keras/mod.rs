//! What a Keras model is; no file format.

mod builder;
mod compile;
mod dialect;
mod functional;
pub mod json;
mod model;
pub mod naming;
mod network;
mod node;
mod object;
mod order;
mod sequential;
mod variables;

pub use builder::{FunctionalBuilder, KerasTensor};
pub use compile::{CompileConfig, OptimizerState};
pub use dialect::translate;
pub use functional::Functional;
pub use model::{Extra, ExtraValue, LayerRef, Metadata, Model};
pub use network::{Layer, Network};
pub use node::{Argument, Node, TensorMeta, TensorRef};
pub use object::{Dialect, Object};
pub use sequential::Sequential;
pub use variables::{Variable, Variables};
