//! The bodies of the fuzz targets, one function each.
//!
//! They are plain functions over bytes, so that `tests/it/fuzz_inputs.rs`, which includes this file,
//! replays every seed and every regression with a stable compiler. A body panics when a promise is
//! broken; an error is an answer.

mod bundle_read;
mod bundle_round_trip;
mod directory;
mod hdf5_read;
mod hdf5_tree_round_trip;
mod keras_config;
mod load_any;
mod proto_messages;
mod savedmodel;
mod source;
mod sstable_read;
mod value;

pub use bundle_read::bundle_read;
pub use bundle_round_trip::bundle_round_trip;
pub use directory::bytes_of;
pub use hdf5_read::{hdf5_read, read_everything};
pub use hdf5_tree_round_trip::hdf5_tree_round_trip;
pub use keras_config::keras_config;
pub use load_any::load_any;
pub use proto_messages::proto_messages;
pub use savedmodel::{load_directory, savedmodel_load, savedmodel_show};
pub use source::Source;
pub use sstable_read::sstable_read;

/// An arbitrary file plan: its bytes and digests agree with a naive model.
///
/// Plans are private, so the body lives beside them in `src/io/fuzz.rs`; the unit tests there
/// replay its inputs.
#[cfg(fuzzing)]
pub use hornfels::fuzzing::plan;
