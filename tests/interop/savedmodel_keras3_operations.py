"""Operations of Keras 3, such as `x + y` or `keras.ops.mean(x)`, in models for Keras 2: equal numbers.

Keras 3 makes a model of every operation that `spec/keras_config.md` lists, saves it as HDF5 and computes with one
sample and with seven. `hornfels convert` writes a SavedModel, whose signature and call must give the same, also as a
`TFSMLayer`, and an HDF5 file of Keras 2. Keras 2.15 and tf_keras then load both and must give the same.
"""
# oracles: keras3 keras2 tf_keras
# makes its own files

import json
from pathlib import Path

import numpy as np

from _oracle import ORACLE, WRITTEN, Report, hornfels, keras
from _savedmodel import ONLY, as_list, nearly

keras = keras()
import tensorflow as tf  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PLACE = WRITTEN / "keras3_operations"
INPUTS = {"x": "float32", "y": "float32", "i": "int32", "h": "float16", "b": "bool"}
# Keras 2 computes the parts of products in other places.
PRODUCTS = 3e-5


def functions(ops, activations):
    """By name, what is computed of x and y (batch, 4, 3), i and h of that shape, b of conditions."""
    table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float32")
    row = np.array([1.0, 2.0, 3.0], "float32")
    return {
        "x + y": lambda x, y, i, h, b: x + y,
        "x + 1": lambda x, y, i, h, b: x + 1,
        "1 - x": lambda x, y, i, h, b: 1 - x,
        "2 / (x + 1)": lambda x, y, i, h, b: 2 / (x + 1),
        "i + x": lambda x, y, i, h, b: i + x,
        "i + 1.5": lambda x, y, i, h, b: i + 1.5,
        "i / 2": lambda x, y, i, h, b: i / 2,
        "i // 2": lambda x, y, i, h, b: i // 2,
        "x // 0.3": lambda x, y, i, h, b: x // 0.3,
        "i % 3": lambda x, y, i, h, b: i % 3,
        "x ** 2": lambda x, y, i, h, b: x**2,
        "2 ** i": lambda x, y, i, h, b: 2**i,
        "i ** 2": lambda x, y, i, h, b: i**2,
        "-x": lambda x, y, i, h, b: -x,
        "abs": lambda x, y, i, h, b: [abs(x), abs(i), ops.abs(b), ops.absolute(x), ops.fabs(i)],
        "b + 1": lambda x, y, i, h, b: b + 1,
        "b * x": lambda x, y, i, h, b: b * x,
        "h + 1": lambda x, y, i, h, b: h + 1,
        "1 - h": lambda x, y, i, h, b: 1 - h,
        "2 / (h + 3)": lambda x, y, i, h, b: 2 / (h + 3),
        "h * x": lambda x, y, i, h, b: h * x,
        "i * h": lambda x, y, i, h, b: i * h,
        "x + row": lambda x, y, i, h, b: x + row,
        "row - x": lambda x, y, i, h, b: ops.subtract(row, x),
        "row * h": lambda x, y, i, h, b: ops.multiply(row, h),
        "maximum": lambda x, y, i, h, b: [ops.maximum(x, 0.5), ops.minimum(x, y), ops.maximum(i, 2)],
        "fmax": lambda x, y, i, h, b: [ops.fmax(ops.log(x), y), ops.fmin(y, ops.log(x)), ops.fmax(i, 2)],
        "divide_no_nan": lambda x, y, i, h, b: ops.divide_no_nan(x, y - y),
        "true_divide": lambda x, y, i, h, b: [ops.true_divide(i, 4), ops.divide(x, y + 9)],
        "mod": lambda x, y, i, h, b: [ops.mod(i, 3), ops.mod(x, 0.7), x % 0.7],
        "comparison": lambda x, y, i, h, b: [x > y, x >= 0.5, x < i, i <= 2, ops.equal(i, 2), ops.not_equal(i, 2.0), h > 0.1, 1 > x],
        "logical": lambda x, y, i, h, b: [ops.logical_and(b, i), ops.logical_or(x > y, b), ops.logical_not(b), ops.logical_xor(b, x > 0), b & (x > 0)],
        "where": lambda x, y, i, h, b: [ops.where(x > y, x, y), ops.where(b, x, 0.5), ops.where(b, 1, h), ops.where(i, i, 2.5), ops.where(b, 1.0, 0.0)],
        "clip": lambda x, y, i, h, b: [ops.clip(x, -0.5, 1), ops.clip(i, 1, 3)],
        "cast": lambda x, y, i, h, b: [ops.cast(x * 3, "int32"), ops.cast(b, "float32"), ops.cast(i, "float16"), ops.cast(x, "float32")],
        "saturate_cast": lambda x, y, i, h, b: ops.saturate_cast(h, "float64"),
        "convert_to_tensor": lambda x, y, i, h, b: ops.convert_to_tensor(x),
        "exp": lambda x, y, i, h, b: [ops.exp(x), ops.exp(i), ops.expm1(x), ops.exp2(x), ops.exp2(i)],
        "log": lambda x, y, i, h, b: [ops.log(x * x + 1), ops.log1p(x * x), ops.log2(i + 1), ops.log10(x * x + 1)],
        "logaddexp": lambda x, y, i, h, b: ops.logaddexp(x, y),
        "sqrt": lambda x, y, i, h, b: [ops.sqrt(x * x), ops.sqrt(i), ops.rsqrt(x * x + 1), ops.square(x), ops.square(b), ops.cbrt(x)],
        "reciprocal": lambda x, y, i, h, b: [ops.reciprocal(x + 9), ops.negative(x), ops.sign(x), ops.sign(i), ops.copy(x)],
        "rounding": lambda x, y, i, h, b: [ops.floor(x * 3), ops.ceil(x * 3), ops.round(x * 3), ops.round(x, 1), ops.trunc(x * 3), ops.floor(i)],
        "trigonometry": lambda x, y, i, h, b: [ops.sin(x), ops.cos(x), ops.tan(x * 0.3), ops.sin(i), ops.sinc(x), ops.cos(h)],
        "inverse trigonometry": lambda x, y, i, h, b: [ops.arcsin(x * 0.2), ops.arccos(x * 0.2), ops.arctan(x), ops.arctan2(x, y), ops.arctan2(x, 2)],
        "hyperbolic": lambda x, y, i, h, b: [ops.sinh(x), ops.cosh(x), ops.tanh(x), ops.arcsinh(x), ops.arccosh(x * x + 1), ops.arctanh(x * 0.2)],
        "angles": lambda x, y, i, h, b: [ops.deg2rad(x), ops.rad2deg(x), ops.deg2rad(i)],
        "hypot": lambda x, y, i, h, b: [ops.hypot(x, y), ops.heaviside(x, y)],
        "erf": lambda x, y, i, h, b: [ops.erf(x), ops.erfc(x)],
        "isclose": lambda x, y, i, h, b: [ops.isclose(x, x + 1e-7), ops.isclose(i, i)],
        "isnan": lambda x, y, i, h, b: [ops.isnan(ops.log(x)), ops.isinf(1 / (x - x)), ops.isfinite(ops.log(x)), ops.isfinite(i)],
        "isposinf": lambda x, y, i, h, b: [ops.isposinf(x / (x - x)), ops.isneginf(x / (x - x))],
        "nan_to_num": lambda x, y, i, h, b: [ops.nan_to_num(x / (x - x)), ops.nan_to_num(ops.log(x), nan=3.0, posinf=1.0, neginf=2.0), ops.nan_to_num(i)],
        "like": lambda x, y, i, h, b: [ops.zeros_like(x), ops.ones_like(i), ops.full_like(x, 2.5), ops.ones_like(x, dtype="int32"), ops.empty_like(x) * 0],
        "stop_gradient": lambda x, y, i, h, b: ops.stop_gradient(x),
        "mean": lambda x, y, i, h, b: [ops.mean(x, axis=1), ops.mean(i, axis=(1, 2)), ops.mean(h, axis=-1, keepdims=True), ops.mean(b, axis=1), ops.mean(x)],
        "sum": lambda x, y, i, h, b: [ops.sum(x, axis=-1), ops.sum(b, axis=1), ops.sum(i, axis=(1, 2), keepdims=True), ops.sum(x)],
        "max": lambda x, y, i, h, b: [ops.max(x, axis=1), ops.min(x, axis=1, keepdims=True), ops.max(b, axis=1), ops.min(b, axis=1), ops.amax(i, axis=2), ops.amin(i, axis=2)],
        "max with a start": lambda x, y, i, h, b: [ops.max(x, axis=1, initial=0.5), ops.min(x, axis=1, initial=0.1)],
        "prod": lambda x, y, i, h, b: [ops.prod(x, axis=1), ops.prod(b, axis=1)],
        "std": lambda x, y, i, h, b: [ops.std(x, axis=1), ops.var(x, axis=1, keepdims=True), ops.var(i, axis=1), ops.std(i, axis=1), ops.var(h, axis=1)],
        "any": lambda x, y, i, h, b: [ops.any(x > 1.5, axis=1), ops.all(b, axis=1, keepdims=True), ops.any(i, axis=-1)],
        "argmax": lambda x, y, i, h, b: [ops.argmax(x, axis=-1), ops.argmin(x, axis=1, keepdims=True), ops.argmax(i, axis=1), ops.argmax(x * 0.0, axis=1)],
        "argmax of all": lambda x, y, i, h, b: [ops.argmax(x), ops.argmin(x, keepdims=True)],
        "average": lambda x, y, i, h, b: [ops.average(x, axis=1), ops.average(i, axis=1), ops.average(x, axis=1, weights=y * y + 1)],
        "count_nonzero": lambda x, y, i, h, b: [ops.count_nonzero(i, axis=1), ops.count_nonzero(b, axis=-1)],
        "cumsum": lambda x, y, i, h, b: [ops.cumsum(x, axis=1), ops.cumprod(x, axis=1), ops.cumsum(b, axis=1), ops.cumsum(i)],
        "diff": lambda x, y, i, h, b: [ops.diff(x, axis=1), ops.diff(x, n=2, axis=1), ops.diff(b, axis=1)],
        "logsumexp": lambda x, y, i, h, b: [ops.logsumexp(x, axis=1), ops.logsumexp(x, axis=-1, keepdims=True)],
        "nansum": lambda x, y, i, h, b: [ops.nansum(ops.log(x), axis=1), ops.nanprod(ops.log(x), axis=1)],
        "norm": lambda x, y, i, h, b: [ops.norm(x, axis=-1), ops.norm(x, axis=(1, 2)), ops.norm(x, ord=1, axis=1), ops.norm(x, ord=3, axis=1, keepdims=True)],
        "normalize": lambda x, y, i, h, b: [ops.normalize(x), ops.normalize(x, axis=1)],
        "ptp": lambda x, y, i, h, b: ops.ptp(x, axis=1),
        "top_k": lambda x, y, i, h, b: list(ops.top_k(x, 2)),
        "x[:, 1]": lambda x, y, i, h, b: [x[:, 1], x[:, -1], x[:, :-1, 0], x[..., 1]],
        "x[..., ::-1]": lambda x, y, i, h, b: [x[..., ::-1], x[:, None, 1:3], x[:, 1:, ..., None], x[:, ::2]],
        "reshape": lambda x, y, i, h, b: [ops.reshape(x, (-1, 12)), ops.reshape(x, (-1, 2, 6)), ops.ravel(x)],
        "transpose": lambda x, y, i, h, b: [ops.transpose(x, (0, 2, 1)), ops.transpose(x), ops.swapaxes(x, 1, -1), ops.moveaxis(x, 1, 2), ops.moveaxis(x, (0, 1), (1, 2))],
        "expand_dims": lambda x, y, i, h, b: [ops.expand_dims(x, -1), ops.expand_dims(x, (1, 3)), ops.squeeze(ops.expand_dims(x, 1), 1)],
        "concatenate": lambda x, y, i, h, b: [ops.concatenate([x, y], axis=1), ops.concatenate([x, i], axis=-1), ops.append(x, y, axis=1), ops.append(x, y)],
        "stack": lambda x, y, i, h, b: [ops.stack([x, y], axis=1), ops.stack([i, x], axis=-1), ops.hstack([x, y]), ops.vstack([x, y]), ops.dstack([x, y])],
        "split": lambda x, y, i, h, b: [*ops.split(x, 2, axis=1), *ops.split(x, [1, 3], axis=1), *ops.unstack(x, axis=2)],
        "tile": lambda x, y, i, h, b: [ops.tile(x, (1, 2, 1)), ops.tile(x, 2), ops.repeat(x, 2, axis=1), ops.repeat(x, [2, 0, 1], axis=2)],
        "flip": lambda x, y, i, h, b: [ops.flip(x, axis=1), ops.flip(x, axis=(1, -1)), ops.flip(x), ops.fliplr(x), ops.flipud(x)],
        "roll": lambda x, y, i, h, b: [ops.roll(x, 1, axis=1), ops.roll(x, 2)],
        "pad": lambda x, y, i, h, b: [
            ops.pad(x, [[0, 0], [1, 2], [0, 1]]),
            ops.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=2),
            ops.pad(x, [[0, 0], [1, 2], [0, 1]], mode="reflect"),
            ops.pad(x, [[0, 0], [1, 2], [0, 1]], mode="symmetric"),
        ],
        "take": lambda x, y, i, h, b: [ops.take(x, [0, -1], axis=1), ops.take(x, 1, axis=2), ops.take(x, i[0, :, 0] - 2, axis=1), ops.take(x, [0, 1])],
        "take_along_axis": lambda x, y, i, h, b: [ops.take_along_axis(x, i % 3, axis=2), ops.take_along_axis(x, i % 4 - 4, axis=1)],
        "one_hot": lambda x, y, i, h, b: [ops.one_hot(i, 7), ops.one_hot(i, 4, axis=1, dtype="int32"), ops.one_hot(i, 4, dtype="bool")],
        "broadcast_to": lambda x, y, i, h, b: ops.broadcast_to(x[0, :1], (5, 3)),
        "slice": lambda x, y, i, h, b: ops.slice(ops.transpose(x, (1, 2, 0)), [1, 0, 0], [2, 2, 1]),
        "matmul": lambda x, y, i, h, b: [ops.matmul(x, ops.transpose(y, (0, 2, 1))), x[:, 0] @ table, x @ table, ops.matmul(x, row), ops.matmul(i, ops.transpose(i, (0, 2, 1)))],
        "matmul of vectors": lambda x, y, i, h, b: [ops.matmul(x, y[0, 0]), ops.matmul(x[0, :, 0], y), ops.matmul(x[0, 0], y[0, 0])],
        "dot": lambda x, y, i, h, b: [ops.dot(x, y[0, 0]), ops.dot(x, ops.transpose(y[0]))],
        "inner and outer": lambda x, y, i, h, b: [ops.inner(x, y), ops.outer(x, y)],
        "tensordot": lambda x, y, i, h, b: [ops.tensordot(x, y[0], axes=[[1, 2], [0, 1]]), ops.tensordot(x, ops.transpose(y[0]), axes=1)],
        "einsum": lambda x, y, i, h, b: [
            ops.einsum("bij,bkj->bik", x, y),
            ops.einsum("bij,jk->bik", x, y[0, :3]),
            ops.einsum("bij,bij->b", x, y),
            ops.einsum("bij,bik->bijk", x, y),
            ops.einsum("bij->bj", x),
            ops.einsum("bij->jbi", x),
            ops.einsum("...ij,...kj->...ik", x, y),
            ops.einsum("bij,bik->bjk", x, y),
            ops.einsum("bij,bi->bj", x, y[..., 0]),
            ops.einsum("bi,bij->bj", x[..., 0], y),
            ops.einsum("bij,jkl->bikl", x, ops.stack([y[0, :3], y[0, 1:]], axis=1)),
            ops.einsum("bijk,bljk->bil", ops.expand_dims(x, 2), ops.expand_dims(y, 2)),
            ops.einsum("bij,bkl->bl", x, y),
            ops.einsum("bi,bi", x[..., 0], y[..., 0]),
            ops.einsum("bij,bjk->ik", i, ops.transpose(i, (0, 2, 1))),
        ],
        "relu": lambda x, y, i, h, b: [ops.relu(x), ops.relu6(x * 5), ops.leaky_relu(x, 0.1), ops.elu(x), ops.elu(x, alpha=0.5), ops.selu(x), ops.celu(x, alpha=0.7)],
        "sigmoid": lambda x, y, i, h, b: [ops.sigmoid(x), ops.log_sigmoid(x), ops.hard_sigmoid(x * 4), ops.sparse_sigmoid(x), ops.silu(x), ops.hard_silu(x * 4)],
        "gelu": lambda x, y, i, h, b: [ops.gelu(x), ops.gelu(x, approximate=False), ops.softplus(x), ops.softsign(x), ops.squareplus(x), ops.sparse_plus(x)],
        "shrink": lambda x, y, i, h, b: [ops.hard_shrink(x), ops.soft_shrink(x, 0.3), ops.tanh_shrink(x), ops.hard_tanh(x), ops.threshold(x, 0.2, -1.0)],
        "glu": lambda x, y, i, h, b: ops.glu(x, axis=1),
        "softmax": lambda x, y, i, h, b: [ops.softmax(x), ops.softmax(x, axis=1), ops.softmax(x, axis=None), ops.log_softmax(x), ops.log_softmax(x, axis=1)],
        "activations": lambda x, y, i, h, b: [
            activations.relu(x, max_value=1.0),
            activations.relu(x, negative_slope=0.1),
            activations.relu(x, negative_slope=0.1, max_value=1.0, threshold=0.2),
            activations.gelu(x),
            activations.softmax(x),
        ],
        "Activation": lambda x, y, i, h, b: [
            keras.layers.Activation(name)(x * 3)
            for name in "celu hard_shrink hard_silu hard_swish hard_tanh log_sigmoid soft_shrink sparse_plus sparse_sigmoid squareplus tanh_shrink".split()
        ],
        "Activation of halves": lambda x, y, i, h, b: keras.layers.Activation("hard_swish", dtype="mixed_float16")(h),
        "pooling": lambda x, y, i, h, b: [
            ops.max_pool(x, 2),
            ops.average_pool(x, 2, strides=1, padding="same"),
            ops.max_pool(x[..., None], 2, strides=1),
            ops.average_pool(x[..., None], (2, 3), padding="same"),
            ops.max_pool(x[:, :, :, None, None], (2, 2, 1), strides=1),
        ],
        "resize": lambda x, y, i, h, b: [ops.image.resize(x[..., None], (8, 5)), ops.image.resize(x[..., None], (8, 5), interpolation="nearest")],
        "blocks": lambda x, y, i, h, b: [ops.depth_to_space(ops.reshape(x, (-1, 1, 3, 4)), 2), ops.space_to_depth(x[:, :, :2, None], 2)],
    }


def names(cases):
    return [f"{name}, output {number}" for name, count in cases for number in range(count)]


def feed(batch):
    random = np.random.default_rng(batch)
    shape = (batch, 4, 3)
    numbers = [random.standard_normal(shape).astype("float32") for _ in range(2)]
    return [*numbers, random.integers(0, 6, shape, dtype="int32"), random.standard_normal(shape).astype("float16"), random.random(shape) > 0.4]


def model_of(functions, one_input=False):
    keras.backend.clear_session()
    inputs = [keras.Input((4, 3), name=name, dtype=dtype) for name, dtype in list(INPUTS.items())[: 1 if one_input else None]]
    given, outputs, cases = inputs, [], []
    if one_input:
        x, ops = inputs[0], keras.ops
        given = [x, ops.flip(x, axis=1), ops.cast(ops.abs(x) * 2, "int32"), ops.cast(x, "float16"), x > 0.1]
    for name, function in functions.items():
        own = as_list(function(*given))
        outputs += own
        cases.append((name, len(own)))
    return keras.Model(inputs, outputs), cases


def compare(cases, found, expected, way):
    for name, a, b in zip(names(cases), found, expected, strict=True):
        nearly(tf.convert_to_tensor(a), tf.convert_to_tensor(b), f"{name}, {way}", PRODUCTS if any(x in name for x in ("matmul", "einsum", "dot", "inner")) else None)


def write(functions, place):
    """Keras 3: the model in both formats, what it gives, and what TensorFlow makes of the SavedModel."""
    model, cases = model_of(functions)
    path, saved = PLACE / f"{place}.h5", PLACE / place
    model.save(path)
    hornfels("convert", path, saved)
    hornfels("convert", path, PLACE / f"{place}_keras2.h5", "--dialect", "keras2")
    results = {f"{batch}/{number}": np.asarray(y) for batch in (1, 7) for number, y in enumerate(as_list(model(feed(batch), training=False)))}
    np.savez(PLACE / f"{place}.npz", **results)
    (PLACE / f"{place}.json").write_text(json.dumps(cases))
    loaded = tf.saved_model.load(str(saved))
    for batch in (1, 7):
        data = [tf.constant(x) for x in feed(batch)]
        expected = [results[f"{batch}/{number}"] for number in range(len(model.outputs))]
        compare(cases, in_order(loaded.signatures["serving_default"](**dict(zip(INPUTS, data))), model), expected, f"serving_default, batch of {batch}")
        compare(cases, as_list(loaded(data)), expected, f"loaded(x), batch of {batch}")


def in_layer(functions, place):
    """Keras 3: the SavedModel of a model with one input as a layer, which takes no more."""
    model, cases = model_of(functions, one_input=True)
    path, saved = PLACE / f"{place}_one.h5", PLACE / f"{place}_one"
    model.save(path)
    hornfels("convert", path, saved)
    layer = keras.layers.TFSMLayer(str(saved), call_endpoint="serving_default")
    for batch in (1, 7):
        x = feed(batch)[0]
        compare(cases, in_order(layer(x), model), as_list(model(x, training=False)), f"TFSMLayer, batch of {batch}")


def in_order(found, model):
    """The outputs of a signature in the order of the model, named as Keras 2 names several of one layer."""
    counts, names = {}, []
    for own in model.output_names:
        name = own
        while name in names:
            counts[own] = counts.get(own, 0) + 1
            name = f"{own}_{counts[own]}"
        names.append(name)
    return [found[name] for name in names]


def read(place):
    """Keras 2: both files give what Keras 3 computed."""
    cases = json.loads((PLACE / f"{place}.json").read_text())
    results = np.load(PLACE / f"{place}.npz")
    for way, path in {"HDF5": PLACE / f"{place}_keras2.h5", "load_model": PLACE / place}.items():
        model = keras.models.load_model(path, compile=False)
        for batch in (1, 7):
            found = as_list(model([tf.constant(x) for x in feed(batch)], training=False))
            expected = [results[f"{batch}/{number}"] for number in range(len(found))]
            compare(cases, found, expected, f"{way}, batch of {batch}")


def listed():
    """The operations that `spec/keras_config.md` lists."""
    spec = (ROOT / "spec/keras_config.md").read_text()
    table = spec.split("<!-- operations: begin -->")[1].split("<!-- operations: end -->")[0]
    return set(table.split("`")[1::2])


def every_operation_has_a_case(functions):
    model, _ = model_of(functions)
    missing = listed() - {type(operation).__name__ for operation in model.operations}
    assert not missing, f"no case has {sorted(missing)}"


def main():
    report = Report()
    PLACE.mkdir(parents=True, exist_ok=True)
    if ORACLE != "keras3":
        places = sorted(path.stem for path in PLACE.glob("*.npz"))
        for place in places:
            report.case(f"all functions ({place})", read, place)
        return report.finish(1)
    cases = functions(keras.ops, keras.activations)
    if ONLY:
        cases = {name: case for name, case in cases.items() if name in ONLY}
    report.case("every operation of the specification", every_operation_has_a_case, cases)
    # Together first, since each model takes seconds; one by one to find what is wrong.
    for check in (write, in_layer):
        try:
            check(cases, "all")
            report.passed += len(cases)
        except Exception as error:
            print(f"together: {str(error)[:600]}", flush=True)
            for number, (name, case) in enumerate(cases.items()):
                report.case(name, check, {name: case}, f"case{number}")
    report.finish(1 + 2 * len(cases))


main()
