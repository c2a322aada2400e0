//! Fletcher32 (filter 3): a checksum behind the bytes.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::checksum::fletcher32;
use crate::codec::Cursor;
use crate::error::Result;

/// Bytes of the checksum.
const LENGTH: usize = 4;

/// Compares the checksum at the end of `from`; returns where the content ends.
pub(super) fn check(from: &[u8]) -> Result<usize> {
    let Some((content, end)) = from.len().checked_sub(LENGTH).map(|at| from.split_at(at)) else {
        return Err(super::ended());
    };
    let stored = Cursor::new(end, 0).u32()?;
    let computed = fletcher32(content);
    // Libraries before 1.6.3 swapped the bytes of each half.
    let swapped = ((stored & 0x00ff_00ff) << 8) | ((stored >> 8) & 0x00ff_00ff);
    // A fuzzer cannot guess checksums.
    if computed == stored || computed == swapped || cfg!(fuzzing) {
        return Ok(content.len());
    }
    Err(super::malformed(format!(
        "checksum {stored:#010x}, expected {computed:#010x}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders() {
        // abc has the checksum 0x25c5c462.
        assert_eq!(check(b"abc\x62\xc4\xc5\x25").unwrap(), 3);
        assert_eq!(check(b"abc\xc4\x62\x25\xc5").unwrap(), 3);
    }

    #[test]
    fn what_is_wrong() {
        let error = check(b"abd\x62\xc4\xc5\x25").unwrap_err();
        let message = "checksum 0x25c5c462, expected 0x26c5c562";
        assert_eq!(error.message(), message);
        let error = check(b"abc").unwrap_err();
        assert_eq!(error.message(), "the filtered bytes end too early");
    }
}
