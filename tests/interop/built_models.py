"""Models made in Rust: each Keras of their dialect loads them, with the weights that were set and
predictions equal to plain NumPy, restores the optimizer where it does so, and trains on.

`tests/it/built_models.rs` makes the models. Both sides give a variable the values that
`_oracle.values` derives from its path.
"""
# oracles: keras2 tf_keras keras3

import re

import h5py
import numpy as np

import _layers as layers
from _oracle import ORACLE, WRITTEN, Report, close, keras, same, values

keras = keras()
DIALECT = "keras3" if ORACLE == "keras3" else "keras2"


class Case:
    """A model of one name: what goes in, and what must come out."""

    def __init__(self, inputs, forward, optimizer=None, dtype="float32", tolerance=1e-5):
        self.inputs, self.forward, self.optimizer = inputs, forward, optimizer
        self.dtype, self.tolerance = dtype, tolerance


def floats(*shape):
    """A batch of four inputs."""
    return lambda name: values(f"input/{name}", (4, *shape))


def tokens(limit, *shape):
    return lambda name: (values(f"input/{name}", (4, *shape), 0) * limit).astype("int32")


def dense_model(w, x):
    return layers.dense(w, "probabilities", layers.dense(w, "hidden", x, layers.relu), layers.softmax)


def conv_model(w, x):
    x = layers.conv2d(w, "conv", x, layers.relu)
    x = layers.max_pooling2d(layers.batch_normalization(w, "norm", x))
    return layers.dense(w, "out", x.reshape(len(x), -1))


def conv_f16_model(w, x):
    x = layers.max_pooling2d(layers.conv2d(w, "conv", x, layers.relu))
    return layers.dense(w, "out", x.reshape(len(x), -1))


def recurrent_model(w, x):
    forward = layers.lstm(w, "both/forward_lstm/lstm_cell", x)
    backward = layers.lstm(w, "both/backward_lstm/lstm_cell", x, backwards=True)
    x = layers.gru(w, "gru/gru_cell", np.concatenate([forward, backward], -1))
    x = layers.simple_rnn(w, "rnn/simple_rnn_cell", x)
    x = layers.dense(w, "each", x)
    return layers.dense(w, "out", x[:, -1])


def embedding_model(w, x):
    x = layers.layer_normalization(w, "norm", layers.embedding(w, "words", x))
    return layers.dense(w, "out", x.mean(1), layers.sigmoid)


def nested_model(w, x):
    inner = layers.dense(w, "encoder/first", x, np.tanh)
    inner = layers.dense(w, "encoder/second", inner, layers.relu)
    sides = [layers.dense(w, f"decoder/{side}", inner) for side in ("left", "right")]
    return layers.dense(w, "out", sides[0] + sides[1])


def shared_model(w, a, b):
    both = np.concatenate([layers.dense(w, "shared", side, np.tanh) for side in (a, b)], -1)
    return layers.dense(w, "out", both, layers.sigmoid)


def two_outputs_model(w, x):
    trunk = layers.dense(w, "trunk", x, layers.relu)
    return [layers.dense(w, "mean", trunk), layers.dense(w, "spread", trunk, layers.sigmoid)]


def wide_model(w, x):
    return np.concatenate([layers.dense(w, f"side_{i}", x) for i in range(1200)], -1)


def long_names_model(w, x):
    return sum(layers.dense(w, f"side_{i}_{'n' * 90}", x) for i in range(700))


CASES = {
    "dense": Case({"input": floats(3)}, dense_model, "adam"),
    "dense_momentum": Case({"input": floats(3)}, dense_model, "sgd"),
    "dense_rmsprop": Case({"input": floats(3)}, dense_model, "rmsprop"),
    "dense_f16": Case({"input": floats(3)}, dense_model, None, "float16", 2e-3),
    "conv": Case({"input": floats(6, 8, 3)}, conv_model, "sgd"),
    "conv_f16": Case({"input": floats(6, 8, 3)}, conv_f16_model, None, "float16", 1e-2),
    "recurrent": Case({"input": floats(7, 3)}, recurrent_model, "adam"),
    "embedding": Case({"input": tokens(11, 5)}, embedding_model),
    "nested": Case({"input": floats(3)}, nested_model, "adam"),
    "shared": Case({"a": floats(3), "b": floats(3)}, shared_model),
    "two_outputs": Case({"input": floats(3)}, two_outputs_model, "adam"),
    "wide": Case({"input": floats(2)}, wide_model),
    "long_names": Case({"input": floats(2)}, long_names_model),
    "zero_width": Case({"input": floats(0)}, lambda w, x: layers.dense(w, "out", x)),
}


def expected_value(path, shape, dtype):
    """What the program that made the models gave the variable at `path`."""
    low = 0.5 if path.endswith("variance") else -0.5
    return values(path, shape, low).astype(dtype)


def weights(model, prefix=""):
    """Every weight of a model with the path it has in Rust: outer models and wrappers first."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from weights(layer, f"{prefix}{layer.name}/")
            continue
        for variable in layer.weights:
            name = getattr(variable, "path", None) or variable.name
            inner = re.sub(r":\d+$", "", name).split(f"{layer.name}/", 1)[-1]
            if type(layer).__name__ == "TimeDistributed":
                # Keras 3 has the wrapped layer in the path.
                inner = inner.split("/")[-1]
            yield f"{prefix}{layer.name}/{inner}", variable


def check_weights(model, case):
    found = 0
    for path, variable in weights(model):
        value = variable.numpy()
        same(value, expected_value(path, value.shape, case.dtype), path)
        found += 1
    assert found == len(model.weights), f"{found} weights, the model has {len(model.weights)}"


def check_predictions(model, case):
    inputs = [make(name) for name, make in case.inputs.items()]
    shapes = {path: tuple(v.shape) for path, v in weights(model)}
    lookup = lambda path: expected_value(path, shapes[path], case.dtype).astype("float64")
    exact = [x if x.dtype == "int32" else x.astype(case.dtype).astype("float64") for x in inputs]
    expected = case.forward(lookup, *exact)
    found = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    expected, found = (x if isinstance(x, list) else [x] for x in (expected, found))
    assert len(found) == len(expected), f"{len(found)} outputs"
    for i, (a, b) in enumerate(zip(found, expected)):
        close(a, b, f"output {i}", case.tolerance, case.tolerance)


def check_optimizer(model, case, path):
    optimizer = model.optimizer
    assert type(optimizer).__name__.lower() == case.optimizer, type(optimizer)
    variables = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
    variables = [v.numpy() for v in variables]
    assert int(np.asarray(optimizer.iterations)) == 7, "iterations"
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        names = [n.decode() if isinstance(n, bytes) else n for n in group.attrs["weight_names"]]
        stored = [group[name][()] for name in names]
    if ORACLE == "keras3":
        # Keras 3 builds the optimizer of an HDF5 file on no variables: it restores only these.
        close(np.asarray(optimizer.learning_rate), stored[1], "learning rate")
    else:
        known = [v for v in variables if v.dtype != "int64" and v.shape != ()]
        expected = [v for v in stored if v.shape != ()]
        assert len(known) == len(expected), f"{len(known)} slots, {len(expected)} stored"
        for i, (a, b) in enumerate(zip(known, expected)):
            same(a, b, f"slot {i}")
    slots = [value for value in stored if value.shape != ()]
    for i, value in enumerate(slots):
        same(value, values(f"optimizer/{i}", value.shape, 0), f"stored slot {i}")


def check_weights_only(model, case, path):
    """Weights and the optimizer's state by object, into a model that has other values."""
    model.set_weights([np.zeros_like(value) for value in model.get_weights()])
    if case.optimizer:
        model.compile(type(model.optimizer).from_config(model.optimizer.get_config()), "mean_squared_error")
        model.optimizer.build(model.trainable_variables)
    model.load_weights(path)
    check_weights(model, case)
    if case.optimizer:
        variables = model.optimizer.variables
        variables = [v.numpy() for v in (variables() if callable(variables) else variables)]
        assert int(variables[0]) == 7, "iterations"
        for i, value in enumerate(v for v in variables if v.shape != ()):
            same(value, values(f"optimizer/{i}", value.shape, 0), f"slot {i}")


def check_training(model, case):
    # Keras 3 has no use for an optimizer that it loaded from an HDF5 file: it knows no variables.
    if ORACLE == "keras3" or model.optimizer is None:
        model.compile(case.optimizer or "sgd", "mean_squared_error")
    # Tracing the wide models would take minutes.
    model.run_eagerly = True
    inputs = [make(name) for name, make in case.inputs.items()]
    outputs = model(inputs if len(inputs) > 1 else inputs[0])
    outputs = outputs if isinstance(outputs, list) else [outputs]
    targets = [np.zeros(np.shape(x), case.dtype) for x in outputs]
    before = [np.array(w) for w in model.get_weights()]
    loss = model.train_on_batch(
        inputs if len(inputs) > 1 else inputs[0], targets if len(targets) > 1 else targets[0]
    )
    assert np.isfinite(np.ravel(loss)).all(), f"loss {loss}"
    after = model.get_weights()
    assert any((a != b).any() for a, b in zip(before, after)), "nothing was learned"


def check(name, case, layout):
    path = WRITTEN / "models" / f"{name}.{DIALECT}.{layout}.h5"
    model = keras.models.load_model(path)
    check_weights(model, case)
    check_predictions(model, case)
    if case.optimizer:
        check_optimizer(model, case, path)
    if layout == "classic" and len(model.weights) < 1000:
        # Keras looks at each attribute of each layer: minutes for the wide models.
        check_weights_only(model, case, WRITTEN / "models" / f"{name}.{DIALECT}.weights.h5")
    check_training(model, case)


report = Report()
for name, case in CASES.items():
    for layout in ("classic", "compact"):
        if report.case(f"{name}, {DIALECT}, {layout}", check, name, case, layout):
            print(f"ok     {name}, {layout}", flush=True)
        keras.backend.clear_session()
report.finish(2 * len(CASES))
