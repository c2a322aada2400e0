//! HDF5, usable on its own.

mod dtype;
pub(crate) mod format;

pub use format::Address;
pub use format::message::dataspace::Dataspace;
pub use format::message::datatype::{Charset, Datatype, StringPadding};

/// What a [`Datatype`] is made of.
pub mod datatype {
    pub use super::format::message::datatype::{
        Array, BitField, ByteOrder, Compound, Enumeration, Float, Integer, Member, Normalization,
        Time,
    };
}
