"""What Keras says of its layers: config, variables and output shapes, for many arguments.

    python tests/data/make/layers.py [FAMILY...]        under Keras 2.15 and under Keras 3.15

Writes tests/data/layers/FAMILY.keras2.json or .keras3.json, one case a line, which
src/layers/tests.rs compares with what this crate says. The cases of a family are in
layer_cases/FAMILY.py: `cases(keras)` yields `(layer, inputs)` or `(layer, inputs, named)`, where
inputs is one shape without the batch axis, or a list of several, and named gives further shapes by
the name of the argument. Classes or arguments that only one Keras has are skipped by the other:
a case that is a function is called, and left out, with a line that says so, if Keras raises a
TypeError, AttributeError or ValueError.

`models(keras)` of a family yields Functional models instead, for what is no layer before it is
called: of those the whole config is written, and the shapes of each layer's first call.
"""

import importlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras  # noqa: E402

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "layers"
DIALECT = int(keras.__version__.split(".")[0])


def tensors(shapes):
    if isinstance(shapes, list):
        return [tensors(shape) for shape in shapes]
    if isinstance(shapes, dict):
        return keras.Input(**shapes)
    return keras.Input(shapes)


def shape_of(tensor):
    return [None if size is None else int(size) for size in tensor.shape]


def flat(value):
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in flat(item)]
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in flat(value[key])]
    return [value]


def record(layer, inputs, named=None):
    first = tensors(inputs)
    named = {name: tensors(shape) for name, shape in (named or {}).items()}
    outputs = layer(first, **named)
    trained = {id(variable) for variable in layer.trainable_weights}
    # The order in which HDF5 files have them; `weights` of Keras 3 goes layer by layer.
    weights = layer.trainable_weights + layer.non_trainable_weights
    variables = [
        {
            "name": (v.path if DIALECT == 3 else v.name.removesuffix(":0")),
            "shape": [int(size) for size in v.shape],
            "dtype": str(v.dtype if DIALECT == 3 else v.dtype.name),
            "trainable": id(v) in trained,
        }
        for v in weights
    ]
    serialized = keras.layers.serialize(layer)
    if DIALECT == 2:
        serialized = {"class_name": serialized["class_name"], "config": serialized["config"]}
    return {
        "layer": serialized,
        "inputs": [shape_of(tensor) for tensor in flat(first)],
        "named": {name: [shape_of(t) for t in flat(value)] for name, value in named.items()},
        "outputs": [shape_of(tensor) for tensor in flat(outputs)],
        "variables": variables,
    }


def record_model(model):
    serialized = json.loads(model.to_json())
    shapes = {}
    for layer in model.operations if DIALECT == 3 else model.layers:
        outputs = layer._inbound_nodes[0].output_tensors if DIALECT == 3 else layer.inbound_nodes[0].outputs
        ranks = [tensor.shape.rank for tensor in flat(outputs)] if DIALECT == 2 else []
        # Where TensorFlow does not even know how many axes there are, nothing is compared.
        if None not in ranks:
            shapes[layer.name] = [shape_of(tensor) for tensor in flat(outputs)]
    return {
        "model": {"class_name": serialized["class_name"], "config": serialized["config"]},
        "layers": shapes,
    }


def main():
    sys.path.insert(0, str(HERE / "layer_cases"))
    families = sys.argv[1:] or sorted(path.stem for path in (HERE / "layer_cases").glob("*.py"))
    OUT.mkdir(exist_ok=True)
    for family in families:
        lines, skipped = [], 0
        module = importlib.import_module(family)
        for model in getattr(module, "models", lambda keras: [])(keras):
            lines.append(json.dumps(record_model(model)))
        for case in getattr(module, "cases", lambda keras: [])(keras):
            try:
                case = case() if callable(case) else case
                keras.backend.clear_session()
                lines.append(json.dumps(record(*case), default=lambda value: value.tolist() if hasattr(value, "tolist") else list(value)))
            except (TypeError, AttributeError, ValueError) as error:
                skipped += 1
                print(f"{family}: left out: {str(error).splitlines()[0][:100]}", file=sys.stderr)
        path = OUT / f"{family}.keras{DIALECT}.json"
        path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
        print(f"{path.name}: {len(lines)} cases, {skipped} left out")


main()
