//! How a model was compiled, or is to be.

use serde_json::{Map, Value};

use super::model::Model;
use super::object::{Dialect, Object, describe};
use super::optimizer::OptimizerState;
use crate::error::{Error, ErrorKind, Result};

/// What `model.compile` was given, as it was written.
///
/// ```
/// use hornfels::keras::{Adam, CompileConfig};
/// let config = CompileConfig::new(Adam::new().learning_rate(0.002))
///     .loss("mean_squared_error")
///     .metrics(["accuracy"]);
/// assert_eq!(config.optimizer().unwrap().class_name(), "Adam");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CompileConfig {
    json: Map<String, Value>,
    dialect: Dialect,
}

/// Where an HDF5 file has the optimizer.
const OPTIMIZER_CONFIG: &str = "optimizer_config";

impl CompileConfig {
    /// A config with an optimizer and no loss yet, in the dialect of the optimizer.
    ///
    /// The optimizer is one of this crate's or any object of the module `keras.optimizers`.
    pub fn new(optimizer: impl Into<Object>) -> Self {
        let optimizer: Object = optimizer.into();
        let dialect = optimizer.dialect();
        let mut optimizer = optimizer.json().clone();
        // Files say no more than this, in either dialect.
        optimizer.retain(|key, _| key == "class_name" || key == "config");
        let json: Map<String, Value> = [
            ("loss", Value::Null),
            ("loss_weights", Value::Null),
            ("metrics", Value::Null),
            ("weighted_metrics", Value::Null),
            ("run_eagerly", Value::Bool(false)),
            ("steps_per_execution", Value::from(1)),
            ("jit_compile", Value::Bool(false)),
            (OPTIMIZER_CONFIG, Value::Object(optimizer)),
        ]
        .into_iter()
        .filter(|(key, _)| {
            let only_keras3 = ["run_eagerly", "steps_per_execution", "jit_compile"];
            dialect == Dialect::Keras3 || !only_keras3.contains(key)
        })
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        CompileConfig { json, dialect }
    }

    /// The loss: a name, an object, or a list or JSON object of such for several outputs.
    ///
    /// Names are best written in full: Keras 3 cannot load `mse` from an HDF5 file.
    ///
    /// ```
    /// use hornfels::keras::{CompileConfig, Object, Sgd};
    /// let huber = Object::new("Huber", Default::default())
    ///     .with_module("keras.losses")
    ///     .with("delta", 0.5);
    /// let config = CompileConfig::new(Sgd::new()).loss(huber);
    /// let config = CompileConfig::new(Sgd::new())
    ///     .loss(vec!["mean_squared_error", "mean_absolute_error"]);
    /// # let _ = config;
    /// ```
    #[must_use]
    pub fn loss(self, loss: impl Into<Value>) -> Self {
        self.with("loss", loss.into())
    }

    /// How much the losses of several outputs count: a list, or a JSON object.
    #[must_use]
    pub fn loss_weights(self, weights: impl Into<Value>) -> Self {
        self.with("loss_weights", weights.into())
    }

    /// What is measured while training: names and objects, or lists of such for several outputs.
    #[must_use]
    pub fn metrics<V: Into<Value>>(self, metrics: impl IntoIterator<Item = V>) -> Self {
        let metrics = metrics.into_iter().map(Into::into).collect();
        self.with("metrics", Value::Array(metrics))
    }

    /// What is measured with the weights of samples.
    #[must_use]
    pub fn weighted_metrics<V: Into<Value>>(self, metrics: impl IntoIterator<Item = V>) -> Self {
        let metrics = metrics.into_iter().map(Into::into).collect();
        self.with("weighted_metrics", Value::Array(metrics))
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.json.insert(key.to_owned(), value);
        self
    }

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
            .get(OPTIMIZER_CONFIG)
            .or_else(|| self.json.get("optimizer"))?;
        Object::from_json(found.clone(), self.dialect).ok()
    }

    /// The loss, or losses, as they were written.
    pub fn losses(&self) -> Option<&Value> {
        self.json.get("loss")
    }
}

impl Model<'_> {
    /// Compiles the model, as Keras's `model.compile`: with a new optimizer, which has taken no
    /// step and keeps nothing yet.
    ///
    /// ```
    /// use hornfels::keras::{Adam, CompileConfig};
    /// let mut model = hornfels::load_model("tests/data/early_warning.h5")?;
    /// model.compile(CompileConfig::new(Adam::new()).loss("sparse_categorical_crossentropy"));
    /// model.build_optimizer()?;
    /// let state = model.optimizer.as_ref().unwrap();
    /// assert_eq!(state.iterations(), Some(0));
    /// assert_eq!(state.slot("dense/kernel", "velocity")?.shape(), [10, 4]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    pub fn compile(&mut self, config: CompileConfig) {
        self.compile = Some(config);
        self.optimizer = None;
    }

    /// Gives the optimizer its variables for those that it will train, as Keras's
    /// `optimizer.build(model.trainable_variables)`. A model is saved without them, too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for a model that is not compiled;
    /// [`ErrorKind::UnknownObject`] for an optimizer that is not built into Keras.
    pub fn build_optimizer(&mut self) -> Result<()> {
        let Some(config) = &self.compile else {
            let message = "a model that is not compiled has no optimizer";
            return Err(
                Error::new(ErrorKind::InvalidArgument, message).with_hint("call `compile` before")
            );
        };
        self.optimizer = Some(OptimizerState::zeros(config, &self.trainable_variables())?);
        Ok(())
    }
}
