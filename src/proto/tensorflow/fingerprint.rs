//! `fingerprint.proto`: what is in the file `fingerprint.pb`.

use super::VersionDef;
use crate::proto::message::message;

message! {
    /// Hashes of a SavedModel, which readers show and do not compare: the file `fingerprint.pb`.
    pub struct FingerprintDef: "tensorflow.FingerprintDef" {
        /// Of `saved_model.pb`, its maps in the order of their keys.
        1 => saved_model_checksum: u64,
        /// Of the graph without its functions, and without what differs from run to run.
        2 => graph_def_program_hash: u64,
        /// Of the signatures, with their names.
        3 => signature_def_hash: u64,
        /// Of the functions in the object graph.
        4 => saved_object_graph_hash: u64,
        /// Of `variables/variables.index`.
        5 => checkpoint_hash: u64,
        /// How the hashes are computed.
        6 => version: Option<VersionDef>,
        /// A random number; since TensorFlow 2.16.
        7 => uuid: String,
    }
}
