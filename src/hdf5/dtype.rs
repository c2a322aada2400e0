//! Which datatypes stand for which dtypes: as h5py writes them.
//! See `spec/hdf5.md#types-as-tensors`.

use super::datatype::{
    BitField, ByteOrder, Compound, Enumeration, Float, Integer, Member, Normalization,
};
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

    /// Which dtype these elements are read as, whatever their byte order; `None` if it is none of
    /// ours.
    ///
    /// Numbers of other widths are read as the next wider dtype: an integer of three bytes as
    /// `int32`, a `float` of 24 bits as `float32`. Floats wider than `float64` are rounded to it.
    /// Enumerations other than booleans are the integers they are made of, and bit fields unsigned
    /// integers. Opaque elements are nothing by themselves: Keras writes `bfloat16` so, and says it
    /// in an attribute of the dataset, which [`Dataset::tensor`](super::Dataset::tensor) looks at.
    pub fn dtype(&self) -> Option<DType> {
        self.element().map(|(dtype, _)| dtype)
    }

    /// Which dtype these elements are read as, and how they are stored.
    pub(crate) fn element(&self) -> Option<(DType, Form)> {
        match self {
            Datatype::Integer(integer) => integer_element(integer),
            Datatype::Float(float) => float_element(float),
            Datatype::FixedString { .. } | Datatype::VariableString { .. } => {
                Some((DType::String, Form::Whole(ByteOrder::Little)))
            }
            Datatype::Enumeration(enumeration) if is_boolean(enumeration) => {
                Some((DType::Bool, Form::Whole(ByteOrder::Little)))
            }
            Datatype::Enumeration(enumeration) => enumeration.base.element(),
            Datatype::BitField(bits) => bit_field_element(bits),
            Datatype::Compound(compound) => complex_element(compound),
            Datatype::Complex { base } => complex_of(base),
            _ => None,
        }
    }
}

/// How the numbers of an element are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the dtype has them, up to the order of their bytes.
    Whole(ByteOrder),
    /// Some bits of an integer.
    Integer(Integer),
    /// A float with another division of its bits.
    Float(Float),
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

fn complex_element(compound: &Compound) -> Option<(DType, Form)> {
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
fn complex_of(part: &Datatype) -> Option<(DType, Form)> {
    match part.element()? {
        (DType::Float32, form @ Form::Whole(_)) => Some((DType::Complex64, form)),
        (DType::Float64, form @ Form::Whole(_)) => Some((DType::Complex128, form)),
        _ => None,
    }
}

/// The widest number in bytes that is taken apart.
const WIDEST: u32 = 16;

fn integer_element(integer: &Integer) -> Option<(DType, Form)> {
    let Integer {
        size,
        precision,
        signed,
        ..
    } = *integer;
    if size > WIDEST || precision > 64 {
        return None;
    }
    let dtype = match (size, signed) {
        (1, true) => DType::Int8,
        (2, true) => DType::Int16,
        (3..=4, true) => DType::Int32,
        (_, true) => DType::Int64,
        (1, false) => DType::UInt8,
        (2, false) => DType::UInt16,
        (3..=4, false) => DType::UInt32,
        (_, false) => DType::UInt64,
    };
    let whole = matches!(size, 1 | 2 | 4 | 8)
        && u64::from(precision) == u64::from(size) * 8
        && integer.offset == 0;
    Some(match whole {
        true => (dtype, Form::Whole(integer.order)),
        false => (dtype, Form::Integer(integer.clone())),
    })
}

fn bit_field_element(bits: &BitField) -> Option<(DType, Form)> {
    integer_element(&Integer {
        size: bits.size,
        order: bits.order,
        signed: false,
        offset: bits.offset,
        precision: bits.precision,
    })
}

fn float_element(float: &Float) -> Option<(DType, Form)> {
    let little = Float {
        order: ByteOrder::Little,
        ..float.clone()
    };
    let whole = |dtype| Some((dtype, Form::Whole(float.order)));
    match little {
        Float::F8_E4M3 => whole(DType::Float8E4M3),
        Float::F8_E5M2 => whole(DType::Float8E5M2),
        Float::F16 => whole(DType::Float16),
        Float::BF16 => whole(DType::BFloat16),
        Float::F32 => whole(DType::Float32),
        Float::F64 => whole(DType::Float64),
        _ if float.size > WIDEST => None,
        _ => Some((narrowest(float), Form::Float(float.clone()))),
    }
}

/// The narrowest IEEE dtype that holds all numbers of the form `float`, or the widest there is.
fn narrowest(float: &Float) -> DType {
    let bias = i64::from(float.exponent_bias);
    let mantissa = match float.normalization {
        Normalization::Implied => i64::from(float.mantissa_size),
        // The highest bit is one of them.
        Normalization::Set | Normalization::None => i64::from(float.mantissa_size) - 1,
    };
    // All ones are infinity.
    let codes = 1_i64
        .checked_shl(float.exponent_size.into())
        .unwrap_or(i64::MAX);
    let highest = codes.saturating_sub(2).saturating_sub(bias);
    let lowest = 1_i64.saturating_sub(bias).saturating_sub(mantissa);
    let fits = |bits, high, low| mantissa <= bits && highest <= high && lowest >= low;
    match () {
        () if fits(10, 15, -24) => DType::Float16,
        () if fits(23, 127, -149) => DType::Float32,
        () => DType::Float64,
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

    #[track_caller]
    fn check(datatype: Datatype, expected: Option<(DType, Form)>) {
        assert_eq!(datatype.element(), expected, "{datatype}");
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
        let opaque = Datatype::Opaque {
            size: 2,
            tag: Vec::new(),
        };
        let whole = |dtype, order| Some((dtype, Form::Whole(order)));
        let (little, turned) = (ByteOrder::Little, ByteOrder::Big);
        let float = Datatype::Float(big.clone());
        check(float, whole(DType::Float32, turned));
        check(complex(big.clone()), whole(DType::Complex64, turned));
        check(native(big), whole(DType::Complex64, turned));
        check(native(Float::F64), whole(DType::Complex128, little));
        check(native(Float::F16), None);
        check(opaque, None);
        let text = Datatype::fixed_string(3, Charset::Ascii);
        check(text, whole(DType::String, little));
    }

    #[test]
    fn numbers_of_other_widths() {
        let odd = Integer {
            precision: 12,
            ..Integer::signed(2)
        };
        let three = Integer::unsigned(3);
        let wide = Float {
            size: 16,
            precision: 128,
            sign_location: 127,
            exponent_location: 112,
            exponent_size: 15,
            exponent_bias: 16383,
            mantissa_size: 112,
            ..Float::F64
        };
        let integer = |dtype, form: &Integer| Some((dtype, Form::Integer(form.clone())));
        check(Datatype::Integer(odd.clone()), integer(DType::Int16, &odd));
        check(
            Datatype::Integer(three.clone()),
            integer(DType::UInt32, &three),
        );
        check(Datatype::Integer(Integer::signed(9)), None);
        let float = Datatype::Float(wide.clone());
        check(float, Some((DType::Float64, Form::Float(wide))));
    }

    #[test]
    fn other_floats_become_what_holds_them() {
        let float = |exponent_size, mantissa_size, exponent_bias| Float {
            exponent_size,
            mantissa_size,
            exponent_bias,
            ..Float::F32
        };
        for (float, expected) in [
            (float(5, 9, 15), DType::Float16),
            (float(5, 11, 15), DType::Float32),
            (float(8, 23, 126), DType::Float64),
            (float(7, 23, 63), DType::Float32),
        ] {
            assert_eq!(narrowest(&float), expected);
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
