//! HDF5, usable on its own.

mod dtype;
mod filter;
// Structures are decoded and encoded side by side, also those that only one side needs.
#[allow(dead_code)]
pub(crate) mod format;
mod read;
mod write;

pub use format::Address;
pub use format::message::dataspace::Dataspace;
pub use format::message::datatype::{Charset, Datatype, StringPadding};
pub(crate) use read::is_hdf5;
pub use read::{
    Attribute, Dataset, File, Found, Group, Link, LinkTarget, NamedDatatype, Object, Step, Walk,
};
pub use write::{DatasetMut, GroupMut, Layout, Tree, Value, WriteOptions};

/// What a [`Datatype`] is made of.
pub mod datatype {
    pub use super::format::message::datatype::{
        Array, BitField, ByteOrder, Compound, Enumeration, Float, Integer, Member, Normalization,
        Time,
    };
}
