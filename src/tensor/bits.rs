//! Number types that Rust lacks: small floats as bits, and complex numbers.

use std::fmt;

use crate::io::mapping::{bits, pair};

bits! {
    /// An 8-bit float with 4 exponent and 3 mantissa bits, as in `float8_e4m3fn`: no infinities,
    /// the largest value is 448, and what is larger becomes NaN.
    pub struct F8E4M3(u8)
}
bits! {
    /// An 8-bit float with 5 exponent and 2 mantissa bits, as in `float8_e5m2`.
    pub struct F8E5M2(u8)
}
bits! {
    /// IEEE half precision: 5 exponent and 10 mantissa bits.
    ///
    /// ```
    /// use hornfels::tensor::F16;
    /// assert_eq!(F16::from_f32(1.5).0, 0x3e00);
    /// assert_eq!(F16(0x3e00).to_f32(), 1.5);
    /// ```
    pub struct F16(u16)
}
bits! {
    /// The upper 16 bits of a `f32`: 8 exponent and 7 mantissa bits.
    pub struct BF16(u16)
}
pair! {
    /// A complex number.
    pub struct Complex { "The real part." re, "The imaginary part." im }
}

/// How a small float divides its bits, below the sign.
#[derive(Clone, Copy)]
struct Layout {
    exponent: u32,
    mantissa: u32,
    /// Without infinities: only all ones is NaN.
    finite: bool,
}

const E4M3: Layout = Layout::new(4, 3, true);
const E5M2: Layout = Layout::new(5, 2, false);
const HALF: Layout = Layout::new(5, 10, false);
const BRAIN: Layout = Layout::new(8, 7, false);

impl Layout {
    const fn new(exponent: u32, mantissa: u32, finite: bool) -> Self {
        Layout {
            exponent,
            mantissa,
            finite,
        }
    }

    fn bias(self) -> i32 {
        (1 << (self.exponent - 1)) - 1
    }

    /// The bits, without sign, of infinity, or of NaN where there is none.
    fn infinity(self) -> u32 {
        match self.finite {
            true => (1 << (self.exponent + self.mantissa)) - 1,
            false => ((1 << self.exponent) - 1) << self.mantissa,
        }
    }

    /// The nearest small float, ties to even; the sign is the bit above the others.
    fn narrow(self, value: f32) -> u32 {
        let bits = value.to_bits();
        let sign = (bits >> 31) << (self.exponent + self.mantissa);
        let fraction = bits & 0x7f_ffff;
        if value.is_nan() {
            // The quiet bit keeps a payload that is cut to zero from becoming infinity.
            let payload = (fraction >> (23 - self.mantissa)) | 1 << (self.mantissa - 1);
            return sign | self.infinity() | payload;
        }
        if value.is_infinite() {
            return sign | self.infinity();
        }
        // The value is significand * 2^(exponent - 23); a subnormal lacks the leading one.
        let stored = bits >> 23 & 0xff;
        let significand = if stored == 0 {
            fraction
        } else {
            fraction | 1 << 23
        };
        let exponent = stored.max(1).cast_signed() - 127;
        let biased = (exponent + self.bias()).max(1);
        // Bits below the last place of the result, which for small values is that of a subnormal.
        let below = biased - (exponent + self.bias());
        let shift = (23 - self.mantissa).saturating_add_signed(below).min(31);
        let half = (1 << (shift - 1)) - 1 + (significand >> shift & 1);
        let rounded = (significand + half) >> shift;
        // The leading one, if there is one, adds itself to the exponent, as does a carry.
        let result = ((biased.cast_unsigned() - 1) << self.mantissa) + rounded;
        sign | result.min(self.infinity())
    }

    /// The value of a small float, which `f32` always holds.
    fn widen(self, bits: u32) -> f32 {
        let magnitude = bits & ((1 << (self.exponent + self.mantissa)) - 1);
        let sign = (bits ^ magnitude) << (31 - self.exponent - self.mantissa);
        let exponent = magnitude >> self.mantissa;
        let mantissa = magnitude & ((1 << self.mantissa) - 1);
        let fraction = mantissa << (23 - self.mantissa);
        let special = match self.finite {
            true => magnitude == self.infinity(),
            false => magnitude >= self.infinity(),
        };
        let wide = if special {
            0xff << 23 | fraction
        } else if exponent == 0 {
            self.subnormal(mantissa)
        } else {
            (exponent + 127).wrapping_sub(self.bias().cast_unsigned()) << 23 | fraction
        };
        f32::from_bits(sign | wide)
    }

    /// The bits of `mantissa` units in the last place of the smallest exponent, as `f32`.
    fn subnormal(self, mantissa: u32) -> u32 {
        if self.exponent == 8 {
            // The same range as `f32`, so subnormal there as well.
            return mantissa << (23 - self.mantissa);
        }
        let unit = 1 - self.bias() - self.mantissa.cast_signed();
        let power = f32::from_bits((unit + 127).cast_unsigned() << 23);
        // At most ten bits: exact.
        let units = f32::from(u16::try_from(mantissa).unwrap_or(0));
        (units * power).to_bits()
    }
}

macro_rules! conversions {
    ($name:ident, $inner:ty, $layout:ident) => {
        impl $name {
            /// The nearest value; of two equally near ones the even one.
            pub fn from_f32(value: f32) -> Self {
                // `narrow` gives as many bits as the layout has.
                #[allow(clippy::cast_possible_truncation)]
                Self($layout.narrow(value) as $inner)
            }

            /// The same value, exactly.
            pub fn to_f32(self) -> f32 {
                $layout.widen(u32::from(self.0))
            }
        }

        impl From<$name> for f32 {
            fn from(value: $name) -> f32 {
                value.to_f32()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.to_f32(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.to_f32(), f)
            }
        }
    };
}

conversions!(F8E4M3, u8, E4M3);
conversions!(F8E5M2, u8, E5M2);
conversions!(F16, u16, HALF);
conversions!(BF16, u16, BRAIN);

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pattern of a type, with its value.
    fn all(layout: Layout) -> Vec<(u32, f32)> {
        let bits = 1 + layout.exponent + layout.mantissa;
        (0..1u32 << bits).map(|b| (b, layout.widen(b))).collect()
    }

    #[test]
    fn every_value_comes_back() {
        for layout in [E4M3, E5M2, HALF, BRAIN] {
            for (bits, value) in all(layout) {
                let back = layout.narrow(value);
                if value.is_nan() {
                    assert!(layout.widen(back).is_nan());
                } else {
                    assert_eq!(back, bits, "{value}");
                }
            }
        }
    }

    /// Between two neighbours the middle goes to the even one, and each side to its own.
    #[test]
    fn rounds_to_nearest_even() {
        for layout in [E4M3, E5M2, HALF, BRAIN] {
            let positive = (1 << (layout.exponent + layout.mantissa)) - 1;
            for low in 0..positive {
                let (a, b) = (layout.widen(low), layout.widen(low + 1));
                if !a.is_finite() || !b.is_finite() {
                    continue;
                }
                // Exact in `f64`, and in `f32` for all but the smallest of `BF16`.
                let middle = (f64::from(a) + f64::from(b)) / 2.0;
                let single = middle as f32;
                if f64::from(single) != middle {
                    continue;
                }
                let even = low + (low & 1);
                assert_eq!(layout.narrow(single), even, "{a} {b}");
                assert_eq!(layout.narrow(single.next_down()), low, "{a} {b}");
                assert_eq!(layout.narrow(single.next_up()), low + 1, "{a} {b}");
                assert_eq!(layout.narrow(-single), even | (positive + 1), "{a} {b}");
            }
        }
    }

    #[test]
    fn known_values() {
        // IEEE 754 half precision; OCP 8-bit floating point, table 1.
        assert_eq!(F16(0x7bff).to_f32(), 65504.0);
        assert_eq!(F16(0x0001).to_f32(), 2f32.powi(-24));
        assert_eq!(F16::from_f32(65520.0).0, 0x7c00);
        assert_eq!(F16::from_f32(65519.0).0, 0x7bff);
        assert_eq!(F16(0xfc00).to_f32(), f32::NEG_INFINITY);
        assert_eq!(BF16(0x3f80).to_f32(), 1.0);
        assert_eq!(BF16::from_f32(f32::MAX).0, 0x7f80);
        assert_eq!(F8E5M2(0x7b).to_f32(), 57344.0);
        assert_eq!(F8E4M3(0x7e).to_f32(), 448.0);
        assert_eq!(F8E4M3(0x01).to_f32(), 2f32.powi(-9));
        assert_eq!(F8E4M3::from_f32(464.0).0, 0x7e);
        assert_eq!(F8E4M3::from_f32(-480.0).0, 0xff);
        assert_eq!(F8E4M3::from_f32(f32::INFINITY).0, 0x7f);
        assert!(F8E4M3(0x7f).to_f32().is_nan());
        assert_eq!(F16::from_f32(-0.0).0, 0x8000);
        assert_eq!(F16::from_f32(f32::from_bits(1)).0, 0);
        assert_eq!(format!("{:?}", BF16(0xc040)), "-3.0");
    }
}
