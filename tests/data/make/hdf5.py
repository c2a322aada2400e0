"""Makes `tests/data/hdf5/*.h5` and, beside each, what h5py finds in it.

    python tests/data/make/hdf5.py [NAME...]

Made with h5py 3.16.0 (libhdf5 2.0.0) and NumPy 1.26.4.
"""

import json
import os
import sys

import h5py
import numpy as np
from h5py import h5d, h5f, h5p, h5s, h5t

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../interop"))
OUT = os.path.join(HERE, "../hdf5")

import _libhdf5  # noqa: E402
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


def chunked(path):
    """Chunks in version 1 B-trees, through every filter, some never written, some cut."""
    with h5py.File(path, "w") as file:
        values = np.arange(77).reshape(7, 11)
        make = file.create_dataset
        make("plain", data=values.astype(">i2"), chunks=(4, 4))
        make("gzip", data=values.astype("<f4"), chunks=(3, 11), compression="gzip")
        make("all", data=values.astype("<f8"), chunks=(4, 6), compression="gzip", shuffle=True, fletcher32=True)
        make("lzf", data=values % 3 == 0, chunks=(7, 11), compression="lzf")
        make("scaled", data=values.astype("<u4"), chunks=(4, 6), scaleoffset=0)
        make("decimals", data=values.astype("<f4") / 8, chunks=(4, 6), scaleoffset=3)
        some = make("some", (7, 11), "<i4", maxshape=(None, None), chunks=(2, 2), fillvalue=-7)
        some[2:4] = values[2:4]
        make("never", (7, 11), "<i2", maxshape=(None, None), chunks=(2, 2), fillvalue=5)
        make("words", data=["", "a", "h\u00e9llo"], dtype=h5py.string_dtype(), chunks=(2,))
        make("records", data=np.array([(1, 2.5), (3, 4.5)], [("x", "<i2"), ("y", "<f8")]), chunks=(1,))
        few = h5t.STD_I32LE.copy()
        few.set_precision(13)
        few.set_offset(5)
        made = h5p.create(h5p.DATASET_CREATE)
        made.set_chunk((4,))
        made.set_filter(5, 0, ())
        low = h5d.create(file.id, b"nbit", few, h5s.create_simple((6,)), made)
        low.write(h5s.ALL, h5s.ALL, np.arange(-3, 3, dtype="i4"))


def chunked_latest(path):
    """The other chunk indexes, with and without filters."""
    with h5py.File(path, "w", libver="v110") as file:
        values = np.arange(63, dtype="<i4").reshape(7, 9)
        for word, options in (("", {}), ("_gzip", {"compression": "gzip"})):
            make = lambda name, **more: file.create_dataset(name + word, data=values, **options, **more)
            make("single", chunks=(7, 9))
            make("fixed", chunks=(2, 4))
            make("extensible", chunks=(1, 9), maxshape=(None, 9))
            make("columns", chunks=(4, 1), maxshape=(7, None))
            make("btree", chunks=(3, 3), maxshape=(None, None))
        made = h5p.create(h5p.DATASET_CREATE)
        made.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        file.create_dataset("implicit", data=values, chunks=(3, 4), dcpl=made)
        made = h5p.create(h5p.DATASET_CREATE)
        made.set_chunk((4, 4))
        made.set_deflate(6)
        _libhdf5.leave_edges_unfiltered(made)
        low = h5d.create(file.id, b"edges", h5t.STD_I32LE, h5s.create_simple((7, 9)), made)
        low.write(h5s.ALL, h5s.ALL, values)


def dense(path):
    """More links and attributes than a header holds, one of them larger than a heap's blocks."""
    with h5py.File(path, "w", libver="latest") as file:
        for ordered in (False, True):
            group = file.create_group("ordered" if ordered else "links", track_order=ordered)
            for at in range(12):
                group[f"link{at}"] = h5py.SoftLink(f"/{at}")
                group.attrs[f"name{at}"] = at
        group["data"] = np.int8(1)
        group.attrs["huge"] = np.zeros(2100, "<i2")


def shared(path):
    """Datatypes, dataspaces, fill values, filters and attributes in the table of shared messages."""
    made = h5p.create(h5p.FILE_CREATE)
    _libhdf5.share_messages(made, (0b0111, 0b11000), 1, 50, 40)
    with h5py.File(h5f.create(path.encode(), h5f.ACC_TRUNC, made)) as file:
        for at in range(2):
            values = np.arange(10, dtype="<f4") + at
            dataset = file.create_dataset(f"d{at}", data=values, chunks=(4,), compression="gzip", fillvalue=1.5)
            dataset.attrs["text"] = "some text"
            dataset.attrs["numbers"] = np.arange(3)


def numbers(path):
    """Numbers of widths and divisions that NumPy has no name for."""
    with h5py.File(path, "w") as file:
        three = h5t.STD_I32BE.copy()
        three.set_precision(24)
        three.set_size(3)
        low_level(file, "three", three, b"\xff\xff\xfe\x01\x02\x03", (2,))
        few = h5t.STD_U32LE.copy()
        few.set_precision(12)
        few.set_offset(4)
        low_level(file, "few", few, b"\xff\xff\xff\xff\x10\x32\x54\x76", (2,))
        file["wide"] = np.array([1, -2.5, 1 / 3, 1e300], np.longdouble)
        small = h5t.IEEE_F32LE.copy()
        small.set_fields(23, 16, 7, 0, 16)
        small.set_precision(24)
        small.set_size(3)
        small.set_ebias(63)
        low_level(file, "small", small, b"\x00\x80\x3f\x00\x80\xbf", (2,))
        if hasattr(h5t, "COMPLEX_IEEE_F32BE"):
            low_level(file, "complex", h5t.COMPLEX_IEEE_F32BE, np.arange(4, dtype=">f4").tobytes(), (2,))


def large(path):
    """Enough numbers that they are read on several cores, and a chunk that is no zlib stream."""
    values = (np.arange(1_000_000, dtype="<i4") // 4000).reshape(1000, 1000)
    # What repeats compresses well, so that the file stays small.
    with h5py.File(path, "w", libver="v110") as file:
        options = {"compression": "gzip", "compression_opts": 9, "shuffle": True, "dtype": "<i4"}
        file.create_dataset("rows", data=values, chunks=(125, 1000), **options)
        file.create_dataset("blocks", data=values, chunks=(300, 350), **options)
        damaged = file.create_dataset("damaged", (1000, 1000), chunks=(125, 1000), **options)
        damaged[:250] = 1
        damaged.id.write_direct_chunk((500, 0), b"no stream")


def floor(path):
    """As much as may be declared without a reason, or a little less, in every way there is."""
    most = 31 << 20
    with h5py.File(path, "w", libver="v110") as file:
        file.create_dataset("turned", (most // 8,), ">f8")
        file.create_dataset("turned_chunks", (most // 8,), ">f8", chunks=(1 << 16,))
        file.create_dataset("wide", (most // 16,), np.longdouble, chunks=(1 << 16,))
        file.create_dataset("strings", (most // 40,), "S40")
        file.create_dataset("short_strings", (most // 2,), "S2", chunks=(1 << 16,))
        file.create_dataset("words", (most // 40,), h5py.string_dtype(), chunks=(1 << 16,))
        file.create_dataset("records", (most // 16,), [("x", ">f8"), ("y", "<i8")], chunks=(1 << 16,))
        three = h5t.STD_I32BE.copy()
        three.set_precision(24)
        three.set_size(3)
        h5d.create(file.id, b"three", three, h5s.create_simple((most // 3,)))
        options = {"compression": "gzip", "compression_opts": 9}
        file.create_dataset("one", data=np.zeros(most, "u1"), chunks=(most,), **options)
        made = file.create_dataset("shuffled", (most // 4,), "<i4", chunks=(most // 8,), shuffle=True, **options)
        made[...] = 0
        made = file.create_dataset("cut", (most // 4,), "<i4", maxshape=(None,), chunks=(most // 8 + 1,), **options)
        made[:3] = 1


def unsupported(path):
    """What is never read, beside what is."""
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("szip", data=np.arange(64, dtype="i4"), chunks=(64,), compression="szip")
        file.create_dataset("external", (4,), dtype="i1", external=[("secret.bin", 0, 4)])
        virtual = h5py.VirtualLayout((4,), "i4")
        virtual[:] = h5py.VirtualSource("other.h5", "data", (4,))
        file.create_virtual_dataset("virtual", virtual)
        file.create_dataset("huge", (1 << 20, 1 << 20), dtype="f8")
        file.create_dataset("huge_chunks", (1 << 20, 1 << 20), dtype="f8", chunks=(1 << 10, 1 << 10))
        file["outside"] = h5py.ExternalLink("other.h5", "/secret")
        file["readable"] = np.arange(3, dtype="f4")


def main():
    os.makedirs(OUT, exist_ok=True)
    makers = (types, links, latest, track_order, user_block)
    makers += (chunked, chunked_latest, dense, shared, numbers, large, floor, unsupported)
    for make in makers:
        if sys.argv[1:] and make.__name__ not in sys.argv[1:]:
            continue
        path = os.path.join(OUT, f"{make.__name__}.h5")
        make(path)
        if make not in (large, floor, unsupported):
            with open(path.replace(".h5", ".json"), "w", encoding="utf-8") as file:
                lines = (f"{json.dumps(name)}: {json.dumps(thing)}" for name, thing in _tree.tree(path).items())
                file.write("{\n" + ",\n".join(lines) + "\n}\n")


main()
