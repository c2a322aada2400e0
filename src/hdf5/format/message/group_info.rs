//! Group info message: hints for whoever adds links. See `spec/hdf5.md#group-info`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use crate::codec::{Cursor, Put};
use crate::error::{Error, Result};

/// Hints for whoever adds links to a new-style group.
///
/// Without this message the C library can read the group but not add to it:
/// `spec/hdf5.md#group-info`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GroupInfo {
    /// From how many links on they move to a heap, and below how many they move back.
    pub phase_change: Option<(u16, u16)>,
    /// How many links, with names of what length, are expected.
    pub estimate: Option<(u16, u16)>,
}

impl GroupInfo {
    const VERSION: u8 = 0;
    const HAS_PHASE_CHANGE: u8 = 0b01;
    const HAS_ESTIMATE: u8 = 0b10;

    pub(crate) fn decode(from: &mut Cursor<'_>) -> Result<Self> {
        let at = from.offset();
        let version = from.u8()?;
        if version != Self::VERSION {
            return Err(Error::malformed(
                at,
                format!("group info version {version}, expected 0"),
            ));
        }
        let flags = from.u8()?;
        let mut pair = |flag| match flags & flag {
            0 => Ok::<_, Error>(None),
            _ => Ok(Some((from.u16()?, from.u16()?))),
        };
        Ok(GroupInfo {
            phase_change: pair(Self::HAS_PHASE_CHANGE)?,
            estimate: pair(Self::HAS_ESTIMATE)?,
        })
    }

    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        let mut flags = 0;
        if self.phase_change.is_some() {
            flags |= Self::HAS_PHASE_CHANGE;
        }
        if self.estimate.is_some() {
            flags |= Self::HAS_ESTIMATE;
        }
        to.put_u8(Self::VERSION);
        to.put_u8(flags);
        for (first, second) in [self.phase_change, self.estimate].into_iter().flatten() {
            to.put_u16(first);
            to.put_u16(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_special() {
        check(GroupInfo::default(), &[&[0, 0]]);
        fails(&[1, 0], "group info version 1, expected 0 (at byte 0x0)");
    }

    #[test]
    fn both_hints() {
        check(
            GroupInfo {
                phase_change: Some((8, 6)),
                estimate: Some((4, 300)),
            },
            &[
                &[0, 0b11],       // version, flags
                &[8, 0, 6, 0],    // to a heap from 8 on, back below 6
                &[4, 0, 0x2c, 1], // 4 links with names of 300 bytes
            ],
        );
    }

    #[track_caller]
    fn check(message: GroupInfo, parts: &[&[u8]]) {
        let bytes = parts.concat();
        let mut encoded = Vec::new();
        message.encode(&mut encoded);
        assert_eq!(encoded, bytes);
        let mut from = Cursor::new(&bytes, 0);
        assert_eq!(GroupInfo::decode(&mut from).unwrap(), message);
        assert_eq!(from.remaining(), 0);
    }

    #[track_caller]
    fn fails(bytes: &[u8], message: &str) {
        let error = GroupInfo::decode(&mut Cursor::new(bytes, 0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
