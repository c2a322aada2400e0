//! Lambda: a function of Python as a layer. It is carried, and never run.

use serde_json::{Map, Value};

use super::config::{ConfigValue, layer};
use super::registry::LayerRegistry;
use super::{Call, Inputs, Layer, VariableSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Edge;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Lambda>();
}

layer! {
    /// A function of Python, by its bytecode or its name.
    ///
    /// The shape of what it gives is known if it is written down.
    ///
    /// ```
    /// use hornfels::layers::{Inputs, Lambda, Layer};
    /// let lambda = Lambda::new("my_function");
    /// assert!(lambda.output_shapes(&Inputs::one([None, Some(3)])).is_err());
    /// let lambda = lambda.output_shape(vec![5]);
    /// let shapes = lambda.output_shapes(&Inputs::one([None, Some(3)]))?;
    /// assert_eq!(shapes[0].to_string(), "(None, 5)");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Lambda(
        /// What Keras wrote of the function.
        function: Value as into,
    ) {
        /// The sizes after the batch axis, or a function, which is not run either.
        output_shape: Value as into = Value::Null,
        /// Further arguments by name.
        arguments: Value as into = Value::Object(Map::new()),
    }
}

impl Layer for Lambda {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let after_batch = Shape::read(&self.output_shape).ok_or_else(|| {
            Error::new(
                ErrorKind::Refused,
                "the function of a Lambda is not run, so what shape it gives is not known",
            )
            .with_hint("write the `output_shape` down, or replace the Lambda by a layer")
        })?;
        let batch = inputs.first()?.0.first().copied().flatten();
        let sizes = [batch].into_iter().chain(after_batch.0);
        Ok(vec![Shape(sizes.collect())])
    }

    fn lower(&self, _: &mut Call<'_>) -> Result<Vec<Edge>> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a Lambda, whose function is bytecode of Python and is never run",
        )
        .with_hint(
            "replace it by a layer or by functions of TensorFlow in the model, register a class \
             `Lambda` with a `lower` of its own, save without traces, or save as .h5",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lower::testing::Lowering;

    #[test]
    fn a_lambda_is_not_lowered_and_the_ways_out_are_named() {
        let lambda = Lambda::new("my_function").output_shape(vec![3]);
        let lowering = Lowering::of(&lambda, Inputs::one([None, Some(3)]));
        let error = lowering.function().unwrap_err();
        assert!(error.message().contains("Lambda"), "{error}");
        assert!(error.hint().unwrap().contains(".h5"), "{error}");
    }
}
