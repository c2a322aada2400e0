//! TensorFlow's tensor bundles: the `.index` and `.data-i-of-n` files of checkpoints.

pub mod sstable;
