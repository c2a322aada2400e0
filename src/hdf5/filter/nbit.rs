//! N-bit (filter 5): numbers without the bits that their type does not use.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::bits::Bits;
use crate::error::{Error, Result};
use crate::hdf5::datatype::ByteOrder;

/// What the filter was told about its elements.
#[derive(Debug)]
pub(super) struct Parameters {
    /// The type has no unused bits, so the filter did nothing.
    whole: bool,
    count: usize,
    element: Element,
}

/// An element, as far as the filter cares.
#[derive(Debug)]
enum Element {
    Number {
        size: usize,
        order: ByteOrder,
        precision: u32,
        offset: u32,
    },
    /// Copied as it is.
    Bytes {
        size: usize,
    },
    Array {
        size: usize,
        base: Box<Element>,
    },
    /// Members with their offsets; what is between them is zero.
    Compound {
        size: usize,
        members: Vec<(usize, Element)>,
    },
}

/// Types nest as deep as in datatype messages.
const MAX_DEPTH: u32 = 32;
/// Numbers are at most so many bytes.
const LONGEST: u32 = 16;

const NUMBER: u32 = 1;
const ARRAY: u32 = 2;
const COMPOUND: u32 = 3;
const BYTES: u32 = 4;

impl Parameters {
    pub(super) fn decode(values: &[u32]) -> Result<Parameters> {
        let mut values = values.iter().copied();
        next(&mut values)?; // how many there are
        let whole = next(&mut values)? != 0;
        let count = super::memory_length(next(&mut values)?);
        let element = match whole {
            true => Element::Bytes { size: 1 },
            false => Element::decode(&mut values, 0)?,
        };
        Ok(Parameters {
            whole,
            count,
            element,
        })
    }

    /// Unpacks the elements in `from`; returns how many bytes of `to` they fill.
    pub(super) fn restore(&self, from: &[u8], to: &mut [u8]) -> Result<usize> {
        let most = to.len();
        if self.whole {
            let place = to.get_mut(..from.len());
            place
                .ok_or_else(|| super::too_long(most))?
                .copy_from_slice(from);
            return Ok(from.len());
        }
        let size = self.element.size();
        let length = self.count.saturating_mul(size);
        let to = to.get_mut(..length).ok_or_else(|| super::too_long(most))?;
        to.fill(0);
        let mut bits = Bits::new(from);
        for place in to.chunks_exact_mut(size) {
            self.element.restore(&mut bits, place)?;
        }
        Ok(length)
    }
}

fn next(values: &mut impl Iterator<Item = u32>) -> Result<u32> {
    values
        .next()
        .ok_or_else(|| super::malformed("the parameters end too early"))
}

impl Element {
    fn decode(values: &mut impl Iterator<Item = u32>, depth: u32) -> Result<Element> {
        if depth > MAX_DEPTH {
            return Err(super::malformed(format!(
                "types nested deeper than {MAX_DEPTH}"
            )));
        }
        let kind = next(values)?;
        let stored_size = next(values)?;
        let size = super::memory_length(stored_size);
        if size == 0 {
            return Err(super::malformed("an element of no bytes"));
        }
        let deeper = depth.saturating_add(1);
        match kind {
            NUMBER => Element::decode_number(values, stored_size),
            ARRAY => {
                let base = Box::new(Element::decode(values, deeper)?);
                Ok(Element::Array { size, base })
            }
            COMPOUND => {
                let mut members = Vec::new();
                for _ in 0..next(values)? {
                    let offset = super::memory_length(next(values)?);
                    let member = Element::decode(values, deeper)?;
                    if offset.saturating_add(member.size()) > size {
                        return Err(super::malformed("a member beyond its compound"));
                    }
                    members.push((offset, member));
                }
                Ok(Element::Compound { size, members })
            }
            BYTES => Ok(Element::Bytes { size }),
            _ => Err(super::malformed(format!(
                "element class {kind}, expected 1 to 4"
            ))),
        }
    }

    fn decode_number(values: &mut impl Iterator<Item = u32>, size: u32) -> Result<Element> {
        let order = match next(values)? {
            0 => ByteOrder::Little,
            _ => ByteOrder::Big,
        };
        let precision = next(values)?;
        let offset = next(values)?;
        if size > LONGEST {
            return Err(Error::new(
                crate::error::ErrorKind::Unsupported,
                format!("numbers of {size} bytes, more than {LONGEST}"),
            ));
        }
        if precision == 0 || precision.saturating_add(offset) > size.saturating_mul(8) {
            return Err(super::malformed(format!(
                "{precision} bits from bit {offset} in {size} bytes"
            )));
        }
        Ok(Element::Number {
            size: super::memory_length(size),
            order,
            precision,
            offset,
        })
    }

    fn size(&self) -> usize {
        match self {
            Element::Number { size, .. }
            | Element::Bytes { size }
            | Element::Array { size, .. }
            | Element::Compound { size, .. } => *size,
        }
    }

    fn restore(&self, bits: &mut Bits<'_>, place: &mut [u8]) -> Result<()> {
        match self {
            Element::Number {
                order,
                precision,
                offset,
                ..
            } => {
                let number = bits.take(*precision)?.checked_shl(*offset).unwrap_or(0);
                for (byte, value) in place.iter_mut().zip(number.to_le_bytes()) {
                    *byte = value;
                }
                if *order == ByteOrder::Big {
                    place.reverse();
                }
            }
            Element::Bytes { .. } => {
                for byte in place {
                    let [value, ..] = bits.take(8)?.to_le_bytes();
                    *byte = value;
                }
            }
            Element::Array { base, .. } => {
                for place in place.chunks_exact_mut(base.size()) {
                    base.restore(bits, place)?;
                }
            }
            Element::Compound { members, .. } => {
                for (offset, member) in members {
                    let end = offset.saturating_add(member.size());
                    // The sizes were compared when they were decoded.
                    if let Some(place) = place.get_mut(*offset..end) {
                        member.restore(bits, place)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn numbers() {
        // Little-endian, 12 bits from bit 2 of 2 bytes.
        check(&[
            8, 0, 2, // how many parameters, whole, elements
            1, 2, 0, 12, 2, // number, size, order, precision, offset
        ], &[0xab, 0xc1, 0x23], &[0xf0, 0x2a, 0x8c, 0x04]);
        // Big-endian.
        check(&[8, 0, 2, 1, 2, 1, 12, 2], &[0xab, 0xc1, 0x23], &[0x2a, 0xf0, 0x04, 0x8c]);
    }

    #[test]
    #[rustfmt::skip]
    fn elements_of_elements() {
        check(&[
            19, 0, 1, // how many parameters, whole, elements
            3, 8, 3, // compound, size, members
            0, 1, 1, 0, 4, 0, // at 0 a number: size, order, precision, offset
            2, 2, 2, 1, 1, 0, 4, 0, // at 2 an array of 2 bytes: of numbers of 4 bits
            6, 4, 2, // at 6 two bytes
        ], &[0x1a, 0xbc, 0xde, 0xf0], &[1, 0, 0xa, 0xb, 0, 0, 0xcd, 0xef]);
    }

    #[test]
    fn whole_numbers_are_left_alone() {
        check(&[3, 1, 2], &[1, 2, 3, 4], &[1, 2, 3, 4]);
    }

    #[test]
    fn what_is_wrong() {
        for (values, message) in [
            (&[8, 0][..], "the parameters end too early"),
            (&[8, 0, 1, 9, 2], "element class 9, expected 1 to 4"),
            (&[8, 0, 1, 4, 0], "an element of no bytes"),
            (&[8, 0, 1, 1, 2, 0, 12, 5], "12 bits from bit 5 in 2 bytes"),
            (
                &[8, 0, 1, 1, 17, 0, 12, 5],
                "numbers of 17 bytes, more than 16",
            ),
            (&[8, 0, 1, 3, 2, 1, 2, 4, 1], "a member beyond its compound"),
        ] {
            assert_eq!(Parameters::decode(values).unwrap_err().message(), message);
        }
        let mut nested = vec![8, 0, 1];
        nested.extend([2, 4].repeat(40));
        let error = Parameters::decode(&nested).unwrap_err();
        assert_eq!(error.message(), "types nested deeper than 32");
        let numbers = Parameters::decode(&[8, 0, 2, 1, 2, 0, 12, 2]).unwrap();
        for (from, room, message) in [
            (&[0xab][..], 4, "the filtered bytes end too early"),
            (
                &[0; 3],
                3,
                "more than 3 bytes, which is all that a chunk holds",
            ),
        ] {
            let error = numbers.restore(from, &mut vec![0; room]).unwrap_err();
            assert_eq!(error.message(), message);
        }
    }

    #[track_caller]
    fn check(values: &[u32], from: &[u8], expected: &[u8]) {
        let mut to = [0xff; 20];
        let parameters = Parameters::decode(values).unwrap();
        let length = parameters.restore(from, &mut to).unwrap();
        assert_eq!(to[..length], *expected);
    }
}
