//! Values for the variables of a model that is there already, from a SavedModel or a checkpoint.

use std::collections::HashSet;
use std::path::Path;

use super::checkpoint::Checkpoint;
use super::descriptions::Descriptions;
use super::directory::{Directory, Encoded};
use super::objects::{NodeId, Objects};
use super::optimizer::{self, Trained};
use super::tables::Tables;
use super::variables::{LayerVariables, Values};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::Files;
use crate::keras::{CompileConfig, Model};
use crate::keras_h5::{TOP_LEVEL, WeightsReport, load_stored};
use crate::options::LoadWeightsOptions;
use crate::tensor::Tensor;

/// Gives the variables of a model the values of a SavedModel, or of a checkpoint whose files begin with
/// `prefix`: layer by layer in order.
pub(crate) fn load_weights(
    files: &Files,
    prefix: Option<&Path>,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
) -> Result<WeightsReport> {
    let Some(prefix) = prefix else {
        let encoded = Encoded::open(files)?;
        let directory = Directory::read(&encoded, files, options.limits)?;
        let source = Source {
            objects: &directory.objects,
            descriptions: &directory.descriptions,
            checkpoint: &directory.checkpoint,
            tables: &directory.tables,
            root: directory.root,
        };
        return source.load(model, options);
    };
    let checkpoint = Checkpoint::open(files, prefix, options.limits)?;
    let objects = checkpoint.objects(&options.limits)?;
    let source = Source {
        root: root_of_checkpoint(&objects)?,
        objects: &objects,
        descriptions: &Descriptions::default(),
        checkpoint: &checkpoint,
        tables: &Tables::default(),
    };
    source.load(model, options)
}

/// What values are read from.
struct Source<'s> {
    objects: &'s Objects<'s>,
    descriptions: &'s Descriptions<'s>,
    checkpoint: &'s Checkpoint,
    tables: &'s Tables,
    /// The model.
    root: NodeId,
}

impl Source<'_> {
    fn load(&self, model: &mut Model<'_>, options: &LoadWeightsOptions) -> Result<WeightsReport> {
        let (objects, root) = (self.objects, self.root);
        let mut reader =
            LayerVariables::new(objects, self.descriptions, self.tables, options.limits);
        let mut values = Values::new(objects, self.checkpoint);
        let mut layers = Vec::new();
        let mut trained = Vec::new();
        for (index, id) in objects.numbered(root, "layer-").into_iter().enumerate() {
            let name = self.descriptions.name(id).map(str::to_owned);
            let name = name.unwrap_or_else(|| format!("layer-{index}"));
            let ids = reader.of_layer(id).within(|| format!("layer `{name}`"))?;
            layers.push((name, values.all(&ids)?));
            trained.extend(ids);
        }
        let known: HashSet<NodeId> = trained.iter().copied().collect();
        let mut own = reader.of_layer(root)?;
        own.retain(|id| !known.contains(id));
        layers.push((TOP_LEVEL.to_owned(), values.all(&own)?));
        trained.extend(own);
        let state = self.optimizer_state(model, trained, &mut values)?;
        load_stored(layers, state, model, options)
    }

    fn optimizer_state(
        &self,
        model: &Model<'_>,
        mut trained: Vec<NodeId>,
        values: &mut Values<'_>,
    ) -> Result<Vec<(String, Tensor<'static>)>> {
        let objects = self.objects;
        let Some(optimizer) = objects.child(self.root, "optimizer") else {
            return Ok(Vec::new());
        };
        let config = model.compile.as_ref().and_then(CompileConfig::optimizer);
        let variables = model.trainable_variables();
        trained.retain(|id| {
            let variable = objects.node(*id).and_then(|it| it.variable.as_ref());
            variable.is_some_and(|it| it.is_trained())
        });
        let trained = Trained {
            as_saved: (0..variables.len()).collect(),
            variables: &variables,
            objects: trained,
        };
        optimizer::state(objects, optimizer, config.as_ref(), &trained, values)
    }
}

/// The model that the objects of a checkpoint belong to.
fn root_of_checkpoint(objects: &Objects<'_>) -> Result<NodeId> {
    let root = objects.root().ok_or_else(|| {
        let message = "a checkpoint without objects";
        Error::new(ErrorKind::NotFound, message)
    })?;
    // A `tf.train.Checkpoint` owns the model under the name it was given.
    let is_model = !objects.numbered(root, "layer-").is_empty();
    let inner = objects.child(root, "model").filter(|_| !is_model);
    Ok(inner.unwrap_or(root))
}
