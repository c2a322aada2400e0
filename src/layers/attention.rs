//! Layers that weigh parts of their input by how well they match a query.

mod dense;
mod heads;

use serde_json::Value;

use super::config::{Axes, Constraint, Initializer, Regularizer, layer};
use super::core::OutputShape;
use super::registry::LayerRegistry;
use super::shape::{Size, at_least, last, mismatch, of_rank, with_last};
use super::variables::Own;
use super::{Call, CallArgument, InnerLayer, Inputs, Layer, VariableSpec};
use crate::error::{Context, Result};
use crate::graph::Edge;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<Attention>();
    registry.typed::<AdditiveAttention>();
    registry.typed::<MultiHeadAttention>();
    registry.typed::<GroupQueryAttention>();
    // The name of the Python class, which has been exported under the other.
    registry.register("GroupedQueryAttention", |object| {
        Ok(Box::new(GroupQueryAttention::from_object(object)?))
    });
}

/// Whether a call also returns how much each part weighs.
fn returns_scores(inputs: &Inputs) -> bool {
    let argument = inputs.constant(usize::MAX, "return_attention_scores");
    argument == Some(&Value::Bool(true))
}

/// What attention is called with.
struct Attended<'a> {
    query: &'a Shape,
    value: &'a Shape,
    key: &'a Shape,
}

impl<'a> Attended<'a> {
    /// A list of query, value and, unless it is the value, key.
    fn of_list(inputs: &'a Inputs) -> Result<Self> {
        let (query, value, key) = match inputs.all() {
            [query, value] => (query, value, value),
            [query, value, key] => (query, value, key),
            other => {
                return Err(mismatch(format!(
                    "called with {} tensors, expected a list of query, value and perhaps key",
                    other.len()
                )));
            }
        };
        Self { query, value, key }.checked()
    }

    /// The arguments `query`, `value` and, unless it is the value, `key`.
    fn of_arguments(inputs: &'a Inputs) -> Result<Self> {
        let given =
            |position, name: &str| inputs.argument(position, name).and_then(<[Shape]>::first);
        let needed = |position, name: &str| {
            given(position, name).ok_or_else(|| {
                mismatch(format!(
                    "called without `{name}`, expected `query` and `value`"
                ))
            })
        };
        let (query, value) = (needed(0, "query")?, needed(1, "value")?);
        let key = given(2, "key").unwrap_or(value);
        Self { query, value, key }.checked()
    }

    fn checked(self) -> Result<Self> {
        for shape in [self.query, self.value, self.key] {
            at_least(shape, 2)?;
        }
        let (value, key) = (self.value, self.key);
        let inside = |shape: &'a Shape| shape.0.iter().skip(1).take(shape.rank().saturating_sub(2));
        let differ = |(a, b): (&Size, &Size)| a.is_some() && b.is_some() && a != b;
        if value.rank() != key.rank() || inside(value).zip(inside(key)).any(differ) {
            return Err(mismatch(format!(
                "a value of shape {value} and a key of shape {key}, expected only their last sizes \
                 to differ"
            )));
        }
        Ok(self)
    }

    /// Of attention without heads: its output and, where they are returned, the weights.
    fn outputs(&self, inputs: &Inputs) -> Vec<Shape> {
        let last = |shape: &Shape, back: usize| {
            let place = shape.rank().checked_sub(back);
            place
                .and_then(|place| shape.0.get(place).copied())
                .flatten()
        };
        let mut outputs = vec![with_last(self.query, last(self.value, 1))];
        if returns_scores(inputs) {
            outputs.push(with_last(self.query, last(self.key, 2)));
        }
        outputs
    }
}

layer! {
    /// Attention by products of query and key, without variables unless it scales them.
    ///
    /// Called with a list of a query `(batch, …, queries, features)`, a value
    /// `(batch, …, values, features)` and, unless it is the value, a key. Output
    /// `(batch, …, queries, features of the value)`. Variables: `scale` () with `use_scale`,
    /// `concat_score_weight` () with the `score_mode` `concat`.
    ///
    /// ```
    /// use hornfels::layers::{Attention, Inputs, Layer};
    /// use hornfels::tensor::Shape;
    /// let inputs = Inputs::of([Shape::known(&[2, 4, 3]), Shape::known(&[2, 5, 6]), Shape::known(&[2, 5, 3])]);
    /// let called = Attention::new().use_scale(true).call(&inputs)?;
    /// assert_eq!(called.outputs[0].to_string(), "(2, 4, 6)");
    /// assert_eq!(called.variables[0].path, "scale");
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    Attention() {
        /// Whether products are multiplied by a learned number.
        use_scale: bool = false,
        /// How query and key are compared: `dot`, or `concat`.
        score_mode: String as into = "dot".to_owned(),
        /// Which part of the weights is dropped in training.
        dropout: f64 = 0.0,
        /// Of the random numbers that choose what is dropped.
        seed: Option<Value> as some(Value) = None,
    }
}

impl Layer for Attention {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        let mut own = self.base.variables();
        if self.use_scale {
            own.add("scale", [], &Initializer::ones());
        }
        if self.score_mode == "concat" {
            own.add("concat_score_weight", [], &Initializer::ones());
        }
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(Attended::of_list(inputs)?.outputs(inputs))
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        dense::attend(call, &self.weighing(), |call| dense::scores(self, call))
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        Ok(call.given_masks().into_iter().take(1).collect())
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &ARGUMENTS
    }
}

layer! {
    /// Attention by sums of query and key.
    ///
    /// Called and returning as [`Attention`]. Variable: `scale` (features of the query) with
    /// `use_scale`.
    AdditiveAttention() {
        /// Whether each feature is multiplied by a learned number.
        use_scale: bool = true,
        /// Which part of the weights is dropped in training.
        dropout: f64 = 0.0,
        /// Of the random numbers that choose what is dropped.
        seed: Option<Value> as some(Value) = None,
    }
}

impl Layer for AdditiveAttention {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let mut own = self.base.variables();
        if self.use_scale {
            let call = Attended::of_list(inputs)?;
            let features = match self.base.is_before_keras3() {
                true => last(call.value)?,
                false => last(call.query)?,
            };
            own.add("scale", [features], &Initializer::glorot_uniform());
        }
        Ok(own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(Attended::of_list(inputs)?.outputs(inputs))
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        dense::attend(call, &self.weighing(), |call| dense::sums(self, call))
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        Ok(call.given_masks().into_iter().take(1).collect())
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &ARGUMENTS
    }
}

/// What attention without heads takes beside its tensors.
const ARGUMENTS: [CallArgument; 4] = [
    CallArgument::Mask,
    CallArgument::Training,
    CallArgument::Flag("return_attention_scores"),
    CallArgument::Flag("use_causal_mask"),
];

/// How attention without heads makes weights of its scores.
macro_rules! weighing {
    ($($class:ident),*) => {
        $(
            impl $class {
                fn weighing(&self) -> dense::Weighing<'_> {
                    dense::Weighing {
                        dropout: self.dropout,
                        seed: self.seed.as_ref(),
                        // Not a field: Keras 2 takes it, and wrote it before 2.10.
                        is_causal: self.base.rest("causal") == Some(&Value::Bool(true)),
                    }
                }
            }
        )*
    };
}

weighing!(Attention, AdditiveAttention);

/// Declares a class with the arguments of all attention with heads.
macro_rules! heads {
    ($(#[$doc:meta])* $class:ident ($($required:tt)*) { $($own:tt)* }) => {
        layer! {
            $(#[$doc])*
            $class($($required)*) {
                $($own)*
                /// Which part of the weights is dropped in training.
                dropout: f64 = 0.0,
                /// Whether the projections have a bias.
                use_bias: bool = true,
                /// Whether what is found is multiplied by gates made of the query; Keras 3 has it.
                use_gate: bool = false,
                /// How far away from the query values are looked at, if not at all; Keras 3 has it.
                sliding_window: Option<u64> as exactly(u64) = None,
                /// How the kernels begin.
                kernel_initializer: Initializer as into = Initializer::glorot_uniform(),
                /// How the biases begin.
                bias_initializer: Initializer as into = Initializer::zeros(),
                /// A penalty on the kernels.
                kernel_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the biases.
                bias_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// A penalty on the output.
                activity_regularizer: Option<Regularizer> as some(Regularizer) = None,
                /// What the kernels are held to.
                kernel_constraint: Option<Constraint> as some(Constraint) = None,
                /// What the biases are held to.
                bias_constraint: Option<Constraint> as some(Constraint) = None,
                /// Of the random numbers that choose what is dropped.
                seed: Option<Value> as some(Value) = None,
            }
        }

        impl $class {
            fn project(&self) -> Projections<'_> {
                Projections {
                    own: self.base.variables(),
                    use_bias: self.use_bias,
                    kernel: &self.kernel_initializer,
                    bias: &self.bias_initializer,
                }
            }
        }
    };
}

/// The variables of projections, each a layer in the layer.
struct Projections<'a> {
    own: Own,
    use_bias: bool,
    kernel: &'a Initializer,
    bias: &'a Initializer,
}

impl Projections<'_> {
    fn add(&mut self, name: &str, from: &[u64], to: &[u64]) {
        let kernel = [from, to].concat();
        self.own.add(&format!("{name}/kernel"), kernel, self.kernel);
        if self.use_bias {
            self.own.add(&format!("{name}/bias"), to, self.bias);
        }
    }
}

heads! {
    /// Attention several times side by side, each with projections of its own.
    ///
    /// Called with `query` `(batch, queries…, features)`, `value` `(batch, values…, features)` and,
    /// unless it is the value, `key`, by position or name. Output as the query, with the sizes of
    /// `output_shape` in the place of the last one; with `return_attention_scores` the weights, too.
    /// Variables: `query/kernel` (features, heads, key_dim), `query/bias` (heads, key_dim), likewise
    /// `key/…`, `gate/…` with `use_gate` and `value/…` with value_dim, then
    /// `attention_output/kernel` (heads, value_dim, features), `attention_output/bias` (features).
    ///
    /// ```
    /// use hornfels::layers::{Inputs, Layer, MultiHeadAttention};
    /// use hornfels::tensor::Shape;
    /// let inputs = Inputs::one([None, Some(4), Some(6)]).with("value", [Shape::known(&[1, 5, 7])]);
    /// let called = MultiHeadAttention::new(2, 3).call(&inputs)?;
    /// assert_eq!(called.outputs[0].to_string(), "(None, 4, 6)");
    /// assert_eq!(called.variables[2].path, "key/kernel");
    /// assert_eq!(called.variables[2].shape, [7, 2, 3]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    MultiHeadAttention(
        /// How many there are side by side.
        num_heads: u64,
        /// The size of each projected query and key.
        key_dim: u64,
    ) {
        /// The size of each projected value, if not `key_dim`.
        value_dim: Option<u64> as exactly(u64) = None,
        /// The sizes that the output has after those of the queries, if not those of the query.
        output_shape: Option<OutputShape> as some(OutputShape) = None,
        /// The axes along which values are weighed, if not all between batch and features.
        attention_axes: Option<Axes> as some(Axes) = None,
    }
}

impl MultiHeadAttention {
    /// The sizes of the output after those of the queries.
    fn output_sizes(&self, query: &Shape) -> Vec<Size> {
        match &self.output_shape {
            Some(given) if !given.0.is_empty() => given.0.clone(),
            _ => query.0.last().copied().into_iter().collect(),
        }
    }
}

impl Layer for MultiHeadAttention {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let call = Attended::of_arguments(inputs)?;
        let (heads, key_dim) = (self.num_heads, self.key_dim);
        let value_dim = self.value_dim.unwrap_or(key_dim);
        let query = last(call.query).within(|| "`query`")?;
        let key = last(call.key).within(|| "`key`")?;
        let value = last(call.value).within(|| "`value`")?;
        let output = Shape(self.output_sizes(call.query));
        let output = output.sizes().ok_or_else(|| {
            mismatch(format!(
                "`output_shape` is {output}, expected known sizes: a variable has them"
            ))
        })?;
        let mut all = self.project();
        all.add("query", &[query], &[heads, key_dim]);
        all.add("key", &[key], &[heads, key_dim]);
        if self.use_gate {
            all.add("gate", &[query], &[heads, value_dim]);
        }
        all.add("value", &[value], &[heads, value_dim]);
        all.add("attention_output", &[heads, value_dim], &output);
        Ok(all.own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let call = Attended::of_arguments(inputs)?;
        let queries = call.query.rank().saturating_sub(1);
        let output = call.query.0.iter().copied().take(queries);
        let output = output.chain(self.output_sizes(call.query)).collect();
        let mut outputs = vec![Shape(output)];
        if returns_scores(inputs) {
            outputs
                .push(heads::Equations::of(self, call.query.rank())?.scores(&call, self.num_heads));
        }
        Ok(outputs)
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        heads::attend(self, call)
    }

    fn masks(&self, call: &mut Call<'_>) -> Result<Vec<Option<Edge>>> {
        // Those of the query.
        Ok(vec![call.mask().cloned()])
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &[
            CallArgument::Tensor("value"),
            CallArgument::Tensor("key"),
            CallArgument::Tensor("attention_mask"),
            CallArgument::Flag("return_attention_scores"),
            CallArgument::Training,
            CallArgument::Flag("use_causal_mask"),
            CallArgument::BroughtMasks,
        ]
    }

    fn first_argument(&self) -> &'static str {
        "query"
    }

    fn inner_layers(&self, inputs: &Inputs) -> Result<Vec<InnerLayer>> {
        heads::projections(self, &Attended::of_arguments(inputs)?)
    }
}

heads! {
    /// [`MultiHeadAttention`] in which several queries share a key and a value; Keras 3 has it.
    ///
    /// Called with `query` `(batch, queries, features)`, `value` `(batch, values, features)` and,
    /// unless it is the value, `key`. Output as the query; with `return_attention_scores` the
    /// weights, too. Variables: `query/kernel` (features, num_query_heads, head_dim), `query/bias`
    /// (num_query_heads, head_dim), likewise `key/…`, `gate/…` with `use_gate`, and `value/…`, then
    /// `attention_output/kernel` (num_query_heads, head_dim, features), `attention_output/bias`
    /// (features).
    ///
    /// ```
    /// use hornfels::layers::{GroupQueryAttention, Inputs, Layer};
    /// use hornfels::tensor::Shape;
    /// let inputs = Inputs::one([None, Some(4), Some(6)]).with("value", [Shape::known(&[1, 5, 6])]);
    /// let variables = GroupQueryAttention::new(3, 4, 2).variables(&inputs)?;
    /// assert_eq!(variables[0].shape, [6, 4, 3]);
    /// assert_eq!(variables[2].shape, [6, 2, 3]);
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    GroupQueryAttention(
        /// The size of each projected query, key and value.
        head_dim: u64,
        /// How many queries there are side by side.
        num_query_heads: u64,
        /// How many keys and values there are for them.
        num_key_value_heads: u64,
    ) {}
}

impl Layer for GroupQueryAttention {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let call = Attended::of_arguments(inputs)?;
        let queries = [self.num_query_heads, self.head_dim];
        let shared = [self.num_key_value_heads, self.head_dim];
        let query = last(of_rank(call.query, 3)?).within(|| "`query`")?;
        let key = last(of_rank(call.key, 3)?).within(|| "`key`")?;
        let value = last(call.value).within(|| "`value`")?;
        let mut all = self.project();
        all.add("query", &[query], &queries);
        all.add("key", &[key], &shared);
        if self.use_gate {
            all.add("gate", &[query], &queries);
        }
        all.add("value", &[value], &shared);
        all.add("attention_output", &queries, &[query]);
        Ok(all.own.finish())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let call = Attended::of_arguments(inputs)?;
        let query = of_rank(call.query, 3)?;
        let mut outputs = vec![query.clone()];
        if returns_scores(inputs) {
            let size = |shape: &Shape, axis: usize| shape.0.get(axis).copied().flatten();
            let heads = Some(self.num_query_heads);
            let sizes = [size(query, 0), heads, size(query, 1), size(call.key, 1)];
            outputs.push(Shape(sizes.to_vec()));
        }
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests;
