//! What a file says layers compute, kept as that file has it.

use std::collections::BTreeMap;

use crate::tensor::Tensor;

/// The functions of a model's layers as the file has them that the model came from, opaque.
///
/// Layers of classes that are not known here, such as one's own classes of Python, can only be saved
/// with functions because the file they came from has some. Formats without functions leave them
/// out, and so does saving a model in which the layer or its variables are gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// The bytes of the file; none are copied.
    pub(crate) file: Tensor<'static>,
    /// Where it has each layer, by the names of the models the layer is in and its own:
    /// `encoder/scale`; the model itself has no name.
    pub(crate) layers: BTreeMap<String, u32>,
    /// The paths of the variables that functions use, by where the file has them.
    pub(crate) variables: BTreeMap<u32, String>,
    /// What is said of the layers inside of them, as JSON, by where the file has them.
    pub(crate) descriptions: BTreeMap<u32, String>,
    /// The files that fill tables, by the numbers the file has for them: names and bytes.
    pub(crate) assets: BTreeMap<u32, (String, Tensor<'static>)>,
}

impl Carried {
    /// The layers that have functions, by the names of the models they are in and their own:
    /// `encoder/scale`; the model itself has no name.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.layers.keys().map(String::as_str)
    }
}
