//! `tensor_shape.proto`: shapes.

use crate::proto::message::message;

message! {
    /// A shape. Without dimensions it is a scalar's, unless its rank is unknown.
    pub struct TensorShapeProto: "tensorflow.TensorShapeProto" {
        /// The dimensions, the slowest first.
        2 => dim: Vec<Dim>,
        /// Whether not even the number of dimensions is known.
        3 => unknown_rank: bool,
    }
}

message! {
    /// One dimension.
    pub struct Dim: "tensorflow.TensorShapeProto.Dim" {
        /// Its size; -1 is unknown.
        1 => size: i64,
        /// A name; not written by Keras.
        2 => name: String,
    }
}

impl TensorShapeProto {
    /// The shape with these sizes; -1 is a size that is unknown.
    pub fn new(sizes: impl IntoIterator<Item = i64>) -> Self {
        let dim = |size| Dim {
            size,
            ..Dim::default()
        };
        TensorShapeProto {
            dim: sizes.into_iter().map(dim).collect(),
            ..TensorShapeProto::default()
        }
    }

    /// The shape of which nothing is known.
    pub fn unknown_rank() -> Self {
        TensorShapeProto {
            unknown_rank: true,
            ..TensorShapeProto::default()
        }
    }

    /// The sizes, or `None` when not even their number is known.
    pub fn sizes(&self) -> Option<Vec<i64>> {
        let sizes = self.dim.iter().map(|dim| dim.size).collect();
        (!self.unknown_rank).then_some(sizes)
    }
}
