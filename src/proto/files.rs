//! Every message and enumeration that is here, by the `.proto` file it is declared in upstream.

use super::message::Fields;
use super::schema::FileInfo;
use super::{google, keras, tensorflow};

/// One entry a file: its path upstream, its module, its messages, its enumerations.
macro_rules! files {
    ($( $path:literal => $room:ident::$module:ident { $($message:ident)* $(; $($enum:ident)+)? } )+) => {
        &[$( FileInfo {
            path: $path,
            messages: &[$( <$room::$module::$message as Fields>::INFO ),*],
            enums: &[$( $( $room::$module::$enum::INFO ),+ )?],
        } ),+]
    };
}

/// Every message and enumeration that is here, by the `.proto` file it is declared in upstream.
pub const FILES: &[FileInfo] = files! {
    "tensorflow/core/framework/attr_value.proto" => tensorflow::attr_value {
        AttrValue ListValue NameAttrList
    }
    "tensorflow/core/framework/full_type.proto" => tensorflow::full_type { FullTypeDef; FullTypeId }
    "tensorflow/core/framework/function.proto" => tensorflow::function {
        FunctionDefLibrary FunctionDef ArgAttrs GradientDef RegisteredGradient
    }
    "tensorflow/core/framework/graph.proto" => tensorflow::graph { GraphDef }
    "tensorflow/core/framework/graph_debug_info.proto" => tensorflow::graph_debug_info {
        GraphDebugInfo FileLineCol StackTrace
    }
    "tensorflow/core/framework/node_def.proto" => tensorflow::node_def {
        NodeDef ExperimentalDebugInfo
    }
    "tensorflow/core/framework/op_def.proto" => tensorflow::op_def {
        OpDef ArgDef AttrDef OpDeprecation OpList
    }
    "tensorflow/core/framework/resource_handle.proto" => tensorflow::resource_handle {
        ResourceHandleProto DtypeAndShape
    }
    "tensorflow/core/framework/tensor.proto" => tensorflow::tensor {
        TensorProto VariantTensorDataProto
    }
    "tensorflow/core/framework/tensor_shape.proto" => tensorflow::tensor_shape {
        TensorShapeProto Dim
    }
    "tensorflow/core/framework/tensor_slice.proto" => tensorflow::tensor_slice {
        TensorSliceProto Extent
    }
    "tensorflow/core/framework/types.proto" => tensorflow::types { SerializedDType; DataType }
    "tensorflow/core/framework/variable.proto" => tensorflow::variable {
        VariableDef SaveSliceInfoDef; VariableSynchronization VariableAggregation
    }
    "tensorflow/core/framework/versions.proto" => tensorflow::versions { VersionDef }
    "tensorflow/core/protobuf/fingerprint.proto" => tensorflow::fingerprint { FingerprintDef }
    "tensorflow/core/protobuf/meta_graph.proto" => tensorflow::meta_graph {
        MetaGraphDef MetaInfoDef CollectionDef NodeList BytesList Int64List FloatList AnyList
        TensorInfo CooSparse CompositeTensor SignatureDef AssetFileDef
    }
    "tensorflow/core/protobuf/saved_model.proto" => tensorflow::saved_model { SavedModel }
    "tensorflow/core/protobuf/saved_object_graph.proto" => tensorflow::saved_object_graph {
        SavedObjectGraph SavedObject SavedUserObject SavedAsset SavedFunction CapturedTensor
        SavedConcreteFunction SavedBareConcreteFunction SavedConstant SavedVariable FunctionSpec
        SavedResource SaveableObject; JitCompile
    }
    "tensorflow/core/protobuf/saver.proto" => tensorflow::saver {
        SaverDef; CheckpointFormatVersion
    }
    "tensorflow/core/protobuf/struct.proto" => tensorflow::structure {
        StructuredValue NoneValue ListValue TupleValue DictValue PairValue NamedTupleValue
        TensorSpecProto BoundedTensorSpecProto TypeSpecProto; TypeSpecClass
    }
    "tensorflow/core/protobuf/tensor_bundle.proto" => tensorflow::tensor_bundle {
        BundleHeaderProto BundleEntryProto; Endianness
    }
    "tensorflow/core/protobuf/trackable_object_graph.proto" => tensorflow::trackable_object_graph {
        TrackableObjectGraph TrackableObject ObjectReference SerializedTensor SlotVariableReference
        RegisteredSaver
    }
    "google/protobuf/any.proto" => google::any { Any }
    "google/protobuf/wrappers.proto" => google::wrappers { BoolValue }
    "keras/protobuf/saved_metadata.proto" => keras::saved_metadata { SavedMetadata SavedObject }
    "keras/protobuf/versions.proto" => keras::versions { VersionDef }
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Encoding goes through the fields as they are declared, and the format wants their order.
    #[test]
    fn fields_are_declared_in_the_order_of_their_numbers() {
        let messages = FILES.iter().flat_map(|file| file.messages);
        for message in messages {
            let ordered = |numbers: Vec<u32>| numbers.is_sorted_by(|one, next| one < next);
            let numbers = message.fields.iter().map(|field| field.number).collect();
            assert!(ordered(numbers), "{}", message.name);
            let all = message
                .all_fields()
                .iter()
                .map(|(field, _)| field.number)
                .collect();
            assert!(ordered(all), "{}: one number twice", message.name);
            for oneof in message.oneofs {
                let numbers = oneof.fields.iter().map(|field| field.number).collect();
                assert!(ordered(numbers), "{}.{}", message.name, oneof.name);
            }
        }
    }

    /// Types name messages and enumerations that are here.
    #[test]
    fn types_of_fields_are_here() {
        use crate::proto::{FieldType, ValueType};
        let named = |value: &ValueType| match value {
            ValueType::Scalar(_) => true,
            ValueType::Enum(name) => {
                let mut enums = FILES.iter().flat_map(|file| file.enums);
                enums.any(|info| info.name == *name)
            }
            ValueType::Message(name) => {
                let mut messages = FILES.iter().flat_map(|file| file.messages);
                messages.any(|info| info.name == *name)
            }
        };
        for message in FILES.iter().flat_map(|file| file.messages) {
            for (field, _) in message.all_fields() {
                let here = match field.ty {
                    FieldType::Single(value)
                    | FieldType::Optional(value)
                    | FieldType::Repeated(value) => named(&value),
                    FieldType::Map(key, value) => named(&key) && named(&value),
                };
                assert!(here, "{} of {}", field.ty, message.name);
            }
        }
    }
}
