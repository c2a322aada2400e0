//! Serialized Keras objects: a class name and the arguments of its constructor, as JSON.

use std::fmt;
use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::json;
use crate::error::{Error, ErrorKind, Result};

/// The form of the configs: key names and nesting changed twice in Keras's life.
///
/// `spec/keras_config.md` lists the differences.
///
/// ```
/// use hornfels::keras::Dialect;
/// assert_eq!(Dialect::of_version("2.2.4-tf"), Some(Dialect::Keras2));
/// assert_eq!(Dialect::Keras3.to_string(), "Keras 3");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Keras 0.x and 1.x: `Convolution2D`, `output_dim`, `border_mode`.
    Keras1,
    /// Keras 2.x, `tf.keras` up to TensorFlow 2.15, and `tf_keras`.
    Keras2,
    /// Keras 3: modules, `DTypePolicy` objects, `__keras_tensor__`.
    Keras3,
}

impl Dialect {
    /// The dialect that a version of Keras writes, such as `2.15.0` or `2.2.4-tf`.
    pub fn of_version(version: &str) -> Option<Dialect> {
        match version.split('.').next()? {
            "0" | "1" => Some(Dialect::Keras1),
            "2" => Some(Dialect::Keras2),
            "3" => Some(Dialect::Keras3),
            _ => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Keras1 => "Keras 1",
            Dialect::Keras2 => "Keras 2",
            Dialect::Keras3 => "Keras 3",
        })
    }
}

/// A serialized Keras object: a layer, a model, an optimizer, an initializer.
///
/// It holds the JSON as it was written: class name, config, and whatever else stood beside them
/// (module, registered name, build config, inbound nodes, keys of versions yet to come), in order.
/// Typed layers and optimizers are views made from it and turned into it.
///
/// ```
/// use hornfels::keras::{Dialect, Object, json};
/// let written = r#"{"class_name": "Dense", "config": {"name": "dense", "units": 5, "mood": "blue"}}"#;
/// let dense = Object::from_json(json::parse(written)?, Dialect::Keras2)?;
/// assert_eq!(dense.class_name(), "Dense");
/// assert_eq!(dense.name(), Some("dense"));
/// assert_eq!(dense.u64("units")?, Some(5));
/// assert_eq!(dense.to_string(), written);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    json: Map<String, Value>,
    dialect: Dialect,
}

static NO_CONFIG: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl Object {
    /// A built-in layer in the vocabulary of Keras 3.
    ///
    /// Objects other than layers live elsewhere: [`with_module`](Self::with_module).
    ///
    /// ```
    /// use hornfels::keras::Object;
    /// let layer = Object::new("Flatten", serde_json::Map::new()).with("name", "flatten");
    /// assert_eq!(
    ///     layer.to_string(),
    ///     r#"{"module": "keras.layers", "class_name": "Flatten", "config": {"name": "flatten"}, "registered_name": null}"#
    /// );
    /// ```
    pub fn new(class_name: impl Into<String>, config: Map<String, Value>) -> Object {
        let mut json = Map::new();
        json.insert("module".to_owned(), Value::from("keras.layers"));
        json.insert("class_name".to_owned(), Value::from(class_name.into()));
        json.insert("config".to_owned(), Value::Object(config));
        json.insert("registered_name".to_owned(), Value::Null);
        Object {
            json,
            dialect: Dialect::Keras3,
        }
    }

    /// The same object in another module, such as `keras.optimizers` or `keras.initializers`.
    #[must_use]
    pub fn with_module(mut self, module: &str) -> Object {
        self.json.insert("module".to_owned(), Value::from(module));
        self
    }

    /// The same object with one entry of its config set.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Object {
        self.config_mut().insert(key.to_owned(), value.into());
        self
    }

    /// Takes the JSON of an object as Keras wrote it in `dialect`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] unless the value is a JSON object with a string `class_name`.
    pub fn from_json(json: Value, dialect: Dialect) -> Result<Object> {
        let json = match json {
            Value::Object(json) => json,
            other => {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("found {}, expected a serialized object", describe(&other)),
                ));
            }
        };
        match json.get("class_name") {
            Some(Value::String(_)) => Ok(Object { json, dialect }),
            Some(other) => Err(Error::new(
                ErrorKind::Malformed,
                format!("`class_name` is {}, expected a string", describe(other)),
            )),
            None => Err(Error::new(
                ErrorKind::Malformed,
                "a serialized object without `class_name`",
            )),
        }
    }

    /// The class, as written: `Dense`, or `package>Dense` for a registered class of Keras 2.
    pub fn class_name(&self) -> &str {
        self.json
            .get("class_name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The Python module the class is in, if it was written.
    pub fn module(&self) -> Option<&str> {
        self.json.get("module").and_then(Value::as_str)
    }

    /// The name a class of the user was registered by: `package>Name`.
    pub fn registered_name(&self) -> Option<&str> {
        self.json.get("registered_name").and_then(Value::as_str)
    }

    /// The constructor's arguments; empty if `config` is missing or is not a JSON object.
    ///
    /// It is a list for a Sequential model of early Keras versions, and a string for a function:
    /// [`json`](Self::json) has it as it is.
    pub fn config(&self) -> &Map<String, Value> {
        match self.json.get("config") {
            Some(Value::Object(config)) => config,
            _ => &NO_CONFIG,
        }
    }

    /// The constructor's arguments, to change them; whatever else `config` was is replaced.
    pub fn config_mut(&mut self) -> &mut Map<String, Value> {
        made_object(self.json.entry("config").or_insert(Value::Null))
    }

    /// The name in the config.
    pub fn name(&self) -> Option<&str> {
        self.config().get("name").and_then(Value::as_str)
    }

    /// One entry of the config as any type; none if it is missing or null.
    ///
    /// ```
    /// # use hornfels::keras::{Dialect, Object};
    /// let conv = Object::new("Conv2D", Default::default()).with("kernel_size", vec![3, 3]);
    /// assert_eq!(conv.get::<[u64; 2]>("kernel_size")?, Some([3, 3]));
    /// assert_eq!(conv.get::<String>("padding")?, None);
    /// assert_eq!(
    ///     conv.get::<bool>("kernel_size").unwrap_err().to_string(),
    ///     "`kernel_size` of a Conv2D: invalid type: sequence, expected a boolean"
    /// );
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if it is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        match self.config().get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match T::deserialize(value) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(self.wrong(key, error.to_string())),
            },
        }
    }

    /// A number of the config, `NaN` and the infinities included; none if it is missing or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if it is something else.
    pub fn f64(&self, key: &str) -> Result<Option<f64>> {
        self.typed(key, "a number", json::number)
    }

    /// An unsigned integer of the config, also if written as `3.0`; none if it is missing or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if it is something else.
    pub fn u64(&self, key: &str) -> Result<Option<u64>> {
        self.typed(key, "an unsigned integer", unsigned)
    }

    /// A truth value of the config; none if it is missing or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if it is something else.
    pub fn bool(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "true or false", Value::as_bool)
    }

    /// A string of the config; none if it is missing or null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if it is something else.
    pub fn str(&self, key: &str) -> Result<Option<&str>> {
        self.typed(key, "a string", Value::as_str)
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.config().get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => {
                    let found = describe(value);
                    Err(self.wrong(key, format!("found {found}, expected {expected}")))
                }
            },
        }
    }

    #[cold]
    fn wrong(&self, key: &str, message: String) -> Error {
        let class = self.class_name();
        let place = match self.name() {
            Some(name) => format!("`{key}` of `{name}` ({class})"),
            None => format!("`{key}` of a {class}"),
        };
        Error::new(ErrorKind::Malformed, message).within(place)
    }

    /// The whole JSON object.
    pub fn json(&self) -> &Map<String, Value> {
        &self.json
    }

    /// The whole JSON object, to change it; `class_name` must stay a string.
    pub(crate) fn json_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.json
    }

    /// The whole JSON object by value.
    pub fn into_json(self) -> Value {
        Value::Object(self.json)
    }

    /// The form the JSON is in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

/// The whole JSON object, to stand in another's config.
impl From<Object> for Value {
    fn from(object: Object) -> Self {
        object.into_json()
    }
}

/// The JSON text, as Python writes it.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json::object_to_string(&self.json))
    }
}

/// The members of a JSON object, which a value is made if it is none.
fn made_object(value: &mut Value) -> &mut Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => {
            *other = Value::Object(Map::new());
            made_object(other)
        }
    }
}

/// A whole number that Keras may also have written as a float.
fn unsigned(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let text = value.as_f64()?.to_string();
        text.parse().ok()
    })
}

/// A JSON value for an error message: its kind and, if it is short, itself.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a JSON object".to_owned(),
        scalar => {
            let text = json::to_string(scalar);
            match text.char_indices().nth(40) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        Object::from_json(json::parse(text).unwrap(), Dialect::Keras2).unwrap()
    }

    #[track_caller]
    fn refuses(text: &str, message: &str) {
        let error = Object::from_json(json::parse(text).unwrap(), Dialect::Keras2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert_eq!(error.message(), message);
    }

    #[test]
    fn only_what_has_a_class_is_an_object() {
        refuses("[1]", "found a list, expected a serialized object");
        refuses("\"relu\"", "found \"relu\", expected a serialized object");
        refuses("{}", "a serialized object without `class_name`");
        refuses(
            r#"{"class_name": null}"#,
            "`class_name` is null, expected a string",
        );
    }

    #[test]
    fn keeps_everything_in_order() {
        let text =
            r#"{"zeta": 1, "config": {"b": NaN, "a": []}, "class_name": "X>Y", "alpha": {}}"#;
        assert_eq!(object(text).to_string(), text);
        assert_eq!(object(text).into_json(), json::parse(text).unwrap());
    }

    #[test]
    fn a_config_need_not_be_there() {
        let tuple = object(r#"{"class_name": "__tuple__", "items": [1]}"#);
        assert!(tuple.config().is_empty());
        assert_eq!(tuple.name(), None);
        let mut list = object(r#"{"class_name": "Sequential", "config": []}"#);
        assert!(list.config().is_empty());
        list.config_mut().insert("name".to_owned(), "s".into());
        assert_eq!(list.name(), Some("s"));
    }

    #[test]
    fn typed_entries() {
        let object = object(
            r#"{"class_name": "ReLU", "config": {"name": "r", "a": Infinity, "b": 3.0, "c": 3.5, "d": null, "e": true, "f": -1}}"#,
        );
        assert_eq!(object.f64("a").unwrap(), Some(f64::INFINITY));
        assert_eq!(object.u64("b").unwrap(), Some(3));
        assert_eq!(object.f64("d").unwrap(), None);
        assert_eq!(object.bool("e").unwrap(), Some(true));
        assert_eq!(object.str("missing").unwrap(), None);
        assert_eq!(
            object.u64("c").unwrap_err().to_string(),
            "`c` of `r` (ReLU): found 3.5, expected an unsigned integer"
        );
        assert!(object.u64("f").is_err());
        assert!(object.str("e").is_err());
    }

    #[test]
    fn versions_tell_the_dialect() {
        for (version, dialect) in [
            ("0.3.2", Some(Dialect::Keras1)),
            ("1.2.2", Some(Dialect::Keras1)),
            ("2.1.6-tf", Some(Dialect::Keras2)),
            ("3.15.1", Some(Dialect::Keras3)),
            ("", None),
            ("nightly", None),
        ] {
            assert_eq!(Dialect::of_version(version), dialect, "{version}");
        }
    }
}
