//! Whole models in HDF5, `.h5`: which part of a model stands where in the tree.
//!
//! | part of the model | in the file |
//! |---|---|
//! | network | attribute `model_config` |
//! | compile config | attribute `training_config` |
//! | variables of a layer | group `model_weights/<layer>` |
//! | optimizer state | group `optimizer_weights` |
//! | metadata | attributes `keras_version`, `backend`; whatever else the file holds |
//!
//! Files of weights only are the group `model_weights` by itself, or have the layout of `.weights.h5`,
//! in `store`: [`load_weights_from`], [`save_weights_into`].
//!
//! `spec/keras_h5.md` has the details. [`save_into`] and [`load_from`] do the same in any group of
//! an HDF5 file, where Keras takes an open `h5py.File`.

mod arrays;
mod attributes;
mod extras;
mod keras2;
mod names;
mod pairs;
mod paths;
mod read;
mod report;
mod store;
mod stored;
mod training;
mod weights;
mod write;

pub(crate) use keras2::{
    Keras2Model, Keras2Optimizer, Keras2Variable, keras2, optimizer_state, variables_of,
};
pub use read::load_from;
pub use report::{Mismatch, StoredWeight, WeightMatch, WeightsReport};
pub(crate) use weights::load_stored;
pub use weights::load_weights_from;
pub use write::{save_into, save_weights_into};

const MODEL_CONFIG: &str = "model_config";
const TRAINING_CONFIG: &str = "training_config";
const KERAS_VERSION: &str = "keras_version";
const BACKEND: &str = "backend";
const MODEL_WEIGHTS: &str = "model_weights";
const OPTIMIZER_WEIGHTS: &str = "optimizer_weights";
const LAYER_NAMES: &str = "layer_names";
const WEIGHT_NAMES: &str = "weight_names";
/// Variables that belong to the model itself; the group exists since TensorFlow 2.6.
pub(crate) const TOP_LEVEL: &str = "top_level_model_weights";
