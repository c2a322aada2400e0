//! `wrappers.proto`: scalars that may be absent.

use crate::proto::message::message;

message! {
    /// A boolean that may be absent.
    pub struct BoolValue: "google.protobuf.BoolValue" {
        /// The boolean.
        1 => value: bool,
    }
}
