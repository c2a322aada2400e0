//! What Keras says of layers, `keras_metadata.pb`: `spec/saved_model.md#keras-metadata`.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::objects::{NodeId, Objects};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::json;
use crate::limits::Limits;
use crate::proto::keras::SavedMetadata;
use crate::proto::tensorflow::SavedObjectGraph;
use crate::proto::tensorflow::saved_object_graph::Kind;

/// What is said of one layer, model or metric.
pub(super) type Description = Map<String, Value>;

/// What is said of the objects that are layers, models or metrics.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    by_object: HashMap<NodeId, Description>,
}

/// Where Keras puts `true` in the config of a class that has none.
const WITHOUT_CONFIG: &str = "layer was saved without config";

impl Descriptions {
    /// As `keras_metadata.pb` has them.
    pub(super) fn of_metadata(
        metadata: &SavedMetadata,
        objects: &Objects,
        limits: &Limits,
    ) -> Result<Descriptions> {
        let mut found = Descriptions::default();
        for node in &metadata.nodes {
            let place = || format!("object `{}`", node.node_path);
            let Some(id) = objects.id(node.node_id) else {
                let (id, count) = (node.node_id, objects.len());
                let message = format!("describes object {id} of {count}");
                return Err(Error::new(ErrorKind::Malformed, message)
                    .with_hint("the file belongs to another `saved_model.pb`"))
                .within(place);
            };
            let description = described(&node.metadata, limits).within(place)?;
            found.by_object.insert(id, description);
        }
        Ok(found)
    }

    /// As the objects themselves have them, which TensorFlow before 2.5 wrote.
    pub(super) fn of_objects(
        graph: &SavedObjectGraph,
        objects: &Objects,
        limits: &Limits,
    ) -> Result<Descriptions> {
        let mut found = Descriptions::default();
        for ((id, _), saved) in objects.iter().zip(&graph.nodes) {
            if let Some(Kind::UserObject(user)) = &saved.kind
                && user.identifier.starts_with("_tf_keras_")
                && !user.metadata.is_empty()
            {
                let place = || format!("object of class `{}`", user.identifier);
                let description = described(&user.metadata, limits).within(place)?;
                found.by_object.insert(id, description);
            }
        }
        Ok(found)
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Description> {
        self.by_object.get(&id)
    }

    /// What an object is called.
    pub(super) fn name(&self, id: NodeId) -> Option<&str> {
        self.get(id)?.get("name")?.as_str()
    }

    /// Whether an object is trained; what is not said is.
    pub(super) fn trainable(&self, id: NodeId) -> bool {
        let flag = self.get(id).and_then(|it| it.get("trainable"));
        flag.and_then(Value::as_bool).unwrap_or(true)
    }
}

/// Whether it is a config from which Keras could make an object.
pub(super) fn is_config(config: &Map<String, Value>) -> bool {
    !config.contains_key(WITHOUT_CONFIG)
}

fn described(text: &str, limits: &Limits) -> Result<Description> {
    match plain(json::parse_with(text, limits)?) {
        Value::Object(described) => Ok(described),
        _ => Err(Error::new(
            ErrorKind::Malformed,
            "JSON, but no object, expected a description of a layer",
        )),
    }
}

/// The same as HDF5 files have it: tuples and shapes become lists, and the numbers of objects that
/// are shared are dropped.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(mut members) => {
            let class = members.get("class_name").and_then(Value::as_str);
            if matches!(class, Some("__tuple__" | "TensorShape"))
                && let Some(items) = members.get_mut("items")
            {
                return plain(items.take());
            }
            if members.contains_key("class_name") {
                members.shift_remove("shared_object_id");
            }
            let members = members.into_iter();
            let members: Map<String, Value> =
                members.map(|(key, value)| (key, plain(value))).collect();
            Value::Object(members)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_and_shapes_are_lists() {
        let text = r#"{"a": {"class_name": "__tuple__", "items": [null, {"class_name": "TensorShape", "items": [2]}]},
            "b": {"class_name": "Zeros", "config": {}, "shared_object_id": 3}}"#;
        let found = Value::Object(described(text, &Limits::default()).unwrap());
        let expected = r#"{"a": [null, [2]], "b": {"class_name": "Zeros", "config": {}}}"#;
        assert_eq!(json::to_string(&found), expected);
        let error = described("[]", &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }
}
