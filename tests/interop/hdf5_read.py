# oracles: keras2
"""Compares what this crate reads from HDF5 files with what h5py reads from them.

The test `written_for_others` of `tests/it/hdf5_read.rs` wrote `hdf5_read.jsonl`: a line for each
file, with what it found. What this crate names as unsupported is counted, what only this crate
can read is counted, and nothing else may differ.
"""

import json
import os
import sys
from collections import Counter

import _tree


def main():
    lines = os.path.join(os.environ["HORNFELS_WRITTEN"], "hdf5_read.jsonl")
    files, objects, unsupported, only_here, wrong = 0, 0, Counter(), Counter(), []
    for line in open(lines, encoding="utf-8"):
        entry = json.loads(line)
        path = entry["file"]
        try:
            expected = _tree.tree(path)
        except OSError as error:
            if "error" not in entry:
                only_here[str(error)] += 1
            continue
        if "error" in entry:
            wrong.append(f"{path}: {entry['error']}")
            continue
        files += 1
        objects += len(entry["tree"])
        found = entry["tree"]
        wrong += [f"{path}: {what}" for what in differences(found, expected, unsupported)]
        only_here.update(unreadable(expected))
    for reason, count in sorted(unsupported.items()):
        print(f"  unsupported, {count} times: {reason}")
    for reason, count in sorted(only_here.items()):
        print(f"  h5py cannot read it, {count} times: {reason}")
    print(f"  {files} files, {objects} objects, {len(wrong)} differences")
    for what in wrong[:40]:
        print(f"error: {what}", file=sys.stderr)
    return bool(wrong) or files < 5 or objects < 100


def differences(found, expected, unsupported):
    """Where `found` says something else than `expected`."""
    hidden = []
    for path, thing in found.items():
        if "unsupported" in thing:
            unsupported[thing["unsupported"]] += 1
            hidden.append(path)
        elif path not in expected:
            yield f"{path} is not there"
        else:
            yield from compare(path, thing, expected[path], unsupported)
    for path in expected:
        if path not in found and not any(path.startswith(f"{above.rstrip('/')}/") for above in hidden):
            yield f"{path} was not found"


def unreadable(thing):
    """Why h5py could not read what it could not read."""
    for name, value in thing.items():
        if isinstance(value, dict):
            yield from unreadable(value)
        elif name == "unreadable":
            yield value


def compare(path, found, expected, unsupported):
    names = {*found, *expected}
    if "unreadable" in expected:
        names -= {"unreadable", "crc"}
    for name in sorted(names):
        ours, theirs = found.get(name), expected.get(name)
        if isinstance(ours, dict) and "unsupported" in ours:
            unsupported[ours["unsupported"]] += 1
        elif name == "attributes":
            yield from compare(f"{path} attributes", ours, theirs, unsupported)
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            yield from compare(f"{path} {name}", ours, theirs, unsupported)
        elif name == "crc" and isinstance(ours, str) and ours.startswith("unsupported: "):
            unsupported[ours.removeprefix("unsupported: ")] += 1
        elif ours != theirs:
            yield f"{path}: {name} is {ours}, expected {theirs}"


sys.exit(main())
