//! Values for the variables of a model that is there already, from a SavedModel or a checkpoint.

use std::path::Path;

use super::checkpoint::Checkpoint;
use super::descriptions::Descriptions;
use super::directory::Directory;
use super::objects::NodeId;
use super::optimizer::{self, Trained};
use super::tables::Tables;
use super::variables::{LayerVariables, Values};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::{Files, SharedBytes};
use crate::keras::{CompileConfig, Model};
use crate::keras_h5::{TOP_LEVEL, WeightsReport, load_stored};
use crate::options::LoadWeightsOptions;

/// Gives the variables of a model the values of a SavedModel, or of a checkpoint whose files begin with
/// `prefix`: layer by layer in order.
pub(crate) fn load_weights(
    files: &Files,
    prefix: Option<&Path>,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
) -> Result<WeightsReport> {
    let source = match prefix {
        None => Directory::read(files, options.limits)?,
        Some(prefix) => of_checkpoint(files, prefix, options)?,
    };
    let Directory {
        objects,
        descriptions,
        checkpoint,
        tables,
        root,
        ..
    } = &source;
    let mut reader = LayerVariables::new(objects, descriptions, tables, options.limits);
    let mut values = Values::new(objects, checkpoint);
    let mut layers = Vec::new();
    let mut trained = Vec::new();
    for (index, id) in objects.numbered(*root, "layer-").into_iter().enumerate() {
        let name = descriptions.name(id).map(str::to_owned);
        let name = name.unwrap_or_else(|| format!("layer-{index}"));
        let ids = reader.of_layer(id).within(|| format!("layer `{name}`"))?;
        layers.push((name, values.all(&ids)?));
        trained.extend(ids);
    }
    let known: std::collections::HashSet<NodeId> = trained.iter().copied().collect();
    let mut own = reader.of_layer(*root)?;
    own.retain(|id| !known.contains(id));
    layers.push((TOP_LEVEL.to_owned(), values.all(&own)?));
    trained.extend(own);
    let state = match objects.child(*root, "optimizer") {
        Some(optimizer) => {
            let config = model.compile.as_ref().and_then(CompileConfig::optimizer);
            let variables = model.trainable_variables();
            let is_trained = |id: &NodeId| {
                let variable = objects.node(*id).and_then(|it| it.variable.as_ref());
                variable.is_some_and(|it| it.is_trained())
            };
            trained.retain(is_trained);
            let trained = Trained {
                variables: &variables,
                objects: trained,
            };
            optimizer::state(objects, optimizer, config.as_ref(), &trained, &mut values)?
        }
        None => Vec::new(),
    };
    load_stored(layers, state, model, options)
}

fn of_checkpoint(files: &Files, prefix: &Path, options: &LoadWeightsOptions) -> Result<Directory> {
    let (checkpoint, objects) = Checkpoint::open(files, prefix, options.limits)?;
    let root = objects.root().ok_or_else(|| {
        let message = "a checkpoint without objects";
        Error::new(ErrorKind::NotFound, message)
    })?;
    // A `tf.train.Checkpoint` owns the model under the name it was given.
    let is_model = !objects.numbered(root, "layer-").is_empty();
    let inner = objects.child(root, "model").filter(|_| !is_model);
    Ok(Directory {
        assets: Default::default(),
        root: inner.unwrap_or(root),
        descriptions: Descriptions::default(),
        tables: Tables::default(),
        objects,
        checkpoint,
        file: SharedBytes::default(),
    })
}
