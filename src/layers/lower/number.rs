//! Numbers of configs as tensors.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::keras::json;
use crate::proto::tensorflow::DataType;
use crate::tensor::Tensor;

/// The nearest number of single precision: what Keras makes of arguments first, whatever a layer
/// computes in.
#[allow(
    clippy::cast_possible_truncation,
    reason = "it is meant to lose precision"
)]
pub(crate) fn single(value: f64) -> f32 {
    value as f32
}

/// A number, or lists of numbers in lists, of that type.
pub(crate) fn numbers(f: &mut FunctionBuilder, value: &Value, dtype: DataType) -> Result<Edge> {
    // Keras 3 has an array as `{"class_name": "__numpy__", "config": {"value": …}}`.
    let held = value
        .pointer("/config/value")
        .or_else(|| value.get("value"));
    let value = held.unwrap_or(value);
    let (mut flat, mut sizes) = (Vec::new(), Vec::new());
    let found = flatten(value, 0, &mut flat, &mut sizes);
    let found = found.and_then(|()| tensor(&flat, &sizes, dtype).ok());
    let tensor = found.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidModel,
            format!("{value}, expected a number or lists of numbers that are equally long"),
        )
    })?;
    let constant = f.constant(Constant::from(&tensor));
    f.cast(&constant, dtype)
}

/// The numbers of that type, or of double precision if it is a rare one.
#[allow(
    clippy::cast_possible_truncation,
    reason = "as TensorFlow rounds what it is given"
)]
fn tensor(flat: &[f64], sizes: &[u64], dtype: DataType) -> Result<Tensor<'static>> {
    match dtype {
        DataType::DT_FLOAT => Tensor::from_vec(flat.iter().map(|it| single(*it)).collect(), sizes),
        DataType::DT_INT32 => Tensor::from_vec(flat.iter().map(|it| *it as i32).collect(), sizes),
        _ => Tensor::from_vec(flat.to_vec(), sizes),
    }
}

/// Collects the numbers and sizes of lists in lists, which JSON does not nest without end.
fn flatten(value: &Value, depth: usize, flat: &mut Vec<f64>, sizes: &mut Vec<u64>) -> Option<()> {
    let Value::Array(items) = value else {
        let number = match value {
            Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
            number => json::number(number),
        };
        flat.push(number.filter(|_| depth == sizes.len())?);
        return Some(());
    };
    let count = u64::try_from(items.len()).ok()?;
    match sizes.get(depth) {
        Some(size) if *size == count => {}
        None if flat.is_empty() => sizes.push(count),
        _ => return None,
    }
    let deeper = depth.saturating_add(1);
    items
        .iter()
        .try_for_each(|item| flatten(item, deeper, flat, sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_a_shape() {
        #[track_caller]
        fn check(text: &str, expected: Option<&[i64]>) {
            let mut f = FunctionBuilder::new("f");
            let made = numbers(&mut f, &json::parse(text).unwrap(), DataType::DT_DOUBLE);
            let found = made.is_ok().then(|| {
                let made = &f.finish(&[]).unwrap().0.node_def[0].attr["value"];
                match &made.value {
                    Some(crate::proto::tensorflow::attr_value::Value::Tensor(tensor)) => tensor
                        .tensor_shape
                        .iter()
                        .flat_map(|shape| shape.dim.iter().map(|dim| dim.size))
                        .collect::<Vec<i64>>(),
                    other => panic!("{other:?}"),
                }
            });
            assert_eq!(found.as_deref(), expected);
        }
        check("2.5", Some(&[]));
        check("[1, 2.5]", Some(&[2]));
        check("[[1], [2], [3]]", Some(&[3, 1]));
        check(
            r#"{"class_name": "__numpy__", "config": {"value": [1, 2]}}"#,
            Some(&[2]),
        );
        check("[[1], [2, 3]]", None);
        check("[1, [2]]", None);
        check("[[1], 2]", None);
        check("\"a\"", None);
        check("null", None);
    }
}
