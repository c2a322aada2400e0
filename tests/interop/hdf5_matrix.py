# oracles: keras2 keras3
"""Datasets of every kind that h5py can write, read by this crate: bit for bit what h5py reads.

Formats of libhdf5 x layouts x chunk indexes x filters x element types x fill values, and the
structures that hold many links, many attributes and messages that objects share. The two oracles
have different versions of libhdf5. The files in HORNFELS_HDF5_FILES, of other writers, are compared
as well.
"""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

import h5py
import numpy as np
from h5py import h5d, h5f, h5p, h5s, h5t

import _dump
import _libhdf5
from _oracle import ROOT

# Of what h5py refuses, what h5dump 1.10.8 shows instead, or the file with the same datasets in another format.
VALUES = {
    ("var-length-strings-reused.hdf5", "/a0"): [
        f"att-0-value-{value}" if value else "NULL" for value in ["1", "1", "", "", "", "1", "0", "1", "", ""]
    ],
}
TWINS = {
    "test_byteshuffle_compressed_datasets_latest.hdf5": "test_byteshuffle_compressed_datasets_earliest.hdf5",
}

LIBVERS = ["earliest", "v108", "v110", "v112", "v114", "latest"]
DTYPES = ["<f4", ">f8", "<i2", ">i4", "u1", "<u8", "f2", "bool", "c8", "S5", "V3", "compound", "array", "enum"]


def dtype_of(name):
    if name == "compound":
        return np.dtype([("a", "<i2"), ("b", ">f8"), ("c", "S3"), ("d", "<u4", (2,))])
    if name == "array":
        return np.dtype(("<i4", (3,)))
    if name == "enum":
        return h5py.enum_dtype({"LOW": -1, "HIGH": 7}, basetype=">i2")
    return np.dtype(name)


def values(dtype, shape, random):
    """Values with some structure, so that filters have something to do."""
    base = dtype.subdtype[0] if dtype.subdtype else dtype
    inner = dtype.subdtype[1] if dtype.subdtype else ()
    full = (*shape, *inner)
    count = int(np.prod(full))
    if base.names:
        made = np.zeros(full, base)
        for name in base.names:
            field = base.fields[name][0]
            made[name] = values(field, shape, random)
        return made
    steps = np.arange(count) % 97
    if base.kind == "b":
        return (steps % 3 == 0).reshape(full)
    if base.kind == "S":
        return np.array([b"ab%d" % (at % 10) for at in range(count)], base).reshape(full)
    if base.kind == "V":
        return np.frombuffer(random.bytes(count * base.itemsize), base).reshape(full)
    if base.kind == "c":
        return (steps + 1j * (steps % 7)).astype(base).reshape(full)
    if base.kind == "f":
        return (steps / 4 - 3).astype(base).reshape(full)
    if base.kind == "i":
        steps = steps - 20
    return steps.astype(base).reshape(full)


def layouts():
    """Shape, maximum shape, chunk shape and early allocation: one or two for each way of finding chunks."""
    return {
        "contiguous": ((7, 5), None, None, False),
        "compact": ((7, 5), None, "compact", False),
        "scalar": ((), None, None, False),
        "empty": ((0, 5), (None, 5), (2, 5), False),
        "single": ((7, 5), None, (7, 5), False),
        "fixed": ((17, 9), None, (4, 3), False),
        "fixed_cut": ((9, 17), (20, 30), (5, 4), False),
        "fixed_rows": ((50, 3), None, (7, 3), False),
        "implicit": ((12, 9), None, (4, 4), True),
        "extensible": ((40, 6), (None, 6), (3, 4), False),
        "extensible_inner": ((5, 40), (5, None), (2, 3), False),
        "extensible_vector": ((333,), (None,), (2,), False),
        "btree": ((11, 13), (None, None), (3, 4), False),
        "cube": ((5, 6, 7), (None, 6, None), (2, 6, 3), False),
        "ones": ((1, 1, 40), None, (1, 1, 7), False),
        "wide": ((3, 4), (None, None), (8, 16), False),
    }


def filters(dtype):
    """Names and options of filters that suit elements of this type."""
    yield "plain", {}
    yield "gzip", {"compression": "gzip"}
    yield "shuffle_gzip", {"compression": "gzip", "shuffle": True}
    yield "sum", {"fletcher32": True}
    yield "all", {"compression": "gzip", "shuffle": True, "fletcher32": True, "compression_opts": 9}
    yield "lzf", {"compression": "lzf"}
    yield "shuffle_lzf", {"compression": "lzf", "shuffle": True}
    if dtype.kind in "iu" and h5py.check_enum_dtype(dtype) is None:
        yield "scaled", {"scaleoffset": 0}
        yield "scaled_whole", {"scaleoffset": dtype.itemsize * 8}
        yield "scaled_gzip", {"scaleoffset": 0, "compression": "gzip", "shuffle": True}
    if dtype.kind == "f" and dtype.itemsize > 2:
        yield "scaled", {"scaleoffset": 3}
        yield "scaled_gzip", {"scaleoffset": 2, "compression": "gzip"}


def fills(dtype):
    yield None
    if dtype.names is None and dtype.subdtype is None and dtype.kind in "iuf":
        yield np.array(3, dtype)[()]


def matrix(folder):
    """A file for each format with datasets of every kind; the types take turns where not all fit."""
    random = np.random.RandomState(0)
    for libver in LIBVERS:
        path = os.path.join(folder, f"matrix_{libver}.h5")
        try:
            file = h5py.File(path, "w", libver=libver if libver in ("earliest", "latest") else (libver, libver))
        except (ValueError, KeyError):
            continue
        turns = itertools.cycle(DTYPES)
        with file:
            for layout, (shape, most, chunk, early) in layouts().items():
                for name in [next(turns) for _ in range(6)] if chunk else DTYPES:
                    dtype = dtype_of(name)
                    group = file.require_group(f"{layout}/{name.strip('<>')}{'_be' * name.startswith('>')}")
                    for word, options in filters(dtype) if isinstance(chunk, tuple) else [("plain", {})]:
                        for at, fill in enumerate(fills(dtype)):
                            dataset(group, f"{word}{at}", dtype, shape, most, chunk, early, options, fill, random)
        yield path


def dataset(group, name, dtype, shape, most, chunk, early, options, fill, random):
    made = h5p.create(h5p.DATASET_CREATE)
    if chunk == "compact":
        made.set_layout(h5d.COMPACT)
        chunk = None
    if early:
        made.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    options = dict(options)
    if fill is not None:
        options["fillvalue"] = fill
    if chunk is None:
        made.set_fill_value(np.array(fill)) if fill is not None else None
        stored = h5t.py_create(dtype, logical=True)
        space = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
        low = h5d.create(group.id, name.encode(), stored, space, made)
        target = h5py.Dataset(low)
    else:
        target = group.create_dataset(name, shape, dtype, maxshape=most, chunks=chunk, dcpl=made, **options)
    content = values(dtype, shape, random)
    if fill is None or not shape:
        target[...] = content
    else:
        # Some chunks are never written.
        half = tuple(slice(0, size // 2) for size in shape)
        target[half] = content[half]


def numbers(path):
    """Integers and floats of every width and order, enumerations, bit fields, times, complex numbers."""
    with h5py.File(path, "w", libver="latest") as file:

        def add(name, stored, count=6, data=None):
            size = stored.get_size()
            data = np.random.RandomState(len(name)).bytes(count * size) if data is None else data
            for chunked in (False, True):
                made = h5p.create(h5p.DATASET_CREATE)
                if chunked:
                    made.set_chunk((4,))
                    made.set_deflate(1)
                space = h5s.create_simple((count,))
                low = h5d.create(file.id, f"{name}{'_chunked' * chunked}".encode(), stored, space, made)
                low.write(h5s.ALL, h5s.ALL, np.frombuffer(data, f"V{size}"), mtype=stored)

        for base, word in ((h5t.STD_I8LE, "int"), (h5t.STD_U8LE, "uint")):
            for size in range(1, 9):
                for order, end in ((h5t.ORDER_LE, "le"), (h5t.ORDER_BE, "be")):
                    stored = base.copy()
                    stored.set_size(size)
                    stored.set_order(order)
                    stored.set_precision(size * 8)
                    add(f"{word}{size}{end}", stored)
                    stored.set_precision(size * 8 - 5)
                    add(f"{word}{size}{end}_few", stored)
                    stored.set_offset(3)
                    add(f"{word}{size}{end}_moved", stored)
        for size, bits, sign, exponent, mantissa, bias, word in (
            (3, 24, 23, (16, 7), (0, 16), 63, "three"),
            (4, 32, 31, (26, 5), (0, 26), 15, "precise"),
            (4, 28, 29, (22, 7), (2, 20), 63, "moved"),
            (2, 16, 15, (10, 5), (0, 10), 14, "biased"),
            (8, 64, 63, (48, 15), (0, 48), 16383, "range"),
            (16, 128, 127, (112, 15), (0, 112), 16383, "quad"),
        ):
            for order, end in ((h5t.ORDER_LE, "le"), (h5t.ORDER_BE, "be")):
                stored = h5t.IEEE_F64LE.copy()
                stored.set_size(16)
                stored.set_precision(128)
                stored.set_fields(sign, *exponent, *mantissa)
                stored.set_offset(2 if word == "moved" else 0)
                stored.set_precision(bits)
                stored.set_size(size)
                stored.set_ebias(bias)
                stored.set_order(order)
                wanted = np.array([0.0, -0.0, 1.0, -2.5, 3.14159265, 100.0, 1e-3, 0.1], "f8")
                low = h5d.create(file.id, f"float_{word}{end}".encode(), stored, h5s.create_simple((8,)))
                low.write(h5s.ALL, h5s.ALL, wanted)
        file["long_double"] = np.array([1, -2.5, 1 / 3, 1e300], np.longdouble)
        for size, stored in ((1, h5t.STD_B8LE), (2, h5t.STD_B16BE), (4, h5t.STD_B32LE), (8, h5t.STD_B64BE)):
            add(f"bits{size}", stored)
        add("time", h5t.UNIX_D32LE)
        add("opaque", h5t.create(h5t.OPAQUE, 5))
        file["complex"] = np.arange(6, dtype=">c16")
        if hasattr(h5t, "COMPLEX_IEEE_F32LE"):
            native = h5t.COMPLEX_IEEE_F32LE
            add("native_complex", native, data=np.arange(12, dtype="<f4").tobytes())
        for word, dtype in (("bfloat16", "IEEE_BF16LE"), ("float8", "FLOAT_F8E4M3"), ("float8b", "FLOAT_F8E5M2")):
            if hasattr(h5t, dtype):
                add(word, getattr(h5t, dtype))
        for kind in (h5t.STR_NULLTERM, h5t.STR_NULLPAD, h5t.STR_SPACEPAD):
            stored = h5t.C_S1.copy()
            stored.set_size(4)
            stored.set_strpad(kind)
            add(f"string{kind}", stored, data=b"ab\0\0abc\0abc\0x\0\0\0    yz  " if kind != 2 else b"ab  abcdabc x       yz  ")
        file.create_dataset("words", data=["", "a", "h\u00e9llo", "x" * 5000], dtype=h5py.string_dtype(), chunks=(2,))
        file["null"] = h5py.Empty("f4")
        file["deep"] = np.zeros((1,) * 31 + (2,), "i1")
    yield path


def nbit(path):
    """The n-bit filter over numbers, arrays and compounds."""
    with h5py.File(path, "w", libver="latest") as file:
        few = h5t.STD_I32LE.copy()
        few.set_precision(13)
        few.set_offset(5)
        big = h5t.STD_U16BE.copy()
        big.set_precision(9)
        compound = h5t.create(h5t.COMPOUND, 24)
        compound.insert(b"few", 0, few)
        compound.insert(b"big", 5, big)
        compound.insert(b"many", 8, h5t.array_create(big, (3,)))
        compound.insert(b"text", 15, h5t.C_S1)
        compound.insert(b"float", 16, h5t.IEEE_F64LE)
        types = {
            "few": few,
            "big": big,
            "float": h5t.IEEE_F32LE,
            "array": h5t.array_create(few, (2, 2)),
            "compound": compound,
        }
        for name, stored in types.items():
            for word, more in (("", lambda _: None), ("_gzip", lambda made: made.set_deflate(3))):
                made = h5p.create(h5p.DATASET_CREATE)
                made.set_chunk((6,))
                made.set_filter(5, 0, ())
                more(made)
                low = h5d.create(file.id, (name + word).encode(), stored, h5s.create_simple((20,)), made)
                data = np.random.RandomState(1).bytes(20 * stored.get_size())
                low.write(h5s.ALL, h5s.ALL, np.frombuffer(data, f"V{stored.get_size()}"), mtype=stored)
    yield path


def indexes(folder):
    """Indexes with more than one level, page and block, filtered or not, and chunks written late."""
    for libver in ("earliest", "v110", "latest"):
        path = os.path.join(folder, f"indexes_{libver}.h5")
        with h5py.File(path, "w", libver=libver) as file:
            for word, options in (("plain", {}), ("gzip", {"compression": "gzip"})):
                count = 5000
                file.create_dataset(f"paged_{word}", data=np.arange(count, dtype="i4"), chunks=(1,), **options)
                some = file.create_dataset(f"some_{word}", (4 * count,), "i4", chunks=(1,), fillvalue=-1, **options)
                for at in (0, 1023, 1024, 3100, 15000, 19999):
                    some[at] = at
                grows = file.create_dataset(f"grows_{word}", (count,), "i4", maxshape=(None,), chunks=(1,), **options)
                grows[...] = np.arange(count)
                grows.resize((3 * count,))
                for at in (5001, 9000, 14999):
                    grows[at] = at
                far = file.create_dataset(f"far_{word}", (200_000,), "i2", maxshape=(None,), chunks=(2,), **options)
                for at in (0, 999, 70_001, 199_999):
                    far[at] = at % 1000
                both = file.create_dataset(f"both_{word}", (60, 50), "i4", maxshape=(None, None), chunks=(1, 1), **options)
                both[...] = np.arange(3000).reshape(60, 50)
                shrunk = file.create_dataset(f"shrunk_{word}", (40, 40), "i4", maxshape=(None, None), chunks=(3, 5), **options)
                shrunk[...] = np.arange(1600).reshape(40, 40)
                shrunk.resize((10, 33))
                large = np.random.RandomState(0).randint(0, 100, (700, 900)).astype("<f4")
                file.create_dataset(f"large_{word}", data=large, chunks=(64, 100), **options)
        yield path


def edges(path):
    """Edge chunks without filters, filters left out of some chunks, and filters in odd orders."""
    with h5py.File(path, "w", libver="latest") as file:
        for name, most in (("fixed", (10, 10)), ("extensible", (h5s.UNLIMITED, 10)), ("btree", (h5s.UNLIMITED,) * 2)):
            made = h5p.create(h5p.DATASET_CREATE)
            made.set_chunk((4, 4))
            made.set_deflate(6)
            _libhdf5.leave_edges_unfiltered(made)
            low = h5d.create(file.id, name.encode(), h5t.STD_I32LE, h5s.create_simple((10, 10), most), made)
            low.write(h5s.ALL, h5s.ALL, np.arange(100, dtype="<i4").reshape(10, 10))
        for name, order in {
            "sum_first": ("sum", "gzip"),
            "twice": ("gzip", "shuffle", "gzip"),
            "sums": ("sum", "shuffle", "sum", "gzip", "sum"),
        }.items():
            made = h5p.create(h5p.DATASET_CREATE)
            made.set_chunk((7,))
            for word in order:
                {"sum": made.set_fletcher32, "shuffle": made.set_shuffle, "gzip": lambda: made.set_deflate(4)}[word]()
            low = h5d.create(file.id, name.encode(), h5t.STD_I32LE, h5s.create_simple((30,)), made)
            low.write(h5s.ALL, h5s.ALL, np.arange(30, dtype="<i4"))
        masked = file.create_dataset("masked", (12,), "<i4", chunks=(4,), compression="gzip", shuffle=True)
        masked[...] = np.arange(12)
        masked.id.write_direct_chunk((4,), np.arange(50, 54, dtype="<i4").tobytes(), filter_mask=3)
    yield path


def objects(folder):
    """Many links, many attributes, attributes that are large, shared messages, pages of file space."""
    for libver in ("earliest", "v108", "latest"):
        path = os.path.join(folder, f"objects_{libver}.h5")
        with h5py.File(path, "w", libver=libver) as file:
            for count in (8, 9, 100, 3000):
                for ordered in (False, True):
                    group = file.create_group(f"links{count}{ordered}", track_order=ordered)
                    for at in range(count):
                        group[f"n\u00e4me{at}" if at % 50 == 3 else f"name{at}"] = np.int32(at) if at < 40 else h5py.SoftLink("/")
            for count in (7, 9, 300):
                for ordered in (False, True):
                    group = file.create_group(f"attributes{count}{ordered}", track_order=ordered)
                    for at in range(count):
                        group.attrs[f"name{at}"] = at
                    group.attrs["text"] = "t\u00e9xt"
            if libver != "earliest":
                group = file.create_group("large")
                group.attrs["large"] = np.arange(30_000)
                group.attrs["larger"] = np.arange(100_000, dtype="i2")
                for at in range(12):
                    group.attrs[f"medium{at}"] = np.arange(100 * at)
            file["named"] = np.dtype(">f4")
            file.create_dataset("of_named", data=np.arange(30, dtype=">f4"), dtype=file["named"], chunks=(7,))
            file["of_named"].attrs.create("of_named", 1.5, dtype=file["named"])
        yield path
    for count, lists in ((2, 50), (200, 50), (60, 0)):
        path = os.path.join(folder, f"shared_{count}_{lists}.h5")
        made = h5p.create(h5p.FILE_CREATE)
        # Dataspaces, datatypes and fill values in one index; pipelines and attributes in another.
        _libhdf5.share_messages(made, (0b0111, 0b11000), 1, lists, min(lists, 40))
        with h5py.File(h5f.create(path.encode(), h5f.ACC_TRUNC, made)) as file:
            fill(file, count)
            many = file.create_group("many")
            for at in range(20):
                many.attrs[f"name{at}"] = "the same text" if at % 2 else at
        yield path
    for offset, length in ((4, 4), (4, 8), (8, 4), (2, 4)):
        path = os.path.join(folder, f"sizes_{offset}_{length}.h5")
        made = h5p.create(h5p.FILE_CREATE)
        made.set_sizes(offset, length)
        access = h5p.create(h5p.FILE_ACCESS)
        access.set_libver_bounds(h5f.LIBVER_LATEST if offset > 2 else h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
        with h5py.File(h5f.create(path.encode(), h5f.ACC_TRUNC, made, access)) as file:
            # Two bytes reach 64 KiB.
            fill(file, 2 if offset == 2 else 20)
            for at in range(12 if offset == 2 else 100):
                file[f"group/name{at}"] = np.int8(at)
                file["group"].attrs[f"name{at}"] = at
        yield path
    path = os.path.join(folder, "paged.h5")
    with h5py.File(path, "w", fs_strategy="page", fs_page_size=4096, fs_persist=True) as file:
        fill(file, 20)
    yield path
    path = os.path.join(folder, "user_block.h5")
    with h5py.File(path, "w", userblock_size=1024, libver="latest") as file:
        fill(file, 20)
    yield path


def fill(file, count):
    for at in range(count):
        made = file.create_dataset(f"d{at}", (10, 3), "<f4", chunks=(4, 3), compression="gzip", fillvalue=1.5)
        made[:5] = at
        for name in ("a", "b", "text"):
            made.attrs[name] = "some text" if name == "text" else np.arange(at % 3 + 1)


def others(folder):
    """Files of other writers."""
    place = os.environ.get("HORNFELS_HDF5_FILES")
    for at, path in enumerate(sorted(files_below(place)) if place else []):
        copy = os.path.join(folder, f"other{at}_{os.path.basename(path)}")
        shutil.copy(path, copy)
        yield copy


def files_below(place):
    for folder, _, names in os.walk(place):
        yield from (os.path.join(folder, name) for name in names if ".h" in name)


def program():
    """The helper of this script, built if need be."""
    built = ROOT / "target/debug/examples/dump"
    if not os.environ.get("HORNFELS_NO_BUILD"):
        subprocess.run(["cargo", "build", "--quiet", "--example", "dump"], cwd=ROOT, check=True)
    return str(built)


class Result:
    """What was compared, what is wrong, and what only one of the two could read."""

    def __init__(self, made):
        self.made, self.total, self.failed, self.notes = made, 0, [], Counter()
        self.kept = {}

    def file(self, path, found):
        name = os.path.basename(path)
        self.kept[name.split("_", 1)[1] if name.startswith("other") else name] = found
        try:
            problems, compared, unread = _dump.compare(path, dict(found))
        except OSError:
            # Compared with its twin once all are read.
            if path in self.made or name.split("_", 1)[1] not in TWINS:
                raise
            return
        self.total += compared
        self.failed += [f"{name}: {problem}" for problem in problems]
        for place, kind, why in unread:
            self.unread(path, place, kind, why, found[place])

    def unread(self, path, place, kind, why, entry):
        """What was not compared is refused by name, or has no values that could be."""
        name = os.path.basename(path)
        known = VALUES.get((name.split("_", 1)[1], place)) if kind == "h5py" else None
        if known:
            self.total += 1
            if _dump.strings(known) != entry["bytes"]:
                self.failed.append(f"{name}: {place}: not what h5dump shows")
        elif kind == "raw" or (kind in ("Unsupported", "Refused") and path not in self.made):
            self.notes[f"{name}: {kind}: {why.split(': ')[-1].split(' (at')[0]}"] += 1
        else:
            # What h5py itself wrote with its own filters is read.
            self.failed.append(f"{name}: {place}: {kind}: {why}")

    def twins(self):
        for name, twin in TWINS.items():
            if name not in self.kept:
                continue
            self.total += len(self.kept[name])
            for place, entry in self.kept[twin].items():
                if self.kept[name].get(place, {}).get("bytes") != entry["bytes"]:
                    self.failed.append(f"{name}: {place}: not as in {twin}")


def main():
    built = program()
    with tempfile.TemporaryDirectory() as folder:
        inside = lambda name: os.path.join(folder, name)
        makers = [matrix(folder), numbers(inside("numbers.h5")), nbit(inside("nbit.h5")), indexes(folder)]
        makers += [edges(inside("edges.h5")), objects(folder)]
        made = [path for maker in makers for path in maker]
        result = Result(set(made))
        for path, found in _dump.dump(built, made + list(others(folder))):
            result.file(path, found)
        result.twins()
    for note, count in sorted(result.notes.items()):
        print(f"  note, {count} times: {note}")
    version = f"h5py {h5py.__version__}, libhdf5 {h5py.version.hdf5_version}"
    print(f"  {version}: {result.total} compared, {len(result.failed)} problems")
    for problem in result.failed[:40]:
        print(f"error: {problem}", file=sys.stderr)
    return bool(result.failed) or result.total < 500


sys.exit(main())
