//! What stored elements are as tensors and strings. See `spec/hdf5.md#types-as-tensors`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::HashMap;

use super::file::File;
use super::heap;
use crate::codec::Cursor;
use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::format::file_length;
use crate::hdf5::format::global_heap::Reference;
use crate::hdf5::format::message::dataspace::Dataspace;
use crate::hdf5::format::message::datatype::{ByteOrder, Datatype, StringPadding};
use crate::io::SharedBytes;
use crate::tensor::{DType, Tensor};

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

/// The elements in `data` as a tensor. Arrays add their dimensions behind those of the shape.
pub(super) fn tensor(
    file: &File,
    datatype: &Datatype,
    dataspace: &Dataspace,
    data: SharedBytes,
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
        return Tensor::from_shared(number.dtype, shape, number.little_endian(data));
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
    let error = Error::new(
        ErrorKind::Unsupported,
        format!("elements of type {datatype} in a tensor"),
    );
    Err(match element {
        Datatype::Opaque { .. } => error.with_hint("`Dataset::tensor_as` says what they are"),
        _ => error,
    })
}

/// `data` with numbers in little-endian order; other elements stay as they are.
pub(super) fn little_endian(datatype: &Datatype, data: SharedBytes) -> SharedBytes {
    match datatype {
        Datatype::Array(array) => little_endian(&array.base, data),
        datatype => match Number::of(datatype) {
            Some(number) => number.little_endian(data),
            None => data,
        },
    }
}

/// A type of number that tensors have, as it is stored.
struct Number {
    dtype: DType,
    order: ByteOrder,
}

impl Number {
    fn of(datatype: &Datatype) -> Option<Number> {
        let (dtype, order) = datatype.element()?;
        (dtype != DType::String).then_some(Number { dtype, order })
    }

    fn little_endian(&self, data: SharedBytes) -> SharedBytes {
        let width = match self.dtype {
            // Two numbers, each in this order.
            DType::Complex64 => 4,
            DType::Complex128 => 8,
            dtype => dtype.size().unwrap_or(1),
        };
        if self.order == ByteOrder::Little || width == 1 {
            return data;
        }
        let mut bytes = data.to_vec();
        for number in bytes.chunks_exact_mut(width) {
            number.reverse();
        }
        bytes.into()
    }
}

/// The `count` strings in `data`, without padding.
pub(super) fn strings(
    file: &File,
    datatype: &Datatype,
    count: u64,
    data: &SharedBytes,
) -> Result<Vec<Vec<u8>>> {
    // Each string takes room in memory besides its bytes.
    let room = file_length(size_of::<Vec<u8>>()).saturating_mul(count);
    let stored = file_length(data.len());
    file.limits()
        .allocation(room, stored, "a list of strings")?;
    match datatype {
        Datatype::FixedString { size, padding, .. } => {
            let size = usize::try_from(*size).unwrap_or(usize::MAX).max(1);
            let strings = data.chunks_exact(size);
            Ok(strings
                .map(|string| trim(string, *padding).to_vec())
                .collect())
        }
        Datatype::VariableString { size, .. } => variable_strings(file, *size, data),
        datatype => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("elements of type {datatype}, expected strings"),
        )),
    }
}

fn trim(string: &[u8], padding: StringPadding) -> &[u8] {
    let end = match padding {
        StringPadding::NullTerminated => string.iter().position(|byte| *byte == 0),
        StringPadding::NullPadded => last_other_than(string, 0),
        StringPadding::SpacePadded => last_other_than(string, b' '),
    };
    end.and_then(|end| string.get(..end)).unwrap_or(string)
}

/// One past the last byte that is not `padding`.
fn last_other_than(string: &[u8], padding: u8) -> Option<usize> {
    let last = string.iter().rposition(|byte| *byte != padding);
    Some(last.map_or(0, |last| last.saturating_add(1)))
}

/// The strings that references of `size` bytes lead to. Several may lead to the same, so that a
/// small file can ask for much memory; what is distinct justifies the total.
fn variable_strings(file: &File, size: u32, data: &SharedBytes) -> Result<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    let mut total = 0_u64;
    let mut justified = file_length(data.len());
    let mut seen: HashMap<_, u64> = HashMap::new();
    let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
    for reference in data.chunks_exact(size) {
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
        strings.push(trim(&bytes, StringPadding::NullTerminated).to_vec());
    }
    Ok(strings)
}
