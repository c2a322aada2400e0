"""Which HDF5 structures a file is made of, read from its bytes: no library has a part in it.

`spec/hdf5.md` has the tables. Only what classic and compact files of h5py and ours hold is known
here; anything else raises.
"""

import struct
from pathlib import Path

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNDEFINED = 2**64 - 1

NIL, DATASPACE, LINK_INFO, DATATYPE, OLD_FILL, FILL, LINK = 0, 1, 2, 3, 4, 5, 6
LAYOUT, GROUP_INFO, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE = 8, 10, 12, 16, 17
MODIFIED, ATTRIBUTE_INFO = 18, 21

# Messages that begin with their version.
VERSIONED = {DATASPACE, LINK_INFO, FILL, LINK, LAYOUT, GROUP_INFO, MODIFIED, ATTRIBUTE_INFO}


def structure(path):
    """What the file declares about itself, and for each path what its object is made of."""
    data = Path(path).read_bytes()
    assert data[:8] == SIGNATURE, f"{path}: not HDF5, or behind a user block"
    version = data[8]
    if version == 0:
        widths = data[13], data[14]
        leaf, internal, flags, base = struct.unpack_from("<HHIQ", data, 16)
        assert widths == (8, 8) and base == 0, f"{path}: widths {widths}, base {base}"
        root, cached = struct.unpack_from("<QI", data, 64)
        declared = {"superblock": 0, "K": (leaf, internal), "flags": flags, "root entry": cached}
    else:
        root = struct.unpack_from("<Q", data, 36)[0]
        declared = {"superblock": version}
    objects = {}
    describe(data, root, "/", objects)
    return declared, objects


def describe(data, address, path, objects):
    messages, header = read_header(data, address)
    attributes, others, children = {}, [], {}
    for kind, flags, body in messages:
        if kind == ATTRIBUTE:
            name, versions = attribute(body)
            attributes[name] = versions
        else:
            others.append((kind, version_of(kind, body)))
        if kind == SYMBOL_TABLE:
            tree, heap = struct.unpack_from("<QQ", body)
            children = dict(table(data, tree, names_at(data, heap)))
        if kind == LINK:
            name, child = link(body)
            children[name] = (child, None)
    objects[path] = {
        "header": header,
        "messages": sorted(others),
        "attributes": attributes,
        "entries": {name: cached for name, (_, cached) in children.items()},
    }
    for name, (child, _) in children.items():
        if child is not None:
            describe(data, child, f"{path.rstrip('/')}/{name}", objects)


def version_of(kind, body):
    if kind == DATATYPE:
        return body[0] >> 4
    return body[0] if kind in VERSIONED else None


def attribute(body):
    """Its name; the versions of the message, the type and the shape."""
    version = body[0]
    name_size, type_size, _ = struct.unpack_from("<HHH", body, 2)
    at, step = (9, 1) if version == 3 else (8, 8)
    name = body[at : at + name_size].split(b"\0")[0].decode()
    datatype = at + -(-name_size // step) * step
    dataspace = datatype + -(-type_size // step) * step
    return name, (version, body[datatype] >> 4, body[dataspace])


def read_header(data, address):
    """All messages but those that are room or lead on, and the header's version."""
    if data[address : address + 4] == b"OHDR":
        flags = data[address + 5]
        at = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(data[at : at + width], "little")
        version, chunks = 2, [(at + width, size)]
    else:
        assert data[address] == 1, f"object header of version {data[address]}"
        version, chunks = 1, [(address + 16, struct.unpack_from("<I", data, address + 8)[0])]
    found = []
    for at, size in chunks:
        if version == 2 and data[at : at + 4] == b"OCHK":
            at, size = at + 4, size - 8
        end = at + size
        head = 8 if version == 1 else 4 + (2 if flags & 4 else 0)
        while at + head <= end:
            if version == 1:
                kind, length, message_flags = struct.unpack_from("<HHB", data, at)
            else:
                kind, length, message_flags = struct.unpack_from("<BHB", data, at)
            body = data[at + head : at + head + length]
            at += head + length
            if kind == CONTINUATION:
                chunks.append(struct.unpack_from("<QQ", body))
            elif kind != NIL:
                assert not message_flags & 2, f"shared message {kind}"
                found.append((kind, message_flags, body))
    return found, version


def names_at(data, heap):
    assert data[heap : heap + 4] == b"HEAP"
    size, _, start = struct.unpack_from("<QQQ", data, heap + 8)
    names = data[start : start + size]
    return lambda offset: names[offset : names.index(b"\0", offset)].decode()


def table(data, node, name_at):
    """The links below a B-tree node: name, address (none of a soft link), cache type."""
    assert data[node : node + 5] == b"TREE\0"
    level, used = data[node + 5], struct.unpack_from("<H", data, node + 6)[0]
    for index in range(used):
        child = struct.unpack_from("<Q", data, node + 24 + 8 + 16 * index)[0]
        if level > 0:
            yield from table(data, child, name_at)
            continue
        assert data[child : child + 5] == b"SNOD\x01"
        for entry in range(struct.unpack_from("<H", data, child + 6)[0]):
            name, header, cached = struct.unpack_from("<QQI", data, child + 8 + 40 * entry)
            yield name_at(name), (None if cached == 2 or header == UNDEFINED else header, cached)


def link(body):
    flags, at, kind = body[1], 2, 0
    if flags & 8:
        kind, at = body[at], at + 1
    at += (8 if flags & 4 else 0) + (1 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    length = int.from_bytes(body[at : at + width], "little")
    name = body[at + width : at + width + length].decode()
    address = struct.unpack_from("<Q", body, at + width + length)[0] if kind == 0 else None
    return name, address
