//! Arrays that are written otherwise than they were read: those of Keras 1, and kernels of Theano.

use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::{Dialect, Model, Network, Part, Rewrite, Variable, Variables, rewrite};
use crate::layers::LayerRegistry;
use crate::options::SaveOptions;
use crate::tensor::Tensor;

/// The variables of a model as they are written; none if that is how they are.
///
/// `network` is the model as it is written.
pub(super) fn rewritten(
    model: &Model<'_>,
    network: &Network,
    options: &SaveOptions,
) -> Result<Option<Variables<'static>>> {
    let how = Rewrite {
        from_keras1: from_keras1(model, network.dialect()),
        flip: options.flip_kernels,
    };
    if how == Rewrite::default() {
        return Ok(None);
    }
    if network.dialect() == Dialect::Keras1 {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "kernels of a model of Keras 1 are not turned in its own dialect",
        )
        .with_hint("choose the dialect of Keras 2 or 3, too"));
    }
    let mut variables = Variables::default();
    for (layer, stored) in of_layers(model) {
        let Some(part) = Part::of(network, layer) else {
            // The model's own, which have no axes that mean anything here.
            variables.add_layer(layer, kept(model, layer))?;
            continue;
        };
        let tensors = rewrite(part, &stored, how).within(|| format!("layer `{layer}`"))?;
        let old = model.variables.of_layer(layer);
        let same = tensors.len() == old.len();
        let renamed = tensors.into_iter().enumerate().map(|(index, tensor)| {
            let old = old.get(index).filter(|_| same);
            Variable {
                path: old.map_or_else(|| format!("{layer}/weight_{index}"), |it| it.path.clone()),
                stored_name: old.and_then(|it| it.stored_name.clone()),
                tensor,
            }
        });
        variables.add_layer(layer, renamed.collect())?;
    }
    Ok(Some(named(variables, network, &options.layers)))
}

/// Whether arrays of Keras 1 become those of a later version.
pub(super) fn from_keras1(model: &Model<'_>, to: Dialect) -> bool {
    model.metadata.dialect == Some(Dialect::Keras1) && to != Dialect::Keras1
}

/// The arrays of each layer by their names in the file.
fn of_layers<'m>(model: &'m Model<'_>) -> Vec<(&'m str, Vec<(&'m str, Tensor<'static>)>)> {
    let mut layers: Vec<&str> = model.variables.layers().collect();
    layers.sort_unstable();
    let layers = layers.into_iter().map(|layer| {
        let variables = model.variables.of_layer(layer).iter();
        let stored = variables.map(|it| {
            let name = it.stored_name.as_deref().unwrap_or(&it.path);
            (name, it.tensor.clone().into_owned())
        });
        (layer, stored.collect())
    });
    layers.collect()
}

fn kept(model: &Model<'_>, layer: &str) -> Vec<Variable<'static>> {
    let variables = model.variables.of_layer(layer).iter();
    let variables = variables.map(|it| Variable {
        path: it.path.clone(),
        stored_name: it.stored_name.clone(),
        tensor: it.tensor.clone().into_owned(),
    });
    variables.collect()
}

/// The same variables under the paths that their layers give them.
fn named(
    variables: Variables<'static>,
    network: &Network,
    registry: &LayerRegistry,
) -> Variables<'static> {
    let mut model = Model::new(network.clone());
    model.variables = variables;
    model.name_variables(registry);
    model.variables
}
