//! A node of a graph as configs have it: a `NodeDef` as protobuf's JSON, or as its bytes in a string.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::graph::type_of_name;
use crate::keras::json;
use crate::limits::Limits;
use crate::proto::Message;
use crate::proto::tensorflow::attr_value::{ListValue, Value as Held};
use crate::proto::tensorflow::{AttrValue, DataType, NodeDef};

/// The operation and the attributes of a node; those that are not understood hold nothing.
pub(super) fn decode(node: &Value) -> (String, BTreeMap<String, AttrValue>) {
    let Value::String(text) = node else {
        return of_json(node);
    };
    if let Ok(node) = json::parse(text) {
        return of_json(&node);
    }
    let node = NodeDef::decode(text.as_bytes(), &Limits::default());
    node.map(|node| (node.op, node.attr)).unwrap_or_default()
}

fn of_json(node: &Value) -> (String, BTreeMap<String, AttrValue>) {
    let operation = node.get("op").and_then(Value::as_str).unwrap_or_default();
    let attributes = node.get("attr").and_then(Value::as_object);
    let attributes = attributes.into_iter().flatten().map(|(name, value)| {
        let value = value.as_object().and_then(attribute);
        (name.clone(), value.unwrap_or_default())
    });
    (operation.to_owned(), attributes.collect())
}

fn attribute(value: &Map<String, Value>) -> Option<AttrValue> {
    let (kind, value) = value.iter().next()?;
    Some(match kind.as_str() {
        "b" => value.as_bool()?.into(),
        "f" => float(value)?.into(),
        "i" => integer(value)?.into(),
        "s" => bytes(value)?.into(),
        "type" => element_type(value)?.into(),
        "list" => list(value.as_object()?)?.into(),
        _ => return None,
    })
}

/// One of the lists has elements at most.
fn list(value: &Map<String, Value>) -> Option<ListValue> {
    fn each<T>(items: Option<&Value>, item: fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        let items = items.map(Value::as_array);
        items.map_or(Some(Vec::new()), |items| items?.iter().map(item).collect())
    }
    Some(ListValue {
        b: each(value.get("b"), Value::as_bool)?,
        f: each(value.get("f"), float)?,
        i: each(value.get("i"), integer)?,
        s: each(value.get("s"), bytes)?,
        r#type: each(value.get("type"), element_type)?,
        ..ListValue::default()
    })
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "attributes are of single precision"
)]
fn float(value: &Value) -> Option<f32> {
    match value.as_str() {
        Some("NaN") => Some(f32::NAN),
        Some("Infinity") => Some(f32::INFINITY),
        Some("-Infinity") => Some(f32::NEG_INFINITY),
        _ => json::number(value).map(|number| number as f32),
    }
}

/// Protobuf's JSON has whole numbers of 64 bits in strings.
fn integer(value: &Value) -> Option<i64> {
    let text = value.as_str().and_then(|digits| digits.parse().ok());
    value.as_i64().or(text)
}

fn element_type(value: &Value) -> Option<DataType> {
    type_of_name(&value.as_str()?.strip_prefix("DT_")?.to_lowercase())
}

/// Text in Base64.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0_u32);
    for letter in value.as_str()?.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter.wrapping_sub(b'A'),
            b'a'..=b'z' => letter.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => letter.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xffff;
        count = count.wrapping_add(6);
        if count >= 8 {
            count = count.wrapping_sub(8);
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// What an attribute holds, as an argument.
pub(super) fn plain(attribute: &AttrValue) -> Option<Value> {
    match attribute.value.as_ref()? {
        Held::B(flag) => Some((*flag).into()),
        Held::I(number) => Some((*number).into()),
        Held::S(text) => Some(String::from_utf8_lossy(text).into()),
        Held::List(list) => Some(list.i.clone().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_is_the_same_in_both_forms() {
        let attributes = [
            ("T", DataType::DT_HALF.into()),
            ("ksize", vec![1_i64, 2, 2, 1].into()),
            ("padding", "VALID".into()),
            ("n", 3_i64.into()),
            ("slope", 0.5_f32.into()),
            ("keep_dims", true.into()),
        ];
        let attributes =
            attributes.map(|(name, value): (&str, AttrValue)| (name.to_owned(), value));
        let expected = ("MaxPool".to_owned(), BTreeMap::from(attributes));
        let json = json!({"name": "p", "op": "MaxPool", "attr": {
            "T": {"type": "DT_HALF"},
            "ksize": {"list": {"i": ["1", "2", 2, "1"]}},
            "padding": {"s": "VkFMSUQ="},
            "n": {"i": "3"},
            "slope": {"f": 0.5},
            "keep_dims": {"b": true},
        }});
        assert_eq!(decode(&json), expected);
        assert_eq!(decode(&json.to_string().into()), expected);
        let short = NodeDef {
            op: "Relu".to_owned(),
            ..NodeDef::default()
        };
        let bytes = String::from_utf8(short.encode().unwrap()).unwrap();
        assert_eq!(decode(&bytes.into()), ("Relu".to_owned(), BTreeMap::new()));
    }

    #[test]
    fn what_is_not_understood_holds_nothing() {
        for value in [
            json!({"s": "*"}),
            json!({"i": "x"}),
            json!({"type": "DT_NEW"}),
            json!({"func": {}}),
            json!({}),
            json!(1),
        ] {
            let (_, attributes) = decode(&json!({"op": "A", "attr": {"a": value}}));
            assert_eq!(attributes["a"], AttrValue::default(), "{value}");
        }
        assert_eq!(decode(&json!("\u{1}")).0, "");
    }
}
