//! Tensors with their channels last, which is how TensorFlow's kernels for CPUs take them.

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::DataFormat;

/// The tensor with its channels last, of `rank` axes, the batch axis among them.
pub(crate) fn channels_last(
    f: &mut FunctionBuilder,
    x: &Edge,
    rank: usize,
    format: DataFormat,
) -> Result<Edge> {
    if format == DataFormat::ChannelsLast {
        return Ok(x.clone());
    }
    let spatial = (2_i32..).take(rank.saturating_sub(2));
    let order: Vec<i32> = [0].into_iter().chain(spatial).chain([1]).collect();
    f.transpose(x, &order)
}

/// The tensor, whose channels are last, as `format` wants it.
pub(crate) fn in_format(
    f: &mut FunctionBuilder,
    x: &Edge,
    rank: usize,
    format: DataFormat,
) -> Result<Edge> {
    if format == DataFormat::ChannelsLast {
        return Ok(x.clone());
    }
    let mut order: Vec<i32> = (0_i32..).take(rank.saturating_sub(1)).collect();
    let last = i32::try_from(order.len()).unwrap_or(i32::MAX);
    order.insert(1.min(order.len()), last);
    f.transpose(x, &order)
}
