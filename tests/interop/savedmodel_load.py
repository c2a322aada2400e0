"""SavedModels that TensorFlow wrote are read: as HDF5, and written anew.

Keras builds a model, trains it for two steps and saves it as a directory. `hornfels convert` makes an HDF5 file and another
directory of it. The file must list the layers and weights that Keras lists when it loads the directory and saves that as HDF5, bit
by bit; Keras must load both, and compute what the model computed. The optimizer must have the variables it had.
"""
# oracles: keras2 tf_keras
# makes its own files

import shutil

import h5py

from _oracle import ALL, ORACLE, Report, hornfels, keras, same
from _saved import LOST_BY_KERAS, models
from _savedmodel import ONLY, WRITTEN, nearly

keras = keras()
import tensorflow as tf  # noqa: E402

PLACE = WRITTEN / f"savedmodel_load_{ORACLE}"
# Keras keeps no such state itself when it saves HDF5.
NOT_IN_H5 = ("Nadam",)


def text(name):
    return name.decode() if isinstance(name, bytes) else name


def listed(group):
    """Layers, with names and values of their weights."""
    found = []
    for layer in map(text, group.attrs["layer_names"]):
        weights = [(text(name), group[layer][name][()]) for name in group[layer].attrs["weight_names"]]
        found.append((layer, weights))
    return found


def same_file(found, expected):
    """The same layers and weights in two HDF5 files."""
    with h5py.File(found) as found, h5py.File(expected) as expected:
        ours, theirs = (listed(file["model_weights"]) for file in (found, expected))
    names = [[(layer, [name for name, _ in weights]) for layer, weights in each] for each in (ours, theirs)]
    assert names[0] == names[1], f"layers {names[0]}, expected {names[1]}"
    for (layer, own), (_, wanted) in zip(ours, theirs):
        for (name, value), (_, other) in zip(own, wanted):
            same(value, other, f"{layer}: {name}")


def variables(optimizer):
    found = optimizer.variables
    return list(found() if callable(found) else found)


def bare(name):
    """The name of an optimizer's variable without that of the optimizer, which not all that are loaded have."""
    first, _, rest = name.partition("/")
    return rest if first[0].isupper() else name


def check_optimizer(found, expected, how):
    """The same variables in the same order, where both models list theirs alike; otherwise the same by their names."""
    listed = [[variable.name for variable in model.trainable_variables] for model in (found, expected)]
    found, expected = (variables(model.optimizer) for model in (found, expected))
    if listed[0] != listed[1]:
        found, expected = (dict(sorted((bare(it.name), it) for it in each)) for each in (found, expected))
        assert list(found) == list(expected), f"{how}: {list(found)}, expected {list(expected)}"
        found, expected = list(found.values()), list(expected.values())
    assert len(found) == len(expected), f"{how}: {len(found)} variables of the optimizer, expected {len(expected)}"
    for variable, wanted in zip(found, expected):
        same(variable.numpy(), wanted.numpy(), f"{how}: {wanted.name}")


def check_state(path, optimizer):
    """What a file has of an optimizer whose state Keras writes to HDF5 and does not read from there."""
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        found = {text(name): group[name][()] for name in group.attrs["weight_names"]}
    kept = [variable for variable in variables(optimizer) if variable.name in found]
    assert len(kept) == len(found) > 0, f"h5: {sorted(found)}, expected {[it.name for it in variables(optimizer)]}"
    for variable in kept:
        same(found[variable.name], variable.numpy(), f"h5: {variable.name}")


def check_outputs(saved, found, expected, how):
    for number, (a, b) in enumerate(zip(saved.outputs(found), expected, strict=True)):
        nearly(tf.constant(a), tf.constant(b), f"{how}, output {number}")


def loaded(path, theirs):
    """The model that Keras loads; none if it fails, and fails alike with what it wrote itself."""
    try:
        return keras.models.load_model(path)
    except Exception as error:
        try:
            keras.models.load_model(theirs)
        except Exception as other:
            assert str(error) == str(other), f"{error}, expected {other}"
            return None
        raise


def check(saved):
    model = saved.build()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    model.save(PLACE / "theirs", save_format="tf")
    expected = saved.outputs(model)
    hornfels("convert", PLACE / "theirs", PLACE / "ours.h5")
    lost = saved.label.startswith(LOST_BY_KERAS)
    (model if lost else keras.models.load_model(PLACE / "theirs")).save(PLACE / "theirs.h5")
    same_file(PLACE / "ours.h5", PLACE / "theirs.h5")
    again = loaded(PLACE / "ours.h5", PLACE / "theirs.h5")
    if again is None:
        return
    check_outputs(saved, again, expected, "h5")
    legacy = isinstance(model.optimizer, keras.optimizers.legacy.Optimizer)
    if saved.optimizer == "loss scale":
        if variables(model.optimizer):
            check_state(PLACE / "ours.h5", model.optimizer)
    elif saved.optimizer not in NOT_IN_H5:
        check_optimizer(again, model, "h5")
    if lost:
        return
    hornfels("convert", PLACE / "theirs", PLACE / "ours")
    again = keras.models.load_model(PLACE / "ours")
    check_outputs(saved, again, expected, "directory")
    if not variables(model.optimizer) or saved.optimizer in ("loss scale", *NOT_IN_H5):
        return
    if legacy:
        again.optimizer._create_all_weights(again.trainable_variables)
    else:
        again.optimizer.build(again.trainable_variables)
    again.load_weights(PLACE / "ours" / "variables" / "variables")
    check_optimizer(again, model, "directory")


def main():
    report = Report()
    of_cases, others = models()
    kinds, chosen = {}, []
    for kind, saved in sorted(of_cases, key=lambda it: it[1].order):
        kinds.setdefault(kind, []).append(saved)
    for kind, all_of_kind in kinds.items():
        chosen += [(kind, saved) for saved in all_of_kind[:2]]
    # With --all two models of each class, and all others; otherwise every fourth.
    chosen = chosen + others if ALL or ONLY else chosen[::4] + others[::2]
    if ONLY:
        chosen = [(kind, saved) for kind, saved in chosen if kind in ONLY]
    for _, saved in chosen:
        report.case(saved.label, check, saved)
    report.finish(len(chosen))


main()
