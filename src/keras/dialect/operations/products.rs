//! Products of matrices, and sums of products along any axes.

use serde_json::{Value, json};

use super::expansion::{Expansion, Operand};
use super::promotion::FLOAT;
use super::{Row, TWO, axes};
use crate::error::Result;

pub(super) const ROWS: &[Row] = &[
    Row("Dot", TWO, dotted),
    Row("Einsum", &["x1", "x2", "x3"], equation),
    Row("Inner", TWO, |e| {
        let [x, y] = both(e)?;
        let (rank, other) = (e.rank(&x)?, e.rank(&y)?);
        if rank == 0 || other == 0 {
            return Err(e.refused("numbers in place of vectors"));
        }
        let (x_axes, mut y_axes) = (letters(0, rank), letters(rank, other));
        if let (Some(last), Some(own)) = (y_axes.last_mut(), x_axes.last()) {
            *last = *own;
        }
        contracted(e, x, y, &x_axes, &y_axes)
    }),
    Row("Matmul", TWO, multiplied),
    Row("Outer", TWO, |e| {
        let [x, y] = both(e)?;
        let x = axes::reshaped_to(e, &x, &json!([-1, 1]));
        let y = axes::reshaped_to(e, &y, &json!([-1]));
        Ok(e.multiply(&x, &y))
    }),
    Row("Tensordot", TWO, |e| {
        let [x, y] = both(e)?;
        let (rank, other) = (e.rank(&x)?, e.rank(&y)?);
        let (from, to) = joined_axes(e, rank, other)?;
        let (x_axes, mut y_axes) = (letters(0, rank), letters(rank, other));
        for (one, other) in from.into_iter().zip(to) {
            if let (Some(place), Some(own)) = (y_axes.get_mut(other), x_axes.get(one)) {
                *place = *own;
            }
        }
        contracted(e, x, y, &x_axes, &y_axes)
    }),
];

/// Names of axes, from a number on.
fn letters(from: usize, count: usize) -> Vec<usize> {
    (from..from.saturating_add(count)).collect()
}

/// Both operands in the type that products are computed in.
fn both(e: &mut Expansion<'_>) -> Result<[Operand; 2]> {
    let (x, y) = (e.operand("x1")?, e.operand("x2")?);
    if !(x.is_tensor() && y.is_tensor()) {
        return Err(e.refused("a constant in place of a tensor"));
    }
    computed(e, x, y)
}

/// Integers are multiplied as floats.
fn computed(e: &mut Expansion<'_>, x: Operand, y: Operand) -> Result<[Operand; 2]> {
    if x.dtype() == "int8" && y.dtype() == "int8" {
        return Err(e.refused("integers of 8 bits"));
    }
    let dtype = e.promoted(&[&x, &y], &["float"])?;
    Ok([e.cast(x, dtype), e.cast(y, dtype)])
}

/// The type that the product has in the end.
fn given(e: &mut Expansion<'_>, product: Operand) -> Result<Operand> {
    let mut operands = Vec::new();
    for name in ["x1", "x2", "x3"] {
        operands.extend(e.optional(name)?);
    }
    let dtype = e.promoted(&operands.iter().collect::<Vec<_>>(), &[])?;
    Ok(e.cast(product, dtype))
}

fn multiplied(e: &mut Expansion<'_>) -> Result<Operand> {
    let (x, y) = (e.operand("x1")?, e.operand("x2")?);
    let [x, y] = computed(e, x, y)?;
    let (rank, other) = (e.rank(&x)?, e.rank(&y)?);
    if !x.is_tensor() && x.dtype() != FLOAT {
        return Err(e.refused("a constant before a tensor of another type than float32"));
    }
    // A vector is a row before, or a column after, a matrix.
    let row = match (&x, rank) {
        (Operand::Constant(value, dtype), 1) => Operand::Constant(json!([value]), dtype),
        (_, 1) => axes::with_axis(e, &x, 0),
        _ => x,
    };
    let column = match (&y, other) {
        (Operand::Constant(value, dtype), 1) => {
            let items = value.as_array().into_iter().flatten();
            Operand::Constant(items.map(|item| json!([item])).collect(), dtype)
        }
        (_, 1) => axes::with_axis(e, &y, 1),
        _ => y,
    };
    let mut product = matmul(e, &row, &column);
    if other == 1 {
        product = without(e, &product, -1);
    }
    if rank == 1 {
        product = without(e, &product, if other == 1 { -1 } else { -2 });
    }
    given(e, product)
}

fn matmul(e: &mut Expansion<'_>, x: &Operand, y: &Operand) -> Operand {
    let dtype = if x.is_tensor() { x.dtype() } else { y.dtype() };
    e.call("linalg.matmul", x, &[("b", y.clone())], dtype)
}

fn without(e: &mut Expansion<'_>, x: &Operand, axis: i64) -> Operand {
    e.call("squeeze", x, &[("axis", json!([axis]).into())], x.dtype())
}

/// The last axis of one with the last but one of the other, or its only one.
fn dotted(e: &mut Expansion<'_>) -> Result<Operand> {
    let [x, y] = both(e)?;
    let (rank, other) = (e.rank(&x)?, e.rank(&y)?);
    if rank == 0 || other == 0 {
        let product = e.multiply(&x, &y);
        return given(e, product);
    }
    let (x_axes, mut y_axes) = (letters(0, rank), letters(rank, other));
    let place = other.saturating_sub(2);
    if let (Some(inner), Some(own)) = (y_axes.get_mut(place), x_axes.last()) {
        *inner = *own;
    }
    contracted(e, x, y, &x_axes, &y_axes)
}

/// The axes that a tensor product sums along, of both tensors.
fn joined_axes(e: &Expansion<'_>, rank: usize, other: usize) -> Result<(Vec<usize>, Vec<usize>)> {
    let given = e.setting("axes")?.unwrap_or_else(|| json!(2));
    let places = |value: &Value, rank: usize| -> Result<Vec<usize>> {
        let axes: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            one => vec![one],
        };
        let axes = axes.into_iter().map(|axis| match axis.as_i64() {
            Some(axis) => e.axis(axis, rank),
            None => Err(e.refused(&format!("`axes` {given}"))),
        });
        axes.collect()
    };
    match &given {
        Value::Array(pair) => match pair.as_slice() {
            [from, to] => Ok((places(from, rank)?, places(to, other)?)),
            _ => Err(e.refused(&format!("`axes` {given}"))),
        },
        count => {
            let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
            let count = count.filter(|count| *count <= rank.min(other));
            let count = count.ok_or_else(|| e.refused(&format!("`axes` {given}")))?;
            Ok((
                (rank.saturating_sub(count)..rank).collect(),
                (0..count).collect(),
            ))
        }
    }
}

/// The sum along the axes that both have, of all others the first one's, then the second one's.
fn contracted(
    e: &mut Expansion<'_>,
    x: Operand,
    y: Operand,
    x_axes: &[usize],
    y_axes: &[usize],
) -> Result<Operand> {
    let own = |axes: &[usize], others: &[usize]| -> Vec<usize> {
        let own = axes.iter().filter(|axis| !others.contains(axis));
        own.copied().collect()
    };
    let output = [own(x_axes, y_axes), own(y_axes, x_axes)].concat();
    let product = sum_of_products(e, [x, y], [x_axes.to_vec(), y_axes.to_vec()], &output)?;
    given(e, product)
}

/// `bij,bkj->bik` and the like.
fn equation(e: &mut Expansion<'_>) -> Result<Operand> {
    let given_equation = e.setting("subscripts")?.unwrap_or_default();
    let text = given_equation.as_str().unwrap_or_default();
    let text: String = text.split_whitespace().collect();
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs.to_owned(), output.to_owned()),
        None => {
            let mut once: Vec<char> = text.chars().filter(|it| it.is_alphabetic()).collect();
            once.retain(|letter| text.matches(*letter).count() == 1);
            once.sort_unstable();
            (text.clone(), once.into_iter().collect())
        }
    };
    let refused = format!("the equation `{text}`");
    let (Some(x), y) = (e.optional("x1")?, e.optional("x2")?) else {
        return Err(e.refused(&refused));
    };
    let inputs: Vec<&str> = inputs.split(',').collect();
    let ranks = |operand: &Operand| operand.sizes().map_or(0, |sizes| sizes.len());
    let rest = |letters: &str, rank: usize| {
        let named = letters.chars().filter(|it| it.is_alphabetic()).count();
        rank.saturating_sub(named)
    };
    match (inputs.as_slice(), y, e.optional("x3")?) {
        ([letters], None, None) => {
            let whole = rest(letters, ranks(&x));
            let [own, output] = [*letters, &output].map(|it| named_axes(it, whole, whole));
            let (Some(own), Some(output), true) = (own, output, x.is_tensor()) else {
                return Err(e.refused(&refused));
            };
            let dtype = match x.dtype() {
                "int8" => return Err(e.refused("integers of 8 bits")),
                _ => e.promoted(&[&x], &["float"])?,
            };
            let x = e.cast(x, dtype);
            let (x, axes) = summed(e, x, own, &output)?;
            let sum = reordered(e, x, &axes, &output)?;
            given(e, sum)
        }
        ([x_letters, y_letters], Some(y), None) if x.is_tensor() && y.is_tensor() => {
            let wholes = [rest(x_letters, ranks(&x)), rest(y_letters, ranks(&y))];
            let most = wholes.into_iter().max().unwrap_or_default();
            let x_axes = named_axes(x_letters, wholes[0], most);
            let y_axes = named_axes(y_letters, wholes[1], most);
            let output = named_axes(&output, most, most);
            let (Some(x_axes), Some(y_axes), Some(output)) = (x_axes, y_axes, output) else {
                return Err(e.refused(&refused));
            };
            let [x, y] = computed(e, x, y)?;
            let product = sum_of_products(e, [x, y], [x_axes, y_axes], &output)?;
            given(e, product)
        }
        _ => Err(e.refused(&refused)),
    }
}

/// The axes by their letters; an ellipsis stands for `whole` of them, the last of `most`. None if a
/// letter comes twice.
fn named_axes(letters: &str, whole: usize, most: usize) -> Option<Vec<usize>> {
    /// Axes without a letter go by numbers that no letter has.
    const UNNAMED: usize = 0x11_0000;
    let (front, back) = letters.split_once("...").unwrap_or((letters, ""));
    let codes = |part: &str| -> Option<Vec<usize>> {
        let codes = part.chars().map(|it| match it.is_alphabetic() {
            true => usize::try_from(u32::from(it)).ok(),
            false => None,
        });
        codes.collect()
    };
    let mut axes = codes(front)?;
    if letters.contains("...") {
        let last = UNNAMED.saturating_add(most);
        axes.extend(last.saturating_sub(whole)..last);
    }
    axes.extend(codes(back)?);
    let is_single = |axis: &usize| axes.iter().filter(|other| *other == axis).count() == 1;
    axes.iter().all(is_single).then_some(axes)
}

/// The tensor summed along the axes that are not among those to keep, and the axes it has then.
fn summed(
    e: &mut Expansion<'_>,
    x: Operand,
    axes: Vec<usize>,
    keep: &[usize],
) -> Result<(Operand, Vec<usize>)> {
    let sizes = e.sizes(&x)?;
    if sizes.len() != axes.len() {
        return Err(e.refused("an equation of other axes than the tensor's"));
    }
    let is_kept = |at: &usize| axes.get(*at).is_some_and(|axis| keep.contains(axis));
    let gone: Vec<usize> = (0..axes.len()).filter(|at| !is_kept(at)).collect();
    if gone.is_empty() {
        return Ok((x, axes));
    }
    let left = sizes.iter().enumerate().filter(|(at, _)| is_kept(at));
    let left = left.map(|(_, size)| *size).collect();
    let sum = e.call(
        "math.reduce_sum",
        &x,
        &[("axis", json!(gone).into())],
        x.dtype(),
    );
    let sum = super::expansion::with_sizes(sum, Some(left));
    let axes = axes
        .into_iter()
        .filter(|axis| keep.contains(axis))
        .collect();
    Ok((sum, axes))
}

/// The tensor with its axes in another order.
fn reordered(
    e: &mut Expansion<'_>,
    x: Operand,
    axes: &[usize],
    order: &[usize],
) -> Result<Operand> {
    let places = order
        .iter()
        .map(|axis| axes.iter().position(|own| own == axis));
    let places: Option<Vec<usize>> = places.collect();
    match places {
        Some(places) if places.len() == axes.len() => Ok(axes::in_order(e, &x, &places)),
        _ => Err(e.refused("an equation whose result has axes of its own")),
    }
}

/// Axes by what they are to a product.
struct Roles {
    /// In both tensors and the result.
    common: Vec<usize>,
    /// In both tensors, summed along.
    inner: Vec<usize>,
    /// In one tensor and the result.
    own: [Vec<usize>; 2],
}

impl Roles {
    fn of(axes: &[Vec<usize>; 2], output: &[usize]) -> Roles {
        let [x, y] = axes;
        let in_both = |axis: &&usize| x.contains(axis) && y.contains(axis);
        let own = |axes: &[usize]| -> Vec<usize> {
            let own = output
                .iter()
                .filter(|axis| axes.contains(axis) && !in_both(axis));
            own.copied().collect()
        };
        let inner = x
            .iter()
            .filter(|axis| y.contains(axis) && !output.contains(axis));
        Roles {
            common: output.iter().filter(in_both).copied().collect(),
            inner: inner.copied().collect(),
            own: [own(x), own(y)],
        }
    }
}

/// The products of all pairs, summed along the axes that the result lacks.
fn sum_of_products(
    e: &mut Expansion<'_>,
    tensors: [Operand; 2],
    axes: [Vec<usize>; 2],
    output: &[usize],
) -> Result<Operand> {
    let [x, y] = tensors;
    let [x_axes, y_axes] = axes;
    let (x, x_axes) = summed(e, x, x_axes, &[output, y_axes.as_slice()].concat())?;
    let (y, y_axes) = summed(e, y, y_axes, &[output, x_axes.as_slice()].concat())?;
    let roles = Roles::of(&[x_axes.clone(), y_axes.clone()], output);
    let Roles { common, inner, own } = &roles;
    let [x_own, y_own] = own;
    let x = reordered(e, x, &x_axes, &[&common[..], x_own, inner].concat())?;
    let y = reordered(e, y, &y_axes, &[&common[..], inner, y_own].concat())?;
    let (product, found) = if inner.is_empty() {
        all_pairs(e, x, y, &roles)
    } else if x_own.is_empty() && y_own.is_empty() {
        let products = e.multiply(&x, &y);
        let along: Vec<usize> = (common.len()..x_axes.len()).collect();
        let others = [("axis", json!(along).into())];
        let sum = e.call("math.reduce_sum", &products, &others, products.dtype());
        (sum, common.clone())
    } else {
        as_matrices(e, x, y, &roles)?
    };
    reordered(e, product, &found, output)
}

/// The products of all pairs, and the axes of what comes out.
fn all_pairs(
    e: &mut Expansion<'_>,
    x: Operand,
    y: Operand,
    roles: &Roles,
) -> (Operand, Vec<usize>) {
    let Roles { common, own, .. } = roles;
    let [x_own, y_own] = own;
    let x = (0..y_own.len()).fold(x, |x, _| {
        let last = x.sizes().map_or(0, |sizes| sizes.len());
        axes::with_axis(e, &x, last)
    });
    let y = (0..x_own.len()).fold(y, |y, _| axes::with_axis(e, &y, common.len()));
    let product = e.multiply(&x, &y);
    (product, [&common[..], x_own, y_own].concat())
}

/// A product of matrices, which are stretched along each other's axes but the last of its own, and
/// the axes of what comes out. The first has its inner axes last, the second its own.
fn as_matrices(
    e: &mut Expansion<'_>,
    x: Operand,
    y: Operand,
    roles: &Roles,
) -> Result<(Operand, Vec<usize>)> {
    let Roles { common, inner, own } = roles;
    let (x_front, x_last) = front_and_last(&own[0]);
    let (y_front, y_last) = front_and_last(&own[1]);
    let (mut x, mut y) = match inner.len() {
        1 => (x, y),
        count => {
            let from = common.len().saturating_add(own[0].len());
            let x = merged(e, x, from, count)?;
            (x, merged(e, y, common.len(), count)?)
        }
    };
    if x_last.is_none() {
        x = axes::with_axis(e, &x, common.len());
    }
    let place = common.len().saturating_add(x_front.len());
    for _ in y_front {
        x = axes::with_axis(e, &x, place);
    }
    if !y_front.is_empty() {
        // The inner axis is put behind those.
        let mut order: Vec<usize> = (0..common.len()).collect();
        let from = common.len().saturating_add(1);
        let last = from.saturating_add(y_front.len());
        order.extend(from..last);
        order.extend([common.len(), last]);
        y = axes::in_order(e, &y, &order);
    }
    if y_last.is_none() {
        y = axes::with_axis(e, &y, common.len().saturating_add(1));
    }
    // Without other axes in front a matrix is stretched by itself.
    if !common.is_empty() || !y_front.is_empty() {
        for _ in x_front {
            y = axes::with_axis(e, &y, common.len());
        }
    }
    let mut product = matmul(e, &x, &y);
    if y_last.is_none() {
        product = without(e, &product, -1);
    }
    if x_last.is_none() {
        product = without(e, &product, if y_last.is_none() { -1 } else { -2 });
    }
    let lasts = [x_last, y_last].into_iter().flatten();
    let mut found = [&common[..], x_front, y_front].concat();
    found.extend(lasts);
    Ok((product, found))
}

fn front_and_last(axes: &[usize]) -> (&[usize], Option<usize>) {
    match axes.split_last() {
        Some((last, front)) => (front, Some(*last)),
        None => (&[], None),
    }
}

/// Axes that lie beside each other as one.
fn merged(e: &mut Expansion<'_>, x: Operand, from: usize, count: usize) -> Result<Operand> {
    let sizes = e.sizes(&x)?;
    let end = from.saturating_add(count);
    let own = sizes.get(from..end).unwrap_or_default();
    let all = own
        .iter()
        .try_fold(1_u64, |all, size| all.checked_mul((*size)?));
    let (front, back) = (sizes.get(..from), sizes.get(end..));
    let (front, back) = (front.unwrap_or_default(), back.unwrap_or_default());
    let shape = [front, &[all], back].concat();
    if shape.iter().filter(|size| size.is_none()).count() > 1 {
        return Err(e.refused("several axes of unknown sizes"));
    }
    let shape: Value = shape
        .iter()
        .map(|size| size.map_or(json!(-1), |size| json!(size)))
        .collect();
    let merged = axes::reshaped_to(e, &x, &shape);
    let known = shape
        .as_array()
        .into_iter()
        .flatten()
        .map(Value::as_u64)
        .collect();
    Ok(super::expansion::with_sizes(merged, Some(known)))
}
