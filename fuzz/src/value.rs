//! Arbitrary values for datasets and attributes, and what is to be read back.

use hornfels::hdf5::datatype::{
    Array, BitField, ByteOrder, Compound, Enumeration, Float, Integer, Member, Time,
};
use hornfels::hdf5::{Charset, Dataspace, Datatype, StringPadding, Value};
use hornfels::{DType, Tensor};

use super::Source;

/// What is to be read back of a value.
#[derive(Debug)]
pub struct Expected {
    pub datatype: Datatype,
    pub dataspace: Dataspace,
    pub elements: Elements,
    /// For types that tensors have.
    pub tensor: Option<Tensor<'static>>,
}

/// Elements as they are read.
#[derive(Debug)]
pub enum Elements {
    Bytes(Vec<u8>),
    Strings(Vec<Vec<u8>>),
}

impl Expected {
    /// Whether an attribute may be too small for it.
    pub fn is_large(&self) -> bool {
        let elements = match &self.elements {
            Elements::Bytes(bytes) => bytes.len(),
            Elements::Strings(_) => {
                let count = usize::try_from(self.dataspace.element_count()).unwrap();
                count * usize::try_from(self.datatype.size()).unwrap()
            }
        };
        elements > 50_000
    }
}

const DTYPES: [DType; 17] = [
    DType::Float8E4M3,
    DType::Float8E5M2,
    DType::Float16,
    DType::BFloat16,
    DType::Float32,
    DType::Float64,
    DType::Int8,
    DType::Int16,
    DType::Int32,
    DType::Int64,
    DType::UInt8,
    DType::UInt16,
    DType::UInt32,
    DType::UInt64,
    DType::Bool,
    DType::Complex64,
    DType::Complex128,
];

/// Any value that [`Value`] can be made of.
pub fn value<'a>(source: &mut Source<'a>) -> (Value<'a>, Expected) {
    match source.u8() % 8 {
        0..=2 => numbers(source),
        3 => strings(source),
        4 => fixed_strings(source),
        5 => null(source),
        6 => text(source),
        _ => raw(source),
    }
}

/// Mostly small, of any rank up to one more than is allowed, now and then with a zero.
fn shape(source: &mut Source<'_>) -> Vec<u64> {
    match source.u8() {
        0..=0x7f => {
            let rank = source.below(5);
            (0..rank).map(|_| u64::from(source.below(4))).collect()
        }
        0x80..=0xbf => vec![u64::from(source.below(300))],
        0xc0..=0xcf => vec![u64::from(source.u16())],
        0xd0..=0xdf => vec![1; 32],
        0xe0..=0xef => vec![0, u64::MAX / 16],
        _ => vec![2, 1, u64::from(source.below(9))],
    }
}

fn count_of(shape: &[u64]) -> usize {
    match shape.contains(&0) {
        true => 0,
        false => usize::try_from(shape.iter().product::<u64>()).unwrap(),
    }
}

fn numbers<'a>(source: &mut Source<'a>) -> (Value<'a>, Expected) {
    let dtype = source.one_of(&DTYPES);
    let shape = shape(source);
    let size = dtype.size().unwrap();
    let mut bytes = source.exactly(size * count_of(&shape));
    if dtype == DType::Bool {
        bytes.iter_mut().for_each(|byte| *byte &= 1);
    }
    let tensor = Tensor::from_shared(dtype, &shape, bytes.clone().into()).unwrap();
    let expected = Expected {
        datatype: Datatype::of(dtype),
        dataspace: Dataspace::from_dims(shape),
        elements: Elements::Bytes(bytes),
        tensor: Some(tensor.clone()),
    };
    (tensor.into(), expected)
}

fn some_strings(source: &mut Source<'_>) -> (Vec<Vec<u8>>, Vec<u64>) {
    let shape = shape(source);
    let count = count_of(&shape).min(400);
    let shape = if count_of(&shape) > count {
        vec![400]
    } else {
        shape
    };
    let strings = (0..count).map(|_| string(source)).collect();
    (strings, shape)
}

fn string(source: &mut Source<'_>) -> Vec<u8> {
    match source.u8() {
        0..=0xbf => source.string(12).into_bytes(),
        0xc0..=0xfa => {
            let length = source.u8();
            source.bytes(length.into()).to_vec()
        }
        // Long enough for a heap collection of its own.
        length => vec![length; usize::from(source.u16()) * 2],
    }
}

/// UTF-8 if some say more than ASCII and all are UTF-8.
fn charset(strings: &[Vec<u8>]) -> Charset {
    let ascii = strings.iter().all(|string| string.is_ascii());
    let utf8 = strings.iter().all(|it| std::str::from_utf8(it).is_ok());
    if utf8 && !ascii {
        Charset::Utf8
    } else {
        Charset::Ascii
    }
}

fn strings<'a>(source: &mut Source<'a>) -> (Value<'a>, Expected) {
    let (strings, shape) = some_strings(source);
    let tensor = Tensor::strings(strings.clone(), &shape).unwrap();
    let expected = Expected {
        datatype: Datatype::variable_string(charset(&strings)),
        dataspace: Dataspace::from_dims(shape),
        elements: Elements::Strings(strings),
        tensor: Some(tensor.clone()),
    };
    (tensor.into(), expected)
}

fn fixed_strings<'a>(source: &mut Source<'a>) -> (Value<'a>, Expected) {
    let (mut strings, shape) = some_strings(source);
    // Fixed length means that each takes as much as the longest.
    let longest = 40_000_usize.checked_div(strings.len()).unwrap_or(0);
    for string in &mut strings {
        string.truncate(longest);
        while string.last() == Some(&0) {
            string.pop();
        }
    }
    let length = strings.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let value = Value::fixed_strings(&strings).unwrap();
    let value = value.reshape(&shape).unwrap();
    let expected = Expected {
        datatype: Datatype::fixed_string(u32::try_from(length).unwrap(), charset(&strings)),
        dataspace: Dataspace::from_dims(shape.clone()),
        tensor: Some(Tensor::strings(strings.clone(), shape).unwrap()),
        elements: Elements::Strings(strings),
    };
    (value, expected)
}

fn text<'a>(source: &mut Source<'a>) -> (Value<'a>, Expected) {
    let text = source.string(40);
    let strings = vec![text.clone().into_bytes()];
    let expected = Expected {
        datatype: Datatype::variable_string(Charset::Utf8),
        dataspace: Dataspace::Scalar,
        tensor: Some(Tensor::strings(strings.clone(), []).unwrap()),
        elements: Elements::Strings(strings),
    };
    (text.into(), expected)
}

fn null<'a>(source: &mut Source<'a>) -> (Value<'a>, Expected) {
    let datatype = match source.bool() {
        true => Datatype::variable_string(Charset::Utf8),
        false => datatype(source, 3),
    };
    let elements = match datatype {
        Datatype::VariableString { .. } => Elements::Strings(Vec::new()),
        _ => Elements::Bytes(Vec::new()),
    };
    let expected = Expected {
        datatype: datatype.clone(),
        dataspace: Dataspace::Null,
        elements,
        tensor: None,
    };
    (Value::null(datatype), expected)
}

/// Elements of a type that may be nonsense. Big-endian numbers are read as little-endian ones,
/// so there are none at the top.
fn raw<'a>(source: &mut Source<'a>) -> (Value<'a>, Expected) {
    let datatype = match datatype(source, 3) {
        it if it.dtype().is_some() || matches!(it, Datatype::Array(_)) => opaque(source),
        it => it,
    };
    let count = source.below(4);
    let size = usize::try_from(datatype.size()).unwrap();
    let bytes = source.exactly(size.min(10_000) * usize::from(count));
    let shape = [u64::from(count)];
    match Value::raw(datatype.clone(), shape, bytes.clone()) {
        Ok(value) => {
            let expected = Expected {
                datatype,
                dataspace: Dataspace::from_dims(shape),
                elements: Elements::Bytes(bytes),
                tensor: None,
            };
            (value, expected)
        }
        Err(_) => numbers(source),
    }
}

fn opaque(source: &mut Source<'_>) -> Datatype {
    let length = source.u8();
    Datatype::Opaque {
        size: source.u8().into(),
        tag: source.bytes(length.into()).to_vec(),
    }
}

/// Any datatype, also such as make no sense; `depth` of them inside one another.
fn datatype(source: &mut Source<'_>, depth: u32) -> Datatype {
    let order = source.one_of(&[ByteOrder::Little, ByteOrder::Big]);
    let size = u32::from(source.one_of(&[1_u8, 2, 4, 8, 3, 16, 0]));
    let (offset, precision) = match source.bool() {
        true => (0, u16::try_from(size * 8).unwrap()),
        false => (source.u8().into(), source.u8().into()),
    };
    match source.u8() % 12 {
        0 => Datatype::Integer(Integer {
            size,
            order,
            signed: source.bool(),
            offset,
            precision,
        }),
        1 => Datatype::Float(float(source)),
        2 => Datatype::Time(Time {
            size,
            order,
            precision,
        }),
        3 => Datatype::FixedString {
            size,
            padding: padding(source),
            charset: source.one_of(&[Charset::Ascii, Charset::Utf8]),
        },
        4 => Datatype::BitField(BitField {
            size,
            order,
            offset,
            precision,
        }),
        5 => Datatype::Reference {
            size,
            kind: source.u8(),
        },
        6 | 7 if depth > 0 => Datatype::Compound(compound(source, depth)),
        8 => Datatype::Enumeration(enumeration(source, size)),
        9 if depth > 0 => Datatype::Array(Array {
            dims: (0..source.below(4))
                .map(|_| source.below(5).into())
                .collect(),
            base: Box::new(datatype(source, depth - 1)),
        }),
        10 if depth > 0 => Datatype::Sequence {
            size: 16,
            base: Box::new(datatype(source, depth - 1)),
        },
        11 => Datatype::Complex {
            base: Box::new(Datatype::Float(float(source))),
        },
        _ => opaque(source),
    }
}

fn padding(source: &mut Source<'_>) -> StringPadding {
    source.one_of(&[
        StringPadding::NullTerminated,
        StringPadding::NullPadded,
        StringPadding::SpacePadded,
    ])
}

fn float(source: &mut Source<'_>) -> Float {
    let mut float = match source.u8() % 4 {
        0 => Float::F16,
        1 => Float::F32,
        2 => Float::F64,
        _ => Float::F8_E4M3,
    };
    if source.bool() {
        float.exponent_bias = source.u16().into();
        float.mantissa_size = source.u8();
        float.exponent_location = source.u8();
    }
    float
}

fn compound(source: &mut Source<'_>, depth: u32) -> Compound {
    let mut size = 0;
    let members = (0..source.below(5)).map(|_| {
        let datatype = datatype(source, depth - 1);
        let offset = size + u32::from(source.below(3));
        size = offset.saturating_add(datatype.size());
        Member {
            name: source.string(9),
            offset,
            datatype,
        }
    });
    let members = members.collect();
    Compound {
        size: size + u32::from(source.below(3)),
        members,
    }
}

fn enumeration(source: &mut Source<'_>, size: u32) -> Enumeration {
    let base = Integer {
        size,
        order: ByteOrder::Little,
        signed: source.bool(),
        offset: 0,
        precision: u16::try_from(size * 8).unwrap(),
    };
    let members = (0..source.below(5)).map(|_| {
        let name = source.string(9);
        (name, source.exactly(usize::try_from(size).unwrap()))
    });
    Enumeration {
        members: members.collect(),
        base: Box::new(Datatype::Integer(base)),
    }
}
