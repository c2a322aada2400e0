//! What functions of TensorFlow compute that Keras 2 records as layers.
//!
//! | file | what it has |
//! |---|---|
//! | `elements.rs` | what is computed element by element, summed along axes, or multiplied |
//! | `axes.rs` | axes that come, go, move or change their size |
//! | `images.rs` | images: sizes, sides, channels, windows |
//! | `slicing.rs` | `tensor[…]` |

mod axes;
mod elements;
mod images;
mod slicing;

use serde_json::Value;

use super::{Call as Arguments, Name, constant_shape, table, unsupported};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::config::ConfigValue;
use crate::layers::inputs::Operand;
use crate::layers::lower::numbers;
use crate::layers::shape::mismatch;
use crate::layers::{Axes, Call};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// A call of a function, while it is lowered.
pub(super) struct Recorded<'r, 'c> {
    call: &'r mut Call<'c>,
    arguments: Arguments<'r>,
}

/// Adds the operations of one call of a function such as `math.reduce_mean`.
pub(super) fn lower<'r>(
    function: &str,
    call: &'r mut Call<'_>,
    arguments: Arguments<'r>,
) -> Result<Vec<Edge>> {
    let unknown = || unsupported("what it computes is not known");
    let mut recorded = Recorded { call, arguments };
    let name = table::without_module(function).ok_or_else(unknown)?;
    let one = elements::of(name, &mut recorded).or_else(|| images::of(name, &mut recorded));
    if let Some(lowered) = one {
        return lowered.map(|y| vec![y]);
    }
    axes::of(name, &mut recorded).ok_or_else(unknown)?
}

impl<'c> Recorded<'_, 'c> {
    fn f(&mut self) -> &mut FunctionBuilder {
        self.call.function
    }

    /// The tensor it is called with.
    fn x(&self) -> Result<&'c Edge> {
        // The first argument may be a constant beside a tensor.
        self.shape()?;
        self.call.tensor()
    }

    /// The shape of that.
    fn shape(&self) -> Result<&'c Shape> {
        self.call.shape()
    }

    /// The tensors of its first argument, which is a list.
    fn list(&self) -> Result<&'c [Edge]> {
        let count = self.arguments.list()?.len();
        Ok(self.call.tensors().get(..count).unwrap_or_default())
    }

    /// An argument, by the name it was given by.
    fn argument(&self, name: Name) -> Option<(Operand<'c>, &'static str)> {
        let Name(position, names) = name;
        let inputs = self.call.inputs();
        let by_name = names.iter().find(|name| inputs.has(name));
        let name = by_name.or(names.first()).copied()?;
        Some((inputs.operand(position, name)?, name))
    }

    /// An argument that is a tensor.
    fn tensor(&self, name: Name) -> Option<&'c Edge> {
        match self.argument(name)? {
            (Operand::Tensor(_), own) => {
                let place = self.call.inputs().place(name.0, own)?;
                self.call.tensors().get(place)
            }
            (Operand::Value(_), _) => None,
        }
    }

    /// How many axes an argument has, a tensor or numbers; 0 for what is neither.
    fn rank(&self, name: Name) -> usize {
        let shape = match self.argument(name) {
            Some((Operand::Tensor(shape), _)) => Some(shape.clone()),
            Some((Operand::Value(value), _)) => constant_shape(value),
            None => None,
        };
        shape.map_or(0, |shape| shape.rank())
    }

    /// An argument that is a tensor, or numbers that become one, or a list of both.
    fn operand(&mut self, name: Name, dtype: DataType) -> Result<Edge> {
        if let Some(list) = self.arguments.mixed(name).map(<[_]>::to_vec) {
            return self.packed(name, &list, dtype);
        }
        if let Some(tensor) = self.tensor(name) {
            return Ok(tensor.clone());
        }
        let value = self.arguments.value(name)?.cloned();
        let value = value.ok_or_else(|| {
            let name = name.1.first().copied().unwrap_or_default();
            mismatch(format!("`{name}` is missing, expected a tensor or numbers"))
        })?;
        numbers(self.f(), &value, dtype)
    }

    /// A list of scalars, of which those that are not constants are tensors.
    fn packed(&mut self, name: Name, list: &[Option<Value>], dtype: DataType) -> Result<Edge> {
        let Name(position, names) = name;
        let inputs = self.call.inputs();
        let by_name = names.iter().find(|name| inputs.has(name));
        let name = by_name.or(names.first()).copied().unwrap_or_default();
        let first = inputs.place(position, name).unwrap_or_default();
        let mut tensors = self.call.tensors().iter().skip(first);
        let mut parts = Vec::new();
        for item in list {
            let part = match (item, item.is_none().then(|| tensors.next()).flatten()) {
                (Some(value), _) => numbers(self.f(), value, dtype)?,
                (None, Some(tensor)) => self.f().cast(tensor, dtype)?,
                (None, None) => return Err(mismatch(format!("`{name}` lacks a tensor"))),
            };
            parts.push(part);
        }
        self.f().pack(&parts)
    }

    /// The type of the first of these arguments that is a tensor.
    fn dtype_of(&self, names: &[Name]) -> Option<DataType> {
        let tensor = names.iter().find_map(|name| self.tensor(*name))?;
        Some(tensor.dtype())
    }

    fn read<T: ConfigValue>(&self, name: Name) -> Result<Option<T>> {
        self.arguments.read(name)
    }

    fn required<T: ConfigValue>(&self, name: Name) -> Result<T> {
        self.arguments.required(name)
    }

    fn flag(&self, name: Name) -> Result<bool> {
        self.arguments.flag(name)
    }

    /// Axes as they are given, or all of them.
    fn axes(&self, name: Name) -> Result<Vec<i32>> {
        match self.read::<Axes>(name)? {
            Some(axes) => axes.0.into_iter().map(small).collect(),
            None => Ok((0_i32..).take(self.shape()?.rank()).collect()),
        }
    }

    /// One axis.
    fn axis(&self, name: Name, otherwise: i32) -> Result<i32> {
        let axis = self.read::<i64>(name)?;
        axis.map_or(Ok(otherwise), small)
    }

    /// A type, by its name.
    fn dtype(&self, name: Name) -> Result<Option<DataType>> {
        let Some(word) = self.read::<String>(name)? else {
            return Ok(None);
        };
        match crate::tensor::DType::from_name(&word) {
            Some(dtype) => Ok(Some(dtype.into())),
            None => Err(unsupported(format!("the type `{word}`"))),
        }
    }

    /// That an argument is not given, or what it is by default.
    fn refuse(&self, name: Name, usual: &[Value]) -> Result<()> {
        match self.arguments.value(name)? {
            Some(value) if !usual.contains(value) => {
                let name = name.1.first().copied().unwrap_or_default();
                Err(unsupported(format!("`{name}` is {value}")))
            }
            _ => Ok(()),
        }
    }
}

/// A number as graphs have sizes and axes.
fn small(number: i64) -> Result<i32> {
    i32::try_from(number).map_err(|_| mismatch(format!("{number}, expected 32 bits")))
}

#[cfg(test)]
mod tests;
