"""Layers of classes that are not known are carried: TensorFlow's directory, read and written again, computes the same.

Keras saves models with layers and models of the script's own, with losses, gradients, constants, loops and layers inside.
`hornfels convert` writes the directory anew, and that once more. Every consumer must find what the first directory gives: Keras
without the classes and with them, TensorFlow without Keras, sessions; training must go the same way. HDF5 keeps configs and weights.
"""
# oracles: keras2 tf_keras
# makes its own files

import shutil

import numpy as np

from _oracle import ORACLE, Report, close, hornfels, keras, values
from _savedmodel import WRITTEN, in_session, set_weights

keras = keras()
import tensorflow as tf  # noqa: E402

L = keras.layers
PLACE = WRITTEN / f"savedmodel_carried_{ORACLE}"
tf.config.run_functions_eagerly(False)


class Own(L.Layer):
    """Keeps its argument, as a class must that comes back from HDF5."""

    def __init__(self, size=3, **more):
        super().__init__(**more)
        self.size = size

    def get_config(self):
        return {**super().get_config(), "size": self.size}


class Inside(Own):
    """A loss, a custom gradient, a layer inside, a penalty on a weight."""

    def build(self, shape):
        self.w = self.add_weight("w", (shape[-1], self.size), regularizer="l2")
        self.inner = L.Dense(2, name="inner")
        self.norm = L.BatchNormalization(name="norm")

    def call(self, x, training=False):
        y = x @ self.w
        self.add_loss(tf.reduce_sum(y**2) * 0.1)
        return self.norm(self.inner(tf.nn.swish(y)), training=training)


class Counting(Own):
    """A variable that calls change, in training only; a constant; a list of variables."""

    def build(self, shape):
        self.steps = self.add_weight("steps", (), initializer="zeros", trainable=False)
        self.scales = [self.add_weight(f"scale{i}", (shape[-1],)) for i in range(2)]
        self.offset = tf.constant(np.arange(shape[-1], dtype="float32"))

    def call(self, x, training=False):
        if training:
            self.steps.assign_add(1.0)
        return x * self.scales[0] + self.offset * self.scales[1]


class Looping(Own):
    """A loop and a branch of the graph."""

    def build(self, shape):
        self.w = self.add_weight("w", (shape[-1], shape[-1]))

    def call(self, x):
        y = tf.while_loop(lambda i, y: i < self.size, lambda i, y: (i + 1, tf.tanh(y @ self.w)), [0, x])[1]
        return tf.cond(tf.reduce_sum(y) > 0, lambda: y, lambda: y * 2.0)


class Two(Own):
    """Two tensors in, two out."""

    def call(self, inputs):
        a, b = inputs
        return a + b, a * b


class Whole(keras.Model):
    """A model of one's own."""

    def __init__(self):
        super().__init__(name="whole")
        self.first = L.Dense(4, activation="tanh")
        self.rest = [L.BatchNormalization(), Inside(name="inside")]
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones")

    def call(self, x, training=False):
        y = self.first(x)
        for layer in self.rest:
            y = layer(y, training=training)
        self.add_loss(tf.reduce_mean(y) * 0.3)
        return y * self.scale


def row(*layers):
    return lambda: keras.Sequential([keras.Input((4,)), *[make() for make in layers]], name="row")


def branches():
    x = keras.Input((4,), name="x")
    layer = Inside(4, name="inside")
    y = L.Dense(4)(x)
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4), Counting(name="counting")], name="inner")
    a, b = Two(name="two")([layer(y), layer(inner(x))])
    return keras.Model(x, [a, L.Dense(1)(b)], name="branches")


def whole():
    model = Whole()
    model(tf.zeros((2, 4)))
    return model


MODELS = {
    "inside": row(lambda: L.Dense(4), lambda: Inside(name="inside"), lambda: L.Dense(2)),
    "counting": row(lambda: L.Dense(4), lambda: Counting(name="counting")),
    "looping": row(lambda: Looping(name="looping"), lambda: L.Dense(2)),
    "lambda": row(lambda: L.Dense(4), lambda: L.Lambda(lambda x: tf.nn.swish(x) * tf.constant([1.0, 2.0, 3.0, 4.0])), lambda: L.Dense(2)),
    "branches": branches,
    "whole": whole,
}
CLASSES = {kind.__name__: kind for kind in (Inside, Counting, Looping, Two)}
DATA = values("data", (6, 4))


def as_list(x):
    return [np.asarray(y) for y in (x if isinstance(x, (list, tuple)) else [x])]


def outputs(model, **more):
    return as_list(model(tf.constant(DATA), **more))


def all_close(found, expected, what):
    assert len(found) == len(expected), f"{what}: {len(found)} outputs, expected {len(expected)}"
    for number, (a, b) in enumerate(zip(found, expected)):
        close(a, b, f"{what}, output {number}")


def losses(model):
    model(tf.constant(DATA))
    return sorted(float(loss) for loss in model.losses)


def trained(model):
    """What three steps make of the variables."""
    model.compile(keras.optimizers.SGD(0.01), "mse")
    targets = [np.ones_like(y) for y in outputs(model)]
    for _ in range(3):
        model.train_on_batch(DATA, targets if len(targets) > 1 else targets[0])
    return {variable.name: variable.numpy() for variable in model.variables}


def served(place):
    return list(in_session(place, DATA).values())


def check(name):
    keras.backend.clear_session()
    keras.utils.set_random_seed(5)
    model = MODELS[name]()
    set_weights(model)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    targets = [np.zeros_like(y) for y in outputs(model)]
    model.train_on_batch(DATA, targets if len(targets) > 1 else targets[0])
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    model.save(PLACE / "theirs", save_format="tf")
    hornfels("convert", PLACE / "theirs", PLACE / "ours")
    hornfels("convert", PLACE / "ours", PLACE / "again")
    for which in ("ours", "again"):
        # Anew, since calls in training change them.
        loaded, theirs = (tf.saved_model.load(str(PLACE / it)) for it in (which, "theirs"))
        for training in (False, True):
            found, expected = (as_list(each(tf.constant(DATA), training=training)) for each in (loaded, theirs))
            all_close(found, expected, f"{which}: tf.saved_model.load, training={training}")
        all_close(served(PLACE / which), served(PLACE / "theirs"), f"{which}: session")
        revived, expected = (keras.models.load_model(PLACE / it) for it in (which, "theirs"))
        all_close(outputs(revived, training=False), outputs(expected, training=False), f"{which}: load_model")
        close(losses(revived), losses(expected), f"{which}: losses")
        flags = [[(v.name, v.trainable) for v in each.variables] for each in (revived, expected)]
        assert flags[0] == flags[1], f"{which}: variables {flags[0]}, expected {flags[1]}"
        found, wanted = trained(revived), trained(expected)
        for path, value in wanted.items():
            close(found[path], value, f"{which}: after training: {path}", 1e-4, 1e-5)
        revived.save(PLACE / "saved", save_format="tf")
        all_close(outputs(keras.models.load_model(PLACE / "saved"), training=False), outputs(revived, training=False), f"{which}: saved again")
        if name != "whole":
            own = keras.models.load_model(PLACE / which, custom_objects=CLASSES)
            all_close(outputs(own, training=False), outputs(model, training=False), f"{which}: with the classes")


def check_h5(name):
    """What `check` left of the model."""
    hornfels("convert", PLACE / "ours", PLACE / "ours.h5")
    found = keras.models.load_model(PLACE / "ours.h5", custom_objects=CLASSES)
    expected = keras.models.load_model(PLACE / "theirs", custom_objects=CLASSES)
    all_close(outputs(found, training=False), outputs(expected, training=False), "h5")


def main():
    report = Report()
    for name in MODELS:
        report.case(name, check, name)
        if name not in ("whole", "lambda"):
            report.case(f"{name}: h5", check_h5, name)
    report.finish(2 * len(MODELS) - 2)


main()
