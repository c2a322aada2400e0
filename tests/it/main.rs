//! The one integration test binary. What belongs where:

// A test may panic and say what it did, also in its helpers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

/// How much memory a thread asks for.
mod allocations;
/// Which room may use which, sizes of files and functions, citations of `spec/`.
mod architecture;
/// Saves that fail or are killed.
mod atomic;
/// Models made with typed layers.
mod built_models;
/// Tensor bundles of TensorFlow.
mod bundle;
/// The command line tool, case by case.
#[cfg(all(target_os = "linux", feature = "cli"))]
mod cli;
/// Layers of a class that Keras does not have.
mod custom_layers;
/// What the crate pulls in: nothing in C, nothing undocumented.
mod dependencies;
/// Committed inputs of the fuzz targets.
mod fuzz_inputs;
/// Files that are the same on every machine.
mod golden;
/// HDF5 files of other writers: what is found in them, and what is refused.
mod hdf5_read;
/// HDF5 files for other readers, with what is to be found in them.
mod hdf5_written;
/// Files that are broken on purpose: no panic, little time, little memory.
mod malformed;
/// Protobuf messages: real files, and the pages about them.
mod proto;
/// Directories for TensorFlow: what is in them, and what is refused.
mod savedmodel;
/// Directories that are broken on purpose.
mod savedmodel_hostile;
/// Directories back into models.
mod savedmodel_load;
mod savedmodel_recurrent;
mod savedmodel_vocabularies;
/// The ways of writing a file, which only differ in time.
mod strategies;
/// Files of weights, and lists of layers that differ from the config.
mod weights;
mod weights_by_object;
/// Real models, through `Model` and back.
mod whole_models;
/// What `tests/interop` reads.
mod written_for_others;
