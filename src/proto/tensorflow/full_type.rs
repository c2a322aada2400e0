//! `full_type.proto`: types of values, in full.

use crate::proto::message::message;
use crate::proto::oneof::oneof;
use crate::proto::value::open_enum;

open_enum! {
    /// What a type is made of.
    pub enum FullTypeId: "tensorflow.FullTypeId" {
        TFT_UNSET = 0,
        TFT_VAR = 1,
        TFT_ANY = 2,
        TFT_PRODUCT = 3,
        TFT_NAMED = 4,
        TFT_FOR_EACH = 20,
        TFT_CALLABLE = 100,
        TFT_TENSOR = 1000,
        TFT_ARRAY = 1001,
        TFT_OPTIONAL = 1002,
        TFT_LITERAL = 1003,
        TFT_ENCODED = 1004,
        TFT_SHAPE_TENSOR = 1005,
        TFT_BOOL = 200,
        TFT_UINT8 = 201,
        TFT_UINT16 = 202,
        TFT_UINT32 = 203,
        TFT_UINT64 = 204,
        TFT_INT8 = 205,
        TFT_INT16 = 206,
        TFT_INT32 = 207,
        TFT_INT64 = 208,
        TFT_HALF = 209,
        TFT_FLOAT = 210,
        TFT_DOUBLE = 211,
        TFT_BFLOAT16 = 215,
        TFT_COMPLEX64 = 212,
        TFT_COMPLEX128 = 213,
        TFT_STRING = 214,
        TFT_DATASET = 10102,
        TFT_RAGGED = 10103,
        TFT_ITERATOR = 10104,
        TFT_MUTEX_LOCK = 10202,
        TFT_LEGACY_VARIANT = 10203,
    }
}

message! {
    /// A type with its arguments, as nodes of data sets and tensor lists carry it.
    pub struct FullTypeDef: "tensorflow.FullTypeDef" {
        /// What it is made of.
        1 => type_id: FullTypeId,
        /// Its arguments.
        2 => args: Vec<FullTypeDef>,
    }
    oneof {
        /// What more some types say.
        attr: Attr,
    }
}

oneof! {
    /// What more some types say.
    pub enum Attr {
        /// A string.
        3 => s: S(String),
        /// An integer.
        4 => i: I(i64),
    }
}
