//! `struct.proto`: nested values of Python, as arguments and results of functions.

use std::collections::BTreeMap;

use super::{DataType, TensorProto, TensorShapeProto};
use crate::proto::SInt64;
use crate::proto::message::message;
use crate::proto::oneof::oneof;
use crate::proto::value::open_enum;

message! {
    /// A value of Python, or the type of a tensor in its place. Without a kind it cannot be read.
    pub struct StructuredValue: "tensorflow.StructuredValue" {
    }
    oneof {
        /// The value, by its type.
        kind: Kind,
    }
}

oneof! {
    /// A value of Python, or the type of a tensor in its place.
    pub enum Kind {
        /// `None`.
        1 => none_value: None(NoneValue),
        /// A float.
        11 => float64_value: Float64(f64),
        /// An integer.
        12 => int64_value: Int64(SInt64),
        /// A string.
        13 => string_value: String(String),
        /// A boolean.
        14 => bool_value: Bool(bool),
        /// A `tf.TensorShape`.
        31 => tensor_shape_value: TensorShape(TensorShapeProto),
        /// A `tf.DType`.
        32 => tensor_dtype_value: TensorDtype(DataType),
        /// A `tf.TensorSpec`: a tensor that is an argument or result.
        33 => tensor_spec_value: TensorSpec(TensorSpecProto),
        /// The type of another argument or result: a sparse or ragged tensor, a data set.
        34 => type_spec_value: TypeSpec(Box<TypeSpecProto>),
        /// A tensor with bounds.
        35 => bounded_tensor_spec_value: BoundedTensorSpec(Box<BoundedTensorSpecProto>),
        /// A list.
        51 => list_value: List(ListValue),
        /// A tuple.
        52 => tuple_value: Tuple(TupleValue),
        /// A dictionary with strings as keys.
        53 => dict_value: Dict(DictValue),
        /// A named tuple, such as `FullArgSpec`.
        54 => named_tuple_value: NamedTuple(NamedTupleValue),
        /// A tensor with its value; since TensorFlow 2.12.
        55 => tensor_value: Tensor(Box<TensorProto>),
        /// An array of NumPy; since TensorFlow 2.12.
        56 => numpy_value: Numpy(Box<TensorProto>),
    }
}

message! {
    /// `None`.
    pub struct NoneValue: "tensorflow.NoneValue" {
    }
}

message! {
    /// A list.
    pub struct ListValue: "tensorflow.ListValue" {
        /// Its elements.
        1 => values: Vec<StructuredValue>,
    }
}

message! {
    /// A tuple.
    pub struct TupleValue: "tensorflow.TupleValue" {
        /// Its elements.
        1 => values: Vec<StructuredValue>,
    }
}

message! {
    /// A dictionary.
    pub struct DictValue: "tensorflow.DictValue" {
        /// Values by key.
        1 => fields: BTreeMap<String, StructuredValue>,
    }
}

message! {
    /// A field of a named tuple.
    pub struct PairValue: "tensorflow.PairValue" {
        /// Its name.
        1 => key: String,
        /// Its value.
        2 => value: Option<StructuredValue>,
    }
}

message! {
    /// A named tuple.
    pub struct NamedTupleValue: "tensorflow.NamedTupleValue" {
        /// The name of its type.
        1 => name: String,
        /// Its fields, in their order.
        2 => values: Vec<PairValue>,
    }
}

message! {
    /// A tensor that is an argument or result.
    pub struct TensorSpecProto: "tensorflow.TensorSpecProto" {
        /// Its name.
        1 => name: String,
        /// Its shape.
        2 => shape: Option<TensorShapeProto>,
        /// Its element type.
        3 => dtype: DataType,
    }
}

message! {
    /// A tensor with bounds.
    pub struct BoundedTensorSpecProto: "tensorflow.BoundedTensorSpecProto" {
        /// Its name.
        1 => name: String,
        /// Its shape.
        2 => shape: Option<TensorShapeProto>,
        /// Its element type.
        3 => dtype: DataType,
        /// The least value.
        4 => minimum: Option<TensorProto>,
        /// The greatest value.
        5 => maximum: Option<TensorProto>,
    }
}

open_enum! {
    /// The types of arguments and results that are not tensors.
    pub enum TypeSpecClass: "tensorflow.TypeSpecProto.TypeSpecClass" {
        UNKNOWN = 0,
        SPARSE_TENSOR_SPEC = 1,
        INDEXED_SLICES_SPEC = 2,
        RAGGED_TENSOR_SPEC = 3,
        TENSOR_ARRAY_SPEC = 4,
        DATA_DATASET_SPEC = 5,
        DATA_ITERATOR_SPEC = 6,
        OPTIONAL_SPEC = 7,
        PER_REPLICA_SPEC = 8,
        VARIABLE_SPEC = 9,
        ROW_PARTITION_SPEC = 10,
        REGISTERED_TYPE_SPEC = 12,
        EXTENSION_TYPE_SPEC = 13,
    }
}

message! {
    /// The type of an argument or result that is not a tensor.
    pub struct TypeSpecProto: "tensorflow.TypeSpecProto" {
        /// Which type.
        1 => type_spec_class: TypeSpecClass,
        /// What the type says about itself.
        2 => type_state: Option<StructuredValue>,
        /// The name of the class.
        3 => type_spec_class_name: String,
        /// How many tensors it is made of.
        4 => num_flat_components: i32,
    }
}

impl From<Kind> for StructuredValue {
    fn from(kind: Kind) -> Self {
        StructuredValue {
            kind: Some(kind),
            ..StructuredValue::default()
        }
    }
}

impl StructuredValue {
    /// `None`.
    pub fn none() -> Self {
        Kind::None(NoneValue::default()).into()
    }

    /// A list of values.
    pub fn list(values: impl IntoIterator<Item = StructuredValue>) -> Self {
        let values = values.into_iter().collect();
        let list = ListValue {
            values,
            ..ListValue::default()
        };
        Kind::List(list).into()
    }

    /// A tuple of values.
    pub fn tuple(values: impl IntoIterator<Item = StructuredValue>) -> Self {
        let values = values.into_iter().collect();
        let tuple = TupleValue {
            values,
            ..TupleValue::default()
        };
        Kind::Tuple(tuple).into()
    }

    /// A dictionary.
    pub fn dict(fields: impl IntoIterator<Item = (String, StructuredValue)>) -> Self {
        let fields = fields.into_iter().collect();
        let dict = DictValue {
            fields,
            ..DictValue::default()
        };
        Kind::Dict(dict).into()
    }
}

impl From<bool> for StructuredValue {
    fn from(value: bool) -> Self {
        Kind::Bool(value).into()
    }
}

impl From<i64> for StructuredValue {
    fn from(value: i64) -> Self {
        Kind::Int64(SInt64(value)).into()
    }
}

impl From<f64> for StructuredValue {
    fn from(value: f64) -> Self {
        Kind::Float64(value).into()
    }
}

impl From<&str> for StructuredValue {
    fn from(value: &str) -> Self {
        Kind::String(value.to_owned()).into()
    }
}

impl From<TensorSpecProto> for StructuredValue {
    fn from(spec: TensorSpecProto) -> Self {
        Kind::TensorSpec(spec).into()
    }
}
