//! Groups, attributes and datasets become a model.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    BACKEND, KERAS_VERSION, LAYER_NAMES, MODEL_CONFIG, MODEL_WEIGHTS, OPTIMIZER_WEIGHTS, TOP_LEVEL,
    TRAINING_CONFIG, WEIGHT_NAMES, attributes, extras, names, paths,
};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::Group;
use crate::keras::{
    CompileConfig, Dialect, Metadata, Model, Network, Object, OptimizerState, Variable, json,
};
use crate::options::LoadOptions;
use crate::tensor::Tensor;

/// Loads the model that stands in a group of an HDF5 file, copying no weight.
///
/// Where Keras takes an open `h5py.File` as `filepath`, this takes the group; see
/// [`save_into`](super::save_into) for an example.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] if there is no model, with what there is instead;
/// [`ErrorKind::Malformed`] if the parts do not fit together.
pub fn load_from(group: &Group, options: &LoadOptions) -> Result<Model<'static>> {
    let config = json_attribute(group, MODEL_CONFIG, options)?.ok_or_else(|| no_model(group))?;
    let version = text(group, KERAS_VERSION)?;
    let dialect = dialect(version.as_deref(), &config);
    let network = Object::from_json(config, dialect)
        .and_then(|object| Network::from_object(object, &options.limits))
        .within(|| format!("attribute `{MODEL_CONFIG}`"))?;

    let mut model = Model::new(network);
    model.metadata = Metadata {
        keras_version: version,
        backend: text(group, BACKEND)?,
        dialect: Some(dialect),
        extras: Vec::new(),
    };
    let mut known = HashSet::new();
    let weights = group.group(MODEL_WEIGHTS)?;
    read_layers(&weights, &mut model, options, &mut known).within(|| MODEL_WEIGHTS)?;
    if options.compile {
        read_training(group, &mut model, options, &mut known)?;
    }
    model.metadata.extras = extras::read(group, &known, options.compile)?;
    Ok(model)
}

/// A group without `model_config`: says what it looks like.
fn no_model(group: &Group) -> Error {
    let has = |name: &str| group.contains(name).unwrap_or(false);
    let has_names = attributes::read_names(group, LAYER_NAMES).is_ok_and(|names| names.is_some());
    let found = if has_names {
        "weights of a model without its config (a `save_weights` file)"
    } else if has("layers") || has("_layer_checkpoint_dependencies") {
        "weights of a Keras 3 model without its config (a `.weights.h5` file)"
    } else {
        "an HDF5 file that holds no Keras model"
    };
    Error::new(
        ErrorKind::NotFound,
        format!("{found}, expected the attribute `{MODEL_CONFIG}` of a whole model"),
    )
    .with_hint("`hornfels ls` shows what the file holds")
    .within(format!("group {}", group.path()))
}

/// By the version, else by what only one dialect writes.
fn dialect(version: Option<&str>, config: &Value) -> Dialect {
    version.and_then(Dialect::of_version).unwrap_or_else(|| {
        let layers = config.pointer("/config/layers").and_then(Value::as_array);
        let has_modules = layers.is_some_and(|all| all.iter().any(|it| it.get("module").is_some()));
        if has_modules {
            Dialect::Keras3
        } else {
            Dialect::Keras2
        }
    })
}

fn text(group: &Group, name: &str) -> Result<Option<String>> {
    group
        .attribute(name)?
        .map(|attribute| attribute.string())
        .transpose()
}

fn json_attribute(group: &Group, name: &str, options: &LoadOptions) -> Result<Option<Value>> {
    let Some(text) = text(group, name)? else {
        return Ok(None);
    };
    json::parse_with(&text, &options.limits)
        .map(Some)
        .within(|| format!("attribute `{name}`"))
        .within(|| format!("group {}", group.path()))
}

/// Datasets that belong to the model are added to `known`, by their paths from its group.
fn read_layers(
    group: &Group,
    model: &mut Model<'static>,
    options: &LoadOptions,
    known: &mut HashSet<String>,
) -> Result<()> {
    let listed = attributes::read_names(group, LAYER_NAMES)?.ok_or_else(|| {
        Error::new(
            ErrorKind::Malformed,
            format!("no attribute `{LAYER_NAMES}`"),
        )
    })?;
    let listed = distinct(listed)?;
    let saved = names::saved_layers(&model.network, |name| listed.iter().any(|it| it == name));
    if listed != saved {
        return Err(Error::new(
            ErrorKind::Malformed,
            format!("weights of the layers {listed:?}, expected those of the config, {saved:?}"),
        ));
    }
    options
        .limits
        .objects(u64::try_from(listed.len()).unwrap_or(u64::MAX), "layers")?;
    let top_level = group.contains(TOP_LEVEL)?.then(|| TOP_LEVEL.to_owned());
    for layer in listed.into_iter().chain(top_level) {
        let stored = read_variables(&group.group(&layer)?).within(|| format!("layer `{layer}`"))?;
        let network = &model.network;
        let variables = stored.into_iter().map(|(name, tensor)| {
            known.insert(format!("{MODEL_WEIGHTS}/{layer}/{name}"));
            Variable {
                path: paths::path(network, &layer, &name),
                stored_name: Some(name),
                tensor,
            }
        });
        let variables = variables.collect();
        model.variables.add_layer(&layer, variables)?;
    }
    model.name_variables(&options.layers);
    Ok(())
}

/// The names, if none is there twice: each is a group, and a group holds one layer.
fn distinct(names: Vec<String>) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(names),
        Some(twice) => Err(Error::new(
            ErrorKind::Malformed,
            format!("two layers are called `{twice}` in `{LAYER_NAMES}`"),
        )),
    }
}

fn read_training(
    group: &Group,
    model: &mut Model<'static>,
    options: &LoadOptions,
    known: &mut HashSet<String>,
) -> Result<()> {
    if let Some(config) = json_attribute(group, TRAINING_CONFIG, options)? {
        let dialect = model.network.dialect();
        model.compile = Some(CompileConfig::from_json(config, dialect).within(|| TRAINING_CONFIG)?);
    }
    if group.contains(OPTIMIZER_WEIGHTS)? {
        let stored =
            read_variables(&group.group(OPTIMIZER_WEIGHTS)?).within(|| OPTIMIZER_WEIGHTS)?;
        let variables = stored.into_iter().map(|(name, tensor)| {
            known.insert(format!("{OPTIMIZER_WEIGHTS}/{name}"));
            let path = names::without_suffix(&name).to_owned();
            Variable {
                path,
                stored_name: Some(name),
                tensor,
            }
        });
        let mut state = OptimizerState {
            variables: variables.collect(),
        };
        if let Some(config) = &model.compile {
            state.name_paths(config, &model.trainable_variables());
        }
        model.optimizer = Some(state);
    }
    Ok(())
}

/// The tensors listed by a group, in the order of the list.
fn read_variables(group: &Group) -> Result<Vec<(String, Tensor<'static>)>> {
    let names = attributes::read_names(group, WEIGHT_NAMES)?.unwrap_or_default();
    let tensors = names.into_iter().map(|name| {
        let tensor = group.dataset(&name)?.tensor()?;
        Ok((name, tensor))
    });
    tensors.collect()
}
