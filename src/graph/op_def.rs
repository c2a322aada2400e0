//! The operations that functions are built from, as TensorFlow declares them.
//!
//! `ops.txt` has a line for each, in the manner of TensorFlow's registry: inputs, outputs,
//! attributes with their defaults. `spec/graph.md#operations` explains the notation.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::proto::tensorflow::attr_value::{ListValue, Value as Held};
use crate::proto::tensorflow::{AttrValue, DataType, TensorShapeProto};

const LINES: &str = include_str!("ops.txt");

static TABLE: LazyLock<HashMap<&'static str, OpDef>> = LazyLock::new(|| {
    let lines = LINES.lines().filter_map(OpDef::parse);
    lines.map(|op| (op.name, op)).collect()
});

/// What TensorFlow knows of an operation.
#[derive(Debug, PartialEq)]
pub(crate) struct OpDef {
    pub(crate) name: &'static str,
    /// Whether it reads or changes something besides its inputs.
    pub(crate) is_stateful: bool,
    pub(crate) inputs: Vec<Argument>,
    pub(crate) outputs: Vec<Argument>,
    pub(crate) attributes: Vec<AttributeDef>,
}

/// An input or output.
#[derive(Debug, PartialEq)]
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(crate) kind: ArgumentKind,
}

/// How many tensors an argument is, and of which type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ArgumentKind {
    /// One tensor.
    One(ElementType),
    /// As many tensors of one type as an attribute says.
    Repeated(&'static str, ElementType),
    /// Tensors whose types an attribute lists.
    List(&'static str),
}

/// The type of an argument's elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ElementType {
    /// Always this one.
    Fixed(DataType),
    /// What an attribute says.
    Attribute(&'static str),
}

/// An attribute.
#[derive(Debug, PartialEq)]
pub(crate) struct AttributeDef {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) default: Option<AttrValue>,
}

/// The element types of an input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum InputTypes {
    /// Of one tensor.
    One(DataType),
    /// Of each tensor of a list.
    List(Vec<DataType>),
}

impl OpDef {
    /// The operation of that name.
    pub(crate) fn of(name: &str) -> Option<&'static OpDef> {
        TABLE.get(name)
    }

    /// The element types of all inputs, if an operation has these attributes; none if they do not
    /// tell, or say that there are more tensors than `most`.
    pub(crate) fn input_types(
        &self,
        attributes: &BTreeMap<String, AttrValue>,
        most: usize,
    ) -> Option<Vec<InputTypes>> {
        let held = |name: &str| {
            let given = attributes.get(name);
            let value = given.or_else(|| self.attribute(name)?.default.as_ref());
            value?.value.as_ref()
        };
        let element = |of: ElementType| match of {
            ElementType::Fixed(dtype) => Some(dtype),
            ElementType::Attribute(name) => match held(name)? {
                Held::Type(dtype) => Some(*dtype),
                _ => None,
            },
        };
        let inputs = self.inputs.iter().map(|input| match input.kind {
            ArgumentKind::One(of) => element(of).map(InputTypes::One),
            ArgumentKind::Repeated(number, of) => {
                let count = match held(number)? {
                    Held::I(count) => usize::try_from(*count).ok()?,
                    _ => return None,
                };
                let dtype = element(of)?;
                (count <= most).then(|| InputTypes::List(vec![dtype; count]))
            }
            ArgumentKind::List(types) => match held(types)? {
                Held::List(list) => Some(InputTypes::List(list.r#type.clone())),
                _ => None,
            },
        });
        inputs.collect()
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&AttributeDef> {
        self.attributes.iter().find(|it| it.name == name)
    }

    /// Reads `stateful Name(x: T, n: N*int32) -> (y: *Tout) {T: type; k: int = 3}`.
    fn parse(line: &'static str) -> Option<OpDef> {
        let (line, is_stateful) = match line.strip_prefix("stateful ") {
            Some(rest) => (rest, true),
            None => (line, false),
        };
        let (name, rest) = line.split_once('(')?;
        let (inputs, rest) = rest.split_once(") -> (")?;
        let (outputs, rest) = rest.split_once(") {")?;
        let attributes = rest.strip_suffix('}')?;
        Some(OpDef {
            name,
            is_stateful,
            inputs: parse_arguments(inputs)?,
            outputs: parse_arguments(outputs)?,
            attributes: parts(attributes, "; ")
                .map(AttributeDef::parse)
                .collect::<Option<_>>()?,
        })
    }
}

fn parse_arguments(list: &'static str) -> Option<Vec<Argument>> {
    parts(list, ", ").map(Argument::parse).collect()
}

fn parts(list: &'static str, between: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(between).filter(|part| !part.is_empty())
}

impl Argument {
    fn parse(text: &'static str) -> Option<Argument> {
        let (name, kind) = text.split_once(": ")?;
        let kind = match (kind.strip_prefix('*'), kind.split_once('*')) {
            (Some(list), _) => ArgumentKind::List(list),
            (None, Some((number, of))) => ArgumentKind::Repeated(number, ElementType::parse(of)),
            (None, None) => ArgumentKind::One(ElementType::parse(kind)),
        };
        Some(Argument { name, kind })
    }
}

impl ElementType {
    fn parse(text: &'static str) -> ElementType {
        match type_of_name(text) {
            Some(fixed) => ElementType::Fixed(fixed),
            None => ElementType::Attribute(text),
        }
    }
}

impl AttributeDef {
    fn parse(text: &'static str) -> Option<AttributeDef> {
        let (name, rest) = text.split_once(": ")?;
        let (kind, default) = match rest.split_once(" = ") {
            Some((kind, default)) => (kind, Some(value(kind, default)?)),
            None => (rest, None),
        };
        Some(AttributeDef {
            name,
            kind,
            default,
        })
    }
}

/// A default in the notation of the table.
fn value(kind: &str, text: &'static str) -> Option<AttrValue> {
    Some(match kind {
        "bool" => text.parse::<bool>().ok()?.into(),
        "int" => text.parse::<i64>().ok()?.into(),
        "float" => text.parse::<f32>().ok()?.into(),
        "string" => unquoted(text)?.into(),
        "type" => type_of_name(text)?.into(),
        "shape" if text == "?" => TensorShapeProto::unknown_rank().into(),
        "list(int)" => items(text, |item| item.parse::<i64>().ok())?.into(),
        "list(float)" => items(text, |item| item.parse::<f32>().ok())?.into(),
        "list(type)" => items(text, type_of_name)?.into(),
        "list(string)" | "list(shape)" if text == "[]" => ListValue::default().into(),
        _ => return None,
    })
}

fn items<T>(text: &'static str, item: impl Fn(&'static str) -> Option<T>) -> Option<Vec<T>> {
    let list = text.strip_prefix('[')?.strip_suffix(']')?;
    parts(list, ", ").map(item).collect()
}

/// What stands between quotes; no default has a backslash in it.
fn unquoted(text: &'static str) -> Option<Vec<u8>> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then(|| text.as_bytes().to_vec())
}

/// The names that TensorFlow gives element types in declarations of operations.
pub(crate) fn type_of_name(name: &str) -> Option<DataType> {
    Some(match name {
        "float" => DataType::DT_FLOAT,
        "double" => DataType::DT_DOUBLE,
        "half" => DataType::DT_HALF,
        "bfloat16" => DataType::DT_BFLOAT16,
        "int8" => DataType::DT_INT8,
        "int16" => DataType::DT_INT16,
        "int32" => DataType::DT_INT32,
        "int64" => DataType::DT_INT64,
        "uint8" => DataType::DT_UINT8,
        "uint16" => DataType::DT_UINT16,
        "uint32" => DataType::DT_UINT32,
        "uint64" => DataType::DT_UINT64,
        "bool" => DataType::DT_BOOL,
        "string" => DataType::DT_STRING,
        "complex64" => DataType::DT_COMPLEX64,
        "complex128" => DataType::DT_COMPLEX128,
        "resource" => DataType::DT_RESOURCE,
        "variant" => DataType::DT_VARIANT,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_operation() {
        for line in LINES.lines() {
            assert!(OpDef::parse(line).is_some(), "{line}");
        }
        assert_eq!(TABLE.len(), LINES.lines().count());
    }

    #[test]
    fn types_and_numbers_are_attributes() {
        for op in TABLE.values() {
            for argument in op.inputs.iter().chain(&op.outputs) {
                let names = match argument.kind {
                    ArgumentKind::One(of) => vec![of],
                    ArgumentKind::Repeated(number, of) => vec![ElementType::Attribute(number), of],
                    ArgumentKind::List(list) => vec![ElementType::Attribute(list)],
                };
                for name in names {
                    if let ElementType::Attribute(name) = name {
                        assert!(op.attribute(name).is_some(), "{}: {name}", op.name);
                    }
                }
            }
        }
    }

    #[test]
    fn attributes_tell_the_types_of_inputs() {
        let pack = OpDef::of("Pack").unwrap();
        let attributes = |count: i64| {
            let dtype: AttrValue = DataType::DT_INT32.into();
            BTreeMap::from([("N".to_owned(), count.into()), ("T".to_owned(), dtype)])
        };
        let found = pack.input_types(&attributes(2), 2);
        let expected = InputTypes::List(vec![DataType::DT_INT32; 2]);
        assert_eq!(found, Some(vec![expected]));
        assert_eq!(pack.input_types(&attributes(i64::MAX), 2), None);
        assert_eq!(pack.input_types(&BTreeMap::new(), 2), None);
    }

    #[test]
    fn the_parts_of_a_line() {
        let line = "stateful Do(x: T, n: N*int32) -> (y: *Tout) {T: type = float; N: int; Tout: list(type); s: string = \"a b\"; k: list(int) = [1, 2]}";
        let found = OpDef::parse(line).unwrap();
        let argument = |name, kind| Argument { name, kind };
        let expected = OpDef {
            name: "Do",
            is_stateful: true,
            inputs: vec![
                argument("x", ArgumentKind::One(ElementType::Attribute("T"))),
                argument(
                    "n",
                    ArgumentKind::Repeated("N", ElementType::Fixed(DataType::DT_INT32)),
                ),
            ],
            outputs: vec![argument("y", ArgumentKind::List("Tout"))],
            attributes: vec![
                AttributeDef {
                    name: "T",
                    kind: "type",
                    default: Some(DataType::DT_FLOAT.into()),
                },
                AttributeDef {
                    name: "N",
                    kind: "int",
                    default: None,
                },
                AttributeDef {
                    name: "Tout",
                    kind: "list(type)",
                    default: None,
                },
                AttributeDef {
                    name: "s",
                    kind: "string",
                    default: Some("a b".into()),
                },
                AttributeDef {
                    name: "k",
                    kind: "list(int)",
                    default: Some(vec![1_i64, 2].into()),
                },
            ],
        };
        assert_eq!(found, expected);
    }
}
