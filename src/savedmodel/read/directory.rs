//! The files of a SavedModel, and what is said of directories that hold no model of Keras.

use std::collections::BTreeMap;
use std::path::Path;

use super::checkpoint::Checkpoint;
use super::descriptions::Descriptions;
use super::objects::{NodeId, Objects};
use super::signatures::check_signatures;
use super::tables::{self, Tables};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::{Files, SharedBytes};
use crate::limits::Limits;
use crate::proto::Message;
use crate::proto::keras::SavedMetadata;
use crate::proto::outline::{MetaGraphOutline, SavedModelOutline};

pub(super) const SAVED_MODEL: &str = "saved_model.pb";
const SAVED_MODEL_TEXT: &str = "saved_model.pbtxt";
const KERAS_METADATA: &str = "keras_metadata.pb";
pub(super) const VARIABLES: &str = "variables/variables";

/// Whether these are the files of a SavedModel.
pub(crate) fn is_saved_model(files: &Files) -> bool {
    files.contains(SAVED_MODEL)
}

/// The error for a directory that is no SavedModel.
#[cold]
pub(crate) fn missing(files: &Files) -> Error {
    if files.contains(SAVED_MODEL_TEXT) {
        let message = format!("`{SAVED_MODEL_TEXT}`, a SavedModel as text");
        return Error::new(ErrorKind::Unsupported, message)
            .with_hint("save it with TensorFlow 2, which writes `saved_model.pb`");
    }
    Error::new(
        ErrorKind::NotFound,
        format!("a directory without `{SAVED_MODEL}`, expected a SavedModel or a model file"),
    )
}

/// What the files of a directory hold.
pub(super) struct Directory {
    pub(super) objects: Objects,
    pub(super) descriptions: Descriptions,
    pub(super) checkpoint: Checkpoint,
    pub(super) tables: Tables,
    /// The model.
    pub(super) root: NodeId,
    /// `saved_model.pb` itself.
    pub(super) file: SharedBytes,
    /// The files that it refers to, by their numbers in it.
    pub(super) assets: BTreeMap<u32, (String, SharedBytes)>,
}

impl Directory {
    pub(super) fn read(files: &Files, limits: Limits) -> Result<Directory> {
        let file = files.open(SAVED_MODEL)?;
        let (meta, mut objects) = graph(&file, &limits).within(|| SAVED_MODEL)?;
        let descriptions = described(files, &objects, &limits)?;
        let is_keras = |root: &NodeId| descriptions.get(*root).is_some();
        let root = objects.root().filter(is_keras);
        let root = root.ok_or_else(|| not_keras(&objects))?;
        let (checkpoint, stored) = Checkpoint::open(files, Path::new(VARIABLES), limits)?;
        objects.take_keys(&stored);
        let known = (&objects, &descriptions);
        let tables = Tables::of(&meta, known, files, &limits).within(|| SAVED_MODEL)?;
        let assets = tables::assets(&meta, files).within(|| SAVED_MODEL)?;
        check_signatures(&meta, &limits).within(|| SAVED_MODEL)?;
        Ok(Directory {
            assets,
            objects,
            descriptions,
            checkpoint,
            tables,
            root,
            file,
        })
    }
}

/// The graph that is loaded, which is the first for TensorFlow and Keras, too, and its objects.
fn graph(file: &[u8], limits: &Limits) -> Result<(MetaGraphOutline, Objects)> {
    let saved = SavedModelOutline::decode(file, limits)?;
    let meta = saved.meta_graphs.into_iter().next();
    let meta = meta.ok_or_else(|| {
        let message = "a SavedModel without a graph";
        Error::new(ErrorKind::Malformed, message)
    })?;
    let objects = meta.objects_outline(limits)?.ok_or_else(tensorflow1)?;
    Ok((meta, Objects::of_saved(objects)?))
}

fn described(files: &Files, objects: &Objects, limits: &Limits) -> Result<Descriptions> {
    if !files.contains(KERAS_METADATA) {
        return Descriptions::of_objects(objects, limits).within(|| SAVED_MODEL);
    }
    let bytes = files.open(KERAS_METADATA)?;
    let metadata = SavedMetadata::decode(&bytes, limits);
    let described = metadata.and_then(|it| Descriptions::of_metadata(it, objects, limits));
    described.within(|| KERAS_METADATA)
}

/// What there is for SavedModels that no model of Keras was saved as.
const ALTERNATIVE: &str = "`hornfels show` lists what it computes, `hornfels ls` and `get` its variables; \
     Keras models are saved with `model.save`";

#[cold]
fn tensorflow1() -> Error {
    let message =
        "a SavedModel of TensorFlow 1, which has a graph and no objects, expected a Keras model";
    Error::new(ErrorKind::NotFound, message).with_hint(ALTERNATIVE)
}

#[cold]
fn not_keras(objects: &Objects) -> Error {
    let root = objects.root().and_then(|root| objects.node(root));
    let message = match root.map(|node| node.class.as_str()) {
        Some(class) if class.starts_with("_tf_keras_") => format!(
            "a Keras model (`{class}`) without `{KERAS_METADATA}`: saved with \
             `tf.saved_model.save`, which leaves out what it is made of"
        ),
        _ => "a SavedModel of something else than a Keras model: a `tf.Module` or functions"
            .to_owned(),
    };
    Error::new(ErrorKind::NotFound, message).with_hint(ALTERNATIVE)
}
