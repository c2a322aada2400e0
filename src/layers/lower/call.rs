//! One call of a layer, while it is lowered.

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

    /// The mask of a layer whose second argument is `mask`: the one that it is given, or else that
    /// of its tensor.
    pub fn given_mask(&self) -> Option<&'c Edge> {
        let place = match self.inputs.argument(1, "mask") {
            Some([_]) => self.inputs.place(1, "mask"),
            _ => None,
        };
        place.map_or_else(|| self.mask(), |at| self.tensors.get(at))
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
        let handle = self.handles.get(path)?;
        self.function.read(&handle.resource, handle.dtype.into())
    }

    /// The resource of a variable, for operations that take that.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn resource(&self, path: &str) -> Result<&'c Edge> {
        Ok(&self.handles.get(path)?.resource)
    }

    /// The type of a variable.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn variable_dtype(&self, path: &str) -> Result<DType> {
        Ok(self.handles.get(path)?.dtype)
    }

    /// Does something with a layer of that name in this one: with the function, the variables of
    /// the layer, and whether the model is trained.
    pub(super) fn nested<T>(
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
        self.nested(name, |function, handles, training| {
            layer.lower(&mut Call {
                function,
                inputs,
                tensors,
                masks: &masks,
                handles,
                training,
                dtype,
            })
        })
    }
}

pub(crate) fn is_floating(dtype: DataType) -> bool {
    matches!(
        dtype,
        DataType::DT_HALF | DataType::DT_BFLOAT16 | DataType::DT_FLOAT | DataType::DT_DOUBLE
    )
}
