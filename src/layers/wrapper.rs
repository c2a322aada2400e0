//! Layers that change how another layer is called.

mod bidirectional;
mod time_distributed;

pub use bidirectional::Bidirectional;
pub use time_distributed::TimeDistributed;

use std::borrow::Cow;

use serde_json::Value;

use super::config::{Initializer, layer};
use super::nest::{self, Inner, Names, Nesting, nesting};
use super::registry::LayerRegistry;
use super::shape::mismatch;
use super::{Called, Inputs, Layer, VariableSpec};
use crate::error::{Context, Result};
use crate::keras::Object;

pub(super) fn register(registry: &mut LayerRegistry) {
    nest::register::<Wrapper>(registry);
    nest::register::<TimeDistributed>(registry);
    nest::register::<Bidirectional>(registry);
    nest::register::<SpectralNormalization>(registry);
}

/// The name of a layer in a layer.
fn name_of(object: &Object) -> String {
    Names::default().of(object)
}

/// The attributes that lead to a variable of one of the layers, which stand under other attributes, by
/// their names.
fn attributes(layers: &[(&str, &str)], inner: &[Inner<'_>], path: &str) -> Vec<String> {
    let found = layers
        .iter()
        .zip(inner)
        .find_map(|((attribute, name), inner)| {
            let path = path.strip_prefix(name)?.strip_prefix('/')?;
            let rest = inner.layer.attributes(path);
            Some([(*attribute).to_owned()].into_iter().chain(rest).collect())
        });
    found.unwrap_or_else(|| path.split('/').map(str::to_owned).collect())
}

/// Calls the one layer of a wrapper, whose name it also gives.
fn call_inner(
    object: &Object,
    inner: &[Box<dyn Layer>],
    inputs: &Inputs,
) -> Result<(String, Called)> {
    let name = name_of(object);
    let calls = inner.iter().take(1).map(|layer| layer.call(inputs));
    let mut calls = calls
        .collect::<Result<Vec<_>>>()
        .within(|| format!("layer `{name}`"))?;
    Ok((name, calls.pop().unwrap_or_default()))
}

layer! {
    /// What Keras derives wrappers from: it holds a layer, and here stands for it.
    ///
    /// Inputs and outputs are those of the layer. Variables: those of the layer, with its name in
    /// front.
    Wrapper(
        /// The layer.
        layer: Object as into,
    ) {}
}

impl Nesting for Wrapper {
    fn objects(&self) -> Vec<Cow<'_, Object>> {
        vec![Cow::Borrowed(&self.layer)]
    }

    fn attributes_with(&self, inner: &[Inner<'_>], path: &str) -> Vec<String> {
        attributes(&[("layer", &name_of(&self.layer))], inner, path)
    }

    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        let (name, called) = call_inner(&self.layer, inner, inputs)?;
        let mut own = self.base.variables();
        own.add_inner(&name, called.variables);
        Ok(Called {
            variables: own.finish(),
            outputs: called.outputs,
        })
    }
}

layer! {
    /// A layer whose kernel is held to a spectral norm of 1 in training.
    ///
    /// Inputs and outputs are those of the layer, which has a `kernel` or `embeddings`. Variables:
    /// those of the layer, with its name in front, and `vector_u` (1, last size of the kernel).
    ///
    /// ```
    /// use hornfels::layers::{Dense, Inputs, Layer, SpectralNormalization};
    /// let layer = SpectralNormalization::new(Dense::new(5));
    /// let variables = layer.variables(&Inputs::one([None, Some(3)]))?;
    /// let paths: Vec<&str> = variables.iter().map(|it| it.path.as_str()).collect();
    /// assert_eq!(paths, ["dense/kernel", "dense/bias", "vector_u"]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    SpectralNormalization(
        /// The layer.
        layer: Object as into,
    ) {
        /// How often the norm is estimated in each step of training.
        power_iterations: u64 = 1,
    }
}

impl Nesting for SpectralNormalization {
    fn objects(&self) -> Vec<Cow<'_, Object>> {
        vec![Cow::Borrowed(&self.layer)]
    }

    fn attributes_with(&self, inner: &[Inner<'_>], path: &str) -> Vec<String> {
        attributes(&[("layer", &name_of(&self.layer))], inner, path)
    }

    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        let (name, mut called) = call_inner(&self.layer, inner, inputs)?;
        let is_kernel = |path: &str| called.variables.iter().position(|it| it.path == path);
        let place = is_kernel("kernel").or_else(|| is_kernel("embeddings"));
        let Some(kernel) = place.map(|place| called.variables.remove(place)) else {
            let class = self.layer.class_name();
            return Err(mismatch(format!(
                "layer `{name}` ({class}) has neither `kernel` nor `embeddings`"
            )));
        };
        let VariableSpec { dtype, .. } = kernel;
        let shape = [1, kernel.shape.last().copied().unwrap_or(1)];
        let initializer = Initializer::from(truncated_normal());
        let mut own = self.base.variables();
        own.adopt(&name, kernel);
        own.add_fixed_of(dtype, "vector_u", shape, &initializer);
        own.add_inner(&name, called.variables);
        Ok(Called {
            variables: own.finish(),
            outputs: called.outputs,
        })
    }
}

/// How `vector_u` begins; no argument changes it.
fn truncated_normal() -> Object {
    let object = Object::new("TruncatedNormal", serde_json::Map::new());
    let object = object.with("mean", 0.0).with("stddev", 0.02);
    object
        .with("seed", Value::Null)
        .with_module("keras.initializers")
}

nesting!(Wrapper, SpectralNormalization);

#[cfg(test)]
mod tests;
