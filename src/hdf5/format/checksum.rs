//! The checksum that ends a version 2 structure. See `spec/hdf5.md#checksums`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};

/// Reads the checksum of everything from `start` to `from`, and compares it.
///
/// `start` is a clone of the cursor made at the first byte of the structure called `name`.
pub(crate) fn verify(mut start: Cursor<'_>, from: &mut Cursor<'_>, name: &str) -> Result<()> {
    let at = from.offset();
    let covered = start.bytes_u64(at.saturating_sub(start.offset()))?;
    let stored = from.u32()?;
    let computed = lookup3(covered);
    // A fuzzer cannot guess checksums; with them, it would never get past the first structure.
    if computed == stored || cfg!(fuzzing) {
        return Ok(());
    }
    Err(Error::malformed(
        at,
        format!("{name} checksum {stored:#010x}, expected {computed:#010x}"),
    ))
}

/// Appends the checksum of everything in `to` from `start` on.
pub(crate) fn append(to: &mut Vec<u8>, start: usize) {
    let checksum = lookup3(to.get(start..).unwrap_or_default());
    to.put_u32(checksum);
}

/// Bob Jenkins's lookup3 hash ("hashlittle") with the initial value 0.
fn lookup3(bytes: &[u8]) -> u32 {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let start = 0xdead_beef_u32.wrapping_add(length);
    let (mut a, mut b, mut c) = (start, start, start);
    let words = |block: &[u8]| {
        let mut padded = [0; 12];
        for (to, from) in padded.iter_mut().zip(block) {
            *to = *from;
        }
        let mut from = Cursor::new(&padded, 0);
        let mut word = || from.u32().unwrap_or(0);
        (word(), word(), word())
    };
    let (blocks, last) = match bytes.len().checked_sub(1) {
        Some(most) => bytes.split_at(most.saturating_sub(most % 12)),
        None => return c,
    };
    for block in blocks.chunks_exact(12) {
        let (x, y, z) = words(block);
        (a, b, c) = (a.wrapping_add(x), b.wrapping_add(y), c.wrapping_add(z));
        (a, b, c) = mix(a, b, c);
    }
    let (x, y, z) = words(last);
    finish(a.wrapping_add(x), b.wrapping_add(y), c.wrapping_add(z))
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    for bits in [4, 6, 8, 16, 19, 4] {
        a = a.wrapping_sub(c) ^ c.rotate_left(bits);
        c = c.wrapping_add(b);
        (a, b, c) = (b, c, a);
    }
    (a, b, c)
}

fn finish(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    for bits in [14, 11, 25, 16, 4, 14, 24] {
        c = (c ^ b).wrapping_sub(b.rotate_left(bits));
        (a, b, c) = (b, c, a);
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_published_values() {
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }

    #[test]
    fn covers_what_was_read_since_the_start() {
        let mut bytes = b"skipFour score and seven years ago".to_vec();
        append(&mut bytes, 4);
        let mut from = Cursor::new(&bytes, 0);
        from.skip(4).unwrap();
        let start = from.clone();
        from.skip(30).unwrap();
        assert!(verify(start, &mut from, "thing").is_ok());
        assert_eq!(from.remaining(), 0);

        bytes[34] = 0x50;
        let mut from = Cursor::new(&bytes, 0);
        let start = from.clone();
        from.skip(34).unwrap();
        let error = verify(start, &mut from, "thing").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("thing checksum 0x17770550, expected")
        );
    }
}
