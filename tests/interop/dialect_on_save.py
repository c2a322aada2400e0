"""Models that `hornfels convert --dialect` takes from one Keras to the other.

Each Keras trains models for a few steps and saves them; the other Keras loads what the tool made of
the files, predicts the same, has the same optimizer variables and trains on to the same weights.
So do models of a corpus, without the training.

Keras 3 restores no slots from HDF5 files, not even its own, and cannot train on: there, the optimizer
is built and given the values of the file by its names and order.
"""
# oracles: keras3 keras2 tf_keras keras3

import hashlib
import json
import os
import subprocess
import sys

import h5py
import numpy as np
import tensorflow as tf

from _corpus import classes
from _oracle import ALL, CORPUS, ORACLE, WRITTEN, Report, close, hornfels, keras

PLACE = WRITTEN / "dialect_on_save"
# Models of the corpus that a run without --all takes.
SAMPLE = 24
STEPS, MORE_STEPS = 5, 3

k = keras()
# Tracing each of these small models would take longer than all the rest.
tf.config.run_functions_eagerly(True)
L = k.layers
IS_KERAS3 = ORACLE == "keras3"

MODELS = {}


def model(build):
    MODELS[build.__name__] = build
    return build


def settings(**others):
    return {"loss": "mse", "metrics": ["mae"], **others}


@model
def dense():
    return k.Sequential([k.Input((3,)), L.Dense(4, activation="relu"), L.BatchNormalization(), L.Dense(2)]), settings()


@model
def convolutions():
    x = i = k.Input((10, 10, 3))
    x = L.Conv2D(4, 3, activation="relu")(x)
    x = L.BatchNormalization()(x)
    x = L.DepthwiseConv2D(3)(x)
    x = L.SeparableConv2D(3, 2)(x)
    x = L.Conv2DTranspose(2, 2, strides=2)(x)
    x = L.PReLU()(x)
    x = L.GlobalAveragePooling2D()(L.MaxPooling2D()(x))
    return k.Model(i, L.Dense(2)(x)), settings()


@model
def recurrent():
    i = k.Input((5, 3))
    x = L.LSTM(4, return_sequences=True)(i)
    x = L.Bidirectional(L.GRU(3, return_sequences=True))(x)
    x = L.TimeDistributed(L.Dense(3))(x)
    x = L.Bidirectional(L.LSTM(2, name="inside"), name="both_ways")(x)
    return k.Model(i, L.Dense(1)(x)), settings()


@model
def convolutional_lstm():
    i = k.Input((3, 6, 6, 2))
    x = L.ConvLSTM2D(2, 2, recurrent_activation="sigmoid")(i)
    return k.Model(i, L.Flatten()(x)), settings()


def inner(name, size=4):
    i = k.Input((3,), name=f"{name}_in")
    x = L.Dense(size, name=f"{name}_dense")(i)
    return k.Model(i, L.BatchNormalization(name=f"{name}_bn")(x), name=name)


@model
def nested():
    i, j = k.Input((3,)), k.Input((3,))
    one, row = inner("one"), k.Sequential([k.Input((4,)), L.Dense(3, name="row_dense")], name="row")
    deep_in = k.Input((3,))
    deep = k.Model(deep_in, L.Dense(2, name="deep_dense")(inner("deepest", 5)(deep_in)), name="deep")
    x = L.Concatenate()([one(i), one(j)])
    return k.Model([i, j], [L.Dense(1)(x), row(one(i)), deep(j)]), settings(metrics=None)


@model
def nested_in_sequential():
    layers = [k.Input((3,)), inner("one"), k.Sequential([L.Dense(3, name="late_dense")], name="late"), L.Dense(2)]
    return k.Sequential(layers), settings()


@model
def shared_layer():
    i, j = k.Input((3,)), k.Input((3,))
    both = L.Dense(4, name="both")
    return k.Model([i, j], L.Dense(1)(L.Add()([both(i), both(j)]))), settings()


@model
def two_outputs():
    i = k.Input((3,))
    x = L.Dense(4, activation="tanh")(i)
    outputs = [L.Dense(1, name="a")(x), L.Dense(2, name="b")(x)]
    return k.Model(i, outputs), {"loss": ["mae", "mse"], "metrics": [["mse"], ["mae"]], "loss_weights": [1.0, 0.5]}


@model
def frozen():
    i, part_in = k.Input((4, 3)), k.Input((3,))
    # Without statistics: Keras 3 takes those of each step apart.
    part_out = L.Dense(3, name="part_last")(L.Dense(4, name="part_dense")(part_in))
    part = k.Model(part_in, part_out, name="part")
    part.get_layer("part_dense").trainable = False
    within = inner("within")
    within.get_layer("within_dense").trainable = False
    whole = inner("whole", 3)
    whole.trainable = False
    still = L.BatchNormalization(name="still")
    still.trainable = False
    fixed = L.Dense(3, name="fixed")
    fixed.trainable = False
    x = L.TimeDistributed(part)(i)
    x = L.Bidirectional(L.LSTM(3), name="two_ways")(x)
    x = L.Dense(3, use_bias=False)(x)  # what follows would take a bias out again
    return k.Model(i, L.Dense(2)(within(whole(fixed(still(x)))))), settings()


@model
def attention():
    q, v = k.Input((5, 4)), k.Input((6, 4))
    x = L.MultiHeadAttention(2, 3)(q, v)
    x = L.LayerNormalization()(L.Add()([x, q]))
    return k.Model([q, v], L.GlobalAveragePooling1D()(x)), settings()


@model
def embedding():
    return k.Sequential([k.Input((5,)), L.Embedding(10, 4, mask_zero=True), L.LSTM(3), L.Dense(1)]), settings()


OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "sgd_momentum": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "adam_amsgrad": ("Adam", {"amsgrad": True}),
    "adam_clipped": ("Adam", {"clipnorm": 0.5, "weight_decay": 0.01}),
    "adam_averaged": ("Adam", {"use_ema": True}),
    "adam_scheduled": ("Adam", {"learning_rate": "schedule"}),
    "rms_prop": ("RMSprop", {}),
    "rms_prop_centered": ("RMSprop", {"momentum": 0.9, "centered": True}),
    "adam_w": ("AdamW", {}),
    "nadam": ("Nadam", {}),
    "adamax": ("Adamax", {}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "ftrl": ("Ftrl", {}),
    "adafactor": ("Adafactor", {}),
    "lion": ("Lion", {}),
}
LEGACY = ["SGD", "Adam", "RMSprop", "Nadam", "Adamax", "Adagrad", "Adadelta", "Ftrl"]
# What the Kerases compute differently themselves: legacy classes add epsilon elsewhere or multiply
# another schedule, and Keras 3 squares the gradients of rows of an embedding before it sums them.
NOT_TRAINED_ON = {
    "embedding", "legacy_rms_prop", "legacy_rms_prop_centered", "legacy_nadam", "legacy_adagrad", "legacy_adadelta",
}
# Keras 2 does not restore the product of Nadam's schedule.
NOT_RESUMED_BY_KERAS2 = {"nadam"}


def optimizer(name):
    legacy = name.startswith("legacy_")
    family, arguments = OPTIMIZERS[name.removeprefix("legacy_")]
    arguments = dict(arguments)
    if arguments.get("learning_rate") == "schedule":
        arguments["learning_rate"] = k.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)
    else:
        arguments["learning_rate"] = 0.01
    return getattr(k.optimizers.legacy if legacy else k.optimizers, family)(**arguments)


def cases():
    """Every model with Adam, and one with every optimizer: name, model, optimizer."""
    for name in MODELS:
        yield name, name, "adam"
    if ORACLE == "tf_keras":
        return  # its optimizers are those of Keras 2.15
    for name, (family, arguments) in OPTIMIZERS.items():
        yield f"dense_{name}", "dense", name
        allowed = {"momentum", "nesterov", "amsgrad", "centered", "learning_rate"}
        if not IS_KERAS3 and family in LEGACY and set(arguments) <= allowed:
            yield f"dense_legacy_{name}", "dense", f"legacy_{name}"


def shape(tensor):
    return [8 if size is None else size for size in tensor.shape]


def data(built, name):
    rng = np.random.default_rng(len(name))
    inputs = [
        rng.integers(1, 9, shape(it)).astype("float32") if name == "embedding" else rng.normal(size=shape(it)).astype("float32")
        for it in built.inputs
    ]
    outputs = [rng.normal(size=shape(it)).astype("float32") for it in built.outputs]
    return inputs, outputs


def one_or_all(values):
    return values if len(values) > 1 else values[0]


def flat(values):
    return [np.asarray(it) for it in (values if isinstance(values, (list, tuple)) else [values])]


def train(built, inputs, outputs, steps):
    built.fit(one_or_all(inputs), one_or_all(outputs), batch_size=8, epochs=steps, shuffle=False, verbose=0)


def weights(built):
    """In the order of an HDF5 file, which is the same in every Keras; `get_weights` has another."""
    return [np.asarray(it) for layer in built.layers for it in layer.trainable_weights + layer.non_trainable_weights]


def slots(built):
    """The optimizer's variables without the ones that only some versions save."""
    variables = built.optimizer.variables
    variables = variables() if callable(variables) and not isinstance(variables, list) else variables
    found = []
    for variable in variables:
        name = getattr(variable, "path", None) or variable.name
        word = name.split("/")[-1].split(":")[0]
        if word not in ("learning_rate", "momentum_cache") and not word.startswith("variable"):
            found.append(np.asarray(variable))
    return found


def write(report):
    folder = PLACE / ORACLE
    folder.mkdir(parents=True)
    index = {}
    for name, kind, chosen in cases():
        report.case(f"{name} written", write_one, folder, name, kind, chosen, index)
    (folder / "index.json").write_text(json.dumps(index))
    print(f"{len(index)} models of this Keras written", flush=True)


def write_one(folder, name, kind, chosen, index):
    k.backend.clear_session()
    k.utils.set_random_seed(1)
    built, arguments = MODELS[kind]()
    built.compile(optimizer(chosen), **arguments)
    inputs, outputs = data(built, kind)
    train(built, inputs, outputs, STEPS)
    arrays = {f"x{i}": it for i, it in enumerate(inputs)}
    arrays |= {f"t{i}": it for i, it in enumerate(outputs)}
    arrays |= {f"y{i}": it for i, it in enumerate(flat(built.predict(one_or_all(inputs), verbose=0)))}
    arrays |= {f"s{i}": it for i, it in enumerate(slots(built))}
    try:
        built.save(folder / f"{name}.h5")
    except ValueError as error:
        # Keras 3 gives both factors of Adafactor one name, which HDF5 refuses.
        assert IS_KERAS3 and chosen == "adafactor", error
        (folder / f"{name}.h5").unlink()
        return
    train(built, inputs, outputs, MORE_STEPS)
    arrays |= {f"w{i}": it for i, it in enumerate(weights(built))}
    np.savez(folder / f"{name}.npz", **arrays)
    index[name] = chosen


def numbered(arrays, letter):
    return [arrays[f"{letter}{i}"] for i in range(sum(key[0] == letter for key in arrays.files))]


def give_slots(built, path):
    """Builds the optimizer of Keras 3 and gives it the variables of the file, names and order compared."""
    # Loading built the one there is for no variables at all, so that it could not even train.
    built.optimizer = type(built.optimizer).from_config(built.optimizer.get_config())
    built.optimizer.build(built.trainable_variables)
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        names = [it.decode() if isinstance(it, bytes) else it for it in group.attrs["weight_names"]]
        found = [group[name][()] for name in names]
    own = [variable.path for variable in built.optimizer.variables]
    assert len(names) == len(own), f"{len(names)} optimizer variables, expected {len(own)}: {names}, {own}"
    for name, value, variable in zip(names, found, built.optimizer.variables):
        assert value.shape == tuple(variable.shape), f"{name}: {value.shape}, expected {variable.shape}"
        variable.assign(value)


def same_multiset(found, expected):
    """Both generations keep the same arrays, in another order; some keep zeros that others do not."""
    key = lambda it: (it.shape, np.asarray(it, "float64").tobytes())  # noqa: E731
    unused = lambda it: not it.any()  # noqa: E731
    found, expected = (sorted(key(it) for it in side if not unused(it)) for side in (found, expected))
    assert len(found) == len(expected), f"{len(found)} optimizer variables, expected {len(expected)}"
    assert found == expected, "optimizer variables differ"


def check(writer, name, chosen):
    folder = PLACE / writer
    arrays = np.load(folder / f"{name}.npz")
    path = folder / f"{name}.for_{ORACLE}.h5"
    hornfels("convert", folder / f"{name}.h5", path, "--dialect", "keras3" if IS_KERAS3 else "keras2", "--force")
    k.backend.clear_session()
    built = k.models.load_model(path)
    inputs, targets = numbered(arrays, "x"), numbered(arrays, "t")
    for i, (found, expected) in enumerate(zip(flat(built.predict(one_or_all(inputs), verbose=0)), numbered(arrays, "y"))):
        close(found, expected, f"output {i}")
    iterations = int(np.asarray(built.optimizer.iterations))
    assert iterations == STEPS, f"{iterations} iterations, expected {STEPS}"
    if IS_KERAS3:
        give_slots(built, path)
    if chosen not in ("sgd", "legacy_sgd"):
        # Without momentum Keras 2.11 keeps the last step, and does not use it.
        same_multiset(slots(built), numbered(arrays, "s"))
    if {name, chosen} & NOT_TRAINED_ON or (not IS_KERAS3 and chosen in NOT_RESUMED_BY_KERAS2):
        return
    train(built, inputs, targets, MORE_STEPS)
    for i, (found, expected) in enumerate(zip(weights(built), numbered(arrays, "w"))):
        close(found, expected, f"weight {i} after more training", relative=2e-3, absolute=2e-5)


def check_made(path):
    """A model that was made and compiled in Rust: loads with its optimizer's state, and trains."""
    built = k.models.load_model(path)
    name, _, _ = path.name.removeprefix("made.").split(".")
    config = built.optimizer.get_config()
    for key, value in MADE[name].items():
        close(config[key], value, key)
    assert type(built.optimizer).__name__.lower() == name, type(built.optimizer).__name__
    assert int(np.asarray(built.optimizer.iterations)) == 7
    if IS_KERAS3:
        give_slots(built, path)
    expected = [np.arange(6, dtype="float32").reshape(3, 2)]
    same_multiset([it for it in slots(built) if it.ndim], expected)
    rng = np.random.default_rng(1)
    train(built, [rng.normal(size=(8, 3))], [rng.normal(size=(8, 2))], 1)
    assert int(np.asarray(built.optimizer.iterations)) == 8


# What `tests/it/written_for_others.rs` gave the optimizers.
MADE = {
    "adam": {"learning_rate": 0.002, "beta_1": 0.95, "amsgrad": True},
    "sgd": {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True},
    "rmsprop": {"rho": 0.8, "momentum": 0.5, "centered": True},
}


def corpus():
    """Whole models of Keras 2, spread over the corpus."""
    found = []
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file() or path.open("rb").read(8) != b"\x89HDF\r\n\x1a\n":
            continue
        with h5py.File(path) as file:
            version = file.attrs.get("keras_version", b"")
            version = version.decode() if isinstance(version, bytes) else version
            if "model_config" in file.attrs and version.startswith("2."):
                found.append((path, set(classes(json.loads(file.attrs["model_config"])))))
    found.sort(key=lambda it: hashlib.sha1(it[0].name.encode()).digest())
    chosen, covered = [], set()
    for new in (True, False):
        for path, kinds in found:
            if path not in chosen and bool(kinds - covered) == new and (ALL or len(chosen) < SAMPLE):
                chosen.append(path)
                covered |= kinds
    return chosen


def corpus_inputs(built):
    rng = np.random.default_rng(1)
    limits = [layer.input_dim for layer in built._flatten_layers() if type(layer).__name__ == "Embedding"]
    inputs = []
    for tensor in built.inputs:
        sizes = [2 if at == 0 and size is None else (8 if size is None else size) for at, size in enumerate(tensor.shape)]
        if limits or not np.issubdtype(tensor.dtype.as_numpy_dtype, np.floating):
            inputs.append(rng.integers(0, min(limits, default=3), sizes).astype(tensor.dtype.as_numpy_dtype))
        else:
            inputs.append(rng.standard_normal(sizes).astype(tensor.dtype.as_numpy_dtype))
    return inputs


def write_corpus(report):
    """Predictions of Keras 2 with models of the corpus, beside what the tool makes of their files."""
    folder = PLACE / "corpus"
    folder.mkdir()
    for number, path in enumerate(corpus()):
        name = str(path.relative_to(CORPUS))
        command = [os.environ["HORNFELS"], "convert", path, folder / f"{number}.h5", "--dialect", "keras3"]
        done = subprocess.run([*map(str, command), "--no-optimizer"], capture_output=True, text=True)
        if done.returncode:
            report.note(name, done.stderr.strip().splitlines()[0][:200])
            continue
        try:
            built = k.models.load_model(path, compile=False)
            nodes = [node.outputs for layer in built.layers for node in layer._inbound_nodes]
            empty = [it for it in tf.nest.flatten(nodes) if 0 in it.shape.as_list()]
            assert not empty, "a layer returns nothing, which Keras 3 refuses"
            inputs = corpus_inputs(built)
            outputs = flat(built(one_or_all(inputs), training=False))
        except Exception as error:
            report.note(name, f"Keras 2.15 cannot load or compute it: {str(error).splitlines()[0][:120]}")
            (folder / f"{number}.h5").unlink()
            continue
        arrays = {f"x{i}": it for i, it in enumerate(inputs)} | {f"y{i}": it for i, it in enumerate(outputs)}
        np.savez(folder / f"{number}.npz", **arrays)
        (folder / f"{number}.txt").write_text(name)
        k.backend.clear_session()


def check_corpus(number):
    arrays = np.load(PLACE / "corpus" / f"{number}.npz")
    path = PLACE / "corpus" / f"{number}.h5"
    k.backend.clear_session()
    built = k.models.load_model(path, compile=False)
    outputs = flat(built(one_or_all(numbered(arrays, "x")), training=False))
    with h5py.File(path) as file:
        # One name, two functions.
        tolerance = 0.2 if "hard_sigmoid" in str(file.attrs["model_config"]) else 1e-4
    for i, (found, expected) in enumerate(zip(outputs, numbered(arrays, "y"))):
        close(found, expected, f"output {i}", relative=tolerance, absolute=tolerance)


def main():
    report = Report()
    if not (PLACE / ORACLE).exists():
        write(report)
        if ORACLE == "keras2":
            write_corpus(report)
    others = {"keras3": ["keras2", "tf_keras"]}.get(ORACLE, ["keras3"])
    expected = 0
    for writer in others:
        index = PLACE / writer / "index.json"
        if not index.exists():
            continue
        for name, chosen in json.loads(index.read_text()).items():
            expected += 1
            report.case(f"{name} of {writer}", check, writer, name, chosen)
    if IS_KERAS3 and (PLACE / "corpus").exists():
        for found in sorted((PLACE / "corpus").glob("*.txt")):
            expected += 1
            report.case(found.read_text(), check_corpus, found.stem)
    made = sorted(WRITTEN.glob(f"made.*.{'keras3' if IS_KERAS3 else 'keras2'}.h5"))
    assert len(made) == len(MADE), made
    for path in made:
        expected += 1
        report.case(path.name, check_made, path)
    report.finish(expected)


main()
