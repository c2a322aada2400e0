"""src/graph/ops.txt against the operations that TensorFlow registers.

Each operation is there with the same inputs, outputs, attributes and defaults. In a newer TensorFlow
than the one that the file was printed by it may have more attributes, whose defaults mean what there was.
"""
# oracles: keras2 tf_keras

import os
import re
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from _oracle import ORACLE, ROOT, Report

sys.path.insert(0, str(ROOT / "tests" / "data" / "make"))
from ops import NAMES, line  # noqa: E402


def parts(text):
    """A line without its attributes, and its attributes."""
    front, rest = text.split(" {")
    return front, rest.removesuffix("}").split("; ") if rest != "}" else []


def check(written):
    name = written.removeprefix("stateful ").split("(")[0]
    op = op_def_registry.get(name)
    assert op is not None, "is not registered"
    front, attributes = parts(written)
    registered, others = parts(line(op))
    if ORACLE == "keras2":
        assert (front, attributes) == (registered, others), f"is {registered} {others}"
        return
    missing = [attribute for attribute in attributes if attribute not in others]
    assert not missing, f"has no {missing}, but {others}"
    for attribute in others:
        if attribute in attributes:
            continue
        assert " = " in attribute, f"{attribute} has no default"
        # A type that was fixed has become an attribute whose default it is.
        name, rest = attribute.split(": ", 1)
        kind, default = rest.split(" = ", 1)
        if kind == "type":
            registered = re.sub(rf"\b{name}\b", default, registered)
    assert front == registered, f"is {registered}"


def check_names(written):
    names = [each.removeprefix("stateful ").split("(")[0] for each in written]
    assert names == sorted(set(NAMES)), sorted(set(names) ^ set(NAMES))


def main():
    report = Report()
    written = (ROOT / "src" / "graph" / "ops.txt").read_text().splitlines()
    report.case("the names", check_names, written)
    for each in written:
        report.case(f"TensorFlow {tf.__version__}: {each.split('(')[0]}", check, each)
    report.finish(len(written) + 1)


main()
