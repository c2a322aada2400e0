//! The compiled metrics, objects that add up: `spec/saved_model.md#metrics`.
//!
//! Which metrics there are follows from the compile config alone. Their variables begin anew, as in
//! Keras: HDF5 files do not have them, and `load_model` compiles the model again.

use serde_json::{Map, Value, json};

use super::layer_objects::{Described, LayerObjects};
use super::objects::ObjectId;
use super::variables::{SavedVariable, SavedVariables, VariableId};
use crate::keras::CompileConfig;
use crate::proto::tensorflow::{VariableAggregation, VariableSynchronization};
use crate::tensor::{DType, Shape, Tensor};

/// An output of a model.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) shape: Option<Shape>,
}

/// A metric whose variables are among those that are saved.
#[derive(Debug)]
pub(super) struct SavedMetric {
    class: String,
    config: Map<String, Value>,
    variables: Vec<(&'static str, VariableId)>,
}

/// A metric, by its class.
#[derive(Clone, Debug, PartialEq)]
struct Metric {
    class: String,
    config: Map<String, Value>,
}

/// Adds the variables of a model's metrics to those that are saved.
pub(super) fn add_variables(
    compile: &CompileConfig,
    outputs: &[Output],
    saved: &mut SavedVariables<'_>,
) -> Vec<SavedMetric> {
    let metrics = of_model(compile, outputs).into_iter();
    let metrics = metrics.filter_map(|metric| {
        let mut variables = Vec::new();
        for (name, shape) in metric.variables()? {
            let variable = SavedVariable {
                synchronization: VariableSynchronization::VARIABLE_SYNCHRONIZATION_ON_READ,
                aggregation: VariableAggregation::VARIABLE_AGGREGATION_SUM,
                ..SavedVariable::fixed(name, Tensor::zeros(DType::Float32, shape).ok()?)
            };
            variables.push((name, saved.add(variable)));
        }
        Some(SavedMetric {
            variables,
            class: metric.class,
            config: metric.config,
        })
    });
    metrics.collect()
}

/// In Keras's order: the loss, that of each output where there are several, then what was asked for.
fn of_model(compile: &CompileConfig, outputs: &[Output]) -> Vec<Metric> {
    let mut metrics = vec![Metric::mean("loss")];
    let several = outputs.len() > 1;
    let losses = compile.losses().cloned().unwrap_or_default();
    if several {
        let with_loss = outputs.iter().zip(of_outputs(&losses, outputs));
        let with_loss = with_loss.filter(|(_, losses)| !losses.is_empty());
        metrics.extend(with_loss.map(|(it, _)| Metric::mean(&format!("{}_loss", it.name))));
    }
    for key in ["metrics", "weighted_metrics"] {
        let asked = compile.json().get(key).cloned().unwrap_or_default();
        for (output, asked) in outputs.iter().zip(of_outputs(&asked, outputs)) {
            let prefix = match several {
                true => format!("{}_", output.name),
                false => String::new(),
            };
            let asked = asked.into_iter();
            metrics.extend(asked.filter_map(|it| Metric::asked(it, output, &prefix)));
        }
    }
    metrics
}

/// What is said of each output: of all the same, of each in a list, or of some by name.
fn of_outputs<'v>(value: &'v Value, outputs: &[Output]) -> Vec<Vec<&'v Value>> {
    let one = |value: &'v Value| match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().collect(),
        other => vec![other],
    };
    match value {
        Value::Object(by_name) if !by_name.contains_key("class_name") => {
            let of = |output: &Output| by_name.get(&output.name).map(one).unwrap_or_default();
            outputs.iter().map(of).collect()
        }
        Value::Array(list) if list.iter().any(|it| it.is_array() || it.is_null()) => {
            let of = |place: usize| list.get(place).map(one).unwrap_or_default();
            (0..outputs.len()).map(of).collect()
        }
        same => outputs.iter().map(|_| one(same)).collect(),
    }
}

impl Metric {
    fn mean(name: &str) -> Metric {
        Metric::new("Mean", name)
    }

    fn new(class: &str, name: &str) -> Metric {
        let config = [("name", json!(name)), ("dtype", json!("float32"))];
        let config = config.map(|(key, value)| (key.to_owned(), value));
        Metric {
            class: class.to_owned(),
            config: config.into_iter().collect(),
        }
    }

    /// A metric as `compile` was given it: a function's name, that of a class, or a config.
    fn asked(asked: &Value, output: &Output, prefix: &str) -> Option<Metric> {
        if let Some(name) = asked.as_str() {
            if name.starts_with(|it: char| it.is_ascii_uppercase()) && !FUNCTIONS.knows(name) {
                let named = format!("{prefix}{}", snake_case(name));
                return Some(Metric::new(name, &named));
            }
            let mut metric = Metric::new("MeanMetricWrapper", &format!("{prefix}{name}"));
            let function = FUNCTIONS.in_full(name, output);
            metric.config.insert("fn".to_owned(), json!(function));
            return Some(metric);
        }
        let class = asked.get("class_name")?.as_str()?;
        let mut config = asked.get("config")?.as_object()?.clone();
        let name = config.get("name").and_then(Value::as_str);
        let name = name.map_or_else(|| snake_case(class), str::to_owned);
        // A model that was trained before has full names in its config.
        let name = match name.starts_with(prefix) {
            true => name,
            false => format!("{prefix}{name}"),
        };
        config.insert("name".to_owned(), json!(name));
        Some(Metric {
            class: class.to_owned(),
            config,
        })
    }

    /// The variables of the class by their names, all of them floats; none for a class that is
    /// not known, or sizes that nobody has.
    fn variables(&self) -> Option<Vec<(&'static str, Vec<u64>)>> {
        let scalars = |names: &[&'static str]| {
            let names = names.iter();
            names.map(|name| (*name, Vec::new())).collect()
        };
        let vectors = |size: u64, names: &[&'static str]| {
            let names = names.iter();
            names.map(|name| (*name, vec![size])).collect()
        };
        let thresholds = self.thresholds();
        let variables: Vec<(&'static str, Vec<u64>)> = match self.class.as_str() {
            // One row for each label, of which nothing is known before there are targets.
            "AUC" if self.config.get("multi_label") == Some(&json!(true)) => return None,
            "Sum" => scalars(&["total"]),
            "TruePositives" | "TrueNegatives" | "FalsePositives" | "FalseNegatives" => {
                vectors(thresholds, &["accumulator"])
            }
            "Precision" => vectors(thresholds, &["true_positives", "false_positives"]),
            "Recall" => vectors(thresholds, &["true_positives", "false_negatives"]),
            "AUC"
            | "PrecisionAtRecall"
            | "RecallAtPrecision"
            | "SensitivityAtSpecificity"
            | "SpecificityAtSensitivity" => {
                vectors(self.number("num_thresholds").unwrap_or(200), &CONFUSION)
            }
            "IoU" | "BinaryIoU" | "MeanIoU" | "OneHotIoU" | "OneHotMeanIoU" => {
                let classes = match self.class.as_str() {
                    "BinaryIoU" => 2,
                    _ => self.number("num_classes")?,
                };
                vec![("total_confusion_matrix", vec![classes, classes])]
            }
            class if MEANS.contains(&class) => scalars(&["total", "count"]),
            _ => return None,
        };
        let fits = |shape: &[u64]| {
            let elements = shape
                .iter()
                .try_fold(1_u64, |all, size| all.checked_mul(*size));
            elements.is_some_and(|elements| elements <= LARGEST)
        };
        variables
            .iter()
            .all(|(_, shape)| fits(shape))
            .then_some(variables)
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.config.get(key)?.as_u64()
    }

    /// How many thresholds there are: one, unless there is a list.
    fn thresholds(&self) -> u64 {
        let thresholds = self.config.get("thresholds").and_then(Value::as_array);
        let count = thresholds.map_or(1, Vec::len);
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// How many elements a variable may have: sizes come from a config.
const LARGEST: u64 = 1 << 20;

const CONFUSION: [&str; 4] = [
    "true_positives",
    "true_negatives",
    "false_positives",
    "false_negatives",
];

/// Classes that add up values and count them.
const MEANS: [&str; 27] = [
    "Mean",
    "MeanMetricWrapper",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "Hinge",
    "SquaredHinge",
    "CategoricalHinge",
    "Poisson",
    "KLDivergence",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
    "CosineSimilarity",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "RootMeanSquaredError",
    "LogCoshError",
    "SumOverBatchSizeMetricWrapper",
    "SumOverBatchSize",
    "MeanRelativeError",
    "BinaryFocalCrossentropy",
];

/// Functions by the names that `compile` takes for them.
struct Functions;

const FUNCTIONS: Functions = Functions;

impl Functions {
    fn knows(&self, name: &str) -> bool {
        self.short(name).is_some()
    }

    /// The function in full. Those of accuracy depend on the output, which is compared with itself
    /// as long as there are no targets.
    fn in_full(&self, name: &str, output: &Output) -> String {
        let last = output.shape.as_ref().and_then(|it| it.0.last().copied());
        let kind = match last.flatten() {
            Some(1) => "binary",
            _ => "categorical",
        };
        match name {
            "accuracy" | "acc" => format!("{kind}_accuracy"),
            "crossentropy" | "ce" => format!("{kind}_crossentropy"),
            name => self.short(name).unwrap_or(name).to_owned(),
        }
    }

    fn short(&self, name: &str) -> Option<&'static str> {
        Some(match name {
            "ACC" => "accuracy",
            "bce" | "BCE" => "binary_crossentropy",
            "mse" | "MSE" => "mean_squared_error",
            "mae" | "MAE" => "mean_absolute_error",
            "mape" | "MAPE" => "mean_absolute_percentage_error",
            "msle" | "MSLE" => "mean_squared_logarithmic_error",
            "log_cosh" => "logcosh",
            "cosine_proximity" => "cosine_similarity",
            "kld" | "KLD" => "kullback_leibler_divergence",
            _ => return None,
        })
    }
}

/// The name Keras gives an object of a class: `MeanSquaredError` to `mean_squared_error`.
fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().collect();
    let mut name = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|it| letters.get(it));
        let after = letters.get(place + 1);
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|it| {
                !it.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase)
            });
        if begins {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

impl SavedMetric {
    /// The metric's object.
    pub(super) fn object(&self, layers: &mut LayerObjects<'_, '_>) -> ObjectId {
        let variables = self.variables.iter();
        let variables: Vec<(&str, ObjectId)> = variables
            .map(|(name, id)| (*name, layers.variable(*id)))
            .collect();
        let objects = &mut layers.objects;
        let metric = objects.user("_tf_keras_metric");
        let list = objects.list(variables.iter().map(|(_, variable)| *variable));
        let api = objects.user("_generic_user_object");
        objects.own(metric, "variables", list);
        objects.own(metric, "keras_api", api);
        objects.own(api, "variables", list);
        if self.config.contains_key("thresholds") {
            let thresholds = objects.list([]);
            objects.own(metric, "thresholds", thresholds);
        }
        for (name, variable) in variables {
            objects.own(metric, name, variable);
        }
        if self.config.contains_key("fn") {
            let arguments = objects.dictionary();
            objects.own(metric, "_fn_kwargs", arguments);
        }
        let described = Described::Metric(self.metadata());
        layers.described.push((metric, described));
        metric
    }

    /// What Keras makes the metric from.
    fn metadata(&self) -> Map<String, Value> {
        let of_config = |key: &str| self.config.get(key).cloned().unwrap_or_default();
        let metadata = [
            ("class_name", json!(self.class)),
            ("name", of_config("name")),
            ("dtype", of_config("dtype")),
            ("config", Value::Object(self.config.clone())),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
        metadata.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::Sgd;

    fn outputs(names: &[&str]) -> Vec<Output> {
        let outputs = names.iter().enumerate().map(|(place, name)| Output {
            name: (*name).to_owned(),
            shape: Some(Shape(vec![None, Some(1 + place as u64)])),
        });
        outputs.collect()
    }

    /// Class and name of each, and the function if there is one.
    fn of(compile: &CompileConfig, names: &[&str]) -> Vec<String> {
        let metrics = of_model(compile, &outputs(names)).into_iter();
        let shown = metrics.map(|it| {
            let text = |key: &str| it.config.get(key).and_then(Value::as_str).unwrap_or("-");
            format!("{} {} {}", it.class, text("name"), text("fn"))
        });
        shown.collect()
    }

    #[test]
    fn metrics_are_named_as_keras_names_them() {
        let compile = CompileConfig::new(Sgd::new()).loss("mse");
        let auc = json!({"class_name": "AUC", "config": {"num_thresholds": 5}});
        let single = compile.clone().metrics([
            json!("mae"),
            json!("acc"),
            auc.clone(),
            json!("MeanSquaredError"),
        ]);
        assert_eq!(
            of(&single, &["a"]),
            [
                "Mean loss -",
                "MeanMetricWrapper mae mean_absolute_error",
                "MeanMetricWrapper acc binary_accuracy",
                "AUC auc -",
                "MeanSquaredError mean_squared_error -",
            ]
        );
        let lists = compile
            .clone()
            .metrics([json!(["acc"]), json!(["acc", auc])]);
        assert_eq!(
            of(&lists, &["a", "b"]),
            [
                "Mean loss -",
                "Mean a_loss -",
                "Mean b_loss -",
                "MeanMetricWrapper a_acc binary_accuracy",
                "MeanMetricWrapper b_acc categorical_accuracy",
                "AUC b_auc -",
            ]
        );
        let full = json!({"class_name": "AUC", "config": {"name": "b_auc"}});
        let trained = compile.metrics([json!([]), json!([full])]);
        assert_eq!(
            of(&trained, &["a", "b"]).pop().as_deref(),
            Some("AUC b_auc -")
        );
        let some = CompileConfig::new(Sgd::new()).loss(json!({"b": "mse"}));
        assert_eq!(of(&some, &["a", "b"]), ["Mean loss -", "Mean b_loss -"]);
    }

    #[test]
    fn classes_have_their_variables() {
        let of = |class: &str, config: Value| {
            let config = config.as_object().cloned().unwrap_or_default();
            let class = class.to_owned();
            Metric { class, config }.variables()
        };
        let mean = [("total", vec![]), ("count", vec![])];
        assert_eq!(of("Mean", json!({})), Some(mean.to_vec()));
        let recall = [("true_positives", vec![3]), ("false_negatives", vec![3])];
        let thresholds = json!({"thresholds": [0.1, 0.5, 0.9]});
        assert_eq!(of("Recall", thresholds), Some(recall.to_vec()));
        let matrix = vec![("total_confusion_matrix", vec![4, 4])];
        assert_eq!(of("MeanIoU", json!({"num_classes": 4})), Some(matrix));
        assert_eq!(of("MeanIoU", json!({"num_classes": 1_u64 << 40})), None);
        assert_eq!(of("Mine", json!({})), None);
    }
}
