//! The arrays of layers, whose order and axes changed: `spec/keras_config.md#arrays-of-keras-1`.

use serde_json::Value;

use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::part::Part;
use crate::tensor::Tensor;

/// What is done to the arrays of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rewrite {
    /// They are those of Keras 1, and become those of Keras 2.
    pub from_keras1: bool,
    /// Kernels of convolutions are turned around: Theano applied them the other way round.
    pub flip: bool,
}

/// The arrays of a layer, whose config is that of Keras 2 or 3, with their names in the file.
///
/// # Errors
///
/// [`ErrorKind::Malformed`] for arrays that are not those of the layer.
pub(crate) fn rewrite(
    layer: Part<'_>,
    stored: &[(&str, Tensor<'static>)],
    how: Rewrite,
) -> Result<Vec<Tensor<'static>>> {
    if !layer.is_model() {
        let tensors = stored.iter().map(|(_, tensor)| tensor.clone());
        return of_layer(layer, tensors.collect(), how);
    }
    let mut rewritten = Vec::new();
    let mut rest = stored;
    while let Some((first, _)) = rest.first() {
        let owner = owner(layer, first);
        let Some(inner) = owner else {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("`{first}` names none of the layers of the model it is in"),
            ));
        };
        let is_next = |(name, _): &(&str, Tensor<'static>)| {
            self::owner(layer, name).is_none_or(|it| it.name() != inner.name())
        };
        let end = rest.iter().position(is_next).unwrap_or(rest.len());
        let (own, after) = rest.split_at(end);
        let tensors = own.iter().map(|(_, tensor)| tensor.clone()).collect();
        let place = || format!("layer `{}`", inner.name());
        rewritten.extend(of_layer(inner, tensors, how).within(place)?);
        rest = after;
    }
    Ok(rewritten)
}

/// The innermost layer of a model that a variable is called after.
fn owner<'n>(model: Part<'n>, stored: &str) -> Option<Part<'n>> {
    let mut best: Option<(usize, Part<'n>)> = None;
    let mut left = model.layers();
    while let Some(layer) = left.pop() {
        if layer.is_model() {
            left.extend(layer.layers());
            continue;
        }
        let names = [Some(layer), layer.wrapped(), layer.backward()];
        for name in names.into_iter().flatten().map(Part::name) {
            let longer = best.is_none_or(|(length, _)| name.len() > length);
            if longer && is_after(stored, name) {
                best = Some((name.len(), layer));
            }
        }
    }
    best.map(|(_, layer)| layer)
}

/// Whether a part of a path is a layer's name, or begins with it: `dense_1_W`, `forward_lstm_1_b`.
fn is_after(stored: &str, layer: &str) -> bool {
    !layer.is_empty()
        && stored.split('/').any(|part| {
            let bare = part
                .strip_prefix("forward_")
                .or_else(|| part.strip_prefix("backward_"));
            [Some(part), bare].into_iter().flatten().any(|part| {
                part.strip_prefix(layer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
        })
}

/// The arrays of a layer that is no model.
fn of_layer(
    layer: Part<'_>,
    mut tensors: Vec<Tensor<'static>>,
    how: Rewrite,
) -> Result<Vec<Tensor<'static>>> {
    let class = layer.class_name();
    match class {
        "Bidirectional" => {
            let backward = tensors.split_off(tensors.len() / 2);
            let mut all = each(layer.wrapped(), tensors, how)?;
            all.extend(each(layer.backward(), backward, how)?);
            return Ok(all);
        }
        "TimeDistributed" => return each(layer.wrapped(), tensors, how),
        _ => {}
    }
    if how.from_keras1 {
        for (index, tensor) in tensors.iter_mut().enumerate() {
            if let Some(moved) = moved(layer, index, tensor)? {
                *tensor = moved;
            }
        }
        tensors = match (class, tensors.len()) {
            // Input, cell, forget, output; since then the cell comes third.
            ("LSTM" | "ConvLSTM2D", 12) => joined(&tensors, &[0, 2, 1, 3])?,
            ("GRU", 9) => joined(&tensors, &[0, 1, 2])?,
            _ => tensors,
        };
    }
    if how.flip
        && is_flipped_by_theano(class)
        && let Some(kernel) = tensors.first_mut()
    {
        // All axes but those of the channels.
        let axes: Vec<usize> = (0..kernel.shape().len().saturating_sub(2)).collect();
        *kernel = kernel.reversed(&axes)?;
    }
    Ok(tensors)
}

fn each(
    layer: Option<Part<'_>>,
    tensors: Vec<Tensor<'static>>,
    how: Rewrite,
) -> Result<Vec<Tensor<'static>>> {
    match layer {
        Some(layer) if !layer.is_model() => of_layer(layer, tensors, how),
        _ => Ok(tensors),
    }
}

/// Whether Theano applies the kernel of a class the other way round than TensorFlow does.
pub(crate) fn is_flipped_by_theano(class: &str) -> bool {
    const NEW: [&str; 4] = ["Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"];
    const OLD: [&str; 6] = [
        "Convolution1D",
        "Convolution2D",
        "Convolution3D",
        "AtrousConvolution1D",
        "AtrousConvolution2D",
        "Deconvolution2D",
    ];
    NEW.contains(&class) || OLD.contains(&class)
}

/// Kernel, recurrent kernel and bias, each of all gates; `gates` is where each gate is in the file.
fn joined(tensors: &[Tensor<'static>], gates: &[usize]) -> Result<Vec<Tensor<'static>>> {
    let all = (0..3_usize).map(|kind| {
        let parts = gates.iter().filter_map(|gate| {
            let at = gate.saturating_mul(3).saturating_add(kind);
            tensors.get(at)
        });
        let parts: Vec<&Tensor<'static>> = parts.collect();
        Tensor::joined(&parts)
    });
    all.collect()
}

/// An array whose axes have another order in Keras 2.
fn moved(
    layer: Part<'_>,
    index: usize,
    tensor: &Tensor<'static>,
) -> Result<Option<Tensor<'static>>> {
    let config = |key: &str| layer.config().and_then(|config| config.get(key));
    let channels_first = config("data_format").is_some_and(|it| it == "channels_first");
    let axes: &[usize] = match (layer.class_name(), index, channels_first) {
        ("Conv1D", 0, _) => return one_dimensional(layer, tensor).map(Some),
        ("Conv2D", 0, true) => &[2, 3, 1, 0],
        ("SeparableConv2D", 0 | 1, true) => &[2, 3, 1, 0],
        ("Conv2DTranspose", 0, false) => &[0, 1, 3, 2],
        ("Conv2DTranspose", 0, true) => &[2, 3, 0, 1],
        ("Conv3D", 0, true) => &[2, 3, 4, 1, 0],
        ("ConvLSTM2D", _, true) if tensor.shape().len() == 4 => &[2, 3, 1, 0],
        _ => return Ok(None),
    };
    tensor.transposed(axes).map(Some)
}

/// Kernels in one dimension had a second one, of size 1: of rows `(length, 1, in, filters)`, before
/// Keras 1.2 `(filters, in, length, 1)`.
fn one_dimensional(layer: Part<'_>, tensor: &Tensor<'static>) -> Result<Tensor<'static>> {
    let number = |key: &str| {
        let value = layer.config()?.get(key)?;
        let single = value.as_array().map_or(Some(value), |items| items.first());
        single.and_then(Value::as_u64)
    };
    let (length, filters) = (number("kernel_size"), number("filters"));
    let kernel = match *tensor.shape() {
        [rows, 1, _, last] if Some(rows) == length && Some(last) == filters => tensor.clone(),
        [first, _, rows, 1] if Some(rows) == length && Some(first) == filters => {
            tensor.transposed(&[2, 3, 1, 0])?
        }
        // Already without the axis.
        [_, _, _] => return Ok(tensor.clone()),
        ref other => {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("a kernel of shape {other:?}, expected one of Keras 1's"),
            ));
        }
    };
    let [rows, _, channels, filters] = *kernel.shape() else {
        return Ok(kernel);
    };
    kernel.reshape([rows, channels, filters])
}
