"""`fingerprint.pb`: TensorFlow computes of each directory the hashes that are written into it, and reads them there.

Models of all kinds are converted; TensorFlow's own code hashes a copy without the file. `hornfels show` prints of any directory, those
that TensorFlow saves and those of the corpus, too, what `read_fingerprint` finds. A damaged file disturbs nobody but `show`.
"""
# oracles: keras2 tf_keras
# makes its own files

import json
import os
import shutil
import subprocess

import numpy as np
from absl import logging

from _cases_lookup import WORDS
from _oracle import CORPUS, ORACLE, Report, hornfels, keras
from _savedmodel import WRITTEN, set_weights

keras = keras()
import tensorflow as tf  # noqa: E402
from tensorflow.core.protobuf import fingerprint_pb2  # noqa: E402
from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting  # noqa: E402

L = keras.layers
PLACE = WRITTEN / f"savedmodel_fingerprint_{ORACLE}"
HASHES = ["saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash", "checkpoint_hash"]
FILE = "fingerprint.pb"


class Own(L.Layer):
    """A layer of an unknown class: a loop, a custom gradient, a text and a table among its constants."""

    def __init__(self, **more):
        super().__init__(**more)
        self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(WORDS), tf.constant([7, 5, 3, 1])), -1)

    def build(self, shape):
        self.w = self.add_weight("w", (shape[-1], shape[-1]), regularizer="l2")

    def call(self, x, training=False):
        y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.nn.swish(y @ self.w)), [0, x])[1]
        return y * tf.cast(self.table.lookup(tf.constant("fire")), y.dtype)


def row(shape, *layers, dtype="float32"):
    return lambda: keras.Sequential([keras.Input(shape, dtype=dtype, name="x"), *[layer() for layer in layers]], name="row")


def convolutional():
    x = keras.Input((8, 8, 1), name="x")
    y = L.BatchNormalization()(L.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(x))
    y = L.GlobalAveragePooling2D()(L.Dropout(0.2)(y))
    return keras.Model(x, L.Dense(3, activation="softmax")(y), name="convolutional")


def nested():
    inner = keras.Sequential([keras.Input((5,)), L.Dense(4, name="d"), L.BatchNormalization(name="n")], name="inner")
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    return keras.Model([a, b], [L.Add(name="sum")([inner(a), inner(b)]), L.Dense(2, name="head")(inner(a))], name="nested")


DENSE = row((4,), lambda: L.Dense(5, activation="relu"), lambda: L.Dense(2))
TEXTS = row((1,), lambda: L.TextVectorization(vocabulary=WORDS, output_sequence_length=4, name="text"), lambda: L.Embedding(8, 3), dtype="string")
# The model, what it is saved as, and how it is converted.
CASES = {
    "dense": (DENSE, "h5"),
    "convolutional": (convolutional, "h5"),
    "nested, own signatures": (nested, "h5", "--signature", "both=sum,head", "--signature", "a_head=head", "--batch", "2"),
    "LSTM": (row((6, 3), lambda: L.LSTM(4, return_sequences=True), lambda: L.Bidirectional(L.GRU(2))), "h5"),
    "text": (TEXTS, "h5"),
    "text, in assets": (TEXTS, "h5", "--vocabulary-assets"),
    "text of TensorFlow": (TEXTS, "tf"),
    "data files": (convolutional, "h5", "--shard-size", "100"),
    "no traces": (nested, "h5", "--no-traces"),
    "no optimizer, tags": (DENSE, "h5", "--no-optimizer", "--tag", "gpu"),
    "no variables": (row((4, 2), lambda: L.Flatten()), "h5"),
    "carried": (row((4,), lambda: L.Dense(4), lambda: Own(name="own"), lambda: L.Dense(2)), "tf"),
}


def shown(place):
    return json.loads(hornfels("show", "--json", place))["fingerprint"]


def check_shown(place):
    """What `show` says is what TensorFlow reads."""
    found, expected = shown(place), tf.saved_model.experimental.read_fingerprint(str(place))
    for name in HASHES:
        assert found[name] == str(getattr(expected, name)), f"{name}: {found[name]}, expected {getattr(expected, name)}"
    # TensorFlow 2.15 reads the message and gives all but its number.
    stored = fingerprint_pb2.FingerprintDef.FromString((place / FILE).read_bytes())
    assert found["version"] == stored.version.producer, found
    assert (found["uuid"] or "") == getattr(stored, "uuid", found["uuid"] or ""), found
    assert f"Hashes:     {expected.singleprint()}\n" in hornfels("show", place), expected.singleprint()


def computed(place):
    """What TensorFlow makes of the directory without the file."""
    bare = PLACE / "bare"
    shutil.rmtree(bare, ignore_errors=True)
    shutil.copytree(place, bare)
    (bare / FILE).unlink()
    return fingerprinting.CreateFingerprintDef(str(bare))


def check_hashes(place):
    written, expected = (place / FILE).read_bytes(), computed(place)
    if ORACLE == "keras2":
        assert written == expected, f"{written.hex()}, expected {expected.hex()}"
        return
    found, expected = map(fingerprint_pb2.FingerprintDef.FromString, (written, expected))
    assert (found.version.producer, expected.version.producer) == (1, 4), expected
    expected.ClearField("uuid")
    expected.version.producer = 1
    assert found == expected and expected.SerializeToString() == written, f"{found}, expected {expected}"


def check(make, suffix, *options):
    keras.backend.clear_session()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    model = make()
    set_weights(model)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    if model.trainable_variables:
        model.optimizer.build(model.trainable_variables)
    made = PLACE / f"made.{suffix}"
    model.save(made, save_format=suffix)
    ours = PLACE / "ours"
    hornfels("convert", made, ours, *options)
    check_hashes(ours)
    check_shown(ours)
    if suffix == "tf":
        check_shown(made)
    hornfels("convert", made, PLACE / "again", *options)
    assert (PLACE / "again" / FILE).read_bytes() == (ours / FILE).read_bytes(), "other bytes"
    # What is read here and written again.
    hornfels("convert", ours, PLACE / "twice")
    check_hashes(PLACE / "twice")


def check_without_traces():
    """TensorFlow's own have no hash of functions either."""
    DENSE().save(PLACE / "theirs", save_format="tf", save_traces=False)
    assert shown(PLACE / "theirs")["saved_object_graph_hash"] == "0"
    check_shown(PLACE / "theirs")


def check_damaged():
    DENSE().save(PLACE / "made.h5")
    place = PLACE / "damaged"
    hornfels("convert", PLACE / "made.h5", place)
    (place / FILE).write_bytes(b"\x08\xff")
    command = [os.environ["HORNFELS"], "show", place]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and FILE in done.stderr, done
    hornfels("convert", place, PLACE / "read.h5")
    inputs = tf.constant(np.ones((2, 4), "float32"))
    expected = keras.models.load_model(PLACE / "read.h5")(inputs).numpy()
    # TensorFlow logs what is wrong with it.
    logging.set_verbosity(logging.FATAL)
    for load in (tf.saved_model.load, keras.models.load_model):
        np.testing.assert_allclose(load(str(place))(inputs).numpy(), expected, rtol=1e-5)


report = Report()
for name, case in CASES.items():
    report.case(name, check, *case)
report.case("TensorFlow without traces", check_without_traces)
report.case("damaged", check_damaged)
corpus = sorted(path.parent for path in CORPUS.rglob(FILE))
for path in corpus:
    report.case(str(path.relative_to(CORPUS)), check_shown, path)
report.finish(len(CASES) + 2 + len(corpus))
