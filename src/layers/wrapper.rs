//! Layers that change how another layer is called.

use serde_json::Value;

use super::config::{Initializer, MergeMode, layer};
use super::nest::{self, Names, Nesting, nesting};
use super::registry::LayerRegistry;
use super::shape::{Size, at_least, mismatch, with_last};
use super::{Called, Inputs, Layer, VariableSpec};
use crate::error::{Context, Result};
use crate::keras::Object;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    nest::register::<Wrapper>(registry);
    nest::register::<TimeDistributed>(registry);
    nest::register::<Bidirectional>(registry);
    nest::register::<SpectralNormalization>(registry);
}

/// Calls the one layer of a wrapper, whose name it also gives.
fn call_inner(
    object: &Object,
    inner: &[Box<dyn Layer>],
    inputs: &Inputs,
) -> Result<(String, Called)> {
    let name = Names::default().of(object);
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
    fn objects(&self) -> Vec<&Object> {
        vec![&self.layer]
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
    /// Calls a layer, or a whole network, with each step of a sequence.
    ///
    /// Input `(batch, steps, …)`, output `(batch, steps, …)`, where the layer makes the rest of the
    /// one of the rest of the other. Variables: those of the layer, with its name in front.
    ///
    /// ```
    /// use hornfels::layers::{Dense, Inputs, Layer, TimeDistributed};
    /// let layer = TimeDistributed::new(Dense::new(5));
    /// let called = layer.call(&Inputs::one([None, Some(7), Some(3)]))?;
    /// assert_eq!(called.outputs[0].to_string(), "(None, 7, 5)");
    /// assert_eq!(called.variables[0].path, "dense/kernel");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    TimeDistributed(
        /// The layer.
        layer: Object as into,
    ) {}
}

impl Nesting for TimeDistributed {
    fn objects(&self) -> Vec<&Object> {
        vec![&self.layer]
    }

    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        let steps: Size = at_least(inputs.first()?, 3)?.0.get(1).copied().flatten();
        let step = |input: &Shape| {
            let mut sizes = at_least(input, 2)?.0.clone();
            sizes.remove(1);
            Ok(Shape(sizes))
        };
        let step = inputs.all().iter().map(step).collect::<Result<Vec<_>>>()?;
        let (name, called) = call_inner(&self.layer, inner, &Inputs::of(step))?;
        let mut own = self.base.variables();
        own.add_inner(&name, called.variables);
        let outputs = called.outputs.into_iter().map(|mut output| {
            output.0.insert(output.rank().min(1), steps);
            output
        });
        Ok(Called {
            variables: own.finish(),
            outputs: outputs.collect(),
        })
    }
}

layer! {
    /// A recurrent layer and another like it that begins at the other end of the sequence.
    ///
    /// Input `(batch, steps, …)`; output that of the layer with twice its last size, or as
    /// `merge_mode` says; then the states of both. Variables: those of the layers, with their names
    /// in front, which begin with `forward_` and, unless it is given, `backward_`.
    ///
    /// ```
    /// use hornfels::layers::{Bidirectional, Inputs, LSTM, Layer, MergeMode};
    /// let input = Inputs::one([None, Some(7), Some(3)]);
    /// let both = Bidirectional::new(LSTM::new(4));
    /// let called = both.call(&input)?;
    /// assert_eq!(called.outputs[0].to_string(), "(None, 8)");
    /// assert_eq!(called.variables[3].path, "backward_lstm/lstm_cell/kernel");
    /// let summed = both.clone().merge_mode(MergeMode::Sum);
    /// assert_eq!(summed.output_shapes(&input)?[0].to_string(), "(None, 4)");
    /// let apart = both.merge_mode(None);
    /// assert_eq!(apart.output_shapes(&input)?.len(), 2);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Bidirectional(
        /// The layer that begins at the first step.
        layer: Object as into,
    ) {
        /// What becomes of both outputs; both are returned if there is none.
        merge_mode: Option<MergeMode> as into = Some(MergeMode::Concat),
        /// The layer that begins at the last step, if it is another.
        backward_layer: Option<Object> as some(Object) = None,
    }
}

impl Bidirectional {
    /// The names of both layers: Keras puts a prefix before those it makes.
    fn names(&self) -> (String, String) {
        let name = Names::default().of(&self.layer);
        let bare = |prefix: &str| name.strip_prefix(prefix).unwrap_or(&name).to_owned();
        let backward = match &self.backward_layer {
            Some(layer) => Names::default().of(layer),
            None => format!("backward_{}", bare("backward_")),
        };
        (format!("forward_{}", bare("forward_")), backward)
    }

    /// The output of both directions.
    fn merged(&self, forward: &Shape, backward: &Shape) -> Vec<Shape> {
        match self.merge_mode {
            None => vec![forward.clone(), backward.clone()],
            Some(MergeMode::Concat) => {
                let size = |shape: &Shape| shape.0.last().copied().flatten();
                let sizes = size(forward).zip(size(backward));
                let sum = sizes.and_then(|(a, b)| a.checked_add(b));
                vec![with_last(forward, sum)]
            }
            Some(MergeMode::Sum | MergeMode::Mul | MergeMode::Ave) => vec![forward.clone()],
        }
    }
}

impl Nesting for Bidirectional {
    fn objects(&self) -> Vec<&Object> {
        [&self.layer]
            .into_iter()
            .chain(&self.backward_layer)
            .collect()
    }

    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        if self.backward_layer.is_none() && self.layer.json().values().any(goes_both_ways) {
            // Each would double what is in it.
            return Err(mismatch(
                "a `Bidirectional` in a `Bidirectional`, expected a recurrent layer",
            ));
        }
        // Initial states are split between both, and have no influence on shapes.
        let sequence = Inputs::one(inputs.first()?.clone());
        let (forward_name, backward_name) = self.names();
        let mut calls = Vec::new();
        for (layer, name) in inner.iter().zip([&forward_name, &backward_name]) {
            let called = layer.call(&sequence);
            calls.push(called.within(|| format!("layer `{name}`"))?);
        }
        let mut calls = calls.into_iter();
        let forward = calls.next().unwrap_or_default();
        let backward = calls.next().unwrap_or_else(|| forward.clone());
        let (Some((output, states)), Some((back_output, back_states))) = (
            forward.outputs.split_first(),
            backward.outputs.split_first(),
        ) else {
            return Err(mismatch("a layer without an output, expected one"));
        };
        if output.rank() != back_output.rank() || states.len() != back_states.len() {
            return Err(mismatch(format!(
                "outputs of shapes {output} and {back_output}, with {} and {} states, expected \
                 both directions to give the same",
                states.len(),
                back_states.len()
            )));
        }
        let mut outputs = self.merged(output, back_output);
        outputs.extend_from_slice(states);
        outputs.extend_from_slice(back_states);
        let mut own = self.base.variables();
        own.add_inner(&forward_name, forward.variables);
        own.add_inner(&backward_name, backward.variables);
        Ok(Called {
            variables: own.finish(),
            outputs,
        })
    }
}

/// Whether a `Bidirectional` is in a config.
fn goes_both_ways(config: &Value) -> bool {
    match config {
        Value::Object(members) => {
            let class = members.get("class_name").and_then(Value::as_str);
            class == Some(Bidirectional::CLASS_NAME) || members.values().any(goes_both_ways)
        }
        Value::Array(items) => items.iter().any(goes_both_ways),
        _ => false,
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
    fn objects(&self) -> Vec<&Object> {
        vec![&self.layer]
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

nesting!(
    Wrapper,
    TimeDistributed,
    Bidirectional,
    SpectralNormalization
);

#[cfg(test)]
mod tests;
