//! Every message with every field set: bytes made from the declarations alone, by an encoder that
//! has nothing in common with the crate's.

use hornfels::Limits;
use hornfels::proto::{FILES, FieldInfo, FieldType, MessageInfo, ValueType};

/// Messages inside of messages are filled so deep, and empty below.
const DEPTH: u32 = 3;

/// A message by its full name, which oneofs choose this field, and its bytes.
pub(super) struct Filled {
    pub(super) name: &'static str,
    pub(super) choice: usize,
    pub(super) bytes: Vec<u8>,
    pub(super) reencode: fn(&[u8], &Limits) -> hornfels::Result<Vec<u8>>,
}

/// Every message; those with oneofs once for each choice.
pub(super) fn filled() -> Vec<Filled> {
    let messages = FILES.iter().flat_map(|file| file.messages);
    let with_choices = |message: &'static MessageInfo| {
        let choices = message.oneofs.iter().map(|oneof| oneof.fields.len());
        (0..choices.max().unwrap_or(1)).map(move |choice| Filled {
            name: message.name,
            choice,
            bytes: fill(message, choice, DEPTH),
            reencode: message.reencode,
        })
    };
    messages.flat_map(with_choices).collect()
}

fn fill(message: &MessageInfo, choice: usize, depth: u32) -> Vec<u8> {
    let chosen = |field: &FieldInfo| {
        let oneof = message.oneofs.iter().find(|it| it.fields.contains(field));
        oneof.is_none_or(|it| it.fields[choice % it.fields.len()] == *field)
    };
    let fields = message.all_fields().into_iter().map(|(field, _)| field);
    fields
        .filter(chosen)
        .flat_map(|field| fill_field(&field, choice, depth))
        .collect()
}

fn fill_field(field: &FieldInfo, choice: usize, depth: u32) -> Vec<u8> {
    let number = u64::from(field.number);
    let one = |number: u64, ty: &ValueType, index: u8| {
        let (wire, bytes) = value(ty, index, choice, depth);
        [varint(number << 3 | wire), bytes].concat()
    };
    match &field.ty {
        FieldType::Single(ty) | FieldType::Optional(ty) => one(number, ty, 1),
        FieldType::Map(key, ty) => {
            let entry = |index| {
                let entry = [one(1, key, index), one(2, ty, index)].concat();
                [varint(number << 3 | 2), delimited(&entry)].concat()
            };
            [entry(0), entry(1), entry(2)].concat()
        }
        FieldType::Repeated(ty) if value(ty, 0, choice, depth).0 == 2 => {
            [one(number, ty, 0), one(number, ty, 1)].concat()
        }
        FieldType::Repeated(ty) => {
            let packed = (0..3).map(|index| value(ty, index, choice, depth).1);
            let packed = packed.collect::<Vec<_>>().concat();
            [varint(number << 3 | 2), delimited(&packed)].concat()
        }
    }
}

/// The wire type and the bytes of a value; with index 0 it is the default.
fn value(ty: &ValueType, index: u8, choice: usize, depth: u32) -> (u64, Vec<u8>) {
    let signed = |signs: [i64; 3]| signs[usize::from(index)].cast_unsigned();
    match ty {
        ValueType::Message(name) => (2, delimited(&inner(name, index, choice, depth))),
        ValueType::Enum(_) => (0, varint(signed([0, 77, -2]))),
        ValueType::Scalar("int32") => (0, varint(signed([0, 300, i64::from(i32::MIN)]))),
        ValueType::Scalar("int64") => (0, varint(signed([0, i64::MAX, -1]))),
        ValueType::Scalar("sint64") => (0, varint(u64::MAX)),
        ValueType::Scalar("uint32") => (0, varint([0, 1, u64::from(u32::MAX)][usize::from(index)])),
        ValueType::Scalar("uint64") => (0, varint([0, 1, u64::MAX][usize::from(index)])),
        ValueType::Scalar("bool") => (0, vec![index.min(1)]),
        ValueType::Scalar("fixed32" | "float") => (5, vec![index; 4]),
        ValueType::Scalar("fixed64" | "double") => (1, vec![index; 8]),
        ValueType::Scalar("string") => (2, delimited(&"\u{e9}a".repeat(index.into()).into_bytes())),
        ValueType::Scalar("bytes") => (2, delimited(&vec![0xff; 100 * usize::from(index)])),
        ValueType::Scalar(name) => panic!("a scalar `{name}`"),
    }
}

fn inner(name: &str, index: u8, choice: usize, depth: u32) -> Vec<u8> {
    if depth == 0 || index == 0 {
        return Vec::new();
    }
    let mut messages = FILES.iter().flat_map(|file| file.messages);
    let message = messages.find(|message| message.name == name).unwrap();
    fill(message, choice, depth - 1)
}

fn delimited(bytes: &[u8]) -> Vec<u8> {
    [&varint(bytes.len() as u64), bytes].concat()
}

fn varint(value: u64) -> Vec<u8> {
    let groups = (1..10)
        .take_while(|group| value >> (7 * group) != 0)
        .count();
    let group = |index: usize| (value >> (7 * index) & 0x7f) as u8;
    let first = (0..groups).map(|index| group(index) | 0x80);
    first.chain([group(groups)]).collect()
}

/// Every field of every message is decoded and comes out as it went in.
#[test]
fn every_field_of_every_message() {
    for filled in filled() {
        let (name, choice) = (filled.name, filled.choice);
        let encoded = (filled.reencode)(&filled.bytes, &Limits::default()).unwrap();
        assert!(encoded == filled.bytes, "{name}, choice {choice}");
    }
}

/// Cut off anywhere, a message is an error or what came before the cut; never a panic.
#[test]
fn messages_that_are_cut_off() {
    for filled in filled().iter().filter(|filled| filled.bytes.len() < 5000) {
        let mut errors = 0;
        for len in 0..filled.bytes.len() {
            let cut = &filled.bytes[..len];
            match (filled.reencode)(cut, &Limits::default()) {
                Ok(encoded) => assert!(encoded == cut, "{}: {len} bytes", filled.name),
                Err(_) => errors += 1,
            }
        }
        assert!(errors > 0 || filled.bytes.is_empty(), "{}", filled.name);
    }
}
