//! The checksum that ends a version 2 structure. See `spec/hdf5.md#checksums`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::checksum::lookup3;
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

#[cfg(test)]
mod tests {
    use super::*;

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
