"""What the scripts share: where things are, which Keras this is, and how results are told."""

import importlib
import os
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = Path(os.environ["HORNFELS_WRITTEN"])
CORPUS = Path(os.environ["HORNFELS_CORPUS"])
ORACLE = os.environ["HORNFELS_ORACLE"]
ALL = bool(os.environ.get("HORNFELS_ALL"))


def keras():
    """The Keras of this oracle, quiet, and the same on each run."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    module = importlib.import_module("tf_keras" if ORACLE == "tf_keras" else "keras")
    expected = {"keras2": "2.15.", "tf_keras": "2.21.", "keras3": "3."}[ORACLE]
    assert module.__version__.startswith(expected), module.__version__
    return module


def hornfels(*arguments):
    """Runs the command line tool; returns what it prints."""
    command = [os.environ["HORNFELS"], *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Report:
    """Counts what passed, names what failed or was left out, and ends the script."""

    def __init__(self):
        self.passed, self.failed, self.notes = 0, [], []

    def case(self, name, check, *arguments):
        """Runs one check; an exception is its failure."""
        try:
            check(*arguments)
            self.passed += 1
            return True
        except Exception as error:
            if os.environ.get("HORNFELS_TRACE"):
                traceback.print_exc()
            self.failed.append(name)
            text = str(error).strip().replace("\n", " | ")
            print(f"FAILED {name}: {type(error).__name__}: {text[:600]}", flush=True)
            return False

    def note(self, name, why):
        """Something that could not be checked in full, and why."""
        self.notes.append(name)
        print(f"note   {name}: {why}", flush=True)

    def finish(self, least):
        """Prints the result; fails if anything did or if fewer than `least` cases ran."""
        print(f"{self.passed} passed, {len(self.failed)} failed, {len(self.notes)} with a note")
        if self.passed < least:
            print(f"FAILED: expected at least {least} to pass")
            sys.exit(1)
        sys.exit(bool(self.failed))


def same(found, expected, what):
    """Equal in dtype, shape and every bit."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype, f"{what}: {found.dtype}, expected {expected.dtype}"
    assert found.shape == expected.shape, f"{what}: {found.shape}, expected {expected.shape}"
    assert found.tobytes() == expected.tobytes(), f"{what}: values differ"


def close(found, expected, what, relative=1e-5, absolute=1e-6):
    """Equal in shape and, up to rounding, in value."""
    found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
    assert found.shape == expected.shape, f"{what}: {found.shape}, expected {expected.shape}"
    if not np.allclose(found, expected, rtol=relative, atol=absolute):
        raise AssertionError(f"{what}: differs by up to {np.abs(found - expected).max():.3g}")


def values(path, shape, low=-0.5):
    """The values both sides give the variable at `path`: 24 random bits each, in [low, low + 1)."""
    seed = 0x811C9DC5
    for byte in path.encode():
        seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    count = int(np.prod(shape))
    mixed = (np.arange(count, dtype="uint32") + np.uint32(seed)) * np.uint32(0x9E3779B1)
    fraction = (mixed >> np.uint32(8)).astype("float32") / np.float32(1 << 24)
    return (fraction + np.float32(low)).reshape(shape)
