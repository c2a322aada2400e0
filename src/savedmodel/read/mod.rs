//! A directory becomes a model.
//!
//! | file | what it reads |
//! |---|---|
//! | `directory.rs` | the files of a directory |
//! | `objects.rs` | what each object is and owns, and the keys of its values |
//! | `checkpoint.rs` | tensors by their keys |
//! | `signatures.rs` | that signatures belong to the graph |
//! | `descriptions.rs` | what Keras says of each layer |
//! | `network.rs` | the network of a model |
//! | `tables.rs` | what the tables of lookups hold |
//! | `vocabularies.rs` | that, in configs |
//! | `layers.rs` | which objects are the layers of a network |
//! | `states.rs` | what stateful layers kept |
//! | `variables.rs` | the variables of each layer, in order |
//! | `optimizer.rs` | the state of the optimizer |
//! | `carried.rs` | where the functions of layers are |
//! | `model.rs` | all of a model |
//! | `weights.rs` | values for the variables of a model that is there already |

mod carried;
mod checkpoint;
mod descriptions;
mod directory;
mod layers;
mod model;
mod network;
mod objects;
mod optimizer;
mod signatures;
mod states;
mod tables;
mod variables;
mod vocabularies;
mod weights;

pub(crate) use directory::{is_saved_model, missing};
pub(crate) use model::load;
pub(super) use variables::is_added;
pub(crate) use weights::load_weights;
