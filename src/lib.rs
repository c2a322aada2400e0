//! Save and load Keras models in pure Rust: no Python, no TensorFlow, no libhdf5.

// Tests make numbers up; what they cut off does not matter.
#![cfg_attr(test, allow(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

pub mod bundle;
// CRC-32, nested plans and whole directories are what archives and SavedModels need. Tests and a
// fuzz target use them; no format that is written now does.
#[cfg_attr(not(any(test, fuzzing)), allow(dead_code))]
mod checksum;
mod codec;
mod error;
mod facade;
mod format;
pub mod graph;
pub mod hdf5;
#[cfg_attr(not(test), allow(dead_code, unused_imports))]
mod io;
pub mod keras;
pub mod keras_h5;
pub mod layers;
mod limits;
mod options;
pub mod proto;
mod savedmodel;
pub mod tensor;

pub use error::{Error, ErrorKind, Result};
pub use facade::{load_model, save_model};
pub use format::Format;
pub use io::{CommitOptions, Progress, SharedBytes, Sync, WriteStrategy};
pub use limits::Limits;
pub use options::{
    LoadOptions, LoadWeightsOptions, SaveOptions, SavedModelOptions, Signature, Signatures,
    VariablePolicy, Vocabularies, WeightsLayout,
};
pub use tensor::{DType, Tensor};

/// Bodies of fuzz targets that need private items; not part of the interface.
#[cfg(fuzzing)]
#[doc(hidden)]
pub use io::fuzz as fuzzing;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
