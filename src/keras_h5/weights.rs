//! Weights from a file into a model that is there already: `spec/keras_h5.md#weights`.

use std::collections::HashMap;
use std::fmt;

use super::read::text;
use super::stored::{StoredLayer, stored_layers};
use super::{KERAS_VERSION, LAYER_NAMES, MODEL_WEIGHTS, TOP_LEVEL, attributes};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::Group;
use crate::keras::{Dialect, Layer, Model, Part, Rewrite, rewrite};
use crate::options::LoadWeightsOptions;
use crate::tensor::Tensor;

/// What became of the weights of a file and of the variables of a model.
///
/// As text, a line for each that was not matched.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct WeightsReport {
    /// Variables that have their values from the file now.
    pub matched: Vec<WeightMatch>,
    /// Paths of variables that the file had nothing for, by layer.
    pub missing: Vec<StoredWeight>,
    /// What the file had and the model has no place for, by the names in the file.
    pub unused: Vec<StoredWeight>,
    /// Pairs of different shapes, which stay as they were.
    pub wrong_shape: Vec<Mismatch>,
}

/// One variable that was given values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WeightMatch {
    /// The layer in the model.
    pub layer: String,
    /// The variable's path in the model.
    pub variable: String,
    /// The layer in the file.
    pub stored_layer: String,
    /// The variable's name in the file.
    pub stored_name: String,
}

/// A variable of one side only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredWeight {
    /// The layer it belongs to.
    pub layer: String,
    /// Its path in the model, or its name in the file.
    pub variable: String,
}

/// A pair whose shapes differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The pair.
    pub pair: WeightMatch,
    /// The shape in the file.
    pub found: Vec<u64>,
    /// The shape of the variable.
    pub expected: Vec<u64>,
}

impl fmt::Display for WeightsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables matched", self.matched.len())?;
        for it in &self.missing {
            write!(f, "\nmissing: `{}`", it.variable)?;
        }
        for it in &self.unused {
            write!(f, "\nunused: `{}` of layer `{}`", it.variable, it.layer)?;
        }
        for it in &self.wrong_shape {
            write!(f, "\n{it}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch {
            pair,
            found,
            expected,
        } = self;
        write!(
            f,
            "shape {found:?} of `{}` in layer `{}`, expected {expected:?} for `{}`",
            pair.stored_name, pair.stored_layer, pair.variable
        )
    }
}

/// Gives the variables of a model the values that a group holds: a file of weights, a whole model,
/// or a group with either.
///
/// As Keras's `load_weights`: layers without weights are left out on both sides, the others matched
/// by position or, with [`by_name`](LoadWeightsOptions::by_name), by the names of the layers; inside
/// a layer the order decides. Values keep the element type that they have in the file. On an error
/// the model is as it was.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] if there are no weights; [`ErrorKind::InvalidArgument`] if they are those
/// of another model, unless [`skip_mismatch`](LoadWeightsOptions::skip_mismatch) allows for it;
/// [`ErrorKind::Unsupported`] for the layout of Keras 3's `.weights.h5`.
pub fn load_weights_from(
    group: &Group,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
) -> Result<WeightsReport> {
    let group = weights_group(group)?;
    let stored = stored_layers(&group, &options.limits)?;
    let how = Rewrite {
        from_keras1: is_keras1(&group)?,
        flip: options.flip_kernels,
    };
    let mut pairs = Pairs::default();
    if options.by_name {
        pairs.by_name(stored, model);
    } else {
        pairs.by_position(stored, model)?;
    }
    pairs.rewrite(model, how)?;
    let (report, values) = pairs.resolve(model, options)?;
    for (path, tensor) in values {
        if let Some(variable) = model.variables.get_mut(&path) {
            variable.tensor = tensor;
        }
    }
    Ok(report)
}

/// The group that lists the layers: this one, or the one inside a whole model.
fn weights_group(group: &Group) -> Result<Group> {
    let lists = |group: &Group| Ok(attributes::read_names(group, LAYER_NAMES)?.is_some());
    if !lists(group)? && group.contains(MODEL_WEIGHTS)? {
        return group.group(MODEL_WEIGHTS);
    }
    if lists(group)? {
        return Ok(group.clone());
    }
    let has = |name: &str| group.contains(name).unwrap_or(false);
    let error = if has("layers") || has("_layer_checkpoint_dependencies") {
        Error::new(
            ErrorKind::Unsupported,
            "weights in the layout of Keras 3 (a `.weights.h5` file), which this version does not read yet",
        )
        .with_hint("save them with Keras 2.15, under a name that ends in `.h5` but not `.weights.h5`")
    } else {
        Error::new(
            ErrorKind::NotFound,
            format!("no weights, expected the attribute `{LAYER_NAMES}`"),
        )
        .with_hint("`hornfels ls` shows what the file holds")
    };
    Err(error.within(format!("group {}", group.path())))
}

/// Keras 1 did not write its version here.
fn is_keras1(group: &Group) -> Result<bool> {
    let version = text(group, KERAS_VERSION)?;
    Ok(version.is_none_or(|it| Dialect::of_version(&it) == Some(Dialect::Keras1)))
}

/// Layers of the file with the layers of the model that they are for.
#[derive(Default)]
struct Pairs {
    pairs: Vec<(StoredLayer, String)>,
    report: WeightsReport,
}

impl Pairs {
    fn by_position(&mut self, stored: Vec<StoredLayer>, model: &Model<'_>) -> Result<()> {
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
        let layers = layers.into_iter().map(str::to_owned);
        self.pairs = stored.into_iter().zip(layers).collect();
        self.own(own, model);
        Ok(())
    }

    fn by_name(&mut self, stored: Vec<StoredLayer>, model: &Model<'_>) {
        let (own, stored) = with_weights(stored);
        let mut stored: HashMap<String, StoredLayer> = stored
            .into_iter()
            .map(|layer| (layer.name.clone(), layer))
            .collect();
        for name in weighted(model) {
            match stored.remove(name) {
                Some(layer) => self.pairs.push((layer, name.to_owned())),
                None => self.miss(name, model),
            }
        }
        let mut left: Vec<StoredLayer> = stored.into_values().collect();
        left.sort_by(|a, b| a.name.cmp(&b.name));
        left.iter().for_each(|layer| self.leave(layer));
        self.own(own, model);
    }

    /// Makes the arrays those of the model's Keras.
    fn rewrite(&mut self, model: &Model<'_>, how: Rewrite) -> Result<()> {
        for (stored, layer) in &mut self.pairs {
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

    /// The variables of the model itself have a group of a fixed name.
    fn own(&mut self, stored: Vec<StoredLayer>, model: &Model<'_>) {
        let has_own = !model.variables.of_layer(TOP_LEVEL).is_empty();
        let mut stored = stored.into_iter();
        match stored.next() {
            Some(layer) if has_own => self.pairs.push((layer, TOP_LEVEL.to_owned())),
            Some(layer) => self.leave(&layer),
            None if has_own => self.miss(TOP_LEVEL, model),
            None => {}
        }
    }

    fn miss(&mut self, layer: &str, model: &Model<'_>) {
        let variables = model.variables.of_layer(layer).iter();
        self.report
            .missing
            .extend(variables.map(|variable| StoredWeight {
                layer: layer.to_owned(),
                variable: variable.path.clone(),
            }));
    }

    fn leave(&mut self, layer: &StoredLayer) {
        let names = layer.variables.iter();
        self.report
            .unused
            .extend(names.map(|(name, _)| StoredWeight {
                layer: layer.name.clone(),
                variable: name.clone(),
            }));
    }

    /// The values by the paths of the variables they are for.
    fn resolve(
        mut self,
        model: &Model<'_>,
        options: &LoadWeightsOptions,
    ) -> Result<(WeightsReport, Vec<(String, Tensor<'static>)>)> {
        let mut values = Vec::new();
        for (stored, layer) in std::mem::take(&mut self.pairs) {
            let variables = model.variables.of_layer(&layer);
            if stored.variables.len() != variables.len() {
                if !options.skip_mismatch {
                    let (found, expected) = (stored.variables.len(), variables.len());
                    let message = format!("{found} weights in the file, expected {expected}");
                    return Err(mismatch(message)).within(|| format!("layer `{layer}`"));
                }
                self.miss(&layer, model);
                self.leave(&stored);
                continue;
            }
            for ((name, tensor), variable) in stored.variables.into_iter().zip(variables) {
                let pair = WeightMatch {
                    layer: layer.clone(),
                    variable: variable.path.clone(),
                    stored_layer: stored.name.clone(),
                    stored_name: name,
                };
                if tensor.shape() == variable.tensor.shape() {
                    values.push((variable.path.clone(), tensor));
                    self.report.matched.push(pair);
                    continue;
                }
                let wrong = Mismatch {
                    pair,
                    found: tensor.shape().to_vec(),
                    expected: variable.tensor.shape().to_vec(),
                };
                if !options.skip_mismatch {
                    return Err(mismatch(wrong.to_string()));
                }
                self.report.wrong_shape.push(wrong);
            }
        }
        Ok((self.report, values))
    }
}

#[cold]
fn mismatch(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
        .with_hint("leave what does not fit out: `LoadWeightsOptions::skip_mismatch`")
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
