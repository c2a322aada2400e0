//! How a tree becomes a file.

use std::io::Write;
use std::path::Path;

use super::Tree;
use super::emit;
use crate::error::Result;
use crate::io::{CommitOptions, FilePlan};

/// How a [`Tree`] is laid out in a file, and how the file is written.
///
/// ```
/// use hornfels::hdf5::{Layout, WriteOptions};
/// let options = WriteOptions { layout: Layout::Compact, ..WriteOptions::default() };
/// assert_eq!(options.alignment, 64);
/// ```
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// Which of HDF5's structures are used.
    pub layout: Layout,
    /// The elements of each dataset begin at a multiple of this many bytes, 64 by default, so
    /// that a mapped file can be used in place.
    pub alignment: u64,
    /// How [`Tree::save`] writes the file.
    pub commit: CommitOptions,
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions {
            layout: Layout::default(),
            alignment: 64,
            commit: CommitOptions::default(),
        }
    }
}

/// Which of HDF5's structures a file is made of. See `spec/hdf5.md#what-is-written`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Those of every Keras version: superblock 0 and symbol tables. Every reader knows them,
    /// and groups of many thousand links are searched, not scanned.
    #[default]
    Classic,
    /// Those of HDF5 1.8: superblock 2, link messages, checksums of everything but the elements.
    /// A third of the size where tensors are small.
    Compact,
}

impl<'a> Tree<'a> {
    /// The file as bytes.
    ///
    /// # Errors
    /// `InvalidArgument` if an attribute is larger than HDF5 can store (65,528 bytes with its
    /// name, type and shape; 65,535 in the compact layout), or if the alignment is zero.
    pub fn to_vec(self, options: &WriteOptions) -> Result<Vec<u8>> {
        Ok(self.plan(options)?.into_vec())
    }

    /// Writes the file to `out`, front to back.
    ///
    /// # Errors
    /// As [`Tree::to_vec`]; also `Io` if `out` fails.
    pub fn write_to(self, out: &mut dyn Write, options: &WriteOptions) -> Result<()> {
        self.plan(options)?.write_to(out)?;
        Ok(())
    }

    /// Writes the file at `path`; a failure leaves what was there as it was.
    ///
    /// # Errors
    /// As [`Tree::to_vec`]; also `Io` if the file cannot be written, `AlreadyExists` if it is
    /// there and may not be replaced.
    pub fn save(self, path: impl AsRef<Path>, options: &WriteOptions) -> Result<()> {
        self.plan(options)?.commit(path.as_ref(), &options.commit)?;
        Ok(())
    }

    /// The file, laid out but not written.
    pub(crate) fn plan(self, options: &WriteOptions) -> Result<FilePlan<'a>> {
        emit::plan(self, options)
    }
}
