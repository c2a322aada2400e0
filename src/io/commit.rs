//! A plan becomes a file: reserve, copy in parallel, flush, rename. `spec/io.md#commit`.

use std::fmt;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use super::copy::Copy;
use super::mapping;
use super::memory::fill;
use super::plan::{Digests, FilePlan};
use super::replace::{Place, Target, Temporary};
use super::system::{self, Allocation};
use super::workers::Workers;
use crate::error::{Error, Result};

/// When a save waits for the disk.
///
/// The default protects what is there already: replacing a good file and then losing power must
/// not leave zeros. A new file is left to the operating system, which is several times as fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sync {
    /// Before the save is reported.
    Always,
    /// Only where an existing file is replaced: a power cut must not turn a good old file into
    /// zeros.
    #[default]
    OnReplace,
    /// Left to the operating system, as most programs do.
    Never,
}

impl Sync {
    /// Whether a save waits for the disk that replaces something, or does not.
    pub(super) fn flushes(self, replaces: bool) -> bool {
        match self {
            Sync::Always => true,
            Sync::OnReplace => replaces,
            Sync::Never => false,
        }
    }
}

/// How bytes get into a file. What is written is the same; only the time differs.
///
/// A strategy that the system or the file system cannot follow gives way to the next that it can:
/// mixed, mapped, positioned, sequential. `spec/io.md#strategies` has the measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WriteStrategy {
    /// What is fastest for the size, the cores and the system.
    #[default]
    Auto,
    /// All workers copy into one mapping of the file.
    Mapped,
    /// All workers write at their positions.
    Positioned,
    /// One worker writes from the front, the others copy into a mapping from the back.
    Mixed,
    /// One worker writes from front to back, as into a pipe.
    Sequential,
}

/// Called with the number of bytes written so far, from any of the threads that write: of two
/// calls at a time, the one with the smaller number may come last.
pub type Progress = Arc<dyn Fn(u64) + Send + std::marker::Sync>;

/// How a plan becomes a file.
#[derive(Clone)]
pub struct CommitOptions {
    /// Whether an existing file is replaced; `true` by default.
    pub overwrite: bool,
    /// When written bytes are flushed to the disk.
    pub sync: Sync,
    /// How bytes get into the file.
    pub strategy: WriteStrategy,
    /// How many threads write; `None` takes as many as there are cores.
    pub threads: Option<NonZeroUsize>,
    /// Told how many bytes are written, from any thread.
    pub progress: Option<Progress>,
}

impl Default for CommitOptions {
    fn default() -> Self {
        CommitOptions {
            overwrite: true,
            sync: Sync::default(),
            strategy: WriteStrategy::default(),
            threads: None,
            progress: None,
        }
    }
}

impl fmt::Debug for CommitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitOptions")
            .field("overwrite", &self.overwrite)
            .field("sync", &self.sync)
            .field("strategy", &self.strategy)
            .field("threads", &self.threads)
            .field("progress", &self.progress.is_some())
            .finish()
    }
}

impl CommitOptions {
    fn progress(&self) -> Option<&(dyn Fn(u64) + Send + std::marker::Sync)> {
        self.progress.as_deref()
    }
}

impl FilePlan<'_> {
    /// Writes the file beside `path` and renames it to there; on failure `path` is as it was.
    ///
    /// # Errors
    /// `NotFound` if there is no directory to write into, `InvalidArgument` if `path` is a
    /// directory, `AlreadyExists` if there is a file that may not be replaced, `Io` for what the
    /// operating system reports.
    pub(crate) fn commit(self, path: &Path, options: &CommitOptions) -> Result<Digests> {
        self.assert_complete();
        let failed = |error| cannot_write(path, error);
        let place = match Target::find(path, options.overwrite)? {
            Target::File(place) => place,
            Target::Stream(mut stream) => {
                return self.stream(&mut stream, options.progress()).map_err(failed);
            }
        };
        let flush = options.sync.flushes(place.replaces());
        let (temporary, digests) = self.write_beside(&place, path, flush, options)?;
        place.publish(temporary, options.overwrite, flush)?;
        Ok(digests)
    }

    /// Writes the complete file, which is to take a place at `path`, under a temporary name.
    pub(super) fn write_beside(
        self,
        place: &Place,
        path: &Path,
        flush: bool,
        options: &CommitOptions,
    ) -> Result<(Temporary, Digests)> {
        self.assert_complete();
        let failed = |error| cannot_write(path, error);
        let (temporary, file) = place.create()?;
        let digests = self.write_file(&file, flush, options).map_err(failed)?;
        if flush {
            file.sync_all().map_err(failed)?;
        }
        Ok((temporary, digests))
    }

    /// Writes a file that is not there yet, in a directory that nobody else knows; `path` is what
    /// the file is called in messages. What `flush` asks for is begun and not waited for.
    pub(super) fn write_new(
        self,
        at: &Path,
        path: &Path,
        flush: bool,
        options: &CommitOptions,
    ) -> Result<Digests> {
        self.assert_complete();
        let file = system::create_new(at, None).map_err(|error| cannot_write(path, error))?;
        let written = self.write_file(&file, flush, options);
        written.map_err(|error| cannot_write(path, error))
    }

    /// Fills an empty file of ours.
    fn write_file(self, file: &File, flush: bool, options: &CommitOptions) -> io::Result<Digests> {
        // Blocks first: a mapping over a hole dies on a full disk, where allocating only fails.
        let allocation = match options.strategy {
            WriteStrategy::Sequential => Allocation::Nothing,
            _ => system::allocate(file, self.len())?,
        };
        if allocation == Allocation::Nothing {
            return self.stream(&mut &*file, options.progress());
        }
        let way = choose(options, self.len(), allocation, flush);
        let copy = Copy::new(&self.layout, &self.requests).report_to(options.progress());
        let digests = match way {
            Way::Mapped { front, workers } => match mapping::map_write(file) {
                Ok(mut map) if front => copy.to_map_and_positions(&mut map, file, &workers)?,
                Ok(mut map) => copy.to_memory(&mut map, &workers)?,
                // Allocated, but not to be mapped: some network file systems.
                Err(_) => copy.to_positions(file, flush, &workers.at_most(WRITERS))?,
            },
            Way::Positioned { workers } => copy.to_positions(file, flush, &workers)?,
        };
        for (offset, bytes) in fill(self.deferred, &digests) {
            system::write_all_at(file, &bytes, offset)?;
        }
        Ok(digests)
    }
}

/// More positioned writers than this wait for each other: a file lets one write at a time.
const WRITERS: usize = 2;

/// How the bytes of a file that has its length get into it.
#[derive(Debug)]
enum Way {
    /// Into one mapping; with `front`, one worker writes by position meanwhile.
    Mapped { front: bool, workers: Workers },
    /// By position.
    Positioned { workers: Workers },
}

/// What was asked for, or the fastest that goes; `spec/io.md#strategies` has the measurements.
fn choose(options: &CommitOptions, len: u64, allocation: Allocation, flush: bool) -> Way {
    use WriteStrategy::{Auto, Mapped, Mixed, Positioned, Sequential};
    let small = Workers::for_bytes(len, options.threads).count() == 1;
    let workers = Workers::new(options.threads);
    let can_map = cfg!(feature = "mmap") && allocation == Allocation::Blocks;
    // That a mapping and positioned writes show the same bytes is promised by Linux only.
    let can_mix = cfg!(target_os = "linux");
    match options.strategy {
        Auto if small => Way::Positioned {
            workers: workers.at_most(1),
        },
        // The disk works on what was written by position while more is copied; a mapping is
        // flushed at the end only.
        Auto if flush || !can_map => Way::Positioned {
            workers: workers.at_most(WRITERS),
        },
        Positioned | Sequential => Way::Positioned { workers },
        _ if !can_map => Way::Positioned { workers },
        Auto | Mixed => Way::Mapped {
            front: can_mix,
            workers,
        },
        Mapped => Way::Mapped {
            front: false,
            workers,
        },
    }
}

pub(super) fn cannot_write(path: &Path, error: io::Error) -> Error {
    let full = error.kind() == io::ErrorKind::StorageFull;
    let error = Error::io(format!("cannot write `{}`", path.display()), error);
    if full {
        return error.with_hint("free some space; what was there before is unchanged");
    }
    error
}

#[cfg(test)]
mod tests;
