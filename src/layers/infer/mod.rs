//! Shapes and variables of a whole network, from its inputs to its outputs.

mod functional;
pub(super) mod schedule;
mod sequential;

use std::collections::HashMap;

use super::{
    Called, DTypePolicy, Inputs, Layer as LayerClass, LayerRegistry, VariableSpec, network,
};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::{Dialect, Layer, Network, Object};
use crate::tensor::{DType, Shape};

/// What follows from a network's configs: the shapes between its layers, and their variables.
///
/// What a class that is not known does, and what comes after it, stays unknown.
///
/// ```
/// use hornfels::keras::{Network, Sequential};
/// use hornfels::layers::{Dense, Inference, LayerRegistry};
/// let network = Sequential::new("s").add(Dense::new(5).input_shape([3]));
/// let inference = Inference::of(&Network::from(network), &LayerRegistry::builtin());
/// let dense = inference.layer("dense").unwrap();
/// assert_eq!(dense.output_shapes().unwrap()[0].to_string(), "(None, 5)");
/// assert_eq!(dense.variables.as_ref().unwrap()[0].shape, [3, 5]);
/// ```
#[derive(Debug, Default)]
pub struct Inference {
    layers: Vec<InferredLayer>,
    places: HashMap<String, usize>,
    outputs: Vec<Option<Shape>>,
}

/// What follows for one layer.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct InferredLayer {
    /// Its name.
    pub name: String,
    /// What it is called with first, where that is known.
    pub(crate) inputs: Option<Inputs>,
    /// What each of its calls gives, where that is known.
    pub calls: Vec<Option<Vec<Shape>>>,
    /// Its variables after the first call, where they are known.
    pub variables: Option<Vec<VariableSpec>>,
    /// Why something is not known, or what contradicts its config.
    pub problem: Option<Error>,
}

impl Inference {
    /// Follows a network from its inputs to its outputs.
    pub fn of(network: &Network, registry: &LayerRegistry) -> Inference {
        let registry = registry.bounded();
        if network.dialect() == Dialect::Keras1
            && let Ok(translated) = network.to_dialect(Dialect::Keras2)
        {
            // As a whole, since one layer tells the order of axes for others.
            let classes = classes(&translated, &registry);
            return infer(&translated, &classes, &registry, None);
        }
        infer(network, &classes(network, &registry), &registry, None)
    }

    /// As [`of`](Self::of), for a model that is called as a layer, with tensors of these shapes.
    pub(crate) fn of_called(
        network: &Network,
        registry: &LayerRegistry,
        inputs: &[Shape],
    ) -> Inference {
        infer(network, &classes(network, registry), registry, Some(inputs))
    }

    /// The layers in the model's order.
    pub fn layers(&self) -> &[InferredLayer] {
        &self.layers
    }

    /// The layer of that name, in constant time.
    pub fn layer(&self, name: &str) -> Option<&InferredLayer> {
        self.layers.get(*self.places.get(name)?)
    }

    /// The shapes of the network's outputs, where they are known.
    pub fn outputs(&self) -> &[Option<Shape>] {
        &self.outputs
    }

    pub(super) fn into_layers(self) -> Vec<InferredLayer> {
        self.layers
    }

    /// The first problem there is, with the layer it is in.
    pub(super) fn take_problem(&mut self) -> Option<Error> {
        let layer = self.layers.iter_mut().find(|it| it.problem.is_some())?;
        let problem = layer.problem.take()?;
        Some(problem.within(format!("layer `{}`", layer.name)))
    }

    fn push(&mut self, layer: InferredLayer) {
        self.places.insert(layer.name.clone(), self.layers.len());
        self.layers.push(layer);
    }
}

impl InferredLayer {
    /// What its calls give, if all that are known give the same; Keras calls others "multiple".
    pub fn output_shapes(&self) -> Option<&[Shape]> {
        let mut calls = self.calls.iter();
        let first = calls.next()?.as_deref()?;
        let same = calls.all(|call| call.as_deref() == Some(first));
        same.then_some(first)
    }

    fn new(layer: &Layer) -> InferredLayer {
        InferredLayer {
            name: layer.name().to_owned(),
            ..InferredLayer::default()
        }
    }
}

/// What a layer of a network is, made once however often it is called.
pub(super) enum Class<'n> {
    /// A class of the registry.
    Known(Box<dyn LayerClass>),
    /// A model, with what its layers are.
    Network(&'n Network, Vec<Class<'n>>),
    /// Neither, for this reason.
    Unknown(Error),
}

/// What the layers of a network are.
pub(super) fn classes<'n>(network: &'n Network, registry: &LayerRegistry) -> Vec<Class<'n>> {
    let layers = network.layers().iter();
    let classes = layers.map(|layer| {
        if let Err(too_many) = registry.count_call() {
            return Class::Unknown(too_many);
        }
        match layer.network() {
            Some(inner) if !registry.knows(layer.object()) => {
                Class::Network(inner, classes(inner, registry))
            }
            network => {
                // Whole, if a class of one's own is a network.
                let class = match network {
                    Some(_) => registry.build(&layer.to_object()),
                    None => registry.build(layer.object()),
                };
                class.map_or_else(Class::Unknown, Class::Known)
            }
        }
    });
    classes.collect()
}

impl Class<'_> {
    fn call(&self, inputs: &Inputs, registry: &LayerRegistry) -> Result<Called> {
        registry.count_call()?;
        match self {
            Class::Known(class) => class.call(inputs),
            Class::Network(inner, classes) => network::call(inner, classes, registry, inputs),
            Class::Unknown(problem) => Err(again(problem)),
        }
    }

    /// The variables of a layer that has them whatever it is called with.
    fn own_variables(&self, registry: &LayerRegistry) -> Option<Vec<VariableSpec>> {
        let nothing = Inputs::default();
        match self {
            Class::Known(class) => class.variables(&nothing).ok(),
            _ => self.call(&nothing, registry).ok().map(|it| it.variables),
        }
    }
}

/// The same problem for one more call.
fn again(problem: &Error) -> Error {
    let error = Error::new(problem.kind(), problem.message().to_owned());
    let mut places: Vec<&str> = problem.path().collect();
    places.reverse();
    let error = places
        .into_iter()
        .fold(error, |error, place| error.within(place.to_owned()));
    match problem.hint() {
        Some(hint) => error.with_hint(hint.to_owned()),
        None => error,
    }
}

/// As [`Inference::of`], for a network that is called with tensors of the given shapes.
pub(super) fn infer(
    network: &Network,
    classes: &[Class<'_>],
    registry: &LayerRegistry,
    inputs: Option<&[Shape]>,
) -> Inference {
    match network {
        Network::Sequential(it) => sequential::infer(it, classes, registry, inputs),
        Network::Functional(it) => functional::infer(it, classes, registry, inputs),
        Network::Subclassed(_) => Inference::default(),
    }
}

/// The shapes of a network's inputs, as far as its configs tell them, and their dtypes.
pub(crate) fn input_specs(network: &Network) -> Vec<(Option<Shape>, DType)> {
    let dtype = |object: &Object| {
        let policy = super::config::read::<DTypePolicy>(object, &["dtype"]);
        policy.ok().flatten().unwrap_or_default()
    };
    match network {
        Network::Functional(network) => {
            let layers = network.inputs().iter();
            let layers = layers.filter_map(|input| network.get_layer(&input.layer));
            let specs = layers.map(|layer| {
                let object = layer.object();
                (input_shape(object), dtype(object).variable_dtype())
            });
            specs.collect()
        }
        Network::Sequential(network) => {
            let mut dtypes = network.layers().first().into_iter().map(|layer| {
                let policy = dtype(layer.object());
                match layer.class_name() {
                    "InputLayer" => policy.variable_dtype(),
                    "Embedding" => DType::Float32,
                    _ => policy.compute_dtype(),
                }
            });
            let dtype = dtypes.next().unwrap_or(DType::Float32);
            vec![(sequential::given(network), dtype)]
        }
        Network::Subclassed(_) => Vec::new(),
    }
}

/// The shape an InputLayer was made with.
fn input_shape(object: &Object) -> Option<Shape> {
    use super::config::read;
    let keys = ["batch_shape", "batch_input_shape"];
    if let Some(shape) = read::<Shape>(object, &keys).ok()? {
        return Some(shape);
    }
    // Only Keras 1 and early versions of Keras 2 had other words for it.
    if let Some(shape) = read::<Shape>(object, &["input_shape", "shape"]).ok()? {
        let sizes = [None].into_iter().chain(shape.0);
        return Some(Shape(sizes.collect()));
    }
    let length: Option<u64> = read(object, &["input_length"]).ok()?;
    let size: u64 = read(object, &["input_dim"]).ok()??;
    // `input_dim` of an Embedding is the size of its vocabulary.
    if object.class_name() == "Embedding" {
        return length.map(|length| Shape(vec![None, Some(length)]));
    }
    let recurrent = ["LSTM", "GRU", "SimpleRNN"].contains(&object.class_name());
    let has_length = length.is_some() || recurrent;
    let axes = if has_length {
        vec![None, length, Some(size)]
    } else {
        vec![None, Some(size)]
    };
    Some(Shape(axes))
}

/// What is said of a layer that cannot be followed because nothing is known of what it takes.
pub(super) const UNKNOWN_INPUT: &str = "the shape of its input does not follow from the config";

#[cold]
fn unknown_input() -> Error {
    Error::new(ErrorKind::InvalidModel, UNKNOWN_INPUT)
}
