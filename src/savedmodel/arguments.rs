//! The arguments of a layer's call in Python, and what a trace gives for each:
//! `spec/saved_model.md#function-specs`.

use super::functions::Structure;
use super::structured::{ArgumentSpec, Spec, Structured};
use super::trace::Traced;
use super::tree::Branch;
use crate::layers::{CallArgument, Inputs, LoweredTensor};

/// What a layer's call takes, in Keras's order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CallArguments<'a> {
    /// What the first argument is called.
    pub(super) first: &'static str,
    pub(super) others: &'a [CallArgument],
}

impl CallArguments<'_> {
    /// The Python method's.
    pub(super) fn spec(&self) -> ArgumentSpec {
        let mut spec = ArgumentSpec {
            args: vec![self.first.to_owned()],
            ..ArgumentSpec::default()
        };
        for argument in self.others {
            let Some(name) = argument.name() else {
                continue;
            };
            spec.args.push(name.to_owned());
            match argument {
                // The second of two tensors that must be there.
                CallArgument::Tensor("value") => {}
                CallArgument::Training | CallArgument::Flag(_) => {
                    spec.defaults.push(Structured::Bool(false));
                }
                _ => spec.defaults.push(Structured::None),
            }
        }
        spec
    }

    /// The arguments of a trace: positional ones, and none by name.
    pub(super) fn given(&self, traced: &Traced) -> Structured {
        let first = traced.tensors.get(..traced.first).unwrap_or_default();
        let mut positional = vec![traced.structures.0.of(first)];
        for argument in self.others {
            let Some(name) = argument.name() else {
                continue;
            };
            let other = traced.others.iter().find(|(given, _)| *given == name);
            positional.push(match (argument, other) {
                (_, Some((_, given))) => given.clone(),
                (CallArgument::Training, None) => {
                    Structured::Bool(traced.training.unwrap_or_default())
                }
                (CallArgument::Mask, None) => traced.mask_structure(),
                (CallArgument::Flag(_), None) => Structured::Bool(false),
                (_, None) => Structured::None,
            });
        }
        let positional = Structured::Tuple(positional);
        Structured::Tuple(vec![positional, Structured::Dict(Vec::new())])
    }
}

/// How many of a call's tensors the first argument has. Classes that name no tensors have all of
/// them there.
pub(super) fn in_first(branch: &Branch<'_>, inputs: &Inputs, tensors: usize) -> usize {
    let mut arguments = branch.arguments().iter().enumerate();
    let is_split = arguments.any(|(place, argument)| match argument {
        CallArgument::Tensor(_) | CallArgument::Tensors(_) => true,
        CallArgument::Mask => inputs
            .argument(place.saturating_add(1), "mask")
            .is_some_and(|given| !given.is_empty()),
        _ => false,
    });
    match is_split {
        true => inputs.all().len(),
        false => tensors,
    }
}

/// What the tensors of a call are called: as their argument, numbered where that is a list.
pub(super) fn specs(branch: &Branch<'_>, inputs: &Inputs, tensors: &[LoweredTensor]) -> Vec<Spec> {
    let first = in_first(branch, inputs, tensors.len());
    let structure = branch.structure(first);
    let name = branch.call_arguments().first;
    let mut names: Vec<String> = (0..first)
        .map(|place| match structure {
            Structure::One => name.to_owned(),
            _ => format!("{name}_{place}"),
        })
        .collect();
    for (place, argument) in (1..).zip(branch.arguments()) {
        let Some(name) = argument.name() else {
            continue;
        };
        let given = inputs.argument(place, name).unwrap_or_default();
        match given {
            [_] => names.push(name.to_owned()),
            several => names.extend((0..several.len()).map(|at| format!("{name}_{at}"))),
        }
    }
    let named = tensors.iter().zip(names).map(|(tensor, name)| Spec {
        name,
        dtype: tensor.value.dtype(),
        shape: Some(tensor.shape.clone()),
    });
    named.collect()
}

/// Says of a layer's trace which tensors and constants are which arguments.
pub(super) fn describe(traced: &mut Traced, branch: &Branch<'_>, inputs: &Inputs) {
    traced.first = in_first(branch, inputs, traced.tensors.len());
    traced.structures = (
        branch.structure(traced.first),
        match traced.outputs.len() {
            1 => Structure::One,
            _ => Structure::List,
        },
    );
    for (place, argument) in (1..).zip(branch.arguments()) {
        let Some(name) = argument.name() else {
            continue;
        };
        let given = match argument {
            CallArgument::Flag(_) => {
                let flag = inputs.constant(place, name);
                Some(Structured::Bool(
                    flag.and_then(serde_json::Value::as_bool)
                        .unwrap_or_default(),
                ))
            }
            CallArgument::Tensor(_) | CallArgument::Mask => tensors(traced, inputs, place, name),
            CallArgument::Tensors(_) => match tensors(traced, inputs, place, name) {
                Some(Structured::Tensor(one)) => {
                    Some(Structured::List(vec![Structured::Tensor(one)]))
                }
                several => several,
            },
            // What is behind those of the first argument is part of that.
            CallArgument::Training | CallArgument::BroughtMasks | CallArgument::Behind(_) => None,
        };
        traced.others.extend(given.map(|given| (name, given)));
    }
}

/// The tensors of an argument, if it is given.
fn tensors(traced: &Traced, inputs: &Inputs, position: usize, name: &str) -> Option<Structured> {
    let count = inputs.argument(position, name)?.len();
    let at = inputs.place(position, name)?;
    let mut given = traced.tensors.iter().skip(at).take(count).cloned();
    if let Some(list) = inputs.mixed(position, name) {
        let items = list.iter().map(|constant| match constant {
            Some(_) => Structured::None,
            None => given.next().map_or(Structured::None, Structured::Tensor),
        });
        return Some(Structured::List(items.collect()));
    }
    match count {
        0 => None,
        1 => given.next().map(Structured::Tensor),
        _ => Some(Structured::List(given.map(Structured::Tensor).collect())),
    }
}
