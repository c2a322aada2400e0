//! What a message consists of, as data: tests compare it with TensorFlow's own descriptors and
//! with the tables in `spec/proto/`.

use std::fmt;

use crate::error::Result;
use crate::limits::Limits;

/// One upstream `.proto` file, or the part of it that is here.
#[derive(Clone, Copy, Debug)]
pub struct FileInfo {
    /// The path it has upstream.
    pub path: &'static str,
    /// Its messages, nested ones too.
    pub messages: &'static [MessageInfo],
    /// Its enumerations, nested ones too.
    pub enums: &'static [EnumInfo],
}

/// A message and its fields.
#[derive(Clone, Copy, Debug)]
pub struct MessageInfo {
    /// The full name, with its package.
    pub name: &'static str,
    /// What the message is, one line of documentation each.
    pub doc: &'static [&'static str],
    /// The fields that are not in a oneof, in the order of their numbers.
    pub fields: &'static [FieldInfo],
    /// The oneofs.
    pub oneofs: &'static [OneofInfo],
    /// Decodes such a message and encodes it again, in the order of fields that is written here.
    pub reencode: fn(&[u8], &Limits) -> Result<Vec<u8>>,
}

impl MessageInfo {
    /// Every field, those of oneofs too, in the order of their numbers, each with its oneof's name.
    pub fn all_fields(&self) -> Vec<(FieldInfo, Option<&'static str>)> {
        let plain = self.fields.iter().map(|field| (*field, None));
        let chosen = self.oneofs.iter().flat_map(|oneof| {
            let fields = oneof.fields.iter();
            fields.map(move |field| (*field, Some(oneof.name)))
        });
        let mut all: Vec<_> = plain.chain(chosen).collect();
        all.sort_by_key(|(field, _)| field.number);
        all
    }
}

/// Fields of which a message holds at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneofInfo {
    /// The oneof's name.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [FieldInfo],
}

/// A field: its number, name and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// The number on the wire.
    pub number: u32,
    /// The name in the `.proto` file.
    pub name: &'static str,
    /// The type in the `.proto` file.
    pub ty: FieldType,
    /// What the field is for, one line of documentation each.
    pub doc: &'static [&'static str],
}

/// How often a field's value occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Once; a default value is not written.
    Single(ValueType),
    /// At most once, and told apart from a default value.
    Optional(ValueType),
    /// Any number of times.
    Repeated(ValueType),
    /// Once for each key.
    Map(ValueType, ValueType),
}

/// The type of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A scalar type by its name in `.proto` files.
    Scalar(&'static str),
    /// An enumeration by its full name.
    Enum(&'static str),
    /// A message by its full name.
    Message(&'static str),
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldType::Single(value) | FieldType::Optional(value @ ValueType::Message(_)) => {
                write!(f, "{value}")
            }
            FieldType::Optional(value) => write!(f, "optional {value}"),
            FieldType::Repeated(value) => write!(f, "repeated {value}"),
            FieldType::Map(key, value) => write!(f, "map<{key}, {value}>"),
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ValueType::Scalar(name) | ValueType::Enum(name) | ValueType::Message(name)) = self;
        f.write_str(name)
    }
}

/// An enumeration and its named values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnumInfo {
    /// The full name, with its package.
    pub name: &'static str,
    /// What the enumeration is, one line of documentation each.
    pub doc: &'static [&'static str],
    /// Names and numbers.
    pub values: &'static [(&'static str, i32)],
}

/// A full name without its package: `OpDef.ArgDef` of `tensorflow.OpDef.ArgDef`.
pub fn short_name(name: &str) -> &str {
    let starts = |rest: &str| rest.starts_with(|first: char| first.is_ascii_uppercase());
    let mut rest = name;
    while let (false, Some((_, after))) = (starts(rest), rest.split_once('.')) {
        rest = after;
    }
    rest
}

/// A field's name as in the `.proto` file, where it may be one of Rust's keywords.
pub(crate) const fn plain(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}
