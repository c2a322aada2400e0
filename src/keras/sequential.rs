//! Models of one layer after the other.

use serde_json::{Value, json};

use super::network::{Layer, Layers};
use super::object::{Dialect, Object};

/// Layers, one after the other.
///
/// Built as in Keras, layer by layer. The first takes the shape of the input; it becomes an
/// InputLayer of its own, as Keras 3 writes it. Layers without a name are named after their class.
///
/// ```
/// use hornfels::keras::{Object, Sequential};
/// use serde_json::{Map, json};
/// let dense = |units: u64| Object::new("Dense", Map::new()).with("units", units);
/// let network = Sequential::new("sequential")
///     .add(dense(5).with("batch_input_shape", json!([null, 3])))
///     .add(dense(1));
/// let names: Vec<&str> = network.layers().iter().map(|layer| layer.name()).collect();
/// assert_eq!(names, ["input_layer", "dense", "dense_1"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    pub(super) object: Object,
    pub(super) layers: Layers,
}

/// Where a layer says the shape of its input: only in Keras 1 and 2, and in layers built here.
const INPUT_SHAPES: [&str; 3] = ["batch_input_shape", "input_shape", "input_dim"];

impl Sequential {
    pub(super) fn new_with(object: Object, layers: Layers) -> Self {
        Sequential { object, layers }
    }

    /// No layers yet, in the vocabulary of Keras 3.
    pub fn new(name: impl Into<String>) -> Self {
        let object = Object::new("Sequential", serde_json::Map::new())
            .with_module("keras")
            .with("name", name.into())
            .with("trainable", true)
            .with("dtype", float32_policy())
            .with("layers", Value::Null);
        Sequential {
            object,
            layers: Layers::default(),
        }
    }

    /// The same network and one more layer, which may be a network itself.
    ///
    /// A layer in another dialect is translated; a class that cannot be translated is kept as it is.
    /// A name that is taken gets a number, as if it had not been given.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // Keras's word
    pub fn add(mut self, layer: impl Into<Object>) -> Self {
        let mut object = in_keras3(layer.into());
        let shape = take_input_shape(&mut object);
        if self.layers.list().is_empty() {
            let input = match object.class_name() {
                "InputLayer" => None,
                "Sequential" => input_of(&object),
                _ => shape,
            };
            if let Some(shape) = input {
                self = self.push(input_layer(None, shape, "float32"));
            }
        }
        self.push(object)
    }

    fn push(mut self, mut object: Object) -> Self {
        let given = object.name().map(str::to_owned);
        let free = given.filter(|name| self.layers.get(name).is_none());
        let name = free.unwrap_or_else(|| self.layers.new_name(object.class_name()));
        set_name(&mut object, &name);
        if self.layers.list().is_empty()
            && let Some(shape) = object.config().get("batch_shape").cloned()
        {
            self.built_for(shape);
        }
        let pushed = self.layers.push(Layer::new(name, object));
        debug_assert!(pushed.is_ok(), "the name was free");
        self
    }

    /// Keras 3 builds the model for this shape when it loads it.
    fn built_for(&mut self, shape: Value) {
        let config = self.object.config_mut();
        config.insert("build_input_shape".to_owned(), shape.clone());
        let build = json!({"input_shape": shape});
        self.object
            .json_mut()
            .insert("build_config".to_owned(), build);
    }

    /// The layers in order, an InputLayer included where there is one.
    pub fn layers(&self) -> &[Layer] {
        self.layers.list()
    }

    /// The layer of that name, in constant time.
    pub fn get_layer(&self, name: &str) -> Option<&Layer> {
        self.layers.get(name)
    }

    /// The model's own JSON; in the place of its layers stands `null`.
    pub fn object(&self) -> &Object {
        &self.object
    }
}

/// The InputLayer that Keras 3 writes; `shape` with the batch axis.
pub(super) fn input_layer(name: Option<&str>, shape: Value, dtype: &str) -> Object {
    let mut object = Object::new("InputLayer", serde_json::Map::new())
        .with("batch_shape", shape)
        .with("dtype", dtype)
        .with("sparse", false)
        .with("ragged", false);
    if let Some(name) = name {
        object = object.with("name", name);
    }
    object
}

/// The layer in the vocabulary of Keras 3, if it has words for it.
pub(super) fn in_keras3(object: Object) -> Object {
    match object.dialect() {
        Dialect::Keras3 => object,
        Dialect::Keras1 | Dialect::Keras2 => object.to_dialect(Dialect::Keras3).unwrap_or(object),
    }
}

/// Takes the shape of the input, with the batch axis, out of a layer's config: no class of Keras 3
/// knows it.
pub(super) fn take_input_shape(object: &mut Object) -> Option<Value> {
    // The `input_dim` of an Embedding is the size of its vocabulary.
    let is_embedding = object.class_name() == "Embedding";
    let [batch_input_shape, input_shape, input_dim] = INPUT_SHAPES.map(|key| {
        let is_shape = !(is_embedding && key == "input_dim");
        is_shape.then(|| object.config_mut().shift_remove(key))?
    });
    let with_batch = |rest: Value| match rest {
        Value::Array(sizes) => Value::Array([Value::Null].into_iter().chain(sizes).collect()),
        size => json!([null, size]),
    };
    [
        batch_input_shape,
        input_shape.map(with_batch),
        input_dim.map(with_batch),
    ]
    .into_iter()
    .flatten()
    .find(|shape| !shape.is_null())
}

/// Puts the name where Keras writes it: in front, for an InputLayer last but `optional`.
pub(super) fn set_name(object: &mut Object, name: &str) {
    let is_input = object.class_name() == "InputLayer";
    let config = object.config_mut();
    if let Some(place) = config.get_mut("name") {
        *place = Value::from(name);
    } else if is_input {
        config.insert("name".to_owned(), Value::from(name));
    } else {
        config.shift_insert(0, "name".to_owned(), Value::from(name));
    }
    if is_input && !config.contains_key("optional") {
        config.insert("optional".to_owned(), Value::Bool(false));
    }
}

/// The shape a nested Sequential was built for, which is also that of the model it begins.
fn input_of(object: &Object) -> Option<Value> {
    object.config().get("build_input_shape").cloned()
}

fn float32_policy() -> Value {
    json!({
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "float32"},
        "registered_name": null,
    })
}
