//! The keys of parts of tensors: a name and a slice in an encoding whose bytes sort as they do.
//! See `spec/tensor_bundle.md#slice-keys`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::Cursor;

/// What a part covers of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first index.
    pub start: u64,
    /// How many indexes; all of the axis without.
    pub len: Option<u64>,
}

/// An index that is none: in keys, the length of the whole axis.
const WHOLE: i64 = -1;

/// The key under which the part `extents` of the tensor `name` is stored.
pub(super) fn encode(name: &[u8], extents: &[Extent]) -> Vec<u8> {
    let mut key = Vec::new();
    put_unsigned(&mut key, 0);
    put_string(&mut key, name);
    put_unsigned(&mut key, u64::try_from(extents.len()).unwrap_or(u64::MAX));
    for extent in extents {
        put_signed(&mut key, i64::try_from(extent.start).unwrap_or(i64::MAX));
        let len = extent.len.map(|len| i64::try_from(len).unwrap_or(i64::MAX));
        put_signed(&mut key, len.unwrap_or(WHOLE));
    }
    key
}

/// The tensor and the part that a key stands for; none if it is no key of a part.
pub(super) fn decode(key: &[u8]) -> Option<(Vec<u8>, Vec<Extent>)> {
    let mut from = Cursor::new(key, 0);
    if unsigned(&mut from)? != 0 {
        return None;
    }
    let name = string(&mut from)?;
    let axes = unsigned(&mut from)?;
    let mut extents = Vec::new();
    for _ in 0..axes {
        let (start, len) = (signed(&mut from)?, signed(&mut from)?);
        extents.push(Extent {
            start: u64::try_from(start).ok()?,
            len: match len {
                WHOLE => None,
                len => Some(u64::try_from(len).ok()?),
            },
        });
    }
    (from.remaining() == 0).then_some((name, extents))
}

/// How many bytes, then those, the highest first.
fn put_unsigned(to: &mut Vec<u8>, value: u64) {
    let bytes = value.to_be_bytes();
    let digits = bytes.iter().skip_while(|byte| **byte == 0);
    to.push(u8::try_from(digits.clone().count()).unwrap_or_default());
    to.extend(digits);
}

fn unsigned(from: &mut Cursor<'_>) -> Option<u64> {
    let len = from.u8().ok()?;
    let mut value = 0_u64;
    for byte in from.bytes(usize::from(len)).ok()? {
        value = value.checked_mul(256)? | u64::from(*byte);
    }
    Some(value)
}

/// 0 and 255 become two bytes, so that 0 and 1 can end a string.
const ZERO: [u8; 2] = [0, 0xff];
const MAX: [u8; 2] = [0xff, 0];
const END: [u8; 2] = [0, 1];

fn put_string(to: &mut Vec<u8>, value: &[u8]) {
    for byte in value {
        match byte {
            0 => to.extend(ZERO),
            0xff => to.extend(MAX),
            _ => to.push(*byte),
        }
    }
    to.extend(END);
}

fn string(from: &mut Cursor<'_>) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    loop {
        let byte = from.u8().ok()?;
        if !matches!(byte, 0 | 0xff) {
            value.push(byte);
            continue;
        }
        match [byte, from.u8().ok()?] {
            ZERO => value.push(0),
            MAX => value.push(0xff),
            END => return Some(value),
            _ => return None,
        }
    }
}

/// Seven bits a byte, as many leading ones as bytes (for negative numbers zeros), then the number.
fn put_signed(to: &mut Vec<u8>, value: i64) {
    let magnitude = if value < 0 { !value } else { value };
    // One bit is the sign's.
    let bits = i64::BITS.saturating_sub(magnitude.leading_zeros());
    let len = bits.checked_div(7).unwrap_or(0).saturating_add(1);
    let mut wide = i128::from(value).to_be_bytes();
    let header = header(len);
    let start = wide.len().saturating_sub(usize::try_from(len).unwrap_or(0));
    if let Some(bytes) = wide.get_mut(start..) {
        for (byte, mask) in bytes.iter_mut().zip(header) {
            *byte ^= mask;
        }
        to.extend_from_slice(bytes);
    }
}

/// The first two bytes of a number of `len` bytes, as far as they are not the number's.
fn header(len: u32) -> [u8; 2] {
    // `len` ones from the left.
    let ones = u16::MAX.checked_shl(16_u32.saturating_sub(len));
    ones.unwrap_or(0).to_be_bytes()
}

fn signed(from: &mut Cursor<'_>) -> Option<i64> {
    let rest = from.rest();
    let [first, second] = [rest.first().copied()?, rest.get(1).copied().unwrap_or(0)];
    let start = u16::from_be_bytes([first, second]);
    let negative = first & 0x80 == 0;
    let len = if negative { !start } else { start }.leading_ones();
    if len > 10 {
        return None;
    }
    let bytes = from.bytes(usize::try_from(len).ok()?).ok()?;
    let mut value: i128 = if negative { -1 } else { 0 };
    let mut masks = header(len).into_iter();
    for byte in bytes {
        let byte = byte ^ masks.next().unwrap_or(0);
        value = value.checked_mul(256)? | i128::from(byte);
    }
    i64::try_from(value).ok()
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes() {
        let extents = [
            Extent {
                start: 3,
                len: Some(200),
            },
            Extent {
                start: 0,
                len: None,
            },
        ];
        let key = [
            &[0][..],      // what keys of parts begin with
            b"a",          // name
            &[0, 0xff],    // its byte 0
            &[0xff, 0],    // its byte 255
            &[0, 1],       // its end
            &[1, 2],       // two axes
            &[0x83],       // 3
            &[0xc0, 0xc8], // 200 in two bytes
            &[0x80],       // 0
            &[0x7f],       // -1: the whole axis
        ]
        .concat();
        assert_eq!(encode(b"a\x00\xff", &extents), key);
        let expected = (b"a\x00\xff".to_vec(), extents.to_vec());
        assert_eq!(decode(&key), Some(expected));
    }

    #[test]
    fn numbers() {
        for (value, bytes) in [
            (0, &[0x80][..]),
            (63, &[0xbf]),
            (64, &[0xc0, 0x40]),
            (8191, &[0xdf, 0xff]),
            (8192, &[0xe0, 0x20, 0x00]),
            (-1, &[0x7f]),
            (-64, &[0x40]),
            (-65, &[0x3f, 0xbf]),
            (
                i64::MAX,
                &[0xff, 0xc0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
            (i64::MIN, &[0x00, 0x3f, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            let mut put = Vec::new();
            put_signed(&mut put, value);
            assert_eq!(put, bytes, "{value}");
            assert_eq!(signed(&mut Cursor::new(bytes, 0)), Some(value));
        }
    }

    #[test]
    fn other_keys_are_no_parts() {
        for key in [
            &b""[..],
            b"dense/kernel",
            &[0],                               // no name
            &[0, b'a'],                         // a name that does not end
            &[0, b'a', 0, 2],                   // a pair of bytes that means nothing
            &[0, b'a', 0, 1, 1],                // no number of axes
            &[0, b'a', 0, 1, 1, 1, 0x80],       // no length
            &[0, b'a', 0, 1, 1, 1, 0x7f, 0x80], // a negative start
            &[0, b'a', 0, 1, 1, 1, 0x80, 0x7e], // a negative length
            &[0, b'a', 0, 1, 0, 0],             // more behind it
            &[0, b'a', 0, 1, 9, 1, 1, 1, 1, 1], // a number of axes cut off
            &[1, 1, b'a', 0, 1, 0],             // another kind of key
        ] {
            assert_eq!(decode(key), None, "{key:x?}");
        }
        assert_eq!(decode(&[0, b'a', 0, 1, 0]), Some((b"a".to_vec(), vec![])));
    }

    proptest! {
        #[test]
        fn bytes_sort_as_numbers(one in any::<i64>(), other in any::<i64>(), shift in 0..63_u32) {
            let pair = [one >> shift, other >> shift];
            let put = pair.map(|value| {
                let mut bytes = Vec::new();
                put_signed(&mut bytes, value);
                assert_eq!(signed(&mut Cursor::new(&bytes, 0)), Some(value));
                bytes
            });
            prop_assert_eq!(pair[0].cmp(&pair[1]), put[0].cmp(&put[1]));
        }

        #[test]
        fn keys_come_back(
            name in proptest::collection::vec(any::<u8>(), 0..20),
            axes in proptest::collection::vec((0..u64::MAX >> 1, proptest::option::of(0..u64::MAX >> 1)), 0..5),
        ) {
            let extents: Vec<Extent> =
                axes.into_iter().map(|(start, len)| Extent { start, len }).collect();
            let key = encode(&name, &extents);
            prop_assert_eq!(decode(&key), Some((name, extents)));
        }
    }
}
