//! Random numbers, which layers draw in training: `spec/layers.md#lowering`.

use serde_json::Value;

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::proto::tensorflow::DataType;

/// What decides which numbers come: both 0 for others in every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seed(i64, i64);

/// TensorFlow's seed of graphs that were not given one.
const OF_GRAPHS: i64 = 87_654_321;

impl Seed {
    /// What a layer is given as `seed`: a number, or a generator that began with one.
    pub(crate) fn of(seed: &Value) -> Seed {
        let number = seed.pointer("/config/seed").unwrap_or(seed).as_i64();
        number.map_or(Seed::default(), |number| Seed(OF_GRAPHS, number))
    }
}

/// Numbers from 0 to 1, without 1.
pub(crate) fn random_uniform(
    f: &mut FunctionBuilder,
    shape: &Edge,
    dtype: DataType,
    seed: Seed,
) -> Result<Edge> {
    draw(f, "RandomUniform", shape, dtype, seed)
}

/// Numbers of the normal distribution with mean 0 and deviation 1.
pub(crate) fn random_normal(
    f: &mut FunctionBuilder,
    shape: &Edge,
    dtype: DataType,
    seed: Seed,
) -> Result<Edge> {
    draw(f, "RandomStandardNormal", shape, dtype, seed)
}

fn draw(
    f: &mut FunctionBuilder,
    op: &str,
    shape: &Edge,
    dtype: DataType,
    seed: Seed,
) -> Result<Edge> {
    let op = f.op(op).input(shape).attr("dtype", dtype);
    op.attr("seed", seed.0).attr("seed2", seed.1).one()
}

/// In training, makes a share of the elements 0 and the others larger, so that the mean stays.
/// `noise_shape` is that of what is drawn: along an axis of size 1 all elements share one draw.
pub(crate) fn dropout(
    f: &mut FunctionBuilder,
    x: &Edge,
    rate: f64,
    noise_shape: &Edge,
    seed: Seed,
) -> Result<Edge> {
    if rate >= 1.0 {
        return f.zeros_like(x);
    }
    let factor = f.number_like(x, 1.0 / (1.0 - rate))?;
    let larger = f.mul(x, &factor)?;
    let drawn = random_uniform(f, noise_shape, x.dtype(), seed)?;
    let rate = f.number_like(x, rate)?;
    let is_kept = f.greater_equal(&drawn, &rate)?;
    let zero = f.number_like(x, 0.0)?;
    f.select(&is_kept, &larger, &zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn seeds_are_numbers_or_in_generators() {
        assert_eq!(Seed::of(&json!(3)), Seed(OF_GRAPHS, 3));
        let generator = json!({"class_name": "SeedGenerator", "config": {"seed": 1337}});
        assert_eq!(Seed::of(&generator), Seed(OF_GRAPHS, 1337));
        assert_eq!(Seed::of(&Value::Null), Seed::default());
    }
}
