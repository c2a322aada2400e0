//! Filter pipeline message (0x000B): what happens to chunks on their way into the file.
//! See `spec/hdf5_storage.md#filter-pipeline`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::Cursor;
use crate::error::{Error, Result};

/// The filters of a dataset. We read these and never write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilterPipeline {
    /// In the order in which they are applied when a chunk is written.
    pub(crate) filters: Vec<Filter>,
}

/// One filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Its registered number.
    pub(crate) id: u16,
    /// What its writer calls it.
    pub(crate) name: Option<String>,
    /// Its parameters.
    pub(crate) values: Vec<u32>,
}

impl FilterPipeline {
    /// The most filters a pipeline may have: a chunk has a bit for each.
    const MAX_FILTERS: u8 = 32;

    pub(crate) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        let count = from.u8()?;
        if count > Self::MAX_FILTERS {
            return Err(Error::malformed(
                at,
                format!("{count} filters, expected at most {}", Self::MAX_FILTERS),
            ));
        }
        match version {
            1 => from.skip(6)?, // reserved
            2 => {}
            _ => {
                return Err(Error::malformed(
                    at,
                    format!("filter pipeline version {version}, expected 1 or 2"),
                ));
            }
        }
        let filters = (0..count).map(|_| Filter::decode(version, from));
        Ok(FilterPipeline {
            filters: filters.collect::<Result<_>>()?,
        })
    }
}

impl Filter {
    /// From version 2 on, filters below this number have no name.
    const NAMED: u16 = 256;

    fn decode(version: u8, from: &mut Cursor<'_>) -> Result<Self> {
        let id = from.u16()?;
        let name_length = match version {
            1 => from.u16()?,
            _ if id < Self::NAMED => 0,
            _ => from.u16()?,
        };
        from.skip(2)?; // flags: whether writing may go on without the filter
        let count = from.u16()?;
        let name = from.bytes(usize::from(name_length))?;
        if version == 1 {
            let length = usize::from(name_length);
            from.skip(length.next_multiple_of(8).saturating_sub(length))?;
        }
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let values = (0..count).map(|_| from.u32()).collect::<Result<Vec<_>>>()?;
        if version == 1 && count & 1 != 0 {
            from.skip(4)?; // padding
        }
        Ok(Filter {
            id,
            name: (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned()),
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(id: u16, name: Option<&str>, values: &[u32]) -> Filter {
        Filter {
            id,
            name: name.map(str::to_owned),
            values: values.to_vec(),
        }
    }

    #[test]
    #[rustfmt::skip]
    fn version_1() {
        check(&[filter(2, Some("shuffle"), &[4]), filter(1, Some("deflate"), &[6])], &[
            1, 2, 0, 0, 0, 0, 0, 0, // version, filters, reserved
            2, 0, // shuffle
            8, 0, // length of the name
            1, 0, // flags: optional
            1, 0, // parameters
            b's', b'h', b'u', b'f', b'f', b'l', b'e', 0, // name
            4, 0, 0, 0, 0, 0, 0, 0, // parameter, padding
            1, 0, // deflate
            8, 0, // length of the name
            1, 0, // flags: optional
            1, 0, // parameters
            b'd', b'e', b'f', b'l', b'a', b't', b'e', 0, // name
            6, 0, 0, 0, 0, 0, 0, 0, // parameter, padding
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn version_2() {
        check(&[filter(3, None, &[]), filter(32_000, Some("lzf"), &[4, 261])], &[
            2, 2, // version, filters
            3, 0, // fletcher32
            0, 0, // flags
            0, 0, // parameters
            0x00, 0x7d, // lzf
            4, 0, // length of the name
            1, 0, // flags: optional
            2, 0, // parameters
            b'l', b'z', b'f', 0, // name
            4, 0, 0, 0, 5, 1, 0, 0, // parameters
        ]);
    }

    #[test]
    fn contradictions_are_errors() {
        for (bytes, message) in [
            (&[3, 0][..], "filter pipeline version 3, expected 1 or 2"),
            (&[2, 33], "33 filters, expected at most 32"),
            (&[2, 1, 1, 0, 0, 0, 9, 0, 1], "1 bytes left, expected 4"),
        ] {
            let error = FilterPipeline::decode(&mut Cursor::new(bytes, 0)).unwrap_err();
            assert_eq!(error.message(), message);
        }
    }

    #[track_caller]
    fn check(filters: &[Filter], bytes: &[u8]) {
        let mut from = Cursor::new(bytes, 0);
        let found = FilterPipeline::decode(&mut from).unwrap();
        assert_eq!(found.filters, filters);
        assert_eq!(from.remaining(), 0);
    }
}
