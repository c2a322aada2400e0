//! How much is measured, how often, and where.

use std::fmt;
use std::path::PathBuf;
use std::{env, process, thread};

use crate::Result;

/// What the environment says.
pub(crate) struct Settings {
    /// Size of the weights.
    pub(crate) mib: usize,
    pub(crate) rounds: usize,
    /// Where the files go.
    directory: PathBuf,
}

/// Figures are meant for this size; a smaller one is for seeing that everything runs.
const FULL: usize = 1024;

impl Settings {
    pub(crate) fn from_environment() -> Result<Self> {
        let number = |name, default| env::var(name).map_or(Ok(default), |text| text.parse());
        Ok(Settings {
            mib: number("HORNFELS_BENCH_MIB", FULL)?.max(1),
            rounds: number("HORNFELS_BENCH_ROUNDS", 5)?.max(1),
            directory: env::var_os("HORNFELS_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from),
        })
    }

    /// A directory of one's own, removed with what is in it in the end.
    pub(crate) fn directory(&self, name: &str) -> Result<Directory> {
        let path = self.directory.join(format!("{name}-{}", process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Directory(path))
    }

    /// `full` things at full size, in proportion fewer of a smaller one, and at least `least`.
    pub(crate) fn scaled(&self, full: usize, least: usize) -> usize {
        (full * self.mib / FULL).clamp(least, full)
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        write!(
            f,
            "{} MiB, medians of {} rounds, {cores} cores, load {load}",
            self.mib, self.rounds
        )
    }
}

/// A directory that is removed when it is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
