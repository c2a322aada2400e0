//! The classes made of other types: compounds, enumerations, arrays.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::{Datatype, DatatypeVersion, Head};
use crate::codec::{Cursor, Put};
use crate::error::Result;
use crate::hdf5::format::short_length;

/// Named members side by side, possibly with gaps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Compound {
    /// Bytes of one element.
    pub size: u32,
    /// The members, in the order they were declared in.
    pub members: Vec<Member>,
}

/// One member of a [`Compound`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// What it is called.
    pub name: String,
    /// Where it begins in the element, in bytes.
    pub offset: u32,
    /// What it is.
    pub datatype: Datatype,
}

impl Compound {
    pub(super) fn decode(head: Head, depth: u32, from: &mut Cursor<'_>) -> Result<Self> {
        if head.count() == 0 {
            return Err(head.error("no members, expected at least one"));
        }
        let mut members = Vec::new();
        for _ in 0..head.count() {
            let member = Member::decode(head, depth, from)?;
            let end = u64::from(member.offset).saturating_add(u64::from(member.datatype.size()));
            if end > u64::from(head.size) {
                let (name, size) = (&member.name, head.size);
                return Err(head.error(format!("member `{name}` ends at byte {end} of {size}")));
            }
            members.push(member);
        }
        Ok(Compound {
            size: head.size,
            members,
        })
    }

    pub(super) fn bits(&self) -> u32 {
        u32::from(short_length(self.members.len()))
    }

    pub(super) fn encode(&self, head: Head, version: DatatypeVersion, to: &mut Vec<u8>) {
        head.encode(to);
        for member in &self.members {
            member.encode(head, version, to);
        }
    }
}

impl Member {
    /// How many dimensions version 1 can give a member.
    const MAX_OLD_RANK: u8 = 4;

    fn decode(head: Head, depth: u32, from: &mut Cursor<'_>) -> Result<Self> {
        let name = decode_name(head, from)?;
        let offset = match head.version {
            1 | 2 => from.u32()?,
            _ => {
                let narrow = from.uint(offset_width(head.size))?;
                // At most four bytes wide, since the size has four.
                u32::try_from(narrow).unwrap_or(u32::MAX)
            }
        };
        let dims = match head.version {
            1 => Self::decode_old_dims(head, from)?,
            _ => Vec::new(),
        };
        let base = Datatype::decode_nested(depth, from)?;
        let datatype = match dims.is_empty() {
            true => base,
            false => Datatype::Array(Array::new(head, dims, base)?),
        };
        Ok(Member {
            name,
            offset,
            datatype,
        })
    }

    /// Before there was an array class, members of version 1 had dimensions of their own.
    fn decode_old_dims(head: Head, from: &mut Cursor<'_>) -> Result<Vec<u32>> {
        let rank = from.u8()?;
        if rank > Self::MAX_OLD_RANK {
            return Err(head.error(format!("member of rank {rank}, expected at most 4")));
        }
        from.skip(3)?; // reserved
        from.skip(4)?; // permutation, never used
        from.skip(4)?; // reserved
        let dims = [from.u32()?, from.u32()?, from.u32()?, from.u32()?];
        Ok(dims.into_iter().take(usize::from(rank)).collect())
    }

    fn encode(&self, head: Head, version: DatatypeVersion, to: &mut Vec<u8>) {
        encode_name(head, &self.name, to);
        match head.version {
            1 => {
                to.put_u32(self.offset);
                to.put_zeros(28); // rank and dimensions: none
            }
            2 => to.put_u32(self.offset),
            _ => {
                let bytes = self.offset.to_le_bytes();
                to.extend(bytes.iter().take(offset_width(head.size)));
            }
        }
        self.datatype.encode(version, to);
    }
}

/// Names for values of an integer type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Enumeration {
    /// The type of the values.
    pub base: Box<Datatype>,
    /// Each name with its value, in the base type's bytes.
    pub members: Vec<(String, Vec<u8>)>,
}

impl Enumeration {
    pub(super) fn decode(head: Head, depth: u32, from: &mut Cursor<'_>) -> Result<Self> {
        let base = Datatype::decode_nested(depth, from)?;
        if base.size() != head.size || !matches!(base, Datatype::Integer(_)) {
            let size = head.size;
            return Err(head.error(format!("base type that is not an integer of {size} bytes")));
        }
        let names = (0..head.count())
            .map(|_| decode_name(head, from))
            .collect::<Result<Vec<_>>>()?;
        let mut members = Vec::with_capacity(names.len());
        for name in names {
            members.push((name, from.bytes_u64(u64::from(head.size))?.to_vec()));
        }
        Ok(Enumeration {
            base: Box::new(base),
            members,
        })
    }

    pub(super) fn bits(&self) -> u32 {
        u32::from(short_length(self.members.len()))
    }

    pub(super) fn encode(&self, head: Head, version: DatatypeVersion, to: &mut Vec<u8>) {
        head.encode(to);
        self.base.encode(version, to);
        for (name, _) in &self.members {
            encode_name(head, name, to);
        }
        for (_, value) in &self.members {
            to.extend(value);
        }
    }
}

/// A block of elements that counts as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Array {
    /// How many elements along each dimension.
    pub dims: Vec<u32>,
    /// What they are.
    pub base: Box<Datatype>,
}

impl Array {
    const MAX_RANK: u8 = 32;

    /// An array whose size fits.
    fn new(head: Head, dims: Vec<u32>, base: Datatype) -> Result<Self> {
        let size = dims
            .iter()
            .try_fold(base.size(), |size, dim| size.checked_mul(*dim));
        if size.is_none_or(|size| size == 0) {
            return Err(head.error(format!("array dimensions {dims:?}, too large or zero")));
        }
        Ok(Array {
            dims,
            base: Box::new(base),
        })
    }

    /// Bytes of the whole array.
    pub(super) fn size(&self) -> u32 {
        self.dims
            .iter()
            .fold(self.base.size(), |size, dim| size.saturating_mul(*dim))
    }

    pub(super) fn decode(head: Head, depth: u32, from: &mut Cursor<'_>) -> Result<Self> {
        let rank = from.u8()?;
        if rank == 0 || rank > Self::MAX_RANK {
            return Err(head.error(format!("array of rank {rank}, expected 1 to 32")));
        }
        if head.version < 3 {
            from.skip(3)?; // reserved
        }
        let dims = (0..rank)
            .map(|_| from.u32())
            .collect::<Result<Vec<u32>>>()?;
        if head.version < 3 {
            from.skip(usize::from(rank).saturating_mul(4))?; // permutation, never used
        }
        let base = Datatype::decode_nested(depth, from)?;
        let array = Array::new(head, dims, base)?;
        if array.size() != head.size {
            let (found, expected) = (head.size, array.size());
            return Err(head.error(format!("size {found}, expected {expected}")));
        }
        Ok(array)
    }

    pub(super) fn encode(&self, head: Head, version: DatatypeVersion, to: &mut Vec<u8>) {
        head.encode(to);
        to.put_u8(u8::try_from(self.dims.len()).unwrap_or(u8::MAX));
        if head.version < 3 {
            to.put_zeros(3);
        }
        for dim in &self.dims {
            to.put_u32(*dim);
        }
        if head.version < 3 {
            to.put_zeros(self.dims.len().saturating_mul(4));
        }
        self.base.encode(version, to);
    }
}

/// A name that ends in NUL; before version 3 padded to a multiple of eight bytes.
fn decode_name(head: Head, from: &mut Cursor<'_>) -> Result<String> {
    let Some(length) = from.rest().iter().position(|byte| *byte == 0) else {
        return Err(head.error("member name without an end"));
    };
    let name = from.bytes(length)?;
    let with_nul = length.saturating_add(1);
    let stored = match head.version {
        1 | 2 => with_nul.next_multiple_of(8),
        _ => with_nul,
    };
    let name = std::str::from_utf8(name).map_err(|_| {
        let name = name.escape_ascii();
        head.error(format!("member name `{name}` is not UTF-8"))
    })?;
    from.skip(stored.saturating_sub(length))?;
    Ok(name.to_owned())
}

fn encode_name(head: Head, name: &str, to: &mut Vec<u8>) {
    let with_nul = name.len().saturating_add(1);
    let stored = match head.version {
        1 | 2 => with_nul.next_multiple_of(8),
        _ => with_nul,
    };
    to.extend(name.as_bytes());
    to.put_zeros(stored.saturating_sub(name.len()));
}

/// Since version 3 a member's offset has as many bytes as the compound's size needs.
fn offset_width(size: u32) -> usize {
    match size {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xff_ffff => 3,
        _ => 4,
    }
}
