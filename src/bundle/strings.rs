//! String tensors: lengths, their checksum, then the bytes. See `spec/tensor_bundle.md#strings`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::entry::ByteOrder;
use crate::checksum::{Algorithm, mask};
use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// A string tensor as stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// The checksum of the tensor, not yet masked.
    pub(super) checksum: u32,
}

/// The stored form of `values`.
pub(super) fn encode(values: &[Vec<u8>]) -> Encoded {
    let mut bytes = Vec::new();
    let mut checksum = Algorithm::EMPTY;
    for value in values {
        let len = u64::try_from(value.len()).unwrap_or(u64::MAX);
        bytes.put_varint(len);
        checksum = with_length(checksum, len, ByteOrder::Little);
    }
    let of_lengths = mask(checksum).to_le_bytes();
    bytes.extend_from_slice(&of_lengths);
    checksum = Algorithm::Crc32c.update(checksum, &of_lengths);
    for value in values {
        bytes.extend_from_slice(value);
        checksum = Algorithm::Crc32c.update(checksum, value);
    }
    Encoded { bytes, checksum }
}

/// `count` strings, and the checksum of the tensor that they are all of.
pub(super) fn decode(
    from: &mut Cursor<'_>,
    count: u64,
    order: ByteOrder,
    limits: &Limits,
) -> Result<(Vec<Vec<u8>>, u32)> {
    let stored = u64::try_from(from.remaining()).unwrap_or(u64::MAX);
    if stored == 0 && count == 0 {
        // Nothing at all, not even a checksum of no lengths, is what TensorFlow reads as no strings.
        return Ok((Vec::new(), Algorithm::EMPTY));
    }
    let start = from.clone();
    if count > stored {
        let message = format!("{stored} bytes for {count} strings, each of which has a length");
        return Err(Error::malformed(from.offset(), message));
    }
    let each = u64::try_from(size_of::<Vec<u8>>()).unwrap_or(u64::MAX);
    let declared = count.saturating_mul(each).saturating_add(stored);
    limits.allocation(declared, stored, "a string tensor")?;
    let mut checksum = Algorithm::EMPTY;
    for _ in 0..count {
        checksum = with_length(checksum, from.varint()?, order);
    }
    let at = from.offset();
    let of_lengths: [u8; 4] = from.array()?;
    let found = match order {
        ByteOrder::Little => u32::from_le_bytes(of_lengths),
        ByteOrder::Big => u32::from_be_bytes(of_lengths),
    };
    let expected = mask(checksum);
    if found != expected && !cfg!(fuzzing) {
        let message = format!("checksum of lengths {found:#010x}, expected {expected:#010x}");
        return Err(Error::malformed(at, message));
    }
    checksum = Algorithm::Crc32c.update(checksum, &of_lengths);
    checksum = Algorithm::Crc32c.update(checksum, from.rest());
    Ok((cut(start, from, count)?, checksum))
}

/// Cuts the bytes by the lengths at `lengths`, which were read before.
fn cut(mut lengths: Cursor<'_>, from: &mut Cursor<'_>, count: u64) -> Result<Vec<Vec<u8>>> {
    let mut values = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
    for _ in 0..count {
        let len = lengths.varint()?;
        values.push(from.bytes_u64(len)?.to_vec());
    }
    if from.remaining() > 0 {
        let message = format!("{} bytes behind the last string", from.remaining());
        return Err(Error::malformed(from.offset(), message));
    }
    Ok(values)
}

/// Lengths are varints in the file, but their checksum is that of 32-bit numbers, and of 64-bit ones
/// where that is too little.
fn with_length(checksum: u32, len: u64, order: ByteOrder) -> u32 {
    let update = |bytes: &[u8]| Algorithm::Crc32c.update(checksum, bytes);
    match (u32::try_from(len), order) {
        (Ok(len), ByteOrder::Little) => update(&len.to_le_bytes()),
        (Ok(len), ByteOrder::Big) => update(&len.to_be_bytes()),
        (Err(_), ByteOrder::Little) => update(&len.to_le_bytes()),
        (Err(_), ByteOrder::Big) => update(&len.to_be_bytes()),
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], count: u64) -> Result<(Vec<Vec<u8>>, u32)> {
        let mut from = Cursor::new(bytes, 0);
        decode(&mut from, count, ByteOrder::Little, &Limits::default())
    }

    #[test]
    fn bytes() {
        let values = [b"ab".to_vec(), Vec::new(), vec![b'x'; 300]];
        let lengths = [&[2, 0, 0, 0][..], &[0, 0, 0, 0], &[0x2c, 1, 0, 0]].concat();
        let of_lengths = mask(Algorithm::Crc32c.of(&lengths)).to_le_bytes();
        let bytes = [
            &[2][..],    // length of "ab"
            &[0],        // of ""
            &[0xac, 2],  // of 300 times "x"
            &of_lengths, // checksum of the lengths as 32-bit numbers
            b"ab",       //
            &[b'x'; 300],
        ]
        .concat();
        let covered = [&lengths[..], &of_lengths, b"ab", &[b'x'; 300]].concat();
        let encoded = encode(&values);
        assert_eq!(encoded.bytes, bytes);
        assert_eq!(encoded.checksum, Algorithm::Crc32c.of(&covered));
        let (read, checksum) = read(&bytes, 3).unwrap();
        assert_eq!(read, values);
        assert_eq!(checksum, encoded.checksum);
    }

    #[test]
    fn no_strings() {
        let encoded = encode(&[]);
        assert_eq!(encoded.bytes, mask(0).to_le_bytes());
        assert_eq!(
            read(&encoded.bytes, 0).unwrap(),
            (Vec::new(), encoded.checksum)
        );
        assert_eq!(read(&[], 0).unwrap(), (Vec::new(), 0));
    }

    /// No tensor of a test is that long, but the rule has its test.
    #[test]
    fn lengths_beyond_32_bits_have_64_in_the_checksum() {
        let len = u64::from(u32::MAX) + 1;
        let little = with_length(7, len, ByteOrder::Little);
        let expected = Algorithm::Crc32c.update(7, &[0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(little, expected);
        let big = with_length(7, len, ByteOrder::Big);
        assert_eq!(big, Algorithm::Crc32c.update(7, &[0, 0, 0, 1, 0, 0, 0, 0]));
        let longest = with_length(7, u64::from(u32::MAX), ByteOrder::Little);
        assert_eq!(longest, Algorithm::Crc32c.update(7, &[0xff; 4]));
    }

    #[test]
    fn big_endian_machines_wrote_checksums_of_their_own() {
        let of_lengths = mask(Algorithm::Crc32c.of(&[0, 0, 0, 1])).to_be_bytes();
        let bytes = [&[1][..], &of_lengths, b"x"].concat();
        let mut from = Cursor::new(&bytes, 0);
        let read = decode(&mut from, 1, ByteOrder::Big, &Limits::default());
        let covered = [&[0, 0, 0, 1][..], &of_lengths, b"x"].concat();
        let checksum = Algorithm::Crc32c.of(&covered);
        assert_eq!(read.unwrap(), (vec![b"x".to_vec()], checksum));
    }

    #[track_caller]
    fn refuses(bytes: &[u8], count: u64, message: &str) {
        assert_eq!(read(bytes, count).unwrap_err().message(), message);
    }

    #[test]
    fn what_contradicts_itself() {
        let good = encode(&[b"ab".to_vec(), b"c".to_vec()]).bytes;
        assert!(read(&good, 2).is_ok());
        let longer = [&good[..], b"!"].concat();
        refuses(&longer, 2, "1 bytes behind the last string");
        refuses(&good[..8], 2, "0 bytes left, expected 1");
        refuses(&good[..5], 2, "3 bytes left, expected 4");
        refuses(&[0xff, 0xff], 2, "0 bytes left, expected 1");
        refuses(
            &good,
            10,
            "9 bytes for 10 strings, each of which has a length",
        );
        let mut damaged = good.clone();
        damaged[0] = 1;
        let error = read(&damaged, 2).unwrap_err();
        assert!(
            error.message().starts_with("checksum of lengths"),
            "{error}"
        );
    }
}
