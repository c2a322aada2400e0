//! Where bytes go and when they count: plans of files, and the writing of them.

mod commit;
mod copy;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub(crate) mod mapping;
mod memory;
mod plan;
mod replace;
mod shared;

pub use commit::{CommitOptions, Progress, Sync, WriteStrategy};
pub(crate) use plan::{DigestId, Digests, FilePlan, Slot};
pub use shared::SharedBytes;
