//! TensorFlow's messages, one module for each `.proto` file of the same name.
//!
//! Messages are named as there; those declared inside of others, enumerations and oneofs are in the
//! module of their file. What each field is for is also in `spec/proto/`, a table for each message.

pub mod attr_value;
pub mod fingerprint;
pub mod full_type;
pub mod function;
pub mod graph;
pub mod graph_debug_info;
pub mod meta_graph;
pub mod node_def;
pub mod op_def;
pub mod resource_handle;
pub mod saved_model;
pub mod saved_object_graph;
pub mod saver;
// `struct` is a word of Rust's.
#[path = "struct.rs"]
pub mod structure;
pub mod tensor;
pub mod tensor_bundle;
pub mod tensor_shape;
pub mod tensor_slice;
pub mod trackable_object_graph;
pub mod types;
pub mod variable;
pub mod versions;

pub use attr_value::{AttrValue, NameAttrList};
pub use fingerprint::FingerprintDef;
pub use full_type::{FullTypeDef, FullTypeId};
pub use function::{FunctionDef, FunctionDefLibrary, GradientDef, RegisteredGradient};
pub use graph::GraphDef;
pub use graph_debug_info::GraphDebugInfo;
pub use meta_graph::{AssetFileDef, CollectionDef, MetaGraphDef, SignatureDef, TensorInfo};
pub use node_def::NodeDef;
pub use op_def::{OpDef, OpDeprecation, OpList};
pub use resource_handle::ResourceHandleProto;
pub use saved_model::SavedModel;
pub use saved_object_graph::{
    CapturedTensor, FunctionSpec, SaveableObject, SavedAsset, SavedBareConcreteFunction,
    SavedConcreteFunction, SavedConstant, SavedFunction, SavedObject, SavedObjectGraph,
    SavedResource, SavedUserObject, SavedVariable,
};
pub use saver::SaverDef;
pub use structure::{
    BoundedTensorSpecProto, DictValue, ListValue, NamedTupleValue, NoneValue, PairValue,
    StructuredValue, TensorSpecProto, TupleValue, TypeSpecProto,
};
pub use tensor::{TensorProto, VariantTensorDataProto};
pub use tensor_bundle::{BundleEntryProto, BundleHeaderProto};
pub use tensor_shape::TensorShapeProto;
pub use tensor_slice::TensorSliceProto;
pub use trackable_object_graph::{RegisteredSaver, TrackableObjectGraph};
pub use types::{DataType, SerializedDType};
pub use variable::{SaveSliceInfoDef, VariableAggregation, VariableDef, VariableSynchronization};
pub use versions::VersionDef;
