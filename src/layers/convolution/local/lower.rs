//! What convolutions with a kernel of its own at every place compute.

use super::{Axis, Local};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::layers::lower::{channels_last, in_format};
use crate::layers::shape::mismatch;
use crate::layers::{Call, DataFormat, Padding};
use crate::tensor::Tensor;

/// As many numbers may become part of a graph, which has to stay well below 2 GiB.
const MOST: u64 = 1 << 24;

impl Local<'_> {
    /// Everything but the activation.
    pub(super) fn lower(
        &self,
        call: &mut Call<'_>,
        implementation: u64,
        bias: Option<&Edge>,
    ) -> Result<Edge> {
        let kernel = call.read("kernel")?;
        let (x, f) = (call.tensor()?, &mut *call.function);
        let y = match implementation {
            1 => self.by_places(f, x, &kernel)?,
            2 => self.by_mask(f, x, &kernel)?,
            _ => self.by_pairs(f, x, &kernel)?,
        };
        let Some(bias) = bias else {
            return Ok(y);
        };
        if self.window.format == DataFormat::ChannelsLast {
            return f.add(&y, bias);
        }
        // Keras takes the numbers as they lie, channels last, for those of channels first.
        let sizes = self.reshaping(&self.places, self.filters, 1)?;
        let bias = f.reshape(bias, &sizes)?;
        f.add(&y, &bias)
    }

    /// The windows one after the other, each multiplied with the matrix of its place.
    fn by_places(&self, f: &mut FunctionBuilder, x: &Edge, kernel: &Edge) -> Result<Edge> {
        if self.window.padding != Padding::Valid {
            return Err(mismatch(
                "padding with `implementation` 1, expected `valid` without any",
            ));
        }
        let format = self.window.format;
        let (rank, channels) = (self.input.len().saturating_add(2), int(self.channels)?);
        let x = channels_last(f, x, rank, format)?;
        let spatial = int(self.count(self.input.iter().copied())?)?;
        let x = f.reshape(&x, &[-1, spatial, channels])?;
        let steps = steps(&self.input);
        let moves = steps.iter().zip(self.window.strides);
        let moves: Vec<u64> = moves
            .map(|(step, stride)| step.saturating_mul(*stride))
            .collect();
        let (starts, offsets) = (
            places(&self.places, &moves)?,
            places(self.window.size, &steps)?,
        );
        let (count, window) = (length(&starts), length(&offsets));
        let starts = f.constant(Constant::from(&Tensor::new(&starts, [count, 1])?));
        let offsets = f.constant(offsets);
        let indices = f.add(&starts, &offsets)?;
        let axis = f.constant(1_i32);
        let windows = f.op("GatherV2").input(&x).input(&indices);
        let windows = windows.input(&axis).one()?;
        let order = match format {
            DataFormat::ChannelsLast => [1, 0, 2, 3],
            DataFormat::ChannelsFirst => [1, 0, 3, 2],
        };
        let windows = f.transpose(&windows, &order)?;
        let features = int(window.saturating_mul(self.channels))?;
        let windows = f.reshape(&windows, &[int(count)?, -1, features])?;
        let y = f.op("BatchMatMulV2").input(&windows).input(kernel).one()?;
        let y = f.transpose(&y, &[1, 0, 2])?;
        let sizes = self.places.iter().copied().chain([self.filters]);
        let sizes = std::iter::once(Ok(-1)).chain(sizes.map(int));
        let y = f.reshape(&y, &sizes.collect::<Result<Vec<i32>>>()?)?;
        in_format(f, &y, rank, format)
    }

    /// One matrix for all, with zeros between places that are not connected.
    fn by_mask(&self, f: &mut FunctionBuilder, x: &Edge, kernel: &Edge) -> Result<Edge> {
        let mut mask: Option<Edge> = None;
        for (place, axis) in self.axes().enumerate() {
            let own = self.mask(place, &axis)?;
            let own = f.constant(Constant::from(&own));
            mask = Some(match mask {
                Some(mask) => f.mul(&mask, &own)?,
                None => own,
            });
        }
        let mask = mask.ok_or_else(|| mismatch("no axes, expected one or two"))?;
        let mask = f.cast(&mask, kernel.dtype())?;
        let kernel = f.mul(&mask, kernel)?;
        let (input, output) = self.sides()?;
        let kernel = f.reshape(&kernel, &[int(input)?, int(output)?])?;
        let x = f.reshape(x, &[-1, int(input)?])?;
        let y = f.mat_mul(&x, &kernel)?;
        self.unflattened(f, &y)
    }

    /// 1 where a place of the input is connected to one of the output along an axis.
    fn mask(&self, place: usize, axis: &Axis) -> Result<Tensor<'static>> {
        let len = few(axis.input.saturating_mul(axis.places))?;
        let (mut flat, places) = (vec![0.0_f32; len], usize::try_from(axis.places));
        for (at, output) in (0..axis.places).enumerate() {
            for input in axis.connected(output) {
                let row = usize::try_from(input).ok().zip(places.as_ref().ok());
                let at = row.and_then(|(row, places)| row.checked_mul(*places)?.checked_add(at));
                if let Some(element) = at.and_then(|at| flat.get_mut(at)) {
                    *element = 1.0;
                }
            }
        }
        let one = |sizes: &[u64], size| {
            let each = sizes.iter().enumerate();
            let sizes: Vec<u64> = each
                .map(|(at, _)| if at == place { size } else { 1 })
                .collect();
            self.with_channels(&sizes, 1)
        };
        let sizes = [one(&self.input, axis.input), one(&self.places, axis.places)];
        Tensor::from_vec(flat, sizes.concat())
    }

    /// One sparse matrix, from inputs to outputs.
    fn by_pairs(&self, f: &mut FunctionBuilder, x: &Edge, kernel: &Edge) -> Result<Edge> {
        let (input, output) = self.sides()?;
        let pairs = self.pairs()?;
        let count = length(&pairs) / 2;
        let pairs = f.constant(Constant::from(&Tensor::new(&pairs, [count, 2])?));
        let sizes = f.constant([i64::from(int(output)?), i64::from(int(input)?)]);
        let x = f.reshape(x, &[-1, int(input)?])?;
        let y = f.op("SparseTensorDenseMatMul").input(&pairs).input(kernel);
        let y = y.input(&sizes).input(&x).attr("adjoint_b", true).one()?;
        let y = f.transpose(&y, &[1, 0])?;
        self.unflattened(f, &y)
    }

    /// The places of the sparse matrix that weights have, an output and an input each, in order.
    fn pairs(&self) -> Result<Vec<i64>> {
        let weights = [self.connected()?, self.channels, self.filters];
        let mut pairs = Vec::with_capacity(few(self.count(weights)?)?.saturating_mul(2));
        let connected = self.connections()?;
        let (places, spatial) = (length(&connected), self.count(self.input.iter().copied())?);
        let mut add = |output: u64, input: u64| {
            let both = [output, input].map(|index| i64::try_from(index).unwrap_or(i64::MAX));
            pairs.extend(both);
        };
        match self.window.format {
            DataFormat::ChannelsLast => {
                for (place, inputs) in (0..).zip(&connected) {
                    for filter in 0..self.filters {
                        for input in inputs {
                            for channel in 0..self.channels {
                                add(
                                    place * self.filters + filter,
                                    input * self.channels + channel,
                                );
                            }
                        }
                    }
                }
            }
            DataFormat::ChannelsFirst => {
                for filter in 0..self.filters {
                    for (place, inputs) in (0..).zip(&connected) {
                        for channel in 0..self.channels {
                            for input in inputs {
                                add(filter * places + place, channel * spatial + input);
                            }
                        }
                    }
                }
            }
        }
        Ok(pairs)
    }

    /// The places of the input that each place of the output is connected to.
    fn connections(&self) -> Result<Vec<Vec<u64>>> {
        few(self.connected()?)?;
        let mut all = vec![vec![0_u64]];
        for axis in self.axes() {
            let ranges: Vec<_> = (0..axis.places)
                .map(|place| axis.connected(place))
                .collect();
            all = all
                .iter()
                .flat_map(|outer| {
                    ranges.iter().map(|range| {
                        let inner = |row: &u64| {
                            let row = row.saturating_mul(axis.input);
                            range.clone().map(move |column| row.saturating_add(column))
                        };
                        outer.iter().flat_map(inner).collect()
                    })
                })
                .collect();
        }
        Ok(all)
    }

    /// How many numbers a sample has, and how many it becomes.
    fn sides(&self) -> Result<(u64, u64)> {
        let input = self.input.iter().copied().chain([self.channels]);
        let output = self.places.iter().copied().chain([self.filters]);
        Ok((self.count(input)?, self.count(output)?))
    }

    /// The samples of an output, whose numbers are one after the other, in their shape.
    fn unflattened(&self, f: &mut FunctionBuilder, y: &Edge) -> Result<Edge> {
        let sizes = self.reshaping(&self.places, self.filters, -1)?;
        f.reshape(y, &sizes)
    }

    /// Sizes with those of the batch and the channels, in the format there is.
    fn reshaping(&self, spatial: &[u64], channels: u64, batch: i32) -> Result<Vec<i32>> {
        let sizes = self.with_channels(spatial, channels).into_iter().map(int);
        std::iter::once(Ok(batch)).chain(sizes).collect()
    }
}

/// How far apart neighbours are along each axis, if all numbers lie one after the other.
fn steps(sizes: &[u64]) -> Vec<u64> {
    let after = |axis: usize| sizes.iter().skip(axis.saturating_add(1));
    let step = |axis| after(axis).fold(1_u64, |step, size| step.saturating_mul(*size));
    (0..sizes.len()).map(step).collect()
}

/// Where the elements of a block are, whose neighbours are `steps` apart.
fn places(sizes: &[u64], steps: &[u64]) -> Result<Vec<i32>> {
    few(sizes
        .iter()
        .fold(1, |count: u64, size| count.saturating_mul(*size)))?;
    let mut all = vec![0_u64];
    for (size, step) in sizes.iter().zip(steps) {
        let inner = |start: &u64| {
            let start = *start;
            (0..*size).map(move |place| place.saturating_mul(*step).saturating_add(start))
        };
        all = all.iter().flat_map(inner).collect();
    }
    all.into_iter().map(int).collect()
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

fn int(size: u64) -> Result<i32> {
    i32::try_from(size).map_err(|_| too_large(size))
}

/// A number of elements that a graph can hold.
fn few(count: u64) -> Result<usize> {
    let few = usize::try_from(count).ok().filter(|_| count <= MOST);
    few.ok_or_else(|| too_large(count))
}

#[cold]
fn too_large(count: u64) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("a graph that would hold {count} indices, expected {MOST} at most"),
    )
    .with_hint("save without traces, or save as .h5")
}
