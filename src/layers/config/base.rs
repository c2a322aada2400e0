//! What the config of every layer holds.

use serde_json::{Map, Value, json};

use super::read;
use super::value::ConfigValue;
use crate::error::Result;
use crate::keras::{Dialect, Object};
use crate::layers::variables::Own;
use crate::tensor::{DType, Shape};

/// The arguments of every layer, and those that its class has no field for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Base {
    pub(crate) name: Option<String>,
    pub(crate) trainable: bool,
    pub(crate) dtype: DTypePolicy,
    pub(crate) batch_input_shape: Option<Shape>,
    /// Where Keras 2 and 3 make different variables or shapes of the same arguments.
    pub(crate) dialect: Dialect,
    /// Kept as it came.
    rest: Map<String, Value>,
    /// How Keras 2 was to compute recurrent layers, which Keras 3 does not ask.
    pub(crate) implementation: Option<u64>,
}

impl Default for Base {
    fn default() -> Self {
        Base {
            name: None,
            trainable: true,
            dtype: DTypePolicy::default(),
            batch_input_shape: None,
            dialect: Dialect::Keras3,
            rest: Map::new(),
            implementation: None,
        }
    }
}

const KEYS: [&str; 4] = ["name", "trainable", "dtype", "batch_input_shape"];

/// Classes that do not take `trainable` in every version of Keras 3; they have no variables.
const ALWAYS_TRAINABLE: [&str; 5] = [
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "Discretization",
    "HashedCrossing",
];

/// Classes that refuse floats for the indices they make.
const MAKING_INDICES: [&str; 2] = ["Hashing", "HashedCrossing"];

impl Base {
    /// Reads what every layer has; `fields` are the keys of the class, `dialect` is the one that
    /// the object came in, and `original` that object.
    pub(crate) fn read(object: &Object, fields: &[&str], original: &Object) -> Result<Base> {
        let is_rest = |key: &str| !fields.contains(&key) && !KEYS.contains(&key);
        let rest = object.config().iter().filter(|(key, _)| is_rest(key));
        let default = Base::default();
        Ok(Base {
            name: read(object, &["name"])?,
            trainable: read(object, &["trainable"])?.unwrap_or(default.trainable),
            dtype: read(object, &["dtype"])?.unwrap_or(default.dtype),
            batch_input_shape: read(object, &["batch_input_shape"])?,
            dialect: original.dialect(),
            implementation: original
                .config()
                .get("implementation")
                .and_then(Value::as_u64),
            rest: rest
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        })
    }

    /// What Keras writes before the arguments of the class.
    pub(crate) fn write_front(&self, object: &mut Object) {
        let is_always_trainable = ALWAYS_TRAINABLE.contains(&object.class_name());
        let config = object.config_mut();
        if let Some(name) = &self.name {
            config.insert("name".to_owned(), Value::from(name.as_str()));
        }
        if !is_always_trainable {
            config.insert("trainable".to_owned(), Value::Bool(self.trainable));
        }
        config.insert("dtype".to_owned(), self.dtype.write());
        if let Some(shape) = &self.batch_input_shape {
            config.insert("batch_input_shape".to_owned(), shape.write());
        }
    }

    /// What the class has no field for.
    pub(crate) fn write_rest(&self, object: &mut Object) {
        let makes_indices = MAKING_INDICES.contains(&object.class_name());
        let config = object.config_mut();
        let is_int = config.get("output_mode").is_some_and(|mode| mode == "int");
        if makes_indices && is_int && self.dtype == DTypePolicy::default() {
            config.insert("dtype".to_owned(), DTypePolicy::from(DType::Int64).write());
        }
        config.extend(self.rest.clone());
    }

    /// An argument that the class has no field for.
    pub(crate) fn rest(&self, key: &str) -> Option<&Value> {
        self.rest.get(key)
    }

    /// The variables of a layer with these arguments: none yet.
    pub(crate) fn variables(&self) -> Own {
        Own::new(self.trainable, self.dtype.variable_dtype())
    }

    /// Whether Keras 1 or 2 made the layer.
    pub(crate) fn is_before_keras3(&self) -> bool {
        self.dialect != Dialect::Keras3
    }
}

/// In which dtype a layer keeps its variables, and in which it computes.
///
/// ```
/// use hornfels::DType;
/// use hornfels::layers::DTypePolicy;
/// let policy = DTypePolicy::from("mixed_float16");
/// assert_eq!(policy.variable_dtype(), DType::Float32);
/// assert_eq!(policy.compute_dtype(), DType::Float16);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DTypePolicy(Value);

impl DTypePolicy {
    /// The policy's name: `float32`, `mixed_bfloat16`.
    pub fn name(&self) -> &str {
        let config = self.0.pointer("/config/name").and_then(Value::as_str);
        config.or_else(|| self.0.as_str()).unwrap_or("float32")
    }

    /// The dtype of the variables.
    pub fn variable_dtype(&self) -> DType {
        if self.name().starts_with("mixed_") {
            return DType::Float32;
        }
        DType::from_name(self.name()).unwrap_or(DType::Float32)
    }

    /// The dtype of the results.
    pub fn compute_dtype(&self) -> DType {
        let name = self.name();
        let name = name.strip_prefix("mixed_").unwrap_or(name);
        DType::from_name(name).unwrap_or(DType::Float32)
    }
}

impl Default for DTypePolicy {
    fn default() -> Self {
        "float32".into()
    }
}

impl From<&str> for DTypePolicy {
    /// The policy of that name.
    fn from(name: &str) -> Self {
        DTypePolicy(json!({
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": name},
            "registered_name": null,
        }))
    }
}

impl From<DType> for DTypePolicy {
    fn from(dtype: DType) -> Self {
        dtype.name().into()
    }
}

impl ConfigValue for DTypePolicy {
    const EXPECTED: &'static str = "a dtype or a dtype policy";

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) => Some(name.as_str().into()),
            Value::Object(_) => Some(DTypePolicy(value.clone())),
            _ => None,
        }
    }

    fn write(&self) -> Value {
        self.0.clone()
    }
}
