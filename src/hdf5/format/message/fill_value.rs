//! Fill value messages (0x0005 and the old 0x0004): what stands where nothing was written.
//! See `spec/hdf5.md#fill-value`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::file_length;

/// What stands where nothing was written, and when storage is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FillValue {
    /// When storage is allocated: 1 early, 2 late, 3 piece by piece.
    pub(crate) allocation: u8,
    /// When the value is written into new storage: 0 at allocation, 1 never, 2 if it was set.
    pub(crate) write: u8,
    /// The value.
    pub(crate) value: Fill,
}

/// The value that stands where nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Whatever the storage holds; taken as zeros.
    Undefined,
    /// The library's default, zeros.
    Default,
    /// One element, in the dataset's type.
    Value(Vec<u8>),
}

/// Which form of the message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FillValueVersion {
    /// The form of version-1 object headers.
    V2,
    /// The form of version-2 object headers.
    V3,
}

impl FillValue {
    /// What contiguous datasets have: storage made late, zeros.
    pub(crate) const DEFAULT: FillValue = FillValue {
        allocation: 2,
        write: 2,
        value: Fill::Default,
    };

    /// What contiguous datasets of variable length have: zeros are written at once, since they
    /// would not be valid references otherwise.
    pub(crate) const VARIABLE_LENGTH: FillValue = FillValue {
        write: 0,
        ..Self::DEFAULT
    };

    /// How version 2 stores the length of an undefined value.
    const UNDEFINED_LENGTH: u32 = u32::MAX;

    const V3_UNDEFINED: u8 = 0b01_0000;
    const V3_HAS_VALUE: u8 = 0b10_0000;

    pub(crate) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        match from.u8()? {
            version @ (1 | 2) => {
                let allocation = from.u8()?;
                let write = from.u8()?;
                let defined = from.u8()?;
                // Version 1 always has the length, version 2 only for a defined value.
                let length = if version == 1 || defined != 0 {
                    from.u32()?
                } else {
                    Self::UNDEFINED_LENGTH
                };
                let value = match length {
                    _ if defined == 0 => Fill::Undefined,
                    Self::UNDEFINED_LENGTH => Fill::Undefined,
                    0 => Fill::Default,
                    _ => Fill::Value(from.bytes_u64(u64::from(length))?.to_vec()),
                };
                Ok(FillValue {
                    allocation,
                    write,
                    value,
                })
            }
            3 => Self::decode_v3(at, from),
            version => Err(Error::malformed(
                at,
                format!("fill value version {version}, expected 1 to 3"),
            )),
        }
    }

    fn decode_v3(at: u64, from: &mut Cursor<'_>) -> Result<Self> {
        let flags = from.u8()?;
        let undefined = flags & Self::V3_UNDEFINED != 0;
        let has_value = flags & Self::V3_HAS_VALUE != 0;
        let value = match (undefined, has_value) {
            (false, false) => Fill::Default,
            (true, false) => Fill::Undefined,
            (false, true) => {
                let length = from.u32()?;
                Fill::Value(from.bytes_u64(u64::from(length))?.to_vec())
            }
            (true, true) => {
                return Err(Error::malformed(
                    at,
                    "fill value both undefined and present",
                ));
            }
        };
        Ok(FillValue {
            allocation: flags & 0b11,
            write: flags.checked_shr(2).unwrap_or(0) & 0b11,
            value,
        })
    }

    /// Reads the old message (0x0004): a length and one element, nothing else.
    pub(crate) fn decode_old(from: &mut Cursor<'_>) -> Result<Self> {
        let length = from.u32()?;
        let value = match length {
            0 => Fill::Default,
            _ => Fill::Value(from.bytes_u64(u64::from(length))?.to_vec()),
        };
        Ok(FillValue {
            value,
            ..Self::DEFAULT
        })
    }

    pub(crate) fn encode(&self, version: FillValueVersion, to: &mut Vec<u8>) {
        let length = |value: &[u8]| u32::try_from(value.len()).unwrap_or(u32::MAX);
        if version == FillValueVersion::V3 {
            let state = match self.value {
                Fill::Undefined => Self::V3_UNDEFINED,
                Fill::Default => 0,
                Fill::Value(_) => Self::V3_HAS_VALUE,
            };
            let write = self.write.checked_shl(2).unwrap_or(0);
            to.extend([3, self.allocation | write | state]);
            if let Fill::Value(value) = &self.value {
                to.put_u32(length(value));
                to.extend(value);
            }
            return;
        }
        let defined = u8::from(self.value != Fill::Undefined);
        to.extend([2, self.allocation, self.write, defined]);
        match &self.value {
            Fill::Undefined => {}
            Fill::Default => to.put_u32(0),
            Fill::Value(value) => {
                to.put_u32(length(value));
                to.extend(value);
            }
        }
    }

    /// The bytes of one element, `None` for zeros.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match &self.value {
            Fill::Value(value) => Some(value),
            Fill::Undefined | Fill::Default => None,
        }
    }

    /// Checks a stored value against the size of one element.
    pub(crate) fn check_size(&self, element: u32) -> Result<()> {
        let Some(value) = self.bytes() else {
            return Ok(());
        };
        if file_length(value.len()) != u64::from(element) {
            let found = value.len();
            return Err(Error::new(
                crate::error::ErrorKind::Malformed,
                format!("fill value of {found} bytes, expected {element}"),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fill: &FillValue, version: FillValueVersion, bytes: &[u8]) {
        let mut encoded = Vec::new();
        fill.encode(version, &mut encoded);
        assert_eq!(encoded, bytes);
        check_decode(fill, bytes);
    }

    #[track_caller]
    fn check_decode(fill: &FillValue, bytes: &[u8]) {
        let mut from = Cursor::new(bytes, 0);
        assert_eq!(FillValue::decode(&mut from).unwrap(), *fill);
        assert_eq!(from.remaining(), 0);
    }

    fn with(value: Fill) -> FillValue {
        FillValue {
            value,
            ..FillValue::DEFAULT
        }
    }

    #[test]
    #[rustfmt::skip]
    fn version_2() {
        check(&FillValue::DEFAULT, FillValueVersion::V2, &[
            2, 2, 2, 1, // version, allocate late, write if set, defined
            0, 0, 0, 0, // length: the default value
        ]);
        check(&with(Fill::Undefined), FillValueVersion::V2, &[
            2, 2, 2, 0, // version, allocate late, write if set, undefined
        ]);
        check(&with(Fill::Value(vec![7, 8])), FillValueVersion::V2, &[
            2, 2, 2, 1, // version, allocate late, write if set, defined
            2, 0, 0, 0, 7, 8, // length, value
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn version_3() {
        check(&FillValue::DEFAULT, FillValueVersion::V3, &[
            3, 0b00_10_10, // version; neither undefined nor present, if set, late
        ]);
        check(&with(Fill::Undefined), FillValueVersion::V3, &[
            3, 0b01_10_10, // version; undefined, if set, late
        ]);
        check(&with(Fill::Value(vec![9])), FillValueVersion::V3, &[
            3, 0b10_10_10, // version; present, if set, late
            1, 0, 0, 0, 9, // length, value
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn version_1_always_has_a_length() {
        check_decode(&FillValue { allocation: 1, write: 0, value: Fill::Undefined }, &[
            1, 1, 0, 0, // version, allocate early, write at allocation, undefined
            0, 0, 0, 0, // length
        ]);
        check_decode(&FillValue { allocation: 1, write: 0, value: Fill::Value(vec![5]) }, &[
            1, 1, 0, 1, // version, allocate early, write at allocation, defined
            1, 0, 0, 0, 5, // length, value
        ]);
    }

    #[test]
    fn the_old_message_is_a_length_and_a_value() {
        let mut from = Cursor::new(&[2, 0, 0, 0, 1, 2], 0);
        let fill = FillValue::decode_old(&mut from).unwrap();
        assert_eq!(fill.bytes(), Some(&[1, 2][..]));
        assert!(fill.check_size(2).is_ok());
        assert_eq!(
            fill.check_size(4).unwrap_err().message(),
            "fill value of 2 bytes, expected 4"
        );
    }

    #[test]
    fn contradictions_are_errors() {
        for (bytes, message) in [
            (&[4, 0][..], "fill value version 4, expected 1 to 3"),
            (&[3, 0b11_0000], "fill value both undefined and present"),
            (&[2, 2, 2, 1, 9, 0, 0, 0, 1], "1 bytes left, expected 9"),
        ] {
            let error = FillValue::decode(&mut Cursor::new(bytes, 0)).unwrap_err();
            assert_eq!(error.message(), message);
        }
    }
}
