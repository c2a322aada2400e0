//! A model becomes a directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::assets::Assets;
use super::build_shapes::BuildShapes;
use super::carried::{self, Gradient};
use super::checkpoint::Checkpoint;
use super::fingerprint::{FINGERPRINT, fingerprint};
use super::keras_metadata::{Source, keras_metadata};
use super::layer_objects::{Extras, LayerObjects};
use super::main_graph::{TableParts, main_graph};
use super::metrics::{self, Output, SavedMetric};
use super::object_graph::object_graph;
use super::objects::ObjectId;
use super::optimizer::{self, SavedOptimizer};
use super::settings::Settings;
use super::signatures::{ServedSignature, serve, wrapped_model};
use super::structured::Spec;
use super::tables::SavedTables;
use super::trace::{Request, Traced, Tracer};
use super::tree::{Branch, BranchKind, NETWORK_ARGUMENTS, branches, input_names, output_names};
use super::variables::{SavedVariable, SavedVariables};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::io::{CommitOptions, FilePlan, replace_directory};
use crate::keras::{Metadata, Model, Network};
use crate::keras_h5::{Keras2Model, Keras2Variable, keras2};
use crate::layers::{Ends, Inference, Inputs, input_specs};
use crate::options::{SaveOptions, SavedModelOptions, Signature, Signatures};
use crate::proto::Message;
use crate::proto::tensorflow::fingerprint::FingerprintDef;
use crate::proto::tensorflow::meta_graph::MetaInfoDef;
use crate::proto::tensorflow::{
    DataType, GraphDef, MetaGraphDef, SavedModel, SavedObjectGraph, VersionDef,
};
use crate::tensor::Tensor;

/// The TensorFlow whose files these are like.
const TENSORFLOW: &str = "2.15.1";
/// The version of graphs that it writes, and the oldest that can read them.
const GRAPH_VERSION: (i32, i32) = (1645, 12);
const DEFAULT_SIGNATURE: &str = "serving_default";

/// Saves a model as a SavedModel directory.
pub(crate) fn save(model: &Model<'_>, path: &Path, options: &SaveOptions) -> Result<()> {
    if model.metadata.dialect.is_none() {
        model.validate_with(&options.layers)?;
    }
    let defaults = SavedModelOptions::default();
    let settings = Settings::new(options.options.as_ref().unwrap_or(&defaults))?;
    let metadata = &model.metadata;
    let parts = Parts::new(keras2(model, options)?, metadata, options, settings)?;
    let bundle = parts.checkpoint.bundle(&parts.variables)?;
    let shards = settings.shards(parts.variables.byte_len());
    let commit = CommitOptions {
        overwrite: options.overwrite,
        ..options.file.commit.clone()
    };
    let mut files = vec![
        ("saved_model.pb", parts.saved_model),
        ("keras_metadata.pb", parts.metadata),
    ];
    replace_directory(path, &commit, |directory| {
        directory.create_directory("variables")?;
        directory.create_directory("assets")?;
        parts.assets.save_in(directory)?;
        let checkpoint_hash = bundle.save_in(directory, "variables/variables", shards)?;
        if settings.has_debug_info() {
            directory.create_directory("debug")?;
            files.push(("debug/saved_model_debug_info.pb", Vec::new()));
        }
        let fingerprint = FingerprintDef {
            checkpoint_hash,
            ..parts.fingerprint
        };
        files.push((FINGERPRINT, fingerprint.encode()?));
        for (name, bytes) in files {
            let mut plan = FilePlan::new();
            plan.inline(bytes);
            directory.write(name, plan)?;
        }
        Ok(())
    })
}

/// What the files of a SavedModel hold.
struct Parts<'m> {
    saved_model: Vec<u8>,
    metadata: Vec<u8>,
    /// Without the hash of the checkpoint, which is known when that is written.
    fingerprint: FingerprintDef,
    assets: Assets,
    checkpoint: Checkpoint,
    variables: SavedVariables<'m>,
}

impl<'m> Parts<'m> {
    fn new(
        model: Keras2Model<'m>,
        metadata: &'m Metadata,
        options: &SaveOptions,
        settings: Settings<'_>,
    ) -> Result<Parts<'m>> {
        let Keras2Model {
            network,
            variables,
            compile,
            optimizer,
        } = model;
        let inference = Inference::of(&network, &options.layers);
        let mut saved = of_layers(variables, &inference);
        let optimizer = optimizer.and_then(|it| optimizer::add_variables(it, &mut saved));
        let outputs = outputs(&network, &inference);
        let metrics = compile.as_ref();
        let metrics = metrics.map(|it| metrics::add_variables(it, &outputs, &mut saved));
        let metrics = metrics.unwrap_or_default();
        let shapes = BuildShapes::of(&network, &inference, &options.layers.bounded());
        let mut source = carried::Source::new(metadata.carried.as_ref());
        let branches = branches(&network, "", &options.layers.bounded(), &mut source)?;
        add_states(&branches, &shapes, &metadata.states, &mut saved)?;
        if options.save_traces {
            saved.tables = SavedTables::of(&branches, settings.vocabularies())?;
        }
        saved.place_on(settings.variable_device().as_deref());
        let training = Training {
            optimizer: optimizer.as_ref(),
            metrics: &metrics,
        };
        let tracer = Tracer::new(&saved, source);
        let given = (&inference, &shapes);
        let mut built = build(&network, branches, given, tracer, training, options)?;
        let numbered = built.layers.objects.number(built.root);
        let checkpoint = Checkpoint::new(&numbered, &saved)?;
        let source = Source {
            network: &network,
            branches: &built.branches,
            inputs: &built.inputs,
            compile: compile.as_ref(),
            shapes: &shapes,
        };
        let metadata = keras_metadata(source, &numbered, &built.layers.described);
        let objects = object_graph(&numbered, &saved, &built.layers, &built.gradients);
        let meta_graph = meta_graph(&mut built, &checkpoint, &saved, objects, settings)?;
        let (saved_model, fingerprint) = saved_model(meta_graph)?;
        Ok(Parts {
            saved_model,
            fingerprint,
            metadata: metadata.encode().within(|| "keras_metadata.pb")?,
            assets: built.layers.assets,
            checkpoint,
            variables: saved,
        })
    }
}

/// What `saved_model.pb` holds, and the hashes of it.
fn saved_model(meta_graph: MetaGraphDef) -> Result<(Vec<u8>, FingerprintDef)> {
    let saved = SavedModel {
        saved_model_schema_version: 1,
        meta_graphs: vec![meta_graph],
        ..SavedModel::default()
    };
    let encoded = saved.encode().within(|| "saved_model.pb")?;
    let fingerprint = fingerprint(saved, &encoded).within(|| FINGERPRINT)?;
    Ok((encoded, fingerprint))
}

/// The graph with everything that refers to it.
fn meta_graph(
    built: &mut Built<'_, '_, '_>,
    checkpoint: &Checkpoint,
    variables: &SavedVariables<'_>,
    objects: SavedObjectGraph,
    settings: Settings<'_>,
) -> Result<MetaGraphDef> {
    let aliases = settings.aliases(&built.layers, &built.signatures)?;
    let library = &mut built.layers.tracer.library;
    let device = settings.io_device();
    let tables = TableParts {
        initializers: &built.layers.initializers,
        assets: &built.layers.assets,
        carried: &built.layers.carried_tables,
    };
    let signatures = &built.signatures;
    let main = main_graph(library, checkpoint, variables, signatures, &tables, device)?;
    let library = std::mem::take(library).into_proto();
    settings.check_namespaces(&main.nodes, &library)?;
    let (producer, min_consumer) = GRAPH_VERSION;
    let versions = VersionDef {
        producer,
        min_consumer,
        ..VersionDef::default()
    };
    Ok(MetaGraphDef {
        meta_info_def: Some(MetaInfoDef {
            tags: settings.tags(),
            tensorflow_version: TENSORFLOW.to_owned(),
            stripped_default_attrs: true,
            function_aliases: aliases,
            ..MetaInfoDef::default()
        }),
        graph_def: Some(GraphDef {
            node: main.nodes,
            library: Some(library),
            versions: Some(versions),
            ..GraphDef::default()
        }),
        saver_def: Some(main.saver),
        asset_file_def: main.asset_file_def,
        signature_def: main.signatures,
        object_graph_def: Some(objects),
        ..MetaGraphDef::default()
    })
}

/// The variables of layers.
fn of_layers<'m>(variables: Vec<Keras2Variable<'m>>, inference: &Inference) -> SavedVariables<'m> {
    let mut saved = SavedVariables::default();
    for variable in variables {
        let shown = SavedVariable {
            trainable: is_trainable(inference, &variable),
            ..SavedVariable::fixed(variable.name, variable.tensor)
        };
        saved.add_of_layer(variable.path, shown);
    }
    saved
}

/// The variables' flag, as the layer they belong to has it.
fn is_trainable(inference: &Inference, variable: &Keras2Variable<'_>) -> bool {
    let path = variable.path.as_str();
    let mut ends = path.match_indices('/').map(|(end, _)| end);
    let found = ends.find_map(|end| {
        let layer = inference.layer(path.get(..end)?)?;
        let rest = path.get(end + 1..)?;
        let variables = layer.variables.as_ref()?;
        variables.iter().find(|it| it.path == rest)
    });
    found.map_or(!variable.is_fixed, |spec| spec.trainable)
}

/// Adds the variables that layers keep between calls, and that no file of weights has: with the values
/// that are known, else zeros.
fn add_states<'m>(
    branches: &[Branch<'_>],
    shapes: &BuildShapes,
    known: &'m BTreeMap<String, Tensor<'static>>,
    saved: &mut SavedVariables<'m>,
) -> Result<()> {
    for branch in branches {
        match &branch.kind {
            BranchKind::Network(_, inner) => add_states(inner, shapes, known, saved)?,
            BranchKind::Class(class) => {
                let inputs = shapes.of_layer(&branch.path);
                if inputs.is_empty() {
                    continue;
                }
                let states = class.states(&Inputs::of(inputs.iter().cloned()));
                for state in states.within(|| format!("layer `{}`", branch.layer.name()))? {
                    let path = format!("{}/{}", branch.path, state.path);
                    let fits = |it: &&Tensor<'_>| {
                        it.shape() == state.shape.as_slice() && it.dtype() == state.dtype
                    };
                    let value = match known.get(&path).filter(fits) {
                        Some(value) => value.clone(),
                        None => Tensor::zeros(state.dtype, &state.shape)?,
                    };
                    saved.add_state(path.clone(), SavedVariable::fixed(path, value));
                }
            }
            BranchKind::Input | BranchKind::Carried(_) | BranchKind::Unknown(_) => {}
        }
    }
    Ok(())
}

/// Objects and functions of a model.
struct Built<'n, 't, 'm> {
    layers: LayerObjects<'t, 'm>,
    root: ObjectId,
    signatures: Vec<ServedSignature>,
    inputs: Vec<Spec>,
    branches: Vec<Branch<'n>>,
    gradients: Vec<Gradient>,
}

/// What a compiled model has beside its layers.
#[derive(Clone, Copy)]
struct Training<'a> {
    optimizer: Option<&'a SavedOptimizer>,
    metrics: &'a [SavedMetric],
}

/// The model's outputs, as metrics know them.
fn outputs(network: &Network, inference: &Inference) -> Vec<Output> {
    let names = output_names(network, inference.outputs().len());
    let names = names.into_iter().enumerate();
    let outputs = names.map(|(place, name)| Output {
        name,
        shape: inference.outputs().get(place).cloned().flatten(),
    });
    outputs.collect()
}

fn build<'n, 't, 'm>(
    network: &'n Network,
    branches: Vec<Branch<'n>>,
    (inference, shapes): (&Inference, &'t BuildShapes),
    mut tracer: Tracer<'t, 'm>,
    training: Training<'_>,
    options: &SaveOptions,
) -> Result<Built<'n, 't, 'm>> {
    let inputs = match network {
        Network::Subclassed(_) => tracer.carried_inputs("")?.unwrap_or_default(),
        _ => model_inputs(network, options)?,
    };
    let mut traced = None;
    if options.save_traces {
        for training in [true, false] {
            traced = Some(tracer.root(network, &branches, &inputs, training)?);
        }
    }
    let mut layers = LayerObjects::new(tracer, options.save_traces, shapes);
    let (root, children) = layers.layers_of(network, &branches, "")?;
    let functions = layers.functions("", network.name(), NETWORK_ARGUMENTS, None)?;
    let metrics = training.metrics.iter().filter(|_| options.save_traces);
    let mut extras = Extras {
        metrics: metrics.map(|metric| metric.object(&mut layers)).collect(),
        ..Extras::default()
    };
    let mut signatures = Vec::new();
    if let Some(traced) = &traced {
        let names = output_names(network, traced.outputs.len());
        extras.signature = Some(wrapped_model(&mut layers, traced, &names)?);
        if options.signatures.is_none() {
            signatures.push(serve(&mut layers, DEFAULT_SIGNATURE, traced, &names)?);
        }
    }
    for (key, signature) in options.signatures.iter().flat_map(Signatures::iter) {
        let model = (network, branches.as_slice(), inputs.as_slice());
        let served = chosen(&mut layers, model, inference, key, signature);
        signatures.push(served.within(|| format!("signature `{key}`"))?);
    }
    layers.attach(&root, children, functions.as_ref(), extras);
    if let Some(optimizer) = training.optimizer {
        let optimizer = optimizer.object(&mut layers);
        layers.objects.own(root.object, "optimizer", optimizer);
    }
    let map = layers.objects.user("signature_map");
    for signature in &signatures {
        layers.objects.own(map, &signature.key, signature.object);
    }
    layers.objects.own(root.object, "signatures", map);
    let gradients = layers.tracer.carried.gradients(&mut layers.objects);
    Ok(Built {
        gradients,
        root: root.object,
        layers,
        signatures,
        inputs,
        branches,
    })
}

/// A signature that gives what some layers give.
fn chosen(
    layers: &mut LayerObjects<'_, '_>,
    (network, branches, inputs): (&Network, &[Branch<'_>], &[Spec]),
    inference: &Inference,
    key: &str,
    signature: &Signature,
) -> Result<ServedSignature> {
    let mut specs = inputs.to_vec();
    if let Some(batch) = signature.batch {
        let shapes = specs.iter_mut().filter_map(|spec| spec.shape.as_mut());
        for size in shapes.filter_map(|shape| shape.0.first_mut()) {
            *size = Some(batch);
        }
    }
    let shapes = Inputs::of(specs.iter().filter_map(|it| it.shape.clone()));
    let request = Request {
        name: format!("{}_{key}", network.name()),
        masks: Some(vec![false; specs.len()]),
        specs,
        training: Some(false),
        inputs: &shapes,
        ends: match signature.outputs.is_empty() {
            true => Ends::Outputs,
            false => Ends::Layers(&signature.outputs),
        },
    };
    let traced = Rc::new(layers.tracer.network(network, branches, request)?);
    let names = match signature.outputs.is_empty() {
        true => output_names(network, traced.outputs.len()),
        false => names_of(&signature.outputs, inference),
    };
    serve(layers, key, &traced, &names)
}

/// What the outputs of layers are called: the layer, numbered where it gives several tensors.
fn names_of(layers: &[String], inference: &Inference) -> Vec<String> {
    let names = layers.iter().flat_map(|layer| {
        let first = inference.layer(layer).and_then(|it| it.calls.first());
        let count = first.and_then(Option::as_ref).map_or(1, Vec::len);
        (0..count).map(move |index| match (count, index) {
            (1, _) | (_, 0) => layer.clone(),
            _ => format!("{layer}_{index}"),
        })
    });
    names.collect()
}

/// The model's inputs: their names, types and shapes. Functions need the shapes.
fn model_inputs(network: &Network, options: &SaveOptions) -> Result<Vec<Spec>> {
    let needs_shapes = options.save_traces || options.signatures.is_some();
    let specs = input_names(network).into_iter().zip(input_specs(network));
    let specs = specs.map(|(name, (shape, dtype))| {
        if shape.is_none() && needs_shapes {
            return Err(Error::new(
                ErrorKind::InvalidModel,
                format!("input `{name}` has no shape, which functions need"),
            )
            .with_hint("give the first layer an input shape, or save without traces"));
        }
        Ok(Spec {
            name,
            dtype: DataType::from(dtype),
            shape,
        })
    });
    specs.collect()
}

impl Tracer<'_, '_> {
    /// The function of the model itself.
    fn root(
        &mut self,
        network: &Network,
        branches: &[Branch<'_>],
        inputs: &[Spec],
        training: bool,
    ) -> Result<Rc<Traced>> {
        let shapes = Inputs::of(inputs.iter().filter_map(|it| it.shape.clone()));
        let request = Request {
            name: format!(
                "{}_layer_call_and_return_conditional_losses",
                network.name()
            ),
            specs: inputs.to_vec(),
            masks: Some(vec![false; inputs.len()]),
            training: Some(training),
            inputs: &shapes,
            ends: Ends::Outputs,
        };
        let traced = match network {
            Network::Subclassed(_) => self.carried("", request)?,
            _ => self.network(network, branches, request)?,
        };
        let traced = Rc::new(traced);
        self.record("", &traced);
        Ok(traced)
    }
}
