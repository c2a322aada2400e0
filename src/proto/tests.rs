//! Properties over generated messages, and what makes building them short.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::keras::SavedMetadata;
use super::tensorflow::{
    AttrValue, DataType, DictValue, FunctionDef, MetaGraphDef, NodeDef, OpDef, SavedObject,
    StructuredValue, TensorProto, TensorShapeProto, TensorSpecProto, attr_value, function,
    meta_graph, op_def, saved_object_graph, structure, trackable_object_graph, types,
};
use super::{Message, SInt64, short_name};
use crate::limits::Limits;

fn text() -> impl Strategy<Value = String> {
    "[a-zé\\x00]{0,5}"
}

fn shape() -> impl Strategy<Value = TensorShapeProto> {
    let sizes = vec(prop_oneof![Just(-1), Just(0), any::<i64>()], 0..4);
    (sizes, any::<bool>()).prop_map(|(sizes, unknown_rank)| TensorShapeProto {
        unknown_rank,
        ..TensorShapeProto::new(sizes)
    })
}

fn tensor() -> impl Strategy<Value = TensorProto> {
    let floats = vec(any::<u32>().prop_map(f32::from_bits), 0..4);
    let doubles = vec(any::<u64>().prop_map(f64::from_bits), 0..4);
    let strings = vec(vec(any::<u8>(), 0..4), 0..3);
    let numbers = (
        vec(any::<i32>(), 0..4),
        vec(any::<u64>(), 0..4),
        vec(any::<bool>(), 0..4),
    );
    let head = (any::<i32>(), option::of(shape()), vec(any::<u8>(), 0..200));
    (head, floats, doubles, strings, numbers).prop_map(
        |((dtype, tensor_shape, tensor_content), float_val, double_val, string_val, numbers)| {
            let (int_val, uint64_val, bool_val) = numbers;
            TensorProto {
                dtype: DataType(dtype),
                tensor_shape,
                tensor_content,
                float_val,
                double_val,
                string_val,
                int_val,
                uint64_val,
                bool_val,
                ..TensorProto::default()
            }
        },
    )
}

fn attribute() -> impl Strategy<Value = AttrValue> {
    let leaf = prop_oneof![
        Just(AttrValue::default()),
        any::<i64>().prop_map(AttrValue::from),
        any::<u32>().prop_map(|bits| AttrValue::from(f32::from_bits(bits))),
        any::<bool>().prop_map(AttrValue::from),
        vec(any::<u8>(), 0..5).prop_map(AttrValue::from),
        any::<i32>().prop_map(|dtype| AttrValue::from(DataType(dtype))),
        shape().prop_map(AttrValue::from),
        tensor().prop_map(AttrValue::from),
        vec(any::<i64>(), 0..4).prop_map(AttrValue::from),
        vec(shape(), 0..3).prop_map(AttrValue::from),
        text().prop_map(|name| AttrValue::from(attr_value::Value::Placeholder(name))),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        (text(), btree_map(text(), inner, 0..3)).prop_map(|(name, attr)| {
            AttrValue::from(attr_value::NameAttrList {
                name,
                attr,
                ..Default::default()
            })
        })
    })
}

fn node() -> impl Strategy<Value = NodeDef> {
    let attr = btree_map(text(), attribute(), 0..3);
    (text(), text(), vec(text(), 0..3), attr).prop_map(|(name, op, input, attr)| NodeDef {
        name,
        op,
        input,
        attr,
        ..NodeDef::default()
    })
}

fn function() -> impl Strategy<Value = FunctionDef> {
    let signature = (text(), any::<i32>(), any::<bool>()).prop_map(|(name, dtype, is_stateful)| {
        let argument = op_def::ArgDef {
            r#type: DataType(dtype),
            ..Default::default()
        };
        OpDef {
            name,
            is_stateful,
            input_arg: std::vec![argument],
            ..OpDef::default()
        }
    });
    let arguments = btree_map(any::<u32>(), btree_map(text(), attribute(), 0..2), 0..3);
    let numbers = btree_map(any::<u32>(), any::<u32>(), 0..3);
    let results = btree_map(text(), text(), 0..3);
    let parts = (
        option::of(signature),
        vec(node(), 0..3),
        results,
        arguments,
        numbers,
    );
    parts.prop_map(
        |(signature, node_def, ret, arguments, resource_arg_unique_id)| {
            let attributes = |attr| function::ArgAttrs {
                attr,
                ..Default::default()
            };
            let arguments = arguments.into_iter();
            FunctionDef {
                signature,
                node_def,
                ret,
                arg_attr: arguments.map(|(at, attr)| (at, attributes(attr))).collect(),
                resource_arg_unique_id,
                ..FunctionDef::default()
            }
        },
    )
}

fn structured() -> impl Strategy<Value = StructuredValue> {
    let spec = (text(), option::of(shape())).prop_map(|(name, shape)| TensorSpecProto {
        name,
        shape,
        ..TensorSpecProto::default()
    });
    let leaf = prop_oneof![
        Just(StructuredValue::none()),
        any::<bool>().prop_map(StructuredValue::from),
        any::<i64>().prop_map(StructuredValue::from),
        any::<u64>().prop_map(|bits| StructuredValue::from(f64::from_bits(bits))),
        text().prop_map(|text| StructuredValue::from(text.as_str())),
        spec.prop_map(StructuredValue::from),
    ];
    leaf.prop_recursive(5, 32, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(StructuredValue::list),
            vec(inner.clone(), 0..3).prop_map(StructuredValue::tuple),
            btree_map(text(), inner, 0..3).prop_map(StructuredValue::dict),
        ]
    })
}

fn object() -> impl Strategy<Value = SavedObject> {
    use saved_object_graph::{Kind, SavedConstant, SavedFunction, SavedUserObject};
    let kind = prop_oneof![
        text().prop_map(|identifier| Kind::UserObject(SavedUserObject {
            identifier,
            ..Default::default()
        })),
        text().prop_map(|operation| Kind::Constant(SavedConstant {
            operation,
            ..Default::default()
        })),
        vec(text(), 0..3).prop_map(|concrete_functions| {
            Kind::Function(Box::new(SavedFunction {
                concrete_functions,
                ..Default::default()
            }))
        }),
    ];
    let children = vec((any::<i32>(), text()), 0..3);
    (children, text(), option::of(kind)).prop_map(|(children, registered_name, kind)| {
        let child = |(node_id, local_name)| trackable_object_graph::ObjectReference {
            node_id,
            local_name,
            ..Default::default()
        };
        SavedObject {
            children: children.into_iter().map(child).collect(),
            registered_name,
            kind,
            ..SavedObject::default()
        }
    })
}

/// What is encoded is decoded to the same message, and a copy behind it merges into something that
/// comes through as well.
fn comes_back<M: Message>(message: &M) {
    let bytes = message.encode().unwrap();
    assert_eq!(bytes.len(), message.encoded_len());
    let limits = Limits::default();
    assert_eq!(M::decode(&bytes, &limits).unwrap(), *message);
    let twice = M::decode(&[&*bytes, &*bytes].concat(), &limits).unwrap();
    let again = M::decode(&twice.encode().unwrap(), &limits).unwrap();
    assert_eq!(again, twice);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn functions_come_back(message in function()) {
        comes_back(&message);
    }

    #[test]
    fn structured_values_come_back(message in structured()) {
        comes_back(&message);
    }

    #[test]
    fn objects_come_back(message in object()) {
        comes_back(&message);
    }

    #[test]
    fn anything_is_an_error_or_comes_back(bytes in vec(any::<u8>(), 0..40)) {
        if let Ok(message) = NodeDef::decode(&bytes, &Limits::default()) {
            comes_back(&message);
        }
        if let Ok(message) = SavedMetadata::decode(&bytes, &Limits::default()) {
            comes_back(&message);
        }
    }
}

#[test]
fn shapes() {
    let shape = TensorShapeProto::new([-1, 3]);
    assert_eq!(
        shape.encode().unwrap(),
        b"\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x02\x08\x03"
    );
    assert_eq!(shape.sizes(), Some(vec![-1, 3]));
    assert_eq!(TensorShapeProto::default().sizes(), Some(vec![]));
    assert_eq!(TensorShapeProto::unknown_rank().sizes(), None);
    assert_eq!(
        TensorShapeProto::unknown_rank().encode().unwrap(),
        b"\x18\x01"
    );
}

#[test]
fn structures() {
    let number = StructuredValue::from(-1);
    assert_eq!(number.kind, Some(structure::Kind::Int64(SInt64(-1))));
    assert_eq!(number.encode().unwrap(), b"\x60\x01"); // zigzag
    assert_eq!(StructuredValue::none().encode().unwrap(), b"\x0a\x00");
    let dict = StructuredValue::dict([("k".to_owned(), 1.0.into())]);
    let fields = BTreeMap::from([("k".to_owned(), StructuredValue::from(1.0))]);
    let expected = DictValue {
        fields,
        ..DictValue::default()
    };
    assert_eq!(dict.kind, Some(structure::Kind::Dict(expected)));
    let nested = StructuredValue::tuple([StructuredValue::list(["x".into(), true.into()])]);
    check_bytes(
        &nested,
        &[
            b"\xa2\x03\x0e",         // tuple_value
            b"\x0a\x0c\x9a\x03\x09", // its value: list_value
            b"\x0a\x03\x6a\x01x",    // the list's value: string_value
            b"\x0a\x02\x70\x01",     // the list's value: bool_value
        ],
    );
}

#[track_caller]
fn check_bytes<M: Message>(message: &M, parts: &[&[u8]]) {
    let encoded = message.encode().unwrap();
    assert_eq!(encoded, parts.concat(), "{}", encoded.escape_ascii());
}

/// spec/proto/README.md#limits
#[test]
fn messages_are_not_large() {
    let sizes = [
        size_of::<MetaGraphDef>(),
        size_of::<meta_graph::MetaInfoDef>(),
        size_of::<FunctionDef>(),
        size_of::<OpDef>(),
        size_of::<TensorProto>(),
        size_of::<SavedObject>(),
        size_of::<saved_object_graph::SavedBareConcreteFunction>(),
    ];
    assert!(sizes.iter().all(|size| *size <= 2000), "{sizes:?}");
    assert!(size_of::<AttrValue>() <= 100);
}

#[test]
fn names_without_their_package() {
    assert_eq!(short_name(types::DataType::INFO.name), "DataType");
    assert_eq!(short_name("tensorflow.OpDef.ArgDef"), "OpDef.ArgDef");
    assert_eq!(short_name("google.protobuf.Any"), "Any");
    assert_eq!(short_name("lower"), "lower");
}
