//! `saved_model.proto`: what is in the file `saved_model.pb`.

use super::MetaGraphDef;
use crate::proto::message::message;

message! {
    /// A whole SavedModel, its variables aside: the file `saved_model.pb`.
    pub struct SavedModel: "tensorflow.SavedModel" {
        /// The version of the layout: 1.
        1 => saved_model_schema_version: i64,
        /// Its graphs; Keras writes one, with the tag `serve`.
        2 => meta_graphs: Vec<MetaGraphDef>,
    }
}
