//! TensorFlow's messages, one module for each `.proto` file of the same name.
//!
//! Messages are named as there; those declared inside of others are in the module of their file.
//! What each field is for is also in `spec/proto/`, a table for each message.

pub mod attr_value;
pub mod full_type;
pub mod function;
pub mod graph;
pub mod graph_debug_info;
pub mod node_def;
pub mod op_def;
pub mod resource_handle;
pub mod tensor;
pub mod tensor_bundle;
pub mod tensor_shape;
pub mod tensor_slice;
pub mod types;
pub mod versions;

pub use attr_value::{AttrValue, NameAttrList};
pub use full_type::{FullTypeDef, FullTypeId};
pub use function::{FunctionDef, FunctionDefLibrary, GradientDef, RegisteredGradient};
pub use graph::GraphDef;
pub use graph_debug_info::GraphDebugInfo;
pub use node_def::NodeDef;
pub use op_def::{OpDef, OpDeprecation, OpList};
pub use resource_handle::ResourceHandleProto;
pub use tensor::{TensorProto, VariantTensorDataProto};
pub use tensor_bundle::{BundleEntryProto, BundleHeaderProto};
pub use tensor_shape::TensorShapeProto;
pub use tensor_slice::TensorSliceProto;
pub use types::{DataType, SerializedDType};
pub use versions::VersionDef;
