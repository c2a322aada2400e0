//! SavedModel directories of TensorFlow: which part of a model stands where.
//!
//! | part of the model | in the directory |
//! |---|---|
//! | variables, optimizer state | `variables/`, a tensor bundle, with the keys of `checkpoint.rs` |
//! | network, layer by layer | objects of `saved_model.pb` (`layer_objects.rs`), configs in `keras_metadata.pb` |
//! | what layers compute | functions in the graph's library (`trace.rs`), hung on objects (`trace_objects.rs`) |
//! | the model as servers call it | signatures (`signatures.rs`) and the graph of `main_graph.rs` |
//! | compile config | `training_config` in `keras_metadata.pb` |
//! | hashes of all that | `fingerprint.pb` (`fingerprint.rs`) |
//!
//! `spec/saved_model.md` has the details.

mod arguments;
mod assets;
mod body;
mod build_shapes;
mod carried;
mod carried_objects;
mod carried_tables;
mod checkpoint;
mod fingerprint;
mod functions;
mod keras_metadata;
mod layer_objects;
mod main_graph;
mod metrics;
mod object_graph;
mod objects;
mod optimizer;
mod penalties;
mod read;
mod regularizers;
mod save_restore;
mod settings;
mod signatures;
mod structured;
mod table_objects;
mod tables;
mod trace;
mod trace_objects;
mod tree;
mod variables;
mod vocabulary_file;
mod write;

pub(crate) use read::{is_saved_model, load, load_weights, missing};
pub(crate) use write::save;
