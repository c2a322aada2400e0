"""Calls of the C library inside h5py that h5py has no word for."""

import ctypes

import h5py


def library():
    """The C library that h5py has loaded."""
    for line in open("/proc/self/maps", encoding="utf-8"):
        path = line.split()[-1]
        name = path.rsplit("/", 1)[-1]
        if name.startswith("libhdf5") and "_hl" not in name:
            return ctypes.CDLL(path)
    raise AssertionError(f"h5py {h5py.__version__} without libhdf5")


def call(name, *arguments):
    if getattr(library(), name)(*arguments) < 0:
        raise AssertionError(f"{name} failed")


def share_messages(made, kinds, least, most_list, least_tree):
    """In files made with `made`, objects share messages of these kinds (a bit each)."""
    handle = ctypes.c_int64(made.id)
    call("H5Pset_shared_mesg_nindexes", handle, ctypes.c_uint(len(kinds)))
    for at, bits in enumerate(kinds):
        call("H5Pset_shared_mesg_index", handle, ctypes.c_uint(at), ctypes.c_uint(bits), ctypes.c_uint(least))
    call("H5Pset_shared_mesg_phase_change", handle, ctypes.c_uint(most_list), ctypes.c_uint(least_tree))


def leave_edges_unfiltered(made):
    """Chunks that reach over the edge of datasets made with `made` go through no filters."""
    call("H5Pset_chunk_opts", ctypes.c_int64(made.id), ctypes.c_uint(2))
