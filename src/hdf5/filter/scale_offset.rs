//! Scale-offset (filter 6): numbers as a few bits above the least of them, floats rounded to
//! decimals before.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::bits::Bits;
use crate::codec::Cursor;
use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::datatype::ByteOrder;

/// What the filter was told about its numbers.
#[derive(Debug)]
pub(super) struct Parameters {
    form: Form,
    /// Bytes of a number: 1, 2, 4 or 8; of a float 4 or 8.
    size: usize,
    order: ByteOrder,
    /// How many numbers a chunk holds.
    count: usize,
    /// The bits of the fill value, which is stored as all ones.
    fill: Option<u64>,
    /// The filter was told to store as many bits as there are, so that it did nothing.
    whole: bool,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Integer,
    /// Kept to this many decimals.
    Decimal(i32),
}

// Places of the values, and their values.
const SCALE_TYPE: usize = 0;
const SCALE_FACTOR: usize = 1;
const COUNT: usize = 2;
const CLASS: usize = 3;
const SIZE: usize = 4;
const ORDER: usize = 6;
const HAS_FILL: usize = 7;
const FILL: usize = 8;
const DECIMAL: u32 = 0;
const INTEGER: u32 = 2;
const INTEGER_CLASS: u32 = 0;
const FLOAT_CLASS: u32 = 1;

/// Bytes before the packed numbers: width, size of the least, the least, and unused ones.
const HEAD: usize = 21;

impl Parameters {
    pub(super) fn decode(values: &[u32]) -> Result<Parameters> {
        let value = |at: usize| {
            let found = values.len();
            values.get(at).copied().ok_or_else(|| {
                super::malformed(format!("{found} parameters, expected at least {}", FILL))
            })
        };
        let (kind, class, size) = (value(SCALE_TYPE)?, value(CLASS)?, value(SIZE)?);
        let factor = value(SCALE_FACTOR)?;
        let form = match (kind, class) {
            (INTEGER, INTEGER_CLASS) if matches!(size, 1 | 2 | 4 | 8) => Form::Integer,
            (DECIMAL, FLOAT_CLASS) if matches!(size, 4 | 8) => Form::Decimal(factor.cast_signed()),
            _ => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("scale type {kind} for numbers of class {class} and {size} bytes"),
                ));
            }
        };
        let fill = match value(HAS_FILL)? {
            0 => None,
            _ => Some(fill_bits(values)),
        };
        Ok(Parameters {
            form,
            size: super::memory_length(size),
            order: match value(ORDER)? {
                0 => ByteOrder::Little,
                _ => ByteOrder::Big,
            },
            count: super::memory_length(value(COUNT)?),
            fill,
            whole: kind == INTEGER && u64::from(factor) == u64::from(size).saturating_mul(8),
        })
    }

    /// Unpacks the numbers in `from`; returns how many bytes of `to` they fill.
    pub(super) fn restore(&self, from: &[u8], to: &mut [u8]) -> Result<usize> {
        let most = to.len();
        if self.whole {
            let place = to.get_mut(..from.len());
            place
                .ok_or_else(|| super::too_long(most))?
                .copy_from_slice(from);
            return Ok(from.len());
        }
        let length = self.count.saturating_mul(self.size);
        let to = to.get_mut(..length).ok_or_else(|| super::too_long(most))?;
        let mut head = Cursor::new(from, 0);
        let width = head.u32().map_err(|_| super::ended())?;
        let least_size = usize::from(head.u8().map_err(|_| super::ended())?).min(8);
        let least = head.uint(least_size.max(1)).map_err(|_| super::ended())?;
        let packed = from.get(HEAD..).ok_or_else(super::ended)?;
        let all = u32::try_from(self.size.saturating_mul(8)).unwrap_or(u32::MAX);
        if width > all {
            return Err(super::malformed(format!(
                "numbers of {width} bits, expected at most {all}"
            )));
        }
        if width == all {
            let numbers = packed.get(..length).ok_or_else(super::ended)?;
            to.copy_from_slice(numbers);
            // They were stored as the writer had them in memory, which we take for little-endian.
            if self.order == ByteOrder::Big {
                to.chunks_exact_mut(self.size).for_each(<[u8]>::reverse);
            }
            return Ok(length);
        }
        let mut bits = Bits::new(packed);
        // All ones stand for the fill value.
        let ones = 1_u64.checked_shl(width).unwrap_or(0).wrapping_sub(1);
        for number in to.chunks_exact_mut(self.size) {
            let above = u64::try_from(bits.take(width)?).unwrap_or(u64::MAX);
            let value = match self.fill {
                Some(fill) if above == ones => fill,
                _ => self.value(above, least),
            };
            match self.order {
                ByteOrder::Little => copy(value.to_le_bytes().iter(), number),
                ByteOrder::Big => copy(value.to_le_bytes().iter(), number.iter_mut().rev()),
            }
        }
        Ok(length)
    }

    /// The bits of the number that is `above` the `least`.
    fn value(&self, above: u64, least: u64) -> u64 {
        match self.form {
            // Cut to the size when it is stored.
            Form::Integer => above.wrapping_add(least),
            Form::Decimal(decimals) if self.size == 4 => {
                let [a, b, c, d, ..] = least.to_le_bytes();
                let least = f32::from_le_bytes([a, b, c, d]);
                #[expect(
                    clippy::as_conversions,
                    clippy::cast_precision_loss,
                    reason = "rounded as the C library rounds"
                )]
                let above = above as f32;
                let value = above / 10_f32.powi(decimals) + least;
                u64::from(value.to_bits())
            }
            Form::Decimal(decimals) => {
                let least = f64::from_bits(least);
                #[expect(
                    clippy::as_conversions,
                    clippy::cast_precision_loss,
                    reason = "rounded as the C library rounds"
                )]
                let above = above as f64;
                let value = above / 10_f64.powi(decimals) + least;
                value.to_bits()
            }
        }
    }
}

/// The fill value, four bytes a parameter, the lowest first.
fn fill_bits(values: &[u32]) -> u64 {
    let low = values.get(FILL).copied().unwrap_or(0);
    let high = values.get(FILL.saturating_add(1)).copied().unwrap_or(0);
    (u64::from(high) << 32) | u64::from(low)
}

fn copy<'a>(bytes: impl Iterator<Item = &'a u8>, places: impl IntoIterator<Item = &'a mut u8>) {
    for (place, byte) in places.into_iter().zip(bytes) {
        *place = *byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scale type, factor, count, class, size, sign, order, whether there is a fill value, which.
    fn parameters(values: &[u32]) -> Parameters {
        Parameters::decode(values).unwrap()
    }

    /// What stands before the packed numbers.
    fn head(width: u32, least: u64) -> Vec<u8> {
        let mut head = width.to_le_bytes().to_vec();
        head.push(8);
        head.extend(least.to_le_bytes());
        head.resize(HEAD, 0);
        head
    }

    #[test]
    fn integers_above_the_least() {
        let mut from = head(3, 1000);
        from.extend([0b0001_0111, 0b1000_0000]);
        let expected = [1000_u16, 1005, 1007].map(u16::to_le_bytes).concat();
        check(&[2, 0, 3, 0, 2, 0, 0, 0], &from, &expected);
        let big = [1000_u16, 1005, 1007].map(u16::to_be_bytes).concat();
        check(&[2, 0, 3, 0, 2, 0, 1, 0], &from, &big);
        // All ones are the fill value.
        let filled = [1000_u16, 1005, 9].map(u16::to_le_bytes).concat();
        check(&[2, 0, 3, 0, 2, 0, 0, 1, 9, 0], &from, &filled);
    }

    #[test]
    fn negative_numbers_wrap() {
        let mut from = head(2, (-2_i64).cast_unsigned());
        from.push(0b0001_1110);
        let expected = [-2_i32, -1, 1, 0].map(i32::to_le_bytes).concat();
        check(&[2, 0, 4, 0, 4, 1, 0, 0], &from, &expected);
    }

    #[test]
    fn no_bits_are_all_the_least_or_the_fill_value() {
        check(&[2, 0, 2, 0, 1, 0, 0, 0], &head(0, 7), &[7, 7]);
        check(&[2, 0, 2, 0, 1, 0, 0, 1, 9, 0], &head(0, 7), &[9, 9]);
    }

    #[test]
    fn floats_to_decimals() {
        let mut from = head(8, u64::from(1.5_f32.to_bits()));
        from.extend([0, 25]);
        let expected = [1.5_f32, 1.75].map(f32::to_le_bytes).concat();
        check(&[0, 2, 2, 1, 4, 0, 0, 0], &from, &expected);
        let mut from = head(8, 1.5_f64.to_bits());
        from.extend([0, 25]);
        let expected = [1.5_f64, 1.75].map(f64::to_le_bytes).concat();
        check(&[0, 2, 2, 1, 8, 0, 0, 0], &from, &expected);
    }

    #[test]
    fn whole_numbers_are_left_alone() {
        check(&[2, 16, 2, 0, 2, 0, 0, 0], &[1, 2, 3, 4], &[1, 2, 3, 4]);
        let mut from = head(16, 0);
        from.extend([1, 2, 3, 4]);
        check(&[2, 0, 2, 0, 2, 0, 0, 0], &from, &[1, 2, 3, 4]);
        check(&[2, 0, 2, 0, 2, 0, 1, 0], &from, &[2, 1, 4, 3]);
    }

    #[test]
    fn what_is_wrong() {
        for (values, from, message) in [
            (
                &[2, 0, 3, 0, 2, 0, 0, 0][..],
                vec![0; 20],
                "the filtered bytes end too early",
            ),
            (
                &[2, 0, 3, 0, 2, 0, 0, 0],
                head(3, 0),
                "the filtered bytes end too early",
            ),
            (
                &[2, 0, 3, 0, 2, 0, 0, 0],
                head(17, 0),
                "numbers of 17 bits, expected at most 16",
            ),
            (
                &[2, 0, 30, 0, 2, 0, 0, 0],
                head(3, 0),
                "more than 20 bytes, which is all that a chunk holds",
            ),
        ] {
            let error = parameters(values).restore(&from, &mut [0; 20]).unwrap_err();
            assert_eq!(error.message(), message);
        }
        for (values, message) in [
            (&[2, 0][..], "2 parameters, expected at least 8"),
            (
                &[1, 0, 3, 1, 4, 0, 0, 0],
                "scale type 1 for numbers of class 1 and 4 bytes",
            ),
        ] {
            assert_eq!(Parameters::decode(values).unwrap_err().message(), message);
        }
    }

    #[track_caller]
    fn check(values: &[u32], from: &[u8], expected: &[u8]) {
        let mut to = [0; 20];
        let length = parameters(values).restore(from, &mut to).unwrap();
        assert_eq!(to[..length], *expected);
    }
}
