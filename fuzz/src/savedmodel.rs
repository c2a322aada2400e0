use std::collections::BTreeMap;

use hornfels::keras::Model;
use hornfels::proto::Message;
use hornfels::proto::keras::SavedMetadata;
use hornfels::proto::tensorflow::SavedModel;
use hornfels::{Format, Limits, LoadOptions, Result, SaveOptions};

use super::directory::files_of;

fn limits() -> Limits {
    Limits {
        expansion_floor: 1 << 20,
        max_objects: 100_000,
        max_depth: 30,
        ..Limits::default()
    }
}

/// Loads a directory that nobody vouches for; what loads can be looked at, and, if HDF5 can hold it, is the
/// same model there.
pub fn load_directory(files: BTreeMap<&'static str, Vec<u8>>) -> Result<Model<'static>> {
    let options = LoadOptions::new().limits(limits());
    let model = options.load_files(files.clone())?;
    for layer in model.network.layers() {
        assert_eq!(model.get_layer(layer.name()).unwrap().name(), layer.name());
    }
    drop(model.network.to_object().to_string());
    let bare = options.clone().compile(false).load_files(files).unwrap();
    assert!(bare.variables == model.variables);
    let save = SaveOptions::new().save_format(Format::H5);
    match save.to_vec(&model) {
        Ok(bytes) => {
            let again = LoadOptions::new().load_bytes(bytes).unwrap();
            let values = |model: &Model<'static>| -> Vec<_> {
                model.variables.iter().map(|it| it.tensor.clone()).collect()
            };
            assert!(values(&again) == values(&model), "other values");
        }
        Err(error) => drop(error.to_string()),
    }
    Ok(model)
}

/// Arbitrary files as a SavedModel.
pub fn savedmodel_load(data: &[u8]) {
    if let Err(error) = load_directory(files_of(data)) {
        drop(error.to_string());
    }
}

/// Arbitrary bytes as the description of a SavedModel, beside the other files of a real one: decoded,
/// shown, and loaded.
pub fn savedmodel_show(data: &[u8]) {
    let real = include_bytes!("../seeds/savedmodel_load/sequential");
    let mut files = files_of(real);
    if let Ok(saved) = SavedModel::decode(data, &limits()) {
        for graph in &saved.meta_graphs {
            let signatures = graph.signature_def.values();
            for tensor in signatures.flat_map(|it| it.inputs.values().chain(it.outputs.values())) {
                drop(tensor.tensor_shape.as_ref().map(|it| it.sizes()));
            }
        }
        drop(format!("{saved:?}"));
    }
    drop(SavedMetadata::decode(data, &limits()));
    for name in ["saved_model.pb", "keras_metadata.pb"] {
        let kept = files.insert(name, data.to_vec());
        if let Err(error) = load_directory(files.clone()) {
            drop(error.to_string());
        }
        files.extend(kept.map(|kept| (name, kept)));
    }
}
