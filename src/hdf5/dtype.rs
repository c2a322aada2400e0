//! Which datatypes stand for which dtypes: as h5py writes them.
//! See `spec/hdf5.md#types-as-tensors`.

use super::datatype::{BitField, ByteOrder, Compound, Enumeration, Float, Integer, Member};
use super::{Charset, Datatype};
use crate::tensor::DType;

impl Datatype {
    /// How elements of `dtype` are written: as h5py writes them.
    ///
    /// Booleans are an enumeration of `FALSE` and `TRUE`, complex numbers a compound of `r` and
    /// `i`, strings of variable length. The 8-bit and brain floats are described bit by bit,
    /// which every HDF5 library can read but not every one has a name for.
    ///
    /// ```
    /// use hornfels::DType;
    /// use hornfels::hdf5::Datatype;
    /// assert_eq!(Datatype::of(DType::Float32).size(), 4);
    /// assert_eq!(Datatype::of(DType::Bool).dtype(), Some(DType::Bool));
    /// ```
    pub fn of(dtype: DType) -> Datatype {
        match dtype {
            DType::Float8E4M3 => Datatype::Float(Float::F8_E4M3),
            DType::Float8E5M2 => Datatype::Float(Float::F8_E5M2),
            DType::Float16 => Datatype::Float(Float::F16),
            DType::BFloat16 => Datatype::Float(Float::BF16),
            DType::Float32 => Datatype::Float(Float::F32),
            DType::Float64 => Datatype::Float(Float::F64),
            DType::Int8 => Datatype::Integer(Integer::signed(1)),
            DType::Int16 => Datatype::Integer(Integer::signed(2)),
            DType::Int32 => Datatype::Integer(Integer::signed(4)),
            DType::Int64 => Datatype::Integer(Integer::signed(8)),
            DType::UInt8 => Datatype::Integer(Integer::unsigned(1)),
            DType::UInt16 => Datatype::Integer(Integer::unsigned(2)),
            DType::UInt32 => Datatype::Integer(Integer::unsigned(4)),
            DType::UInt64 => Datatype::Integer(Integer::unsigned(8)),
            DType::Bool => boolean(),
            DType::Complex64 => complex(Float::F32),
            DType::Complex128 => complex(Float::F64),
            DType::String => Datatype::variable_string(Charset::Ascii),
        }
    }

    /// Which dtype these elements are, whatever their byte order; `None` if it is none of ours.
    ///
    /// Enumerations other than booleans are the integers they are made of, and bit fields unsigned
    /// integers. Opaque elements are nothing by themselves: Keras writes `bfloat16` so, and says it
    /// in an attribute of the dataset, which [`Dataset::tensor`](super::Dataset::tensor) looks at.
    pub fn dtype(&self) -> Option<DType> {
        self.element().map(|(dtype, _)| dtype)
    }

    /// Which dtype these elements are, and the byte order of the numbers in them.
    pub(crate) fn element(&self) -> Option<(DType, ByteOrder)> {
        match self {
            Datatype::Integer(integer) => Some((integer_dtype(integer)?, integer.order)),
            Datatype::Float(float) => Some((float_dtype(float)?, float.order)),
            Datatype::FixedString { .. } | Datatype::VariableString { .. } => {
                Some((DType::String, ByteOrder::Little))
            }
            Datatype::Enumeration(enumeration) if is_boolean(enumeration) => {
                Some((DType::Bool, ByteOrder::Little))
            }
            Datatype::Enumeration(enumeration) => enumeration.base.element(),
            Datatype::BitField(bits) => Some((bit_field_dtype(bits)?, bits.order)),
            Datatype::Compound(compound) => complex_element(compound),
            Datatype::Complex { base } => complex_of(base),
            _ => None,
        }
    }
}

/// Booleans as h5py writes them.
fn boolean() -> Datatype {
    Datatype::Enumeration(Enumeration {
        base: Box::new(Datatype::Integer(Integer::signed(1))),
        members: vec![("FALSE".to_owned(), vec![0]), ("TRUE".to_owned(), vec![1])],
    })
}

fn is_boolean(enumeration: &Enumeration) -> bool {
    match enumeration.members.as_slice() {
        [(no, zero), (yes, one)] => no == "FALSE" && yes == "TRUE" && zero == &[0] && one == &[1],
        _ => false,
    }
}

/// Complex numbers as h5py writes them.
fn complex(part: Float) -> Datatype {
    let size = part.size;
    let member = |name: &str, offset| Member {
        name: name.to_owned(),
        offset,
        datatype: Datatype::Float(part.clone()),
    };
    Datatype::Compound(Compound {
        size: size.saturating_mul(2),
        members: vec![member("r", 0), member("i", size)],
    })
}

fn complex_element(compound: &Compound) -> Option<(DType, ByteOrder)> {
    let [real, imaginary] = compound.members.as_slice() else {
        return None;
    };
    let named = real.name == "r" && imaginary.name == "i";
    let size = real.datatype.size();
    let dense =
        real.offset == 0 && imaginary.offset == size && size.checked_mul(2) == Some(compound.size);
    if !named || !dense || real.datatype != imaginary.datatype {
        return None;
    }
    complex_of(&real.datatype)
}

/// The complex dtype with parts of type `part`.
fn complex_of(part: &Datatype) -> Option<(DType, ByteOrder)> {
    match part.element()? {
        (DType::Float32, order) => Some((DType::Complex64, order)),
        (DType::Float64, order) => Some((DType::Complex128, order)),
        _ => None,
    }
}

fn integer_dtype(integer: &Integer) -> Option<DType> {
    let all_bits = u64::from(integer.precision) == u64::from(integer.size) * 8;
    if !all_bits || integer.offset != 0 {
        return None;
    }
    match (integer.size, integer.signed) {
        (1, true) => Some(DType::Int8),
        (2, true) => Some(DType::Int16),
        (4, true) => Some(DType::Int32),
        (8, true) => Some(DType::Int64),
        (1, false) => Some(DType::UInt8),
        (2, false) => Some(DType::UInt16),
        (4, false) => Some(DType::UInt32),
        (8, false) => Some(DType::UInt64),
        _ => None,
    }
}

fn bit_field_dtype(bits: &BitField) -> Option<DType> {
    integer_dtype(&Integer {
        size: bits.size,
        order: bits.order,
        signed: false,
        offset: bits.offset,
        precision: bits.precision,
    })
}

fn float_dtype(float: &Float) -> Option<DType> {
    let little = Float {
        order: ByteOrder::Little,
        ..float.clone()
    };
    match little {
        Float::F8_E4M3 => Some(DType::Float8E4M3),
        Float::F8_E5M2 => Some(DType::Float8E5M2),
        Float::F16 => Some(DType::Float16),
        Float::BF16 => Some(DType::BFloat16),
        Float::F32 => Some(DType::Float32),
        Float::F64 => Some(DType::Float64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_comes_back() {
        let names = "float8_e4m3fn float8_e5m2 float16 bfloat16 float32 float64 int8 int16 int32 \
            int64 uint8 uint16 uint32 uint64 bool complex64 complex128 string";
        for name in names.split(' ') {
            let dtype = DType::from_name(name).unwrap();
            let datatype = Datatype::of(dtype);
            assert_eq!(datatype.dtype(), Some(dtype));
            if let Some(size) = dtype.size() {
                assert_eq!(u32::try_from(size).unwrap(), datatype.size());
            }
        }
    }

    #[test]
    fn other_ways_to_say_it() {
        let big = Float {
            order: ByteOrder::Big,
            ..Float::F32
        };
        let native = |base: Float| Datatype::Complex {
            base: Box::new(Datatype::Float(base)),
        };
        let opaque = |size| Datatype::Opaque {
            size,
            tag: Vec::new(),
        };
        let odd = Integer {
            precision: 12,
            ..Integer::signed(2)
        };
        for (datatype, expected) in [
            (
                Datatype::Float(big.clone()),
                Some((DType::Float32, ByteOrder::Big)),
            ),
            (
                complex(big.clone()),
                Some((DType::Complex64, ByteOrder::Big)),
            ),
            (native(big), Some((DType::Complex64, ByteOrder::Big))),
            (
                native(Float::F64),
                Some((DType::Complex128, ByteOrder::Little)),
            ),
            (native(Float::F16), None),
            (opaque(2), None),
            (Datatype::Integer(odd), None),
            (
                Datatype::fixed_string(3, Charset::Ascii),
                Some((DType::String, ByteOrder::Little)),
            ),
        ] {
            assert_eq!(datatype.element(), expected, "{datatype}");
        }
    }

    #[test]
    fn an_enumeration_that_is_not_boolean_is_its_integer() {
        let level = Datatype::Enumeration(Enumeration {
            base: Box::new(Datatype::Integer(Integer::unsigned(1))),
            members: vec![("LOW".to_owned(), vec![0]), ("HIGH".to_owned(), vec![1])],
        });
        assert_eq!(level.dtype(), Some(DType::UInt8));
    }
}
