//! A recurrent layer in both directions.

use std::borrow::Cow;

use serde_json::Value;

use super::attributes;
use crate::error::{Context, Error, Result};
use crate::graph::{Edge, FunctionBuilder};
use crate::keras::Object;
use crate::layers::config::{MergeMode, layer};
use crate::layers::inputs::Operand;
use crate::layers::lower::{LayerCall, LoweredTensor, activity_losses};
use crate::layers::nest::{Inner, Names, Nesting, nesting};
use crate::layers::rnn::reverse;
use crate::layers::shape::{mismatch, with_last};
use crate::layers::{Call, CallArgument, Called, Inputs, Layer, VariableSpec};
use crate::tensor::Shape;

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
    pub(crate) fn names(&self) -> (String, String) {
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

impl Bidirectional {
    /// What each of both is called with: the sequence, half of the states, all constants.
    fn given(&self, call: &Call<'_>) -> Result<(Vec<LoweredTensor>, Vec<LoweredTensor>)> {
        let inputs = call.inputs();
        let shapes = inputs.operands().filter_map(|operand| match operand {
            Operand::Tensor(shape) => Some(shape),
            Operand::Value(_) => None,
        });
        let tensors = call.tensors().iter().zip(shapes);
        let tensors = tensors.map(|(value, shape)| LoweredTensor {
            value: value.clone(),
            shape: shape.clone(),
            mask: None,
        });
        let tensors: Vec<LoweredTensor> = tensors.collect();
        let mut sequence = tensors.first().cloned();
        if let Some(sequence) = &mut sequence {
            sequence.mask = call.given_mask().cloned();
        }
        let named = |name: &str| {
            let first = inputs.place(usize::MAX, name)?;
            let count = inputs.argument(usize::MAX, name)?.len();
            tensors.get(first..first.checked_add(count)?)
        };
        let listed = tensors.get(1..inputs.all().len()).unwrap_or_default();
        let count = self.base.rest("num_constants").and_then(Value::as_u64);
        let count = usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX);
        let (states, constants) = listed.split_at(listed.len().saturating_sub(count));
        let states = named("initial_state").unwrap_or(states);
        let constants = named("constants").unwrap_or(constants);
        if states.len() % 2 != 0 {
            let found = states.len();
            return Err(mismatch(format!(
                "called with {found} initial states, expected as many for both directions"
            )));
        }
        let (forward, backward) = states.split_at(states.len() / 2);
        let all = |states: &[LoweredTensor]| {
            let all = sequence.iter().chain(states).chain(constants);
            all.cloned().collect()
        };
        Ok((all(forward), all(backward)))
    }

    fn merge(&self, f: &mut FunctionBuilder, forward: Edge, backward: Edge) -> Result<Vec<Edge>> {
        let merged = match self.merge_mode {
            None => return Ok(vec![forward, backward]),
            Some(MergeMode::Concat) => f.concat(&[forward, backward], -1)?,
            Some(MergeMode::Sum) => f.add(&forward, &backward)?,
            Some(MergeMode::Mul) => f.mul(&forward, &backward)?,
            Some(MergeMode::Ave) => {
                let sum = f.add(&forward, &backward)?;
                let two = f.number_like(&sum, 2.0)?;
                f.div(&sum, &two)?
            }
        };
        Ok(vec![merged])
    }
}

/// Calls the layer of one direction.
fn lower_one(
    call: &mut Call<'_>,
    inner: Inner<'_>,
    (name, object): (&str, &Object),
    given: &[LoweredTensor],
) -> Result<Vec<Edge>> {
    let inputs = Inputs::of(given.iter().map(|it| it.shape.clone()));
    let outputs = call.nested(name, |function, handles, training| {
        let call = LayerCall {
            class: inner.layer,
            dtype: inner.dtype,
            inputs: &inputs,
            tensors: given,
            training,
        };
        call.lower_unmasked(function, handles)
    });
    let (outputs, mut losses) = outputs.within(|| format!("layer `{name}`"))?;
    losses.extend(activity_losses(call.function, object, &outputs)?);
    losses.into_iter().for_each(|loss| call.add_loss(loss));
    Ok(outputs.into_iter().map(|it| it.value).collect())
}

/// The layer with zeros for the outputs of masked steps if it returns those of all steps: so Keras
/// makes it.
fn zeroed(layer: &Object) -> Object {
    let sequences = is_true(layer, "return_sequences");
    layer.clone().with("zero_output_for_mask", sequences)
}

/// Whether an argument of a layer is true.
fn is_true(layer: &Object, argument: &str) -> bool {
    layer.config().get(argument) == Some(&Value::Bool(true))
}

#[cold]
fn in_itself() -> Error {
    mismatch("a `Bidirectional` in a `Bidirectional`, expected a recurrent layer")
}

impl Nesting for Bidirectional {
    const ARGUMENTS: &'static [CallArgument] = &[
        CallArgument::Training,
        CallArgument::Mask,
        CallArgument::Behind("initial_state"),
        CallArgument::Behind("constants"),
    ];

    fn objects(&self) -> Vec<Cow<'_, Object>> {
        let forward = zeroed(&self.layer);
        let backward = match &self.backward_layer {
            Some(layer) => zeroed(layer),
            // Each would double what is in it.
            None if self.layer.json().values().any(goes_both_ways) => {
                return vec![Cow::Owned(forward)];
            }
            None => {
                let turns = !is_true(&forward, "go_backwards");
                forward.clone().with("go_backwards", turns)
            }
        };
        vec![Cow::Owned(forward), Cow::Owned(backward)]
    }

    fn lower_with(&self, inner: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let [forward, backward] = inner else {
            return Err(in_itself());
        };
        let (name, back_name) = self.names();
        let (given, back_given) = self.given(call)?;
        let other = self.backward_layer.as_ref().unwrap_or(&self.layer);
        let mut forward = lower_one(call, *forward, (&name, &self.layer), &given)?.into_iter();
        let mut backward =
            lower_one(call, *backward, (&back_name, other), &back_given)?.into_iter();
        let (Some(output), Some(mut back)) = (forward.next(), backward.next()) else {
            return Err(mismatch("a layer without an output, expected one"));
        };
        if is_true(&self.layer, "return_sequences") {
            let time_axis = i32::from(!is_true(&self.layer, "time_major"));
            back = reverse(call.function, &back, time_axis)?;
        }
        let mut outputs = self.merge(call.function, output, back)?;
        outputs.extend(forward);
        outputs.extend(backward);
        Ok(outputs)
    }

    fn masks_with(&self, _: &[Inner<'_>], call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        if !is_true(&self.layer, "return_sequences") {
            return Ok(Vec::new());
        }
        let mask = call.given_mask().cloned();
        Ok(match self.merge_mode {
            None => vec![mask.clone(), mask],
            Some(_) => vec![mask],
        })
    }

    fn states_with(&self, inner: &[Inner<'_>], inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let sequence = Inputs::one(inputs.first()?.clone());
        let (forward, backward) = self.names();
        let mut states = Vec::new();
        for (inner, name) in inner.iter().zip([forward, backward]) {
            for mut state in inner.layer.states(&sequence)? {
                state.path = format!("{name}/{}", state.path);
                states.push(state);
            }
        }
        Ok(states)
    }

    fn attributes_with(&self, inner: &[Inner<'_>], path: &str) -> Vec<String> {
        let (forward, backward) = self.names();
        let layers = [("forward_layer", &*forward), ("backward_layer", &*backward)];
        attributes(&layers, inner, path)
    }

    fn call_with(&self, inner: &[Box<dyn Layer>], inputs: &Inputs) -> Result<Called> {
        if inner.len() != 2 {
            return Err(in_itself());
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
        let backward = calls.next().unwrap_or_default();
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

nesting!(Bidirectional);
