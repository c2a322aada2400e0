//! Reading: cheap handles over the bytes of a file.
//!
//! A [`File`] holds the bytes; [`Group`], [`Dataset`] and [`NamedDatatype`] are an address and a
//! path with a share of the file, so they have no lifetime and are cloned freely. What an object
//! header says is decoded when it is asked for. Nothing is loaded that was not asked for, and one
//! object that cannot be read does not hide the others.

mod attribute;
mod chunked;
mod convert;
mod dataset;
mod dense;
mod elements;
mod file;
mod foreign;
mod group;
mod heap;
mod links;
mod object;
mod symbol_table;
mod walk;

pub use attribute::Attribute;
pub use dataset::Dataset;
pub use file::File;
pub(crate) use file::is_hdf5;
pub use group::Group;
pub use links::{Link, LinkTarget};
pub use object::{NamedDatatype, Object};
pub use walk::{Found, Step, Walk};
