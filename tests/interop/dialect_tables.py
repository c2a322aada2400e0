"""What each serializable Keras class writes: class -> kind, config keys, defaults.

Without arguments it compares what this Keras says with `tests/data/dialect_tables.json`, which the
unit tests of `src/keras/dialect` replay. That file is made so:

    PYTHON2  tests/interop/dialect_tables.py keras    > k2.json     # Keras 2.15
    PYTHON3  tests/interop/dialect_tables.py tf_keras > tfk.json    # tf_keras 2.21
    PYTHON3  tests/interop/dialect_tables.py keras    > k3.json     # Keras 3.15
    python   tests/interop/dialect_tables.py --merge k2.json tfk.json k3.json > tests/data/dialect_tables.json

Arguments that a constructor demands come from ARGUMENTS below and are marked as required.
"""
# oracles: keras2 tf_keras keras3

import importlib
import inspect
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

#: What constructors cannot do without. `layer` and `cell` are filled in below.
ARGUMENTS = {
    "units": 2, "filters": 2, "kernel_size": 2, "input_dim": 5, "output_dim": 3,
    "n": 2, "dims": [2, 1], "target_shape": [2, 2], "rate": 0.25, "stddev": 0.5,
    "num_heads": 2, "key_dim": 3, "head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2,
    "equation": "ab,bc->ac", "output_shape": 4, "num_tokens": 4, "bin_boundaries": [0.0, 1.0],
    "num_bins": 4, "scale": 2.0, "height": 4, "width": 4, "factor": 0.5,
    "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "boundaries": [1],
    "values": [1.0, 0.5], "first_decay_steps": 10, "num_classes": 3, "target_class_ids": [0],
    "sensitivity": 0.5, "specificity": 0.5, "recall": 0.5, "precision": 0.5, "threshold": 0.5,
    "name": "x", "fn": None, "size": 2, "rank": 2, "alpha": 0.5, "delta": 1.0,
    "num_spatial_dims": 2, "value_range": [0, 255], "max_boxes": 10,
    "activation": "relu", "axes": 1, "height_factor": 0.5, "output_size": 2, "pool_size": 2,
    "max_number": 3, "cells": None, "width_factor": 0.5, "normalizer": [1.0],
}

#: Not built in this way, or without a config of their own.
SKIPPED = {
    "Layer", "Wrapper", "Lambda", "Metric", "Loss", "Optimizer", "Initializer", "Regularizer",
    "Constraint", "LearningRateSchedule", "AbstractRNNCell", "InputSpec", "TFSMLayer", "TorchModuleWrapper",
    "JaxLayer", "FlaxLayer", "DenseFeatures", "SequenceFeatures", "Policy",
    "PreprocessingLayer", "Pipeline", "RandomInitializer", "MelSpectrogram", "STFTSpectrogram", "STFT",
    "MultiOptimizer", "OptimizerMap",
}

KINDS = [
    ("layer", "layers"), ("initializer", "initializers"), ("regularizer", "regularizers"),
    ("constraint", "constraints"), ("optimizer", "optimizers"),
    ("schedule", "optimizers.schedules"), ("loss", "losses"), ("metric", "metrics"),
]


def required(cls):
    """Names of parameters without a default."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters
            if p.name != "self" and p.kind in plain and p.default is inspect.Parameter.empty]


def accepted(cls):
    """Names of all parameters of the constructor, also of bases that get its `**kwargs`."""
    names = set()
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())
        names |= {p.name for p in parameters if p.name != "self" and p.kind != inspect.Parameter.VAR_KEYWORD}
        if all(p.kind != inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
        if base.__name__ == "Layer" and "activity_regularizer" in inspect.getsource(base.__init__):
            # Keras 2 looks for it among the `**kwargs`.
            names.add("activity_regularizer")
    return names - {"kwargs", "args"}


def make(keras, cls):
    """An instance of `cls` with nothing but the arguments it demands."""
    arguments = {}
    for name in required(cls):
        if name == "layer":
            value = keras.layers.LSTM(2) if cls.__name__ == "Bidirectional" else keras.layers.Dense(2)
        elif name == "cell":
            value = keras.layers.LSTMCell(2)
        elif name == "inner_optimizer":
            value = keras.optimizers.SGD()
        elif name == "cells":
            value = [keras.layers.LSTMCell(2)]
        else:
            value = ARGUMENTS[name]
        arguments[name] = value
    if cls.__name__ in ("MeanIoU", "OneHotMeanIoU"):
        arguments.pop("target_class_ids", None)
    if cls.__name__ == "Hashing":
        arguments["num_bins"] = 4
    if cls.__name__ == "Discretization":
        arguments = {"bin_boundaries": [0.0, 1.0]}
    if cls.__name__ == "InputLayer":
        arguments = {"input_shape": (3,)} if keras.__version__[0] == "2" else {"shape": (3,)}
    if cls.__name__ == "CategoryEncoding":
        arguments = {"num_tokens": 4}
    if cls.__name__ == "RandomPosterization":
        arguments = {"factor": 4}
    return cls(**arguments)


def plain(value):
    """`value` as JSON, with nested Keras objects cut down to class and config."""
    if isinstance(value, dict):
        value = {k: plain(v) for k, v in value.items()}
        if set(value) >= {"class_name", "config"}:
            return {"class_name": value["class_name"], "config": value["config"]}
        return value
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, "__name__", None) or str(value)


def classes(keras):
    for kind, path in KINDS:
        module = keras
        for part in path.split("."):
            module = getattr(module, part)
        seen = set()
        for name in sorted(dir(module)):
            cls = getattr(module, name)
            if not inspect.isclass(cls) or name in SKIPPED or name != cls.__name__:
                continue
            if not hasattr(cls, "get_config") or cls in seen:
                continue
            seen.add(cls)
            yield kind, name, cls


def dump(keras):
    table = {}
    for kind, name, cls in classes(keras):
        try:
            config = plain(make(keras, cls).get_config())
        except Exception as problem:  # reported, so that a new class is not lost silently
            print(f"{kind} {name}: {type(problem).__name__}: {str(problem)[:200]}", file=sys.stderr)
            continue
        if (config.get("name") or "").rstrip("_0123456789") == _snake(name):
            config["name"] = None
        table[f"{kind}/{name}"] = {
            "required": sorted(set(required(cls)) & set(config)),
            "config": config,
            "accepts": sorted(accepted(cls) - set(config)),
        }
    return table


def _snake(name):
    import re
    name = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def merge(paths):
    loaded = [json.load(open(path)) for path in paths]
    merged = {}
    for key in sorted(set().union(*loaded)):
        merged[key] = {
            name: table[key]
            for name, table in zip(("keras2", "tf_keras", "keras3"), loaded)
            if key in table
        }
        # tf_keras is Keras 2.15 continued: only what is new in it is of interest.
        if merged[key].get("tf_keras") == merged[key].get("keras2"):
            merged[key].pop("tf_keras", None)
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in merged.items()]
    print("{\n" + ",\n".join(lines) + "\n}")


def compare():
    """Fails if a class of this Keras is not in the file as it is, or the other way round."""
    from _oracle import ORACLE, ROOT, Report, keras

    known = json.loads((ROOT / "tests/data/dialect_tables.json").read_text())
    others = {"tf_keras": ["tf_keras", "keras2"]}.get(ORACLE, [ORACLE])
    found = json.loads(json.dumps(dump(keras())))
    report = Report()

    def check(key):
        rows = known.get(key, {})
        row = next((rows[oracle] for oracle in others if oracle in rows), None)
        for side in (found.get(key), row):
            if side and side["config"].get("seed") is not None:
                side["config"]["seed"] = "random"
        assert found.get(key) == row, f"{found.get(key)}, expected {row}"

    # What only Keras 2.15 has may be gone in tf_keras.
    expected = {key for key, rows in known.items() if others[0] in rows}
    for key in sorted(expected | set(found)):
        report.case(key, check, key)
    report.finish(200)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        compare()
    elif sys.argv[1] == "--merge":
        merge(sys.argv[2:])
    else:
        print(json.dumps(dump(importlib.import_module(sys.argv[1])), indent=1))
