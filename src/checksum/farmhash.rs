//! FarmHash's `Fingerprint64`, the hash that TensorFlow takes of bytes, and how it joins two of them.
//!
//! Short input is read as words that may overlap, counted from both ends; long input in blocks of 64
//! bytes, and then its last 64 bytes, whatever was read of them before.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::num::Wrapping;

use byteorder::{ByteOrder, LittleEndian};

type Word = Wrapping<u64>;

const K0: Word = Wrapping(0xc3a5_c85c_97cb_3127);
const K1: Word = Wrapping(0xb492_b66f_be98_f273);
const K2: Word = Wrapping(0x9ae1_6a3b_2f90_404f);
/// The factor of [`join_fingerprints`].
const JOIN: Word = Wrapping(0xc6a4_a793_5bd1_e995);
const BLOCK: usize = 64;

/// The hash of `bytes`.
pub(crate) fn fingerprint64(bytes: &[u8]) -> u64 {
    let hash = match bytes.len() {
        0 => K2,
        1..=3 => up_to_3(bytes),
        4..=7 => up_to_7(bytes),
        8..=16 => up_to_16(bytes),
        17..=32 => up_to_32(bytes),
        33..=BLOCK => up_to_64(bytes),
        _ => long(bytes),
    };
    hash.0
}

/// A hash of two, in this order.
pub(crate) fn join_fingerprints(first: u64, second: u64) -> u64 {
    let second = folded(Wrapping(second) * JOIN) * JOIN;
    let both = (Wrapping(first) ^ JOIN ^ second) * JOIN;
    folded(folded(both) * JOIN).0
}

fn up_to_3(bytes: &[u8]) -> Word {
    let byte = |at: usize| Wrapping(bytes.get(at).map_or(0, |it| u64::from(*it)));
    let len = bytes.len();
    let front = byte(0) + (byte(len >> 1) << 8);
    let back = word_of(len) + (byte(len.saturating_sub(1)) << 2);
    folded((front * K2) ^ (back * K0)) * K2
}

fn up_to_7(bytes: &[u8]) -> Word {
    let half = |at: usize| {
        let half = bytes.get(at..).and_then(|rest| rest.first_chunk());
        Wrapping(half.map_or(0, |it| u64::from(u32::from_le_bytes(*it))))
    };
    let first = word_of(bytes.len()) + (half(0) << 3);
    mixed(first, half(bytes.len().saturating_sub(4)), factor(bytes))
}

fn up_to_16(bytes: &[u8]) -> Word {
    let by = factor(bytes);
    let (first, last) = (word(bytes, 0) + K2, word_from_end(bytes, 8));
    let c = turned(last, 37) * by + first;
    let d = (turned(first, 25) + last) * by;
    mixed(c, d, by)
}

fn up_to_32(bytes: &[u8]) -> Word {
    let by = factor(bytes);
    let (c, d) = ends(bytes, K1, by);
    mixed(c, d, by)
}

fn up_to_64(bytes: &[u8]) -> Word {
    let by = factor(bytes);
    let (c, d) = ends(bytes, K2, by);
    let mixed_ends = mixed(c, d, by);
    let first = word(bytes, 16) * by;
    let second = word(bytes, 24);
    let third = (c + word_from_end(bytes, 32)) * by;
    let fourth = (mixed_ends + word_from_end(bytes, 24)) * by;
    let start = word(bytes, 0) * K2;
    mixed(
        turned(first + second, 43) + turned(third, 30) + fourth,
        first + turned(second + start, 18) + third,
        by,
    )
}

/// What the first 16 and the last 16 bytes make.
fn ends(bytes: &[u8], first_by: Word, by: Word) -> (Word, Word) {
    let (first, second) = (word(bytes, 0) * first_by, word(bytes, 8));
    let third = word_from_end(bytes, 8) * by;
    let fourth = word_from_end(bytes, 16) * K2;
    (
        turned(first + second, 43) + turned(third, 30) + fourth,
        first + turned(second + K2, 18) + third,
    )
}

fn long(bytes: &[u8]) -> Word {
    let mut state = State::new(word(bytes, 0));
    // The last block, even if whole, is left for the end.
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_at_checked(BLOCK).filter(|(_, b)| !b.is_empty()) {
        state.take(&words(block), K1, Wrapping(1));
        rest = behind;
    }
    let last = bytes
        .last_chunk::<BLOCK>()
        .map_or([Wrapping(0); 8], |it| words(it));
    state.finish(rest.len(), &last)
}

/// What is kept from block to block.
struct State {
    x: Word,
    y: Word,
    z: Word,
    v: [Word; 2],
    w: [Word; 2],
}

impl State {
    fn new(first: Word) -> State {
        const SEED: Word = Wrapping(81);
        const ADDED: Word = Wrapping(113);
        let y = SEED * K1 + ADDED;
        State {
            x: SEED * K2 + first,
            y,
            z: folded(y * K2 + ADDED) * K2,
            v: [Wrapping(0); 2],
            w: [Wrapping(0); 2],
        }
    }

    fn take(&mut self, block: &[Word; 8], by: Word, weight: Word) {
        let [a, b, c, d, e, f, g, h] = *block;
        let ([v, v_too], [w, w_too]) = (self.v, self.w);
        let x = (turned(self.x + self.y + v + b, 37) * by) ^ (w_too * weight);
        let y = turned(self.y + v_too + g, 42) * by + v * weight + f;
        let z = turned(self.z + w, 33) * by;
        self.v = stirred([a, b, c, d], v_too * by, x + w);
        self.w = stirred([e, f, g, h], z + w_too, y + c);
        // The next block has the one for the other.
        (self.x, self.y, self.z) = (z, y, x);
    }

    /// Takes the last 64 bytes; `rest` of them, one at least, were in no block.
    fn finish(mut self, rest: usize, last: &[Word; 8]) -> Word {
        let by = K1 + ((self.z & Wrapping(0xff)) << 1);
        let ([v, _], [w, _]) = (&mut self.v, &mut self.w);
        *w += word_of(rest.saturating_sub(1));
        *v += *w;
        *w += *v;
        self.take(last, by, Wrapping(9));
        let ([v, v_too], [w, w_too]) = (self.v, self.w);
        let first = mixed(v, w, by) + folded(self.y) * K0 + self.z;
        mixed(first, mixed(v_too, w_too, by) + self.x, by)
    }
}

fn stirred([a, b, c, d]: [Word; 4], one: Word, two: Word) -> [Word; 2] {
    let one = one + a;
    let two = turned(two + one + d, 21);
    let sum = one + b + c;
    [sum + d, two + turned(sum, 44) + one]
}

/// One word of two.
fn mixed(one: Word, two: Word, by: Word) -> Word {
    let inner = folded((one ^ two) * by);
    folded((two ^ inner) * by) * by
}

/// Its high bits into its low ones.
fn folded(word: Word) -> Word {
    word ^ (word >> 47)
}

fn turned(word: Word, bits: u32) -> Word {
    Wrapping(word.0.rotate_right(bits))
}

/// The factor for input of this length.
fn factor(bytes: &[u8]) -> Word {
    K2 + (word_of(bytes.len()) << 1)
}

fn word_of(len: usize) -> Word {
    Wrapping(u64::try_from(len).unwrap_or(u64::MAX))
}

fn word(bytes: &[u8], at: usize) -> Word {
    let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk());
    Wrapping(bytes.map_or(0, |it| u64::from_le_bytes(*it)))
}

/// The word that begins this many bytes before the end.
fn word_from_end(bytes: &[u8], before: usize) -> Word {
    word(bytes, bytes.len().saturating_sub(before))
}

/// A block as words.
fn words(block: &[u8]) -> [Word; 8] {
    let mut words = [Wrapping(0); 8];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(8)) {
        *word = Wrapping(LittleEndian::read_u64(bytes));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tf.fingerprint` of TensorFlow 2.15 gives, for each kind of length and where kinds meet.
    #[test]
    fn check_values() {
        let counted: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for (len, expected) in [
            (0, 0x9ae1_6a3b_2f90_404f),
            (1, 0xbe60_56ed_f5e9_4b54),
            (2, 0xc2a0_4665_ed03_8d75),
            (3, 0x94a1_3d22_e9eb_a49a),
            (4, 0x82bf_fd89_8958_e540),
            (5, 0xb4bf_a9e8_7732_c149),
            (7, 0xa2e0_bff2_0db0_a6a1),
            (8, 0xad5a_13e1_e8e9_3b98),
            (9, 0x8137_1e15_0e4a_d84f),
            (15, 0x862a_5155_5943_bd9d),
            (16, 0x0efd_25a0_a341_56d4),
            (17, 0xbbb6_a6f8_f20d_1f1c),
            (24, 0x3f3b_313d_cbd1_6ec7),
            (31, 0xfbd9_50af_27ef_6941),
            (32, 0x1a9d_8199_972c_df49),
            (33, 0xe875_6ec1_cb75_524e),
            (48, 0xf39d_81ea_cd9b_8a63),
            (63, 0x01c1_f788_a248_076f),
            (64, 0xf585_04bb_53de_cc4b),
            (65, 0xc6a3_282c_3e79_3dbe),
            (100, 0x3cff_0f88_6d8d_6195),
            (127, 0xea8b_e9fa_0539_3db5),
            (128, 0x1c48_4c95_f0ea_5dd3),
            (129, 0xce8b_a374_1121_083e),
            (192, 0x6a48_f302_825f_e8d4),
            (193, 0x7c26_13a6_ee7a_0ecb),
            (256, 0x496f_be15_ed0e_171f),
            (1000, 0x6f79_79ad_c223_bce4),
        ] {
            let found = fingerprint64(&counted[..len]);
            assert_eq!(found, expected, "{len} bytes: {found:#x}");
        }
    }
}
