"""Every class of layer with every argument, converted to a SavedModel: TensorFlow computes what Keras computes.

Keras 2.15 makes the models, saves them as HDF5 and predicts; `hornfels convert` writes the SavedModel.
`tf.saved_model.load`, its `serving_default`, its call, and Keras's `load_model` must predict the same,
for one sample and for seven. No argument of a class may be without a case that gives it.

`spec/compatibility.md` lists how many cases each class has; HORNFELS_UPDATE=1 writes that table.
"""
# oracles: keras2
# makes its own files

import inspect
import os

import numpy as np

from _matrix import CASES
from _oracle import ROOT, Report, keras
from _savedmodel import as_list, chosen, compare, in_order, maybe_compiled, one_or_list, run_packs, save_and_convert, signature_call

keras = keras()
import tensorflow as tf  # noqa: E402

PAGE = ROOT / "spec" / "compatibility.md"
BEGIN, END = "<!-- layers: begin -->", "<!-- layers: end -->"
# How many cases of each class a run without --all takes.
SAMPLE = 4


def check(built, compiled):
    """What is wrong with each case of a model."""
    wrong, model = {}, built.model
    place = save_and_convert(model, built.name)
    loaded = tf.saved_model.load(str(place))
    revived = keras.models.load_model(place)
    for batch in (1, 7):
        data = built.data(batch)
        tensors = [tf.constant(x) for x in data]
        passed = one_or_list(tensors)
        expected = as_list(maybe_compiled(lambda x: model(x, training=False), compiled)(passed))
        ways = {
            "serving_default": lambda x: signature_call(loaded, model, as_list(x)),
            "loaded(x)": lambda x: loaded(x),
            "loaded(x, training=False)": lambda x: loaded(x, training=False),
            "load_model": lambda x: revived(x, training=False),
        }
        for way, call in ways.items():
            found = in_order(maybe_compiled(call, compiled)(passed), model)
            compare(wrong, built, f"{way}, batch of {batch}", found, expected)
    kinds, wanted = ([(layer.name, type(layer)) for layer in each._flatten_layers()] for each in (revived, model))
    assert sorted(kinds, key=str) == sorted(wanted, key=str), f"load_model: layers {kinds}, expected {wanted}"
    # The variables of a layer that was adapted before it was called are named without it, until it is loaded.
    names, again = ([(v.name.split("/")[-1], tuple(v.shape), v.dtype.name, v.trainable) for v in each.variables] for each in (model, revived))
    assert again == names, f"load_model: variables {again}, expected {names}"
    for variable, original in zip(revived.variables, model.variables):
        assert np.array_equal(variable.numpy(), original.numpy(), equal_nan=variable.dtype.is_floating), f"load_model: {variable.name} differs"
    return wrong


# A layer that returns sparse tensors has no output that others could use.
UNUSABLE = {("Embedding", "sparse")}
# `savedmodel_recurrent.py` has models whose batches are of one size; weights are given by each case.
UNUSABLE |= {(kind, "stateful") for kind in ("SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")}
UNUSABLE.add(("Bidirectional", "weights"))


def check_arguments(kind):
    """Each argument of the constructor has a value in some case that is not its default."""
    parameters = inspect.signature(getattr(keras.layers, kind).__init__).parameters.values()
    given = {}
    for case in CASES:
        if case.kind == kind:
            for name, value in case.arguments.items():
                given.setdefault(name, []).append(value)
    for parameter in parameters:
        if parameter.name == "self" or parameter.kind is parameter.VAR_KEYWORD or (kind, parameter.name) in UNUSABLE:
            continue
        default = parameter.default
        others = [value for value in given.get(parameter.name, []) if default is parameter.empty or repr(value) != repr(default)]
        assert others, f"no case gives {parameter.name} another value than {default}"


def counted():
    """The table of `spec/compatibility.md`."""
    counts = {}
    for case in CASES:
        counts[case.kind] = counts.get(case.kind, 0) + 1
    rows = [f"| {kind} | {counts[kind]} |" for kind in sorted(counts)]
    return "\n".join(["| class | cases |", "|---|---|", *rows, f"| all {len(counts)} | {sum(counts.values())} |"])


def check_page():
    before, rest = PAGE.read_text().split(BEGIN)
    found, after = rest.split(END)
    if os.environ.get("HORNFELS_UPDATE"):
        PAGE.write_text(f"{before}{BEGIN}\n{counted()}\n{END}{after}")
        return
    assert found.strip() == counted(), f"the table of {PAGE.name} is not what the cases are; HORNFELS_UPDATE=1 writes it"


def main():
    report = Report()
    cases = chosen(CASES, SAMPLE)
    kinds = sorted({case.kind for case in CASES})
    # What goes into a model is given by `keras.Input`; models have no arguments of this kind.
    for kind in kinds:
        if kind not in ("InputLayer", "Model"):
            report.case(f"{kind}: arguments", check_arguments, kind)
    report.case("the table of counts", check_page)
    print(f"{len(CASES)} cases of {len(kinds)} classes, {len(cases)} of them in this run", flush=True)
    run_packs(report, cases, check)
    report.finish(len(cases) + len(kinds) - 1)


main()
