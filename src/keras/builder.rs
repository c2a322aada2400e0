//! Building Functional models as in Keras: inputs, calls, outputs.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::functional::{Functional, ends_to_json};
use super::naming::{Numbers, snake_case};
use super::network::Network;
use super::node::{Argument, Node, TensorMeta, TensorRef};
use super::object::Object;
use super::order::{Call, Order, order};
use super::sequential::{in_keras3, input_layer, set_name, take_input_shape};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::tensor::{DType, Shape};

/// A tensor between two layers of a model that is being built.
///
/// Of a layer that gives several tensors it is the first; [`output`](Self::output) has the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KerasTensor(TensorRef);

impl KerasTensor {
    /// Another output of the same call: the states of an LSTM are outputs 1 and 2.
    #[must_use]
    pub fn output(&self, index: usize) -> KerasTensor {
        KerasTensor(TensorRef {
            tensor: index,
            ..self.0.clone()
        })
    }

    /// The layer, call and output that make it.
    pub fn source(&self) -> &TensorRef {
        &self.0
    }
}

/// The tensors of a call, or the inputs or outputs of a network: one, or several in order.
///
/// ```
/// use hornfels::keras::{Functional, Tensors};
/// use hornfels::DType;
/// let mut net = Functional::build("net");
/// let (a, b) = (net.input("a", [2], DType::Float32), net.input("b", [2], DType::Float32));
/// let one: Tensors = (&a).into();
/// let two: Tensors = [&a, &b].into();
/// assert_eq!((one.as_slice().len(), two.as_slice().len()), (1, 2));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensors(Vec<KerasTensor>);

impl Tensors {
    /// The tensors in order.
    pub fn as_slice(&self) -> &[KerasTensor] {
        &self.0
    }
}

impl From<&KerasTensor> for Tensors {
    fn from(tensor: &KerasTensor) -> Self {
        Tensors(vec![tensor.clone()])
    }
}

impl From<KerasTensor> for Tensors {
    fn from(tensor: KerasTensor) -> Self {
        Tensors(vec![tensor])
    }
}

impl<const N: usize> From<[&KerasTensor; N]> for Tensors {
    fn from(tensors: [&KerasTensor; N]) -> Self {
        Tensors(tensors.map(KerasTensor::clone).to_vec())
    }
}

impl<const N: usize> From<[KerasTensor; N]> for Tensors {
    fn from(tensors: [KerasTensor; N]) -> Self {
        Tensors(tensors.to_vec())
    }
}

impl From<&[KerasTensor]> for Tensors {
    fn from(tensors: &[KerasTensor]) -> Self {
        Tensors(tensors.to_vec())
    }
}

impl From<Vec<KerasTensor>> for Tensors {
    fn from(tensors: Vec<KerasTensor>) -> Self {
        Tensors(tensors)
    }
}

impl From<&KerasTensor> for Argument {
    fn from(tensor: &KerasTensor) -> Self {
        tensor.0.clone().into()
    }
}

/// Builds a [`Functional`] network.
///
/// Layers without a name are named after their class. As in Keras, only what leads from the inputs
/// to the outputs becomes part of the network, and it is ordered from there.
///
/// ```
/// use hornfels::keras::{Functional, Object};
/// use hornfels::tensor::DType;
/// use serde_json::Map;
/// let dense = |units: u64| Object::new("Dense", Map::new()).with("units", units);
///
/// let mut net = Functional::build("two_towers");
/// let left = net.input("left", [4], DType::Float32);
/// let right = net.input("right", [4], DType::Float32);
/// let a = net.call(dense(3).with("name", "shared"), &left)?;
/// let b = net.call_again("shared", &right)?;
/// let both = net.call(Object::new("Concatenate", Map::new()), [&a, &b])?;
/// let score = net.call(dense(1), &both)?;
/// let network = net.finish([&left, &right], &score)?;
///
/// let names: Vec<&str> = network.layers().iter().map(|layer| layer.name()).collect();
/// assert_eq!(names, ["left", "right", "shared", "concatenate", "dense"]);
/// assert_eq!(network.get_layer("shared").unwrap().nodes()?.len(), 2);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Debug)]
pub struct FunctionalBuilder {
    name: String,
    layers: Vec<Built>,
    places: HashMap<String, usize>,
    numbers: Numbers,
    /// The first name that was given to two inputs.
    taken_twice: Option<String>,
}

#[derive(Debug)]
struct Built {
    name: String,
    object: Object,
    calls: Vec<Node>,
    /// Of an input.
    meta: Option<TensorMeta>,
    is_functional: bool,
}

impl FunctionalBuilder {
    pub(super) fn new(name: String) -> Self {
        FunctionalBuilder {
            name,
            layers: Vec::new(),
            places: HashMap::new(),
            numbers: Numbers::default(),
            taken_twice: None,
        }
    }

    /// An input of the model; `shape` without the batch axis, sizes that vary as `None`.
    ///
    /// An empty name is replaced by Keras's, `input_layer`.
    pub fn input(&mut self, name: &str, shape: impl Into<Shape>, dtype: DType) -> KerasTensor {
        let with_batch = [None].into_iter().chain(shape.into().0);
        self.batch_input(name, Shape(with_batch.collect()), dtype)
    }

    /// An input of the model; `batch_shape` with the batch axis.
    pub fn batch_input(
        &mut self,
        name: &str,
        batch_shape: impl Into<Shape>,
        dtype: DType,
    ) -> KerasTensor {
        let shape = batch_shape.into();
        let sizes = Value::from(shape.0.clone());
        let given = Some(name).filter(|name| !name.is_empty());
        let mut object = input_layer(given, sizes, dtype.name());
        let name = match given {
            Some(name) => name.to_owned(),
            None => self.new_name("InputLayer"),
        };
        set_name(&mut object, &name);
        if self.places.contains_key(&name) {
            self.taken_twice.get_or_insert(name.clone());
        }
        let meta = TensorMeta {
            shape,
            dtype: dtype.name().to_owned(),
        };
        self.push(name.clone(), object, Some(meta));
        KerasTensor(TensorRef::new(name, 0, 0))
    }

    /// Adds a layer and calls it with one tensor, or with a list of several.
    ///
    /// Layers of attention take several as arguments of their own: query, value, key. For other
    /// arguments there is [`call_with`](Self::call_with).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] for a name that is taken and for tensors of another builder.
    pub fn call(
        &mut self,
        layer: impl Into<Object>,
        inputs: impl Into<Tensors>,
    ) -> Result<KerasTensor> {
        let layer = layer.into();
        let node = call_of(layer.class_name(), inputs.into().as_slice());
        self.call_with(layer, node)
    }

    /// Adds a layer and calls it with any arguments.
    ///
    /// ```
    /// use hornfels::keras::{Functional, Node, Object};
    /// use hornfels::tensor::DType;
    /// let mut net = Functional::build("always_random");
    /// let x = net.input("x", [4], DType::Float32);
    /// let dropout = Object::new("Dropout", Default::default()).with("rate", 0.5);
    /// let call = Node::new([x.source().clone()]).with("training", serde_json::json!(true));
    /// let y = net.call_with(dropout, call)?;
    /// # let _ = net.finish(&x, &y)?;
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_with(&mut self, layer: impl Into<Object>, call: Node) -> Result<KerasTensor> {
        let mut object = in_keras3(layer.into());
        take_input_shape(&mut object);
        self.check(&call)?;
        let name = match object.name() {
            Some(name) if self.places.contains_key(name) => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("there is a layer `{name}` already"),
                )
                .with_hint("`call_again` calls a layer once more"));
            }
            Some(name) => name.to_owned(),
            None => self.new_name(object.class_name()),
        };
        set_name(&mut object, &name);
        self.push(name.clone(), object, None);
        self.call_again_with(&name, call)
    }

    /// Calls a layer once more, which shares its variables.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such layer; [`ErrorKind::InvalidArgument`] if it is an
    /// input and for tensors of another builder.
    pub fn call_again(&mut self, name: &str, inputs: impl Into<Tensors>) -> Result<KerasTensor> {
        let class = self.places.get(name).and_then(|at| self.layers.get(*at));
        let class = class.map_or("", |layer| layer.object.class_name());
        let call = call_of(class, inputs.into().as_slice());
        self.call_again_with(name, call)
    }

    /// Calls a layer once more with any arguments.
    ///
    /// # Errors
    ///
    /// As [`call_again`](Self::call_again).
    pub fn call_again_with(&mut self, name: &str, call: Node) -> Result<KerasTensor> {
        self.check(&call)?;
        let place = self.places.get(name);
        let Some(layer) = place.and_then(|place| self.layers.get_mut(*place)) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("there is no layer `{name}` to call again"),
            ));
        };
        if layer.meta.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("`{name}` is an input, inputs are not called"),
            ));
        }
        layer.calls.push(call);
        let node = layer.calls.len().saturating_sub(1);
        Ok(KerasTensor(TensorRef::new(name, node, 0)))
    }

    /// Adds a whole network and calls it as a layer.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_network(
        &mut self,
        network: impl Into<Network>,
        inputs: impl Into<Tensors>,
    ) -> Result<KerasTensor> {
        self.call(network.into(), inputs)
    }

    /// The network from `inputs` to `outputs`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if two inputs have one name, if an input is no input of this
    /// builder, or if the outputs need an input that is not listed.
    pub fn finish(
        self,
        inputs: impl Into<Tensors>,
        outputs: impl Into<Tensors>,
    ) -> Result<Functional> {
        let (Tensors(inputs), Tensors(outputs)) = (inputs.into(), outputs.into());
        if let Some(name) = &self.taken_twice {
            return Err(invalid(format!("two layers are called `{name}`")));
        }
        if outputs.is_empty() {
            return Err(invalid("no outputs, expected at least one".to_owned()));
        }
        let listed = self.listed_inputs(&inputs)?;
        let outputs: Vec<TensorRef> = outputs.iter().map(|tensor| tensor.0.clone()).collect();
        let ends = outputs.iter().map(|output| self.locate(output));
        let ends: Vec<Call> = ends.collect::<Result<_>>()?;
        let calls = self.layers.iter().map(|layer| match layer.meta {
            Some(_) => Ok(vec![Vec::new()]),
            None => layer.calls.iter().map(|call| self.sources(call)).collect(),
        });
        let calls = calls.collect::<Result<_>>()?;
        let order = order(&calls, &listed, &ends);
        self.check_connected(&order, &listed)?;
        let inputs: Vec<TensorRef> = inputs.iter().map(|tensor| tensor.0.clone()).collect();
        let object = self.into_object(&order, inputs, outputs);
        match Network::from_object(object, &Limits::unlimited())? {
            Network::Functional(functional) => Ok(functional),
            Network::Sequential(_) | Network::Subclassed(_) => {
                Err(invalid("not a Functional model".to_owned()))
            }
        }
    }

    fn new_name(&mut self, class_name: &str) -> String {
        let places = &self.places;
        self.numbers
            .unique(&snake_case(class_name), |name| places.contains_key(name))
    }

    fn push(&mut self, name: String, object: Object, meta: Option<TensorMeta>) {
        let is_functional = object.config().contains_key("output_layers");
        self.places.insert(name.clone(), self.layers.len());
        self.layers.push(Built {
            name,
            object,
            calls: Vec::new(),
            meta,
            is_functional,
        });
    }

    fn check(&self, call: &Node) -> Result<()> {
        let mut inputs = call.inputs().into_iter();
        inputs.try_for_each(|input| self.locate(input).map(drop))
    }

    /// The call that makes a tensor.
    fn locate(&self, tensor: &TensorRef) -> Result<Call> {
        let layer = self.places.get(&tensor.layer).copied();
        let calls = layer.and_then(|layer| self.layers.get(layer));
        let calls = calls.map_or(0, |layer| match layer.meta {
            Some(_) => 1,
            None => layer.calls.len(),
        });
        match layer {
            Some(layer) if tensor.node < calls => Ok(Call {
                layer,
                node: tensor.node,
            }),
            _ => Err(invalid(format!(
                "call {} of layer `{}` was not made in this model",
                tensor.node, tensor.layer
            ))),
        }
    }

    fn sources(&self, call: &Node) -> Result<Vec<Call>> {
        call.inputs()
            .into_iter()
            .map(|it| self.locate(it))
            .collect()
    }

    fn listed_inputs(&self, inputs: &[KerasTensor]) -> Result<Vec<usize>> {
        let listed = inputs.iter().map(|KerasTensor(input)| {
            let place = self.locate(input)?.layer;
            match self.layers.get(place) {
                Some(layer) if layer.meta.is_some() => Ok(place),
                _ => Err(invalid(format!(
                    "`{}` is no input, expected one of `input`",
                    input.layer
                ))),
            }
        });
        listed.collect()
    }

    /// As Keras's "graph disconnected".
    fn check_connected(&self, order: &Order, listed: &[usize]) -> Result<()> {
        let layers = order.layers.iter().filter(|place| !listed.contains(place));
        let mut missing = layers.filter_map(|place| self.layers.get(*place));
        match missing.find(|layer| layer.meta.is_some()) {
            None => Ok(()),
            Some(layer) => Err(invalid(format!(
                "the outputs need the input `{}`, which is not listed",
                layer.name
            ))),
        }
    }

    fn into_object(
        mut self,
        order: &Order,
        inputs: Vec<TensorRef>,
        outputs: Vec<TensorRef>,
    ) -> Object {
        let numbers = self.kept_numbers(order);
        let metas = self.layers.iter().filter_map(|layer| {
            let meta = layer.meta.clone()?;
            Some((layer.name.clone(), meta))
        });
        let metas: HashMap<String, TensorMeta> = metas.collect();
        let mut renumber = |source: &mut TensorRef, meta: &mut Option<TensorMeta>| {
            let of_layer = numbers.get(&source.layer);
            if let Some(number) = of_layer.and_then(|it| it.get(source.node)) {
                source.node = *number;
            }
            *meta = metas.get(&source.layer).cloned().or(meta.take());
        };
        let mut layers = Vec::new();
        for place in &order.layers {
            let Some(layer) = self.layers.get_mut(*place) else {
                continue;
            };
            let used = order.used.get(*place).into_iter().flatten();
            let calls = std::mem::take(&mut layer.calls).into_iter().zip(used);
            let calls = calls.filter(|(_, used)| **used).map(|(mut call, _)| {
                call.for_each_tensor(&mut renumber);
                call.to_json()
            });
            let calls = calls.collect();
            let mut json = layer.object.json().clone();
            json.insert("name".to_owned(), Value::from(layer.name.as_str()));
            json.insert("inbound_nodes".to_owned(), calls);
            layers.push(Value::Object(json));
        }
        // Where ends are listed, the call that a nested model is itself counts.
        let as_end = |mut end: TensorRef| {
            renumber(&mut end, &mut None);
            let place = self.places.get(&end.layer);
            if place
                .and_then(|it| self.layers.get(*it))
                .is_some_and(|it| it.is_functional)
            {
                end.node = end.node.saturating_add(1);
            }
            end
        };
        let outputs: Vec<TensorRef> = outputs.into_iter().map(as_end).collect();
        functional_object(&self.name, layers, &inputs, &outputs)
    }

    /// The number each call of a layer gets when those that lead nowhere are left out.
    fn kept_numbers(&self, order: &Order) -> HashMap<String, Vec<usize>> {
        let numbers = self.layers.iter().zip(&order.used).map(|(layer, used)| {
            let numbers = used.iter().scan(0_usize, |kept, used| {
                let number = *kept;
                *kept = kept.saturating_add(usize::from(*used));
                Some(number)
            });
            (layer.name.clone(), numbers.collect())
        });
        numbers.collect()
    }
}

/// What Keras 3 writes around the layers.
fn functional_object(
    name: &str,
    layers: Vec<Value>,
    inputs: &[TensorRef],
    outputs: &[TensorRef],
) -> Object {
    let config: Map<String, Value> = [
        ("name", Value::from(name)),
        ("trainable", Value::Bool(true)),
        ("layers", Value::Array(layers)),
        ("input_layers", ends_to_json(inputs)),
        ("output_layers", ends_to_json(outputs)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    let mut object = Object::new("Functional", config).with_module("keras.src.models.functional");
    let json = object.json_mut();
    json.insert("registered_name".to_owned(), Value::from("Functional"));
    let build = serde_json::json!({"input_shape": null});
    json.insert("build_config".to_owned(), build);
    object
}

/// How a class is called with tensors alone.
fn call_of(class_name: &str, inputs: &[KerasTensor]) -> Node {
    const POSITIONAL: [&str; 2] = ["MultiHeadAttention", "GroupQueryAttention"];
    let tensors = inputs.iter().map(|tensor| tensor.0.clone());
    if POSITIONAL.contains(&class_name) {
        Node::positional(tensors)
    } else {
        Node::new(tensors)
    }
}

#[cold]
fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}
