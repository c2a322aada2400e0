//! The copying itself: one file, many pieces, several workers. `spec/io.md#strategies`.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::commit::{CommitOptions, WriteStrategy};
use super::mapping;
use super::plan::{Layout, index, len_of};

/// How many bytes a worker takes at a time.
const PIECE: u64 = 2 << 20;
/// Below this, threads cost more than they save.
const SMALL: u64 = 8 << 20;
/// How many bytes are written before their way to the disk is begun, when flushing.
const WRITE_BACK: u64 = 8 << 20;
/// Zeros for what no part covers, in files that may be written front to back only.
const ZEROS: [u8; 4096] = [0; 4096];

/// The bytes of a file, and how to put them there.
pub(super) struct Copy<'a> {
    layout: &'a Layout<'a>,
    /// Deferred parts, known by now.
    filled: &'a [(u64, Vec<u8>)],
    flush: bool,
    options: &'a CommitOptions,
    done: AtomicU64,
}

/// What a file system could give in advance.
pub(super) enum Allocated {
    /// Every block: the file can be mapped.
    Blocks,
    /// A length, without a promise of space.
    LengthOnly,
    /// Not even a length.
    Nothing,
    /// There is no room.
    Failed(io::Error),
}

impl<'a> Copy<'a> {
    pub(super) fn new(
        layout: &'a Layout<'a>,
        filled: &'a [(u64, Vec<u8>)],
        flush: bool,
        options: &'a CommitOptions,
    ) -> Self {
        Copy {
            layout,
            filled,
            flush,
            options,
            done: AtomicU64::new(0),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.layout.len()
    }

    /// The strategy asked for, or the fastest that goes with size, cores and system.
    pub(super) fn strategy(&self) -> WriteStrategy {
        let asked = self.options.strategy;
        let can_map = cfg!(feature = "mmap") && cfg!(unix);
        match asked {
            WriteStrategy::Auto if self.len() < SMALL || self.threads() == 1 || !can_map => {
                WriteStrategy::Positioned
            }
            // Written-back early, positioned writes overlap with the disk; a mapping does not.
            WriteStrategy::Auto if self.flush => WriteStrategy::Positioned,
            // Only Linux promises that a mapping and writes show the same pages.
            WriteStrategy::Auto | WriteStrategy::Mixed if cfg!(target_os = "linux") && can_map => {
                WriteStrategy::Mixed
            }
            WriteStrategy::Auto | WriteStrategy::Mixed | WriteStrategy::Mapped if can_map => {
                WriteStrategy::Mapped
            }
            WriteStrategy::Sequential => WriteStrategy::Sequential,
            _ => WriteStrategy::Positioned,
        }
    }

    fn threads(&self) -> usize {
        match self.options.threads {
            Some(threads) => threads.get(),
            None if cfg!(feature = "rayon") => {
                std::thread::available_parallelism().map_or(1, |cores| cores.get())
            }
            None => 1,
        }
    }

    /// Copies everything into a file that has its length.
    pub(super) fn run(&self, file: &File, strategy: WriteStrategy) -> io::Result<()> {
        if self.len() == 0 {
            return Ok(());
        }
        match strategy {
            WriteStrategy::Mapped => self.mapped(file, false),
            WriteStrategy::Mixed => self.mapped(file, true),
            _ => self.positioned(file),
        }
    }

    fn pieces(&self) -> u64 {
        self.len().div_ceil(PIECE)
    }

    fn range(&self, piece: u64) -> Range<u64> {
        let start = piece * PIECE;
        start..(start + PIECE).min(self.len())
    }

    /// The parts of a piece: those of the plan and those that were deferred.
    fn parts(&self, range: Range<u64>) -> impl Iterator<Item = (u64, &[u8])> {
        let filled = self.filled.iter().filter_map({
            let range = range.clone();
            move |(offset, bytes)| {
                let start = (*offset).max(range.start);
                let end = (offset + len_of(bytes)).min(range.end);
                let inside = index(start - offset)..index(end.checked_sub(*offset)?);
                Some((start, bytes.get(inside).filter(|part| !part.is_empty())?))
            }
        });
        self.layout.parts(range).chain(filled)
    }

    fn report(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(progress) = &self.options.progress {
            progress(done);
        }
    }

    fn write_piece(&self, file: &File, piece: u64) -> io::Result<()> {
        let range = self.range(piece);
        for (offset, part) in self.parts(range.clone()) {
            write_at(file, offset, part)?;
        }
        let is_due = range.end.is_multiple_of(WRITE_BACK) || range.end == self.len();
        if self.flush && is_due {
            let from = range.end.saturating_sub(1) / WRITE_BACK * WRITE_BACK;
            mapping::start_write_back(file, from, range.end - from);
        }
        self.report(range.end - range.start);
        Ok(())
    }

    /// Workers take the next piece from the front until there is none.
    fn positioned(&self, file: &File) -> io::Result<()> {
        let next = AtomicU64::new(0);
        self.workers(self.threads(), |_| {
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= self.pieces() {
                    return Ok(());
                }
                self.write_piece(file, piece)?;
            }
        })
    }

    /// Front to back, for files that only grow.
    pub(super) fn sequential(&self, mut file: &File) -> io::Result<()> {
        use io::Write as _;
        for piece in 0..self.pieces() {
            let range = self.range(piece);
            let mut parts: Vec<(u64, &[u8])> = self.parts(range.clone()).collect();
            parts.sort_by_key(|(offset, _)| *offset);
            let mut at = range.start;
            for (offset, part) in parts {
                write_zeros(file, offset - at)?;
                file.write_all(part)?;
                at = offset + len_of(part);
            }
            write_zeros(file, range.end - at)?;
            self.report(range.end - range.start);
        }
        Ok(())
    }

    /// Workers copy into one mapping; with `mixed`, the first writes from the front meanwhile,
    /// which does not wait for the page faults of the others.
    #[cfg(feature = "mmap")]
    fn mapped(&self, file: &File, mixed: bool) -> io::Result<()> {
        let mut map = mapping::map_write(file)?;
        let (front, pieces) = split_pieces(&mut map, index(PIECE));
        let queue = std::sync::Mutex::new((front, pieces));
        let threads = if mixed {
            self.threads().max(2)
        } else {
            self.threads()
        };
        self.workers(threads, |worker| {
            loop {
                let taken = {
                    let mut queue = queue
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner());
                    if mixed && worker == 0 {
                        let front = queue.0;
                        queue.0 += 1;
                        queue.1.pop_front().map(|_| (front, None))
                    } else {
                        let back = queue.0 + len_of_queue(&queue.1);
                        queue
                            .1
                            .pop_back()
                            .map(|page| (back.saturating_sub(1), Some(page)))
                    }
                };
                match taken {
                    None => return Ok(()),
                    Some((piece, None)) => self.write_piece(file, piece)?,
                    Some((piece, Some(to))) => self.copy_piece(piece, to),
                }
            }
        })
    }

    #[cfg(not(feature = "mmap"))]
    fn mapped(&self, file: &File, _: bool) -> io::Result<()> {
        self.positioned(file)
    }

    #[cfg(feature = "mmap")]
    fn copy_piece(&self, piece: u64, to: &mut [u8]) {
        let range = self.range(piece);
        for (offset, part) in self.parts(range.clone()) {
            let place = to.get_mut(index(offset - range.start)..);
            if let Some(place) = place.and_then(|place| place.get_mut(..part.len())) {
                place.copy_from_slice(part);
            }
        }
        self.report(range.end - range.start);
    }

    /// Runs `work` on `count` threads, each told its number, and gives the first failure.
    #[cfg(feature = "rayon")]
    fn workers(
        &self,
        count: usize,
        work: impl Fn(usize) -> io::Result<()> + Sync,
    ) -> io::Result<()> {
        let count = count.min(index(self.pieces())).max(1);
        if count == 1 {
            return work(0);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        let Ok(pool) = pool else {
            // No more threads are to be had; one does the work as well.
            return work(0);
        };
        pool.broadcast(|worker| work(worker.index()))
            .into_iter()
            .collect()
    }

    #[cfg(not(feature = "rayon"))]
    fn workers(&self, _: usize, work: impl Fn(usize) -> io::Result<()> + Sync) -> io::Result<()> {
        // Alone, the worker that writes from the front does everything.
        work(0)
    }
}

/// The mapping cut into pieces, and the number of the first.
#[cfg(feature = "mmap")]
fn split_pieces(map: &mut [u8], len: usize) -> (u64, std::collections::VecDeque<&mut [u8]>) {
    (0, map.chunks_mut(len).collect())
}

#[cfg(feature = "mmap")]
fn len_of_queue(pieces: &std::collections::VecDeque<&mut [u8]>) -> u64 {
    u64::try_from(pieces.len()).unwrap_or(u64::MAX)
}

fn write_zeros(mut file: &File, count: u64) -> io::Result<()> {
    use io::Write as _;
    let mut left = count;
    while left > 0 {
        let len = left.min(len_of(&ZEROS));
        file.write_all(ZEROS.split_at(index(len)).0)?;
        left -= len;
    }
    Ok(())
}

/// Gives a new file its blocks, or at least its length.
pub(super) fn allocate(file: &File, len: u64) -> Allocated {
    if len == 0 {
        return Allocated::Blocks;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        match fallocate(file, FallocateFlags::empty(), 0, len) {
            Ok(()) => return Allocated::Blocks,
            // Not every file system can allocate; those write by position, which fails cleanly.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            Err(error) => return Allocated::Failed(error.into()),
        }
    }
    match file.set_len(len) {
        Ok(()) => Allocated::LengthOnly,
        Err(_) => Allocated::Nothing,
    }
}

#[cfg(unix)]
fn write_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &File, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        let written = file.seek_write(bytes, offset)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        offset += written as u64;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn write_at(mut file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    use io::{Seek as _, Write as _};
    file.seek(io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
