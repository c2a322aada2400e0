//! Link message: one link of a new-style group. See `spec/hdf5.md#link`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, Sizes, file_length, short_length};

/// One link of a new-style group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    /// Its name: UTF-8, at least one byte, without `/`.
    pub name: String,
    /// Its position by creation, if that is tracked.
    pub creation_index: Option<u64>,
    /// Whether the name is declared as UTF-8 rather than ASCII.
    pub utf8: bool,
    /// Where it leads.
    pub target: Target,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// An object of this file.
    Hard(Address),
    /// A path in this file, which need not exist.
    Soft(String),
    /// An object of another file: version byte, file name and path, as stored.
    External(Vec<u8>),
    /// Something only the program that wrote it can follow.
    UserDefined {
        /// The class of the link, 65 to 255.
        class: u8,
        /// Its parameters.
        data: Vec<u8>,
    },
}

impl Link {
    const VERSION: u8 = 1;
    const NAME_WIDTH: u8 = 0b0_0011;
    const HAS_CREATION_INDEX: u8 = 0b0_0100;
    const HAS_CLASS: u8 = 0b0_1000;
    const HAS_CHARSET: u8 = 0b1_0000;

    const HARD: u8 = 0;
    const SOFT: u8 = 1;
    const EXTERNAL: u8 = 64;

    /// A hard link without creation order.
    pub(crate) fn hard(name: &str, address: Address) -> Self {
        Link {
            name: name.to_owned(),
            creation_index: None,
            utf8: !name.is_ascii(),
            target: Target::Hard(address),
        }
    }

    pub(crate) fn decode(sizes: Sizes, from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("link version {version}, expected 1"),
            ));
        }
        let flags = from.u8()?;
        let class = match flags & Self::HAS_CLASS {
            0 => Self::HARD,
            _ => from.u8()?,
        };
        let creation_index = match flags & Self::HAS_CREATION_INDEX {
            0 => None,
            _ => Some(from.u64()?),
        };
        let utf8 = match flags & Self::HAS_CHARSET {
            0 => false,
            _ => from.u8()? != 0,
        };
        let len = from.uint(1_usize << (flags & Self::NAME_WIDTH))?;
        let at = from.offset();
        let name = text(from.bytes_u64(len)?, at, "link name")?;
        let target = Self::decode_target(class, sizes, from)?;
        Ok(Link {
            name,
            creation_index,
            utf8,
            target,
        })
    }

    fn decode_target(class: u8, sizes: Sizes, from: &mut Cursor<'_>) -> Result<Target> {
        if class == Self::HARD {
            let address = Address::decode_defined(sizes, from, "the link's target")?;
            return Ok(Target::Hard(address));
        }
        let len = from.u16()?;
        let at = from.offset();
        let data = from.bytes(len.into())?;
        Ok(match class {
            Self::SOFT => Target::Soft(text(data, at, "soft link target")?),
            Self::EXTERNAL => Target::External(data.to_vec()),
            class => Target::UserDefined {
                class,
                data: data.to_vec(),
            },
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        let len = file_length(self.name.len());
        let (width, log) = match len {
            0..=0xff => (1, 0),
            0x100..=0xffff => (2, 1),
            0x1_0000..=0xffff_ffff => (4, 2),
            _ => (8, 3),
        };
        let mut flags = log;
        if !matches!(self.target, Target::Hard(_)) {
            flags |= Self::HAS_CLASS;
        }
        if self.creation_index.is_some() {
            flags |= Self::HAS_CREATION_INDEX;
        }
        if self.utf8 {
            flags |= Self::HAS_CHARSET;
        }
        to.put_u8(Self::VERSION);
        to.put_u8(flags);
        match &self.target {
            Target::Hard(_) => {}
            Target::Soft(_) => to.put_u8(Self::SOFT),
            Target::External(_) => to.put_u8(Self::EXTERNAL),
            Target::UserDefined { class, .. } => to.put_u8(*class),
        }
        if let Some(index) = self.creation_index {
            to.put_u64(index);
        }
        if self.utf8 {
            to.put_u8(1);
        }
        to.extend(len.to_le_bytes().iter().take(width));
        to.extend(self.name.as_bytes());
        match &self.target {
            Target::Hard(address) => Address::encode(Some(*address), to),
            Target::Soft(target) => put_counted(to, target.as_bytes()),
            Target::External(data) | Target::UserDefined { data, .. } => put_counted(to, data),
        }
    }
}

/// Names and paths are text; what is not, is no name that anybody could ask for.
fn text(bytes: &[u8], at: u64, what: &str) -> Result<String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Error::malformed(
            at,
            format!("{what} `{}` is not UTF-8", bytes.escape_ascii()),
        ));
    };
    Ok(text.to_owned())
}

fn put_counted(to: &mut Vec<u8>, data: &[u8]) {
    to.put_u16(short_length(data.len()));
    to.extend(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard() {
        check(
            Link::hard("dense", Address(0x320)),
            &[
                &[1, 0],                      // version, flags: length in one byte
                &[5],                         // length of the name
                b"dense",                     // name
                &[0x20, 3, 0, 0, 0, 0, 0, 0], // object header
            ],
        );
    }

    #[test]
    fn soft_with_creation_order_and_utf_8() {
        check(
            Link {
                name: "é".to_owned(),
                creation_index: Some(2),
                utf8: true,
                target: Target::Soft("/a".to_owned()),
            },
            &[
                &[1, 0b1_1100],            // version, flags
                &[1],                      // class: soft
                &[2, 0, 0, 0, 0, 0, 0, 0], // creation order
                &[1],                      // character set: UTF-8
                &[2, 0xc3, 0xa9],          // name
                &[2, 0, b'/', b'a'],       // target
            ],
        );
    }

    #[test]
    fn to_another_file_or_to_anything() {
        check(
            Link {
                name: "x".to_owned(),
                creation_index: None,
                utf8: false,
                target: Target::External(b"\0f\0/\0".to_vec()),
            },
            &[&[1, 8, 64, 1, b'x', 5, 0], b"\0f\0/\0"],
        );
        check(
            Link {
                name: "x".to_owned(),
                creation_index: None,
                utf8: false,
                target: Target::UserDefined {
                    class: 200,
                    data: vec![],
                },
            },
            &[&[1, 8, 200, 1, b'x', 0, 0]],
        );
    }

    #[test]
    fn a_long_name_has_a_longer_length() {
        let name = "n".repeat(300);
        check(
            Link::hard(&name, Address(1)),
            &[
                &[1, 1, 0x2c, 1], // version, flags: length in two bytes, length
                name.as_bytes(),
                &[1, 0, 0, 0, 0, 0, 0, 0],
            ],
        );
    }

    #[test]
    fn what_is_wrong() {
        fails(&[2], "link version 2, expected 1 (at byte 0x0)");
        fails(
            &[1, 0, 1, 0xff],
            "link name `\\xff` is not UTF-8 (at byte 0x3)",
        );
        fails(&[1, 0, 9, b'a'], "1 bytes left, expected 9 (at byte 0x3)");
    }

    #[track_caller]
    fn check(message: Link, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(Link::decode(Sizes::EIGHT, &mut from).unwrap(), message);
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = Link::decode(Sizes::EIGHT, &mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
