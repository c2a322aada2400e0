//! A bundle that is read. See `spec/tensor_bundle.md`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use super::data::Data;
use super::entry::{BundleEntry, ByteOrder, Header};
use super::sstable::{Table, TableEntries, shown};
use super::{parts, slice_key, strings};
use crate::checksum::{Algorithm, mask};
use crate::codec::Cursor;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::{Files, SharedBytes};
use crate::limits::Limits;
use crate::tensor::{DType, Tensor};

/// A tensor bundle, open for reading: the index of all of it, the data files as they are asked for.
///
/// Tensors are views of the mapped data files, as far as they are stored as a whole and in this
/// crate's byte order.
///
/// ```
/// use hornfels::bundle::{BundleReader, BundleWriter};
/// use hornfels::Tensor;
/// # let folder = tempfile::tempdir().unwrap();
/// # let prefix = folder.path().join("variables");
///
/// let kernel = [1.0_f32, 2.0, 3.0];
/// let mut writer = BundleWriter::new();
/// writer.tensor("dense/kernel", Tensor::new(&kernel, [3])?)?;
/// writer.save(&prefix)?; // variables.index, variables.data-00000-of-00001
///
/// let reader = BundleReader::open(&prefix)?;
/// assert_eq!(reader.keys().collect::<Vec<_>>(), ["dense/kernel"]);
/// assert_eq!(reader.tensor("dense/kernel")?.view::<f32>()?[..], kernel);
/// # Ok::<(), hornfels::Error>(())
/// ```
pub struct BundleReader {
    table: Table,
    header: Header,
    data: Data,
    limits: Limits,
    len: u64,
}

/// The key of the entry that holds for the whole bundle.
const HEADER: &[u8] = b"";

impl BundleReader {
    /// Opens the bundle whose files begin with `prefix`: `variables/variables` of a SavedModel, for
    /// example. The index has to be there, and each data file once a tensor of it is asked for, so
    /// that what is in a bundle can be listed without its data.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] and [`ErrorKind::Io`] for the index; [`ErrorKind::Malformed`] if it
    /// contradicts itself; [`ErrorKind::Unsupported`] for bundles of later versions.
    pub fn open(prefix: impl AsRef<Path>) -> Result<BundleReader> {
        BundleReader::open_with(prefix, Limits::default(), true)
    }

    /// Opens a bundle within `limits`; `map` says whether to map its files into memory or to read
    /// them.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with(prefix: impl AsRef<Path>, limits: Limits, map: bool) -> Result<BundleReader> {
        BundleReader::open_in(&Files::directory("", map), prefix.as_ref(), limits)
    }

    /// Opens the bundle whose files have names that begin with `prefix`.
    pub(crate) fn open_in(files: &Files, prefix: &Path, limits: Limits) -> Result<BundleReader> {
        let path = super::index_path(prefix);
        let index = files.open(&path)?;
        let opened = BundleReader::parse(index, Data::files(files.clone(), prefix), limits);
        opened.within(|| path.display().to_string())
    }

    /// Opens a bundle whose index and data files are in memory. It may lack data files.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but nothing of the file system.
    pub fn from_bytes(
        index: impl Into<SharedBytes>,
        shards: Vec<SharedBytes>,
        limits: Limits,
    ) -> Result<BundleReader> {
        BundleReader::parse(index.into(), Data::memory(shards), limits)
    }

    /// Checks every entry once.
    fn parse(index: SharedBytes, data: Data, limits: Limits) -> Result<BundleReader> {
        let stored = u64::try_from(index.len()).unwrap_or(u64::MAX);
        let table = Table::from_bytes(index, limits)?;
        let header = table.get(HEADER).ok_or_else(|| {
            let message = "no entry with an empty key, which a tensor bundle begins with";
            Error::new(ErrorKind::Malformed, message)
        })?;
        let header = Header::decode(header, &limits).within(|| "header")?;
        let mut reader = BundleReader {
            table,
            header,
            data,
            limits,
            len: 0,
        };
        // Keys are stored as what differs, so that little can stand for much.
        let (mut len, mut of_keys) = (0_u64, 0_u64);
        let mut look = |key: &str| {
            len = len.saturating_add(1);
            let bytes = u64::try_from(key.len()).unwrap_or(u64::MAX);
            of_keys = of_keys.saturating_add(bytes);
            limits.allocation(of_keys, stored, "the keys")
        };
        let mut walk = Walk::new(&reader);
        while let Some(found) = walk.next() {
            let (key, _) = found?;
            look(&key)?;
        }
        reader.len = len;
        Ok(reader)
    }

    /// How many tensors there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many data files there are.
    pub fn shards(&self) -> u32 {
        self.header.shards
    }

    /// The byte order of the stored numbers. Tensors are little-endian whatever it is.
    pub fn byte_order(&self) -> ByteOrder {
        self.header.byte_order
    }

    /// The keys of all tensors, in the order of their bytes. The parts of a tensor that is stored in
    /// parts are not listed.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.entries().map(|(key, _)| key)
    }

    /// All tensors with what the index says of them, in the order of their keys.
    pub fn entries(&self) -> impl Iterator<Item = (String, BundleEntry)> {
        let mut walk = Walk::new(self);
        // Opening has looked at all of them.
        std::iter::from_fn(move || walk.next()?.ok())
    }

    /// Whether there is a tensor called `key`.
    pub fn contains(&self, key: &str) -> bool {
        key.as_bytes() != HEADER && self.table.get(key.as_bytes()).is_some()
    }

    /// What the index says of a tensor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none called `key`.
    pub fn entry(&self, key: &str) -> Result<BundleEntry> {
        self.entry_of(key.as_bytes())
    }

    /// The same for any key, those of parts too.
    pub(super) fn entry_of(&self, key: &[u8]) -> Result<BundleEntry> {
        let found = self.table.get(key).filter(|_| key != HEADER);
        let bytes = found.ok_or_else(|| {
            let message = format!("no tensor `{}`", shown(key));
            Error::new(ErrorKind::NotFound, message)
        })?;
        self.decode(key, bytes)
    }

    fn decode(&self, key: &[u8], bytes: &[u8]) -> Result<BundleEntry> {
        BundleEntry::decode(bytes, self.header.shards, &self.limits)
            .within(|| format!("entry `{}`", shown(key)))
    }

    /// The tensor called `key`: a view of the file if it is stored as a whole.
    ///
    /// Strings are copied, and their checksum is compared; for other tensors, see
    /// [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none, or no file with its data;
    /// [`ErrorKind::Unsupported`] for element types that only TensorFlow has, whose
    /// [`bytes`](Self::bytes) can be had; [`ErrorKind::Malformed`] if the data contradicts the index.
    pub fn tensor(&self, key: &str) -> Result<Tensor<'static>> {
        let entry = self.entry(key)?;
        let read = match entry.slices.is_empty() {
            true => self.whole(&entry),
            false => parts::assemble(self, key, &entry),
        };
        read.within(|| format!("tensor `{}`", shown(key.as_bytes())))
    }

    /// A tensor that is stored as a whole.
    pub(super) fn whole(&self, entry: &BundleEntry) -> Result<Tensor<'static>> {
        let Some(dtype) = entry.dtype() else {
            let message = format!("elements of type {:?}", entry.data_type);
            return Err(Error::new(ErrorKind::Unsupported, message)
                .with_hint("its bytes can be had as they are stored"));
        };
        let stored = self.stored(entry)?;
        if dtype == DType::String {
            return self.strings(entry, &stored);
        }
        let bytes = match self.header.byte_order {
            ByteOrder::Little => stored,
            ByteOrder::Big => reversed(&stored, dtype).into(),
        };
        Tensor::from_shared(dtype, &entry.shape, bytes)
    }

    fn strings(&self, entry: &BundleEntry, stored: &[u8]) -> Result<Tensor<'static>> {
        let mut from = Cursor::new(stored, entry.offset);
        let (count, order) = (entry.elements(), self.header.byte_order);
        let (values, checksum) = strings::decode(&mut from, count, order, &self.limits)?;
        compare(entry, checksum)?;
        Tensor::strings(values, &entry.shape)
    }

    /// The bytes of a tensor as they are stored, whatever the type of its elements.
    ///
    /// # Errors
    ///
    /// As [`tensor`](Self::tensor); [`ErrorKind::InvalidArgument`] for a tensor that is stored in
    /// parts.
    pub fn bytes(&self, key: &str) -> Result<SharedBytes> {
        let entry = self.entry(key)?;
        let stored = match entry.slices.is_empty() {
            true => self.stored(&entry),
            false => {
                let count = entry.slices.len();
                let message = format!("stored in {count} parts, which have no bytes in common");
                Err(Error::new(ErrorKind::InvalidArgument, message))
            }
        };
        stored.within(|| format!("tensor `{}`", shown(key.as_bytes())))
    }

    pub(super) fn stored(&self, entry: &BundleEntry) -> Result<SharedBytes> {
        let shards = self.header.shards;
        self.data
            .bytes(entry.shard, shards, entry.offset, entry.size)
    }

    /// The length of the data file that a tensor is in.
    pub(super) fn file_len(&self, entry: &BundleEntry) -> Result<u64> {
        self.data.file_len(entry.shard, self.header.shards)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Compares the checksum of a tensor, which takes a look at all of its bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if the bytes are not those that were written; as
    /// [`tensor`](Self::tensor).
    pub fn verify(&self, key: &str) -> Result<()> {
        let entry = self.entry(key)?;
        let verified = match entry.slices.is_empty() {
            true => self.verify_whole(&entry),
            false => (entry.slices.iter()).try_for_each(|slice| {
                let part = slice_key::encode(key.as_bytes(), slice);
                self.verify_whole(&self.entry_of(&part)?)
            }),
        };
        verified.within(|| format!("tensor `{}`", shown(key.as_bytes())))
    }

    fn verify_whole(&self, entry: &BundleEntry) -> Result<()> {
        let stored = self.stored(entry)?;
        match entry.dtype() {
            // Not the stored bytes are covered, but lengths of another form.
            Some(DType::String) => self.strings(entry, &stored).map(drop),
            _ => compare(entry, Algorithm::Crc32c.of(&stored)),
        }
    }
}

impl fmt::Debug for BundleReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleReader")
            .field("header", &self.header)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

fn compare(entry: &BundleEntry, checksum: u32) -> Result<()> {
    let (stored, computed) = (entry.checksum, mask(checksum));
    // A fuzzer cannot guess checksums.
    if stored == computed || cfg!(fuzzing) {
        return Ok(());
    }
    let message = format!("checksum {stored:#010x}, but that of the data is {computed:#010x}");
    Err(Error::malformed(entry.offset, message)
        .with_hint("the data file was damaged, or is not the one that the index was written for"))
}

/// The bytes of each number back to front.
fn reversed(bytes: &[u8], dtype: DType) -> Vec<u8> {
    // A complex number is two numbers, each turned around by itself.
    let numbers = match dtype {
        DType::Complex64 | DType::Complex128 => 2,
        _ => 1,
    };
    let size = dtype.size().and_then(|size| size.checked_div(numbers));
    let mut turned = bytes.to_vec();
    for number in turned.chunks_exact_mut(size.unwrap_or(1).max(1)) {
        number.reverse();
    }
    turned
}

/// Walks over the tensors: every entry but the header and those of parts.
struct Walk<'r> {
    reader: &'r BundleReader,
    entries: TableEntries<'r>,
    /// The tensor that the last part was of, and whether it is stored in parts. The parts of one
    /// follow each other.
    whole: Option<(Vec<u8>, bool)>,
}

impl<'r> Walk<'r> {
    fn new(reader: &'r BundleReader) -> Self {
        Walk {
            reader,
            entries: reader.table.entries(),
            whole: None,
        }
    }

    fn next(&mut self) -> Option<Result<(String, BundleEntry)>> {
        loop {
            let (key, bytes) = self.entries.next()?;
            if key == HEADER {
                continue;
            }
            let found = found(self.reader, &mut self.whole, key, bytes);
            match found {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(found) => return Some(found),
            }
        }
    }
}

fn found(
    reader: &BundleReader,
    whole: &mut Option<(Vec<u8>, bool)>,
    key: &[u8],
    bytes: &[u8],
) -> ControlFlow<Result<(String, BundleEntry)>> {
    let entry = match reader.decode(key, bytes) {
        Ok(entry) => entry,
        Err(error) => return ControlFlow::Break(Err(error)),
    };
    if let Some((name, _)) = slice_key::decode(key) {
        let known = whole.take().filter(|(known, _)| *known == name);
        let (name, in_parts) = known.unwrap_or_else(|| {
            let entry = reader.entry_of(&name);
            (name, entry.is_ok_and(|entry| !entry.slices.is_empty()))
        });
        *whole = Some((name, in_parts));
        if in_parts {
            return ControlFlow::Continue(());
        }
    }
    let key = str::from_utf8(key).map(str::to_owned).map_err(|_| {
        let message = format!("key `{}`, which is not UTF-8", key.escape_ascii());
        Error::new(ErrorKind::Unsupported, message)
    });
    ControlFlow::Break(key.map(|key| (key, entry)))
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
mod tests;
