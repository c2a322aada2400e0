//! Tensors: element types, shapes, and little-endian bytes.

mod arrange;
mod bits;
mod convert;
mod dtype;
mod element;
mod shape;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::io::{SharedBytes, mapping};

pub use bits::{BF16, Complex, F8E4M3, F8E5M2, F16};
pub use dtype::DType;
pub use element::Element;
pub use shape::Shape;

/// A dtype, a shape, and the elements: little-endian bytes in row-major order, or strings.
///
/// Borrows what it is made from where it can: a slice on a little-endian machine, a mapped file.
/// Cloning copies no elements. Two tensors are equal if dtype, shape and bytes are, so that a
/// NaN equals itself and `0.0` does not equal `-0.0`.
///
/// ```
/// use hornfels::{DType, Tensor};
/// let kernel = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let tensor = Tensor::new(&kernel, [2, 3])?;
/// assert_eq!(tensor.dtype(), DType::Float32);
/// assert_eq!(tensor.shape(), [2, 3]);
/// assert_eq!(tensor.view::<f32>()?[4], 5.0);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor<'a> {
    dtype: DType,
    shape: Vec<u64>,
    data: Data<'a>,
}

#[derive(Clone)]
enum Data<'a> {
    Borrowed(&'a [u8]),
    Shared(SharedBytes),
    Strings(Arc<[Vec<u8>]>),
}

impl<'a> Tensor<'a> {
    /// A tensor of `values` in row-major order, borrowed on little-endian machines.
    ///
    /// # Errors
    /// `InvalidArgument` if `shape` does not have as many elements as `values`.
    pub fn new<T: Element>(values: &'a [T], shape: impl AsRef<[u64]>) -> Result<Tensor<'a>> {
        if cfg!(target_endian = "little") || size_of::<T>() == 1 {
            return Self::from_le_bytes(T::DTYPE, shape, mapping::bytes_of(values));
        }
        Self::from_shared(T::DTYPE, shape, le_bytes(values).into())
    }

    /// A tensor of `values` in row-major order, which it takes over.
    ///
    /// # Errors
    /// `InvalidArgument` if `shape` does not have as many elements as `values`.
    pub fn from_vec<T: Element>(
        values: Vec<T>,
        shape: impl AsRef<[u64]>,
    ) -> Result<Tensor<'static>> {
        Tensor::from_shared(T::DTYPE, shape, shared(values))
    }

    /// A tensor of no axes that holds `value`.
    pub fn scalar<T: Element>(value: T) -> Tensor<'static> {
        Tensor {
            dtype: T::DTYPE,
            shape: Vec::new(),
            data: Data::Shared(shared(vec![value])),
        }
    }

    /// A tensor of little-endian `bytes` in row-major order, borrowed.
    ///
    /// # Errors
    /// `InvalidArgument` if `bytes` are not as many as `dtype` and `shape` take, or `dtype` is
    /// `String`.
    pub fn from_le_bytes(dtype: DType, shape: impl AsRef<[u64]>, bytes: &'a [u8]) -> Result<Self> {
        let shape = shape.as_ref().to_vec();
        check_len(dtype, &shape, bytes.len())?;
        let data = Data::Borrowed(bytes);
        Ok(Tensor { dtype, shape, data })
    }

    /// A tensor of little-endian `bytes` in row-major order, which it keeps alive.
    ///
    /// # Errors
    /// As [`Tensor::from_le_bytes`].
    pub fn from_shared(
        dtype: DType,
        shape: impl AsRef<[u64]>,
        bytes: SharedBytes,
    ) -> Result<Tensor<'static>> {
        let shape = shape.as_ref().to_vec();
        check_len(dtype, &shape, bytes.len())?;
        let data = Data::Shared(bytes);
        Ok(Tensor { dtype, shape, data })
    }

    /// A tensor of byte strings in row-major order.
    ///
    /// # Errors
    /// `InvalidArgument` if `shape` does not have as many elements as `values`.
    pub fn strings(values: Vec<Vec<u8>>, shape: impl AsRef<[u64]>) -> Result<Tensor<'static>> {
        let shape = shape.as_ref().to_vec();
        let (found, expected) = (values.len(), elements(&shape)?);
        if u64::try_from(found).ok() != Some(expected) {
            return Err(mismatch(format!("{found} strings"), expected, &shape));
        }
        let (dtype, data) = (DType::String, Data::Strings(values.into()));
        Ok(Tensor { dtype, shape, data })
    }

    /// A tensor of zeros, or of empty strings.
    ///
    /// # Errors
    /// `InvalidArgument` if so many elements cannot be in memory.
    pub fn zeros(dtype: DType, shape: impl AsRef<[u64]>) -> Result<Tensor<'static>> {
        let shape = shape.as_ref();
        let too_large = || {
            let shape = Shape::known(shape);
            let message = format!("a {dtype} tensor of shape {shape} does not fit in memory");
            Error::new(ErrorKind::InvalidArgument, message)
        };
        let size = dtype.size().unwrap_or(size_of::<Vec<u8>>());
        let count = usize::try_from(elements(shape)?).map_err(|_| too_large())?;
        let len = count.checked_mul(size).ok_or_else(too_large)?;
        if isize::try_from(len).is_err() {
            return Err(too_large());
        }
        match dtype {
            DType::String => Tensor::strings(vec![Vec::new(); count], shape),
            _ => Tensor::from_shared(dtype, shape, vec![0; len].into()),
        }
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes, outermost axis first; none for a scalar.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// How many elements it has: the product of the shape.
    pub fn len(&self) -> u64 {
        // The constructors checked that it fits.
        self.shape.iter().product()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// How many bytes the elements take; for strings, those of all of them.
    pub fn byte_len(&self) -> u64 {
        let len: usize = match &self.data {
            Data::Strings(values) => values.iter().map(Vec::len).sum(),
            _ => self.bytes().len(),
        };
        u64::try_from(len).unwrap_or(u64::MAX)
    }

    /// The elements as little-endian bytes in row-major order; empty for strings.
    pub fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::Borrowed(bytes) => bytes,
            Data::Shared(bytes) => bytes,
            Data::Strings(_) => &[],
        }
    }

    /// The elements as bytes that can outlive the tensor, if it is not borrowed; no copy.
    pub(crate) fn shared_bytes(&self) -> Option<&SharedBytes> {
        match &self.data {
            Data::Shared(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements as bytes that can outlive the tensor, if it is borrowed; no copy.
    pub(crate) fn borrowed_bytes(&self) -> Option<&'a [u8]> {
        match self.data {
            Data::Borrowed(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements of a string tensor, in row-major order.
    pub fn string_values(&self) -> Option<&[Vec<u8>]> {
        match &self.data {
            Data::Strings(values) => Some(values),
            _ => None,
        }
    }

    /// The elements in row-major order: borrowed where they are aligned and the machine is
    /// little-endian, else converted.
    ///
    /// # Errors
    /// `InvalidArgument` if `T` is not the type of this tensor's elements.
    pub fn view<T: Element>(&self) -> Result<Cow<'_, [T]>> {
        if T::DTYPE != self.dtype {
            let (found, expected) = (self.dtype, T::DTYPE);
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the tensor is {found}, but {expected} was asked for"),
            )
            .with_hint("`Tensor::to_f64_vec` converts every numeric dtype"));
        }
        let bytes = self.bytes();
        if let Some(values) = T::view(bytes) {
            return Ok(Cow::Borrowed(values));
        }
        let values = bytes.chunks_exact(size_of::<T>()).map(T::from_le);
        Ok(Cow::Owned(values.collect()))
    }

    /// The elements in row-major order, copied.
    ///
    /// # Errors
    /// As [`Tensor::view`].
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.view().map(Cow::into_owned)
    }

    /// The same tensor, independent of what it borrowed. What is shared stays shared.
    pub fn into_owned(self) -> Tensor<'static> {
        let data = match self.data {
            Data::Borrowed(bytes) => Data::Shared(bytes.to_vec().into()),
            Data::Shared(bytes) => Data::Shared(bytes),
            Data::Strings(values) => Data::Strings(values),
        };
        Tensor {
            dtype: self.dtype,
            shape: self.shape,
            data,
        }
    }

    /// The same tensor, borrowing from this one.
    pub fn borrowed(&self) -> Tensor<'_> {
        let data = match &self.data {
            Data::Strings(values) => Data::Strings(Arc::clone(values)),
            _ => Data::Borrowed(self.bytes()),
        };
        Tensor {
            dtype: self.dtype,
            shape: self.shape.clone(),
            data,
        }
    }

    /// The same elements in another shape.
    ///
    /// # Errors
    /// `InvalidArgument` if `shape` has another number of elements.
    pub fn reshape(self, shape: impl AsRef<[u64]>) -> Result<Self> {
        let shape = shape.as_ref().to_vec();
        let (found, expected) = (self.len(), elements(&shape)?);
        if found != expected {
            return Err(mismatch(format!("{found} elements"), expected, &shape));
        }
        Ok(Tensor { shape, ..self })
    }
}

impl PartialEq for Tensor<'_> {
    fn eq(&self, other: &Tensor<'_>) -> bool {
        self.dtype == other.dtype
            && self.shape == other.shape
            && self.bytes() == other.bytes()
            && self.string_values() == other.string_values()
    }
}

impl Eq for Tensor<'_> {}

impl fmt::Debug for Tensor<'_> {
    /// Dtype and shape; elements may be millions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({} {})", self.dtype, Shape::known(&self.shape))
    }
}

/// `values` as little-endian bytes, without a copy where the machine stores them so.
fn shared<T: Element>(values: Vec<T>) -> SharedBytes {
    if cfg!(target_endian = "little") || size_of::<T>() == 1 {
        return SharedBytes::from_values(values);
    }
    le_bytes(&values).into()
}

fn le_bytes<T: Element>(values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(values));
    for value in values {
        value.put_le(&mut bytes);
    }
    bytes
}

/// The product of the sizes, which must fit in 64 bits.
fn elements(shape: &[u64]) -> Result<u64> {
    if shape.contains(&0) {
        return Ok(0);
    }
    let product = shape
        .iter()
        .try_fold(1u64, |all, size| all.checked_mul(*size));
    product.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("shape {} has 2^64 elements or more", Shape::known(shape)),
        )
    })
}

fn check_len(dtype: DType, shape: &[u64], found: usize) -> Result<()> {
    let Some(size) = dtype.size() else {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "strings have no fixed size, so a string tensor is not made from bytes",
        )
        .with_hint("use `Tensor::strings`"));
    };
    let count = elements(shape)?;
    let expected = u64::try_from(size)
        .ok()
        .and_then(|size| count.checked_mul(size));
    if u64::try_from(found).ok() == expected {
        return Ok(());
    }
    let found = match found % size {
        0 => format!("{} {dtype} elements", found / size),
        _ => format!("{found} bytes of {dtype}"),
    };
    Err(mismatch(found, count, shape))
}

fn mismatch(found: String, expected: u64, shape: &[u64]) -> Error {
    let shape = Shape::known(shape);
    Error::new(
        ErrorKind::InvalidArgument,
        format!("{found}, but shape {shape} has {expected} elements"),
    )
}

#[cfg(test)]
mod tests;
