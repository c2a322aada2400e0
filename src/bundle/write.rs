//! A bundle in the making. See `spec/tensor_bundle.md`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::dtype::element_size;
use super::entry::{BundleEntry, ByteOrder, Header, elements};
use super::sstable::{TableBuilder, shown};
use super::strings::{self, Encoded};
use super::{index_path, shard_path};
use crate::checksum::{Algorithm, fingerprint64, mask};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::{
    CommitOptions, DigestId, Digests, FileGroup, FilePlan, NamedPlan, NewDirectory, SharedBytes,
};
use crate::proto::tensorflow::DataType;
use crate::tensor::{Shape, Tensor};

/// How a bundle is written.
#[derive(Clone, Debug)]
pub struct BundleOptions {
    /// How many data files there are; 1 by default. Each tensor is in one of them as a whole, so that
    /// there are not more than tensors. Several are written at a time.
    pub shards: NonZeroU32,
    /// How files are written.
    pub commit: CommitOptions,
}

impl Default for BundleOptions {
    fn default() -> Self {
        BundleOptions {
            shards: NonZeroU32::MIN,
            commit: CommitOptions::default(),
        }
    }
}

/// A bundle as bytes in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleBytes {
    /// The index, `.index`.
    pub index: Vec<u8>,
    /// The data files, `.data-00000-of-00001` and so on.
    pub shards: Vec<Vec<u8>>,
}

/// Writes a bundle: tensors go in in the order of their data, the index sorts them by key.
///
/// Tensors are borrowed until they are written, except for strings.
///
/// ```
/// use hornfels::bundle::{BundleOptions, BundleWriter};
/// use hornfels::{DType, Tensor};
/// # let folder = tempfile::tempdir().unwrap();
///
/// let (kernel, bias) = ([1.0_f32; 6], [0.5_f32; 3]);
/// let mut writer = BundleWriter::new();
/// writer.tensor("dense/kernel", Tensor::new(&kernel, [2, 3])?)?;
/// writer.tensor("dense/bias", Tensor::new(&bias, [3])?)?;
/// writer.save_with(folder.path().join("variables"), &BundleOptions::default())?;
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct BundleWriter<'a> {
    items: Vec<Item<'a>>,
    /// Where each key's tensor is among the items.
    by_key: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Item<'a> {
    data_type: DataType,
    shape: Vec<u64>,
    payload: Payload<'a>,
}

#[derive(Debug)]
enum Payload<'a> {
    Borrowed(&'a [u8]),
    Shared(SharedBytes),
    Strings(Encoded),
}

/// The data files, planned.
struct Planned<'a> {
    files: Vec<FilePlan<'a>>,
    /// For each item where it is, without its checksum as long as that is not known.
    entries: Vec<(BundleEntry, Option<DigestId>)>,
}

impl<'a> BundleWriter<'a> {
    /// A bundle without tensors.
    pub fn new() -> Self {
        BundleWriter::default()
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds a tensor behind all others. What it borrows is copied when the bundle is written; strings
    /// are encoded now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if there is a tensor called `key`, or `key` is empty.
    pub fn tensor(&mut self, key: impl Into<String>, tensor: Tensor<'a>) -> Result<()> {
        let payload = match tensor.string_values() {
            Some(values) => Payload::Strings(strings::encode(values)),
            None => match (tensor.borrowed_bytes(), tensor.shared_bytes()) {
                (Some(bytes), _) => Payload::Borrowed(bytes),
                (None, Some(bytes)) => Payload::Shared(bytes.clone()),
                (None, None) => Payload::Borrowed(&[]),
            },
        };
        let item = Item {
            data_type: tensor.dtype().into(),
            shape: tensor.shape().to_vec(),
            payload,
        };
        self.add(key.into(), item)
    }

    /// Adds a tensor whose elements are of any type with a fixed size, those that only TensorFlow has
    /// too: `bytes` are stored as they are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if `bytes` are not as many as `data_type` and `shape` take, or
    /// as [`tensor`](Self::tensor).
    pub fn raw(
        &mut self,
        key: impl Into<String>,
        data_type: DataType,
        shape: impl AsRef<[u64]>,
        bytes: &'a [u8],
    ) -> Result<()> {
        let shape = shape.as_ref().to_vec();
        let size = element_size(data_type).ok_or_else(|| {
            let message = format!("elements of {data_type:?} have no fixed size that is known");
            Error::new(ErrorKind::InvalidArgument, message)
        })?;
        let count = elements(&shape).and_then(|count| usize::try_from(count).ok());
        if count.and_then(|count| count.checked_mul(size)) != Some(bytes.len()) {
            let (found, shape) = (bytes.len(), Shape::known(&shape));
            let message = format!("{found} bytes for {data_type:?} of shape {shape}");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let item = Item {
            data_type,
            shape,
            payload: Payload::Borrowed(bytes),
        };
        self.add(key.into(), item)
    }

    fn add(&mut self, key: String, item: Item<'a>) -> Result<()> {
        if key.is_empty() {
            let message = "an empty key, which is the header's";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if self.by_key.contains_key(&key) {
            let message = format!("a second tensor `{}`", shown(key.as_bytes()));
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        self.by_key.insert(key, self.items.len());
        self.items.push(item);
        Ok(())
    }

    /// Writes the bundle as the files that begin with `prefix`, with one data file.
    ///
    /// # Errors
    ///
    /// As [`save_with`](Self::save_with).
    pub fn save(self, prefix: impl AsRef<Path>) -> Result<()> {
        self.save_with(prefix, &BundleOptions::default())
    }

    /// Writes the bundle as the files that begin with `prefix`.
    ///
    /// All files are complete before the first of them takes its place, the index last. An index that
    /// is there is replaced; data files of a bundle with another number of them are left.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no directory to write into,
    /// [`ErrorKind::AlreadyExists`] if a file is there that may not be replaced, [`ErrorKind::Io`].
    pub fn save_with(self, prefix: impl AsRef<Path>, options: &BundleOptions) -> Result<()> {
        let prefix = prefix.as_ref();
        let shards = self.shards(options.shards);
        let mut paths: Vec<PathBuf> = (0..shards)
            .map(|it| shard_path(prefix, it, shards))
            .collect();
        paths.push(index_path(prefix));
        let mut group = FileGroup::new(&paths, &options.commit)?;
        self.write(prefix, shards, &mut |plans| group.write(plans))?;
        group.publish()
    }

    /// Writes the bundle as the files of `directory` that begin with `prefix`; gives the hash of the
    /// index, which is the checkpoint's in the fingerprint of a SavedModel.
    ///
    /// The directory counts as a whole, so that the files are written where they are to be.
    pub(crate) fn save_in(
        self,
        directory: &NewDirectory<'_>,
        prefix: impl AsRef<Path>,
        shards: NonZeroU32,
    ) -> Result<u64> {
        let shards = self.shards(shards);
        self.write(prefix.as_ref(), shards, &mut |plans| {
            directory.write_all(plans)
        })
    }

    /// The bundle in memory, with as many data files as `shards` says or there are tensors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for sizes beyond what an entry can hold.
    pub fn to_bytes(self, shards: NonZeroU32) -> Result<BundleBytes> {
        let shards = self.shards(shards);
        let mut files = Vec::new();
        self.write(Path::new(""), shards, &mut |plans| {
            let written = plans.into_iter().map(|(_, plan)| {
                let mut bytes = Vec::new();
                let digests = plan.write_to(&mut bytes)?;
                files.push(bytes);
                Ok(digests)
            });
            written.collect()
        })?;
        Ok(BundleBytes {
            index: files.pop().unwrap_or_default(),
            shards: files,
        })
    }

    /// How many data files there are going to be: one at least, and not more than tensors.
    fn shards(&self, asked: NonZeroU32) -> u32 {
        let items = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        asked.get().min(items.max(1))
    }

    /// Gives the plans of the data files to `write`, and then, from their digests, that of the index,
    /// whose hash it returns.
    fn write(
        self,
        prefix: &Path,
        shards: u32,
        write: &mut dyn FnMut(Vec<NamedPlan<'_>>) -> Result<Vec<Digests>>,
    ) -> Result<u64> {
        let BundleWriter { items, by_key } = self;
        let Planned { files, entries } = plan(items, shards);
        let names = (0..shards).map(|shard| shard_path(prefix, shard, shards));
        let digests = write(names.zip(files).collect())?;
        let index = index(&by_key, entries, shards, &digests)?;
        let hash = fingerprint64(&index);
        let mut plan = FilePlan::new();
        plan.inline(index);
        write(vec![(index_path(prefix), plan)])?;
        Ok(hash)
    }
}

/// The index, once the data is written and its checksums are known.
fn index(
    by_key: &BTreeMap<String, usize>,
    mut entries: Vec<(BundleEntry, Option<DigestId>)>,
    shards: u32,
    digests: &[Digests],
) -> Result<Vec<u8>> {
    let header = Header {
        shards,
        byte_order: ByteOrder::Little,
    };
    let mut table = TableBuilder::new();
    table.add(b"", &header.encode()?)?;
    for (key, number) in by_key {
        let Some((entry, digest)) = entries.get_mut(*number) else {
            continue;
        };
        let digests = usize::try_from(entry.shard)
            .ok()
            .and_then(|it| digests.get(it));
        if let (Some(digest), Some(digests)) = (digest, digests) {
            entry.checksum = mask(digests.get(*digest));
        }
        let place = || format!("tensor `{}`", shown(key.as_bytes()));
        table.add(key.as_bytes(), &entry.encode().within(place)?)?;
    }
    Ok(table.finish())
}

/// Lays out the data files: in each, its tensors back to back, in the order they came in.
fn plan(items: Vec<Item<'_>>, shards: u32) -> Planned<'_> {
    let shard_of = balanced(items.iter().map(|item| item.payload.len()), shards);
    let mut files: Vec<FilePlan<'_>> = (0..shards).map(|_| FilePlan::new()).collect();
    let mut entries = Vec::with_capacity(items.len());
    for (item, shard) in items.into_iter().zip(shard_of) {
        let mut entry = BundleEntry {
            data_type: item.data_type,
            shape: item.shape,
            shard,
            offset: 0,
            size: item.payload.len(),
            checksum: 0,
            slices: Vec::new(),
        };
        let mut digest = None;
        if let Some(file) = usize::try_from(shard).ok().and_then(|it| files.get_mut(it)) {
            entry.offset = file.len();
            match item.payload {
                Payload::Borrowed(bytes) => {
                    let range = file.payload(bytes);
                    digest = Some(file.digest(range, Algorithm::Crc32c));
                }
                Payload::Shared(bytes) => {
                    let range = file.payload_shared(bytes);
                    digest = Some(file.digest(range, Algorithm::Crc32c));
                }
                Payload::Strings(encoded) => {
                    // What it covers is not what is stored.
                    entry.checksum = mask(encoded.checksum);
                    file.inline(encoded.bytes);
                }
            }
        }
        entries.push((entry, digest));
    }
    Planned { files, entries }
}

impl Payload<'_> {
    fn len(&self) -> u64 {
        let len = match self {
            Payload::Borrowed(bytes) => bytes.len(),
            Payload::Shared(bytes) => bytes.len(),
            Payload::Strings(encoded) => encoded.bytes.len(),
        };
        u64::try_from(len).unwrap_or(u64::MAX)
    }
}

/// A shard for each size: the largest first, each to the shard that has least so far.
fn balanced(sizes: impl Iterator<Item = u64>, shards: u32) -> Vec<u32> {
    let sizes: Vec<u64> = sizes.collect();
    let mut largest_first: Vec<usize> = (0..sizes.len()).collect();
    let size = |number: &usize| sizes.get(*number).copied().unwrap_or_default();
    largest_first.sort_by_key(|number| Reverse(size(number)));
    // Of shards with as much, the one that comes first in number, and in tensors: empty tensors are
    // not all in the same.
    let mut least: BinaryHeap<Reverse<(u64, u64, u32)>> =
        (0..shards).map(|shard| Reverse((0, 0, shard))).collect();
    let mut shard_of = vec![0; sizes.len()];
    for number in largest_first {
        let Some(Reverse((len, tensors, shard))) = least.pop() else {
            break;
        };
        if let Some(it) = shard_of.get_mut(number) {
            *it = shard;
        }
        let len = len.saturating_add(size(&number));
        least.push(Reverse((len, tensors.saturating_add(1), shard)));
    }
    shard_of
}

#[cfg(test)]
mod tests;
