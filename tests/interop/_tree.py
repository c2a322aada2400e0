"""What h5py finds in an HDF5 file, in the form in which `tests/it/hdf5_read/tree.rs` says it.

A file is a JSON object: each path with what is there. Elements are compared by CRC-32: numbers as
little-endian bytes, strings each with their length in front.
"""

import struct
import zlib

import h5py
import numpy as np

import _dump


def tree(path):
    with h5py.File(path, "r") as file:
        found = {"/": {"kind": "group", "attributes": attributes(file)}}
        seen = {address(file): "/"}
        walk(file, "", found, seen)
        return found


def walk(group, prefix, found, seen):
    for name in sorted(group.keys(), key=lambda name: name.encode("utf-8", "surrogateescape")):
        path = f"{prefix}/{name}"
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            found[path] = {"kind": "soft", "target": link.path}
        elif isinstance(link, h5py.ExternalLink):
            found[path] = {"kind": "external", "file": link.filename, "target": link.path}
        elif isinstance(link, h5py.HardLink):
            thing = group[name]
            if address(thing) in seen:
                found[path] = {"kind": "again", "first": seen[address(thing)]}
                continue
            seen[address(thing)] = path
            found[path] = describe(thing)
            if isinstance(thing, h5py.Group):
                walk(thing, path, found, seen)
        else:
            found[path] = {"kind": "unknown"}


def address(thing):
    return h5py.h5o.get_info(thing.id).addr


def describe(thing):
    if isinstance(thing, h5py.Group):
        return {"kind": "group", "attributes": attributes(thing)}
    if isinstance(thing, h5py.Datatype):
        return {"kind": "datatype", "attributes": attributes(thing)}
    declared = thing.attrs.get("dtype")
    shape = thing.shape
    described = elements(thing.id, shape, lambda: thing[()], declared)
    return {"kind": "dataset", **described, "attributes": attributes(thing)}


def attributes(thing):
    found = {}
    for name in sorted(thing.attrs.keys(), key=str.encode):
        attribute = thing.attrs.get_id(name)
        shape = None if attribute.get_space().get_simple_extent_type() == h5py.h5s.NULL else attribute.shape
        found[name] = elements(attribute, shape, lambda: thing.attrs[name], None)
    return found


def elements(low, shape, read, declared):
    """The dtype as Keras names it, `None` if tensors have no such elements; shape; checksum."""
    stored = low.get_type()
    inner = stored
    while isinstance(inner, h5py.h5t.TypeArrayID):
        shape = (*shape, *inner.get_array_dims())
        inner = inner.get_super()
    name = dtype_name(inner, declared)
    sizes = None if shape is None else [int(size) for size in shape]
    found = {"dtype": name, "shape": sizes}
    if name is not None and shape is not None:
        try:
            content = elements_of(low, inner, name, read)
        except OSError as error:
            found["unreadable"] = str(error)
            return found
        found["crc"] = f"{zlib.crc32(content):08x}"
    return found


def elements_of(low, stored, name, read):
    """The bytes of the elements, of a type that `name` stands for."""
    if name == "string":
        return strings(read())
    if _dump.is_odd(stored) or name in SMALL.values():
        return _dump.numbers(low, name)
    return numbers(read())


# Floats that NumPy has no name for: size, fields, bias.
SMALL = {
    (2, 7, 8, 0, 7, 127): "bfloat16",
    (1, 3, 4, 0, 3, 7): "float8_e4m3fn",
    (1, 2, 5, 0, 2, 15): "float8_e5m2",
}


def dtype_name(stored, declared):
    if isinstance(stored, h5py.h5t.TypeStringID):
        return "string"
    if isinstance(stored, h5py.h5t.TypeOpaqueID):
        known = {"bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1}
        return declared if known.get(declared) == stored.get_size() else None
    if isinstance(stored, (h5py.h5t.TypeReferenceID, h5py.h5t.TypeTimeID)):
        return None
    if isinstance(stored, h5py.h5t.TypeFloatID):
        return float_name(stored)
    if isinstance(stored, h5py.h5t.TypeIntegerID):
        if stored.get_size() > 16 or stored.get_precision() > 64:
            return None
        size = next(size for size in (1, 2, 4, 8, 16) if size >= stored.get_size())
        sign = "" if stored.get_sign() == h5py.h5t.SGN_2 else "u"
        return f"{sign}int{8 * min(size, 8)}"
    try:
        dtype = stored.dtype
    except TypeError:
        return None
    if h5py.check_string_dtype(dtype) or h5py.check_vlen_dtype(dtype) or h5py.check_ref_dtype(dtype):
        return None
    return dtype.name if dtype.kind in "biuc" else None


def float_name(stored):
    """The narrowest dtype with all numbers of this type, or the widest there is."""
    size, fields, bias = stored.get_size(), stored.get_fields(), stored.get_ebias()
    small = SMALL.get((size, *fields[1:], bias))
    if small or size > 16:
        return small
    _, _, exponent, _, mantissa = fields
    mantissa -= stored.get_norm() != h5py.h5t.NORM_IMPLIED
    highest, lowest = (1 << exponent) - 2 - bias, 1 - bias - mantissa
    for name, bits, high, low in (("float16", 10, 15, -24), ("float32", 23, 127, -149)):
        if mantissa <= bits and highest <= high and lowest >= low:
            return name
    return "float64"


def numbers(value):
    array = np.asarray(value)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def strings(value):
    if isinstance(value, (bytes, str)):
        values = [value]
    else:
        values = np.asarray(value).ravel().tolist()
    parts = []
    for value in values:
        raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        parts.append(struct.pack("<I", len(raw)) + raw)
    return b"".join(parts)
