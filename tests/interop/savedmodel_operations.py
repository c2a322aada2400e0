"""Functions of TensorFlow that a model records as layers, converted to a SavedModel: equal numbers.

Keras 2.15 makes a model of each function, saves it as HDF5 and predicts; `hornfels convert` writes the
SavedModel, whose signature, call and revived model must predict the same, for one sample and for seven.
"""
# oracles: keras2
# makes its own files

import numpy as np

from _oracle import Report, keras
from _savedmodel import as_list, in_order, nearly, one_or_list, save_and_convert, signature_call

keras = keras()
import tensorflow as tf  # noqa: E402

K, A = keras.backend, keras.activations

# x and y: (batch, 4, 3), not negative; i: integers of that shape.
FUNCTIONS = {
    "x + 1": lambda x, y, i: x + 1,
    "1 - x": lambda x, y, i: 1 - x,
    "x * y": lambda x, y, i: x * y,
    "y - x": lambda x, y, i: y - x,
    "2 / (x + 1)": lambda x, y, i: 2.0 / (x + 1),
    "i / 2": lambda x, y, i: i / 2,
    "i + 2": lambda x, y, i: i + 2,
    "i // 2": lambda x, y, i: i // 2,
    "x // 0.5": lambda x, y, i: x // 0.5,
    "i % 3": lambda x, y, i: i % 3,
    "x ** 2": lambda x, y, i: x**2,
    "-x": lambda x, y, i: -x,
    "abs": lambda x, y, i: abs(x - 1),
    "x + [1, 2, 3]": lambda x, y, i: x + tf.constant([1.0, 2.0, 3.0]),
    "maximum": lambda x, y, i: tf.maximum(x, 0.5),
    "minimum": lambda x, y, i: tf.minimum(x, y),
    "squared_difference": lambda x, y, i: tf.math.squared_difference(x, y),
    "divide_no_nan": lambda x, y, i: tf.math.divide_no_nan(x, y),
    "add_n": lambda x, y, i: tf.add_n([x, y]),
    "x[:, 1]": lambda x, y, i: x[:, 1],
    "x[:, -1]": lambda x, y, i: x[:, -1],
    "x[..., ::-1]": lambda x, y, i: x[..., ::-1],
    "x[:, None, 1:3]": lambda x, y, i: x[:, None, 1:3],
    "x[:, :-1, 0]": lambda x, y, i: x[:, :-1, 0],
    "reshape": lambda x, y, i: tf.reshape(x, [-1, 12]),
    "reshape to a computed shape": lambda x, y, i: tf.reshape(x, (tf.shape(x)[0], 2, 6)),
    "reshape to a computed shape with -1": lambda x, y, i: tf.reshape(x, (tf.shape(x)[0], -1)),
    "concat": lambda x, y, i: tf.concat([x, y], -1),
    "concat axis 1": lambda x, y, i: tf.concat([x, y, x], axis=1),
    "stack": lambda x, y, i: tf.stack([x, y], 1),
    "split": lambda x, y, i: tf.split(x, 2, axis=1),
    "split by sizes": lambda x, y, i: tf.split(x, [1, 3], axis=1),
    "unstack": lambda x, y, i: tf.unstack(x, axis=2),
    "expand_dims": lambda x, y, i: tf.expand_dims(x, -1),
    "squeeze": lambda x, y, i: tf.squeeze(tf.expand_dims(x, 1), [1]),
    "transpose": lambda x, y, i: tf.transpose(x, [0, 2, 1]),
    "tile": lambda x, y, i: tf.tile(x, [1, 2, 1]),
    "pad": lambda x, y, i: tf.pad(x, [[0, 0], [1, 2], [0, 1]]),
    "pad with 2": lambda x, y, i: tf.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=2.0),
    "pad by reflection": lambda x, y, i: tf.pad(x, [[0, 0], [1, 2], [0, 1]], mode="REFLECT"),
    "gather": lambda x, y, i: tf.gather(x, [0, 2, 1], axis=1),
    "one_hot": lambda x, y, i: tf.one_hot(i, 7),
    "cumsum": lambda x, y, i: tf.cumsum(x, 1),
    "cumsum, reversed": lambda x, y, i: tf.cumsum(x, 2, exclusive=True, reverse=True),
    "reverse": lambda x, y, i: tf.reverse(x, [1]),
    "roll": lambda x, y, i: tf.roll(x, 1, 1),
    "cast to float64": lambda x, y, i: tf.cast(x, tf.float64),
    "cast to int32": lambda x, y, i: tf.cast(x * 3, "int32"),
    "cast of a condition": lambda x, y, i: tf.cast(x > y, tf.float32),
    "where": lambda x, y, i: tf.where(x > y, x, -y),
    "where, a number": lambda x, y, i: tf.where(x > 0.5, x, 0.25),
    "logical": lambda x, y, i: tf.cast(tf.logical_and(x > y, tf.logical_not(x > 1.0)), tf.int32),
    "comparison": lambda x, y, i: tf.cast(tf.equal(i, 2), tf.float32) + tf.cast(i <= 1, tf.float32),
    "clip_by_value": lambda x, y, i: tf.clip_by_value(x, 0.2, 0.9),
    "reduce_mean": lambda x, y, i: tf.reduce_mean(x, axis=[1]),
    "reduce_mean, kept": lambda x, y, i: tf.reduce_mean(x, axis=(1, 2), keepdims=True),
    "reduce_sum": lambda x, y, i: tf.reduce_sum(x, -1),
    "reduce_max": lambda x, y, i: tf.reduce_max(x, 1),
    "reduce_min": lambda x, y, i: tf.reduce_min(x, 1),
    "reduce_prod": lambda x, y, i: tf.reduce_prod(x, 1),
    "reduce_any": lambda x, y, i: tf.cast(tf.reduce_any(x > 1.5, 1), tf.float32),
    "reduce_all": lambda x, y, i: tf.cast(tf.reduce_all(x > 0.1, 1), tf.float32),
    "reduce_std": lambda x, y, i: tf.math.reduce_std(x, 1),
    "reduce_variance": lambda x, y, i: tf.math.reduce_variance(x, 1),
    "reduce_logsumexp": lambda x, y, i: tf.reduce_logsumexp(x, 1),
    "argmax": lambda x, y, i: tf.argmax(x, -1),
    "argmin as int32": lambda x, y, i: tf.argmin(x, 1, output_type=tf.int32),
    "matmul": lambda x, y, i: tf.matmul(x, y, transpose_b=True),
    "matmul, turned": lambda x, y, i: tf.matmul(x, y, transpose_a=True),
    "matmul with a constant": lambda x, y, i: x[:, 0] @ tf.constant([[1.0], [2.0], [3.0]]),
    "l2_normalize": lambda x, y, i: tf.math.l2_normalize(x, -1),
    "relu": lambda x, y, i: tf.nn.relu(x - 1),
    "relu6": lambda x, y, i: tf.nn.relu6(x * 5),
    "leaky_relu": lambda x, y, i: tf.nn.leaky_relu(x - 1, 0.1),
    "elu": lambda x, y, i: tf.nn.elu(x - 1),
    "selu": lambda x, y, i: tf.nn.selu(x - 1),
    "gelu": lambda x, y, i: tf.nn.gelu(x - 1),
    "gelu, approximately": lambda x, y, i: tf.nn.gelu(x - 1, approximate=True),
    "silu": lambda x, y, i: tf.nn.silu(x - 1),
    "sigmoid": lambda x, y, i: tf.sigmoid(x),
    "tanh": lambda x, y, i: tf.tanh(x),
    "softplus": lambda x, y, i: tf.math.softplus(x),
    "softsign": lambda x, y, i: tf.nn.softsign(x),
    "softmax": lambda x, y, i: tf.nn.softmax(x),
    "softmax along 1": lambda x, y, i: tf.nn.softmax(x, axis=1),
    "log_softmax along 1": lambda x, y, i: tf.nn.log_softmax(x, axis=1),
    "bias_add": lambda x, y, i: tf.nn.bias_add(x, tf.constant([1.0, 2.0, 3.0])),
    "exp, log, sqrt": lambda x, y, i: tf.sqrt(tf.exp(x) + tf.math.log(y + 2)),
    "rsqrt": lambda x, y, i: tf.math.rsqrt(x + 1),
    "erf": lambda x, y, i: tf.math.erf(x),
    "floor, ceil, round": lambda x, y, i: tf.floor(x * 3) + tf.math.ceil(x * 3) * 10 + tf.round(x * 3) * 100,
    "sin, cos, tan": lambda x, y, i: tf.sin(x) + tf.cos(x) * 2 + tf.tan(x * 0.5) * 3,
    "sign": lambda x, y, i: tf.sign(x - 1),
    "zeros and ones": lambda x, y, i: tf.zeros_like(x) + tf.ones_like(x) * x,
    "identity, stop_gradient": lambda x, y, i: tf.identity(tf.stop_gradient(x)),
    "resize": lambda x, y, i: tf.image.resize(tf.expand_dims(x, -1), (8, 5)),
    "resize to the nearest": lambda x, y, i: tf.image.resize(tf.expand_dims(x, -1), (8, 5), method="nearest"),
    "Keras's mean": lambda x, y, i: K.mean(x, axis=1),
    "Keras's sum": lambda x, y, i: K.sum(x * y, axis=-1, keepdims=True),
    "Keras's softmax": lambda x, y, i: K.softmax(x),
    "Keras's gelu": lambda x, y, i: A.gelu(x),
    "Keras's hard_sigmoid": lambda x, y, i: A.hard_sigmoid(x * 4 - 2),
    "Keras's l2_normalize": lambda x, y, i: K.l2_normalize(x, axis=1),
}


def feed(batch):
    random = np.random.default_rng(batch)
    shape = (batch, 4, 3)
    return [random.random(shape, dtype="float32") * 2, random.random(shape, dtype="float32") * 2, random.integers(0, 6, shape, dtype="int32")]


def model_of(functions):
    keras.backend.clear_session()
    inputs = [keras.Input((4, 3), name=name, dtype=dtype) for name, dtype in (("x", "float32"), ("y", "float32"), ("i", "int32"))]
    outputs, names = [], []
    for name, function in functions.items():
        for number, y in enumerate(as_list(function(*inputs))):
            outputs.append(y)
            names.append(f"{name}, output {number}")
    return keras.Model(inputs, outputs), names


def check(functions, place):
    model, names = model_of(functions)
    converted = save_and_convert(model, place)
    loaded, revived = tf.saved_model.load(str(converted)), keras.models.load_model(converted)
    for batch in (1, 7):
        data = [tf.constant(x) for x in feed(batch)]
        expected = as_list(model(data, training=False))
        ways = {
            "serving_default": lambda x: signature_call(loaded, model, x),
            "loaded(x)": lambda x: loaded(one_or_list(x)),
            "load_model": lambda x: revived(x, training=False),
        }
        for way, call in ways.items():
            found = in_order(call(data), model)
            for name, a, b in zip(names, found, expected, strict=True):
                nearly(a, b, f"{name}, {way}, batch of {batch}")


def main():
    report = Report()
    # Together first, since each model takes seconds; one by one to find what is wrong.
    try:
        check(FUNCTIONS, "operations")
        report.passed += len(FUNCTIONS)
    except Exception as error:
        print(f"together: {str(error)[:600]}", flush=True)
        for number, (name, function) in enumerate(FUNCTIONS.items()):
            report.case(name, check, {name: function}, f"operation{number}")
    report.finish(len(FUNCTIONS))


main()
