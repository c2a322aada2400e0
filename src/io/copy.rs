//! The copying itself: one file, many pieces, several workers. `spec/io.md#strategies`.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::digest::{Piece, Wanted};
use super::mapping;
use super::plan::{Digests, Layout, Request, index, len_of};
use super::sink::{Memory, Nowhere, Positioned, Sink, Stream};
use super::workers::Workers;

/// How many bytes a worker takes at a time.
pub(super) const PIECE: u64 = 2 << 20;
/// The same where written bytes are sent to the disk at once: the disk likes longer runs.
const FLUSHED_PIECE: u64 = 8 << 20;
/// How many bytes are checksummed before they are copied, so that they are still in the cache.
const DIGESTED: usize = 256 << 10;

/// The bytes of a file on their way, whatever it is to.
pub(super) struct Copy<'p> {
    layout: &'p Layout<'p>,
    wanted: Wanted<'p>,
    progress: Option<&'p (dyn Fn(u64) + Send + Sync)>,
    done: AtomicU64,
    /// Set when a worker failed, so that the others do not finish in vain.
    failed: AtomicBool,
}

/// What a worker found out on the way.
type Pieces = Vec<Piece>;

impl<'p> Copy<'p> {
    pub(super) fn new(layout: &'p Layout<'p>, requests: &'p [Request]) -> Self {
        Copy {
            layout,
            wanted: Wanted::new(requests),
            progress: None,
            done: AtomicU64::new(0),
            failed: AtomicBool::new(false),
        }
    }

    /// Calls `progress` with the number of bytes done, after each piece.
    pub(super) fn report_to(mut self, progress: Option<&'p (dyn Fn(u64) + Send + Sync)>) -> Self {
        self.progress = progress;
        self
    }

    fn len(&self) -> u64 {
        self.layout.len()
    }

    /// Computes the checksums only.
    pub(super) fn digests(&self, workers: &Workers) -> io::Result<Digests> {
        self.each_from_front(PIECE, workers, |_: &mut Option<()>, range, pieces| {
            self.piece(range, &mut Nowhere, pieces)
        })
    }

    /// Puts everything into `out`, front to back.
    pub(super) fn to_stream(&self, out: &mut dyn io::Write) -> io::Result<Digests> {
        let mut stream = Stream::new(out);
        let mut pieces = Pieces::new();
        let mut start = 0;
        while start < self.len() {
            let end = self.len().min(start + PIECE);
            self.piece(start..end, &mut stream, &mut pieces)?;
            start = end;
        }
        stream.finish()?;
        Ok(self.wanted.combine(pieces))
    }

    /// Writes everything by position into a file of the right length.
    pub(super) fn to_positions(
        &self,
        file: &File,
        flush: bool,
        workers: &Workers,
    ) -> io::Result<Digests> {
        let len = if flush { FLUSHED_PIECE } else { PIECE };
        self.each_from_front(len, workers, |file_sink, range, pieces| {
            let sink = file_sink.get_or_insert_with(|| Positioned::new(file));
            self.piece(range.clone(), sink, pieces)?;
            if flush {
                mapping::start_write_back(file, range.start, range.end - range.start);
            }
            Ok(())
        })
    }

    /// Copies everything into `memory`, which is zeros and as long as the file.
    pub(super) fn to_memory(&self, memory: &mut [u8], workers: &Workers) -> io::Result<Digests> {
        self.meet(memory, None, workers)
    }

    /// Copies into `map`, a mapping of `file`, from the back, while one worker writes into the
    /// file from the front. The system keeps one copy of a page for both; two workers that use
    /// different ways do not wait for the same lock, which makes them the fastest pair.
    pub(super) fn to_map_and_positions(
        &self,
        map: &mut [u8],
        file: &File,
        workers: &Workers,
    ) -> io::Result<Digests> {
        self.meet(map, Some(file), workers)
    }

    fn meet(
        &self,
        memory: &mut [u8],
        front: Option<&File>,
        workers: &Workers,
    ) -> io::Result<Digests> {
        let cut = memory.chunks_mut(index(PIECE)).enumerate();
        let queue = Mutex::new(cut);
        let pieces = workers.run(|worker| {
            let mut pieces = Pieces::new();
            let mut positions = front.filter(|_| worker == 0).map(Positioned::new);
            while !self.failed.load(Ordering::Relaxed) {
                let taken = {
                    let mut queue = queue.lock().unwrap_or_else(|it| it.into_inner());
                    match positions {
                        Some(_) => queue.next(),
                        None => queue.next_back(),
                    }
                };
                let Some((number, bytes)) = taken else { break };
                let start = PIECE * u64::try_from(number).unwrap_or(u64::MAX);
                let range = start..start + len_of(bytes);
                let put = match &mut positions {
                    // The memory of this piece is ours alone and left alone.
                    Some(file) => self.piece(range, file, &mut pieces),
                    None => self.piece(range, &mut Memory { start, bytes }, &mut pieces),
                };
                put.inspect_err(|_| self.failed.store(true, Ordering::Relaxed))?;
            }
            Ok(pieces)
        })?;
        Ok(self.wanted.combine(pieces))
    }

    /// Runs `work` on pieces of `len` bytes; each worker takes the next one there is.
    fn each_from_front<S>(
        &self,
        len: u64,
        workers: &Workers,
        work: impl Fn(&mut Option<S>, Range<u64>, &mut Pieces) -> io::Result<()> + Sync,
    ) -> io::Result<Digests> {
        let next = AtomicU64::new(0);
        let pieces = workers.run(|_| {
            let (mut pieces, mut state) = (Pieces::new(), None);
            while !self.failed.load(Ordering::Relaxed) {
                let start = next.fetch_add(len, Ordering::Relaxed);
                if start >= self.len() {
                    break;
                }
                let range = start..self.len().min(start + len);
                work(&mut state, range, &mut pieces)
                    .inspect_err(|_| self.failed.store(true, Ordering::Relaxed))?;
            }
            Ok(pieces)
        })?;
        Ok(self.wanted.combine(pieces))
    }

    /// One piece: its parts into `sink`, and the checksums asked for into `pieces`.
    fn piece(
        &self,
        range: Range<u64>,
        sink: &mut impl Sink,
        pieces: &mut Pieces,
    ) -> io::Result<()> {
        for (offset, part) in self.layout.parts(range.clone()) {
            if !self.wanted.any_in(offset..offset + len_of(part)) {
                sink.put(offset, part)?;
                continue;
            }
            let mut at = offset;
            for bytes in part.chunks(DIGESTED) {
                self.wanted.take(at, bytes, pieces);
                sink.put(at, bytes)?;
                at += len_of(bytes);
            }
        }
        sink.end(range.end)?;
        if let Some(progress) = self.progress {
            let len = range.end - range.start;
            progress(self.done.fetch_add(len, Ordering::Relaxed) + len);
        }
        Ok(())
    }
}
