//! The numeric classes: integers, floating point, times, bit fields.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::Head;
use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};

/// In which order the bytes of a number are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The least significant byte first.
    Little,
    /// The most significant byte first.
    Big,
}

impl ByteOrder {
    const BIG: u32 = 0b1;

    fn decode(bits: u32) -> ByteOrder {
        if bits & Self::BIG == 0 {
            return ByteOrder::Little;
        }
        ByteOrder::Big
    }

    fn bits(self) -> u32 {
        match self {
            ByteOrder::Little => 0,
            ByteOrder::Big => Self::BIG,
        }
    }
}

/// A whole number: `precision` bits from bit `offset` of `size` bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Integer {
    /// Bytes of one number.
    pub size: u32,
    /// In which order they are.
    pub order: ByteOrder,
    /// Whether the highest bit counts negative.
    pub signed: bool,
    /// The lowest bit in use.
    pub offset: u16,
    /// How many bits are in use.
    pub precision: u16,
}

impl Integer {
    const SIGNED: u32 = 0b1000;

    /// A little-endian signed number of `size` bytes, up to 8,191, all bits in use.
    pub const fn signed(size: u16) -> Integer {
        Integer {
            signed: true,
            ..Integer::unsigned(size)
        }
    }

    /// A little-endian unsigned number of `size` bytes, up to 8,191, all bits in use.
    #[expect(clippy::as_conversions, reason = "widening; `From` is not const")]
    pub const fn unsigned(size: u16) -> Integer {
        Integer {
            size: size as u32,
            order: ByteOrder::Little,
            signed: false,
            offset: 0,
            precision: size.saturating_mul(8),
        }
    }

    pub(super) fn decode(head: Head, from: &mut Cursor<'_>) -> Result<Self> {
        let (offset, precision) = decode_extent(head, from)?;
        Ok(Integer {
            size: head.size,
            order: ByteOrder::decode(head.bits),
            signed: head.bits & Self::SIGNED != 0,
            offset,
            precision,
        })
    }

    pub(super) fn bits(&self) -> u32 {
        self.order.bits() | if self.signed { Self::SIGNED } else { 0 }
    }

    pub(super) fn encode(&self, head: Head, to: &mut Vec<u8>) {
        head.encode(to);
        to.put_u16(self.offset);
        to.put_u16(self.precision);
    }
}

/// Bits without a numeric meaning: `precision` of them from bit `offset` of `size` bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BitField {
    /// Bytes of one element.
    pub size: u32,
    /// In which order they are.
    pub order: ByteOrder,
    /// The lowest bit in use.
    pub offset: u16,
    /// How many bits are in use.
    pub precision: u16,
}

impl BitField {
    pub(super) fn decode(head: Head, from: &mut Cursor<'_>) -> Result<Self> {
        let (offset, precision) = decode_extent(head, from)?;
        Ok(BitField {
            size: head.size,
            order: ByteOrder::decode(head.bits),
            offset,
            precision,
        })
    }

    pub(super) fn bits(&self) -> u32 {
        self.order.bits()
    }

    pub(super) fn encode(&self, head: Head, to: &mut Vec<u8>) {
        head.encode(to);
        to.put_u16(self.offset);
        to.put_u16(self.precision);
    }
}

/// A point in time, in an encoding that was never specified.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    /// Bytes of one element.
    pub size: u32,
    /// In which order they are.
    pub order: ByteOrder,
    /// How many bits are in use.
    pub precision: u16,
}

impl Time {
    pub(super) fn decode(head: Head, from: &mut Cursor<'_>) -> Result<Self> {
        Ok(Time {
            size: head.size,
            order: ByteOrder::decode(head.bits),
            precision: from.u16()?,
        })
    }

    pub(super) fn bits(&self) -> u32 {
        self.order.bits()
    }

    pub(super) fn encode(&self, head: Head, to: &mut Vec<u8>) {
        head.encode(to);
        to.put_u16(self.precision);
    }
}

/// What the highest bit of a mantissa is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Normalization {
    /// Stored, and may be zero.
    None,
    /// Stored, and always one.
    Set,
    /// One, and not stored: IEEE numbers.
    Implied,
}

/// A floating-point number, described bit by bit. Positions count from the lowest bit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Float {
    /// Bytes of one number.
    pub size: u32,
    /// In which order they are.
    pub order: ByteOrder,
    /// The lowest bit in use.
    pub offset: u16,
    /// How many bits are in use.
    pub precision: u16,
    /// Where the sign is.
    pub sign_location: u8,
    /// Where the exponent begins.
    pub exponent_location: u8,
    /// How many bits it has.
    pub exponent_size: u8,
    /// What is subtracted from it.
    pub exponent_bias: u32,
    /// Where the mantissa begins.
    pub mantissa_location: u8,
    /// How many bits it has.
    pub mantissa_size: u8,
    /// What its highest bit is.
    pub normalization: Normalization,
}

impl Float {
    const BIG_OR_VAX: u32 = 0b100_0000;

    /// Half precision, 16 bits.
    pub const F16: Float = Float::ieee(2, 5, 10, 15);
    /// The upper half of single precision, 16 bits.
    pub const BF16: Float = Float::ieee(2, 8, 7, 127);
    /// Single precision, 32 bits.
    pub const F32: Float = Float::ieee(4, 8, 23, 127);
    /// Double precision, 64 bits.
    pub const F64: Float = Float::ieee(8, 11, 52, 1023);
    /// 8 bits: 4 of exponent, 3 of mantissa.
    pub const F8_E4M3: Float = Float::ieee(1, 4, 3, 7);
    /// 8 bits: 5 of exponent, 2 of mantissa.
    pub const F8_E5M2: Float = Float::ieee(1, 5, 2, 15);

    /// Sign, exponent, mantissa, from the highest bit down, all bits in use, little-endian.
    #[expect(clippy::as_conversions, reason = "widening; `From` is not const")]
    const fn ieee(size: u8, exponent: u8, mantissa: u8, bias: u32) -> Float {
        let bits = size.saturating_mul(8);
        Float {
            size: size as u32,
            order: ByteOrder::Little,
            offset: 0,
            precision: bits as u16,
            sign_location: bits.saturating_sub(1),
            exponent_location: mantissa,
            exponent_size: exponent,
            exponent_bias: bias,
            mantissa_location: 0,
            mantissa_size: mantissa,
            normalization: Normalization::Implied,
        }
    }

    pub(super) fn decode(head: Head, from: &mut Cursor<'_>) -> Result<Self> {
        if head.bits & Self::BIG_OR_VAX != 0 {
            return Err(Error::unsupported(
                head.at,
                "floating-point datatype in VAX byte order",
            ));
        }
        let normalization = match (head.bits >> 4) & 0b11 {
            0 => Normalization::None,
            1 => Normalization::Set,
            2 => Normalization::Implied,
            _ => return Err(head.error("mantissa normalization 3, expected 0 to 2")),
        };
        let [_, sign_location, ..] = head.bits.to_le_bytes();
        let (offset, precision) = decode_extent(head, from)?;
        let float = Float {
            size: head.size,
            order: ByteOrder::decode(head.bits),
            offset,
            precision,
            sign_location,
            exponent_location: from.u8()?,
            exponent_size: from.u8()?,
            mantissa_location: from.u8()?,
            mantissa_size: from.u8()?,
            exponent_bias: from.u32()?,
            normalization,
        };
        float.check(head)?;
        Ok(float)
    }

    /// Every part lies inside the bits in use.
    fn check(&self, head: Head) -> Result<()> {
        let end = |location: u8, size: u8| u16::from(location).saturating_add(u16::from(size));
        let inside = self.offset.saturating_add(self.precision);
        let exponent = end(self.exponent_location, self.exponent_size);
        let mantissa = end(self.mantissa_location, self.mantissa_size);
        if self.exponent_size == 0 || self.mantissa_size == 0 {
            return Err(head.error("no exponent or no mantissa"));
        }
        if exponent > inside || mantissa > inside || u16::from(self.sign_location) >= inside {
            return Err(head.error(format!("sign, exponent or mantissa beyond bit {inside}")));
        }
        Ok(())
    }

    pub(super) fn bits(&self) -> u32 {
        let normalization = match self.normalization {
            Normalization::None => 0,
            Normalization::Set => 1,
            Normalization::Implied => 2,
        };
        self.order.bits() | (normalization << 4) | (u32::from(self.sign_location) << 8)
    }

    pub(super) fn encode(&self, head: Head, to: &mut Vec<u8>) {
        head.encode(to);
        to.put_u16(self.offset);
        to.put_u16(self.precision);
        to.extend([
            self.exponent_location,
            self.exponent_size,
            self.mantissa_location,
            self.mantissa_size,
        ]);
        to.put_u32(self.exponent_bias);
    }
}

/// The bits in use: where they begin and how many, inside the element.
fn decode_extent(head: Head, from: &mut Cursor<'_>) -> Result<(u16, u16)> {
    let offset = from.u16()?;
    let precision = from.u16()?;
    let end = u64::from(offset).saturating_add(u64::from(precision));
    if precision == 0 || end > u64::from(head.size).saturating_mul(8) {
        let size = head.size;
        return Err(head.error(format!(
            "{precision} bits from bit {offset} in {size} bytes"
        )));
    }
    Ok((offset, precision))
}
