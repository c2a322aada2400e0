//! What Keras says of layers, `keras_metadata.pb`: `spec/saved_model.md#keras-metadata`.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::objects::{NodeId, Objects};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::json;
use crate::limits::Limits;
use crate::proto::outline::SavedMetadataOutline;

/// What is said of one layer, model or metric: a JSON object, of which little is needed unless it
/// is of the model itself.
#[derive(Debug)]
pub(super) struct Description<'f> {
    text: &'f str,
    pub(super) name: Option<String>,
    pub(super) class_name: Option<String>,
    pub(super) trainable: Option<bool>,
}

/// What is said of the objects that are layers, models or metrics.
#[derive(Debug, Default)]
pub(super) struct Descriptions<'f> {
    by_object: HashMap<NodeId, Description<'f>>,
}

/// Where Keras puts `true` in the config of a class that has none.
const WITHOUT_CONFIG: &str = "layer was saved without config";

impl<'f> Description<'f> {
    fn new(text: &'f str, limits: &Limits) -> Result<Description<'f>> {
        let names = ["name", "class_name", "trainable"];
        let [name, class_name, trainable] = json::pick(text, names, limits)?;
        let string = |value| match value {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        Ok(Description {
            name: string(name),
            class_name: string(class_name),
            trainable: trainable.as_ref().and_then(Value::as_bool),
            text,
        })
    }

    /// Some of what is said, as HDF5 files have it: a model's config is there a second time.
    pub(super) fn pick<const N: usize>(
        &self,
        names: [&str; N],
        limits: &Limits,
    ) -> Result<Map<String, Value>> {
        let found = json::pick(self.text, names, limits)?;
        let found = names.into_iter().zip(found);
        let found = found.filter_map(|(name, value)| {
            let mut value = value?;
            make_plain(&mut value);
            Some((name.to_owned(), value))
        });
        Ok(found.collect())
    }

    /// All that is said, as HDF5 files have it.
    pub(super) fn read(&self, limits: &Limits) -> Result<Map<String, Value>> {
        let mut value = json::parse_with(self.text, limits)?;
        make_plain(&mut value);
        match value {
            Value::Object(described) => Ok(described),
            _ => Err(Error::new(
                ErrorKind::Malformed,
                "JSON, but no object, expected a description of a layer",
            )),
        }
    }
}

impl<'f> Descriptions<'f> {
    /// As `keras_metadata.pb` has them.
    pub(super) fn of_metadata(
        metadata: SavedMetadataOutline<'f>,
        objects: &Objects<'_>,
        limits: &Limits,
    ) -> Result<Descriptions<'f>> {
        let mut found = Descriptions::default();
        for node in metadata.nodes {
            let place = || format!("object `{}`", node.node_path);
            let Some(id) = objects.id(node.node_id) else {
                let (id, count) = (node.node_id, objects.len());
                let message = format!("describes object {id} of {count}");
                return Err(Error::new(ErrorKind::Malformed, message)
                    .with_hint("the file belongs to another `saved_model.pb`"))
                .within(place);
            };
            let description = Description::new(node.metadata, limits).within(place)?;
            found.by_object.insert(id, description);
        }
        Ok(found)
    }

    /// As the objects themselves have them, which TensorFlow before 2.5 wrote.
    pub(super) fn of_objects(objects: &Objects<'f>, limits: &Limits) -> Result<Descriptions<'f>> {
        let mut found = Descriptions::default();
        for (id, node) in objects.iter() {
            if node.class.starts_with("_tf_keras_") && !node.metadata.is_empty() {
                let place = || format!("object of class `{}`", node.class);
                let description = Description::new(node.metadata, limits).within(place)?;
                found.by_object.insert(id, description);
            }
        }
        Ok(found)
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Description<'f>> {
        self.by_object.get(&id)
    }

    /// What an object is called.
    pub(super) fn name(&self, id: NodeId) -> Option<&str> {
        self.get(id)?.name.as_deref()
    }

    /// Objects by their names; without those that have none.
    pub(super) fn by_name(&self, objects: &[NodeId]) -> HashMap<&str, NodeId> {
        let named = objects.iter().filter_map(|id| Some((self.name(*id)?, *id)));
        named.collect()
    }

    /// Whether an object is trained; what is not said is.
    pub(super) fn trainable(&self, id: NodeId) -> bool {
        let description = self.get(id);
        description.and_then(|it| it.trainable).unwrap_or(true)
    }
}

/// Whether it is a config from which Keras could make an object.
pub(super) fn is_config(config: &Map<String, Value>) -> bool {
    !config.contains_key(WITHOUT_CONFIG)
}

/// Makes it the same as HDF5 files have it: tuples and shapes become lists, and the numbers of
/// objects that are shared are dropped.
fn make_plain(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(make_plain),
        Value::Object(members) => {
            // They are few: comparing is faster than computing a hash.
            let class = members.iter().find(|(key, _)| *key == "class_name");
            let has_class = class.is_some();
            if matches!(
                class.and_then(|(_, class)| class.as_str()),
                Some("__tuple__" | "TensorShape")
            ) && let Some(items) = members.get_mut("items")
            {
                *value = items.take();
                return make_plain(value);
            }
            if has_class {
                members.retain(|key, _| key != "shared_object_id");
            }
            members.values_mut().for_each(make_plain);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_and_shapes_are_lists() {
        let text = r#"{"a": {"class_name": "__tuple__", "items": [null, {"class_name": "TensorShape", "items": [2]}]},
            "b": {"class_name": "Zeros", "config": {}, "shared_object_id": 3}}"#;
        let described = Description::new(text, &Limits::default()).unwrap();
        let found = Value::Object(described.read(&Limits::default()).unwrap());
        let expected = r#"{"a": [null, [2]], "b": {"class_name": "Zeros", "config": {}}}"#;
        assert_eq!(json::to_string(&found), expected);
        let error = Description::new("[]", &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }
}
