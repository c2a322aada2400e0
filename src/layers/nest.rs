//! Layers that have layers in their configs.

use std::borrow::Cow;
use std::collections::HashSet;

use super::config::neutral;
use super::lower::{compute_dtype, unsupported};
use super::registry::Typed;
use super::{Call, CallArgument, Called, Inputs, Layer, LayerRegistry, VariableSpec};
use crate::error::Result;
use crate::graph::Edge;
use crate::keras::naming::{self, Numbers};
use crate::keras::{Dialect, Object};
use crate::tensor::{DType, Shape};

/// A typed config with serialized layers in it.
pub(crate) trait Nesting: Typed + Clone {
    /// What calls take beside their tensors.
    const ARGUMENTS: &'static [CallArgument] = &[];

    /// The serialized layers that are built before a call.
    fn objects(&self) -> Vec<Cow<'_, Object>>;

    /// What there is after a call, where `inner` are the layers of [`objects`](Self::objects).
    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called>;

    /// As [`Layer::lower`].
    fn lower_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let _ = (inner, call);
        Err(unsupported())
    }

    /// As [`Layer::masks`].
    fn masks_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        let _ = (inner, call);
        Ok(Vec::new())
    }

    /// As [`Layer::shared`].
    fn shared_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<(String, Edge)>> {
        let _ = (inner, call);
        Ok(Vec::new())
    }

    /// As [`Layer::states`].
    fn states_with(&self, inner: &[Inner<'_>], inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let _ = (inner, inputs);
        Ok(Vec::new())
    }

    /// As [`Layer::attributes`].
    fn attributes_with(&self, inner: &[Inner<'_>], path: &str) -> Vec<String>;
}

/// A layer in a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inner<'n> {
    pub(crate) layer: &'n dyn Layer,
    /// In what it computes.
    pub(crate) dtype: DType,
}

/// A typed config with the layers it holds.
#[derive(Debug)]
struct Nest<T> {
    config: T,
    inner: Vec<Box<dyn Layer>>,
    /// In what they compute.
    dtypes: Vec<DType>,
}

impl<T: Nesting> Nest<T> {
    fn build(config: T, dialect: Option<Dialect>, registry: &LayerRegistry) -> Result<Self> {
        let objects = config.objects();
        let inner = objects.iter().map(|object| match dialect {
            Some(dialect) if dialect != object.dialect() => {
                let json = object.clone().into_owned().into_json();
                registry.build(&Object::from_json(json, dialect)?)
            }
            _ => registry.build(object),
        });
        let inner = inner.collect::<Result<_>>()?;
        let dtypes = objects.iter().map(|it| compute_dtype(it)).collect();
        drop(objects);
        Ok(Nest {
            config,
            inner,
            dtypes,
        })
    }

    fn inner(&self) -> Vec<Inner<'_>> {
        let inner = self.inner.iter().zip(&self.dtypes);
        let inner = inner.map(|(layer, dtype)| Inner {
            layer: &**layer,
            dtype: *dtype,
        });
        inner.collect()
    }
}

impl<T: Nesting> Layer for Nest<T> {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        self.call(inputs).map(|called| called.variables)
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        self.call(inputs).map(|called| called.outputs)
    }

    fn call(&self, inputs: &Inputs) -> Result<Called> {
        self.config.call_with(&self.inner, inputs)
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        self.config.lower_with(&self.inner(), call)
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        self.config.masks_with(&self.inner(), call)
    }

    fn shared(&self, call: &mut Call<'_>) -> Result<Vec<(String, Edge)>> {
        self.config.shared_with(&self.inner(), call)
    }

    fn states(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        self.config.states_with(&self.inner(), inputs)
    }

    fn attributes(&self, path: &str) -> Vec<String> {
        self.config.attributes_with(&self.inner(), path)
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        T::ARGUMENTS
    }
}

/// Adds the class: its layers come from the registry that builds it, classes of the user included.
pub(crate) fn register<T: Nesting>(registry: &mut LayerRegistry) {
    registry.nesting(T::CLASS, |object, registry| {
        // Late versions of Keras 2 write a layer in a layer as Keras 3 does, but for its arguments.
        let object = neutral(object);
        let config = T::read(&object)?;
        let nest = Nest::build(config, Some(object.dialect()), registry)?;
        Ok(Box::new(nest))
    });
}

/// As a layer by itself, a config knows Keras's own classes.
pub(crate) fn nest<T: Nesting>(config: &T) -> Result<impl Layer> {
    Nest::build(config.clone(), None, &LayerRegistry::builtin())
}

/// `Layer` for typed configs that are [`Nesting`].
macro_rules! nesting {
    ($($class:ident),* $(,)?) => {
        $(
            impl $crate::layers::Layer for $class {
                fn variables(
                    &self,
                    inputs: &$crate::layers::Inputs,
                ) -> $crate::error::Result<Vec<$crate::layers::VariableSpec>> {
                    $crate::layers::nest::nest(self)?.variables(inputs)
                }

                fn output_shapes(
                    &self,
                    inputs: &$crate::layers::Inputs,
                ) -> $crate::error::Result<Vec<$crate::tensor::Shape>> {
                    $crate::layers::nest::nest(self)?.output_shapes(inputs)
                }

                fn call(
                    &self,
                    inputs: &$crate::layers::Inputs,
                ) -> $crate::error::Result<$crate::layers::Called> {
                    $crate::layers::nest::nest(self)?.call(inputs)
                }

                fn lower(
                    &self,
                    call: &mut $crate::layers::Call<'_>,
                ) -> $crate::error::Result<Vec<$crate::graph::Edge>> {
                    $crate::layers::nest::nest(self)?.lower(call)
                }

                fn masks(
                    &self,
                    call: &mut $crate::layers::Call<'_>,
                ) -> $crate::error::Result<Vec<Option<$crate::graph::Edge>>> {
                    $crate::layers::nest::nest(self)?.masks(call)
                }

                fn shared(
                    &self,
                    call: &mut $crate::layers::Call<'_>,
                ) -> $crate::error::Result<Vec<(String, $crate::graph::Edge)>> {
                    $crate::layers::nest::nest(self)?.shared(call)
                }

                fn states(
                    &self,
                    inputs: &$crate::layers::Inputs,
                ) -> $crate::error::Result<Vec<$crate::layers::VariableSpec>> {
                    $crate::layers::nest::nest(self)?.states(inputs)
                }

                fn attributes(&self, path: &str) -> Vec<String> {
                    match $crate::layers::nest::nest(self) {
                        Ok(nest) => nest.attributes(path),
                        Err(_) => path.split('/').map(str::to_owned).collect(),
                    }
                }

                fn call_arguments(&self) -> &'static [$crate::layers::CallArgument] {
                    <$class as $crate::layers::nest::Nesting>::ARGUMENTS
                }
            }
        )*
    };
}
pub(crate) use nesting;

/// The names of layers in a layer; those without one are named after their class, as Keras does.
#[derive(Default)]
pub(crate) struct Names {
    numbers: Numbers,
    taken: HashSet<String>,
}

impl Names {
    pub(crate) fn of(&mut self, object: &Object) -> String {
        let name = match object.name() {
            Some(name) => name.to_owned(),
            None => {
                let base = naming::snake_case(object.class_name());
                self.numbers.unique(&base, |name| self.taken.contains(name))
            }
        };
        self.taken.insert(name.clone());
        name
    }
}
