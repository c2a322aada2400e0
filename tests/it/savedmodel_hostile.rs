//! SavedModel directories that are broken on purpose: no panic, little time, little memory, and an error
//! that names the place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hornfels::keras::{Adam, CompileConfig, Model, Object, Sequential};
use hornfels::layers::{BatchNormalization, Dense};
use hornfels::proto::Message;
use hornfels::proto::keras::SavedMetadata;
use hornfels::proto::tensorflow::meta_graph::Encoding;
use hornfels::proto::tensorflow::saved_object_graph::{Kind, SavedObject, SavedUserObject};
use hornfels::proto::tensorflow::trackable_object_graph::ObjectReference;
use hornfels::proto::tensorflow::{SavedModel, SavedObjectGraph};
use hornfels::{DType, Error, ErrorKind, Limits, LoadOptions, SaveOptions, Tensor};
use serde_json::json;

use crate::allocations::most_during;
use crate::fuzz_inputs::bodies::{bytes_of, load_directory};
use crate::savedmodel::{files, folder};

const LONGEST: Duration = Duration::from_secs(5);
const MOST: usize = 64 << 20;
const SAVED_MODEL: &str = "saved_model.pb";
const METADATA: &str = "keras_metadata.pb";
const INDEX: &str = "variables/variables.index";
const DATA: &str = "variables/variables.data-00000-of-00001";

type Files = BTreeMap<&'static str, Vec<u8>>;

/// The files of a small model, with a nested one and the state of an optimizer.
fn small(legacy: bool, traces: bool) -> Files {
    let inner = Sequential::new("inner").add(Dense::new(2).name("in").input_shape([2]));
    let network = Sequential::new("small")
        .add(BatchNormalization::new().name("norm").input_shape([2]))
        .add(inner)
        .add(Dense::new(2).name("out"));
    let mut model = Model::build(network).unwrap();
    for path in ["inner/in/kernel", "out/kernel"] {
        let kernel = Tensor::filled(DType::Float32, [2, 2], 0.5).unwrap();
        model.set_variable(path, kernel).unwrap();
    }
    saved(model, legacy, traces)
}

/// The files of one layer.
fn tiny(legacy: bool, traces: bool) -> Files {
    let network = Sequential::new("s").add(Dense::new(1).name("d").input_shape([1]));
    let mut model = Model::build(network).unwrap();
    let kernel = Tensor::filled(DType::Float32, [1, 1], 0.5).unwrap();
    model.set_variable("d/kernel", kernel).unwrap();
    saved(model, legacy, traces)
}

fn saved(mut model: Model<'static>, legacy: bool, traces: bool) -> Files {
    let optimizer = match legacy {
        true => {
            let json = json!({"class_name": "Adam", "config": {"learning_rate": 0.5}});
            Object::from_json(json, hornfels::keras::Dialect::Keras2).unwrap()
        }
        false => Adam::new().into(),
    };
    model.compile(CompileConfig::new(optimizer).loss("mse"));
    model.build_optimizer().unwrap();
    let (_folder, path) = folder();
    let save = SaveOptions::new().save_traces(traces);
    save.save(&model, &path).unwrap();
    let found: BTreeMap<PathBuf, Vec<u8>> = files(&path);
    let names = [SAVED_MODEL, METADATA, INDEX, DATA];
    let named = names.map(|name| (name, found[Path::new(name)].clone()));
    named.into_iter().collect()
}

/// Loads; fails the test if that costs more than it may.
#[track_caller]
fn load(what: &str, files: &Files) -> Option<Error> {
    let begin = Instant::now();
    let mut found = None;
    let most = most_during(|| found = load_directory(files.clone()).err());
    let took = begin.elapsed();
    assert!(took < LONGEST, "{what}: {took:?}");
    assert!(most < MOST, "{what}: {most} bytes");
    if let Some(error) = &found {
        assert!(!error.to_string().is_empty());
    }
    found
}

#[track_caller]
fn refused(what: &str, files: &Files, kind: ErrorKind, place: &str) {
    let error = load(what, files).unwrap_or_else(|| panic!("{what}: loads"));
    assert_eq!(error.kind(), kind, "{what}: {error}");
    assert!(error.to_string().contains(place), "{what}: {error}");
}

fn graph(files: &Files) -> SavedModel {
    SavedModel::decode(&files[SAVED_MODEL], &Limits::default()).unwrap()
}

fn objects(saved: &mut SavedModel) -> &mut SavedObjectGraph {
    saved.meta_graphs[0].object_graph_def.as_mut().unwrap()
}

/// The files with other objects.
fn with_objects(files: &Files, change: impl FnOnce(&mut SavedObjectGraph)) -> Files {
    let mut saved = graph(files);
    change(objects(&mut saved));
    let mut files = files.clone();
    files.insert(SAVED_MODEL, saved.encode().unwrap());
    files
}

fn child(number: usize, name: &str) -> ObjectReference {
    ObjectReference {
        node_id: i32::try_from(number).unwrap(),
        local_name: name.to_owned(),
        ..ObjectReference::default()
    }
}

fn layer() -> SavedObject {
    SavedObject {
        kind: Some(Kind::UserObject(SavedUserObject {
            identifier: "_tf_keras_layer".to_owned(),
            ..SavedUserObject::default()
        })),
        ..SavedObject::default()
    }
}

/// The object that is the last layer.
fn last_layer(graph: &SavedObjectGraph) -> usize {
    let mut children = graph.nodes[0].children.iter();
    let found = children.rfind(|it| it.local_name.starts_with("layer-"));
    usize::try_from(found.unwrap().node_id).unwrap()
}

/// Seeds of the fuzz targets are such directories.
#[test]
fn seeds_are_directories() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, files) in [
        ("sequential", tiny(false, false)),
        ("legacy", tiny(true, false)),
        ("traces", tiny(false, true)),
    ] {
        let bytes = bytes_of(files.iter().map(|(name, bytes)| (*name, bytes.as_slice())));
        let (load, show) = ("savedmodel_load", "savedmodel_show");
        if std::env::var_os("BLESS").is_some() {
            fs::write(seeds.join(load).join(name), &bytes).unwrap();
            fs::write(seeds.join(show).join(name), &files[SAVED_MODEL]).unwrap();
        }
        assert_eq!(
            load_directory(files).map_err(|it| it.to_string()).err(),
            None
        );
    }
}

#[test]
fn every_truncation() {
    let whole = small(true, true);
    for (name, bytes) in &whole {
        let step = (bytes.len() / 40).max(1);
        for len in (0..bytes.len()).step_by(step) {
            let mut cut = whole.clone();
            cut.insert(name, bytes[..len].to_vec());
            load(&format!("{name} cut to {len} bytes"), &cut);
        }
    }
}

#[test]
fn every_changed_byte() {
    for whole in [tiny(true, false), small(false, true)] {
        for (name, bytes) in &whole {
            let step = (bytes.len() / 60).max(1);
            for place in (0..bytes.len()).step_by(step) {
                for flip in [1, 0x80] {
                    let mut changed = bytes.clone();
                    changed[place] ^= flip;
                    let mut files = whole.clone();
                    files.insert(name, changed);
                    load(&format!("{name}, byte {place} changed by {flip}"), &files);
                }
            }
        }
    }
}

#[test]
fn files_of_two_models() {
    let (one, other) = (small(false, true), {
        let (_folder, path) = folder();
        crate::savedmodel::branches().save(&path).unwrap();
        let found = files(&path);
        let names = [SAVED_MODEL, METADATA, INDEX, DATA];
        names
            .map(|name| (name, found[Path::new(name)].clone()))
            .into_iter()
            .collect::<Files>()
    });
    for name in [SAVED_MODEL, METADATA, INDEX, DATA] {
        for (into, from) in [(&one, &other), (&other, &one)] {
            let mut mixed = into.clone();
            mixed.insert(name, from[name].clone());
            load(&format!("another {name}"), &mixed);
            let mut without = into.clone();
            without.remove(name);
            let place = match name {
                METADATA | SAVED_MODEL => name,
                name => name,
            };
            refused(&format!("no {name}"), &without, ErrorKind::NotFound, place);
        }
    }
    // An index, and the object graph in it, of another model.
    let mut mixed = one.clone();
    mixed.insert(INDEX, other[INDEX].clone());
    mixed.insert(DATA, other[DATA].clone());
    let place = "the checkpoint has no values for";
    refused("another checkpoint", &mixed, ErrorKind::Malformed, place);
    let mut mixed = other.clone();
    mixed.insert(METADATA, one[METADATA].clone());
    load("another description", &mixed);
}

#[test]
fn objects_that_are_not_there() {
    let whole = small(true, true);
    for number in [-1, 100_000, i32::MAX, i32::MIN] {
        let broken = with_objects(&whole, |graph| graph.nodes[1].children[0].node_id = number);
        let place = format!("refers to object {number} of ");
        refused("child", &broken, ErrorKind::Malformed, &place);
        let broken = with_objects(&whole, |graph| {
            let mut nodes = graph.nodes.iter_mut();
            let optimizer = nodes.find(|it| !it.slot_variables.is_empty()).unwrap();
            optimizer.slot_variables[0].original_variable_node_id = number;
        });
        refused("slot", &broken, ErrorKind::Malformed, &place);
        let mut metadata = SavedMetadata::decode(&whole[METADATA], &Limits::default()).unwrap();
        metadata.nodes[1].node_id = number;
        let mut broken = whole.clone();
        broken.insert(METADATA, metadata.encode().unwrap());
        let place = format!("describes object {number} of ");
        refused("description", &broken, ErrorKind::Malformed, &place);
    }
    let broken = with_objects(&whole, |graph| graph.nodes.clear());
    load("no objects", &broken);
    let broken = with_objects(&whole, |graph| {
        graph.nodes[0]
            .children
            .retain(|it| it.local_name != "layer-2");
    });
    refused("no layer", &broken, ErrorKind::Malformed, "layer `out`");
}

#[test]
fn signatures_of_nodes_that_are_not_there() {
    let mut saved = graph(&small(false, true));
    let signature = saved.meta_graphs[0]
        .signature_def
        .get_mut("serving_default");
    let output = signature.unwrap().outputs.get_mut("out").unwrap();
    output.encoding = Some(Encoding::Name("StatefulPartitionedCall_99:0".to_owned()));
    let mut broken = small(false, true);
    broken.insert(SAVED_MODEL, saved.encode().unwrap());
    let place = "signature `serving_default`: `out`: names the node `StatefulPartitionedCall_99`";
    refused("signature", &broken, ErrorKind::Malformed, place);
}

#[test]
fn circles_and_chains() {
    for whole in [small(false, false), small(true, true)] {
        let circle = with_objects(&whole, |graph| {
            let last = last_layer(graph);
            graph.nodes[last].children.push(child(0, "up"));
            graph.nodes[last].children.push(child(last, "itself"));
            let count = graph.nodes.len();
            graph.nodes[0].children.push(child(0, "layer-9"));
            assert!(count > last);
        });
        load("circles", &circle);
        let chain = with_objects(&whole, |graph| {
            let last = last_layer(graph);
            let first = graph.nodes.len();
            graph.nodes[last].children.clear();
            graph.nodes[last].children.push(child(first, "inner"));
            for depth in 0..10_000 {
                let mut layer = layer();
                layer.children.push(child(first + depth + 1, "inner"));
                graph.nodes.push(layer);
            }
            graph.nodes.push(layer());
        });
        refused("a chain", &chain, ErrorKind::LimitExceeded, "nest deeper");
    }
}

/// Many layers that are the same object with many attributes: each is looked through.
#[test]
fn many_references_to_much() {
    let wide = with_objects(&small(false, false), |graph| {
        let last = last_layer(graph);
        for number in 0..20_000 {
            let name = format!("layer-{}", number + 10);
            graph.nodes[0].children.push(child(last, &name));
            let name = format!("attribute_{number}");
            graph.nodes[last].children.push(child(last, &name));
        }
    });
    load("many references", &wide);
}

#[test]
fn descriptions_that_nest_deep() {
    let whole = small(false, false);
    let mut metadata = SavedMetadata::decode(&whole[METADATA], &Limits::default()).unwrap();
    let root = &mut metadata.nodes[0].metadata;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    *root = root.replacen('{', &format!(r#"{{"deep": {deep}, "#), 1);
    let mut files = whole.clone();
    files.insert(METADATA, metadata.encode().unwrap());
    refused(
        "deep JSON",
        &files,
        ErrorKind::LimitExceeded,
        "object `root`",
    );

    let mut model = json!({"class_name": "Sequential", "config": {"name": "m", "layers": []}});
    for depth in 0..40 {
        let name = format!("m{depth}");
        model = json!({"class_name": "Sequential", "config": {"name": name, "layers": [model]}});
    }
    let mut metadata = SavedMetadata::decode(&whole[METADATA], &Limits::default()).unwrap();
    metadata.nodes[0].metadata = model.to_string();
    let mut files = whole;
    files.insert(METADATA, metadata.encode().unwrap());
    let options = LoadOptions::new().limits(Limits {
        max_depth: 200,
        ..Limits::default()
    });
    let error = options.load_files(files).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
}
