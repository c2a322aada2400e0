//! Numbers as they are stored, and as tensors have them. See `spec/hdf5_storage.md#numbers`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::elements::Stored;
use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::datatype::{ByteOrder, Float, Integer, Normalization};
use crate::hdf5::dtype::Form;
use crate::hdf5::format::file_length;
use crate::hdf5::format::message::datatype::Datatype;
use crate::io::SharedBytes;
use crate::limits::Limits;
use crate::tensor::{DType, F16};

/// A type of number that tensors have, and how it is stored.
pub(super) struct Number {
    pub(super) dtype: DType,
    form: Form,
}

impl Number {
    pub(super) fn of(datatype: &Datatype) -> Option<Number> {
        let (dtype, form) = datatype.element()?;
        (dtype != DType::String).then_some(Number { dtype, form })
    }

    /// The numbers as tensors have them: little-endian, of the dtype's width.
    pub(super) fn convert(&self, limits: &Limits, stored: Stored) -> Result<SharedBytes> {
        match &self.form {
            Form::Whole(order) => Ok(self.little_endian(*order, stored)),
            Form::Integer(integer) => {
                let number = |bits| integer_value(integer, bits);
                self.each(limits, &stored, integer.size, integer.order, number)
            }
            Form::Float(float) => {
                let number = |bits| self.float_value(float, bits);
                self.each(limits, &stored, float.size, float.order, number)
            }
        }
    }

    fn little_endian(&self, order: ByteOrder, stored: Stored) -> SharedBytes {
        let width = match self.dtype {
            // Two numbers, each in this order.
            DType::Complex64 => 4,
            DType::Complex128 => 8,
            dtype => dtype.size().unwrap_or(1),
        };
        if order == ByteOrder::Little || width == 1 {
            return stored.into_shared();
        }
        let mut bytes = stored.into_vec();
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        bytes.into()
    }

    /// Numbers of `size` bytes, each made another by `number`, whose lowest bytes are stored.
    fn each(
        &self,
        limits: &Limits,
        stored: &Stored,
        size: u32,
        order: ByteOrder,
        number: impl Fn(u128) -> u64,
    ) -> Result<SharedBytes> {
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        let width = self.dtype.size().unwrap_or(8);
        let count = stored.bytes().len().checked_div(size).unwrap_or(0);
        let length = file_length(count.saturating_mul(width));
        let held = length.saturating_add(stored.allocated());
        limits.allocation(held, stored.justified(), "a dataset of converted numbers")?;
        let mut converted = Vec::with_capacity(count.saturating_mul(width));
        for element in stored.bytes().chunks_exact(size) {
            let mut bits = [0; 16];
            for (place, byte) in bits.iter_mut().zip(element) {
                *place = *byte;
            }
            if order == ByteOrder::Big
                && let Some(bits) = bits.get_mut(..size)
            {
                bits.reverse();
            }
            let value = number(u128::from_le_bytes(bits)).to_le_bytes();
            converted.extend(value.iter().take(width));
        }
        Ok(converted.into())
    }

    /// The bits of the dtype's number that equals the one in `bits`.
    fn float_value(&self, float: &Float, bits: u128) -> u64 {
        let value = widen(float, bits);
        match self.dtype {
            DType::Float64 => value.to_bits(),
            // The dtype was chosen so that nothing is lost.
            dtype => {
                #[expect(
                    clippy::as_conversions,
                    clippy::cast_possible_truncation,
                    reason = "to the nearest, which is the same number"
                )]
                let value = value as f32;
                match dtype {
                    DType::Float16 => F16::from_f32(value).0.into(),
                    _ => value.to_bits().into(),
                }
            }
        }
    }
}

/// `count` bits from bit `at` on.
fn field(bits: u128, at: u8, count: u8) -> u128 {
    let mask = 1_u128
        .checked_shl(count.into())
        .unwrap_or(0)
        .wrapping_sub(1);
    bits.checked_shr(at.into()).unwrap_or(0) & mask
}

/// The bits in use, filled up with copies of the sign where there is one.
fn integer_value(integer: &Integer, bits: u128) -> u64 {
    let shifted = bits.checked_shr(integer.offset.into()).unwrap_or(0);
    let [low, ..] = [u64::try_from(shifted & u128::from(u64::MAX)).unwrap_or(0)];
    // At most 64 bits are in use.
    let unused = 64_u32.saturating_sub(integer.precision.into());
    let high = low.checked_shl(unused).unwrap_or(0);
    match integer.signed {
        true => high
            .cast_signed()
            .checked_shr(unused)
            .unwrap_or(0)
            .cast_unsigned(),
        false => high.checked_shr(unused).unwrap_or(0),
    }
}

/// The number in `bits`, rounded to the nearest, of two as near to the even one.
fn widen(float: &Float, bits: u128) -> f64 {
    let mantissa = field(bits, float.mantissa_location, float.mantissa_size);
    let exponent = field(bits, float.exponent_location, float.exponent_size);
    let negative = field(bits, float.sign_location, 1) == 1;
    let size = i64::from(float.mantissa_size);
    let implied = float.normalization == Normalization::Implied;
    // How many bits of the mantissa are behind the point.
    let behind = match implied {
        true => size,
        false => size.saturating_sub(1),
    };
    let all_ones = field(u128::MAX, 0, float.exponent_size);
    let magnitude = if exponent == all_ones && float.exponent_size > 0 {
        let last = u8::try_from(behind).unwrap_or(u8::MAX);
        special(field(mantissa, 0, last), behind)
    } else {
        let leading = match implied && exponent > 0 {
            true => 1_u128.checked_shl(float.mantissa_size.into()).unwrap_or(0),
            false => 0,
        };
        // Subnormal numbers count with the exponent of the smallest normal ones.
        let power = i64::try_from(exponent.max(1)).unwrap_or(i64::MAX);
        let power = power.saturating_sub(float.exponent_bias.into());
        compose(mantissa | leading, power.saturating_sub(behind))
    };
    match negative {
        true => -magnitude,
        false => magnitude,
    }
}

/// Infinity, or not a number with as much of its `fraction` as there is room for.
fn special(fraction: u128, size: i64) -> f64 {
    const QUIET: u64 = 1 << 51;
    if fraction == 0 {
        return f64::INFINITY;
    }
    let kept = match u32::try_from(size.saturating_sub(52)) {
        Ok(cut) => fraction.checked_shr(cut).unwrap_or(0),
        Err(_) => {
            let room = u32::try_from(52_i64.saturating_sub(size)).unwrap_or(0);
            fraction.checked_shl(room).unwrap_or(0)
        }
    };
    let kept = u64::try_from(kept).unwrap_or(0);
    f64::from_bits(f64::INFINITY.to_bits() | kept | QUIET)
}

/// `mantissa` times two to the power of `exponent`.
fn compose(mantissa: u128, exponent: i64) -> f64 {
    const BIAS: i64 = 1023;
    const FRACTION: u32 = 52;
    let Some(highest) = mantissa.checked_ilog2() else {
        return 0.0;
    };
    // The exponent as it is stored; what is below the smallest is subnormal.
    let stored = exponent
        .saturating_add(highest.into())
        .saturating_add(BIAS)
        .max(1);
    // What the last bit of the result stands for, above that of the mantissa.
    let unit = stored
        .saturating_sub(BIAS)
        .saturating_sub(FRACTION.into())
        .saturating_sub(exponent);
    let kept = match u32::try_from(unit) {
        Ok(cut) => round(mantissa, cut),
        Err(_) => {
            let room = u32::try_from(unit.saturating_neg()).unwrap_or(u32::MAX);
            mantissa.checked_shl(room).unwrap_or(0)
        }
    };
    let kept = u64::try_from(kept).unwrap_or(u64::MAX);
    let infinity = f64::INFINITY.to_bits();
    let Ok(stored) = u64::try_from(stored) else {
        return f64::INFINITY;
    };
    if stored >= infinity >> FRACTION {
        return f64::INFINITY;
    }
    // The leading one adds itself to the exponent, and so does a carry.
    let bits = (stored.saturating_sub(1) << FRACTION).saturating_add(kept);
    f64::from_bits(bits.min(infinity))
}

/// `mantissa` without its last `cut` bits, rounded to the nearest, of two to the even one.
fn round(mantissa: u128, cut: u32) -> u128 {
    if cut == 0 {
        return mantissa;
    }
    let kept = mantissa.checked_shr(cut).unwrap_or(0);
    let half = 1_u128.checked_shl(cut.saturating_sub(1)).unwrap_or(0);
    let rest = match half {
        // More is cut off than there is.
        0 => return 0,
        half => mantissa & half.wrapping_mul(2).wrapping_sub(1),
    };
    let up = rest > half || (rest == half && kept & 1 == 1);
    kept.saturating_add(u128::from(up))
}

/// Checks that a tensor can be made of these elements.
pub(super) fn unsupported(datatype: &Datatype) -> Error {
    let error = Error::new(
        ErrorKind::Unsupported,
        format!("elements of type {datatype} in a tensor"),
    );
    match datatype {
        Datatype::Opaque { .. } => error.with_hint("`Dataset::tensor_as` says what they are"),
        Datatype::Compound(_) => error.with_hint("`Dataset::member` reads a member"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(datatype: Datatype, bytes: &[u8], dtype: DType, expected: &[u8]) {
        let number = Number::of(&datatype).unwrap();
        assert_eq!(number.dtype, dtype);
        let stored = Stored::Owned {
            bytes: bytes.to_vec(),
            justified: 0,
        };
        let found = number.convert(&Limits::default(), stored).unwrap();
        assert_eq!(found[..], *expected, "{datatype}");
    }

    #[test]
    fn integers_of_any_width() {
        let three = |signed, order| {
            Datatype::Integer(Integer {
                size: 3,
                order,
                signed,
                offset: 0,
                precision: 24,
            })
        };
        let bytes = [0xfe, 0xff, 0xff, 1, 2, 3];
        let little = three(true, ByteOrder::Little);
        let expected = [(-2_i32), 0x03_0201].map(i32::to_le_bytes).concat();
        check(little, &bytes, DType::Int32, &expected);
        let expected = [0xff_fffe_u32, 0x03_0201].map(u32::to_le_bytes).concat();
        check(
            three(false, ByteOrder::Little),
            &bytes,
            DType::UInt32,
            &expected,
        );
        let expected = [0xfe_ffff_u32, 0x01_0203].map(u32::to_le_bytes).concat();
        check(
            three(false, ByteOrder::Big),
            &bytes,
            DType::UInt32,
            &expected,
        );
        let middle = Datatype::Integer(Integer {
            offset: 4,
            precision: 8,
            ..Integer::signed(2)
        });
        let expected = [-1_i16, 0x12].map(i16::to_le_bytes).concat();
        check(middle, &[0xff, 0x0f, 0x2f, 0xf1], DType::Int16, &expected);
    }

    #[test]
    fn whole_numbers_are_only_turned_around() {
        let big = Datatype::Integer(Integer {
            order: ByteOrder::Big,
            ..Integer::signed(2)
        });
        check(big, &[1, 2, 3, 4], DType::Int16, &[2, 1, 4, 3]);
    }

    /// The 80 bits of Intel's coprocessors, in 16 bytes.
    fn x87() -> Float {
        Float {
            size: 16,
            precision: 80,
            sign_location: 79,
            exponent_location: 64,
            exponent_size: 15,
            exponent_bias: 16383,
            mantissa_location: 0,
            mantissa_size: 64,
            normalization: Normalization::None,
            ..Float::F64
        }
    }

    #[test]
    fn wide_floats_are_rounded() {
        let one = 0x3fff_8000_0000_0000_0000_u128;
        for (bits, expected) in [
            (one, 1.0),
            (one | 1 << 79, -1.0),
            (0, 0.0),
            // A half in the last place goes to the even number, anything more up.
            (one | 1 << 10, 1.0),
            (one | 1 << 10 | 1, 1.0 + f64::EPSILON),
            (one | 3 << 10, 1.0 + 2.0 * f64::EPSILON),
            (0x3fff_ffff_ffff_ffff_ffff, 2.0),
            (0x7fff_8000_0000_0000_0000, f64::INFINITY),
            (0x7ffe_8000_0000_0000_0000, f64::INFINITY),
            // The smallest subnormal number and half of it.
            (0x3bcd_8000_0000_0000_0000, 5e-324),
            (0x3bcc_8000_0000_0000_0000, 0.0),
            (0x0001_8000_0000_0000_0000, 0.0),
        ] {
            assert_eq!(widen(&x87(), bits), expected, "{bits:#x}");
        }
        assert!(widen(&x87(), 0x7fff_c000_0000_0000_0000).is_nan());
    }

    #[test]
    fn the_usual_floats_are_what_they_are() {
        for value in [
            0.0,
            -0.0,
            1.5,
            f32::MIN_POSITIVE / 3.0,
            f32::MAX,
            f32::INFINITY,
        ] {
            let widened = widen(&Float::F32, value.to_bits().into());
            assert_eq!(widened.to_bits(), f64::from(value).to_bits());
        }
        for value in [1e300, 5e-324, f64::MAX, f64::NEG_INFINITY] {
            assert_eq!(widen(&Float::F64, value.to_bits().into()), value);
        }
        let nan = f64::NAN.to_bits() | 3;
        assert_eq!(widen(&Float::F64, nan.into()).to_bits(), nan);
    }

    #[test]
    fn small_floats_fit_without_loss() {
        // 24 bits: one of sign, seven of exponent, sixteen of mantissa.
        let float = Float {
            size: 3,
            precision: 24,
            sign_location: 23,
            exponent_location: 16,
            exponent_size: 7,
            exponent_bias: 63,
            mantissa_size: 16,
            ..Float::F32
        };
        let bytes = [0, 0x80, 0x3f, 0, 0x80, 0xbf];
        let expected = [1.5_f32, -1.5].map(f32::to_le_bytes).concat();
        check(
            Datatype::Float(float.clone()),
            &bytes,
            DType::Float32,
            &expected,
        );
        let big = Datatype::Float(Float {
            order: ByteOrder::Big,
            ..float
        });
        check(
            big,
            &[0x3f, 0x80, 0],
            DType::Float32,
            &1.5_f32.to_le_bytes(),
        );
    }
}
