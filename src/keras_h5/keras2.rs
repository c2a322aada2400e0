//! A model as Keras 2 has it, to and from the other format that Keras 2 writes.

use super::write::Names;
use super::{TOP_LEVEL, names, paths, training};
use crate::error::Result;
use crate::keras::{
    CompileConfig, Dialect, Layer, Model, Network, Object, OptimizerSlot, OptimizerState, Variable,
    optimizer_slots,
};
use crate::options::SaveOptions;
use crate::tensor::Tensor;

/// A model as Keras 2 has it: configs in its words, variables with its names and shapes.
#[derive(Debug)]
pub(crate) struct Keras2Model<'m> {
    pub(crate) network: Network,
    /// The variables of all layers, in order.
    pub(crate) variables: Vec<Keras2Variable<'m>>,
    pub(crate) compile: Option<CompileConfig>,
    pub(crate) optimizer: Option<Keras2Optimizer<'m>>,
}

/// A variable of a layer.
#[derive(Debug)]
pub(crate) struct Keras2Variable<'m> {
    /// Its path in the model.
    pub(crate) path: String,
    /// Keras's name for it: `dense/kernel`.
    pub(crate) name: String,
    pub(crate) tensor: Tensor<'m>,
    /// Whether training leaves it alone, though its name does not tell.
    pub(crate) is_fixed: bool,
}

/// An optimizer with its variables.
#[derive(Debug)]
pub(crate) struct Keras2Optimizer<'m> {
    pub(crate) object: Object,
    pub(crate) variables: Vec<Keras2OptimizerVariable<'m>>,
}

/// A variable of an optimizer.
#[derive(Debug)]
pub(crate) struct Keras2OptimizerVariable<'m> {
    pub(crate) name: String,
    pub(crate) tensor: Tensor<'m>,
    /// What it is for which variable of the model; none if it is for none.
    pub(crate) slot: Option<OptimizerSlot>,
}

/// The model in the dialect of Keras 2; the network must be in it already.
///
/// # Errors
///
/// What [`translate`](crate::keras::translate) says of a model of another dialect.
pub(crate) fn keras2<'m>(model: &'m Model<'_>, options: &SaveOptions) -> Result<Keras2Model<'m>> {
    let is_own = |class: &str| options.layers.is_own(class);
    let network = model.network.to_dialect_with(Dialect::Keras2, &is_own)?;
    let names = Names::new(model, &network, options)?;
    let mut variables = Vec::new();
    let layers = network.layers().iter().map(Layer::name);
    for layer in layers.chain([TOP_LEVEL]) {
        for (path, name, tensor) in names.variables(model, layer) {
            let name = name.strip_suffix(":0").unwrap_or(&name).to_owned();
            variables.push(Keras2Variable {
                is_fixed: model.variables.is_fixed(&path),
                path,
                name,
                tensor,
            });
        }
    }
    let compile = match &model.compile {
        Some(compile) if options.include_optimizer => Some(compile.to_dialect(Dialect::Keras2)?),
        _ => None,
    };
    let optimizer = match compile.as_ref().and_then(CompileConfig::optimizer) {
        Some(object) => Some(optimizer(model, &names, object, compile.as_ref())?),
        None => None,
    };
    Ok(Keras2Model {
        variables,
        compile,
        optimizer,
        network,
    })
}

fn optimizer<'m>(
    model: &'m Model<'_>,
    names: &Names<'_>,
    object: Object,
    compile: Option<&CompileConfig>,
) -> Result<Keras2Optimizer<'m>> {
    let stored = match &model.optimizer {
        Some(state) => training::variables(model, names, state, compile)?,
        None => Vec::new(),
    };
    let shapes: Vec<&[u64]> = stored.iter().map(|(_, tensor)| tensor.shape()).collect();
    let slots = optimizer_slots(&object, &model.trainable_variables(), &shapes);
    // State that does not fit its optimizer Keras does not load either: it begins anew, and says so.
    let (stored, slots) = match slots {
        Some(slots) => (stored, slots),
        None => (Vec::new(), Vec::new()),
    };
    let variables = stored.into_iter().zip(slots).map(|((name, tensor), slot)| {
        let name = name.strip_suffix(":0").unwrap_or(&name).to_owned();
        Keras2OptimizerVariable { name, tensor, slot }
    });
    Ok(Keras2Optimizer {
        variables: variables.collect(),
        object,
    })
}

/// The variables of a layer by the names that a file lists for it.
pub(crate) fn variables_of(
    network: &Network,
    layer: &str,
    stored: Vec<(String, Tensor<'static>)>,
) -> Vec<Variable<'static>> {
    let variables = stored.into_iter().map(|(name, tensor)| Variable {
        path: paths::path(network, layer, &name),
        stored_name: Some(name),
        tensor,
    });
    variables.collect()
}

/// The state of a model's optimizer by the names that a file lists for it. The model has its variables.
pub(crate) fn optimizer_state(
    model: &Model<'_>,
    stored: Vec<(String, Tensor<'static>)>,
) -> OptimizerState<'static> {
    let variables = stored.into_iter().map(|(name, tensor)| Variable {
        path: names::without_suffix(&name).to_owned(),
        stored_name: Some(name),
        tensor,
    });
    let mut state = OptimizerState {
        variables: variables.collect(),
    };
    if let Some(config) = &model.compile {
        state.name_paths(config, &model.trainable_variables());
    }
    state
}
