//! Arguments that are objects themselves: activations, initializers, regularizers, constraints.

use serde_json::{Map, Value, json};

use super::value::{ConfigValue, words};
use crate::keras::{Dialect, Object, naming};

/// A function of one tensor, or a layer that stands in for one.
///
/// ```
/// use hornfels::layers::Activation;
/// assert_eq!(Activation::from("relu").name(), "relu");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Activation(Value);

impl Activation {
    /// The identity.
    pub fn linear() -> Self {
        "linear".into()
    }

    /// The name of the function, or of the class that stands in for it.
    pub fn name(&self) -> &str {
        let object = self.0.get("config").and_then(Value::as_str);
        let class = self.0.get("class_name").and_then(Value::as_str);
        let name = self.0.as_str().or(object).or(class);
        name.unwrap_or("linear")
    }
}

impl From<&str> for Activation {
    /// The function of that name.
    fn from(name: &str) -> Self {
        Activation(name.into())
    }
}

impl From<Object> for Activation {
    /// A layer in the place of a function, such as a `LeakyReLU`.
    fn from(object: Object) -> Self {
        Activation(object.into_json())
    }
}

impl ConfigValue for Activation {
    const EXPECTED: &'static str = "the name of an activation, or an object";

    fn read(value: &Value) -> Option<Self> {
        let known = value.is_string() || value.is_object() || value.is_null();
        known.then(|| Activation(value.clone()))
    }

    fn write(&self) -> Value {
        self.0.clone()
    }
}

/// How a variable begins.
///
/// ```
/// use hornfels::layers::Initializer;
/// assert_eq!(Initializer::from("zeros").constant(), Some(0.0));
/// assert_eq!(Initializer::from("glorot_uniform").constant(), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Initializer(Value);

impl Initializer {
    /// All zeros.
    pub fn zeros() -> Self {
        object("Zeros", json!({}))
    }

    /// All ones.
    pub fn ones() -> Self {
        object("Ones", json!({}))
    }

    /// One number everywhere.
    pub fn constant_of(value: f64) -> Self {
        object("Constant", json!({"value": value}))
    }

    /// Uniform, scaled by the numbers of inputs and outputs: Keras's default for kernels.
    pub fn glorot_uniform() -> Self {
        object("GlorotUniform", json!({"seed": null}))
    }

    /// A random orthogonal matrix: Keras's default for recurrent kernels.
    pub fn orthogonal() -> Self {
        object("Orthogonal", json!({"seed": null, "gain": 1.0}))
    }

    /// Uniform between -0.05 and 0.05: Keras's default for embeddings.
    pub fn random_uniform() -> Self {
        let config = json!({"seed": null, "minval": -0.05, "maxval": 0.05});
        object("RandomUniform", config)
    }

    /// The same, but with ones in one of `parts` equal parts along the first axis, counted from 0.
    ///
    /// So begins the bias of an LSTM with `unit_forget_bias`, which Keras puts together in code.
    ///
    /// ```
    /// use hornfels::layers::Initializer;
    /// let bias = Initializer::zeros().with_ones(1, 4);
    /// assert_eq!(bias.ones_in_part(), Some((1, 4, Initializer::zeros())));
    /// ```
    #[must_use]
    pub fn with_ones(self, part: u64, parts: u64) -> Self {
        let config = json!({"part": part, "parts": parts, "others": self.0});
        Initializer(json!({"module": null, "class_name": ONES_IN_PART, "config": config}))
    }

    /// Which part begins with ones, of how many, and how the others begin: of an initializer
    /// made by [`with_ones`](Self::with_ones).
    pub fn ones_in_part(&self) -> Option<(u64, u64, Initializer)> {
        if self.class_name() != ONES_IN_PART {
            return None;
        }
        let config = self.0.get("config")?;
        let number = |key| config.get(key).and_then(Value::as_u64);
        let others = Initializer(config.get("others")?.clone());
        Some((number("part")?, number("parts")?, others))
    }

    /// Whether its values are known without a random number.
    pub(crate) fn is_known(&self) -> bool {
        match self.ones_in_part() {
            Some((_, _, others)) => others.constant().is_some(),
            None => self.constant().is_some(),
        }
    }

    /// The class, or the name it was given by: `GlorotUniform`, `zeros`.
    pub fn class_name(&self) -> &str {
        let class = self.0.get("class_name").and_then(Value::as_str);
        class.or_else(|| self.0.as_str()).unwrap_or_default()
    }

    /// The number it puts everywhere, if it is one.
    pub fn constant(&self) -> Option<f64> {
        match self.class_name() {
            "Zeros" | "zeros" | "zero" => Some(0.0),
            "Ones" | "ones" | "one" => Some(1.0),
            "Constant" | "constant" => {
                let value = self.0.pointer("/config/value");
                value.map_or(Some(0.0), Value::as_f64)
            }
            _ => None,
        }
    }
}

/// No class of Keras: configs never hold it.
const ONES_IN_PART: &str = "OnesInPart";

fn object(class_name: &str, config: Value) -> Initializer {
    Initializer(json!({
        "module": "keras.initializers",
        "class_name": class_name,
        "config": config,
        "registered_name": null,
    }))
}

impl From<&str> for Initializer {
    /// The initializer that Keras knows by that name, with its defaults: `he_normal`, `zeros`.
    fn from(name: &str) -> Self {
        match name {
            "zeros" => Self::zeros(),
            "ones" => Self::ones(),
            "glorot_uniform" => Self::glorot_uniform(),
            "orthogonal" => Self::orthogonal(),
            "random_uniform" | "uniform" => Self::random_uniform(),
            other => {
                let class = CLASSES
                    .iter()
                    .find(|class| naming::snake_case(class) == other);
                match class {
                    Some(class) => object(class, json!({})),
                    None => Initializer(other.into()),
                }
            }
        }
    }
}

/// Initializers whose arguments all have defaults.
const CLASSES: [&str; 10] = [
    "GlorotNormal",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "RandomNormal",
    "TruncatedNormal",
    "VarianceScaling",
    "Identity",
    "Constant",
];

impl From<Object> for Initializer {
    fn from(object: Object) -> Self {
        Initializer(object.into_json())
    }
}

impl ConfigValue for Initializer {
    const EXPECTED: &'static str = "an initializer";

    fn read(value: &Value) -> Option<Self> {
        (value.is_string() || value.is_object()).then(|| Initializer(value.clone()))
    }

    fn write(&self) -> Value {
        self.0.clone()
    }
}

/// Declares an argument that is an object of one kind, or its name.
macro_rules! serialized {
    ($(#[$doc:meta])* $name:ident, $module:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(Value);

        impl $name {
            /// The object of that class with these arguments.
            pub fn new(class_name: &str, config: Map<String, Value>) -> Self {
                $name(json!({
                    "module": $module,
                    "class_name": class_name,
                    "config": config,
                    "registered_name": null,
                }))
            }

            /// The class, or the name it was given by.
            pub fn class_name(&self) -> &str {
                let class = self.0.get("class_name").and_then(Value::as_str);
                class.or_else(|| self.0.as_str()).unwrap_or_default()
            }

            /// An argument of the class, unless it is missing or null.
            #[allow(dead_code, reason = "not every kind is asked for arguments")]
            pub(crate) fn argument<T: ConfigValue>(&self, key: &str) -> Option<T> {
                T::read(self.0.get("config")?.get(key)?)
            }
        }

        impl From<Object> for $name {
            fn from(object: Object) -> Self {
                $name(object.into_json())
            }
        }

        impl ConfigValue for $name {
            const EXPECTED: &'static str = $expected;

            fn read(value: &Value) -> Option<Self> {
                (value.is_string() || value.is_object()).then(|| $name(value.clone()))
            }

            fn write(&self) -> Value {
                self.0.clone()
            }
        }
    };
}

serialized!(
    /// A penalty on a variable while it is trained.
    Regularizer,
    "keras.regularizers",
    "a regularizer"
);

serialized!(
    /// What a variable is held to after each step of training.
    Constraint,
    "keras.constraints",
    "a constraint"
);

impl Regularizer {
    /// `l2` times the sum of squares.
    pub fn l2(l2: f64) -> Self {
        Self::new("L2", Map::from_iter([("l2".to_owned(), l2.into())]))
    }

    /// `l1` times the sum of absolute values and `l2` times the sum of squares.
    pub fn l1_l2(l1: f64, l2: f64) -> Self {
        let config = [("l1".to_owned(), l1.into()), ("l2".to_owned(), l2.into())];
        Self::new("L1L2", Map::from_iter(config))
    }

    /// `l1` times the sum of absolute values.
    pub fn l1(l1: f64) -> Self {
        Self::new("L1", Map::from_iter([("l1".to_owned(), l1.into())]))
    }
}

impl ConfigValue for Object {
    const EXPECTED: &'static str = "a serialized layer";

    /// As Keras 3 writes it, or in the form that Keras 2 had for most of its life.
    fn read(value: &Value) -> Option<Self> {
        let dialect = match value.get("module") {
            Some(_) => Dialect::Keras3,
            None => Dialect::Keras2,
        };
        Object::from_json(value.clone(), dialect).ok()
    }

    fn write(&self) -> Value {
        match self.to_dialect(Dialect::Keras3) {
            Ok(translated) => translated.into_json(),
            // A class of the user has the same config in both.
            Err(_) => self.clone().into_json(),
        }
    }
}

words!(
    /// What becomes of the outputs of both directions.
    MergeMode, "`concat`, `sum`, `mul`, `ave` or null" {
        /// They stand side by side along the last axis.
        Concat = "concat",
        /// They are added.
        Sum = "sum",
        /// They are multiplied.
        Mul = "mul",
        /// Their average.
        Ave = "ave",
    }
);
