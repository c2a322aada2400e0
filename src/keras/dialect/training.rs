//! What a compiled model was compiled with: `spec/keras_config.md#training`.

use serde_json::{Map, Value, json};

use super::{Dialect, Kind, Translator, class_name};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::compile::CompileConfig;
use crate::keras::naming::snake_case;
use crate::keras::optimizer::REGISTERED;

/// Metrics that Keras 2 writes as a function in a `MeanMetricWrapper`, and their classes.
const METRIC_FUNCTIONS: &[(&str, &str)] = &[
    ("accuracy", "Accuracy"),
    ("binary_accuracy", "BinaryAccuracy"),
    ("binary_crossentropy", "BinaryCrossentropy"),
    ("categorical_accuracy", "CategoricalAccuracy"),
    ("categorical_crossentropy", "CategoricalCrossentropy"),
    ("categorical_hinge", "CategoricalHinge"),
    ("cosine_similarity", "CosineSimilarity"),
    ("hinge", "Hinge"),
    ("kl_divergence", "KLDivergence"),
    ("kullback_leibler_divergence", "KLDivergence"),
    ("log_cosh", "LogCoshError"),
    ("logcosh", "LogCoshError"),
    ("mean_absolute_error", "MeanAbsoluteError"),
    (
        "mean_absolute_percentage_error",
        "MeanAbsolutePercentageError",
    ),
    ("mean_squared_error", "MeanSquaredError"),
    (
        "mean_squared_logarithmic_error",
        "MeanSquaredLogarithmicError",
    ),
    ("poisson", "Poisson"),
    ("sparse_categorical_accuracy", "SparseCategoricalAccuracy"),
    (
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy",
    ),
    (
        "sparse_top_k_categorical_accuracy",
        "SparseTopKCategoricalAccuracy",
    ),
    ("squared_hinge", "SquaredHinge"),
    ("top_k_categorical_accuracy", "TopKCategoricalAccuracy"),
];

/// Short names of losses. Keras 3 cannot load an HDF5 file with one of them.
const LOSS_ABBREVIATIONS: &[(&str, &str)] = &[
    ("bce", "binary_crossentropy"),
    ("kld", "kl_divergence"),
    ("kullback_leibler_divergence", "kl_divergence"),
    ("logcosh", "log_cosh"),
    ("mae", "mean_absolute_error"),
    ("mape", "mean_absolute_percentage_error"),
    ("mse", "mean_squared_error"),
    ("msle", "mean_squared_logarithmic_error"),
    ("MAE", "mean_absolute_error"),
    ("MAPE", "mean_absolute_percentage_error"),
    ("MSE", "mean_squared_error"),
    ("MSLE", "mean_squared_logarithmic_error"),
];

impl CompileConfig {
    /// The same in the vocabulary of `to`, with the keys of the HDF5 attribute `training_config`.
    ///
    /// # Errors
    ///
    /// As [`translate`](super::translate): an optimizer, loss or metric that is not built in.
    pub fn to_dialect(&self, to: Dialect) -> Result<CompileConfig> {
        let from = self.dialect();
        let config = translate_training_config(self.json(), from, to);
        let config = config.within(|| "training config")?;
        CompileConfig::from_json(Value::Object(config), to)
    }
}

fn translate_training_config(
    config: &Map<String, Value>,
    from: Dialect,
    to: Dialect,
) -> Result<Map<String, Value>> {
    if from == to {
        return Ok(config.clone());
    }
    if from == Dialect::Keras1 {
        // The legacy optimizers of Keras 2 take what those of Keras 1 wrote.
        return translate_training_config(config, Dialect::Keras2, to);
    }
    let translator = Translator::new(from, to)?;
    let of = |key: &str| config.get(key).unwrap_or(&Value::Null);
    let loss = translator
        .each(Kind::Loss, of("loss"))
        .within(|| "`loss`")?;
    let metrics = translator.metrics(of("metrics")).within(|| "`metrics`")?;
    let weighted = translator
        .metrics(of("weighted_metrics"))
        .within(|| "`weighted_metrics`")?;
    let mut translated = Map::new();
    translated.insert("loss".to_owned(), loss);
    translated.insert("metrics".to_owned(), metrics);
    translated.insert("weighted_metrics".to_owned(), weighted);
    translated.insert("loss_weights".to_owned(), of("loss_weights").clone());
    if to == Dialect::Keras3 {
        translated.insert("run_eagerly".to_owned(), Value::Bool(false));
        translated.insert("steps_per_execution".to_owned(), Value::from(1));
        translated.insert("jit_compile".to_owned(), Value::Bool(false));
    }
    // Archives of Keras 3 call it `optimizer`.
    let optimizer = config
        .get("optimizer_config")
        .or_else(|| config.get("optimizer"));
    if let Some(Value::Object(optimizer)) = optimizer {
        let mut optimizer = translator.optimizer(optimizer)?;
        // The file says class and config only, in both dialects.
        optimizer.retain(|key, _| key == "class_name" || key == "config");
        translated.insert("optimizer_config".to_owned(), Value::Object(optimizer));
    }
    Ok(translated)
}

impl Translator<'_> {
    /// A metric or loss, or a list or JSON object of such.
    fn each(self, kind: Kind, value: &Value) -> Result<Value> {
        match value {
            Value::String(name) if kind == Kind::Loss => Ok(full_name(name).into()),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.each(kind, item));
                items.collect::<Result<Vec<Value>>>().map(Value::Array)
            }
            Value::Object(object) if object.contains_key("class_name") => {
                match object.get("config") {
                    Some(Value::String(function)) => Ok(function.clone().into()),
                    _ => self.metric_or_loss(kind, object),
                }
            }
            Value::Object(items) => {
                let mut translated = Map::new();
                for (key, item) in items {
                    translated.insert(key.clone(), self.each(kind, item)?);
                }
                Ok(Value::Object(translated))
            }
            other => Ok(other.clone()),
        }
    }

    /// Keras 2 gives each output a list of metrics, Keras 3 does not if there is one output.
    fn metrics(self, value: &Value) -> Result<Value> {
        let metrics = match (self.to, value) {
            (Dialect::Keras3, Value::Array(outputs)) => match outputs.as_slice() {
                [metrics @ Value::Array(_)] => metrics,
                _ => value,
            },
            _ => value,
        };
        self.each(Kind::Metric, metrics)
    }

    fn metric_or_loss(self, kind: Kind, object: &Map<String, Value>) -> Result<Value> {
        let mut object = object.clone();
        if self.to == Dialect::Keras3 && class_name(&object)? == "MeanMetricWrapper" {
            unwrap_metric(&mut object)?;
        }
        self.object(kind, &object).map(Value::Object)
    }

    /// An optimizer. The classes of Keras 2.11 and later are meant, which share Keras 3's keys;
    /// what only the legacy classes before them had is rewritten.
    pub(super) fn optimizer(self, object: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut object = object.clone();
        let class = class_name(&object)?;
        let class = class.strip_prefix(REGISTERED).unwrap_or(class).to_owned();
        object.insert("class_name".to_owned(), class.clone().into());
        if let Some(Value::Object(config)) = object.get_mut("config") {
            if self.to == Dialect::Keras3 {
                modernize(&class, config);
            }
            let named_by_class = |name: &Value| {
                name.as_str().is_some_and(|name| {
                    name.eq_ignore_ascii_case(&class) || name == snake_case(&class)
                })
            };
            if config.get("name").is_some_and(named_by_class) {
                match self.to {
                    Dialect::Keras3 => config.shift_remove("name"),
                    _ => config.insert("name".to_owned(), class.clone().into()),
                };
            }
        }
        let mut translated = self.object(Kind::Optimizer, &object)?;
        if self.to == Dialect::Keras2 {
            // Without the prefix and the flag Keras 2.15 takes the legacy class.
            translated.insert(
                "class_name".to_owned(),
                format!("{REGISTERED}{class}").into(),
            );
            if let Some(Value::Object(config)) = translated.get_mut("config") {
                config.insert("is_legacy_optimizer".to_owned(), Value::Bool(false));
            }
        }
        Ok(translated)
    }
}

/// The keys of the legacy optimizers in those of the new ones.
fn modernize(class: &str, config: &mut Map<String, Value>) {
    if let Some(rate) = config.shift_remove("lr") {
        config.entry("learning_rate").or_insert(rate);
    }
    // Null stood for a default of the backend's.
    if config.get("epsilon").is_some_and(Value::is_null) {
        config.shift_remove("epsilon");
    }
    let Some(decay) = config.shift_remove("decay") else {
        return;
    };
    if class == "Nadam" {
        // There it is what later versions do not have: how fast the momentum grows.
        return;
    }
    let rate = config
        .get("learning_rate")
        .filter(|rate| rate.is_number())
        .cloned();
    if decay.as_f64().is_some_and(|decay| decay != 0.0)
        && let Some(rate) = rate
    {
        // Legacy optimizers divide the rate by 1 + decay × iterations.
        let schedule = json!({
            "class_name": "InverseTimeDecay",
            "config": {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay, "staircase": false},
        });
        config.insert("learning_rate".to_owned(), schedule);
    }
}

/// Makes a metric of its own class from a function in a `MeanMetricWrapper`.
fn unwrap_metric(object: &mut Map<String, Value>) -> Result<()> {
    let Some(Value::Object(config)) = object.get_mut("config") else {
        return Ok(());
    };
    let function = config.shift_remove("fn").unwrap_or_default();
    let known = METRIC_FUNCTIONS.iter().find(|(name, _)| function == *name);
    let Some((_, class)) = known else {
        return Err(Error::new(
            ErrorKind::UnknownObject,
            format!("metric function {function} is not built into Keras"),
        )
        .with_hint("save the model in the dialect it came in, or without its training config"));
    };
    object.insert("class_name".to_owned(), (*class).into());
    Ok(())
}

fn full_name(loss: &str) -> &str {
    let known = LOSS_ABBREVIATIONS.iter().find(|(short, _)| *short == loss);
    known.map_or(loss, |(_, full)| full)
}
