"""The model files of HORNFELS_CORPUS: which there are, how Keras opens them, and what it predicts."""

import hashlib
import json

import h5py
import numpy as np

from _oracle import CORPUS, keras

keras = keras()
import tensorflow as tf  # noqa: E402


def whole_models(generation):
    """Whole models of Keras 2 or 3 by content: path -> the classes in it."""
    found = {}
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file() or path.open("rb").read(8) != b"\x89HDF\r\n\x1a\n":
            continue
        with h5py.File(path, "r") as file:
            version = file.attrs.get("keras_version", b"")
            version = version.decode() if isinstance(version, bytes) else version
            if "model_config" in file.attrs and version.startswith(f"{generation}."):
                found[path] = frozenset(classes(json.loads(file.attrs["model_config"])))
    return found


def classes(config):
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config["class_name"]
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            yield from classes(part)


def sample(found, size):
    """Models that have every class and every source between them, then others up to `size`."""
    chosen, covered = [], set()
    wanted = {path: {*kinds, path.relative_to(CORPUS).parts[0]} for path, kinds in found.items()}
    while any(kinds - covered for kinds in wanted.values()):
        best = max(wanted, key=lambda path: (len(wanted[path] - covered), str(path)))
        covered |= wanted[best]
        chosen.append(best)
    spread = sorted(set(found) - set(chosen), key=lambda p: hashlib.sha1(p.name.encode()).digest())
    return sorted(chosen + spread[: max(0, size - len(chosen))])


def inputs_for(model):
    """Random inputs: tokens where an embedding will look them up, otherwise numbers."""
    random = np.random.default_rng(1)
    limits = [l.input_dim for l in model._flatten_layers() if type(l).__name__ == "Embedding"]
    inputs = []
    for tensor in model.inputs:
        shape = [2 if i == 0 and s is None else (8 if s is None else s) for i, s in enumerate(tensor.shape)]
        dtype = tensor.dtype.as_numpy_dtype
        if limits or np.issubdtype(dtype, np.integer):
            inputs.append(random.integers(0, min(limits, default=3), shape).astype(dtype))
        else:
            inputs.append(random.standard_normal(shape).astype(dtype))
    return inputs


def load(path):
    """The model, or the reason why this Keras has none."""
    try:
        return keras.models.load_model(path), None
    except Exception as error:
        return None, f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"


def predictions(model):
    """The model's outputs, or the reason why this machine cannot compute them."""
    inputs = inputs_for(model)
    inputs = inputs if len(inputs) > 1 else inputs[0]
    try:
        outputs = model(inputs, training=False)
    except tf.errors.UnimplementedError:
        # Without its compiler, TensorFlow has no convolution over channels-first data on a CPU.
        compiled = tf.function(lambda x: model(x, training=False), jit_compile=True)
        try:
            outputs = compiled(inputs)
        except Exception as error:
            return None, f"{type(error).__name__}: {str(error).splitlines()[-1][:120]}"
    except Exception as error:
        return None, f"{type(error).__name__}: {str(error).splitlines()[-1][:120]}"
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [np.asarray(output) for output in outputs], None
