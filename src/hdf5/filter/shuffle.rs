//! Shuffle (filter 2): the first bytes of all elements, then the second ones, and so on.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::error::Result;

/// Puts the bytes of elements of `size` bytes together again. What is left over at the end was
/// never taken apart.
pub(super) fn decode(size: usize, from: &[u8], to: &mut [u8]) -> Result<usize> {
    let most = to.len();
    let Some(to) = to.get_mut(..from.len()) else {
        return Err(super::too_long(most));
    };
    let count = from.len().checked_div(size).unwrap_or(0);
    if size < 2 || count < 2 {
        to.copy_from_slice(from);
        return Ok(from.len());
    }
    let (planes, rest) = from.split_at(count.saturating_mul(size));
    let (elements, end) = to.split_at_mut(planes.len());
    match size {
        2 => join::<2>(planes, count, elements),
        4 => join::<4>(planes, count, elements),
        8 => join::<8>(planes, count, elements),
        _ => {
            for (at, plane) in planes.chunks_exact(count).enumerate() {
                let places = elements.iter_mut().skip(at).step_by(size);
                for (place, byte) in places.zip(plane) {
                    *place = *byte;
                }
            }
        }
    }
    end.copy_from_slice(rest);
    Ok(from.len())
}

/// For the usual sizes, in one pass over the elements.
fn join<const N: usize>(planes: &[u8], count: usize, elements: &mut [u8]) {
    let mut bytes: [_; N] = std::array::from_fn(|_| [].iter());
    for (iterator, plane) in bytes.iter_mut().zip(planes.chunks_exact(count)) {
        *iterator = plane.iter();
    }
    for element in elements.chunks_exact_mut(N) {
        for (place, iterator) in element.iter_mut().zip(&mut bytes) {
            *place = iterator.next().copied().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_elements() {
        check(2, b"acebdf", b"abcdef");
        check(3, b"adbecf", b"abcdef");
        check(4, b"aebfcgdh", b"abcdefgh");
        check(8, b"aibjckdlemfngohp", b"abcdefghijklmnop");
        // Left over at the end.
        check(2, b"acebdfx", b"abcdefx");
        // Nothing to take apart.
        check(1, b"abc", b"abc");
        check(4, b"abcdef", b"abcdef");
        check(0, b"abc", b"abc");
    }

    #[test]
    fn there_must_be_room() {
        let error = decode(2, b"abcd", &mut [0; 3]).unwrap_err();
        assert_eq!(
            error.message(),
            "more than 3 bytes, which is all that a chunk holds"
        );
    }

    #[track_caller]
    fn check(size: usize, from: &[u8], expected: &[u8]) {
        let mut to = [0; 20];
        let length = decode(size, from, &mut to).unwrap();
        assert_eq!(to[..length], *expected);
    }
}
