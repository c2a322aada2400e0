"""The layout of `.weights.h5` between Keras and this crate, both ways.

Keras trains a model, saves it whole, trains on and saves its weights. This crate loads the whole model and
the weights into it: saved whole, it must hold what Keras's own whole file would. It writes the weights
itself: the file must have the same groups, datasets and bytes as Keras's, and Keras must load it into a
model that was made anew, with equal weights, predictions and optimizer.
"""
# oracles: keras2 tf_keras keras3

import h5py
import numpy as np

from _oracle import ORACLE, WRITTEN, Report, keras, same
from _weights import Crate, same_files

keras = keras()
import tensorflow as tf  # noqa: E402

# Faster than graphs for one step of training.
tf.config.run_functions_eagerly(True)
L = keras.layers
K3 = ORACLE == "keras3"
PLACE = WRITTEN / f"weights_by_object.{ORACLE}"
MODELS, NOT_TRAINED = {}, set()


def model(function):
    MODELS[function.__name__] = function
    return function


def as_built(function):
    """One that is not trained: its variables are enough."""
    NOT_TRAINED.add(function.__name__)
    return model(function)


def row(*layers, shape, **how):
    return keras.Sequential([keras.Input(shape, **how), *layers])


@model
def dense():
    return row(L.Dense(5, "relu"), L.Dropout(0.1), L.Dense(4, use_bias=False), L.Dense(2), shape=(3,))


@model
def names_that_differ_from_classes():
    return row(L.Dense(5, name="dense_7"), L.Dense(4, name="dense"), L.Dense(2, name="conv2d"), shape=(3,))


@model
def convolutions():
    return row(L.Conv2D(4, 3, padding="same"), L.BatchNormalization(), L.Conv2D(4, 2), L.DepthwiseConv2D(2),
               L.SeparableConv2D(3, 2), L.Conv2DTranspose(2, 2), L.GlobalAveragePooling2D(), L.Dense(2), shape=(8, 8, 3))


@model
def more_convolutions():
    i = keras.Input((8, 4))
    x = L.Conv1D(4, 3)(i)
    x = L.SeparableConv1D(3, 2)(x)
    x = L.DepthwiseConv1D(2)(x)
    x = L.Conv1DTranspose(4, 3)(x)
    y = L.Reshape((4, 4, 2, 1))(i)
    y = L.Conv3D(3, 2, padding="same")(y)
    y = L.Conv3DTranspose(2, 2)(y)
    return keras.Model(i, L.Concatenate()([L.Flatten()(x), L.Flatten()(y)]))


@model
def eleven_of_a_class():
    return row(*[L.Dense(3) for _ in range(11)], shape=(3,))


@model
def nested():
    inner = row(L.Dense(3), L.BatchNormalization(), L.Dense(4), shape=(4,))
    i = keras.Input((4,))
    deep = L.Dense(4)(L.LayerNormalization()(i))
    deep = keras.Model(i, row(L.Dense(4), shape=(4,))(deep), name="deep")
    j = keras.Input((4,))
    return keras.Model(j, L.Dense(2)(deep(inner(L.Dense(4)(j)))))


@model
def nested_in_a_row():
    return keras.Sequential([keras.Input((4,)), row(L.Dense(3), shape=(4,)), row(L.Dense(3), L.Dense(2), shape=(3,)), L.Dense(1)])


@model
def shared():
    a, b = keras.Input((4,)), keras.Input((4,))
    both = L.Dense(3, name="both")
    inner = row(L.Dense(2), shape=(3,))
    x = L.Add()([inner(both(a)), inner(both(b))])
    return keras.Model([a, b], [L.Dense(1)(x), L.Dense(2)(x)])


@model
def recurrent():
    gru = {} if K3 else {"reset_after": True}
    return row(L.LSTM(3, return_sequences=True), L.GRU(4, return_sequences=True, **gru), L.SimpleRNN(3, return_sequences=True),
               L.LSTM(2, return_sequences=True), L.GRU(3, reset_after=False), L.Dense(2), shape=(5, 3))


@model
def bidirectional():
    other = L.GRU(3, return_sequences=True, go_backwards=True, name="other")
    return row(L.Bidirectional(L.LSTM(3, return_sequences=True)), L.Bidirectional(L.GRU(3, return_sequences=True), backward_layer=other),
               L.Bidirectional(L.SimpleRNN(2), merge_mode="sum"), L.Dense(2), shape=(5, 3))


@model
def cells():
    return row(L.RNN([L.LSTMCell(3), L.GRUCell(4), L.LSTMCell(2)], return_sequences=True), L.RNN(L.SimpleRNNCell(3), return_sequences=True),
               L.Bidirectional(L.RNN(L.LSTMCell(3))), L.Dense(2), shape=(5, 3))


@model
def stateful():
    return row(L.LSTM(3, stateful=True, return_sequences=True), L.GRU(2, stateful=True), L.Dense(2), shape=(5, 3), batch_size=4)


@model
def convolutional_recurrent():
    i = keras.Input((4, 6, 2))
    x = L.ConvLSTM1D(3, 2, return_sequences=True)(i)
    y = L.ConvLSTM2D(2, 2)(L.Reshape((4, 6, 2, 1))(i))
    z = L.Bidirectional(L.ConvLSTM1D(2, 2))(i)
    return keras.Model(i, L.Concatenate()([L.Flatten()(x), L.Flatten()(y), L.Flatten()(z)]))


@as_built
def convolutional_recurrent_3d():
    return row(L.ConvLSTM3D(2, 2), shape=(2, 4, 4, 4, 1))


@model
def time_distributed():
    inner = row(L.Dense(3), L.BatchNormalization(), shape=(4,))
    return row(L.TimeDistributed(L.Dense(4)), L.TimeDistributed(inner), L.TimeDistributed(L.Dense(2)), shape=(5, 4))


@model
def attention():
    i = keras.Input((5, 6))
    x = L.MultiHeadAttention(2, 3)(i, i)
    x = L.LayerNormalization()(L.Add()([x, i]))
    x = L.MultiHeadAttention(3, 2, value_dim=4, use_bias=False)(x, i)
    y = L.Attention(use_scale=True)([x, i])
    z = L.AdditiveAttention()([x, i])
    return keras.Model(i, L.Concatenate()([x, y, z]))


@model
def normalizations():
    return row(L.LayerNormalization(), L.BatchNormalization(scale=False), L.GroupNormalization(2), L.BatchNormalization(center=False),
               L.UnitNormalization(), L.Dense(2), shape=(4,))


@as_built
def spectral():
    return row(L.SpectralNormalization(L.Conv2D(3, 2)), L.Flatten(), L.SpectralNormalization(L.Dense(3)), L.Dense(1), shape=(4, 4, 2))


@model
def embeddings():
    return row(L.Embedding(9, 4), L.EinsumDense("abc,cd->abd", (6, 3), bias_axes="d"), L.PReLU(), L.Flatten(), L.Dense(2), shape=(6,), dtype="int32")


@as_built
def preprocessing():
    i = keras.Input((4,))
    n = L.Normalization()
    n.build((None, 4))
    x = L.Dense(3)(n(i))
    x = L.Rescaling(2.0)(x)
    x = L.CategoryEncoding(5, output_mode="count")(L.Discretization([0.0, 1.0])(x))
    return keras.Model(i, L.Dense(2)(x))


@model
def random_image():
    return row(L.RandomFlip(), L.RandomRotation(0.1), L.RandomZoom(0.1), L.GaussianNoise(0.1), L.Resizing(4, 4), L.Conv2D(2, 2), L.Flatten(),
               L.Dense(1), shape=(6, 6, 3))


@model
def frozen():
    inner = row(L.Dense(3), L.BatchNormalization(), L.Dense(3), shape=(3,))
    inner.layers[0].trainable = False
    norm = L.BatchNormalization(trainable=False)
    dense = L.Dense(3, trainable=False)
    return row(dense, norm, inner, L.Dense(2), shape=(3,))


@model
def frozen_model():
    inner = row(L.Dense(3), L.BatchNormalization(), L.LSTM(2), shape=(5, 3))
    inner.trainable = False
    i = keras.Input((5, 3))
    return keras.Model(i, L.Dense(2)(inner(i)))


@model
def operations():
    i = keras.Input((4,))
    x = L.Dense(4)(i)
    x = x * 2.0 + L.Dense(4)(i)
    x = L.Multiply()([x, L.Dense(4)(x)])
    return keras.Model(i, x)


@as_built
def half_precision():
    return row(L.Dense(3, dtype="float16"), L.Dense(2, dtype="mixed_float16"), L.Dense(1, dtype="float64"), shape=(3,))


@as_built
def subclass_of_nothing_weighted():
    return row(L.Flatten(), L.Reshape((3, 1)), L.MaxPooling1D(), shape=(3, 1))


@model
def stacked_wrappers():
    return row(L.TimeDistributed(L.Bidirectional(L.LSTM(2, return_sequences=True))), L.TimeDistributed(L.TimeDistributed(L.Dense(3))),
               L.TimeDistributed(row(L.Conv1D(2, 2), L.GRU(2), shape=(4, 3))), shape=(3, 4, 2))


if K3:
    @as_built
    def brain_float():
        return row(L.Dense(3, dtype="bfloat16"), L.Dense(2, dtype="mixed_bfloat16"), shape=(3,))

    @model
    def grouped_attention():
        i = keras.Input((5, 6))
        x = L.GroupQueryAttention(3, 4, 2)(i, i)
        return keras.Model(i, L.RMSNormalization()(x))

    @model
    def gated_attention():
        i = keras.Input((5, 6))
        x = L.MultiHeadAttention(2, 3, use_gate=True)(i, i)
        return keras.Model(i, L.GroupQueryAttention(3, 4, 2, use_gate=True)(x, x))

    @as_built
    def quantized():
        found = row(L.Dense(8), L.EinsumDense("ab,bc->ac", 8, bias_axes="c"), L.Dense(8, use_bias=False), shape=(8,))
        found.quantize("int8")
        return found


OPTIMIZERS = {
    "adam": lambda o: o.Adam(0.01, amsgrad=True), "sgd": lambda o: o.SGD(0.01), "momentum": lambda o: o.SGD(0.01, momentum=0.9),
    "rmsprop": lambda o: o.RMSprop(0.01, momentum=0.5, centered=True), "adafactor": lambda o: o.Adafactor(0.01), "nadam": lambda o: o.Nadam(0.01),
    "ftrl": lambda o: o.Ftrl(0.01), "adamw": lambda o: o.AdamW(0.01, use_ema=True), "lion": lambda o: o.Lion(0.01),
    "schedule": lambda o: o.Adam(o.schedules.ExponentialDecay(0.05, 2, 0.5)),
    "loss scale": lambda o: (o if K3 else keras.mixed_precision).LossScaleOptimizer(o.Adam(0.01)),
}


def inputs_of(network):
    for number, tensor in enumerate(network.inputs):
        generator = np.random.default_rng(number)
        shape = (4, *tensor.shape[1:])
        yield generator.integers(0, 9, shape).astype("int32") if "int" in str(tensor.dtype) else generator.random(shape, "float32")


def train(network):
    x = [tf.constant(it) for it in inputs_of(network)]
    x = x if len(x) > 1 else x[0]
    outputs = network(x)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    y = [tf.zeros_like(it) for it in outputs]
    network.train_on_batch(x, y if len(y) > 1 else y[0])


def scramble(network, seed):
    """Other values for all weights."""
    generator = np.random.default_rng(seed)
    network.set_weights([(generator.random(it.shape) * 4).astype(it.dtype) for it in network.get_weights()])


def names(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, it: found.update({name: it.attrs["name"]}) if "name" in it.attrs else None)
    return found


def compiled(build, optimizer):
    keras.backend.clear_session()
    network = build()
    if optimizer:
        network.compile(OPTIMIZERS[optimizer](keras.optimizers), "mse")
        network.optimizer.build(network.trainable_variables)
    return network


def state(network):
    variables = network.optimizer.variables
    return [np.asarray(it) for it in (variables() if callable(variables) else variables)]


def check(crate, name, build, optimizer):
    place = PLACE / name.replace(" ", "_")
    place.mkdir(parents=True)
    whole, weights, later = place / "whole.h5", place / "keras.weights.h5", place / "later.h5"
    network = compiled(build, optimizer)
    if optimizer:
        train(network)
    network.save(whole)
    scramble(network, 1)
    if optimizer:
        train(network)
    network.save_weights(weights)
    network.save(later)

    ours, written = place / "ours.h5", place / "ours.weights.h5"
    crate(model=whole, weights=weights, whole=ours, written=written)
    same_files(ours, later)
    same_files(written, weights, ["metrics/"])
    if K3:
        stored, own = names(weights), names(written)
        wrong = {path: (own[path], stored.get(path)) for path in own if own[path] != stored.get(path) and path != "optimizer/vars"}
        assert not wrong, f"names: {wrong}"

    fresh = compiled(build, optimizer)
    fresh.load_weights(written)
    for index, (found, value) in enumerate(zip(fresh.get_weights(), network.get_weights(), strict=True)):
        same(found, value, f"weight {index}")
    x = list(inputs_of(network))
    x = x if len(x) > 1 else x[0]
    # What a Normalization computes from its variables, it computes when they are loaded.
    network.load_weights(weights)
    for found, value in zip(*(tf.nest.flatten(it(x, training=False)) for it in (fresh, network)), strict=True):
        if name != "stateful":
            same(found, value, "prediction")
    if optimizer:
        for index, (found, value) in enumerate(zip(state(fresh), state(network), strict=True)):
            same(found, value, f"optimizer {index}")


def main():
    report = Report()
    crate = Crate()
    if ORACLE == "tf_keras":
        del MODELS["spectral"]  # tf_keras cannot build it: it makes an InputSpec of another Keras
    for name, build in MODELS.items():
        report.case(name, check, crate, name, build, None if name in NOT_TRAINED else "adam")
    if K3:
        del OPTIMIZERS["adafactor"]  # Keras 3 cannot save it whole: it has variables of one name
    for optimizer in OPTIMIZERS:
        report.case(f"optimizer {optimizer}", check, crate, f"optimizer {optimizer}", MODELS["nested"], optimizer)
    report.finish(len(MODELS) + len(OPTIMIZERS))


main()
