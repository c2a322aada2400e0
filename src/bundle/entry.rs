//! What the index says: the header, and an entry for each tensor. See `spec/tensor_bundle.md#entries`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::dtype::element_size;
use super::slice_key::Extent;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::proto::tensorflow::tensor_bundle::Endianness;
use crate::proto::tensorflow::tensor_slice::{self, Length};
use crate::proto::tensorflow::{
    BundleEntryProto, BundleHeaderProto, DataType, TensorShapeProto, TensorSliceProto, VersionDef,
};
use crate::proto::{Fixed32, Message};
use crate::tensor::{DType, Shape};

/// The version of bundles that is written and read here; there has been no other.
const VERSION: i32 = 1;

/// In which order the bytes of numbers are stored: that of the machine that wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest byte first; what is written here, and on every machine Keras runs on.
    Little,
    /// The highest byte first.
    Big,
}

/// The entry with the empty key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// How many data files there are, one at least.
    pub(super) shards: u32,
    pub(super) byte_order: ByteOrder,
}

impl Header {
    pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let header = BundleHeaderProto::decode(bytes, limits)?;
        let version = header.version.unwrap_or_default();
        let needed = version.min_consumer;
        if needed > VERSION || version.bad_consumers.contains(&VERSION) {
            let message = format!(
                "written by version {}, for readers from version {needed}; this one has version {VERSION}",
                version.producer
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let byte_order = match header.endianness {
            Endianness::LITTLE => ByteOrder::Little,
            Endianness::BIG => ByteOrder::Big,
            other => {
                let message = format!("byte order {}, expected 0 or 1", other.0);
                return Err(Error::new(ErrorKind::Malformed, message));
            }
        };
        let shards = u32::try_from(header.num_shards).ok().filter(|it| *it > 0);
        Ok(Header {
            shards: shards.ok_or_else(|| {
                let message = format!("{} data files, expected one at least", header.num_shards);
                Error::new(ErrorKind::Malformed, message)
            })?,
            byte_order,
        })
    }

    pub(super) fn encode(self) -> Result<Vec<u8>> {
        BundleHeaderProto {
            num_shards: signed32(self.shards)?,
            endianness: match self.byte_order {
                ByteOrder::Little => Endianness::LITTLE,
                ByteOrder::Big => Endianness::BIG,
            },
            version: Some(VersionDef {
                producer: VERSION,
                ..VersionDef::default()
            }),
            ..BundleHeaderProto::default()
        }
        .encode()
    }
}

/// Where a tensor is, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BundleEntry {
    /// TensorFlow's number of the type of its elements.
    pub data_type: DataType,
    /// The sizes, outermost axis first; none for a scalar.
    pub shape: Vec<u64>,
    /// The number of the data file, from 0.
    pub shard: u32,
    /// Where in the file its bytes begin.
    pub offset: u64,
    /// How many bytes it has there.
    pub size: u64,
    /// Their CRC-32C, masked.
    pub checksum: u32,
    /// The parts that the tensor is stored in, each with an extent for each axis; they have entries of
    /// their own, and this one has no bytes. Empty for a tensor that is stored as a whole.
    pub slices: Vec<Vec<Extent>>,
}

impl BundleEntry {
    /// The dtype, if this crate has one for the type.
    pub fn dtype(&self) -> Option<DType> {
        DType::try_from(self.data_type).ok()
    }

    /// How many elements it has.
    pub fn elements(&self) -> u64 {
        // Both ways of making an entry check that it fits.
        elements(&self.shape).unwrap_or(u64::MAX)
    }

    /// Decodes the entry of a bundle with so many data files.
    pub(super) fn decode(bytes: &[u8], shards: u32, limits: &Limits) -> Result<Self> {
        let entry = BundleEntryProto::decode(bytes, limits)?;
        let shape = shape(entry.shape.unwrap_or_default())?;
        let number = |value: i64, what: &str| {
            u64::try_from(value)
                .map_err(|_| malformed(format!("{what} {value}, expected 0 or more")))
        };
        let mut decoded = BundleEntry {
            data_type: entry.dtype,
            shape,
            shard: (u32::try_from(entry.shard_id).ok())
                .filter(|shard| *shard < shards)
                .ok_or_else(|| {
                    let number = entry.shard_id;
                    malformed(format!("in data file {number}, but there are {shards}"))
                })?,
            offset: number(entry.offset, "offset")?,
            size: number(entry.size, "size")?,
            checksum: entry.crc32c.0,
            slices: Vec::new(),
        };
        for slice in &entry.slices {
            decoded.slices.push(extents(slice, &decoded.shape)?);
        }
        decoded.check_size()?;
        Ok(decoded)
    }

    /// Compares the size with type and shape.
    fn check_size(&self) -> Result<()> {
        let count = elements(&self.shape).ok_or_else(|| {
            let shape = Shape::known(&self.shape);
            malformed(format!("shape {shape}, which has 2^64 elements or more"))
        })?;
        if !self.slices.is_empty() {
            return match self.size {
                0 => Ok(()),
                size => Err(malformed(format!(
                    "{size} bytes of a tensor that is in parts"
                ))),
            };
        }
        let Some(size) = element_size(self.data_type) else {
            return Ok(());
        };
        let expected = u64::try_from(size)
            .ok()
            .and_then(|it| count.checked_mul(it));
        if expected != Some(self.size) {
            let (found, shape) = (self.size, Shape::known(&self.shape));
            let data_type = self.data_type;
            return Err(malformed(format!(
                "{found} bytes, but {data_type:?} of shape {shape} has {count} times {size}"
            )));
        }
        Ok(())
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let sizes = self.shape.iter().map(|size| signed64(*size));
        let slice = |extents: &Vec<Extent>| {
            let extents = extents.iter().map(|extent| {
                Ok(tensor_slice::Extent {
                    start: signed64(extent.start)?,
                    has_length: extent.len.map(signed64).transpose()?.map(Length::Length),
                    ..tensor_slice::Extent::default()
                })
            });
            Ok(TensorSliceProto {
                extent: extents.collect::<Result<_>>()?,
                ..TensorSliceProto::default()
            })
        };
        BundleEntryProto {
            dtype: self.data_type,
            // There for a scalar too, and then empty.
            shape: Some(TensorShapeProto::new(sizes.collect::<Result<Vec<_>>>()?)),
            shard_id: signed32(self.shard)?,
            offset: signed64(self.offset)?,
            size: signed64(self.size)?,
            crc32c: Fixed32(self.checksum),
            slices: self.slices.iter().map(slice).collect::<Result<_>>()?,
            ..BundleEntryProto::default()
        }
        .encode()
    }
}

/// The sizes, all of which are known in a bundle.
fn shape(shape: TensorShapeProto) -> Result<Vec<u64>> {
    let Some(sizes) = shape.sizes() else {
        return Err(malformed("a shape of unknown rank"));
    };
    let known = sizes.iter().map(|size| u64::try_from(*size));
    known
        .collect::<Result<_, _>>()
        .map_err(|_| malformed(format!("shape {sizes:?}, expected sizes from 0 on")))
}

/// What a part covers of each axis, inside the shape.
fn extents(slice: &TensorSliceProto, shape: &[u64]) -> Result<Vec<Extent>> {
    let (found, expected) = (slice.extent.len(), shape.len());
    if found != expected {
        let message = format!("a part with {found} axes of a tensor with {expected}");
        return Err(malformed(message));
    }
    let extents = slice.extent.iter().zip(shape).map(|(extent, size)| {
        let len = (extent.has_length.as_ref()).map(|Length::Length(len)| *len);
        let inside = u64::try_from(extent.start).ok().and_then(|start| {
            let len = len.map(u64::try_from).transpose().ok()?;
            let end = start.checked_add(len.unwrap_or(*size))?;
            (end <= *size).then_some(Extent { start, len })
        });
        inside.ok_or_else(|| {
            let (start, len) = (extent.start, len.unwrap_or(-1));
            malformed(format!("a part of {len} from {start} on an axis of {size}"))
        })
    });
    extents.collect()
}

/// The product of the sizes, if it fits.
pub(super) fn elements(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(1_u64, |all, size| all.checked_mul(*size))
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

fn signed64(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| too_large(value))
}

fn signed32(value: u32) -> Result<i32> {
    i32::try_from(value).map_err(|_| too_large(value.into()))
}

fn too_large(value: u64) -> Error {
    let message = format!("{value}, more than an entry of a tensor bundle can hold");
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
mod tests;
