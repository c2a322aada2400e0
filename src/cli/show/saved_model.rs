//! What `show` says about a SavedModel directory: what servers may call, and what it consists of.

use std::fs;
use std::path::Path;

use hornfels::bundle::BundleReader;
use hornfels::keras::json;
use hornfels::proto::Message;
use hornfels::proto::outline::{MetaGraphOutline, SavedMetadataOutline, SavedModelOutline};
use hornfels::proto::tensorflow::SavedObjectGraph;
use hornfels::proto::tensorflow::fingerprint::FingerprintDef;
use hornfels::proto::tensorflow::meta_graph::{Encoding, SignatureDef, TensorInfo};
use hornfels::proto::tensorflow::saved_object_graph::{Kind, SavedObject};
use hornfels::{Error, ErrorKind, Limits, Result};
use serde::Serialize;

use super::summary::Contents;
use crate::table::{Align, Table};
use crate::terminal::Terminal;
use crate::text;

/// A SavedModel: `spec/cli.md#show`.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    schema: u32,
    file: String,
    format: &'static str,
    graphs: Vec<Graph>,
    /// The Keras model it was made from.
    keras: Option<Keras>,
    variables: Option<Variables>,
    /// The hashes that the directory says it has.
    fingerprint: Option<Fingerprint>,
    /// The layers of that model.
    pub(super) model: Option<Contents>,
    /// Why they cannot be read.
    pub(super) problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Graph {
    tags: Vec<String>,
    tensorflow_version: String,
    signatures: Vec<Signature>,
    functions: usize,
    /// With their names in their owners.
    objects: Vec<Object>,
}

#[derive(Debug, Serialize)]
struct Signature {
    name: String,
    method: String,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

#[derive(Debug, Serialize)]
struct Tensor {
    name: String,
    dtype: String,
    /// `None` has an unknown rank; a size of -1 is unknown.
    shape: Option<Vec<i64>>,
    /// The tensor in the graph.
    tensor: String,
}

#[derive(Debug, Serialize)]
struct Object {
    kind: String,
    children: Vec<(String, i32)>,
}

#[derive(Debug, Serialize)]
struct Keras {
    name: String,
    class: String,
    version: Option<String>,
}

#[derive(Debug, Serialize)]
struct Variables {
    count: u64,
    bytes: u64,
}

/// Hashes as TensorFlow prints them; most have more digits than a number of JSON keeps.
#[derive(Debug, Serialize)]
struct Fingerprint {
    saved_model_checksum: String,
    graph_def_program_hash: String,
    signature_def_hash: String,
    saved_object_graph_hash: String,
    checkpoint_hash: String,
    version: i32,
    uuid: Option<String>,
}

/// Whether `path` is a directory that holds a SavedModel.
pub(super) fn is_saved_model(path: &Path) -> bool {
    path.join("saved_model.pb").is_file()
}

/// Reads what there is to say of a directory.
pub(super) fn read(path: &Path) -> Result<Summary> {
    let file = path.join("saved_model.pb");
    let bytes = bytes(&file)?;
    let saved = SavedModelOutline::decode(&bytes, &Limits::default())
        .map_err(|error| error.within(file.display().to_string()))?;
    let objects = saved.meta_graphs.iter();
    let objects = objects.map(|graph| graph.objects(&Limits::default()));
    let objects: Vec<Option<SavedObjectGraph>> = objects
        .collect::<Result<_>>()
        .map_err(|error| error.within(file.display().to_string()))?;
    let metadata = path.join("keras_metadata.pb");
    let keras = match metadata.is_file() {
        true => keras(&metadata)?,
        false => objects
            .first()
            .and_then(|it| keras_of_objects(it.as_ref()?)),
    };
    let prefix = path.join("variables").join("variables");
    let fingerprint = path.join("fingerprint.pb");
    let has_variables = prefix.with_extension("index").is_file();
    Ok(Summary {
        schema: 1,
        file: path.display().to_string(),
        format: "tf",
        graphs: (saved.meta_graphs.iter().zip(&objects))
            .map(|(meta, objects)| graph(meta, objects.as_ref()))
            .collect(),
        keras,
        variables: match has_variables {
            true => Some(variables(&prefix)?),
            false => None,
        },
        fingerprint: match fingerprint.is_file() {
            true => Some(Fingerprint::read(&fingerprint)?),
            false => None,
        },
        model: None,
        problem: None,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot be read: {error}"))
            .within(path.display().to_string())
    })
}

/// Counts the tensors of a checkpoint, but for the description of its objects.
fn variables(prefix: &Path) -> Result<Variables> {
    let reader = BundleReader::open(prefix)?;
    let mut found = Variables { count: 0, bytes: 0 };
    for key in reader.keys() {
        if key != "_CHECKPOINTABLE_OBJECT_GRAPH" {
            found.count += 1;
            found.bytes = found.bytes.saturating_add(reader.entry(&key)?.size);
        }
    }
    Ok(found)
}

fn keras(path: &Path) -> Result<Option<Keras>> {
    let bytes = bytes(path)?;
    let metadata = SavedMetadataOutline::decode(&bytes, &Limits::default())
        .map_err(|error| error.within(path.display().to_string()))?;
    let root = metadata.nodes.iter().find(|node| node.node_path == "root");
    Ok(root.and_then(|node| described(node.metadata)))
}

/// What TensorFlow before 2.5 wrote into the object itself.
fn keras_of_objects(objects: &SavedObjectGraph) -> Option<Keras> {
    match &objects.nodes.first()?.kind {
        Some(Kind::UserObject(user)) if user.identifier.starts_with("_tf_keras_") => {
            described(&user.metadata)
        }
        _ => None,
    }
}

fn described(metadata: &str) -> Option<Keras> {
    let described = json::parse(metadata).ok()?;
    let text = |key: &str| described.get(key)?.as_str().map(str::to_owned);
    Some(Keras {
        name: text("name").unwrap_or_default(),
        class: text("class_name").unwrap_or_default(),
        version: text("keras_version"),
    })
}

fn graph(graph: &MetaGraphOutline<'_>, objects: Option<&SavedObjectGraph>) -> Graph {
    let info = graph.meta_info_def.as_ref();
    Graph {
        tags: (info.iter().flat_map(|it| &it.tags))
            .map(|&tag| tag.to_owned())
            .collect(),
        tensorflow_version: info.map_or("", |it| it.tensorflow_version).to_owned(),
        signatures: (graph.signature_def.iter())
            .map(|(name, def)| signature(name, def))
            .collect(),
        functions: graph.functions().len(),
        objects: objects.map(listed).unwrap_or_default(),
    }
}

fn signature(name: &str, def: &SignatureDef) -> Signature {
    let tensors = |of: &std::collections::BTreeMap<String, TensorInfo>| {
        of.iter().map(|(name, info)| tensor(name, info)).collect()
    };
    Signature {
        name: name.to_owned(),
        method: def.method_name.clone(),
        inputs: tensors(&def.inputs),
        outputs: tensors(&def.outputs),
    }
}

fn tensor(name: &str, info: &TensorInfo) -> Tensor {
    Tensor {
        name: name.to_owned(),
        dtype: format!("{:?}", info.dtype),
        shape: info.tensor_shape.as_ref().and_then(|shape| shape.sizes()),
        tensor: match &info.encoding {
            Some(Encoding::Name(name)) => name.clone(),
            Some(Encoding::CooSparse(sparse)) => sparse.values_tensor_name.clone(),
            _ => String::new(),
        },
    }
}

fn listed(objects: &SavedObjectGraph) -> Vec<Object> {
    let objects = objects.nodes.iter().map(|object| Object {
        kind: kind(object),
        children: (object.children.iter())
            .map(|child| (child.local_name.clone(), child.node_id))
            .collect(),
    });
    objects.collect()
}

fn kind(object: &SavedObject) -> String {
    match &object.kind {
        Some(Kind::UserObject(user)) => user.identifier.clone(),
        Some(Kind::Variable(variable)) => format!("variable {}", variable.name),
        Some(Kind::Function(function)) => {
            format!("function, {} traces", function.concrete_functions.len())
        }
        Some(Kind::BareConcreteFunction(function)) => function.concrete_function_name.clone(),
        Some(Kind::Constant(constant)) => format!("constant {}", constant.operation),
        Some(Kind::Resource(_)) => "resource".to_owned(),
        Some(Kind::Asset(asset)) => format!("asset {}", asset.asset_file_def_index),
        Some(Kind::CapturedTensor(tensor)) => format!("captured {}", tensor.name),
        None => "object".to_owned(),
    }
}

impl From<FingerprintDef> for Fingerprint {
    fn from(def: FingerprintDef) -> Self {
        Fingerprint {
            saved_model_checksum: def.saved_model_checksum.to_string(),
            graph_def_program_hash: def.graph_def_program_hash.to_string(),
            signature_def_hash: def.signature_def_hash.to_string(),
            saved_object_graph_hash: def.saved_object_graph_hash.to_string(),
            checkpoint_hash: def.checkpoint_hash.to_string(),
            version: def.version.map_or(0, |it| it.producer),
            uuid: Some(def.uuid).filter(|it| !it.is_empty()),
        }
    }
}

impl Fingerprint {
    fn read(path: &Path) -> Result<Fingerprint> {
        let found = FingerprintDef::decode(&bytes(path)?, &Limits::default());
        let found = found.map_err(|error| error.within(path.display().to_string()));
        found.map(Fingerprint::from)
    }

    /// What TensorFlow calls its singleprint: all but the checksum, which differs from run to run there.
    fn joined(&self) -> String {
        let hashes = [
            &self.graph_def_program_hash,
            &self.signature_def_hash,
            &self.saved_object_graph_hash,
            &self.checkpoint_hash,
        ];
        hashes.map(String::as_str).join("/")
    }
}

impl Summary {
    /// Whether it is a model of Keras, whose variables are there.
    pub(super) fn is_keras(&self) -> bool {
        self.keras.is_some() && self.variables.is_some()
    }

    /// For people.
    pub(super) fn render(&self, expand: bool, with_objects: bool, terminal: &Terminal) -> String {
        let mut shown = format!("SavedModel: {}\n", text::safe(&self.file));
        if let Some(keras) = &self.keras {
            let (name, class) = (text::safe(&keras.name), text::safe(&keras.class));
            shown += &format!("Model:      {name} ({class})\n");
            if let Some(version) = &keras.version {
                shown += &format!("Keras:      {}\n", text::safe(version));
            }
        }
        if let Some(variables) = &self.variables {
            let count = text::grouped(variables.count);
            shown += &format!("Variables:  {count} ({})\n", text::size(variables.bytes));
        }
        if let Some(fingerprint) = &self.fingerprint {
            shown += &format!("Hashes:     {}\n", fingerprint.joined());
        }
        if let Some(model) = &self.model {
            shown += &format!("\n{}\n", model.render(expand, terminal));
        }
        if let Some(problem) = &self.problem {
            shown += &format!("Layers:     not read: {}\n", text::safe(problem));
        }
        for graph in &self.graphs {
            let tags = graph.tags.join(", ");
            shown += &format!("\nTags:       {}\n", text::safe(&tags));
            shown += &format!("TensorFlow: {}\n", text::safe(&graph.tensorflow_version));
            let objects = text::grouped(graph.objects.len() as u64);
            let functions = text::grouped(graph.functions as u64);
            shown += &format!("Functions:  {functions}, objects: {objects}\n");
            for signature in &graph.signatures {
                shown += &signature.render(terminal);
            }
            if with_objects {
                shown += &tree(&graph.objects);
            }
        }
        shown
    }
}

impl Signature {
    fn render(&self, terminal: &Terminal) -> String {
        let columns = ["", "Name", "Type", "Shape", "Tensor"];
        let mut table = Table::new(columns.map(|title| (title, Align::Left)));
        let inputs = self.inputs.iter().map(|tensor| ("input", tensor));
        let outputs = self.outputs.iter().map(|tensor| ("output", tensor));
        for (role, tensor) in inputs.chain(outputs) {
            table.row([
                role.to_owned(),
                text::safe(&tensor.name).into_owned(),
                tensor.dtype.clone(),
                shown_shape(tensor.shape.as_deref()),
                text::safe(&tensor.tensor).into_owned(),
            ]);
        }
        let name = text::safe(&self.name);
        let method = match self.method.is_empty() {
            true => String::new(),
            false => format!(" ({})", text::safe(&self.method)),
        };
        format!("\nSignature {name}{method}\n{}", table.render(terminal))
    }
}

fn shown_shape(shape: Option<&[i64]>) -> String {
    let Some(sizes) = shape else {
        return "unknown rank".to_owned();
    };
    let sizes = sizes.iter().map(|size| match size {
        0.. => size.to_string(),
        _ => "None".to_owned(),
    });
    let sizes: Vec<String> = sizes.collect();
    format!("({})", sizes.join(", "))
}

/// Objects by their numbers, each with what it owns, a line each.
fn tree(objects: &[Object]) -> String {
    let mut shown = "\nObjects\n".to_owned();
    for (number, object) in objects.iter().enumerate() {
        shown += &format!("{number:>6}  {}\n", text::safe(&object.kind));
        for (name, child) in &object.children {
            shown += &format!("{:>10}{} = {child}\n", "", text::safe(name));
        }
    }
    shown
}
