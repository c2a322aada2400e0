//! Vocabularies that are in the tables of a SavedModel alone, as TensorFlow writes them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hornfels::keras::{Functional, Model, Network, Object};
use hornfels::layers::{IntegerLookup, StringLookup};
use hornfels::proto::Message;
use hornfels::proto::keras::SavedMetadata;
use hornfels::proto::tensorflow::attr_value::Value;
use hornfels::proto::tensorflow::meta_graph::{AssetFileDef, Encoding};
use hornfels::proto::tensorflow::saved_object_graph::{
    Kind, SavedAsset, SavedConstant, SavedObject,
};
use hornfels::proto::tensorflow::{
    AttrValue, DataType, MetaGraphDef, NodeDef, SavedModel, TensorProto, TensorShapeProto,
};
use hornfels::{
    DType, Error, ErrorKind, LoadOptions, SaveOptions, SavedModelOptions, SharedBytes,
    Vocabularies, load_model,
};
use serde_json::json;

use crate::savedmodel::{files, folder};

/// The files of a model with a lookup, whose config has no vocabulary; `fill` says what its table is
/// filled from.
fn stripped(
    layer: impl Into<Object>,
    dtype: DType,
    vocabulary: &str,
    fill: impl FnOnce(&mut MetaGraphDef) -> Vec<Kind>,
) -> BTreeMap<PathBuf, SharedBytes> {
    let (_folder, path) = folder();
    let mut net = Functional::build("m");
    let x = net.input("x", [3], dtype);
    let y = net.call(layer, &x).unwrap();
    let model = Model::build(net.finish([&x], [&y]).unwrap()).unwrap();
    SaveOptions::new().save(&model, &path).unwrap();
    let mut files = files(&path);
    let metadata = files.get_mut(&PathBuf::from("keras_metadata.pb")).unwrap();
    let mut described = SavedMetadata::decode(metadata, &Default::default()).unwrap();
    for node in &mut described.nodes {
        node.metadata = node.metadata.replace(vocabulary, "null");
    }
    *metadata = described.encode().unwrap();
    let saved_model = files.get_mut(&PathBuf::from("saved_model.pb")).unwrap();
    let mut saved = SavedModel::decode(saved_model, &Default::default()).unwrap();
    let graph = &mut saved.meta_graphs[0];
    let kinds = fill(graph);
    let objects = graph.object_graph_def.as_mut().unwrap();
    let mut nodes = objects.nodes.iter();
    let table = nodes.find(|it| matches!(it.kind, Some(Kind::Resource(_))));
    let mut children = table.unwrap().children.iter();
    let initialize = children.find(|it| it.local_name == "_initialize").unwrap();
    let initialize = &objects.nodes[usize::try_from(initialize.node_id).unwrap()];
    let Some(Kind::Function(function)) = &initialize.kind else {
        panic!("no function")
    };
    let name = function.concrete_functions[0].clone();
    let first = i32::try_from(objects.nodes.len()).unwrap();
    let bound = &mut objects
        .concrete_functions
        .get_mut(&name)
        .unwrap()
        .bound_inputs;
    bound.extend((first..).take(kinds.len()));
    objects
        .nodes
        .extend(kinds.into_iter().map(|kind| SavedObject {
            kind: Some(kind),
            ..SavedObject::default()
        }));
    *saved_model = saved.encode().unwrap();
    let files = files.into_iter();
    files
        .map(|(name, bytes)| (name, SharedBytes::from(bytes)))
        .collect()
}

fn strings(words: &[&str]) -> TensorProto {
    TensorProto {
        dtype: DataType::DT_STRING,
        string_val: words.iter().map(|it| it.as_bytes().to_vec()).collect(),
        ..shaped(words.len())
    }
}

fn numbers(numbers: &[i64]) -> TensorProto {
    TensorProto {
        dtype: DataType::DT_INT64,
        int64_val: numbers.to_vec(),
        ..shaped(numbers.len())
    }
}

fn shaped(len: usize) -> TensorProto {
    TensorProto {
        tensor_shape: Some(TensorShapeProto::new([i64::try_from(len).unwrap()])),
        ..TensorProto::default()
    }
}

/// Adds constants to a graph; the objects they are.
fn constants(graph: &mut MetaGraphDef, values: Vec<TensorProto>) -> Vec<Kind> {
    let nodes = &mut graph.graph_def.as_mut().unwrap().node;
    let values = values.into_iter().enumerate();
    let kinds = values.map(|(index, tensor)| {
        let name = format!("filled_{index}");
        let value = Some(Value::Tensor(Box::new(tensor)));
        let attr = AttrValue {
            value,
            ..AttrValue::default()
        };
        nodes.push(NodeDef {
            name: name.clone(),
            op: "Const".to_owned(),
            attr: BTreeMap::from([("value".to_owned(), attr)]),
            ..NodeDef::default()
        });
        Kind::Constant(SavedConstant {
            operation: name,
            ..SavedConstant::default()
        })
    });
    kinds.collect()
}

/// Of a lookup of words.
fn of_words(fill: impl FnOnce(&mut MetaGraphDef) -> Vec<Kind>) -> BTreeMap<PathBuf, SharedBytes> {
    let layer = StringLookup::new().name("words").vocabulary(vec!["x", "y"]);
    stripped(layer, DType::String, r#"["x", "y"]"#, fill)
}

fn loaded(files: BTreeMap<PathBuf, SharedBytes>) -> Result<serde_json::Value, Error> {
    let model = LoadOptions::new().load_files(files)?;
    let layer = model.network.layers().last().unwrap();
    Ok(layer.to_object().config()["vocabulary"].clone())
}

fn refused(expected: &str, fill: impl FnOnce(&mut MetaGraphDef) -> Vec<Kind>) {
    let error = loaded(of_words(fill)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains(expected), "{error}");
    assert!(error.to_string().contains("`words`"), "{error}");
}

fn asset(graph: &mut MetaGraphDef, filename: &str) -> Vec<Kind> {
    graph.asset_file_def = vec![AssetFileDef {
        filename: filename.to_owned(),
        ..AssetFileDef::default()
    }];
    vec![Kind::Asset(SavedAsset::default())]
}

#[test]
fn what_a_table_is_filled_with_is_the_vocabulary() {
    let files = of_words(|_| Vec::new());
    assert_eq!(loaded(files).unwrap(), json!(null));
    let files = of_words(|graph| constants(graph, vec![strings(&["b", "a"]), numbers(&[2, 1])]));
    assert_eq!(loaded(files).unwrap(), json!(["a", "b"]));
    let layer = IntegerLookup::new().vocabulary(vec![4, 5]);
    let files = stripped(layer, DType::Int64, "[4, 5]", |graph| {
        constants(graph, vec![numbers(&[7, -3]), numbers(&[1, 2])])
    });
    assert_eq!(loaded(files).unwrap(), json!([7, -3]));
}

#[test]
fn an_asset_is_the_vocabulary() {
    let mut files = of_words(|graph| asset(graph, "w.txt"));
    files.insert("assets/w.txt".into(), SharedBytes::from(b"p\nq\n".to_vec()));
    assert_eq!(loaded(files.clone()).unwrap(), json!(["p", "q"]));
    files.remove(&PathBuf::from("assets/w.txt"));
    let error = loaded(files).unwrap_err();
    assert!(error.to_string().contains("assets/w.txt"), "{error}");
}

#[test]
fn tables_that_are_wrong_are_refused() {
    for name in ["../w.txt", "/etc/hosts", ""] {
        refused("expected a file in `assets/`", |graph| asset(graph, name));
    }
    refused("asset 0 of 0", |_| vec![Kind::Asset(SavedAsset::default())]);
    refused("2 keys and 1 values", |graph| {
        constants(graph, vec![strings(&["b", "a"]), numbers(&[2])])
    });
    refused("follow", |graph| {
        constants(graph, vec![strings(&["b", "a"]), numbers(&[2, 7])])
    });
    refused("3 constants", |graph| {
        constants(graph, vec![strings(&[]), strings(&[]), strings(&[])])
    });
    refused("no constant", |graph| {
        let kinds = constants(graph, vec![strings(&["a"]), numbers(&[1])]);
        graph.graph_def.as_mut().unwrap().node.clear();
        kinds
    });
}

/// A model with two lookups of one name in models of several names, and one that no file holds.
fn with_lookups() -> Model<'static> {
    let mut net = Functional::build("m");
    let x = net.input("x", [3], DType::String);
    let mut outputs = Vec::new();
    for (model, words) in [
        ("one", ["p", "q"]),
        ("two", ["r", "s"]),
        ("odd", ["a\nb", "c"]),
    ] {
        let mut inner = Functional::build(model);
        let text = inner.input("text", [3], DType::String);
        let layer = StringLookup::new().name("words").vocabulary(words.to_vec());
        let index = inner.call(layer, &text).unwrap();
        let inner = inner.finish([&text], [&index]).unwrap();
        outputs.push(net.call(Network::from(inner), &x).unwrap());
    }
    Model::build(net.finish([&x], outputs).unwrap()).unwrap()
}

#[test]
fn vocabularies_become_assets_on_request() {
    let model = with_lookups();
    let mut options = SavedModelOptions::default();
    options.vocabularies = Vocabularies::Assets;
    let options = SaveOptions::new().options(options);
    let (_folder, path) = folder();
    options.save(&model, &path).unwrap();
    let found = files(&path);
    let assets = found.iter().filter(|(name, _)| name.starts_with("assets"));
    let assets: Vec<_> = assets
        .map(|(name, bytes)| (name.to_str().unwrap(), bytes.as_slice()))
        .collect();
    let expected: [(&str, &[u8]); 2] = [
        ("assets/one_words.txt", b"p\nq\n"),
        ("assets/two_words.txt", b"r\ns\n"),
    ];
    assert_eq!(assets, expected);
    let saved = SavedModel::decode(
        &found[&PathBuf::from("saved_model.pb")],
        &Default::default(),
    );
    let graph = &saved.unwrap().meta_graphs[0];
    let defs = graph.asset_file_def.iter();
    let defs: Vec<_> = defs
        .map(|it| {
            (
                it.filename.as_str(),
                it.tensor_info.clone().unwrap().encoding,
            )
        })
        .collect();
    let named = |name: &str| Some(Encoding::Name(name.to_owned()));
    let expected = [
        ("one_words.txt", named("asset_path_initializer:0")),
        ("two_words.txt", named("asset_path_initializer_1:0")),
    ];
    assert_eq!(defs, expected);
    let library = graph.graph_def.as_ref().unwrap().library.as_ref().unwrap();
    let nodes = library.function.iter().flat_map(|it| &it.node_def);
    let count = |op: &str| nodes.clone().filter(|it| it.op == op).count();
    assert_eq!(count("InitializeTableFromTextFileV2"), 2);
    assert_eq!(count("LookupTableImportV2"), 1);
    // What is read is written the same, over itself, too.
    let (_again, second) = folder();
    options.save(&load_model(&path).unwrap(), &second).unwrap();
    assert_eq!(files(&second), found);
    options.save(&load_model(&path).unwrap(), &path).unwrap();
    assert_eq!(files(&path), found);
    // Without traces there are no tables, and nothing that refers to files.
    let (_bare, third) = folder();
    let bare = options.clone().save_traces(false);
    bare.save(&model, &third).unwrap();
    assert!(files(&third).keys().all(|name| !name.starts_with("assets")));
}
