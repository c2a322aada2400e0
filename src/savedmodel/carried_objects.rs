//! What layers of unknown classes own, as the model's file has it: `spec/saved_model.md#carried-functions`.

use std::collections::HashSet;

use serde_json::Value;

use super::carried::CarriedFunctions;
use super::layer_objects::{Described, LayerObjects};
use super::objects::ObjectId;
use super::read::is_added;
use crate::error::Result;
use crate::keras::json;
use crate::proto::tensorflow::saved_object_graph::Kind;

/// How deep objects own each other; what is deeper is left out.
const DEEPEST: usize = 50;

/// Something that a layer owns.
#[derive(Debug)]
enum Owned {
    /// A variable, by its path in the model.
    Variable(String),
    /// A table, by its number in the file.
    Table(u32),
    Object {
        class: &'static str,
        /// What Keras says of it, as JSON.
        description: Option<String>,
        owned: Vec<(String, Owned)>,
    },
}

impl CarriedFunctions {
    /// What an object owns, beside what Keras adds to every layer.
    fn owned(
        &self,
        object: usize,
        seen: &mut HashSet<usize>,
        depth: usize,
    ) -> Vec<(String, Owned)> {
        let mut owned = Vec::new();
        let Some(node) = self.objects.nodes.get(object).filter(|_| depth < DEEPEST) else {
            return owned;
        };
        for child in &node.children {
            let Ok(id) = usize::try_from(child.node_id) else {
                continue;
            };
            let kind = self.objects.nodes.get(id).and_then(|it| it.kind.as_ref());
            let number = u32::try_from(id).ok();
            let found = match kind {
                _ if is_added(&child.local_name) => continue,
                Some(Kind::Variable(_)) => {
                    let path = number.and_then(|it| self.variables.get(&it));
                    path.map(|path| Owned::Variable(path.clone()))
                }
                Some(Kind::Resource(_)) => number.map(Owned::Table),
                Some(Kind::UserObject(user)) if seen.insert(id) => {
                    let description = number.and_then(|it| self.descriptions.get(&it));
                    Some(Owned::Object {
                        class: class(&user.identifier, description.is_some()),
                        description: description.cloned(),
                        owned: self.owned(id, seen, depth.saturating_add(1)),
                    })
                }
                _ => None,
            };
            owned.extend(found.map(|found| (child.local_name.clone(), found)));
        }
        owned
    }
}

/// The class of an object; Keras makes nothing of layers that are not described.
fn class(identifier: &str, is_described: bool) -> &'static str {
    const LAYERS: [&str; 5] = [
        "_tf_keras_layer",
        "_tf_keras_rnn_layer",
        "_tf_keras_sequential",
        "_tf_keras_network",
        "_tf_keras_model",
    ];
    const CONTAINERS: [&str; 3] = [
        "trackable_list_wrapper",
        "trackable_dict_wrapper",
        "trackable_tuple_wrapper",
    ];
    let layers = LAYERS.iter().filter(|_| is_described);
    let mut known = layers.chain(&CONTAINERS);
    let found = known.find(|known| **known == identifier);
    found.copied().unwrap_or("_generic_user_object")
}

impl LayerObjects<'_, '_> {
    /// Gives the object of the layer at `path` what that owns in the model's file.
    pub(super) fn own_carried(&mut self, object: ObjectId, path: &str) -> Result<()> {
        let Some(functions) = self.tracer.carried.of_layer(path)? else {
            return Ok(());
        };
        let place = functions.layers.get(path).copied();
        let place = place.and_then(|it| usize::try_from(it).ok());
        let owned = place.map(|it| functions.owned(it, &mut HashSet::from([it]), 0));
        self.own_all(object, owned.unwrap_or_default(), path)
    }

    fn own_all(&mut self, owner: ObjectId, owned: Vec<(String, Owned)>, path: &str) -> Result<()> {
        for (name, owned) in owned {
            let object = match owned {
                Owned::Variable(path) => {
                    let Some(id) = self.tracer.variables.of_layer(&path) else {
                        continue;
                    };
                    self.variable(id)
                }
                Owned::Table(_) if !self.has_traces => continue,
                Owned::Table(number) => self.carried_table(path, number, owner)?,
                Owned::Object {
                    class,
                    description,
                    owned,
                } => {
                    let object = self.objects.user(class);
                    let described = description.and_then(|it| json::parse(&it).ok());
                    if let Some(Value::Object(described)) = described {
                        let described = Described::Carried(described);
                        self.described.push((object, described));
                    }
                    self.own_all(object, owned, path)?;
                    object
                }
            };
            self.objects.own(owner, &name, object);
        }
        Ok(())
    }
}
