//! Layers that Keras makes inside of others.

use super::CallArgument;
use crate::keras::Object;
use crate::tensor::Shape;

/// A layer inside of another one, which Keras has as an object of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct InnerLayer {
    /// The attribute of the outer layer that holds it.
    pub attribute: String,
    /// Where its variables are, from the outer layer.
    pub path: String,
    /// Its class and config, in Keras 2's words.
    pub object: Object,
    /// What a call takes beside its tensors.
    pub arguments: &'static [CallArgument],
    /// The shapes it is built with.
    pub shapes: Vec<Shape>,
    /// The layers inside of it.
    pub inner: Vec<InnerLayer>,
}
