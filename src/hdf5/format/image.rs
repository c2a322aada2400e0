//! The file as addresses see it.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt;

use crate::codec::Cursor;
use crate::error::{Error, Result};
use crate::hdf5::format::{Address, file_length};

/// The bytes of a file from its base address on: the one place where an address becomes bytes.
#[derive(Clone, Copy)]
pub(crate) struct Image<'a> {
    bytes: &'a [u8],
    base: u64,
}

impl fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} bytes from {:#x})", self.len(), self.base)
    }
}

impl<'a> Image<'a> {
    /// The bytes from `base` on, which is counted from the start of the file.
    pub(crate) fn new(bytes: &'a [u8], base: u64) -> Self {
        Image { bytes, base }
    }

    /// The number of bytes that addresses can reach.
    pub(crate) fn len(self) -> u64 {
        file_length(self.bytes.len())
    }

    /// Where in the file `address` is; errors report it.
    pub(crate) fn offset(self, address: Address) -> u64 {
        self.base.saturating_add(address.0)
    }

    /// A cursor from `address` to the end of the file; `what` is expected there.
    pub(crate) fn cursor(self, address: Address, what: &str) -> Result<Cursor<'a>> {
        usize::try_from(address.0)
            .ok()
            .and_then(|start| self.bytes.get(start..))
            .filter(|rest| !rest.is_empty())
            .map(|rest| Cursor::new(rest, self.offset(address)))
            .ok_or_else(|| {
                let end = self.len();
                Error::malformed(
                    self.offset(address),
                    format!("{what} at address {address}, expected one below {end:#x}"),
                )
            })
    }

    /// A cursor over `length` bytes from `address` on, which hold `what`.
    pub(crate) fn part(self, address: Address, length: u64, what: &str) -> Result<Cursor<'a>> {
        self.cursor(address, what)?.sub(length)
    }
}
