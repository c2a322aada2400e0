"""Makes the file that h5py writes by itself for the contents of another one.

Types, shapes, elements, attributes and soft links are taken over; how they are stored is h5py's.
"""

import h5py
import numpy as np


def rebuild(source, destination):
    with h5py.File(source, "r") as old, h5py.File(destination, "w") as new:
        attributes(old, new)
        group(old, new)


def group(old, new):
    for name in old:
        link = old.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            new[name] = link
            continue
        thing = old[name]
        if isinstance(thing, h5py.Group):
            copy = new.create_group(name)
            group(thing, copy)
        else:
            copy = dataset(thing, new, name)
        attributes(thing, copy)


def dataset(old, parent, name):
    space = old.id.get_space()
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_obj_track_times(False)
    made = h5py.h5d.create(parent.id, name.encode(), old.id.get_type(), space, creation)
    if space.get_simple_extent_type() != h5py.h5s.NULL and old.size:
        elements = np.empty(old.shape, old.dtype)
        old.id.read(h5py.h5s.ALL, h5py.h5s.ALL, elements)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, elements)
    return h5py.Dataset(made)


def attributes(old, new):
    for name in old.attrs:
        found = old.attrs.get_id(name)
        space = found.get_space()
        made = h5py.h5a.create(new.id, name.encode(), found.get_type(), space)
        if space.get_simple_extent_type() != h5py.h5s.NULL:
            elements = np.empty(found.shape, found.dtype)
            if elements.size:
                found.read(elements)
                made.write(elements)
