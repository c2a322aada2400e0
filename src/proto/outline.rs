//! SavedModels without what their functions compute: as much as listing and loading need, for a
//! fraction of the time. Functions and nodes are most of a SavedModel.
//!
//! ```
//! use hornfels::Limits;
//! use hornfels::proto::Message;
//! use hornfels::proto::outline::SavedModelOutline;
//! use hornfels::proto::tensorflow::{
//!     FunctionDef, FunctionDefLibrary, GraphDef, MetaGraphDef, SavedModel,
//! };
//!
//! let function = FunctionDef::default();
//! let library = FunctionDefLibrary { function: vec![function], ..FunctionDefLibrary::default() };
//! let graph = GraphDef { library: Some(library), ..GraphDef::default() };
//! let graph = MetaGraphDef { graph_def: Some(graph), ..MetaGraphDef::default() };
//! let saved = SavedModel { meta_graphs: vec![graph], ..SavedModel::default() };
//!
//! let bytes = saved.encode()?;
//! let outline = SavedModelOutline::decode(&bytes, &Limits::default())?;
//! assert_eq!(outline.meta_graphs[0].functions().count(), 1);
//! # Ok::<(), hornfels::Error>(())
//! ```

use std::collections::BTreeMap;

use super::message::{Message, message};
use super::tensorflow::SavedObjectGraph;
use super::tensorflow::meta_graph::{AssetFileDef, SignatureDef};
use super::tensorflow::saved_object_graph::SavedUserObject;
use super::tensorflow::trackable_object_graph::{ObjectReference, SlotVariableReference};
use crate::error::{Context, Result};
use crate::limits::Limits;

// A message that is declared as bytes is read as they are: on the wire both are the same.

message! {
    /// [`SavedModel`](super::tensorflow::SavedModel).
    pub struct SavedModelOutline: "tensorflow.SavedModel" {
        /// Its graphs.
        2 => meta_graphs: Vec<MetaGraphOutline>,
    }
}

message! {
    /// [`MetaGraphDef`](super::tensorflow::MetaGraphDef).
    pub struct MetaGraphOutline: "tensorflow.MetaGraphDef" {
        /// Tags, and what wrote it.
        1 => meta_info_def: Option<MetaInfoOutline>,
        /// The graph.
        2 => graph_def: Option<GraphOutline>,
        /// Signatures by name.
        5 => signature_def: BTreeMap<String, SignatureDef>,
        /// Files in `assets/`.
        6 => asset_file_def: Vec<AssetFileDef>,
        /// The objects that TensorFlow 2 restores, an encoded `SavedObjectGraph`.
        7 => object_graph_def: Option<Vec<u8>>,
    }
}

message! {
    /// Tags, and what wrote a graph.
    pub struct MetaInfoOutline: "tensorflow.MetaGraphDef.MetaInfoDef" {
        /// The types of operations, an encoded `OpList`.
        2 => stripped_op_list: Vec<u8>,
        /// What it is for: `serve`.
        4 => tags: Vec<String>,
        /// The version of TensorFlow that wrote it.
        5 => tensorflow_version: String,
    }
}

message! {
    /// [`GraphDef`](super::tensorflow::GraphDef).
    pub struct GraphOutline: "tensorflow.GraphDef" {
        /// Its nodes, each an encoded `NodeDef`.
        1 => node: Vec<Vec<u8>>,
        /// Its functions.
        2 => library: Option<LibraryOutline>,
    }
}

message! {
    /// [`NodeDef`](super::tensorflow::NodeDef).
    pub struct NodeOutline: "tensorflow.NodeDef" {
        /// Its name.
        1 => name: String,
    }
}

message! {
    /// [`FunctionDefLibrary`](super::tensorflow::FunctionDefLibrary).
    pub struct LibraryOutline: "tensorflow.FunctionDefLibrary" {
        /// The functions, each an encoded `FunctionDef`.
        1 => function: Vec<Vec<u8>>,
    }
}

message! {
    /// [`SavedObjectGraph`]: what objects own, and which are
    /// objects of classes or variables.
    pub struct ObjectGraphOutline: "tensorflow.SavedObjectGraph" {
        /// The objects; the first is the root.
        1 => nodes: Vec<ObjectOutline>,
    }
}

message! {
    /// [`SavedObject`](super::tensorflow::saved_object_graph::SavedObject).
    pub struct ObjectOutline: "tensorflow.SavedObject" {
        /// The objects it owns.
        1 => children: Vec<ObjectReference>,
        /// Slot variables, of an optimizer before Keras 2.11.
        3 => slot_variables: Vec<SlotVariableReference>,
        /// What it is if it is an object of a class.
        4 => user_object: Option<SavedUserObject>,
        /// What it is if it is a variable.
        7 => variable: Option<VariableOutline>,
    }
}

message! {
    /// [`SavedVariable`](super::tensorflow::saved_object_graph::SavedVariable).
    pub struct VariableOutline: "tensorflow.SavedVariable" {
        /// Whether training changes it.
        3 => trainable: bool,
        /// Its name, without `:0`.
        6 => name: String,
    }
}

impl MetaGraphOutline {
    /// The objects that TensorFlow 2 restores; none in a graph of TensorFlow 1.
    ///
    /// # Errors
    /// As [`Message::decode`].
    pub fn objects(&self, limits: &Limits) -> Result<Option<SavedObjectGraph>> {
        self.object_graph(limits)
    }

    /// The same without what their functions take and give.
    ///
    /// # Errors
    /// As [`Message::decode`].
    pub fn objects_outline(&self, limits: &Limits) -> Result<Option<ObjectGraphOutline>> {
        self.object_graph(limits)
    }

    fn object_graph<M: Message>(&self, limits: &Limits) -> Result<Option<M>> {
        let bytes = self.object_graph_def.as_deref();
        let graph = bytes.map(|bytes| M::decode(bytes, limits)).transpose();
        graph.within(|| "the graph's objects")
    }

    /// The functions of the graph, each an encoded
    /// [`FunctionDef`](super::tensorflow::FunctionDef).
    pub fn functions(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let library = self.graph_def.as_ref().and_then(|it| it.library.as_ref());
        let functions = library.map_or(&[][..], |it| &it.function);
        functions.iter().map(Vec::as_slice)
    }
}
