"""Functions of TensorFlow that a model records as layers, converted to a SavedModel: equal numbers.

Keras 2.15 makes a model of each function, saves it as HDF5 and predicts; `hornfels convert` writes the
SavedModel, whose signature, call and revived model must predict the same, for one sample and for seven. Likewise
with nodes of graphs, the form that TensorFlow 2.0 to 2.3 recorded.
"""
# oracles: keras2
# makes its own files

import itertools
from pathlib import Path

import numpy as np

from _oracle import Report, keras
from _savedmodel import as_list, in_order, nearly, one_or_list, save_and_convert, signature_call

keras = keras()
import tensorflow as tf  # noqa: E402
from keras.src.engine.base_layer import TensorFlowOpLayer  # noqa: E402

K, A = keras.backend, keras.activations
ROOT = Path(__file__).resolve().parents[2]

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
    "arccosine and others": lambda x, y, i: tf.acos(x * 0.4) + tf.asin(y * 0.4) + tf.atan(x) + tf.atan2(x, y + 1),
    "hyperbolic": lambda x, y, i: tf.sinh(x) + tf.cosh(y) + tf.asinh(x) + tf.acosh(y + 1) + tf.atanh(x * 0.4),
    "atan2, turned": lambda x, y, i: tf.atan2(y + 2, x),
    "expm1, log1p": lambda x, y, i: tf.math.expm1(x) + tf.math.log1p(y),
    "erfc, lgamma": lambda x, y, i: tf.math.erfc(x) + tf.math.lgamma(y + 0.5),
    "rint": lambda x, y, i: tf.math.rint(x * 3),
    "is_finite and others": lambda x, y, i: tf.cast(tf.math.is_finite(x), tf.float32)
    + tf.cast(tf.math.is_inf(1 / (x - x)), tf.float32) * 2
    + tf.cast(tf.math.is_nan(y), tf.float32) * 4,
    "negative, reciprocal, square": lambda x, y, i: tf.negative(tf.math.reciprocal(x + 1)) + tf.square(y),
    "log_sigmoid": lambda x, y, i: tf.math.log_sigmoid(x - 1),
    "xlogy and others": lambda x, y, i: tf.math.xlogy(x, y + 1) + tf.math.xlog1py(x, y) + tf.math.xdivy(x, y + 1),
    "floordiv, floormod": lambda x, y, i: tf.math.floordiv(x * 5, y + 1) + tf.math.mod(x * 5, y + 1),
    "realdiv, div": lambda x, y, i: tf.realdiv(x, y + 1) + tf.compat.v1.div(y, x + 1),
    "pow of tensors": lambda x, y, i: tf.pow(x + 1, y),
    "greater and others": lambda x, y, i: [
        tf.cast(c, tf.int32)
        for c in (tf.greater(x, y), tf.greater_equal(x, y), tf.less(x, y), tf.less_equal(x, y), tf.not_equal(i, 2))
    ],
    "logical_or": lambda x, y, i: tf.cast(tf.logical_or(x > 1.5, y > 1.5), tf.float32),
    "saturate_cast": lambda x, y, i: tf.saturate_cast(x, tf.float64),
    "dropout of nothing": lambda x, y, i: tf.nn.dropout(x, 0.0),
    "shape, rank": lambda x, y, i: x * tf.cast(tf.shape(x)[1] + tf.rank(x), tf.float32),
    "gather of each sample": lambda x, y, i: tf.gather(x, i[:, :, 0] % 4, axis=1, batch_dims=1),
    "gather, computed": lambda x, y, i: tf.gather(x, i[0, :, 0] % 4, axis=1),
    "gather_nd": lambda x, y, i: tf.gather_nd(tf.transpose(x, [1, 2, 0]), [[1, 0], [3, 2]]),
    "cumprod": lambda x, y, i: tf.math.cumprod(x, 1),
    "repeat": lambda x, y, i: tf.repeat(x, 2, axis=1),
    "repeat, each": lambda x, y, i: tf.repeat(x, [2, 0, 1], axis=2),
    "broadcast_to": lambda x, y, i: tf.broadcast_to(x[:, :1], (tf.shape(x)[0], 5, 3)),
    "slice": lambda x, y, i: tf.slice(x, [0, 1, 0], [-1, 2, 2]),
    "norm": lambda x, y, i: tf.norm(x, axis=1),
    "norm, kept": lambda x, y, i: tf.norm(x, axis=[1, 2], keepdims=True),
    "reduce_euclidean_norm": lambda x, y, i: tf.math.reduce_euclidean_norm(x, -1),
    "top_k": lambda x, y, i: tf.math.top_k(x, 2),
    "logical_xor": lambda x, y, i: tf.cast(tf.math.logical_xor(x > 1, y > 1), tf.float32),
    "moments": lambda x, y, i: tf.nn.moments(x, [1]),
    "max_pool2d": lambda x, y, i: tf.nn.max_pool2d(x[..., None], 2, 2, "SAME"),
    "max_pool3d": lambda x, y, i: tf.nn.max_pool3d(x[:, :, :, None, None], [2, 2, 1], 1, "VALID"),
    "avg_pool2d": lambda x, y, i: tf.nn.avg_pool2d(x[..., None], [2, 3], [1, 2], "SAME"),
    "avg_pool3d": lambda x, y, i: tf.nn.avg_pool3d(x[:, :, :, None, None], [2, 2, 1], 1, "VALID"),
    "depth_to_space": lambda x, y, i: tf.nn.depth_to_space(tf.reshape(x, [-1, 1, 3, 4]), 2),
    "space_to_depth": lambda x, y, i: tf.nn.space_to_depth(x[:, :, :2, None], 2),
    "flip": lambda x, y, i: tf.image.flip_left_right(x[..., None]) + tf.image.flip_up_down(x[..., None]) * 2,
    "Keras's dot and batch_dot": lambda x, y, i: [K.batch_dot(x, y, axes=2), K.std(x, axis=1)],
    "Keras's repeat_elements": lambda x, y, i: K.repeat_elements(x, 2, 1),
    "Keras's relu with a limit": lambda x, y, i: A.relu(x, max_value=1.0),
    "Keras's sqrt": lambda x, y, i: K.sqrt(x),
}


def node(operation, inputs, constants=None, **attributes):
    """A node of a graph as TensorFlow 2.0 to 2.3 recorded it as a layer."""
    count = len(as_list(inputs)) + len(constants or {})
    kinds = {"T": {"type": "DT_FLOAT"}, **attributes}
    names = [f"input_{place}" for place in range(count)]
    definition = {"name": operation, "op": operation, "input": names, "attr": {k: v for k, v in kinds.items() if v}}
    return TensorFlowOpLayer(definition, f"{operation}_{next(NUMBER)}", constants)(inputs)


INT, NUMBER = {"type": "DT_INT32"}, itertools.count()
AXIS = {"Tidx": INT}

NODES = {
    "Relu": lambda x, y, i: node("Relu", x),
    "LeakyRelu": lambda x, y, i: node("LeakyRelu", x, alpha={"f": 0.3}),
    "AddV2": lambda x, y, i: node("AddV2", [x, y]),
    "Mul by a constant": lambda x, y, i: node("Mul", x, {1: 2.0}),
    "Sub from a constant": lambda x, y, i: node("Sub", x, {0: 1.0}),
    "RealDiv by a list": lambda x, y, i: node("RealDiv", x, {1: [1.0, 2.0, 3.0]}),
    "Cast": lambda x, y, i: node("Cast", i, T=None, SrcT=INT, DstT={"type": "DT_FLOAT"}),
    "Mean": lambda x, y, i: node("Mean", x, {1: [1]}, **AXIS, keep_dims={"b": True}),
    "Sum": lambda x, y, i: node("Sum", x, {1: -1}, **AXIS),
    "ArgMax": lambda x, y, i: node("ArgMax", x, {1: 1}, **AXIS),
    "Reshape": lambda x, y, i: node("Reshape", x, {1: [-1, 12]}, Tshape=INT),
    "ExpandDims": lambda x, y, i: node("ExpandDims", x, {1: -1}, Tdim=INT),
    "Squeeze": lambda x, y, i: node("Squeeze", x[:, :1], squeeze_dims={"list": {"i": ["1"]}}),
    "Transpose": lambda x, y, i: node("Transpose", x, {1: [0, 2, 1]}, Tperm=INT),
    "ConcatV2": lambda x, y, i: node("ConcatV2", [x, y], {2: -1}, N={"i": "2"}, **AXIS),
    "Pack": lambda x, y, i: node("Pack", [x, y], N={"i": "2"}, axis={"i": "1"}),
    "Tile": lambda x, y, i: node("Tile", x, {1: [1, 2, 1]}, Tmultiples=INT),
    "Pad": lambda x, y, i: node("Pad", x, {1: [[0, 0], [1, 2], [0, 0]]}, Tpaddings=INT),
    "BatchMatMulV2": lambda x, y, i: node("BatchMatMulV2", [x, y], adj_y={"b": True}),
    "BatchMatMul": lambda x, y, i: node("BatchMatMul", [x, y], adj_x={"b": True}),
    "GatherV2": lambda x, y, i: node("GatherV2", x, {1: [0, 1], 2: 1}, T=None, Tparams={"type": "DT_FLOAT"}, Taxis=INT, Tindices=INT),
    "MaxPool": lambda x, y, i: node(
        "MaxPool",
        x[..., None],
        ksize={"list": {"i": ["1", "2", "3", "1"]}},
        strides={"list": {"i": ["1", "2", "2", "1"]}},
        padding={"s": "U0FNRQ=="},
    ),
    "ResizeBilinear": lambda x, y, i: node("ResizeBilinear", x[..., None], {1: [8, 5]}, half_pixel_centers={"b": True}),
    "StridedSlice": lambda x, y, i: node(
        "StridedSlice", x, {1: [0, 1], 2: [0, 3], 3: [1, 1]}, Index=INT, begin_mask={"i": "1"}, end_mask={"i": "1"}
    ),
    "StridedSlice of one": lambda x, y, i: node(
        "StridedSlice", x, {1: [0, 2], 2: [0, 3], 3: [1, 1]}, Index=INT, begin_mask={"i": "1"}, end_mask={"i": "1"}, shrink_axis_mask={"i": "2"}
    ),
    "Split": lambda x, y, i: node("Split", x, {0: 1}, num_split={"i": "2"}),
    "Unpack": lambda x, y, i: node("Unpack", x, num={"i": "3"}, axis={"i": "2"}),
    "Slice": lambda x, y, i: node("Slice", x, {1: [0, 1, 0], 2: [-1, 2, 2]}, Index=INT),
    "TopKV2": lambda x, y, i: node("TopKV2", x, {1: 2}),
    "OneHot": lambda x, y, i: node("OneHot", i, {1: 7, 2: 1.0, 3: 0.0}, axis={"i": "-1"}, TI=INT),
}


def listed():
    """The functions that `spec/layers.md` lists."""
    spec = (ROOT / "spec/layers.md").read_text()
    table = spec.split("<!-- functions: begin -->")[1].split("<!-- functions: end -->")[0]
    return set(table.split("`")[1::2])


def recorded(model):
    """The functions that a model has as layers."""
    names = {layer.get_config().get("function", "").removeprefix("compat.v1.") for layer in model.layers}
    return {name if name.startswith("image.") else name.rsplit(".", 1)[-1] for name in names}


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
    loaded, revived = tf.saved_model.load(str(converted)), keras.models.load_model(converted, custom_objects={"TensorFlowOpLayer": TensorFlowOpLayer})
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


def every_function_has_a_case():
    missing = listed() - recorded(model_of(FUNCTIONS)[0])
    assert not missing, f"no case has {sorted(missing)}"


def main():
    report = Report()
    report.case("every function of the specification", every_function_has_a_case)
    for what, cases in {"functions": FUNCTIONS, "nodes": NODES}.items():
        # Together first, since each model takes seconds; one by one to find what is wrong.
        try:
            check(cases, what)
            report.passed += len(cases)
        except Exception as error:
            print(f"together: {str(error)[:600]}", flush=True)
            for number, (name, case) in enumerate(cases.items()):
                report.case(name, check, {name: case}, f"{what}{number}")
    report.finish(1 + len(FUNCTIONS) + len(NODES))


main()
