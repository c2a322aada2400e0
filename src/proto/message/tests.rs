use std::collections::BTreeMap;

use super::super::tensorflow::{
    AttrValue, BundleEntryProto, DataType, NodeDef, TensorProto, TensorShapeProto, VersionDef,
    attr_value,
};
use super::super::{Fixed32, Message};
use super::encode_within;
use crate::limits::Limits;

/// The message encodes to these bytes, and they decode to the message.
#[track_caller]
fn check<M: Message>(message: &M, parts: &[&[u8]]) {
    let bytes = parts.concat();
    let encoded = message.encode().unwrap();
    assert_eq!(encoded, bytes, "{}", encoded.escape_ascii());
    assert_eq!(message.encoded_len(), bytes.len());
    assert_eq!(M::decode(&bytes, &Limits::default()).unwrap(), *message);
}

/// The bytes decode to the message, which encodes otherwise.
#[track_caller]
fn check_decoded<M: Message>(parts: &[&[u8]], message: &M) {
    let bytes = parts.concat();
    let decoded = M::decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(decoded, *message);
    let again = decoded.encode().unwrap();
    assert_eq!(M::decode(&again, &Limits::default()).unwrap(), *message);
}

#[track_caller]
fn check_error<M: Message>(bytes: &[u8], error: &str) {
    let found = M::decode(bytes, &Limits::default()).unwrap_err();
    assert_eq!(found.to_string(), error);
}

#[test]
fn a_node() {
    let attr = [
        ("T".to_owned(), AttrValue::from(DataType::DT_FLOAT)),
        ("N".to_owned(), AttrValue::from(-1)),
    ];
    let node = NodeDef {
        name: "a".to_owned(),
        op: "Add".to_owned(),
        input: vec!["x".to_owned(), String::new()],
        attr: BTreeMap::from(attr),
        ..NodeDef::default()
    };
    check(
        &node,
        &[
            b"\x0a\x01a",    // name
            b"\x12\x03Add",  // op
            b"\x1a\x01x",    // input
            b"\x1a\x00",     // input, empty
            b"\x2a\x10",     // attr: an entry
            b"\x0a\x01N",    // its key
            b"\x12\x0b\x18", // its value: i
            &[0xff; 9],      // -1
            b"\x01",         //
            b"\x2a\x07",     // attr: an entry
            b"\x0a\x01T",    // its key
            b"\x12\x02\x30", // its value: type
            b"\x01",         // DT_FLOAT
        ],
    );
}

#[test]
fn scalars() {
    let entry = BundleEntryProto {
        dtype: DataType(-1),
        shape: Some(TensorShapeProto::default()),
        shard_id: -2,
        size: 300,
        crc32c: Fixed32(0x0403_0201),
        ..BundleEntryProto::default()
    };
    check(
        &entry,
        &[
            &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], // dtype: ten bytes
            b"\x12\x00",                                          // shape: present, empty
            &[24, 254, 255, 255, 255, 255, 255, 255, 255, 255, 1], // shard_id
            b"\x28\xac\x02",                                      // size
            b"\x35\x01\x02\x03\x04",                              // crc32c
        ],
    );
}

#[test]
fn packed_numbers() {
    let tensor = TensorProto {
        float_val: vec![1.0, -0.0],
        int_val: vec![1, 300],
        bool_val: vec![true, false],
        string_val: vec![vec![], b"\xff".to_vec()],
        ..TensorProto::default()
    };
    check(
        &tensor,
        &[
            b"\x2a\x08\x00\x00\x80\x3f\x00\x00\x00\x80", // float_val
            b"\x3a\x03\x01\xac\x02",                     // int_val
            b"\x42\x00\x42\x01\xff",                     // string_val
            b"\x5a\x02\x01\x00",                         // bool_val
        ],
    );
    check_decoded(
        &[
            b"\x38\x01\x3a\x00\x38\xac\x02",
            b"\x2d\x00\x00\x80\x3f\x2a\x04\x00\x00\x00\x80",
            b"\x5a\x02\x07\x00\x42\x00\x42\x01\xff",
        ],
        &tensor,
    );
}

#[test]
fn the_last_of_a_oneof_counts_and_messages_merge() {
    let shape = |sizes: &[i64]| AttrValue::from(TensorShapeProto::new(sizes.iter().copied()));
    check_decoded(&[b"\x18\x01", b"\x28\x00"], &AttrValue::from(false));
    check_decoded(
        &[b"\x3a\x04\x12\x02\x08\x02", b"\x3a\x04\x12\x02\x08\x03"],
        &shape(&[2, 3]),
    );
    check_decoded(
        &[
            b"\x3a\x04\x12\x02\x08\x02",
            b"\x18\x01",
            b"\x3a\x04\x12\x02\x08\x03",
        ],
        &shape(&[3]),
    );
    check(&AttrValue::from(0), &[b"\x18\x00"]);
    check(&AttrValue::default(), &[]);
}

#[test]
fn entries_of_maps_may_lack_anything() {
    let node = |key: &str, value: AttrValue| NodeDef {
        attr: BTreeMap::from([(key.to_owned(), value)]),
        ..NodeDef::default()
    };
    check_decoded(&[b"\x2a\x00"], &node("", AttrValue::default()));
    check_decoded(&[b"\x2a\x03\x0a\x01k"], &node("k", AttrValue::default()));
    check_decoded(
        &[
            b"\x2a\x07\x0a\x01k\x12\x02\x18\x01",
            b"\x2a\x0a\x12\x02\x18\x02\x1a\x01?\x0a\x01k", // replaces it; a third field is dropped
        ],
        &node("k", AttrValue::from(2)),
    );
}

#[test]
fn what_is_not_known_is_kept() {
    let bytes = b"\x08\x05\xa0\x1f\x01\x10\x06\x0a\x01x\xa5\x1f\x01\x02\x03\x04";
    let version = VersionDef::decode(bytes, &Limits::default()).unwrap();
    assert_eq!((version.producer, version.min_consumer), (5, 6));
    let kept = b"\xa0\x1f\x01\x0a\x01x\xa5\x1f\x01\x02\x03\x04";
    assert_eq!(version.unknown.as_bytes(), kept);
    let encoded = version.encode().unwrap();
    assert_eq!(encoded, [b"\x08\x05\x10\x06".as_slice(), kept].concat());
}

#[test]
fn numbers_too_large_for_their_field_are_cut() {
    let version = VersionDef {
        producer: 1,
        ..VersionDef::default()
    };
    check_decoded(&[b"\x08\x81\x80\x80\x80\x10"], &version);
    check_decoded(&[b"\x08\x81\x80\x00"], &version);
}

#[test]
fn errors() {
    check_error::<NodeDef>(
        b"\x0a\x05abc",
        "NodeDef field 1 `name`: 3 bytes left, expected 5 (at byte 0x2)",
    );
    check_error::<NodeDef>(
        b"\x1a\x03a\xffb",
        "NodeDef field 3 `input`: string that is not UTF-8 (at byte 0x3)",
    );
    check_error::<NodeDef>(
        b"\x2a\x05\x12\x03\x3a\x01\x1b",
        "NodeDef field 5 `attr`: AttrValue field 7 `shape`: TensorShapeProto: \
         field 3 is a group, which proto3 does not have (at byte 0x6)",
    );
    check_error::<NodeDef>(
        b"\xfa\x7f\xff\xff\xff\xff\x0f",
        "NodeDef field 2047: 0 bytes left, expected 4294967295 (at byte 0x7)",
    );
    check_error::<NodeDef>(
        b"\x02\x00",
        "NodeDef: field number 0, expected 1 or more (at byte 0x0)",
    );
    check_error::<NodeDef>(
        b"\x0f",
        "NodeDef: wire type 7 of field 1, expected 0, 1, 2 or 5 (at byte 0x0)",
    );
    check_error::<NodeDef>(
        b"\x80\x80\x80\x80\x10",
        "NodeDef: field number 536870912, expected at most 536870911 (at byte 0x0)",
    );
    check_error::<NodeDef>(
        b"\x0a\xff",
        "NodeDef field 1 `name`: 0 bytes left, expected 1 (at byte 0x2)",
    );
    check_error::<VersionDef>(
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
        "VersionDef field 1 `producer`: varint of more than 64 bits (at byte 0x1)",
    );
    check_error::<VersionDef>(
        b"\x1a\x02\x01\x80",
        "VersionDef field 3 `bad_consumers`: 0 bytes left, expected 1 (at byte 0x4)",
    );
}

#[test]
fn offsets_are_those_of_the_file() {
    let error = VersionDef::decode_at(b"\x00", 0x30, &Limits::default()).unwrap_err();
    assert_eq!(error.offset(), Some(0x30));
}

/// A list in a list, `depth` lists in all. Each is an `AttrValue`, but for the first, and a `ListValue`.
fn nested(depth: usize) -> AttrValue {
    use attr_value::{ListValue, NameAttrList, Value};
    let mut value = AttrValue::from(7);
    for _ in 0..depth {
        let func = NameAttrList {
            attr: BTreeMap::from([(String::new(), value)]),
            ..NameAttrList::default()
        };
        value = Value::List(Box::new(ListValue {
            func: vec![func],
            ..ListValue::default()
        }))
        .into();
    }
    value
}

#[test]
fn nesting_has_an_end() {
    // Each takes four levels: list, function, entry, value.
    let deepest = nested(25);
    let bytes = deepest.encode().unwrap();
    assert_eq!(
        AttrValue::decode(&bytes, &Limits::default()).unwrap(),
        deepest
    );
    let strict = Limits {
        max_depth: 99,
        ..Limits::default()
    };
    let error = AttrValue::decode(&bytes, &strict).unwrap_err();
    assert!(error.hint().is_some());
    assert_eq!(error.message(), "messages nest deeper than the limit of 99");

    let error = nested(26).encode().unwrap_err();
    assert_eq!(
        error.to_string(),
        "AttrValue: messages nest deeper than 100, as no reader accepts"
    );
    let mut deeper = vec![];
    let part = |number: u8, bytes: Vec<u8>| {
        let mut part = vec![number << 3 | 2];
        let mut len = bytes.len();
        while len >= 128 {
            part.push(u8::try_from(len % 128).unwrap() | 128);
            len /= 128;
        }
        part.push(u8::try_from(len).unwrap());
        [part, bytes].concat()
    };
    for _ in 0..10_000 {
        deeper = part(1, part(9, part(2, part(2, deeper))));
    }
    let error = AttrValue::decode(&deeper, &Limits::unlimited()).unwrap_err();
    assert_eq!(
        error.message(),
        "messages nest deeper than 100, as no reader accepts"
    );
}

#[test]
fn messages_are_counted() {
    let limits = Limits {
        max_objects: 2,
        ..Limits::default()
    };
    assert!(AttrValue::decode(b"\x3a\x02\x12\x00", &limits).is_ok());
    let error = AttrValue::decode(b"\x3a\x04\x12\x00\x12\x00", &limits).unwrap_err();
    assert_eq!(error.message(), "3 messages, more than the limit of 2");
}

#[test]
fn a_message_too_long_for_protobuf_is_refused() {
    let shape = TensorShapeProto::new([1, 2, 3]);
    let mut bytes = vec![];
    assert!(encode_within(&shape, &mut bytes, 12).is_ok());
    let error = encode_within(&shape, &mut bytes, 11).unwrap_err();
    assert_eq!(
        error.to_string(),
        "TensorShapeProto: message of 12 bytes, expected at most 11"
    );
    assert!(error.hint().is_some());
    assert_eq!(bytes.len(), 12);
}

#[test]
fn not_a_number_equals_itself() {
    let nan = AttrValue::from(f32::NAN);
    assert_eq!(nan, nan.clone());
    assert_ne!(AttrValue::from(0.0), AttrValue::from(-0.0));
    assert_ne!(AttrValue::from(0.0), AttrValue::from(0));
    assert_ne!(AttrValue::from(0.0), AttrValue::default());
}

#[test]
fn what_is_printed() {
    let show = |value: AttrValue| format!("{value:?}");
    assert_eq!(show("a\0".into()), r#"AttrValue { value: S(b"a\x00") }"#);
    assert_eq!(
        show(DataType(1).into()),
        "AttrValue { value: Type(DT_FLOAT) }"
    );
    assert_eq!(
        show(DataType(99).into()),
        "AttrValue { value: Type(DataType(99)) }"
    );
    let long = show(vec![b'x'; 100].into());
    assert_eq!(
        long,
        format!(
            r#"AttrValue {{ value: S(b"{}"... 100 bytes) }}"#,
            "x".repeat(64)
        )
    );
    let list = show(vec![vec![1], vec![]].into());
    assert_eq!(
        list,
        r#"AttrValue { value: List(ListValue { s: [b"\x01", b""] }) }"#
    );
}
