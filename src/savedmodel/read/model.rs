//! A model from the files of a SavedModel.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::carried::carried;
use super::directory::{Directory, Encoded};
use super::layers::layers_of;
use super::network::network;
use super::objects::NodeId;
use super::optimizer::{self, Trained};
use super::states::states;
use super::variables::{LayerVariables, Values};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::Files;
use crate::keras::{CompileConfig, Dialect, Metadata, Model, Network, Variable};
use crate::keras_h5::{TOP_LEVEL, optimizer_state, variables_of};
use crate::limits::Limits;
use crate::options::LoadOptions;

/// What is needed of the description of a model.
const DESCRIBED: [&str; 7] = [
    "class_name",
    "name",
    "config",
    "is_graph_network",
    "keras_version",
    "backend",
    "training_config",
];

/// Loads the model that the files of a SavedModel hold, copying no weight.
pub(crate) fn load(files: &Files, options: &LoadOptions) -> Result<Model<'static>> {
    let encoded = Encoded::open(files)?;
    let directory = Directory::read(&encoded, files, options.limits)?;
    let Directory {
        objects,
        descriptions,
        checkpoint,
        root,
        ..
    } = &directory;
    let described = descriptions.get(*root).ok_or_else(no_description)?;
    let described = described.pick(DESCRIBED, &options.limits);
    let mut described = described.within(|| "the model's description")?;
    let mut model = Model::new(network(&directory, &mut described, &options.limits)?);
    let text = |key: &str| Some(described.get(key)?.as_str()?.to_owned());
    model.metadata = Metadata {
        keras_version: text("keras_version"),
        backend: text("backend"),
        dialect: Some(Dialect::Keras2),
        ..Metadata::default()
    };
    let mut values = Values::new(objects, checkpoint);
    let ids = read_layers(&directory, &mut model, &mut values, options)?;
    let known = (objects, descriptions, *root);
    let layers = layers_of(&model.network, known, &options.limits)?;
    model.metadata.states = states(&layers, objects, &mut values)?;
    let files = (&encoded.graph, &directory.assets);
    model.metadata.carried = carried(files, known, &model.network, &layers, &ids, options)?;
    if options.compile {
        let compile = described.get_mut("training_config").map(Value::take);
        if let Some(compile) = compile.filter(|it| !it.is_null()) {
            let config = CompileConfig::from_json(compile, Dialect::Keras2);
            model.compile = Some(config.within(|| "training_config")?);
            read_optimizer(&directory, &mut model, &ids, &mut values, options.limits)?;
        }
    }
    Ok(model)
}

#[cold]
fn no_description() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "nothing in `keras_metadata.pb` describes the model itself",
    )
}

/// Gives the model the variables of its layers; their objects by their paths.
fn read_layers(
    directory: &Directory<'_>,
    model: &mut Model<'static>,
    values: &mut Values<'_>,
    options: &LoadOptions,
) -> Result<HashMap<String, NodeId>> {
    let mut ids = Vec::new();
    for layer in stored_layers(directory, &model.network, values, options)? {
        model.variables.add_layer(&layer.name, layer.variables)?;
        ids.extend(layer.ids);
    }
    model.name_variables(&options.layers);
    let paths = model.variables.iter().map(|it| it.path.clone());
    let ids: HashMap<String, NodeId> = paths.zip(ids).collect();
    for (path, id) in &ids {
        let variable = directory.objects.node(*id);
        let variable = variable.and_then(|it| it.variable.as_ref());
        if variable.is_some_and(|it| !it.is_trained()) {
            model.variables.mark_fixed(path.clone());
        }
    }
    Ok(ids)
}

/// The variables of a layer, and the objects that they are.
struct StoredLayer {
    name: String,
    variables: Vec<Variable<'static>>,
    ids: Vec<NodeId>,
}

/// The layers of a network, and what belongs to none of them.
fn stored_layers(
    directory: &Directory<'_>,
    network: &Network,
    values: &mut Values<'_>,
    options: &LoadOptions,
) -> Result<Vec<StoredLayer>> {
    let (objects, descriptions) = (&directory.objects, &directory.descriptions);
    let mut reader = LayerVariables::new(objects, descriptions, &directory.tables, options.limits);
    let named = descriptions.by_name(&objects.numbered(directory.root, "layer-"));
    let mut stored = |name: &str, ids: Vec<NodeId>| {
        let found = values.all(&ids)?;
        Ok::<_, Error>(StoredLayer {
            name: name.to_owned(),
            variables: variables_of(network, name, found),
            ids,
        })
    };
    let layers = match network {
        Network::Subclassed(_) => &[],
        network => network.layers(),
    };
    let mut found = Vec::new();
    for layer in layers {
        let name = layer.name();
        let place = || format!("layer `{name}`");
        let own = match (named.get(name), layer.network()) {
            (Some(id), Some(inner)) => reader.of_model(inner, *id).within(place)?,
            (Some(id), None) => reader.of_layer(*id).within(place)?,
            (None, _) if layer.class_name() == "InputLayer" => continue,
            (None, _) => {
                let message = "in the model's config, but there is no such object";
                return Err(Error::new(ErrorKind::Malformed, message)).within(place);
            }
        };
        found.push(stored(name, own).within(place)?);
    }
    let of_layers: HashSet<NodeId> = found.iter().flat_map(|it| &it.ids).copied().collect();
    let mut own = reader.of_layer(directory.root)?;
    own.retain(|id| !of_layers.contains(id));
    found.push(stored(TOP_LEVEL, own)?);
    Ok(found)
}

fn read_optimizer(
    directory: &Directory<'_>,
    model: &mut Model<'static>,
    ids: &HashMap<String, NodeId>,
    values: &mut Values<'_>,
    limits: Limits,
) -> Result<()> {
    let Some(optimizer) = directory.objects.child(directory.root, "optimizer") else {
        return Ok(());
    };
    let config = model.compile.as_ref().and_then(CompileConfig::optimizer);
    let variables = model.trainable_variables();
    let trained = variables.iter().filter_map(|it| ids.get(&it.path).copied());
    let trained: Vec<NodeId> = trained.collect();
    let (objects, descriptions) = (&directory.objects, &directory.descriptions);
    let mut reader = LayerVariables::new(objects, descriptions, &directory.tables, limits);
    let saved = reader.of_layer(directory.root)?.into_iter();
    let saved: HashMap<NodeId, usize> = saved.zip(0..).collect();
    let mut as_saved: Vec<usize> = (0..trained.len()).collect();
    as_saved.sort_by_key(|at| trained.get(*at).and_then(|id| saved.get(id)));
    let trained = Trained {
        objects: trained,
        as_saved,
        variables: &variables,
    };
    let config = config.as_ref();
    let stored = optimizer::state(objects, optimizer, config, &trained, values)?;
    if !stored.is_empty() {
        model.optimizer = Some(optimizer_state(model, stored));
    }
    Ok(())
}
