//! What attention without heads computes: `spec/layers.md#attention`.

use serde_json::Value;

use super::{AdditiveAttention, Attention};
use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::Call;
use crate::layers::lower::{Seed, dropout};
use crate::layers::shape::mismatch;
use crate::proto::tensorflow::DataType;

/// How scores become weights.
pub(super) struct Weighing<'a> {
    pub(super) dropout: f64,
    pub(super) seed: Option<&'a Value>,
    pub(super) is_causal: bool,
}

/// The tensors of a call.
struct Tensors<'c> {
    query: &'c Edge,
    value: &'c Edge,
    key: &'c Edge,
}

impl<'c> Tensors<'c> {
    fn of(call: &Call<'c>) -> Result<Self> {
        let count = call.inputs().all().len();
        let (query, value, key) = match call.tensors().get(..count) {
            Some([query, value]) => (query, value, value),
            Some([query, value, key]) => (query, value, key),
            _ => return Err(mismatch("expected a query, a value and perhaps a key")),
        };
        Ok(Tensors { query, value, key })
    }
}

/// The values, weighed for each query by what `scores` says, and the weights if they are wanted.
pub(super) fn attend(
    call: &mut Call<'_>,
    weighing: &Weighing<'_>,
    scores: impl FnOnce(&mut Call<'_>) -> Result<Edge>,
) -> Result<Vec<Edge>> {
    let value = Tensors::of(call)?.value;
    let scores = scores(call)?;
    let given = call.given_masks();
    let mut masks = given.into_iter();
    let (of_query, of_value) = (masks.next().flatten(), masks.next().flatten());
    let is_causal = weighing.is_causal || call.flag("use_causal_mask");
    let (wants_weights, is_training) = (call.flag("return_attention_scores"), call.training());
    let f = &mut *call.function;
    let mut counts = match &of_value {
        Some(mask) => Some(f.expand_dims(mask, -2)?),
        None => None,
    };
    if is_causal {
        let sizes = f.shape(&scores)?;
        let (queries, values) = (f.size_at(&sizes, -2)?, f.size_at(&sizes, -1)?);
        let earlier = not_later(f, &queries, &values)?;
        counts = Some(match counts {
            Some(counts) => f.logical_and(&counts, &earlier)?,
            None => earlier,
        });
    }
    let scores = match &counts {
        Some(counts) => lowered(f, &scores, counts)?,
        None => scores,
    };
    let mut weights = f.softmax(&scores)?;
    if is_training && weighing.dropout > 0.0 {
        let shape = f.shape(&weights)?;
        let seed = Seed::of(weighing.seed.unwrap_or(&Value::Null));
        weights = dropout(f, &weights, weighing.dropout, &shape, seed)?;
    }
    let mut found = f.op("BatchMatMulV2").input(&weights).input(value).one()?;
    if let Some(mask) = &of_query {
        let mask = f.expand_dims(mask, -1)?;
        let mask = f.cast(&mask, found.dtype())?;
        found = f.mul(&found, &mask)?;
    }
    let weights = wants_weights.then_some(weights);
    Ok([found].into_iter().chain(weights).collect())
}

/// For each query, the values that are not later than it.
pub(super) fn not_later(f: &mut FunctionBuilder, queries: &Edge, values: &Edge) -> Result<Edge> {
    let mut count = |limit: &Edge, axis: i32| {
        let (start, step) = (f.constant(0_i32), f.constant(1_i32));
        let numbers = f
            .op("Range")
            .input(&start)
            .input(limit)
            .input(&step)
            .one()?;
        f.expand_dims(&numbers, axis)
    };
    let (rows, columns) = (count(queries, -1)?, count(values, 0)?);
    f.greater_equal(&rows, &columns)
}

/// Scores that are so low where nothing counts that their weight is 0.
fn lowered(f: &mut FunctionBuilder, scores: &Edge, counts: &Edge) -> Result<Edge> {
    let large = match scores.dtype() {
        DataType::DT_HALF => 65504.0,
        _ => 1e9,
    };
    let hides = f.op("LogicalNot").input(counts).one()?;
    let hides = f.cast(&hides, scores.dtype())?;
    let large = f.number_like(scores, large)?;
    let large = f.mul(&large, &hides)?;
    f.sub(scores, &large)
}

/// How well each key matches each query.
pub(super) fn scores(layer: &Attention, call: &mut Call<'_>) -> Result<Edge> {
    let Tensors { query, key, .. } = Tensors::of(call)?;
    let scale = match layer.use_scale {
        true => Some(call.read("scale")?),
        false => None,
    };
    match layer.score_mode.as_str() {
        "dot" => {
            let f = &mut *call.function;
            let products = f.op("BatchMatMulV2").input(query).input(key);
            let products = products.attr("adj_y", true).one()?;
            match scale {
                Some(scale) => f.mul(&products, &scale),
                None => Ok(products),
            }
        }
        "concat" => {
            let weight = call.read("concat_score_weight")?;
            let f = &mut *call.function;
            let mut sums = all_pairs(f, query, key)?;
            if let Some(scale) = scale {
                sums = f.mul(&scale, &sums)?;
            }
            let sums = f.tanh(&sums)?;
            let sum = f.sum(&sums, &[-1], false)?;
            f.mul(&weight, &sum)
        }
        other => Err(mismatch(format!(
            "the score mode `{other}`, expected `dot` or `concat`"
        ))),
    }
}

/// How well each key matches each query, by the sum of both.
pub(super) fn sums(layer: &AdditiveAttention, call: &mut Call<'_>) -> Result<Edge> {
    let Tensors { query, key, .. } = Tensors::of(call)?;
    let pairs = all_pairs(call.function, query, key)?;
    let mut sums = call.function.tanh(&pairs)?;
    if layer.use_scale {
        let scale = call.read("scale")?;
        sums = call.function.mul(&scale, &sums)?;
    }
    call.function.sum(&sums, &[-1], false)
}

/// The sum of each query and each key.
fn all_pairs(f: &mut FunctionBuilder, query: &Edge, key: &Edge) -> Result<Edge> {
    let query = f.expand_dims(query, -2)?;
    let key = f.expand_dims(key, -3)?;
    f.add(&query, &key)
}
