//! A model as a layer of another.

use super::infer::{Class, classes, infer};
use super::variables::Own;
use super::{Called, Inputs, Layer, LayerRegistry, VariableSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::Network;
use crate::tensor::{DType, Shape};

/// A network that is called as a layer.
#[derive(Debug)]
pub(crate) struct NetworkLayer {
    network: Network,
    registry: LayerRegistry,
}

impl NetworkLayer {
    pub(crate) fn new(network: Network, registry: LayerRegistry) -> Self {
        NetworkLayer { network, registry }
    }
}

impl Layer for NetworkLayer {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        self.call(inputs).map(|called| called.variables)
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        self.call(inputs).map(|called| called.outputs)
    }

    fn call(&self, inputs: &Inputs) -> Result<Called> {
        let classes = classes(&self.network, &self.registry);
        call(&self.network, &classes, &self.registry, inputs)
    }
}

/// Calls a network as a layer.
pub(super) fn call(
    network: &Network,
    classes: &[Class<'_>],
    registry: &LayerRegistry,
    inputs: &Inputs,
) -> Result<Called> {
    let mut inference = infer(network, classes, registry, Some(inputs.all()));
    if let Some(problem) = inference.take_problem() {
        return Err(problem);
    }
    let outputs = inference.outputs().iter().cloned().collect::<Option<_>>();
    let outputs = outputs.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidModel,
            "a model whose output shape does not follow from its config",
        )
    })?;
    // Frozen layers say so themselves.
    let mut own = Own::new(true, DType::Float32);
    for layer in inference.into_layers() {
        own.add_inner(&layer.name, layer.variables.unwrap_or_default());
    }
    Ok(Called {
        variables: own.finish(),
        outputs,
    })
}
