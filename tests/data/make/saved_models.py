"""Writes the files of `tests/data/saved_models`: SavedModels as TensorFlow 2.15 writes them.

    TF_CPP_MIN_LOG_LEVEL=3 python tests/data/make/saved_models.py

Protobuf's implementation in C orders maps in a way of its own, spec/proto/README.md#maps, so the one
in Python does the work. Only the protobuf files are kept. Names of functions differ from run to run, so that running this
again gives other bytes.
"""

import os
import shutil
import tempfile
from pathlib import Path

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

import tensorflow as tf  # noqa: E402
from tensorflow import keras  # noqa: E402
from tensorflow.core.framework.graph_debug_info_pb2 import GraphDebugInfo  # noqa: E402

PLACE = Path(__file__).resolve().parents[1] / "saved_models"


def dense():
    """A compiled model without traces: every kind of Keras object, few functions."""
    model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,), name="hidden")], name="dense")
    model.compile("sgd", "mse", metrics=["mae"])
    return lambda path: model.save(path, save_format="tf", save_traces=False)


class Kinds(tf.Module):
    """What Keras rarely writes: a table of strings, ragged and named arguments, a gradient."""

    def __init__(self):
        super().__init__()
        keys = tf.constant(["a", "b"])
        values = tf.constant([1, -2], tf.int64)
        fill = tf.lookup.KeyValueTensorInitializer(keys, values)
        self.table = tf.lookup.StaticHashTable(fill, -1)
        self.scale = tf.Variable([0.5, -0.0], name="scale", trainable=False)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="words"),
            tf.RaggedTensorSpec([2, None], tf.float32),
        ]
    )
    def look(self, words, ragged, twice=True, by=-3, named={"x": None, "y": (1.5, [])}):
        found = tf.cast(self.table.lookup(words), tf.float32)
        return {"found": found * self.scale[0] * by, "sums": tf.reduce_sum(ragged, 1)}


def kinds():
    module = Kinds()
    options = tf.saved_model.SaveOptions(save_debug_info=True, function_aliases={"look": module.look})
    return lambda path: tf.saved_model.save(
        module, path, signatures={"look": module.look}, options=options
    )


def without_paths(path):
    """The file, in which debug information names no folders of the machine it was made on."""
    if path.parent.name != "debug":
        return path.read_bytes()
    info = GraphDebugInfo.FromString(path.read_bytes())
    info.files[:] = [Path(name).name for name in info.files]
    return info.SerializeToString(deterministic=True)


if __name__ == "__main__":
    for make in [dense, kinds]:
        with tempfile.TemporaryDirectory() as temporary:
            make()(temporary)
            target = PLACE / make.__name__
            shutil.rmtree(target, ignore_errors=True)
            for path in sorted(Path(temporary).rglob("*.pb")):
                copy = target / path.relative_to(temporary)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(without_paths(path))
                print(copy.relative_to(PLACE), copy.stat().st_size)
