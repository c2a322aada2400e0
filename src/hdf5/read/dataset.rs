//! Datasets: their type and shape, and their elements.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt;
use std::sync::Arc;

use super::attribute::Attribute;
use super::chunked;
use super::elements::{self, Stored};
use super::file::File;
use super::object::{
    Described, Handle, Kind, decode_datatype, decode_message, present, required, single,
};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::message::dataspace::Dataspace;
use crate::hdf5::format::message::datatype::Datatype;
use crate::hdf5::format::message::fill_value::FillValue;
use crate::hdf5::format::message::filter_pipeline::FilterPipeline;
use crate::hdf5::format::message::layout::{Chunked, Layout};
use crate::hdf5::format::object_header::{MessageType, ObjectHeader};
use crate::hdf5::format::{Address, file_length};
use crate::io::SharedBytes;
use crate::tensor::{DType, Element, Tensor};

/// A dataset of an open file: elements of one type in a shape.
///
/// A handle: cloning it is cheap, and it keeps the file open. Type and shape are known; elements
/// are looked at when they are asked for, and not copied if they lie in the file as they are
/// wanted.
#[derive(Clone)]
pub struct Dataset {
    handle: Handle,
    elements: Arc<Elements>,
}

/// What a dataset's elements are, and how many.
pub(super) struct Elements {
    datatype: Datatype,
    dataspace: Dataspace,
}

impl Elements {
    pub(super) fn of(handle: &Handle, header: &ObjectHeader<'_>) -> Result<Elements> {
        let datatype = decode_datatype(handle, header)?;
        let file = &handle.file;
        let message = present(header, MessageType::DATASPACE)?;
        let dataspace = decode_message(file, message, |from| Dataspace::decode(file.sizes(), from))
            .within(|| "dataspace message")?;
        Ok(Elements {
            datatype,
            dataspace,
        })
    }
}

impl Dataset {
    /// The dataset that `handle` leads to, which must be one.
    pub(super) fn open(handle: Handle) -> Result<Dataset> {
        match Described::of(&handle, Some(Kind::Dataset))? {
            Described::Dataset(elements) => Ok(Dataset::new(handle, elements)),
            _ => Err(Error::new(ErrorKind::Malformed, "not a dataset")),
        }
    }

    pub(super) fn new(handle: Handle, elements: Elements) -> Dataset {
        Dataset {
            handle,
            elements: Arc::new(elements),
        }
    }

    /// The path it was found at, from the root group: `/model_weights/dense/kernel:0`.
    pub fn path(&self) -> &str {
        &self.handle.path
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    /// Where it is in the file. Datasets with equal addresses are the same dataset.
    pub fn address(&self) -> Address {
        self.handle.address
    }

    /// The file it is in.
    pub fn file(&self) -> &File {
        &self.handle.file
    }

    /// What one element is in the file.
    pub fn datatype(&self) -> &Datatype {
        &self.elements.datatype
    }

    /// How many elements there are, and how many there may come to be.
    pub fn dataspace(&self) -> &Dataspace {
        &self.elements.dataspace
    }

    /// The sizes, outermost first; none for a scalar and for the null dataspace.
    pub fn shape(&self) -> &[u64] {
        self.dataspace().dims()
    }

    /// The dtype that [`tensor`](Self::tensor) will have, if tensors have this element type.
    ///
    /// # Errors
    ///
    /// If the attribute `dtype`, which names the dtype of opaque elements, cannot be read.
    pub fn dtype(&self) -> Result<Option<DType>> {
        match self.datatype() {
            Datatype::Opaque { size, .. } => self.declared_dtype(*size),
            Datatype::Array(array) => Ok(array.base.dtype()),
            datatype => Ok(datatype.dtype()),
        }
    }

    /// How its elements are stored: `contiguous`, `compact`, `chunked` or `virtual`.
    ///
    /// # Errors
    ///
    /// If the layout message is malformed.
    pub fn layout(&self) -> Result<&'static str> {
        self.read_header(|header| Ok(self.decode_layout(header)?.name()))
    }

    /// How many bytes its elements take in the file; `None` if they are in other files. Elements of
    /// variable length count with their references, chunks as they are behind their filters.
    ///
    /// # Errors
    ///
    /// If the layout message or the index of the chunks is malformed.
    pub fn stored_len(&self) -> Result<Option<u64>> {
        self.read_header(|header| {
            Ok(match self.decode_layout(header)? {
                Layout::Compact(data) => Some(file_length(data.len())),
                Layout::Contiguous { address: None, .. } => Some(0),
                Layout::Contiguous {
                    size: Some(size), ..
                } => Some(size),
                Layout::Contiguous { size: None, .. } => Some(self.byte_length()?),
                Layout::Chunked(layout) => {
                    let filtered = self.decode_filters(header)?.is_some();
                    let space = self.dataspace();
                    Some(chunked::stored_len(self.file(), &layout, space, filtered)?)
                }
                Layout::Virtual => None,
            })
        })
    }

    /// Its attribute called `name`, if it has one.
    ///
    /// # Errors
    ///
    /// If its attributes are malformed or stored in a way that is not supported.
    pub fn attribute(&self, name: &str) -> Result<Option<Attribute>> {
        self.handle.attribute(name)
    }

    /// Its attributes, in the order they are stored in.
    ///
    /// # Errors
    ///
    /// If one is malformed or stored in a way that is not supported.
    pub fn attributes(&self) -> Result<Vec<Attribute>> {
        self.handle.attributes()
    }

    /// The names of its attributes, in the order they are stored in.
    ///
    /// # Errors
    ///
    /// If they are malformed or stored in a way that is not supported.
    pub fn attribute_names(&self) -> Result<Vec<String>> {
        self.handle.attribute_names()
    }

    /// The elements' bytes: numbers as [`tensor`](Self::tensor) has them, everything else as it is
    /// stored. Compounds, opaque elements and references are such: their bytes are not changed.
    ///
    /// Nothing is copied if the elements are in one piece and need no conversion. Chunks are
    /// decoded on all cores.
    ///
    /// # Errors
    ///
    /// `Unsupported` for filters that are not read; `Refused` for elements that are in other
    /// files; `LimitExceeded` if nothing in the file justifies their number.
    pub fn bytes(&self) -> Result<SharedBytes> {
        let stored = self.stored()?;
        elements::bytes(self.file(), self.datatype(), stored).within(|| self.place())
    }

    /// One member of each element, which is a compound: the last name in `path`, those before it
    /// being compounds in compounds.
    ///
    /// ```no_run
    /// # fn main() -> hornfels::Result<()> {
    /// let file = hornfels::hdf5::File::open("table.h5")?;
    /// let table = file.dataset("table")?;
    /// let weights = table.member(&["weight"])?;
    /// let first = table.member(&["position", "x"])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such member; otherwise as [`tensor`](Self::tensor).
    pub fn member(&self, path: &[&str]) -> Result<Tensor<'static>> {
        let stored = self.stored()?;
        let (file, dataspace) = (self.file(), self.dataspace());
        elements::member(file, self.datatype(), path, &stored)
            .and_then(|(datatype, data)| elements::tensor(file, datatype, dataspace, data))
            .within(|| self.place())
    }

    /// The elements, of whichever type they are. A null dataspace has none, in the shape (0).
    ///
    /// Opaque elements need an attribute `dtype` that names their dtype, as Keras writes it for
    /// `bfloat16`; where there is none, use [`tensor_as`](Self::tensor_as).
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and `Unsupported` for types that tensors do not have.
    pub fn tensor(&self) -> Result<Tensor<'static>> {
        if let Datatype::Opaque { size, .. } = self.datatype()
            && let Some(dtype) = self.declared_dtype(*size)?
        {
            return self.tensor_as(dtype);
        }
        let stored = self.stored()?;
        elements::tensor(self.file(), self.datatype(), self.dataspace(), stored)
            .within(|| self.place())
    }

    /// The elements as `dtype`: what they are anyway, or opaque bytes taken for it.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and `InvalidArgument` if they are of another type or size.
    pub fn tensor_as(&self, dtype: DType) -> Result<Tensor<'static>> {
        if self.datatype().dtype() == Some(dtype) {
            return self.tensor();
        }
        let size = dtype.size().and_then(|size| u32::try_from(size).ok());
        match self.datatype() {
            Datatype::Opaque { size: stored, .. } if Some(*stored) == size => {
                let shape = elements::shape(self.dataspace());
                let bytes = self.stored()?.into_shared();
                Tensor::from_shared(dtype, shape, bytes).within(|| self.place())
            }
            datatype => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("elements of type {datatype}, but {dtype} was asked for"),
            )
            .within(self.place())),
        }
    }

    /// The elements, which must be of type `T`.
    ///
    /// # Errors
    ///
    /// As [`tensor`](Self::tensor), and `InvalidArgument` if they are of another type.
    pub fn read<T: Element>(&self) -> Result<Vec<T>> {
        let tensor = self.tensor()?;
        tensor.to_vec().within(|| self.place())
    }

    /// The strings of a string dataset, without padding.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and `InvalidArgument` if it does not hold strings.
    pub fn strings(&self) -> Result<Vec<Vec<u8>>> {
        let stored = self.stored()?;
        let count = self.dataspace().element_count();
        elements::strings(self.file(), self.datatype(), count, &stored).within(|| self.place())
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    fn place(&self) -> String {
        self.handle.place("dataset")
    }

    /// The dtype that the attribute `dtype` names, if it has elements of `size` bytes.
    fn declared_dtype(&self, size: u32) -> Result<Option<DType>> {
        let Some(attribute) = self.attribute("dtype")? else {
            return Ok(None);
        };
        let dtype = attribute.string().ok();
        let dtype = dtype.and_then(|name| DType::from_name(&name));
        Ok(dtype.filter(|dtype| {
            let expected = dtype.size().and_then(|size| u32::try_from(size).ok());
            expected == Some(size)
        }))
    }

    /// The elements' bytes as they are stored.
    fn stored(&self) -> Result<Stored> {
        self.read_header(|header| {
            if single(header, MessageType::EXTERNAL_FILES)?.is_some() {
                return Err(refused("external storage: its elements are in other files"));
            }
            let length = self.byte_length()?;
            match self.decode_layout(header)? {
                Layout::Virtual => Err(refused(
                    "virtual dataset: its elements are in other datasets",
                )),
                _ if length == 0 => Ok(Stored::Shared(SharedBytes::default())),
                Layout::Chunked(layout) => self.chunked(header, &layout),
                Layout::Compact(data) => self.first(length, data.into()).map(Stored::Shared),
                Layout::Contiguous {
                    address: Some(address),
                    size,
                } => {
                    check_length(size.unwrap_or(length), length)?;
                    self.file()
                        .shared_bytes(address, length)
                        .map(Stored::Shared)
                }
                Layout::Contiguous { address: None, .. } => self.filled(header, length),
            }
        })
    }

    fn chunked(&self, header: &ObjectHeader<'_>, layout: &Chunked) -> Result<Stored> {
        let fill = self.decode_fill(header)?;
        let request = chunked::Request {
            layout,
            dataspace: self.dataspace(),
            filters: self.decode_filters(header)?,
            element: self.datatype().size(),
            fill: fill.as_ref().and_then(non_zero),
        };
        chunked::read(self.file(), &request)
    }

    /// The first `length` of the bytes in a message.
    fn first(&self, length: u64, data: SharedBytes) -> Result<SharedBytes> {
        check_length(file_length(data.len()), length)?;
        let end = usize::try_from(length).ok();
        let part = end.and_then(|end| data.slice(0..end));
        Ok(part.unwrap_or_default())
    }

    /// `length` bytes of the value that stands for elements never written.
    fn filled(&self, header: &ObjectHeader<'_>, length: u64) -> Result<Stored> {
        let limits = self.file().limits();
        let length = limits.allocation(length, 0, "a dataset that was never written")?;
        let fill = self.decode_fill(header)?;
        let mut bytes = vec![0; length];
        if let Some(value) = fill.as_ref().and_then(non_zero) {
            for place in bytes.chunks_exact_mut(value.len().max(1)) {
                place.copy_from_slice(value);
            }
        }
        Ok(Stored::Owned {
            bytes,
            justified: 0,
        })
    }

    fn decode_fill(&self, header: &ObjectHeader<'_>) -> Result<Option<FillValue>> {
        let file = self.file();
        let fill = if let Some(message) = single(header, MessageType::FILL_VALUE)? {
            decode_message(file, message, FillValue::decode).within(|| "fill value message")?
        } else if let Some(message) = single(header, MessageType::OLD_FILL_VALUE)? {
            decode_message(file, message, FillValue::decode_old)
                .within(|| "old fill value message")?
        } else {
            return Ok(None);
        };
        fill.check_size(self.datatype().size())?;
        Ok(Some(fill))
    }

    fn decode_filters(&self, header: &ObjectHeader<'_>) -> Result<Option<FilterPipeline>> {
        let Some(message) = single(header, MessageType::FILTER_PIPELINE)? else {
            return Ok(None);
        };
        let filters = decode_message(self.file(), message, FilterPipeline::decode);
        let filters = filters.within(|| "filter pipeline message")?;
        Ok((!filters.filters.is_empty()).then_some(filters))
    }

    fn decode_layout(&self, header: &ObjectHeader<'_>) -> Result<Layout> {
        let message = required(header, MessageType::LAYOUT)?;
        Layout::decode(self.file().sizes(), &mut message.cursor()).within(|| "layout message")
    }

    fn byte_length(&self) -> Result<u64> {
        elements::byte_length(self.datatype(), self.dataspace())
    }

    fn read_header<T>(&self, read: impl FnOnce(&ObjectHeader<'_>) -> Result<T>) -> Result<T> {
        let header = self.handle.header();
        header
            .and_then(|header| read(&header))
            .within(|| self.place())
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, datatype) = (self.path(), self.datatype());
        write!(f, "Dataset(`{path}` {datatype} {:?})", self.shape())
    }
}

/// The bytes of a fill value, unless they are zeros.
fn non_zero(fill: &FillValue) -> Option<&[u8]> {
    fill.bytes()
        .filter(|value| value.iter().any(|byte| *byte != 0))
}

fn check_length(stored: u64, expected: u64) -> Result<()> {
    if stored < expected {
        return Err(Error::new(
            ErrorKind::Malformed,
            format!("{stored} bytes are stored, expected {expected} by shape and type"),
        ));
    }
    Ok(())
}

/// See `spec/hdf5.md#what-is-refused`.
fn refused(what: &'static str) -> Error {
    Error::new(ErrorKind::Refused, what)
        .with_hint("a file may not make us read others: copy the elements into it")
}
