//! Groups, attributes and datasets become a model.

use std::collections::HashSet;

use serde_json::Value;

use super::keras2::{optimizer_state, variables_of};
use super::stored::{StoredLayer, places, read_variables, stored_layers};
use super::write::subclassed;
use super::{
    BACKEND, KERAS_VERSION, LAYER_NAMES, MODEL_CONFIG, MODEL_WEIGHTS, OPTIMIZER_WEIGHTS,
    TRAINING_CONFIG, attributes, extras, store,
};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::Group;
use crate::keras::{CompileConfig, Dialect, Metadata, Model, Network, Object, json};
use crate::options::LoadOptions;

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
    if let Network::Subclassed(object) = &network {
        return Err(subclassed(object.class_name()).within(format!("attribute `{MODEL_CONFIG}`")));
    }

    let mut model = Model::new(network);
    model.metadata = Metadata {
        keras_version: version,
        backend: text(group, BACKEND)?,
        dialect: Some(dialect),
        ..Metadata::default()
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
    let has_names = attributes::read_names(group, LAYER_NAMES).is_ok_and(|names| names.is_some());
    let (found, hint) = if has_names {
        (
            "weights of a model without its config (a `save_weights` file)",
            "make the model and load them into it: `Model::load_weights`; `hornfels ls` shows them",
        )
    } else if store::is_store(group).unwrap_or(false) {
        (
            "weights of a model without its config (a `.weights.h5` file)",
            "make the model and load them into it: `Model::load_weights`; `hornfels ls` shows them",
        )
    } else {
        (
            "an HDF5 file that holds no Keras model",
            "`hornfels ls` shows what the file holds",
        )
    };
    Error::new(
        ErrorKind::NotFound,
        format!("{found}, expected the attribute `{MODEL_CONFIG}` of a whole model"),
    )
    .with_hint(hint)
    .within(format!("group {}", group.path()))
}

/// By the version, else by what only one dialect writes.
fn dialect(version: Option<&str>, config: &Value) -> Dialect {
    version.and_then(Dialect::of_version).unwrap_or_else(|| {
        let mut words = HashSet::new();
        keys(config, &mut words);
        let has = |all: &[&str]| all.iter().any(|key| words.contains(key));
        if has(&["registered_name"]) {
            Dialect::Keras3
        } else if has(&[
            "W_regularizer",
            "border_mode",
            "dim_ordering",
            "inner_init",
            "input_dtype",
        ]) {
            Dialect::Keras1
        } else {
            Dialect::Keras2
        }
    })
}

/// All keys of a config.
fn keys<'v>(value: &'v Value, found: &mut HashSet<&'v str>) {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                found.extend(members.keys().map(String::as_str));
                left.extend(members.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
}

pub(super) fn text(group: &Group, name: &str) -> Result<Option<String>> {
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
    let stored = stored_layers(group, &options.limits)?;
    let places = places(&stored, &model.network, &options.layers)?;
    for (layer, place) in stored.into_iter().zip(places) {
        let StoredLayer { name, variables } = layer;
        let Some(place) = place else {
            continue;
        };
        let names = variables.iter().map(|(stored, _)| stored);
        known.extend(names.map(|stored| format!("{MODEL_WEIGHTS}/{name}/{stored}")));
        let variables = variables_of(&model.network, &place, variables);
        model.variables.add_layer(&place, variables)?;
    }
    model.name_variables(&options.layers);
    Ok(())
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
        let names = stored.iter().map(|(name, _)| name);
        known.extend(names.map(|name| format!("{OPTIMIZER_WEIGHTS}/{name}")));
        model.optimizer = Some(optimizer_state(model, stored));
    }
    Ok(())
}
