//! What is computed element by element, or summed along axes.

use std::collections::HashMap;

use super::{AXIS, Call, KEEPDIMS, Name, unsupported};
use crate::error::Result;
use crate::layers::config::Axes;
use crate::layers::inputs::Operand;
use crate::layers::merging::{Unknown, broadcast};
use crate::layers::shape::{Size, at_least, axis, mismatch, product};
use crate::tensor::Shape;

/// The shape of its input.
pub(super) fn same(call: &Call<'_>) -> Result<Vec<Shape>> {
    Ok(vec![call.input()?.clone()])
}

/// The shape of its input, or without an axis, in Keras 3, one axis.
pub(super) fn accumulated(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    match call.value(AXIS)? {
        Some(_) => Ok(vec![input.clone()]),
        None => Ok(vec![Shape(vec![product(&input.0)?])]),
    }
}

/// All its operands stretched to one shape.
pub(super) fn broadcast_all(call: &Call<'_>) -> Result<Vec<Shape>> {
    let mut sizes = Vec::new();
    for operand in call.operands() {
        sizes = broadcast(&sizes, &operand.0, Unknown::Resolved)?;
    }
    Ok(vec![Shape(sizes)])
}

/// One of two operands, by a condition; without operands it finds where the condition holds.
pub(super) fn chosen(call: &Call<'_>) -> Result<Vec<Shape>> {
    if call.operands().len() < 3 {
        return Err(unsupported("how many elements it finds is not known"));
    }
    broadcast_all(call)
}

/// Without the axes, or with 1 in their places.
pub(super) fn reduced(call: &Call<'_>) -> Result<Vec<Shape>> {
    let axes: Option<Axes> = call.read(AXIS)?;
    let input = call.input()?;
    let axes = axes.map(|axes| axes.0);
    without(input, axes.as_deref(), call.flag(KEEPDIMS)?).map(|shape| vec![shape])
}

/// As [`reduced`], with another argument before the axes.
pub(super) fn normed(call: &Call<'_>) -> Result<Vec<Shape>> {
    let axes: Option<Axes> = call.read(Name(2, &["axis"]))?;
    let axes = axes.map(|axes| axes.0);
    let keepdims = call.flag(Name(3, &["keepdims", "keep_dims"]))?;
    without(call.input()?, axes.as_deref(), keepdims).map(|shape| vec![shape])
}

/// The place of the largest or smallest element along an axis.
pub(super) fn found(call: &Call<'_>) -> Result<Vec<Shape>> {
    let along: Option<i64> = call.read(AXIS)?;
    // TensorFlow looks along the first axis, Keras 3 through everything.
    let along = along.or((!call.is_keras3).then_some(0));
    let axes = along.map(|along| vec![along]);
    let keepdims = call.flag(KEEPDIMS)?;
    without(call.input()?, axes.as_deref(), keepdims).map(|shape| vec![shape])
}

/// `axes` are all if there are none.
pub(super) fn without(input: &Shape, axes: Option<&[i64]>, keepdims: bool) -> Result<Shape> {
    let places: Vec<usize> = match axes {
        None => (0..input.rank()).collect(),
        Some(axes) => axes
            .iter()
            .map(|it| axis(input, *it))
            .collect::<Result<_>>()?,
    };
    let sizes = input.0.iter().enumerate();
    let sizes = sizes.filter_map(|(at, size)| match (places.contains(&at), keepdims) {
        (false, _) => Some(*size),
        (true, true) => Some(Some(1)),
        (true, false) => None,
    });
    Ok(Shape(sizes.collect()))
}

/// The two tensors it is called with.
fn two(call: &Call<'_>) -> Result<[Shape; 2]> {
    let operands = call.inputs.operands();
    let tensors = operands.filter_map(|operand| match operand {
        Operand::Tensor(shape) => Some(shape.clone()),
        Operand::Value(value) => super::constant_shape(value).filter(|shape| shape.rank() > 0),
    });
    let tensors: Vec<Shape> = tensors.collect();
    let count = tensors.len();
    tensors
        .try_into()
        .map_err(|_| mismatch(format!("{count} tensors, expected 2")))
}

const TRANSPOSE_A: Name = Name(2, &["transpose_a"]);
const TRANSPOSE_B: Name = Name(3, &["transpose_b"]);
const ADJOINT_A: Name = Name(4, &["adjoint_a"]);
const ADJOINT_B: Name = Name(5, &["adjoint_b"]);

/// Matrices multiplied.
pub(super) fn multiplied(call: &Call<'_>) -> Result<Vec<Shape>> {
    let [one, other] = two(call)?;
    let turned = |names: [Name; 2]| -> Result<bool> {
        Ok(!call.is_keras3 && (call.flag(names[0])? || call.flag(names[1])?))
    };
    let one_turned = turned([TRANSPOSE_A, ADJOINT_A])?;
    let other_turned = turned([TRANSPOSE_B, ADJOINT_B])?;
    matrix_product(one, one_turned, other, other_turned).map(|shape| vec![shape])
}

/// The product of matrices along the last two axes, each perhaps transposed first.
pub(super) fn matrix_product(
    one: Shape,
    one_turned: bool,
    other: Shape,
    other_turned: bool,
) -> Result<Shape> {
    let refused = || mismatch(format!("matrices of shapes {one} and {other} to multiply"));
    // A vector is a row before, or a column after, a matrix.
    let (mut rows, mut columns) = (one.0.clone(), other.0.clone());
    if one.rank() == 1 {
        rows.insert(0, Some(1));
    }
    if other.rank() == 1 {
        columns.push(Some(1));
    }
    let swap = |sizes: &mut Vec<Size>| {
        let rank = sizes.len();
        if rank >= 2 {
            sizes.swap(rank - 1, rank - 2);
        }
    };
    if one_turned {
        swap(&mut rows);
    }
    if other_turned {
        swap(&mut columns);
    }
    let (Some((front, [height, inner])), Some((back, [inner_too, width]))) = (
        rows.split_last_chunk::<2>(),
        columns.split_last_chunk::<2>(),
    ) else {
        return Err(refused());
    };
    if let (Some(inner), Some(inner_too)) = (inner, inner_too)
        && inner != inner_too
    {
        return Err(refused());
    }
    let mut sizes = broadcast(front, back, Unknown::Resolved)?;
    if one.rank() > 1 {
        sizes.push(*height);
    }
    if other.rank() > 1 {
        sizes.push(*width);
    }
    Ok(Shape(sizes))
}

/// The last axis of one tensor with the last but one of another, without broadcasting.
pub(super) fn dotted(call: &Call<'_>) -> Result<Vec<Shape>> {
    let [one, other] = two(call)?;
    let mut sizes = at_least(&one, 1)?.0.clone();
    let inner = sizes.pop().flatten();
    let mut rest = at_least(&other, 1)?.0.clone();
    let inner_too = rest.remove(rest.len().saturating_sub(2)); // of a vector, the only one
    if inner.is_some() && inner_too.is_some() && inner != inner_too {
        return Err(mismatch(format!("shapes {one} and {other} to multiply")));
    }
    sizes.extend(rest);
    Ok(vec![Shape(sizes)])
}

const EQUATION: Name = Name(0, &["subscripts"]);

/// An equation such as `bij,bkj->bik`.
pub(super) fn summed(call: &Call<'_>) -> Result<Vec<Shape>> {
    let equation: String = call.required(EQUATION)?;
    let unknown = || unsupported(format!("the equation `{equation}` is not understood"));
    let plain: String = equation.split_whitespace().collect();
    let (inputs, output) = plain.split_once("->").ok_or_else(unknown)?;
    let tensors = call.inputs.operands().filter_map(|operand| match operand {
        Operand::Tensor(shape) => Some(shape),
        Operand::Value(_) => None,
    });
    let tensors: Vec<&Shape> = tensors.collect();
    let inputs: Vec<&str> = inputs.split(',').collect();
    if inputs.len() != tensors.len() {
        return Err(unknown());
    }
    let mut sizes: HashMap<char, Size> = HashMap::new();
    for (letters, shape) in inputs.iter().zip(tensors) {
        if letters.chars().count() != shape.rank() {
            return Err(unknown());
        }
        for (letter, size) in letters.chars().zip(&shape.0) {
            let known = sizes.entry(letter).or_insert(*size);
            if matches!(known, None | Some(1)) && size.is_some() {
                *known = *size;
            }
        }
    }
    let size = |letter: char| sizes.get(&letter).copied().ok_or_else(unknown);
    let sizes: Vec<Size> = output.chars().map(size).collect::<Result<_>>()?;
    Ok(vec![Shape(sizes)])
}
