//! `node_def.proto`: one operation in a graph.

use std::collections::BTreeMap;

use super::{AttrValue, FullTypeDef};
use crate::proto::message::message;

message! {
    /// One operation in a graph or function.
    pub struct NodeDef: "tensorflow.NodeDef" {
        /// Its name, unique in its graph or function.
        1 => name: String,
        /// The operation's type, such as `MatMul`.
        2 => op: String,
        /// Where inputs come from: `node`, `node:1` or `^node` in a graph, `node:output:0` in a
        /// function.
        3 => input: Vec<String>,
        /// Where to run it; empty for anywhere.
        4 => device: String,
        /// Attributes; a SavedModel leaves out those that have their default.
        5 => attr: BTreeMap<String, AttrValue>,
        /// Which nodes and functions it was made from.
        6 => experimental_debug_info: Option<ExperimentalDebugInfo>,
        /// The type of its result, where an operation declares one.
        7 => experimental_type: Option<FullTypeDef>,
    }
}

message! {
    /// Which nodes and functions a node was made from, when graphs are rewritten.
    pub struct ExperimentalDebugInfo: "tensorflow.NodeDef.ExperimentalDebugInfo" {
        /// Names of nodes.
        1 => original_node_names: Vec<String>,
        /// Names of functions, for each node.
        2 => original_func_names: Vec<String>,
    }
}
