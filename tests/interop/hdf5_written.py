"""HDF5 files of ours in h5py, h5dump, pyfive; then h5py adds to every group, and all read it again.

`tests/it/hdf5_written.rs` makes the files, and lists beside each what was put into it. h5py must
find exactly that. For h5dump and pyfive the measure is the file that h5py makes for the same
contents: what they print of both must be the same, so what pyfive cannot read here it cannot read
there either.
"""
# oracles: keras2

import json
import shutil
from collections import Counter

import h5py
import numpy as np

import _tree
from _oracle import WRITTEN, Report, hornfels, same
from _readers import dumped, got, listing, seen_by_pyfive
from _rebuild import rebuild

# Three numbers of types that NumPy lacks; h5py reads them as wider ones.
WIDER = {"bfloat16": [1, -2, 0.5], "float8_e4m3fn": [1, -2, 0.5], "float8_e5m2": [1, -2, 0.5]}

unread = Counter()


def check_h5py(path, expected):
    found = _tree.tree(path)
    with h5py.File(path, "r") as file:
        for name, thing in expected.items():
            if thing.get("dtype") in WIDER:
                assert file[name][:].tolist() == WIDER[thing["dtype"]], name
                found[name].update(dtype=thing["dtype"], crc=thing["crc"])
    wrong = [name for name in {**found, **expected} if found.get(name) != expected.get(name)]
    assert not wrong, f"{len(wrong)} differ: " + "; ".join(
        f"{name}: {str(found.get(name))[:150]}, expected {str(expected.get(name))[:150]}" for name in wrong[:5]
    )


def check_h5dump(path, twin):
    ours, theirs = dumped(path), dumped(twin)
    for number, (a, b) in enumerate(zip(ours, theirs)):
        assert a == b, f"line {number}: {a.strip()}, expected {b.strip()}"
    assert len(ours) == len(theirs) > 100, f"{len(ours)} lines, expected {len(theirs)}"


def check_pyfive(path, twin):
    ours, theirs = seen_by_pyfive(path), seen_by_pyfive(twin)
    wrong = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    assert not wrong, f"{len(wrong)} differ: " + "; ".join(
        f"{name}: {str(ours.get(name))[:150]}, expected {str(theirs.get(name))[:150]}" for name in wrong[:5]
    )
    failures = {name: what for name, what in ours.items() if what[0] == "cannot read"}
    unread.update(f"{name}: {what[1]}" for name, what in failures.items())
    assert len(ours) > 20 * len(failures), f"pyfive cannot read {failures}"


def extend(path, twin):
    """Adds a dataset, an attribute and a group to every group, the same in both files."""
    for file_path in (path, twin):
        with h5py.File(file_path, "r+") as file:
            groups = [file]
            file.visititems(lambda _, thing: groups.append(thing) if isinstance(thing, h5py.Group) else None)
            for number, group in enumerate(groups):
                group["added"] = np.arange(number, number + 5, dtype="f8")
                group.attrs["added"] = f"text {number}"
                group.create_group("added group").attrs["n"] = number
    return len(groups)


def check_ours(path, groups, layout):
    """The command line lists what h5py finds, and gets what h5py added and what was there."""
    listed, hidden = listing(path)
    # h5py moves links into a heap when it adds one to a group of a compact file with eight.
    assert layout == "compact" or not hidden, f"not listed: {hidden}"
    for name in hidden:
        report.note(path.name, f"`hornfels ls` of this version does not read dense links: {name}")
    added = 0
    with h5py.File(path, "r") as file:
        names = ["/"]
        file.visit(lambda name: names.append("/" + name))
        names = [name for name in names if not any(f"{name}/".startswith(f"{at}/") for at in hidden)]
        missing = [name for name in names if name not in listed]
        assert not missing, f"not listed: {missing[:5]}"
        for name in names:
            thing = file[name]
            if name.endswith("/added"):
                same(got(path, name), thing[()], name)
                owner = name[: -len("/added")] or "/"
                text = hornfels("get", path, f"{owner}@added").strip()
                assert text == thing.parent.attrs["added"], f"{owner}@added: {text}"
                added += 1
            elif "/numbers/" in name and isinstance(thing, h5py.Dataset) and thing.size:
                same(got(path, name), thing[()], name)
    assert added == groups if not hidden else added, f"{added} datasets were added, expected {groups}"


report = Report()
for name in ("types", "links"):
    expected = json.loads((WRITTEN / f"{name}.json").read_text())
    for layout in ("classic", "compact"):
        path, twin = WRITTEN / f"{name}.{layout}.h5", WRITTEN / f"{name}.{layout}.twin.h5"
        title = f"{name}, {layout}"
        report.case(f"{title}: h5py", check_h5py, path, expected)
        rebuild(path, twin)
        report.case(f"{title}: h5dump", check_h5dump, path, twin)
        report.case(f"{title}: pyfive", check_pyfive, path, twin)
        extended = path.with_suffix(".extended.h5")
        shutil.copy(path, extended)
        groups = extend(extended, twin)
        report.case(f"{title}, extended: h5dump", check_h5dump, extended, twin)
        report.case(f"{title}, extended: pyfive", check_pyfive, extended, twin)
        report.case(f"{title}, extended: hornfels", check_ours, extended, groups, layout)
        print(f"{title}: {len(expected)} objects, {groups} groups extended", flush=True)
for what, count in sorted(unread.items()):
    print(f"pyfive reads neither ours nor h5py's ({count} times) {what}")
report.finish(24)
