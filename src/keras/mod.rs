//! What a Keras model is; no file format.

pub mod json;
mod object;

pub use object::{Dialect, Object};
