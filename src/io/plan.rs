//! A file's bytes as a value, laid out before any of them is written.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::checksum::Algorithm;
use crate::io::SharedBytes;

/// One file's bytes, laid out before any of them is written.
///
/// Parts are appended in file order; tensors are borrowed, never copied into the plan. What is
/// not covered by a part (the space `align_to` skips) is zeros. See `spec/io.md#plan`.
#[derive(Default)]
pub(crate) struct FilePlan<'a> {
    pub(super) layout: Layout<'a>,
    pub(super) deferred: Vec<Deferred<'a>>,
    pub(super) requests: Vec<Request>,
    open_slots: usize,
}

/// The bytes that are known before any checksum is, in file order, with their places.
#[derive(Default)]
pub(super) struct Layout<'a> {
    segments: Vec<Segment<'a>>,
    len: u64,
}

struct Segment<'a> {
    offset: u64,
    content: Content<'a>,
}

enum Content<'a> {
    Owned(Vec<u8>),
    Borrowed(&'a [u8]),
    Shared(SharedBytes),
}

/// Makes bytes from checksums.
type Fill<'a> = Box<dyn FnOnce(&Digests) -> Vec<u8> + Send + 'a>;

/// Bytes that depend on checksums of others.
pub(super) struct Deferred<'a> {
    pub(super) range: Range<u64>,
    /// How many digests precede those of the plan that this was made in.
    pub(super) first_digest: usize,
    pub(super) fill: Fill<'a>,
}

/// A checksum that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) range: Range<u64>,
    pub(super) algorithm: Algorithm,
}

/// Bytes of a plan that are placed but not known yet; [`FilePlan::fill`] takes it.
#[derive(Debug)]
#[must_use = "a slot that is never filled makes the plan incomplete"]
pub(crate) struct Slot {
    segment: usize,
    len: u64,
}

impl Slot {
    /// How many bytes it takes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}

/// A checksum asked for with [`FilePlan::digest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DigestId(usize);

/// The checksums a plan asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digests {
    values: Arc<[u32]>,
    first: usize,
}

impl Digests {
    pub(super) fn new(values: Vec<u32>) -> Self {
        Digests {
            values: values.into(),
            first: 0,
        }
    }

    /// The checksum that `id` of the same plan stands for.
    pub(crate) fn get(&self, id: DigestId) -> u32 {
        let value = self.values.get(self.first + id.0);
        assert!(value.is_some(), "a digest of another plan was asked for");
        value.copied().unwrap_or_default()
    }

    /// As a plan sees them that was nested behind `first` digests of others.
    pub(super) fn from(&self, first: usize) -> Self {
        Digests {
            values: Arc::clone(&self.values),
            first,
        }
    }
}

impl<'a> FilePlan<'a> {
    /// An empty file.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// How long the file is so far, and where the next part goes.
    pub(crate) fn len(&self) -> u64 {
        self.layout.len
    }

    /// Skips to the next multiple of `alignment`, counted from the start of this plan.
    pub(crate) fn align_to(&mut self, alignment: u64) {
        let aligned = self.len().checked_next_multiple_of(alignment);
        self.layout.len = in_file(aligned);
    }

    /// Bytes known now: headers, tables, JSON.
    pub(crate) fn inline(&mut self, bytes: Vec<u8>) -> Range<u64> {
        self.layout.push(Content::Owned(bytes))
    }

    /// Bytes placed now and known later: a superblock that holds the address of the root.
    pub(crate) fn reserve(&mut self, len: u64) -> Slot {
        let slot = Slot {
            segment: self.layout.segments.len(),
            len,
        };
        let range = self.layout.push(Content::Owned(Vec::new()));
        self.layout.len = in_file(range.end.checked_add(len));
        self.open_slots += 1;
        slot
    }

    /// Gives a slot of this plan its bytes, exactly as many as were reserved.
    pub(crate) fn fill(&mut self, slot: Slot, bytes: Vec<u8>) {
        let found = len_of(&bytes);
        let expected = slot.len;
        assert_eq!(found, expected, "a slot is filled with what it reserved");
        match self.layout.segments.get_mut(slot.segment) {
            Some(segment) => segment.content = Content::Owned(bytes),
            None => assert_eq!(expected, 0, "a slot is filled in the plan that reserved it"),
        }
        self.open_slots -= 1;
    }

    /// A tensor: borrowed now, copied when the file is written.
    pub(crate) fn payload(&mut self, bytes: &'a [u8]) -> Range<u64> {
        self.layout.push(Content::Borrowed(bytes))
    }

    /// A tensor that keeps its owner alive, a part of another file for example.
    pub(crate) fn payload_shared(&mut self, bytes: SharedBytes) -> Range<u64> {
        self.layout.push(Content::Shared(bytes))
    }

    /// `len` bytes that depend on checksums: a zip member's local header. No digest covers them.
    pub(crate) fn deferred(
        &mut self,
        len: u64,
        fill: impl FnOnce(&Digests) -> Vec<u8> + Send + 'a,
    ) -> Range<u64> {
        let range = self.len()..in_file(self.len().checked_add(len));
        self.layout.len = range.end;
        self.deferred.push(Deferred {
            range: range.clone(),
            first_digest: 0,
            fill: Box::new(fill),
        });
        range
    }

    /// Asks for the checksum of the bytes at `range`, which are in the plan and not deferred.
    pub(crate) fn digest(&mut self, range: Range<u64>, algorithm: Algorithm) -> DigestId {
        assert!(
            range.start <= range.end && range.end <= self.len(),
            "a digest covers bytes of the plan"
        );
        // Deferred parts are in file order: those that end behind the start are at the end.
        let near = (self.deferred).partition_point(|part| part.range.end <= range.start);
        let covered = (self.deferred.get(near)).is_some_and(|part| part.range.start < range.end);
        assert!(!covered, "a digest covers no deferred bytes");
        self.requests.push(Request { range, algorithm });
        DigestId(self.requests.len() - 1)
    }

    /// Places a whole plan, all its slots filled, inside this one: HDF5 inside a zip.
    ///
    /// Its deferred parts see its own digests; to the outer plan they are not known.
    pub(crate) fn nest(&mut self, inner: FilePlan<'a>) -> Range<u64> {
        inner.assert_complete();
        let by = self.len();
        let range = by..in_file(by.checked_add(inner.len()));
        for segment in inner.layout.segments {
            self.layout.segments.push(Segment {
                offset: segment.offset + by,
                content: segment.content,
            });
        }
        for part in inner.deferred {
            self.deferred.push(Deferred {
                range: part.range.start + by..part.range.end + by,
                first_digest: part.first_digest + self.requests.len(),
                fill: part.fill,
            });
        }
        for request in inner.requests {
            self.requests.push(Request {
                range: request.range.start + by..request.range.end + by,
                algorithm: request.algorithm,
            });
        }
        self.layout.len = range.end;
        range
    }

    pub(super) fn assert_complete(&self) {
        assert_eq!(self.open_slots, 0, "every slot of a plan is filled");
    }
}

impl fmt::Debug for FilePlan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePlan")
            .field("len", &self.len())
            .field("segments", &self.layout.segments.len())
            .field("deferred", &self.deferred.len())
            .field("digests", &self.requests.len())
            .finish()
    }
}

impl<'a> Layout<'a> {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    fn push(&mut self, content: Content<'a>) -> Range<u64> {
        let range = self.len..in_file(self.len.checked_add(len_of(&content)));
        self.len = range.end;
        self.segments.push(Segment {
            offset: range.start,
            content,
        });
        range
    }

    /// Puts `bytes` where nothing is yet, at `offset`.
    pub(super) fn insert(&mut self, offset: u64, bytes: Vec<u8>) {
        let at = (self.segments).partition_point(|segment| segment.end() <= offset);
        let content = Content::Owned(bytes);
        self.segments.insert(at, Segment { offset, content });
    }

    /// The bytes inside `range`, in file order, each with its place; between them are zeros.
    pub(super) fn parts(&self, range: Range<u64>) -> impl Iterator<Item = (u64, &[u8])> {
        let first = (self.segments).partition_point(|segment| segment.end() <= range.start);
        self.segments
            .iter()
            .skip(first)
            .take_while(move |segment| segment.offset < range.end)
            .filter_map(move |segment| {
                let start = segment.offset.max(range.start);
                let end = segment.end().min(range.end);
                let inside = index(start - segment.offset)..index(end.checked_sub(segment.offset)?);
                let bytes = segment.content.get(inside)?;
                (!bytes.is_empty()).then_some((start, bytes))
            })
    }
}

impl Segment<'_> {
    fn end(&self) -> u64 {
        self.offset + len_of(&self.content)
    }
}

impl Deref for Content<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Content::Owned(bytes) => bytes,
            Content::Borrowed(bytes) => bytes,
            Content::Shared(bytes) => bytes,
        }
    }
}

/// The length of bytes in memory, which files count in 64 bits.
pub(super) fn len_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A number of bytes that are in memory, so that it fits.
pub(super) fn index(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// A place in a file. Parts are in memory, so only absurd alignments and slots lead beyond.
fn in_file(place: Option<u64>) -> u64 {
    assert!(place.is_some(), "a file is shorter than 2^64 bytes");
    place.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
