//! What a SavedModel offers to servers: `spec/saved_model.md#signatures`.

use std::rc::Rc;

use super::functions::{Interface, Structure};
use super::layer_objects::LayerObjects;
use super::objects::{ConcreteFunction, Kind, ObjectId};
use super::structured::{ArgumentSpec, Spec, Structured};
use super::trace::Traced;
use super::variables::Capture;
use crate::error::Result;
use crate::graph::{Edge, Function};

/// A function that can be called by name.
#[derive(Debug)]
pub(super) struct ServedSignature {
    pub(super) key: String,
    pub(super) object: ObjectId,
    pub(super) function: Function,
    pub(super) captures: Vec<Capture>,
    /// In the order of their names.
    pub(super) inputs: Vec<Spec>,
    /// In the order of their names.
    pub(super) outputs: Vec<Spec>,
}

/// The results of a function by name, in the order of their names.
struct Named {
    /// Which of the function's results each is.
    places: Vec<usize>,
    specs: Vec<Spec>,
}

impl Named {
    fn new(traced: &Traced, names: &[String]) -> Named {
        let mut order: Vec<usize> = (0..traced.outputs.len()).collect();
        order.sort_by_key(|place| names.get(*place));
        let specs = order.iter().filter_map(|place| {
            let (dtype, shape) = traced.outputs.get(*place)?;
            Some(Spec {
                name: names.get(*place)?.clone(),
                dtype: *dtype,
                shape: Some(shape.clone()),
            })
        });
        Named {
            specs: specs.collect(),
            places: order,
        }
    }

    fn structured(&self) -> Structured {
        let names = self.specs.iter().map(|spec| spec.name.clone()).collect();
        Structure::Dict(names).of(&self.specs)
    }
}

/// The model's function with its outputs by name: `_default_save_signature`.
pub(super) fn wrapped_model(
    layers: &mut LayerObjects<'_, '_>,
    traced: &Rc<Traced>,
    names: &[String],
) -> Result<ObjectId> {
    let named = Named::new(traced, names);
    let function = traced.wrap(&mut layers.tracer.library, "_wrapped_model", |_, all| {
        Ok(picked(&named.places, &all))
    })?;
    let positional = Structured::Tuple(vec![traced.structures.0.of(&traced.tensors)]);
    let interface = Interface {
        captures: traced.captures.clone(),
        inputs: Structured::Tuple(vec![positional, Structured::Dict(Vec::new())]),
        outputs: named.structured(),
    };
    layers.interfaces.insert(function.name.clone(), interface);
    let keywords: Vec<String> = traced.tensors.iter().map(|it| it.name.clone()).collect();
    Ok(layers.objects.add(Kind::Concrete(ConcreteFunction {
        name: function.name,
        positional: keywords.len(),
        keywords,
        arguments: ArgumentSpec {
            args: vec!["args_0".to_owned()],
            ..ArgumentSpec::default()
        },
    })))
}

/// A function that is called with the model's inputs by name.
pub(super) fn serve(
    layers: &mut LayerObjects<'_, '_>,
    key: &str,
    traced: &Rc<Traced>,
    names: &[String],
) -> Result<ServedSignature> {
    let named = Named::new(traced, names);
    let mut order: Vec<usize> = (0..traced.tensors.len()).collect();
    order.sort_by_key(|place| traced.tensors.get(*place).map(|it| it.name.clone()));
    let inputs: Vec<Spec> = order
        .iter()
        .filter_map(|place| traced.tensors.get(*place).cloned())
        .collect();
    let mut function = layers.tracer.library.begin("signature_wrapper");
    let mut arguments: Vec<Option<Edge>> = vec![None; traced.tensors.len()];
    for (place, spec) in order.iter().zip(&inputs) {
        if let Some(argument) = arguments.get_mut(*place) {
            *argument = Some(spec.argument(&mut function));
        }
    }
    let mut arguments: Vec<Edge> = arguments.into_iter().flatten().collect();
    let resources = traced.function.arguments.iter().skip(arguments.len());
    arguments.extend(resources.map(|dtype| function.argument("unknown", *dtype)));
    let all = function.call(&traced.function, &arguments)?;
    let function = layers
        .tracer
        .library
        .add(function, &picked(&named.places, &all))?;
    let keywords: Vec<String> = inputs.iter().map(|it| it.name.clone()).collect();
    let interface = Interface {
        captures: traced.captures.clone(),
        inputs: Structured::Tuple(vec![
            Structured::Tuple(Vec::new()),
            Structure::Dict(keywords.clone()).of(&inputs),
        ]),
        outputs: named.structured(),
    };
    layers.interfaces.insert(function.name.clone(), interface);
    let object = layers.objects.add(Kind::Concrete(ConcreteFunction {
        name: function.name.clone(),
        positional: usize::from(keywords.len() == 1),
        keywords: keywords.clone(),
        arguments: ArgumentSpec {
            keywords,
            ..ArgumentSpec::default()
        },
    }));
    Ok(ServedSignature {
        key: key.to_owned(),
        object,
        function,
        captures: traced.captures.clone(),
        inputs,
        outputs: named.specs,
    })
}

fn picked(places: &[usize], all: &[Edge]) -> Vec<Edge> {
    places
        .iter()
        .filter_map(|place| all.get(*place).cloned())
        .collect()
}
