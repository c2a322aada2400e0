"""Makes `tests/data/hdf5/*.h5` and, beside each, what h5py finds in it.

    python tests/data/make/hdf5.py

Made with h5py 3.16.0 (libhdf5 2.0.0) and NumPy 1.26.4.
"""

import json
import os
import sys

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../interop"))
OUT = os.path.join(HERE, "../hdf5")

import _tree  # noqa: E402


def low_level(group, name, stored, values, shape, layout=None):
    """A dataset of a type that NumPy has no word for; `values` are its bytes."""
    made = h5p.create(h5p.DATASET_CREATE)
    if layout is not None:
        made.set_layout(layout)
    dataset = h5d.create(group.id, name.encode(), stored, h5s.create_simple(shape), made)
    raw = np.frombuffer(values, dtype=f"V{stored.get_size()}").reshape(shape)
    dataset.write(h5s.ALL, h5s.ALL, raw, mtype=stored)


def padded(size, padding):
    stored = h5t.C_S1.copy()
    stored.set_size(size)
    stored.set_strpad(padding)
    return stored


def types(path):
    """Every element type and string form, in both byte orders."""
    with h5py.File(path, "w") as file:
        numbers = file.create_group("numbers")
        for code in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "c16"):
            values = (np.arange(6).reshape(2, 3) - 2).astype("i4")
            values = values if code[0] != "u" else values % 200
            for order, word in (("<", "little"), (">", "big")):
                numbers[f"{word}/{code}"] = values.astype(order + code)
        numbers["bool"] = np.array([True, False, True])
        numbers["scalar"] = np.float32(1.5)
        numbers["none"] = np.zeros((0, 4), "f8")
        numbers["null"] = h5py.Empty("f4")
        numbers["array"] = np.zeros((2,), dtype=np.dtype((">i2", (3,)))).astype(">i2")
        numbers.create_dataset("arrays", (2,), dtype=np.dtype((">i2", (3,))))[...] = [[1, 2, 3], [4, 5, 6]]
        numbers.create_dataset("never_written", (2, 2), dtype="i4", fillvalue=7)
        numbers.create_dataset("never_written_zeros", (3,), dtype="f8")
        low_level(numbers, "compact", h5t.IEEE_F32LE, np.arange(3, dtype="<f4").tobytes(), (3,), h5d.COMPACT)
        low_level(numbers, "bits", h5t.STD_B16BE, b"\x01\x02\x03\x04", (2,))
        enum = h5py.enum_dtype({"LOW": -1, "HIGH": 300}, basetype=">i2")
        numbers.create_dataset("enum", data=np.array([-1, 300], ">i2"), dtype=enum)

        opaque = h5t.create(h5t.OPAQUE, 2)
        low_level(numbers, "bfloat16", opaque, b"\x80\x3f\x00\xc0", (2,))
        numbers["bfloat16"].attrs["dtype"] = "bfloat16"
        low_level(numbers, "opaque", opaque, b"\x80\x3f\x00\xc0", (2,))

        strings = file.create_group("strings")
        for padding, word in ((h5t.STR_NULLTERM, "terminated"), (h5t.STR_NULLPAD, "padded"), (h5t.STR_SPACEPAD, "spaces")):
            values = b"ab\0x" + b"abcd" + b"    "
            values = values if padding != h5t.STR_NULLTERM else values.replace(b"abcd", b"abc\0")
            low_level(strings, word, padded(4, padding), values, (3,))
        strings.create_dataset("variable", data=["", "a", "h\u00e9llo", "a" * 5000], dtype=h5py.string_dtype())
        strings["scalar"] = "text"

        other = file.create_group("other")
        other["compound"] = np.zeros(2, dtype=[("x", "f4"), ("y", "i4")])
        other["reference"] = file.ref
        lists = other.create_dataset("lists", (2,), dtype=h5py.vlen_dtype("i4"))
        lists[0] = [1, 2, 3]

        file["named"] = np.dtype(">f4")
        file.create_dataset("of_named_type", data=np.arange(3, dtype=">f4"), dtype=file["named"])

        for name, value in {
            "bool": True,
            "bytes": b"bytes",
            "complex": 1 + 2j,
            "empty_list": np.asarray([]),
            "fixed_names": np.array([b"a", b"bcd"]),
            "float": np.float32(0.5),
            "ints": np.arange(4, dtype=">i8").reshape(2, 2),
            "long": "x" * 40_000,
            "null": h5py.Empty("S1"),
            "names": ["a", "bcd", "\u00e9"],
            "text": "t\u00e9xt",
        }.items():
            file["numbers"].attrs[name] = value
        numbers.attrs.create("of_named_type", np.float32(2), dtype=file["named"])


def links(path):
    """Old-style groups: aliases, circles, soft links, and enough links for a two-level B-tree."""
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(3, dtype="i4")
        file["alias"] = file["data"]
        group = file.create_group("group")
        group["circle"] = file["/"]
        group["itself"] = group
        group["alias"] = file["data"]
        # A name that is not ASCII makes its group a new-style one, in a version 1 header.
        file.create_group("new_style")["\u00e9t\u00e9"] = np.int8(1)
        for name, target in {
            "absolute": "/data",
            "relative": "alias",
            "through": "circle/group/circle/data",
            "to_group": "/group",
            "to_soft": "absolute",
            "dangling": "/nowhere",
            "loop": "loop",
            "ping": "pong",
            "pong": "ping",
            "dots": "./alias/.",
        }.items():
            group[name] = h5py.SoftLink(target)
        many = file.create_group("many")
        for index in range(300):
            many[f"name{index:03}"] = h5py.SoftLink("/data")


def latest(path):
    """The newest structures: superblock 3, link messages, times, creation order."""
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs["backend"] = "tensorflow"
        group = file.create_group("group", track_order=True)
        for name in ("zeta", "alpha", "mu"):
            group.create_dataset(name, data=np.arange(2, dtype="f4"), track_times=True)
        group.attrs["z"], group.attrs["a"] = 1, 2
        group["soft"] = h5py.SoftLink("zeta")
        group["outside"] = h5py.ExternalLink("other.h5", "/secret")
        file.create_group("empty")


def track_order(path):
    """Version 2 object headers in a file with a version 0 superblock."""
    with h5py.File(path, "w", track_order=True) as file:
        for name in ("zeta", "alpha"):
            file.create_dataset(name, data=np.int32(1))
            file.attrs[name] = 1


def user_block(path):
    """512 bytes that are not HDF5 in front."""
    with h5py.File(path, "w", userblock_size=512) as file:
        file["data"] = np.arange(4, dtype="f4")
        file.attrs["text"] = "in the heap"
    with open(path, "r+b") as file:
        file.write(b"#!/bin/sh\n")


def unsupported(path):
    """What is not read yet, or never, beside what is."""
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("chunked", data=np.arange(4, dtype="i4"), chunks=(2,))
        file.create_dataset("external", (4,), dtype="i1", external=[("secret.bin", 0, 4)])
        virtual = h5py.VirtualLayout((4,), "i4")
        virtual[:] = h5py.VirtualSource("other.h5", "data", (4,))
        file.create_virtual_dataset("virtual", virtual)
        file.create_dataset("huge", (1 << 20, 1 << 20), dtype="f8")
        dense = file.create_group("dense")
        for index in range(9):
            dense[f"link{index}"] = h5py.SoftLink("/readable")
            file.attrs[f"attribute{index}"] = index
        file["outside"] = h5py.ExternalLink("other.h5", "/secret")
        file["readable"] = np.arange(3, dtype="f4")


def main():
    os.makedirs(OUT, exist_ok=True)
    for make in (types, links, latest, track_order, user_block, unsupported):
        path = os.path.join(OUT, f"{make.__name__}.h5")
        make(path)
        if make is not unsupported:
            with open(path.replace(".h5", ".json"), "w", encoding="utf-8") as file:
                lines = (f"{json.dumps(name)}: {json.dumps(thing)}" for name, thing in _tree.tree(path).items())
                file.write("{\n" + ",\n".join(lines) + "\n}\n")


main()
