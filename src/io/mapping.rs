//! All `unsafe` of the crate: mapping files, viewing numbers as bytes and bytes as numbers, and
//! the one system call that has no safe wrapper.
#![allow(unsafe_code)]

use std::mem::{align_of, size_of};

/// Element types whose values may be looked at as bytes.
///
/// # Safety
///
/// Every byte of a value is initialized (no padding), and the type holds no reference and no
/// interior mutability.
pub unsafe trait AsBytes: Copy + Send + Sync + 'static {}

/// Element types that every pattern of bytes is a value of.
///
/// # Safety
///
/// Every pattern of `size_of::<Self>()` bytes is a valid value.
pub unsafe trait FromBytes: AsBytes {}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        // SAFETY: a primitive number has no padding and no reference.
        unsafe impl AsBytes for $number {}
        // SAFETY: every bit pattern of a primitive number is a value.
        unsafe impl FromBytes for $number {}
    )*};
}

numbers!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

// SAFETY: one initialized byte, 0 or 1. Not `FromBytes`: 2 is no `bool`.
unsafe impl AsBytes for bool {}

/// Declares a transparent wrapper of a primitive number; what makes it viewable is written here,
/// next to the representation that it relies on.
macro_rules! bits {
    ($(#[$doc:meta])* pub struct $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        #[repr(transparent)]
        pub struct $name(
            /// The bits as stored.
            pub $inner,
        );

        // SAFETY: `repr(transparent)` over a primitive number, which is `AsBytes`.
        #[allow(unsafe_code)]
        unsafe impl $crate::io::mapping::AsBytes for $name {}
        // SAFETY: `repr(transparent)` over a primitive number, which is `FromBytes`.
        #[allow(unsafe_code)]
        unsafe impl $crate::io::mapping::FromBytes for $name {}
    };
}

/// Declares a pair of equal parts, one after the other.
macro_rules! pair {
    ($(#[$doc:meta])* pub struct $name:ident { $first_doc:literal $first:ident, $second_doc:literal $second:ident }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[repr(C)]
        pub struct $name<T> {
            #[doc = $first_doc]
            pub $first: T,
            #[doc = $second_doc]
            pub $second: T,
        }

        // SAFETY: `repr(C)` of two parts of one type has no padding between or behind them.
        #[allow(unsafe_code)]
        unsafe impl<T: $crate::io::mapping::AsBytes> $crate::io::mapping::AsBytes for $name<T> {}
        // SAFETY: both parts take every bit pattern.
        #[allow(unsafe_code)]
        unsafe impl<T: $crate::io::mapping::FromBytes> $crate::io::mapping::FromBytes for $name<T> {}
    };
}

pub(crate) use {bits, pair};

/// The bytes of `values`, in this machine's byte order.
pub(crate) fn bytes_of<T: AsBytes>(values: &[T]) -> &[u8] {
    // SAFETY: `AsBytes` promises that every byte is initialized; the length is that of the slice,
    // whose lifetime the result keeps; `u8` needs no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// `bytes` as values in this machine's byte order, if they are aligned and whole.
pub(crate) fn values_of<T: FromBytes>(bytes: &[u8]) -> Option<&[T]> {
    let size = size_of::<T>();
    let aligned = bytes.as_ptr().align_offset(align_of::<T>()) == 0;
    if size == 0 || !aligned || !bytes.len().is_multiple_of(size) {
        return None;
    }
    // SAFETY: aligned and whole, as just checked; `FromBytes` promises that any bytes are values;
    // the lifetime is that of `bytes`.
    Some(unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size) })
}

#[cfg(feature = "mmap")]
mod map {
    use std::fs::File;
    use std::io;

    use memmap2::{Mmap, MmapMut};

    /// Maps all of `file` for reading.
    ///
    /// The bytes are those of the file as long as no process shortens or changes it in place.
    /// Nothing inside the process can rule that out; who cannot rule it out from outside reads
    /// the file instead (`LoadOptions::map`). Our own saves never write in place.
    pub(crate) fn map_read(file: &File) -> io::Result<Mmap> {
        // SAFETY: the contract above, passed on to the caller of the public functions.
        unsafe { Mmap::map(file) }
    }

    /// Maps all of `file`, a temporary of ours that has its final length and its blocks.
    ///
    /// No other process knows the file's name, and the blocks are there, so that storing into a
    /// page cannot fail for want of space.
    pub(crate) fn map_write(file: &File) -> io::Result<MmapMut> {
        // SAFETY: the file is ours alone and keeps its length while it is mapped.
        let map = unsafe { MmapMut::map_mut(file) }?;
        // Large pages halve the time; where there are none, small ones do.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(map)
    }
}

#[cfg(feature = "mmap")]
pub(crate) use map::{map_read, map_write};

/// Without the feature nothing is mapped; callers have another way.
#[cfg(not(feature = "mmap"))]
pub(crate) fn map_write(_: &std::fs::File) -> std::io::Result<Vec<u8>> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Starts writing `len` bytes at `offset` of `file` back to the disk, without waiting.
///
/// A hint: where it is not possible nothing happens, and the later flush does all the work.
#[cfg(target_os = "linux")]
pub(crate) fn start_write_back(file: &std::fs::File, offset: u64, len: u64) {
    use std::os::fd::AsRawFd;
    let (Ok(offset), Ok(len)) = (i64::try_from(offset), i64::try_from(len)) else {
        return;
    };
    // SAFETY: a system call on an open descriptor; it reads and writes no memory of ours.
    unsafe {
        libc::sync_file_range(file.as_raw_fd(), offset, len, libc::SYNC_FILE_RANGE_WRITE);
    }
}

/// See the Linux version; other systems have no such call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn start_write_back(_: &std::fs::File, _: u64, _: u64) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bytes_and_bytes_are_numbers() {
        let values = [1.0f32, -0.0, f32::NAN];
        let bytes = bytes_of(&values);
        assert_eq!(bytes.len(), 12);
        assert_eq!(bytes[..4], 1.0f32.to_ne_bytes());
        let back: &[f32] = values_of(bytes).unwrap();
        assert_eq!(back[0], 1.0);
        assert!(back[2].is_nan());
    }

    #[test]
    fn only_aligned_and_whole_bytes_are_numbers() {
        let values = [0u64; 2];
        let bytes = bytes_of(&values);
        assert!(values_of::<u64>(&bytes[..9]).is_none());
        assert!(values_of::<u64>(&bytes[1..9]).is_none());
        assert_eq!(values_of::<u64>(&bytes[..8]), Some(&[0u64][..]));
        assert_eq!(values_of::<u8>(&bytes[3..5]), Some(&[0u8, 0][..]));
    }
}
