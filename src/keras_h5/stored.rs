//! What a group of weights holds, layer by layer, and which layers of a model that is for:
//! `spec/keras_h5.md#weights`.

use std::collections::{HashMap, HashSet};

use super::{LAYER_NAMES, TOP_LEVEL, WEIGHT_NAMES, attributes};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::{Dataset, Datatype, Group};
use crate::keras::{Layer, Network};
use crate::layers::{Inference, LayerRegistry};
use crate::limits::Limits;
use crate::tensor::{DType, Tensor};

/// The weights of one layer as they are in the file.
#[derive(Debug)]
pub(super) struct StoredLayer {
    pub(super) name: String,
    /// Names and values, in the order of the list.
    pub(super) variables: Vec<(String, Tensor<'static>)>,
}

/// All layers that a group lists, in order; last the variables of the model itself.
pub(super) fn stored_layers(group: &Group, limits: &Limits) -> Result<Vec<StoredLayer>> {
    let listed = attributes::read_names(group, LAYER_NAMES)?.ok_or_else(|| {
        Error::new(
            ErrorKind::Malformed,
            format!("no attribute `{LAYER_NAMES}`"),
        )
    })?;
    let listed = distinct(listed)?;
    limits.objects(u64::try_from(listed.len()).unwrap_or(u64::MAX), "layers")?;
    let is_listed = listed.iter().any(|name| name == TOP_LEVEL);
    let top_level = !is_listed && group.contains(TOP_LEVEL)?;
    let layers = listed.into_iter();
    let layers = layers.chain(top_level.then(|| TOP_LEVEL.to_owned()));
    let layers = layers.map(|name| {
        let place = || format!("layer `{name}`");
        if !group.contains(&name).within(place)? {
            let message = format!("listed in `{LAYER_NAMES}`, but there is no group of that name");
            return Err(Error::new(ErrorKind::Malformed, message)).within(place);
        }
        let variables = group.group(&name).and_then(|group| read_variables(&group));
        let variables = variables.within(place)?;
        Ok(StoredLayer { name, variables })
    });
    layers.collect()
}

/// The tensors listed by a group, in the order of the list.
pub(super) fn read_variables(group: &Group) -> Result<Vec<(String, Tensor<'static>)>> {
    let names = attributes::read_names(group, WEIGHT_NAMES)?.unwrap_or_default();
    let tensors = names.into_iter().map(|name| {
        let tensor = tensor(&group.dataset(&name)?)?;
        Ok((name, tensor))
    });
    tensors.collect()
}

/// The values of a variable. Keras writes bfloat16 as opaque bytes, and only Keras 3 says so, only in
/// the layout by objects: `spec/keras_h5.md#element-types`.
pub(super) fn tensor(dataset: &Dataset) -> Result<Tensor<'static>> {
    match dataset.datatype() {
        Datatype::Opaque { size: 2, .. } if dataset.dtype()?.is_none() => {
            dataset.tensor_as(DType::BFloat16)
        }
        _ => dataset.tensor(),
    }
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

/// Whose weights they are: for each stored layer the name of one of the network's, or none for a
/// layer without weights that the network does not have.
///
/// As Keras, by position among the layers that have weights. The file's names say the same in every
/// file that Keras wrote; only where they do not, what layers have is inferred from their configs.
pub(super) fn places(
    stored: &[StoredLayer],
    network: &Network,
    registry: &LayerRegistry,
) -> Result<Vec<Option<String>>> {
    let numbered = network.layers().iter().enumerate();
    let numbers: HashMap<&str, usize> = numbered
        .map(|(number, layer)| (layer.name(), number))
        .collect();
    let weighted = stored
        .iter()
        .filter(|it| !it.variables.is_empty() && it.name != TOP_LEVEL);
    let positions: Option<Vec<usize>> = weighted
        .clone()
        .map(|it| numbers.get(it.name.as_str()).copied())
        .collect();
    if positions.is_some_and(|all| all.is_sorted()) {
        check_unlisted(stored, network, registry)?;
        let own = stored.iter().map(|it| {
            let is_there = it.name == TOP_LEVEL || numbers.contains_key(it.name.as_str());
            is_there.then(|| it.name.clone())
        });
        return Ok(own.collect());
    }
    let names: Vec<&str> = weighted.map(|it| it.name.as_str()).collect();
    let expected = weighted_layers(network, registry)?;
    if names.len() != expected.len() {
        return Err(Error::new(
            ErrorKind::Malformed,
            format!("weights of the layers {names:?}, expected those of the config, {expected:?}"),
        ));
    }
    let taken: HashSet<&str> = expected.iter().copied().collect();
    let mut expected = expected.iter();
    let matched = stored.iter().map(|it| {
        if it.name == TOP_LEVEL {
            return Some(it.name.clone());
        }
        if !it.variables.is_empty() {
            return expected.next().map(|name| (*name).to_owned());
        }
        let is_free = numbers.contains_key(it.name.as_str()) && !taken.contains(it.name.as_str());
        is_free.then(|| it.name.clone())
    });
    Ok(matched.collect())
}

/// Only layers without weights may be left out of the list.
fn check_unlisted(
    stored: &[StoredLayer],
    network: &Network,
    registry: &LayerRegistry,
) -> Result<()> {
    let listed: HashSet<&str> = stored.iter().map(|it| it.name.as_str()).collect();
    let unlisted: Vec<&str> = network
        .layers()
        .iter()
        .filter(|it| it.class_name() != "InputLayer" && !listed.contains(it.name()))
        .map(Layer::name)
        .collect();
    if unlisted.is_empty() {
        return Ok(());
    }
    let inference = Inference::of(network, registry);
    let has_weights = |name: &&&str| {
        let inferred = inference.layer(name);
        let variables = inferred.and_then(|layer| layer.variables.as_ref());
        variables.is_some_and(|all| !all.is_empty())
    };
    match unlisted.iter().find(has_weights) {
        None => Ok(()),
        Some(layer) => Err(Error::new(
            ErrorKind::Malformed,
            format!("`{LAYER_NAMES}` has no `{layer}`, which has weights by its config"),
        )),
    }
}

/// The layers that have weights by their configs.
fn weighted_layers<'n>(network: &'n Network, registry: &LayerRegistry) -> Result<Vec<&'n str>> {
    let inference = Inference::of(network, registry);
    let mut names = Vec::new();
    for name in network.layers().iter().map(Layer::name) {
        let inferred = inference.layer(name);
        match inferred.and_then(|layer| layer.variables.as_ref()) {
            Some(variables) if variables.is_empty() => {}
            Some(_) => names.push(name),
            None => {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!(
                        "`{LAYER_NAMES}` has other names than the config, and which weights `{name}` has is not known"
                    ),
                ));
            }
        }
    }
    Ok(names)
}
