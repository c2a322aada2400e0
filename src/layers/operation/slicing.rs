//! `tensor[…]`: indices, slices, new axes.

use serde_json::Value;

use super::{Call, Name, unsupported};
use crate::error::Result;
use crate::layers::shape::{Size, mismatch};
use crate::tensor::Shape;

/// One part of what stands in the brackets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// An index; the axis is gone.
    Index(i64),
    /// `start:stop:step`.
    Slice(Option<i64>, Option<i64>, Option<i64>),
    /// A new axis of size 1.
    New,
    /// As many whole axes as are left.
    Ellipsis,
}

impl Part {
    /// Keras 2 writes a slice as `{"start", "stop", "step"}`, Keras 3 that as the config of one.
    fn read(value: &Value) -> Option<Part> {
        match value {
            Value::Null => Some(Part::New),
            Value::Number(number) => number.as_i64().map(Part::Index),
            Value::Object(object) => {
                match object.get("class_name").and_then(Value::as_str) {
                    Some("__ellipsis__") => return Some(Part::Ellipsis),
                    Some("__slice__") | None => {}
                    Some(_) => return None,
                }
                let slice = object.get("config").unwrap_or(value).as_object()?;
                let bound = |name: &str| match slice.get(name) {
                    None | Some(Value::Null) => Some(None),
                    Some(value) => value.as_i64().map(Some),
                };
                Some(Part::Slice(bound("start")?, bound("stop")?, bound("step")?))
            }
            _ => None,
        }
    }
}

pub(super) fn sliced(call: &Call<'_>) -> Result<Vec<Shape>> {
    slice(call.input()?, &parts(call)?).map(|shape| vec![shape])
}

/// What stands in the brackets.
pub(super) fn parts(call: &Call<'_>) -> Result<Vec<Part>> {
    let key = Name(1, &["slice_spec", "key"]);
    let key = call
        .value(key)?
        .ok_or_else(|| unsupported("indices that are not written down"))?;
    let parts: Vec<&Value> = match key {
        Value::Array(parts) => parts.iter().collect(),
        tuple if tuple.get("items").is_some_and(Value::is_array) => {
            let items = tuple.get("items").and_then(Value::as_array);
            items.into_iter().flatten().collect()
        }
        one => vec![one],
    };
    let parts: Option<Vec<Part>> = parts.into_iter().map(Part::read).collect();
    parts.ok_or_else(|| unsupported(format!("indices {key} are not understood")))
}

/// A part of a tensor from one place on, of given sizes; -1 is all that is left.
pub(super) fn cut(call: &Call<'_>) -> Result<Vec<Shape>> {
    let input = call.input()?;
    let begin: Vec<u64> = call.required(Name(1, &["begin"]))?;
    let sizes: Vec<i64> = call.required(Name(2, &["size"]))?;
    if begin.len() != input.rank() || sizes.len() != input.rank() {
        return Err(mismatch(format!(
            "places {begin:?} and sizes {sizes:?} for an input of shape {input}"
        )));
    }
    let axes = input.0.iter().zip(begin).zip(sizes);
    let sizes = axes.map(|((size, begin), wanted)| match u64::try_from(wanted) {
        Ok(wanted) => Some(wanted),
        Err(_) => size.map(|size| size.saturating_sub(begin)),
    });
    Ok(vec![Shape(sizes.collect())])
}

/// The shape of a part of a tensor.
pub(super) fn slice(input: &Shape, parts: &[Part]) -> Result<Shape> {
    let own = |part: &&Part| matches!(part, Part::Index(_) | Part::Slice(..));
    let given = parts.iter().filter(own).count();
    let Some(whole) = input.rank().checked_sub(given) else {
        return Err(mismatch(format!(
            "{given} indices of an input of shape {input}, expected one for each axis at most"
        )));
    };
    let mut sizes = Vec::new();
    let mut axes = input.0.iter().copied();
    for part in parts {
        match part {
            Part::New => sizes.push(Some(1)),
            Part::Ellipsis => sizes.extend(axes.by_ref().take(whole)),
            Part::Index(_) => {
                axes.next();
            }
            Part::Slice(start, stop, step) => {
                let size = axes.next().flatten();
                sizes.push(length(size, *start, *stop, step.unwrap_or(1))?);
            }
        }
    }
    sizes.extend(axes);
    Ok(Shape(sizes))
}

/// How many elements `start:stop:step` takes of an axis, as Python counts them.
fn length(size: Size, start: Option<i64>, stop: Option<i64>, step: i64) -> Result<Size> {
    if step == 0 {
        return Err(mismatch("a step of 0 between elements"));
    }
    let Some(size) = size else {
        return Ok(None);
    };
    let size = i64::try_from(size).map_err(|_| mismatch("an axis of more than 63 bits"))?;
    // Going backwards, before the first element is a place, too.
    let (lowest, highest) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let place = |bound: i64| {
        let bound = if bound < 0 {
            bound.saturating_add(size)
        } else {
            bound
        };
        bound.clamp(lowest, highest)
    };
    let (first, end) = if step > 0 {
        (lowest, highest)
    } else {
        (highest, lowest)
    };
    let (first, end) = (start.map_or(first, place), stop.map_or(end, place));
    let distance = if step > 0 { end - first } else { first - end };
    let distance = u64::try_from(distance).unwrap_or(0);
    Ok(Some(distance.div_ceil(step.unsigned_abs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_as_long_as_in_python() {
        #[track_caller]
        fn check(bounds: [Option<i64>; 2], step: i64, expected: u64) {
            let found = length(Some(10), bounds[0], bounds[1], step).unwrap();
            assert_eq!(found, Some(expected));
        }
        check([None, None], 1, 10);
        check([None, None], 3, 4);
        check([None, None], -3, 4);
        check([Some(2), Some(-2)], 1, 6);
        check([Some(-3), None], 1, 3);
        check([Some(8), Some(2)], 1, 0);
        check([Some(8), Some(2)], -2, 3);
        check([Some(50), None], 1, 0);
        check([Some(50), Some(-50)], -1, 10);
        check([Some(i64::MIN), Some(i64::MAX)], i64::MIN, 0);
        assert_eq!(length(None, Some(1), None, 1).unwrap(), None);
        assert!(length(Some(3), None, None, 0).is_err());
        assert!(length(Some(u64::MAX), None, None, 1).is_err());
    }
}
