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
use crate::proto::outline::{MetaGraphOutline, SavedMetadataOutline, SavedModelOutline};

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

/// The files that objects and descriptions are parts of.
pub(super) struct Encoded {
    /// `saved_model.pb` itself.
    pub(super) graph: SharedBytes,
    /// `keras_metadata.pb`, which TensorFlow before 2.5 did not write.
    metadata: Option<SharedBytes>,
}

impl Encoded {
    pub(super) fn open(files: &Files) -> Result<Encoded> {
        let metadata = files.contains(KERAS_METADATA);
        let metadata = metadata.then(|| files.open(KERAS_METADATA));
        Ok(Encoded {
            graph: files.open(SAVED_MODEL)?,
            metadata: metadata.transpose()?,
        })
    }
}

/// What the files of a directory hold.
pub(super) struct Directory<'f> {
    pub(super) objects: Objects<'f>,
    pub(super) descriptions: Descriptions<'f>,
    pub(super) checkpoint: Checkpoint,
    pub(super) tables: Tables,
    /// The model.
    pub(super) root: NodeId,
    /// The files that it refers to, by their numbers in it.
    pub(super) assets: BTreeMap<u32, (String, SharedBytes)>,
}

impl<'f> Directory<'f> {
    pub(super) fn read(encoded: &'f Encoded, files: &Files, limits: Limits) -> Result<Self> {
        let (meta, mut objects) = graph(&encoded.graph, &limits).within(|| SAVED_MODEL)?;
        let descriptions = described(encoded, &objects, &limits)?;
        let is_keras = |root: &NodeId| descriptions.get(*root).is_some();
        let root = objects.root().filter(is_keras);
        let root = root.ok_or_else(|| not_keras(&objects))?;
        let checkpoint = Checkpoint::open(files, Path::new(VARIABLES), limits)?;
        objects.take_keys(&checkpoint.objects(&limits)?);
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
        })
    }
}

/// The graph that is loaded, which is the first for TensorFlow and Keras, too, and its objects.
fn graph<'f>(file: &'f [u8], limits: &Limits) -> Result<(MetaGraphOutline<'f>, Objects<'f>)> {
    let saved = SavedModelOutline::decode(file, limits)?;
    let meta = saved.meta_graphs.into_iter().next();
    let meta = meta.ok_or_else(|| {
        let message = "a SavedModel without a graph";
        Error::new(ErrorKind::Malformed, message)
    })?;
    let objects = meta.objects_outline(limits)?.ok_or_else(tensorflow1)?;
    Ok((meta, Objects::of_saved(objects)?))
}

fn described<'f>(
    encoded: &'f Encoded,
    objects: &Objects<'f>,
    limits: &Limits,
) -> Result<Descriptions<'f>> {
    let Some(bytes) = &encoded.metadata else {
        return Descriptions::of_objects(objects, limits).within(|| SAVED_MODEL);
    };
    let metadata = SavedMetadataOutline::decode(bytes, limits);
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
fn not_keras(objects: &Objects<'_>) -> Error {
    let root = objects.root().and_then(|root| objects.node(root));
    let message = match root.map(|node| node.class) {
        Some(class) if class.starts_with("_tf_keras_") => format!(
            "a Keras model (`{class}`) without `{KERAS_METADATA}`: saved with \
             `tf.saved_model.save`, which leaves out what it is made of"
        ),
        _ => "a SavedModel of something else than a Keras model: a `tf.Module` or functions"
            .to_owned(),
    };
    Error::new(ErrorKind::NotFound, message).with_hint(ALTERNATIVE)
}
