//! Checksums of the formats, each with its check value as a test.

mod farmhash;
mod fletcher32;
mod lookup3;

pub(crate) use farmhash::{fingerprint64, join_fingerprints};
pub(crate) use fletcher32::fletcher32;
pub(crate) use lookup3::lookup3;

/// A checksum that can be computed in pieces, which are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Algorithm {
    /// IEEE 802.3's polynomial: zip members.
    Crc32,
    /// Castagnoli's polynomial: tensor bundles.
    Crc32c,
}

impl Algorithm {
    /// The checksum of no bytes.
    pub(crate) const EMPTY: u32 = 0;

    /// The checksum of `bytes`.
    pub(crate) fn of(self, bytes: &[u8]) -> u32 {
        self.update(Self::EMPTY, bytes)
    }

    /// The checksum of what `before` is the checksum of, followed by `bytes`.
    pub(crate) fn update(self, before: u32, bytes: &[u8]) -> u32 {
        match self {
            Algorithm::Crc32 => {
                let mut hasher = crc32fast::Hasher::new_with_initial(before);
                hasher.update(bytes);
                hasher.finalize()
            }
            Algorithm::Crc32c => crc32c::crc32c_append(before, bytes),
        }
    }

    /// The checksum of two parts, from theirs; the second is `second_len` bytes long.
    pub(crate) fn combine(self, first: u32, second: u32, second_len: u64) -> u32 {
        match self {
            Algorithm::Crc32 => {
                let mut hasher = crc32fast::Hasher::new_with_initial(first);
                hasher.combine(&crc32fast::Hasher::new_with_initial_len(second, second_len));
                hasher.finalize()
            }
            Algorithm::Crc32c => match usize::try_from(second_len) {
                Ok(len) => crc32c::crc32c_combine(first, second, len),
                // Bytes that are in memory have a length that fits, but a sum of them may not.
                Err(_) => self.combine_long(first, second, second_len),
            },
        }
    }

    /// `combine` where the length exceeds the address space: zeros stand for the first bytes.
    fn combine_long(self, first: u32, second: u32, second_len: u64) -> u32 {
        // Advancing by a length is advancing by its parts, and the parts' order does not matter.
        let (half, rest) = (second_len / 2, second_len % 2);
        let advanced = self.combine(self.combine(first, Self::EMPTY, half), Self::EMPTY, half);
        self.combine(advanced, Self::EMPTY, rest) ^ second
    }

    /// The checksum of what `before` is the checksum of, followed by `count` zero bytes.
    pub(crate) fn zeros(self, before: u32, count: u64) -> u32 {
        const BLOCK: [u8; 4096] = [0; 4096];
        let mut crc = before;
        let mut left = count;
        while left > 0 {
            let len = usize::try_from(left).map_or(BLOCK.len(), |left| left.min(BLOCK.len()));
            let (zeros, _) = BLOCK.split_at(len);
            crc = self.update(crc, zeros);
            left = left.saturating_sub(u64::try_from(len).unwrap_or(left));
        }
        crc
    }
}

/// A CRC-32C as tensor bundles store it: turned and offset, so that the checksum of bytes that
/// contain their own checksum stays useful.
pub(crate) fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::Crc32, Algorithm::Crc32c];

    #[test]
    fn check_values() {
        // The catalogue of parametrised CRC algorithms gives these for the nine digits.
        assert_eq!(Algorithm::Crc32.of(b"123456789"), 0xcbf4_3926);
        assert_eq!(Algorithm::Crc32c.of(b"123456789"), 0xe306_9283);
        // RFC 3720, B.4: 32 bytes of zeros, of ones.
        assert_eq!(Algorithm::Crc32c.of(&[0; 32]), 0x8a91_36aa);
        assert_eq!(Algorithm::Crc32c.of(&[0xff; 32]), 0x62a8_ab43);
    }

    #[test]
    fn parts_combine() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 7 % 251) as u8).collect();
        for algorithm in BOTH {
            let whole = algorithm.of(&bytes);
            for cut in [0, 1, 333, 999, 1000] {
                let (first, second) = bytes.split_at(cut);
                let (a, b) = (algorithm.of(first), algorithm.of(second));
                let len = second.len() as u64;
                assert_eq!(algorithm.update(a, second), whole);
                assert_eq!(algorithm.combine(a, b, len), whole);
                assert_eq!(algorithm.combine_long(a, b, len), whole);
            }
        }
    }

    #[test]
    fn zeros_are_bytes_too() {
        for algorithm in BOTH {
            let before = algorithm.of(b"x");
            for count in [0, 1, 4096, 10_000] {
                let expected = algorithm.update(before, &vec![0; count]);
                assert_eq!(algorithm.zeros(before, count as u64), expected);
            }
        }
    }

    #[test]
    fn masks() {
        let crc = Algorithm::Crc32c.of(b"foo");
        assert_ne!(mask(crc), crc);
        assert_ne!(mask(mask(crc)), crc);
        assert_eq!(mask(0), 0xa282_ead8);
        assert_eq!(mask(0x8000), 0xa282_ead9);
        assert_eq!(mask(1), 0xa284_ead8);
    }
}
