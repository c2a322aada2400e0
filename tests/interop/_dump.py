"""Compares what `tests/interop/dump.rs` finds in HDF5 files with what h5py finds, bit for bit."""

import json
import struct
import subprocess

import h5py
import numpy as np


def dump(program, paths):
    """What this crate finds: for each file its entries by path, with the bytes of each."""
    done = subprocess.run([program], input="\n".join(paths), capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"dump: exit {done.returncode}: {done.stderr.strip()[-2000:]}")
    for line in done.stdout.splitlines():
        entry = json.loads(line)
        with open(entry["file"] + ".bin", "rb") as file:
            content = file.read()
        found = {}
        for thing in entry["found"]:
            if "error" not in thing:
                thing["bytes"] = content[thing["start"] : thing["start"] + thing["length"]]
            found[thing["path"]] = thing
        yield entry["file"], found


def things(file):
    """Every dataset and attribute of an open file, each with its path, object and name."""
    seen = set()

    def visit(path, thing):
        info = h5py.h5o.get_info(thing.id)
        if info.addr in seen:
            return
        seen.add(info.addr)
        # h5py cannot list the names of some attributes; by number it can.
        for at in range(h5py.h5a.get_num_attrs(thing.id)):
            attribute = h5py.h5a.open(thing.id, index=at)
            yield f"{path}@{attribute.name.decode()}", thing, attribute
        if isinstance(thing, h5py.Dataset):
            yield path, thing, None
        if isinstance(thing, h5py.Group):
            for name in sorted(thing.keys(), key=str.encode):
                link = thing.get(name, getlink=True)
                if isinstance(link, h5py.HardLink):
                    yield from visit(f"{path.rstrip('/')}/{name}", thing[name])

    yield from visit("/", file["/"])


def expected(thing, attribute, dtype):
    """The bytes that h5py finds, as elements of `dtype`; of what has none, the stored bytes."""
    low = thing.id if attribute is None else attribute
    stored = low.get_type()
    space = low.get_space()
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        return b""
    if dtype == "string":
        value = thing[()] if attribute is None else thing.attrs[attribute.name.decode()]
        return strings(value)
    # In the type of the file, nothing is converted.
    if dtype is None:
        return raw(low, space, stored)
    return numbers(low, dtype)


def numbers(low, dtype):
    """The bytes of a dataset or attribute as numbers of `dtype`, little-endian."""
    stored, space = low.get_type(), low.get_space()
    inner = stored
    while isinstance(inner, h5py.h5t.TypeArrayID):
        inner = inner.get_super()
    numpy = {"bfloat16": "V2", "float8_e4m3fn": "V1", "float8_e5m2": "V1"}.get(dtype, dtype)
    size = np.dtype(numpy).itemsize
    same = inner.get_size() == size and not is_odd(inner)
    if same:
        value = np.frombuffer(raw(low, space, stored), f"V{size}")
        return swapped(value, inner, size)
    if not isinstance(inner, h5py.h5t.TypeFloatID):
        return integers(raw(low, space, stored), inner, size)
    assert inner is stored, "an array of unusual floats"
    wanted = h5py.h5t.py_create(np.dtype(numpy).newbyteorder("<"))
    return raw(low, space, wanted)


def integers(content, stored, size):
    """Integers of any width by the format's rule. (From big-endian ones libhdf5 does not clear unused bits.)"""
    if isinstance(stored, h5py.h5t.TypeEnumID):
        stored = stored.get_super()
    order = "big" if stored.get_order() == h5py.h5t.ORDER_BE else "little"
    signed = isinstance(stored, h5py.h5t.TypeIntegerID) and stored.get_sign() == h5py.h5t.SGN_2
    few, parts = stored.get_precision(), []
    for at in range(0, len(content), stored.get_size()):
        value = int.from_bytes(content[at : at + stored.get_size()], order) >> stored.get_offset() & (1 << few) - 1
        if signed and value >> few - 1:
            value -= 1 << few
        parts.append(value.to_bytes(size, "little", signed=signed))
    return b"".join(parts)


def is_odd(stored):
    """Whether numbers of this type do not use all their bits, or divide them in their own way."""
    if isinstance(stored, h5py.h5t.TypeEnumID):
        stored = stored.get_super()
    if isinstance(stored, h5py.h5t.TypeIntegerID):
        whole = stored.get_offset() == 0 and stored.get_precision() == 8 * stored.get_size()
        return not whole or stored.get_size() not in (1, 2, 4, 8)
    if isinstance(stored, h5py.h5t.TypeFloatID):
        known = {(2, 10, 5, 0, 10), (4, 23, 8, 0, 23), (8, 52, 11, 0, 52)}
        known |= {(2, 7, 8, 0, 7), (1, 3, 4, 0, 3), (1, 2, 5, 0, 2)}
        usual = stored.get_ebias() == (1 << stored.get_fields()[2] - 1) - 1
        return not usual or (stored.get_size(), *stored.get_fields()[1:]) not in known
    return False


def swapped(value, stored, size):
    """Little-endian bytes of numbers in whatever order they are stored."""
    while isinstance(stored, (h5py.h5t.TypeCompoundID, h5py.h5t.TypeEnumID)):
        compound = isinstance(stored, h5py.h5t.TypeCompoundID)
        stored = stored.get_member_type(0) if compound else stored.get_super()
    if type(stored).__name__ == "TypeComplexID":
        stored = stored.get_super()
    if stored.get_size() > 1 and stored.get_order() == h5py.h5t.ORDER_BE:
        part = stored.get_size()
        value = np.frombuffer(value.tobytes(), "u1").reshape(-1, part)[:, ::-1]
    return value.tobytes()


def raw(low, space, memory):
    count = space.get_simple_extent_npoints()
    buffer = np.zeros(count * memory.get_size(), "u1")
    if isinstance(low, h5py.h5d.DatasetID):
        if count:
            low.read(h5py.h5s.ALL, h5py.h5s.ALL, opaque(buffer, low.shape, memory), mtype=memory)
    elif count:
        low.read(opaque(buffer, low.shape, memory), mtype=memory)
    return buffer.tobytes()


def opaque(buffer, shape, memory):
    return buffer.view(f"V{memory.get_size()}").reshape(shape)


def strings(value):
    values = [value] if isinstance(value, (bytes, str)) else np.asarray(value).ravel().tolist()
    parts = []
    for value in values:
        content = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        parts.append(struct.pack("<I", len(content)) + content)
    return b"".join(parts)


def has_pointers(stored):
    """Whether elements lead to the heap, so that their bytes differ in memory and in the file."""
    if isinstance(stored, h5py.h5t.TypeCompoundID):
        return any(has_pointers(stored.get_member_type(at)) for at in range(stored.get_nmembers()))
    if isinstance(stored, h5py.h5t.TypeArrayID):
        return has_pointers(stored.get_super())
    if isinstance(stored, h5py.h5t.TypeStringID):
        return stored.is_variable_str()
    return isinstance(stored, (h5py.h5t.TypeVlenID, h5py.h5t.TypeReferenceID))


def compare(path, found):
    """Problems, how much was compared, and what only one of the two could read."""
    problems, compared, notes = [], 0, []
    with h5py.File(path, "r") as file:
        for name, thing, attribute in things(file):
            entry = found.pop(name, None)
            if entry is None:
                problems.append(f"{name} was not found")
                continue
            if "error" in entry:
                notes.append((name, entry["kind"], entry["error"]))
                continue
            low = thing.id if attribute is None else attribute
            shape = list(low.shape) if low.shape is not None else []
            if shape != entry["shape"]:
                problems.append(f"{name}: shape {entry['shape']}, expected {shape}")
                continue
            if entry["dtype"] is None and has_pointers(low.get_type()):
                notes.append((name, "raw", entry["datatype"]))
                continue
            try:
                wanted = expected(thing, attribute, entry["dtype"])
            except Exception as error:
                notes.append((name, "h5py", f"{type(error).__name__}: {error}"))
                continue
            compared += 1
            if wanted != entry["bytes"]:
                problems.append(f"{name}: {entry['datatype']} {entry['dtype']}: bytes differ")
    problems += [f"{name}: h5py does not list it: {entry.get('error', '')}" for name, entry in found.items()]
    return problems, compared, notes
