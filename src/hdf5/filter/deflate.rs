//! Deflate (filter 1): a zlib stream.

use crate::error::Result;

/// Inflates `from`, into no more than there is room for in `to`.
#[cfg(feature = "deflate")]
pub(super) fn decode(from: &[u8], to: &mut [u8]) -> Result<usize> {
    use miniz_oxide::inflate::TINFLStatus;
    use miniz_oxide::inflate::core::inflate_flags::{
        TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER,
        TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
    };
    use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

    let mut flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    // A fuzzer cannot guess checksums.
    if cfg!(fuzzing) {
        flags |= TINFL_FLAG_IGNORE_ADLER32;
    }
    let (status, _, written) = decompress(&mut DecompressorOxide::new(), from, to, 0, flags);
    match status {
        TINFLStatus::Done => Ok(written),
        TINFLStatus::HasMoreOutput => Err(super::too_long(to.len())),
        TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => Err(super::ended()),
        TINFLStatus::Adler32Mismatch => Err(super::malformed("wrong Adler-32 checksum")),
        _ => Err(super::malformed("not a zlib stream")),
    }
}

/// Without the feature `deflate`, says so.
#[cfg(not(feature = "deflate"))]
pub(super) fn decode(_from: &[u8], _to: &mut [u8]) -> Result<usize> {
    use crate::error::{Error, ErrorKind};
    Err(Error::new(
        ErrorKind::Unsupported,
        "filter deflate (number 1), which this program was built without",
    )
    .with_hint("the feature `deflate` of `hornfels` reads it"))
}

#[cfg(all(test, feature = "deflate"))]
mod tests {
    use super::*;

    /// `zlib.compress(b"abcabcabcabc")` in Python.
    const STREAM: [u8; 13] = [
        0x78, 0x9c, // 32 KiB window, default level
        0x4b, 0x4c, 0x4a, 0x4e, 0x84, 0x21, 0x00, // the one block
        0x1d, 0xe0, 0x04, 0x99, // Adler-32
    ];

    #[test]
    fn a_stream() {
        let mut out = [0; 20];
        let length = decode(&STREAM, &mut out).unwrap();
        assert_eq!(out[..length], *b"abcabcabcabc");
    }

    #[test]
    fn what_is_wrong() {
        let mut damaged = STREAM;
        damaged[12] ^= 1;
        for (bytes, room, message) in [
            (
                &STREAM[..],
                11,
                "more than 11 bytes, which is all that a chunk holds",
            ),
            (&STREAM[..6], 20, "the filtered bytes end too early"),
            (&damaged, 20, "wrong Adler-32 checksum"),
            (b"no stream", 20, "not a zlib stream"),
            (b"", 20, "the filtered bytes end too early"),
        ] {
            let error = decode(bytes, &mut vec![0; room]).unwrap_err();
            assert_eq!(error.message(), message);
        }
    }
}
