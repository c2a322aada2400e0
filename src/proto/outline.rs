//! SavedModels without what their functions compute: as much as listing and loading need, for a
//! fraction of the time. Functions and nodes are most of a SavedModel. Nothing is copied: outlines
//! borrow from the encoded bytes, and skip what they do not declare.
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

use super::message::Message;
use super::tensorflow::SavedObjectGraph;
use super::tensorflow::meta_graph::SignatureDef;
use super::view::view;
use crate::error::{Context, Result};
use crate::limits::Limits;

view! {
    /// [`SavedModel`](super::tensorflow::SavedModel).
    pub struct SavedModelOutline<'a>: "tensorflow.SavedModel" {
        /// Its graphs.
        2 => meta_graphs: Vec<MetaGraphOutline<'a>>,
    }
}

view! {
    /// [`MetaGraphDef`](super::tensorflow::MetaGraphDef).
    pub struct MetaGraphOutline<'a>: "tensorflow.MetaGraphDef" {
        /// Tags, and what wrote it.
        1 => meta_info_def: Option<MetaInfoOutline<'a>>,
        /// The graph.
        2 => graph_def: Option<GraphOutline<'a>>,
        /// Signatures by name.
        5 => signature_def: BTreeMap<String, SignatureDef>,
        /// Files in `assets/`.
        6 => asset_file_def: Vec<AssetFileOutline<'a>>,
        /// The objects that TensorFlow 2 restores, an encoded `SavedObjectGraph`.
        7 => object_graph_def: Option<&'a [u8]>,
    }
}

view! {
    /// Tags, and what wrote a graph.
    pub struct MetaInfoOutline<'a>: "tensorflow.MetaGraphDef.MetaInfoDef" {
        /// What it is for: `serve`.
        4 => tags: Vec<&'a str>,
        /// The version of TensorFlow that wrote it.
        5 => tensorflow_version: &'a str,
    }
}

view! {
    /// [`AssetFileDef`](super::tensorflow::meta_graph::AssetFileDef).
    pub struct AssetFileOutline<'a>: "tensorflow.AssetFileDef" {
        /// Its name in `assets/`.
        2 => filename: &'a str,
    }
}

view! {
    /// [`GraphDef`](super::tensorflow::GraphDef).
    pub struct GraphOutline<'a>: "tensorflow.GraphDef" {
        /// Its nodes, each an encoded `NodeDef`.
        1 => node: Vec<&'a [u8]>,
        /// Its functions.
        2 => library: Option<LibraryOutline<'a>>,
    }
}

view! {
    /// [`NodeDef`](super::tensorflow::NodeDef).
    pub struct NodeOutline<'a>: "tensorflow.NodeDef" {
        /// Its name.
        1 => name: &'a str,
    }
}

view! {
    /// [`FunctionDefLibrary`](super::tensorflow::FunctionDefLibrary).
    pub struct LibraryOutline<'a>: "tensorflow.FunctionDefLibrary" {
        /// The functions, each an encoded `FunctionDef`.
        1 => function: Vec<&'a [u8]>,
    }
}

view! {
    /// [`SavedObjectGraph`]: what objects own, and which are objects of classes or variables.
    pub struct ObjectGraphOutline<'a>: "tensorflow.SavedObjectGraph" {
        /// The objects; the first is the root.
        1 => nodes: Vec<ObjectOutline<'a>>,
    }
}

view! {
    /// [`SavedObject`](super::tensorflow::saved_object_graph::SavedObject).
    pub struct ObjectOutline<'a>: "tensorflow.SavedObject" {
        /// The objects it owns.
        1 => children: Vec<ChildOutline<'a>>,
        /// Slot variables, of an optimizer before Keras 2.11.
        3 => slot_variables: Vec<SlotOutline<'a>>,
        /// What it is if it is an object of a class.
        4 => user_object: Option<UserObjectOutline<'a>>,
        /// What it is if it is a variable.
        7 => variable: Option<VariableOutline<'a>>,
    }
}

view! {
    /// [`ObjectReference`](super::tensorflow::trackable_object_graph::ObjectReference).
    pub struct ChildOutline<'a>:
        "tensorflow.TrackableObjectGraph.TrackableObject.ObjectReference"
    {
        /// The object's index.
        1 => node_id: i32,
        /// The name.
        2 => local_name: &'a str,
    }
}

view! {
    /// [`SlotVariableReference`](super::tensorflow::trackable_object_graph::SlotVariableReference).
    pub struct SlotOutline<'a>:
        "tensorflow.TrackableObjectGraph.TrackableObject.SlotVariableReference"
    {
        /// The model's variable.
        1 => original_variable_node_id: i32,
        /// What it is to the optimizer: `m`, `v`, `momentum`.
        2 => slot_name: &'a str,
        /// The optimizer's variable.
        3 => slot_variable_node_id: i32,
    }
}

view! {
    /// [`SavedUserObject`](super::tensorflow::saved_object_graph::SavedUserObject).
    pub struct UserObjectOutline<'a>: "tensorflow.SavedUserObject" {
        /// The class: `_tf_keras_layer`.
        1 => identifier: &'a str,
        /// JSON of Keras before TensorFlow 2.5; empty since.
        3 => metadata: &'a str,
    }
}

view! {
    /// [`SavedVariable`](super::tensorflow::saved_object_graph::SavedVariable).
    pub struct VariableOutline<'a>: "tensorflow.SavedVariable" {
        /// Whether training changes it.
        3 => trainable: bool,
        /// Its name, without `:0`.
        6 => name: &'a str,
    }
}

view! {
    /// [`TrackableObjectGraph`](super::tensorflow::TrackableObjectGraph).
    pub struct TrackableGraphOutline<'a>: "tensorflow.TrackableObjectGraph" {
        /// The objects; the first is the root.
        1 => nodes: Vec<TrackableOutline<'a>>,
    }
}

view! {
    /// [`TrackableObject`](super::tensorflow::trackable_object_graph::TrackableObject).
    pub struct TrackableOutline<'a>: "tensorflow.TrackableObjectGraph.TrackableObject" {
        /// The objects it owns.
        1 => children: Vec<ChildOutline<'a>>,
        /// Its tensors: a variable has one, `VARIABLE_VALUE`.
        2 => attributes: Vec<SerializedOutline<'a>>,
        /// Slot variables, of an optimizer before Keras 2.11.
        3 => slot_variables: Vec<SlotOutline<'a>>,
    }
}

view! {
    /// [`SerializedTensor`](super::tensorflow::trackable_object_graph::SerializedTensor).
    pub struct SerializedOutline<'a>:
        "tensorflow.TrackableObjectGraph.TrackableObject.SerializedTensor"
    {
        /// The name its object has for it: `VARIABLE_VALUE`.
        1 => name: &'a str,
        /// The variable's name, for checkpoints of TensorFlow 1.
        2 => full_name: &'a str,
        /// The key of its entry in the bundle.
        3 => checkpoint_key: &'a str,
    }
}

view! {
    /// [`SavedMetadata`](super::keras::SavedMetadata).
    pub struct SavedMetadataOutline<'a>: "keras.SavedMetadata" {
        /// Models, layers and metrics, in the order of their indexes.
        1 => nodes: Vec<DescriptionOutline<'a>>,
    }
}

view! {
    /// What is said of a model, layer or metric.
    pub struct DescriptionOutline<'a>: "keras.SavedObject" {
        /// Its index in the object graph.
        2 => node_id: i32,
        /// The way to it from the root: `root.layer_with_weights-0`.
        3 => node_path: &'a str,
        /// Its class, config and more, as JSON.
        5 => metadata: &'a str,
    }
}

impl<'a> MetaGraphOutline<'a> {
    /// The objects that TensorFlow 2 restores; none in a graph of TensorFlow 1.
    ///
    /// # Errors
    /// As [`Message::decode`].
    pub fn objects(&self, limits: &Limits) -> Result<Option<SavedObjectGraph>> {
        self.graph(|bytes| SavedObjectGraph::decode(bytes, limits))
    }

    /// The same without what their functions take and give.
    ///
    /// # Errors
    /// As [`Message::decode`].
    pub fn objects_outline(&self, limits: &Limits) -> Result<Option<ObjectGraphOutline<'a>>> {
        self.graph(|bytes| ObjectGraphOutline::decode(bytes, limits))
    }

    fn graph<T>(&self, decode: impl FnOnce(&'a [u8]) -> Result<T>) -> Result<Option<T>> {
        let graph = self.object_graph_def.map(decode).transpose();
        graph.within(|| "the graph's objects")
    }

    /// The functions of the graph, each an encoded
    /// [`FunctionDef`](super::tensorflow::FunctionDef).
    pub fn functions(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        let library = self.graph_def.as_ref().and_then(|it| it.library.as_ref());
        let functions = library.map_or(&[][..], |it| &it.function);
        functions.iter().copied()
    }
}
