use hornfels::Limits;
use hornfels::proto::tensorflow::{
    AttrValue, BundleEntryProto, CollectionDef, FingerprintDef, FullTypeDef, FunctionDefLibrary,
    GraphDebugInfo, GraphDef, MetaGraphDef, NodeDef, OpList, SavedModel, SavedObjectGraph,
    SignatureDef, StructuredValue, TensorProto, TrackableObjectGraph, VariableDef,
};
use hornfels::proto::{Message, keras::SavedMetadata, tensorflow::BundleHeaderProto};

/// Messages that contain all the others; the first byte of an input chooses one.
const MESSAGES: &[fn(&[u8])] = &[
    through::<SavedModel>,
    through::<MetaGraphDef>,
    through::<GraphDef>,
    through::<FunctionDefLibrary>,
    through::<NodeDef>,
    through::<AttrValue>,
    through::<TensorProto>,
    through::<OpList>,
    through::<SignatureDef>,
    through::<CollectionDef>,
    through::<SavedObjectGraph>,
    through::<StructuredValue>,
    through::<TrackableObjectGraph>,
    through::<BundleHeaderProto>,
    through::<BundleEntryProto>,
    through::<GraphDebugInfo>,
    through::<FullTypeDef>,
    through::<VariableDef>,
    through::<FingerprintDef>,
    through::<SavedMetadata>,
];

/// Arbitrary bytes as a message: what is decoded is encoded to the same message, and that to the
/// same bytes.
pub fn proto_messages(data: &[u8]) {
    if let Some((choice, bytes)) = data.split_first() {
        MESSAGES[usize::from(*choice) % MESSAGES.len()](bytes);
    }
}

fn through<M: Message>(bytes: &[u8]) {
    let limits = Limits {
        max_objects: 10_000,
        ..Limits::default()
    };
    match M::decode(bytes, &limits) {
        Ok(message) => {
            let encoded = message.encode().unwrap();
            assert_eq!(encoded.len(), message.encoded_len());
            let again = M::decode(&encoded, &limits).unwrap();
            assert_eq!(again, message);
            assert_eq!(again.encode().unwrap(), encoded);
            drop(format!("{again:?}"));
        }
        Err(error) => assert!(error.offset().is_some(), "{error}"),
    }
}
