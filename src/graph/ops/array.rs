//! Operations that move elements.

use crate::error::Result;
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::tensor::Tensor;

/// The part of a tensor along one axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Where it begins; negative from the end; `None` from the start.
    pub begin: Option<i32>,
    /// Where it ends; negative from the end; `None` at the end.
    pub end: Option<i32>,
}

#[allow(
    clippy::missing_errors_doc,
    reason = "all fail alike, which the room's documentation says"
)]
impl FunctionBuilder {
    /// The same elements in another shape, of which one size may be -1.
    pub fn reshape(&mut self, x: &Edge, shape: &[i32]) -> Result<Edge> {
        let shape = self.constant(shape);
        self.reshape_to(x, &shape)
    }

    /// The same elements in a shape that is computed.
    pub fn reshape_to(&mut self, x: &Edge, shape: &Edge) -> Result<Edge> {
        self.op("Reshape").input(x).input(shape).one()
    }

    /// The sizes, as int32.
    pub fn shape(&mut self, x: &Edge) -> Result<Edge> {
        self.op("Shape").input(x).one()
    }

    /// One size of a list that [`shape`](Self::shape) gave, as a scalar.
    pub fn size_at(&mut self, shape: &Edge, axis: i32) -> Result<Edge> {
        // No axis behind the last can be named from the end, where the end of the list is meant.
        let end = if axis == -1 { 0 } else { axis + 1 };
        let (begin, end, step) = (
            self.constant([axis]),
            self.constant([end]),
            self.constant([1_i32]),
        );
        let slice = self.op("StridedSlice").input(shape).input(&begin);
        let slice = slice.input(&end).input(&step);
        let slice = match axis {
            -1 => slice.attr("end_mask", 1_i64),
            _ => slice,
        };
        slice.attr("shrink_axis_mask", 1_i64).one()
    }

    /// Scalars, or tensors of one shape, as one tensor with an axis more in front.
    pub fn pack(&mut self, values: &[Edge]) -> Result<Edge> {
        self.op("Pack").list(values).one()
    }

    /// The axes in another order.
    pub fn transpose(&mut self, x: &Edge, axes: &[i32]) -> Result<Edge> {
        let axes = self.constant(axes);
        self.op("Transpose").input(x).input(&axes).one()
    }

    /// One more axis of size 1 at that place.
    pub fn expand_dims(&mut self, x: &Edge, axis: i32) -> Result<Edge> {
        let axis = self.constant(axis);
        self.op("ExpandDims").input(x).input(&axis).one()
    }

    /// Without these axes, whose size is 1.
    pub fn squeeze(&mut self, x: &Edge, axes: &[i64]) -> Result<Edge> {
        self.op("Squeeze")
            .input(x)
            .attr("squeeze_dims", axes.to_vec())
            .one()
    }

    /// Tensors one after the other along an axis.
    pub fn concat(&mut self, values: &[Edge], axis: i32) -> Result<Edge> {
        let axis = self.constant(axis);
        self.op("ConcatV2").list(values).input(&axis).one()
    }

    /// Equal parts along an axis.
    pub fn split(&mut self, x: &Edge, axis: i32, parts: i64) -> Result<Vec<Edge>> {
        let axis = self.constant(axis);
        let split = self.op("Split").input(&axis).input(x);
        split.attr("num_split", parts).all()
    }

    /// A part along each axis.
    pub fn slice(&mut self, x: &Edge, slices: &[Slice]) -> Result<Edge> {
        let mut masks = (0_i64, 0_i64);
        for (axis, slice) in slices.iter().enumerate() {
            masks.0 |= i64::from(slice.begin.is_none()) << axis;
            masks.1 |= i64::from(slice.end.is_none()) << axis;
        }
        let begin: Vec<i32> = slices.iter().map(|it| it.begin.unwrap_or(0)).collect();
        let end: Vec<i32> = slices.iter().map(|it| it.end.unwrap_or(0)).collect();
        let (begin, end) = (self.constant(begin), self.constant(end));
        let steps = self.constant(vec![1_i32; slices.len()]);
        let slice = self.op("StridedSlice").input(x).input(&begin);
        let slice = slice.input(&end).input(&steps);
        slice
            .attr("begin_mask", masks.0)
            .attr("end_mask", masks.1)
            .one()
    }

    /// Zeros before and after, along each axis.
    pub fn pad(&mut self, x: &Edge, borders: &[(i32, i32)]) -> Result<Edge> {
        let borders = self.pairs(borders)?;
        self.op("Pad").input(x).input(&borders).one()
    }

    /// Two numbers for each axis, as operations take borders.
    pub fn pairs(&mut self, pairs: &[(i32, i32)]) -> Result<Edge> {
        let flat: Vec<i32> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let rows = u64::try_from(pairs.len()).unwrap_or(u64::MAX);
        let pairs = Tensor::new(&flat, [rows, 2])?;
        Ok(self.constant(Constant::from(&pairs)))
    }

    /// The whole repeated along each axis.
    pub fn tile(&mut self, x: &Edge, counts: &[i32]) -> Result<Edge> {
        let counts = self.constant(counts);
        self.op("Tile").input(x).input(&counts).one()
    }
}
