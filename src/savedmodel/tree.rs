//! The layers of a model with their classes, made once however often they are called.

use super::arguments::CallArguments;
use super::carried::Source;
use super::functions::Structure;
use crate::error::{Error, ErrorKind, Result};
use crate::keras::{Layer, Network, Object, TensorRef};
use crate::layers::{CallArgument, Layer as LayerClass, LayerRegistry, compute_dtype};
use crate::tensor::DType;

/// A layer of a model, or of a model in it.
#[derive(Debug)]
pub(super) struct Branch<'n> {
    pub(super) layer: &'n Layer,
    /// The names of the models it is in, and its own: `encoder/dense`.
    pub(super) path: String,
    /// In what it computes.
    pub(super) dtype: DType,
    pub(super) kind: BranchKind<'n>,
}

#[derive(Debug)]
pub(super) enum BranchKind<'n> {
    /// An input of the model it is in.
    Input,
    Class(Box<dyn LayerClass>),
    Network(&'n Network, Vec<Branch<'n>>),
    /// A class that is not known, whose functions the model's file has; what a call takes.
    Carried(Vec<CallArgument>),
    /// A class that is not known, for this reason.
    Unknown(Error),
}

/// The layers of a network that is at `path`; empty for the model itself.
pub(super) fn branches<'n>(
    network: &'n Network,
    path: &str,
    registry: &LayerRegistry,
    carried: &mut Source<'_>,
) -> Result<Vec<Branch<'n>>> {
    let layers = network.layers().iter();
    let branches = layers.map(|layer| {
        registry.count_call()?;
        let path = match path {
            "" => layer.name().to_owned(),
            _ => format!("{path}/{}", layer.name()),
        };
        let object = layer.to_object();
        Ok(Branch {
            layer,
            dtype: compute_dtype(&object),
            kind: kind(layer, &object, &path, registry, carried)?,
            path,
        })
    });
    branches.collect()
}

fn kind<'n>(
    layer: &'n Layer,
    object: &Object,
    path: &str,
    registry: &LayerRegistry,
    carried: &mut Source<'_>,
) -> Result<BranchKind<'n>> {
    if layer.class_name() == "InputLayer" {
        return Ok(BranchKind::Input);
    }
    if let Some(inner) = layer.network()
        && !registry.knows(object)
    {
        let inside = branches(inner, path, registry, carried)?;
        return Ok(BranchKind::Network(inner, inside));
    }
    Ok(match registry.build(object) {
        Ok(class) => BranchKind::Class(class),
        Err(problem) => {
            let functions = carried.of_layer(path)?;
            match functions.and_then(|it| it.arguments(path)) {
                Some(arguments) => BranchKind::Carried(arguments),
                None => BranchKind::Unknown(problem),
            }
        }
    })
}

/// What every model's call takes.
pub(super) const NETWORK_ARGUMENTS: CallArguments<'static> = CallArguments {
    first: "inputs",
    others: &[CallArgument::Training, CallArgument::Mask],
};

impl Branch<'_> {
    /// What a call takes beside its tensors.
    pub(super) fn arguments(&self) -> &[CallArgument] {
        match &self.kind {
            BranchKind::Class(class) => class.call_arguments(),
            BranchKind::Network(..) => NETWORK_ARGUMENTS.others,
            BranchKind::Carried(arguments) => arguments,
            BranchKind::Input | BranchKind::Unknown(_) => &[],
        }
    }

    /// What a call takes.
    pub(super) fn call_arguments(&self) -> CallArguments<'_> {
        CallArguments {
            first: match &self.kind {
                BranchKind::Class(class) => class.first_argument(),
                _ => NETWORK_ARGUMENTS.first,
            },
            others: self.arguments(),
        }
    }

    /// How the tensors it is called with are put together.
    pub(super) fn structure(&self, tensors: usize) -> Structure {
        match &self.kind {
            BranchKind::Network(network, _) => structures(network).0,
            _ if tensors == 1 => Structure::One,
            _ => Structure::List,
        }
    }

    /// Why there is no function for it.
    #[cold]
    pub(super) fn not_traced(&self) -> Error {
        let class = self.layer.class_name();
        let error = match &self.kind {
            BranchKind::Unknown(problem) => {
                Error::new(problem.kind(), problem.message().to_owned())
            }
            _ => Error::new(ErrorKind::InvalidModel, "called, but an input"),
        };
        error.within(format!("class `{class}`")).with_hint(
            "begin with a SavedModel, in which Keras writes what the class computes; or register \
             the class, save without traces, or save as .h5: a program that has the class loads those",
        )
    }
}

/// How the inputs and the outputs of a model are put together.
pub(super) fn structures(network: &Network) -> (Structure, Structure) {
    match network {
        Network::Functional(network) => {
            let config = network.object().config();
            let of = |key: &str, ends: &[TensorRef]| match config.get(key) {
                Some(serde_json::Value::Object(named)) => {
                    Structure::Dict(named.keys().cloned().collect())
                }
                _ if ends.len() == 1 => Structure::One,
                _ => Structure::List,
            };
            (
                of("input_layers", network.inputs()),
                of("output_layers", network.outputs()),
            )
        }
        _ => (Structure::One, Structure::One),
    }
}

/// What a model calls its inputs.
pub(super) fn input_names(network: &Network) -> Vec<String> {
    match network {
        Network::Functional(it) => it.inputs().iter().map(|it| it.layer.clone()).collect(),
        _ => {
            let first = network.layers().first();
            let name = first.map(|layer| match layer.class_name() {
                "InputLayer" => layer.name().to_owned(),
                _ => format!("{}_input", layer.name()),
            });
            name.into_iter().collect()
        }
    }
}

/// What a model calls its outputs: the layers that make them, numbered where one makes several.
pub(super) fn output_names(network: &Network, outputs: usize) -> Vec<String> {
    if let Network::Subclassed(_) = network {
        return (1..=outputs).map(|it| format!("output_{it}")).collect();
    }
    let Network::Functional(network) = network else {
        let last = network.layers().last();
        return last
            .map(|layer| layer.name().to_owned())
            .into_iter()
            .collect();
    };
    let mut names: Vec<String> = Vec::new();
    for output in network.outputs() {
        let mut name = output.layer.clone();
        let mut number = 1;
        while names.contains(&name) {
            name = format!("{}_{number}", output.layer);
            number += 1;
        }
        names.push(name);
    }
    names
}
