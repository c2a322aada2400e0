//! Threads that share a job.

use std::io;
use std::num::NonZeroUsize;

/// Below so many bytes, threads cost more than they save.
const SMALL: u64 = 8 << 20;

/// How many threads work on a job.
#[derive(Debug)]
pub(super) struct Workers {
    count: usize,
    /// Whether the number was asked for, so that the shared threads may be fewer.
    #[cfg(feature = "rayon")]
    own: bool,
}

impl Workers {
    /// As many as asked for, or as there are cores.
    pub(super) fn new(asked: Option<NonZeroUsize>) -> Self {
        Workers {
            count: asked.map_or_else(available, NonZeroUsize::get),
            #[cfg(feature = "rayon")]
            own: asked.is_some(),
        }
    }

    /// As many as asked for, or as are worth it to move `len` bytes.
    pub(super) fn for_bytes(len: u64, asked: Option<NonZeroUsize>) -> Self {
        let workers = Workers::new(asked);
        if len < SMALL {
            workers.at_most(1)
        } else {
            workers
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The same, but at most `count`.
    pub(super) fn at_most(mut self, count: usize) -> Self {
        self.count = self.count.min(count).max(1);
        self
    }

    /// Runs `work` once per worker, numbered from 0, and collects what they give; if any fails,
    /// one of the failures.
    pub(super) fn run<T: Send>(
        &self,
        work: impl Fn(usize) -> io::Result<Vec<T>> + Sync,
    ) -> io::Result<Vec<T>> {
        if self.count == 1 {
            return work(0);
        }
        self.run_on_threads(&work)
    }

    #[cfg(feature = "rayon")]
    fn run_on_threads<T: Send>(
        &self,
        work: &(impl Fn(usize) -> io::Result<Vec<T>> + Sync),
    ) -> io::Result<Vec<T>> {
        use rayon::prelude::*;
        let each = || {
            // One job a worker: they are long, and share out the work among themselves.
            let numbers = (0..self.count).into_par_iter().with_max_len(1);
            numbers.map(work).collect::<io::Result<Vec<Vec<T>>>>()
        };
        let parts = if self.own {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(self.count);
            pool.build().map_err(io::Error::other)?.install(each)
        } else {
            each()
        };
        Ok(parts?.into_iter().flatten().collect())
    }

    #[cfg(not(feature = "rayon"))]
    fn run_on_threads<T: Send>(
        &self,
        work: &(impl Fn(usize) -> io::Result<Vec<T>> + Sync),
    ) -> io::Result<Vec<T>> {
        work(0)
    }
}

#[cfg(feature = "rayon")]
fn available() -> usize {
    rayon::current_num_threads()
}

#[cfg(not(feature = "rayon"))]
fn available() -> usize {
    1
}
