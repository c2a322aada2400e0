//! Where bytes go and when they count: plans of files, and the writing of them.

#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub(crate) mod mapping;
mod memory;
mod plan;
mod shared;

pub(crate) use plan::{DigestId, Digests, FilePlan, Slot};
pub use shared::SharedBytes;
