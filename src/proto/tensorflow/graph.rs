//! `graph.proto`: a graph of nodes and its functions.

use super::{FunctionDefLibrary, GraphDebugInfo, NodeDef, VersionDef};
use crate::proto::message::message;

message! {
    /// A graph of operations. A SavedModel has one for sessions and servers; what loads in
    /// TensorFlow 2 are the functions in its library.
    pub struct GraphDef: "tensorflow.GraphDef" {
        /// The nodes, in any order.
        1 => node: Vec<NodeDef>,
        /// The functions that nodes call.
        2 => library: Option<FunctionDefLibrary>,
        /// Replaced by `versions`; never written.
        3 => version: i32,
        /// Which TensorFlow wrote the graph, and the oldest that reads it.
        4 => versions: Option<VersionDef>,
        /// Where in Python the nodes were made; a Keras SavedModel leaves it out.
        5 => debug_info: Option<GraphDebugInfo>,
    }
}
