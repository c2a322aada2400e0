//! Datatype message (0x0003): what one element is. See `spec/hdf5.md#datatype`.
//!
//! Each class of type decodes and encodes its own properties: the numeric ones in `number.rs`,
//! those made of other types in `composite.rs`, strings and the opaque rest here.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

mod composite;
mod display;
mod number;
#[cfg(test)]
mod tests;

pub use composite::{Array, Compound, Enumeration, Member};
pub use number::{BitField, ByteOrder, Float, Integer, Normalization, Time};

use crate::codec::{Cursor, Put};
use crate::error::{Error, ErrorKind, Result};

/// What one element of a dataset or attribute is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Datatype {
    /// Class 0: a whole number.
    Integer(Integer),
    /// Class 1: a floating-point number of any layout, IEEE or not.
    Float(Float),
    /// Class 2: a point in time; no library reads its value.
    Time(Time),
    /// Class 3: a string of a fixed number of bytes.
    FixedString {
        /// Bytes of each element, padding included.
        size: u32,
        /// How shorter strings are filled up.
        padding: StringPadding,
        /// What the bytes mean.
        charset: Charset,
    },
    /// Class 4: bits that are not a number.
    BitField(BitField),
    /// Class 5: bytes that only their writer understands.
    Opaque {
        /// Bytes of each element.
        size: u32,
        /// The writer's word for them, without padding.
        tag: Vec<u8>,
    },
    /// Class 6: named members side by side, such as complex numbers.
    Compound(Compound),
    /// Class 7: a pointer to another object or a part of it; read as raw bytes.
    Reference {
        /// Bytes of each element.
        size: u32,
        /// What it points to and in which encoding: the class bit field.
        kind: u8,
    },
    /// Class 8: names for values of an integer type, such as booleans.
    Enumeration(Enumeration),
    /// Class 9: a list of any length, kept in the global heap.
    Sequence {
        /// Bytes of the reference into the heap.
        size: u32,
        /// What the list holds.
        base: Box<Datatype>,
    },
    /// Class 9: a string of any length, kept in the global heap.
    VariableString {
        /// Bytes of the reference into the heap.
        size: u32,
        /// How the string ends.
        padding: StringPadding,
        /// What the bytes mean.
        charset: Charset,
    },
    /// Class 10: a block of elements that counts as one.
    Array(Array),
    /// Class 11: a complex number as libhdf5 2 has it, two of the same floating-point type.
    Complex {
        /// The type of both parts.
        base: Box<Datatype>,
    },
}

/// How a string that is shorter than its type is filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StringPadding {
    /// It ends at the first NUL.
    NullTerminated,
    /// NULs at the end do not belong to it.
    NullPadded,
    /// Spaces at the end do not belong to it.
    SpacePadded,
}

/// What the bytes of a string mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charset {
    /// ASCII; in practice also "bytes of unknown meaning".
    Ascii,
    /// UTF-8.
    Utf8,
}

/// Which form of the message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatatypeVersion {
    /// The form of version-1 object headers: names padded to eight bytes.
    V1,
    /// The form of version-2 object headers: nothing padded.
    V3,
}

/// The part that all classes share, before their properties.
#[derive(Clone, Copy, Debug)]
struct Head {
    /// Where it begins in the file, for errors.
    at: u64,
    version: u8,
    class: u8,
    /// The class bit field: 24 bits.
    bits: u32,
    /// Bytes of one element.
    size: u32,
}

impl Head {
    fn decode(from: &mut Cursor<'_>) -> Result<Head> {
        let at = from.offset();
        let class_and_version = from.u8()?;
        let (version, class) = (class_and_version >> 4, class_and_version & 0xf);
        let [low, middle, high] = from.array()?;
        let head = Head {
            at,
            version,
            class,
            bits: u32::from_le_bytes([low, middle, high, 0]),
            size: from.u32()?,
        };
        if !(1..=5).contains(&version) {
            return Err(head.error(format!("version {version}, expected 1 to 5")));
        }
        if head.size == 0 {
            return Err(head.error("size 0, expected at least 1"));
        }
        Ok(head)
    }

    fn encode(self, to: &mut Vec<u8>) {
        let [low, middle, high, _] = self.bits.to_le_bytes();
        to.extend([(self.version << 4) | self.class, low, middle, high]);
        to.put_u32(self.size);
    }

    /// Four bits of the class bit field.
    fn nibble(self, index: u32) -> u8 {
        let shifted = self.bits.checked_shr(index.saturating_mul(4)).unwrap_or(0);
        shifted.to_le_bytes()[0] & 0xf
    }

    /// Sixteen bits of the class bit field: how many members.
    fn count(self) -> u16 {
        let [low, high, ..] = self.bits.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    fn error(self, message: impl std::fmt::Display) -> Error {
        let class = self.class;
        Error::malformed(self.at, format!("datatype of class {class}: {message}"))
    }
}

/// How deep types may nest in types. The deepest in the wild is a list of records of arrays.
const MAX_DEPTH: u32 = 32;

const INTEGER: u8 = 0;
const FLOAT: u8 = 1;
const TIME: u8 = 2;
const STRING: u8 = 3;
const BIT_FIELD: u8 = 4;
const OPAQUE: u8 = 5;
const COMPOUND: u8 = 6;
const REFERENCE: u8 = 7;
const ENUMERATION: u8 = 8;
const VARIABLE_LENGTH: u8 = 9;
const ARRAY: u8 = 10;
const COMPLEX: u8 = 11;

/// The kinds of class 9.
const SEQUENCE_KIND: u8 = 0;
const STRING_KIND: u8 = 1;

impl Datatype {
    /// Bytes of the reference that stands for a variable-length element, as we write it:
    /// length, heap address, index.
    pub(crate) const HEAP_REFERENCE_SIZE: u32 = 16;

    /// The longest description that is written: it has to fit into a message, with what else
    /// an attribute holds.
    const MAX_ENCODED: usize = 60_000;

    /// Strings of `size` bytes, filled up with NULs.
    pub fn fixed_string(size: u32, charset: Charset) -> Datatype {
        Datatype::FixedString {
            size,
            padding: StringPadding::NullPadded,
            charset,
        }
    }

    /// Strings of any length.
    pub fn variable_string(charset: Charset) -> Datatype {
        Datatype::VariableString {
            size: Self::HEAP_REFERENCE_SIZE,
            padding: StringPadding::NullTerminated,
            charset,
        }
    }

    /// Bytes of one element in the file.
    pub fn size(&self) -> u32 {
        match self {
            Datatype::Integer(integer) => integer.size,
            Datatype::Float(float) => float.size,
            Datatype::Time(time) => time.size,
            Datatype::BitField(bits) => bits.size,
            Datatype::FixedString { size, .. }
            | Datatype::Opaque { size, .. }
            | Datatype::Reference { size, .. }
            | Datatype::Sequence { size, .. }
            | Datatype::VariableString { size, .. } => *size,
            Datatype::Compound(compound) => compound.size,
            Datatype::Enumeration(enumeration) => enumeration.base.size(),
            Datatype::Array(array) => array.size(),
            Datatype::Complex { base } => base.size().saturating_mul(2),
        }
    }

    /// Whether elements hold references into the global heap, at any depth.
    pub(crate) fn needs_heap(&self) -> bool {
        match self {
            Datatype::Sequence { .. } | Datatype::VariableString { .. } => true,
            Datatype::Compound(compound) => compound
                .members
                .iter()
                .any(|member| member.datatype.needs_heap()),
            Datatype::Array(array) => array.base.needs_heap(),
            _ => false,
        }
    }

    pub(crate) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        Self::decode_nested(0, from)
    }

    /// Decodes a type that is `depth` types deep in another.
    fn decode_nested(depth: u32, from: &mut Cursor<'_>) -> Result<Self> {
        let head = Head::decode(from)?;
        if depth > MAX_DEPTH {
            return Err(head.error(format!("nested deeper than {MAX_DEPTH} types")));
        }
        let depth = depth.saturating_add(1);
        match head.class {
            INTEGER => Ok(Datatype::Integer(Integer::decode(head, from)?)),
            FLOAT => Ok(Datatype::Float(Float::decode(head, from)?)),
            TIME => Ok(Datatype::Time(Time::decode(head, from)?)),
            STRING => Ok(Datatype::FixedString {
                size: head.size,
                padding: StringPadding::decode(head, 0)?,
                charset: Charset::decode(head, 1)?,
            }),
            BIT_FIELD => Ok(Datatype::BitField(BitField::decode(head, from)?)),
            OPAQUE => Self::decode_opaque(head, from),
            COMPOUND => Ok(Datatype::Compound(Compound::decode(head, depth, from)?)),
            REFERENCE => Ok(Datatype::Reference {
                size: head.size,
                kind: head.bits.to_le_bytes()[0],
            }),
            ENUMERATION => {
                let enumeration = Enumeration::decode(head, depth, from)?;
                Ok(Datatype::Enumeration(enumeration))
            }
            VARIABLE_LENGTH => Self::decode_variable_length(head, depth, from),
            ARRAY => Ok(Datatype::Array(Array::decode(head, depth, from)?)),
            COMPLEX => Self::decode_complex(head, depth, from),
            _ => Err(head.error("no such class, expected 0 to 11")),
        }
    }

    fn decode_opaque(head: Head, from: &mut Cursor<'_>) -> Result<Self> {
        let [tag_length, ..] = head.bits.to_le_bytes();
        let padded = from.bytes(usize::from(tag_length))?;
        Ok(Datatype::Opaque {
            size: head.size,
            tag: until_nul(padded).to_vec(),
        })
    }

    fn decode_variable_length(head: Head, depth: u32, from: &mut Cursor<'_>) -> Result<Self> {
        let base = Self::decode_nested(depth, from)?;
        match head.nibble(0) {
            SEQUENCE_KIND => Ok(Datatype::Sequence {
                size: head.size,
                base: Box::new(base),
            }),
            // What the base type says about single characters adds nothing.
            STRING_KIND => Ok(Datatype::VariableString {
                size: head.size,
                padding: StringPadding::decode(head, 1)?,
                charset: Charset::decode(head, 2)?,
            }),
            kind => Err(head.error(format!("variable-length kind {kind}, expected 0 or 1"))),
        }
    }

    fn decode_complex(head: Head, depth: u32, from: &mut Cursor<'_>) -> Result<Self> {
        const HOMOGENEOUS: u32 = 0b1;
        const FORM: u32 = 0b110;
        if head.bits & HOMOGENEOUS == 0 || head.bits & FORM != 0 {
            return Err(Error::unsupported(
                head.at,
                "complex datatype that is not rectangular with two equal parts",
            ));
        }
        let base = Self::decode_nested(depth, from)?;
        if base.size().checked_mul(2) != Some(head.size) {
            let (size, part) = (head.size, base.size());
            return Err(head.error(format!("size {size} with parts of {part} bytes")));
        }
        Ok(Datatype::Complex {
            base: Box::new(base),
        })
    }

    pub(crate) fn encode(&self, version: DatatypeVersion, to: &mut Vec<u8>) {
        let number = match version {
            DatatypeVersion::V1 => self.oldest_version(),
            DatatypeVersion::V3 => self.oldest_version().max(3),
        };
        let head = |class: u8, bits: u32| Head {
            at: 0,
            version: number,
            class,
            bits,
            size: self.size(),
        };
        match self {
            Datatype::Integer(integer) => integer.encode(head(INTEGER, integer.bits()), to),
            Datatype::Float(float) => float.encode(head(FLOAT, float.bits()), to),
            Datatype::Time(time) => time.encode(head(TIME, time.bits()), to),
            Datatype::BitField(bits) => bits.encode(head(BIT_FIELD, bits.bits()), to),
            Datatype::FixedString {
                padding, charset, ..
            } => {
                let bits = u32::from(padding.code()) | (u32::from(charset.code()) << 4);
                head(STRING, bits).encode(to);
            }
            Datatype::Opaque { tag, .. } => {
                let padded = tag.len().next_multiple_of(8);
                head(OPAQUE, u32::try_from(padded).unwrap_or(u32::MAX)).encode(to);
                to.extend(tag);
                to.put_zeros(padded.saturating_sub(tag.len()));
            }
            Datatype::Reference { kind, .. } => head(REFERENCE, u32::from(*kind)).encode(to),
            Datatype::Sequence { base, .. } => {
                head(VARIABLE_LENGTH, u32::from(SEQUENCE_KIND)).encode(to);
                base.encode(version, to);
            }
            Datatype::VariableString {
                padding, charset, ..
            } => {
                let bits = u32::from(STRING_KIND)
                    | (u32::from(padding.code()) << 4)
                    | (u32::from(charset.code()) << 8);
                head(VARIABLE_LENGTH, bits).encode(to);
                Datatype::Integer(Integer::unsigned(1)).encode(version, to);
            }
            Datatype::Compound(compound) => {
                compound.encode(head(COMPOUND, compound.bits()), version, to);
            }
            Datatype::Enumeration(enumeration) => {
                enumeration.encode(head(ENUMERATION, enumeration.bits()), version, to);
            }
            Datatype::Array(array) => array.encode(head(ARRAY, 0), version, to),
            Datatype::Complex { base } => {
                head(COMPLEX, 1).encode(to);
                base.encode(version, to);
            }
        }
    }

    /// Whether files can hold this type: in either form it is read back as it is.
    pub(crate) fn check_encodable(&self) -> Result<()> {
        for version in [DatatypeVersion::V1, DatatypeVersion::V3] {
            let mut encoded = Vec::with_capacity(64);
            self.encode(version, &mut encoded);
            let mut from = Cursor::new(&encoded, 0);
            let wrong = match Datatype::decode(&mut from) {
                _ if encoded.len() > Self::MAX_ENCODED => "its description is too long".to_owned(),
                Ok(read) if read == *self && from.remaining() == 0 => continue,
                Ok(read) => format!("would be read as `{read}`"),
                Err(error) => error.message().to_owned(),
            };
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("type `{self}`, which HDF5 cannot express: {wrong}"),
            ));
        }
        Ok(())
    }

    /// The first version of the message that can say this type.
    fn oldest_version(&self) -> u8 {
        match self {
            Datatype::Compound(compound) => {
                let members = compound.members.iter();
                let versions = members.map(|member| member.datatype.oldest_version());
                versions.max().unwrap_or(1)
            }
            Datatype::Sequence { base, .. } => base.oldest_version(),
            Datatype::Array(array) => array.base.oldest_version().max(2),
            Datatype::Complex { .. } => 5,
            // Object and attribute references of libhdf5 1.12.
            Datatype::Reference { kind, .. } if kind & 0xf > 1 => 4,
            _ => 1,
        }
    }
}

impl StringPadding {
    fn decode(head: Head, nibble: u32) -> Result<Self> {
        match head.nibble(nibble) {
            0 => Ok(StringPadding::NullTerminated),
            1 => Ok(StringPadding::NullPadded),
            2 => Ok(StringPadding::SpacePadded),
            code => Err(head.error(format!("string padding {code}, expected 0 to 2"))),
        }
    }

    fn code(self) -> u8 {
        match self {
            StringPadding::NullTerminated => 0,
            StringPadding::NullPadded => 1,
            StringPadding::SpacePadded => 2,
        }
    }

    /// The string in `bytes`, without what fills it up.
    pub(crate) fn strip(self, bytes: &[u8]) -> &[u8] {
        match self {
            StringPadding::NullTerminated => until_nul(bytes),
            StringPadding::NullPadded => strip_last(bytes, 0),
            StringPadding::SpacePadded => strip_last(bytes, b' '),
        }
    }
}

impl Charset {
    fn decode(head: Head, nibble: u32) -> Result<Self> {
        Self::from_code(head.nibble(nibble)).ok_or_else(|| {
            head.error(format!(
                "character set {}, expected 0 or 1",
                head.nibble(nibble)
            ))
        })
    }

    /// The character set that other messages call `code`.
    pub(crate) fn from_code(code: u8) -> Option<Charset> {
        match code {
            0 => Some(Charset::Ascii),
            1 => Some(Charset::Utf8),
            _ => None,
        }
    }

    /// The number that stands for it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Charset::Ascii => 0,
            Charset::Utf8 => 1,
        }
    }
}

/// The bytes before the first NUL, or all.
fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The bytes without any `filler` at the end.
fn strip_last(mut bytes: &[u8], filler: u8) -> &[u8] {
    while let [before @ .., last] = bytes {
        if *last != filler {
            break;
        }
        bytes = before;
    }
    bytes
}
