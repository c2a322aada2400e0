"""Compares two HDF5 files as h5py sees them: objects, dtypes, shapes, bytes, attributes.

What may differ is listed in `spec/keras_h5.md#what-may-differ`: how strings are stored, where name
lists are split, maximum dimensions, and the `_1` that makes a repeated weight name unique.
"""

import re

import h5py
import numpy as np


def contents(path):
    """Every object of a file by path: its kind, and for a dataset dtype, shape and bytes."""
    found = {}
    with h5py.File(path, "r") as file:
        found["/"] = ("group", attributes(file))

        def visit(name, thing):
            if isinstance(thing, h5py.Dataset):
                found["/" + name] = ("dataset", *dataset(thing), attributes(thing))
            else:
                found["/" + name] = ("group", attributes(thing))

        file.visititems(visit)
    return found


def dataset(thing):
    value = thing[()] if thing.shape is not None else None
    if h5py.check_string_dtype(thing.dtype) is not None:
        return "string", thing.shape, strings(value)
    native = thing.dtype.newbyteorder("=")
    return str(native), thing.shape, np.asarray(value).astype(native).tobytes()


def attributes(thing):
    found = {}
    for name, value in thing.attrs.items():
        found[name] = plain(value)
    return joined(found)


def plain(value):
    """A value without its storage: strings as `str`, an empty array as an empty list."""
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, (bytes, str)):
        return text(value)
    array = np.asarray(value)
    if array.size == 0:
        return []
    if array.dtype.kind in "OSU":
        return strings(array)
    return str(array.dtype.newbyteorder("=")), array.tolist()


def strings(value):
    if isinstance(value, (bytes, str)):
        return text(value)
    return [text(one) for one in np.ravel(value)]


def text(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def joined(found):
    """Name lists that were split over `name0`, `name1`, ... put together again."""
    whole = {}
    for name in sorted(found, key=lambda name: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name)]):
        base = re.sub(r"\d+$", "", name)
        if base in ("layer_names", "weight_names") and name != base:
            whole.setdefault(base, []).extend(found[name])
        else:
            whole[name] = found[name]
    return whole


def differences(found, expected):
    """What is not the same, in words."""
    wrong = []
    for path in sorted(set(found) | set(expected)):
        a, b = found.get(path), expected.get(path)
        if a is None or b is None:
            wrong.append(f"{path}: only in the {'original' if a is None else 'copy'}")
        elif a[:-1] != b[:-1]:
            what = [x if i < 2 else "bytes" for i, x in enumerate(a[1:-1])]
            wrong.append(f"{path}: {a[0]} {what}, expected {[b[0], *b[1:3]]}")
        elif a[-1] != b[-1]:
            for name in sorted(set(a[-1]) | set(b[-1])):
                x, y = (side.get(name, "nothing") for side in (a[-1], b[-1]))
                if x != y:
                    wrong.append(f"{path}@{name}: {str(x)[:200]}, expected {str(y)[:200]}")
    return wrong
