//! Activations: functions of one tensor that layers name in their configs.

use super::call::{Call, CallOf};
use super::variables::Handles;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder};
use crate::keras::{Dialect, Object};
use crate::layers::config::ConfigValue;
use crate::layers::{Activation, Inputs, LayerRegistry};
use crate::tensor::Shape;

/// Applies an activation to a tensor of that shape.
pub(crate) fn apply(
    call: &mut Call<'_>,
    activation: &Activation,
    x: &Edge,
    shape: &Shape,
) -> Result<Edge> {
    if let Some(result) = function(call.function, activation.name(), x)? {
        return Ok(result);
    }
    let unknown = || {
        let name = activation.name();
        Error::new(
            ErrorKind::UnknownObject,
            format!("the activation `{name}`, which no traced function is known for"),
        )
        .with_hint("save as .h5, or without traces, which the activation's Python code then makes")
    };
    let json = activation.write();
    if !json.is_object() {
        return Err(unknown());
    }
    let object = Object::from_json(json, Dialect::Keras2).map_err(|_| unknown())?;
    let layer = LayerRegistry::builtin()
        .build(&object)
        .map_err(|_| unknown())?;
    let inputs = Inputs::one(shape.clone());
    let outputs = layer.lower(&mut Call::new(
        call.function,
        CallOf {
            inputs: &inputs,
            tensors: std::slice::from_ref(x),
            masks: &[None],
            handles: &Handles::default(),
            training: call.training(),
            dtype: call.dtype(),
        },
    ))?;
    outputs.into_iter().next().ok_or_else(unknown)
}

/// A function that Keras knows by its name; none for other names.
fn function(f: &mut FunctionBuilder, name: &str, x: &Edge) -> Result<Option<Edge>> {
    let op = match name {
        "linear" => return Ok(Some(x.clone())),
        "relu" => "Relu",
        "relu6" => "Relu6",
        "elu" => "Elu",
        "selu" => "Selu",
        "exponential" => "Exp",
        "sigmoid" => "Sigmoid",
        "softmax" => "Softmax",
        "log_softmax" => "LogSoftmax",
        "softplus" => "Softplus",
        "softsign" => "Softsign",
        "tanh" => "Tanh",
        "swish" | "silu" => return swish(f, x).map(Some),
        "gelu" => return gelu(f, x).map(Some),
        "mish" => return mish(f, x).map(Some),
        "hard_sigmoid" => return hard_sigmoid(f, x).map(Some),
        _ => return Ok(None),
    };
    f.op(op).input(x).one().map(Some)
}

/// `x · sigmoid(x)`, without the gradient of its own that TensorFlow gives it to save memory.
fn swish(f: &mut FunctionBuilder, x: &Edge) -> Result<Edge> {
    let gate = f.sigmoid(x)?;
    f.mul(x, &gate)
}

/// `x · (1 + erf(x / √2)) / 2`.
pub(crate) fn gelu(f: &mut FunctionBuilder, x: &Edge) -> Result<Edge> {
    let half = f.number_like(x, 0.5)?;
    let half = f.mul(&half, x)?;
    // TensorFlow has it in single precision.
    let root = f.number_like(x, std::f32::consts::SQRT_2.into())?;
    let scaled = f.div(x, &root)?;
    let erf = f.op("Erf").input(&scaled).one()?;
    let one = f.number_like(x, 1.0)?;
    let gate = f.add(&one, &erf)?;
    f.mul(&half, &gate)
}

/// `x · tanh(softplus(x))`.
fn mish(f: &mut FunctionBuilder, x: &Edge) -> Result<Edge> {
    let softplus = f.op("Softplus").input(x).one()?;
    let gate = f.tanh(&softplus)?;
    f.mul(x, &gate)
}

/// Keras 2's: `0.2 · x + 0.5` between 0 and 1.
fn hard_sigmoid(f: &mut FunctionBuilder, x: &Edge) -> Result<Edge> {
    let slope = f.number_like(x, 0.2)?;
    let scaled = f.mul(x, &slope)?;
    let half = f.number_like(x, 0.5)?;
    let moved = f.add(&scaled, &half)?;
    f.clip(&moved, 0.0, 1.0)
}
