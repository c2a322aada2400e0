//! `function.proto`: functions that graphs and objects call.

use std::collections::BTreeMap;

use super::{AttrValue, NodeDef, OpDef};
use crate::proto::message::message;

message! {
    /// The functions of a graph.
    pub struct FunctionDefLibrary: "tensorflow.FunctionDefLibrary" {
        /// The functions; TensorFlow writes them in the order of a hash map.
        1 => function: Vec<FunctionDef>,
        /// Gradients by function; not written by TensorFlow 2.
        2 => gradient: Vec<GradientDef>,
        /// Gradients that `tf.custom_gradient` registered.
        3 => registered_gradients: Vec<RegisteredGradient>,
    }
}

message! {
    /// A function: a signature, and a body of nodes.
    pub struct FunctionDef: "tensorflow.FunctionDef" {
        /// Its name, arguments and results.
        1 => signature: Option<OpDef>,
        /// The body; inputs are named `argument` or `node:output:0`.
        3 => node_def: Vec<NodeDef>,
        /// For each result, the output of the body that is it.
        4 => ret: BTreeMap<String, String>,
        /// Attributes, such as `_input_shapes` and `_construction_context`.
        5 => attr: BTreeMap<String, AttrValue>,
        /// For each control output, the node of the body that is it.
        6 => control_ret: BTreeMap<String, String>,
        /// Attributes of arguments, by the argument's index: `_user_specified_name`,
        /// `_output_shapes`.
        7 => arg_attr: BTreeMap<u32, ArgAttrs>,
        /// Equal numbers for resource arguments that are the same resource.
        8 => resource_arg_unique_id: BTreeMap<u32, u32>,
    }
}

message! {
    /// Attributes of one argument.
    pub struct ArgAttrs: "tensorflow.FunctionDef.ArgAttrs" {
        /// Attributes by name.
        1 => attr: BTreeMap<String, AttrValue>,
    }
}

message! {
    /// The gradient of a function.
    pub struct GradientDef: "tensorflow.GradientDef" {
        /// The function.
        1 => function_name: String,
        /// Its gradient.
        2 => gradient_func: String,
    }
}

message! {
    /// A gradient that `tf.custom_gradient` registered.
    pub struct RegisteredGradient: "tensorflow.RegisteredGradient" {
        /// The function that computes it.
        1 => gradient_func: String,
        /// The name that nodes have in `_gradient_op_type`.
        2 => registered_op_type: String,
    }
}
