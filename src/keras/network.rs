//! How the layers of a model are put together: `spec/keras_model.md#network`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::functional::Functional;
use super::naming::{Numbers, snake_case};
use super::node::Node;
use super::object::{Dialect, Object, describe};
use super::sequential::Sequential;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::limits::Limits;

/// The layers of a model, with the JSON they came in: saving in the same dialect gives it back.
///
/// ```
/// use hornfels::Limits;
/// use hornfels::keras::{Dialect, Network, Object, json};
/// let written = r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Mine", "config": {"name": "a"}}]}}"#;
/// let object = Object::from_json(json::parse(written)?, Dialect::Keras2)?;
/// let network = Network::from_object(object, &Limits::default())?;
/// assert_eq!(network.layers()[0].class_name(), "Mine");
/// assert_eq!(network.to_object().to_string(), written);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// One layer after the other.
    Sequential(Sequential),
    /// Layers connected by calls.
    Functional(Functional),
    /// A class of the user's own: its config is carried, not understood.
    Subclassed(Object),
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    name: String,
    /// Without its layers, if it is a network itself.
    object: Object,
    network: Option<Box<Network>>,
    /// The nested models beside it whose calls the file counts from 1.
    counted_from_one: Arc<HashSet<String>>,
}

impl Network {
    /// Reads a network from a serialized model; `limits` bounds how deep models nest.
    ///
    /// A class of the user's own with `layers`, `input_layers` and `output_layers` is Functional, one
    /// with a list of layers only is Sequential.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] for layers without class or name and for names given twice;
    /// [`ErrorKind::LimitExceeded`] for models that nest too deep.
    pub fn from_object(object: Object, limits: &Limits) -> Result<Network> {
        Self::nested(object, limits, 0)
    }

    fn nested(mut object: Object, limits: &Limits, depth: u32) -> Result<Network> {
        limits.depth(depth, "models")?;
        let is_graph = ["layers", "input_layers", "output_layers"]
            .iter()
            .all(|key| object.config().contains_key(*key));
        // A subclass of Sequential has the config of one. Among layers, one with `layers` in its
        // config may be anything.
        let is_row = depth == 0 && !is_graph && holds_layers(&object);
        if object.class_name() == "Sequential" || is_row {
            let layers = Layers::take(&mut object, limits, depth)?;
            return Ok(Network::Sequential(Sequential::new_with(object, layers)));
        }
        if is_graph {
            let layers = Layers::take(&mut object, limits, depth)?;
            return Functional::new_with(object, layers).map(Network::Functional);
        }
        if object.class_name() == "Functional" {
            return Err(Error::new(
                ErrorKind::Malformed,
                "a Functional model without `layers`, `input_layers` or `output_layers`",
            ));
        }
        Ok(Network::Subclassed(object))
    }

    /// The serialized model: as it came in, or as Keras 3 writes what was built here.
    pub fn to_object(&self) -> Object {
        match self.parts() {
            Some((object, layers)) => layers.put_back(object.clone()),
            None => self.object().clone(),
        }
    }

    /// The model's own JSON; in the place of its layers stands `null`.
    pub fn object(&self) -> &Object {
        match self {
            Network::Sequential(sequential) => &sequential.object,
            Network::Functional(functional) => &functional.object,
            Network::Subclassed(object) => object,
        }
    }

    fn parts(&self) -> Option<(&Object, &Layers)> {
        match self {
            Network::Sequential(it) => Some((&it.object, &it.layers)),
            Network::Functional(it) => Some((&it.object, &it.layers)),
            Network::Subclassed(_) => None,
        }
    }

    /// The model's name; empty if it has none.
    pub fn name(&self) -> &str {
        self.object().name().unwrap_or_default()
    }

    /// The form of its configs.
    pub fn dialect(&self) -> Dialect {
        self.object().dialect()
    }

    /// The layers in the model's order; none of a subclassed model.
    pub fn layers(&self) -> &[Layer] {
        self.parts().map_or(&[], |(_, layers)| layers.list())
    }

    /// The layer of that name, in constant time.
    pub fn get_layer(&self, name: &str) -> Option<&Layer> {
        self.parts()?.1.get(name)
    }
}

/// Whether the config has a list of layers.
fn holds_layers(object: &Object) -> bool {
    let is_layer = |item: &Value| {
        let name = item.get("config").and_then(|config| config.get("name"));
        item.get("class_name").is_some_and(Value::is_string) && name.is_some_and(Value::is_string)
    };
    match object.config().get("layers") {
        Some(Value::Array(items)) => !items.is_empty() && items.iter().all(is_layer),
        _ => false,
    }
}

impl From<Sequential> for Network {
    fn from(sequential: Sequential) -> Self {
        Network::Sequential(sequential)
    }
}

impl From<Functional> for Network {
    fn from(functional: Functional) -> Self {
        Network::Functional(functional)
    }
}

impl From<Network> for Object {
    /// The serialized model, to be a layer of another.
    fn from(network: Network) -> Self {
        network.to_object()
    }
}

impl From<Sequential> for Object {
    fn from(sequential: Sequential) -> Self {
        Network::from(sequential).to_object()
    }
}

impl From<Functional> for Object {
    fn from(functional: Functional) -> Self {
        Network::from(functional).to_object()
    }
}

impl Layer {
    /// The name that calls and weights refer to.
    ///
    /// It stands beside the class name where there is one, else in the config; the two differ for
    /// `TensorFlowOpLayer`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Keras class.
    pub fn class_name(&self) -> &str {
        self.object.class_name()
    }

    /// The layer as it was serialized; of a layer that is a network itself without its layers,
    /// in whose place stands `null`.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The layer as it was serialized, complete.
    pub fn to_object(&self) -> Object {
        match &self.network {
            Some(network) => network.to_object(),
            None => self.object.clone(),
        }
    }

    /// The network inside, if the layer is a model itself.
    pub fn network(&self) -> Option<&Network> {
        self.network.as_deref()
    }

    /// Whether its variables are trained; `false` for a frozen layer.
    pub fn trainable(&self) -> bool {
        self.object
            .config()
            .get("trainable")
            .and_then(Value::as_bool)
            .unwrap_or(true)
    }

    /// The calls of the layer in a Functional model; none of an InputLayer or in a Sequential.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if `inbound_nodes` is in no form that Keras writes.
    pub fn nodes(&self) -> Result<Vec<Node>> {
        let calls = match self.object.json().get("inbound_nodes") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(calls)) => calls.as_slice(),
            Some(other) => {
                let found = describe(other);
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("`inbound_nodes` is {found}, expected a list"),
                )
                .within(format!("layer `{}`", self.name)));
            }
        };
        let nodes = calls.iter().enumerate().map(|(index, call)| {
            let mut node = Node::from_json(call)
                .within(|| format!("inbound_nodes[{index}]"))
                .within(|| format!("layer `{}`", self.name))?;
            node.for_each_tensor(|source, _| {
                if self.counted_from_one.contains(&source.layer) {
                    source.node = source.node.saturating_sub(1);
                }
            });
            Ok(node)
        });
        nodes.collect()
    }

    /// Writes the calls in the form of Keras 3, which counts them as [`nodes`](Self::nodes) does.
    pub(super) fn set_nodes(&mut self, nodes: &[Node]) {
        let calls = nodes.iter().map(Node::to_json).collect();
        let json = self.object.json_mut();
        json.insert("inbound_nodes".to_owned(), calls);
    }

    /// A layer that was made here, where models are as deep as the user makes them.
    pub(super) fn new(name: String, object: Object) -> Layer {
        let kept = object.clone();
        let network = match Network::from_object(object, &Limits::unlimited()) {
            Ok(Network::Subclassed(_)) | Err(_) => None,
            Ok(network) => Some(Box::new(network)),
        };
        Layer {
            name,
            object: network.as_ref().map_or(kept, |it| it.object().clone()),
            network,
            counted_from_one: Arc::default(),
        }
    }

    fn from_json(json: Value, dialect: Dialect, limits: &Limits, depth: u32) -> Result<Layer> {
        let object = Object::from_json(json, dialect)?;
        let beside = object.json().get("name").and_then(Value::as_str);
        let Some(name) = beside.or_else(|| object.name()).map(str::to_owned) else {
            let class = object.class_name();
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("a `{class}` without a name"),
            ));
        };
        let network = Network::nested(object, limits, depth.saturating_add(1))?;
        let (object, network) = match network {
            Network::Subclassed(object) => (object, None),
            inner => (inner.object().clone(), Some(Box::new(inner))),
        };
        Ok(Layer {
            name,
            object,
            network,
            counted_from_one: Arc::default(),
        })
    }
}

/// Layers in order, found by name in constant time.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    list: Vec<Layer>,
    places: HashMap<String, usize>,
    /// Keras up to 2.2 wrote the config of a Sequential as a bare list of layers.
    is_bare_list: bool,
    /// For layers that are added without a name.
    numbers: Numbers,
}

impl PartialEq for Layers {
    fn eq(&self, other: &Self) -> bool {
        (&self.list, self.is_bare_list) == (&other.list, other.is_bare_list)
    }
}

impl Layers {
    /// Takes the layers out of a model's config, leaving `null` in their place.
    fn take(object: &mut Object, limits: &Limits, depth: u32) -> Result<Layers> {
        let dialect = object.dialect();
        let is_bare_list = object.json().get("config").is_some_and(Value::is_array);
        let place = if is_bare_list {
            object.json_mut().get_mut("config")
        } else {
            object.config_mut().get_mut("layers")
        };
        let Some(place) = place else {
            return Err(Error::new(ErrorKind::Malformed, "a model without `layers`"));
        };
        let taken = match place.take() {
            Value::Array(taken) => taken,
            other => {
                let found = describe(&other);
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("`layers` is {found}, expected a list"),
                ));
            }
        };
        let mut layers = Layers {
            is_bare_list,
            ..Layers::default()
        };
        for (index, json) in taken.into_iter().enumerate() {
            let layer = Layer::from_json(json, dialect, limits, depth)
                .within(|| format!("layers[{index}]"))?;
            layers.push(layer)?;
        }
        Ok(layers)
    }

    fn put_back(&self, mut object: Object) -> Object {
        let list = self.list.iter().map(|it| it.to_object().into_json());
        let list = Value::Array(list.collect());
        if self.is_bare_list {
            object.json_mut().insert("config".to_owned(), list);
        } else {
            object.config_mut().insert("layers".to_owned(), list);
        }
        object
    }

    /// Adds a layer at the end.
    pub(super) fn push(&mut self, layer: Layer) -> Result<()> {
        if self.places.contains_key(layer.name()) {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("two layers are called `{}`", layer.name()),
            ));
        }
        self.places.insert(layer.name.clone(), self.list.len());
        self.list.push(layer);
        Ok(())
    }

    /// A name for one more layer of a class, as Keras would name it.
    pub(super) fn new_name(&mut self, class_name: &str) -> String {
        let places = &self.places;
        self.numbers
            .unique(&snake_case(class_name), |name| places.contains_key(name))
    }

    pub(super) fn list(&self) -> &[Layer] {
        &self.list
    }

    pub(super) fn list_mut(&mut self) -> &mut [Layer] {
        &mut self.list
    }

    pub(super) fn get(&self, name: &str) -> Option<&Layer> {
        self.list.get(*self.places.get(name)?)
    }

    /// Tells all layers whose calls the file counts from 1.
    pub(super) fn count_from_one(&mut self, names: HashSet<String>) {
        let names = Arc::new(names);
        for layer in &mut self.list {
            layer.counted_from_one = Arc::clone(&names);
        }
    }
}

#[cfg(test)]
mod tests;
