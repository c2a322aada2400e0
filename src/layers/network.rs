//! A model as a layer of another.

use super::infer::{Class, classes, infer};
use super::lower::{Ends, Inline, LoweredTensor, lower_network};
use super::variables::Own;
use super::{Call, CallArgument, Called, Inputs, Layer, LayerRegistry, VariableSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Edge;
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

    /// Its layers one after the other, in the function it is called in.
    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let masks = call.given_masks();
        let tensors = call.tensors().iter().zip(&masks);
        let tensors = tensors.zip(call.inputs().all());
        let tensors = tensors.map(|((value, mask), shape)| LoweredTensor {
            value: value.clone(),
            shape: shape.clone(),
            mask: mask.clone(),
        });
        let tensors = tensors.collect();
        let mut inline = Inline {
            call,
            registry: &self.registry,
        };
        let outputs = lower_network(&self.network, &mut inline, tensors, Ends::Outputs)?;
        Ok(outputs.into_iter().map(|it| it.value).collect())
    }

    /// Keras finds the layers of a model by their numbers.
    fn attributes(&self, path: &str) -> Vec<String> {
        let is_listed = |layer: &&crate::keras::Layer| {
            !(matches!(self.network, Network::Sequential(_)) && layer.class_name() == "InputLayer")
        };
        let layers = self.network.layers().iter().filter(is_listed).enumerate();
        let mut found = layers.filter_map(|(place, layer)| {
            let path = path.strip_prefix(layer.name())?.strip_prefix('/')?;
            let rest = match self.registry.build(&layer.to_object()) {
                Ok(class) => class.attributes(path),
                Err(_) => path.split('/').map(str::to_owned).collect(),
            };
            let number = [format!("layer-{place}")];
            Some(number.into_iter().chain(rest).collect())
        });
        found.next().unwrap_or_else(|| vec![path.to_owned()])
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &[CallArgument::Training, CallArgument::Mask]
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
