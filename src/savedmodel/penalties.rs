//! Functions that give the penalties on variables: `spec/saved_model.md#functions`.

use super::functions::{Interface, Trace, polymorphic};
use super::layer_objects::{LayerObject, LayerObjects};
use super::objects::ObjectId;
use super::regularizers;
use super::structured::{ArgumentSpec, Spec, Structured};
use super::tree::{Branch, BranchKind};
use super::variables::Capture;
use crate::error::Result;
use crate::graph::Function;
use crate::layers::penalty;
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

impl LayerObjects<'_, '_> {
    /// A function for the penalty on each variable that has one.
    pub(super) fn penalties_of(
        &mut self,
        branch: &Branch<'_>,
        layer: &mut LayerObject,
    ) -> Result<()> {
        if let BranchKind::Carried(_) = branch.kind {
            return self.carried_penalties(&branch.path, layer);
        }
        for id in layer.variables.clone() {
            let path = self.tracer.variables.path(id).unwrap_or_default();
            let path = path.strip_prefix(&branch.path).unwrap_or(path);
            let path = path.trim_start_matches('/');
            let Some(regularizer) = regularizers::of_variable(branch.layer.object(), path)? else {
                continue;
            };
            let Some(variable) = self.tracer.variables.get(id) else {
                continue;
            };
            let shape = Shape::known(variable.tensor.shape());
            let (name, dtype) = (&variable.name, variable.tensor.dtype().into());
            let mut function = self.tracer.library.begin(&self.next_penalty());
            self.penalties += 1;
            let resource = function.argument(name, DataType::DT_RESOURCE);
            let value = function.read(&resource, dtype)?;
            let loss = penalty(&mut function, &regularizer, &value, &shape)?;
            let function = self.tracer.library.add(function, &[loss])?;
            let object = self.without_arguments(&function, vec![Capture::Variable(id)]);
            layer.penalties.push((id, object));
        }
        Ok(())
    }

    /// The functions for penalties that the model's file has for a layer.
    pub(super) fn carried_penalties(&mut self, path: &str, layer: &mut LayerObject) -> Result<()> {
        if !self.has_traces {
            return Ok(());
        }
        for name in self.tracer.carried_penalties(path)? {
            let wanted = self.next_penalty();
            self.penalties += 1;
            let (function, captures) = self.tracer.carried_penalty(path, &name, &wanted)?;
            let variable = captures.iter().find_map(|it| match it {
                Capture::Variable(id) => Some(*id),
                _ => None,
            });
            if let Some(id) = variable {
                let object = self.without_arguments(&function, captures);
                layer.penalties.push((id, object));
            }
        }
        Ok(())
    }

    fn next_penalty(&self) -> String {
        format!("loss_fn_{}", self.penalties)
    }

    /// The object of a function that takes nothing, and gives a scalar.
    pub(super) fn without_arguments(
        &mut self,
        function: &Function,
        captures: Vec<Capture>,
    ) -> ObjectId {
        let no_arguments = Structured::Tuple(Vec::new());
        let result = Spec {
            name: "unknown".to_owned(),
            dtype: function.results.first().copied().unwrap_or_default(),
            shape: Some(Shape::default()),
        };
        self.interfaces.insert(
            function.name.clone(),
            Interface {
                captures,
                inputs: Structured::Tuple(vec![no_arguments.clone(), Structured::Dict(Vec::new())]),
                outputs: Structured::Tensor(result),
            },
        );
        let trace = Trace {
            name: function.name.clone(),
            keywords: Vec::new(),
        };
        let arguments = ArgumentSpec::default();
        polymorphic(&mut self.objects, &[trace], &arguments, Some(no_arguments))
    }
}
