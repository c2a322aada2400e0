//! What is stored beside the variables it is for, until all of it is known to fit.

use std::collections::BTreeMap;

use super::report::{Mismatch, StoredWeight, WeightMatch, WeightsReport};
use super::stored::StoredLayer;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::Model;
use crate::options::LoadWeightsOptions;
use crate::tensor::Tensor;

/// Values by the places of the variables they are for.
pub(super) type Values = BTreeMap<usize, Tensor<'static>>;

/// Stored variables, and as many of the model.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) stored: StoredLayer,
    /// The layer in the model.
    pub(super) layer: String,
    /// Where its variables stand among those of the model.
    pub(super) places: Vec<usize>,
}

/// Pairs, and what is known to be of one side only.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) list: Vec<Pair>,
    pub(super) report: WeightsReport,
}

impl Pairs {
    /// Pairs what is stored with all variables of a layer.
    pub(super) fn with_layer(&mut self, stored: StoredLayer, layer: &str, model: &Model<'_>) {
        self.list.push(Pair {
            stored,
            layer: layer.to_owned(),
            places: model.variables.places_of(layer).collect(),
        });
    }

    /// Nothing is stored for these variables of a layer.
    pub(super) fn miss(
        &mut self,
        layer: &str,
        places: impl IntoIterator<Item = usize>,
        model: &Model<'_>,
    ) {
        let variables = places.into_iter();
        let variables = variables.filter_map(|place| model.variables.at(place));
        self.report
            .missing
            .extend(variables.map(|variable| StoredWeight {
                layer: layer.to_owned(),
                variable: variable.path.clone(),
            }));
    }

    /// The model has no place for what is stored.
    pub(super) fn leave(&mut self, stored: &StoredLayer) {
        let names = stored.variables.iter();
        self.report
            .unused
            .extend(names.map(|(name, _)| StoredWeight {
                layer: stored.name.clone(),
                variable: name.clone(),
            }));
    }

    /// The values that fit.
    pub(super) fn resolve(
        mut self,
        model: &Model<'_>,
        options: &LoadWeightsOptions,
    ) -> Result<(WeightsReport, Values)> {
        let mut values = Values::new();
        for pair in std::mem::take(&mut self.list) {
            let (found, expected) = (pair.stored.variables.len(), pair.places.len());
            if found == expected {
                self.resolve_pair(pair, model, options, &mut values)?;
                continue;
            }
            if !options.skip_mismatch {
                let message = format!("{found} weights in the file, expected {expected}");
                return Err(mismatch(message)).within(|| match pair.stored.name.as_str() {
                    name if name == pair.layer => format!("layer `{name}`"),
                    name => format!("layer `{}`, in the file `{name}`", pair.layer),
                });
            }
            self.miss(&pair.layer, pair.places, model);
            self.leave(&pair.stored);
        }
        Ok((self.report, values))
    }

    fn resolve_pair(
        &mut self,
        pair: Pair,
        model: &Model<'_>,
        options: &LoadWeightsOptions,
        values: &mut Values,
    ) -> Result<()> {
        for ((name, tensor), place) in pair.stored.variables.into_iter().zip(pair.places) {
            let Some(variable) = model.variables.at(place) else {
                continue;
            };
            let matched = WeightMatch {
                layer: pair.layer.clone(),
                variable: variable.path.clone(),
                stored_layer: pair.stored.name.clone(),
                stored_name: name,
            };
            if tensor.shape() == variable.tensor.shape() {
                // A variable that two objects hold is stored twice, and counts once.
                if values.insert(place, tensor).is_none() {
                    self.report.matched.push(matched);
                }
                continue;
            }
            let wrong = Mismatch {
                pair: matched,
                found: tensor.shape().to_vec(),
                expected: variable.tensor.shape().to_vec(),
            };
            if !options.skip_mismatch {
                return Err(mismatch(wrong.to_string()));
            }
            self.report.wrong_shape.push(wrong);
        }
        Ok(())
    }
}

#[cold]
fn mismatch(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
        .with_hint("leave what does not fit out: `LoadWeightsOptions::skip_mismatch`")
}
