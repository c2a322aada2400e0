//! `op_def.proto`: types of operations, and signatures of functions.

use super::resource_handle::DtypeAndShape;
use super::{AttrValue, DataType, FullTypeDef};
use crate::proto::message::message;

message! {
    /// A type of operations, or the signature of a function.
    pub struct OpDef: "tensorflow.OpDef" {
        /// Its name.
        1 => name: String,
        /// Inputs, or arguments.
        2 => input_arg: Vec<ArgDef>,
        /// Outputs, or results.
        3 => output_arg: Vec<ArgDef>,
        /// Attributes.
        4 => attr: Vec<AttrDef>,
        /// One line of documentation; left out of SavedModels.
        5 => summary: String,
        /// Documentation; left out of SavedModels.
        6 => description: String,
        /// Since when it should not be used.
        8 => deprecation: Option<OpDeprecation>,
        /// Whether inputs may be swapped.
        16 => is_aggregate: bool,
        /// Whether it has a state: it is never folded or shared.
        17 => is_stateful: bool,
        /// Whether it is commutative.
        18 => is_commutative: bool,
        /// Whether it takes variables without a value.
        19 => allows_uninitialized_input: bool,
        /// Names of control outputs, of functions only.
        20 => control_output: Vec<String>,
        /// Whether it talks to other machines.
        21 => is_distributed_communication: bool,
    }
}

message! {
    /// An input or output; or several, when it has `number_attr` or `type_list_attr`.
    pub struct ArgDef: "tensorflow.OpDef.ArgDef" {
        /// Its name.
        1 => name: String,
        /// Documentation; left out of SavedModels.
        2 => description: String,
        /// Its type, when that is always the same.
        3 => r#type: DataType,
        /// The attribute with its type.
        4 => type_attr: String,
        /// The attribute that says how many tensors of the type there are.
        5 => number_attr: String,
        /// The attribute with the types of several tensors.
        6 => type_list_attr: String,
        /// What variables hold, for functions with resources as arguments.
        7 => handle_data: Vec<DtypeAndShape>,
        /// Whether it is a reference to a variable of TensorFlow 1.
        16 => is_ref: bool,
        /// The type of an output, in full.
        17 => experimental_full_type: Option<FullTypeDef>,
    }
}

message! {
    /// An attribute of a type of operations.
    pub struct AttrDef: "tensorflow.OpDef.AttrDef" {
        /// Its name.
        1 => name: String,
        /// Its type: `int`, `type`, `list(shape)`, …
        2 => r#type: String,
        /// The value of nodes that have none.
        3 => default_value: Option<AttrValue>,
        /// Documentation; left out of SavedModels.
        4 => description: String,
        /// Whether `minimum` counts.
        5 => has_minimum: bool,
        /// The least value, or the least length of a list.
        6 => minimum: i64,
        /// The values that are allowed, as a list.
        7 => allowed_values: Option<AttrValue>,
    }
}

message! {
    /// Since when a type of operations should not be used.
    pub struct OpDeprecation: "tensorflow.OpDeprecation" {
        /// The version of graphs from which it is refused.
        1 => version: i32,
        /// What to use in its place.
        2 => explanation: String,
    }
}

message! {
    /// Types of operations: in a SavedModel, all that its graph and functions use.
    pub struct OpList: "tensorflow.OpList" {
        /// The types, sorted by name.
        1 => op: Vec<OpDef>,
    }
}
