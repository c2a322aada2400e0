//! Modification time message, which files of old libraries carry. See
//! `spec/hdf5.md#modification-time`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};

/// When an object was last changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ModificationTime {
    /// Seconds since 1970, in universal time.
    pub seconds: u32,
}

impl ModificationTime {
    const VERSION: u8 = 1;

    pub(crate) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("modification time version {version}, expected 1"),
            ));
        }
        from.skip(3)?;
        Ok(ModificationTime {
            seconds: from.u32()?,
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        to.put_u8(Self::VERSION);
        to.put_zeros(3);
        to.put_u32(self.seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds() {
        check(
            ModificationTime {
                seconds: 0x6000_0001,
            },
            &[
                &[1, 0, 0, 0],    // version, -
                &[1, 0, 0, 0x60], // seconds
            ],
        );
        fails(
            &[0; 8],
            "modification time version 0, expected 1 (at byte 0x0)",
        );
    }

    #[track_caller]
    fn check(message: ModificationTime, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(ModificationTime::decode(&mut from).unwrap(), message);
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = ModificationTime::decode(&mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
