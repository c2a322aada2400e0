//! The functions of one layer as Keras hangs them on it: its call, and its call with losses.
//! See `spec/saved_model.md#functions`.

use std::rc::Rc;

use super::arguments::CallArguments;
use super::functions::{Interface, Interfaces, Trace, polymorphic};
use super::objects::{ObjectId, Objects};
use super::structured::{ArgumentSpec, Spec, Structured};
use super::trace::{Traced, Tracer};
use crate::error::Result;
use crate::layers::{Regularizer, penalty};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// The functions of a layer, as objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Functions {
    pub(super) call: ObjectId,
    /// Without the penalty on what the layer gives.
    pub(super) losses: ObjectId,
    pub(super) all_losses: ObjectId,
    /// The penalty on what the layer gives.
    pub(super) activity: Option<ObjectId>,
}

/// Makes the functions of one layer.
pub(super) struct TraceObjects<'o, 't, 'm> {
    pub(super) tracer: &'o mut Tracer<'t, 'm>,
    pub(super) objects: &'o mut Objects,
    pub(super) interfaces: &'o mut Interfaces,
    /// The layer's.
    pub(super) name: &'o str,
    pub(super) arguments: CallArguments<'o>,
}

impl TraceObjects<'_, '_, '_> {
    pub(super) fn functions(
        &mut self,
        traces: &[Rc<Traced>],
        activity: Option<&Regularizer>,
    ) -> Result<Functions> {
        let mut calls = Vec::new();
        let mut losses = Vec::new();
        let mut all_losses = Vec::new();
        for traced in traces {
            losses.push(self.losses(traced)?);
            calls.push(self.call(traced)?);
            if let Some(regularizer) = activity {
                all_losses.push(self.all_losses(traced, regularizer)?);
            }
        }
        let arguments = self.arguments.spec();
        let call = polymorphic(self.objects, &calls, &arguments, None);
        let losses = polymorphic(self.objects, &losses, &arguments, None);
        let all_losses = match all_losses.is_empty() {
            true => losses,
            false => polymorphic(self.objects, &all_losses, &arguments, None),
        };
        Ok(Functions {
            call,
            losses,
            all_losses,
            activity: match activity {
                Some(regularizer) => {
                    let outputs = traces.iter().flat_map(|it| &it.outputs);
                    let dtype = outputs.map(|(dtype, _)| *dtype).next();
                    Some(self.activity(regularizer, dtype.unwrap_or(DataType::DT_FLOAT))?)
                }
                None => None,
            },
        })
    }

    /// The function itself, if all it gives are outputs and losses.
    fn losses(&mut self, traced: &Rc<Traced>) -> Result<Trace> {
        let count = traced.outputs.len() + traced.losses;
        let name = if traced.function.results.len() == count {
            traced.function.name.clone()
        } else {
            let name = format!("{}_layer_call_and_return_conditional_losses", self.name);
            let results = |_: &mut _, mut all: Vec<_>| {
                all.truncate(count);
                Ok(all)
            };
            traced.wrap(&mut self.tracer.library, &name, results)?.name
        };
        let outputs = traced.outputs_and_losses(traced.loss_types());
        Ok(self.trace(traced, name, outputs))
    }

    /// A function that calls that and gives the outputs only.
    fn call(&mut self, traced: &Rc<Traced>) -> Result<Trace> {
        let name = format!("{}_layer_call_fn", self.name);
        let results = |_: &mut _, mut all: Vec<_>| {
            all.truncate(traced.outputs.len());
            Ok(all)
        };
        let name = traced.wrap(&mut self.tracer.library, &name, results)?.name;
        let outputs = traced.outputs("unknown", "tensor");
        Ok(self.trace(traced, name, outputs))
    }

    /// A function that adds the penalty on the outputs to the losses.
    fn all_losses(&mut self, traced: &Rc<Traced>, regularizer: &Regularizer) -> Result<Trace> {
        let name = format!("{}_layer_call_and_return_all_conditional_losses", self.name);
        let kept = traced.outputs.len() + traced.losses;
        let results = |function: &mut _, mut all: Vec<_>| {
            all.truncate(kept);
            for (place, (_, shape)) in traced.outputs.iter().enumerate() {
                if let Some(output) = all.get(place).cloned() {
                    all.push(penalty(function, regularizer, &output, shape)?);
                }
            }
            Ok(all)
        };
        let name = traced.wrap(&mut self.tracer.library, &name, results)?.name;
        let mut losses = traced.loss_types();
        losses.extend(traced.outputs.iter().map(|(dtype, _)| *dtype));
        let outputs = traced.outputs_and_losses(losses);
        Ok(self.trace(traced, name, outputs))
    }

    /// The penalty on any tensor of the type that the layer gives.
    fn activity(&mut self, regularizer: &Regularizer, dtype: DataType) -> Result<ObjectId> {
        let name = format!("{}_activity_regularizer", self.name);
        let mut function = self.tracer.library.begin(&name);
        let x = function.argument("x", dtype);
        // Which axes it has is not known.
        let flat = function.reshape(&x, &[-1])?;
        let loss = penalty(&mut function, regularizer, &flat, &Shape::from([None]))?;
        let name = self.tracer.library.add(function, &[loss])?.name;
        let spec = |name: &str, shape| {
            Structured::Tensor(Spec {
                name: name.to_owned(),
                dtype,
                shape,
            })
        };
        let x = Structured::Tuple(vec![spec("x", None)]);
        self.interfaces.insert(
            name.clone(),
            Interface {
                captures: Vec::new(),
                inputs: Structured::Tuple(vec![x.clone(), Structured::Dict(Vec::new())]),
                outputs: spec("unknown", Some(Shape::default())),
            },
        );
        let trace = Trace {
            name,
            keywords: vec!["x".to_owned()],
        };
        let arguments = ArgumentSpec {
            args: vec!["x".to_owned()],
            ..ArgumentSpec::default()
        };
        Ok(polymorphic(self.objects, &[trace], &arguments, Some(x)))
    }

    fn trace(&mut self, traced: &Traced, name: String, outputs: Structured) -> Trace {
        self.interfaces.insert(
            name.clone(),
            Interface {
                captures: traced.captures.clone(),
                inputs: self.arguments.given(traced),
                outputs,
            },
        );
        Trace {
            name,
            keywords: traced.keywords(),
        }
    }
}
