//! What convolutions compute: `spec/layers.md#lowering`.
//!
//! TensorFlow's kernels for CPUs take channels last and two or three spatial axes, so that one axis
//! gets another of size 1 in front.

use super::plain::in_group;
use super::{Window, dilation, with_batches};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::lower::{apply, channels_last, in_format, merge_leading, split_leading};
use crate::layers::shape::{Size, mismatch, spatial};
use crate::layers::{Activation, Call, Padding};
use crate::tensor::Shape;

/// What happens after the windows.
pub(super) struct After<'l> {
    use_bias: bool,
    activation: &'l Activation,
}

impl<'l> After<'l> {
    pub(super) fn of(use_bias: bool, activation: &'l Activation) -> Self {
        After {
            use_bias,
            activation,
        }
    }
}

/// What is done at each place of a window.
struct Kernels {
    kernel: Edge,
    by: By,
    /// What then goes from channels to channels at each place.
    pointwise: Option<Edge>,
}

/// Which channels a kernel takes.
#[derive(Clone, Copy)]
enum By {
    /// All, or those of its group.
    Filter,
    /// Those of its group, by an operation for each group.
    Group(i64),
    /// One.
    Channel,
}

/// How a window moves along one axis.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    /// The size of the input.
    pub(super) input: Option<i32>,
    pub(super) window: i32,
    pub(super) stride: i32,
    pub(super) dilation: i32,
}

impl Axis {
    /// An axis of size 1 along which nothing moves.
    fn single(stride: i32) -> Self {
        Axis {
            input: Some(1),
            window: 1,
            stride,
            dilation: 1,
        }
    }

    /// How much farther than one point the window reaches.
    pub(super) fn reach(&self) -> i32 {
        self.window.saturating_sub(1).saturating_mul(self.dilation)
    }
}

impl Window<'_> {
    pub(super) fn is_dilated(&self) -> bool {
        self.dilation.iter().any(|rate| *rate > 1)
    }

    fn axes(&self, input: &Shape) -> Result<Vec<Axis>> {
        if self.is_dilated() && self.strides.iter().any(|stride| *stride > 1) {
            return Err(mismatch(
                "strides and dilation of more than 1, expected one of both at most",
            ));
        }
        let inputs = spatial(self.checked(input)?, self.format, self.size.len());
        let moves = self.size.iter().zip(self.strides).zip(self.dilation);
        let axes = inputs.into_iter().zip(moves);
        axes.map(|(input, ((window, stride), dilation))| {
            Ok(Axis {
                input: input.map(number).transpose()?,
                window: number(*window)?,
                stride: number(*stride)?,
                dilation: number(*dilation)?,
            })
        })
        .collect()
    }

    /// What TensorFlow calls the padding.
    fn word(&self) -> Result<&'static str> {
        match self.padding {
            Padding::Valid => Ok("VALID"),
            Padding::Same => Ok("SAME"),
            Padding::Causal => Err(mismatch("`causal` padding, expected `valid` or `same`")),
        }
    }
}

/// A size as graphs have it.
fn number(size: u64) -> Result<i32> {
    let number = i32::try_from(size).ok().filter(|size| *size > 0);
    number.ok_or_else(|| {
        mismatch(format!(
            "a size, window, stride or dilation of {size}, expected 1 to {}",
            i32::MAX
        ))
    })
}

/// What is between the axes of batch and channels, with 1 for these.
fn between(values: impl Iterator<Item = i32>) -> Vec<i64> {
    let one = std::iter::once(1);
    one.clone()
        .chain(values.map(i64::from))
        .chain(one)
        .collect()
}

pub(super) fn plain(
    call: &mut Call<'_>,
    window: &Window<'_>,
    filters: u64,
    groups: u64,
    after: &After<'_>,
) -> Result<Vec<Edge>> {
    let (whole, x) = (call.shape()?, call.tensor()?);
    let (batches, shape) = window.batches(whole)?;
    let output = with_batches(&batches, one(window.output(&shape, filters)?)?);
    let count = batches.rank();
    let merged = match count {
        1 => x.clone(),
        _ => merge_leading(call.function, x, whole, count)?,
    };
    let y = around(call, window, after, &merged, &output, |call, merged| {
        let kernels = grouped(call, window, window.channels(&shape)?, filters, groups)?;
        slide(call.function, window, merged, &shape, kernels)
    })?;
    Ok(vec![match count {
        1 => y,
        _ => split_leading(call.function, &y, &output, x, count)?,
    }])
}

pub(in crate::layers) fn one(shapes: Vec<Shape>) -> Result<Shape> {
    let first = shapes.into_iter().next();
    first.ok_or_else(|| mismatch("a layer without outputs, expected one"))
}

/// The convolution of `x`, which has that shape, with one kernel for all its channels; what it gives
/// has its channels last.
pub(in crate::layers) fn convolve_window(
    f: &mut FunctionBuilder,
    window: &Window<'_>,
    x: &Edge,
    shape: &Shape,
    kernel: Edge,
) -> Result<Edge> {
    let rank = window.size.len().saturating_add(2);
    let x = channels_last(f, x, rank, window.format)?;
    let kernels = Kernels {
        kernel,
        by: By::Filter,
        pointwise: None,
    };
    slide(f, window, &x, shape, kernels)
}

/// The kernels of a convolution whose channels are in groups.
///
/// An operation for all groups has no gradient on most CPUs, so that training has one for each;
/// where a group is one channel, an operation with a gradient does the same.
fn grouped(
    call: &mut Call<'_>,
    window: &Window<'_>,
    channels: u64,
    filters: u64,
    groups: u64,
) -> Result<Kernels> {
    let mut kernel = call.read("kernel")?;
    let in_group = in_group(channels, groups)?;
    let is_volume = window.size.len() > 2;
    let moves_evenly = window
        .strides
        .windows(2)
        .all(|pair| pair.first() == pair.last());
    let by = if groups == 1 {
        By::Filter
    } else if in_group == 1 && !is_volume && moves_evenly {
        let sizes = window.kernel(channels, filters / groups);
        let sizes: Vec<i32> = sizes.into_iter().map(number).collect::<Result<_>>()?;
        kernel = call.function.reshape(&kernel, &sizes)?;
        By::Channel
    } else if is_volume || call.training() {
        By::Group(i64::from(number(groups)?))
    } else {
        By::Filter
    };
    Ok(Kernels {
        kernel,
        by,
        pointwise: None,
    })
}

/// A convolution of each channel by itself, with the variable `kernel`; then, where `pointwise` names a
/// variable, one that joins the channels of a place.
pub(super) fn depthwise(
    call: &mut Call<'_>,
    window: &Window<'_>,
    output: Vec<Shape>,
    after: &After<'_>,
    (kernel, pointwise): (&str, Option<&str>),
) -> Result<Vec<Edge>> {
    let (x, shape) = (call.tensor()?, call.shape()?);
    let y = around(call, window, after, x, &one(output)?, |call, x| {
        let kernels = Kernels {
            kernel: call.read(kernel)?,
            by: By::Channel,
            pointwise: pointwise.map(|path| call.read(path)).transpose()?,
        };
        slide(call.function, window, x, shape, kernels)
    })?;
    Ok(vec![y])
}

/// A transposed convolution; `extra` is the output padding.
pub(super) fn transposed(
    call: &mut Call<'_>,
    window: &Window<'_>,
    extra: Option<&[u64]>,
    output: Vec<Shape>,
    after: &After<'_>,
) -> Result<Vec<Edge>> {
    let (x, shape, output) = (call.tensor()?, call.shape()?, one(output)?);
    let y = around(call, window, after, x, &output, |call, x| {
        let kernel = call.read("kernel")?;
        if window.is_dilated() {
            return flipped(call.function, window, x, shape, &output, &kernel);
        }
        backwards(call.function, window, extra, x, (shape, &output), &kernel)
    })?;
    Ok(vec![y])
}

/// What all convolutions do around what is their own: channels last, bias, activation.
fn around(
    call: &mut Call<'_>,
    window: &Window<'_>,
    after: &After<'_>,
    x: &Edge,
    output: &Shape,
    own: impl FnOnce(&mut Call<'_>, &Edge) -> Result<Edge>,
) -> Result<Edge> {
    let rank = window.size.len().saturating_add(2);
    let x = channels_last(call.function, x, rank, window.format)?;
    let mut y = own(call, &x)?;
    if after.use_bias {
        let bias = call.read("bias")?;
        y = call.function.bias_add(&y, &bias)?;
    }
    let y = in_format(call.function, &y, rank, window.format)?;
    apply(call, after.activation, &y, output)
}

/// Applies kernels at each place of a window; `x` has its channels last, `input` is its shape in
/// the format of the window.
fn slide(
    f: &mut FunctionBuilder,
    window: &Window<'_>,
    x: &Edge,
    input: &Shape,
    mut kernels: Kernels,
) -> Result<Edge> {
    let (mut x, mut axes) = (x.clone(), window.axes(input)?);
    let padding = match window.padding {
        Padding::Causal if axes.len() == 1 => {
            for axis in &mut axes {
                x = f.pad(&x, &[(0, 0), (axis.reach(), 0), (0, 0)])?;
                axis.input = axis.input.map(|size| size.saturating_add(axis.reach()));
            }
            "VALID"
        }
        _ => window.word()?,
    };
    let is_line = axes.len() == 1;
    if is_line {
        let stride = axes.first().map_or(1, |axis| axis.stride);
        axes.insert(0, Axis::single(stride));
        x = f.expand_dims(&x, 1)?;
        kernels.kernel = f.expand_dims(&kernels.kernel, 0)?;
        let pointwise = kernels.pointwise.as_ref();
        kernels.pointwise = pointwise.map(|it| f.expand_dims(it, 0)).transpose()?;
    }
    let strides = between(axes.iter().map(|axis| axis.stride));
    let mut y = match window.is_dilated() {
        true => dilation::apart(f, &x, &axes, padding == "SAME", |f, x| {
            kernels.apply(f, x, &strides, "VALID")
        })?,
        false => kernels.apply(f, &x, &strides, padding)?,
    };
    if let Some(pointwise) = &kernels.pointwise {
        y = convolve(f, &y, pointwise, &[1; 4], "VALID")?;
    }
    match is_line {
        true => f.squeeze(&y, &[1]),
        false => Ok(y),
    }
}

impl Kernels {
    fn apply(
        &self,
        f: &mut FunctionBuilder,
        x: &Edge,
        strides: &[i64],
        padding: &str,
    ) -> Result<Edge> {
        match self.by {
            By::Filter => convolve(f, x, &self.kernel, strides, padding),
            By::Channel => {
                let op = f.op("DepthwiseConv2dNative").input(x).input(&self.kernel);
                let op = op.attr("strides", strides.to_vec());
                op.attr("padding", padding).one()
            }
            By::Group(count) => {
                let parts = f.split(x, -1, count)?.into_iter();
                let kernels = f.split(&self.kernel, -1, count)?;
                let groups = parts.zip(kernels);
                let groups = groups.map(|(x, kernel)| convolve(f, &x, &kernel, strides, padding));
                let groups: Vec<Edge> = groups.collect::<Result<_>>()?;
                f.concat(&groups, -1)
            }
        }
    }
}

fn convolve(
    f: &mut FunctionBuilder,
    x: &Edge,
    kernel: &Edge,
    strides: &[i64],
    padding: &str,
) -> Result<Edge> {
    let op = match strides.len() {
        5 => "Conv3D",
        _ => "Conv2D",
    };
    let op = f.op(op).input(x).input(kernel);
    let op = op.attr("strides", strides.to_vec());
    op.attr("padding", padding).one()
}

/// From what a convolution gives to what it takes.
fn backwards(
    f: &mut FunctionBuilder,
    window: &Window<'_>,
    extra: Option<&[u64]>,
    x: &Edge,
    (input, output): (&Shape, &Shape),
    kernel: &Edge,
) -> Result<Edge> {
    let (padding, mut axes) = (window.word()?, window.axes(input)?);
    let sizes = unfolded(f, window, extra, x, output)?;
    let (mut x, mut kernel) = (x.clone(), kernel.clone());
    let is_line = axes.len() == 1;
    if is_line {
        axes.insert(0, Axis::single(1));
        x = f.expand_dims(&x, 1)?;
        kernel = f.expand_dims(&kernel, 0)?;
    }
    let op = match axes.len() {
        3 => "Conv3DBackpropInputV2",
        _ => "Conv2DBackpropInput",
    };
    let op = f.op(op).input(&sizes).input(&kernel).input(&x);
    let strides = between(axes.iter().map(|axis| axis.stride));
    let y = op.attr("strides", strides).attr("padding", padding).one()?;
    match is_line {
        true => f.squeeze(&y, &[1]),
        false => Ok(y),
    }
}

/// The sizes of an output as a tensor, channels last.
fn unfolded(
    f: &mut FunctionBuilder,
    window: &Window<'_>,
    extra: Option<&[u64]>,
    x: &Edge,
    output: &Shape,
) -> Result<Edge> {
    let count = window.size.len();
    let batch = output.0.first().copied().flatten();
    let spatial = spatial(output, window.format, count);
    let channels = window.channels(output)?;
    let line = (count == 1).then_some(Some(1));
    let all = [batch]
        .into_iter()
        .chain(line)
        .chain(spatial.iter().copied());
    let all: Vec<Size> = all.chain([Some(channels)]).collect();
    if let Some(known) = all.into_iter().collect::<Option<Vec<u64>>>() {
        let known: Vec<i32> = known.into_iter().map(number).collect::<Result<_>>()?;
        return Ok(f.constant(known));
    }
    let found = f.shape(x)?;
    let mut parts = vec![f.size_at(&found, 0)?];
    if count == 1 {
        parts.push(f.constant(1_i32));
    }
    for (axis, size) in spatial.into_iter().enumerate() {
        parts.push(match size {
            Some(size) => f.constant(number(size)?),
            None => {
                let extra = extra.and_then(|extra| extra.get(axis).copied());
                let (stride, offset) = window.unfolding(axis, extra);
                let at = i32::try_from(axis.saturating_add(1)).unwrap_or(i32::MAX);
                let size = f.size_at(&found, at)?;
                let stride = f.constant(number(stride)?);
                let size = f.mul(&size, &stride)?;
                let offset = i32::try_from(offset).unwrap_or(i32::MAX);
                let offset = f.constant(offset);
                f.add(&size, &offset)?
            }
        });
    }
    parts.push(f.constant(number(channels)?));
    f.pack(&parts)
}

/// A transposed convolution whose window is dilated, and thus moves by 1: a convolution of the
/// padded input with the kernel from its end to its start.
fn flipped(
    f: &mut FunctionBuilder,
    window: &Window<'_>,
    x: &Edge,
    input: &Shape,
    output: &Shape,
    kernel: &Edge,
) -> Result<Edge> {
    let is_same = window.word()? == "SAME";
    let (axes, count) = (window.axes(input)?, window.size.len());
    let sizes = |shape| spatial(shape, window.format, count);
    if is_same && sizes(input) != sizes(output) {
        return Err(mismatch(format!(
            "an output of shape {output}, expected the sizes of the input {input}"
        )));
    }
    let borders = axes.iter().map(|axis| {
        let reach = axis.reach();
        match is_same {
            true => (reach.saturating_sub(reach / 2), reach / 2),
            false => (reach, reach),
        }
    });
    let borders = [(0, 0)].into_iter().chain(borders).chain([(0, 0)]);
    let x = f.pad(x, &borders.collect::<Vec<(i32, i32)>>())?;
    let spatial: Vec<i32> = (0_i32..).take(count).collect();
    let along = f.constant(spatial.as_slice());
    let kernel = f.op("ReverseV2").input(kernel).input(&along).one()?;
    let last = i32::try_from(count).unwrap_or(i32::MAX);
    let order: Vec<i32> = spatial
        .into_iter()
        .chain([last.saturating_add(1), last])
        .collect();
    let kernels = Kernels {
        kernel: f.transpose(&kernel, &order)?,
        by: By::Filter,
        pointwise: None,
    };
    let window = Window {
        padding: Padding::Valid,
        ..*window
    };
    slide(
        f,
        &window,
        &x,
        &padded(&window, input, &axes, is_same),
        kernels,
    )
}

/// The shape of an input after its borders were added.
fn padded(window: &Window<'_>, input: &Shape, axes: &[Axis], is_same: bool) -> Shape {
    let sizes = axes.iter().map(|axis| {
        let reach = axis.reach();
        let both = match is_same {
            true => reach,
            false => reach.saturating_mul(2),
        };
        let size = axis.input?.checked_add(both)?;
        u64::try_from(size).ok()
    });
    let sizes: Vec<Size> = sizes.collect();
    crate::layers::shape::with_spatial(input, window.format, &sizes, None)
}
