//! `tensor_slice.proto`: parts of tensors.

use crate::proto::message::message;
use crate::proto::oneof::oneof;

message! {
    /// A part of a tensor that is stored in parts; Keras stores none.
    pub struct TensorSliceProto: "tensorflow.TensorSliceProto" {
        /// What it covers of each dimension.
        1 => extent: Vec<Extent>,
    }
}

message! {
    /// What a part covers of one dimension; all of it, when there is no length.
    pub struct Extent: "tensorflow.TensorSliceProto.Extent" {
        /// The first index.
        1 => start: i64,
    }
    oneof {
        /// How many indexes; absent for all.
        has_length: Length,
    }
}

oneof! {
    /// How much a part covers.
    pub enum Length {
        /// How many indexes.
        2 => length: Length(i64),
    }
}
