//! The elements of chunked datasets: found, decoded on all cores, and put in their places.
//! See `spec/hdf5_storage.md#chunks`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use super::elements::Stored;
use super::file::File;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::filter::{Pipeline, Scratch};
use crate::hdf5::format::chunk_index::{Grid, Source, StoredChunk, chunks};
use crate::hdf5::format::file_length;
use crate::hdf5::format::message::dataspace::Dataspace;
use crate::hdf5::format::message::filter_pipeline::FilterPipeline;
use crate::hdf5::format::message::layout::Chunked;

/// Below so many bytes, threads cost more than they save.
#[cfg(feature = "rayon")]
const SMALL: usize = 1 << 20;

/// What is known of a chunked dataset from its header.
pub(super) struct Request<'a> {
    pub(super) layout: &'a Chunked,
    pub(super) dataspace: &'a Dataspace,
    pub(super) filters: Option<FilterPipeline>,
    /// Bytes of an element.
    pub(super) element: u32,
    /// The bytes of an element that was never written, unless they are zeros.
    pub(super) fill: Option<&'a [u8]>,
}

/// How many bytes the chunks of a dataset take in the file.
pub(super) fn stored_len(
    file: &File,
    layout: &Chunked,
    space: &Dataspace,
    filtered: bool,
) -> Result<u64> {
    let grid = grid(layout, space)?;
    let chunks = chunks(source(file, &grid, filtered), layout)?;
    let sizes = chunks.iter().map(|chunk| chunk.size);
    Ok(sizes.fold(0, u64::saturating_add))
}

/// All elements, in row-major order.
pub(super) fn read(file: &File, request: &Request<'_>) -> Result<Stored> {
    let Request {
        layout, dataspace, ..
    } = request;
    if layout.element_size != u64::from(request.element) {
        let (found, expected) = (layout.element_size, request.element);
        return Err(Error::new(
            ErrorKind::Malformed,
            format!("chunks of elements of {found} bytes, expected {expected}"),
        ));
    }
    let grid = grid(layout, dataspace)?;
    let filtered = request.filters.is_some();
    let stored = chunks(source(file, &grid, filtered), layout)?;
    let pipeline = request.filters.as_ref().map(Pipeline::new).transpose()?;
    let reader = Reader::new(file, &grid, dataspace.dims(), layout, pipeline);
    reader.read(&stored, request)
}

fn grid(layout: &Chunked, dataspace: &Dataspace) -> Result<Grid> {
    let max_dims = match dataspace {
        Dataspace::Simple { max_dims, .. } => max_dims.as_deref(),
        Dataspace::Null | Dataspace::Scalar => None,
    };
    Grid::new(layout, dataspace.dims(), max_dims)
}

fn source<'a>(file: &'a File, grid: &'a Grid, filtered: bool) -> Source<'a> {
    Source {
        sizes: file.sizes(),
        image: file.image(),
        grid,
        filtered,
    }
}

/// Puts chunks into their places.
struct Reader<'a> {
    file: &'a File,
    grid: &'a Grid,
    dims: &'a [u64],
    pipeline: Option<Pipeline>,
    partial_edges_unfiltered: bool,
    element: u64,
    /// The first dimension that is not 1: along it the elements are cut into bands, each of them
    /// one piece and one chunk thick.
    axis: usize,
    /// Whether every chunk is a whole band, so that it is decoded right where it belongs.
    whole_bands: bool,
}

/// A band of the elements, and the chunks in it.
type Band<'s, 'o> = (&'o mut [u8], &'s [StoredChunk]);

/// Memory that a thread uses again for each chunk.
#[derive(Default)]
struct Buffers {
    filters: Scratch,
    chunk: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn new(
        file: &'a File,
        grid: &'a Grid,
        dims: &'a [u64],
        layout: &Chunked,
        pipeline: Option<Pipeline>,
    ) -> Reader<'a> {
        let last = dims.len().saturating_sub(1);
        let axis = dims.iter().position(|size| *size != 1).unwrap_or(last);
        let sizes = || dims.iter().zip(&grid.chunk).enumerate();
        let whole_bands = sizes().all(|(at, (size, chunk))| match at.cmp(&axis) {
            std::cmp::Ordering::Less => *chunk == 1,
            std::cmp::Ordering::Equal => size.checked_rem(*chunk) == Some(0),
            std::cmp::Ordering::Greater => size == chunk,
        });
        Reader {
            file,
            grid,
            dims,
            pipeline,
            partial_edges_unfiltered: layout.partial_edges_unfiltered,
            element: layout.element_size,
            axis,
            whole_bands,
        }
    }

    fn read(&self, chunks: &[StoredChunk], request: &Request<'_>) -> Result<Stored> {
        let length = self
            .dims
            .iter()
            .fold(self.element, |all, size| all.saturating_mul(*size));
        let limits = self.file.limits();
        let sizes = chunks.iter().map(|chunk| chunk.size);
        // Several chunks may claim the same bytes, but no more than there are.
        let stored = sizes.fold(0, u64::saturating_add).min(self.file.len());
        let decoded = match self.pipeline {
            Some(_) => self
                .grid
                .chunk_len
                .saturating_mul(file_length(chunks.len())),
            None => 0,
        };
        let needed = length.max(decoded).saturating_add(self.scratch());
        let what = "a chunked dataset";
        limits.allocation(needed, stored, what)?;
        let length = limits.allocation(length, stored, what)?;
        let complete = file_length(chunks.len()) == self.grid.len();
        let mut bytes = vec![0; length];
        if let Some(fill) = request.fill.filter(|_| !complete) {
            for place in bytes.chunks_exact_mut(fill.len().max(1)) {
                place.copy_from_slice(fill);
            }
        }
        let mut bands = self.bands(&mut bytes, chunks)?;
        #[cfg(feature = "rayon")]
        if length >= SMALL && bands.len() > 1 && self.is_affordable(needed, stored) {
            use rayon::prelude::*;
            let bands = bands.par_iter_mut().with_max_len(1);
            bands.try_for_each_init(Buffers::default, |buffers, band| self.fill(band, buffers))?;
            return Ok(Stored::Owned {
                bytes,
                justified: stored,
            });
        }
        let mut buffers = Buffers::default();
        for band in &mut bands {
            self.fill(band, &mut buffers)?;
        }
        Ok(Stored::Owned {
            bytes,
            justified: stored,
        })
    }

    /// How much memory a thread needs besides the elements.
    fn scratch(&self) -> u64 {
        let Some(pipeline) = &self.pipeline else {
            return 0;
        };
        let copies = pipeline.scratch_copies();
        let copies = copies.saturating_add(u64::from(!self.whole_bands));
        copies.saturating_mul(self.grid.chunk_len)
    }

    /// Whether every thread may have memory of its own.
    #[cfg(feature = "rayon")]
    fn is_affordable(&self, needed: u64, stored: u64) -> bool {
        let threads = file_length(rayon::current_num_threads());
        let more = threads.saturating_sub(1).saturating_mul(self.scratch());
        let limits = self.file.limits();
        let all = needed.saturating_add(more);
        limits.allocation(all, stored, "a chunked dataset").is_ok()
    }

    /// Cuts the elements into bands; those without chunks are left out.
    fn bands<'s, 'o>(
        &self,
        mut rest: &'o mut [u8],
        chunks: &'s [StoredChunk],
    ) -> Result<Vec<Band<'s, 'o>>> {
        let inner = self.axis.saturating_add(1);
        let per_band = self.grid.counts.get(inner..).unwrap_or_default();
        let per_band = per_band
            .iter()
            .fold(1_u64, |all, count| all.saturating_mul(*count));
        let row = self.row_len(inner);
        let thick = self.grid.chunk.get(self.axis).copied().unwrap_or(1);
        let length = memory(row.saturating_mul(thick))?;
        let mut bands = Vec::new();
        let mut next = 0_u64;
        let number = |chunk: &StoredChunk| chunk.position.checked_div(per_band).unwrap_or(0);
        for chunks in chunks.chunk_by(|a, b| number(a) == number(b)) {
            let band = chunks.first().map_or(0, number);
            let before = memory(band.saturating_sub(next))?.saturating_mul(length);
            let (_, from) = rest.split_at_mut(before.min(rest.len()));
            let (place, behind) = from.split_at_mut(length.min(from.len()));
            bands.push((place, chunks));
            rest = behind;
            next = band.saturating_add(1);
        }
        Ok(bands)
    }

    /// Bytes of the elements behind one step along the dimension before `axis`.
    fn row_len(&self, axis: usize) -> u64 {
        let sizes = self.dims.get(axis..).unwrap_or_default().iter();
        sizes.fold(self.element, |all, size| all.saturating_mul(*size))
    }

    /// Puts the chunks of a band into it.
    fn fill(&self, band: &mut Band<'_, '_>, buffers: &mut Buffers) -> Result<()> {
        let (place, chunks) = band;
        for chunk in *chunks {
            let coordinates = self.grid.coordinates(chunk.position);
            let starts = coordinates.iter().zip(&self.grid.chunk);
            let start: Vec<u64> = starts.map(|(at, size)| at.saturating_mul(*size)).collect();
            self.place(chunk, &start, place, buffers)
                .within(|| format!("chunk at {start:?}"))?;
        }
        Ok(())
    }

    /// Puts the chunk that begins at `start` into its band.
    fn place(
        &self,
        chunk: &StoredChunk,
        start: &[u64],
        band: &mut [u8],
        buffers: &mut Buffers,
    ) -> Result<()> {
        let image = self.file.image();
        let stored = image.part(chunk.address, chunk.size, "chunk")?.rest();
        let edges = start.iter().zip(&self.grid.chunk).zip(self.dims);
        let mut ends = edges.map(|((start, chunk), size)| start.saturating_add(*chunk) > *size);
        let unfiltered = self.partial_edges_unfiltered && ends.any(|partial| partial);
        let pipeline = self.pipeline.as_ref().filter(|_| !unfiltered);
        let length = memory(self.grid.chunk_len)?;
        let Some(pipeline) = pipeline else {
            let content = stored.get(..length).ok_or_else(|| {
                let found = stored.len();
                Error::malformed(
                    image.offset(chunk.address),
                    format!("{found} bytes are stored, expected {length}"),
                )
            })?;
            return self.copy(content, start, band);
        };
        let decoded = if self.whole_bands {
            pipeline.decode(stored, chunk.left_out, &mut buffers.filters, band)
        } else {
            buffers.chunk.resize(length, 0);
            let Buffers { filters, chunk: to } = buffers;
            pipeline.decode(stored, chunk.left_out, filters, to)
        };
        decoded.map_err(|error| error.at(image.offset(chunk.address)))?;
        match self.whole_bands {
            true => Ok(()),
            false => self.copy(&buffers.chunk, start, band),
        }
    }

    /// Copies what of a chunk is inside the shape.
    fn copy(&self, chunk: &[u8], start: &[u64], band: &mut [u8]) -> Result<()> {
        let mut axes = Vec::with_capacity(self.dims.len());
        let (mut from, mut to) = (self.element, self.element);
        let sizes = self.dims.iter().zip(&self.grid.chunk).zip(start);
        for (at, ((size, chunk), start)) in sizes.enumerate().rev() {
            axes.push(Axis {
                count: memory(size.saturating_sub(*start).min(*chunk))?,
                // A band begins at its first row.
                start: match at == self.axis {
                    true => 0,
                    false => memory(*start)?,
                },
                from: memory(from)?,
                to: memory(to)?,
                whole: size == chunk,
            });
            from = from.saturating_mul(*chunk);
            to = to.saturating_mul(*size);
        }
        // Where a chunk is as wide as the shape, rows are next to each other in both.
        let inner = axes.iter().take_while(|axis| axis.whole).count();
        let inner = inner.min(axes.len().saturating_sub(1));
        let outer = axes.get(inner..).unwrap_or_default();
        copy_axes(outer, chunk, band);
        Ok(())
    }
}

/// One dimension of a copy.
struct Axis {
    /// How many steps are copied.
    count: usize,
    /// The first of them in the result.
    start: usize,
    /// Bytes of a step in the chunk.
    from: usize,
    /// Bytes of a step in the result.
    to: usize,
    /// Whether the chunk is as wide as the shape.
    whole: bool,
}

/// Copies along `axes`, the innermost first.
fn copy_axes(axes: &[Axis], from: &[u8], to: &mut [u8]) {
    let Some((axis, inner)) = axes.split_last() else {
        return;
    };
    let begin = axis.start.saturating_mul(axis.to);
    let Some(to) = to.get_mut(begin..) else {
        return;
    };
    if inner.is_empty() {
        let length = axis.count.saturating_mul(axis.from);
        if let (Some(from), Some(to)) = (from.get(..length), to.get_mut(..length)) {
            to.copy_from_slice(from);
        }
        return;
    }
    let rows = from.chunks(axis.from.max(1));
    for (from, to) in rows.zip(to.chunks_mut(axis.to.max(1))).take(axis.count) {
        copy_axes(inner, from, to);
    }
}

/// A length in a file as one in memory.
fn memory(length: u64) -> Result<usize> {
    usize::try_from(length).map_err(|_| {
        Error::new(
            ErrorKind::LimitExceeded,
            format!("{length} bytes do not fit in memory"),
        )
    })
}
