//! An open file, and what all handles into it share.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::dataset::Dataset;
use super::foreign;
use super::group::Group;
use super::links::Storage;
use super::object::{Handle, Object, required};
use crate::codec::Cursor;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::fractal_heap::FractalHeap;
use crate::hdf5::format::image::Image;
use crate::hdf5::format::message::shared_table::SharedTable;
use crate::hdf5::format::object_header::MessageType;
use crate::hdf5::format::superblock::{SIGNATURE, Superblock};
use crate::hdf5::format::{Address, Sizes, file_length};
use crate::io::SharedBytes;
use crate::limits::Limits;

/// An HDF5 file, open for reading.
///
/// A handle: cloning it is cheap, and so are the [`Group`]s and [`Dataset`]s it leads to, which keep
/// the file open.
///
/// ```no_run
/// # fn main() -> hornfels::Result<()> {
/// let file = hornfels::hdf5::File::open("model.h5")?;
/// for link in file.root().links()? {
///     println!("{}", link.name);
/// }
/// let kernel: Vec<f32> = file.dataset("model_weights/dense/dense/kernel:0")?.read()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct File {
    shared: Arc<Shared>,
    /// How the root group stores its links.
    root: Storage,
}

/// What all handles into a file share.
pub(super) struct Shared {
    /// The whole file.
    bytes: SharedBytes,
    superblock: Superblock,
    /// The root group's object header.
    root: Address,
    limits: Limits,
    /// What is costly to find again, by where it is.
    pub(super) caches: Caches,
}

/// What is costly to find again, by where in the file it is.
#[derive(Default)]
pub(super) struct Caches {
    /// The links of new-style groups, in the order of their names.
    pub(super) links: Cache<super::links::CompactLinks>,
    /// Collections of the global heap.
    pub(super) heaps: Cache<super::heap::Collection>,
    /// Fractal heaps.
    pub(super) fractal_heaps: Cache<FractalHeap>,
    /// Tables of shared messages: at most one.
    pub(super) shared_tables: Cache<SharedTable>,
}

/// Values by address, each made once.
pub(super) struct Cache<T>(Mutex<HashMap<Address, Arc<T>>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Cache(Mutex::default())
    }
}

impl<T> Cache<T> {
    /// The value at `address`, which is made if it is not there yet.
    pub(super) fn get(&self, address: Address, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        // A value is complete before it is inserted, so a poisoned cache is as good as any.
        if let Some(found) = self.lock().get(&address) {
            return Ok(Arc::clone(found));
        }
        let made = Arc::new(make()?);
        self.lock().insert(address, Arc::clone(&made));
        Ok(made)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Address, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File {
    /// Opens the file at `path` with the default [`Limits`], mapped into memory where possible.
    ///
    /// A map shows what others do to the file: while it is in use, no other program may shorten or
    /// overwrite it in place. (Replacing it by renaming another over it is fine.) Where that cannot
    /// be promised, read it with [`open_with`](Self::open_with) instead.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, is not HDF5, or is truncated.
    pub fn open(path: impl AsRef<Path>) -> Result<File> {
        File::open_with(path, Limits::default(), true)
    }

    /// Opens the file at `path` within `limits`; `map` says whether to map it into memory or to read
    /// it.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, is not HDF5, or is truncated.
    pub fn open_with(path: impl AsRef<Path>, limits: Limits, map: bool) -> Result<File> {
        let path = path.as_ref();
        let bytes = SharedBytes::open(path, map)?;
        File::from_bytes(bytes, limits).within(|| path.display().to_string())
    }

    /// Opens a file whose bytes are in memory.
    ///
    /// # Errors
    ///
    /// If the bytes are not HDF5, or end too early.
    pub fn from_bytes(bytes: impl Into<SharedBytes>, limits: Limits) -> Result<File> {
        let bytes = bytes.into();
        let start = find_superblock(&bytes).ok_or_else(|| not_hdf5(&bytes))?;
        let mut from = Cursor::new(&bytes, 0);
        from.bytes_u64(start)?;
        let mut superblock = Superblock::decode(&mut from).within(|| "superblock")?;
        adjust_base(&mut superblock, start);
        let found = file_length(bytes.len());
        let expected = superblock.end_of_file;
        if found < expected {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("truncated: {found} bytes, expected {expected}"),
            )
            .with_hint("copy or download the file again"));
        }
        let root = superblock
            .root()
            .ok_or_else(|| Error::malformed(start, "undefined address of the root group"))
            .within(|| "superblock")?;
        let shared = Shared {
            bytes,
            superblock,
            root,
            limits,
            caches: Caches::default(),
        };
        let mut file = File {
            shared: Arc::new(shared),
            root: Storage::Compact,
        };
        file.root = Group::open(Handle::root(&file))?.storage();
        Ok(file)
    }

    /// The group that everything is in.
    pub fn root(&self) -> Group {
        Group::new(Handle::root(self), self.root)
    }

    /// The object at `path`, as `model_weights/dense`; a leading slash changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Group::get`].
    pub fn get(&self, path: &str) -> Result<Object> {
        self.root().get(path)
    }

    /// The group at `path`.
    ///
    /// # Errors
    ///
    /// As [`Group::group`].
    pub fn group(&self, path: &str) -> Result<Group> {
        self.root().group(path)
    }

    /// The dataset at `path`.
    ///
    /// # Errors
    ///
    /// As [`Group::dataset`].
    pub fn dataset(&self, path: &str) -> Result<Dataset> {
        self.root().dataset(path)
    }

    /// 0 for files in the form Keras writes; up to 3.
    pub fn superblock_version(&self) -> u8 {
        self.shared.superblock.version()
    }

    /// How many bytes the file declares to have, user block included.
    pub fn len(&self) -> u64 {
        self.shared.superblock.end_of_file
    }

    /// Never: there is always a root group.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// What reading this file may cost.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The bytes that addresses reach.
    pub(super) fn image(&self) -> Image<'_> {
        let Superblock {
            base, end_of_file, ..
        } = self.shared.superblock;
        // Both were compared with the length when the file was opened.
        let start = usize::try_from(base).unwrap_or(usize::MAX);
        let end = usize::try_from(end_of_file).unwrap_or(usize::MAX);
        let bytes = self.shared.bytes.get(start..end).unwrap_or_default();
        Image::new(bytes, base)
    }

    /// The raw data at `address`, without a copy.
    pub(super) fn shared_bytes(&self, address: Address, length: u64) -> Result<SharedBytes> {
        let image = self.image();
        image.part(address, length, "raw data")?;
        self.bytes_at(image.offset(address), length)
    }

    /// The bytes from `offset` of the file on, without a copy.
    pub(super) fn bytes_at(&self, offset: u64, length: u64) -> Result<SharedBytes> {
        let start = usize::try_from(offset).ok();
        let end = usize::try_from(offset.saturating_add(length)).ok();
        let part = start
            .zip(end)
            .and_then(|(start, end)| self.shared.bytes.slice(start..end));
        part.ok_or_else(|| {
            Error::malformed(offset, format!("{length} bytes here reach beyond the file"))
        })
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.shared.superblock.sizes
    }

    pub(super) fn caches(&self) -> &Caches {
        &self.shared.caches
    }

    /// The fractal heap at `address`.
    pub(super) fn fractal_heap(&self, address: Address) -> Result<Arc<FractalHeap>> {
        self.caches().fractal_heaps.get(address, || {
            FractalHeap::decode(self.sizes(), self.image(), address)
        })
    }

    /// The table of messages that objects share.
    pub(super) fn shared_table(&self) -> Result<Arc<SharedTable>> {
        let Some(address) = self.shared.superblock.extension() else {
            return Err(Error::new(
                ErrorKind::Malformed,
                "shared message in a file without a superblock extension",
            ));
        };
        let decode = || {
            let extension = Handle {
                file: self.clone(),
                address,
                path: Arc::from(""),
            };
            let header = extension.header()?;
            let message = required(&header, MessageType::SHARED_MESSAGES)?;
            SharedTable::decode(self.sizes(), self.image(), &mut message.cursor())
        };
        let table = self.caches().shared_tables.get(address, decode);
        table.within(|| "superblock extension")
    }

    pub(super) fn root_address(&self) -> Address {
        self.shared.root
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("superblock_version", &self.superblock_version())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// Whether `bytes` hold a superblock somewhere it may be.
pub(crate) fn is_hdf5(bytes: &[u8]) -> bool {
    find_superblock(bytes).is_some()
}

/// The superblock is at 0, or after a user block of 512, 1024, 2048, … bytes.
fn find_superblock(bytes: &[u8]) -> Option<u64> {
    let mut start = 0_usize;
    loop {
        let rest = bytes.get(start..)?;
        if rest.starts_with(&SIGNATURE) {
            return u64::try_from(start).ok();
        }
        start = start.checked_mul(2)?.max(512);
    }
}

/// Where a user block was put in front of a file later, base and end do not know it
/// (`spec/hdf5.md#superblock`).
fn adjust_base(superblock: &mut Superblock, start: u64) {
    let stored = superblock.base;
    if stored != start {
        let end = superblock.end_of_file;
        superblock.end_of_file = end.saturating_sub(stored).saturating_add(start);
        superblock.base = start;
    }
}

fn not_hdf5(bytes: &[u8]) -> Error {
    let message = match foreign::describe(bytes) {
        Some(what) => format!("not an HDF5 file: it is {what}"),
        None => {
            let start = bytes.get(..bytes.len().min(8)).unwrap_or_default();
            format!(
                "not an HDF5 file: it begins with `{}`",
                start.escape_ascii()
            )
        }
    };
    let error = Error::malformed(0, message);
    match foreign::hint(bytes) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
