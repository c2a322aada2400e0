//! Attribute message (0x000C): a named value beside an object. See `spec/hdf5.md#attribute`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::borrow::Cow;

use super::dataspace::{Dataspace, DataspaceVersion};
use super::datatype::{Charset, Datatype, DatatypeVersion};
use super::shared::Shareable;
use crate::codec::{Cursor, Put};
use crate::error::{Context, Error, Result};
use crate::hdf5::format::{Sizes, short_length};

/// A named value beside an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributeMessage<'a> {
    /// What it is called.
    pub(crate) name: Cow<'a, str>,
    /// What one element is.
    pub(crate) datatype: Shareable<Datatype>,
    /// How many elements.
    pub(crate) dataspace: Shareable<Dataspace>,
    /// The elements. If type or shape are elsewhere, the rest of the message: at least them.
    pub(crate) data: Cow<'a, [u8]>,
    /// Where in the file the elements begin; of no meaning when encoded.
    pub(crate) data_offset: u64,
}

/// Which form of the message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttributeVersion {
    /// The form of version-1 object headers: every part padded to eight bytes.
    V1,
    /// The form of version-2 object headers: nothing padded.
    V3,
}

impl<'a> AttributeMessage<'a> {
    const SHARED_DATATYPE: u8 = 0b01;
    const SHARED_DATASPACE: u8 = 0b10;

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'a>) -> Result<Self> {
        let parts = Parts::decode(from)?;
        let name = parts.name;
        Self::decode_value(sizes, parts, from).within(|| format!("attribute `{name}`"))
    }

    /// Reads the name alone, so that it is known of attributes that cannot be decoded, too.
    pub(crate) fn decode_name(from: &mut Cursor<'a>) -> Result<&'a str> {
        Parts::decode(from).map(|parts| parts.name)
    }

    fn decode_value(sizes: Sizes, parts: Parts<'a>, from: &mut Cursor<'a>) -> Result<Self> {
        let Parts {
            name,
            flags,
            mut datatype,
            mut dataspace,
        } = parts;
        let datatype = Shareable::decode(
            flags & Self::SHARED_DATATYPE != 0,
            sizes,
            &mut datatype,
            Datatype::decode,
        )?;
        let dataspace = Shareable::decode(
            flags & Self::SHARED_DATASPACE != 0,
            sizes,
            &mut dataspace,
            |from| Dataspace::decode(sizes, from),
        )?;
        let data_offset = from.offset();
        let data = match (&datatype, &dataspace) {
            (Shareable::Here(datatype), Shareable::Here(dataspace)) => {
                let size = u64::from(datatype.size());
                from.bytes_u64(size.saturating_mul(dataspace.element_count()))?
            }
            _ => from.bytes(from.remaining())?,
        };
        Ok(AttributeMessage {
            name: Cow::Borrowed(name),
            datatype,
            dataspace,
            data: Cow::Borrowed(data),
            data_offset,
        })
    }

    /// Appends the message. Shared parts are never written; what has them is written as nothing.
    pub(crate) fn encode(&self, version: AttributeVersion, to: &mut Vec<u8>) {
        let mut datatype = Vec::new();
        let mut dataspace = Vec::new();
        let (number, alignment, datatypes, dataspaces) = match version {
            AttributeVersion::V1 => (1, 8, DatatypeVersion::V1, DataspaceVersion::V1),
            AttributeVersion::V3 => (3, 1, DatatypeVersion::V3, DataspaceVersion::V2),
        };
        if let Shareable::Here(part) = &self.datatype {
            part.encode(datatypes, &mut datatype);
        }
        if let Shareable::Here(part) = &self.dataspace {
            part.encode(dataspaces, &mut dataspace);
        }
        let mut name = self.name.as_bytes().to_vec();
        name.put_u8(0);
        to.extend([number, 0]);
        for part in [&name, &datatype, &dataspace] {
            to.put_u16(short_length(part.len()));
        }
        if version == AttributeVersion::V3 {
            to.put_u8(match self.name.is_ascii() {
                true => Charset::Ascii.code(),
                false => Charset::Utf8.code(),
            });
        }
        for mut part in [name, datatype, dataspace] {
            part.pad_to(alignment);
            to.extend(part);
        }
        to.extend(&*self.data);
    }
}

/// The parts of the message before the elements.
struct Parts<'a> {
    name: &'a str,
    flags: u8,
    datatype: Cursor<'a>,
    dataspace: Cursor<'a>,
}

impl<'a> Parts<'a> {
    fn decode(from: &mut Cursor<'a>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        let flags = from.u8()?;
        let flags = match version {
            1 => 0, // reserved
            2 | 3 => flags,
            _ => {
                let message = format!("attribute version {version}, expected 1 to 3");
                return Err(Error::malformed(at, message));
            }
        };
        let name_length = from.u16()?;
        let datatype_length = from.u16()?;
        let dataspace_length = from.u16()?;
        if version == 3 {
            from.skip(1)?; // character set of the name: ASCII is UTF-8 too
        }
        let padded = version == 1;
        Ok(Parts {
            name: decode_name(part(name_length, padded, from)?)?,
            flags,
            datatype: part(datatype_length, padded, from)?,
            dataspace: part(dataspace_length, padded, from)?,
        })
    }
}

/// The next part, without the padding that version 1 has behind each.
fn part<'a>(length: u16, padded: bool, from: &mut Cursor<'a>) -> Result<Cursor<'a>> {
    let part = from.sub(u64::from(length))?;
    if padded {
        let length = usize::from(length);
        from.skip(length.next_multiple_of(8).saturating_sub(length))?;
    }
    Ok(part)
}

/// A name that ends in NUL and is UTF-8.
fn decode_name<'a>(from: Cursor<'a>) -> Result<&'a str> {
    let at = from.offset();
    let bytes = from.rest();
    let Some(end) = bytes.iter().position(|byte| *byte == 0) else {
        return Err(Error::malformed(at, "attribute name without an end"));
    };
    let name = bytes.get(..end).unwrap_or_default();
    if name.is_empty() {
        return Err(Error::malformed(at, "attribute without a name"));
    }
    std::str::from_utf8(name).map_err(|_| {
        let name = name.escape_ascii();
        Error::malformed(at, format!("attribute name `{name}` is not UTF-8"))
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::super::datatype::Integer;
    use super::super::shared::Shared;
    use super::*;
    use crate::hdf5::format::Address;

    fn attribute<'a>(
        name: &'a str,
        datatype: Datatype,
        dims: &[u64],
        data: &'a [u8],
    ) -> AttributeMessage<'a> {
        AttributeMessage {
            name: Cow::Borrowed(name),
            datatype: Shareable::Here(datatype),
            dataspace: Shareable::Here(Dataspace::from_dims(dims)),
            data: Cow::Borrowed(data),
            data_offset: 0,
        }
    }

    fn byte() -> Datatype {
        Datatype::Integer(Integer::unsigned(1))
    }

    #[track_caller]
    fn check(attribute: AttributeMessage<'_>, version: AttributeVersion, bytes: &[u8]) {
        let mut encoded = Vec::new();
        attribute.encode(version, &mut encoded);
        assert_eq!(encoded, bytes);
        let data_offset = u64::try_from(bytes.len() - attribute.data.len()).unwrap();
        check_decode(
            AttributeMessage {
                data_offset,
                ..attribute
            },
            bytes,
        );
    }

    #[track_caller]
    fn check_decode(attribute: AttributeMessage<'_>, bytes: &[u8]) {
        let mut from = Cursor::new(bytes, 0);
        let decoded = AttributeMessage::decode(Sizes::EIGHT, &mut from).unwrap();
        assert_eq!(decoded, attribute);
        assert_eq!(from.remaining(), 0);
    }

    #[test]
    #[rustfmt::skip]
    fn version_1() {
        check(attribute("xy", byte(), &[3], &[7, 8, 9]), AttributeVersion::V1, &[
            1, 0, // version, reserved
            3, 0, // length of the name
            12, 0, // length of the datatype
            16, 0, // length of the dataspace
            b'x', b'y', 0, 0, 0, 0, 0, 0, // name, padded
            0x10, 0, 0, 0, 1, 0, 0, 0, // datatype: unsigned byte,
            0, 0, 8, 0, 0, 0, 0, 0, // padded
            1, 1, 0, 0, 0, 0, 0, 0, // dataspace: one dimension
            3, 0, 0, 0, 0, 0, 0, 0, // of three elements
            7, 8, 9, // data
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn version_3() {
        check(attribute("xy", byte(), &[3], &[7, 8, 9]), AttributeVersion::V3, &[
            3, 0, // version, flags: nothing shared
            3, 0, // length of the name
            12, 0, // length of the datatype
            12, 0, // length of the dataspace
            0, // character set of the name: ASCII
            b'x', b'y', 0, // name
            0x30, 0, 0, 0, 1, 0, 0, 0, // datatype: unsigned byte
            0, 0, 8, 0,
            2, 1, 0, 1, // dataspace: one dimension
            3, 0, 0, 0, 0, 0, 0, 0, // of three elements
            7, 8, 9, // data
        ]);
        check(attribute("é", byte(), &[], &[7]), AttributeVersion::V3, &[
            3, 0, // version, flags: nothing shared
            3, 0, // length of the name
            12, 0, // length of the datatype
            4, 0, // length of the dataspace
            1, // character set of the name: UTF-8
            0xc3, 0xa9, 0, // name
            0x30, 0, 0, 0, 1, 0, 0, 0, // datatype: unsigned byte
            0, 0, 8, 0,
            2, 0, 0, 0, // dataspace: scalar
            7, // data
        ]);
    }

    #[test]
    #[rustfmt::skip]
    fn version_2_with_a_shared_datatype_leaves_the_rest_to_the_reader() {
        let expected = AttributeMessage {
            datatype: Shareable::Elsewhere(Shared::Object(Address(0x60))),
            data_offset: 24,
            ..attribute("x", byte(), &[], &[7, 0, 0])
        };
        check_decode(expected, &[
            2, 1, // version, flags: datatype shared
            2, 0, // length of the name
            10, 0, // length of the datatype
            4, 0, // length of the dataspace
            b'x', 0, // name
            3, 2, 0x60, 0, 0, 0, 0, 0, 0, 0, // datatype: in another object header
            2, 0, 0, 0, // dataspace: scalar
            7, 0, 0, // data, and what pads the message
        ]);
    }

    #[test]
    fn padding_behind_the_data_is_left() {
        let mut bytes = Vec::new();
        attribute("x", byte(), &[], &[7]).encode(AttributeVersion::V1, &mut bytes);
        bytes.pad_to(8);
        let mut from = Cursor::new(&bytes, 0);
        let decoded = AttributeMessage::decode(Sizes::EIGHT, &mut from).unwrap();
        assert_eq!(*decoded.data, [7]);
        assert_eq!(from.remaining(), 7);
    }

    #[test]
    fn contradictions_are_errors() {
        let mut short = Vec::new();
        attribute("x", byte(), &[5], &[7]).encode(AttributeVersion::V3, &mut short);
        for (bytes, message) in [
            (
                &[4, 0][..],
                "attribute version 4, expected 1 to 3 (at byte 0x0)",
            ),
            (
                &[3, 0, 1, 0, 0, 0, 0, 0, 0, b'x'],
                "attribute name without an end (at byte 0x9)",
            ),
            (
                &[3, 0, 2, 0, 0, 0, 0, 0, 0, 0xff, 0],
                "attribute name `\\xff` is not UTF-8 (at byte 0x9)",
            ),
            (
                &short,
                "attribute `x`: 1 bytes left, expected 5 (at byte 0x23)",
            ),
        ] {
            let error = AttributeMessage::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0));
            assert_eq!(error.unwrap_err().to_string(), message);
        }
    }
}
