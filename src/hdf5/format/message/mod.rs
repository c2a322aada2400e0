//! The messages object headers are made of, one file each.

pub(crate) mod attribute;
pub(crate) mod attribute_info;
pub(crate) mod continuation;
pub(crate) mod dataspace;
pub(crate) mod datatype;
pub(crate) mod fill_value;
pub(crate) mod filter_pipeline;
pub(crate) mod group_info;
pub(crate) mod layout;
pub(crate) mod link;
pub(crate) mod link_info;
pub(crate) mod modification_time;
pub(crate) mod shared;
pub(crate) mod shared_table;
pub(crate) mod symbol_table;
