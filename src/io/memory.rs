//! A plan becomes bytes in memory or in a stream.

use std::io::{self, Write};

use super::copy::Copy;
use super::plan::{Deferred, Digests, FilePlan, index, len_of};
use super::workers::Workers;
use crate::error::{Error, Result};

impl FilePlan<'_> {
    /// The file in memory.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        self.assert_complete();
        let workers = Workers::for_bytes(self.len(), None);
        let mut bytes = vec![0; index(self.len())];
        // Copying from memory to memory does not fail.
        let _ = self.settle(&workers).and_then(|_| {
            let copy = Copy::new(&self.layout, &[]);
            copy.to_memory(&mut bytes, &workers)
        });
        bytes
    }

    /// Makes deferred parts ordinary ones, which takes a look at all that is digested.
    fn settle(&mut self, workers: &Workers) -> io::Result<Digests> {
        if self.deferred.is_empty() {
            return Ok(Digests::default());
        }
        let digests = Copy::new(&self.layout, &self.requests).digests(workers)?;
        for (offset, bytes) in fill(std::mem::take(&mut self.deferred), &digests) {
            self.layout.insert(offset, bytes);
        }
        Ok(digests)
    }

    /// Writes the file front to back, without seeking.
    pub(crate) fn write_to(self, out: &mut dyn Write) -> Result<Digests> {
        self.assert_complete();
        let written = self.stream(out, None);
        written.map_err(|error| Error::io("cannot write", error))
    }

    pub(super) fn stream(
        mut self,
        out: &mut dyn Write,
        progress: Option<&(dyn Fn(u64) + Send + Sync)>,
    ) -> io::Result<Digests> {
        if self.deferred.is_empty() {
            let copy = Copy::new(&self.layout, &self.requests);
            return copy.report_to(progress).to_stream(out);
        }
        // What depends on checksums may come before the bytes it depends on.
        let digests = self.settle(&Workers::for_bytes(self.len(), None))?;
        let copy = Copy::new(&self.layout, &[]);
        copy.report_to(progress).to_stream(out)?;
        Ok(digests)
    }
}

/// The deferred parts with their places, each exactly as long as it was said to be.
pub(super) fn fill<'a>(
    deferred: Vec<Deferred<'a>>,
    digests: &Digests,
) -> impl Iterator<Item = (u64, Vec<u8>)> {
    deferred.into_iter().map(|part| {
        let bytes = (part.fill)(&digests.from(part.first_digest));
        let (found, expected) = (len_of(&bytes), part.range.end - part.range.start);
        assert_eq!(found, expected, "deferred bytes are as long as was said");
        (part.range.start, bytes)
    })
}
