"""A model saved under `/a/b` of a file that holds other things: Keras loads it through h5py.

`tests/it/written_for_others.rs` makes the files.
"""
# oracles: keras2 tf_keras

import shutil
import subprocess

import h5py
import numpy as np

from _oracle import WRITTEN, Report, keras, same, values

keras = keras()


class GroupAsFile(h5py.File):
    """Keras asks for an `h5py.File`; every group can act as one."""

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
        found = []
        file.visit(found.append)
        assert sum(name.split("/")[-1] == "added" for name in found) == count
        keras.models.load_model(GroupAsFile(file["by keras"]))
    subprocess.run(["h5dump", extended], check=True, stdout=subprocess.DEVNULL)


report = Report()
for layout in ("classic", "compact"):
    path = WRITTEN / f"group.{layout}.h5"
    for check in (check_loads, check_copied, check_extends):
        report.case(f"{layout}: {check.__name__}", check, path)
report.finish(6)
