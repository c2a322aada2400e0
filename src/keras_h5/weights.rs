//! Weights from a file into a model that is there already: `spec/keras_h5.md#weights`.

use std::collections::HashMap;

use super::pairs::{Pair, Pairs};
use super::read::text;
use super::report::WeightsReport;
use super::stored::{StoredLayer, stored_layers};
use super::{KERAS_VERSION, LAYER_NAMES, MODEL_WEIGHTS, TOP_LEVEL, attributes, store};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::Group;
use crate::keras::{Dialect, Layer, Model, Part, Rewrite, cudnn_converted, rewrite};
use crate::options::LoadWeightsOptions;
use crate::tensor::Tensor;

/// Gives the variables of a model the values that a group holds: a file of weights in either
/// layout, a whole model, or a group with one of them.
///
/// As Keras's `load_weights`. In the layout that lists layers, those without weights are left out
/// on both sides, the others matched by position or, with
/// [`by_name`](LoadWeightsOptions::by_name), by the names of the layers; inside a layer the order
/// decides. In the layout of `.weights.h5` the path of an object decides, which follows from the
/// classes of layers and their order; the optimizer's state is taken, too, if the model has one
/// that fits. Values keep the element type that they have in the file. On an error the model is as
/// it was.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] if there are no weights; [`ErrorKind::InvalidArgument`] if they are those
/// of another model, unless [`skip_mismatch`](LoadWeightsOptions::skip_mismatch) allows for it, and
/// for options that the layout has no use for.
pub fn load_weights_from(
    group: &Group,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
) -> Result<WeightsReport> {
    match Source::of(group)? {
        Source::Layers(group) => load_layers(&group, model, options),
        Source::Objects => store::load(group, model, options),
    }
}

/// What a group of weights is.
enum Source {
    /// The group that lists layers: itself, or the one inside a whole model.
    Layers(Group),
    /// The layout of `.weights.h5`.
    Objects,
}

impl Source {
    fn of(group: &Group) -> Result<Source> {
        if attributes::read_names(group, LAYER_NAMES)?.is_some() {
            return Ok(Source::Layers(group.clone()));
        }
        if group.contains(MODEL_WEIGHTS)? {
            return group.group(MODEL_WEIGHTS).map(Source::Layers);
        }
        if store::is_store(group)? {
            return Ok(Source::Objects);
        }
        let message =
            format!("no weights, expected the attribute `{LAYER_NAMES}` or the group `layers`");
        Err(Error::new(ErrorKind::NotFound, message)
            .with_hint("`hornfels ls` shows what the file holds")
            .within(format!("group {}", group.path())))
    }
}

fn load_layers(
    group: &Group,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
) -> Result<WeightsReport> {
    let stored = stored_layers(group, &options.limits)?;
    let how = Rewrite {
        from_keras1: is_keras1(group)?,
        flip: options.flip_kernels,
    };
    set(stored, model, options, how)
}

/// The same for what another format stores of each layer, with its names in HDF5 files; the model's own
/// variables are those of [`TOP_LEVEL`]. The optimizer's state is taken as in the layout of
/// `.weights.h5`.
pub(crate) fn load_stored(
    layers: Vec<(String, Vec<(String, Tensor<'static>)>)>,
    optimizer: Vec<(String, Tensor<'static>)>,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
) -> Result<WeightsReport> {
    let stored = layers
        .into_iter()
        .map(|(name, variables)| StoredLayer { name, variables });
    let how = Rewrite {
        from_keras1: false,
        flip: options.flip_kernels,
    };
    let mut report = set(stored.collect(), model, options, how)?;
    store::set_optimizer(optimizer, model, &mut report);
    Ok(report)
}

fn set(
    stored: Vec<StoredLayer>,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
    how: Rewrite,
) -> Result<WeightsReport> {
    let mut pairs = if options.by_name {
        by_name(stored, model)
    } else {
        by_position(stored, model)?
    };
    convert(&mut pairs, model, how)?;
    for pair in &mut pairs.list {
        convert_cudnn(pair, model).within(|| format!("layer `{}`", pair.layer))?;
    }
    let (report, values) = pairs.resolve(model, options)?;
    for (place, tensor) in values {
        model.variables.set_at(place, tensor);
    }
    Ok(report)
}

/// Keras 1 did not write its version here.
fn is_keras1(group: &Group) -> Result<bool> {
    let version = text(group, KERAS_VERSION)?;
    Ok(version.is_none_or(|it| Dialect::of_version(&it) == Some(Dialect::Keras1)))
}

fn by_position(stored: Vec<StoredLayer>, model: &Model<'_>) -> Result<Pairs> {
    let layers = weighted(model);
    let (own, stored): (Vec<_>, Vec<_>) = with_weights(stored);
    if stored.len() != layers.len() {
        let names: Vec<&str> = stored.iter().map(|it| it.name.as_str()).collect();
        let message = format!(
            "weights of {} layers {names:?}, expected {} {layers:?}",
            names.len(),
            layers.len()
        );
        return Err(Error::new(ErrorKind::InvalidArgument, message)
            .with_hint("match layers by their names: `LoadWeightsOptions::by_name`"));
    }
    let mut pairs = Pairs::default();
    for (stored, layer) in stored.into_iter().zip(layers) {
        pairs.with_layer(stored, layer, model);
    }
    pair_own(&mut pairs, own, model);
    Ok(pairs)
}

fn by_name(stored: Vec<StoredLayer>, model: &Model<'_>) -> Pairs {
    let (own, stored) = with_weights(stored);
    let mut stored: HashMap<String, StoredLayer> = stored
        .into_iter()
        .map(|layer| (layer.name.clone(), layer))
        .collect();
    let mut pairs = Pairs::default();
    for name in weighted(model) {
        match stored.remove(name) {
            Some(layer) => pairs.with_layer(layer, name, model),
            None => pairs.miss(name, model.variables.places_of(name), model),
        }
    }
    let mut left: Vec<StoredLayer> = stored.into_values().collect();
    left.sort_by(|a, b| a.name.cmp(&b.name));
    left.iter().for_each(|layer| pairs.leave(layer));
    pair_own(&mut pairs, own, model);
    pairs
}

/// The variables of the model itself have a group of a fixed name.
fn pair_own(pairs: &mut Pairs, stored: Vec<StoredLayer>, model: &Model<'_>) {
    let places = model.variables.places_of(TOP_LEVEL);
    match stored.into_iter().next() {
        Some(layer) if !places.is_empty() => pairs.with_layer(layer, TOP_LEVEL, model),
        Some(layer) => pairs.leave(&layer),
        None => pairs.miss(TOP_LEVEL, places, model),
    }
}

/// Makes the arrays those of the model's Keras.
fn convert(pairs: &mut Pairs, model: &Model<'_>, how: Rewrite) -> Result<()> {
    for Pair { stored, layer, .. } in &mut pairs.list {
        let Some(part) = Part::of(&model.network, layer) else {
            continue;
        };
        if how == Rewrite::default() || model.network.dialect() == Dialect::Keras1 {
            continue;
        }
        let old: Vec<(&str, Tensor<'static>)> = stored
            .variables
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor.clone()))
            .collect();
        let new = rewrite(part, &old, how).within(|| format!("layer `{layer}`"))?;
        // Gates that became one array go by the name of the first.
        let names = stored.variables.iter().map(|(name, _)| name.clone());
        stored.variables = names.zip(new).collect();
    }
    Ok(())
}

/// Arranges the weights of recurrent layers by cuDNN as the model has them, and the other way round:
/// `spec/keras_h5.md#weights-of-cudnn`.
fn convert_cudnn(pair: &mut Pair, model: &Model<'_>) -> Result<()> {
    let stored = &mut pair.stored.variables;
    if stored.len() != pair.places.len() {
        return Ok(());
    }
    let paths = pair.places.iter().enumerate();
    let paths: HashMap<&str, usize> = paths
        .filter_map(|(number, place)| Some((model.variables.at(*place)?.path.as_str(), number)))
        .collect();
    for path in paths.keys() {
        let Some(cell) = path.strip_suffix("/recurrent_kernel") else {
            continue;
        };
        let number = |name: &str| paths.get(format!("{cell}/{name}").as_str()).copied();
        let (Some(kernel), Some(recurrent), Some(bias)) =
            (number("kernel"), number("recurrent_kernel"), number("bias"))
        else {
            continue;
        };
        let numbers = [kernel, recurrent, bias];
        let found = numbers.map(|number| stored.get(number).map(|(_, tensor)| tensor));
        let expected = numbers.map(|number| {
            let place = pair.places.get(number)?;
            Some(model.variables.at(*place)?.tensor.shape())
        });
        let ([Some(a), Some(b), Some(c)], [Some(d), Some(e), Some(f)]) = (found, expected) else {
            continue;
        };
        let Some(converted) = cudnn_converted([a, b, c], [d, e, f])? else {
            continue;
        };
        for (number, tensor) in numbers.into_iter().zip(converted) {
            if let Some((_, old)) = stored.get_mut(number) {
                *old = tensor;
            }
        }
    }
    Ok(())
}

/// The names of the model's layers that have variables, in order.
fn weighted<'m>(model: &'m Model<'_>) -> Vec<&'m str> {
    let names = model.network.layers().iter().map(Layer::name);
    names
        .filter(|name| !model.variables.of_layer(name).is_empty())
        .collect()
}

/// The model's own variables, and the layers that have some.
fn with_weights(stored: Vec<StoredLayer>) -> (Vec<StoredLayer>, Vec<StoredLayer>) {
    let stored = stored.into_iter().filter(|it| !it.variables.is_empty());
    stored.partition(|it| it.name == TOP_LEVEL)
}
