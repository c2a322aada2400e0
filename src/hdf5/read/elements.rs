//! What stored elements are as tensors and strings. See `spec/hdf5.md#types-as-tensors`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::HashMap;

use super::convert::{self, Number};
use super::file::File;
use super::heap;
use crate::codec::Cursor;
use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::format::file_length;
use crate::hdf5::format::global_heap::Reference;
use crate::hdf5::format::message::dataspace::Dataspace;
use crate::hdf5::format::message::datatype::{Datatype, StringPadding};
use crate::io::SharedBytes;
use crate::tensor::Tensor;

/// How many bytes the elements take.
pub(super) fn byte_length(datatype: &Datatype, dataspace: &Dataspace) -> Result<u64> {
    let (size, count) = (datatype.size(), dataspace.element_count());
    count.checked_mul(size.into()).ok_or_else(|| {
        Error::new(
            ErrorKind::Malformed,
            format!("{count} elements of {size} bytes are more than 2^64 bytes"),
        )
    })
}

/// The shape of a tensor with these elements.
pub(super) fn shape(dataspace: &Dataspace) -> Vec<u64> {
    match dataspace {
        Dataspace::Null => vec![0],
        dataspace => dataspace.dims().to_vec(),
    }
}

/// Elements as they are stored, put together.
pub(super) enum Stored {
    /// A part of the file.
    Shared(SharedBytes),
    /// Memory of our own.
    Owned {
        bytes: Vec<u8>,
        /// How many bytes of the file it was made from.
        justified: u64,
    },
}

impl Stored {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Stored::Shared(bytes) => bytes,
            Stored::Owned { bytes, .. } => bytes,
        }
    }

    pub(super) fn into_shared(self) -> SharedBytes {
        match self {
            Stored::Shared(bytes) => bytes,
            Stored::Owned { bytes, .. } => bytes.into(),
        }
    }

    pub(super) fn into_vec(self) -> Vec<u8> {
        match self {
            Stored::Shared(bytes) => bytes.to_vec(),
            Stored::Owned { bytes, .. } => bytes,
        }
    }

    /// How much memory they take.
    pub(super) fn allocated(&self) -> u64 {
        match self {
            Stored::Shared(_) => 0,
            Stored::Owned { bytes, .. } => file_length(bytes.len()),
        }
    }

    /// How many bytes of the file stand for them.
    pub(super) fn justified(&self) -> u64 {
        match self {
            Stored::Shared(bytes) => file_length(bytes.len()),
            Stored::Owned { justified, .. } => *justified,
        }
    }
}

/// The elements in `data` as a tensor. Arrays add their dimensions behind those of the shape.
pub(super) fn tensor(
    file: &File,
    datatype: &Datatype,
    dataspace: &Dataspace,
    data: Stored,
) -> Result<Tensor<'static>> {
    let mut shape = shape(dataspace);
    let mut element = datatype;
    while let Datatype::Array(array) = element {
        shape.extend(array.dims.iter().map(|size| u64::from(*size)));
        element = &array.base;
    }
    let (rank, most) = (shape.len(), Dataspace::MAX_RANK);
    if rank > most {
        let message =
            format!("{rank} dimensions, those of arrays included, expected at most {most}");
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    if let Some(number) = Number::of(element) {
        let bytes = number.convert(file.limits(), data)?;
        return Tensor::from_shared(number.dtype, shape, bytes);
    }
    if matches!(
        element,
        Datatype::FixedString { .. } | Datatype::VariableString { .. }
    ) {
        let count = shape
            .iter()
            .fold(1_u64, |all, size| all.saturating_mul(*size));
        return Tensor::strings(strings(file, element, count, &data)?, shape);
    }
    Err(convert::unsupported(datatype))
}

/// The bytes of the elements: numbers as tensors have them, other elements as they are stored.
pub(super) fn bytes(file: &File, datatype: &Datatype, data: Stored) -> Result<SharedBytes> {
    match datatype {
        Datatype::Array(array) => bytes(file, &array.base, data),
        datatype => match Number::of(datatype) {
            Some(number) => number.convert(file.limits(), data),
            None => Ok(data.into_shared()),
        },
    }
}

/// The member at `path` of each element, and its type.
pub(super) fn member<'d>(
    file: &File,
    datatype: &'d Datatype,
    path: &[&str],
    data: &Stored,
) -> Result<(&'d Datatype, Stored)> {
    let (mut found, mut offset) = (datatype, 0_u64);
    for name in path {
        let member = match found {
            Datatype::Compound(compound) => {
                compound.members.iter().find(|member| member.name == *name)
            }
            _ => None,
        };
        let member = member.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("elements of type {found} have no member `{name}`"),
            )
        })?;
        offset = offset.saturating_add(member.offset.into());
        found = &member.datatype;
    }
    // Members were checked to be inside their compounds.
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let size = usize::try_from(found.size()).unwrap_or(usize::MAX);
    let end = start.saturating_add(size);
    let elements = usize::try_from(datatype.size())
        .unwrap_or(usize::MAX)
        .max(1);
    let elements = data.bytes().chunks_exact(elements);
    let length = elements.len().saturating_mul(size);
    let held = file_length(length).saturating_add(data.allocated());
    let limits = file.limits();
    limits.allocation(held, data.justified(), "a member of all elements")?;
    let mut bytes = Vec::with_capacity(length);
    for element in elements {
        bytes.extend(element.get(start..end).unwrap_or_default());
    }
    let justified = data.justified();
    Ok((found, Stored::Owned { bytes, justified }))
}

/// The `count` strings in `data`, without padding.
pub(super) fn strings(
    file: &File,
    datatype: &Datatype,
    count: u64,
    data: &Stored,
) -> Result<Vec<Vec<u8>>> {
    let bytes = data.bytes();
    // Each string takes room in memory besides its bytes: in this list, and in the tensor that is
    // made of it.
    let room = file_length(size_of::<[Vec<u8>; 2]>()).saturating_mul(count);
    let held = room.saturating_add(data.allocated());
    let limits = file.limits();
    match datatype {
        Datatype::FixedString { size, padding, .. } => {
            let held = held.saturating_add(file_length(bytes.len()));
            limits.allocation(held, data.justified(), "a list of strings")?;
            let size = usize::try_from(*size).unwrap_or(usize::MAX).max(1);
            let strings = bytes.chunks_exact(size);
            Ok(strings
                .map(|string| padding.strip(string).to_vec())
                .collect())
        }
        Datatype::VariableString { size, .. } => {
            limits.allocation(held, data.justified(), "a list of strings")?;
            variable_strings(file, *size, data, held)
        }
        datatype => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("elements of type {datatype}, expected strings"),
        )),
    }
}

/// The strings that references of `size` bytes lead to. Several may lead to the same, so that a
/// small file can ask for much memory; what is distinct justifies the total.
/// `total` is how much memory is in use already.
fn variable_strings(file: &File, size: u32, data: &Stored, mut total: u64) -> Result<Vec<Vec<u8>>> {
    let mut justified = data.justified();
    let mut seen: HashMap<_, u64> = HashMap::new();
    let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
    let mut strings = Vec::with_capacity(data.bytes().len().checked_div(size).unwrap_or(0));
    for reference in data.bytes().chunks_exact(size) {
        let reference = Reference::decode(file.sizes(), &mut Cursor::new(reference, 0))?;
        let length = u64::from(reference.length);
        let (Some(place), true) = (reference.place, length > 0) else {
            if length > 0 {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("string of {length} bytes without an address"),
                ));
            }
            strings.push(Vec::new());
            continue;
        };
        let bytes = heap::object(file, place, length)?;
        let known = seen.entry((place.collection, place.index)).or_default();
        justified = justified.saturating_add(length.saturating_sub(*known));
        *known = length.max(*known);
        total = total.saturating_add(length);
        let limits = file.limits();
        limits.allocation(total, justified, "a list of strings")?;
        strings.push(StringPadding::NullTerminated.strip(&bytes).to_vec());
    }
    Ok(strings)
}
