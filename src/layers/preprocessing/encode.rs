//! Indices of categories, and vectors of them: `spec/layers.md#encodings`.

use serde_json::Value;

use crate::error::Result;
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::layers::Call;
use crate::layers::lower::{is_floating, single, unsupported};
use crate::layers::preprocessing::{CategoryEncoding, Discretization, HashedCrossing, Hashing};
use crate::layers::shape::mismatch;
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// How indices become what a layer gives.
pub(super) struct Encoding<'a> {
    pub(super) mode: &'a str,
    /// How many indices there are.
    pub(super) depth: u64,
    pub(super) is_sparse: bool,
}

impl Encoding<'_> {
    /// The indices, which have this shape, or vectors in their places; `weights` is what each
    /// index counts.
    pub(super) fn apply(
        &self,
        call: &mut Call<'_>,
        indices: &Edge,
        shape: &Shape,
        weights: Option<&Edge>,
    ) -> Result<Edge> {
        if self.is_sparse {
            return Err(unsupported());
        }
        let dtype = DataType::from(call.dtype());
        let f = &mut *call.function;
        match self.mode {
            // Indices are integers whatever the layer is said to compute in.
            "int" if is_floating(dtype) => f.cast(indices, DataType::DT_INT64),
            "int" => f.cast(indices, dtype),
            "one_hot" => self.one_hot(f, indices, shape, dtype),
            _ => self.counted(f, indices, weights, dtype),
        }
    }

    fn one_hot(
        &self,
        f: &mut FunctionBuilder,
        indices: &Edge,
        shape: &Shape,
        dtype: DataType,
    ) -> Result<Edge> {
        let mut indices = whole(f, indices)?;
        if shape.rank() > 1 && shape.0.last() == Some(&Some(1)) {
            indices = f.squeeze(&indices, &[-1])?;
        }
        let depth = f.constant(crate::layers::lower::size(Some(self.depth)));
        let on = f.constant(Constant::scalar(dtype, 1.0)?);
        let off = f.constant(Constant::scalar(dtype, 0.0)?);
        let one_hot = f.op("OneHot").input(&indices).input(&depth);
        one_hot.input(&on).input(&off).one()
    }

    /// Whether it does not matter how often there is something.
    pub(super) fn is_binary(&self) -> bool {
        !matches!(self.mode, "count" | "tf_idf" | "tf-idf")
    }

    /// One vector for each row: how often each index is in it, or only whether.
    pub(super) fn counted(
        &self,
        f: &mut FunctionBuilder,
        indices: &Edge,
        weights: Option<&Edge>,
        dtype: DataType,
    ) -> Result<Edge> {
        let indices = whole(f, indices)?;
        // The operation counts in no smaller type.
        let counts = match dtype {
            DataType::DT_HALF | DataType::DT_BFLOAT16 => DataType::DT_FLOAT,
            other => other,
        };
        let weights = match weights {
            Some(weights) => weights.clone(),
            None => f.constant(Vec::<f32>::new()),
        };
        let weights = f.cast(&weights, counts)?;
        let depth = Constant::from(i64::try_from(self.depth).unwrap_or(i64::MAX));
        let depth = f.constant(depth);
        let depth = f.cast(&depth, indices.dtype())?;
        let counted = f.op("DenseBincount").input(&indices).input(&depth);
        let counted = counted.input(&weights);
        let counted = counted.attr("binary_output", self.is_binary()).one()?;
        f.cast(&counted, dtype)
    }
}

/// Indices as integers.
fn whole(f: &mut FunctionBuilder, indices: &Edge) -> Result<Edge> {
    match indices.dtype() {
        DataType::DT_INT32 | DataType::DT_INT64 => Ok(indices.clone()),
        _ => f.cast(indices, DataType::DT_INT32),
    }
}

pub(super) fn categories(layer: &CategoryEncoding, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let encoding = Encoding {
        mode: &layer.output_mode,
        depth: layer.num_tokens.ok_or_else(|| {
            mismatch("a CategoryEncoding without `num_tokens`, expected their number")
        })?,
        is_sparse: layer.sparse,
    };
    let (x, shape) = (call.tensor()?, call.shape()?);
    let x = checked(call.function, x, shape.rank(), encoding.depth)?;
    // `count_weights`
    let weights = call.tensors().get(1);
    Ok(vec![encoding.apply(call, &x, shape, weights)?])
}

/// The indices, if all are among so many categories; else the function fails.
fn checked(f: &mut FunctionBuilder, x: &Edge, rank: usize, depth: u64) -> Result<Edge> {
    let axes: Vec<i32> = (0_i32..).take(rank).collect();
    let axes = f.constant(axes);
    let largest = f.op("Max").input(x).input(&axes).one()?;
    let least = f.op("Min").input(x).input(&axes).one()?;
    let number = f.number_like(x, depth as f64)?;
    let is_below = f.greater(&number, &largest)?;
    let zero = f.number_like(x, 0.0)?;
    let is_above = f.greater_equal(&least, &zero)?;
    let holds = f.logical_and(&is_below, &is_above)?;
    let message = format!("categories that are not numbers from 0 to below {depth}");
    let message = f.constant(Constant::string(message));
    let check = f.op("Assert").input(&holds).list([&message]).node()?;
    f.op("Identity").input(x).after(&check).one()
}

pub(super) fn bins(layer: &Discretization, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let Some(boundaries) = &layer.bin_boundaries else {
        return Err(mismatch(
            "bins that are learned from data, expected `bin_boundaries`",
        ));
    };
    let boundaries: Vec<f32> = boundaries.iter().copied().map(single).collect();
    let encoding = Encoding {
        mode: &layer.output_mode,
        depth: u64::try_from(boundaries.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1),
        is_sparse: layer.sparse,
    };
    let (x, shape) = (call.tensor()?, call.shape()?);
    let x = match x.dtype() {
        DataType::DT_HALF | DataType::DT_BFLOAT16 => call.function.cast(x, DataType::DT_FLOAT)?,
        _ => x.clone(),
    };
    let op = call.function.op("Bucketize").input(&x);
    let indices = op.attr("boundaries", boundaries).one()?;
    Ok(vec![encoding.apply(call, &indices, shape, None)?])
}

pub(super) fn hashes(layer: &Hashing, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let encoding = Encoding {
        mode: &layer.output_mode,
        depth: layer.num_bins,
        is_sparse: layer.sparse,
    };
    let (x, shape) = (call.tensor()?, call.shape()?);
    // The first bin is that of what stands for no category.
    let is_reserved = !layer.mask_value.is_null() && layer.num_bins > 1;
    let bins = layer.num_bins.saturating_sub(u64::from(is_reserved));
    let mut indices = hash(call.function, x, bins, &layer.salt)?;
    if is_reserved {
        let f = &mut *call.function;
        let nothing = match &layer.mask_value {
            Value::String(text) => f.constant(Constant::string(text)),
            number => f.number_like(x, number.as_f64().unwrap_or_default())?,
        };
        let is_nothing = f.op("Equal").input(x).input(&nothing).one()?;
        let one = f.number_like(&indices, 1.0)?;
        let others = f.add(&indices, &one)?;
        let zero = f.number_like(&indices, 0.0)?;
        indices = f.select(&is_nothing, &zero, &others)?;
    }
    Ok(vec![encoding.apply(call, &indices, shape, None)?])
}

/// The key of TensorFlow's hash of several categories.
const HASH_KEY: i64 = 0xDE_CAFC_AFFE;

pub(super) fn crossed(layer: &HashedCrossing, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let encoding = Encoding {
        mode: &layer.output_mode,
        depth: layer.num_bins,
        is_sparse: layer.sparse,
    };
    let (shape, tensors) = (call.shape()?, call.tensors());
    let f = &mut *call.function;
    let mut dense = Vec::new();
    let mut internal = DataType::DT_STRING;
    for tensor in tensors {
        let tensor = match tensor.dtype() {
            DataType::DT_STRING => tensor.clone(),
            _ => {
                internal = DataType::DT_INT64;
                f.cast(tensor, DataType::DT_INT64)?
            }
        };
        dense.push(f.reshape(&tensor, &[-1, 1])?);
    }
    let cross = f.op("SparseCross").list([]).list([]).list([]).list(&dense);
    let crossed = cross
        .attr("hashed_output", true)
        .attr(
            "num_buckets",
            i64::try_from(layer.num_bins).unwrap_or(i64::MAX),
        )
        .attr("hash_key", HASH_KEY)
        .attr("out_type", DataType::DT_INT64)
        .attr("internal_type", internal)
        .all()?;
    let [_, bins, _] = crossed.as_slice() else {
        return Err(mismatch("a cross without values"));
    };
    // There is one for each sample.
    let bins = match shape.rank() {
        0 | 1 => f.reshape(bins, &[-1])?,
        _ => f.reshape(bins, &[-1, 1])?,
    };
    Ok(vec![encoding.apply(call, &bins, shape, None)?])
}

fn hash(f: &mut FunctionBuilder, x: &Edge, bins: u64, salt: &Value) -> Result<Edge> {
    let text = match x.dtype() {
        DataType::DT_STRING => x.clone(),
        _ => f.op("AsString").input(x).one()?,
    };
    let bins = i64::try_from(bins).unwrap_or(i64::MAX);
    let key = match salt {
        Value::Null => {
            let hash = f.op("StringToHashBucketFast").input(&text);
            return hash.attr("num_buckets", bins).one();
        }
        Value::Array(both) => both.iter().map(Value::as_i64).collect(),
        one => one.as_i64().map(|salt| vec![salt; 2]),
    };
    let key: Vec<i64> =
        key.ok_or_else(|| mismatch(format!("the salt {salt}, expected one whole number or two")))?;
    let hash = f.op("StringToHashBucketStrong").input(&text);
    hash.attr("num_buckets", bins).attr("key", key).one()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lower::testing::Lowering;
    use crate::layers::{Inputs, Layer};

    #[track_caller]
    fn check(layer: impl Layer, fed: DataType, expected: &[&str]) {
        let input = Inputs::one([None, Some(3)]);
        Lowering::of(&layer, input).fed(fed).check(expected);
    }

    #[test]
    fn indices_are_integers_and_vectors_what_the_layer_computes_in() {
        let bins = |mode: &str| {
            Discretization::new()
                .bin_boundaries([0.0, 1.0])
                .output_mode(mode)
        };
        let float = DataType::DT_FLOAT;
        check(bins("int"), float, &["Bucketize", "Cast"]);
        check(bins("one_hot"), float, &["Bucketize", "OneHot"]);
        check(
            bins("count"),
            float,
            &["Bucketize", "Cast", "DenseBincount"],
        );
        check(
            bins("int"),
            DataType::DT_HALF,
            &["Cast", "Bucketize", "Cast"],
        );
        let learned = Discretization::new().num_bins(3_u64);
        assert!(
            Lowering::of(&learned, Inputs::one([2, 3]))
                .function()
                .is_err()
        );
        let sparse = bins("count").sparse(true);
        assert!(
            Lowering::of(&sparse, Inputs::one([2, 3]))
                .function()
                .is_err()
        );
    }

    #[test]
    fn categories_are_checked_before_they_are_counted() {
        let checked = [
            "Max",
            "Min",
            "Greater",
            "GreaterEqual",
            "LogicalAnd",
            "Assert",
            "Identity",
        ];
        let counted = [checked.as_slice(), &["Cast", "DenseBincount"]].concat();
        let layer = CategoryEncoding::new().num_tokens(4_u64);
        check(layer, DataType::DT_INT32, &counted);
        let layer = CategoryEncoding::new();
        assert!(
            Lowering::of(&layer, Inputs::one([2, 3]))
                .function()
                .is_err()
        );
    }

    #[test]
    fn several_categories_are_crossed() {
        let pair = Inputs::of([[None, Some(1)], [None, Some(1)]].map(Shape::from));
        let layer = HashedCrossing::new(7).dtype("int64");
        let expected = ["Reshape", "Reshape", "SparseCross", "Reshape"];
        Lowering::of(&layer, pair.clone())
            .fed(DataType::DT_INT64)
            .computing_in(crate::tensor::DType::Int64)
            .check(&expected);
        let layer = layer.output_mode("one_hot");
        let ops = Lowering::of(&layer, pair).fed(DataType::DT_STRING).ops();
        assert_eq!(ops.last().map(String::as_str), Some("OneHot"));
    }

    #[test]
    fn a_bin_is_reserved_for_what_stands_for_nothing() {
        let (text, number) = (DataType::DT_STRING, DataType::DT_INT64);
        check(Hashing::new(3), text, &["StringToHashBucketFast"]);
        check(
            Hashing::new(3),
            number,
            &["AsString", "StringToHashBucketFast"],
        );
        check(
            Hashing::new(3).mask_value(""),
            text,
            &["StringToHashBucketFast", "Equal", "AddV2", "SelectV2"],
        );
        check(
            Hashing::new(1).mask_value(""),
            text,
            &["StringToHashBucketFast"],
        );
        check(Hashing::new(3).salt(7), text, &["StringToHashBucketStrong"]);
        let salted = Hashing::new(3).salt("a");
        let lowering = Lowering::of(&salted, Inputs::one([2, 3])).fed(text);
        assert!(lowering.function().unwrap_err().message().contains("salt"));
    }
}
