"""Models for TensorFlow to save as directories: one layer each, for all cases, and layers of other families."""

import hashlib

import numpy as np

from _matrix import CASES
from _optimizers import OPTIMIZERS
from _oracle import keras
from _savedmodel import feed, one_or_list, set_weights

keras = keras()
L = keras.layers


class Saved:
    """A model that was compiled and, where there is something to train, trained for two steps."""

    def __init__(self, label, make, optimizer):
        self.label, self.make, self.optimizer = f"{label}, {optimizer}", make, optimizer
        self.order = hashlib.sha1(self.label.encode()).hexdigest()

    def build(self):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        self.model, self.data = self.make()
        self.model.compile(OPTIMIZERS[self.optimizer](), "mse")
        if self.model.trainable_variables and all(x.dtype.is_floating for x in self.model.outputs):
            targets = [np.zeros_like(y) for y in self.outputs(self.model)]
            for _ in range(2):
                self.model.train_on_batch(one_or_list(self.data), one_or_list(targets))
        return self.model

    def outputs(self, model):
        found = model(one_or_list(self.data), training=False)
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        return [np.asarray(x) for x in found]


def of_case(case):
    def make():
        inputs, outputs = case.build("c")
        model = keras.Model(inputs, outputs, name="one")
        set_weights(model)
        return model, [feed(x, size, 3, 0, case.kind == "Embedding") for x, size in zip(model.inputs, case.sizes, strict=True)]

    return make


def of_layers(shape, *layers, dtype="float32", functional=False):
    """A row of layers, made anew each time."""

    def make():
        x = keras.Input(shape, dtype=dtype)
        made = [layer() for layer in layers]
        if functional:
            y = x
            for layer in made:
                y = layer(y)
            model = keras.Model(x, y, name="row")
        else:
            model = keras.Sequential([x, *made], name="row")
        set_weights(model)
        return model, [feed(model.inputs[0], shape, 2)]

    return make


def attention():
    a, b = keras.Input((4, 6), name="a"), keras.Input((3, 6), name="b")
    y = L.MultiHeadAttention(2, 3, value_dim=2, name="heads")(a, b)
    y = L.Attention(use_scale=True, name="dot")([y, b])
    y = L.AdditiveAttention(name="sum")([y, b])
    model = keras.Model([a, b], y, name="attention")
    set_weights(model)
    return model, [feed(x, size, 2) for x, size in zip(model.inputs, ((4, 6), (3, 6)))]


def by_name():
    """Layers that Keras lists otherwise once it has loaded the model: arguments with names go by these."""
    a, b, c = (keras.Input((3, 6), name=name) for name in "abc")
    value, mask = L.Dense(3, name="value")(b), L.Dense(3, activation="sigmoid", name="mask")(c)
    y = L.MultiHeadAttention(2, 3, name="heads")(L.Dense(6, name="query")(a), value, attention_mask=mask)
    model = keras.Model([a, b, c], y, name="by_name")
    set_weights(model)
    return model, [feed(x, (3, 6), 2, seed) for seed, x in enumerate(model.inputs)]


def by_name_inside():
    """The same in another model, trained or not, with statistics before and behind."""
    (inner, feeds), x = by_name(), [keras.Input((3, 6)) for _ in range(3)]
    frozen = keras.models.clone_model(inner)
    frozen._name, frozen.trainable = "frozen", False
    y = L.BatchNormalization()(inner([L.BatchNormalization()(x[0]), *x[1:]]))
    model = keras.Model(x, L.Dense(2)(frozen([y, *x[1:]])), name="outer")
    set_weights(model)
    return model, feeds


def shared():
    """A layer, and a model, that are called twice; one of them is also in another model."""
    inner_x = keras.Input((5,))
    dense = L.Dense(5, activation="tanh", name="shared")
    inner = keras.Model(inner_x, L.BatchNormalization(name="norm")(dense(inner_x)), name="inner")
    deep = keras.Sequential([keras.Input((5,)), inner, L.Dense(5, name="last")], name="deep")
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    y = L.Add()([inner(a), inner(dense(b)), deep(a)])
    model = keras.Model([a, b], [y, deep(y)], name="sharing")
    set_weights(model)
    return model, [feed(x, (5,), 2, seed) for seed, x in enumerate(model.inputs)]


def frozen():
    inner = keras.Sequential([keras.Input((5,)), L.Dense(4, name="d"), L.BatchNormalization(name="n"), L.Dense(3, name="e")], name="inner")
    inner.trainable = False
    model = keras.Sequential([keras.Input((5,)), L.BatchNormalization(trainable=False), inner, L.Dense(2), L.BatchNormalization()], name="frozen")
    set_weights(model)
    return model, [feed(model.inputs[0], (5,), 2)]


OTHERS = {
    "LSTM": of_layers((6, 3), lambda: L.LSTM(4)),
    "LSTM masked": of_layers((6, 3), lambda: L.Masking(), lambda: L.LSTM(4, return_sequences=True, implementation=1)),
    "stacked LSTM, functional": of_layers((6, 3), lambda: L.LSTM(4, return_sequences=True), lambda: L.LSTM(2, go_backwards=True), functional=True),
    "GRU": of_layers((6, 3), lambda: L.GRU(4, dropout=0.1)),
    "GRU reset before": of_layers((6, 3), lambda: L.GRU(4, reset_after=False)),
    "SimpleRNN": of_layers((6, 3), lambda: L.SimpleRNN(4, activation="relu")),
    "RNN of cells": of_layers((6, 3), lambda: L.RNN([L.LSTMCell(4), L.GRUCell(3), L.SimpleRNNCell(2)])),
    "RNN of a cell": of_layers((6, 3), lambda: L.RNN(L.GRUCell(3), return_sequences=True)),
    "Bidirectional": of_layers((6, 3), lambda: L.Bidirectional(L.LSTM(4, return_sequences=True)), lambda: L.Bidirectional(L.GRU(2), merge_mode="sum")),
    "Bidirectional of two": of_layers((6, 3), lambda: L.Bidirectional(L.GRU(4), backward_layer=L.LSTM(4, go_backwards=True))),
    "ConvLSTM1D": of_layers((4, 6, 2), lambda: L.ConvLSTM1D(3, 3)),
    "ConvLSTM2D": of_layers((3, 6, 6, 2), lambda: L.ConvLSTM2D(3, 3), functional=True),
    "TimeDistributed": of_layers((4, 6), lambda: L.TimeDistributed(L.Dense(3))),
    "TimeDistributed model": of_layers((4, 6), lambda: L.TimeDistributed(keras.Sequential([keras.Input((6,)), L.Dense(3), L.BatchNormalization()], name="inner"))),
    "attention": attention,
    "shared": shared,
    "frozen": frozen,
    **{f"by name, {number}": by_name for number in range(7)},
    **{f"by name, inside, {number}": by_name_inside for number in range(3)},
}
# Which directories Keras does not load, whoever wrote them: a layer in two models is made twice.
LOST_BY_KERAS = ("shared",)


def models():
    """All of them, each with an optimizer of its own."""
    made = {case.label: of_case(case) for case in CASES if case.kind not in ("InputLayer",)}
    names = list(OPTIMIZERS)
    # Those of a class follow each other: each gets another optimizer.
    found = [(case.kind, case.label) for case in CASES if case.label in made]
    listed = [Saved(label, made[label], names[index % len(names)]) for index, (_, label) in enumerate(found)]
    kinds = [kind for kind, _ in found]
    others = [Saved(label, make, names[index % len(names)]) for index, (label, make) in enumerate(OTHERS.items())]
    return list(zip(kinds, listed)), [("others", other) for other in others]
