//! One call of an operation on its way to functions of TensorFlow: what it is called with, and
//! the layers that come of it.

use serde_json::{Map, Value};

use super::promotion::{self, FLOAT, is_floating, is_integer};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::dialect::nodes::CONSTANT;
use crate::keras::json;

/// Sizes of axes, as far as they are known.
pub(super) type Sizes = Vec<Option<u64>>;

/// What a function takes or gives.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Tensor(Tensor),
    /// A number, or a list of such; anything else that is not computed.
    Constant(Value, &'static str),
    List(Vec<Operand>),
}

/// A tensor of the model that is written.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) layer: String,
    pub(super) node: u64,
    pub(super) number: u64,
    pub(super) dtype: &'static str,
    /// None of what functions give in between.
    pub(super) sizes: Option<Sizes>,
    /// Whether Keras 2 may give another type, which only those of Keras's own layers do.
    pub(super) is_uncertain: bool,
}

impl From<Value> for Operand {
    fn from(value: Value) -> Operand {
        let dtype = constant_dtype(&value);
        Operand::Constant(value, dtype)
    }
}

impl From<&Operand> for Operand {
    fn from(operand: &Operand) -> Operand {
        operand.clone()
    }
}

/// Python's numbers give way to other types; what else there is has none that matters.
fn constant_dtype(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Array(items) => {
            let types = items.iter().map(constant_dtype);
            let is_float = types.clone().any(is_floating);
            let is_bool = !items.is_empty() && types.clone().all(|it| it == "bool");
            match (is_float, is_bool) {
                (true, _) => FLOAT,
                (_, true) => "bool",
                _ => "int32",
            }
        }
        other if json::number(other).is_some_and(|number| !number.is_finite()) => "float",
        _ => "int",
    }
}

impl Operand {
    pub(super) fn dtype(&self) -> &'static str {
        match self {
            Operand::Tensor(tensor) => tensor.dtype,
            Operand::Constant(_, dtype) => dtype,
            Operand::List(items) => items.first().map_or(FLOAT, Operand::dtype),
        }
    }

    pub(super) fn is_tensor(&self) -> bool {
        matches!(self, Operand::Tensor(_))
    }

    /// The sizes of its axes.
    pub(super) fn sizes(&self) -> Option<Sizes> {
        match self {
            Operand::Tensor(tensor) => tensor.sizes.clone(),
            Operand::Constant(value, _) => {
                let mut sizes = Vec::new();
                let mut value = value;
                while let Value::Array(items) = value {
                    sizes.push(u64::try_from(items.len()).ok());
                    value = items.first().unwrap_or(&Value::Null);
                }
                Some(sizes)
            }
            Operand::List(_) => None,
        }
    }

    /// As an argument by name.
    fn named(&self) -> Value {
        match self {
            Operand::Tensor(it) => serde_json::json!([it.layer, it.node, it.number]),
            Operand::Constant(value, _) => value.clone(),
            Operand::List(items) => items.iter().map(Operand::named).collect(),
        }
    }

    /// As the first argument, which carries the others.
    fn first(&self, named: &Map<String, Value>) -> Value {
        match self {
            Operand::Tensor(it) => serde_json::json!([it.layer, it.node, it.number, named]),
            Operand::Constant(value, _) => serde_json::json!([CONSTANT, -1, value, named]),
            Operand::List(items) => items.iter().map(|item| item.first(named)).collect(),
        }
    }
}

/// A call of a function, a layer of its own.
#[derive(Debug)]
pub(super) struct Emitted {
    pub(super) name: String,
    pub(super) function: &'static str,
    pub(super) node: Value,
}

/// A call of an operation.
pub(super) struct Expansion<'a> {
    pub(super) class: &'a str,
    /// The name of the operation in the model.
    pub(super) name: &'a str,
    /// What was given to the call by position or name.
    pub(super) arguments: Vec<(String, Operand)>,
    pub(super) config: &'a Map<String, Value>,
    pub(super) emitted: Vec<Emitted>,
    pub(super) is_taken: &'a dyn Fn(&str) -> bool,
}

impl Expansion<'_> {
    /// An argument that is a tensor or a constant; a tensor of the type that Keras 3 knows.
    pub(super) fn operand(&mut self, name: &str) -> Result<Operand> {
        self.optional(name)?
            .ok_or_else(|| self.refused(&format!("no `{name}`")))
    }

    /// The same, none if it is missing or null.
    pub(super) fn optional(&mut self, name: &str) -> Result<Option<Operand>> {
        let found = self.arguments.iter().find(|(given, _)| given == name);
        match found.map(|(_, operand)| operand.clone()) {
            None | Some(Operand::Constant(Value::Null, _)) => Ok(None),
            Some(operand) => Ok(Some(self.certain(operand))),
        }
    }

    fn certain(&mut self, operand: Operand) -> Operand {
        match operand {
            Operand::Tensor(tensor) if tensor.is_uncertain => {
                let dtype = tensor.dtype;
                self.converted(Operand::Tensor(tensor), dtype)
            }
            Operand::List(items) => {
                Operand::List(items.into_iter().map(|item| self.certain(item)).collect())
            }
            other => other,
        }
    }

    /// The tensors and constants of an argument that is a list.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Operand>> {
        match self.operand(name)? {
            Operand::List(items) => Ok(items),
            one => Ok(vec![one]),
        }
    }

    /// An argument that is no tensor, of the call or of the constructor; none if it is null.
    pub(super) fn setting(&self, name: &str) -> Result<Option<Value>> {
        let given = self.arguments.iter().find(|(given, _)| given == name);
        let value = match given {
            Some((_, Operand::Constant(value, _))) => Some(value),
            Some(_) => return Err(self.refused(&format!("a `{name}` that is computed"))),
            None => self.config.get(name),
        };
        Ok(value.filter(|value| !value.is_null()).cloned())
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        let value = self.setting(name)?;
        Ok(value.and_then(|value| value.as_bool()).unwrap_or(false))
    }

    pub(super) fn number(&self, name: &str, usual: f64) -> Result<f64> {
        match self.setting(name)? {
            None => Ok(usual),
            Some(value) => value
                .as_f64()
                .ok_or_else(|| self.refused(&format!("`{name}` {value}"))),
        }
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>> {
        match self.setting(name)? {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.refused(&format!("`{name}` {value}"))),
            },
        }
    }

    /// A whole number or a list of such.
    pub(super) fn integers(&self, name: &str) -> Result<Option<Vec<i64>>> {
        let Some(value) = self.setting(name)? else {
            return Ok(None);
        };
        let numbers = match &value {
            Value::Array(items) => items.iter().map(Value::as_i64).collect(),
            one => one.as_i64().map(|number| vec![number]),
        };
        let refused = || self.refused(&format!("`{name}` {value}"));
        numbers.map(Some).ok_or_else(refused)
    }

    /// The sizes of an operand's axes.
    pub(super) fn sizes(&self, operand: &Operand) -> Result<Sizes> {
        let unknown = || self.refused("a tensor whose shape is not known");
        operand.sizes().ok_or_else(unknown)
    }

    pub(super) fn rank(&self, operand: &Operand) -> Result<usize> {
        Ok(self.sizes(operand)?.len())
    }

    /// An axis that may be counted from the end, of so many.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_end = axis.saturating_add(i64::try_from(rank).unwrap_or(i64::MAX));
        let place = usize::try_from(if axis < 0 { from_end } else { axis });
        match place {
            Ok(place) if place < rank => Ok(place),
            _ => Err(self.refused(&format!("axis {axis} of {rank}"))),
        }
    }

    /// A function of TensorFlow, called: its result, of this type.
    pub(super) fn call(
        &mut self,
        function: &'static str,
        first: &Operand,
        others: &[(&str, Operand)],
        dtype: &'static str,
    ) -> Operand {
        let mut named = Map::new();
        for (name, operand) in others {
            named.insert((*name).to_owned(), operand.named());
        }
        let short = function.rsplit('.').next().unwrap_or(function);
        let base = format!("{}_{short}", self.name);
        let mut name = base.clone();
        let mut number = 0_u32;
        while (self.is_taken)(&name) || self.emitted.iter().any(|other| other.name == name) {
            number = number.saturating_add(1);
            name = format!("{base}_{number}");
        }
        self.emitted.push(Emitted {
            name: name.clone(),
            function,
            node: first.first(&named),
        });
        Operand::Tensor(Tensor {
            layer: name,
            node: 0,
            number: 0,
            dtype,
            sizes: None,
            is_uncertain: false,
        })
    }

    /// A function of one tensor that keeps its type.
    pub(super) fn of(&mut self, function: &'static str, x: &Operand) -> Operand {
        let called = self.call(function, x, &[], x.dtype());
        like(called, x)
    }

    /// A function of two operands of one type, tensors or constants.
    pub(super) fn of_two(
        &mut self,
        function: &'static str,
        names: [&'static str; 2],
        x: &Operand,
        y: &Operand,
        dtype: &'static str,
    ) -> Operand {
        let x = self.beside(x, y);
        self.call(function, &x, &[(names[1], y.clone())], dtype)
    }

    /// Arithmetic of two operands of one type.
    pub(super) fn binary(&mut self, function: &'static str, x: &Operand, y: &Operand) -> Operand {
        let dtype = if x.is_tensor() { x.dtype() } else { y.dtype() };
        self.of_two(function, ["x", "y"], x, y, dtype)
    }

    /// A comparison or a logical function of two operands of one type.
    pub(super) fn test(&mut self, function: &'static str, x: &Operand, y: &Operand) -> Operand {
        self.of_two(function, ["x", "y"], x, y, "bool")
    }

    pub(super) fn add(&mut self, x: &Operand, y: &Operand) -> Operand {
        self.binary("math.add", x, y)
    }

    pub(super) fn subtract(&mut self, x: &Operand, y: &Operand) -> Operand {
        self.binary("math.subtract", x, y)
    }

    pub(super) fn multiply(&mut self, x: &Operand, y: &Operand) -> Operand {
        self.binary("math.multiply", x, y)
    }

    pub(super) fn divide(&mut self, x: &Operand, y: &Operand) -> Operand {
        self.binary("math.truediv", x, y)
    }

    /// `condition ? x : y` of operands of one type.
    pub(super) fn choose(&mut self, condition: &Operand, x: &Operand, y: &Operand) -> Operand {
        let x = self.beside(x, y);
        let dtype = if x.is_tensor() { x.dtype() } else { y.dtype() };
        self.call("where", condition, &[("x", x), ("y", y.clone())], dtype)
    }

    /// A constant that comes before a tensor: TensorFlow would take it for one of `float32` or
    /// `int32`, so for other types it is made a tensor.
    fn beside(&mut self, x: &Operand, y: &Operand) -> Operand {
        match (x, y) {
            (Operand::Constant(..), Operand::Tensor(tensor))
                if !matches!(tensor.dtype, FLOAT | "int32" | "bool") =>
            {
                let ones = self.of("ones_like", y);
                self.call("math.multiply", &ones, &[("y", x.clone())], tensor.dtype)
            }
            _ => x.clone(),
        }
    }

    /// The operand in another type, if it has not that already.
    pub(super) fn cast(&mut self, operand: Operand, dtype: &'static str) -> Operand {
        match operand {
            Operand::Tensor(tensor) if tensor.dtype != dtype => {
                self.converted(Operand::Tensor(tensor), dtype)
            }
            Operand::Constant(value, _) => Operand::Constant(in_type(value, dtype), dtype),
            Operand::List(items) => Operand::List(
                items
                    .into_iter()
                    .map(|item| self.cast(item, dtype))
                    .collect(),
            ),
            tensor => tensor,
        }
    }

    fn converted(&mut self, tensor: Operand, dtype: &'static str) -> Operand {
        let cast = self.call(
            "cast",
            &tensor,
            &[("dtype", serde_json::json!(dtype).into())],
            dtype,
        );
        like(cast, &tensor)
    }

    /// A number in the type of a tensor.
    pub(super) fn number_like(&self, number: f64, x: &Operand) -> Operand {
        Operand::Constant(in_type(serde_json::json!(number), x.dtype()), x.dtype())
    }

    /// The type that these become together, and others of the given types.
    pub(super) fn promoted(
        &self,
        operands: &[&Operand],
        others: &[&'static str],
    ) -> Result<&'static str> {
        let own = operands.iter().map(|operand| operand.dtype());
        let types: Vec<&'static str> = own.chain(others.iter().copied()).collect();
        promotion::result_type(&types)
            .ok_or_else(|| self.refused(&format!("types {} together", types.join(", "))))
    }

    #[cold]
    pub(super) fn refused(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!(
                "the operation `{}` with {what} has no counterpart in Keras 2",
                self.class
            ),
        )
        .with_hint("save the model in the dialect it came in, or put a layer in its place")
    }
}

/// The result of a function that keeps the shape.
pub(super) fn like(result: Operand, x: &Operand) -> Operand {
    with_sizes(result, x.sizes())
}

pub(super) fn with_sizes(result: Operand, sizes: Option<Sizes>) -> Operand {
    match result {
        Operand::Tensor(tensor) => Operand::Tensor(Tensor { sizes, ..tensor }),
        other => other,
    }
}

/// Numbers as they are written for a type.
fn in_type(value: Value, dtype: &str) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| in_type(item, dtype)).collect(),
        Value::Number(number) if is_floating(dtype) => {
            number.as_f64().map_or(Value::Null, Value::from)
        }
        Value::Number(number) if dtype == "bool" => serde_json::json!(number.as_f64() != Some(0.0)),
        Value::Bool(truth) if is_floating(dtype) => serde_json::json!(f64::from(u8::from(truth))),
        Value::Bool(truth) if is_integer(dtype) => serde_json::json!(u8::from(truth)),
        other => other,
    }
}
