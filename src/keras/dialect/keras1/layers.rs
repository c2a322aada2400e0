//! Classes, keys and values of the layers of Keras 1: `spec/keras_config.md#keras-1`.

use serde_json::{Map, Value, json};

use super::{Reader, merge};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::dialect::class::no_counterpart;
use crate::keras::dialect::class_name;
use crate::keras::object::Dialect;

/// What the classes of Keras 1 are called since.
const CLASSES: &[(&str, &str)] = &[
    ("AtrousConvolution1D", "Conv1D"),
    ("AtrousConvolution2D", "Conv2D"),
    ("Convolution1D", "Conv1D"),
    ("Convolution2D", "Conv2D"),
    ("Convolution3D", "Conv3D"),
    ("Deconvolution2D", "Conv2DTranspose"),
    ("SeparableConvolution2D", "SeparableConv2D"),
    // Since then Dense itself works on the last axis of any tensor.
    ("TimeDistributedDense", "Dense"),
];

/// Classes that kept their names.
const KEPT: &str = "Activation ActivityRegularization AveragePooling1D AveragePooling2D AveragePooling3D \
    BatchNormalization Bidirectional ConvLSTM2D Cropping1D Cropping2D Cropping3D Dense Dropout ELU Embedding \
    Flatten GRU GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D \
    GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D InputLayer LSTM LeakyReLU \
    LocallyConnected1D LocallyConnected2D Masking MaxPooling1D MaxPooling2D MaxPooling3D PReLU Permute \
    RepeatVector Reshape SimpleRNN SpatialDropout1D SpatialDropout2D SpatialDropout3D ThresholdedReLU \
    TimeDistributed UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D";

/// Classes that Keras 2 does without.
const GONE: &[&str] = &["Highway", "MaxoutDense", "ParametricSoftplus", "SReLU"];

/// Keys that got another name, in every class.
const RENAMED: &[(&str, &str)] = &[
    ("U_regularizer", "recurrent_regularizer"),
    ("W_constraint", "kernel_constraint"),
    ("W_regularizer", "kernel_regularizer"),
    ("atrous_rate", "dilation_rate"),
    ("b_constraint", "bias_constraint"),
    ("b_regularizer", "bias_regularizer"),
    ("beta_init", "beta_initializer"),
    ("bias", "use_bias"),
    ("border_mode", "padding"),
    ("consume_less", "implementation"),
    ("dim_ordering", "data_format"),
    ("dropout_U", "recurrent_dropout"),
    ("dropout_W", "dropout"),
    ("filter_length", "kernel_size"),
    ("forget_bias_init", "unit_forget_bias"),
    ("gamma_init", "gamma_initializer"),
    ("init", "kernel_initializer"),
    ("inner_activation", "recurrent_activation"),
    ("inner_init", "recurrent_initializer"),
    ("input_dtype", "dtype"),
    ("length", "size"),
    ("nb_filter", "filters"),
    ("output_dim", "units"),
    ("p", "rate"),
    ("pool_length", "pool_size"),
    ("sigma", "stddev"),
    ("stride", "strides"),
    ("subsample", "strides"),
    ("subsample_length", "strides"),
];

/// Keys that kept their names.
const SAME: &str = "activation activity_regularizer alpha axis batch_input_shape beta_regularizer cropping \
    depth_multiplier depthwise_constraint depthwise_regularizer dims epsilon gamma_regularizer go_backwards l1 l2 \
    layer mask_value mask_zero merge_mode momentum n name padding pointwise_constraint pointwise_regularizer \
    pool_size return_sequences shared_axes size sparse stateful strides target_shape theta trainable unroll";

/// Keys that say nothing that others do not, or nothing about predictions.
const IDLE: &str = "input_dim input_length weights";

/// The sizes of a kernel, one by one.
const KERNEL_SIZES: [&[&str]; 2] = [
    &["nb_row", "nb_col"],
    &["kernel_dim1", "kernel_dim2", "kernel_dim3"],
];

impl Reader {
    /// The class and the config of a layer that is no model.
    pub(super) fn plain_layer(
        self,
        layer: &Map<String, Value>,
    ) -> Result<(&'static str, Map<String, Value>)> {
        let class = class_name(layer)?;
        let Some(Value::Object(config)) = layer.get("config") else {
            return Err(super::malformed("a layer without `config`"));
        };
        if class == "Merge" {
            return merge::to_keras2(config);
        }
        let new = new_class(class)?;
        let mut translated = Map::new();
        for (key, value) in config {
            self.entry(class, new, key, value, &mut translated)?;
        }
        for sizes in KERNEL_SIZES {
            let sizes: Option<Vec<Value>> =
                sizes.iter().map(|key| config.get(*key).cloned()).collect();
            if let Some(sizes) = sizes {
                translated.insert("kernel_size".to_owned(), Value::Array(sizes));
            }
        }
        self.complete(class, new, config, &mut translated)?;
        Ok((new, translated))
    }

    /// One key with its value.
    fn entry(
        self,
        class: &str,
        new_class: &str,
        key: &str,
        value: &Value,
        translated: &mut Map<String, Value>,
    ) -> Result<()> {
        let is_size = KERNEL_SIZES.iter().any(|sizes| sizes.contains(&key));
        let is_output = class == "Deconvolution2D" && key == "output_shape";
        if is_size || is_output {
            return Ok(());
        }
        match (class, key) {
            ("Embedding", "dropout") | ("InputLayer", "trainable") => return Ok(()),
            ("Embedding", "input_dim" | "input_length" | "output_dim") => {
                translated.insert(key.to_owned(), value.clone());
                return Ok(());
            }
            // Only the other modes compute something else.
            ("BatchNormalization", "mode") if value.as_u64() == Some(0) => return Ok(()),
            (_, "init") if new_class == "SeparableConv2D" => {
                for key in ["depthwise_initializer", "pointwise_initializer"] {
                    translated.insert(key.to_owned(), initializer(value));
                }
                return Ok(());
            }
            _ => {}
        }
        if IDLE.split(' ').any(|idle| idle == key) {
            return Ok(());
        }
        let Some(name) = new_key(class, key) else {
            if value.is_null() {
                return Ok(());
            }
            return Err(no_counterpart(class, key, value, Dialect::Keras2));
        };
        if let Some(value) = self
            .value(class, name, value)
            .within(|| format!("`{key}`"))?
        {
            translated.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// The value of a key by its new name; none if it is left out.
    fn value(self, class: &str, key: &str, value: &Value) -> Result<Option<Value>> {
        let text = value.as_str().unwrap_or_default();
        Ok(Some(match key {
            // In Keras 2 this is the dtype of the layer's own variables, in Keras 1 of what comes in.
            "dtype"
                if class != "InputLayer"
                    && !(text.starts_with("float") && class != "Embedding") =>
            {
                return Ok(None);
            }
            "data_format" => data_format(text).unwrap_or(self.data_format).into(),
            "implementation" => i32::from(text == "gpu").saturating_add(1).into(),
            "unit_forget_bias" => (text == "one").into(),
            "layer" => match value {
                Value::Object(layer) => Value::Object(self.layer(layer)?),
                _ => {
                    return Err(super::malformed(
                        "a wrapper around something that is no layer",
                    ));
                }
            },
            _ if key.ends_with("initializer") => initializer(value),
            _ if key.ends_with("regularizer") => regularizer(value)?,
            _ if key.ends_with("constraint") => constraint(value)?,
            "padding" if class == "ZeroPadding1D" || class == "ZeroPadding2D" => sides(value),
            _ => value.clone(),
        }))
    }

    /// What Keras 1 did not say and later versions take otherwise.
    fn complete(
        self,
        class: &str,
        new: &str,
        config: &Map<String, Value>,
        translated: &mut Map<String, Value>,
    ) -> Result<()> {
        const SILENT: &[&str] = &["Cropping", "SpatialDropout", "UpSampling", "ZeroPadding"];
        let is_silent = SILENT.iter().any(|start| class.starts_with(start));
        if is_silent && !class.ends_with("1D") && !translated.contains_key("data_format") {
            translated.insert("data_format".to_owned(), self.data_format.into());
        }
        if class == "GRU" {
            translated.insert("reset_after".to_owned(), Value::Bool(false));
        }
        if class == "InputLayer" {
            translated.insert("ragged".to_owned(), Value::Bool(false));
        }
        if new == "Conv2DTranspose"
            && let Some(padding) = output_padding(config, translated)?
        {
            translated.insert("output_padding".to_owned(), padding);
        }
        Ok(())
    }
}

/// What a class is called in Keras 2.
fn new_class(class: &str) -> Result<&'static str> {
    let renamed = CLASSES.iter().find(|(old, _)| *old == class);
    let kept = || KEPT.split(' ').find(|kept| *kept == class);
    if let Some(new) = renamed.map(|(_, new)| *new).or_else(kept) {
        return Ok(new);
    }
    let (kind, message) = if class == "Lambda" {
        (
            ErrorKind::Refused,
            "a `Lambda` holds Python bytecode, which is not moved to Keras 2".to_owned(),
        )
    } else if GONE.contains(&class) {
        (
            ErrorKind::Unsupported,
            format!("the layer `{class}` has no counterpart in Keras 2"),
        )
    } else {
        (
            ErrorKind::UnknownObject,
            format!("layer `{class}` is not built into Keras 1, so it cannot be translated"),
        )
    };
    Err(Error::new(kind, message).with_hint("save the model in the dialect it came in"))
}

fn new_key(class: &str, key: &str) -> Option<&'static str> {
    match (class, key) {
        ("Embedding", "init") => return Some("embeddings_initializer"),
        ("Embedding", "W_regularizer") => return Some("embeddings_regularizer"),
        ("Embedding", "W_constraint") => return Some("embeddings_constraint"),
        ("PReLU", "init") => return Some("alpha_initializer"),
        _ => {}
    }
    let renamed = RENAMED.iter().find(|(old, _)| *old == key);
    let same = || SAME.split(' ').find(|same| *same == key);
    renamed.map(|(_, new)| *new).or_else(same)
}

/// The order of axes by the name of the library that had it; none for a setting of the program.
pub(super) fn data_format(ordering: &str) -> Option<&'static str> {
    match ordering {
        "tf" => Some("channels_last"),
        "th" => Some("channels_first"),
        _ => None,
    }
}

/// Initializers were functions; what they had as defaults is written now.
fn initializer(value: &Value) -> Value {
    let name = value.as_str().unwrap_or_default();
    let (class, config) = match name {
        "uniform" => (
            "RandomUniform",
            json!({"minval": -0.05, "maxval": 0.05, "seed": null}),
        ),
        "normal" => (
            "RandomNormal",
            json!({"mean": 0.0, "stddev": 0.05, "seed": null}),
        ),
        "lecun_uniform" => ("LecunUniform", json!({"seed": null})),
        "glorot_normal" => ("GlorotNormal", json!({"seed": null})),
        "glorot_uniform" => ("GlorotUniform", json!({"seed": null})),
        "he_normal" => ("HeNormal", json!({"seed": null})),
        "he_uniform" => ("HeUniform", json!({"seed": null})),
        "orthogonal" => ("Orthogonal", json!({"gain": 1.1, "seed": null})),
        "identity" => ("Identity", json!({"gain": 1.0})),
        "zero" => ("Zeros", json!({})),
        "one" => ("Ones", json!({})),
        _ => return value.clone(),
    };
    json!({"class_name": class, "config": config})
}

fn regularizer(value: &Value) -> Result<Value> {
    let Value::Object(old) = value else {
        return Ok(value.clone());
    };
    match old.get("name").and_then(Value::as_str) {
        Some("L1L2Regularizer" | "WeightRegularizer" | "ActivityRegularizer") => {
            let of = |key: &str| old.get(key).cloned().unwrap_or_else(|| 0.0.into());
            Ok(json!({"class_name": "L1L2", "config": {"l1": of("l1"), "l2": of("l2")}}))
        }
        _ => Err(no_counterpart(
            "a layer",
            "regularizer",
            value,
            Dialect::Keras2,
        )),
    }
}

fn constraint(value: &Value) -> Result<Value> {
    let Value::Object(old) = value else {
        return Ok(value.clone());
    };
    let keys: (&str, &[(&str, &str)]) = match old.get("name").and_then(Value::as_str) {
        Some("MaxNorm") => ("MaxNorm", &[("m", "max_value"), ("axis", "axis")]),
        Some("NonNeg") => ("NonNeg", &[]),
        Some("UnitNorm") => ("UnitNorm", &[("axis", "axis")]),
        Some("MinMaxNorm") => (
            "MinMaxNorm",
            &[
                ("low", "min_value"),
                ("high", "max_value"),
                ("rate", "rate"),
                ("axis", "axis"),
            ],
        ),
        _ => {
            return Err(no_counterpart(
                "a layer",
                "constraint",
                value,
                Dialect::Keras2,
            ));
        }
    };
    let (class, keys) = keys;
    let config = keys.iter().filter_map(|(old_key, key)| {
        let value = old.get(*old_key)?;
        Some(((*key).to_owned(), value.clone()))
    });
    let config: Map<String, Value> = config.collect();
    Ok(json!({"class_name": class, "config": config}))
}

/// Padding by the names of its sides.
fn sides(value: &Value) -> Value {
    let Value::Object(sides) = value else {
        return match value.as_array().map(Vec::as_slice) {
            // One number for each side of each axis.
            Some([top, bottom, left, right]) => json!([[top, bottom], [left, right]]),
            _ => value.clone(),
        };
    };
    let of = |key: &str| sides.get(key).cloned().unwrap_or_else(|| 0.into());
    let of_rows = sides
        .keys()
        .any(|key| key == "top_pad" || key == "bottom_pad");
    let columns = json!([of("left_pad"), of("right_pad")]);
    if of_rows {
        json!([[of("top_pad"), of("bottom_pad")], columns])
    } else {
        columns
    }
}

/// Keras 1 was told how large the output of a transposed convolution is; what the strides alone
/// would give can be less by some rows.
fn output_padding(
    config: &Map<String, Value>,
    translated: &Map<String, Value>,
) -> Result<Option<Value>> {
    let numbers = |value: Option<&Value>| -> Vec<Option<u64>> {
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.map(Value::as_u64).collect()
    };
    let shape = numbers(config.get("output_shape"));
    let first = if translated
        .get("data_format")
        .is_some_and(|it| it == "channels_first")
    {
        2
    } else {
        1
    };
    let sizes = shape.get(first..).unwrap_or_default().iter().take(2);
    let strides = numbers(translated.get("strides"));
    let kernel = numbers(translated.get("kernel_size"));
    let is_same = translated.get("padding").is_some_and(|it| it == "same");
    let mut paddings = Vec::new();
    let mut is_default = true;
    for ((size, stride), kernel) in sizes.zip(strides).zip(kernel) {
        let (Some(size), Some(stride), Some(kernel)) = (*size, stride, kernel) else {
            return Ok(None);
        };
        let over = |of: u64| of.checked_rem(stride).unwrap_or_default();
        let (padding, is_own) = match (is_same, over(size)) {
            // A whole stride more than the kernel reaches: by default, and not if it is even.
            (true, 0) => (stride.saturating_sub(kernel % 2), true),
            (true, rows) => (rows.saturating_sub(kernel % 2), false),
            (false, _) => {
                let more = over(size.saturating_sub(kernel));
                (more, more == 0)
            }
        };
        is_default &= is_own;
        paddings.push((padding, stride));
    }
    if is_default {
        return Ok(None);
    }
    if paddings.iter().any(|(padding, stride)| padding >= stride) {
        let shape = config.get("output_shape").unwrap_or(&Value::Null);
        return Err(no_counterpart(
            "Deconvolution2D",
            "output_shape",
            shape,
            Dialect::Keras2,
        ));
    }
    let paddings = paddings.into_iter().map(|(padding, _)| padding);
    Ok(Some(paddings.collect()))
}
