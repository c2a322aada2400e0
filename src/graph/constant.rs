//! Tensors that are part of a function.

use super::function::{Edge, FunctionBuilder};
use crate::error::Result;
use crate::proto::tensorflow::{DataType, TensorProto, TensorShapeProto};
use crate::tensor::{DType, Tensor};

/// A tensor that is part of a function.
///
/// ```
/// use hornfels::graph::{Constant, FunctionBuilder};
/// use hornfels::proto::tensorflow::DataType;
/// let mut function = FunctionBuilder::new("f");
/// let axes = function.constant([0_i32, 2, 1]);
/// assert_eq!(axes.dtype(), DataType::DT_INT32);
/// let half = function.constant(Constant::scalar(DataType::DT_HALF, 0.5)?);
/// assert_eq!(half.dtype(), DataType::DT_HALF);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Constant(TensorProto);

impl Constant {
    /// One number, rounded to the nearest there is of `dtype`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if `dtype` is not one of
    /// numbers or flags, or does not reach as far.
    pub fn scalar(dtype: DataType, value: f64) -> Result<Constant> {
        let tensor = Tensor::filled(DType::try_from(dtype)?, [], value)?;
        Ok(Constant::from(&tensor))
    }

    /// A list of byte strings.
    pub fn strings<S: AsRef<[u8]>>(values: impl IntoIterator<Item = S>) -> Constant {
        let values: Vec<Vec<u8>> = values.into_iter().map(|it| it.as_ref().to_vec()).collect();
        Constant(TensorProto {
            dtype: DataType::DT_STRING,
            tensor_shape: Some(sized(values.len())),
            string_val: values,
            ..TensorProto::default()
        })
    }

    /// One byte string.
    pub fn string(value: impl AsRef<[u8]>) -> Constant {
        Constant(TensorProto {
            dtype: DataType::DT_STRING,
            tensor_shape: Some(TensorShapeProto::default()),
            string_val: vec![value.as_ref().to_vec()],
            ..TensorProto::default()
        })
    }

    /// As a graph has it.
    pub(crate) fn from_proto(tensor: TensorProto) -> Constant {
        Constant(tensor)
    }

    pub(crate) fn into_proto(self) -> TensorProto {
        self.0
    }
}

impl From<&Tensor<'_>> for Constant {
    fn from(tensor: &Tensor<'_>) -> Self {
        let mut proto = TensorProto {
            dtype: DataType::from(tensor.dtype()),
            tensor_shape: Some(shape_of(tensor.shape())),
            ..TensorProto::default()
        };
        match tensor.string_values() {
            Some(values) => proto.string_val = values.to_vec(),
            None => proto.tensor_content = tensor.bytes().to_vec(),
        }
        Constant(proto)
    }
}

/// The shape of a list of `len` elements.
fn sized(len: usize) -> TensorShapeProto {
    TensorShapeProto::new([i64::try_from(len).unwrap_or(i64::MAX)])
}

fn shape_of(sizes: &[u64]) -> TensorShapeProto {
    let sizes = sizes
        .iter()
        .map(|size| i64::try_from(*size).unwrap_or(i64::MAX));
    TensorShapeProto::new(sizes)
}

macro_rules! numbers {
    ($($type:ty => $dtype:ident,)*) => {
        $(
            impl From<$type> for Constant {
                fn from(value: $type) -> Self {
                    Constant(TensorProto {
                        dtype: DataType::$dtype,
                        tensor_shape: Some(TensorShapeProto::default()),
                        tensor_content: value.to_le_bytes().to_vec(),
                        ..TensorProto::default()
                    })
                }
            }

            impl From<&[$type]> for Constant {
                fn from(values: &[$type]) -> Self {
                    Constant(TensorProto {
                        dtype: DataType::$dtype,
                        tensor_shape: Some(sized(values.len())),
                        tensor_content: values.iter().flat_map(|it| it.to_le_bytes()).collect(),
                        ..TensorProto::default()
                    })
                }
            }

            impl From<Vec<$type>> for Constant {
                fn from(values: Vec<$type>) -> Self {
                    Constant::from(values.as_slice())
                }
            }

            impl<const N: usize> From<[$type; N]> for Constant {
                fn from(values: [$type; N]) -> Self {
                    Constant::from(values.as_slice())
                }
            }
        )*
    };
}

numbers! {
    f32 => DT_FLOAT,
    f64 => DT_DOUBLE,
    i32 => DT_INT32,
    i64 => DT_INT64,
}

impl FunctionBuilder {
    /// A tensor that is part of the function.
    pub fn constant(&mut self, value: impl Into<Constant>) -> Edge {
        let tensor = value.into().into_proto();
        let dtype = tensor.dtype;
        self.source(
            "Const",
            dtype,
            [("value", tensor.into()), ("dtype", dtype.into())],
        )
    }
}
