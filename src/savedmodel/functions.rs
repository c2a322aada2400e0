//! Traced functions as objects: what TensorFlow calls `SavedFunction` and its traces.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::objects::{ConcreteFunction, Kind, ObjectId, Objects, PolymorphicFunction};
use super::structured::{ArgumentSpec, Spec, Structured};
use super::trace::Traced;
use super::variables::Capture;
use crate::error::Result;
use crate::graph::{Edge, Function, Library};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// What TensorFlow knows of a function that objects have: `SavedConcreteFunction`.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) captures: Vec<Capture>,
    pub(super) inputs: Structured,
    pub(super) outputs: Structured,
}

/// The functions that objects have, by name.
pub(super) type Interfaces = BTreeMap<String, Interface>;

/// One trace, ready to be an object.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    pub(super) name: String,
    /// Names of the arguments that are tensors.
    pub(super) keywords: Vec<String>,
}

/// A function with these traces as an object.
pub(super) fn polymorphic(
    objects: &mut Objects,
    traces: &[Trace],
    arguments: &ArgumentSpec,
    signature: Option<Structured>,
) -> ObjectId {
    let function = objects.add(Kind::Function(PolymorphicFunction {
        traces: traces.iter().map(|it| it.name.clone()).collect(),
        arguments: arguments.clone(),
        signature,
        is_compiled: false,
    }));
    for (index, trace) in traces.iter().enumerate() {
        let concrete = objects.add(Kind::Concrete(ConcreteFunction {
            name: trace.name.clone(),
            positional: trace.keywords.len(),
            keywords: trace.keywords.clone(),
            arguments: arguments.clone(),
        }));
        objects.own(function, &format!("trace_{index}"), concrete);
    }
    function
}

impl Traced {
    /// Names of the arguments that are tensors.
    pub(super) fn keywords(&self) -> Vec<String> {
        let masks = self.masks.iter().flatten().flatten();
        let all = self.tensors.iter().chain(masks);
        all.map(|it| it.name.clone()).collect()
    }

    /// The masks that the tensors bring along.
    pub(super) fn mask_structure(&self) -> Structured {
        let masks: Vec<Option<Spec>> = self.masks.clone().unwrap_or_default();
        let structured = |mask: Option<Spec>| mask.map_or(Structured::None, Structured::Tensor);
        match masks.len() {
            _ if masks.iter().all(Option::is_none) => Structured::None,
            1 => masks
                .into_iter()
                .next()
                .map_or(Structured::None, structured),
            _ => Structured::List(masks.into_iter().map(structured).collect()),
        }
    }

    /// What is returned, without the losses: named like Keras names them.
    pub(super) fn outputs(&self, single: &str, several: &str) -> Structured {
        let structure = &self.structures.1;
        let is_one = matches!(structure, Structure::One);
        let specs = self
            .outputs
            .iter()
            .enumerate()
            .map(|(place, (dtype, shape))| Spec {
                name: match is_one {
                    true => single.to_owned(),
                    false => format!("{several}_{place}"),
                },
                dtype: *dtype,
                shape: Some(shape.clone()),
            });
        let specs: Vec<Spec> = specs.collect();
        structure.of(&specs)
    }

    /// The types of the losses.
    pub(super) fn loss_types(&self) -> Vec<DataType> {
        let results = self.function.results.iter().copied();
        results.skip(self.outputs.len()).take(self.losses).collect()
    }

    /// What is returned, and a list of losses of these types.
    pub(super) fn outputs_and_losses(&self, losses: Vec<DataType>) -> Structured {
        let outputs = self.outputs("tensor_0", "tensor_0");
        let losses = losses.into_iter().enumerate().map(|(index, dtype)| {
            Structured::Tensor(Spec {
                name: format!("tensor_1_{index}"),
                dtype,
                shape: Some(Shape::default()),
            })
        });
        Structured::Tuple(vec![outputs, Structured::List(losses.collect())])
    }

    /// A function that does nothing but call this one, and gives some of its results.
    pub(super) fn wrap(
        self: &Rc<Self>,
        library: &mut Library,
        name: &str,
        results: impl FnOnce(&mut crate::graph::FunctionBuilder, Vec<Edge>) -> Result<Vec<Edge>>,
    ) -> Result<Function> {
        let mut function = library.begin(name);
        let masks = self.masks.iter().flatten().flatten();
        let specs: Vec<&Spec> = self.tensors.iter().chain(masks).collect();
        let types = self.function.arguments.iter().enumerate();
        let arguments: Vec<Edge> = types
            .map(|(place, dtype)| match specs.get(place) {
                Some(spec) => spec.argument(&mut function),
                None => function.argument("unknown", *dtype),
            })
            .collect();
        let found = function.call(&self.function, &arguments)?;
        let results = results(&mut function, found)?;
        library.add(function, &results)
    }
}

/// How the tensors of an argument or result are put together.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Structure {
    One,
    List,
    /// Under these names, in the order of the tensors.
    Dict(Vec<String>),
}

impl Structure {
    pub(super) fn of(&self, specs: &[Spec]) -> Structured {
        let mut all = specs.iter().cloned().map(Structured::Tensor);
        match self {
            Structure::One => all.next().unwrap_or(Structured::None),
            Structure::List => Structured::List(all.collect()),
            Structure::Dict(names) => Structured::Dict(names.iter().cloned().zip(all).collect()),
        }
    }
}
