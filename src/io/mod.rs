//! Where bytes go and when they count: plans of files, and the writing of them.

#[cfg(any(test, fuzzing))]
pub mod fuzz;
