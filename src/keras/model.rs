//! A model: network, variables, and how it was trained.

use std::collections::BTreeMap;

use super::carried::Carried;
use super::compile::CompileConfig;
use super::dialect::is_flipped_by_theano;
use super::network::{Layer, Network};
use super::object::{Dialect, Object};
use super::optimizer::OptimizerState;
use super::variables::{Variable, Variables};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

/// A Keras model: everything a file must carry, in no file's terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Model<'a> {
    /// The layers and how they connect.
    pub network: Network,
    /// The weights.
    pub variables: Variables<'a>,
    /// Optimizer, loss and metrics, if the model was compiled.
    pub compile: Option<CompileConfig>,
    /// The optimizer's variables, if there are any.
    pub optimizer: Option<OptimizerState<'a>>,
    /// Where the model comes from.
    pub metadata: Metadata,
}

/// Where a model comes from, and what its file held besides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// The version of Keras that saved it.
    pub keras_version: Option<String>,
    /// What that Keras computed with: `tensorflow`, `jax`.
    pub backend: Option<String>,
    /// The form of its configs in the file; `None` for a model made here.
    pub dialect: Option<Dialect>,
    /// What the file held that is not part of a Keras model; it is written back.
    pub extras: Vec<Extra>,
    /// What its file says that layers compute, if it does.
    pub carried: Option<Carried>,
    /// What recurrent layers that are stateful kept when a SavedModel was saved, by path:
    /// `lstm/states/0`, of the shape `[batch, units]`. They are no weights: HDF5 files do not have
    /// them, and what is not here begins with zeros.
    pub states: BTreeMap<String, Tensor<'static>>,
}

/// Something in a model's file that Keras did not put there.
#[derive(Clone, Debug, PartialEq)]
pub struct Extra {
    /// The object it is or belongs to, from the model's group: empty, `model_weights/dense`.
    pub path: String,
    /// What it is.
    pub value: ExtraValue,
}

/// What an [`Extra`] is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExtraValue {
    /// A group without objects of its own.
    Group,
    /// A dataset.
    Dataset(Tensor<'static>),
    /// An attribute of that name.
    Attribute(String, Tensor<'static>),
}

/// A layer of a model, with its variables.
#[derive(Clone, Copy, Debug)]
pub struct LayerRef<'m, 'a> {
    layer: &'m Layer,
    variables: &'m [Variable<'a>],
}

impl<'a> Model<'a> {
    /// A model without variables.
    pub fn new(network: impl Into<Network>) -> Self {
        Model {
            network: network.into(),
            variables: Variables::default(),
            compile: None,
            optimizer: None,
            metadata: Metadata::default(),
        }
    }

    /// The model's name; empty if it has none.
    pub fn name(&self) -> &str {
        self.network.name()
    }

    /// The layer of that name, as Keras's `model.get_layer`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] with the names there are.
    pub fn get_layer(&self, name: &str) -> Result<LayerRef<'_, 'a>> {
        let Some(layer) = self.network.get_layer(name) else {
            let names: Vec<&str> = self
                .network
                .layers()
                .iter()
                .map(Layer::name)
                .take(20)
                .collect();
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no layer `{name}`, the layers are `{}`", names.join("`, `")),
            ));
        };
        Ok(LayerRef {
            layer,
            variables: self.variables.of_layer(name),
        })
    }

    /// The values of the variable at `path`, such as `dense_1/kernel`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none.
    pub fn variable(&self, path: &str) -> Result<&Tensor<'a>> {
        let found = self.variables.get(path).map(|variable| &variable.tensor);
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no variable `{path}`")))
    }

    /// Whether the kernels of its convolutions are stored as Theano applies them, back to front.
    ///
    /// No Keras that is in use turns them; [`SaveOptions::flip_kernels`] does. Keras 1 did not write
    /// what it computed with: there, names of variables tell, which Theano ends without a `:0`.
    ///
    /// [`SaveOptions::flip_kernels`]: crate::SaveOptions::flip_kernels
    pub fn has_theano_kernels(&self) -> bool {
        let unnumbered = |variable: &Variable<'_>| {
            let name = variable.stored_name.as_deref();
            name.is_some_and(|name| !name.contains(':'))
        };
        let by_theano = match self.metadata.backend.as_deref() {
            Some(backend) => backend == "theano",
            None => {
                self.metadata.dialect == Some(Dialect::Keras1)
                    && self.variables.iter().all(unnumbered)
            }
        };
        let mut left: Vec<&Layer> = self.network.layers().iter().collect();
        let mut has_kernels = false;
        while let Some(layer) = left.pop() {
            has_kernels |= is_flipped_by_theano(layer.class_name());
            left.extend(layer.network().map_or(&[][..], Network::layers));
        }
        by_theano && has_kernels
    }

    /// Replaces the values of the variable at `path` by others of the same shape, which are
    /// borrowed until the model is saved.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such variable; [`ErrorKind::InvalidArgument`] if its
    /// shape is another.
    pub fn set_variable(&mut self, path: &str, tensor: Tensor<'a>) -> Result<()> {
        let Some(variable) = self.variables.get_mut(path) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no variable `{path}`"),
            ));
        };
        if variable.tensor.shape() != tensor.shape() {
            let (found, expected) = (tensor.shape(), variable.tensor.shape());
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("shape {found:?} for `{path}`, expected {expected:?}"),
            ));
        }
        variable.tensor = tensor;
        Ok(())
    }
}

impl<'m, 'a> LayerRef<'m, 'a> {
    /// The layer's name.
    pub fn name(&self) -> &'m str {
        self.layer.name()
    }

    /// The layer as it was serialized: class name and config.
    pub fn object(&self) -> &'m Object {
        self.layer.object()
    }

    /// Its variables, in the order in which they are saved.
    pub fn variables(&self) -> &'m [Variable<'a>] {
        self.variables
    }

    /// The values of one variable by its name, `kernel`, or by the end of its path,
    /// `forward_lstm/lstm_cell/kernel`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] with the paths there are, also if the name fits several.
    pub fn variable(&self, name: &str) -> Result<&'m Tensor<'a>> {
        let fits = |path: &str| {
            path.strip_suffix(name)
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let mut found = self
            .variables
            .iter()
            .filter(|variable| fits(&variable.path));
        if let (Some(variable), None) = (found.next(), found.next()) {
            return Ok(&variable.tensor);
        }
        let paths: Vec<&str> = self.variables.iter().map(|it| it.path.as_str()).collect();
        Err(Error::new(
            ErrorKind::NotFound,
            format!(
                "no single variable `{name}`, the paths are `{}`",
                paths.join("`, `")
            ),
        )
        .within(format!("layer `{}`", self.name())))
    }
}
