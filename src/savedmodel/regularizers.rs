//! Which penalties a layer's config asks for on its variables.

use serde_json::Value;

use crate::error::Result;
use crate::keras::Object;
use crate::layers::{Names, Regularizer, read_argument};

/// The penalty on a variable, by its path from the layer.
pub(super) fn of_variable(object: &Object, path: &str) -> Result<Option<Regularizer>> {
    if let Some((name, rest)) = path.split_once('/') {
        return match inner(object, name) {
            Some(inner) => of_variable(&inner, rest),
            None => Ok(None),
        };
    }
    let argument = match path {
        "depthwise_kernel" => "depthwise",
        "pointwise_kernel" => "pointwise",
        "recurrent_kernel" => "recurrent",
        "kernel" if object.class_name().starts_with("Depthwise") => "depthwise",
        _ => path,
    };
    read_argument(object, &format!("{argument}_regularizer"))
}

/// The layer in a layer whose variables are under that name; of recurrent layers, whose config is that
/// of their cell, the layer itself.
fn inner(object: &Object, name: &str) -> Option<Object> {
    let config = object.config();
    let made = |json: &Value| Object::from_json(json.clone(), object.dialect()).ok();
    let of = |key: &str| made(config.get(key)?);
    let list = |key: &str| {
        let all = config.get(key).and_then(Value::as_array)?;
        all.iter().map(made).collect::<Option<Vec<Object>>>()
    };
    if let Some(cells) = list("cells") {
        let mut names = Names::default();
        return cells.into_iter().find(|cell| names.of(cell) == name);
    }
    if let Some(layers) = list("layers") {
        return layers.into_iter().find(|it| it.name() == Some(name));
    }
    match config.get("backward_layer") {
        Some(Value::Object(_)) if !name.starts_with("forward_") => of("backward_layer"),
        _ => of("cell")
            .or_else(|| of("layer"))
            .or_else(|| Some(object.clone())),
    }
}
