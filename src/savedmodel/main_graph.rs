//! The graph that sessions run: variables, a call for each signature, save and restore.
//! See `spec/saved_model.md#main-graph`.

use std::collections::{BTreeMap, HashSet};

use super::assets::Assets;
use super::carried_tables::CarriedTables;
use super::checkpoint::Checkpoint;
use super::save_restore::{restore_function, save_function};
use super::signatures::ServedSignature;
use super::structured::shape_proto;
use super::tables::Initializer;
use super::variables::{Capture, SavedVariables};
use crate::error::Result;
use crate::graph::{Constant, Function, Library};
use crate::proto::tensorflow::meta_graph::{Encoding, SignatureDef, TensorInfo};
use crate::proto::tensorflow::saver::CheckpointFormatVersion;
use crate::proto::tensorflow::{
    AssetFileDef, AttrValue, DataType, NameAttrList, NodeDef, SaverDef, TensorShapeProto,
};
use crate::tensor::Shape;

/// What servers know a signature as.
const METHOD: &str = "tensorflow/serving/predict";
const INIT_OP: &str = "__saved_model_init_op";

/// The graph's nodes, and what refers to them.
#[derive(Debug)]
pub(super) struct MainGraph {
    pub(super) nodes: Vec<NodeDef>,
    pub(super) signatures: BTreeMap<String, SignatureDef>,
    pub(super) saver: SaverDef,
    pub(super) asset_file_def: Vec<AssetFileDef>,
}

/// Builds the graph; functions that save and restore are added to `library`.
pub(super) fn main_graph(
    library: &mut Library,
    checkpoint: &Checkpoint,
    variables: &SavedVariables<'_>,
    signatures: &[ServedSignature],
    tables: &TableParts<'_>,
    device: Option<&str>,
) -> Result<MainGraph> {
    let mut builder = Builder::new(variables);
    let asset_file_def = builder.assets(tables.assets);
    builder.tables(tables.carried);
    builder.handles(checkpoint);
    let mut defs = BTreeMap::new();
    for signature in signatures {
        defs.insert(signature.key.clone(), builder.signature(signature));
    }
    let filled = tables.initializers.iter().map(|initializer| {
        let inputs = builder.captured(&initializer.captures);
        format!("^{}", builder.call(&initializer.function, inputs))
    });
    let filled = filled.collect();
    builder
        .nodes
        .push(node("NoOp", "NoOp".to_owned(), filled, []));
    defs.insert(INIT_OP.to_owned(), init_op());
    let save = save_function(library, checkpoint, variables, device)?;
    let restore = restore_function(library, checkpoint, variables, device)?;
    let saver = builder.saver(checkpoint, &save, &restore);
    Ok(MainGraph {
        nodes: builder.nodes,
        signatures: defs,
        saver,
        asset_file_def,
    })
}

/// What tables need in the graph beside those of layers.
#[derive(Debug)]
pub(super) struct TableParts<'t> {
    pub(super) initializers: &'t [Initializer],
    pub(super) assets: &'t Assets,
    pub(super) carried: &'t CarriedTables,
}

struct Builder<'v, 'm> {
    variables: &'v SavedVariables<'m>,
    nodes: Vec<NodeDef>,
    taken: HashSet<String>,
    /// The node of each variable, table and path.
    handles: BTreeMap<Capture, String>,
    calls: usize,
}

impl<'v, 'm> Builder<'v, 'm> {
    fn new(variables: &'v SavedVariables<'m>) -> Self {
        let reserved = ["NoOp", "Const", "saver_filename"];
        Builder {
            variables,
            nodes: Vec::new(),
            taken: reserved.map(str::to_owned).into(),
            handles: BTreeMap::new(),
            calls: 0,
        }
    }

    fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 0;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}_{number}");
        }
        name
    }

    /// A node for each variable, the last one first, as TensorFlow has them.
    fn handles(&mut self, checkpoint: &Checkpoint) {
        // Numbers go to those of the same name in order.
        for (id, _) in &checkpoint.entries {
            if let Some(variable) = self.variables.get(*id) {
                let name = self.unique(&node_name(&variable.name));
                self.handles.insert(Capture::Variable(*id), name);
            }
        }
        for (id, _) in checkpoint.entries.iter().rev() {
            let name = self.handles.get(&Capture::Variable(*id));
            let (Some(variable), Some(name)) = (self.variables.get(*id), name) else {
                continue;
            };
            let dtype = DataType::from(variable.tensor.dtype());
            let shape = shape_proto(Some(&Shape::known(variable.tensor.shape())));
            let mut handle = node(
                "VarHandleOp",
                name.clone(),
                Vec::new(),
                [
                    ("dtype", dtype.into()),
                    ("shape", shape.into()),
                    ("shared_name", name.as_str().into()),
                ],
            );
            let read = format!("{name}/Read/ReadVariableOp");
            let mut read = node(
                "ReadVariableOp",
                read,
                vec![name.clone()],
                [("dtype", dtype.into())],
            );
            for node in [&mut handle, &mut read] {
                node.device = variable.device.clone().unwrap_or_default();
            }
            self.nodes.extend([handle, read]);
        }
    }

    /// A node for the path of each file, which whoever loads the graph feeds to it; what says so.
    ///
    /// The path goes through a variable, as with TensorFlow.
    fn assets(&mut self, assets: &Assets) -> Vec<AssetFileDef> {
        let mut defs = Vec::new();
        for (id, asset) in assets.iter() {
            let name = self.unique("asset_path_initializer");
            let tensor_info = Some(TensorInfo {
                encoding: Some(Encoding::Name(format!("{name}:0"))),
                ..TensorInfo::default()
            });
            defs.push(AssetFileDef {
                tensor_info,
                filename: asset.name.clone(),
                ..AssetFileDef::default()
            });
            let variable = self.unique("asset_path");
            let assign = format!("{variable}/Assign");
            let read = format!("{variable}/Read/ReadVariableOp");
            let dtype = || ("dtype", DataType::DT_STRING.into());
            let shape = || ("shape", TensorShapeProto::default().into());
            let shared = ("shared_name", variable.as_str().into());
            let assigned = vec![variable.clone(), name.clone()];
            let held = vec![variable.clone(), format!("^{assign}")];
            self.handles.insert(Capture::Asset(id), read.clone());
            self.nodes.extend([
                node("Placeholder", name, Vec::new(), [dtype(), shape()]),
                node(
                    "VarHandleOp",
                    variable,
                    Vec::new(),
                    [dtype(), shape(), shared],
                ),
                node("AssignVariableOp", assign, assigned, [dtype()]),
                node("ReadVariableOp", read, held, [dtype()]),
            ]);
        }
        defs
    }

    /// A node for each table.
    fn tables(&mut self, carried: &CarriedTables) {
        for (id, table) in self.variables.tables.iter() {
            let name = self.unique("hash_table");
            self.handles.insert(Capture::Table(id), name.clone());
            let [keys, values] = table.types();
            let attributes = [
                ("key_dtype", keys.into()),
                ("value_dtype", values.into()),
                ("shared_name", table.name.as_str().into()),
            ];
            self.nodes
                .push(node("HashTableV2", name, Vec::new(), attributes));
        }
        for (number, made) in carried.iter() {
            let name = self.unique("hash_table");
            self.handles.insert(Capture::Carried(number), name.clone());
            let mut made = made.clone();
            made.name = name;
            self.nodes.push(made);
        }
    }

    fn captured(&self, captures: &[Capture]) -> Vec<String> {
        let handles = captures.iter().filter_map(|id| self.handles.get(id));
        handles.cloned().collect()
    }

    fn call(&mut self, function: &Function, inputs: Vec<String>) -> String {
        let op = match function.is_stateful {
            true => "StatefulPartitionedCall",
            false => "PartitionedCall",
        };
        let name = match self.calls {
            0 => "StatefulPartitionedCall".to_owned(),
            number => format!("StatefulPartitionedCall_{number}"),
        };
        self.calls += 1;
        let f = NameAttrList {
            name: function.name.clone(),
            ..NameAttrList::default()
        };
        self.nodes.push(node(
            op,
            name.clone(),
            inputs,
            [
                ("Tin", AttrValue::from(function.arguments.clone())),
                ("Tout", function.results.clone().into()),
                ("f", f.into()),
            ],
        ));
        name
    }

    fn signature(&mut self, signature: &ServedSignature) -> SignatureDef {
        let mut def = SignatureDef {
            method_name: METHOD.to_owned(),
            ..SignatureDef::default()
        };
        let mut inputs = Vec::new();
        for spec in &signature.inputs {
            let name = self.unique(&node_name(&format!("{}_{}", signature.key, spec.name)));
            let shape = shape_proto(spec.shape.as_ref());
            self.nodes.push(node(
                "Placeholder",
                name.clone(),
                Vec::new(),
                [
                    ("dtype", spec.dtype.into()),
                    ("shape", shape.clone().into()),
                ],
            ));
            let info = info(format!("{name}:0"), spec.dtype, shape);
            def.inputs.insert(spec.name.clone(), info);
            inputs.push(name);
        }
        inputs.extend(self.captured(&signature.captures));
        let call = self.call(&signature.function, inputs);
        for (index, spec) in signature.outputs.iter().enumerate() {
            let shape = shape_proto(spec.shape.as_ref());
            let info = info(format!("{call}:{index}"), spec.dtype, shape);
            def.outputs.insert(spec.name.clone(), info);
        }
        def
    }

    /// The calls that save and restore, which also TensorFlow Lite needs to find.
    fn saver(&mut self, checkpoint: &Checkpoint, save: &Function, restore: &Function) -> SaverDef {
        let scalar = TensorShapeProto::default();
        let graph = Constant::string(&checkpoint.graph).into_proto();
        let string = DataType::DT_STRING;
        let constant = [("dtype", string.into()), ("value", graph.into())];
        self.nodes
            .push(node("Const", "Const".to_owned(), Vec::new(), constant));
        let file = "saver_filename".to_owned();
        let placeholder = [("dtype", string.into()), ("shape", scalar.into())];
        self.nodes
            .push(node("Placeholder", file.clone(), Vec::new(), placeholder));
        let all = checkpoint.entries.iter();
        let all: Vec<Capture> = all.map(|(id, _)| Capture::Variable(*id)).collect();
        let handles = self.captured(&all);
        let mut inputs = vec![file.clone()];
        inputs.extend(handles);
        let restored = inputs.clone();
        inputs.push("Const".to_owned());
        let saved = self.call(save, inputs);
        let restored = self.call(restore, restored);
        SaverDef {
            filename_tensor_name: format!("{file}:0"),
            save_tensor_name: format!("{saved}:0"),
            restore_op_name: restored,
            version: CheckpointFormatVersion::V2,
            ..SaverDef::default()
        }
    }
}

fn node<const N: usize>(
    op: &str,
    name: String,
    input: Vec<String>,
    attributes: [(&str, AttrValue); N],
) -> NodeDef {
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    NodeDef {
        name,
        op: op.to_owned(),
        input,
        attr: attributes.into_iter().collect(),
        ..NodeDef::default()
    }
}

fn info(name: String, dtype: DataType, shape: TensorShapeProto) -> TensorInfo {
    TensorInfo {
        dtype,
        tensor_shape: Some(shape),
        encoding: Some(Encoding::Name(name)),
        ..TensorInfo::default()
    }
}

/// What runs before anything else: it fills the tables.
fn init_op() -> SignatureDef {
    let info = info(
        "NoOp".to_owned(),
        DataType::default(),
        TensorShapeProto::unknown_rank(),
    );
    SignatureDef {
        outputs: [(INIT_OP.to_owned(), info)].into(),
        ..SignatureDef::default()
    }
}

/// A name that nodes may have: `[A-Za-z0-9.][A-Za-z0-9_.\-/]*`.
fn node_name(name: &str) -> String {
    crate::graph::valid_name(name)
}
