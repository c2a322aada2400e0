//! Layers that have layers in their configs.

use std::collections::HashSet;

use super::config::neutral;
use super::registry::Typed;
use super::{Called, Inputs, Layer, LayerRegistry, VariableSpec};
use crate::error::Result;
use crate::keras::naming::{self, Numbers};
use crate::keras::{Dialect, Object};
use crate::tensor::Shape;

/// A typed config with serialized layers in it.
pub(crate) trait Nesting: Typed + Clone {
    /// The serialized layers that are built before a call.
    fn objects(&self) -> Vec<&Object>;

    /// What there is after a call, where `inner` are the layers of [`objects`](Self::objects).
    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called>;
}

/// A typed config with the layers it holds.
#[derive(Debug)]
struct Nest<T> {
    config: T,
    inner: Vec<Box<dyn Layer>>,
}

impl<T: Nesting> Nest<T> {
    fn build(config: T, dialect: Option<Dialect>, registry: &LayerRegistry) -> Result<Self> {
        let objects = config.objects().into_iter();
        let inner = objects.map(|object| match dialect {
            Some(dialect) if dialect != object.dialect() => {
                registry.build(&Object::from_json(object.clone().into_json(), dialect)?)
            }
            _ => registry.build(object),
        });
        Ok(Nest {
            inner: inner.collect::<Result<_>>()?,
            config,
        })
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
pub(crate) fn call<T: Nesting>(config: &T, inputs: &Inputs) -> Result<Called> {
    Nest::build(config.clone(), None, &LayerRegistry::builtin())?.call(inputs)
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
                    $crate::layers::nest::call(self, inputs).map(|called| called.variables)
                }

                fn output_shapes(
                    &self,
                    inputs: &$crate::layers::Inputs,
                ) -> $crate::error::Result<Vec<$crate::tensor::Shape>> {
                    $crate::layers::nest::call(self, inputs).map(|called| called.outputs)
                }

                fn call(
                    &self,
                    inputs: &$crate::layers::Inputs,
                ) -> $crate::error::Result<$crate::layers::Called> {
                    $crate::layers::nest::call(self, inputs)
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
