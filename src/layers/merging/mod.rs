//! Layers of several tensors: sums, products, extremes, concatenation, dot products.
//!
//! ```
//! use hornfels::layers::{Add, Concatenate, Inputs, Layer};
//! use hornfels::tensor::Shape;
//! let two = Inputs::of([Shape(vec![None, Some(4), Some(3)]), Shape(vec![None, Some(1), Some(3)])]);
//! assert_eq!(Add::new().output_shapes(&two)?[0].to_string(), "(None, 4, 3)");
//! let joined = Concatenate::new().axis(1).output_shapes(&two)?;
//! assert_eq!(joined[0].to_string(), "(None, 5, 3)");
//! # Ok::<(), hornfels::Error>(())
//! ```

mod lower;

use super::config::{Axes, layer};
use super::registry::LayerRegistry;
use super::shape::{Size, at_least, axis, mismatch};
use super::{Call, Inputs, Layer, VariableSpec};
use crate::error::Result;
use crate::graph::Edge;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Add>();
    registry.typed::<Subtract>();
    registry.typed::<Multiply>();
    registry.typed::<Average>();
    registry.typed::<Maximum>();
    registry.typed::<Minimum>();
    registry.typed::<Concatenate>();
    registry.typed::<Dot>();
}

/// What an unknown size becomes beside one that is larger than 1: `spec/layers.md#unknown-sizes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The other size: it can only be that or 1.
    Resolved,
    /// It stays unknown.
    Kept,
}

/// Two sizes where one of 1 is stretched to the other.
pub(super) fn broadcast_size(one: Size, other: Size, unknown: Unknown) -> Option<Size> {
    match (one, other) {
        (Some(1), size) | (size, Some(1)) => Some(size),
        (Some(one), Some(other)) => (one == other).then_some(Some(one)),
        (None, size) | (size, None) => Some(match unknown {
            Unknown::Resolved => size,
            Unknown::Kept => None,
        }),
    }
}

/// Two lists of sizes, aligned at their ends.
pub(super) fn broadcast(one: &[Size], other: &[Size], unknown: Unknown) -> Result<Vec<Size>> {
    let (longer, shorter) = match one.len() >= other.len() {
        true => (one, other),
        false => (other, one),
    };
    let (front, back) = longer.split_at(longer.len() - shorter.len());
    let mut sizes = front.to_vec();
    for (one, other) in back.iter().zip(shorter) {
        sizes.push(broadcast_size(*one, *other, unknown).ok_or_else(|| {
            let (longer, shorter) = (Shape(longer.to_vec()), Shape(shorter.to_vec()));
            mismatch(format!(
                "sizes {longer} and {shorter}, expected equal ones, or 1, from the back"
            ))
        })?);
    }
    Ok(sizes)
}

/// The shape of what is computed element by element; axes that are missing come after the batch.
fn elementwise(inputs: &Inputs, is_before_keras3: bool) -> Result<Vec<Shape>> {
    let unknown = match is_before_keras3 {
        true => Unknown::Resolved,
        false => Unknown::Kept,
    };
    let first = at_least(inputs.first()?, 1)?;
    let mut batch = first.0.first().copied().flatten();
    let mut sizes: Vec<Size> = first.0.iter().skip(1).copied().collect();
    for input in inputs.all().iter().skip(1) {
        let (own, rest) = at_least(input, 1)?.0.split_at(1);
        let own = own.first().copied().flatten();
        batch = match broadcast_size(batch, own, Unknown::Resolved) {
            Some(batch) => batch,
            None => return Err(mismatch("inputs of different batch sizes")),
        };
        sizes = broadcast(&sizes, rest, unknown)?;
    }
    let sizes = [batch].into_iter().chain(sizes);
    Ok(vec![Shape(sizes.collect())])
}

/// Declares a layer that computes each element of those at the same place.
macro_rules! elementwise {
    ($($(#[$doc:meta])* $class:ident: $lower:expr),* $(,)?) => {
        $(
            layer! {
                $(#[$doc])*
                $class() {}
            }

            impl Layer for $class {
                fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                    Ok(Vec::new())
                }

                fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                    elementwise(inputs, self.base.is_before_keras3())
                }

                fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                    let lower: fn(&mut Call<'_>) -> Result<Edge> = $lower;
                    lower(call).map(|it| vec![it])
                }

                fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
                    lower::masked_nowhere(call)
                }
            }
        )*
    };
}

elementwise!(
    /// The sum of its inputs.
    Add: |call| lower::fold(call, "AddV2"),
    /// The product of its inputs.
    Multiply: |call| lower::fold(call, "Mul"),
    /// The mean of its inputs.
    Average: lower::average,
    /// The largest of its inputs.
    Maximum: |call| lower::fold(call, "Maximum"),
    /// The smallest of its inputs.
    Minimum: |call| lower::fold(call, "Minimum"),
);

layer! {
    /// The first of two inputs minus the second.
    Subtract() {}
}

impl Layer for Subtract {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let (one, other) = two(inputs)?;
        let inputs = Inputs::of([one.clone(), other.clone()]);
        elementwise(&inputs, self.base.is_before_keras3())
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        two(call.inputs())?;
        Ok(vec![lower::fold(call, "Sub")?])
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        lower::masked_nowhere(call)
    }
}

/// The inputs of a layer that takes two.
fn two(inputs: &Inputs) -> Result<(&Shape, &Shape)> {
    match inputs.all() {
        [one, other] => Ok((one, other)),
        several => {
            let count = several.len();
            Err(mismatch(format!("{count} inputs, expected 2")))
        }
    }
}

layer! {
    /// Its inputs one after the other along an axis.
    Concatenate() {
        /// The axis along which they come.
        axis ["concat_axis"]: i64 = -1,
    }
}

impl Layer for Concatenate {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let unknown = match self.base.is_before_keras3() {
            true => Unknown::Resolved,
            false => Unknown::Kept,
        };
        concatenated(inputs.all(), self.axis, unknown).map(|shape| vec![shape])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        Ok(vec![lower::concatenate(call, self.axis)?])
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        lower::concatenated_masks(call, self.axis)
    }
}

/// The shape of tensors one after the other. Keras 3, which keeps what is unknown, shows the other
/// sizes of the first one.
pub(super) fn concatenated(inputs: &[Shape], along: i64, unknown: Unknown) -> Result<Shape> {
    let Some((first, rest)) = inputs.split_first() else {
        return Err(mismatch("no inputs, expected tensors to concatenate"));
    };
    let along = axis(first, along)?;
    let mut sizes = first.0.clone();
    for input in rest {
        let differs = || {
            mismatch(format!(
                "inputs of shapes {first} and {input}, expected equal sizes but along axis {along}"
            ))
        };
        if input.rank() != first.rank() {
            return Err(differs());
        }
        for (at, (size, other)) in sizes.iter_mut().zip(&input.0).enumerate() {
            *size = match (*size, *other) {
                (Some(size), Some(other)) if at == along => Some(
                    size.checked_add(other)
                        .ok_or_else(|| mismatch("sizes whose sum has more than 64 bits"))?,
                ),
                _ if at == along => None,
                (Some(size), Some(other)) if size != other => return Err(differs()),
                (None, other) if unknown == Unknown::Resolved => other,
                (size, _) => size,
            };
        }
    }
    Ok(Shape(sizes))
}

layer! {
    /// Sums of products along one axis of each of two inputs, for each sample of the batch.
    ///
    /// ```
    /// use hornfels::layers::{Dot, Inputs, Layer};
    /// use hornfels::tensor::Shape;
    /// let two = Inputs::of([Shape(vec![None, Some(5), Some(3)]), Shape(vec![None, Some(4), Some(3)])]);
    /// assert_eq!(Dot::new(2).output_shapes(&two)?[0].to_string(), "(None, 5, 4)");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Dot(
        /// The axis of both inputs, or one axis of each.
        axes ["dot_axes"]: Axes as into,
    ) {
        /// Whether what is multiplied is scaled to length 1 first.
        normalize: bool = false,
    }
}

impl Dot {
    /// The axes along which products are summed.
    fn places(&self, one: &Shape, other: &Shape) -> Result<(usize, usize)> {
        let (along_one, along_other) = match self.axes.0.as_slice() {
            [both] => (*both, *both),
            [one, other] => (*one, *other),
            several => {
                let count = several.len();
                return Err(mismatch(format!("{count} axes, expected one or two")));
            }
        };
        let (at_one, at_other) = (axis(one, along_one)?, axis(other, along_other)?);
        if at_one == 0 || at_other == 0 {
            return Err(mismatch("axis 0 is the batch, expected another one"));
        }
        let (size, other_size) = (one.0.get(at_one), other.0.get(at_other));
        if let (Some(Some(one)), Some(Some(other))) = (size, other_size)
            && one != other
        {
            return Err(mismatch(format!(
                "{one} elements along axis {at_one} and {other} along axis {at_other}, expected as many"
            )));
        }
        Ok((at_one, at_other))
    }
}

impl Layer for Dot {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let (one, other) = two(inputs)?;
        let (at_one, at_other) = self.places(one, other)?;
        let mut sizes = one.0.clone();
        sizes.remove(at_one);
        let rest = other.0.iter().enumerate().skip(1);
        sizes.extend(
            rest.filter(|(at, _)| *at != at_other)
                .map(|(_, size)| *size),
        );
        if sizes.len() == 1 {
            sizes.push(Some(1));
        }
        Ok(vec![Shape(sizes)])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        Ok(vec![lower::dot(self, call)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_that_do_not_go_together_are_refused() {
        #[track_caller]
        fn check(layer: &dyn Layer, inputs: &[&[u64]], expected: &str) {
            let inputs = Inputs::of(inputs.iter().map(|sizes| Shape::known(sizes)));
            assert_eq!(
                layer.output_shapes(&inputs).unwrap_err().message(),
                expected
            );
        }
        check(
            &Add::new(),
            &[&[2, 3], &[2, 4]],
            "sizes (3,) and (4,), expected equal ones, or 1, from the back",
        );
        check(
            &Add::new(),
            &[],
            "called without a tensor, expected one as the first argument",
        );
        check(
            &Add::new(),
            &[&[2, 3], &[4, 3]],
            "inputs of different batch sizes",
        );
        check(&Subtract::new(), &[&[2, 3]], "1 inputs, expected 2");
        check(
            &Concatenate::new(),
            &[&[2, 3, 4], &[2, 5, 4]],
            "inputs of shapes (2, 3, 4) and (2, 5, 4), expected equal sizes but along axis 2",
        );
        check(
            &Concatenate::new().axis(2),
            &[&[2, 3], &[2, 3]],
            "axis 2 of an input of shape (2, 3), expected one of its 2 axes",
        );
        check(
            &Concatenate::new(),
            &[&[2, u64::MAX], &[2, 1]],
            "sizes whose sum has more than 64 bits",
        );
        check(
            &Dot::new(1),
            &[&[2, 3], &[2, 4]],
            "3 elements along axis 1 and 4 along axis 1, expected as many",
        );
        check(
            &Dot::new([0, 1]),
            &[&[2, 3], &[2, 4]],
            "axis 0 is the batch, expected another one",
        );
        check(
            &Dot::new([1, 1, 1]),
            &[&[2, 3], &[2, 3]],
            "3 axes, expected one or two",
        );
    }
}
