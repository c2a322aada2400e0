//! `saved_object_graph.proto`: the objects that TensorFlow 2 restores.

use std::collections::BTreeMap;

use super::trackable_object_graph::{ObjectReference, SlotVariableReference};
use super::{
    DataType, StructuredValue, TensorShapeProto, VariableAggregation, VariableSynchronization,
    VersionDef,
};
use crate::proto::google::Any;
use crate::proto::message::message;
use crate::proto::oneof::oneof;
use crate::proto::value::open_enum;

message! {
    /// The objects of a SavedModel, and the functions they have.
    pub struct SavedObjectGraph: "tensorflow.SavedObjectGraph" {
        /// The objects; the first is the root.
        1 => nodes: Vec<SavedObject>,
        /// Traced functions by their name in the graph's library.
        2 => concrete_functions: BTreeMap<String, SavedConcreteFunction>,
    }
}

message! {
    /// An object: what it is, and what it owns.
    pub struct SavedObject: "tensorflow.SavedObject" {
        /// The objects it owns.
        1 => children: Vec<ObjectReference>,
        /// Slot variables, of an optimizer before Keras 2.11.
        3 => slot_variables: Vec<SlotVariableReference>,
        /// Functions that save and restore what it holds, by the name of its tensor.
        11 => saveable_objects: BTreeMap<String, SaveableObject>,
        /// The name its class is registered under: `tf.TrackableConstant`, `tf.StaticHashTable`.
        13 => registered_name: String,
        /// What its class adds; not written by Keras.
        14 => serialized_user_proto: Option<Any>,
        /// Objects that must be made before it.
        15 => dependencies: Vec<ObjectReference>,
        /// Who saves it otherwise; not written by Keras.
        16 => registered_saver: String,
    }
    oneof {
        /// What it is.
        kind: Kind,
    }
}

oneof! {
    /// What an object is.
    pub enum Kind {
        /// An object of a class: a layer, a list, an optimizer.
        4 => user_object: UserObject(SavedUserObject),
        /// A file in `assets/`.
        5 => asset: Asset(SavedAsset),
        /// A function with any number of traces.
        6 => function: Function(Box<SavedFunction>),
        /// A variable.
        7 => variable: Variable(Box<SavedVariable>),
        /// A function with one trace.
        8 => bare_concrete_function: BareConcreteFunction(Box<SavedBareConcreteFunction>),
        /// A constant.
        9 => constant: Constant(SavedConstant),
        /// A resource: a lookup table.
        10 => resource: Resource(SavedResource),
        /// A tensor that a function took from where it was defined; not written by Keras.
        12 => captured_tensor: CapturedTensor(CapturedTensor),
    }
}

message! {
    /// An object of a class.
    pub struct SavedUserObject: "tensorflow.SavedUserObject" {
        /// The class: `_tf_keras_layer`, `trackable_list_wrapper`, …
        1 => identifier: String,
        /// Its version; without one the class is not found.
        2 => version: Option<VersionDef>,
        /// JSON of Keras before TensorFlow 2.5; empty since.
        3 => metadata: String,
    }
}

message! {
    /// A file in `assets/`.
    pub struct SavedAsset: "tensorflow.SavedAsset" {
        /// Its index in `MetaGraphDef.asset_file_def`.
        1 => asset_file_def_index: i32,
    }
}

message! {
    /// A function with any number of traces.
    pub struct SavedFunction: "tensorflow.SavedFunction" {
        /// Names of its traces.
        1 => concrete_functions: Vec<String>,
        /// How it is called.
        2 => function_spec: Option<FunctionSpec>,
    }
}

message! {
    /// A tensor that a function took from where it was defined.
    pub struct CapturedTensor: "tensorflow.CapturedTensor" {
        /// The tensor.
        1 => name: String,
        /// The function.
        2 => concrete_function: String,
    }
}

message! {
    /// One trace of a function.
    pub struct SavedConcreteFunction: "tensorflow.SavedConcreteFunction" {
        /// The objects that are its last arguments: variables, tables, constants.
        2 => bound_inputs: Vec<i32>,
        /// Its arguments: a tuple of a tuple of positional ones and a dictionary of named ones.
        3 => canonicalized_input_signature: Option<StructuredValue>,
        /// Its result.
        4 => output_signature: Option<StructuredValue>,
    }
}

message! {
    /// A function with one trace: a signature, or one that saves, restores or initializes.
    pub struct SavedBareConcreteFunction: "tensorflow.SavedBareConcreteFunction" {
        /// Its name.
        1 => concrete_function_name: String,
        /// Names of its arguments.
        2 => argument_keywords: Vec<String>,
        /// How many arguments may be given without a name.
        3 => allowed_positional_arguments: i64,
        /// How it is called.
        4 => function_spec: Option<FunctionSpec>,
    }
}

message! {
    /// A constant.
    pub struct SavedConstant: "tensorflow.SavedConstant" {
        /// The `Const` node of the graph.
        1 => operation: String,
    }
}

message! {
    /// A variable.
    pub struct SavedVariable: "tensorflow.SavedVariable" {
        /// Its element type.
        1 => dtype: DataType,
        /// Its shape.
        2 => shape: Option<TensorShapeProto>,
        /// Whether training changes it.
        3 => trainable: bool,
        /// When its copies are made equal.
        4 => synchronization: VariableSynchronization,
        /// How its copies become one.
        5 => aggregation: VariableAggregation,
        /// Its name, without `:0`.
        6 => name: String,
        /// Its device, when devices are saved.
        7 => device: String,
        /// Its copies, when distributed variables are saved.
        8 => experimental_distributed_variable_components: Vec<SavedVariable>,
    }
}

message! {
    /// How a function is called.
    pub struct FunctionSpec: "tensorflow.FunctionSpec" {
        /// Its arguments, as a named tuple `FullArgSpec`.
        1 => fullargspec: Option<StructuredValue>,
        /// Whether the first argument is the object; always false in files.
        2 => is_method: bool,
        /// Its only signature, or none.
        5 => input_signature: Option<StructuredValue>,
        /// Whether it is compiled.
        6 => jit_compile: JitCompile,
    }
}

open_enum! {
    /// Whether a function is compiled.
    pub enum JitCompile: "tensorflow.FunctionSpec.JitCompile" {
        DEFAULT = 0,
        ON = 1,
        OFF = 2,
    }
}

message! {
    /// A resource.
    pub struct SavedResource: "tensorflow.SavedResource" {
        /// Its device; empty for anywhere.
        1 => device: String,
    }
}

message! {
    /// Functions that save and restore what an object holds.
    pub struct SaveableObject: "tensorflow.SaveableObject" {
        /// The object that is the function that saves.
        2 => save_function: i32,
        /// The object that is the function that restores.
        3 => restore_function: i32,
    }
}
