//! `saved_metadata.proto`: what is in the file `keras_metadata.pb`.

use super::VersionDef;
use crate::proto::message::message;

message! {
    /// What Keras knows about the objects of a SavedModel: the file `keras_metadata.pb`.
    pub struct SavedMetadata: "keras.SavedMetadata" {
        /// Models, layers and metrics, in the order of their indexes.
        1 => nodes: Vec<SavedObject>,
    }
}

message! {
    /// A model, layer or metric.
    pub struct SavedObject: "keras.SavedObject" {
        /// Its index in the object graph.
        2 => node_id: i32,
        /// The way to it from the root: `root.layer_with_weights-0`.
        3 => node_path: String,
        /// What it is: `_tf_keras_layer`, `_tf_keras_metric`, …
        4 => identifier: String,
        /// Its class, config and more, as JSON.
        5 => metadata: String,
        /// The version of this layout: producer 2, reader 1.
        6 => version: Option<VersionDef>,
    }
}
