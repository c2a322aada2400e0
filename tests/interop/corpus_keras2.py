"""Every Keras 2 model file of a directory, through a `Model` and out again in both layouts.

h5py finds the same contents; Keras 2.15 opens the copies, computes the same bits and resumes the
same optimizer; `hornfels show` says what Keras's own summary says.

`tests/it/written_for_others.rs` makes the copies, from models whose source file is gone.
"""
# oracles: keras2

import json

from _compare import contents, differences
from _corpus import load, predictions, sample, whole_models
from _oracle import ALL, CORPUS, WRITTEN, Report, hornfels, keras, same

keras = keras()
from keras.src.utils import layer_utils  # noqa: E402

LAYOUTS = ("classic", "compact")
# How many models a run without --all takes, at least one for each class.
SAMPLE = 60


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
    found = whole_models(2)
    chosen = sorted(found) if ALL else sample(found, SAMPLE)
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
