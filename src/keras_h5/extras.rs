//! What a model's file holds that Keras did not put there: carried, and written back.

use std::collections::HashSet;

use super::{
    BACKEND, KERAS_VERSION, LAYER_NAMES, MODEL_CONFIG, MODEL_WEIGHTS, OPTIMIZER_WEIGHTS,
    TRAINING_CONFIG, WEIGHT_NAMES, attributes,
};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::{Attribute, Found, Group, GroupMut, LinkTarget, Object, Value};
use crate::keras::{Extra, ExtraValue};
use crate::tensor::Tensor;

/// Everything below `group` but the datasets in `known` and Keras's own attributes.
///
/// Paths count from `group`. Without `training`, what belongs to it is left out.
pub(super) fn read(group: &Group, known: &HashSet<String>, training: bool) -> Result<Vec<Extra>> {
    let mut extras = Vec::new();
    attributes_of("", group.attributes()?, &mut extras)?;
    let mut groups_with_objects = HashSet::new();
    let mut empty = Vec::new();
    for step in group.walk() {
        let step = step?;
        let path = relative(group, &step.path);
        if !training && within(path, OPTIMIZER_WEIGHTS) {
            continue;
        }
        if let Some((parent, _)) = path.rsplit_once('/') {
            groups_with_objects.insert(parent.to_owned());
        }
        match step.found {
            Found::Object(Object::Group(inner)) => {
                attributes_of(path, inner.attributes()?, &mut extras)?;
                empty.push(path.to_owned());
            }
            Found::Object(Object::Dataset(dataset)) => {
                if !known.contains(path) {
                    let tensor = dataset.tensor().within(|| cannot_carry(path))?;
                    extras.push(Extra {
                        path: path.to_owned(),
                        value: ExtraValue::Dataset(tensor),
                    });
                }
                attributes_of(path, dataset.attributes()?, &mut extras)?;
            }
            Found::Again(_) if known.contains(path) => {}
            _ => return Err(not_carried(path, &step.target)),
        }
    }
    let is_kept = |path: &String| !groups_with_objects.contains(path);
    extras.extend(empty.into_iter().filter(is_kept).map(|path| Extra {
        path,
        value: ExtraValue::Group,
    }));
    Ok(extras)
}

fn cannot_carry(path: &str) -> String {
    format!("dataset `{path}`, which is not Keras's but carried")
}

fn not_carried(path: &str, target: &LinkTarget) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("{target:?}, expected a group or a dataset"),
    )
    .with_hint("remove the link, or load with Keras and save again")
    .within(format!("`{path}`"))
}

fn within(path: &str, group: &str) -> bool {
    path.strip_prefix(group)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path of something below `group`, counted from there.
fn relative<'p>(group: &Group, path: &'p str) -> &'p str {
    path.strip_prefix(group.path())
        .unwrap_or(path)
        .trim_start_matches('/')
}

fn attributes_of(path: &str, found: Vec<Attribute>, extras: &mut Vec<Extra>) -> Result<()> {
    for attribute in found {
        if is_keras(path, attribute.name()) {
            continue;
        }
        let tensor = attribute.tensor()?;
        extras.push(Extra {
            path: path.to_owned(),
            value: ExtraValue::Attribute(attribute.name().to_owned(), tensor),
        });
    }
    Ok(())
}

/// Whether Keras puts an attribute of that name there.
fn is_keras(path: &str, name: &str) -> bool {
    match path {
        "" => [KERAS_VERSION, BACKEND, MODEL_CONFIG, TRAINING_CONFIG].contains(&name),
        MODEL_WEIGHTS => {
            [KERAS_VERSION, BACKEND].contains(&name) || attributes::is_part_of(name, LAYER_NAMES)
        }
        _ => {
            (within(path, MODEL_WEIGHTS) || within(path, OPTIMIZER_WEIGHTS))
                && attributes::is_part_of(name, WEIGHT_NAMES)
        }
    }
}

/// Puts everything back where it was.
pub(super) fn write<'m>(extras: &'m [Extra], group: &mut GroupMut<'_, 'm>) -> Result<()> {
    for extra in extras {
        match &extra.value {
            ExtraValue::Group => {
                group.group(&extra.path)?;
            }
            ExtraValue::Dataset(tensor) => {
                group.dataset(&extra.path, stored(tensor)?)?;
            }
            ExtraValue::Attribute(..) => {}
        }
    }
    // A group's attributes come before the objects in it, but it is there only with them.
    for extra in extras {
        if let ExtraValue::Attribute(name, tensor) = &extra.value {
            group.attribute_of(&extra.path, name, stored_in_attribute(tensor)?)?;
        }
    }
    Ok(())
}

/// Strings that only fixed length can hold, because there is a NUL in one, are written so.
fn stored<'m>(tensor: &'m Tensor<'static>) -> Result<Value<'m>> {
    match tensor.string_values() {
        Some(strings) if strings.iter().any(|string| string.contains(&0)) => fixed(strings, tensor),
        _ => Ok(tensor.borrowed().into()),
    }
}

/// The same for an attribute, in which the references to many strings do not fit.
fn stored_in_attribute<'m>(tensor: &'m Tensor<'static>) -> Result<Value<'m>> {
    const MOST_REFERENCES: usize = 4080;
    match tensor.string_values() {
        Some(strings) if strings.len() > MOST_REFERENCES => fixed(strings, tensor),
        _ => stored(tensor),
    }
}

fn fixed(strings: &[Vec<u8>], tensor: &Tensor<'static>) -> Result<Value<'static>> {
    Value::fixed_strings(strings)?.reshape(tensor.shape())
}
