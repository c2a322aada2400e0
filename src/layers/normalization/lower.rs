//! One call of what normalizes each sample: `spec/layers.md#lowering`.

use super::moments::{Affine, Moments};
use super::{GroupNormalization, LayerNormalization, UnitNormalization};
use crate::error::Result;
use crate::graph::Edge;
use crate::layers::Call;
use crate::layers::lower::{Part, l2_normalize, reshape_to_parts, size, unsupported};
use crate::layers::shape::{axis, known};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// The axes of a shape as operations take them.
fn places(shape: &Shape, axes: &[i64]) -> Result<Vec<usize>> {
    axes.iter().map(|along| axis(shape, *along)).collect()
}

fn as_axes(places: &[usize]) -> Vec<i32> {
    let axis = |place: &usize| i32::try_from(*place).unwrap_or(i32::MAX);
    places.iter().map(axis).collect()
}

/// Variables in the shape in which they go with the input.
fn read_affine(
    call: &mut Call<'_>,
    scale: bool,
    center: bool,
    mut read: impl FnMut(&mut Call<'_>, &str) -> Result<Edge>,
) -> Result<Affine> {
    Ok(Affine {
        scale: scale.then(|| read(call, "gamma")).transpose()?,
        offset: center.then(|| read(call, "beta")).transpose()?,
    })
}

pub(super) fn layer_normalization(
    layer: &LayerNormalization,
    call: &mut Call<'_>,
) -> Result<Vec<Edge>> {
    if layer.rms_scaling {
        return Err(unsupported());
    }
    let shape = call.shape()?;
    let x = call.function.cast(call.tensor()?, call.dtype().into())?;
    let places = places(shape, &layer.axis.0)?;
    let affine = read_affine(call, layer.scale, layer.center, |call, path| {
        let value = call.read_as_stored(path)?;
        stretched(call, &value, shape, &places)
    })?;
    let given = x.dtype();
    let is_mixed = layer.base.dtype.variable_dtype() != call.dtype();
    let axes = as_axes(&places);
    let f = &mut *call.function;
    let x = match is_mixed {
        true => f.cast(&x, DataType::DT_FLOAT)?,
        false => x,
    };
    let moments = Moments::of(f, &x, &axes)?;
    if !is_mixed || !is_last(&places, shape.rank()) || layer.epsilon < LEAST_FUSED_EPSILON {
        let y = moments.normalize(f, &x, &affine, layer.epsilon)?;
        return Ok(vec![f.cast(&y, given)?]);
    }
    // Keras has an operation that rounds before it scales.
    let y = moments.normalize(f, &x, &Affine::default(), layer.epsilon)?;
    let mut y = f.cast(&y, given)?;
    if let Some(scale) = &affine.scale {
        let scale = f.cast(scale, given)?;
        y = f.mul(&y, &scale)?;
    }
    if let Some(offset) = &affine.offset {
        let offset = f.cast(offset, given)?;
        y = f.add(&y, &offset)?;
    }
    Ok(vec![y])
}

/// The least `epsilon` for which Keras uses an operation of TensorFlow's.
const LEAST_FUSED_EPSILON: f64 = 1.001e-5;

/// Whether these are the last axes, in whatever order.
fn is_last(places: &[usize], rank: usize) -> bool {
    (rank.saturating_sub(places.len())..rank).all(|place| places.contains(&place))
}

/// A variable with the sizes of these axes of the input, with 1 for all others.
fn stretched(call: &mut Call<'_>, value: &Edge, shape: &Shape, places: &[usize]) -> Result<Edge> {
    let is_last = |place: &usize| place.saturating_add(1) == shape.rank();
    if places.len() == shape.rank() || matches!(places, [only] if is_last(only)) {
        return Ok(value.clone());
    }
    let mut sizes = vec![1_i32; shape.rank()];
    for place in places {
        if let Some(at) = sizes.get_mut(*place) {
            *at = size(Some(known(shape, *place)?));
        }
    }
    call.function.reshape(value, &sizes)
}

pub(super) fn group_normalization(
    layer: &GroupNormalization,
    call: &mut Call<'_>,
) -> Result<Vec<Edge>> {
    let (x, shape) = (call.tensor()?, call.shape()?);
    let channels = axis(shape, layer.axis)?;
    let (groups, in_group) = layer.split(known(shape, channels)?);
    let (groups, in_group) = (size(Some(groups)), size(Some(in_group)));
    // The channels become two axes, of groups and of channels in them.
    let mut parts = Vec::new();
    let mut variable = Vec::new();
    for (place, (found, along)) in shape.0.iter().zip(0_i32..).enumerate() {
        if place == channels {
            parts.extend([Part::Known(groups), Part::Known(in_group)]);
            variable.extend([groups, in_group]);
        } else {
            parts.push(Part::of(*found, x, along));
            variable.push(1);
        }
    }
    let weights = match call.given_mask() {
        None => None,
        Some(mask) => {
            let sizes = call.function.shape(x)?;
            let mask = call
                .function
                .op("BroadcastTo")
                .input(mask)
                .input(&sizes)
                .one()?;
            let mask = reshape_to_parts(call.function, &mask, &parts)?;
            Some(call.function.cast(&mask, x.dtype())?)
        }
    };
    let affine = read_affine(call, layer.scale, layer.center, |call, path| {
        let value = call.read(path)?;
        call.function.reshape(&value, &variable)
    })?;
    let f = &mut *call.function;
    let grouped = reshape_to_parts(f, x, &parts)?;
    let others: Vec<usize> = (1..parts.len())
        .filter(|place| *place != channels)
        .collect();
    let axes = as_axes(&others);
    let moments = match &weights {
        None => Moments::of(f, &grouped, &axes)?,
        Some(weights) => Moments::weighted(f, &grouped, weights, &axes)?,
    };
    let y = moments.normalize(f, &grouped, &affine, layer.epsilon)?;
    let parts: Vec<Part<'_>> = (shape.0.iter().zip(0_i32..))
        .map(|(found, along)| Part::of(*found, x, along))
        .collect();
    Ok(vec![reshape_to_parts(f, &y, &parts)?])
}

pub(super) fn unit_normalization(
    layer: &UnitNormalization,
    call: &mut Call<'_>,
) -> Result<Vec<Edge>> {
    let axes = as_axes(&places(call.shape()?, &layer.axis.0)?);
    let x = call.function.cast(call.tensor()?, call.dtype().into())?;
    Ok(vec![l2_normalize(call.function, &x, &axes)?])
}

#[cfg(test)]
mod tests {
    use crate::layers::lower::testing::Lowering;
    use crate::layers::{
        GroupNormalization, Inputs, Layer, LayerNormalization, RMSNormalization, UnitNormalization,
    };
    use crate::proto::tensorflow::DataType;
    use crate::tensor::DType;

    const MOMENTS: [&str; 4] = ["Mean", "StopGradient", "SquaredDifference", "Mean"];
    const NORMALIZED: [&str; 4] = ["AddV2", "Rsqrt", "Mul", "Mul"];

    fn check(layer: &dyn Layer, input: &[Option<u64>], expected: &[&[&str]]) {
        Lowering::of(layer, Inputs::one(input.to_vec())).check(&expected.concat());
    }

    #[test]
    fn by_layer() {
        let row = [None, Some(4)];
        let read = ["ReadVariableOp", "ReadVariableOp"];
        let scaled = ["AddV2", "Rsqrt", "Mul", "Mul", "Mul", "Sub", "AddV2"];
        check(
            &LayerNormalization::new(),
            &row,
            &[&read, &MOMENTS, &scaled],
        );
        let bare = LayerNormalization::new().center(false).scale(false);
        check(&bare, &row, &[&MOMENTS, &NORMALIZED, &["Sub"]]);
        let stretched = ["ReadVariableOp", "Reshape", "ReadVariableOp", "Reshape"];
        let first = LayerNormalization::new().axis(1);
        check(
            &first,
            &[None, Some(4), None],
            &[&stretched, &MOMENTS, &scaled],
        );
    }

    #[test]
    fn what_is_mixed_is_rounded_where_keras_rounds_it() {
        let row = Inputs::one([None, Some(4)]);
        let read = ["ReadVariableOp", "ReadVariableOp", "Cast"];
        #[track_caller]
        fn check(layer: &LayerNormalization, row: &Inputs, expected: &[&[&str]]) {
            let lowering = Lowering::of(layer, row.clone()).fed(DataType::DT_HALF);
            lowering
                .computing_in(DType::Float16)
                .check(&expected.concat());
        }
        let rounded = ["Sub", "Cast", "Cast", "Mul", "Cast", "AddV2"];
        let layer = LayerNormalization::new().dtype("mixed_float16");
        check(&layer, &row, &[&read, &MOMENTS, &NORMALIZED, &rounded]);
        let scaled = [
            "AddV2", "Rsqrt", "Mul", "Mul", "Mul", "Sub", "AddV2", "Cast",
        ];
        check(&layer.epsilon(1e-6), &row, &[&read, &MOMENTS, &scaled]);
    }

    #[test]
    fn by_group() {
        let read = ["ReadVariableOp", "Reshape", "ReadVariableOp", "Reshape"];
        let scaled = ["AddV2", "Rsqrt", "Mul", "Mul", "Mul", "Sub", "AddV2"];
        let grouped = ["Reshape"];
        let layer = GroupNormalization::new().groups(2);
        check(
            &layer,
            &[None, Some(3), Some(4)],
            &[&read, &grouped, &MOMENTS, &scaled, &grouped],
        );
        // Two sizes that are not known have to be asked for.
        let grouped = [
            "Shape",
            "StridedSlice",
            "Shape",
            "StridedSlice",
            "Pack",
            "Reshape",
        ];
        let unknown = [None, None, Some(4)];
        check(
            &layer,
            &unknown,
            &[&read, &grouped, &MOMENTS, &scaled, &grouped],
        );
        let input = Inputs::one([None, Some(3), Some(4)]);
        let masked = Lowering::of(&layer, input).masked().ops();
        assert!(masked.starts_with(&["Shape".to_owned(), "BroadcastTo".to_owned()]));
        assert!(masked.contains(&"DivNoNan".to_owned()));
    }

    #[test]
    fn by_length() {
        let ops = ["Square", "Sum", "Maximum", "Rsqrt", "Mul"];
        check(&UnitNormalization::new(), &[None, Some(4)], &[&ops]);
    }

    #[test]
    fn what_keras_2_does_not_have() {
        for layer in [
            &RMSNormalization::new() as &dyn Layer,
            &LayerNormalization::new().rms_scaling(true),
        ] {
            let error = Lowering::of(layer, Inputs::one([None, Some(4)])).function();
            assert_eq!(error.unwrap_err().kind(), crate::ErrorKind::Unsupported);
        }
    }
}
