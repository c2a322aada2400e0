//! Blocks compressed with Snappy. See `spec/tensor_bundle.md#snappy`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::Cursor;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// The most bytes that one stored byte stands for: a copy of 64 bytes is three bytes long.
const EXPANSION: u64 = 22;

/// The low two bits of a tag: what follows.
const LITERAL: u8 = 0;
const COPY_WITH_1_BYTE: u8 = 1;
const COPY_WITH_2_BYTES: u8 = 2;

/// What the bytes from here to the end were before they were compressed.
pub(super) fn decode(from: &mut Cursor<'_>, limits: &Limits) -> Result<Vec<u8>> {
    let at = from.offset();
    let declared = from.varint()?;
    let stored = u64::try_from(from.remaining()).unwrap_or(u64::MAX);
    if declared > stored.saturating_mul(EXPANSION) {
        let message = format!("{declared} bytes declared, which {stored} bytes cannot become");
        return Err(Error::malformed(at, message));
    }
    let len = limits.allocation(declared, stored, "a compressed block")?;
    let mut out = Vec::with_capacity(len);
    while from.remaining() > 0 {
        element(from, &mut out, len)?;
    }
    if out.len() != len {
        let message = format!("{} bytes, {len} declared", out.len());
        return Err(Error::malformed(from.offset(), message));
    }
    Ok(out)
}

/// Appends what one tag stands for, up to a total of `most` bytes.
fn element(from: &mut Cursor<'_>, out: &mut Vec<u8>, most: usize) -> Result<()> {
    let at = from.offset();
    let tag = from.u8()?;
    let upper = tag >> 2;
    let (len, distance) = match tag & 3 {
        LITERAL => {
            let len = literal_len(upper, from)?;
            room(at, out, len, most)?;
            out.extend_from_slice(from.bytes_u64(len)?);
            return Ok(());
        }
        COPY_WITH_1_BYTE => {
            let high = u64::from(tag >> 5) << 8;
            (u64::from(upper & 7).saturating_add(4), high | from.uint(1)?)
        }
        COPY_WITH_2_BYTES => (u64::from(upper).saturating_add(1), from.uint(2)?),
        _ => (u64::from(upper).saturating_add(1), from.uint(4)?),
    };
    room(at, out, len, most)?;
    let start = usize::try_from(distance)
        .ok()
        .filter(|distance| *distance > 0)
        .and_then(|distance| out.len().checked_sub(distance));
    let Some(start) = start else {
        let behind = out.len();
        let message = format!("a copy from {distance} bytes back, of {behind}");
        return Err(Error::malformed(at, message));
    };
    // The source may reach into what is being copied, so that a few bytes repeat.
    for from in (start..).zip(0..len).map(|(from, _)| from) {
        let byte = out.get(from).copied().unwrap_or_default();
        out.push(byte);
    }
    Ok(())
}

/// Up to 60 bytes are in the tag, more in 1 to 4 bytes behind it.
fn literal_len(upper: u8, from: &mut Cursor<'_>) -> Result<u64> {
    let less_one = match upper {
        60..=63 => from.uint(usize::from(upper.saturating_sub(59)))?,
        _ => u64::from(upper),
    };
    Ok(less_one.saturating_add(1))
}

fn room(at: u64, out: &[u8], len: u64, most: usize) -> Result<()> {
    let left = u64::try_from(most.saturating_sub(out.len())).unwrap_or(u64::MAX);
    if len > left {
        let message = format!("{len} bytes more, but only {left} were declared");
        return Err(Error::malformed(at, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parts: &[&[u8]], expected: Result<&[u8], &str>) {
        let bytes = parts.concat();
        let found = decode(&mut Cursor::new(&bytes, 0), &Limits::default());
        let found = found.map_err(|error| error.message().to_owned());
        assert_eq!(found, expected.map(<[u8]>::to_vec).map_err(str::to_owned));
    }

    #[test]
    fn literals_and_copies() {
        check(&[&[0]], Ok(b""));
        check(&[&[3], &[2 << 2], b"abc"], Ok(b"abc"));
        // Length 61 is 60 in one more byte.
        let long = [b'x'; 61];
        check(&[&[61], &[60 << 2, 60], &long], Ok(&long));
        check(&[&[61], &[61 << 2, 60, 0], &long], Ok(&long));
        // Four bytes from two back, 1-byte form: length - 4 in three bits, 11 bits of distance.
        check(&[&[6], &[1 << 2], b"ab", &[0b001, 2]], Ok(b"ababab"));
        check(
            &[&[5], &[1 << 2], b"ab", &[(2 << 2) | 2, 2, 0]],
            Ok(b"ababa"),
        );
        check(&[&[3], &[1 << 2], b"ab", &[3, 2, 0, 0, 0]], Ok(b"aba"));
        // The upper bits of a distance: 256 + 4 bytes back.
        let mut far: Vec<u8> = (0..=255).collect();
        far.extend([1, 2, 3, 4]);
        let expected = [&far[..], &[0, 1, 2, 3]].concat();
        check(
            &[&[0x88, 2], &[61 << 2, 3, 1], &far, &[0b0010_0001, 4]],
            Ok(&expected),
        );
    }

    #[test]
    fn what_cannot_be() {
        check(&[&[4], &[2 << 2], b"abc"], Err("3 bytes, 4 declared"));
        check(
            &[&[2], &[2 << 2], b"abc"],
            Err("3 bytes more, but only 2 were declared"),
        );
        check(&[&[3], &[2 << 2], b"ab"], Err("2 bytes left, expected 3"));
        check(
            &[&[6], &[1 << 2], b"ab", &[1, 3]],
            Err("a copy from 3 bytes back, of 2"),
        );
        check(
            &[&[6], &[1 << 2], b"ab", &[1, 0]],
            Err("a copy from 0 bytes back, of 2"),
        );
        check(
            &[&[0xff, 0xff, 0xff, 0x7f], &[0, 0]],
            Err("268435455 bytes declared, which 2 bytes cannot become"),
        );
    }

    #[test]
    fn the_limit_holds() {
        let limits = Limits {
            max_allocation: 100,
            ..Limits::default()
        };
        // 128 bytes: one literal byte, and twice 64 bytes from one back, less one byte.
        let bytes = [128, 1, 0, b'x', (63 << 2) | 2, 1, 0, (62 << 2) | 2, 1, 0];
        let decoded = decode(&mut Cursor::new(&bytes, 0), &Limits::default());
        assert_eq!(decoded.unwrap(), [b'x'; 128]);
        let error = decode(&mut Cursor::new(&bytes, 0), &limits).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::LimitExceeded);
    }
}
