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

    fn map<T: Element>(&self, convert: impl Fn(T) -> f64) -> Result<Vec<f64>> {
        Ok(self.view::<T>()?.iter().copied().map(convert).collect())
    }
}
