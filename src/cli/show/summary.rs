//! What `show` says about a model, for people and for programs.

use hornfels::tensor::Shape;
use serde::{Serialize, Serializer};

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
    #[serde(flatten)]
    pub(super) contents: Contents,
    /// Whether kernels of convolutions are stored back to front.
    pub(super) theano_kernels: bool,
}

/// What a model consists of, whatever it is in.
#[derive(Debug, Serialize)]
pub(super) struct Contents {
    pub(super) name: String,
    pub(super) class: String,
    pub(super) layers: Vec<LayerRow>,
    /// Numbers in variables, and the bytes they take.
    pub(super) parameters: u64,
    /// Those of them that training changes.
    pub(super) trainable_parameters: u64,
    pub(super) variable_bytes: u64,
    pub(super) optimizer: Option<Optimizer>,
    pub(super) loss: Option<serde_json::Value>,
    pub(super) metrics: Vec<String>,
}

/// A layer of the model, or of a model in it.
#[derive(Debug, Serialize)]
pub(super) struct LayerRow {
    pub(super) name: String,
    pub(super) class: String,
    #[serde(rename = "output_shapes")]
    pub(super) outputs: Outputs,
    /// `None` inside a nested model, whose variables are stored together.
    pub(super) parameters: Option<u64>,
    pub(super) trainable_parameters: Option<u64>,
    pub(super) connected_to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) layers: Option<Vec<LayerRow>>,
}

/// The shapes of what a layer gives.
#[derive(Debug)]
pub(super) enum Outputs {
    Known(Vec<Shape>),
    /// Each call gives other shapes.
    Multiple,
    /// The class is not known here, or a class before it.
    Unknown,
}

impl Outputs {
    fn text(&self) -> String {
        match self {
            Outputs::Known(shapes) => match shapes.as_slice() {
                [only] => only.to_string(),
                several => {
                    let several: Vec<String> = several.iter().map(Shape::to_string).collect();
                    format!("[{}]", several.join(", "))
                }
            },
            Outputs::Multiple => "multiple".to_owned(),
            Outputs::Unknown => "?".to_owned(),
        }
    }
}

impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Outputs::Known(shapes) => serializer.collect_seq(shapes.iter().map(|shape| &shape.0)),
            Outputs::Multiple => serializer.serialize_str("multiple"),
            Outputs::Unknown => serializer.serialize_none(),
        }
    }
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

impl Summary {
    /// The summary as text; layers of nested models are listed on request.
    pub(super) fn render(&self, expand: bool, terminal: &Terminal) -> String {
        let mut lines = self.head();
        lines.push(String::new());
        lines.push(self.contents.render(expand, terminal));
        if self.theano_kernels {
            let note =
                "kernels as Theano has them, back to front; `convert --flip-kernels` turns them";
            lines.push(format!("{:14} {note}", "Note:"));
        }
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }

    fn head(&self) -> Vec<String> {
        let version = self
            .keras_version
            .as_deref()
            .unwrap_or("of unknown version");
        let backend = self
            .backend
            .as_ref()
            .map(|backend| format!(" ({})", text::safe(backend)));
        vec![
            format!(
                "Model: {} ({})",
                text::safe(&self.contents.name),
                text::safe(&self.contents.class)
            ),
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
}

impl Contents {
    /// Layers and totals; layers of nested models are listed on request. No line end follows.
    pub(super) fn render(&self, expand: bool, terminal: &Terminal) -> String {
        let mut lines = vec![self.table(expand).render(terminal)];
        lines.extend(self.foot());
        lines.join("\n")
    }

    fn table(&self, expand: bool) -> Table {
        let mut columns = vec![
            ("Layer (type)", Align::Left),
            ("Output shape", Align::Left),
            ("Params", Align::Right),
        ];
        let connected = !self.is_chain();
        if connected {
            columns.push(("Connected to", Align::Left));
        }
        let mut table = Table::new(columns);
        fill(&mut table, &self.layers, 0, expand, connected);
        table
    }

    /// Whether each layer takes what the one before it gives, so that nothing need be said of it.
    fn is_chain(&self) -> bool {
        let sources = self
            .layers
            .iter()
            .map(|layer| layer.connected_to.as_slice());
        let before = self
            .layers
            .iter()
            .map(|layer| format!("{}[0][0]", layer.name));
        let mut pairs = sources.skip(1).zip(before);
        self.layers
            .first()
            .is_none_or(|first| first.connected_to.is_empty())
            && (self
                .layers
                .iter()
                .all(|layer| layer.connected_to.is_empty())
                || pairs.all(|(sources, before)| sources == [before]))
    }

    fn foot(&self) -> Vec<String> {
        let fixed = self.parameters.saturating_sub(self.trainable_parameters);
        let counts = [
            ("Total params:", self.parameters),
            ("Trainable params:", self.trainable_parameters),
            ("Non-trainable params:", fixed),
        ];
        let bytes = text::size(self.variable_bytes);
        let mut lines: Vec<String> = counts
            .iter()
            .map(|(what, count)| format!("{what:21} {}", text::grouped(*count)))
            .collect();
        if let Some(total) = lines.first_mut() {
            total.push_str(&format!(" ({bytes})"));
        }
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
            count => format!(
                "state of {count} variables, {}",
                text::size(optimizer.variable_bytes)
            ),
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
            layer.outputs.text(),
            layer.parameters.map(text::grouped).unwrap_or_default(),
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
            let name = config
                .and_then(|config| config.get("name"))
                .and_then(Value::as_str);
            let class = object.get("class_name").and_then(Value::as_str);
            match name.or(class) {
                Some(name) => name.to_owned(),
                None => {
                    let parts = object
                        .iter()
                        .map(|(key, value)| format!("{key}: {}", names(value)));
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
    fn losses_and_metrics_have_names() {
        for (value, name) in [
            (json!("mse"), "mse"),
            (json!(["mse", "mae"]), "mse, mae"),
            (
                json!({"out_1": "mse", "out_2": null}),
                "out_1: mse, out_2: none",
            ),
            (
                json!({"class_name": "Huber", "config": {"name": "huber_loss"}}),
                "huber_loss",
            ),
            (json!({"class_name": "Huber", "config": {}}), "Huber"),
        ] {
            assert_eq!(names(&value), name);
        }
    }
}
