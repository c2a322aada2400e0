//! Where the bytes of a piece are put: a file, memory, a stream, or nowhere.

use std::fs::File;
use std::io::{self, Write};

use super::plan::{index, len_of};
use super::system;

/// Takes the bytes of one piece of a file after the other, each piece in file order.
pub(super) trait Sink {
    /// Takes `bytes`, which go to `offset` of the file.
    fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Ends a piece at `end` of the file; what was put is on its way.
    fn end(&mut self, end: u64) -> io::Result<()>;
}

/// Bytes that are looked at only.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// The memory of one piece, zeros so far; it may be that of a mapped file.
pub(super) struct Memory<'m> {
    pub(super) start: u64,
    pub(super) bytes: &'m mut [u8],
}

impl Sink for Memory<'_> {
    fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = index(offset - self.start);
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is zeros so far, written by position. Small parts are gathered, so that thousands
/// of them do not cost a system call each.
pub(super) struct Positioned<'f> {
    file: &'f File,
    gathered: Vec<u8>,
    gathered_at: u64,
}

impl<'f> Positioned<'f> {
    /// Parts from this size on are written by themselves.
    const LARGE: usize = 64 << 10;
    /// So much is gathered at most.
    const MOST: u64 = 1 << 20;

    pub(super) fn new(file: &'f File) -> Self {
        Positioned {
            file,
            gathered: Vec::new(),
            gathered_at: 0,
        }
    }

    fn write_gathered(&mut self) -> io::Result<()> {
        system::write_all_at(self.file, &self.gathered, self.gathered_at)?;
        self.gathered.clear();
        Ok(())
    }
}

impl Sink for Positioned<'_> {
    fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() >= Self::LARGE {
            self.write_gathered()?;
            return system::write_all_at(self.file, bytes, offset);
        }
        // Gathered bytes include the zeros between the parts.
        let after = offset - self.gathered_at;
        if self.gathered.is_empty() || after + len_of(bytes) > Self::MOST {
            self.write_gathered()?;
            self.gathered_at = offset;
        } else {
            self.gathered.resize(index(after), 0);
        }
        self.gathered.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, _: u64) -> io::Result<()> {
        self.write_gathered()
    }
}

/// A stream: every byte in order, also the zeros that no part covers.
pub(super) struct Stream<'o> {
    out: io::BufWriter<&'o mut dyn Write>,
    at: u64,
}

impl<'o> Stream<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Self {
        Stream {
            out: io::BufWriter::with_capacity(Positioned::LARGE, out),
            at: 0,
        }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn zeros_to(&mut self, offset: u64) -> io::Result<()> {
        let zeros = io::copy(
            &mut io::Read::take(io::repeat(0), offset - self.at),
            &mut self.out,
        )?;
        self.at += zeros;
        Ok(())
    }
}

impl Sink for Stream<'_> {
    fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.zeros_to(offset)?;
        self.out.write_all(bytes)?;
        self.at += len_of(bytes);
        Ok(())
    }

    fn end(&mut self, end: u64) -> io::Result<()> {
        self.zeros_to(end)
    }
}
