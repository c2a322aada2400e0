"""The options of `hornfels convert` that change a SavedModel: signatures, batch size, tags, data files, optimizer;
and the metrics that a model was compiled with.

A real model is converted with each, and TensorFlow finds what was asked for, computing what Keras computes.
"""
# oracles: keras2
# makes its own files

import json

import h5py
import numpy as np

from _oracle import ROOT, WRITTEN, Report, close, hornfels, keras, values

keras = keras()
import tensorflow as tf  # noqa: E402
from keras.protobuf.saved_metadata_pb2 import SavedMetadata  # noqa: E402

MODEL = ROOT / "tests" / "data" / "emotions.h5"
PLACE = WRITTEN / "savedmodel_options"
LAYERS = ["conv2d_7", "predictions"]


def outputs(batch):
    """What Keras computes, layer by layer."""
    model = keras.models.load_model(MODEL, compile=False)
    inputs = values("faces", (batch, 64, 64, 1))
    inner = keras.Model(model.inputs, [model.get_layer(name).output for name in LAYERS])
    return tf.constant(inputs), dict(zip(LAYERS, inner.predict(inputs, verbose=0), strict=True))


def convert(name, *options):
    place = PLACE / name
    hornfels("convert", MODEL, place, *options)
    return place


def check_signature():
    place = convert("signature", "--signature", f"both={','.join(LAYERS)}", "--signature", "own")
    loaded = tf.saved_model.load(str(place))
    assert sorted(loaded.signatures) == ["both", "own"], sorted(loaded.signatures)
    inputs, expected = outputs(3)
    found = loaded.signatures["both"](inputs)
    assert sorted(found) == LAYERS, sorted(found)
    for name in LAYERS:
        close(found[name], expected[name], name)
    close(loaded.signatures["own"](inputs)["predictions"], expected["predictions"], "own")


def check_batch():
    loaded = tf.saved_model.load(str(convert("batch", "--batch", "2")))
    signature = loaded.signatures["serving_default"]
    assert signature.inputs[0].shape.as_list() == [2, 64, 64, 1], signature.inputs[0].shape
    inputs, expected = outputs(2)
    close(signature(inputs)["predictions"], expected["predictions"], "batch of 2")


def check_tags():
    place = convert("tags", "--tag", "gpu", "--tag", "more")
    inputs, expected = outputs(1)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve", "gpu", "more"], str(place))
        signature = graph.signature_def["serving_default"]
        [fed], [asked] = signature.inputs.values(), signature.outputs.values()
        found = session.run(asked.name, {fed.name: inputs.numpy() if hasattr(inputs, "numpy") else inputs})
    close(found, expected["predictions"], "tags")


def check_shards():
    place = convert("shards", "--shard-size", "60000")
    files = sorted(path.name for path in (place / "variables").glob("*.data-*"))
    assert len(files) > 3, files
    inputs, expected = outputs(1)
    loaded = tf.saved_model.load(str(place))
    close(loaded(inputs), expected["predictions"], "shards")
    model = keras.models.load_model(place)
    close(model.predict(inputs, verbose=0), expected["predictions"], "shards, Keras")


def check_no_optimizer():
    model = keras.models.load_model(convert("no_optimizer", "--no-optimizer"))
    assert getattr(model, "optimizer", None) is None, model.optimizer
    inputs, expected = outputs(1)
    close(model.predict(inputs, verbose=0), expected["predictions"], "no optimizer")


def check_no_traces():
    model = keras.models.load_model(convert("no_traces", "--no-traces"))
    inputs, expected = outputs(1)
    close(model.predict(inputs, verbose=0), expected["predictions"], "no traces")
    assert model.optimizer is not None and "categorical_crossentropy" in str(model.loss), model.loss


def check_weights():
    """`get` finds in the directory what the file has."""
    place = convert("weights")
    key = "layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    hornfels("get", place, key, "-o", PLACE / "kernel.npy")
    with h5py.File(MODEL) as file:
        weights = file["model_weights/conv2d_1"]
        [name] = weights.attrs["weight_names"]
        np.testing.assert_array_equal(np.load(PLACE / "kernel.npy"), weights[name][()])


def metrics_of(place):
    """The metrics in a directory, each with what Keras makes it from, and the shapes of their variables."""
    metadata = SavedMetadata.FromString((place / "keras_metadata.pb").read_bytes())
    metrics = [json.loads(node.metadata) for node in metadata.nodes if node.identifier == "_tf_keras_metric"]
    listed = tf.train.list_variables(str(place / "variables" / "variables"))
    shapes = {name: shape for name, shape in listed if name.startswith("keras_api/metrics")}
    return [(metric["class_name"], metric["name"], metric["config"]) for metric in metrics], shapes


def check_metrics():
    inputs = keras.Input((4,))
    first = keras.layers.Dense(3, name="first")(inputs)
    second = keras.layers.Dense(1, activation="sigmoid", name="second")(inputs)
    model = keras.Model(inputs, [first, second])
    measures = [keras.metrics.AUC(num_thresholds=5), keras.metrics.Precision(thresholds=[0.2, 0.5]), keras.metrics.TrueNegatives(), keras.metrics.BinaryIoU()]
    weighted = {"second": [keras.metrics.CategoricalAccuracy(), keras.metrics.SpecificityAtSensitivity(0.5)]}
    model.compile("adam", {"first": "mse", "second": "binary_crossentropy"}, metrics={"first": ["mae"], "second": ["acc", *measures]}, weighted_metrics=weighted)
    data = np.zeros((4, 4)), [np.zeros((4, 3)), np.zeros((4, 1))]
    model.fit(*data, verbose=0)
    model.save(PLACE / "metrics.h5")
    keras.models.load_model(PLACE / "metrics.h5").save(PLACE / "expected", save_format="tf")
    hornfels("convert", PLACE / "metrics.h5", PLACE / "metrics")
    found, expected = metrics_of(PLACE / "metrics"), metrics_of(PLACE / "expected")
    assert found == expected, [pair for pair in zip(found[0], expected[0]) if pair[0] != pair[1]] or [item for item in {**found[1], **expected[1]}.items() if found[1].get(item[0]) != expected[1].get(item[0])]
    assert len(found[0]) == 11, found
    loaded = keras.models.load_model(PLACE / "metrics")
    measured = [np.hstack(each.evaluate(*data, verbose=0)) for each in (loaded, model)]
    np.testing.assert_allclose(*measured, rtol=1e-5)
    loaded.save(PLACE / "again", save_format="tf")


PLACE.mkdir(parents=True, exist_ok=True)
report = Report()
for name, check in list(globals().items()):
    if name.startswith("check_"):
        report.case(name.removeprefix("check_"), check)
report.finish(least=8)
