//! `attr_value.proto`: values of attributes.

use std::collections::BTreeMap;

use super::{DataType, TensorProto, TensorShapeProto};
use crate::proto::message::message;
use crate::proto::oneof::oneof;

message! {
    /// The value of a node's or function's attribute.
    pub struct AttrValue: "tensorflow.AttrValue" {
    }
    oneof {
        /// The value, by its type.
        value: Value,
    }
}

oneof! {
    /// What an attribute holds.
    pub enum Value {
        /// A list.
        1 => list: List(Box<ListValue>),
        /// A string.
        2 => s: S(Vec<u8>),
        /// An integer.
        3 => i: I(i64),
        /// A float.
        4 => f: F(f32),
        /// A boolean.
        5 => b: B(bool),
        /// An element type.
        6 => type: Type(DataType),
        /// A shape.
        7 => shape: Shape(TensorShapeProto),
        /// A tensor: the value of a `Const`.
        8 => tensor: Tensor(Box<TensorProto>),
        /// The name of an attribute of the function that this node is in.
        9 => placeholder: Placeholder(String),
        /// A function, as the `f` of a `PartitionedCall`.
        10 => func: Func(Box<NameAttrList>),
    }
}

message! {
    /// A list, of which one field at most has elements.
    pub struct ListValue: "tensorflow.AttrValue.ListValue" {
        /// Strings.
        2 => s: Vec<Vec<u8>>,
        /// Integers: `strides`, `ksize`.
        3 => i: Vec<i64>,
        /// Floats.
        4 => f: Vec<f32>,
        /// Booleans.
        5 => b: Vec<bool>,
        /// Element types: `Tin`, `Tout`, `dtypes`.
        6 => r#type: Vec<DataType>,
        /// Shapes: `_output_shapes`, `output_shapes`.
        7 => shape: Vec<TensorShapeProto>,
        /// Tensors.
        8 => tensor: Vec<TensorProto>,
        /// Functions.
        9 => func: Vec<NameAttrList>,
    }
}

message! {
    /// A function by name, with values for its attributes.
    pub struct NameAttrList: "tensorflow.NameAttrList" {
        /// The function's name.
        1 => name: String,
        /// Values for its attributes; empty for functions traced by Keras.
        2 => attr: BTreeMap<String, AttrValue>,
    }
}

impl From<Value> for AttrValue {
    fn from(value: Value) -> Self {
        AttrValue {
            value: Some(value),
            ..AttrValue::default()
        }
    }
}

impl From<ListValue> for AttrValue {
    fn from(list: ListValue) -> Self {
        Value::List(Box::new(list)).into()
    }
}

/// Values, and lists of them.
macro_rules! attribute {
    ($($type:ty: |$value:ident| $made:expr;)+) => { $(
        impl From<$type> for AttrValue {
            fn from($value: $type) -> Self {
                $made.into()
            }
        }
    )+ };
}

attribute! {
    i64: |i| Value::I(i);
    f32: |f| Value::F(f);
    bool: |b| Value::B(b);
    &str: |s| Value::S(s.as_bytes().to_vec());
    Vec<u8>: |s| Value::S(s);
    DataType: |dtype| Value::Type(dtype);
    TensorShapeProto: |shape| Value::Shape(shape);
    TensorProto: |tensor| Value::Tensor(Box::new(tensor));
    NameAttrList: |func| Value::Func(Box::new(func));
    Vec<Vec<u8>>: |s| ListValue { s, ..ListValue::default() };
    Vec<i64>: |i| ListValue { i, ..ListValue::default() };
    Vec<f32>: |f| ListValue { f, ..ListValue::default() };
    Vec<bool>: |b| ListValue { b, ..ListValue::default() };
    Vec<DataType>: |dtypes| ListValue { r#type: dtypes, ..ListValue::default() };
    Vec<TensorShapeProto>: |shape| ListValue { shape, ..ListValue::default() };
}
