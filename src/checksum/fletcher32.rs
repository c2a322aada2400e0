//! Fletcher's checksum of 16-bit words, as HDF5's filter of that name computes it.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

/// How many words can be added before the sums could overflow 32 bits.
const BLOCK: usize = 360;

/// The checksum of `bytes`, taken as big-endian words; a last odd byte is the upper half of one.
pub(crate) fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    for block in bytes.chunks(BLOCK.saturating_mul(2)) {
        for word in block.chunks(2) {
            let word = match word {
                [upper, lower] => u16::from_be_bytes([*upper, *lower]),
                [upper] => u16::from_be_bytes([*upper, 0]),
                _ => 0,
            };
            low = low.wrapping_add(word.into());
            high = high.wrapping_add(low);
        }
        low = fold(low);
        high = fold(high);
    }
    // A second time, because the first may leave one bit too many.
    (fold(high) << 16) | fold(low)
}

/// The same number modulo 65,535, up to one multiple of it.
fn fold(sum: u32) -> u32 {
    (sum & 0xffff).wrapping_add(sum >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // The first four by hand; the last as libhdf5 stores it behind sixteen 32-bit counts.
        let counts: Vec<u8> = (0..16_u32).flat_map(u32::to_le_bytes).collect();
        for (bytes, expected) in [
            (&b""[..], 0),
            (b"a", 0x6100_6100),
            (b"ab", 0x6162_6162),
            (b"abc", 0x25c5_c462),
            (&counts, 0x5005_7800),
        ] {
            assert_eq!(fletcher32(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn long_input_does_not_overflow() {
        // 65,535 is zero in these sums, which keep it as it is.
        assert_eq!(fletcher32(&[0xff; 100_000]), u32::MAX);
    }
}
