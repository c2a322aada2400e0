//! `trackable_object_graph.proto`: which objects own the tensors of a checkpoint.

use crate::proto::google::BoolValue;
use crate::proto::message::message;

message! {
    /// Which objects own the tensors of a checkpoint: its entry `_CHECKPOINTABLE_OBJECT_GRAPH`.
    pub struct TrackableObjectGraph: "tensorflow.TrackableObjectGraph" {
        /// The objects; the first is the root.
        1 => nodes: Vec<TrackableObject>,
    }
}

message! {
    /// An object.
    pub struct TrackableObject: "tensorflow.TrackableObjectGraph.TrackableObject" {
        /// The objects it owns.
        1 => children: Vec<ObjectReference>,
        /// Its tensors: a variable has one, `VARIABLE_VALUE`.
        2 => attributes: Vec<SerializedTensor>,
        /// Slot variables, of an optimizer before Keras 2.11.
        3 => slot_variables: Vec<SlotVariableReference>,
        /// Who saves it otherwise; not written by Keras.
        4 => registered_saver: Option<RegisteredSaver>,
        /// Whether it or an object below has tensors; present and false when none does.
        5 => has_checkpoint_values: Option<BoolValue>,
    }
}

message! {
    /// An object by the name its owner has for it.
    pub struct ObjectReference: "tensorflow.TrackableObjectGraph.TrackableObject.ObjectReference" {
        /// The object's index.
        1 => node_id: i32,
        /// The name.
        2 => local_name: String,
    }
}

message! {
    /// A tensor of an object.
    pub struct SerializedTensor: "tensorflow.TrackableObjectGraph.TrackableObject.SerializedTensor" {
        /// The name its object has for it: `VARIABLE_VALUE`.
        1 => name: String,
        /// The variable's name, for checkpoints of TensorFlow 1.
        2 => full_name: String,
        /// The key of its entry in the bundle.
        3 => checkpoint_key: String,
    }
}

message! {
    /// An optimizer's variable for a model's.
    pub struct SlotVariableReference:
        "tensorflow.TrackableObjectGraph.TrackableObject.SlotVariableReference"
    {
        /// The model's variable.
        1 => original_variable_node_id: i32,
        /// What it is to the optimizer: `m`, `v`, `momentum`.
        2 => slot_name: String,
        /// The optimizer's variable.
        3 => slot_variable_node_id: i32,
    }
}

message! {
    /// Who saves an object in a way of its own.
    pub struct RegisteredSaver: "tensorflow.RegisteredSaver" {
        /// The name it is registered under.
        1 => name: String,
        /// The name of the object.
        2 => object_name: String,
    }
}
