//! One call of batch normalization: `spec/layers.md#lowering`.

use super::super::moments::{Affine, Moments};
use super::Statistics;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Constant, Edge};
use crate::keras::json;
use crate::layers::Call;
use crate::layers::lower::{single, size};
use crate::layers::shape::{axis, known};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

pub(super) fn lower(layer: &Statistics<'_>, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    if layer
        .base
        .rest("virtual_batch_size")
        .is_some_and(|it| !it.is_null())
    {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "no traced function can be made for a layer with `virtual_batch_size`",
        ));
    }
    // A layer that is not trained keeps to its moving statistics in training, too.
    let is_training = call.training() && layer.base.trainable;
    let x = call.function.cast(call.tensor()?, call.dtype().into())?;
    let format = fused_format(layer, call.shape()?, x.dtype())?;
    let y = match (format, is_training) {
        (Some(format), true) => fused(layer, call, &x, format, true)?,
        (Some("NHWC"), false) => fused(layer, call, &x, "NHWC", false)?,
        _ => plain(layer, call, &x, is_training)?,
    };
    Ok(vec![y])
}

/// The format of the operation that does all at once, where Keras uses that: its moving variance
/// is another one.
fn fused_format(
    layer: &Statistics<'_>,
    shape: &Shape,
    dtype: DataType,
) -> Result<Option<&'static str>> {
    let [along] = layer.axes.0.as_slice() else {
        return Ok(None);
    };
    if layer.has_renorm() || layer.synchronized || dtype == DataType::DT_DOUBLE {
        return Ok(None);
    }
    Ok(match (shape.rank(), axis(shape, *along)?) {
        (4, 1) => Some("NCHW"),
        (4, 3) => Some("NHWC"),
        (5, 1) => Some("NCDHW"),
        (5, 4) => Some("NDHWC"),
        _ => None,
    })
}

fn fused(
    layer: &Statistics<'_>,
    call: &mut Call<'_>,
    x: &Edge,
    format: &str,
    is_training: bool,
) -> Result<Edge> {
    let mean = call.read_as_stored("moving_mean")?;
    let variance = call.read_as_stored("moving_variance")?;
    let affine = affine(layer, call)?;
    let mut filled = |there: Option<Edge>, number| match there {
        Some(there) => Ok(there),
        None => {
            let sizes = layer.sizes(call.inputs().first()?)?;
            let sizes: Vec<i32> = sizes.into_iter().map(|it| size(Some(it))).collect();
            let sizes = call.function.constant(sizes);
            let number = call.function.number_like(&mean, number)?;
            call.function.op("Fill").input(&sizes).input(&number).one()
        }
    };
    let scale = filled(affine.scale, 1.0)?;
    let offset = filled(affine.offset, 0.0)?;
    let normalized = call
        .function
        .op("FusedBatchNormV3")
        .input(x)
        .input(&scale)
        .input(&offset);
    let normalized = normalized.input(&mean).input(&variance);
    let mut normalized = normalized
        .attr("epsilon", single(layer.epsilon))
        .attr("data_format", format)
        .attr("is_training", is_training);
    if is_training {
        normalized = normalized.attr("exponential_avg_factor", single(1.0 - layer.momentum));
    }
    let outputs = normalized.all()?;
    let [y, mean, variance, ..] = outputs.as_slice() else {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "the operation gives too little",
        ));
    };
    if is_training {
        for (path, value) in [("moving_mean", mean), ("moving_variance", variance)] {
            call.function.assign(call.resource(path)?, value)?;
        }
    }
    Ok(y.clone())
}

/// `gamma` and `beta`, as they are stored.
fn affine(layer: &Statistics<'_>, call: &mut Call<'_>) -> Result<Affine> {
    let scale = layer
        .gamma
        .map(|_| call.read_as_stored("gamma"))
        .transpose()?;
    let offset = layer
        .beta
        .map(|_| call.read_as_stored("beta"))
        .transpose()?;
    Ok(Affine { scale, offset })
}

fn plain(layer: &Statistics<'_>, call: &mut Call<'_>, x: &Edge, is_training: bool) -> Result<Edge> {
    // Halves could overflow.
    let given = x.dtype();
    let x = match given {
        DataType::DT_HALF | DataType::DT_BFLOAT16 => call.function.cast(x, DataType::DT_FLOAT)?,
        _ => x.clone(),
    };
    let axes = ReducedAxes::of(layer, call.shape()?)?;
    let affine = affine(layer, call)?;
    let affine = axes.stretched(call, affine)?;
    let (moments, affine) = match is_training {
        false => {
            let mean = call.read_as_stored("moving_mean")?;
            let variance = call.read_as_stored("moving_variance")?;
            (Moments { mean, variance }, affine)
        }
        true => {
            let moments = axes.moments(layer, call, &x)?;
            let affine = match layer.has_renorm() {
                false => affine,
                true => renormalized(layer, call, &moments, affine, &axes)?,
            };
            update(layer, call, &moments)?;
            (moments, affine)
        }
    };
    let moments = Moments {
        mean: axes.stretch(call, moments.mean)?,
        variance: axes.stretch(call, moments.variance)?,
    };
    let y = moments.normalize(call.function, &x, &affine, layer.epsilon)?;
    call.function.cast(&y, given)
}

/// The axes over which there is one mean.
struct ReducedAxes {
    axes: Vec<i32>,
    /// The shape in which a variable goes with the input, if it does not as it is.
    stretched: Option<Vec<i32>>,
    /// Whether variables have all axes of the input.
    keep_dims: bool,
}

impl ReducedAxes {
    fn of(layer: &Statistics<'_>, shape: &Shape) -> Result<ReducedAxes> {
        let kept = layer.axes.0.iter().map(|it| axis(shape, *it));
        let kept: Vec<usize> = kept.collect::<Result<_>>()?;
        let reduced = (0_i32..).zip(0..shape.rank());
        let reduced = reduced.filter(|(_, place)| !kept.contains(place));
        let mut stretched = None;
        if let [only] = *kept.as_slice()
            && only + 1 != shape.rank()
        {
            let mut sizes = vec![1_i32; shape.rank()];
            if let Some(at) = sizes.get_mut(only) {
                *at = size(Some(known(shape, only)?));
            }
            stretched = Some(sizes);
        }
        Ok(ReducedAxes {
            axes: reduced.map(|(axis, _)| axis).collect(),
            stretched,
            keep_dims: kept.len() > 1,
        })
    }

    fn stretch(&self, call: &mut Call<'_>, value: Edge) -> Result<Edge> {
        match &self.stretched {
            Some(sizes) => call.function.reshape(&value, sizes),
            None => Ok(value),
        }
    }

    fn stretched(&self, call: &mut Call<'_>, affine: Affine) -> Result<Affine> {
        let mut stretch = |value: Option<Edge>| value.map(|it| self.stretch(call, it)).transpose();
        Ok(Affine {
            scale: stretch(affine.scale)?,
            offset: stretch(affine.offset)?,
        })
    }

    /// Those of the batch, of the shape of the variables; steps that are masked do not count.
    fn moments(&self, layer: &Statistics<'_>, call: &mut Call<'_>, x: &Edge) -> Result<Moments> {
        let weights = match call.given_mask() {
            None => None,
            Some(mask) => {
                let weights = call.function.cast(mask, x.dtype())?;
                Some(call.function.expand_dims(&weights, -1)?)
            }
        };
        let f = &mut *call.function;
        let moments = match (layer.synchronized, &weights) {
            (true, weights) => Moments::of_sums(f, x, weights.as_ref(), &self.axes)?,
            (false, Some(weights)) => Moments::weighted(f, x, weights, &self.axes)?,
            (false, None) => Moments::of(f, x, &self.axes)?,
        };
        match self.keep_dims {
            true => Ok(moments),
            false => moments.squeezed(f, &self.axes),
        }
    }
}

/// Moves a variable towards a value, by so much as `momentum` leaves.
fn move_towards(call: &mut Call<'_>, path: &str, value: &Edge, momentum: f64) -> Result<()> {
    let variable = call.read_as_stored(path)?;
    let value = call.function.cast(value, variable.dtype())?;
    let distance = call.function.sub(&variable, &value)?;
    // Keras rounds it to single precision, whatever the variable's.
    let part = f64::from(single(1.0 - momentum));
    let part = call.function.number_like(&variable, part)?;
    let distance = call.function.mul(&distance, &part)?;
    let resource = call.resource(path)?;
    let assign = call.function.op("AssignSubVariableOp").input(resource);
    assign.input(&distance).node().map(drop)
}

/// Moves the statistics of later calls towards those of the batch.
fn update(layer: &Statistics<'_>, call: &mut Call<'_>, moments: &Moments) -> Result<()> {
    move_towards(call, "moving_mean", &moments.mean, layer.momentum)?;
    if !layer.has_renorm() {
        return move_towards(call, "moving_variance", &moments.variance, layer.momentum);
    }
    let deviation = deviation(layer, call, moments)?;
    move_towards(call, "moving_stddev", &deviation, layer.momentum)?;
    let moved = call.read_as_stored("moving_stddev")?;
    let f = &mut *call.function;
    let square = f.mul(&moved, &moved)?;
    let epsilon = f.number_like(&square, layer.epsilon)?;
    let variance = f.sub(&square, &epsilon)?;
    let variance = f.relu(&variance)?;
    let resource = call.resource("moving_variance")?;
    call.function.assign(resource, &variance)
}

/// `√(variance + epsilon)`.
fn deviation(layer: &Statistics<'_>, call: &mut Call<'_>, moments: &Moments) -> Result<Edge> {
    let f = &mut *call.function;
    let epsilon = f.number_like(&moments.variance, layer.epsilon)?;
    let variance = f.add(&moments.variance, &epsilon)?;
    f.sqrt(&variance)
}

/// What makes of numbers normalized by the batch nearly those normalized by the moving statistics:
/// the correction is limited, and has no gradient.
fn renormalized(
    layer: &Statistics<'_>,
    call: &mut Call<'_>,
    moments: &Moments,
    affine: Affine,
    axes: &ReducedAxes,
) -> Result<Affine> {
    let deviation = deviation(layer, call, moments)?;
    let past_mean = call.read_as_stored("renorm_mean")?;
    let past = call.read_as_stored("renorm_stddev")?;
    let least = Constant::scalar(past.dtype(), layer.epsilon.sqrt())?;
    let least = call.function.constant(least);
    let past = call.function.maximum(&past, &least)?;
    let factor = call.function.div(&deviation, &past)?;
    let shift = call.function.sub(&moments.mean, &past_mean)?;
    let shift = call.function.div(&shift, &past)?;
    let bound = |key: &str| {
        let clipping = layer.base.rest("renorm_clipping")?.get(key)?;
        json::number(clipping)
    };
    let factor = clipped(call, factor, bound("rmin"), bound("rmax"))?;
    let shift = clipped(call, shift, bound("dmax").map(|it| -it), bound("dmax"))?;
    let momentum = layer.base.rest("renorm_momentum").and_then(json::number);
    let momentum = momentum.unwrap_or(0.99);
    move_towards(call, "renorm_mean", &moments.mean, momentum)?;
    move_towards(call, "renorm_stddev", &deviation, momentum)?;
    let factor = call.function.op("StopGradient").input(&factor).one()?;
    let shift = call.function.op("StopGradient").input(&shift).one()?;
    let (mut factor, mut shift) = (axes.stretch(call, factor)?, axes.stretch(call, shift)?);
    if let Some(scale) = &affine.scale {
        factor = call.function.mul(&factor, scale)?;
        shift = call.function.mul(&shift, scale)?;
    }
    if let Some(offset) = &affine.offset {
        shift = call.function.add(&shift, offset)?;
    }
    Ok(Affine {
        scale: Some(factor),
        offset: Some(shift),
    })
}

/// Numbers between bounds, of which there may be none.
fn clipped(call: &mut Call<'_>, x: Edge, low: Option<f64>, high: Option<f64>) -> Result<Edge> {
    let f = &mut *call.function;
    let mut x = x;
    if let Some(low) = low {
        let low = f.number_like(&x, low)?;
        x = f.maximum(&x, &low)?;
    }
    if let Some(high) = high {
        let high = f.number_like(&x, high)?;
        x = f.minimum(&x, &high)?;
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use crate::keras::Object;
    use crate::layers::lower::testing::Lowering;
    use crate::layers::{BatchNormalization, Inputs, Layer, SyncBatchNormalization};
    use crate::proto::tensorflow::DataType;
    use crate::tensor::DType;
    use serde_json::json;

    const FUSED: &str = "FusedBatchNormV3";
    const READ: &str = "ReadVariableOp";
    const ROW: [Option<u64>; 2] = [None, Some(4)];
    const IMAGE: [Option<u64>; 4] = [None, Some(3), Some(3), Some(4)];
    const FILM: [Option<u64>; 5] = [None, Some(2), Some(3), Some(3), Some(4)];

    fn count(ops: &[String], name: &str) -> usize {
        ops.iter().filter(|op| *op == name).count()
    }

    #[test]
    fn all_at_once_where_keras_does() {
        #[track_caller]
        fn check(
            layer: &BatchNormalization,
            input: &[Option<u64>],
            inference: usize,
            training: usize,
        ) {
            let lowering = Lowering::of(layer, Inputs::one(input.to_vec()));
            assert_eq!(count(&lowering.ops(), FUSED), inference);
            assert_eq!(count(&lowering.training().ops(), FUSED), training);
        }
        let layer = BatchNormalization::new();
        check(&layer, &IMAGE, 1, 1);
        check(&layer, &ROW, 0, 0);
        check(&layer, &FILM, 0, 1);
        check(&layer.clone().axis(1), &IMAGE, 0, 1);
        check(&layer.clone().axis(2), &IMAGE, 0, 0);
        check(&layer.clone().axis([1, 3]), &IMAGE, 0, 0);
        check(&layer.clone().synchronized(true), &IMAGE, 0, 0);
        check(&layer.clone().dtype("mixed_float16"), &IMAGE, 1, 1);
    }

    #[test]
    fn double_precision_is_not_done_at_once() {
        let layer = BatchNormalization::new().dtype("float64");
        let lowering = Lowering::of(&layer, Inputs::one(IMAGE.to_vec())).fed(DataType::DT_DOUBLE);
        let found = lowering.computing_in(DType::Float64).training().ops();
        assert_eq!(count(&found, FUSED), 0);
    }

    #[test]
    fn by_moving_statistics() {
        let layer = BatchNormalization::new();
        Lowering::of(&layer, Inputs::one(ROW.to_vec())).check(&[
            READ, READ, READ, READ, "AddV2", "Rsqrt", "Mul", "Mul", "Mul", "Sub", "AddV2",
        ]);
        let bare = layer.center(false).scale(false);
        Lowering::of(&bare, Inputs::one(ROW.to_vec()))
            .check(&[READ, READ, "AddV2", "Rsqrt", "Mul", "Mul", "Sub"]);
        // What has no `gamma` and `beta` has ones and zeros in the operation for all.
        Lowering::of(&bare, Inputs::one(IMAGE.to_vec()))
            .check(&[READ, READ, "Fill", "Fill", FUSED]);
    }

    #[test]
    fn training_moves_the_statistics() {
        #[track_caller]
        fn check(layer: &dyn Layer, input: &[Option<u64>], assign: usize, assign_sub: usize) {
            let found = Lowering::of(layer, Inputs::one(input.to_vec()))
                .training()
                .ops();
            assert_eq!(count(&found, "AssignVariableOp"), assign, "{found:?}");
            assert_eq!(
                count(&found, "AssignSubVariableOp"),
                assign_sub,
                "{found:?}"
            );
        }
        let layer = BatchNormalization::new();
        check(&layer, &IMAGE, 2, 0);
        check(&layer, &ROW, 0, 2);
        check(&SyncBatchNormalization::new(), &IMAGE, 0, 2);
        check(&layer.clone().trainable(false), &IMAGE, 0, 0);
        check(&layer.clone().trainable(false), &ROW, 0, 0);
        let object = Object::from(layer)
            .with("renorm", true)
            .with("renorm_clipping", json!({"rmax": 3.0, "dmax": 5.0}));
        check(
            &BatchNormalization::from_object(&object).unwrap(),
            &IMAGE,
            1,
            4,
        );
    }

    #[test]
    fn masked_steps_do_not_count() {
        let layer = BatchNormalization::new();
        let steps = Inputs::one([None, Some(3), Some(4)]);
        let masked = Lowering::of(&layer, steps.clone()).masked();
        assert_eq!(count(&masked.ops(), "DivNoNan"), 0);
        assert_eq!(count(&masked.training().ops(), "DivNoNan"), 2);
        let given = steps.clone().with("mask", [[None, Some(3)].into()]);
        let given = Lowering::of(&layer, given);
        assert_eq!(count(&given.training().ops(), "DivNoNan"), 2);
        let layer = SyncBatchNormalization::new();
        let masked = Lowering::of(&layer, steps).masked().training().ops();
        assert_eq!(count(&masked, "Cast"), 1);
    }

    #[test]
    fn parts_of_a_batch_are_refused() {
        let object = Object::from(BatchNormalization::new()).with("virtual_batch_size", 2);
        let layer = BatchNormalization::from_object(&object).unwrap();
        let error = Lowering::of(&layer, Inputs::one(ROW.to_vec()))
            .function()
            .unwrap_err();
        assert_eq!(
            error.message(),
            "no traced function can be made for a layer with `virtual_batch_size`"
        );
    }
}
