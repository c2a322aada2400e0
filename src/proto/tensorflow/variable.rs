//! `variable.proto`: variables of TensorFlow 1, and how variables are kept equal between devices.

use crate::proto::message::message;
use crate::proto::value::open_enum;

open_enum! {
    /// When copies of a variable on several devices are made equal.
    pub enum VariableSynchronization: "tensorflow.VariableSynchronization" {
        VARIABLE_SYNCHRONIZATION_AUTO = 0,
        VARIABLE_SYNCHRONIZATION_NONE = 1,
        VARIABLE_SYNCHRONIZATION_ON_WRITE = 2,
        VARIABLE_SYNCHRONIZATION_ON_READ = 3,
    }
}

open_enum! {
    /// How copies of a variable on several devices become one.
    pub enum VariableAggregation: "tensorflow.VariableAggregation" {
        VARIABLE_AGGREGATION_NONE = 0,
        VARIABLE_AGGREGATION_SUM = 1,
        VARIABLE_AGGREGATION_MEAN = 2,
        VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA = 3,
    }
}

message! {
    /// A variable of TensorFlow 1, as collections hold it; not written by Keras.
    pub struct VariableDef: "tensorflow.VariableDef" {
        /// Its tensor.
        1 => variable_name: String,
        /// The operation that gives it its first value.
        2 => initializer_name: String,
        /// The tensor to read it by.
        3 => snapshot_name: String,
        /// Which part of a larger variable it is.
        4 => save_slice_info_def: Option<SaveSliceInfoDef>,
        /// Whether it is a resource, as in TensorFlow 2.
        5 => is_resource: bool,
        /// The tensor with its first value.
        6 => initial_value_name: String,
        /// Whether training changes it.
        7 => trainable: bool,
        /// When its copies are made equal.
        8 => synchronization: VariableSynchronization,
        /// How its copies become one.
        9 => aggregation: VariableAggregation,
    }
}

message! {
    /// Which part of a larger variable a variable is.
    pub struct SaveSliceInfoDef: "tensorflow.SaveSliceInfoDef" {
        /// The larger variable's name.
        1 => full_name: String,
        /// Its shape.
        2 => full_shape: Vec<i64>,
        /// Where the part begins.
        3 => var_offset: Vec<i64>,
        /// The shape of the part.
        4 => var_shape: Vec<i64>,
    }
}
