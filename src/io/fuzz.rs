//! The body of the fuzz target `plan`: arbitrary segments, slots, nesting and digests.

// Public only under `cfg(fuzzing)`.
#![cfg_attr(not(fuzzing), allow(unreachable_pub))]

use std::ops::Range;

use super::plan::len_of;
use super::{DigestId, Digests, FilePlan, SharedBytes, Slot};
use crate::checksum::Algorithm;

/// Builds a plan from `data`; its bytes and digests agree with a naive model.
pub fn plan(data: &[u8]) {
    let Built { plan, model, ids } = build(&mut data.iter().copied(), 0);
    let (expected, digests) = model.finish();
    assert_eq!(plan.len(), len_of(&expected));
    let mut streamed = Vec::new();
    let found = plan.write_to(&mut streamed);
    assert!(streamed == expected, "streamed bytes differ");
    let found: Option<Vec<u32>> = found.ok().map(|it| values(&it, &ids));
    assert_eq!(found, Some(digests));
    let again = build(&mut data.iter().copied(), 0).plan;
    assert!(again.into_vec() == expected, "bytes in memory differ");
}

/// A file as bytes, and what is still to be known of it.
#[derive(Default)]
struct Model {
    bytes: Vec<u8>,
    /// Deferred ranges, each with the digest that it repeats.
    deferred: Vec<(Range<usize>, Option<usize>)>,
    /// Ranges to be digested, and whether this plan asked itself (or one inside it).
    digests: Vec<(Range<usize>, Algorithm, bool)>,
}

impl Model {
    /// The bytes, and the digests that the outermost plan asked for.
    fn finish(mut self) -> (Vec<u8>, Vec<u32>) {
        let digest = |(range, algorithm, _): &(Range<usize>, Algorithm, bool)| {
            algorithm.of(&self.bytes[range.clone()])
        };
        let values: Vec<u32> = self.digests.iter().map(digest).collect();
        for (range, number) in self.deferred {
            let value = number.map_or(0, |number| values[number]);
            let repeated = value.to_le_bytes().into_iter().cycle();
            for (to, byte) in self.bytes[range].iter_mut().zip(repeated) {
                *to = byte;
            }
        }
        let own = self.digests.iter().zip(values).filter(|(it, _)| it.2);
        (self.bytes, own.map(|(_, value)| value).collect())
    }

    fn nest(&mut self, inner: Model) {
        let (by, first) = (self.bytes.len(), self.digests.len());
        let shift = |range: Range<usize>| range.start + by..range.end + by;
        let parts = inner.deferred.into_iter();
        self.deferred
            .extend(parts.map(|(range, number)| (shift(range), number.map(|it| it + first))));
        let digests = inner.digests.into_iter();
        self.digests
            .extend(digests.map(|(range, algorithm, _)| (shift(range), algorithm, false)));
        self.bytes.extend(inner.bytes);
    }
}

pub(super) struct Built {
    pub(super) plan: FilePlan<'static>,
    model: Model,
    pub(super) ids: Vec<DigestId>,
}

/// What a plan built from `data` is to be: its bytes and its digests.
#[cfg(test)]
pub(super) fn expected(data: &[u8]) -> (Built, Vec<u8>, Vec<u32>) {
    let mut built = build(&mut data.iter().copied(), 0);
    let (bytes, digests) = std::mem::take(&mut built.model).finish();
    (built, bytes, digests)
}

pub(super) fn values(digests: &Digests, ids: &[DigestId]) -> Vec<u32> {
    ids.iter().map(|id| digests.get(*id)).collect()
}

/// Tensors are slices of this; long enough for one to be written by itself.
static PATTERN: [u8; 80_000] = {
    let mut pattern = [0; 80_000];
    let mut at = 0;
    let mut state = 1u32;
    while at < pattern.len() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        pattern[at] = state.to_be_bytes()[0];
        at += 1;
    }
    pattern
};

/// Two bytes of the input choose a slice, mostly a short one.
fn slice(data: &mut impl Iterator<Item = u8>) -> &'static [u8] {
    let [start, len] = [(); 2].map(|()| usize::from(data.next().unwrap_or(0)));
    // A long one now and then.
    let len = if len > 250 { len * 300 } else { len };
    &PATTERN[start..start + len]
}

fn build(data: &mut impl Iterator<Item = u8>, depth: u32) -> Built {
    let (mut plan, mut model) = (FilePlan::new(), Model::default());
    let mut ids: Vec<DigestId> = Vec::new();
    let mut slots: Vec<(Slot, usize)> = Vec::new();
    while let Some(step) = data.next() {
        let start = len_of(&model.bytes);
        let placed = match step % 9 {
            0 => plan.inline(add(&mut model, slice(data)).to_vec()),
            1 => plan.payload(add(&mut model, slice(data))),
            2 => plan.payload_shared(SharedBytes::from(add(&mut model, slice(data)).to_vec())),
            3 => align(&mut plan, &mut model, data),
            4 => reserve(&mut plan, &mut model, &mut slots, data),
            5 => {
                if let Some((slot, at)) = slots.pop() {
                    fill(&mut plan, &mut model, slot, at);
                }
                start..plan.len()
            }
            6 => {
                ids.extend(digest(&mut plan, &mut model, data));
                start..plan.len()
            }
            7 => defer(&mut plan, &mut model, &ids, data),
            _ if depth < 4 => {
                let inner = build(data, depth + 1);
                model.nest(inner.model);
                plan.nest(inner.plan)
            }
            _ => break,
        };
        assert_eq!(placed, start..plan.len(), "a part is put at the end");
        assert_eq!(plan.len(), len_of(&model.bytes));
        if step >= 0xf0 {
            break;
        }
    }
    for (slot, at) in slots {
        fill(&mut plan, &mut model, slot, at);
    }
    Built { plan, model, ids }
}

fn add(model: &mut Model, bytes: &'static [u8]) -> &'static [u8] {
    model.bytes.extend_from_slice(bytes);
    bytes
}

fn align(
    plan: &mut FilePlan<'_>,
    model: &mut Model,
    data: &mut impl Iterator<Item = u8>,
) -> Range<u64> {
    let start = plan.len();
    let alignment = 1u16 << (data.next().unwrap_or(0) % 13);
    plan.align_to(alignment.into());
    let aligned = model.bytes.len().next_multiple_of(alignment.into());
    model.bytes.resize(aligned, 0);
    start..plan.len()
}

fn reserve(
    plan: &mut FilePlan<'_>,
    model: &mut Model,
    slots: &mut Vec<(Slot, usize)>,
    data: &mut impl Iterator<Item = u8>,
) -> Range<u64> {
    let (start, at) = (plan.len(), model.bytes.len());
    let len = data.next().unwrap_or(0);
    slots.push((plan.reserve(len.into()), at));
    model.bytes.resize(at + usize::from(len), 0);
    start..plan.len()
}

fn fill(plan: &mut FilePlan<'_>, model: &mut Model, slot: Slot, at: usize) {
    let len = super::plan::index(slot.len());
    let bytes = &PATTERN[at % 1000..][..len];
    model.bytes[at..at + len].copy_from_slice(bytes);
    plan.fill(slot, bytes.to_vec());
}

fn digest(
    plan: &mut FilePlan<'_>,
    model: &mut Model,
    data: &mut impl Iterator<Item = u8>,
) -> Option<DigestId> {
    let [from, len] = [(); 2].map(|()| usize::from(data.next().unwrap_or(0)));
    let (range, algorithm) = {
        // In 255ths of the file, so that long files are digested too.
        let start = model.bytes.len() * from / 255;
        let end = start + (model.bytes.len() - start) * len / 255;
        let algorithm = [Algorithm::Crc32, Algorithm::Crc32c][from % 2];
        (start..end, algorithm)
    };
    let mut deferred = model.deferred.iter();
    if deferred.any(|(it, _)| it.start < range.end && range.start < it.end) {
        return None;
    }
    let wide = |at: usize| u64::try_from(at).unwrap_or(u64::MAX);
    let id = plan.digest(wide(range.start)..wide(range.end), algorithm);
    model.digests.push((range, algorithm, true));
    Some(id)
}

fn defer(
    plan: &mut FilePlan<'static>,
    model: &mut Model,
    ids: &[DigestId],
    data: &mut impl Iterator<Item = u8>,
) -> Range<u64> {
    let len = usize::from(data.next().unwrap_or(0) % 32);
    let id = ids.last().copied();
    let own = model.digests.iter().rposition(|(_, _, own)| *own);
    let start = model.bytes.len();
    model.deferred.push((start..start + len, own));
    model.bytes.resize(start + len, 0);
    let wide = u64::try_from(len).unwrap_or(u64::MAX);
    plan.deferred(wide, move |digests| {
        let value = id.map_or(0, |id| digests.get(id));
        value.to_le_bytes().into_iter().cycle().take(len).collect()
    })
}

#[cfg(test)]
mod tests {
    /// Every committed input of the target, with a stable compiler.
    #[test]
    fn committed_inputs() {
        let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        if !fuzz.exists() {
            return; // the published package, which has no fuzz targets
        }
        for kind in ["seeds", "regressions"] {
            for entry in std::fs::read_dir(fuzz.join(kind).join("plan")).unwrap() {
                super::plan(&std::fs::read(entry.unwrap().path()).unwrap());
            }
        }
    }
}
