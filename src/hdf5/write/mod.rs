//! Writing: describe a tree, get a file.
//!
//! [`Tree`] says what is to be written; `heap.rs` gathers its strings of variable length,
//! `place.rs` gives every structure its address, and `emit.rs` makes the plan of the file. What
//! the structures of one object look like is in `header.rs`, how a classic group finds its links
//! in `symbol_table.rs`.

mod emit;
mod header;
mod heap;
mod options;
mod place;
mod symbol_table;
#[cfg(test)]
mod tests;
mod tree;
mod value;

pub use options::{Layout, WriteOptions};
pub use tree::{DatasetMut, GroupMut, Tree};
pub use value::Value;
