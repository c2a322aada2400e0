//! Layers of a class that Keras does not have, for `tests/interop/custom_layers.py` and for tests
//! here.

use std::env;
use std::path::{Path, PathBuf};

use hornfels::graph::Edge;
use hornfels::keras::{Adam, CompileConfig, Functional, Model, Network, Sequential};
use hornfels::layers::{
    Call, CallArgument, Dense, Generic, Initializer, Inputs, Layer, LayerRegistry, TableSide,
    TableSpec, VariableSpec,
};
use hornfels::proto::Message;
use hornfels::proto::tensorflow::meta_graph::MetaGraphDef;
use hornfels::proto::tensorflow::saved_object_graph::Kind;
use hornfels::proto::tensorflow::{FunctionDef, NameAttrList, NodeDef, SavedModel};
use hornfels::tensor::Shape;
use hornfels::{
    DType, Limits, Result, SaveOptions, SavedModelOptions, Tensor, Vocabularies, load_model,
};

use crate::written_for_others::values_from;

const CLASS: &str = "my_package>CountedScale";

/// Multiplies each feature by a number that is learned, and counts the steps of training.
#[derive(Debug)]
struct CountedScale;

impl Layer for CountedScale {
    fn variables(&self, inputs: &Inputs) -> Result<Vec<VariableSpec>> {
        let features = inputs.first()?.0.last().copied().flatten();
        let factor = VariableSpec::new("factor", [features.unwrap_or(0)], Initializer::ones());
        let mut steps = VariableSpec::new("steps", [], Initializer::zeros());
        steps.trainable = false;
        Ok(vec![factor, steps])
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(inputs.all().to_vec())
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let factor = call.read("factor")?;
        if call.training() {
            let steps = call.read("steps")?;
            let one = call.function.number_like(&steps, 1.0)?;
            let more = call.function.add(&steps, &one)?;
            let resource = call.resource("steps")?;
            call.function.assign(resource, &more)?;
        }
        Ok(vec![call.function.mul(call.tensor()?, &factor)?])
    }

    fn call_arguments(&self) -> &'static [CallArgument] {
        &[CallArgument::Training]
    }
}

fn layers() -> LayerRegistry {
    let mut layers = LayerRegistry::builtin();
    layers.register(CLASS, |_| Ok(Box::new(CountedScale)));
    layers
}

fn filled(network: impl Into<Network>) -> Result<Model<'static>> {
    let mut model = Model::build_with(network, &layers())?;
    let paths: Vec<String> = model.variables.iter().map(|it| it.path.clone()).collect();
    for path in paths.iter().filter(|path| !path.ends_with("steps")) {
        let shape = model.variable(path)?.shape().to_vec();
        model.set_variable(path, values_from(path, &shape, -0.5))?;
    }
    model.compile(CompileConfig::new(Adam::new()).loss("mean_squared_error"));
    model.build_optimizer()?;
    Ok(model)
}

fn sequential() -> Result<Model<'static>> {
    let hidden = Dense::new(4).name("hidden").activation("tanh");
    filled(
        Sequential::new("sequential")
            .add(hidden.input_shape([3]))
            .add(Generic::new(CLASS).name("scale"))
            .add(Dense::new(2).name("out")),
    )
}

/// The layer is called twice.
fn functional() -> Result<Model<'static>> {
    let mut net = Functional::build("functional");
    let input = net.input("input", [3], DType::Float32);
    let first = net.call(Generic::new(CLASS).name("scale"), &input)?;
    let hidden = net.call(Dense::new(3).name("hidden").activation("tanh"), &first)?;
    let second = net.call_again("scale", &hidden)?;
    let output = net.call(Dense::new(2).name("out"), &second)?;
    filled(net.finish(&input, &output)?)
}

fn write(place: &Path) -> Result<()> {
    for (name, model) in [("sequential", sequential()?), ("functional", functional()?)] {
        let path = place.join("custom_layers").join(name);
        SaveOptions::new().layers(layers()).save(&model, &path)?;
        // Again, without the class: its functions come along.
        let again = place.join("custom_layers").join(format!("{name}_carried"));
        load_model(&path)?.save(again)?;
    }
    Ok(())
}

/// For `custom_layers.py`: SavedModels with a layer of a class that no Keras has.
#[test]
fn written_for_others_custom_layers() {
    let folder = tempfile::tempdir().unwrap();
    let place = env::var_os("HORNFELS_WRITTEN").map(PathBuf::from);
    let place = place.unwrap_or_else(|| folder.path().to_owned());
    std::fs::create_dir_all(place.join("custom_layers")).unwrap();
    write(&place).unwrap();
    let graph = place.join("custom_layers/functional/saved_model.pb");
    let graph = std::fs::read(graph).unwrap();
    let calls = b"__inference_scale_layer_call";
    assert!(graph.windows(calls.len()).any(|it| it == calls));
}

/// Without the class there is no function for it.
#[test]
fn a_class_that_is_not_registered_is_not_traced() {
    let folder = tempfile::tempdir().unwrap();
    let model = sequential().unwrap();
    let error = SaveOptions::new().save(&model, folder.path().join("model"));
    let error = error.unwrap_err();
    assert_eq!(
        error.message(),
        "layer `CountedScale` is not built into Keras, so it cannot be translated to Keras 2"
    );
    let hint = error.hint().unwrap_or_default();
    assert!(hint.ends_with("register the class"), "{hint}");
}

/// A model that was read carries what its layers compute.
#[test]
fn functions_of_unknown_classes_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let save = SaveOptions::new().layers(layers());
    save.save(&functional().unwrap(), &first).unwrap();
    let model = load_model(&first).unwrap();
    let carried = model.metadata.carried.as_ref().unwrap();
    assert!(carried.layers().any(|layer| layer == "scale"));
    model.save(&second).unwrap();
    let graph = |path: &Path| {
        let bytes = std::fs::read(path.join("saved_model.pb")).unwrap();
        let saved = SavedModel::decode(&bytes, &Limits::default()).unwrap();
        saved.meta_graphs.into_iter().next().unwrap()
    };
    let steps = |graph: &MetaGraphDef| {
        let library = graph.graph_def.as_ref().unwrap().library.as_ref().unwrap();
        let of_scale = |it: &&FunctionDef| {
            let signature = it.signature.as_ref().unwrap();
            signature.name.contains("scale_layer_call")
        };
        let functions = library.function.iter().filter(of_scale);
        let nodes = functions.flat_map(|it| &it.node_def);
        nodes.filter(|it| it.op == "AssignVariableOp").count()
    };
    let (theirs, ours) = (graph(&first), graph(&second));
    assert!(steps(&theirs) > 0 && steps(&ours) > 0);
    let flags = |graph: &MetaGraphDef| {
        let objects = graph.object_graph_def.as_ref().unwrap();
        let mut flags = Vec::new();
        for node in &objects.nodes {
            if let Some(Kind::Variable(variable)) = &node.kind {
                flags.push((variable.name.clone(), variable.trainable));
            }
        }
        flags.sort();
        flags
    };
    assert_eq!(flags(&ours), flags(&theirs));
    // Another shape than the file has functions for.
    let mut other = model.clone();
    let mut config = other.network.to_object();
    let layers = config.config_mut().get_mut("layers").unwrap();
    layers[0]["config"]["batch_input_shape"] = serde_json::json!([null, 7]);
    other.network = hornfels::keras::Network::from_object(config, &Limits::default()).unwrap();
    let error = other.save(folder.path().join("third")).unwrap_err();
    assert!(error.message().contains("none for (DT_FLOAT"), "{error}");
}

/// Gives each text the number that a table has for it.
#[derive(Debug)]
struct Numbered;

impl Layer for Numbered {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        Ok(inputs.all().to_vec())
    }

    fn tables(&self) -> Result<Vec<TableSpec>> {
        Ok(vec![TableSpec {
            path: "table".to_owned(),
            keys: Tensor::strings(vec![b"earth".to_vec(), b"wind".to_vec()], [2])?,
            values: Tensor::from_vec(vec![4_i64, 5], [2])?,
            vocabulary: Some(TableSide::Keys),
        }])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        let (table, text) = (call.table("table")?.clone(), call.tensor()?.clone());
        let unknown = call.function.constant(-1_i64);
        let find = call.function.op("LookupTableFindV2");
        let find = find.input(&table).input(&text).input(&unknown);
        Ok(vec![find.one()?])
    }
}

/// A table of a layer whose class is not known any more is written with what fills it.
#[test]
fn tables_of_unknown_classes_are_written_again() {
    let mut net = Functional::build("texts");
    let input = net.input("input", [3], DType::String);
    let output = net.call(Generic::new("Numbered").name("numbered"), &input);
    let network = net.finish(&input, output.unwrap()).unwrap();
    let mut layers = LayerRegistry::builtin();
    layers.register("Numbered", |_| Ok(Box::new(Numbered)));
    let model = Model::build_with(network, &layers).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for vocabularies in [Vocabularies::InGraph, Vocabularies::Assets] {
        let [path, again] = ["model", "again"].map(|it| folder.path().join(it));
        let mut options = SavedModelOptions::default();
        options.vocabularies = vocabularies;
        let save = SaveOptions::new().layers(layers.clone()).options(options);
        save.save(&model, &path).unwrap();
        load_model(&path).unwrap().save(&again).unwrap();
        let bytes = std::fs::read(again.join("saved_model.pb")).unwrap();
        let saved = SavedModel::decode(&bytes, &Limits::default()).unwrap();
        let graph = saved.meta_graphs[0].graph_def.as_ref().unwrap();
        let functions = &graph.library.as_ref().unwrap().function;
        let count = |op: &str| {
            let nodes = functions.iter().flat_map(|it| &it.node_def);
            nodes.filter(|node| node.op == op).count()
        };
        assert!(count("LookupTableFindV2") > 0);
        assert_eq!(count("HashTableV2"), 1);
        let names = |path: &Path| {
            let entries = std::fs::read_dir(path.join("assets")).unwrap();
            let names = entries.map(|it| it.unwrap().file_name());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&again), names(&path));
        match vocabularies {
            Vocabularies::Assets => {
                assert_eq!(count("InitializeTableFromTextFileV2"), 1);
                let [name] = names(&again).try_into().unwrap();
                let file = std::fs::read(again.join("assets").join(name)).unwrap();
                assert_eq!(file, b"earth\nwind\n");
            }
            _ => assert_eq!(count("LookupTableImportV2"), 1),
        }
    }
}

/// What the file says of functions need not be true.
#[test]
fn functions_that_are_not_there_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let save = SaveOptions::new().layers(layers());
    save.save(&functional().unwrap(), &path).unwrap();
    let bytes = std::fs::read(path.join("saved_model.pb")).unwrap();
    let change = |change: &dyn Fn(&mut MetaGraphDef)| {
        let mut saved = SavedModel::decode(&bytes, &Limits::default()).unwrap();
        change(&mut saved.meta_graphs[0]);
        std::fs::write(path.join("saved_model.pb"), saved.encode().unwrap()).unwrap();
        let model = load_model(&path).unwrap();
        model
            .save(folder.path().join("again"))
            .map_err(|it| it.to_string())
    };
    let library = |graph: &mut MetaGraphDef| {
        let graph = graph.graph_def.as_mut().unwrap();
        graph.library.take().unwrap()
    };
    let error = change(&|graph| drop(library(graph))).unwrap_err();
    assert!(error.contains("no function `__inference_scale"), "{error}");
    // Each calls all: a circle.
    let error = change(&|graph| {
        let mut library = library(graph);
        let names: Vec<String> = library
            .function
            .iter()
            .map(|it| it.signature.as_ref().unwrap().name.clone())
            .collect();
        for function in &mut library.function {
            for name in &names {
                let called = NameAttrList {
                    name: name.clone(),
                    ..NameAttrList::default()
                };
                let mut node = NodeDef {
                    name: name.clone(),
                    op: "PartitionedCall".to_owned(),
                    ..NodeDef::default()
                };
                node.attr.insert("f".to_owned(), called.into());
                function.node_def.push(node);
            }
        }
        graph.graph_def.as_mut().unwrap().library = Some(library);
    })
    .unwrap_err();
    assert!(error.contains("calls itself"), "{error}");
    let error = change(&|graph| {
        let objects = graph.object_graph_def.as_mut().unwrap();
        for function in objects.concrete_functions.values_mut() {
            function.bound_inputs.push(i32::MAX);
        }
    });
    assert!(error.unwrap_err().contains("an object of an unknown kind"));
}
