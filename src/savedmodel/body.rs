//! A function of layers while it is made: its arguments, the variables it captures, its losses.

use std::collections::HashMap;

use super::functions::Structure;
use super::structured::Spec;
use super::trace::{Request, Traced};
use super::variables::{Capture, SavedVariables, VariableId};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, Function, FunctionBuilder, Library};
use crate::layers::{Handle, Handles, Inputs, Layer as LayerClass, LoweredTensor};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

#[derive(Debug)]
pub(super) struct Body<'t, 'm> {
    pub(super) function: FunctionBuilder,
    variables: &'t SavedVariables<'m>,
    captures: Vec<Capture>,
    /// The arguments that captures are.
    resources: HashMap<Capture, Edge>,
    pub(super) losses: Vec<Edge>,
}

impl<'t, 'm> Body<'t, 'm> {
    pub(super) fn new(
        library: &mut Library,
        name: &str,
        variables: &'t SavedVariables<'m>,
    ) -> Self {
        Body {
            function: library.begin(name),
            variables,
            captures: Vec::new(),
            resources: HashMap::new(),
            losses: Vec::new(),
        }
    }

    /// The arguments that are tensors, and those that are masks.
    pub(super) fn tensors(&mut self, request: &Request<'_>) -> Vec<LoweredTensor> {
        let mut tensors: Vec<LoweredTensor> = Vec::new();
        for spec in &request.specs {
            tensors.push(LoweredTensor {
                value: spec.argument(&mut self.function),
                shape: spec.shape.clone().unwrap_or_default(),
                mask: None,
            });
        }
        let masks = request.masks.iter().flatten();
        for (tensor, is_masked) in tensors.iter_mut().zip(masks) {
            if *is_masked {
                tensor.mask = Some(self.function.argument("mask", DataType::DT_BOOL));
            }
        }
        tensors
    }

    /// A resource, as an argument of this function.
    pub(super) fn capture(&mut self, id: Capture) -> Edge {
        if let Some(resource) = self.resources.get(&id) {
            return resource.clone();
        }
        let (name, dtype) = match id {
            Capture::Variable(id) => {
                let name = self.variables.get(id).map(|it| it.name.as_str());
                (name.unwrap_or("resource"), DataType::DT_RESOURCE)
            }
            Capture::Table(_) | Capture::Carried(_) => ("table_handle", DataType::DT_RESOURCE),
            Capture::Asset(_) => ("asset_filepath", DataType::DT_STRING),
        };
        let resource = self.function.argument(name, dtype);
        self.captures.push(id);
        self.resources.insert(id, resource.clone());
        resource
    }

    /// The variable at that path of the model.
    pub(super) fn variable(&self, path: &str) -> Option<VariableId> {
        self.variables.of_layer(path)
    }

    /// All variables of the layer at `path`.
    pub(super) fn handles_of(
        &mut self,
        path: &str,
        class: &dyn LayerClass,
        inputs: &Inputs,
    ) -> Result<Handles> {
        let mut handles = Handles::default();
        let mut specs = class.variables(inputs)?;
        specs.extend(class.states(inputs)?);
        for spec in specs {
            let of_model = format!("{path}/{}", spec.path);
            let Some(id) = self.variables.of_layer(&of_model) else {
                return Err(Error::new(
                    ErrorKind::InvalidModel,
                    format!("no variable `{of_model}`, which the layer's config asks for"),
                ));
            };
            let resource = self.capture(Capture::Variable(id));
            let handle = Handle::new(resource, self.variables.dtype(id));
            handles.insert(spec.path, handle);
        }
        for table in class.tables()? {
            if let Some(id) = self
                .variables
                .tables
                .of_layer(&format!("{path}/{}", table.path))
            {
                let resource = self.capture(Capture::Table(id));
                let handle = Handle::new(resource, table.values.dtype());
                handles.insert(table.path, handle);
            }
        }
        Ok(handles)
    }

    /// The function that gives these results, and the variables it captures.
    pub(super) fn into_function(
        self,
        library: &mut Library,
        results: &[Edge],
    ) -> Result<(Function, Vec<Capture>)> {
        Ok((library.add(self.function, results)?, self.captures))
    }

    /// The function that gives these outputs, the losses, and the masks that outputs have.
    pub(super) fn finish(
        self,
        library: &mut Library,
        request: Request<'_>,
        outputs: &[LoweredTensor],
    ) -> Result<Traced> {
        let mut results: Vec<Edge> = outputs.iter().map(|it| it.value.clone()).collect();
        let losses = self.losses.len();
        results.extend(self.losses);
        results.extend(outputs.iter().filter_map(|it| it.mask.clone()));
        let shapes = outputs
            .iter()
            .map(|it| (it.value.dtype(), it.shape.clone()));
        let masks = request.masks.map(|masks| {
            let masks = masks.iter().zip(&request.specs);
            masks
                .map(|(is, spec)| is.then(|| mask_spec(spec)))
                .collect()
        });
        let tensors = request.specs.len();
        Ok(Traced {
            function: library.add(self.function, &results)?,
            captures: self.captures,
            training: request.training,
            tensors: request.specs,
            masks,
            outputs: shapes.collect(),
            others: Vec::new(),
            first: tensors,
            structures: (Structure::One, Structure::One),
            losses,
            masked: outputs.iter().map(|it| it.mask.is_some()).collect(),
        })
    }
}

/// The mask of a sequence of vectors has an entry for each step; others may have more.
fn mask_spec(tensor: &Spec) -> Spec {
    let steps = tensor.shape.as_ref().filter(|shape| shape.rank() <= 3);
    let steps = steps.map(|shape| Shape(shape.0.iter().take(2).copied().collect()));
    Spec {
        name: "mask".to_owned(),
        dtype: DataType::DT_BOOL,
        shape: steps,
    }
}
