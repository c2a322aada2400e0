//! Networks, call by call: whoever lowers one says how each of its layers is called.

use std::collections::HashMap;

use super::call::{Call, CallOf, is_floating};
use super::{Handles, activity_losses};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder};
use crate::keras::{Functional, Layer, Network, Node, Object, Sequential, TensorRef};
use crate::layers::config::read;
use crate::layers::infer::schedule::{Schedule, is_input};
use crate::layers::{DTypePolicy, Inputs, Layer as LayerClass, LayerRegistry};
use crate::tensor::{DType, Shape};

/// A tensor between layers, while a network is lowered.
#[derive(Clone, Debug)]
pub(crate) struct LoweredTensor {
    pub(crate) value: Edge,
    pub(crate) shape: Shape,
    /// Which of its steps count.
    pub(crate) mask: Option<Edge>,
}

/// How the layers of a network are called.
pub(crate) trait Caller {
    /// Calls the layer at that place of the network. The tensors are those of all arguments, one
    /// after the other.
    fn call(
        &mut self,
        place: usize,
        layer: &Layer,
        inputs: &Inputs,
        tensors: &[LoweredTensor],
    ) -> Result<Vec<LoweredTensor>>;
}

/// Where a network ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ends<'e> {
    /// At its outputs.
    Outputs,
    /// At all that the first calls of these layers give.
    Layers(&'e [String]),
}

/// Calls the layers of a network, from its inputs to where it ends.
pub(crate) fn lower_network(
    network: &Network,
    caller: &mut dyn Caller,
    inputs: Vec<LoweredTensor>,
    ends: Ends<'_>,
) -> Result<Vec<LoweredTensor>> {
    match network {
        Network::Sequential(it) => sequential(it, caller, inputs, ends),
        Network::Functional(it) => functional(it, caller, &inputs, ends),
        Network::Subclassed(object) => Err(Error::new(
            ErrorKind::UnknownObject,
            format!(
                "a model of the class `{}`, whose calls are Python code",
                object.class_name()
            ),
        )),
    }
}

fn sequential(
    network: &Sequential,
    caller: &mut dyn Caller,
    inputs: Vec<LoweredTensor>,
    ends: Ends<'_>,
) -> Result<Vec<LoweredTensor>> {
    let mut tensors = inputs;
    let mut of_layers = HashMap::new();
    for (place, layer) in network.layers().iter().enumerate() {
        if !is_input(layer) {
            let inputs = Inputs::of(tensors.iter().map(|it| it.shape.clone()));
            tensors = called(caller, place, layer, &inputs, &tensors)?;
        }
        of_layers.insert(layer.name(), tensors.clone());
    }
    match ends {
        Ends::Outputs => Ok(tensors),
        Ends::Layers(names) => of_named(names, |name| of_layers.remove(name)),
    }
}

/// What layers give, one after the other.
fn of_named(
    names: &[String],
    mut given_by: impl FnMut(&str) -> Option<Vec<LoweredTensor>>,
) -> Result<Vec<LoweredTensor>> {
    let mut all = Vec::new();
    for name in names {
        all.extend(given_by(name).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("no layer `{name}` that follows from the model's inputs"),
            )
        })?);
    }
    Ok(all)
}

fn functional(
    network: &Functional,
    caller: &mut dyn Caller,
    inputs: &[LoweredTensor],
    ends: Ends<'_>,
) -> Result<Vec<LoweredTensor>> {
    let nodes = network.layers().iter().map(Layer::nodes);
    let nodes = nodes.collect::<Result<Vec<Vec<Node>>>>()?;
    let schedule = Schedule::of(network, &nodes);
    let mut made = HashMap::new();
    for (input, tensor) in network.inputs().iter().zip(inputs) {
        if let Some(call) = schedule.locate(input) {
            made.insert(call, vec![tensor.clone()]);
        }
    }
    for &(place, index) in schedule.calls() {
        let layer = network.layers().get(place);
        let node = nodes.get(place).and_then(|nodes| nodes.get(index));
        let (Some(layer), Some(node)) = (layer, node) else {
            continue;
        };
        if is_input(layer) {
            continue;
        }
        let find = |source: &_| made.get(&schedule.locate(source)?)?.get(source.tensor);
        let inputs = Inputs::of_call(node, &|source| Some(find(source)?.shape.clone()));
        let sources = Inputs::sources(node);
        let tensors: Option<Vec<LoweredTensor>> = sources
            .into_iter()
            .map(|source| find(source).cloned())
            .collect();
        // What leads to no input leads to no output either, or that says so.
        if let (Some(inputs), Some(tensors)) = (inputs, tensors) {
            let outputs = called(caller, place, layer, &inputs, &tensors)?;
            made.insert((place, index), outputs);
        }
    }
    match ends {
        Ends::Outputs => outputs(network, &schedule, &made),
        Ends::Layers(names) => of_named(names, |name| {
            made.remove(&schedule.locate(&TensorRef::new(name, 0, 0))?)
        }),
    }
}

fn outputs(
    network: &Functional,
    schedule: &Schedule<'_>,
    made: &HashMap<(usize, usize), Vec<LoweredTensor>>,
) -> Result<Vec<LoweredTensor>> {
    let outputs = network.outputs().iter().map(|output| {
        let found = schedule.locate(output).and_then(|call| made.get(&call));
        let found = found.and_then(|outputs| outputs.get(output.tensor));
        found.cloned().ok_or_else(|| {
            let name = &output.layer;
            Error::new(
                ErrorKind::InvalidModel,
                format!("an output of layer `{name}` that does not follow from the inputs"),
            )
        })
    });
    outputs.collect()
}

fn called(
    caller: &mut dyn Caller,
    place: usize,
    layer: &Layer,
    inputs: &Inputs,
    tensors: &[LoweredTensor],
) -> Result<Vec<LoweredTensor>> {
    let outputs = caller.call(place, layer, inputs, tensors);
    outputs.map_err(|error| error.within(format!("layer `{}`", layer.name())))
}

/// In what a layer computes, by its config.
pub(crate) fn compute_dtype(object: &Object) -> DType {
    let policy = read::<DTypePolicy>(object, &["dtype"]).ok().flatten();
    policy.unwrap_or_default().compute_dtype()
}

/// Floats as what the layer computes in; Keras casts what every layer is called with.
pub(crate) fn cast_input(
    function: &mut FunctionBuilder,
    value: &Edge,
    dtype: DType,
) -> Result<Edge> {
    match is_floating(value.dtype()) && is_floating(dtype.into()) {
        true => function.cast(value, dtype.into()),
        false => Ok(value.clone()),
    }
}

/// Whether a call is one in training: what it says itself, or else what its model is in.
pub(crate) fn is_training(inputs: &Inputs, of_model: bool) -> bool {
    let own = inputs.constant(usize::MAX, "training");
    own.and_then(serde_json::Value::as_bool).unwrap_or(of_model)
}

/// Calls the layers of a network in the function that the network itself is called in.
pub(crate) struct Inline<'i, 'c> {
    pub(crate) call: &'i mut Call<'c>,
    pub(crate) registry: &'i LayerRegistry,
}

impl Caller for Inline<'_, '_> {
    fn call(
        &mut self,
        _: usize,
        layer: &Layer,
        inputs: &Inputs,
        tensors: &[LoweredTensor],
    ) -> Result<Vec<LoweredTensor>> {
        self.registry.count_call()?;
        let object = layer.to_object();
        let class = self.registry.build(&object)?;
        self.call
            .nested(layer.name(), |function, handles, training| {
                let call = LayerCall {
                    class: &*class,
                    dtype: compute_dtype(&object),
                    inputs,
                    tensors,
                    training: is_training(inputs, training),
                };
                call.lower(function, handles)
            })
            .and_then(|(outputs, mut losses)| {
                losses.extend(activity_losses(self.call.function, &object, &outputs)?);
                losses.into_iter().for_each(|loss| self.call.add_loss(loss));
                Ok(outputs)
            })
    }
}

/// A call of a layer with tensors between layers.
pub(crate) struct LayerCall<'l> {
    pub(crate) class: &'l dyn LayerClass,
    pub(crate) dtype: DType,
    pub(crate) inputs: &'l Inputs,
    pub(crate) tensors: &'l [LoweredTensor],
    pub(crate) training: bool,
}

impl LayerCall<'_> {
    /// Adds its operations, and those of the masks of what it gives; also returns its losses.
    fn lower(
        &self,
        function: &mut FunctionBuilder,
        handles: &Handles,
    ) -> Result<(Vec<LoweredTensor>, Vec<Edge>)> {
        let (mut outputs, losses) = self.lower_unmasked(function, handles)?;
        let masks = self.lower_masks(function)?;
        for (output, mask) in outputs.iter_mut().zip(masks) {
            output.mask = mask;
        }
        Ok((outputs, losses))
    }

    /// Adds its operations; also returns its losses.
    pub(crate) fn lower_unmasked(
        &self,
        function: &mut FunctionBuilder,
        handles: &Handles,
    ) -> Result<(Vec<LoweredTensor>, Vec<Edge>)> {
        let values = self
            .tensors
            .iter()
            .map(|it| match self.class.casts_inputs() {
                true => cast_input(function, &it.value, self.dtype),
                false => Ok(it.value.clone()),
            });
        let values = values.collect::<Result<Vec<Edge>>>()?;
        let mut arguments = self.class.call_arguments().iter();
        let takes_masks = arguments.any(|it| it.takes_masks());
        let masks = self.tensors.iter().map(|it| it.mask.clone());
        let masks: Vec<Option<Edge>> = masks.map(|it| it.filter(|_| takes_masks)).collect();
        let of = self.of(&values, &masks, handles);
        let mut call = Call::new(function, of);
        let outputs = self.class.lower(&mut call)?;
        let losses = call.into_losses();
        let outputs = tensors_of(outputs, self.class.output_shapes(self.inputs)?)?;
        Ok((outputs, losses))
    }

    /// Adds the operations of the masks of what it gives; none where the list ends.
    pub(crate) fn lower_masks(&self, function: &mut FunctionBuilder) -> Result<Vec<Option<Edge>>> {
        let values: Vec<Edge> = self.tensors.iter().map(|it| it.value.clone()).collect();
        let masks: Vec<Option<Edge>> = self.tensors.iter().map(|it| it.mask.clone()).collect();
        let handles = Handles::default();
        let of = self.of(&values, &masks, &handles);
        self.class.masks(&mut Call::new(function, of))
    }

    fn of<'c>(
        &'c self,
        tensors: &'c [Edge],
        masks: &'c [Option<Edge>],
        handles: &'c Handles,
    ) -> CallOf<'c> {
        CallOf {
            inputs: self.inputs,
            tensors,
            masks,
            handles,
            training: self.training,
            dtype: self.dtype,
        }
    }
}

/// Puts together what a call gives.
fn tensors_of(values: Vec<Edge>, shapes: Vec<Shape>) -> Result<Vec<LoweredTensor>> {
    if values.len() != shapes.len() {
        let (found, expected) = (values.len(), shapes.len());
        return Err(Error::new(
            ErrorKind::InvalidModel,
            format!("a call that gives {found} tensors, expected {expected} by their shapes"),
        ));
    }
    let tensors = values.into_iter().zip(shapes);
    let tensors = tensors.map(|(value, shape)| LoweredTensor {
        value,
        shape,
        mask: None,
    });
    Ok(tensors.collect())
}
