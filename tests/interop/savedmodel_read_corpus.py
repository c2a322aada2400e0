"""Every SavedModel of the corpus: what holds a Keras model is read, each tensor as TensorFlow reads it; what holds none is refused.

Variables are compared by their values with those of `tf.train.load_checkpoint`; the model as HDF5 must have all that the layers have.
"""
# oracles: keras2
# makes its own files

import subprocess
import os

import h5py
import numpy as np

from _oracle import CORPUS, WRITTEN, Report, keras

keras()
import tensorflow as tf  # noqa: E402


def check(path):
    out = WRITTEN / "read_corpus.h5"
    out.unlink(missing_ok=True)
    done = subprocess.run([os.environ["HORNFELS"], "convert", path, out, "--no-optimizer"], capture_output=True, text=True)
    if done.returncode:
        words = done.stderr
        if "is a subclassed model" in words:
            return
        assert "hornfels show" in words and "expected a Keras model" in words or "SavedModel of something else" in words or "`tf.saved_model.save`" in words, words
        assert not (path / "keras_metadata.pb").exists(), f"refused: {words}"
        return
    checkpoint = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    stored = [checkpoint.get_tensor(key) for key in checkpoint.get_variable_to_shape_map() if key.endswith("VARIABLE_VALUE")]
    known = {(value.dtype.str, value.shape, value.tobytes()) for value in map(np.asarray, stored)}
    count = 0
    with h5py.File(out) as file:

        def see(name, item):
            nonlocal count
            if isinstance(item, h5py.Dataset):
                value = item[()]
                assert (value.dtype.str, value.shape, value.tobytes()) in known, f"{name} is no tensor of the checkpoint"
                count += 1

        file["model_weights"].visititems(see)
    assert count, "no weights"


def main():
    report = Report()
    found = sorted(path.parent for path in CORPUS.rglob("saved_model.pb"))
    for path in found:
        report.case(str(path.relative_to(CORPUS)), check, path)
    report.finish(len(found))


main()
