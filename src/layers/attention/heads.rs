//! What attention with heads computes: `spec/layers.md#attention`.

use super::dense::not_later;
use super::{Attended, MultiHeadAttention};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, FunctionBuilder};
use crate::keras::{Dialect, Object};
use crate::layers::activation::softmax_of;
use crate::layers::lower::{Seed, dropout};
use crate::layers::shape::{Size, mismatch};
use crate::layers::{Call, EinsumDense, InnerLayer, OutputShape};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// What is summed along which axes, in letters as `einsum` takes it.
pub(super) struct Equations {
    /// Axes of the projected query: batch, others, heads, features.
    query: String,
    /// Axes of the projected key and value.
    key: String,
    /// Axes of the scores: those that are no axes of attention, those of queries, those of values.
    product: String,
    /// How many axes of attention there are.
    along: usize,
}

/// The letter of an axis.
fn letter(place: usize) -> Result<char> {
    let letter = u8::try_from(place).ok().and_then(|it| b'a'.checked_add(it));
    letter
        .filter(u8::is_ascii_lowercase)
        .map(char::from)
        .ok_or_else(|| {
            mismatch("tensors of so many axes, expected at most as many as there are letters")
        })
}

/// An axis that is not there.
#[cold]
fn no_axis(axis: i64, rank: usize) -> Error {
    mismatch(format!(
        "`attention_axes` has {axis}, expected axes of a query of {rank} axes"
    ))
}

impl Equations {
    /// For a query with so many axes.
    pub(super) fn of(layer: &MultiHeadAttention, rank: usize) -> Result<Self> {
        let projected = rank.saturating_add(1);
        // Before Keras 3 axes were counted from the end with that of the heads.
        let counted = match layer.base.is_before_keras3() {
            true => projected,
            false => rank,
        };
        let axes: Vec<usize> = match &layer.attention_axes {
            None => (1..rank.saturating_sub(1)).collect(),
            Some(axes) => {
                let places = axes.0.iter().map(|axis| {
                    let from_end = i64::try_from(counted).ok()?.checked_add(*axis)?;
                    let place = if *axis < 0 { from_end } else { *axis };
                    usize::try_from(place)
                        .ok()
                        .filter(|it| *it < rank.saturating_sub(1))
                });
                let checked = axes.0.iter().zip(places);
                let checked =
                    checked.map(|(axis, place)| place.ok_or_else(|| no_axis(*axis, rank)));
                checked.collect::<Result<_>>()?
            }
        };
        let query = (0..projected).map(letter).collect::<Result<String>>()?;
        let (mut key, mut next) = (String::new(), projected);
        let mut passed = String::new();
        for (at, own) in query.chars().enumerate() {
            if axes.contains(&at) {
                key.push(letter(next)?);
                next = next.saturating_add(1);
            } else {
                key.push(own);
                if at != rank {
                    passed.push(own);
                }
            }
        }
        let pick =
            |text: &str| -> String { axes.iter().filter_map(|at| text.chars().nth(*at)).collect() };
        Ok(Equations {
            product: [passed, pick(&query), pick(&key)].concat(),
            query,
            key,
            along: axes.len(),
        })
    }

    /// The shape of the scores.
    pub(super) fn scores(&self, call: &Attended<'_>, heads: u64) -> Shape {
        let size = |letter: char| -> Size {
            let of = |letters: &str, shape: &Shape| {
                let at = letters.chars().position(|it| it == letter)?;
                match at == shape.rank().saturating_sub(1) {
                    true => Some(heads),
                    false => shape.0.get(at).copied().flatten(),
                }
            };
            of(&self.query, call.query).or_else(|| of(&self.key, call.key))
        };
        Shape(self.product.chars().map(size).collect())
    }
}

/// The layers that Keras makes of the projections.
pub(super) fn projections(
    layer: &MultiHeadAttention,
    call: &Attended<'_>,
) -> Result<Vec<InnerLayer>> {
    let heads = [Some(layer.num_heads), Some(layer.key_dim)];
    let value_heads = [heads[0], Some(layer.value_dim.unwrap_or(layer.key_dim))];
    let output = layer.output_sizes(call.query);
    let found = with_sizes(call.query, 1, &value_heads);
    let parts = [
        ("_query_dense", "query", call.query, 1, heads.as_slice()),
        ("_key_dense", "key", call.key, 1, &heads),
        ("_value_dense", "value", call.value, 1, &value_heads),
        ("_output_dense", "attention_output", &found, 2, &output),
    ];
    let layers = parts.map(|(attribute, name, shape, bound, sizes)| {
        let free = shape.rank().saturating_sub(bound);
        let equation = projection(free, bound, sizes.len())?;
        let bias_axes: String = equation
            .chars()
            .skip_while(|it| *it != '>')
            .skip(1)
            .collect();
        let bias_axes = bias_axes.chars().skip(free).collect::<String>();
        let output = with_sizes(shape, bound, sizes).0.into_iter().skip(1);
        let free_sizes = free.saturating_sub(1);
        let output = output
            .enumerate()
            .map(|(at, size)| size.filter(|_| at >= free_sizes));
        let mut dense = EinsumDense::new(equation, OutputShape(output.collect()))
            .name(name)
            .trainable(layer.base.trainable)
            .dtype(layer.base.dtype.clone())
            .kernel_initializer(layer.kernel_initializer.clone())
            .bias_initializer(layer.bias_initializer.clone());
        dense.bias_axes = layer.use_bias.then_some(bias_axes);
        dense
            .kernel_regularizer
            .clone_from(&layer.kernel_regularizer);
        dense.bias_regularizer.clone_from(&layer.bias_regularizer);
        dense.kernel_constraint.clone_from(&layer.kernel_constraint);
        dense.bias_constraint.clone_from(&layer.bias_constraint);
        Ok(InnerLayer {
            attribute: attribute.to_owned(),
            path: name.to_owned(),
            object: Object::from(dense).to_dialect(Dialect::Keras2)?,
            arguments: &[],
            shapes: vec![shape.clone()],
            inner: Vec::new(),
        })
    });
    layers.into_iter().collect()
}

/// `…features,features…->…`: the last axes of a tensor summed with the first of a kernel.
fn projection(free: usize, bound: usize, new: usize) -> Result<String> {
    let letters = |from: usize, count: usize| {
        (from..from.saturating_add(count))
            .map(letter)
            .collect::<Result<String>>()
    };
    let passed = letters(0, free)?;
    let summed = letters(free, bound)?;
    let made = letters(free.saturating_add(bound), new)?;
    Ok(format!("{passed}{summed},{summed}{made}->{passed}{made}"))
}

pub(super) fn attend(layer: &MultiHeadAttention, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    if layer.use_gate || layer.sliding_window.is_some() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "`use_gate` or `sliding_window`, which the MultiHeadAttention of Keras 2 does not have",
        ));
    }
    let shapes = Attended::of_arguments(call.inputs())?;
    let rank = shapes.query.rank();
    if shapes.value.rank() != rank {
        return Err(mismatch(format!(
            "a query of shape {} and a value of shape {}, expected as many axes",
            shapes.query, shapes.value
        )));
    }
    let equations = Equations::of(layer, rank)?;
    let value = call
        .tensor_of(1, "value")
        .ok_or_else(|| mismatch("called without `value`"))?;
    let (query, key) = (call.tensor()?, call.tensor_of(2, "key").unwrap_or(value));
    let heads = [Some(layer.num_heads), Some(layer.key_dim)];
    let value_heads = [heads[0], Some(layer.value_dim.unwrap_or(layer.key_dim))];
    let mask = attention_mask(call, query, value)?;
    let query = project(layer, call, ("query", query), (shapes.query, 1), &heads)?;
    let key = project(layer, call, ("key", key), (shapes.key, 1), &heads)?;
    let value = project(
        layer,
        call,
        ("value", value),
        (shapes.value, 1),
        &value_heads,
    )?;
    let scores = scores(layer, call, &equations, [&query, &key])?;
    let weights = weights(call, &equations, &scores, mask)?;
    let wants_weights = call.flag("return_attention_scores");
    let dropped = dropped(layer, call, &weights)?;
    let Equations {
        product,
        query: of_query,
        key: of_key,
        ..
    } = &equations;
    let combined = format!("{product},{of_key}->{of_query}");
    let found = einsum(call.function, &combined, [&dropped, &value])?;
    let found_shape = with_sizes(shapes.query, 1, &value_heads);
    let output = layer.output_sizes(shapes.query);
    let found = project(
        layer,
        call,
        ("attention_output", &found),
        (&found_shape, 2),
        &output,
    )?;
    Ok([found]
        .into_iter()
        .chain(wants_weights.then_some(weights))
        .collect())
}

fn einsum(f: &mut FunctionBuilder, equation: &str, inputs: [&Edge; 2]) -> Result<Edge> {
    f.op("Einsum").list(inputs).attr("equation", equation).one()
}

/// The shape with other sizes in the place of the last ones.
fn with_sizes(shape: &Shape, replaced: usize, sizes: &[Size]) -> Shape {
    let kept = shape.rank().saturating_sub(replaced);
    let kept = shape.0.iter().take(kept).chain(sizes);
    Shape(kept.copied().collect())
}

/// A tensor times the kernel of that name along its last axes, which become those sizes.
fn project(
    layer: &MultiHeadAttention,
    call: &mut Call<'_>,
    (name, x): (&str, &Edge),
    (shape, bound): (&Shape, usize),
    sizes: &[Size],
) -> Result<Edge> {
    let free = shape.rank().saturating_sub(bound);
    let equation = projection(free, bound, sizes.len())?;
    let kernel = call.read(&format!("{name}/kernel"))?;
    let mut y = einsum(call.function, &equation, [x, &kernel])?;
    if layer.use_bias {
        let bias = call.read(&format!("{name}/bias"))?;
        y = call.function.add(&y, &bias)?;
    }
    Ok(y)
}

fn scores(
    layer: &MultiHeadAttention,
    call: &mut Call<'_>,
    equations: &Equations,
    [query, key]: [&Edge; 2],
) -> Result<Edge> {
    let f = &mut *call.function;
    #[allow(clippy::cast_precision_loss, reason = "as Keras computes it")]
    let scale = 1.0 / (layer.key_dim as f64).sqrt();
    let scale = f.number_like(query, scale)?;
    let query = f.mul(query, &scale)?;
    let Equations {
        product,
        query: of_query,
        key: of_key,
        ..
    } = equations;
    einsum(f, &format!("{of_key},{of_query}->{product}"), [key, &query])
}

/// Scores as weights whose sum along the values is 1.
fn weights(
    call: &mut Call<'_>,
    equations: &Equations,
    scores: &Edge,
    mask: Option<Mask>,
) -> Result<Edge> {
    let rank = equations.product.len();
    let f = &mut *call.function;
    let mask = match mask {
        Some(Mask {
            mut value,
            rank: own,
        }) => {
            // The axes it lacks are those of heads, and those before.
            let place = i32::try_from(equations.along).unwrap_or(i32::MAX);
            let place = place.saturating_mul(-2).saturating_sub(1);
            for _ in own..rank {
                value = f.expand_dims(&value, place)?;
            }
            Some(value)
        }
        None => None,
    };
    let places: Vec<usize> = (rank.saturating_sub(equations.along)..rank).collect();
    softmax_of(f, scores, mask.as_ref(), &places, rank)
}

fn dropped(layer: &MultiHeadAttention, call: &mut Call<'_>, weights: &Edge) -> Result<Edge> {
    if !call.training() || layer.dropout == 0.0 {
        return Ok(weights.clone());
    }
    let seed = layer.seed.as_ref().map_or_else(Seed::default, Seed::of);
    let f = &mut *call.function;
    let shape = f.shape(weights)?;
    dropout(f, weights, layer.dropout, &shape, seed)
}

/// What of the values counts for which query.
struct Mask {
    value: Edge,
    rank: usize,
}

/// The masks that query, value and key bring along, a causal one if it is wanted, and the one that
/// is given, as one.
fn attention_mask(call: &mut Call<'_>, query: &Edge, value: &Edge) -> Result<Option<Mask>> {
    let given = call
        .inputs()
        .argument(3, "attention_mask")
        .and_then(<[Shape]>::first);
    let given = given
        .map(Shape::rank)
        .zip(call.tensor_of(3, "attention_mask"));
    let is_causal = call.flag("use_causal_mask");
    let brought = |place: Option<usize>| call.masks().get(place?)?.clone();
    let inputs = call.inputs();
    let of_values = [inputs.place(1, "value"), inputs.place(2, "key")];
    let [of_value, of_key] = of_values.map(brought);
    let of_query = call.mask().cloned();
    let f = &mut *call.function;
    let mut all: Option<Edge> = None;
    for (mask, axis) in [(of_query, -1), (of_value, 1), (of_key, 1)] {
        if let Some(mask) = mask {
            let mask = f.expand_dims(&mask, axis)?;
            all = Some(both(f, all, mask)?);
        }
    }
    if is_causal {
        let (queries, values) = (f.shape(query)?, f.shape(value)?);
        let (queries, values) = (f.size_at(&queries, 1)?, f.size_at(&values, 1)?);
        let earlier = not_later(f, &queries, &values)?;
        let earlier = f.expand_dims(&earlier, 0)?;
        all = Some(both(f, all, earlier)?);
    }
    Ok(match (given, all) {
        (Some((rank, given)), Some(all)) => {
            let given = f.cast(given, DataType::DT_BOOL)?;
            Some(Mask {
                value: f.logical_and(&given, &all)?,
                rank: rank.max(3),
            })
        }
        (Some((rank, given)), None) => Some(Mask {
            value: given.clone(),
            rank,
        }),
        (None, all) => all.map(|value| Mask { value, rank: 3 }),
    })
}

fn both(f: &mut FunctionBuilder, one: Option<Edge>, other: Edge) -> Result<Edge> {
    match one {
        Some(one) => f.logical_and(&one, &other),
        None => Ok(other),
    }
}
