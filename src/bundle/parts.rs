//! Tensors that are stored in parts, put together. See `spec/tensor_bundle.md#parts`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::collections::BTreeMap;
use std::ops::Range;

use super::entry::{BundleEntry, elements};
use super::read::BundleReader;
use super::slice_key::{self, Extent};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{DType, Shape, Tensor};

/// A part: where it belongs, and its entry.
struct Part {
    /// For each axis the indexes that it covers.
    place: Vec<Range<u64>>,
    entry: BundleEntry,
}

/// The whole tensor `key`, from its parts.
pub(super) fn assemble(
    reader: &BundleReader,
    key: &str,
    whole: &BundleEntry,
) -> Result<Tensor<'static>> {
    let mut parts = Vec::new();
    for extents in &whole.slices {
        parts.push(part(reader, key, extents, whole)?);
    }
    check_elements(whole, &parts)?;
    let count = allocate(reader, whole, &parts)?;
    let mut covered = Covered::new(count);
    let dtype = whole.dtype();
    if dtype == Some(DType::String) {
        let mut values = vec![Vec::new(); count];
        for part in &parts {
            let tensor = reader.whole(&part.entry)?;
            let strings = tensor.string_values().unwrap_or_default();
            part.copy(whole, strings, &mut values, 1, &mut covered)?;
        }
        return Tensor::strings(values, &whole.shape);
    }
    let size = dtype.and_then(DType::size).unwrap_or(1);
    let mut bytes = vec![0; count.saturating_mul(size)];
    for part in &parts {
        let tensor = reader.whole(&part.entry)?;
        part.copy(whole, tensor.bytes(), &mut bytes, size, &mut covered)?;
    }
    Tensor::from_shared(dtype.unwrap_or(DType::UInt8), &whole.shape, bytes.into())
}

fn part(reader: &BundleReader, key: &str, extents: &[Extent], whole: &BundleEntry) -> Result<Part> {
    let place: Vec<Range<u64>> = extents
        .iter()
        .zip(&whole.shape)
        .map(|(extent, size)| {
            let len = extent.len.unwrap_or(*size);
            extent.start..extent.start.saturating_add(len)
        })
        .collect();
    let place_of = || format!("part {}", text(&place));
    let entry = reader.entry_of(&slice_key::encode(key.as_bytes(), extents));
    let entry = entry.map_err(|error| match error.kind() {
        ErrorKind::NotFound => malformed("no entry").within(place_of()),
        _ => error.within(place_of()),
    })?;
    if !entry.slices.is_empty() {
        return Err(malformed("a part that is in parts itself").within(place_of()));
    }
    let shape: Vec<u64> = (place.iter())
        .map(|axis| axis.end.saturating_sub(axis.start))
        .collect();
    if entry.data_type != whole.data_type || entry.shape != shape {
        let (found, found_shape) = (entry.data_type, Shape::known(&entry.shape));
        let (expected, shape) = (whole.data_type, Shape::known(&shape));
        let message = format!("{found:?} {found_shape}, expected {expected:?} {shape}");
        return Err(malformed(message).within(place_of()));
    }
    Ok(Part { place, entry })
}

/// That the parts have as many elements as the whole, which they then cover if none is in two.
fn check_elements(whole: &BundleEntry, parts: &[Part]) -> Result<()> {
    let expected = whole.elements();
    let sum = (parts.iter()).try_fold(0_u64, |sum, part| sum.checked_add(part.entry.elements()));
    if sum != Some(expected) {
        let count = parts.len();
        let sum = sum.map_or_else(|| "2^64 or more".to_owned(), |sum| sum.to_string());
        let message = format!("{count} parts with {sum} elements, expected {expected}");
        return Err(malformed(message));
    }
    Ok(())
}

/// How many elements there are, once that many are known to be justified by what is stored: parts
/// may be in the same place of a file.
fn allocate(reader: &BundleReader, whole: &BundleEntry, parts: &[Part]) -> Result<usize> {
    let mut files = BTreeMap::new();
    let mut stored = 0_u64;
    for Part { entry, .. } in parts {
        files.insert(entry.shard, reader.file_len(entry)?);
        stored = stored.saturating_add(entry.size);
    }
    let in_files = (files.values()).fold(0_u64, |sum, len| sum.saturating_add(*len));
    let size = match whole.dtype() {
        Some(DType::String) => size_of::<Vec<u8>>(),
        Some(dtype) => dtype.size().unwrap_or(1),
        None => 1,
    };
    let each = u64::try_from(size).unwrap_or(u64::MAX);
    let declared = whole.elements().saturating_mul(each);
    let limits = reader.limits();
    limits.allocation(declared, stored.min(in_files), "a tensor in parts")?;
    usize::try_from(whole.elements()).map_err(|_| {
        let message = "a tensor in parts does not fit in memory";
        Error::new(ErrorKind::LimitExceeded, message)
    })
}

impl Part {
    /// Copies this part to its places in the whole, both in items of which an element has `each`.
    fn copy<T: Clone>(
        &self,
        whole: &BundleEntry,
        from: &[T],
        to: &mut [T],
        each: usize,
        covered: &mut Covered,
    ) -> Result<()> {
        let mut from = from;
        for run in self.runs(&whole.shape) {
            let start = usize::try_from(run.start).unwrap_or(usize::MAX);
            let len = usize::try_from(run.end.saturating_sub(run.start)).unwrap_or(usize::MAX);
            let end = start.saturating_add(len);
            let items = len.saturating_mul(each);
            let place = start.saturating_mul(each)..end.saturating_mul(each);
            let (Some((next, rest)), Some(to)) = (from.split_at_checked(items), to.get_mut(place))
            else {
                return Err(malformed("a part outside of its tensor"));
            };
            if !covered.insert(start, end) {
                return Err(malformed("an element that is in two parts").within(text(&self.place)));
            }
            to.clone_from_slice(next);
            from = rest;
        }
        Ok(())
    }

    /// Elements of the whole, counted row by row, that follow each other in the part.
    fn runs(&self, shape: &[u64]) -> impl Iterator<Item = Range<u64>> {
        let axes: Vec<(Range<u64>, u64)> = self
            .place
            .iter()
            .cloned()
            .zip(shape.iter().copied())
            .collect();
        // Axes that are covered as a whole at the end, and the one before them, are one run.
        let whole = axes
            .iter()
            .rev()
            .take_while(|(place, size)| *place == (0..*size))
            .count();
        let outer = axes.len().saturating_sub(whole).saturating_sub(1);
        let steps = steps(shape);
        let step = move |axis: usize| steps.get(axis).copied().unwrap_or(1);
        let (first, len) = match axes.get(outer) {
            Some((place, _)) => {
                let len = place.end.saturating_sub(place.start);
                let step = step(outer);
                (place.start.saturating_mul(step), len.saturating_mul(step))
            }
            // A scalar.
            None => (0, 1),
        };
        let empty = elements(&self.entry.shape) == Some(0);
        let mut at: Vec<u64> = axes
            .iter()
            .take(outer)
            .map(|(place, _)| place.start)
            .collect();
        let mut done = empty;
        std::iter::from_fn(move || {
            if done {
                return None;
            }
            let start = at.iter().enumerate().fold(first, |sum, (axis, index)| {
                sum.saturating_add(index.saturating_mul(step(axis)))
            });
            done = !advance(&mut at, &axes);
            Some(start..start.saturating_add(len))
        })
    }
}

/// How many elements one step along each axis passes.
fn steps(shape: &[u64]) -> Vec<u64> {
    let mut steps: Vec<u64> = shape
        .iter()
        .rev()
        .scan(1_u64, |step, size| {
            let this = *step;
            *step = step.saturating_mul(*size);
            Some(this)
        })
        .collect();
    steps.reverse();
    steps
}

/// Counts `at` up by one, the last axis first; false once all have been.
fn advance(at: &mut [u64], axes: &[(Range<u64>, u64)]) -> bool {
    for (index, (place, _)) in at.iter_mut().zip(axes).rev() {
        *index = index.saturating_add(1);
        if *index < place.end {
            return true;
        }
        *index = place.start;
    }
    false
}

/// Which elements have been copied: a bit for each.
struct Covered(Vec<u64>);

impl Covered {
    fn new(count: usize) -> Self {
        let words = count.div_ceil(usize::try_from(u64::BITS).unwrap_or(64));
        Covered(vec![0; words])
    }

    /// Adds the elements from `start` to `end`; false if one of them is there already.
    fn insert(&mut self, start: usize, end: usize) -> bool {
        let mut at = start;
        while at < end {
            let (word, bit) = (at >> 6, at & 63);
            let len = end.saturating_sub(at).min(64_usize.saturating_sub(bit));
            let ones = u64::MAX >> 64_usize.saturating_sub(len);
            let mask = ones << bit;
            match self.0.get_mut(word) {
                Some(word) if *word & mask == 0 => *word |= mask,
                _ => return false,
            }
            at = at.saturating_add(len);
        }
        true
    }
}

/// A part's place as TensorFlow's own tools print it: `0,4:0,3`.
fn text(place: &[Range<u64>]) -> String {
    let axes = place.iter().map(|axis| {
        let len = axis.end.saturating_sub(axis.start);
        format!("{},{len}", axis.start)
    });
    axes.collect::<Vec<_>>().join(":")
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
mod tests;
