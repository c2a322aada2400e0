//! How a type is shown to people: `float32`, `int8 big-endian`, `string[12]`.

use std::fmt;

use super::{ByteOrder, Datatype, Float, Integer};
use crate::tensor::DType;

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datatype::Integer(integer) => write!(f, "{integer}"),
            Datatype::Float(float) => write!(f, "{float}"),
            Datatype::Time(time) => write!(f, "time{}", bits(time.size)),
            Datatype::FixedString { size, .. } => write!(f, "string[{size}]"),
            Datatype::BitField(field) => write!(f, "bits{}", bits(field.size)),
            Datatype::Opaque { size, tag } if tag.is_empty() => write!(f, "opaque[{size}]"),
            Datatype::Opaque { size, tag } => {
                write!(f, "opaque[{size}] `{}`", tag.escape_ascii())
            }
            Datatype::Compound(compound) => {
                if let Some(complex) = self.dtype() {
                    return write!(f, "{complex}");
                }
                f.write_str("{")?;
                for (i, member) in compound.members.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {}", member.name, member.datatype)?;
                }
                f.write_str("}")
            }
            Datatype::Reference { .. } => f.write_str("reference"),
            Datatype::Enumeration(_) if self.dtype() == Some(DType::Bool) => f.write_str("bool"),
            Datatype::Enumeration(enumeration) => {
                f.write_str("enum(")?;
                for (i, (name, _)) in enumeration.members.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{name}")?;
                }
                f.write_str(")")
            }
            Datatype::Sequence { base, .. } => write!(f, "list of {base}"),
            Datatype::VariableString { .. } => f.write_str("string"),
            Datatype::Array(array) => write!(f, "{:?} of {}", array.dims, array.base),
            Datatype::Complex { base } => write!(f, "complex of {base}"),
        }
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.signed { "" } else { "u" };
        write!(f, "{sign}int{}", self.precision)?;
        if u64::from(self.precision) != bits(self.size) {
            write!(f, " in {} bytes", self.size)?;
        }
        f.write_str(order(self.order))
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let little = Float {
            order: ByteOrder::Little,
            ..self.clone()
        };
        let name = match little {
            Float::F16 => "float16",
            Float::BF16 => "bfloat16",
            Float::F32 => "float32",
            Float::F64 => "float64",
            Float::F8_E4M3 => "float8_e4m3fn",
            Float::F8_E5M2 => "float8_e5m2",
            _ => {
                let (exponent, mantissa) = (self.exponent_size, self.mantissa_size);
                write!(f, "float{}_e{exponent}m{mantissa}", bits(self.size))?;
                ""
            }
        };
        write!(f, "{name}{}", order(self.order))
    }
}

fn bits(size: u32) -> u64 {
    u64::from(size) * 8
}

fn order(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "",
        ByteOrder::Big => " big-endian",
    }
}
