//! `any.proto`: any message.

use crate::proto::message::message;

message! {
    /// Any message, encoded.
    pub struct Any: "google.protobuf.Any" {
        /// What it is: `type.googleapis.com/` and the message's full name.
        1 => type_url: String,
        /// The message's bytes.
        2 => value: Vec<u8>,
    }
}
