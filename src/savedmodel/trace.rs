//! The functions of a model's layers: each is made once for the tensors it is called with, and
//! called by the functions of the models it is in.

use std::collections::HashMap;
use std::rc::Rc;

use super::arguments;
use super::body::Body;
use super::carried::Source;
use super::functions::Structure;
use super::structured::{Spec, Structured};
use super::tree::{Branch, BranchKind, structures};
use super::variables::{Capture, SavedVariables};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, Function, Library};
use crate::keras::{Layer, Network};
use crate::layers::{
    CallArgument, Caller, Ends, Inputs, Layer as LayerClass, LayerCall, LoweredTensor,
    activity_losses, cast_input, given_masks, is_training, lower_network,
};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// Functions, as they are needed.
#[derive(Debug)]
pub(super) struct Tracer<'t, 'm> {
    pub(super) library: Library,
    pub(super) variables: &'t SavedVariables<'m>,
    /// Functions that the model's file has.
    pub(super) carried: Source<'t>,
    made: HashMap<Key, Rc<Traced>>,
    /// Of each layer, in the order in which they were needed.
    of_layers: HashMap<String, Vec<Rc<Traced>>>,
}

/// What decides which function a call needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    path: String,
    training: bool,
    tensors: Vec<(i32, Shape, bool)>,
    /// Which arguments it is called with, as text.
    form: String,
}

/// The function of one layer for tensors of certain types and shapes.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) function: Function,
    /// What a call takes after its tensors.
    pub(super) captures: Vec<Capture>,
    /// None where the class takes no such argument.
    pub(super) training: Option<bool>,
    pub(super) tensors: Vec<Spec>,
    /// Of each tensor, that of its mask if it is called with one; none where the class takes none.
    pub(super) masks: Option<Vec<Option<Spec>>>,
    pub(super) outputs: Vec<(DataType, Shape)>,
    /// What is given for arguments that are neither the first, nor `training`, nor masks that the
    /// tensors bring along.
    pub(super) others: Vec<(&'static str, Structured)>,
    /// How many of the tensors the first argument has.
    pub(super) first: usize,
    /// How the tensors of the first argument, and those of the outputs, are put together.
    pub(super) structures: (Structure, Structure),
    /// How many losses are returned after the outputs.
    pub(super) losses: usize,
    /// Which outputs have masks, that are returned last.
    pub(super) masked: Vec<bool>,
}

impl<'t, 'm> Tracer<'t, 'm> {
    pub(super) fn new(variables: &'t SavedVariables<'m>, carried: Source<'t>) -> Self {
        Tracer {
            carried,
            library: Library::new(),
            variables,
            made: HashMap::new(),
            of_layers: HashMap::new(),
        }
    }

    /// The functions of a layer that were needed.
    pub(super) fn of_layer(&self, path: &str) -> &[Rc<Traced>] {
        self.of_layers.get(path).map_or(&[], Vec::as_slice)
    }

    /// The function of a layer that is called like this.
    fn trace(
        &mut self,
        branch: &Branch<'_>,
        inputs: &Inputs,
        tensors: &[LoweredTensor],
        training: bool,
    ) -> Result<Rc<Traced>> {
        let arguments = branch.arguments();
        let is_offered = !has_brought_masks(arguments, tensors);
        if !is_offered {
            // What the layer offers to others knows nothing of masks, as with Keras.
            let mut plain = tensors.to_vec();
            plain.iter_mut().for_each(|it| it.mask = None);
            self.trace(branch, inputs, &plain, training)?;
        }
        let training = arguments
            .contains(&CallArgument::Training)
            .then_some(training);
        let takes_masks = arguments.iter().any(|it| it.takes_masks());
        let masked: Vec<bool> = tensors
            .iter()
            .map(|it| takes_masks && it.mask.is_some())
            .collect();
        let types = tensors.iter().zip(&masked);
        let types = types.map(|(it, is)| (it.value.dtype().0, it.shape.clone(), *is));
        let key = Key {
            path: branch.path.clone(),
            training: training.unwrap_or_default(),
            tensors: types.collect(),
            form: inputs.form(),
        };
        if let Some(made) = self.made.get(&key) {
            return Ok(Rc::clone(made));
        }
        let name = branch.layer.name();
        let mut request = Request {
            name: format!("{name}_layer_call_and_return_conditional_losses"),
            specs: arguments::specs(branch, inputs, tensors),
            masks: takes_masks.then_some(masked),
            training,
            inputs,
            ends: Ends::Outputs,
        };
        request.name_layers(&branch.kind);
        let mut traced = self.made_anew(branch, request)?;
        if let BranchKind::Class(_) = branch.kind {
            arguments::describe(&mut traced, branch, inputs);
        }
        let traced = Rc::new(traced);
        self.made.insert(key, Rc::clone(&traced));
        if is_offered {
            self.record(&branch.path, &traced);
        }
        Ok(traced)
    }

    /// A function of a layer.
    fn made_anew(&mut self, branch: &Branch<'_>, request: Request<'_>) -> Result<Traced> {
        match &branch.kind {
            BranchKind::Class(class) => match self.class(branch, class.as_ref(), request.clone()) {
                // What is not computed here, the model's file may compute.
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    match self.carried.of_layer(&branch.path)? {
                        Some(_) => self.carried(&branch.path, request),
                        None => Err(error),
                    }
                }
                made => made,
            },
            BranchKind::Carried(_) => self.carried(&branch.path, request),
            BranchKind::Network(network, branches) => self.network(network, branches, request),
            BranchKind::Input | BranchKind::Unknown(_) => Err(branch.not_traced()),
        }
    }

    /// Says that a layer has this function.
    pub(super) fn record(&mut self, path: &str, traced: &Rc<Traced>) {
        let of_layer = self.of_layers.entry(path.to_owned()).or_default();
        of_layer.push(Rc::clone(traced));
    }

    fn class(
        &mut self,
        branch: &Branch<'_>,
        class: &dyn LayerClass,
        request: Request<'_>,
    ) -> Result<Traced> {
        let mut body = Body::new(&mut self.library, &request.name, self.variables);
        let tensors = body.tensors(&request);
        let handles = body.handles_of(&branch.path, class, request.inputs)?;
        let call = LayerCall {
            class,
            dtype: branch.dtype,
            inputs: request.inputs,
            tensors: &tensors,
            training: request.training.unwrap_or_default(),
        };
        let (outputs, losses) = call.lower_unmasked(&mut body.function, &handles)?;
        body.losses = losses;
        body.finish(&mut self.library, request, &outputs)
    }

    /// A function that calls one of the model's file.
    pub(super) fn carried(&mut self, path: &str, request: Request<'_>) -> Result<Traced> {
        let Some(functions) = self.carried.of_layer(path)? else {
            let message = "a layer whose functions are not there";
            return Err(Error::new(ErrorKind::InvalidModel, message));
        };
        let body = Body::new(&mut self.library, &request.name, self.variables);
        functions.trace(path, &mut self.library, body, request)
    }

    /// The functions of the model's file that give penalties on variables of a layer.
    pub(super) fn carried_penalties(&mut self, path: &str) -> Result<Vec<String>> {
        let functions = self.carried.of_layer(path)?;
        Ok(functions.map(|it| it.penalties(path)).unwrap_or_default())
    }

    /// A function called `wanted` that calls one of these, and the variables it captures.
    pub(super) fn carried_penalty(
        &mut self,
        path: &str,
        name: &str,
        wanted: &str,
    ) -> Result<(Function, Vec<Capture>)> {
        let body = Body::new(&mut self.library, wanted, self.variables);
        match self.carried.of_layer(path)? {
            Some(functions) => functions.penalty(name, &mut self.library, body),
            None => body.into_function(&mut self.library, &[]),
        }
    }

    /// The specs of the tensors that a layer of the model's file was called with.
    pub(super) fn carried_inputs(&mut self, path: &str) -> Result<Option<Vec<Spec>>> {
        let functions = self.carried.of_layer(path)?;
        Ok(functions.map(|it| it.inputs(path)))
    }

    /// The function of a network with these specs for its inputs.
    pub(super) fn network(
        &mut self,
        network: &Network,
        branches: &[Branch<'_>],
        request: Request<'_>,
    ) -> Result<Traced> {
        let body = Body::new(&mut self.library, &request.name, self.variables);
        let mut calls = Calls {
            tracer: self,
            branches,
            body,
            training: request.training.unwrap_or_default(),
        };
        let mut inputs = calls.body.tensors(&request);
        let values: Vec<Edge> = inputs.iter().map(|it| it.value.clone()).collect();
        let given = given_masks(request.inputs, &values).unwrap_or_default();
        for (input, mask) in inputs.iter_mut().zip(given) {
            input.mask = mask;
        }
        let outputs = lower_network(network, &mut calls, inputs, request.ends)?;
        let body = calls.body;
        let mut traced = body.finish(&mut self.library, request, &outputs)?;
        traced.structures = structures(network);
        Ok(traced)
    }
}

/// Whether there are masks that are no argument.
fn has_brought_masks(arguments: &[CallArgument], tensors: &[LoweredTensor]) -> bool {
    let are_brought = arguments.contains(&CallArgument::BroughtMasks);
    are_brought && tensors.iter().any(|it| it.mask.is_some())
}

/// A function that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Request<'r> {
    pub(super) name: String,
    pub(super) specs: Vec<Spec>,
    /// Of each tensor, whether it has a mask; none where masks are not taken.
    pub(super) masks: Option<Vec<bool>>,
    pub(super) training: Option<bool>,
    pub(super) inputs: &'r Inputs,
    /// Where a network ends.
    pub(super) ends: Ends<'r>,
}

impl Request<'_> {
    /// Models call their arguments after their inputs.
    fn name_layers(&mut self, kind: &BranchKind<'_>) {
        if let BranchKind::Network(network, _) = kind {
            for (spec, name) in self.specs.iter_mut().zip(super::tree::input_names(network)) {
                spec.name = name;
            }
        }
    }
}

/// Calls the functions of a network's layers in that of the network.
struct Calls<'c, 't, 'm, 'n> {
    tracer: &'c mut Tracer<'t, 'm>,
    branches: &'c [Branch<'n>],
    body: Body<'t, 'm>,
    training: bool,
}

impl Caller for Calls<'_, '_, '_, '_> {
    fn call(
        &mut self,
        place: usize,
        layer: &Layer,
        inputs: &Inputs,
        tensors: &[LoweredTensor],
    ) -> Result<Vec<LoweredTensor>> {
        let Some(branch) = self.branches.get(place) else {
            return Err(Error::new(
                ErrorKind::InvalidModel,
                "a layer that is not there",
            ));
        };
        self.body.function.enter(layer.name());
        let outputs = self.called(branch, inputs, tensors);
        self.body.function.leave();
        outputs
    }
}

impl Calls<'_, '_, '_, '_> {
    /// As Keras does, floats become what the layer computes in before its function is called.
    fn called(
        &mut self,
        branch: &Branch<'_>,
        inputs: &Inputs,
        tensors: &[LoweredTensor],
    ) -> Result<Vec<LoweredTensor>> {
        let names: Vec<&str> = branch
            .arguments()
            .iter()
            .filter_map(|it| it.name())
            .collect();
        let (inputs, order) = inputs.in_order(&names);
        let inputs = &inputs;
        let tensors = order.iter().filter_map(|at| tensors.get(*at).cloned());
        let mut tensors: Vec<LoweredTensor> = tensors.collect();
        let casts = match &branch.kind {
            BranchKind::Class(class) => class.casts_inputs(),
            kind => matches!(kind, BranchKind::Carried(_)),
        };
        if casts {
            // Where a class names several, only the first argument.
            let cast = arguments::in_first(branch, inputs, tensors.len());
            for tensor in tensors.iter_mut().take(cast) {
                tensor.value = cast_input(&mut self.body.function, &tensor.value, branch.dtype)?;
            }
        }
        let training = is_training(inputs, self.training);
        let traced = self.tracer.trace(branch, inputs, &tensors, training)?;
        let mut arguments: Vec<Edge> = tensors.iter().map(|it| it.value.clone()).collect();
        if traced.masks.is_some() {
            arguments.extend(tensors.iter().filter_map(|it| it.mask.clone()));
        }
        for capture in &traced.captures {
            arguments.push(self.body.capture(*capture));
        }
        let results = self.body.function.call(&traced.function, &arguments)?;
        self.outputs(branch, &traced, inputs, &tensors, results)
    }

    /// What a call gives, with masks; its losses are the network's.
    fn outputs(
        &mut self,
        branch: &Branch<'_>,
        traced: &Traced,
        inputs: &Inputs,
        tensors: &[LoweredTensor],
        results: Vec<Edge>,
    ) -> Result<Vec<LoweredTensor>> {
        let mut results = results.into_iter();
        let shapes = traced.outputs.iter().map(|(_, shape)| shape.clone());
        let mut outputs: Vec<LoweredTensor> = results
            .by_ref()
            .zip(shapes)
            .take(traced.outputs.len())
            .map(|(value, shape)| LoweredTensor {
                value,
                shape,
                mask: None,
            })
            .collect();
        self.body
            .losses
            .extend(results.by_ref().take(traced.losses));
        for (output, is_masked) in outputs.iter_mut().zip(&traced.masked) {
            if *is_masked {
                output.mask = results.next();
            }
        }
        if let BranchKind::Class(class) = &branch.kind {
            let call = LayerCall {
                class: class.as_ref(),
                dtype: branch.dtype,
                inputs,
                tensors,
                training: self.training,
            };
            let masks = call.lower_masks(&mut self.body.function)?;
            for (output, mask) in outputs.iter_mut().zip(masks) {
                output.mask = mask;
            }
        }
        let losses = activity_losses(&mut self.body.function, branch.layer.object(), &outputs)?;
        self.body.losses.extend(losses);
        Ok(outputs)
    }
}
