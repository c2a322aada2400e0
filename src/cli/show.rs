//! `hornfels show`: what a model is.

mod saved_model;
mod summary;

use std::path::PathBuf;

use hornfels::keras::naming::is_statistic;
use hornfels::keras::{CompileConfig, Dialect, Layer, Model, Network, OptimizerState, Variable};
use hornfels::layers::{Inference, InferredLayer, LayerRegistry};
use hornfels::{Result, Tensor};
use serde_json::Value;

use self::summary::{Contents, LayerRow, Optimizer, Outputs, Summary};
use crate::exit::Exit;
use crate::output::Output;
use crate::source;
use crate::terminal::Terminal;

/// Show what a model is: its layers, parameters, optimizer, and the Keras that wrote it; of a SavedModel
/// directory its signatures and variables
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The model, a file or a SavedModel directory, or `-`
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// List the layers of nested models too
    #[arg(long)]
    expand: bool,
    /// List the objects of a SavedModel too
    #[arg(long)]
    objects: bool,
}

pub(crate) fn run(args: &Args, terminal: &Terminal, out: &mut Output) -> Result<Exit> {
    if saved_model::is_saved_model(&args.model) {
        let mut summary = saved_model::read(&args.model)?;
        if summary.is_keras() {
            match source::model(&args.model) {
                Ok(model) => summary.model = Some(contents(&model)),
                // The rest is there all the same.
                Err(error) => summary.problem = Some(error.to_string()),
            }
        }
        match terminal.json {
            true => out.json(&summary)?,
            false => out.text(&summary.render(args.expand, args.objects, terminal))?,
        }
        return Ok(Exit::Fine);
    }
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
        contents: contents(&model),
        theano_kernels: model.has_theano_kernels(),
    };
    if terminal.json {
        out.json(&summary)?;
    } else {
        out.text(&summary.render(args.expand, terminal))?;
    }
    Ok(Exit::Fine)
}

/// What there is to say of a model, whatever it is in.
fn contents(model: &Model<'_>) -> Contents {
    let inference = Inference::of(&model.network, &LayerRegistry::builtin());
    let layers = layers(model, &inference);
    let trained = layers.iter().filter_map(|layer| layer.trainable_parameters);
    let trainable_parameters: u64 = trained.sum();
    let compile = model.compile.as_ref();
    let variables = || model.variables.iter().map(|it| &it.tensor);
    Contents {
        name: model.name().to_owned(),
        class: model.network.object().class_name().to_owned(),
        layers,
        parameters: variables().map(Tensor::len).sum(),
        trainable_parameters,
        variable_bytes: variables().map(Tensor::byte_len).sum(),
        optimizer: compile.map(|compile| optimizer(compile, model.optimizer.as_ref())),
        loss: compile.and_then(|compile| compile.losses().cloned()),
        metrics: compile.map(metrics).unwrap_or_default(),
    }
}

/// What is counted for a layer.
#[derive(Clone, Copy, Default)]
struct Count {
    all: u64,
    trainable: u64,
}

/// The layers of the model. What a nested model holds counts for the layer that it is.
fn layers(model: &Model<'_>, inference: &Inference) -> Vec<LayerRow> {
    let count = |layer: &Layer| {
        let variables = model.variables.of_layer(layer.name());
        Some(count(variables, inference.layer(layer.name()), layer))
    };
    rows(&model.network, inference, &count)
}

/// The numbers in the variables of a layer. Which of them are trained the config says, where the
/// class is known; else the variables' names do.
fn count(variables: &[Variable<'_>], inferred: Option<&InferredLayer>, layer: &Layer) -> Count {
    let specs = inferred.and_then(|layer| layer.variables.as_deref());
    let specs = specs.filter(|specs| specs.len() == variables.len());
    let is_trained = |(index, variable): (usize, &Variable<'_>)| match specs {
        Some(specs) => specs.get(index).is_some_and(|spec| spec.trainable),
        None => layer.trainable() && !is_statistic(&variable.path),
    };
    let mut count = Count::default();
    for (index, variable) in variables.iter().enumerate() {
        count.all += variable.tensor.len();
        if is_trained((index, variable)) {
            count.trainable += variable.tensor.len();
        }
    }
    count
}

fn rows(
    network: &Network,
    inference: &Inference,
    count: &dyn Fn(&Layer) -> Option<Count>,
) -> Vec<LayerRow> {
    // As Keras's summary: the input of a Sequential is not one of its layers.
    let is_sequential = matches!(network, Network::Sequential(_));
    let is_input = |layer: &&Layer| is_sequential && layer.class_name() == "InputLayer";
    let layers = network.layers().iter().filter(|layer| !is_input(layer));
    layers
        .map(|layer| {
            let count = count(layer);
            let inner = layer.network().map(|inner| {
                let inference = Inference::of(inner, &LayerRegistry::builtin());
                rows(inner, &inference, &|_| None)
            });
            LayerRow {
                name: layer.name().to_owned(),
                class: layer.class_name().to_owned(),
                outputs: outputs(layer, inference),
                parameters: count.map(|count| count.all),
                trainable_parameters: count.map(|count| count.trainable),
                connected_to: connected_to(layer).unwrap_or_else(|_| vec!["?".to_owned()]),
                layers: inner,
            }
        })
        .collect()
}

/// The shapes a layer gives. A nested model is shown with those of its own inputs, as in Keras.
fn outputs(layer: &Layer, inference: &Inference) -> Outputs {
    if let Some(inner @ Network::Functional(_)) = layer.network() {
        let inner = Inference::of(inner, &LayerRegistry::builtin());
        let shapes: Option<Vec<_>> = inner.outputs().iter().cloned().collect();
        if let Some(shapes) = shapes {
            return Outputs::Known(shapes);
        }
    }
    let Some(inferred) = inference.layer(layer.name()) else {
        return Outputs::Unknown;
    };
    match inferred.output_shapes() {
        Some(shapes) => Outputs::Known(shapes.to_vec()),
        None if inferred.calls.len() > 1 && inferred.calls.iter().all(Option::is_some) => {
            Outputs::Multiple
        }
        None => Outputs::Unknown,
    }
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
