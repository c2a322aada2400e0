//! LZF (filter 32000): h5py's fast compression. Literals, and copies of what came before.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::Cursor;
use crate::error::{Error, Result};

/// Control bytes below this announce literals, one more than their value.
const LITERALS: u8 = 32;
/// The length that a further byte continues.
const LONG: usize = 7;

/// Decompresses `from`, into no more than there is room for in `to`.
pub(super) fn decode(from: &[u8], to: &mut [u8]) -> Result<usize> {
    let most = to.len();
    let mut from = Cursor::new(from, 0);
    let mut written = 0_usize;
    let ended = |_: Error| super::ended();
    while from.remaining() > 0 {
        let control = from.u8().map_err(ended)?;
        if control < LITERALS {
            let length = usize::from(control).saturating_add(1);
            let literals = from.bytes(length).map_err(ended)?;
            let end = written.saturating_add(length);
            let place = to.get_mut(written..end);
            place
                .ok_or_else(|| super::too_long(most))?
                .copy_from_slice(literals);
            written = end;
            continue;
        }
        // Three bits of length and thirteen of distance, with one more byte of length if needed.
        let mut length = usize::from(control >> 5);
        if length == LONG {
            length = length.saturating_add(from.u8().map_err(ended)?.into());
        }
        let low = from.u8().map_err(ended)?;
        let distance = usize::from(u16::from_be_bytes([control & 0b1_1111, low]));
        written = repeat(
            to,
            written,
            distance.saturating_add(1),
            length.saturating_add(2),
        )?;
    }
    Ok(written)
}

/// Copies `length` bytes from `distance` before `at`. They may overlap with their copy.
fn repeat(to: &mut [u8], at: usize, distance: usize, length: usize) -> Result<usize> {
    let most = to.len();
    let Some(start) = at.checked_sub(distance) else {
        return Err(super::malformed(format!(
            "a copy from {distance} bytes before byte {at}"
        )));
    };
    let end = at.saturating_add(length);
    let Some(part) = to.get_mut(start..end) else {
        return Err(super::too_long(most));
    };
    if distance >= length {
        part.copy_within(..length, distance);
        return Ok(end);
    }
    // What was copied is copied on: the part begins with its period.
    let mut filled = distance;
    while filled < part.len() {
        let (before, rest) = part.split_at_mut(filled);
        let step = before.len().min(rest.len());
        if let (Some(source), Some(place)) = (before.get(..step), rest.get_mut(..step)) {
            place.copy_from_slice(source);
        }
        filled = filled.saturating_add(step);
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn literals_and_copies() {
        check(&[
            2, b'a', b'b', b'c', // three literals
            0x20, 2, // length 1 + 2, distance 2 + 1
            0xe0, 3, 5, // length 7 + 3 + 2, distance 5 + 1
            0, b'x', // one literal
        ], b"abcabcabcabcabcabcx");
        check(&[
            0, b'a', // one literal
            0xe0, 0, 0, // length 7 + 0 + 2, distance 1: a run
        ], b"aaaaaaaaaa");
        check(&[], b"");
    }

    #[test]
    fn what_is_wrong() {
        for (bytes, message) in [
            (&[3, b'a'][..], "the filtered bytes end too early"),
            (&[0xe0, 3], "the filtered bytes end too early"),
            (&[0x20], "the filtered bytes end too early"),
            (&[0, b'a', 0x20, 1], "a copy from 2 bytes before byte 1"),
            (
                &[0, b'a', 0xe0, 200, 0],
                "more than 30 bytes, which is all that a chunk holds",
            ),
        ] {
            let error = decode(bytes, &mut [0; 30]).unwrap_err();
            assert_eq!(error.message(), message);
        }
        let error = decode(&[1, b'a', b'b'], &mut [0; 1]).unwrap_err();
        assert_eq!(
            error.message(),
            "more than 1 bytes, which is all that a chunk holds"
        );
    }

    #[track_caller]
    fn check(from: &[u8], expected: &[u8]) {
        let mut to = [0; 30];
        let length = decode(from, &mut to).unwrap();
        assert_eq!(to[..length], *expected);
    }
}
