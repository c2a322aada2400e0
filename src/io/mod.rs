//! Where bytes go and when they count: plans of files, and the writing of them.

mod commit;
mod copy;
mod digest;
mod directory;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod group;
pub(crate) mod mapping;
mod memory;
mod plan;
mod replace;
mod shared;
mod sink;
mod system;
mod workers;

pub use commit::{CommitOptions, Progress, Sync, WriteStrategy};
pub(crate) use directory::{NewDirectory, replace_directory};
pub(crate) use files::Files;
pub(crate) use group::{FileGroup, NamedPlan};
pub(crate) use plan::{DigestId, Digests, FilePlan, Slot};
pub use shared::SharedBytes;
