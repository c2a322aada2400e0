//! The layout of `.weights.h5`, which is also that of the weights in a `.keras` archive: for each
//! object that can hold variables a group `<path>/vars`, with datasets `0`, `1`, ….
//!
//! | file | what it is for |
//! |---|---|
//! | `place.rs` | which object of a model stands at which path, and holds which variables |
//! | `read.rs` | a tree in this layout into a model |
//! | `optimizer.rs` | the optimizer's state from a tree into a model |
//! | `write.rs` | a model into a tree in this layout |
//!
//! Nothing here knows files: a group is given, wherever it is. `spec/keras_h5.md#weights-by-object`.

mod optimizer;
mod place;
mod read;
mod write;

pub(super) use optimizer::set as set_optimizer;
pub(super) use read::{is_store, load};
pub(super) use write::save;

/// The group of an object's variables.
const VARS: &str = "vars";
const LAYERS: &str = "layers";
/// What Keras 2.13 has in the place of [`LAYERS`].
const DEPENDENCIES: &str = "_layer_checkpoint_dependencies";
const OPTIMIZER: &str = "optimizer";
/// What drives the variables of the model, in an optimizer that scales the loss.
const INNER_OPTIMIZER: &str = "inner_optimizer";
/// What only Keras 2 stores, and no model here has.
const METRICS: &str = "metrics";

/// Whose names the paths are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Of the versions that have public names for the parts of a `MultiHeadAttention`.
    Keras3,
    /// Of Keras 2.14 and 2.15, tf_keras, and early versions of Keras 3.
    Keras2,
    /// Of Keras 2.13.
    Keras2_13,
}

impl Form {
    const ALL: [Form; 3] = [Form::Keras3, Form::Keras2, Form::Keras2_13];

    /// What a model calls the list of its layers.
    fn layers(self) -> &'static str {
        match self {
            Form::Keras3 | Form::Keras2 => LAYERS,
            Form::Keras2_13 => DEPENDENCIES,
        }
    }
}

/// The path of something in an object.
fn joined(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        _ => format!("{path}/{name}"),
    }
}
