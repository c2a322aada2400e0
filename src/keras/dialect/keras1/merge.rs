//! `Merge`, which became one class for each mode.

use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::keras::dialect::class::no_counterpart;
use crate::keras::object::Dialect;

/// The class and config that do what a `Merge` did.
pub(super) fn to_keras2(config: &Map<String, Value>) -> Result<(&'static str, Map<String, Value>)> {
    if config.contains_key("layers") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "a `Merge` with models of its own, which Sequential models of Keras 2 do not begin with",
        )
        .with_hint("save the model in the dialect it came in"));
    }
    let of = |key: &str| config.get(key).cloned().unwrap_or_default();
    if of("mode_type") != "raw" && !of("mode_type").is_null() {
        return Err(Error::new(
            ErrorKind::Refused,
            "a `Merge` by a function holds Python bytecode, which is not moved to Keras 2",
        )
        .with_hint("save the model in the dialect it came in"));
    }
    let mode = of("mode");
    let (class, own) = match mode.as_str().unwrap_or_default() {
        "sum" => ("Add", json!({})),
        "mul" => ("Multiply", json!({})),
        "ave" => ("Average", json!({})),
        "max" => ("Maximum", json!({})),
        "concat" => ("Concatenate", json!({"axis": of("concat_axis")})),
        "dot" => (
            "Dot",
            json!({"axes": axes(of("dot_axes")), "normalize": false}),
        ),
        _ => return Err(no_counterpart("Merge", "mode", &mode, Dialect::Keras2)),
    };
    let mut translated = Map::new();
    for key in ["name", "trainable"] {
        translated.extend(config.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    if let Value::Object(own) = own {
        translated.extend(own);
    }
    Ok((class, translated))
}

/// One axis for each tensor; early versions had a list for each.
fn axes(value: Value) -> Value {
    let Value::Array(items) = &value else {
        return value;
    };
    let singles = items.iter().map(|item| match item.as_array() {
        Some(list) if list.len() == 1 => list.first().cloned(),
        Some(_) => None,
        None => Some(item.clone()),
    });
    singles
        .collect::<Option<Vec<_>>>()
        .map_or(value.clone(), Value::Array)
}
