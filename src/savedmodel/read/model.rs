//! A model from the files of a SavedModel.

use std::collections::{HashMap, HashSet};

use super::carried::carried;
use super::directory::Directory;
use super::network::network;
use super::objects::NodeId;
use super::optimizer::{self, Trained};
use super::variables::{LayerVariables, Values};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::Files;
use crate::keras::{CompileConfig, Dialect, Metadata, Model, Network};
use crate::keras_h5::{TOP_LEVEL, optimizer_state, variables_of};
use crate::options::LoadOptions;

/// Loads the model that the files of a SavedModel hold, copying no weight.
pub(crate) fn load(files: &Files, options: &LoadOptions) -> Result<Model<'static>> {
    let directory = Directory::read(files, options.limits)?;
    let Directory {
        objects,
        descriptions,
        checkpoint,
        root,
        file,
        ..
    } = &directory;
    let network = network(&directory, &options.limits)?;
    let mut model = Model::new(network);
    let described = descriptions.get(*root);
    let text = |key: &str| Some(described?.get(key)?.as_str()?.to_owned());
    model.metadata = Metadata {
        keras_version: text("keras_version"),
        backend: text("backend"),
        dialect: Some(Dialect::Keras2),
        extras: Vec::new(),
        carried: None,
    };
    let mut values = Values::new(objects, checkpoint);
    let ids = read_layers(&directory, &mut model, &mut values, options)?;
    model.metadata.carried = carried(
        file.clone(),
        (objects, descriptions, *root),
        &model,
        &ids,
        options,
    )?;
    if options.compile {
        let compile = described.and_then(|it| it.get("training_config"));
        if let Some(compile) = compile.filter(|it| !it.is_null()) {
            let config = CompileConfig::from_json(compile.clone(), Dialect::Keras2);
            model.compile = Some(config.within(|| "training_config")?);
            read_optimizer(&directory, &mut model, &ids, &mut values)?;
        }
    }
    Ok(model)
}

/// Gives the model the variables of its layers; their objects by their paths.
fn read_layers(
    directory: &Directory,
    model: &mut Model<'static>,
    values: &mut Values<'_>,
    options: &LoadOptions,
) -> Result<HashMap<String, NodeId>> {
    let (objects, descriptions) = (&directory.objects, &directory.descriptions);
    let mut reader = LayerVariables::new(objects, descriptions, &directory.tables, options.limits);
    let layers = objects.numbered(directory.root, "layer-").into_iter();
    let named: HashMap<&str, NodeId> = layers
        .filter_map(|id| Some((descriptions.name(id)?, id)))
        .collect();
    let mut ids = Vec::new();
    let mut of_layers = HashSet::new();
    let names: Vec<String> = match &model.network {
        Network::Subclassed(_) => Vec::new(),
        network => (network.layers().iter())
            .map(|layer| layer.name().to_owned())
            .collect(),
    };
    for name in &names {
        let place = || format!("layer `{name}`");
        let own = match named.get(name.as_str()) {
            Some(id) => reader.of_layer(*id).within(place)?,
            None if is_input(&model.network, name) => continue,
            None => {
                let message = "in the model's config, but there is no such object";
                return Err(Error::new(ErrorKind::Malformed, message)).within(place);
            }
        };
        of_layers.extend(own.iter().copied());
        let stored = values.all(&own).within(place)?;
        let variables = variables_of(&model.network, name, stored);
        model.variables.add_layer(name, variables)?;
        ids.extend(own);
    }
    let mut own = reader.of_layer(directory.root)?;
    own.retain(|id| !of_layers.contains(id));
    let stored = values.all(&own)?;
    let variables = variables_of(&model.network, TOP_LEVEL, stored);
    model.variables.add_layer(TOP_LEVEL, variables)?;
    ids.extend(own);
    model.name_variables(&options.layers);
    let paths = model.variables.iter().map(|it| it.path.clone());
    let ids: HashMap<String, NodeId> = paths.zip(ids).collect();
    for (path, id) in &ids {
        let variable = objects.node(*id).and_then(|it| it.variable.as_ref());
        if variable.is_some_and(|it| !it.is_trained()) {
            model.variables.mark_fixed(path.clone());
        }
    }
    Ok(ids)
}

fn is_input(network: &Network, layer: &str) -> bool {
    let layer = network.get_layer(layer);
    layer.is_some_and(|it| it.class_name() == "InputLayer")
}

fn read_optimizer(
    directory: &Directory,
    model: &mut Model<'static>,
    ids: &HashMap<String, NodeId>,
    values: &mut Values<'_>,
) -> Result<()> {
    let Some(optimizer) = directory.objects.child(directory.root, "optimizer") else {
        return Ok(());
    };
    let config = model.compile.as_ref().and_then(CompileConfig::optimizer);
    let variables = model.trainable_variables();
    let objects = variables.iter().filter_map(|it| ids.get(&it.path).copied());
    let trained = Trained {
        objects: objects.collect(),
        variables: &variables,
    };
    let config = config.as_ref();
    let stored = optimizer::state(&directory.objects, optimizer, config, &trained, values)?;
    if !stored.is_empty() {
        model.optimizer = Some(optimizer_state(model, stored));
    }
    Ok(())
}
