//! `meta_graph.proto`: a graph with its signatures, collections, assets and objects.

use std::collections::BTreeMap;

use super::{
    DataType, GraphDef, OpList, SavedObjectGraph, SaverDef, TensorProto, TensorShapeProto,
    TypeSpecProto,
};
use crate::proto::google::Any;
use crate::proto::message::message;
use crate::proto::oneof::oneof;

message! {
    /// A graph and everything that is needed to use it.
    pub struct MetaGraphDef: "tensorflow.MetaGraphDef" {
        /// Tags, and what wrote it.
        1 => meta_info_def: Option<MetaInfoDef>,
        /// The graph.
        2 => graph_def: Option<GraphDef>,
        /// Which nodes save and restore variables.
        3 => saver_def: Option<SaverDef>,
        /// Collections of TensorFlow 1; Keras writes `saved_model_main_op` at most.
        4 => collection_def: BTreeMap<String, CollectionDef>,
        /// Signatures by name: `serving_default` and `__saved_model_init_op`.
        5 => signature_def: BTreeMap<String, SignatureDef>,
        /// Files in `assets/`.
        6 => asset_file_def: Vec<AssetFileDef>,
        /// The objects that TensorFlow 2 restores.
        7 => object_graph_def: Option<SavedObjectGraph>,
    }
}

message! {
    /// Tags, and what wrote a graph.
    pub struct MetaInfoDef: "tensorflow.MetaGraphDef.MetaInfoDef" {
        /// A version chosen by the user; not written by Keras.
        1 => meta_graph_version: String,
        /// The types of operations in the graph and its functions.
        2 => stripped_op_list: Option<OpList>,
        /// Anything the user adds; not written by Keras.
        3 => any_info: Option<Any>,
        /// What it is for: `serve`.
        4 => tags: Vec<String>,
        /// The version of TensorFlow that wrote it.
        5 => tensorflow_version: String,
        /// The commit of TensorFlow that wrote it.
        6 => tensorflow_git_version: String,
        /// Whether attributes with their default are left out.
        7 => stripped_default_attrs: bool,
        /// Names that the user gave to functions.
        8 => function_aliases: BTreeMap<String, String>,
    }
}

message! {
    /// A collection of TensorFlow 1.
    pub struct CollectionDef: "tensorflow.CollectionDef" {
    }
    oneof {
        /// Its members, by their kind.
        kind: Kind,
    }
}

oneof! {
    /// The members of a collection.
    pub enum Kind {
        /// Names of nodes.
        1 => node_list: NodeList(NodeList),
        /// Encoded messages, such as `VariableDef`.
        2 => bytes_list: BytesList(BytesList),
        /// Integers.
        3 => int64_list: Int64List(Int64List),
        /// Floats.
        4 => float_list: FloatList(FloatList),
        /// Messages with their type, such as `AssetFileDef`.
        5 => any_list: AnyList(AnyList),
    }
}

message! {
    /// Names of nodes.
    pub struct NodeList: "tensorflow.CollectionDef.NodeList" {
        /// The names.
        1 => value: Vec<String>,
    }
}

message! {
    /// Encoded messages, or strings.
    pub struct BytesList: "tensorflow.CollectionDef.BytesList" {
        /// Their bytes.
        1 => value: Vec<Vec<u8>>,
    }
}

message! {
    /// Integers.
    pub struct Int64List: "tensorflow.CollectionDef.Int64List" {
        /// The integers.
        1 => value: Vec<i64>,
    }
}

message! {
    /// Floats.
    pub struct FloatList: "tensorflow.CollectionDef.FloatList" {
        /// The floats.
        1 => value: Vec<f32>,
    }
}

message! {
    /// Messages with their type.
    pub struct AnyList: "tensorflow.CollectionDef.AnyList" {
        /// The messages.
        1 => value: Vec<Any>,
    }
}

message! {
    /// A tensor of a graph, as an input or output of a signature.
    pub struct TensorInfo: "tensorflow.TensorInfo" {
        /// Its element type.
        2 => dtype: DataType,
        /// Its shape.
        3 => tensor_shape: Option<TensorShapeProto>,
    }
    oneof {
        /// Which tensors of the graph it is made of.
        encoding: Encoding,
    }
}

oneof! {
    /// Which tensors of the graph a tensor is made of.
    pub enum Encoding {
        /// One: `node:0`, or `node` for an operation.
        1 => name: Name(String),
        /// A sparse tensor's three.
        4 => coo_sparse: CooSparse(CooSparse),
        /// Those of a ragged or other composite tensor.
        5 => composite_tensor: CompositeTensor(CompositeTensor),
    }
}

message! {
    /// The tensors of a sparse tensor.
    pub struct CooSparse: "tensorflow.TensorInfo.CooSparse" {
        /// The values that are not zero.
        1 => values_tensor_name: String,
        /// Where they are.
        2 => indices_tensor_name: String,
        /// The shape.
        3 => dense_shape_tensor_name: String,
    }
}

message! {
    /// The tensors of a ragged or other composite tensor.
    pub struct CompositeTensor: "tensorflow.TensorInfo.CompositeTensor" {
        /// Its type.
        1 => type_spec: Option<TypeSpecProto>,
        /// Its tensors.
        2 => components: Vec<TensorInfo>,
    }
}

message! {
    /// A function of a graph by the names of its tensors.
    pub struct SignatureDef: "tensorflow.SignatureDef" {
        /// Inputs by name.
        1 => inputs: BTreeMap<String, TensorInfo>,
        /// Outputs by name.
        2 => outputs: BTreeMap<String, TensorInfo>,
        /// What it is to a server: `tensorflow/serving/predict`.
        3 => method_name: String,
        /// Values of inputs that are not given; not written by Keras.
        4 => defaults: BTreeMap<String, TensorProto>,
    }
}

message! {
    /// A file in `assets/`.
    pub struct AssetFileDef: "tensorflow.AssetFileDef" {
        /// The tensor that holds its path.
        1 => tensor_info: Option<TensorInfo>,
        /// Its name.
        2 => filename: String,
    }
}
