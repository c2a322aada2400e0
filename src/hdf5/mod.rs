//! HDF5, usable on its own.

pub(crate) mod format;

pub use format::Address;
