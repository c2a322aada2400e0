//! HDF5, usable on its own.

mod format;
