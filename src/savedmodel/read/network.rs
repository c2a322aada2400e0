//! The network of a model from the descriptions of its layers.

use serde_json::{Map, Value, json};

use super::descriptions::is_config;
use super::directory::Directory;
use super::objects::NodeId;
use super::vocabularies;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::{Dialect, Network, Object};
use crate::limits::Limits;

/// What Keras calls the objects of its models.
const SEQUENTIAL: &str = "_tf_keras_sequential";
const FUNCTIONAL: &str = "_tf_keras_network";

/// Makes the network of the model that a directory holds from its description, whose config it takes.
pub(super) fn network(
    directory: &Directory<'_>,
    described: &mut Map<String, Value>,
    limits: &Limits,
) -> Result<Network> {
    let reader = Reader { directory, limits };
    let object = reader.model(directory.root, described)?;
    let object = Object::from_json(Value::Object(object), Dialect::Keras2)?;
    let place = || "the model's config";
    let network = Network::from_object(object, limits).within(place)?;
    match sorts_names(described) {
        true => in_order(network, limits).within(place),
        false => Ok(network),
    }
}

/// Whether the Keras that saved a model goes by the names of arguments when it makes it again. Keras 2.15
/// does, tf_keras keeps their order.
fn sorts_names(described: &Map<String, Value>) -> bool {
    let version = described.get("keras_version").and_then(Value::as_str);
    let minor = version.and_then(|it| {
        it.strip_prefix("2.")?
            .split('.')
            .next()?
            .parse::<u32>()
            .ok()
    });
    minor.is_none_or(|minor| minor <= 15)
}

/// The network with its layers, and those of models in it, as Keras lists them when it loads it: what it
/// saves then as HDF5, and looks for in that, has this order. `spec/keras_model.md#order`
fn in_order(network: Network, limits: &Limits) -> Result<Network> {
    if !has_another_order(&network)? {
        return Ok(network);
    }
    let mut json = network.to_object().into_json();
    order_layers(&network, &mut json)?;
    Network::from_object(Object::from_json(json, Dialect::Keras2)?, limits)
}

/// The places of a model's layers in the order in which Keras lists them, if the config has another.
fn another_order(network: &Network) -> Result<Option<Vec<usize>>> {
    let Network::Functional(functional) = network else {
        return Ok(None);
    };
    let order = functional.order_when_made()?;
    Ok(order.filter(|order| !order.is_sorted()))
}

fn has_another_order(network: &Network) -> Result<bool> {
    if another_order(network)?.is_some() {
        return Ok(true);
    }
    let mut inside = network.layers().iter().filter_map(|it| it.network());
    inside.try_fold(false, |found, inner| Ok(found || has_another_order(inner)?))
}

fn order_layers(network: &Network, json: &mut Value) -> Result<()> {
    let Some(Value::Array(entries)) = json.pointer_mut("/config/layers") else {
        return Ok(());
    };
    for layer in network.layers() {
        let is_entry = |it: &&mut Value| it.as_object().and_then(name_of) == Some(layer.name());
        if let Some(inner) = layer.network()
            && let Some(entry) = entries.iter_mut().find(is_entry)
        {
            order_layers(inner, entry)?;
        }
    }
    if let Some(order) = another_order(network)? {
        let entry = |at: usize| Some(entries.get_mut(at)?.take());
        *entries = order.into_iter().filter_map(entry).collect();
    }
    Ok(())
}

struct Reader<'d> {
    directory: &'d Directory<'d>,
    limits: &'d Limits,
}

impl Reader<'_> {
    /// A model as HDF5 files have it: class and config.
    fn model(&self, id: NodeId, described: &mut Map<String, Value>) -> Result<Map<String, Value>> {
        let class = described.get("class_name").and_then(Value::as_str);
        let class = class.ok_or_else(|| {
            Error::new(ErrorKind::Malformed, "a description without `class_name`")
        })?;
        let class = class.to_owned();
        let mut config = match described.get_mut("config").map(Value::take) {
            Some(Value::Object(config)) => config,
            _ => Map::new(),
        };
        let is_graph = described.get("is_graph_network").and_then(Value::as_bool);
        let class = match self.directory.objects.node(id).map(|node| node.class) {
            // Of a class of one's own Keras makes a model, if it has the config of one.
            Some(SEQUENTIAL) if config.contains_key("layers") => "Sequential".to_owned(),
            Some(FUNCTIONAL) if is_graph != Some(false) && is_functional(&config) => {
                "Functional".to_owned()
            }
            _ => class,
        };
        self.complete(id, &mut config, 0)?;
        if !config.contains_key("layers")
            && !config.contains_key("name")
            && let Some(name) = described.get("name")
        {
            config.insert("name".to_owned(), name.clone());
        }
        let mut object = Map::new();
        object.insert("class_name".to_owned(), json!(class));
        object.insert("config".to_owned(), Value::Object(config));
        Ok(object)
    }

    /// Adds what only descriptions say to the config of a layer, and to those of the layers in it.
    fn complete(&self, id: NodeId, config: &mut Map<String, Value>, depth: u32) -> Result<()> {
        self.limits.depth(depth, "models")?;
        let frozen = !self.directory.descriptions.trainable(id);
        if frozen && is_config(config) && !config.contains_key("trainable") {
            config.insert("trainable".to_owned(), Value::Bool(false));
        }
        if !self.is_model(id) {
            return Ok(());
        }
        let Some(Value::Array(entries)) = config.get_mut("layers") else {
            return Ok(());
        };
        let layers = self.directory.objects.numbered(id, "layer-");
        let by_name = self.directory.descriptions.by_name(&layers);
        // Only a Sequential has layers without names beside them, and it does not list its input.
        let mut in_order = layers.iter().copied();
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            let is_input = entry.get("class_name").and_then(Value::as_str) == Some("InputLayer");
            let next = match is_input && layers.len() < by_name.len().saturating_add(1) {
                true => None,
                false => in_order.next(),
            };
            let found = match name_of(entry) {
                Some(name) => by_name.get(name).copied(),
                None => next,
            };
            if let Some(layer) = found {
                self.complete_entry(layer, entry, depth)?;
            }
        }
        Ok(())
    }

    /// The same for an entry of a list of layers.
    fn complete_entry(&self, id: NodeId, entry: &mut Map<String, Value>, depth: u32) -> Result<()> {
        let Some(described) = self.directory.descriptions.get(id) else {
            return Ok(());
        };
        if name_of(entry).is_none()
            && let Some(name) = &described.name
        {
            entry.insert("name".to_owned(), Value::from(name.as_str()));
        }
        match entry.get_mut("config") {
            Some(Value::Object(config)) => {
                let place = || {
                    format!(
                        "layer `{}`",
                        self.directory.descriptions.name(id).unwrap_or("?")
                    )
                };
                vocabularies::complete(self.directory, id, config, self.limits).within(place)?;
                self.complete(id, config, depth.saturating_add(1))
            }
            _ => Ok(()),
        }
    }

    fn is_model(&self, id: NodeId) -> bool {
        let class = self.directory.objects.node(id).map(|node| node.class);
        matches!(class, Some(SEQUENTIAL | FUNCTIONAL | "_tf_keras_model"))
    }
}

fn is_functional(config: &Map<String, Value>) -> bool {
    let keys = ["layers", "input_layers", "output_layers"];
    keys.iter().all(|key| config.contains_key(*key))
}

/// The name of a layer in a list of layers.
fn name_of(entry: &Map<String, Value>) -> Option<&str> {
    let beside = entry.get("name").and_then(Value::as_str);
    beside.or_else(|| entry.get("config")?.get("name")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(object: Value) -> Network {
        let object = Object::from_json(object, Dialect::Keras2).unwrap();
        Network::from_object(object, &Limits::default()).unwrap()
    }

    /// A model whose layer was given `b` before `c`, which has the earlier name.
    fn by_name() -> Value {
        let input = |name: &str| {
            json!({"class_name": "InputLayer", "name": name, "inbound_nodes": [],
                "config": {"batch_input_shape": [null, 3, 6], "dtype": "float32", "name": name}})
        };
        let heads = json!({"class_name": "MultiHeadAttention", "name": "heads",
            "config": {"name": "heads", "num_heads": 2, "key_dim": 3},
            "inbound_nodes": [[["a", 0, 0, {"value": ["b", 0, 0], "attention_mask": ["c", 0, 0]}]]]});
        let config = json!({"name": "m", "layers": [input("a"), input("b"), input("c"), heads],
            "input_layers": [["a", 0, 0], ["b", 0, 0], ["c", 0, 0]], "output_layers": [["heads", 0, 0]]});
        json!({"class_name": "Functional", "name": "m", "config": config})
    }

    fn names(network: &Network) -> Vec<&str> {
        network.layers().iter().map(|it| it.name()).collect()
    }

    #[test]
    fn layers_are_in_the_order_of_the_names_of_arguments() {
        let network = network(by_name());
        assert_eq!(names(&network), ["a", "b", "c", "heads"]);
        let ordered = in_order(network, &Limits::default()).unwrap();
        // As Keras 2.15 lists them once it has loaded the model.
        assert_eq!(names(&ordered), ["a", "c", "b", "heads"]);
        let again = in_order(ordered.clone(), &Limits::default()).unwrap();
        assert_eq!(again, ordered);
    }

    #[test]
    fn layers_of_models_inside_are_in_order_too() {
        let outer =
            json!({"class_name": "Sequential", "config": {"name": "outer", "layers": [by_name()]}});
        let ordered = in_order(network(outer), &Limits::default()).unwrap();
        let inner = ordered.layers()[0].network().unwrap();
        assert_eq!(names(inner), ["a", "c", "b", "heads"]);
    }

    #[test]
    fn later_versions_keep_the_order_of_arguments() {
        for (version, sorts) in [
            (json!("2.15.0"), true),
            (json!("2.6.0-tf"), true),
            (json!("2.16.0"), false),
            (json!("2.21.0"), false),
            (json!("dev"), true),
            (json!(null), true),
        ] {
            let described = json!({"keras_version": version});
            let described = described.as_object().unwrap();
            assert_eq!(sorts_names(described), sorts, "{version}");
        }
        assert!(sorts_names(&Map::new()));
    }
}
