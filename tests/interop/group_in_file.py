"""A model saved under `/a/b` of a file that holds other things: Keras loads it through h5py.

`tests/it/written_for_others.rs` makes the files.
"""
# oracles: keras2 tf_keras

import shutil

import h5py
import numpy as np

from _oracle import WRITTEN, Report, keras, same, values
from _readers import dumped, got, listing, seen_by_pyfive

keras = keras()


class GroupAsFile(h5py.File):
    """Keras asks for an `h5py.File`; every group can act as one."""

    # A file would ask its own handle, and its root group.
    mode = "r+"
    attrs = h5py.Group.attrs

    def __init__(self, group):
        h5py.Group.__init__(self, group.id)


def check_loads(path):
    with h5py.File(path, "r") as file:
        same(file["other/data"][()], values("other/data", (3, 4)), "other/data")
        model = keras.models.load_model(GroupAsFile(file["a/b"]))
        same(model.get_layer("hidden").get_weights()[0], values("hidden/kernel", (3, 5)), "kernel")


def check_copied(path):
    """The way that needs no class: the group's contents become a file in memory."""
    with h5py.File(path, "r") as file, h5py.File("copy", "w", driver="core", backing_store=False) as copy:
        for name in file["a/b"]:
            file.copy(f"a/b/{name}", copy)
        for name, value in file["a/b"].attrs.items():
            copy.attrs[name] = value
        model = keras.models.load_model(copy)
        same(model.get_layer("hidden").get_weights()[1], values("hidden/bias", (5,)), "bias")


def check_extends(path):
    """Another program adds a dataset, an attribute and a group to every group, and Keras adds a model."""
    extended = path.with_suffix(".extended.h5")
    shutil.copy(path, extended)
    with h5py.File(extended, "r+") as file:
        groups = [file]
        file.visititems(lambda _, thing: groups.append(thing) if isinstance(thing, h5py.Group) else None)
        for group in groups:
            group["added"] = np.arange(5.0)
            group.attrs["added"] = "text"
            group.create_group("added group").attrs["n"] = 1
        count = len(groups)
        model = keras.models.load_model(GroupAsFile(file["a/b"]))
        model.save(GroupAsFile(file.create_group("by keras")), include_optimizer=False)
    with h5py.File(extended, "r") as file:
        names = ["/"]
        file.visit(lambda name: names.append("/" + name))
        assert sum(name.endswith("/added") for name in names) == count
        keras.models.load_model(GroupAsFile(file["by keras"]))
        check_others(extended, file, names)


def check_others(path, file, names):
    """h5dump, pyfive and the command line find what h5py finds, old and new."""
    assert len(dumped(path)) > 10 * len(names)
    by_pyfive = seen_by_pyfive(path)
    failed = [f"{name}: {what}" for name, what in by_pyfive.items() if what[0] == "cannot read"]
    assert not failed, failed
    listed, hidden = listing(path)
    assert not hidden, hidden
    for name in names:
        assert name in listed and (name == "/" or name in by_pyfive), f"{name} was not found"
        if isinstance(file[name], h5py.Dataset):
            value = file[name][()]
            same(got(path, name), value, name)
            assert by_pyfive[name][1:] == (str(value.dtype), value.shape, value.tobytes()), name


report = Report()
for layout in ("classic", "compact"):
    path = WRITTEN / f"group.{layout}.h5"
    for check in (check_loads, check_copied, check_extends):
        report.case(f"{layout}: {check.__name__}", check, path)
report.finish(6)
