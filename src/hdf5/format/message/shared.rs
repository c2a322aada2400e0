//! Shared messages: what stands in place of a message that several objects share.
//! See `spec/hdf5.md#shared-message`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::Cursor;
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes};

/// Where a shared message really is. We read these and never write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    /// In the object header at this address: a named datatype.
    Object(Address),
    /// In the file's table of shared messages, under this heap id.
    Heap([u8; 8]),
}

impl Shared {
    const IN_HEAP: u8 = 1;

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        let kind = from.u8()?;
        match (version, kind) {
            (1, _) => {
                from.skip(6)?; // reserved
                from.skip(usize::from(sizes.length))?; // an offset that was never used
            }
            (2, _) => {}
            (3, Self::IN_HEAP) => return Ok(Shared::Heap(from.array()?)),
            (3, _) => {}
            _ => {
                let message = format!("shared message version {version}, expected 1 to 3");
                return Err(Error::malformed(at, message));
            }
        }
        let address = Address::decode_defined(sizes, from, "a shared message")?;
        Ok(Shared::Object(address))
    }
}

/// A part of a message that is either here or shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shareable<T> {
    /// It is here.
    Here(T),
    /// It is elsewhere.
    Elsewhere(Shared),
}

impl<T> Shareable<T> {
    /// Reads the place of a shared part, or the part itself with `decode`.
    pub(crate) fn decode<'a>(
        shared: bool,
        sizes: Sizes,
        from: &mut Cursor<'a>,
        decode: impl FnOnce(&mut Cursor<'a>) -> Result<T>,
    ) -> Result<Self> {
        match shared {
            true => Ok(Shareable::Elsewhere(Shared::decode(sizes, from)?)),
            false => Ok(Shareable::Here(decode(from)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn every_version() {
        let object = Shared::Object(Address(0x60));
        check(object, &[
            1, 0, 0, 0, 0, 0, 0, 0, // version, reserved
            0, 0, 0, 0, 0, 0, 0, 0, // unused offset
            0x60, 0, 0, 0, 0, 0, 0, 0, // object header
        ]);
        check(object, &[
            2, 0, // version, reserved
            0x60, 0, 0, 0, 0, 0, 0, 0, // object header
        ]);
        check(object, &[
            3, 2, // version, kind: named datatype
            0x60, 0, 0, 0, 0, 0, 0, 0, // object header
        ]);
        check(Shared::Heap([1, 2, 3, 4, 5, 6, 7, 8]), &[
            3, 1, // version, kind: in the table
            1, 2, 3, 4, 5, 6, 7, 8, // heap id
        ]);
    }

    #[test]
    fn the_version_must_be_known() {
        let error = Shared::decode(Sizes::EIGHT, &mut Cursor::new(&[4, 0], 0)).unwrap_err();
        assert_eq!(error.message(), "shared message version 4, expected 1 to 3");
    }

    #[track_caller]
    fn check(shared: Shared, bytes: &[u8]) {
        let mut from = Cursor::new(bytes, 0);
        assert_eq!(Shared::decode(Sizes::EIGHT, &mut from).unwrap(), shared);
        assert_eq!(from.remaining(), 0);
    }
}
