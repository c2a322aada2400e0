//! What a dataset or attribute is to hold.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::format::file_length;
use crate::hdf5::{Charset, Dataspace, Datatype};
use crate::io::{FilePlan, SharedBytes};
use crate::tensor::{Element, Tensor};

/// What a dataset or attribute is to hold: a type, a shape, and the elements.
///
/// Made from a [`Tensor`] of any dtype, from one number, or from a `&str`, which is written with
/// variable length in UTF-8, as h5py writes Python's `str`; the functions here make other forms.
///
/// ```
/// use hornfels::Tensor;
/// use hornfels::hdf5::{Tree, Value};
/// let mut tree = Tree::new();
/// let mut root = tree.root();
/// root.attribute("keras_version", Value::fixed_string("2.15.0")?)?;
/// root.attribute("layer_names", Value::fixed_strings(["dense", "softmax"])?)?;
/// root.attribute("backend", "tensorflow")?;
/// root.attribute("epochs", 12_i64)?;
/// root.dataset("dense/bias", Tensor::new(&[0.5_f32, 1.5], [2])?)?;
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Value<'a> {
    pub(super) datatype: Datatype,
    pub(super) dataspace: Dataspace,
    pub(super) content: Content<'a>,
}

/// The elements.
#[derive(Clone, PartialEq)]
pub(super) enum Content<'a> {
    /// As stored.
    Bytes(Bytes<'a>),
    /// Strings of variable length.
    Strings(Vec<Vec<u8>>),
}

/// Elements as stored; what is borrowed or shared is not copied.
#[derive(Clone)]
pub(super) enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Shared(SharedBytes),
}

impl Value<'static> {
    /// One string of fixed length: exactly its own, or one byte for an empty one.
    ///
    /// # Errors
    /// As [`Value::fixed_strings`].
    pub fn fixed_string(string: impl AsRef<[u8]>) -> Result<Self> {
        Self::fixed_strings([string])?.scalar()
    }

    /// A list of strings of fixed length, that of the longest; NULs fill up the shorter ones.
    ///
    /// An empty list has elements of one byte. (An empty list of Python strings becomes an empty
    /// list of `float64` in h5py: make that from a [`Tensor`].)
    ///
    /// # Errors
    /// `InvalidArgument` for a string that ends in NUL, which would be lost.
    pub fn fixed_strings<S: AsRef<[u8]>>(strings: impl IntoIterator<Item = S>) -> Result<Self> {
        let strings: Vec<S> = strings.into_iter().collect();
        let lengths = strings.iter().map(|string| string.as_ref().len());
        let longest = lengths.max().unwrap_or(0).max(1);
        let size = u32::try_from(longest).map_err(|_| {
            invalid(format!("a string of {longest} bytes, expected below 4 GiB"))
                .with_hint("use a string of variable length")
        })?;
        let mut bytes = Vec::with_capacity(longest.saturating_mul(strings.len()));
        for string in &strings {
            let string = string.as_ref();
            if string.ends_with(&[0]) {
                return Err(invalid("a string of fixed length that ends in NUL"));
            }
            let end = bytes.len().saturating_add(longest);
            bytes.extend_from_slice(string);
            bytes.resize(end, 0);
        }
        Ok(Value {
            datatype: Datatype::fixed_string(size, charset_of(&strings)),
            dataspace: list_of(strings.len()),
            content: Content::owned(bytes),
        })
    }

    /// One string of variable length.
    pub fn variable_string(string: impl Into<Vec<u8>>) -> Self {
        let mut value = Self::variable_strings([string]);
        value.dataspace = Dataspace::Scalar;
        value
    }

    /// A list of strings of variable length. A NUL inside one is an error when the value is used,
    /// since readers stop there.
    pub fn variable_strings<S: Into<Vec<u8>>>(strings: impl IntoIterator<Item = S>) -> Self {
        let strings: Vec<Vec<u8>> = strings.into_iter().map(Into::into).collect();
        Value {
            datatype: Datatype::variable_string(charset_of(&strings)),
            dataspace: list_of(strings.len()),
            content: Content::Strings(strings),
        }
    }

    /// Nothing, of type `datatype`: what h5py calls `Empty`.
    pub fn null(datatype: Datatype) -> Self {
        let content = match datatype {
            Datatype::VariableString { .. } => Content::Strings(Vec::new()),
            _ => Content::owned(Vec::new()),
        };
        Value {
            datatype,
            dataspace: Dataspace::Null,
            content,
        }
    }
}

impl<'a> Value<'a> {
    /// Elements as they are stored, of any type that has no parts of variable length.
    ///
    /// ```
    /// use hornfels::hdf5::{Datatype, Value};
    /// // Keras's bfloat16.
    /// let opaque = Datatype::Opaque { size: 2, tag: Vec::new() };
    /// let value = Value::raw(opaque, [2], &[0x80, 0x3f, 0x00, 0x40][..])?;
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` if `bytes` are not as many as type and shape take, or if the type has
    /// parts of variable length. A type that HDF5 cannot express, such as a compound whose members
    /// reach beyond its size, is an error when the value is used.
    pub fn raw(
        datatype: Datatype,
        shape: impl AsRef<[u64]>,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<Self> {
        if datatype.needs_heap() {
            let message = format!("raw elements of type `{datatype}`, which has variable length");
            return Err(invalid(message).with_hint("use `Value::variable_strings`"));
        }
        let bytes = bytes.into();
        let dataspace = Dataspace::from_dims(shape.as_ref());
        let size = u64::from(datatype.size());
        let found = file_length(bytes.len());
        if dataspace.element_count().checked_mul(size) != Some(found) {
            let dims = dataspace.dims();
            return Err(invalid(format!(
                "{found} bytes for elements of {size} bytes in shape {dims:?}"
            )));
        }
        let content = match bytes {
            Cow::Borrowed(bytes) => Content::Bytes(Bytes::Borrowed(bytes)),
            Cow::Owned(bytes) => Content::owned(bytes),
        };
        Ok(Value {
            datatype,
            dataspace,
            content,
        })
    }

    /// The same elements in another shape.
    ///
    /// # Errors
    /// `InvalidArgument` if `shape` has another number of elements.
    pub fn reshape(mut self, shape: impl AsRef<[u64]>) -> Result<Self> {
        let dataspace = Dataspace::from_dims(shape.as_ref());
        let (found, expected) = (self.dataspace.element_count(), dataspace.element_count());
        if found != expected || self.dataspace == Dataspace::Null {
            let dims = dataspace.dims();
            return Err(invalid(format!("{found} elements for shape {dims:?}")));
        }
        self.dataspace = dataspace;
        Ok(self)
    }

    /// The same strings, declared to be in `charset`; no effect on what are no strings.
    #[must_use]
    pub fn with_charset(mut self, charset: Charset) -> Self {
        if let Datatype::FixedString {
            charset: declared, ..
        }
        | Datatype::VariableString {
            charset: declared, ..
        } = &mut self.datatype
        {
            *declared = charset;
        }
        self
    }

    /// The same elements, declared to be bytes that mean nothing by themselves.
    pub(crate) fn into_opaque(mut self) -> Self {
        self.datatype = Datatype::Opaque {
            size: self.datatype.size(),
            tag: Vec::new(),
        };
        self
    }

    fn scalar(self) -> Result<Self> {
        self.reshape([])
    }

    /// What no file can hold.
    pub(super) fn check(&self) -> Result<()> {
        let rank = self.dataspace.dims().len();
        if rank > Dataspace::MAX_RANK {
            let most = Dataspace::MAX_RANK;
            return Err(invalid(format!(
                "{rank} dimensions, expected at most {most}"
            )));
        }
        self.datatype.check_encodable()?;
        let Content::Strings(strings) = &self.content else {
            return Ok(());
        };
        for string in strings {
            if string.contains(&0) {
                return Err(invalid("a string of variable length with a NUL in it")
                    .with_hint("use a string of fixed length"));
            }
            if u32::try_from(string.len()).is_err() {
                let length = string.len();
                let message = format!("a string of {length} bytes, expected below 4 GiB");
                return Err(invalid(message));
            }
        }
        Ok(())
    }
}

impl Content<'_> {
    pub(super) fn owned(bytes: Vec<u8>) -> Self {
        Content::Bytes(Bytes::Shared(bytes.into()))
    }
}

impl<'a> Bytes<'a> {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Borrowed(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
        }
    }

    /// Puts the elements at the end of `plan`.
    pub(super) fn place(self, plan: &mut FilePlan<'a>) {
        match self {
            Bytes::Borrowed(bytes) => plan.payload(bytes),
            Bytes::Shared(bytes) => plan.payload_shared(bytes),
        };
    }
}

impl PartialEq for Bytes<'_> {
    fn eq(&self, other: &Bytes<'_>) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<'a> From<Tensor<'a>> for Value<'a> {
    fn from(tensor: Tensor<'a>) -> Self {
        let dataspace = Dataspace::from_dims(tensor.shape());
        if let Some(strings) = tensor.string_values() {
            return Value {
                datatype: Datatype::variable_string(charset_of(strings)),
                dataspace,
                content: Content::Strings(strings.to_vec()),
            };
        }
        let bytes = match (tensor.borrowed_bytes(), tensor.shared_bytes()) {
            (Some(bytes), _) => Bytes::Borrowed(bytes),
            (_, Some(bytes)) => Bytes::Shared(bytes.clone()),
            (None, None) => Bytes::Borrowed(&[]),
        };
        Value {
            datatype: Datatype::of(tensor.dtype()),
            dataspace,
            content: Content::Bytes(bytes),
        }
    }
}

impl<T: Element> From<T> for Value<'_> {
    fn from(number: T) -> Self {
        Tensor::scalar(number).into()
    }
}

impl From<&str> for Value<'_> {
    fn from(string: &str) -> Self {
        Value::variable_string(string).with_charset(Charset::Utf8)
    }
}

impl From<String> for Value<'_> {
    fn from(string: String) -> Self {
        Value::variable_string(string).with_charset(Charset::Utf8)
    }
}

/// UTF-8 if some string says more than ASCII and all are UTF-8.
fn charset_of<S: AsRef<[u8]>>(strings: &[S]) -> Charset {
    let all_ascii = strings.iter().all(|string| string.as_ref().is_ascii());
    let utf8 = |string: &S| std::str::from_utf8(string.as_ref()).is_ok();
    match !all_ascii && strings.iter().all(utf8) {
        true => Charset::Utf8,
        false => Charset::Ascii,
    }
}

fn list_of(count: usize) -> Dataspace {
    Dataspace::from_dims([file_length(count)])
}

fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

impl std::fmt::Debug for Content<'_> {
    /// How much there is; elements may be millions.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Content::Bytes(bytes) => write!(f, "{} bytes", bytes.as_slice().len()),
            Content::Strings(strings) => write!(f, "{} strings", strings.len()),
        }
    }
}
