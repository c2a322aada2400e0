//! `hornfels show`: what a model is.

mod summary;

use std::path::PathBuf;

use hornfels::Result;
use hornfels::keras::{CompileConfig, Dialect, Layer, Model, Network, OptimizerState};
use serde_json::Value;

use self::summary::{LayerRow, Optimizer, Summary};
use crate::exit::Exit;
use crate::output::Output;
use crate::source;
use crate::terminal::Terminal;

/// Show what a model is: its layers, parameters, optimizer, and the Keras that wrote it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The model, or `-`
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// List the layers of nested models too
    #[arg(long)]
    expand: bool,
}

pub(crate) fn run(args: &Args, terminal: &Terminal, out: &mut Output) -> Result<Exit> {
    let (file, model) = source::file_and_model(&args.model)?;
    let name = source::name(&args.model);
    let summary = Summary {
        schema: 1,
        file: name,
        format: "h5",
        bytes: file.len(),
        superblock_version: file.superblock_version(),
        keras_version: model.metadata.keras_version.clone(),
        backend: model.metadata.backend.clone(),
        dialect: match model.network.dialect() {
            Dialect::Keras1 => "Keras 1",
            Dialect::Keras2 => "Keras 2",
            Dialect::Keras3 => "Keras 3",
        },
        name: model.name().to_owned(),
        class: model.network.object().class_name().to_owned(),
        layers: layers(&model),
        parameters: model
            .variables
            .iter()
            .map(|variable| variable.tensor.len())
            .sum(),
        variable_bytes: model
            .variables
            .iter()
            .map(|variable| variable.tensor.byte_len())
            .sum(),
        optimizer: model
            .compile
            .as_ref()
            .map(|compile| optimizer(compile, model.optimizer.as_ref())),
        loss: model
            .compile
            .as_ref()
            .and_then(|compile| compile.losses().cloned()),
        metrics: model.compile.as_ref().map(metrics).unwrap_or_default(),
    };
    if terminal.json {
        out.json(&summary)?;
    } else {
        out.text(&summary.render(args.expand, terminal))?;
    }
    Ok(Exit::Fine)
}

/// The layers of the model. What a nested model holds counts for the layer that it is.
fn layers(model: &Model<'_>) -> Vec<LayerRow> {
    let count = |layer: &Layer| {
        let variables = model.variables.of_layer(layer.name());
        Some(variables.iter().map(|variable| variable.tensor.len()).sum())
    };
    rows(&model.network, &count)
}

fn rows(network: &Network, count: &dyn Fn(&Layer) -> Option<u64>) -> Vec<LayerRow> {
    // As Keras's summary: the input of a Sequential is not one of its layers.
    let is_sequential = matches!(network, Network::Sequential(_));
    let is_input = |layer: &&Layer| is_sequential && layer.class_name() == "InputLayer";
    network
        .layers()
        .iter()
        .filter(|layer| !is_input(layer))
        .map(|layer| LayerRow {
            name: layer.name().to_owned(),
            class: layer.class_name().to_owned(),
            parameters: count(layer),
            connected_to: connected_to(layer).unwrap_or_else(|_| vec!["?".to_owned()]),
            layers: layer.network().map(|inner| rows(inner, &|_| None)),
        })
        .collect()
}

/// The tensors that come into a layer, in the order of its calls: `dense[0][0]`.
fn connected_to(layer: &Layer) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for call in layer.nodes()? {
        for source in call.inputs() {
            let (layer, node, tensor) = (&source.layer, source.node, source.tensor);
            found.push(format!("{layer}[{node}][{tensor}]"));
        }
    }
    Ok(found)
}

fn optimizer(compile: &CompileConfig, state: Option<&OptimizerState<'_>>) -> Optimizer {
    let object = compile.optimizer();
    let variables = state
        .map(|state| state.variables.as_slice())
        .unwrap_or_default();
    Optimizer {
        class: object.as_ref().map(|object| object.class_name().to_owned()),
        config: object.map_or(Value::Null, |object| Value::Object(object.config().clone())),
        variables: variables.len(),
        variable_bytes: variables
            .iter()
            .map(|variable| variable.tensor.byte_len())
            .sum(),
    }
}

fn metrics(compile: &CompileConfig) -> Vec<String> {
    match compile.json().get("metrics") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(metrics)) => metrics.iter().map(summary::names).collect(),
        Some(other) => vec![summary::names(other)],
    }
}
