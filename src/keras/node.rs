//! Calls of layers: which tensors each takes, in either form that Keras writes.
//!
//! `spec/keras_model.md#calls` has both forms.

use serde_json::{Map, Value, json};

use super::object::describe;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Shape;

/// A tensor between two layers: the output `tensor` of the call `node` of the layer `layer`.
///
/// Calls are counted from 0 for every layer, in the order of [`Layer::nodes`](super::Layer::nodes):
/// the files, which count the calls of nested models from 1 in places, are read and written
/// accordingly. An InputLayer has one output, of call 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorRef {
    /// The name of the layer that makes it.
    pub layer: String,
    /// Which call of that layer.
    pub node: usize,
    /// Which of the outputs of that call.
    pub tensor: usize,
}

/// What a layer is called with: tensors of other layers, constants, and structures of both.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// Another layer's output.
    Tensor {
        /// Which one.
        source: TensorRef,
        /// Its shape and dtype, where they were written down (Keras 3).
        meta: Option<TensorMeta>,
    },
    /// Anything else: a number, a flag, a serialized object.
    Value(Value),
    /// A list that holds tensors.
    List(Vec<Argument>),
    /// A dictionary that holds tensors.
    Map(Vec<(String, Argument)>),
}

/// The shape and dtype of a tensor between layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorMeta {
    /// The sizes, the batch axis first.
    pub shape: Shape,
    /// The element type, as Keras calls it: `float32`.
    pub dtype: String,
}

/// One call of a layer.
///
/// ```
/// use hornfels::keras::{Node, json};
/// let keras2 = json::parse(r#"[["query", 0, 0, {"value": ["memory", 0, 1], "training": false}]]"#)?;
/// let keras3 = json::parse(
///     r#"{"args": [{"class_name": "__keras_tensor__",
///                   "config": {"shape": [null, 4], "dtype": "float32", "keras_history": ["query", 0, 0]}}],
///         "kwargs": {"value": {"class_name": "__keras_tensor__",
///                    "config": {"shape": [null, 4], "dtype": "float32", "keras_history": ["memory", 0, 1]}},
///                    "training": false}}"#,
/// )?;
/// for json in [keras2, keras3] {
///     let node = Node::from_json(&json)?;
///     let inputs: Vec<_> = node.inputs().iter().map(|it| (it.layer.as_str(), it.tensor)).collect();
///     assert_eq!(inputs, [("query", 0), ("memory", 1)]);
/// }
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Positional arguments; Keras 2 writes only the first as such.
    pub args: Vec<Argument>,
    /// Arguments by name, in the order written.
    pub kwargs: Vec<(String, Argument)>,
}

impl TensorRef {
    /// The output `tensor` of the call `node` of `layer`.
    pub fn new(layer: impl Into<String>, node: usize, tensor: usize) -> Self {
        TensorRef {
            layer: layer.into(),
            node,
            tensor,
        }
    }

    /// Reads `["dense", 0, 0]`; a fourth item, the arguments of Keras 2, is left to the caller.
    pub(crate) fn from_json(json: &Value) -> Option<TensorRef> {
        let (layer, node, tensor) = match json.as_array()?.as_slice() {
            [layer, node, tensor] => (layer, node, tensor),
            [layer, node, tensor, kwargs] if kwargs.is_object() => (layer, node, tensor),
            _ => return None,
        };
        Some(TensorRef {
            layer: layer.as_str()?.to_owned(),
            node: usize::try_from(node.as_u64()?).ok()?,
            tensor: usize::try_from(tensor.as_u64()?).ok()?,
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!([self.layer, self.node, self.tensor])
    }
}

impl From<TensorRef> for Argument {
    fn from(source: TensorRef) -> Self {
        Argument::Tensor { source, meta: None }
    }
}

impl From<Value> for Argument {
    fn from(value: Value) -> Self {
        Argument::Value(value)
    }
}

impl Node {
    /// A call with one tensor, or with a list of several, as merging layers take them.
    pub fn new(inputs: impl IntoIterator<Item = TensorRef>) -> Self {
        let mut inputs: Vec<Argument> = inputs.into_iter().map(Argument::from).collect();
        let only = if inputs.len() == 1 {
            inputs.pop()
        } else {
            None
        };
        Node {
            args: vec![only.unwrap_or(Argument::List(inputs))],
            kwargs: Vec::new(),
        }
    }

    /// A call with each tensor as an argument of its own: attention's query, value and key.
    pub fn positional(inputs: impl IntoIterator<Item = TensorRef>) -> Self {
        Node {
            args: inputs.into_iter().map(Argument::from).collect(),
            kwargs: Vec::new(),
        }
    }

    /// The same call with one more argument by name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, argument: impl Into<Argument>) -> Self {
        self.kwargs.push((name.into(), argument.into()));
        self
    }

    /// Reads one item of `inbound_nodes`, in the form of Keras 1 and 2 (a list) or 3 (`args` and
    /// `kwargs`), node numbers as they stand there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] if it is in neither.
    pub fn from_json(json: &Value) -> Result<Node> {
        if let (Some(Value::Array(args)), Some(Value::Object(kwargs))) =
            (json.get("args"), json.get("kwargs"))
        {
            return Ok(keras3_call(args, kwargs));
        }
        let mut kwargs = None;
        match keras2_inputs(json, &mut kwargs) {
            Argument::Value(other) if kwargs.is_none() => {
                let found = describe(&other);
                Err(Error::new(
                    ErrorKind::Malformed,
                    format!("a call is {found}, expected tensors, or `args` and `kwargs`"),
                ))
            }
            inputs => Ok(Node {
                args: vec![inputs],
                kwargs: kwargs.map(keras2_kwargs).unwrap_or_default(),
            }),
        }
    }

    /// Writes the call in the form of Keras 3, node numbers as they are.
    ///
    /// Keras 3 reads shapes and dtypes but does not use them: where they are not known, they are
    /// written as `[]` and `float32`.
    pub fn to_json(&self) -> Value {
        let args: Vec<Value> = self.args.iter().map(Argument::to_json).collect();
        json!({"args": args, "kwargs": map_to_json(&self.kwargs)})
    }

    /// The tensors of all arguments in the order in which Keras counts them: positional ones first,
    /// named ones by name.
    pub fn inputs(&self) -> Vec<&TensorRef> {
        let mut inputs = Vec::new();
        for argument in &self.args {
            argument.collect(&mut inputs);
        }
        collect_map(&self.kwargs, &mut inputs);
        inputs
    }

    /// Changes every tensor of every argument.
    pub(crate) fn for_each_tensor(
        &mut self,
        mut change: impl FnMut(&mut TensorRef, &mut Option<TensorMeta>),
    ) {
        let named = self.kwargs.iter_mut().map(|(_, argument)| argument);
        for argument in self.args.iter_mut().chain(named) {
            argument.for_each_tensor(&mut change);
        }
    }
}

impl Argument {
    fn collect<'a>(&'a self, inputs: &mut Vec<&'a TensorRef>) {
        match self {
            Argument::Tensor { source, .. } => inputs.push(source),
            Argument::Value(_) => {}
            Argument::List(items) => items.iter().for_each(|item| item.collect(inputs)),
            Argument::Map(members) => collect_map(members, inputs),
        }
    }

    fn for_each_tensor(
        &mut self,
        change: &mut impl FnMut(&mut TensorRef, &mut Option<TensorMeta>),
    ) {
        match self {
            Argument::Tensor { source, meta } => change(source, meta),
            Argument::Value(_) => {}
            Argument::List(items) => {
                for item in items {
                    item.for_each_tensor(change);
                }
            }
            Argument::Map(members) => {
                for (_, member) in members {
                    member.for_each_tensor(change);
                }
            }
        }
    }

    fn is_constant(&self) -> bool {
        matches!(self, Argument::Value(_))
    }

    fn to_json(&self) -> Value {
        match self {
            Argument::Tensor { source, meta } => {
                let sizes = meta
                    .as_ref()
                    .map_or(&[][..], |meta| meta.shape.0.as_slice());
                let dtype = meta.as_ref().map_or("float32", |meta| meta.dtype.as_str());
                json!({
                    "class_name": KERAS_TENSOR,
                    "config": {"shape": sizes, "dtype": dtype, "keras_history": source.to_json()},
                })
            }
            Argument::Value(value) => value.clone(),
            Argument::List(items) => items.iter().map(Argument::to_json).collect(),
            Argument::Map(members) => map_to_json(members),
        }
    }
}

fn map_to_json(members: &[(String, Argument)]) -> Value {
    let members = members
        .iter()
        .map(|(key, argument)| (key.clone(), argument.to_json()));
    Value::Object(members.collect())
}

/// Dictionaries are flattened in the order of their keys.
fn collect_map<'a>(members: &'a [(String, Argument)], inputs: &mut Vec<&'a TensorRef>) {
    let mut sorted: Vec<&(String, Argument)> = members.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (_, argument) in sorted {
        argument.collect(inputs);
    }
}

/// The class name by which Keras 3 writes a tensor among arguments.
const KERAS_TENSOR: &str = "__keras_tensor__";
/// What stands in the place of a layer's name where Keras 2 writes a constant among tensors.
const CONSTANT_VALUE: &str = "_CONSTANT_VALUE";

/// The first argument of a call as Keras 2 writes it; the others stand beside any of its tensors.
fn keras2_inputs<'a>(json: &'a Value, kwargs: &mut Option<&'a Map<String, Value>>) -> Argument {
    if let Some(leaf) = json.as_array()
        && let Some(Value::String(first)) = leaf.first()
    {
        if let Some(Value::Object(beside)) = leaf.get(3) {
            kwargs.get_or_insert(beside);
        }
        if first == CONSTANT_VALUE {
            return Argument::Value(leaf.get(2).cloned().unwrap_or_default());
        }
        if let Some(source) = TensorRef::from_json(json) {
            return source.into();
        }
    }
    match json {
        // One tensor in a list is that tensor.
        Value::Array(items) => match items.as_slice() {
            [only @ Value::Array(_)] => keras2_inputs(only, kwargs),
            items => {
                let items = items.iter().map(|item| keras2_inputs(item, kwargs));
                Argument::List(items.collect())
            }
        },
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, member)| (key.clone(), keras2_inputs(member, kwargs)));
            Argument::Map(members.collect())
        }
        other => Argument::Value(other.clone()),
    }
}

fn keras2_kwargs(kwargs: &Map<String, Value>) -> Vec<(String, Argument)> {
    let tensor = |value: &Value| {
        let three = value.as_array().is_some_and(|items| items.len() == 3);
        TensorRef::from_json(value)
            .filter(|_| three)
            .map(Argument::from)
    };
    named(kwargs, &tensor)
}

fn keras3_call(args: &[Value], kwargs: &Map<String, Value>) -> Node {
    let tensor = |value: &Value| {
        (value.get("class_name")? == KERAS_TENSOR)
            .then_some(value.get("config")?)
            .and_then(keras_tensor)
    };
    Node {
        args: args.iter().map(|arg| structure(arg, &tensor)).collect(),
        kwargs: named(kwargs, &tensor),
    }
}

fn keras_tensor(config: &Value) -> Option<Argument> {
    let source = TensorRef::from_json(config.get("keras_history")?)?;
    let sizes = config.get("shape").and_then(Value::as_array);
    let dtype = config.get("dtype").and_then(Value::as_str);
    let meta = sizes.zip(dtype).map(|(sizes, dtype)| TensorMeta {
        shape: Shape(sizes.iter().map(Value::as_u64).collect()),
        dtype: dtype.to_owned(),
    });
    Some(Argument::Tensor { source, meta })
}

/// A structure of tensors, which `tensor` recognises, and constants.
fn structure(json: &Value, tensor: &impl Fn(&Value) -> Option<Argument>) -> Argument {
    if let Some(tensor) = tensor(json) {
        return tensor;
    }
    match json {
        Value::Array(items) => {
            let items: Vec<Argument> = items.iter().map(|item| structure(item, tensor)).collect();
            if !items.iter().all(Argument::is_constant) {
                return Argument::List(items);
            }
        }
        Value::Object(members) => {
            let members = named(members, tensor);
            if !members.iter().all(|(_, member)| member.is_constant()) {
                return Argument::Map(members);
            }
        }
        _ => {}
    }
    Argument::Value(json.clone())
}

fn named(
    members: &Map<String, Value>,
    tensor: &impl Fn(&Value) -> Option<Argument>,
) -> Vec<(String, Argument)> {
    members
        .iter()
        .map(|(key, member)| (key.clone(), structure(member, tensor)))
        .collect()
}

/// The tensors of `input_layers` or `output_layers`: one, or a structure of them.
///
/// Those of a dictionary come in the order of its keys.
pub(crate) fn ends(json: &Value) -> Result<Vec<TensorRef>> {
    let mut found = Vec::new();
    let mut open = vec![json];
    while let Some(json) = open.pop() {
        if let Some(end) = TensorRef::from_json(json) {
            found.push(end);
            continue;
        }
        match json {
            // The last is taken first.
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(members) => {
                let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| b.cmp(a));
                open.extend(sorted.into_iter().map(|(_, member)| member));
            }
            other => {
                let found = describe(other);
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("found {found}, expected a tensor such as `[\"dense\", 0, 0]`"),
                ));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::json;

    fn tensor(layer: &str, node: usize, tensor: usize) -> Argument {
        TensorRef::new(layer, node, tensor).into()
    }

    #[track_caller]
    fn check(text: &str, args: Vec<Argument>, kwargs: Vec<(&str, Argument)>) {
        let node = Node::from_json(&json::parse(text).unwrap()).unwrap();
        let kwargs = kwargs
            .into_iter()
            .map(|(name, argument)| (name.to_owned(), argument))
            .collect();
        assert_eq!(node, Node { args, kwargs });
    }

    #[test]
    fn keras_2_writes_lists() {
        check(r#"[["a", 0, 0]]"#, vec![tensor("a", 0, 0)], vec![]);
        check(
            r#"[["a", 0, 0, {}], ["b", 2, 1, {}]]"#,
            vec![Argument::List(vec![tensor("a", 0, 0), tensor("b", 2, 1)])],
            vec![],
        );
        // Layers made of an operation keep the structure they were called with.
        check(
            r#"["a", 0, 0, {"y": 2.0, "name": null}]"#,
            vec![tensor("a", 0, 0)],
            vec![("y", Value::from(2.0).into()), ("name", Value::Null.into())],
        );
        check(
            r#"[["_CONSTANT_VALUE", -1, 3.0, {"y": ["a", 1, 0]}]]"#,
            vec![Value::from(3.0).into()],
            vec![("y", tensor("a", 1, 0))],
        );
        check(
            r#"{"q": ["a", 0, 0, {"training": true}]}"#,
            vec![Argument::Map(vec![("q".to_owned(), tensor("a", 0, 0))])],
            vec![("training", Value::from(true).into())],
        );
        check(
            r#"[["a", 0, 0, {"initial_state": [["b", 0, 1], ["b", 0, 2]], "shape": [3, 4, 5]}]]"#,
            vec![tensor("a", 0, 0)],
            vec![
                (
                    "initial_state",
                    Argument::List(vec![tensor("b", 0, 1), tensor("b", 0, 2)]),
                ),
                ("shape", json!([3, 4, 5]).into()),
            ],
        );
    }

    #[test]
    fn keras_3_calls_come_back_as_written() {
        for text in [
            r#"{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 4], "dtype": "float16", "keras_history": ["a", 0, 0]}}, 2.0], "kwargs": {"mask": null, "axis": [1, 2]}}"#,
            r#"{"args": [[{"class_name": "__keras_tensor__", "config": {"shape": [], "dtype": "float32", "keras_history": ["a", 0, 0]}}, {"class_name": "Box", "config": {"x": NaN}}]], "kwargs": {"deep": {"b": [{"class_name": "__keras_tensor__", "config": {"shape": [2], "dtype": "int32", "keras_history": ["b", 3, 1]}}], "a": 1}}}"#,
        ] {
            let node = Node::from_json(&json::parse(text).unwrap()).unwrap();
            assert_eq!(json::to_string(&node.to_json()), text);
        }
    }

    #[test]
    fn named_inputs_come_in_the_order_of_their_names() {
        let node = Node::new([TensorRef::new("x", 0, 0)])
            .with("value", TensorRef::new("v", 0, 0))
            .with("key", TensorRef::new("k", 0, 0));
        let names: Vec<&str> = node.inputs().iter().map(|it| it.layer.as_str()).collect();
        assert_eq!(names, ["x", "k", "v"]);
    }

    #[test]
    fn what_is_not_a_call_is_refused() {
        for text in ["3", "null", r#""a""#] {
            let error = Node::from_json(&json::parse(text).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed);
        }
    }

    #[test]
    fn ends_are_one_a_list_or_a_dictionary() {
        for (text, layers) in [
            (r#"["a", 0, 0]"#, &["a"][..]),
            (r#"[["a", 0, 0]]"#, &["a"]),
            (
                r#"[["b", 0, 0], [["a", 0, 0], ["c", 1, 0]]]"#,
                &["b", "a", "c"],
            ),
            (r#"{"z": ["a", 0, 0], "y": ["b", 0, 0]}"#, &["b", "a"]),
            ("[]", &[]),
        ] {
            let found = ends(&json::parse(text).unwrap()).unwrap();
            let found: Vec<&str> = found.iter().map(|it| it.layer.as_str()).collect();
            assert_eq!(found, layers, "{text}");
        }
        assert!(ends(&json::parse(r#"["a", -1, 0]"#).unwrap()).is_err());
    }
}
