//! How a model was compiled, and the state of its optimizer.

use serde_json::{Map, Value};

use super::object::{Dialect, Object, describe};
use super::variables::Variable;
use crate::error::{Error, ErrorKind, Result};

/// What `model.compile` was given, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct CompileConfig {
    json: Map<String, Value>,
    dialect: Dialect,
}

impl CompileConfig {
    /// Takes the JSON that Keras wrote in `dialect`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] unless the value is a JSON object.
    pub fn from_json(json: Value, dialect: Dialect) -> Result<Self> {
        match json {
            Value::Object(json) => Ok(CompileConfig { json, dialect }),
            other => Err(Error::new(
                ErrorKind::Malformed,
                format!(
                    "the compile config is {}, expected an object",
                    describe(&other)
                ),
            )),
        }
    }

    /// All of it, as it was written.
    pub fn json(&self) -> &Map<String, Value> {
        &self.json
    }

    /// The form it is written in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The optimizer's class and arguments, if it was written with them.
    pub fn optimizer(&self) -> Option<Object> {
        let found = self
            .json
            .get("optimizer_config")
            .or_else(|| self.json.get("optimizer"))?;
        Object::from_json(found.clone(), self.dialect).ok()
    }

    /// The loss, or losses, as they were written.
    pub fn loss(&self) -> Option<&Value> {
        self.json.get("loss")
    }
}

/// The variables of an optimizer in the order in which they are saved: the iteration, then slots.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState<'a> {
    /// The variables; their paths are theirs alone, not those of a layer.
    pub variables: Vec<Variable<'a>>,
}
