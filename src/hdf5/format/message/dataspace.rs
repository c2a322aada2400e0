//! Dataspace message (0x0001): the shape of a dataset or attribute.
//! See `spec/hdf5.md#dataspace`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::Sizes;

/// The shape of a dataset or attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dataspace {
    /// No elements and no shape: an attribute that exists but holds nothing.
    Null,
    /// One element, no dimensions.
    Scalar,
    /// A block of elements, at most 32 dimensions.
    Simple {
        /// How many elements along each dimension; zero is allowed.
        dims: Vec<u64>,
        /// How far each dimension may grow, `None` for without end. Absent: as far as `dims`.
        max_dims: Option<Vec<Option<u64>>>,
    },
}

/// Which of the two forms of the message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataspaceVersion {
    /// The form of version-1 object headers. It cannot say "null", which takes version 2.
    V1,
    /// The form of version-2 object headers.
    V2,
}

impl Dataspace {
    /// The most dimensions the format allows.
    pub const MAX_RANK: usize = 32;

    const HAS_MAX_DIMS: u8 = 0b01;
    const HAS_PERMUTATION: u8 = 0b10;

    const SCALAR: u8 = 0;
    const SIMPLE: u8 = 1;
    const NULL: u8 = 2;

    /// A scalar for no dimensions, else a block of fixed extent.
    pub fn from_dims(dims: impl Into<Vec<u64>>) -> Dataspace {
        let dims = dims.into();
        if dims.is_empty() {
            return Dataspace::Scalar;
        }
        Dataspace::Simple {
            dims,
            max_dims: None,
        }
    }

    /// The size of each dimension; empty for a scalar and for the null dataspace.
    pub fn dims(&self) -> &[u64] {
        match self {
            Dataspace::Null | Dataspace::Scalar => &[],
            Dataspace::Simple { dims, .. } => dims,
        }
    }

    /// How many elements: none for null, one for a scalar. Stops at `u64::MAX`.
    pub fn element_count(&self) -> u64 {
        match self {
            Dataspace::Null => 0,
            Dataspace::Scalar => 1,
            Dataspace::Simple { dims, .. } => product(dims).unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        let rank = usize::from(from.u8()?);
        let flags = from.u8()?;
        let kind = match version {
            1 => {
                from.skip(5)?;
                if rank == 0 {
                    Self::SCALAR
                } else {
                    Self::SIMPLE
                }
            }
            2 => from.u8()?,
            _ => {
                let message = format!("dataspace version {version}, expected 1 or 2");
                return Err(Error::malformed(at, message));
            }
        };
        if rank > Self::MAX_RANK {
            let message = format!("dataspace of rank {rank}, expected at most 32");
            return Err(Error::malformed(at, message));
        }
        if flags & !Self::HAS_MAX_DIMS != 0 {
            return Err(flags_error(at, flags));
        }
        match kind {
            Self::SCALAR if rank == 0 => Ok(Dataspace::Scalar),
            Self::NULL if rank == 0 => Ok(Dataspace::Null),
            Self::SIMPLE => {
                let has_max = flags & Self::HAS_MAX_DIMS != 0;
                Self::decode_simple(sizes, rank, has_max, from)
            }
            Self::SCALAR | Self::NULL => Err(Error::malformed(
                at,
                format!("dataspace of type {kind} with rank {rank}, expected rank 0"),
            )),
            _ => Err(Error::malformed(
                at,
                format!("dataspace type {kind}, expected 0, 1 or 2"),
            )),
        }
    }

    fn decode_simple(
        sizes: Sizes,
        rank: usize,
        has_max: bool,
        from: &mut Cursor<'_>,
    ) -> Result<Self> {
        let at = from.offset();
        let dims = (0..rank)
            .map(|_| sizes.decode_length(from))
            .collect::<Result<Vec<u64>>>()?;
        if product(&dims).is_none() {
            return Err(Error::malformed(
                at,
                format!("dimensions {dims:?} have more elements than fit in 64 bits"),
            ));
        }
        if !has_max {
            return Ok(Dataspace::Simple {
                dims,
                max_dims: None,
            });
        }
        let max_dims = (0..rank)
            .map(|_| sizes.decode_optional_length(from))
            .collect::<Result<Vec<_>>>()?;
        let beyond = |(dim, max): (&u64, &Option<u64>)| max.is_some_and(|max| max < *dim);
        if dims.iter().zip(&max_dims).any(beyond) {
            return Err(Error::malformed(
                at,
                format!("dimensions {dims:?} beyond their maximum"),
            ));
        }
        Ok(Dataspace::Simple {
            dims,
            max_dims: Some(max_dims),
        })
    }

    /// Appends the message. The writer refuses ranks above 32 before it comes here.
    pub(crate) fn encode(&self, version: DataspaceVersion, to: &mut Vec<u8>) {
        let (kind, max_dims) = match self {
            Dataspace::Null => (Self::NULL, None),
            Dataspace::Scalar => (Self::SCALAR, None),
            Dataspace::Simple { max_dims, .. } => (Self::SIMPLE, max_dims.as_ref()),
        };
        let rank = u8::try_from(self.dims().len()).unwrap_or(u8::MAX);
        let flags = max_dims.map_or(0, |_| Self::HAS_MAX_DIMS);
        if version == DataspaceVersion::V1 && kind != Self::NULL {
            to.extend([1, rank, flags]);
            to.put_zeros(5);
        } else {
            to.extend([2, rank, flags, kind]);
        }
        for dim in self.dims() {
            to.put_u64(*dim);
        }
        for max in max_dims.into_iter().flatten() {
            to.put_u64(max.unwrap_or(u64::MAX));
        }
    }
}

/// The number of elements of a block, `None` if it does not fit. An empty dimension empties all.
fn product(dims: &[u64]) -> Option<u64> {
    if dims.contains(&0) {
        return Some(0);
    }
    dims.iter()
        .try_fold(1_u64, |count, dim| count.checked_mul(*dim))
}

fn flags_error(at: u64, flags: u8) -> Error {
    if flags & Dataspace::HAS_PERMUTATION != 0 {
        return Error::unsupported(at, "dataspace with permuted dimensions");
    }
    Error::malformed(at, format!("dataspace flags {flags:#04x}, expected 0 or 1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn simple(dims: &[u64], max_dims: Option<&[Option<u64>]>) -> Dataspace {
        Dataspace::Simple {
            dims: dims.to_vec(),
            max_dims: max_dims.map(<[_]>::to_vec),
        }
    }

    #[track_caller]
    fn check(dataspace: Dataspace, version: DataspaceVersion, bytes: &[u8]) {
        let mut encoded = Vec::new();
        dataspace.encode(version, &mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(bytes, 0);
        assert_eq!(
            Dataspace::decode(Sizes::EIGHT, &mut from).unwrap(),
            dataspace
        );
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn check_error(bytes: &[u8], kind: ErrorKind, message: &str) {
        let error = Dataspace::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, message));
    }

    #[test]
    #[rustfmt::skip]
    fn version_1() {
        check(Dataspace::Scalar, DataspaceVersion::V1, &[
            1, 0, 0, // version, rank, flags
            0, 0, 0, 0, 0, // reserved
        ]);
        check(simple(&[2, 0x103], None), DataspaceVersion::V1, &[
            1, 2, 0, // version, rank, flags
            0, 0, 0, 0, 0, // reserved
            2, 0, 0, 0, 0, 0, 0, 0, // first dimension
            3, 1, 0, 0, 0, 0, 0, 0, // second dimension
        ]);
        check(simple(&[2], Some(&[None])), DataspaceVersion::V1, &[
            1, 1, 1, // version, rank, flags: with maximum dimensions
            0, 0, 0, 0, 0, // reserved
            2, 0, 0, 0, 0, 0, 0, 0, // dimension
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // maximum: unlimited
        ]);
        // Version 1 has no word for null.
        check(Dataspace::Null, DataspaceVersion::V1, &[
            2, 0, 0, 2, // version, rank, flags, type: null
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn version_2() {
        check(Dataspace::Scalar, DataspaceVersion::V2, &[
            2, 0, 0, 0, // version, rank, flags, type: scalar
        ]);
        check(Dataspace::Null, DataspaceVersion::V2, &[
            2, 0, 0, 2, // version, rank, flags, type: null
        ]);
        check(simple(&[0], Some(&[Some(7)])), DataspaceVersion::V2, &[
            2, 1, 1, 1, // version, rank, flags: with maximum, type: simple
            0, 0, 0, 0, 0, 0, 0, 0, // dimension
            7, 0, 0, 0, 0, 0, 0, 0, // maximum
        ]);
    }

    #[test]
    fn rank_32_is_the_most() {
        let widest = simple(&[1; 32], None);
        let mut bytes = Vec::new();
        widest.encode(DataspaceVersion::V1, &mut bytes);
        check(widest, DataspaceVersion::V1, &bytes);
        check_error(
            &[1, 33, 0, 0, 0, 0, 0, 0],
            ErrorKind::Malformed,
            "dataspace of rank 33, expected at most 32",
        );
    }

    #[test]
    fn narrow_lengths() {
        let sizes = Sizes {
            offset: 4,
            length: 4,
        };
        let bytes = [2, 1, 1, 1, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        let decoded = Dataspace::decode(sizes, &mut Cursor::new(&bytes, 0)).unwrap();
        assert_eq!(decoded, simple(&[5], Some(&[None])));
    }

    #[test]
    fn counts_elements() {
        for (dataspace, expected) in [
            (Dataspace::Null, 0),
            (Dataspace::from_dims([]), 1),
            (Dataspace::from_dims([2, 3]), 6),
            (Dataspace::from_dims([u64::MAX, 2, 0]), 0),
            (Dataspace::from_dims([u64::MAX, 2]), u64::MAX),
        ] {
            assert_eq!(dataspace.element_count(), expected);
        }
    }

    #[test]
    fn contradictions_are_errors() {
        check_error(
            &[3, 0, 0, 0],
            ErrorKind::Malformed,
            "dataspace version 3, expected 1 or 2",
        );
        check_error(
            &[2, 0, 0, 3],
            ErrorKind::Malformed,
            "dataspace type 3, expected 0, 1 or 2",
        );
        check_error(
            &[2, 1, 0, 2],
            ErrorKind::Malformed,
            "dataspace of type 2 with rank 1, expected rank 0",
        );
        check_error(
            &[2, 0, 4, 0],
            ErrorKind::Malformed,
            "dataspace flags 0x04, expected 0 or 1",
        );
        check_error(
            &[1, 1, 2, 0, 0, 0, 0, 0],
            ErrorKind::Unsupported,
            "dataspace with permuted dimensions",
        );
        let mut bytes = Vec::new();
        simple(&[5], Some(&[Some(4)])).encode(DataspaceVersion::V2, &mut bytes);
        check_error(
            &bytes,
            ErrorKind::Malformed,
            "dimensions [5] beyond their maximum",
        );
        bytes.clear();
        simple(&[1 << 40, 1 << 40], None).encode(DataspaceVersion::V2, &mut bytes);
        check_error(
            &bytes,
            ErrorKind::Malformed,
            "dimensions [1099511627776, 1099511627776] have more elements than fit in 64 bits",
        );
    }
}
