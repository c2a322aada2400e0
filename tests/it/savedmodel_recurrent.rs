//! Recurrent layers in SavedModels: how large their functions are, and where their states are.

use std::collections::BTreeMap;
use std::fs;

use hornfels::keras::{Model, Sequential};
use hornfels::layers::{Bidirectional, Dense, Embedding, GRU, LSTM};
use hornfels::proto::Message;
use hornfels::proto::tensorflow::{FunctionDef, SavedModel};
use hornfels::{DType, Limits, Tensor, load_model};

/// What TensorFlow 2.15 writes for the model of [`words`].
const OF_TENSORFLOW: usize = 1_978_626;

fn set_all(mut model: Model<'static>) -> Model<'static> {
    let shapes: Vec<(String, Vec<u64>)> = model
        .variables
        .iter()
        .map(|it| (it.path.clone(), it.tensor.shape().to_vec()))
        .collect();
    for (path, shape) in shapes {
        let tensor = Tensor::filled(DType::Float32, &shape, 0.25).unwrap();
        model.set_variable(&path, tensor).unwrap();
    }
    model
}

/// The bytes of `saved_model.pb`, and the checkpoint's index.
fn saved(model: &Model<'_>) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    model.save(&path).unwrap();
    let index = path.join("variables/variables.index");
    (
        fs::read(path.join("saved_model.pb")).unwrap(),
        fs::read(index).unwrap(),
    )
}

fn functions(bytes: &[u8]) -> Vec<FunctionDef> {
    let mut saved = SavedModel::decode(bytes, &Limits::default()).unwrap();
    let graph = saved.meta_graphs.remove(0).graph_def.unwrap();
    graph.library.unwrap().function
}

fn words() -> Model<'static> {
    let embedding = Embedding::new(100, 8).mask_zero(true).name("vectors");
    let network = Sequential::new("words")
        .add(embedding.input_shape([None]))
        .add(LSTM::new(16).name("read"))
        .add(Dense::new(1).name("mood"));
    set_all(Model::build(network).unwrap())
}

#[test]
fn a_loop_is_a_small_part_of_what_tensorflow_writes() {
    let (bytes, _) = saved(&words());
    assert!(
        bytes.len() * 20 <= OF_TENSORFLOW,
        "{} bytes, TensorFlow writes {OF_TENSORFLOW}",
        bytes.len()
    );
    let functions = functions(&bytes);
    let ops = functions.iter().flat_map(|it| &it.node_def);
    let loops = ops.filter(|node| node.op == "StatelessWhile").count();
    // One in training, one not; all others call these.
    assert_eq!(loops, 2);
    assert!(
        functions
            .iter()
            .flat_map(|it| &it.node_def)
            .all(|it| it.op != "TensorListReserve")
    );
}

#[test]
fn states_are_in_the_checkpoint_and_no_weights() {
    let network = Sequential::new("kept").add(
        Bidirectional::new(GRU::new(3).stateful(true).name("gru"))
            .name("both")
            .batch_input_shape([Some(2), Some(4), Some(3)]),
    );
    let model = set_all(Model::build(network).unwrap());
    assert_eq!(model.variables.iter().count(), 6);
    let (bytes, index) = saved(&model);
    let index = String::from_utf8_lossy(&index).into_owned();
    assert!(index.contains("states/0"), "{index}");
    let assigns = functions(&bytes)
        .iter()
        .flat_map(|it| it.node_def.clone())
        .filter(|node| node.op == "AssignVariableOp")
        .count();
    // Both states in training and not, and eight variables when they are restored.
    assert_eq!(assigns, 4 + 8);
}

#[test]
fn states_go_on_in_the_next_directory() {
    let network = Sequential::new("kept")
        .add(
            GRU::new(3)
                .stateful(true)
                .return_sequences(true)
                .name("gru")
                .batch_input_shape([Some(2), Some(4), Some(3)]),
        )
        .add(Bidirectional::new(GRU::new(3).stateful(true).name("gru")).name("both"));
    let mut model = set_all(Model::build(network).unwrap());
    let kept = |value: f32| Tensor::filled(DType::Float32, [2, 3], value.into()).unwrap();
    let states = BTreeMap::from([
        ("gru/states/0".to_owned(), kept(0.5)),
        ("both/forward_gru/states/0".to_owned(), kept(0.25)),
    ]);
    model.metadata.states.clone_from(&states);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    model.save(&path).unwrap();
    let mut expected = states;
    expected.insert("both/backward_gru/states/0".to_owned(), kept(0.0));
    let loaded = load_model(&path).unwrap();
    assert_eq!(loaded.metadata.states, expected);
    // In files of HDF5 there are none.
    let path = folder.path().join("model.h5");
    loaded.save(&path).unwrap();
    assert!(load_model(&path).unwrap().metadata.states.is_empty());
}

#[test]
fn states_of_batches_of_any_size_are_refused() {
    let network = Sequential::new("kept").add(GRU::new(3).stateful(true).input_shape([4, 3]));
    let model = set_all(Model::build(network).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let error = model.save(folder.path().join("model")).unwrap_err();
    assert!(error.to_string().contains("layer `gru`"), "{error}");
    assert!(error.hint().is_some_and(|it| it.contains("batch size")));
}
