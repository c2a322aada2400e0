//! What HDF5 datatypes are called in listings: as short as Keras's dtypes where they are the same.

use hornfels::DType;
use hornfels::hdf5::Datatype;
use hornfels::hdf5::datatype::{ByteOrder, Compound, Enumeration, Float};

use crate::text;

/// The name of a datatype: `float32`, `string[14]`, `enum(int8)`, `float32 big-endian`.
///
/// See `spec/cli.md#ls`.
pub(crate) fn name(datatype: &Datatype) -> String {
    match datatype {
        Datatype::Integer(integer) => {
            let sign = if integer.signed { "int" } else { "uint" };
            format!("{sign}{}{}", bits(integer.size), order(integer.order))
        }
        Datatype::Float(float) => float_name(float),
        Datatype::Time(time) => format!("time{}", bits(time.size)),
        Datatype::FixedString { size, .. } => format!("string[{size}]"),
        Datatype::VariableString { .. } => "string".to_owned(),
        Datatype::BitField(field) => format!("bits{}{}", bits(field.size), order(field.order)),
        Datatype::Opaque { size, tag } => match tag.is_empty() {
            true => format!("opaque[{size}]"),
            false => format!(
                "opaque[{size}] {}",
                text::safe(&String::from_utf8_lossy(tag))
            ),
        },
        Datatype::Compound(compound) => compound_name(compound),
        Datatype::Reference { .. } => "reference".to_owned(),
        Datatype::Enumeration(enumeration) => enumeration_name(enumeration),
        Datatype::Sequence { base, .. } => format!("list({})", name(base)),
        Datatype::Array(array) => {
            let dims: Vec<String> = array.dims.iter().map(u32::to_string).collect();
            format!("{}[{}]", name(&array.base), dims.join(", "))
        }
        Datatype::Complex { base } => format!("complex({})", name(base)),
        other => format!("{} bytes", other.size()),
    }
}

fn bits(bytes: u32) -> u64 {
    u64::from(bytes) * 8
}

fn order(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "",
        ByteOrder::Big => " big-endian",
    }
}

fn float_name(float: &Float) -> String {
    let little = Float {
        order: ByteOrder::Little,
        ..float.clone()
    };
    let known = [
        (Float::F32, DType::Float32),
        (Float::F64, DType::Float64),
        (Float::F16, DType::Float16),
        (Float::BF16, DType::BFloat16),
        (Float::F8_E4M3, DType::Float8E4M3),
        (Float::F8_E5M2, DType::Float8E5M2),
    ];
    let dtype = known
        .iter()
        .find(|(known, _)| *known == little)
        .map(|(_, dtype)| dtype.name());
    match dtype {
        Some(name) => format!("{name}{}", order(float.order)),
        None => format!("float{} of its own layout", bits(float.size)),
    }
}

/// h5py stores booleans as an enumeration and complex numbers as a compound.
fn enumeration_name(enumeration: &Enumeration) -> String {
    let names: Vec<&str> = enumeration
        .members
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    if names == ["FALSE", "TRUE"] {
        return "bool".to_owned();
    }
    format!("enum({})", name(&enumeration.base))
}

fn compound_name(compound: &Compound) -> String {
    if let [re, im] = compound.members.as_slice()
        && (re.name.as_str(), im.name.as_str()) == ("r", "i")
        && re.datatype == im.datatype
    {
        return format!("complex({})", name(&re.datatype));
    }
    let members: Vec<String> = compound
        .members
        .iter()
        .take(8)
        .map(|member| format!("{}: {}", text::safe(&member.name), name(&member.datatype)))
        .collect();
    let more = if compound.members.len() > members.len() {
        ", …"
    } else {
        ""
    };
    format!("compound({}{more})", members.join(", "))
}

#[cfg(test)]
mod tests {
    use hornfels::hdf5::Charset;
    use hornfels::hdf5::datatype::{Array, Integer, Member};

    use super::*;

    fn float32() -> Datatype {
        Datatype::Float(Float::F32)
    }

    #[test]
    fn numbers_are_named_as_dtypes() {
        check(float32(), "float32");
        check(Datatype::Float(Float::BF16), "bfloat16");
        check(
            Datatype::Float(Float {
                order: ByteOrder::Big,
                ..Float::F64
            }),
            "float64 big-endian",
        );
        check(Datatype::Integer(Integer::unsigned(2)), "uint16");
        check(Datatype::Integer(Integer::signed(8)), "int64");
        let odd = Float {
            exponent_bias: 3,
            ..Float::F32
        };
        check(Datatype::Float(odd), "float32 of its own layout");
    }

    #[test]
    fn strings_tell_their_size() {
        check(Datatype::fixed_string(14, Charset::Ascii), "string[14]");
        check(Datatype::variable_string(Charset::Utf8), "string");
    }

    #[test]
    fn composites_name_their_parts() {
        let dims = vec![2, 3];
        check(
            Datatype::Array(Array {
                dims,
                base: Box::new(float32()),
            }),
            "float32[2, 3]",
        );
        let member = |name: &str, offset| Member {
            name: name.into(),
            offset,
            datatype: float32(),
        };
        let compound = |members| Datatype::Compound(Compound { size: 8, members });
        check(
            compound(vec![member("r", 0), member("i", 4)]),
            "complex(float32)",
        );
        check(
            compound(vec![member("x", 0), member("\u{7}", 4)]),
            "compound(x: float32, \\u{7}: float32)",
        );
        let base = Box::new(Datatype::Integer(Integer::signed(1)));
        let members = vec![("FALSE".to_owned(), vec![0]), ("TRUE".to_owned(), vec![1])];
        check(Datatype::Enumeration(Enumeration { base, members }), "bool");
    }

    #[track_caller]
    fn check(datatype: Datatype, expected: &str) {
        assert_eq!(name(&datatype), expected);
    }
}
