//! A plan becomes bytes in memory or in a stream.

use std::io::Write;
use std::ops::Range;

use super::plan::{Digests, FilePlan, index, len_of};
use crate::checksum::Algorithm;
use crate::error::{Error, Result};

/// How many bytes at a time zeros are written.
const ZEROS: [u8; 4096] = [0; 4096];

impl FilePlan<'_> {
    /// The file in memory.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        let digests = self.digests();
        let mut bytes = vec![0; index(self.len())];
        for (offset, part) in self.filled(&digests) {
            if let Some(place) = bytes
                .get_mut(index(offset)..)
                .and_then(|to| to.get_mut(..part.len()))
            {
                place.copy_from_slice(&part);
            }
        }
        for (offset, part) in self.layout.parts(0..self.len()) {
            if let Some(place) = bytes
                .get_mut(index(offset)..)
                .and_then(|to| to.get_mut(..part.len()))
            {
                place.copy_from_slice(part);
            }
        }
        bytes
    }

    /// Writes the file front to back, without seeking.
    pub(crate) fn write_to(mut self, out: &mut dyn Write) -> Result<Digests> {
        let failed = |error| Error::io("cannot write", error);
        let digests = self.digests();
        let len = self.len();
        let filled = self.filled(&digests);
        let mut parts: Vec<(u64, &[u8])> = self.layout.parts(0..len).collect();
        parts.extend(
            filled
                .iter()
                .map(|(offset, bytes)| (*offset, bytes.as_slice())),
        );
        parts.sort_by_key(|(offset, _)| *offset);
        let mut at = 0;
        for (offset, part) in parts {
            zeros(out, offset - at).map_err(failed)?;
            out.write_all(part).map_err(failed)?;
            at = offset + len_of(part);
        }
        zeros(out, len - at).map_err(failed)?;
        Ok(digests)
    }

    /// The checksums asked for, each over its whole range.
    pub(super) fn digests(&self) -> Digests {
        self.assert_complete();
        let values = self.requests.iter();
        Digests::new(
            values
                .map(|it| self.digest_of(it.range.clone(), it.algorithm))
                .collect(),
        )
    }

    fn digest_of(&self, range: Range<u64>, algorithm: Algorithm) -> u32 {
        let mut crc = Algorithm::EMPTY;
        let mut at = range.start;
        for (offset, part) in self.layout.parts(range.clone()) {
            crc = algorithm.update(algorithm.zeros(crc, offset - at), part);
            at = offset + len_of(part);
        }
        algorithm.zeros(crc, range.end - at)
    }

    /// The deferred parts with their places, each exactly as long as it was said to be.
    pub(super) fn filled(&mut self, digests: &Digests) -> Vec<(u64, Vec<u8>)> {
        let fill = |part: super::plan::Deferred<'_>| {
            let bytes = (part.fill)(&digests.from(part.first_digest));
            let expected = part.range.end - part.range.start;
            assert_eq!(
                len_of(&bytes),
                expected,
                "deferred bytes are as long as they were said to be"
            );
            (part.range.start, bytes)
        };
        std::mem::take(&mut self.deferred)
            .into_iter()
            .map(fill)
            .collect()
    }
}

fn zeros(out: &mut dyn Write, count: u64) -> std::io::Result<()> {
    let mut left = count;
    while left > 0 {
        let len = left.min(len_of(&ZEROS));
        out.write_all(ZEROS.split_at(index(len)).0)?;
        left -= len;
    }
    Ok(())
}
