use hornfels::hdf5::Layout;
use hornfels::keras::Model;
use hornfels::{Format, Limits, LoadOptions, SaveOptions};

/// Arbitrary bytes as a model file: what loads is saved in both layouts, and loads again, equal.
pub fn load_any(data: &[u8]) {
    let limits = Limits {
        expansion_floor: 1 << 20,
        max_depth: 30,
        ..Limits::default()
    };
    let options = LoadOptions::new().limits(limits);
    let model = match options.load_bytes(data.to_vec()) {
        Ok(model) => model,
        Err(error) => return drop(error.to_string()),
    };
    look_at(&model);
    for layout in [Layout::Classic, Layout::Compact] {
        let save = SaveOptions::new().save_format(Format::H5).layout(layout);
        let bytes = match save.to_vec(&model) {
            Ok(bytes) => bytes,
            Err(error) => panic!("{layout:?}: loads, but is not saved: {error}"),
        };
        let again = options.load_bytes(bytes.clone()).unwrap();
        assert!(again == model, "{layout:?}: another model");
        assert!(
            save.to_vec(&again).unwrap() == bytes,
            "{layout:?}: other bytes"
        );
    }
    let bare = options.clone().compile(false).load_bytes(data.to_vec());
    let bare = bare.unwrap();
    assert_eq!((&bare.compile, &bare.optimizer), (&None, &None));
    assert!(bare.variables == model.variables);
}

/// What is listed is found.
fn look_at(model: &Model<'_>) {
    for layer in model.network.layers() {
        assert_eq!(model.get_layer(layer.name()).unwrap().name(), layer.name());
    }
    for variable in model.variables.iter() {
        drop(model.variable(&variable.path));
    }
    drop(model.network.to_object().to_string());
}
