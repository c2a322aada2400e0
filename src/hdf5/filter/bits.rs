//! Bits in a row, the highest of each byte first: what scale-offset and n-bit pack numbers into.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::error::Result;

/// A position in a row of bits.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// Bits taken from the bytes and not yet given out, at the lower end.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Bits {
            rest: bytes,
            held: 0,
            count: 0,
        }
    }

    /// The next `width` bits as a number, the first being the highest; at most 128.
    pub(super) fn take(&mut self, width: u32) -> Result<u128> {
        let mut value = 0_u128;
        let mut left = width;
        while left > 0 {
            let step = left.min(32);
            let part = self.take_few(step)?;
            value = value.checked_shl(step).unwrap_or(0) | u128::from(part);
            left = left.saturating_sub(step);
        }
        Ok(value)
    }

    /// At most 32 bits.
    fn take_few(&mut self, width: u32) -> Result<u64> {
        while self.count < width {
            let Some((byte, rest)) = self.rest.split_first() else {
                return Err(super::ended());
            };
            self.rest = rest;
            self.held = (self.held << 8) | u64::from(*byte);
            self.count = self.count.saturating_add(8);
        }
        self.count = self.count.saturating_sub(width);
        let mask = 1_u64.checked_shl(width).unwrap_or(0).wrapping_sub(1);
        Ok(self.held.checked_shr(self.count).unwrap_or(0) & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bit_is_the_highest() {
        let mut bits = Bits::new(&[0b1011_0001, 0xff, 0, 0x55]);
        assert_eq!(bits.take(1).unwrap(), 1);
        assert_eq!(bits.take(3).unwrap(), 0b011);
        assert_eq!(bits.take(0).unwrap(), 0);
        assert_eq!(bits.take(12).unwrap(), 0b0001_1111_1111);
        assert_eq!(bits.take(16).unwrap(), 0x55);
        assert!(bits.take(1).is_err());
    }

    #[test]
    fn numbers_of_any_width() {
        let bytes: Vec<u8> = (1..=17).collect();
        let mut bits = Bits::new(&bytes);
        let all = bits.take(128).unwrap();
        assert_eq!(all.to_be_bytes()[..], bytes[..16]);
        assert_eq!(bits.take(8).unwrap(), 17);
    }
}
