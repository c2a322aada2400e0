//! TensorFlow functions, built operation by operation; knows no Keras.
//!
//! A [`FunctionBuilder`] makes one function. Its methods add operations: [`op`](FunctionBuilder::op)
//! any by its name, others the ones that are used most by what they do. All fail with
//! [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) when the inputs are not of
//! types that the operation takes. A [`Library`] holds functions and gives each a name of its own.

mod constant;

mod function;
mod library;
mod looping;
mod op_def;
mod operation;
mod ops;

pub use constant::Constant;
pub(crate) use function::valid_name;
pub use function::{Edge, Function, FunctionBuilder};
pub use library::Library;
pub use looping::Loop;
pub(crate) use op_def::{InputTypes, OpDef, type_of_name};
pub use operation::Operation;
pub use ops::Slice;
