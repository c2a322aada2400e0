"""Classic files are made of the structures that h5py uses for the same contents.

Compared object by object: the versions of superblock and headers, the types and versions of all
messages and of the parts of attributes, how links are stored and what symbol table entries repeat
of their objects. On one side are the models of Keras 2 in a corpus, as Keras wrote them, and trees
that h5py wrote; on the other side our copies. `spec/hdf5.md#what-may-differ` lists what may differ.
"""
# oracles: keras2

from collections import Counter

import h5py

from _oracle import CORPUS, WRITTEN, Report
from _rebuild import rebuild
from _structure import MODIFIED, structure

counted = Counter()


def compare(ours, theirs, written_by_today):
    (declared, found), (expected_declared, expected) = structure(ours), structure(theirs)
    assert declared == expected_declared, f"{declared}, expected {expected_declared}"
    assert list(sorted(found)) == list(sorted(expected)), "other objects"
    for path, thing in found.items():
        wanted = expected[path]
        messages = wanted["messages"]
        if not written_by_today:
            # Libraries before 2019 noted when an object was changed.
            counted["modification times left out"] += sum(kind == MODIFIED for kind, _ in messages)
            messages = [message for message in messages if message[0] != MODIFIED]
        counted["objects"] += 1
        counted["messages"] += len(messages) + len(thing["attributes"])
        assert thing["header"] == wanted["header"], f"{path}: header {thing['header']}"
        assert thing["messages"] == messages, f"{path}: {thing['messages']}, expected {messages}"
        assert thing["entries"] == wanted["entries"], f"{path}: {thing['entries']}, expected {wanted['entries']}"
        assert thing["attributes"] == wanted["attributes"], (
            f"{path}: {thing['attributes']}, expected {wanted['attributes']}"
        )


def is_keras2(path):
    if not path.is_file() or path.open("rb").read(8) != b"\x89HDF\r\n\x1a\n":
        return False
    with h5py.File(path, "r") as file:
        version = file.attrs.get("keras_version", b"")
        version = version.decode() if isinstance(version, bytes) else version
        return "model_config" in file.attrs and version.startswith("2.")


report = Report()
models = sorted(path for path in CORPUS.rglob("*") if is_keras2(path))
for path in models:
    name = str(path.relative_to(CORPUS))
    copy = WRITTEN / "corpus" / "classic" / path.relative_to(CORPUS)
    report.case(f"{name}: as Keras wrote it", compare, copy, path, False)
    twin = WRITTEN / "twin.h5"
    rebuild(copy, twin)
    report.case(f"{name}: as h5py writes it", compare, copy, twin, True)
for name in ("types", "links"):
    path, twin = WRITTEN / f"{name}.classic.h5", WRITTEN / f"{name}.twin.h5"
    rebuild(path, twin)
    report.case(f"{name}: as h5py writes it", compare, path, twin, True)
print(f"{len(models)} models of Keras 2; " + ", ".join(f"{count} {what}" for what, count in counted.items()))
assert models and counted["objects"] >= 10 * len(models), "too few objects"
report.finish(2 * len(models) + 2)
