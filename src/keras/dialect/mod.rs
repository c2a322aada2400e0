//! From one dialect of configs to the other: Keras 1 → Keras 2 ⇄ Keras 3.
//!
//! | file | what it translates |
//! |---|---|
//! | `layers.rs`, `objects.rs` | tables: the keys that each class has in each dialect |
//! | `class.rs` | what a row of those tables says, and the translation of keys |
//! | `special.rs` | values of single classes whose form changed |
//! | `values.rs` | nested objects, dtypes, activations |
//! | `network.rs` | Sequential and Functional models |
//! | `nodes.rs` | the calls that connect the layers of a Functional model |
//! | `operations/` | operations of Keras 3, and the functions that Keras 2 has for them |
//! | `masks.rs` | operations of Keras 3 that Keras 2 does without |
//! | `training.rs` | optimizer, losses and metrics of a compiled model |
//! | `keras1/` | from Keras 1 to Keras 2: configs, and the arrays of layers |
//!
//! Loaders of Keras raise on keys they do not know, so only what a table lists is written. What
//! the other dialect cannot say is an error, never left out. `spec/keras_config.md` has the facts.

mod class;
mod keras1;
mod layers;
mod masks;
mod network;
mod nodes;
mod objects;
mod operations;
mod special;
mod training;
mod values;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::class::{Base, Class, Translated};
pub(crate) use self::keras1::{Rewrite, is_flipped_by_theano, rewrite};
use super::network::Network;
use super::object::{Dialect, Object};
use super::optimizer::REGISTERED;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::limits::Limits;

/// The same object in the vocabulary of `to`; an object that is in it already stays as it is.
///
/// Layers, models with all their layers and connections, optimizers, learning rate schedules,
/// initializers, regularizers, constraints, losses and metrics that are built into Keras.
///
/// ```
/// use hornfels::keras::{Dialect, Object, translate};
/// let relu = Object::new("LeakyReLU", Default::default()).with("negative_slope", 0.25);
/// let relu = translate(&relu, Dialect::Keras2)?;
/// assert_eq!(relu.to_string(), r#"{"class_name": "LeakyReLU", "config": {"alpha": 0.25}}"#);
/// # Ok::<(), hornfels::Error>(())
/// ```
///
/// # Errors
///
/// * [`ErrorKind::UnknownObject`]: a class that is not built into Keras;
/// * [`ErrorKind::Unsupported`]: a class or value without a counterpart; the way back to Keras 1;
/// * [`ErrorKind::Refused`]: a `Lambda`, whose bytecode belongs to one version of Python;
/// * [`ErrorKind::Malformed`]: a config that no Keras writes;
/// * [`ErrorKind::LimitExceeded`]: models that nest too deep.
pub fn translate(object: &Object, to: Dialect) -> Result<Object> {
    translate_with(object, to, &|_| false)
}

/// As [`translate`]; of layers whose class `is_own`, by its registered name, only what every layer
/// has is translated: who knows the class says that its arguments are the same in both.
fn translate_with(object: &Object, to: Dialect, is_own: &dyn Fn(&str) -> bool) -> Result<Object> {
    if object.dialect() == to {
        return Ok(object.clone());
    }
    if object.dialect() == Dialect::Keras1 {
        return translate_with(&keras1::to_keras2(object)?, to, is_own);
    }
    let translator = Translator {
        is_own,
        ..Translator::new(object.dialect(), to)?
    };
    let kind = Kind::of(object);
    let translated = match kind {
        Kind::Optimizer => translator.optimizer(object.json())?,
        kind => translator.object(kind, object.json())?,
    };
    Object::from_json(Value::Object(translated), to)
}

impl Object {
    /// The same object in the vocabulary of `to`: [`translate`].
    ///
    /// # Errors
    ///
    /// As [`translate`].
    pub fn to_dialect(&self, to: Dialect) -> Result<Object> {
        translate(self, to)
    }
}

impl Network {
    /// The same network in the vocabulary of `to`.
    ///
    /// # Errors
    ///
    /// As [`translate`]; a layer of the user's own class cannot be translated, but by
    /// [`SaveOptions::layers`](crate::SaveOptions::layers).
    pub fn to_dialect(&self, to: Dialect) -> Result<Network> {
        self.to_dialect_with(to, &|_| false)
    }

    /// As [`to_dialect`](Self::to_dialect), but a layer whose class `is_own`, by its registered
    /// name, keeps its own arguments as they are.
    pub(crate) fn to_dialect_with(
        &self,
        to: Dialect,
        is_own: &dyn Fn(&str) -> bool,
    ) -> Result<Network> {
        if self.dialect() == to {
            return Ok(self.clone());
        }
        let translated = translate_with(&self.to_object(), to, is_own)?;
        Network::from_object(translated, &Limits::unlimited())
    }
}

/// How deep objects may nest in each other: models, wrappers, cells, initializers.
const MAX_NESTING: u32 = 200;

/// The way to one dialect from the other.
#[derive(Clone, Copy)]
struct Translator<'t> {
    to: Dialect,
    nesting: u32,
    /// Whether a layer class is the user's, whose config is not looked into.
    is_own: &'t dyn Fn(&str) -> bool,
}

impl Translator<'_> {
    fn new(from: Dialect, to: Dialect) -> Result<Translator<'static>> {
        if from == Dialect::Keras1 || to == Dialect::Keras1 {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("configs of {from} cannot be translated to {to}"),
            )
            .with_hint("no Keras that is still in use writes configs of Keras 1"));
        }
        Ok(Translator {
            to,
            nesting: 0,
            is_own: &|_| false,
        })
    }

    /// A serialized object of a known kind, with its name and module as `to` writes them.
    fn object(mut self, kind: Kind, object: &Map<String, Value>) -> Result<Map<String, Value>> {
        self.nesting = self.nesting.saturating_add(1);
        if self.nesting > MAX_NESTING {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                format!("objects nest deeper than {MAX_NESTING}"),
            ));
        }
        let class_name = class_name(object)?;
        let place = || match config_name(object) {
            Some(name) => format!("{} `{name}` ({class_name})", kind.noun()),
            None => format!("{} {class_name}", kind.noun()),
        };
        if kind == Kind::Layer {
            match class_name {
                "Sequential" => return self.sequential(object).within(place),
                "Functional" | "Model" => return self.functional(object).within(place),
                _ => {}
            }
            let registered = object.get("registered_name").and_then(Value::as_str);
            let registered = registered.unwrap_or(class_name);
            if (self.is_own)(registered) {
                return self.own_class(registered, object).within(place);
            }
        }
        let class = self.class(kind, object, class_name);
        let class = match config_name(object) {
            Some(name) => class.within(|| format!("{} `{name}`", kind.noun()))?,
            None => class?,
        };
        let config = self.config(kind, class, object).within(place)?;
        Ok(self.written(kind.module(), class.name, None, config))
    }

    /// A layer of the user's class: what every layer has is translated, the rest is carried.
    fn own_class(
        self,
        registered: &str,
        object: &Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let mut config = match object.get("config") {
            Some(Value::Object(config)) => config.clone(),
            _ => Map::new(),
        };
        if let Some(dtype) = config.get_mut("dtype")
            && let Some(new) = self.value(Kind::Layer, registered, "dtype", dtype)?
        {
            *dtype = new;
        }
        if self.to == Dialect::Keras2 {
            return Ok(self.written("", registered, None, config));
        }
        let (package, class) = registered.split_once('>').unwrap_or(("", registered));
        Ok(self.written(package, class, Some(registered), config))
    }

    /// The row of the tables for a class, if both dialects have it.
    fn class(self, kind: Kind, object: &Map<String, Value>, name: &str) -> Result<&'static Class> {
        if name == "Lambda" {
            return Err(Error::new(
                ErrorKind::Refused,
                format!(
                    "a `Lambda` holds Python bytecode, which is not moved to {}",
                    self.to
                ),
            )
            .with_hint(
                "replace the Lambda by a layer, or save the model in the dialect it came in",
            ));
        }
        let module = object
            .get("module")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // Operations such as `keras.ops.add` have the names of layers.
        let operation = module.starts_with("keras.src.ops");
        match kind.classes().iter().find(|class| class.name == name) {
            Some(class) if !operation => match class.only_in {
                Some(dialect) if dialect != self.to => {
                    Err(self.without_counterpart(format!("the {} `{name}`", kind.noun())))
                }
                _ => Ok(class),
            },
            _ if operation => Err(self.without_counterpart(format!("the operation `{name}`"))),
            _ => Err(Error::new(
                ErrorKind::UnknownObject,
                format!(
                    "{} `{name}` is not built into Keras, so it cannot be translated to {}",
                    kind.noun(),
                    self.to
                ),
            )
            .with_hint(match kind {
                Kind::Layer => {
                    "save the model in the dialect it came in; a program can also register the class"
                }
                _ => "save the model in the dialect it came in",
            })),
        }
    }

    #[cold]
    fn without_counterpart(self, what: String) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!("{what} has no counterpart in {}", self.to),
        )
        .with_hint("save the model in the dialect it came in")
    }

    fn config(
        self,
        kind: Kind,
        class: &Class,
        object: &Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let none = Map::new();
        let config = match object.get("config") {
            Some(Value::Object(config)) => config,
            None | Some(Value::Null) => &none,
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    "`config` is not a JSON object",
                ));
            }
        };
        let mut translated = class.translate_keys(kind.base(), config, self.to)?;
        for (key, value) in &mut translated {
            if let Some(new) = self.value(kind, class.name, key, value)? {
                *value = new;
            }
        }
        if let Some(special) = class.special {
            special(&mut Translated {
                source: object,
                config: &mut translated,
                to: self.to,
            })?;
        }
        Ok(translated)
    }

    /// An object as `to` writes it: Keras 3 says where a class is, Keras 2 in HDF5 files does not.
    fn written(
        self,
        module: &str,
        class: &str,
        registered: Option<&str>,
        config: Map<String, Value>,
    ) -> Map<String, Value> {
        let mut object = Map::new();
        if self.to == Dialect::Keras3 {
            object.insert("module".to_owned(), module.into());
        }
        object.insert("class_name".to_owned(), class.into());
        object.insert("config".to_owned(), Value::Object(config));
        if self.to == Dialect::Keras3 {
            object.insert("registered_name".to_owned(), registered.into());
        }
        object
    }
}

/// What an object is, since class names repeat: `Identity` is a layer and an initializer,
/// `Hinge` a loss and a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Layer,
    Initializer,
    Regularizer,
    Constraint,
    Optimizer,
    Schedule,
    Loss,
    Metric,
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Layer,
        Kind::Optimizer,
        Kind::Schedule,
        Kind::Initializer,
        Kind::Regularizer,
        Kind::Constraint,
        Kind::Loss,
        Kind::Metric,
    ];

    /// By module if it was written, else the first kind that has the class.
    fn of(object: &Object) -> Kind {
        let by_module = object.module().and_then(|module| {
            Kind::ALL
                .into_iter()
                .rev()
                .find(|kind| module.starts_with(kind.module()))
        });
        let name = object.class_name();
        let name = name.strip_prefix(REGISTERED).unwrap_or(name);
        let has = |kind: &Kind| kind.classes().iter().any(|class| class.name == name);
        by_module
            .filter(|kind| *kind != Kind::Optimizer || has(kind))
            .or_else(|| Kind::ALL.into_iter().find(has))
            .unwrap_or(Kind::Layer)
    }

    fn noun(self) -> &'static str {
        match self {
            Kind::Layer => "layer",
            Kind::Initializer => "initializer",
            Kind::Regularizer => "regularizer",
            Kind::Constraint => "constraint",
            Kind::Optimizer => "optimizer",
            Kind::Schedule => "schedule",
            Kind::Loss => "loss",
            Kind::Metric => "metric",
        }
    }

    /// Where Keras 3 says that the classes are.
    fn module(self) -> &'static str {
        match self {
            Kind::Layer => "keras.layers",
            Kind::Initializer => "keras.initializers",
            Kind::Regularizer => "keras.regularizers",
            Kind::Constraint => "keras.constraints",
            Kind::Optimizer => "keras.optimizers",
            Kind::Schedule => "keras.optimizers.schedules",
            Kind::Loss => "keras.losses",
            Kind::Metric => "keras.metrics",
        }
    }

    fn classes(self) -> &'static [Class] {
        match self {
            Kind::Layer => layers::CLASSES,
            Kind::Initializer => objects::INITIALIZERS,
            Kind::Regularizer => objects::REGULARIZERS,
            Kind::Constraint => objects::CONSTRAINTS,
            Kind::Optimizer => objects::OPTIMIZERS,
            Kind::Schedule => objects::SCHEDULES,
            Kind::Loss => objects::LOSSES,
            Kind::Metric => objects::METRICS,
        }
    }

    fn base(self) -> &'static Base {
        match self {
            Kind::Layer => &layers::BASE,
            Kind::Initializer => &objects::INITIALIZER_BASE,
            Kind::Regularizer | Kind::Constraint => &objects::PLAIN_BASE,
            Kind::Optimizer => &objects::OPTIMIZER_BASE,
            Kind::Schedule => &objects::SCHEDULE_BASE,
            Kind::Loss => &objects::LOSS_BASE,
            Kind::Metric => &objects::METRIC_BASE,
        }
    }
}

/// The name in the config of a serialized object.
fn config_name(object: &Map<String, Value>) -> Option<&str> {
    object.get("config")?.get("name")?.as_str()
}

/// The class of a serialized object.
fn class_name(object: &Map<String, Value>) -> Result<&str> {
    match object.get("class_name") {
        Some(Value::String(name)) => Ok(name),
        _ => Err(Error::new(
            ErrorKind::Malformed,
            "a serialized object without `class_name`",
        )),
    }
}
