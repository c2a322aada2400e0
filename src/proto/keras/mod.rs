//! Keras's messages: what is in the file `keras_metadata.pb`.

pub mod saved_metadata;
pub mod versions;

pub use saved_metadata::{SavedMetadata, SavedObject};
pub use versions::VersionDef;
