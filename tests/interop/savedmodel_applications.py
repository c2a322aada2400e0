"""Every architecture of `keras.applications` converts, and computes the same.

From HDF5, of Keras 2 and of Keras 3, to a SavedModel, which TensorFlow and Keras then run; from the SavedModel that Keras makes to
HDF5 and to another SavedModel. Weights are random, and such that outputs neither grow nor vanish; images are the smallest that
an architecture takes. Those that have layers of classes of their own cannot come from HDF5: that must be said, by name.
"""
# oracles: keras2 keras3
# makes its own files

import gc
import json
import shutil
import time

import numpy as np

from _applications import BATCHES, SMALLEST, Application, architectures
from _oracle import ALL, ORACLE, WRITTEN, Report, hornfels, keras
from _savedmodel import ONLY, convert, nearly, tolerance

keras = keras()
import tensorflow as tf  # noqa: E402

# Every run takes a third of the families, others from each Keras; `--all` takes everything.
SAMPLE = SMALLEST[2::3] if ORACLE == "keras3" else SMALLEST[::3]
# What takes Keras long is done for these in every run: to load a SavedModel, and to write one.
REVIVED = SMALLEST[::6]
FROM_DIRECTORY = ("ConvNeXtTiny", "MobileNet")
# Roundings go on through hundreds of layers. Keras is off from itself, operation by operation, as a graph, or in `predict`;
# others may be as far off three times, or three times what they are elsewhere, and less than this of the largest.
APART = 3
LARGEST = 1e-2
PLACE = WRITTEN / f"savedmodel_applications_{ORACLE}"
# What can be done about a class that is not known; one of Keras 3 stays one unless its arguments are known.
WAYS_OUT = ("register", "dialect") if ORACLE == "keras3" else ("register", "without traces", ".h5", "SavedModel")


def foreign(model):
    """The classes of a model that Keras does not know by their names."""
    kinds = {type(layer) for layer in model._flatten_layers() if not isinstance(layer, keras.Model)}
    return {kind.__name__: kind for kind in kinds if "applications" in kind.__module__ or kind is keras.layers.Lambda}


def telling(outputs):
    """Whether a difference would be seen: outputs of all sizes, others for another image."""
    largest = np.abs(outputs).max()
    assert np.isfinite(largest) and largest > 1e-2, f"the largest output is {largest}"
    assert outputs.std() > 1e-2 * largest, f"outputs differ by {outputs.std()} where the largest is {largest}"
    apart = np.abs(outputs[0] - outputs[1]).max()
    assert apart > 1e-2 * largest, f"outputs of two images differ by {apart} where the largest is {largest}"


class Expected:
    """What Keras predicts with a model, how far that may be off, and how far it was."""

    def __init__(self, built):
        self.built, self.outputs, self.off = built, built.predictions(built.model), 0.0
        telling(self.outputs[2])
        self.relative = APART * max(tolerance(keras.backend.floatx()), built.rounding(self.outputs))
        assert self.relative < LARGEST, f"Keras is off by {self.relative} from itself"

    def meets(self, found, batch, how):
        found, wanted = np.asarray(found), self.outputs[batch]
        self.off = max(self.off, np.abs(found - wanted).max() / np.abs(wanted).max())
        nearly(tf.constant(found), tf.constant(wanted), f"{how}, batch of {batch}", self.relative)


def runs(place, expected):
    """TensorFlow computes with a directory what Keras predicted."""
    loaded = tf.saved_model.load(str(place))
    for batch in BATCHES:
        data = tf.constant(expected.built.images[:batch])
        (named,) = loaded.signatures["serving_default"](data).values()
        expected.meets(named, batch, "serving_default")
        expected.meets(loaded(data), batch, "loaded(x)")


def same_model(found, expected, how):
    """A model that Keras loads has the config and the weights of the one that was saved, and predicts the same."""
    configs = [plain(json.loads(model.to_json())) for model in (found, expected.built.model)]
    assert configs[0] == configs[1], f"{how}: {first_difference(*configs)}"
    for variable, original in zip(found.variables, expected.built.model.variables, strict=True):
        assert variable.name == original.name, f"{how}: {variable.name}, expected {original.name}"
        assert np.array_equal(variable.numpy(), original.numpy()), f"{how}: {variable.name} differs"
    for batch, output in expected.built.predictions(found).items():
        expected.meets(output, batch, how)


def plain(config):
    """A config without what Keras writes only of some layers, depending on how a model was made."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items() if key not in ("build_config", "module", "registered_name")}
    return [plain(value) for value in config] if isinstance(config, list) else config


def first_difference(found, expected, path=""):
    """Where two configs differ, and in what."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys():
        parts = [(f"{path}/{key}", found[key], expected[key]) for key in found]
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        parts = [(f"{path}/{index}", *pair) for index, pair in enumerate(zip(found, expected))]
    else:
        return f"{path}: {str(found)[:200]}, expected {str(expected)[:200]}"
    return next(first_difference(a, b, where) for where, a, b in parts if a != b)


def refused(path, kinds):
    """Without its functions a foreign class is an error that names it, and says what can be done."""
    try:
        hornfels("convert", path, PLACE / "refused")
    except AssertionError as error:
        text = str(error)
        assert any(f"`{kind}`" in text or f">{kind}`" in text for kind in kinds), text
        assert all(way in text.partition("hint: ")[2] for way in WAYS_OUT), text
        assert not (PLACE / "refused").exists(), "something was written"
        return
    raise AssertionError(f"{sorted(kinds)} became functions")


def from_h5(built, expected, told):
    path = PLACE / "model.h5"
    built.model.save(path)
    kinds = foreign(built.model)
    if kinds:
        refused(path, kinds)
        told.append(f"refused for {', '.join(sorted(kinds))}")
        return
    began = time.monotonic()
    place = convert(path, PLACE / "model")
    size = (place / "saved_model.pb").stat().st_size / 1e6
    told.append(f"{path.stat().st_size / 1e6:.0f} MB in {time.monotonic() - began:.1f} s, {size:.1f} MB of functions")
    runs(place, expected)
    if ORACLE != "keras3" and (ALL or built.name in REVIVED):
        same_model(keras.models.load_model(place), expected, "load_model")


def from_directory(built, expected, told):
    built.model.save(PLACE / "theirs", save_format="tf")
    began = time.monotonic()
    hornfels("convert", PLACE / "theirs", PLACE / "ours.h5")
    hornfels("convert", PLACE / "theirs", PLACE / "ours")
    told.append(f"two conversions in {time.monotonic() - began:.1f} s")
    runs(PLACE / "ours", expected)
    kinds = foreign(built.model)
    if kinds:
        without = keras.models.load_model(PLACE / "ours")
        for batch, output in built.predictions(without).items():
            expected.meets(output, batch, "load_model without the classes")
    for ours in ("ours.h5", "ours"):
        same_model(keras.models.load_model(PLACE / ours, custom_objects=kinds), expected, ours)


def check(report, name, top, ways):
    """Makes the model once for all ways."""
    label = f"{name} {'with' if top else 'without'} top"
    try:
        built, told = Application(name, top), []
        expected = Expected(built)
    except Exception as error:
        report.failed.append(label)
        print(f"FAILED {label}: {type(error).__name__}: {error}", flush=True)
        return
    for way in ways:
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(parents=True)
        began, expected.off = time.monotonic(), 0.0
        if report.case(f"{label}, {way.__name__}", way, built, expected, told):
            told.append(f"off by {expected.off:.1g} of {expected.relative:.1g}")
            print(f"ok     {label}, {way.__name__}: {'; '.join(told)}; {time.monotonic() - began:.0f} s", flush=True)
        told.clear()
    shutil.rmtree(PLACE, ignore_errors=True)


def plan():
    """What is checked of which architecture: name, whether with top, ways."""
    names = [name for name in architectures() if (name in ONLY if ONLY else ALL or name in SAMPLE)]
    for number, name in enumerate(names):
        in_depth = ALL and name in SMALLEST
        ways = [from_h5]
        if ORACLE != "keras3" and (in_depth or name in FROM_DIRECTORY):
            ways.append(from_directory)
        for top in (True, False) if in_depth else (number % 2 == 0,):
            yield name, top, ways


def main():
    report, cases = Report(), list(plan())
    for name, top, ways in cases:
        check(report, name, top, ways)
        gc.collect()
    report.finish(sum(len(ways) for _, _, ways in cases))


main()
