//! One call of a layer of several tensors: `spec/layers.md#lowering`.

use super::{Dot, two};
use crate::error::Result;
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::layers::Call;
use crate::layers::lower::{Part, l2_normalize, reshape_to_parts, up_to_rank};
use crate::layers::shape::mismatch;
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// Applies an operation to the first two tensors, to what it gives and the third, and so on.
pub(super) fn fold(call: &mut Call<'_>, op: &str) -> Result<Edge> {
    let mut tensors = of_one_rank(call)?.into_iter();
    let Some(mut result) = tensors.next() else {
        return call.tensor().cloned();
    };
    for tensor in tensors {
        result = call.function.op(op).input(&result).input(&tensor).one()?;
    }
    Ok(result)
}

/// The tensors with as many axes as the one that has most: others get them after the batch axis.
fn of_one_rank(call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let shapes = call.inputs().all();
    let most = shapes
        .iter()
        .map(|shape| shape.rank())
        .max()
        .unwrap_or_default();
    let mut tensors = Vec::new();
    for (tensor, shape) in call.tensors().iter().zip(shapes) {
        let mut tensor = tensor.clone();
        for _ in shape.rank()..most {
            tensor = call.function.expand_dims(&tensor, 1)?;
        }
        tensors.push(tensor);
    }
    Ok(tensors)
}

/// The mean of all tensors; of whole numbers it is not one.
pub(super) fn average(call: &mut Call<'_>) -> Result<Edge> {
    let sum = fold(call, "AddV2")?;
    let dtype = match sum.dtype() {
        DataType::DT_INT8 | DataType::DT_UINT8 | DataType::DT_INT16 | DataType::DT_UINT16 => {
            DataType::DT_FLOAT
        }
        DataType::DT_INT32 | DataType::DT_UINT32 | DataType::DT_INT64 | DataType::DT_UINT64 => {
            DataType::DT_DOUBLE
        }
        floating => floating,
    };
    let sum = call.function.cast(&sum, dtype)?;
    let count = u32::try_from(call.tensors().len()).unwrap_or(u32::MAX);
    let count = call.function.number_like(&sum, f64::from(count))?;
    call.function.div(&sum, &count)
}

/// Steps that count in all tensors that have a mask.
pub(super) fn masked_nowhere(call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
    let mut masks = call.masks().iter().flatten();
    let Some(mut all) = masks.next().cloned() else {
        return Ok(Vec::new());
    };
    for mask in masks {
        all = call.function.logical_and(&all, mask)?;
    }
    Ok(vec![Some(all)])
}

/// Tensors one after the other.
pub(super) fn concatenate(call: &mut Call<'_>, axis: i64) -> Result<Edge> {
    concat(call, call.tensors(), axis)
}

fn concat(call: &mut Call<'_>, tensors: &[Edge], axis: i64) -> Result<Edge> {
    match tensors {
        // The operation takes two or more.
        [only] => Ok(only.clone()),
        several => {
            let axis = i32::try_from(axis).unwrap_or(i32::MAX);
            call.function.concat(several, axis)
        }
    }
}

/// Masks one after the other, as their tensors are; a step counts if all of its elements do.
pub(super) fn concatenated_masks(call: &mut Call<'_>, axis: i64) -> Result<Vec<Option<Edge>>> {
    if call.masks().iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    let mut masks = Vec::new();
    let tensors = call.tensors().iter().zip(call.inputs().all());
    for (mask, (tensor, shape)) in call.masks().iter().zip(tensors) {
        masks.push(match mask {
            // One that has fewer axes than what it masks gets one more, those of elements none.
            Some(mask) => up_to_rank(call.function, mask, 1, shape.rank())?,
            None => {
                let sizes = call.function.shape(tensor)?;
                let yes = Constant::scalar(DataType::DT_BOOL, 1.0)?;
                let yes = call.function.constant(yes);
                call.function.op("Fill").input(&sizes).input(&yes).one()?
            }
        });
    }
    let all = concat(call, &masks, axis)?;
    Ok(vec![Some(call.function.all(&all, &[-1], false)?)])
}

/// Sums of products along one axis of each of two tensors, as products of matrices.
pub(super) fn dot(layer: &Dot, call: &mut Call<'_>) -> Result<Edge> {
    let (one, other) = two(call.inputs())?;
    let (at_one, at_other) = layer.places(one, other)?;
    let [x, y] = call.tensors() else {
        return Err(mismatch("expected 2 tensors"));
    };
    let f = &mut *call.function;
    let (mut left, mut right) = (x.clone(), y.clone());
    if layer.normalize {
        left = l2_normalize(f, x, &[as_axis(at_one)])?;
        right = l2_normalize(f, y, &[as_axis(at_other)])?;
    }
    let left = matrix(f, &left, one, at_one, Side::Left)?;
    let right = matrix(f, &right, other, at_other, Side::Right)?;
    let product = f.op("BatchMatMulV2").input(&left).input(&right).one()?;
    if one.rank() == 3 && other.rank() == 3 {
        return Ok(product);
    }
    let left = parts(one, at_one, x).into_iter();
    let right = parts(other, at_other, y).into_iter().skip(1);
    let mut parts: Vec<Part<'_>> = left.chain(right).collect();
    if parts.len() == 1 {
        parts.push(Part::Known(1));
    }
    reshape_to_parts(f, &product, &parts)
}

/// The sizes of all axes but one.
fn parts<'e>(shape: &Shape, without: usize, of: &'e Edge) -> Vec<Part<'e>> {
    let sizes = shape.0.iter().enumerate();
    sizes
        .filter(|(place, _)| *place != without)
        .map(|(place, size)| Part::of(*size, of, as_axis(place)))
        .collect()
}

fn as_axis(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

/// Where a matrix stands in a product.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

/// A matrix for each sample: along `place` where products are summed, along the rest elsewhere.
fn matrix(
    f: &mut FunctionBuilder,
    x: &Edge,
    shape: &Shape,
    place: usize,
    side: Side,
) -> Result<Edge> {
    if shape.rank() == 2 {
        return f.expand_dims(x, if side == Side::Left { 1 } else { 2 });
    }
    let rest = (1..shape.rank()).filter(|at| *at != place);
    let order: Vec<usize> = match side {
        Side::Left => [0].into_iter().chain(rest).chain([place]).collect(),
        Side::Right => [0, place].into_iter().chain(rest).collect(),
    };
    let mut matrix = x.clone();
    if !order.is_sorted() {
        let order: Vec<i32> = order.into_iter().map(as_axis).collect();
        matrix = f.transpose(x, &order)?;
    }
    if shape.rank() == 3 {
        return Ok(matrix);
    }
    let size = |at: usize| Part::of(shape.0.get(at).copied().flatten(), x, as_axis(at));
    let others = Part::Known(-1);
    let parts = match side {
        Side::Left => [size(0), others, size(place)],
        Side::Right => [size(0), size(place), others],
    };
    reshape_to_parts(f, &matrix, &parts)
}

#[cfg(test)]
mod tests {
    use crate::layers::lower::testing::Lowering;
    use crate::layers::{
        Add, Average, Concatenate, Dot, Inputs, Layer, Maximum, Minimum, Multiply, Subtract,
    };
    use crate::proto::tensorflow::DataType;
    use crate::tensor::Shape;

    fn inputs(shapes: &[&[Option<u64>]]) -> Inputs {
        Inputs::of(shapes.iter().map(|sizes| Shape(sizes.to_vec())))
    }

    #[track_caller]
    fn check(layer: &dyn Layer, shapes: &[&[Option<u64>]], expected: &[&str]) {
        Lowering::of(layer, inputs(shapes)).check(expected);
    }

    #[test]
    fn element_by_element() {
        let [row, matrix] = [&[None, Some(3)][..], &[None, None, Some(3)]];
        check(&Add::new(), &[row, row, row], &["AddV2", "AddV2"]);
        check(&Add::new(), &[row], &[]);
        check(&Subtract::new(), &[row, row], &["Sub"]);
        check(&Multiply::new(), &[matrix, row], &["ExpandDims", "Mul"]);
        check(&Average::new(), &[row, row], &["AddV2", "RealDiv"]);
        check(&Maximum::new(), &[row, row], &["Maximum"]);
        check(&Minimum::new(), &[row, matrix], &["ExpandDims", "Minimum"]);
        let average = Average::new();
        let whole = Lowering::of(&average, inputs(&[row, row])).fed(DataType::DT_INT32);
        whole.check(&["AddV2", "Cast", "RealDiv"]);
    }

    #[test]
    fn one_after_the_other() {
        let steps = &[None, Some(4), Some(3)][..];
        let concatenate = Concatenate::new();
        check(&concatenate, &[steps, steps], &["ConcatV2"]);
        check(&concatenate, &[steps], &[]);
        let masked = Lowering::of(&concatenate, inputs(&[steps, steps])).masked();
        let with_rank = ["Shape", "ConcatV2", "StridedSlice", "Reshape"];
        let masks = [with_rank, with_rank].concat();
        masked.check(&[&["ConcatV2"], &masks[..], &["ConcatV2", "All"]].concat());
    }

    #[test]
    fn what_counts_counts_everywhere() {
        let steps = &[None, Some(4), Some(3)][..];
        let add = Add::new();
        let masked = Lowering::of(&add, inputs(&[steps, steps])).masked();
        masked.check(&["AddV2", "LogicalAnd"]);
        let dot = Dot::new(2);
        Lowering::of(&dot, inputs(&[steps, steps]))
            .masked()
            .check(&["Transpose", "BatchMatMulV2"]);
    }

    #[test]
    fn products() {
        let row = &[None, Some(3)][..];
        let steps = &[None, Some(4), Some(3)][..];
        let image = &[None, None, Some(4), Some(3)][..];
        let product = "BatchMatMulV2";
        check(
            &Dot::new(1),
            &[row, row],
            &["ExpandDims", "ExpandDims", product, "Reshape"],
        );
        check(
            &Dot::new([2, 1]),
            &[steps, row],
            &["ExpandDims", product, "Reshape"],
        );
        check(&Dot::new([1, 1]), &[steps, steps], &["Transpose", product]);
        let sizes = ["Shape", "StridedSlice"];
        let mut expected = vec![];
        expected.extend(sizes);
        expected.extend(["Pack", "Reshape", "Transpose", product]);
        expected.extend([sizes, sizes].concat());
        expected.extend(["Pack", "Reshape"]);
        check(&Dot::new(-1), &[image, steps], &expected);
        let dot = Dot::new(1).normalize(true);
        let found = Lowering::of(&dot, inputs(&[row, row])).ops();
        assert_eq!(found.iter().filter(|op| *op == "Rsqrt").count(), 2);
    }
}
