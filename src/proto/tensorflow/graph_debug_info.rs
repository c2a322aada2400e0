//! `graph_debug_info.proto`: where in Python nodes were made.

use std::collections::BTreeMap;

use crate::proto::Fixed64;
use crate::proto::message::message;

message! {
    /// Where in Python nodes were made: `debug/saved_model_debug_info.pb`, when asked for.
    pub struct GraphDebugInfo: "tensorflow.GraphDebugInfo" {
        /// Paths of files.
        1 => files: Vec<String>,
        /// Stacks by `node@function`; before TensorFlow 2.15.
        2 => traces: BTreeMap<String, StackTrace>,
        /// Frames by number.
        4 => frames_by_id: BTreeMap<Fixed64, FileLineCol>,
        /// Numbers of stacks by `node@function`.
        5 => name_to_trace_id: BTreeMap<String, Fixed64>,
        /// Stacks by number.
        6 => traces_by_id: BTreeMap<Fixed64, StackTrace>,
    }
}

message! {
    /// A place in a file.
    pub struct FileLineCol: "tensorflow.GraphDebugInfo.FileLineCol" {
        /// The index of the file's path.
        1 => file_index: Option<i32>,
        /// The line.
        2 => line: Option<i32>,
        /// The column.
        3 => col: Option<i32>,
        /// The function.
        4 => func: Option<String>,
        /// The line's text.
        5 => code: Option<String>,
    }
}

message! {
    /// A stack of calls, the innermost first.
    pub struct StackTrace: "tensorflow.GraphDebugInfo.StackTrace" {
        /// Its places.
        1 => file_line_cols: Vec<FileLineCol>,
        /// Its places, as numbers of frames.
        2 => frame_id: Vec<Fixed64>,
    }
}
