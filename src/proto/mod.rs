//! Protobuf messages of SavedModels: TensorFlow's and Keras's, encoded and decoded by hand.
//!
//! A message is a struct with public fields, made over its default. Encoding is deterministic;
//! decoding is safe for files from anywhere, and keeps what it does not know.
//!
//! # Change a file
//!
//! ```
//! use hornfels::Limits;
//! use hornfels::proto::Message;
//! use hornfels::proto::tensorflow::{AttrValue, DataType, GraphDef, NodeDef};
//!
//! let bytes = b"\x0a\x10\x0a\x05input\x12\x07Unknown";
//! let mut graph = GraphDef::decode(bytes, &Limits::default())?;
//! graph.node[0].op = "Placeholder".to_owned();
//! let dtype = AttrValue::from(DataType::DT_FLOAT);
//! graph.node[0].attr.insert("dtype".to_owned(), dtype);
//! graph.node.push(NodeDef {
//!     name: "output".to_owned(),
//!     op: "Identity".to_owned(),
//!     input: vec!["input".to_owned()],
//!     ..NodeDef::default()
//! });
//! let changed = graph.encode()?;
//!
//! assert_eq!(GraphDef::decode(&changed, &Limits::default())?, graph);
//! assert_eq!(
//!     format!("{:?}", graph.node[1]),
//!     r#"NodeDef { name: "output", op: "Identity", input: ["input"] }"#
//! );
//! # Ok::<(), hornfels::Error>(())
//! ```

mod dtype;
mod field;
mod files;
pub mod google;
pub mod keras;
mod message;
mod oneof;
pub mod outline;
mod schema;
pub mod tensorflow;
mod value;
mod view;
mod wire;

pub use files::FILES;
pub use message::{Message, Unknown};
pub use schema::{
    EnumInfo, FieldInfo, FieldType, FileInfo, MessageInfo, OneofInfo, ValueType, short_name,
};
pub use value::{Fixed32, Fixed64, SInt64};

#[cfg(test)]
mod tests;
