//! Real models go through `Model` and back; what cannot be loaded says so.

use std::fs;
use std::path::{Path, PathBuf};

use hornfels::hdf5::Layout;
use hornfels::keras::{Dialect, Model};
use hornfels::{ErrorKind, Format, LoadOptions, SaveOptions, load_model};

const SAMPLE: &str = "tests/data/early_warning.h5";

fn classic() -> SaveOptions {
    SaveOptions::new().save_format(Format::H5)
}

fn reload(bytes: Vec<u8>) -> Model<'static> {
    LoadOptions::new().load_bytes(bytes).unwrap()
}

#[test]
fn a_real_model_is_the_same_in_both_layouts() {
    let model = load_model(SAMPLE).unwrap();
    for layout in [Layout::Classic, Layout::Compact] {
        let bytes = classic().layout(layout).to_vec(&model).unwrap();
        assert_eq!(reload(bytes), model);
    }
}

#[test]
fn saving_twice_gives_the_same_bytes() {
    let model = load_model(SAMPLE).unwrap();
    let first = classic().to_vec(&model).unwrap();
    let mut streamed = Vec::new();
    classic()
        .write_to(&reload(first.clone()), &mut streamed)
        .unwrap();
    assert!(first == streamed);
}

#[test]
fn layers_and_variables_are_found_by_name() {
    let model = load_model(SAMPLE).unwrap();
    let first = model.variables.iter().next().unwrap();
    let (layer, _) = first.path.split_once('/').unwrap();
    let layer = model.get_layer(layer).unwrap();
    assert_eq!(layer.variable("kernel").unwrap(), &first.tensor);
    let error = model.get_layer("nothing").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains(layer.name()), "{error}");
}

#[test]
fn a_model_may_replace_the_file_it_was_loaded_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.h5");
    fs::copy(SAMPLE, &path).unwrap();
    let model = load_model(&path).unwrap();
    model.save(&path).unwrap();
    assert_eq!(load_model(&path).unwrap(), model);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn without_the_optimizer_the_compile_config_goes_too() {
    let model = load_model(SAMPLE).unwrap();
    let bytes = classic().include_optimizer(false).to_vec(&model).unwrap();
    let bare = reload(bytes);
    assert_eq!((&bare.compile, &bare.optimizer), (&None, &None));
    assert_eq!(bare.variables, model.variables);
    assert_eq!(
        LoadOptions::new()
            .compile(false)
            .load(SAMPLE)
            .unwrap()
            .compile,
        None
    );
}

#[test]
fn each_wrong_argument_is_its_own_error() {
    let model = load_model(SAMPLE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let kind = |path: PathBuf, options: SaveOptions| options.save(&model, path).unwrap_err().kind();
    assert_eq!(
        kind(at("model"), SaveOptions::new()),
        ErrorKind::Unsupported
    );
    assert_eq!(
        kind(at("model.keras"), SaveOptions::new()),
        ErrorKind::Unsupported
    );
    assert_eq!(
        kind(at("none/model.h5"), SaveOptions::new()),
        ErrorKind::NotFound
    );
    assert_eq!(
        kind(folder.path().to_owned(), classic()),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        kind(at("m.h5"), classic().save_traces(false)),
        ErrorKind::InvalidArgument
    );
    assert_eq!(
        kind(at("m.h5"), classic().dialect(Dialect::Keras3)),
        ErrorKind::Unsupported
    );
    assert_eq!(
        load_model(at("m.h5")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        load_model(folder.path()).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

/// Every file below a folder that begins as HDF5 does.
fn hdf5_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            hdf5_files(&path, found);
        } else if fs::read(&path).unwrap().starts_with(b"\x89HDF\r\n\x1a\n") {
            found.push(path);
        }
    }
}

/// With `HORNFELS_CORPUS`: every whole model of Keras 2 or 3 in it opens, is saved and opens again.
#[test]
fn a_corpus_goes_through() {
    let Some(corpus) = std::env::var_os("HORNFELS_CORPUS") else {
        return;
    };
    let mut files = Vec::new();
    hdf5_files(Path::new(&corpus), &mut files);
    let (mut models, mut others, mut wrong) = (0, 0, Vec::new());
    for path in &files {
        let model = match load_model(path) {
            Ok(model) => model,
            // Weights alone, and HDF5 that has nothing to do with Keras.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                others += 1;
                continue;
            }
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        models += 1;
        for layout in [Layout::Classic, Layout::Compact] {
            let saved = classic().layout(layout).to_vec(&model);
            let same = saved.map(|bytes| reload(bytes) == model);
            if !matches!(same, Ok(true)) {
                wrong.push(format!("{}: {layout:?}: {same:?}", path.display()));
            }
        }
    }
    println!(
        "{models} models, {others} other HDF5 files, {} failed",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(models > 0, "no model in {}", Path::new(&corpus).display());
}
