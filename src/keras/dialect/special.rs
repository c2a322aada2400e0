//! What the tables cannot say about a class: values whose form changed.

use serde_json::{Map, Value};

use super::Dialect;
use super::class::{Translated, no_counterpart};
use super::nodes;
use crate::error::{Error, Result};

/// Keras 2 lets `axis` be a list, which Keras 3 refuses; Keras 2 itself writes one.
pub(super) fn batch_normalization(of: &mut Translated<'_>) -> Result<()> {
    if of.to != Dialect::Keras3 {
        return Ok(());
    }
    let axis = match of.config.get("axis") {
        Some(Value::Array(axes)) => match axes.as_slice() {
            [axis] => axis.clone(),
            _ => return Err(refused(of, "axis", "BatchNormalization")),
        },
        _ => return Ok(()),
    };
    of.config.insert("axis".to_owned(), axis);
    Ok(())
}

/// The loader of Keras 2 wants the shapes of query, key and value in the config and warns if they
/// are null; Keras 3 has them in the build config, and the tensors of a call have them too.
///
/// Axes that are counted from the end are so in Keras 2 with that of the heads, which comes later.
pub(super) fn multi_head_attention(of: &mut Translated<'_>) -> Result<()> {
    let (to, axes) = (of.to, of.config.get_mut("attention_axes"));
    let axes: Vec<&mut Value> = match axes {
        Some(Value::Array(axes)) => axes.iter_mut().collect(),
        one => one.into_iter().collect(),
    };
    for axis in axes {
        if let Some(from_end) = axis.as_i64().filter(|axis| *axis < 0) {
            *axis = match to {
                Dialect::Keras3 => from_end.saturating_add(1).into(),
                _ => from_end.saturating_sub(1).into(),
            };
        }
    }
    if of.to != Dialect::Keras2 {
        return Ok(());
    }
    let built = |key: &str| {
        let shapes = of.source.get("build_config")?.get("shapes_dict")?;
        shapes.get(key).cloned()
    };
    let [query, value, key] = nodes::argument_shapes(of.source);
    let query = built("query_shape").or(query);
    let value = built("value_shape").or(value);
    // Without a key the value is the key.
    let key = built("key_shape").or(key).or_else(|| value.clone());
    for (name, shape) in [
        ("query_shape", query),
        ("key_shape", key),
        ("value_shape", value),
    ] {
        let shape = shape.unwrap_or(Value::Null);
        of.config.insert(name.to_owned(), shape);
    }
    Ok(())
}

/// Keras 3 always writes the backward layer, Keras 2 only one that the user gave. Keras 2 also puts
/// `forward_` and `backward_` before the names of the layers without looking what is there.
pub(super) fn bidirectional(of: &mut Translated<'_>) -> Result<()> {
    if of.to != Dialect::Keras2 {
        return Ok(());
    }
    let backward = of.config.get("backward_layer");
    let derived = backward.zip(of.config.get("layer"));
    if derived.is_some_and(|(backward, forward)| {
        backward.is_null() || essence(forward) == essence(backward)
    }) {
        of.config.shift_remove("backward_layer");
    }
    for (key, prefix) in [("layer", "forward_"), ("backward_layer", "backward_")] {
        if let Some(layer) = of.config.get_mut(key) {
            remove_prefix(layer, prefix);
        }
    }
    Ok(())
}

fn remove_prefix(layer: &mut Value, prefix: &str) {
    let name = layer
        .get_mut("config")
        .and_then(|config| config.get_mut("name"));
    if let Some(Value::String(name)) = name
        && let Some(bare) = name.strip_prefix(prefix)
    {
        *name = bare.to_owned();
    }
}

/// A recurrent layer but for its name and direction.
fn essence(layer: &Value) -> Option<(&Value, Map<String, Value>)> {
    let mut config = layer.get("config")?.as_object()?.clone();
    config.shift_remove("name");
    config.shift_remove("go_backwards");
    Some((layer.get("class_name")?, config))
}

/// The loader of Keras 2 refuses floats for indices, where Keras 3 writes them.
pub(super) fn lookup(of: &mut Translated<'_>) -> Result<()> {
    let is = |key: &str, values: &[&str]| {
        let value = of.config.get(key).and_then(Value::as_str);
        value.is_some_and(|value| values.contains(&value))
    };
    if of.to == Dialect::Keras2 && is("output_mode", &["int"]) && !is("dtype", &["int32", "int64"])
    {
        of.config.insert("dtype".to_owned(), "int64".into());
    }
    Ok(())
}

/// The dtype of text is `string` in Keras 2, which has no other; Keras 3 names one of results.
pub(super) fn text_vectorization(of: &mut Translated<'_>) -> Result<()> {
    if of.to == Dialect::Keras2 {
        of.config.insert("dtype".to_owned(), "string".into());
    }
    Ok(())
}

/// A seed can be a generator object, which only its own Keras can read; seeds matter to training
/// from scratch only.
pub(super) fn seed(of: &mut Translated<'_>) -> Result<()> {
    if of.config.get("seed").is_some_and(Value::is_object) {
        of.config.insert("seed".to_owned(), Value::Null);
    }
    Ok(())
}

/// Before Keras 2.2.3 the truncated normal distribution was called `normal`.
pub(super) fn variance_scaling(of: &mut Translated<'_>) -> Result<()> {
    if of
        .config
        .get("distribution")
        .is_some_and(|name| name == "normal")
    {
        of.config
            .insert("distribution".to_owned(), "truncated_normal".into());
    }
    seed(of)
}

/// A schedule's name may be null in Keras 2 only.
pub(super) fn schedule(of: &mut Translated<'_>) -> Result<()> {
    if of.to == Dialect::Keras3 && of.config.get("name").is_some_and(Value::is_null) {
        of.config.shift_remove("name");
    }
    Ok(())
}

/// How a loss sums up: Keras 3 has no `auto`, Keras 2 neither `mean` nor null.
pub(super) fn reduction(of: &mut Translated<'_>) -> Result<()> {
    let new = match (of.to, of.config.get("reduction")) {
        (Dialect::Keras3, Some(Value::String(name))) if name == "auto" => "sum_over_batch_size",
        (Dialect::Keras2, Some(Value::Null)) => "none",
        (Dialect::Keras2, Some(Value::String(name))) if name.starts_with("mean") => {
            return Err(refused(of, "reduction", "a loss"));
        }
        _ => return Ok(()),
    };
    of.config.insert("reduction".to_owned(), new.into());
    Ok(())
}

#[cold]
fn refused(of: &Translated<'_>, key: &str, class: &str) -> Error {
    let value = of.config.get(key).unwrap_or(&Value::Null);
    no_counterpart(class, key, value, of.to)
}
