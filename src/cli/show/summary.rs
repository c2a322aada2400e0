//! What `show` says about a model, for people and for programs.

use hornfels::tensor::Shape;
use serde::Serialize;

use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal};
use crate::text;

/// A model and its file: `spec/cli.md#show`.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) schema: u32,
    pub(super) file: String,
    pub(super) format: &'static str,
    pub(super) bytes: u64,
    pub(super) superblock_version: u8,
    pub(super) keras_version: Option<String>,
    pub(super) backend: Option<String>,
    pub(super) dialect: &'static str,
    pub(super) name: String,
    pub(super) class: String,
    pub(super) layers: Vec<LayerRow>,
    pub(super) parameters: Parameters,
    pub(super) variable_bytes: VariableBytes,
    pub(super) optimizer: Option<Optimizer>,
    pub(super) loss: Option<serde_json::Value>,
    pub(super) metrics: Vec<String>,
}

/// A layer of the model, or of a model in it.
#[derive(Debug, Serialize)]
pub(super) struct LayerRow {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) output_shape: OutputShape,
    pub(super) parameters: u64,
    pub(super) trainable: bool,
    pub(super) connected_to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) layers: Option<Vec<LayerRow>>,
}

/// The shape of what a layer gives, as Keras's summary has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OutputShape {
    Unknown,
    One(Shape),
    /// Several outputs, or the one output of an input layer.
    List(Vec<Shape>),
    /// The calls of a shared layer give different shapes.
    Multiple,
}

/// Numbers in variables, each variable counted once.
#[derive(Debug, Default, Serialize)]
pub(super) struct Parameters {
    pub(super) total: u64,
    pub(super) trainable: u64,
    pub(super) non_trainable: u64,
}

/// The bytes these numbers take.
#[derive(Debug, Default, Serialize)]
pub(super) struct VariableBytes {
    pub(super) total: u64,
    pub(super) trainable: u64,
    pub(super) non_trainable: u64,
}

/// What the model was trained with.
#[derive(Debug, Serialize)]
pub(super) struct Optimizer {
    pub(super) class: Option<String>,
    pub(super) config: serde_json::Value,
    /// How many variables its state has, and how large they are.
    pub(super) variables: usize,
    pub(super) variable_bytes: u64,
}

impl Serialize for OutputShape {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            OutputShape::Unknown => serializer.serialize_none(),
            OutputShape::One(shape) => serializer.collect_seq(&shape.0),
            OutputShape::List(shapes) => serializer.collect_seq(shapes.iter().map(|shape| &shape.0)),
            OutputShape::Multiple => serializer.serialize_str("multiple"),
        }
    }
}

impl OutputShape {
    fn text(&self) -> String {
        match self {
            OutputShape::Unknown => "?".to_owned(),
            OutputShape::One(shape) => shape.to_string(),
            OutputShape::List(shapes) => {
                let shapes: Vec<String> = shapes.iter().map(Shape::to_string).collect();
                format!("[{}]", shapes.join(", "))
            }
            OutputShape::Multiple => "multiple".to_owned(),
        }
    }
}

impl Summary {
    /// The summary as text; layers of nested models are listed on request.
    pub(super) fn render(&self, expand: bool, terminal: &Terminal) -> String {
        let mut lines = self.head();
        lines.push(String::new());
        lines.push(self.table(expand).render(terminal));
        lines.extend(self.foot());
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }

    fn head(&self) -> Vec<String> {
        let version = self.keras_version.as_deref().unwrap_or("of unknown version");
        let backend = self.backend.as_ref().map(|backend| format!(" ({})", text::safe(backend)));
        vec![
            format!("Model: \"{}\" ({})", text::safe(&self.name), text::safe(&self.class)),
            format!(
                "File:  HDF5, superblock {}, {}",
                self.superblock_version,
                text::size(self.bytes)
            ),
            format!(
                "Keras: {}{}, configs of {}",
                text::safe(version),
                backend.unwrap_or_default(),
                self.dialect
            ),
        ]
    }

    fn table(&self, expand: bool) -> Table {
        let mut columns = vec![
            ("Layer (type)", Align::Left),
            ("Output shape", Align::Left),
            ("Params", Align::Right),
        ];
        let connected = self.layers.iter().any(|layer| !layer.connected_to.is_empty());
        if connected {
            columns.push(("Connected to", Align::Left));
        }
        let mut table = Table::new(columns);
        fill(&mut table, &self.layers, 0, expand, connected);
        table
    }

    fn foot(&self) -> Vec<String> {
        let (parameters, bytes) = (&self.parameters, &self.variable_bytes);
        let mut lines: Vec<String> = [
            ("Total params:", parameters.total, bytes.total),
            ("Trainable params:", parameters.trainable, bytes.trainable),
            ("Non-trainable params:", parameters.non_trainable, bytes.non_trainable),
        ]
        .into_iter()
        .map(|(label, count, bytes)| {
            format!("{label:21} {} ({})", text::grouped(count), text::size(bytes))
        })
        .collect();
        lines.push(format!("{:21} {}", "Optimizer:", self.optimizer_text()));
        if let Some(loss) = &self.loss {
            lines.push(format!("{:21} {}", "Loss:", text::safe(&names(loss))));
        }
        if !self.metrics.is_empty() {
            let metrics = self.metrics.join(", ");
            lines.push(format!("{:21} {}", "Metrics:", text::safe(&metrics)));
        }
        lines
    }

    fn optimizer_text(&self) -> String {
        let Some(optimizer) = &self.optimizer else {
            return "none".to_owned();
        };
        let class = optimizer.class.as_deref().unwrap_or("of unknown class");
        let state = match optimizer.variables {
            0 => "without state".to_owned(),
            count => format!("state of {count} variables, {}", text::size(optimizer.variable_bytes)),
        };
        format!("{}, {state}", text::safe(class))
    }
}

fn fill(table: &mut Table, layers: &[LayerRow], depth: usize, expand: bool, connected: bool) {
    for layer in layers {
        let indent = "| ".repeat(depth);
        let name = text::safe(&layer.name);
        let class = text::safe(&layer.class);
        let mut cells = vec![
            format!("{indent}{name} ({class})"),
            layer.output_shape.text(),
            text::grouped(layer.parameters),
        ];
        if connected {
            cells.push(text::safe(&layer.connected_to.join(", ")).into_owned());
        }
        match depth {
            0 => table.row(cells),
            _ => table.styled_row(cells, Style::Dim),
        }
        if let Some(inner) = layer.layers.as_ref().filter(|_| expand) {
            fill(table, inner, depth + 1, expand, connected);
        }
    }
}

/// A loss or metric as a name: a string, the name of an object, or several of them.
pub(super) fn names(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(name) => name.clone(),
        Value::Array(values) => values.iter().map(names).collect::<Vec<_>>().join(", "),
        Value::Object(object) => {
            let config = object.get("config").and_then(Value::as_object);
            let name = config.and_then(|config| config.get("name")).and_then(Value::as_str);
            let class = object.get("class_name").and_then(Value::as_str);
            match name.or(class) {
                Some(name) => name.to_owned(),
                None => {
                    let parts = object.iter().map(|(key, value)| format!("{key}: {}", names(value)));
                    parts.collect::<Vec<_>>().join(", ")
                }
            }
        }
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_those_of_keras() {
        let shape = Shape(vec![None, Some(3)]);
        check(OutputShape::One(shape.clone()), "(None, 3)", json!([null, 3]));
        check(OutputShape::List(vec![shape]), "[(None, 3)]", json!([[null, 3]]));
        check(OutputShape::Multiple, "multiple", json!("multiple"));
        check(OutputShape::Unknown, "?", json!(null));
    }

    #[track_caller]
    fn check(shape: OutputShape, text: &str, json: serde_json::Value) {
        assert_eq!(shape.text(), text);
        assert_eq!(serde_json::to_value(&shape).unwrap(), json);
    }

    #[test]
    fn losses_and_metrics_have_names() {
        for (value, name) in [
            (json!("mse"), "mse"),
            (json!(["mse", "mae"]), "mse, mae"),
            (json!({"out_1": "mse", "out_2": null}), "out_1: mse, out_2: none"),
            (json!({"class_name": "Huber", "config": {"name": "huber_loss"}}), "huber_loss"),
            (json!({"class_name": "Huber", "config": {}}), "Huber"),
        ] {
            assert_eq!(names(&value), name);
        }
    }
}
