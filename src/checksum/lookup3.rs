//! Bob Jenkins's `lookup3` (little-endian form, initial value 0): HDF5's metadata checksum.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use byteorder::{ByteOrder, LittleEndian};

/// The checksum of `bytes`.
pub(crate) fn lookup3(bytes: &[u8]) -> u32 {
    // The algorithm counts in 32 bits; metadata is never longer.
    let [a, b, c, d, ..] = bytes.len().to_le_bytes();
    let start = 0xdead_beef_u32.wrapping_add(u32::from_le_bytes([a, b, c, d]));
    let mut state = [start; 3];
    // The last block, even if whole, is not mixed but finished.
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_at_checked(12).filter(|(_, b)| !b.is_empty()) {
        add(&mut state, block);
        mix(&mut state);
        rest = behind;
    }
    if rest.is_empty() {
        return start;
    }
    let mut block = [0; 12];
    for (to, from) in block.iter_mut().zip(rest) {
        *to = *from;
    }
    add(&mut state, &block);
    finish(state)
}

fn add(state: &mut [u32; 3], block: &[u8]) {
    for (word, bytes) in state.iter_mut().zip(block.chunks_exact(4)) {
        *word = word.wrapping_add(LittleEndian::read_u32(bytes));
    }
}

fn mix(state: &mut [u32; 3]) {
    let [mut a, mut b, mut c] = *state;
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    *state = [a, b, c];
}

fn finish([mut a, mut b, mut c]: [u32; 3]) -> u32 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: u32) {
        assert_eq!(lookup3(bytes), expected, "{:#x}", lookup3(bytes));
    }

    #[test]
    fn check_values() {
        // From the driver of the published `lookup3.c`.
        check(b"", 0xdead_beef);
        check(b"Four score and seven years ago", 0x1777_0551);
        // Lengths around a block of twelve, from an independent implementation.
        let counted: Vec<u8> = (0..=255).collect();
        for (len, expected) in [
            (1, 0x8ba9_414b),
            (2, 0xdf0d_39c9),
            (12, 0x5e4a_a593),
            (13, 0xbc9d_6816),
            (24, 0x9c0a_dd53),
            (256, 0xe20e_0833),
        ] {
            check(&counted[..len], expected);
        }
    }
}
