//! `tensor.proto`: tensors inside of graphs.

use super::{DataType, ResourceHandleProto, TensorShapeProto};
use crate::proto::message::message;

message! {
    /// A tensor: its elements are in `tensor_content`, or in the list for its type, where the last
    /// element stands for all that are missing.
    pub struct TensorProto: "tensorflow.TensorProto" {
        /// The element type.
        1 => dtype: DataType,
        /// The shape.
        2 => tensor_shape: Option<TensorShapeProto>,
        /// The version of this layout: 0.
        3 => version_number: i32,
        /// Elements as they are in memory, little-endian.
        4 => tensor_content: Vec<u8>,
        /// Elements of `DT_FLOAT`.
        5 => float_val: Vec<f32>,
        /// Elements of `DT_DOUBLE`.
        6 => double_val: Vec<f64>,
        /// Elements of `DT_INT32` and of the narrower integers.
        7 => int_val: Vec<i32>,
        /// Elements of `DT_STRING`.
        8 => string_val: Vec<Vec<u8>>,
        /// Elements of `DT_COMPLEX64`: real, imaginary, real, …
        9 => scomplex_val: Vec<f32>,
        /// Elements of `DT_INT64`.
        10 => int64_val: Vec<i64>,
        /// Elements of `DT_BOOL`.
        11 => bool_val: Vec<bool>,
        /// Elements of `DT_COMPLEX128`: real, imaginary, real, …
        12 => dcomplex_val: Vec<f64>,
        /// Elements of `DT_HALF` and `DT_BFLOAT16`: their 16 bits each.
        13 => half_val: Vec<i32>,
        /// Elements of `DT_RESOURCE`.
        14 => resource_handle_val: Vec<ResourceHandleProto>,
        /// Elements of `DT_VARIANT`.
        15 => variant_val: Vec<VariantTensorDataProto>,
        /// Elements of `DT_UINT32`.
        16 => uint32_val: Vec<u32>,
        /// Elements of `DT_UINT64`.
        17 => uint64_val: Vec<u64>,
        /// Elements of the 8-bit floats: a byte each.
        18 => float8_val: Vec<u8>,
    }
}

message! {
    /// An element of a tensor of variants.
    pub struct VariantTensorDataProto: "tensorflow.VariantTensorDataProto" {
        /// What it is.
        1 => type_name: String,
        /// What it says about itself.
        2 => metadata: Vec<u8>,
        /// The tensors in it.
        3 => tensors: Vec<TensorProto>,
    }
}
