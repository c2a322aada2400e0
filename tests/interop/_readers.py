"""HDF5 files as programs see them that are not h5py: h5dump, pyfive, our command line."""

import json
import os
import subprocess

import numpy as np
import pyfive

from _oracle import WRITTEN, hornfels


def dumped(path):
    """All that h5dump prints, without the file's name."""
    done = subprocess.run(["h5dump", path], capture_output=True, text=True)
    assert done.returncode == 0, f"h5dump: {done.stderr[:300]}"
    return done.stdout.splitlines()[1:]


def seen_by_pyfive(path):
    """What pyfive finds at every path: shape, type and elements, or why it fails."""
    found = {}

    def look(name, read):
        try:
            found[name] = read()
        except Exception as error:
            found[name] = ("cannot read", f"{type(error).__name__}: {error}")

    def attributes(thing, prefix):
        def read():
            for name, value in thing.attrs.items():
                found[f"{prefix}@{name}"] = value_of(value)
            return ("attributes", len(thing.attrs))

        look(f"{prefix}@", read)

    def walk(group, prefix):
        attributes(group, prefix)
        for name in group:
            at = f"{prefix}/{name}"
            look(at, lambda: visit(group, name, at))

    def visit(group, name, at):
        thing = group[name]
        if thing is None:
            return ("a soft link to nothing",)
        if isinstance(thing, pyfive.Group):
            walk(thing, at)
            return ("group",)
        attributes(thing, at)
        return ("dataset", *value_of(thing[()]))

    with pyfive.File(path) as file:
        walk(file, "")
    return found


def value_of(value):
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return "object", array.shape, str(array.tolist())
    return str(array.dtype), array.shape, array.tobytes()


def listing(path):
    """What the command line finds, and the groups with links in a heap, if it cannot list those."""
    command = [os.environ["HORNFELS"], "ls", path, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    things = json.loads(done.stdout)["objects"]
    failed = [thing for thing in things if thing["kind"] == "unreadable"]
    wrong = [thing["error"] for thing in failed if "dense links" not in thing["error"]]
    assert not wrong and done.returncode == (2 if failed else 0), f"{wrong}, exit {done.returncode}"
    return {thing["path"] for thing in things}, [thing["path"] for thing in failed]


def got(path, name):
    copy = WRITTEN / "got.npy"
    copy.unlink(missing_ok=True)
    hornfels("get", path, name, "-o", copy)
    return np.load(copy)
