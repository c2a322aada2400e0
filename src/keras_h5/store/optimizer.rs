//! The state of an optimizer from this layout, into a model that has one.

use super::{OPTIMIZER, VARS, joined};
use crate::error::Result;
use crate::keras::{Conversion, Dialect, Model, OptimizerState, Variable, convert};
use crate::keras_h5::report::{StoredWeight, WeightMatch, WeightsReport};
use crate::tensor::Tensor;

/// What is stored, with the paths in the file.
type Stored = Vec<(String, Tensor<'static>)>;

/// Gives the optimizer's variables their values, all or none, as Keras does: by position, those of
/// another dialect after conversion. A model without state stays without.
pub(in crate::keras_h5) fn set(stored: Stored, model: &mut Model<'_>, report: &mut WeightsReport) {
    if model.optimizer.is_none() || stored.is_empty() {
        return;
    }
    let found = stored.into_iter().map(|(path, tensor)| Variable {
        path,
        stored_name: None,
        tensor,
    });
    let found = OptimizerState {
        variables: found.collect(),
    };
    let values = match by_position(&found, model) {
        Some(values) => Some(values),
        None => [Dialect::Keras2, Dialect::Keras3]
            .into_iter()
            .find_map(|dialect| converted(&found, model, dialect).ok().flatten()),
    };
    let own = model.optimizer.iter_mut();
    let own: Vec<&mut Variable<'_>> = own.flat_map(|state| &mut state.variables).collect();
    let Some(values) = values else {
        let unused = found.variables.into_iter().map(|it| it.path);
        report.unused.extend(unused.map(weight));
        let missing = own.into_iter().map(|it| it.path.clone());
        report.missing.extend(missing.map(weight));
        return;
    };
    for ((path, tensor), variable) in values.into_iter().zip(own) {
        variable.tensor = tensor;
        report.matched.push(WeightMatch {
            layer: OPTIMIZER.to_owned(),
            variable: variable.path.clone(),
            stored_layer: OPTIMIZER.to_owned(),
            stored_name: path,
        });
    }
}

fn weight(variable: String) -> StoredWeight {
    StoredWeight {
        layer: OPTIMIZER.to_owned(),
        variable,
    }
}

/// The values as they are, if there are as many of the same shapes.
fn by_position(found: &OptimizerState<'static>, model: &Model<'_>) -> Option<Stored> {
    let own = &model.optimizer.as_ref()?.variables;
    let mut pairs = found.variables.iter().zip(own);
    let same = pairs.all(|(found, own)| found.tensor.shape() == own.tensor.shape());
    if !same || found.variables.len() != own.len() {
        return None;
    }
    let values = found.variables.iter();
    let values = values.map(|it| (it.path.clone(), it.tensor.clone()));
    Some(values.collect())
}

/// The values of a state as `dialect` keeps it, if that becomes one like the model's.
fn converted(
    found: &OptimizerState<'static>,
    model: &Model<'_>,
    dialect: Dialect,
) -> Result<Option<Stored>> {
    let Some(compile) = &model.compile else {
        return Ok(None);
    };
    let theirs = compile.to_dialect(dialect)?.optimizer();
    let (Some(from), Some(to)) = (theirs, compile.optimizer()) else {
        return Ok(None);
    };
    let trained = model.trainable_variables();
    let names: Vec<String> = trained.iter().map(|it| it.path.clone()).collect();
    let values = convert(
        found,
        Conversion {
            from: &from,
            to: &to,
            trained: &trained,
            names: &names,
        },
    )?;
    // Which of the stored ones each comes from, the file does not say.
    let path = joined(OPTIMIZER, VARS);
    let values = values.into_iter();
    let values = OptimizerState {
        variables: values
            .map(|(_, tensor)| Variable {
                path: path.clone(),
                stored_name: None,
                tensor: tensor.into_owned(),
            })
            .collect(),
    };
    Ok(by_position(&values, model))
}
