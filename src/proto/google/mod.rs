//! Protobuf's own messages, as far as TensorFlow's use them.

pub mod any;
pub mod wrappers;

pub use any::Any;
pub use wrappers::BoolValue;
