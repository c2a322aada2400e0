//! `tensor_bundle.proto`: the entries of a checkpoint's index.

use super::{DataType, TensorShapeProto, TensorSliceProto, VersionDef};
use crate::proto::Fixed32;
use crate::proto::message::message;
use crate::proto::value::open_enum;

message! {
    /// The entry with the empty key: what holds for the whole bundle.
    pub struct BundleHeaderProto: "tensorflow.BundleHeaderProto" {
        /// How many data files there are.
        1 => num_shards: i32,
        /// The byte order of the data.
        2 => endianness: Endianness,
        /// The version of the layout: producer 1.
        3 => version: Option<VersionDef>,
    }
}

open_enum! {
    /// A byte order.
    pub enum Endianness: "tensorflow.BundleHeaderProto.Endianness" {
        LITTLE = 0,
        BIG = 1,
    }
}

message! {
    /// An entry: where a tensor's bytes are.
    pub struct BundleEntryProto: "tensorflow.BundleEntryProto" {
        /// The element type.
        1 => dtype: DataType,
        /// The shape; present for scalars too.
        2 => shape: Option<TensorShapeProto>,
        /// Which data file.
        3 => shard_id: i32,
        /// Where its bytes begin in that file.
        4 => offset: i64,
        /// How many bytes there are.
        5 => size: i64,
        /// Their CRC-32C, masked.
        6 => crc32c: Fixed32,
        /// The parts, when the tensor is stored in parts under keys of their own.
        7 => slices: Vec<TensorSliceProto>,
    }
}
