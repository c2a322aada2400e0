//! Operations by what they do, with their inputs as arguments.
//!
//! These are the ones that layers use over and over; all others are added by their names with
//! [`FunctionBuilder::op`](super::FunctionBuilder::op).

mod array;
mod call;
mod math;

pub use array::Slice;
