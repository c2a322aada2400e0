//! What a layer computes, as operations of a TensorFlow function: `spec/layers.md#lowering`.

mod activation;
mod call;
mod channels;
mod length;
mod network;
mod number;
mod random;
mod regularizer;
mod resize;
mod shape;
#[cfg(test)]
pub(crate) mod testing;
mod variables;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::Edge;

pub(crate) use activation::{apply, gelu};
pub use call::{Call, CallArgument};
pub(crate) use call::{CallOf, given_masks, is_floating};
pub(crate) use channels::{channels_last, in_format};
pub(crate) use length::l2_normalize;
pub(crate) use network::{
    Caller, Ends, Inline, LayerCall, LoweredTensor, cast_input, compute_dtype, is_training,
    lower_network,
};
pub(crate) use number::{numbers, single};
pub(crate) use random::{Seed, dropout, random_normal, random_uniform};
pub(crate) use regularizer::{activity_losses, activity_regularizer, penalty};
pub(crate) use resize::{Interpolation, height_and_width, resize};
pub(crate) use shape::{
    Part, merge_leading, reshape_like, reshape_to_parts, shape_like, size, split_leading,
    up_to_rank,
};
pub(crate) use variables::{Handle, Handles};

/// The masks of layers that give as many tensors as they take, with the same steps.
pub(crate) fn pass_masks<L>(_: &L, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
    Ok(call.masks().to_vec())
}

/// The mask of layers of one tensor whose call takes one: that which they are given goes on.
pub(crate) fn pass_given_mask<L>(_: &L, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
    Ok(vec![call.given_mask().cloned()])
}

/// What is computed by layers that pass their tensors on.
pub(crate) fn pass<L>(_: &L, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    Ok(call.tensors().to_vec())
}

/// That a class does not say what it computes.
#[cold]
pub(crate) fn unsupported() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "no traced function can be made for a layer of this class",
    )
    .with_hint(
        "register the class with a `lower` of its own, save without traces, or save as .h5: a \
         program that has the class loads those",
    )
}
