//! How the layers of a model are put together. `spec/keras_model.md#network`.

use std::collections::HashMap;

use serde_json::Value;

use super::naming;
use super::object::{Dialect, Object, describe};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::limits::Limits;

/// The layers of a model, with the JSON they came in: saving in the same dialect gives it back.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// One layer after the other.
    Sequential(Sequential),
    /// Layers connected by calls.
    Functional(Functional),
    /// A class of the user's own: its config is carried, not understood.
    Subclassed(Object),
}

/// Layers, one after the other.
///
/// ```
/// use hornfels::keras::{Object, Sequential};
/// let flatten = Object::new("Flatten", serde_json::Map::new());
/// let network = Sequential::new("sequential").add(flatten.clone()).add(flatten);
/// let names: Vec<&str> = network.layers().iter().map(|layer| layer.name()).collect();
/// assert_eq!(names, ["flatten", "flatten_1"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    object: Object,
    layers: Layers,
}

/// Layers connected by calls; a layer may be called more than once.
#[derive(Clone, Debug, PartialEq)]
pub struct Functional {
    object: Object,
    layers: Layers,
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    name: String,
    /// Without its layers, if it is a network itself.
    object: Object,
    network: Option<Box<Network>>,
}

/// Layers in order, found by name in constant time.
#[derive(Clone, Debug, Default, PartialEq)]
struct Layers {
    list: Vec<Layer>,
    places: HashMap<String, usize>,
    /// Keras up to 2.2 wrote the config of a Sequential as a bare list of layers.
    is_bare_list: bool,
}

impl Network {
    /// Reads a network from a serialized model; `limits` bounds how deep models nest.
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
        match object.class_name() {
            "Sequential" => {
                let layers = Layers::take(&mut object, limits, depth)?;
                Ok(Network::Sequential(Sequential { object, layers }))
            }
            "Functional" | "Model" if is_graph => {
                let layers = Layers::take(&mut object, limits, depth)?;
                Ok(Network::Functional(Functional { object, layers }))
            }
            _ => Ok(Network::Subclassed(object)),
        }
    }

    /// The serialized model, as it came in.
    pub fn to_object(&self) -> Object {
        match self {
            Network::Sequential(Sequential { object, layers })
            | Network::Functional(Functional { object, layers }) => layers.put_back(object.clone()),
            Network::Subclassed(object) => object.clone(),
        }
    }

    /// The model's own JSON, without its layers.
    pub fn object(&self) -> &Object {
        match self {
            Network::Sequential(Sequential { object, .. })
            | Network::Functional(Functional { object, .. })
            | Network::Subclassed(object) => object,
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
        match self {
            Network::Sequential(Sequential { layers, .. })
            | Network::Functional(Functional { layers, .. }) => &layers.list,
            Network::Subclassed(_) => &[],
        }
    }

    /// The layer of that name, in constant time.
    pub fn get_layer(&self, name: &str) -> Option<&Layer> {
        match self {
            Network::Sequential(Sequential { layers, .. })
            | Network::Functional(Functional { layers, .. }) => layers.get(name),
            Network::Subclassed(_) => None,
        }
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

impl Sequential {
    /// No layers yet, in the vocabulary of Keras 3.
    pub fn new(name: impl Into<String>) -> Self {
        let object = Object::new("Sequential", serde_json::Map::new())
            .with_module("keras")
            .with("name", name.into())
            .with("trainable", true)
            .with("layers", Value::Null);
        Sequential {
            object,
            layers: Layers::default(),
        }
    }

    /// The same network and one more layer, named after its class if it has no name.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // Keras's word for it
    pub fn add(mut self, layer: impl Into<Object>) -> Self {
        let mut object = layer.into();
        if object.name().is_none() {
            let taken = |name: &str| self.layers.places.contains_key(name);
            let name = naming::unique(&naming::snake_case(object.class_name()), taken);
            object = object.with("name", name);
        }
        self.layers.push(Layer {
            name: object.name().unwrap_or_default().to_owned(),
            object,
            network: None,
        });
        self
    }

    /// The layers in order.
    pub fn layers(&self) -> &[Layer] {
        &self.layers.list
    }
}

impl Functional {
    /// The layers in the model's order.
    pub fn layers(&self) -> &[Layer] {
        &self.layers.list
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

    /// The layer as it was serialized, without its layers if it is a network itself.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The network inside, if the layer is a model itself.
    pub fn network(&self) -> Option<&Network> {
        self.network.as_deref()
    }

    /// Whether its weights are trained; `false` for a frozen layer.
    pub fn trainable(&self) -> bool {
        self.object
            .config()
            .get("trainable")
            .and_then(Value::as_bool)
            .unwrap_or(true)
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
        match Network::nested(object, limits, depth.saturating_add(1))? {
            Network::Subclassed(object) => Ok(Layer {
                name,
                object,
                network: None,
            }),
            inner => Ok(Layer {
                name,
                object: inner.object().clone(),
                network: Some(Box::new(inner)),
            }),
        }
    }

    fn to_json(&self) -> Value {
        match &self.network {
            Some(network) => network.to_object().into_json(),
            None => self.object.clone().into_json(),
        }
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
            if layers.places.contains_key(layer.name()) {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("two layers are called `{}`", layer.name()),
                ));
            }
            layers.push(layer);
        }
        Ok(layers)
    }

    fn put_back(&self, mut object: Object) -> Object {
        let list = Value::Array(self.list.iter().map(Layer::to_json).collect());
        if self.is_bare_list {
            object.json_mut().insert("config".to_owned(), list);
        } else {
            object.config_mut().insert("layers".to_owned(), list);
        }
        object
    }

    fn push(&mut self, layer: Layer) {
        self.places.insert(layer.name.clone(), self.list.len());
        self.list.push(layer);
    }

    fn get(&self, name: &str) -> Option<&Layer> {
        self.list.get(*self.places.get(name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::json;

    #[track_caller]
    fn check(text: &str, layers: &[&str]) -> Network {
        let object = Object::from_json(json::parse(text).unwrap(), Dialect::Keras2).unwrap();
        let network = Network::from_object(object, &Limits::default()).unwrap();
        let found: Vec<&str> = network.layers().iter().map(Layer::name).collect();
        assert_eq!(found, layers);
        assert_eq!(network.to_object().to_string(), text);
        network
    }

    #[test]
    fn comes_out_as_it_came_in() {
        check(
            r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Mine", "config": {"name": "a", "x": NaN}}], "z": 1}}"#,
            &["a"],
        );
        check(
            r#"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d"}}]}"#,
            &["d"],
        );
        check(r#"{"class_name": "MyModel", "config": {"layers": 3}}"#, &[]);
        let nested = check(
            r#"{"class_name": "Functional", "config": {"name": "f", "layers": [{"class_name": "Sequential", "config": {"name": "in", "layers": [{"class_name": "Flatten", "config": {"name": "x"}}]}, "name": "outer", "inbound_nodes": []}], "input_layers": [], "output_layers": []}}"#,
            &["outer"],
        );
        let inner = nested.get_layer("outer").unwrap().network().unwrap();
        assert!(inner.get_layer("x").is_some());
    }

    #[track_caller]
    fn refuse(text: &str, limits: Limits, message: &str) {
        let object = Object::from_json(json::parse(text).unwrap(), Dialect::Keras2).unwrap();
        let error = Network::from_object(object, &limits).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }

    #[test]
    fn says_what_is_wrong_with_a_layer() {
        let all = Limits::default();
        let twice = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "A", "config": {"name": "a"}}, {"class_name": "B", "config": {"name": "a"}}]}}"#;
        refuse(twice, all, "two layers are called `a`");
        let nameless = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "A", "config": {}}]}}"#;
        refuse(nameless, all, "layers[0]: a `A` without a name");
        let wrong = r#"{"class_name": "Sequential", "config": {"layers": 3}}"#;
        refuse(wrong, all, "`layers` is ");
        let deep = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Sequential", "config": {"name": "a", "layers": []}}]}}"#;
        refuse(
            deep,
            Limits {
                max_depth: 0,
                ..all
            },
            "nest deeper",
        );
    }
}
