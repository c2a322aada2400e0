//! A plan becomes a file: reserve, copy in parallel, flush, rename. `spec/io.md#commit`.

use std::fmt;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use super::copy::{self, Copy};
use super::plan::{Digests, FilePlan};
use super::replace::Replacement;
use crate::error::{Error, Result};

/// When written bytes are flushed to the disk.
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

/// How bytes get into a file; `spec/io.md#strategies` has the measurements.
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
    /// One worker writes from front to back, into files whose length cannot be set.
    Sequential,
}

/// Called with the number of bytes written so far.
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

impl FilePlan<'_> {
    /// Writes the file beside `path` and renames it to there; on failure `path` is as it was.
    pub(crate) fn commit(mut self, path: &Path, options: &CommitOptions) -> Result<Digests> {
        let target = Replacement::begin(path, options.overwrite)?;
        let flush = match options.sync {
            Sync::Always => true,
            Sync::OnReplace => target.replaces(),
            Sync::Never => false,
        };
        let digests = self.digests();
        let filled = self.filled(&digests);
        let copy = Copy::new(&self.layout, &filled, flush, options);
        let failed = |error| Error::io(format!("cannot write `{}`", path.display()), error);
        write(target.file(), &copy).map_err(failed)?;
        if flush {
            target.file().sync_all().map_err(failed)?;
        }
        target.finish(flush)?;
        Ok(digests)
    }
}

/// Blocks first: a mapping over a hole dies on a full disk, where allocation only fails.
fn write(file: &File, copy: &Copy<'_>) -> std::io::Result<()> {
    let strategy = copy.strategy();
    if strategy == WriteStrategy::Sequential {
        return copy.sequential(file);
    }
    match copy::allocate(file, copy.len()) {
        copy::Allocated::Blocks => copy.run(file, strategy),
        copy::Allocated::LengthOnly => copy.run(file, WriteStrategy::Positioned),
        copy::Allocated::Nothing => copy.sequential(file),
        copy::Allocated::Failed(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
