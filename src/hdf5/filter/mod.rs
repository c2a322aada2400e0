//! Filters: what was done to a chunk on its way into the file, undone.
//! See `spec/hdf5_storage.md#filters`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

mod bits;
mod deflate;
mod fletcher32;
mod lzf;
mod nbit;
mod scale_offset;
mod shuffle;

use std::ops::Range;

use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::format::message::filter_pipeline::{Filter, FilterPipeline};

/// The filters of a dataset, ready to be undone.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// In the order they were applied in.
    steps: Vec<Step>,
}

/// One filter with its parameters.
#[derive(Debug)]
enum Step {
    Deflate,
    Shuffle {
        size: usize,
    },
    Fletcher32,
    Lzf,
    ScaleOffset(scale_offset::Parameters),
    NBit(nbit::Parameters),
    /// A filter that is not read, with what is said about it if a chunk went through it.
    Unknown(String),
}

/// Memory for what lies between two filters, to be used again for the next chunk.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    from: Vec<u8>,
    to: Vec<u8>,
}

/// Where the bytes are that the next filter takes.
enum Source {
    /// In the file.
    Stored(Range<usize>),
    /// In the scratch memory.
    Scratch(Range<usize>),
}

const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const NBIT: u16 = 5;
const SCALE_OFFSET: u16 = 6;
const LZF: u16 = 32_000;

/// What registered filters that are not read are called.
const OTHERS: &[(u16, &str)] = &[
    (4, "szip"),
    (305, "LZO"),
    (307, "bzip2"),
    (32_001, "Blosc"),
    (32_002, "MAFISC"),
    (32_003, "Snappy"),
    (32_004, "LZ4"),
    (32_008, "bitshuffle"),
    (32_013, "ZFP"),
    (32_015, "Zstandard"),
    (32_017, "SZ"),
    (32_019, "JPEG"),
    (32_022, "BitGroom"),
    (32_023, "Granular BitRound"),
    (32_024, "SZ3"),
    (32_026, "Blosc2"),
];

impl Pipeline {
    /// The most that a filter makes its input longer by, all of a pipeline together.
    const OVERHEAD: usize = 1024;

    /// Prepares the filters of `message`. One that is not read fails only a chunk that needs it.
    pub(crate) fn new(message: &FilterPipeline) -> Result<Pipeline> {
        let steps = message.filters.iter().map(Step::new);
        Ok(Pipeline {
            steps: steps.collect::<Result<_>>()?,
        })
    }

    /// How many times `len` bytes are held in scratch memory while a chunk of that length is
    /// decoded.
    pub(crate) fn scratch_copies(&self) -> u64 {
        let copying = self.steps.iter().filter(|step| step.copies()).count();
        match copying {
            0 => 0,
            1 if matches!(self.steps.first(), Some(Step::Fletcher32)) => 1,
            1 => 0,
            2 => 1,
            _ => 2,
        }
    }

    /// Undoes the filters whose bit in `left_out` is not set. The result must fill `out`.
    pub(crate) fn decode(
        &self,
        stored: &[u8],
        left_out: u32,
        scratch: &mut Scratch,
        out: &mut [u8],
    ) -> Result<()> {
        let applied = |at: &usize| {
            let bit = u32::try_from(*at)
                .ok()
                .and_then(|at| left_out.checked_shr(at));
            bit.unwrap_or(0) & 1 == 0
        };
        let steps: Vec<&Step> = self
            .steps
            .iter()
            .enumerate()
            .filter(|(at, _)| applied(at))
            .map(|(_, step)| step)
            .collect();
        let longest = out.len().saturating_add(Self::OVERHEAD);
        let mut source = Source::Stored(0..stored.len());
        for (at, step) in steps.iter().enumerate().rev() {
            let from = match &source {
                Source::Stored(range) => stored.get(range.clone()),
                Source::Scratch(range) => scratch.from.get(range.clone()),
            };
            let from = from.unwrap_or_default();
            if !step.copies() {
                let content = step.check(from)?;
                source = match source {
                    Source::Stored(range) => Source::Stored(range.start..content),
                    Source::Scratch(range) => Source::Scratch(range.start..content),
                };
                continue;
            }
            if at == 0 {
                let length = step.decode(from, out)?;
                return check_length(length, out.len());
            }
            scratch.to.resize(longest, 0);
            let length = step.decode(from, &mut scratch.to)?;
            std::mem::swap(&mut scratch.from, &mut scratch.to);
            source = Source::Scratch(0..length);
        }
        let content = match source {
            Source::Stored(range) => stored.get(range),
            Source::Scratch(range) => scratch.from.get(range),
        };
        let content = content.unwrap_or_default();
        check_length(content.len(), out.len())?;
        out.copy_from_slice(content);
        Ok(())
    }
}

fn check_length(found: usize, expected: usize) -> Result<()> {
    if found != expected {
        return Err(malformed(format!(
            "{found} bytes behind the filters, expected {expected}"
        )));
    }
    Ok(())
}

impl Step {
    fn new(filter: &Filter) -> Result<Step> {
        let values = &filter.values;
        Ok(match filter.id {
            DEFLATE => Step::Deflate,
            SHUFFLE => Step::Shuffle {
                size: values.first().map_or(1, |size| memory_length(*size)),
            },
            FLETCHER32 => Step::Fletcher32,
            LZF => Step::Lzf,
            SCALE_OFFSET => Step::ScaleOffset(
                scale_offset::Parameters::decode(values).within(|| "scale-offset filter")?,
            ),
            NBIT => Step::NBit(nbit::Parameters::decode(values).within(|| "n-bit filter")?),
            id => Step::Unknown(describe(id, filter.name.as_deref())),
        })
    }

    /// Whether it makes other bytes, rather than only looking at them.
    fn copies(&self) -> bool {
        !matches!(self, Step::Fletcher32)
    }

    /// For what only looks at bytes: where the content ends.
    fn check(&self, from: &[u8]) -> Result<usize> {
        fletcher32::check(from).within(|| "fletcher32 filter")
    }

    /// Undoes the filter; returns how many bytes of `to` are filled.
    fn decode(&self, from: &[u8], to: &mut [u8]) -> Result<usize> {
        match self {
            Step::Deflate => deflate::decode(from, to).within(|| "deflate filter"),
            Step::Shuffle { size } => shuffle::decode(*size, from, to).within(|| "shuffle filter"),
            Step::Lzf => lzf::decode(from, to).within(|| "lzf filter"),
            Step::ScaleOffset(parameters) => parameters
                .restore(from, to)
                .within(|| "scale-offset filter"),
            Step::NBit(parameters) => parameters.restore(from, to).within(|| "n-bit filter"),
            Step::Unknown(what) => Err(Error::new(ErrorKind::Unsupported, what.clone())
                .with_hint("`h5repack -f GZIP=6` rewrites the file with a filter that is read")),
            // It does not copy.
            Step::Fletcher32 => Ok(0),
        }
    }
}

/// A filter that is not read, by name and number.
fn describe(id: u16, declared: Option<&str>) -> String {
    let registered = OTHERS.iter().find(|(known, _)| *known == id);
    match (registered, declared) {
        (Some((_, name)), _) => format!("filter {name} (number {id})"),
        (None, Some(name)) if !name.is_empty() => {
            format!("filter `{}` (number {id})", name.escape_debug())
        }
        _ => format!("filter number {id}"),
    }
}

/// A length of the format's in this machine's.
fn memory_length(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// The failure that filtered bytes contradict their filter.
fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

/// The failure that filtered bytes end too early.
fn ended() -> Error {
    malformed("the filtered bytes end too early")
}

/// The failure that there is more behind a filter than a chunk holds.
fn too_long(most: usize) -> Error {
    malformed(format!(
        "more than {most} bytes, which is all that a chunk holds"
    ))
}

#[cfg(test)]
mod tests;
