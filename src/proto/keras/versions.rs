//! `versions.proto`: a copy of TensorFlow's.

use crate::proto::message::message;

message! {
    /// Which version wrote something, and which may read it.
    pub struct VersionDef: "keras.VersionDef" {
        /// The version of the writer.
        1 => producer: i32,
        /// The oldest reader.
        2 => min_consumer: i32,
        /// Readers that are known to fail.
        3 => bad_consumers: Vec<i32>,
    }
}
