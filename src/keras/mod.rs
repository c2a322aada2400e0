//! What a Keras model is; no file format.

mod builder;
mod carried;
mod compile;
mod cudnn;
mod dialect;
mod functional;
pub mod json;
mod model;
pub mod naming;
mod network;
mod node;
mod object;
mod optimizer;
mod order;
mod part;
mod sequential;
mod variables;

pub use builder::{FunctionalBuilder, KerasTensor, Tensors};
pub use carried::Carried;
pub use compile::CompileConfig;
pub(crate) use cudnn::converted as cudnn_converted;
pub use dialect::translate;
pub(crate) use dialect::{Rewrite, rewrite};
pub use functional::Functional;
pub use model::{Extra, ExtraValue, LayerRef, Metadata, Model};
pub use network::{Layer, Network};
pub use node::{Argument, Node, TensorMeta, TensorRef};
pub use object::{Dialect, Object};
pub(crate) use optimizer::scaled_optimizer;
pub use optimizer::{Adam, LearningRate, OptimizerState, RmsProp, Sgd};
pub(crate) use optimizer::{
    Conversion, Generation, OptimizerSlot, convert, optimizer_layout, optimizer_slots,
};
pub(crate) use part::{Part, has_cell};
pub use sequential::Sequential;
pub use variables::{Variable, Variables};
