//! One call of a layer, while it is lowered.

use serde_json::Value;

use super::variables::Handles;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::{Inputs, Layer};
use crate::proto::tensorflow::DataType;
use crate::tensor::{DType, Shape};

/// What a call of a layer takes beside its tensors; Keras finds the function for a call by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallArgument {
    /// Whether the model is trained: `training`.
    Training,
    /// Which time steps count: `mask`.
    Mask,
    /// A tensor beside the first argument, by the name of its argument; it may be left out.
    Tensor(&'static str),
    /// A list of tensors beside the first argument, by the name of its argument.
    Tensors(&'static str),
    /// Tensors that Keras puts behind those of the first argument, by the name of their own: the states
    /// that a sequence begins with, and what a cell takes in every step.
    Behind(&'static str),
    /// Whether something is wanted, by the name of its argument; no, unless the call says so.
    Flag(&'static str),
    /// The masks that the tensors bring along, which are an argument of no Python method; after
    /// all others.
    BroughtMasks,
}

impl CallArgument {
    /// What the argument of the Python method is called, if it is one.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            CallArgument::Training => Some("training"),
            CallArgument::Mask => Some("mask"),
            CallArgument::Tensor(name)
            | CallArgument::Tensors(name)
            | CallArgument::Behind(name)
            | CallArgument::Flag(name) => Some(name),
            CallArgument::BroughtMasks => None,
        }
    }

    /// Whether masks of tensors are used.
    pub(crate) fn takes_masks(self) -> bool {
        matches!(self, CallArgument::Mask | CallArgument::BroughtMasks)
    }
}

/// One call of a layer, while it is lowered: the function it becomes part of, its tensors, its
/// variables.
#[derive(Debug)]
pub struct Call<'c> {
    /// The function that the operations are added to.
    pub function: &'c mut FunctionBuilder,
    inputs: &'c Inputs,
    tensors: &'c [Edge],
    masks: &'c [Option<Edge>],
    handles: &'c Handles,
    training: bool,
    dtype: DType,
    losses: Vec<Edge>,
}

/// What a [`Call`] is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallOf<'c> {
    /// Shapes of the tensors.
    pub(crate) inputs: &'c Inputs,
    /// The tensors of all arguments, one after the other.
    pub(crate) tensors: &'c [Edge],
    /// Which of their steps count; as long as `tensors`.
    pub(crate) masks: &'c [Option<Edge>],
    pub(crate) handles: &'c Handles,
    pub(crate) training: bool,
    /// In what the layer computes.
    pub(crate) dtype: DType,
}

impl<'c> Call<'c> {
    pub(crate) fn new(function: &'c mut FunctionBuilder, of: CallOf<'c>) -> Self {
        Call {
            function,
            inputs: of.inputs,
            tensors: of.tensors,
            masks: of.masks,
            handles: of.handles,
            training: of.training,
            dtype: of.dtype,
            losses: Vec::new(),
        }
    }

    /// The shapes of the tensors, argument by argument.
    pub fn inputs(&self) -> &'c Inputs {
        self.inputs
    }

    /// The tensors of all arguments, one after the other.
    pub fn tensors(&self) -> &'c [Edge] {
        self.tensors
    }

    /// The first tensor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModel`] if there is none.
    pub fn tensor(&self) -> Result<&'c Edge> {
        self.tensors.first().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidModel,
                "called without a tensor, expected one",
            )
        })
    }

    /// The shape of the first tensor.
    ///
    /// # Errors
    ///
    /// As [`tensor`](Self::tensor).
    pub fn shape(&self) -> Result<&'c Shape> {
        self.inputs.first()
    }

    /// The masks of the tensors: booleans with the first axes of the tensor, false where it does
    /// not count.
    pub fn masks(&self) -> &'c [Option<Edge>] {
        self.masks
    }

    /// The mask of the first tensor.
    pub fn mask(&self) -> Option<&'c Edge> {
        self.masks.first()?.as_ref()
    }

    /// The tensor of an argument, given by position or by name.
    pub fn tensor_of(&self, position: usize, name: &str) -> Option<&'c Edge> {
        self.inputs.argument(position, name)?.first()?;
        self.tensors.get(self.inputs.place(position, name)?)
    }

    /// Whether a constant argument of that name is true.
    pub fn flag(&self, name: &str) -> bool {
        let given = self.inputs.constant(usize::MAX, name);
        given.and_then(Value::as_bool).unwrap_or_default()
    }

    /// The masks of a layer whose second argument is `mask`, one for each of its tensors: those
    /// that it is given, or else those of its tensors.
    pub fn given_masks(&self) -> Vec<Option<Edge>> {
        given_masks(self.inputs, self.tensors).unwrap_or_else(|| self.masks.to_vec())
    }

    /// The mask of a layer whose second argument is `mask`: the one that it is given, or else that
    /// of its tensor.
    pub fn given_mask(&self) -> Option<&'c Edge> {
        let place = match self.inputs.argument(1, "mask") {
            Some([_]) => self.inputs.place(1, "mask"),
            _ => None,
        };
        place.map_or_else(|| self.mask(), |at| self.tensors.get(at))
    }

    /// Adds to what the model pays, beside its loss: a scalar.
    pub fn add_loss(&mut self, loss: Edge) {
        self.losses.push(loss);
    }

    /// What was added.
    pub(crate) fn into_losses(self) -> Vec<Edge> {
        self.losses
    }

    /// Whether the model is trained.
    pub fn training(&self) -> bool {
        self.training
    }

    /// In what the layer computes.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Whether there is a variable at that path from the layer.
    pub fn has_variable(&self, path: &str) -> bool {
        self.handles.contains(path)
    }

    /// The value of a variable, by its path from the layer, as what the layer computes in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModel`] if there is none.
    pub fn read(&mut self, path: &str) -> Result<Edge> {
        let value = self.read_as_stored(path)?;
        if !is_floating(value.dtype()) || !is_floating(self.dtype.into()) {
            return Ok(value);
        }
        self.function.cast(&value, self.dtype.into())
    }

    /// The value of a variable, as what it is stored in.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_as_stored(&mut self, path: &str) -> Result<Edge> {
        self.handles.get(path)?.read(self.function)
    }

    /// The resource of a variable, for operations that take that.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn resource(&self, path: &str) -> Result<&'c Edge> {
        Ok(&self.handles.get(path)?.resource)
    }

    /// The resource of a table, by its path from the layer.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn table(&self, path: &str) -> Result<&'c Edge> {
        self.resource(path)
    }

    /// The type of a variable.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn variable_dtype(&self, path: &str) -> Result<DType> {
        Ok(self.handles.get(path)?.dtype)
    }

    /// What all steps of a sequence share, as a cell gave it by that name:
    /// [`Layer::shared`](crate::layers::Layer::shared).
    pub fn shared(&self, name: &str) -> Option<&'c Edge> {
        self.handles.shared(name)
    }

    /// The variables of a layer of that name in this one.
    pub(crate) fn handles_of(&self, name: &str) -> Handles {
        self.handles.within(name)
    }

    /// Does something with a layer of that name in this one: with the function, the variables of
    /// the layer, and whether the model is trained.
    pub(crate) fn nested<T>(
        &mut self,
        name: &str,
        what: impl FnOnce(&mut FunctionBuilder, &Handles, bool) -> Result<T>,
    ) -> Result<T> {
        let handles = self.handles.within(name);
        self.function.enter(name);
        let done = what(self.function, &handles, self.training);
        self.function.leave();
        done
    }

    /// Calls a layer in this one, whose variables are under `name` here.
    ///
    /// # Errors
    ///
    /// Those of the layer.
    pub fn inner(
        &mut self,
        name: &str,
        layer: &dyn Layer,
        inputs: &Inputs,
        tensors: &[Edge],
    ) -> Result<Vec<Edge>> {
        let masks = vec![None; tensors.len()];
        let dtype = self.dtype;
        let (outputs, losses) = self.nested(name, |function, handles, training| {
            let mut call = Call::new(
                function,
                CallOf {
                    inputs,
                    tensors,
                    masks: &masks,
                    handles,
                    training,
                    dtype,
                },
            );
            let outputs = layer.lower(&mut call)?;
            Ok((outputs, call.into_losses()))
        })?;
        self.losses.extend(losses);
        Ok(outputs)
    }
}

/// The masks that are an argument of a call, by name or second, one for each of its tensors; none
/// if it has no such argument.
pub(crate) fn given_masks(inputs: &Inputs, tensors: &[Edge]) -> Option<Vec<Option<Edge>>> {
    let given = inputs.argument(1, "mask").filter(|it| !it.is_empty())?;
    let at = inputs.place(1, "mask")?;
    let mut given = tensors.iter().skip(at).take(given.len()).cloned();
    Some(match inputs.mixed(1, "mask") {
        Some(list) => {
            let masks = list.iter().map(|constant| match constant {
                Some(_) => None,
                None => given.next(),
            });
            masks.collect()
        }
        None => given.map(Some).collect(),
    })
}

pub(crate) fn is_floating(dtype: DataType) -> bool {
    matches!(
        dtype,
        DataType::DT_HALF | DataType::DT_BFLOAT16 | DataType::DT_FLOAT | DataType::DT_DOUBLE
    )
}
