"""Every Keras 2 model file of a directory becomes a SavedModel in which TensorFlow computes what Keras computes.

Those that Keras 2.15 opens and whose layers are all written as functions, which is the list of `_matrix.py`. The others are
counted by the classes that stand in their way. Where the directory has outputs that were recorded when a model was made,
those are compared too.
"""
# oracles: keras2
# makes its own files

import h5py
import numpy as np

from _corpus import inputs_for, load, predictions, sample, whole_models
from _matrix import CASES
from _oracle import ALL, CORPUS, WRITTEN, Report, close, keras
from _savedmodel import convert, in_order, maybe_compiled, nearly, one_or_list, signature_call

keras = keras()
import tensorflow as tf  # noqa: E402

# How many models a run without --all takes, and how large they may be.
SAMPLE, LARGEST = 16, 8 << 20
KINDS = {case.kind for case in CASES} | {"Functional", "Sequential", "Model", "StackedRNNCells", "ConvLSTMCell"}
KINDS |= {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"}


def foreign(model):
    """The classes of a model that are not written as functions."""
    return {type(layer).__name__ for layer in model._flatten_layers()} - KINDS


def check(path, model, expected, compiled):
    place = convert(path, WRITTEN / "savedmodel_corpus" / "model")
    loaded, revived = tf.saved_model.load(str(place)), keras.models.load_model(place)
    data = [tf.constant(x) for x in inputs_for(model)]
    passed = one_or_list(data)
    ways = {
        "serving_default": lambda x: signature_call(loaded, model, x if isinstance(x, list) else [x]),
        "loaded(x)": lambda x: loaded(x),
        "loaded(x, training=False)": lambda x: loaded(x, training=False),
        "load_model": lambda x: revived(x, training=False),
    }
    for way, call in ways.items():
        found = in_order(maybe_compiled(call, compiled)(passed), model)
        assert len(found) == len(expected), f"{way}: {len(found)} outputs, expected {len(expected)}"
        for number, (a, b) in enumerate(zip(found, expected)):
            nearly(a, tf.constant(b), f"{way}, output {number}")
    for variable, original in zip(revived.variables, model.variables, strict=True):
        assert np.array_equal(variable.numpy(), original.numpy(), equal_nan=True), f"load_model: {variable.name} differs"
    check_recorded(path, model, loaded, compiled)


def recorded_beside(path):
    """What a model was given and what came out when it was made, if that lies beside it."""
    beside = path.with_name(path.name.replace("_model.h5", "_inputs_and_outputs.h5"))
    return beside if beside != path and beside.exists() else None


def check_recorded(path, model, loaded, compiled):
    beside = recorded_beside(path)
    if beside is None:
        return
    with h5py.File(beside) as file:
        inputs = [file["inputs"][name][()] for name in model.input_names]
        outputs = [file["predictions"][name][()] for name in model.output_names]
    found = maybe_compiled(lambda x: signature_call(loaded, model, x), compiled)([tf.constant(x) for x in inputs])
    for number, (a, b) in enumerate(zip(found, outputs, strict=True)):
        close(a, b, f"recorded output {number}", 1e-4, 1e-5)


def main():
    found = whole_models(2)
    if not ALL:
        small = {path: kinds for path, kinds in found.items() if path.stat().st_size < LARGEST}
        recorded = [path for path in sorted(small) if recorded_beside(path)]
        found = {path: small[path] for path in [*sample(small, SAMPLE), *recorded[::9]]}
    report, unopened, uncomputed, others, compared = Report(), 0, [], {}, 0
    for path in sorted(found):
        keras.backend.clear_session()
        name = str(path.relative_to(CORPUS))
        model, problem = load(path)
        if model is None:
            unopened += 1
            continue
        for kind in foreign(model):
            others.setdefault(kind, set()).add(path)
        if foreign(model):
            continue
        outputs, problem = predictions(model)
        if outputs is None:
            uncomputed.append(name)
            report.note(name, f"the original computes nothing here: {problem}")
            continue
        compared += recorded_beside(path) is not None
        if report.case(name, check, path, model, outputs, needs_compiler(model)):
            print(f"ok     {name}", flush=True)
    left = set().union(*others.values())
    print(f"{len(found)} models: {unopened} that Keras 2.15 cannot open, {len(uncomputed)} that it cannot compute here, "
          f"{len(left)} with other layers; {compared} with recorded outputs")
    for kind, paths in sorted(others.items(), key=lambda other: -len(other[1])):
        print(f"   {kind}: {len(paths)}")
    report.finish(max(1, len(found) - unopened - len(uncomputed) - len(left)))


def needs_compiler(model):
    """Whether TensorFlow computes the model only with its compiler."""
    try:
        model(one_or_list(inputs_for(model)), training=False)
        return False
    except tf.errors.UnimplementedError:
        return True


main()
