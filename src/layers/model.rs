//! Models as their layers describe them: built with variables, and checked.

use std::collections::HashMap;

use super::config::read;
use super::validate::validate;
use super::{DTypePolicy, Inference, LayerRegistry, VariableSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::{Functional, Model, Network, TensorMeta, Variable, has_cell};
use crate::tensor::Tensor;

impl Model<'static> {
    /// A model of a network, with the variables that its layers have.
    ///
    /// Those that begin with one number everywhere have it; all others must be
    /// [set](Model::set_variable) before the model can be saved.
    ///
    /// ```
    /// use hornfels::keras::{Model, Sequential};
    /// use hornfels::layers::Dense;
    /// use hornfels::{SaveOptions, Tensor};
    ///
    /// let network = Sequential::new("line").add(Dense::new(2).input_shape([3]));
    /// let mut model = Model::build(network)?;
    /// let kernel = [0.5_f32; 6];
    /// assert!(SaveOptions::new().to_vec(&model).is_err());
    /// model.set_variable("dense/kernel", Tensor::new(&kernel, [3, 2])?)?;
    /// SaveOptions::new().to_vec(&model)?;
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModel`] if the layers contradict each other, or if the shape of a variable
    /// does not follow from the network: the first layer of a Sequential needs an input shape.
    pub fn build(network: impl Into<Network>) -> Result<Model<'static>> {
        Model::build_with(network, &LayerRegistry::builtin())
    }

    /// As [`build`](Self::build), with layer classes of one's own.
    ///
    /// A layer of a class that is not known has no variables yet:
    /// [`variables.add_layer`](crate::keras::Variables::add_layer) gives it some.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_with(
        network: impl Into<Network>,
        registry: &LayerRegistry,
    ) -> Result<Model<'static>> {
        let mut model = Model::new(network);
        let inference = Inference::of(&model.network, registry);
        if let Network::Functional(network) = &mut model.network {
            describe_tensors(network, &inference)?;
        }
        for layer in inference.into_layers() {
            match (layer.variables, layer.problem) {
                (Some(specs), _) => declare(&mut model, &layer.name, &specs)?,
                (None, Some(problem)) if problem.kind() == ErrorKind::UnknownObject => {}
                (None, Some(problem)) => {
                    return Err(problem.within(format!("layer `{}`", layer.name)));
                }
                (None, None) => {}
            }
        }
        Ok(model)
    }
}

impl Model<'_> {
    /// Gives variables the paths that their layers have for them, where those that the layers
    /// should have are those that are there; others keep the paths they have.
    pub(crate) fn name_variables(&mut self, registry: &LayerRegistry) {
        if registry.is_builtin() && self.has_names_of_layers() {
            return;
        }
        for layer in Inference::of(&self.network, registry).into_layers() {
            let variables = self.variables.of_layer(&layer.name);
            let specs = layer.variables.unwrap_or_default();
            let same = |(spec, variable): (&VariableSpec, &Variable<'_>)| {
                spec.shape == variable.tensor.shape()
            };
            if specs.len() == variables.len() && specs.iter().zip(variables).all(same) {
                let paths = specs.iter().map(|it| format!("{}/{}", layer.name, it.path));
                self.variables.rename(&layer.name, paths);
            }
        }
    }

    /// Whether each variable is called as its layer calls it. Then no layer has to be made to ask.
    ///
    /// Only names of two parts tell, `dense/kernel`: behind them Keras has had its own names since
    /// its second version, but for cells, which files of early versions leave out.
    fn has_names_of_layers(&self) -> bool {
        let is_named = |variable: &Variable<'_>| {
            let stored = variable.stored_name.as_deref();
            let is_scoped = stored.is_some_and(|name| name.contains('/'));
            is_scoped && variable.path.matches('/').count() == 1
        };
        self.network.layers().iter().all(|layer| {
            let variables = self.variables.of_layer(layer.name());
            variables.is_empty()
                || (!has_cell(layer.class_name()) && variables.iter().all(is_named))
        })
    }

    /// Looks for contradictions: in the configs, between layers, between configs and variables.
    ///
    /// Saving a model that was made here does this first; a model that was loaded is saved as it
    /// came.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidModel`] with everything that was found.
    pub fn validate(&self) -> Result<()> {
        self.validate_with(&LayerRegistry::builtin())
    }

    /// As [`validate`](Self::validate), with layer classes of one's own.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate).
    pub fn validate_with(&self, registry: &LayerRegistry) -> Result<()> {
        let found = validate(self, registry);
        match found.as_slice() {
            [] => Ok(()),
            [only] => Err(Error::new(ErrorKind::InvalidModel, only.clone())),
            several => {
                let count = several.len();
                let list = several.join("; ");
                let message = format!("{count} contradictions: {list}");
                Err(Error::new(ErrorKind::InvalidModel, message))
            }
        }
    }
}

/// Writes shapes and dtypes to the tensors between layers, as Keras 3 does.
fn describe_tensors(network: &mut Functional, inference: &Inference) -> Result<()> {
    let dtypes = network.layers().iter().map(|layer| {
        let policy = read::<DTypePolicy>(layer.object(), &["dtype"])
            .ok()
            .flatten();
        let dtype = policy.unwrap_or_default().compute_dtype();
        (layer.name().to_owned(), dtype.name().to_owned())
    });
    let dtypes: HashMap<String, String> = dtypes.collect();
    network.set_tensor_metas(|source| {
        let layer = inference.layer(&source.layer)?;
        let shapes = layer.calls.get(source.node)?.as_ref()?;
        Some(TensorMeta {
            shape: shapes.get(source.tensor)?.clone(),
            dtype: dtypes.get(&source.layer)?.clone(),
        })
    })
}

fn declare(model: &mut Model<'static>, layer: &str, specs: &[VariableSpec]) -> Result<()> {
    let variables = specs.iter().map(|spec| {
        let tensor = beginning(spec)?;
        Ok(Variable {
            path: format!("{layer}/{}", spec.path),
            stored_name: None,
            tensor,
        })
    });
    let variables = variables.collect::<Result<Vec<_>>>()?;
    model.variables.add_layer(layer, variables)?;
    let is_trained = |spec: &VariableSpec| spec.trainable;
    // Of a frozen layer none is.
    let some_are = specs.iter().any(is_trained);
    for spec in specs.iter().filter(|spec| some_are && !spec.trainable) {
        model.variables.mark_fixed(format!("{layer}/{}", spec.path));
    }
    for spec in specs {
        if !spec.initializer.is_known() && !spec.is_empty() {
            let path = format!("{layer}/{}", spec.path);
            model.variables.mark_unset(path);
        }
    }
    Ok(())
}

/// What a variable begins with; zeros where that is random.
fn beginning(spec: &VariableSpec) -> Result<Tensor<'static>> {
    if let Some((part, parts, others)) = spec.initializer.ones_in_part() {
        return ones_in_part(spec, part, parts, others.constant().unwrap_or_default());
    }
    match spec.initializer.constant() {
        Some(value) if value != 0.0 => Tensor::filled(spec.dtype, &spec.shape, value),
        _ => Tensor::zeros(spec.dtype, &spec.shape),
    }
}

/// Ones in one of the parts into which the first axis is cut, `others` in the rest.
fn ones_in_part(
    spec: &VariableSpec,
    part: u64,
    parts: u64,
    others: f64,
) -> Result<Tensor<'static>> {
    let one = Tensor::filled(spec.dtype, [1], 1.0)?;
    let other = Tensor::filled(spec.dtype, [1], others)?;
    let of_part = spec.len().checked_div(parts).unwrap_or_default();
    let ones = part.saturating_mul(of_part)..part.saturating_add(1).saturating_mul(of_part);
    let places = (0..spec.len()).flat_map(|place| {
        let value = if ones.contains(&place) { &one } else { &other };
        value.bytes().iter().copied()
    });
    let bytes: Vec<u8> = places.collect();
    Tensor::from_shared(spec.dtype, &spec.shape, bytes.into())
}
