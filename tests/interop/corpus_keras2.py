"""Every Keras 2 model file of a directory, through a `Model` and out again in both layouts.

h5py finds the same contents; Keras 2.15 opens the copies, computes the same bits and resumes the
same optimizer; `hornfels show` says what Keras's own summary says.

`tests/it/written_for_others.rs` makes the copies, from models whose source file is gone.
"""
# oracles: keras2

import hashlib
import json

import h5py
import numpy as np

from _compare import contents, differences
from _oracle import ALL, CORPUS, WRITTEN, Report, hornfels, keras, same

keras = keras()
import tensorflow as tf  # noqa: E402
from keras.src.utils import layer_utils  # noqa: E402

LAYOUTS = ("classic", "compact")
# How many models a run without --all takes, at least one for each class.
SAMPLE = 60


def keras2_models():
    """Whole models of Keras 2 by content: path -> the classes in it."""
    found = {}
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file() or path.open("rb").read(8) != b"\x89HDF\r\n\x1a\n":
            continue
        with h5py.File(path, "r") as file:
            version = file.attrs.get("keras_version", b"")
            version = version.decode() if isinstance(version, bytes) else version
            if "model_config" in file.attrs and version.startswith("2."):
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


def sample(found):
    """Models that have every class and every source between them, then others up to SAMPLE."""
    chosen, covered = [], set()
    wanted = {path: {*kinds, path.relative_to(CORPUS).parts[0]} for path, kinds in found.items()}
    while any(kinds - covered for kinds in wanted.values()):
        best = max(wanted, key=lambda path: (len(wanted[path] - covered), str(path)))
        covered |= wanted[best]
        chosen.append(best)
    spread = sorted(set(found) - set(chosen), key=lambda p: hashlib.sha1(p.name.encode()).digest())
    return sorted(chosen + spread[: max(0, SAMPLE - len(chosen))])


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


def state(model):
    """All weights, then the optimizer's."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return model.get_weights(), None
    variables = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
    return model.get_weights(), [v.numpy() for v in variables]


def check_contents(path, layout):
    wrong = differences(contents(copy_of(path, layout)), contents(path))
    assert not wrong, "; ".join(wrong)


def copy_of(path, layout):
    return WRITTEN / "corpus" / layout / path.relative_to(CORPUS)


def check_behaviour(copy, original, outputs):
    model, problem = load(copy)
    assert model is not None, f"Keras cannot load the copy: {problem}"
    (weights, slots), (expected_weights, expected_slots) = state(model), original
    assert len(weights) == len(expected_weights), f"{len(weights)} weights"
    for i, (a, b) in enumerate(zip(weights, expected_weights)):
        same(a, b, f"weight {i}")
    assert (slots is None) == (expected_slots is None), "one has an optimizer, the other none"
    assert len(slots or []) == len(expected_slots or []), f"{len(slots)} optimizer variables"
    for i, (a, b) in enumerate(zip(slots or [], expected_slots or [])):
        same(a, b, f"optimizer variable {i}")
    if outputs is not None:
        found, problem = predictions(model)
        assert found is not None, f"the copy computes nothing: {problem}"
        for i, (a, b) in enumerate(zip(found, outputs)):
            same(a, b, f"output {i}")


def shapes_of(layer):
    """What Keras's summary prints as the output shape of a layer, as `show` writes it."""
    try:
        shape = layer.output_shape
    except AttributeError:
        return "multiple"
    except RuntimeError:
        return None
    if isinstance(shape, dict):
        shape = [shape[key] for key in sorted(shape)]
    shapes = shape if isinstance(shape, list) else [shape]
    if shapes and isinstance(shapes[0], tuple) and any(isinstance(part, tuple) for part in shapes[0]):
        shapes = list(shapes[0])
    return [list(shape) for shape in shapes]


def check_summary(path, model):
    """The layers, output shapes and parameter counts of Keras's summary."""
    shown = json.loads(hornfels("show", path, "--json"))
    expected = [
        (layer.name, type(layer).__name__, shapes_of(layer), layer.count_params(),
         layer_utils.count_params(layer.trainable_weights))
        for layer in model.layers
    ]
    found = [
        (row["name"], row["class"], row["output_shapes"], row["parameters"], row["trainable_parameters"])
        for row in shown["layers"]
    ]
    # Keras has called the class `Model` since renamed `Functional`.
    found = [(name, "Functional" if kind == "Model" else kind, *more) for name, kind, *more in found]
    assert len(found) == len(expected), f"{len(found)} layers, expected {len(expected)}"
    for row, wanted in zip(found, expected):
        assert row == wanted, f"{row}, expected {wanted}"
    total = layer_utils.count_params(model.weights)
    assert shown["parameters"] == total, f"{shown['parameters']} parameters, expected {total}"
    trained = layer_utils.count_params(model.trainable_weights)
    assert shown["trainable_parameters"] == trained, f"{shown['trainable_parameters']} trainable, expected {trained}"


def main():
    found = keras2_models()
    chosen = sorted(found) if ALL else sample(found)
    print(f"{len(found)} models of Keras 2, {len(chosen)} of them in this run")
    report, unopened, uncomputed = Report(), [], []
    for path in chosen:
        name = str(path.relative_to(CORPUS))
        for layout in LAYOUTS:
            report.case(f"{name}, {layout}: contents", check_contents, path, layout)
        keras.utils.set_random_seed(1)
        model, problem = load(path)
        if model is None:
            unopened.append(name)
            report.note(name, f"this Keras cannot open the original: {problem}")
            continue
        outputs, problem = predictions(model)
        if outputs is None:
            uncomputed.append(name)
            report.note(name, f"the original computes nothing here: {problem}")
        original = state(model)
        report.case(f"{name}: summary", check_summary, path, model)
        for layout in LAYOUTS:
            copy = copy_of(path, layout)
            report.case(f"{name}, {layout}: behaviour", check_behaviour, copy, original, outputs)
        keras.backend.clear_session()
    print(f"{len(chosen)} models: {len(unopened)} that Keras 2.15 cannot open, "
          f"{len(uncomputed)} that it cannot compute here")
    assert len(unopened) + len(uncomputed) <= max(1, len(chosen) // 8), "too few could be compared"
    report.finish(5 * (len(chosen) - len(unopened)))


main()
