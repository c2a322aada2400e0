//! Elements as `f64`, whatever their dtype.

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{BF16, DType, Element, F8E4M3, F8E5M2, F16, Tensor};

impl Tensor<'_> {
    /// The elements as `f64`, for any real dtype; `bool` gives 0 and 1. Integers beyond 2^53 are
    /// rounded to the nearest.
    ///
    /// # Errors
    /// `InvalidArgument` for strings and complex numbers.
    pub fn to_f64_vec(&self) -> Result<Vec<f64>> {
        match self.dtype() {
            DType::Float8E4M3 => self.map(|value: F8E4M3| value.to_f32().into()),
            DType::Float8E5M2 => self.map(|value: F8E5M2| value.to_f32().into()),
            DType::Float16 => self.map(|value: F16| value.to_f32().into()),
            DType::BFloat16 => self.map(|value: BF16| value.to_f32().into()),
            DType::Float32 => self.map(|value: f32| value.into()),
            DType::Float64 => self.map(|value: f64| value),
            DType::Int8 => self.map(|value: i8| value.into()),
            DType::Int16 => self.map(|value: i16| value.into()),
            DType::Int32 => self.map(|value: i32| value.into()),
            DType::Int64 => self.map(|value: i64| value as f64),
            DType::UInt8 => self.map(|value: u8| value.into()),
            DType::UInt16 => self.map(|value: u16| value.into()),
            DType::UInt32 => self.map(|value: u32| value.into()),
            DType::UInt64 => self.map(|value: u64| value as f64),
            DType::Bool => self.map(|value: bool| u8::from(value).into()),
            DType::Complex64 | DType::Complex128 | DType::String => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "the tensor is {}, expected a real number type",
                    self.dtype()
                ),
            )),
        }
    }

    /// A tensor with `value` in every place, rounded to `dtype`.
    ///
    /// ```
    /// use hornfels::{DType, Tensor};
    /// let ones = Tensor::filled(DType::Float16, [2, 2], 1.0)?;
    /// assert_eq!(ones.to_f64_vec()?, [1.0; 4]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` for strings and complex numbers, and if so many elements cannot be in
    /// memory.
    pub fn filled(dtype: DType, shape: impl AsRef<[u64]>, value: f64) -> Result<Tensor<'static>> {
        let zeros = Tensor::zeros(dtype, shape.as_ref())?;
        let element = element(dtype, value)?;
        let count = usize::try_from(zeros.len()).unwrap_or_default();
        Tensor::from_shared(dtype, shape, element.repeat(count).into())
    }

    fn map<T: Element>(&self, convert: impl Fn(T) -> f64) -> Result<Vec<f64>> {
        Ok(self.view::<T>()?.iter().copied().map(convert).collect())
    }
}

/// The bytes of one element.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // rounded, as Keras's casts do
fn element(dtype: DType, value: f64) -> Result<Vec<u8>> {
    let narrow = value as f32;
    let one = match dtype {
        DType::Float8E4M3 => Tensor::scalar(F8E4M3::from_f32(narrow)),
        DType::Float8E5M2 => Tensor::scalar(F8E5M2::from_f32(narrow)),
        DType::Float16 => Tensor::scalar(F16::from_f32(narrow)),
        DType::BFloat16 => Tensor::scalar(BF16::from_f32(narrow)),
        DType::Float32 => Tensor::scalar(narrow),
        DType::Float64 => Tensor::scalar(value),
        DType::Int8 => Tensor::scalar(value as i8),
        DType::Int16 => Tensor::scalar(value as i16),
        DType::Int32 => Tensor::scalar(value as i32),
        DType::Int64 => Tensor::scalar(value as i64),
        DType::UInt8 => Tensor::scalar(value as u8),
        DType::UInt16 => Tensor::scalar(value as u16),
        DType::UInt32 => Tensor::scalar(value as u32),
        DType::UInt64 => Tensor::scalar(value as u64),
        DType::Bool => Tensor::scalar(value != 0.0),
        DType::Complex64 | DType::Complex128 | DType::String => {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("a {dtype} tensor, expected a real number type"),
            ));
        }
    };
    Ok(one.bytes().to_vec())
}
