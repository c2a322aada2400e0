//! What Keras rebuilds layers from, `keras_metadata.pb`: `spec/saved_model.md#keras-metadata`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::build_shapes::BuildShapes;
use super::layer_objects::Described;
use super::objects::{Kind, Numbered, ObjectId};
use super::structured::Spec;
use super::tree::{Branch, BranchKind, NETWORK_ARGUMENTS};
use super::tree::{input_names, structures};
use crate::keras::{CompileConfig, Layer, Network, Object, json as keras_json};
use crate::layers::{CallArgument, InnerLayer};
use crate::proto::keras::{SavedMetadata, SavedObject, VersionDef};
use crate::tensor::{DType, Shape};

/// The version of Keras that writes such files.
const KERAS_VERSION: &str = "2.15.0";

/// What the metadata are made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'s> {
    pub(super) network: &'s Network,
    pub(super) branches: &'s [Branch<'s>],
    /// The model's inputs.
    pub(super) inputs: &'s [Spec],
    pub(super) compile: Option<&'s CompileConfig>,
    pub(super) shapes: &'s BuildShapes,
}

/// A description of each layer and each metric that is an object.
pub(super) fn keras_metadata(
    source: Source<'_>,
    objects: &Numbered<'_>,
    described: &[(ObjectId, Described)],
) -> SavedMetadata {
    let mut branches = HashMap::new();
    by_path(source.branches, &mut branches);
    let nodes = described.iter().filter_map(|(id, described)| {
        let metadata = match described {
            Described::Inner(inner) => of_inner(inner),
            Described::Held => of_held(),
            Described::Metric(described) | Described::Carried(described) => described.clone(),
            Described::Layer(path) => match branches.get(path.as_str()) {
                Some(branch) => of_branch(branch, source.shapes),
                None => of_root(source),
            },
        };
        node(objects, *id, metadata)
    });
    let mut nodes: Vec<SavedObject> = nodes.collect();
    nodes.sort_by_key(|node| node.node_id);
    SavedMetadata {
        nodes,
        ..SavedMetadata::default()
    }
}

/// An object with what Keras makes it from; none for one that nothing leads to.
fn node(objects: &Numbered<'_>, id: ObjectId, metadata: Map<String, Value>) -> Option<SavedObject> {
    Some(SavedObject {
        node_id: objects.number(id)?,
        node_path: match objects.path(id) {
            "" => "root".to_owned(),
            path => format!("root.{}", path.replace('/', ".")),
        },
        identifier: match objects.kind(id) {
            Some(Kind::User(identifier)) => (*identifier).to_owned(),
            _ => String::new(),
        },
        metadata: keras_json::to_string(&Value::Object(metadata)),
        version: Some(VersionDef {
            producer: 2,
            min_consumer: 1,
            ..VersionDef::default()
        }),
        ..SavedObject::default()
    })
}

/// Keras has it from the config of the layer that holds it, and asks for no more than that there is a
/// description.
fn of_held() -> Map<String, Value> {
    let mut metadata = Map::new();
    for (key, value) in [
        ("class_name", json!("Layer")),
        ("name", json!("layer")),
        ("trainable", json!(true)),
        ("expects_training_arg", json!(true)),
    ] {
        metadata.insert(key.to_owned(), value);
    }
    metadata
}

/// Layers by their paths; the model itself is not among them.
fn by_path<'b, 'n>(branches: &'b [Branch<'n>], all: &mut HashMap<&'b str, &'b Branch<'n>>) {
    for branch in branches {
        all.insert(&branch.path, branch);
        if let BranchKind::Network(_, inner) = &branch.kind {
            by_path(inner, all);
        }
    }
}

fn of_branch(branch: &Branch<'_>, shapes: &BuildShapes) -> Map<String, Value> {
    let object = branch.layer.to_object();
    match &branch.kind {
        BranchKind::Input => of_input(branch.layer),
        BranchKind::Network(network, _) => {
            let inputs = shapes.of_layer(&branch.path).iter();
            let inputs = inputs.zip(input_names(network)).map(|(shape, name)| Spec {
                name,
                dtype: branch.dtype.into(),
                shape: Some(shape.clone()),
            });
            let inputs: Vec<Spec> = inputs.collect();
            let mut metadata = common(&object, branch.layer.name(), NETWORK_ARGUMENTS.others);
            nodes(branch.layer, &mut metadata);
            of_network(network, &inputs, &mut metadata);
            metadata
        }
        BranchKind::Class(_) | BranchKind::Carried(_) | BranchKind::Unknown(_) => {
            let mut metadata = common(&object, branch.layer.name(), branch.arguments());
            let is_stateful = keeps_states(&Value::Object(object.config().clone()));
            metadata.insert("stateful".to_owned(), Value::Bool(is_stateful));
            nodes(branch.layer, &mut metadata);
            if let Some(regularizer) = object.config().get("activity_regularizer")
                && !regularizer.is_null()
            {
                metadata.insert("activity_regularizer".to_owned(), regularizer.clone());
            }
            built_with(shapes.of_layer(&branch.path), &mut metadata);
            metadata
        }
    }
}

/// A layer in a layer.
fn of_inner(inner: &InnerLayer) -> Map<String, Value> {
    let object = &inner.object;
    let name = object.name().unwrap_or_default();
    let mut metadata = common(object, name, inner.arguments);
    metadata.insert("stateful".to_owned(), Value::Bool(false));
    built_with(&inner.shapes, &mut metadata);
    metadata
}

/// The shapes of what a layer is called with, if they are known.
fn built_with(shapes: &[Shape], metadata: &mut Map<String, Value>) {
    let shapes = shapes.iter().map(|it| tensor_shape(Some(it)));
    let shapes: Vec<Value> = shapes.collect();
    if !shapes.is_empty() {
        metadata.insert("build_input_shape".to_owned(), one_or_list(shapes));
    }
}

/// Whether a recurrent layer, or one in both directions, keeps its states between calls.
fn keeps_states(config: &Value) -> bool {
    let keeps = |place| config.pointer(place) == Some(&Value::Bool(true));
    keeps("/stateful") || keeps("/layer/config/stateful")
}

/// The calls of a layer stand beside its config, as Keras writes them.
fn nodes(layer: &Layer, metadata: &mut Map<String, Value>) {
    if let Some(nodes) = layer.object().json().get("inbound_nodes") {
        metadata.insert("inbound_nodes".to_owned(), nodes.clone());
    }
}

fn of_input(layer: &Layer) -> Map<String, Value> {
    let object = layer.object();
    let config = object.config();
    let or = |key: &str, default: Value| config.get(key).cloned().unwrap_or(default);
    let mut metadata = Map::new();
    for (key, value) in [
        ("class_name", json!("InputLayer")),
        ("name", json!(layer.name())),
        ("dtype", or("dtype", json!("float32"))),
        ("sparse", or("sparse", json!(false))),
        ("ragged", or("ragged", json!(false))),
        ("batch_input_shape", or("batch_input_shape", Value::Null)),
        ("config", Value::Object(config.clone())),
    ] {
        metadata.insert(key.to_owned(), value);
    }
    metadata
}

/// Classes that take their inputs in the type they come in: Keras would set it on the revived layer.
const TAKE_ANY_TYPE: &[&str] = &[
    "CenterCrop",
    "Embedding",
    "RandomCrop",
    "SlicingOpLambda",
    "TensorFlowOpLayer",
    "TFOpLambda",
];

/// What all layers and models have.
fn common(object: &Object, name: &str, arguments: &[CallArgument]) -> Map<String, Value> {
    let config = object.config();
    let is_model = arguments == NETWORK_ARGUMENTS.others && config.contains_key("layers");
    let trainable = config.get("trainable").cloned().unwrap_or(json!(true));
    let dtype = config
        .get("dtype")
        .cloned()
        .filter(|dtype| !dtype.is_null());
    let batch = config.get("batch_input_shape").cloned().unwrap_or_default();
    let class = match object.class_name() {
        "Model" => "Functional",
        class => class,
    };
    let mut metadata = Map::new();
    for (key, value) in [
        ("name", json!(name)),
        ("trainable", trainable),
        (
            "expects_training_arg",
            json!(arguments.contains(&CallArgument::Training)),
        ),
        ("dtype", dtype.unwrap_or(json!("float32"))),
        ("batch_input_shape", batch),
        ("must_restore_from_config", json!(false)),
        ("preserve_input_structure_in_config", json!(false)),
        (
            "autocast",
            json!(!is_model && !TAKE_ANY_TYPE.contains(&class)),
        ),
        ("class_name", json!(class)),
        ("config", Value::Object(config.clone())),
    ] {
        metadata.insert(key.to_owned(), value);
    }
    metadata
}

fn of_root(source: Source<'_>) -> Map<String, Value> {
    let object = source.network.to_object();
    let name = network_name(source.network);
    let mut metadata = common(&object, name, NETWORK_ARGUMENTS.others);
    of_network(source.network, source.inputs, &mut metadata);
    if let Some(compile) = source.compile {
        let config = Value::Object(compile.json().clone());
        metadata.insert("training_config".to_owned(), config);
    }
    metadata
}

fn of_network(network: &Network, inputs: &[Spec], metadata: &mut Map<String, Value>) {
    let (structure, _) = structures(network);
    let shapes = inputs.iter().map(|it| tensor_shape(it.shape.as_ref()));
    let specs: Vec<Value> = inputs.iter().map(type_spec).collect();
    let spec = match &structure {
        super::functions::Structure::One => one_or_list(specs),
        super::functions::Structure::List => Value::Array(specs),
        super::functions::Structure::Dict(names) => {
            Value::Object(names.iter().cloned().zip(specs).collect())
        }
    };
    let is_graph = !matches!(network, Network::Subclassed(_));
    // Early versions of Keras 2 wrote a Sequential as a list of layers, and no name.
    if let Some(Value::Array(layers)) = network.to_object().json().get("config") {
        let config = json!({"name": network_name(network), "layers": layers});
        metadata.insert("config".to_owned(), config);
        metadata.insert("name".to_owned(), json!(network_name(network)));
    }
    let class = metadata.get("class_name").cloned().unwrap_or_default();
    let config = metadata.get("config").cloned().unwrap_or_default();
    for (key, value) in [
        ("build_input_shape", one_or_list(shapes.collect())),
        ("is_graph_network", json!(is_graph)),
        (
            "full_save_spec",
            tuple(vec![json!([spec.clone()]), json!({})]),
        ),
        ("save_spec", spec),
        ("keras_version", json!(KERAS_VERSION)),
        ("backend", json!("tensorflow")),
        (
            "model_config",
            json!({"class_name": class, "config": config}),
        ),
    ] {
        metadata.insert(key.to_owned(), value);
    }
}

/// The model's name, or the one Keras gives a model without.
fn network_name(network: &Network) -> &str {
    match network.name() {
        "" if matches!(network, Network::Sequential(_)) => "sequential",
        "" => "model",
        name => name,
    }
}

fn one_or_list(mut values: Vec<Value>) -> Value {
    match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

fn tuple(items: Vec<Value>) -> Value {
    json!({"class_name": "__tuple__", "items": items})
}

fn tensor_shape(shape: Option<&Shape>) -> Value {
    let sizes = shape.map(|shape| shape.0.clone()).unwrap_or_default();
    json!({"class_name": "TensorShape", "items": sizes})
}

fn type_spec(spec: &Spec) -> Value {
    let dtype = DType::try_from(spec.dtype).map_or("float32", DType::name);
    let shape = tensor_shape(spec.shape.as_ref());
    json!({
        "class_name": "TypeSpec",
        "type_spec": "tf.TensorSpec",
        "serialized": [shape, dtype, spec.name],
    })
}
