//! The basic layers: inputs, dense connections, embeddings, functions, masks.

use serde_json::Value;

use super::config::{
    Activation as Function, ConfigValue, Constraint, Initializer, Regularizer, layer, same_shape,
};
use super::einsum::{self, Einsum};
use super::lower::{apply, pass, pass_masks, reshape_like, size};
use super::registry::LayerRegistry;
use super::shape::{at_least, last, mismatch, with_last};
use super::{Call, Inputs, Layer, VariableSpec};
use crate::error::Result;
use crate::graph::Edge;
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Dense>();
    registry.typed::<EinsumDense>();
    registry.typed::<InputLayer>();
    registry.typed::<Embedding>();
    registry.typed::<Masking>();
    registry.typed::<Activation>();
    registry.typed::<Identity>();
}

layer! {
    /// Every output is a weighted sum of all inputs: `activation(input · kernel + bias)`.
    ///
    /// Input `(…, features)`, output `(…, units)`. Variables: `kernel` (features, units), `bias`
    /// (units).
    ///
    /// ```
    /// use hornfels::layers::{Dense, Inputs, Layer};
    /// let dense = Dense::new(5).activation("relu").use_bias(false);
    /// let variables = dense.variables(&Inputs::one([None, Some(3)]))?;
    /// assert_eq!(variables[0].shape, [3, 5]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Dense(
        /// The size of the output.
        units: u64,
    ) {
        /// Applied to each output.
        activation: Function as into = Function::linear(),
        /// Whether a learned number is added to each output.
        use_bias: bool = true,
        /// How the kernel begins.
        kernel_initializer: Initializer as into = Initializer::glorot_uniform(),
        /// How the bias begins.
        bias_initializer: Initializer as into = Initializer::zeros(),
        /// A penalty on the kernel.
        kernel_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// A penalty on the bias.
        bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// What the kernel is held to.
        kernel_constraint: Option<Constraint> as some(Constraint) = None,
        /// What the bias is held to.
        bias_constraint: Option<Constraint> as some(Constraint) = None,
    }
}

impl Layer for Dense {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let features = last(at_least(inputs.first()?, 2)?)?;
        let mut own = self.base.variables();
        own.add("kernel", [features, self.units], &self.kernel_initializer);
        if self.use_bias {
            own.add("bias", [self.units], &self.bias_initializer);
        }
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let input = at_least(inputs.first()?, 2)?;
        Ok(vec![with_last(input, Some(self.units))])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let (input, shape) = (call.tensor()?, call.shape()?);
        let kernel = call.read("kernel")?;
        let x = call.function.cast(input, kernel.dtype())?;
        let output = with_last(shape, Some(self.units));
        let mut y = if shape.rank() == 2 {
            call.function.mat_mul(&x, &kernel)?
        } else {
            let features = size(Some(last(shape)?));
            let rows = call.function.reshape(&x, &[-1, features])?;
            let rows = call.function.mat_mul(&rows, &kernel)?;
            reshape_like(call.function, &rows, &output, &x)?
        };
        if self.use_bias {
            let bias = call.read("bias")?;
            y = call.function.bias_add(&y, &bias)?;
        }
        Ok(vec![apply(call, &self.activation, &y, &output)?])
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        pass_masks(self, call)
    }
}

layer! {
    /// A [`Dense`] along any axes, by an equation such as `abc,cd->abd`.
    ///
    /// Variables: `kernel`, with the axes of the equation's second part; `bias`, where `bias_axes`
    /// names axes of the output.
    ///
    /// ```
    /// use hornfels::layers::{EinsumDense, Inputs, Layer, OutputShape};
    /// let dense = EinsumDense::new("abc,cd->abd", OutputShape(vec![None, Some(64)])).bias_axes("d");
    /// let variables = dense.variables(&Inputs::one([None, Some(7), Some(128)]))?;
    /// assert_eq!(variables[0].shape, [128, 64]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    EinsumDense(
        /// What is multiplied and summed.
        equation: String as into,
        /// The sizes of the output after the batch axis and after what `...` stands for.
        output_shape: OutputShape as into,
    ) {
        /// Applied to each output.
        activation: Function as into = Function::linear(),
        /// The letters of the output's axes that have a bias.
        bias_axes: Option<String> as some(String) = None,
        /// How the kernel begins.
        kernel_initializer: Initializer as into = Initializer::glorot_uniform(),
        /// How the bias begins.
        bias_initializer: Initializer as into = Initializer::zeros(),
        /// A penalty on the kernel.
        kernel_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// A penalty on the bias.
        bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// What the kernel is held to.
        kernel_constraint: Option<Constraint> as some(Constraint) = None,
        /// What the bias is held to.
        bias_constraint: Option<Constraint> as some(Constraint) = None,
    }
}

/// Sizes of an output; `None` for one that follows from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputShape(pub Vec<Option<u64>>);

impl From<u64> for OutputShape {
    fn from(size: u64) -> Self {
        OutputShape(vec![Some(size)])
    }
}

impl<const N: usize> From<[u64; N]> for OutputShape {
    fn from(sizes: [u64; N]) -> Self {
        OutputShape(sizes.map(Some).to_vec())
    }
}

impl ConfigValue for OutputShape {
    const EXPECTED: &'static str = "a size, or a list of sizes";

    fn read(value: &Value) -> Option<Self> {
        match u64::read(value) {
            Some(size) => Some(size.into()),
            None => Shape::read(value).map(|shape| OutputShape(shape.0)),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.0.clone())
    }
}

impl EinsumDense {
    fn analyze(&self, inputs: &Inputs) -> Result<Einsum> {
        let bias_axes = self.bias_axes.as_deref();
        einsum::analyze(
            &self.equation,
            bias_axes,
            &self.output_shape.0,
            inputs.first()?,
        )
    }
}

impl Layer for EinsumDense {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let einsum = self.analyze(inputs)?;
        let known = |sizes: Vec<Option<u64>>| -> Result<Vec<u64>> {
            let shape = Shape(sizes);
            let unknown = || mismatch(format!("a variable of shape {shape}, expected known sizes"));
            shape.sizes().ok_or_else(unknown)
        };
        let mut own = self.base.variables();
        own.add("kernel", known(einsum.kernel)?, &self.kernel_initializer);
        if let Some(bias) = einsum.bias {
            own.add("bias", known(bias)?, &self.bias_initializer);
        }
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(vec![self.analyze(inputs)?.output])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let output = self.analyze(call.inputs())?.output;
        let kernel = call.read("kernel")?;
        let equation: String = self.equation.split_whitespace().collect();
        let x = call.tensor()?;
        let product = call.function.op("Einsum").list([x, &kernel]);
        let mut y = product.attr("equation", equation.as_str()).one()?;
        if self.bias_axes.is_some() {
            let bias = call.read("bias")?;
            y = call.function.add(&y, &bias)?;
        }
        Ok(vec![apply(call, &self.activation, &y, &output)?])
    }
}

layer! {
    /// An input of a model.
    InputLayer() {
        /// The shape with the batch axis.
        batch_shape ["batch_input_shape"]: Option<Shape> as some(Shape) = None,
        /// Whether it takes sparse tensors.
        sparse: bool = false,
        /// Whether it takes ragged tensors.
        ragged: bool = false,
    }
}

impl Layer for InputLayer {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    /// The shape it was made with, unless the model is called with another.
    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        match (inputs.all(), &self.batch_shape) {
            ([], Some(shape)) => Ok(vec![shape.clone()]),
            _ => Ok(vec![inputs.first()?.clone()]),
        }
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        pass(self, call)
    }
}

layer! {
    /// A vector for each whole number: `input_dim` numbers, vectors of `output_dim`.
    ///
    /// Input `(…)` of integers, output `(…, output_dim)`. Variable: `embeddings` (input_dim,
    /// output_dim).
    Embedding(
        /// How many numbers there are: the highest one and 1.
        input_dim: u64,
        /// The size of each vector.
        output_dim: u64,
    ) {
        /// How the vectors begin.
        embeddings_initializer: Initializer as into = Initializer::random_uniform(),
        /// A penalty on the vectors.
        embeddings_regularizer: Option<Regularizer> as some(Regularizer) = None,
        /// What the vectors are held to.
        embeddings_constraint: Option<Constraint> as some(Constraint) = None,
        /// Whether 0 is padding that later layers skip.
        mask_zero: bool = false,
    }
}

impl Layer for Embedding {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        let mut own = self.base.variables();
        let shape = [self.input_dim, self.output_dim];
        own.add("embeddings", shape, &self.embeddings_initializer);
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let mut sizes = inputs.first()?.0.clone();
        sizes.push(Some(self.output_dim));
        Ok(vec![Shape(sizes)])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let numbers = match call.tensor()?.dtype() {
            DataType::DT_INT32 | DataType::DT_INT64 => call.tensor()?.clone(),
            _ => call.function.cast(call.tensor()?, DataType::DT_INT32)?,
        };
        let table = call.resource("embeddings")?;
        let dtype = call.variable_dtype("embeddings")?;
        let gather = call.function.op("ResourceGather").input(table);
        let vectors = gather
            .input(&numbers)
            .attr("dtype", DataType::from(dtype))
            .one()?;
        Ok(vec![call.function.cast(&vectors, call.dtype().into())?])
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        if !self.mask_zero {
            return Ok(Vec::new());
        }
        let zero = call.function.number_like(call.tensor()?, 0.0)?;
        Ok(vec![Some(call.function.not_equal(call.tensor()?, &zero)?)])
    }

    /// Numbers of half precision would become others.
    fn casts_inputs(&self) -> bool {
        false
    }
}

layer! {
    /// Passes its input on; steps that hold nothing but `mask_value` are padding to later layers.
    Masking() {
        /// What padding holds.
        mask_value: f64 = 0.0,
    }
}

layer! {
    /// A function of each element, or of each vector along the last axis.
    ///
    /// ```
    /// use hornfels::layers::core::Activation;
    /// let softmax = Activation::new("softmax");
    /// assert_eq!(softmax.activation.name(), "softmax");
    /// ```
    Activation(
        /// The function.
        activation: Function as into,
    ) {}
}

layer! {
    /// Passes its input on.
    Identity() {}
}

same_shape!(
    Masking {
        lower: masking,
        masks: steps_not_masked
    },
    Activation {
        lower: activation,
        masks: pass_masks
    },
    Identity { lower: pass },
);

/// Steps that are padding become 0.
fn masking(layer: &Masking, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let x = call.tensor()?;
    let steps = steps_of(layer, call, true)?;
    let steps = call.function.cast(&steps, x.dtype())?;
    Ok(vec![call.function.mul(x, &steps)?])
}

fn steps_not_masked(layer: &Masking, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
    Ok(vec![Some(steps_of(layer, call, false)?)])
}

/// Where any element along the last axis is not what padding holds.
fn steps_of(layer: &Masking, call: &mut Call<'_>, keep_dims: bool) -> Result<Edge> {
    let x = call.tensor()?;
    let padding = call.function.number_like(x, layer.mask_value)?;
    let differs = call.function.not_equal(x, &padding)?;
    call.function.any(&differs, &[-1], keep_dims)
}

fn activation(layer: &Activation, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let (x, shape) = (call.tensor()?, call.shape()?);
    Ok(vec![apply(call, &layer.activation, x, shape)?])
}
