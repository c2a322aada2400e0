//! Bytes that several owners look at: a mapped file, or memory.

use std::fmt;
use std::fs;
use std::io::Read;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::io::mapping;

/// Read-only bytes with many owners: a part of a mapped file or of memory. Cloning copies nothing.
///
/// A mapped file stays readable after it has been replaced or deleted. It must not be shortened
/// or changed in place by others while it is mapped; this crate never does so.
///
/// ```
/// use hornfels::SharedBytes;
/// let bytes = SharedBytes::from(vec![1, 2, 3, 4]);
/// let part = bytes.slice(1..3).unwrap();
/// assert_eq!(part[..], [2, 3]);
/// assert!(bytes.slice(3..5).is_none());
/// ```
#[derive(Clone)]
pub struct SharedBytes {
    owner: Arc<dyn Owner>,
    range: Range<usize>,
}

/// Who keeps the bytes alive.
trait Owner: Send + Sync {
    fn bytes(&self) -> &[u8];
}

impl Owner for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

#[cfg(feature = "mmap")]
impl Owner for memmap2::Mmap {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// Numbers looked at as bytes.
struct Numbers<T>(Vec<T>);

impl<T: mapping::AsBytes> Owner for Numbers<T> {
    fn bytes(&self) -> &[u8] {
        mapping::bytes_of(&self.0)
    }
}

impl SharedBytes {
    /// Takes `bytes` over, without a copy.
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self::owned_by(bytes)
    }

    /// The bytes of `values` in this machine's byte order, without a copy.
    pub(crate) fn from_values<T: mapping::AsBytes>(values: Vec<T>) -> Self {
        Self::owned_by(Numbers(values))
    }

    fn owned_by(owner: impl Owner + 'static) -> Self {
        let range = 0..owner.bytes().len();
        SharedBytes {
            owner: Arc::new(owner),
            range,
        }
    }

    /// The part at `range` of these bytes, kept alive by the same owner; `None` if it is not
    /// inside them.
    pub fn slice(&self, range: Range<usize>) -> Option<SharedBytes> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        Some(SharedBytes {
            owner: Arc::clone(&self.owner),
            range: self.range.start.checked_add(range.start)?
                ..self.range.start.checked_add(range.end)?,
        })
    }

    /// The file at `path`, mapped if asked for and possible, else read.
    pub(crate) fn open(path: &Path, map: bool) -> Result<Self> {
        if map {
            Self::map(path)
        } else {
            Self::read(path)
        }
    }

    /// The file at `path`, mapped. What cannot be mapped (a pipe, an empty file) is read.
    pub(crate) fn map(path: &Path) -> Result<Self> {
        let (file, len) = open(path)?;
        #[cfg(feature = "mmap")]
        if len.is_some_and(|len| len > 0)
            && let Ok(map) = mapping::map_read(&file)
        {
            return Ok(Self::owned_by(map));
        }
        read(path, file, len)
    }

    /// The file at `path`, read into memory.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let (file, len) = open(path)?;
        read(path, file, len)
    }
}

/// The open file, and its length if it is a regular file.
fn open(path: &Path) -> Result<(fs::File, Option<u64>)> {
    let failed = |error| Error::io(format!("cannot open `{}`", path.display()), error);
    let file = fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("`{}` is a directory, expected a file", path.display()),
        ));
    }
    Ok((file, metadata.is_file().then_some(metadata.len())))
}

fn read(path: &Path, mut file: fs::File, len: Option<u64>) -> Result<SharedBytes> {
    let mut bytes = Vec::new();
    let failed = |error| Error::io(format!("cannot read `{}`", path.display()), error);
    let expected = usize::try_from(len.unwrap_or(0)).unwrap_or(usize::MAX);
    bytes
        .try_reserve_exact(expected)
        .map_err(|_| failed(std::io::ErrorKind::OutOfMemory.into()))?;
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(SharedBytes::from_vec(bytes))
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // The range was checked when it was made, and owners do not change.
        self.owner
            .bytes()
            .get(self.range.clone())
            .unwrap_or_default()
    }
}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        SharedBytes::from_vec(bytes)
    }
}

impl Default for SharedBytes {
    fn default() -> Self {
        SharedBytes::from_vec(Vec::new())
    }
}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedBytes({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_parts_keep_the_owner_alive() {
        let bytes = SharedBytes::from_vec((0..10).collect());
        let part = bytes.slice(2..8).unwrap().slice(1..3).unwrap();
        drop(bytes);
        assert_eq!(part[..], [3, 4]);
        assert!(part.slice(0..3).is_none());
        #[allow(clippy::reversed_empty_ranges)]
        let backwards = 2..1;
        assert!(part.slice(backwards).is_none());
        assert_eq!(part.slice(2..2).unwrap().len(), 0);
    }

    #[test]
    fn a_file_is_the_same_mapped_and_read_even_once_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for contents in [&b""[..], b"some bytes"] {
            fs::write(&path, contents).unwrap();
            let mapped = SharedBytes::open(&path, true).unwrap();
            let read = SharedBytes::open(&path, false).unwrap();
            // Elsewhere than on Unix a mapped file cannot be deleted.
            if cfg!(unix) {
                fs::remove_file(&path).unwrap();
            }
            assert_eq!(mapped[..], *contents);
            assert_eq!(read[..], *contents);
        }
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let directory = tempfile::tempdir().unwrap();
        let missing = SharedBytes::map(&directory.path().join("none")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        if cfg!(unix) {
            let error = SharedBytes::map(directory.path()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.message().ends_with("is a directory, expected a file"));
        }
    }
}
