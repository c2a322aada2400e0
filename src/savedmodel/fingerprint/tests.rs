use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use super::*;
use crate::facade::load_model;
use crate::limits::Limits;
use crate::options::{SaveOptions, SavedModelOptions};
use crate::proto::tensorflow::MetaGraphDef;

/// What is in the file, and what is computed of the others beside it.
fn both(directory: &Path) -> (FingerprintDef, FingerprintDef) {
    let read = |name: &str| fs::read(directory.join(name)).unwrap();
    let limits = Limits::default();
    let stored = FingerprintDef::decode(&read(FINGERPRINT), &limits).unwrap();
    let saved = SavedModel::decode(&read("saved_model.pb"), &limits).unwrap();
    let encoded = saved.encode().unwrap();
    let mut found = fingerprint(saved.clone(), &encoded).unwrap();
    let index = directory.join("variables/variables.index");
    found.checkpoint_hash = match index.is_file() {
        true => fingerprint64(&fs::read(index).unwrap()),
        false => stored.checkpoint_hash,
    };
    as_earlier(&mut found, &saved.meta_graphs[0], &stored);
    // Later versions of TensorFlow number the same hashes otherwise, and add a random number.
    found.version.clone_from(&stored.version);
    found.uuid.clone_from(&stored.uuid);
    (stored, found)
}

/// What earlier versions of TensorFlow computed otherwise: 2.11 the first hash of the graph alone, and
/// it and 2.12 that of the signatures without their names.
fn as_earlier(found: &mut FingerprintDef, graph: &MetaGraphDef, stored: &FingerprintDef) {
    let info = graph.meta_info_def.as_ref().unwrap();
    let wrote = |version: &str| info.tensorflow_version.starts_with(version);
    if wrote("2.11.") {
        assert_eq!(stored.version, Some(VersionDef::default()));
        let encoded = graph.graph_def.as_ref().unwrap().encode().unwrap();
        found.saved_model_checksum = fingerprint64(&encoded);
    }
    if wrote("2.11.") || wrote("2.12.") {
        let hashes = graph.signature_def.values();
        let hashes = hashes.map(|it| fingerprint64(&it.encode().unwrap()));
        found.signature_def_hash = hashes.fold(0, join_fingerprints);
    }
}

fn below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.join(FINGERPRINT).is_file() {
            found.push(path);
        } else if path.is_dir() {
            below(&path, found);
        }
    }
}

/// Those of directories that TensorFlow wrote, here and in `HORNFELS_CORPUS`.
#[test]
fn corpus_fingerprints_are_those_of_tensorflow() {
    let mut found = Vec::new();
    below(Path::new("tests/data/saved_models"), &mut found);
    if let Some(corpus) = std::env::var_os("HORNFELS_CORPUS") {
        below(Path::new(&corpus), &mut found);
    }
    assert!(found.len() >= 2, "{found:?}");
    for directory in &found {
        let (stored, computed) = both(directory);
        assert_eq!(stored, computed, "{}", directory.display());
    }
}

#[test]
fn numbers_are_split_from_names() {
    for (name, expected) in [
        ("__inference_call_12", Some(("__inference_call_", 12))),
        ("f_2209431640", Some(("f_", 2_209_431_640))),
        ("12", Some(("", 12))),
        ("f_007", Some(("f_00", 7))),
        ("f_-3", Some(("f_", -3))),
        ("f_+3", Some(("f_+", 3))),
        ("f_ 3 ", Some(("f_ 3 ", 3))),
        ("f_3x", None),
        ("f_", None),
        ("f3", None),
        ("", None),
        ("f_9223372036854775808", None),
    ] {
        assert_eq!(split_number(name), expected, "{name}");
    }
}

#[test]
fn what_differs_from_run_to_run_does_not_count() {
    let node = |op: &str, attributes: Vec<(&str, Value)>| NodeDef {
        op: op.to_owned(),
        attr: attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect(),
        ..NodeDef::default()
    };
    let hash = |node: NodeDef| {
        let graph = GraphDef {
            node: vec![node],
            ..GraphDef::default()
        };
        of_program(graph).unwrap()
    };
    let called = |name: &str| {
        let called = crate::proto::tensorflow::NameAttrList {
            name: name.to_owned(),
            ..Default::default()
        };
        Value::Func(Box::new(called))
    };
    let call = |op: &str, name: &str, config: &[u8]| {
        let config = Value::S(config.to_vec());
        hash(node(
            op,
            vec![("f", called(name)), ("config_proto", config)],
        ))
    };
    for op in ["PartitionedCall", "StatefulPartitionedCall"] {
        assert_eq!(call(op, "f_1", b"a"), call(op, "f_2", b"b"));
        assert_ne!(call(op, "f_1", b"a"), call(op, "g_1", b"a"));
    }
    assert_ne!(call("If", "f_1", b""), call("If", "f_2", b""));
    let constant = |dtype: DataType, value: &[u8]| {
        let value = Value::S(value.to_vec());
        hash(node(
            "Const",
            vec![("dtype", Value::Type(dtype)), ("value", value)],
        ))
    };
    let (text, number) = (DataType::DT_STRING, DataType::DT_INT32);
    assert_eq!(constant(text, b"a"), constant(text, b"b"));
    assert_ne!(constant(number, b"a"), constant(number, b"b"));
}

#[test]
fn functions_are_called_something_with_a_number() {
    let mut objects = SavedObjectGraph::default();
    objects
        .concrete_functions
        .insert("call".to_owned(), Default::default());
    let error = of_functions(&objects).unwrap_err();
    let expected = "function `call`, expected a name that ends in `_` and a number";
    assert_eq!(error.message(), expected);
}

#[test]
fn written_directories_have_the_hashes_of_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let shards = SavedModelOptions {
        shard_size: NonZeroU64::new(20_000),
        ..SavedModelOptions::default()
    };
    let ways = [
        ("plain", SaveOptions::new()),
        ("without traces", SaveOptions::new().save_traces(false)),
        ("data files", SaveOptions::new().options(shards)),
    ];
    let model = load_model("tests/data/early_warning.h5").unwrap();
    let mut checkpoints = BTreeSet::new();
    for (name, options) in ways {
        let path = folder.path().join(name);
        options.save(&model, &path).unwrap();
        let (stored, computed) = both(&path);
        assert_eq!(stored, computed, "{name}");
        assert_eq!(stored.version.unwrap().producer, 1);
        assert_eq!(
            stored.saved_object_graph_hash == 0,
            name == "without traces"
        );
        checkpoints.insert(stored.checkpoint_hash);
    }
    assert_eq!(checkpoints.len(), 3, "{checkpoints:?}");
}
