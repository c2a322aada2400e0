//! `saver.proto`: which nodes save and restore variables.

use crate::proto::message::message;
use crate::proto::value::open_enum;

message! {
    /// Which nodes of a graph save and restore its variables.
    pub struct SaverDef: "tensorflow.SaverDef" {
        /// The tensor that is fed the path: `saver_filename:0`.
        1 => filename_tensor_name: String,
        /// The tensor that saves when it is fetched: `StatefulPartitionedCall_1:0`.
        2 => save_tensor_name: String,
        /// The operation that restores: `StatefulPartitionedCall_2`.
        3 => restore_op_name: String,
        /// How many checkpoints a session keeps; not written by Keras.
        4 => max_to_keep: i32,
        /// Whether each device has a file of its own; not written by Keras.
        5 => sharded: bool,
        /// How often a session keeps a checkpoint for good; not written by Keras.
        6 => keep_checkpoint_every_n_hours: f32,
        /// The layout of checkpoints: `V2`, the tensor bundle.
        7 => version: CheckpointFormatVersion,
    }
}

open_enum! {
    /// The layout of checkpoints.
    pub enum CheckpointFormatVersion: "tensorflow.SaverDef.CheckpointFormatVersion" {
        LEGACY = 0,
        V1 = 1,
        V2 = 2,
    }
}
