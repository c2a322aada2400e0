//! `resource_handle.proto`: handles of variables and tables.

use super::{DataType, TensorShapeProto};
use crate::proto::message::message;

message! {
    /// A handle of a variable or table, as an element of a tensor.
    pub struct ResourceHandleProto: "tensorflow.ResourceHandleProto" {
        /// The device it is on.
        1 => device: String,
        /// The container it is in.
        2 => container: String,
        /// Its name there.
        3 => name: String,
        /// Identifies the type that made it.
        4 => hash_code: u64,
        /// The name of that type.
        5 => maybe_type_name: String,
        /// What the resource holds.
        6 => dtypes_and_shapes: Vec<DtypeAndShape>,
    }
}

message! {
    /// What a resource holds.
    pub struct DtypeAndShape: "tensorflow.ResourceHandleProto.DtypeAndShape" {
        /// The element type.
        1 => dtype: DataType,
        /// The shape.
        2 => shape: Option<TensorShapeProto>,
    }
}
