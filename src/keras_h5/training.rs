//! How a model was trained: the compile config, and the optimizer's state.

use super::arrays::from_keras1;
use super::write::{Names, text, write_variables};
use super::{OPTIMIZER_WEIGHTS, TRAINING_CONFIG, paths};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::GroupMut;
use crate::keras::{CompileConfig, Conversion, Model, OptimizerState, Variable, convert, json};
use crate::tensor::Tensor;

/// Writes both in the dialect of the file, as far as the model has them.
pub(super) fn write<'m>(
    model: &'m Model<'_>,
    names: &Names<'_>,
    group: &mut GroupMut<'_, 'm>,
) -> Result<()> {
    let compile = match &model.compile {
        Some(compile) => Some(compile.to_dialect(names.dialect())?),
        None => None,
    };
    if let Some(compile) = &compile {
        let config = json::object_to_string(compile.json());
        text(group, TRAINING_CONFIG, &config)?;
    }
    if let Some(state) = &model.optimizer {
        let variables = variables(model, names, state, compile.as_ref());
        let variables = variables.within(|| OPTIMIZER_WEIGHTS)?;
        write_variables(variables, &mut group.group(OPTIMIZER_WEIGHTS)?)
            .within(|| OPTIMIZER_WEIGHTS)?;
    }
    Ok(())
}

/// The optimizer's variables under the names of the file, in the order of its dialect.
pub(super) fn variables<'m>(
    model: &'m Model<'_>,
    names: &Names<'_>,
    state: &'m OptimizerState<'_>,
    compile: Option<&CompileConfig>,
) -> Result<Vec<(String, Tensor<'m>)>> {
    if from_keras1(model, names.dialect()) {
        let message = "the state of an optimizer of Keras 1, whose variables have other shapes";
        return Err(Error::new(ErrorKind::Unsupported, message).with_hint(
            "save without the optimizer: `include_optimizer(false)`, `--no-optimizer`",
        ));
    }
    let all = state.variables.iter();
    let kept = all.map(|it| Some((names.kept(it)?.to_owned(), it.tensor.borrowed())));
    if let Some(kept) = kept.collect::<Option<Vec<_>>>() {
        return Ok(kept);
    }
    let optimizers = (
        model.compile.as_ref().and_then(CompileConfig::optimizer),
        compile.and_then(CompileConfig::optimizer),
    );
    let (Some(from), Some(to)) = optimizers else {
        let message = "the state of an optimizer, but no config that tells which";
        return Err(Error::new(ErrorKind::InvalidModel, message)
            .with_hint("save without the optimizer, or compile the model"));
    };
    let trained = model.trainable_variables();
    let stored: Vec<String> = trained.iter().map(|it| stored(names, it)).collect();
    convert(
        state,
        Conversion {
            from: &from,
            to: &to,
            trained: &trained,
            names: &stored,
        },
    )
}

/// The name of a trained variable, whose path begins with its layer.
fn stored(names: &Names<'_>, variable: &Variable<'_>) -> String {
    if let Some(name) = names.kept(variable) {
        return name.to_owned();
    }
    let mut ends = variable.path.match_indices('/').map(|(end, _)| end);
    // Names of layers may hold slashes.
    let layer = ends.find_map(|end| {
        let layer = variable.path.get(..end)?;
        names.network.get_layer(layer).map(|_| layer)
    });
    let layer = layer.unwrap_or_default();
    paths::stored(names.network, layer, &variable.path, names.dialect())
}
