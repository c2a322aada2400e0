"""What h5py finds in an HDF5 file, in the form in which `tests/it/hdf5_read/tree.rs` says it.

A file is a JSON object: each path with what is there. Elements are compared by CRC-32: numbers as
little-endian bytes, strings each with their length in front.
"""

import struct
import zlib

import h5py
import numpy as np


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
    described = elements(thing.id.get_type(), shape, lambda: thing[()], declared)
    return {"kind": "dataset", **described, "attributes": attributes(thing)}


def attributes(thing):
    found = {}
    for name in sorted(thing.attrs.keys(), key=str.encode):
        attribute = thing.attrs.get_id(name)
        shape = None if attribute.get_space().get_simple_extent_type() == h5py.h5s.NULL else attribute.shape
        found[name] = elements(attribute.get_type(), shape, lambda: thing.attrs[name], None)
    return found


def elements(stored, shape, read, declared):
    """The dtype as Keras names it, `None` if tensors have no such elements; shape; checksum."""
    inner = stored
    while isinstance(inner, h5py.h5t.TypeArrayID):
        shape = (*shape, *inner.get_array_dims())
        inner = inner.get_super()
    name = dtype_name(inner, declared)
    sizes = None if shape is None else [int(size) for size in shape]
    found = {"dtype": name, "shape": sizes}
    if name is not None and shape is not None:
        try:
            value = read()
        except OSError as error:
            found["unreadable"] = str(error)
            return found
        found["crc"] = f"{zlib.crc32(strings(value) if name == 'string' else numbers(value)):08x}"
    return found


def dtype_name(stored, declared):
    if isinstance(stored, h5py.h5t.TypeStringID):
        return "string"
    if isinstance(stored, h5py.h5t.TypeOpaqueID):
        known = {"bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1}
        return declared if known.get(declared) == stored.get_size() else None
    if isinstance(stored, (h5py.h5t.TypeReferenceID, h5py.h5t.TypeTimeID)):
        return None
    try:
        dtype = stored.dtype
    except TypeError:
        return None
    if h5py.check_string_dtype(dtype) or h5py.check_vlen_dtype(dtype) or h5py.check_ref_dtype(dtype):
        return None
    if isinstance(stored, h5py.h5t.TypeFloatID):
        # h5py widens layouts that NumPy lacks; those are no dtype of ours.
        fields = (stored.get_size(), *stored.get_fields()[1:], stored.get_ebias())
        known = {(2, 10, 5, 0, 10, 15), (4, 23, 8, 0, 23, 127), (8, 52, 11, 0, 52, 1023)}
        return dtype.name if fields in known else None
    if isinstance(stored, h5py.h5t.TypeIntegerID):
        whole = stored.get_offset() == 0 and stored.get_precision() == 8 * stored.get_size()
        return dtype.name if whole and dtype.kind in "iu" else None
    return dtype.name if dtype.kind in "biuc" else None


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
