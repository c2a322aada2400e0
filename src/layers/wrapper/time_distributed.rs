//! A layer for each step of a sequence.

use std::borrow::Cow;

use super::{attributes, call_inner, name_of};
use crate::error::{Context, Result};
use crate::graph::{Edge, FunctionBuilder, Slice};
use crate::keras::Object;
use crate::layers::config::layer;
use crate::layers::lower::{
    LayerCall, LoweredTensor, activity_losses, merge_leading, split_leading,
};
use crate::layers::nest::{Inner, Nesting, nesting};
use crate::layers::shape::{Size, at_least, mismatch};
use crate::layers::{Call, CallArgument, Called, Inputs, Layer};
use crate::tensor::Shape;

layer! {
    /// Calls a layer, or a whole network, with each step of a sequence.
    ///
    /// Input `(batch, steps, …)`, output `(batch, steps, …)`, where the layer makes the rest of the
    /// one of the rest of the other. Variables: those of the layer, with its name in front.
    ///
    /// ```
    /// use hornfels::layers::{Dense, Inputs, Layer, TimeDistributed};
    /// let layer = TimeDistributed::new(Dense::new(5));
    /// let called = layer.call(&Inputs::one([None, Some(7), Some(3)]))?;
    /// assert_eq!(called.outputs[0].to_string(), "(None, 7, 5)");
    /// assert_eq!(called.variables[0].path, "dense/kernel");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    TimeDistributed(
        /// The layer.
        layer: Object as into,
    ) {}
}

impl Nesting for TimeDistributed {
    const ARGUMENTS: &'static [CallArgument] = &[CallArgument::Training, CallArgument::Mask];

    fn objects(&self) -> Vec<Cow<'_, Object>> {
        vec![Cow::Borrowed(&self.layer)]
    }

    fn lower_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let layer = the_layer(inner)?;
        let name = name_of(&self.layer);
        let sequence = call.tensor()?;
        let leading = at_least(call.shape()?, 3)?.0.iter().copied().take(2);
        let steps = merged(call)?;
        let inputs = Inputs::of(steps.iter().map(|it| it.shape.clone()));
        let made = call.nested(&name, |function, handles, training| {
            let call = LayerCall {
                class: layer.layer,
                dtype: layer.dtype,
                inputs: &inputs,
                tensors: &steps,
                training,
            };
            call.lower_unmasked(function, handles)
        });
        let (made, mut losses) = made.within(|| format!("layer `{name}`"))?;
        losses.extend(activity_losses(call.function, &self.layer, &made)?);
        losses.into_iter().for_each(|loss| call.add_loss(loss));
        let outputs = made.into_iter().map(|made| {
            let rest = made.shape.0.into_iter().skip(1);
            let shape = Shape(leading.clone().chain(rest).collect());
            split_leading(call.function, &made.value, &shape, sequence, 2)
        });
        outputs.collect()
    }

    fn masks_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        let layer = the_layer(inner)?;
        let steps = merged(call)?;
        let inputs = Inputs::of(steps.iter().map(|it| it.shape.clone()));
        let of_steps = LayerCall {
            class: layer.layer,
            dtype: layer.dtype,
            inputs: &inputs,
            tensors: &steps,
            training: call.training(),
        };
        let masks = of_steps.lower_masks(call.function)?;
        if masks.iter().any(Option::is_some) {
            let sequence = call.tensor()?;
            let masks = masks.into_iter().map(|mask| {
                mask.map(|it| split(call.function, &it, sequence))
                    .transpose()
            });
            return masks.collect();
        }
        let Some(mask) = call.given_mask() else {
            return Ok(Vec::new());
        };
        // A step counts if anything in it does.
        let f = &mut *call.function;
        let (rank, two, one) = (
            f.op("Rank").input(mask).one()?,
            f.constant(2_i32),
            f.constant(1_i32),
        );
        let axes = f.op("Range").input(&two).input(&rank).input(&one).one()?;
        let mask = f.op("Any").input(mask).input(&axes).one()?;
        Ok(vec![Some(mask)])
    }

    fn attributes_with(&self, inner: &[Inner<'_>], path: &str) -> Vec<String> {
        attributes(&[("layer", &name_of(&self.layer))], inner, path)
    }

    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        let steps: Size = at_least(inputs.first()?, 3)?.0.get(1).copied().flatten();
        let step = |input: &Shape| {
            let mut sizes = at_least(input, 2)?.0.clone();
            sizes.remove(1);
            Ok(Shape(sizes))
        };
        let step = inputs.all().iter().map(step).collect::<Result<Vec<_>>>()?;
        let (name, called) = call_inner(&self.layer, inner, &Inputs::of(step))?;
        let mut own = self.base.variables();
        own.add_inner(&name, called.variables);
        let outputs = called.outputs.into_iter().map(|mut output| {
            output.0.insert(output.rank().min(1), steps);
            output
        });
        Ok(Called {
            variables: own.finish(),
            outputs: outputs.collect(),
        })
    }
}

nesting!(TimeDistributed);

fn the_layer<'n>(inner: &[Inner<'n>]) -> Result<Inner<'n>> {
    let layer = inner.first().copied();
    layer.ok_or_else(|| mismatch("no layer, expected one"))
}

/// All steps of all samples, one after the other.
fn merged(call: &mut Call<'_>) -> Result<Vec<LoweredTensor>> {
    let mut steps = Vec::new();
    let masks = call.given_masks();
    let tensors = call.tensors().iter().zip(&masks);
    for ((x, mask), shape) in tensors.zip(call.inputs().all()) {
        let (leading, rest) = at_least(shape, 2)?.0.split_at(2);
        let count = leading.iter().copied().collect::<Option<Vec<u64>>>();
        let count = count.and_then(|sizes| sizes.into_iter().try_fold(1_u64, u64::checked_mul));
        steps.push(LoweredTensor {
            value: merge_leading(call.function, x, shape, 2)?,
            shape: Shape([count].into_iter().chain(rest.iter().copied()).collect()),
            mask: match mask {
                Some(mask) => Some(merge(call.function, mask)?),
                None => None,
            },
        });
    }
    Ok(steps)
}

/// The first two axes as one, whatever comes behind them.
fn merge(f: &mut FunctionBuilder, x: &Edge) -> Result<Edge> {
    let sizes = f.shape(x)?;
    let rest = f.slice(
        &sizes,
        &[Slice {
            begin: Some(2),
            end: None,
        }],
    )?;
    let all = f.constant([-1_i32]);
    let sizes = f.concat(&[all, rest], 0)?;
    f.reshape_to(x, &sizes)
}

/// The first axis as the first two of `like`.
fn split(f: &mut FunctionBuilder, x: &Edge, like: &Edge) -> Result<Edge> {
    let (like, own) = (f.shape(like)?, f.shape(x)?);
    let leading = f.slice(
        &like,
        &[Slice {
            begin: None,
            end: Some(2),
        }],
    )?;
    let rest = f.slice(
        &own,
        &[Slice {
            begin: Some(1),
            end: None,
        }],
    )?;
    let sizes = f.concat(&[leading, rest], 0)?;
    f.reshape_to(x, &sizes)
}
