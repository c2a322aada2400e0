"""Operations that Functional models record as layers: of TensorFlow in Keras 2, `keras.ops` in 3."""


def keras2(keras):
    import tensorflow as tf

    image = lambda: keras.Input((8, None, 3))
    matrix = lambda: keras.Input((4, 3))
    vector = lambda: keras.Input((3,))
    ids = lambda: keras.Input((3,), dtype="int64")
    loose = lambda: keras.Input((None, 3))

    one = {
        "relu": tf.nn.relu,
        "relu6": tf.nn.relu6,
        "softmax": tf.nn.softmax,
        "silu": tf.nn.silu,
        "tanh": tf.math.tanh,
        "sigmoid": tf.math.sigmoid,
        "exp": tf.math.exp,
        "log": tf.math.log,
        "sqrt": tf.math.sqrt,
        "rsqrt": tf.math.rsqrt,
        "square": tf.math.square,
        "abs": tf.math.abs,
        "negative": tf.math.negative,
        "cast": lambda x: tf.cast(x, "float16"),
        "clip": lambda x: tf.clip_by_value(x, 0.0, 6.0),
        "l2": lambda x: tf.math.l2_normalize(x, axis=-1),
        "stop": tf.stop_gradient,
        "plus": lambda x: x + 1.0,
        "minus": lambda x: 1.0 - x,
        "times": lambda x: x * 2.0,
        "divided": lambda x: x / 2.0,
        "power": lambda x: x**2.0,
        "greater": lambda x: x > 1.0,
        "mean": lambda x: tf.reduce_mean(x, axis=1),
        "mean_all": lambda x: tf.reduce_mean(x),
        "mean_axes": lambda x: tf.reduce_mean(x, axis=[1, -1], keepdims=True),
        "sum": lambda x: tf.reduce_sum(x, axis=-1),
        "max": lambda x: tf.reduce_max(x, axis=-1, keepdims=True),
        "min": lambda x: tf.reduce_min(x, 1),
        "prod": lambda x: tf.reduce_prod(x, axis=0),
        "argmax": lambda x: tf.argmax(x, axis=-1),
        "argmin": lambda x: tf.argmin(x, axis=1),
        "expand": lambda x: tf.expand_dims(x, 1),
        "expand_last": lambda x: tf.expand_dims(x, axis=-1),
        "reshape": lambda x: tf.reshape(x, [-1, 3]),
        "last": lambda x: x[..., -1],
        "first": lambda x: x[:, 0],
        "part": lambda x: x[:, 1:3],
        "step": lambda x: x[:, ::2],
        "back": lambda x: x[:, ::-1],
        "new": lambda x: x[:, tf.newaxis],
        "gather": lambda x: tf.gather(x, [0, 1, 1], axis=1),
        "reverse": lambda x: tf.reverse(x, axis=[1]),
        "pad": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 0]][: x.shape.rank] + [[0, 0]] * (x.shape.rank - 3)),
        "cumsum": lambda x: tf.cumsum(x, axis=1),
        "shape": lambda x: tf.shape(x),
    }
    for make in (vector, matrix, loose, image):
        outputs, inputs = [], make()
        for name, call in one.items():
            try:
                outputs.append(call(inputs))
            except ValueError:
                pass
        yield keras.Model(inputs, outputs)
    m, i, v, n = matrix(), image(), vector(), ids()
    yield keras.Model(
        [m, i, v, n],
        [
            tf.transpose(m, [0, 2, 1]),
            tf.transpose(m),
            tf.transpose(i, perm=(0, 3, 1, 2)),
            tf.tile(m, [1, 2, 1]),
            tf.reshape(m, (-1, 2, 6)),
            tf.reshape(m, [-1]),
            tf.squeeze(m[:, :1], axis=1),
            tf.squeeze(m[:, :1]),
            tf.squeeze(m[:, :1], [1]),
            tf.one_hot(n, 5),
            tf.one_hot(n, depth=5, axis=1),
            tf.cast(n, tf.float32),
            tf.concat([m, m], axis=-1),
            tf.concat([m, m, m], 1),
            tf.stack([m, m], axis=1),
            tf.stack([m, m]),
            tf.add(m, v[:, tf.newaxis]),
            m + m,
            m - m,
            m * m,
            m / m,
            tf.maximum(m, m),
            tf.minimum(m, 0.0),
            tf.add_n([m, m]),
            tf.matmul(m, m, transpose_b=True),
            tf.matmul(m, tf.transpose(m, [0, 2, 1])),
            tf.where(m > 0.0, m, 0.0),
            tf.equal(m, m),
            tf.not_equal(n, 0),
            tf.logical_and(m > 0.0, m < 1.0),
            tf.image.resize(i, (4, 5)),
            tf.zeros_like(m),
            tf.ones_like(m),
            i[:, :, :2],
            i[..., 0],
            i[:, 1:-1, 2:],
            i[:, -3:],
            i[:, 2],
            m[:2],
            tf.nn.leaky_relu(m, alpha=0.1),
            tf.nn.max_pool2d(i, 2, 2, "VALID"),
            tf.nn.avg_pool2d(i, [3, 3], strides=1, padding="SAME"),
            tf.nn.elu(m),
            tf.identity(m),
            tf.math.multiply(m, 2.0),
            tf.math.subtract(m, v[:, None, :]),
            tf.math.floormod(n, 2),
            tf.where(n > 1, 1, tf.cast(n, "int32")),
            tf.gather(m, n, axis=1),
            tf.split(m, [1, 3], axis=1)[1],
            tf.math.add_n([m, m, m]),
            tf.linalg.norm(m, axis=-1),
            keras.backend.mean(m, axis=1),
            keras.backend.sum(m, axis=-1, keepdims=True),
            keras.backend.l2_normalize(m, axis=1),
            keras.activations.relu(m),
            *tf.split(m, 2, axis=1),
            *tf.unstack(m, axis=1),
        ],
    )


def keras3(keras):
    ops = keras.ops
    image = lambda: keras.Input((8, None, 3))
    matrix = lambda: keras.Input((4, 3))
    vector = lambda: keras.Input((3,))
    ids = lambda: keras.Input((3,), dtype="int64")
    loose = lambda: keras.Input((None, 3))

    one = [
        ops.relu,
        ops.relu6,
        ops.softmax,
        ops.silu,
        ops.gelu,
        ops.elu,
        ops.tanh,
        ops.sigmoid,
        ops.exp,
        ops.log,
        ops.sqrt,
        ops.rsqrt,
        ops.square,
        ops.abs,
        ops.negative,
        ops.leaky_relu,
        ops.stop_gradient,
        ops.zeros_like,
        ops.ones_like,
        ops.isnan,
        ops.logical_not,
        lambda x: ops.cast(x, "float16"),
        lambda x: ops.clip(x, 0.0, 6.0),
        lambda x: ops.normalize(x, axis=-1),
        lambda x: x + 1.0,
        lambda x: 1.0 - x,
        lambda x: x * 2.0,
        lambda x: x / 2.0,
        lambda x: x**2.0,
        lambda x: x > 1.0,
        lambda x: x // 2.0,
        lambda x: ops.mean(x, axis=1),
        lambda x: ops.mean(x),
        lambda x: ops.mean(x, axis=[1, -1], keepdims=True),
        lambda x: ops.sum(x, axis=-1),
        lambda x: ops.max(x, axis=-1, keepdims=True),
        lambda x: ops.min(x, 1),
        lambda x: ops.prod(x, axis=0),
        lambda x: ops.var(x, axis=1),
        lambda x: ops.std(x, axis=1),
        lambda x: ops.logsumexp(x, axis=1),
        lambda x: ops.any(x, axis=1),
        lambda x: ops.all(x, axis=-1),
        lambda x: ops.argmax(x, axis=-1),
        lambda x: ops.argmin(x, axis=1, keepdims=True),
        lambda x: ops.expand_dims(x, 1),
        lambda x: ops.expand_dims(x, axis=-1),
        lambda x: ops.expand_dims(x, axis=(1, 2)),
        lambda x: ops.reshape(x, [-1, 3]),
        lambda x: ops.flip(x, axis=1),
        lambda x: ops.roll(x, 1, axis=1),
        lambda x: ops.cumsum(x, axis=1),
        lambda x: ops.ravel(x),
        lambda x: x[..., -1],
        lambda x: x[:, 0],
        lambda x: x[:, 1:3],
        lambda x: x[:, ::2],
        lambda x: x[:, ::-1],
        lambda x: x[:, None],
        lambda x: ops.take(x, [0, 1, 1], axis=1),
        lambda x: ops.repeat(x, 2, axis=1),
        lambda x: ops.tile(x, 2),
        lambda x: ops.pad(x, [[0, 0], [1, 2]] + [[0, 0]] * (len(x.shape) - 2)),
    ]
    for make in (vector, matrix, loose, image):
        outputs, inputs = [], make()
        for call in one:
            try:
                outputs.append(call(inputs))
            except ValueError:
                pass
        yield keras.Model(inputs, outputs)
    m, i, v, n = matrix(), image(), vector(), ids()
    yield keras.Model(
        [m, i, v, n],
        [
            ops.transpose(m, [0, 2, 1]),
            ops.transpose(m),
            ops.transpose(i, axes=(0, 3, 1, 2)),
            ops.swapaxes(m, 1, 2),
            ops.moveaxis(i, 3, 1),
            ops.tile(m, [1, 2, 1]),
            ops.reshape(m, (-1, 2, 6)),
            ops.reshape(m, [-1]),
            ops.squeeze(m[:, :1], axis=1),
            ops.squeeze(m[:, :1]),
            ops.squeeze(m[:, :1], (1,)),
            ops.one_hot(n, 5),
            ops.one_hot(n, 5, axis=1),
            ops.cast(n, "float32"),
            ops.concatenate([m, m], axis=-1),
            ops.concatenate([m, m, m], 1),
            ops.stack([m, m], axis=1),
            ops.stack([m, m]),
            ops.add(m, v[:, None]),
            m + m,
            m - m,
            m * m,
            m / m,
            m @ ops.transpose(m, [0, 2, 1]),
            ops.maximum(m, m),
            ops.minimum(m, 0.0),
            ops.matmul(m, ops.swapaxes(m, -1, -2)),
            ops.matmul(v, ops.transpose(v)),
            ops.dot(m, ops.transpose(v)),
            ops.einsum("bij,bkj->bik", m, m),
            ops.where(m > 0.0, m, 0.0),
            ops.equal(m, m),
            ops.not_equal(n, 0),
            ops.logical_and(m > 0.0, m < 1.0),
            ops.logical_or(m > 0.0, m < 1.0),
            i[:, :, :2],
            i[..., 0],
            i[:, 1:-1, 2:],
            i[:, -3:],
            i[:, 2],
            m[:, 0, 1:],
            ops.max_pool(i, 2),
            ops.average_pool(i, (3, 3), strides=1, padding="same"),
            ops.norm(m, axis=-1),
            ops.power(m, 2),
            ops.mod(n, 2),
            ops.floor_divide(n, 2),
            *ops.split(m, 2, axis=1),
            *ops.split(m, [1, 3], axis=1),
            ops.take(m, n, axis=1),
            ops.repeat(m, [1, 2, 1, 1], axis=1),
            ops.image.resize(i, (4, 5)),
            *ops.unstack(m, axis=1),
        ],
    )


def cases(keras):
    """Nodes of a graph as TensorFlow 2.0 to 2.3 recorded them."""
    if keras.__version__.startswith("3"):
        return
    from keras.src.engine.base_layer import TensorFlowOpLayer

    floats = {"type": "DT_FLOAT"}
    ints = {"type": "DT_INT32"}

    def node(op, inputs, constants=None, **attributes):
        def make():
            count = len(inputs) if isinstance(inputs, list) else 1
            count += len(constants or {})
            definition = {
                "name": op,
                "op": op,
                "input": [f"input_{index}" for index in range(count)],
                "attr": {k: v for k, v in {"T": floats, **attributes}.items() if v},
            }
            return TensorFlowOpLayer(definition, op, constants), inputs

        return make

    yield node("Relu", (4, 3))
    yield node("Cast", (4, 3), SrcT=floats, DstT=ints, T=None)
    yield node("AddV2", [(4, 3), (1, 3)])
    yield node("Mul", (4, 3), {1: 2.0})
    yield node("Sub", (4, 3), {0: 1.0})
    yield node("RealDiv", (4, 3), {1: [1.0, 2.0, 3.0]})
    yield node("Mean", (4, 3), {1: [1]}, Tidx=ints, keep_dims={"b": True})
    yield node("Sum", (4, 3), {1: -1}, Tidx=ints, keep_dims={"b": False})
    yield node("Max", (4, 3), {1: [1, 2]}, Tidx=ints)
    yield node("ArgMax", (4, 3), {1: 1}, Tidx=ints)
    yield node("Reshape", (4, 3), {1: [-1, 2, 6]}, Tshape=ints)
    yield node("ExpandDims", (4, 3), {1: -1}, Tdim=ints)
    yield node("Squeeze", (1, 3), squeeze_dims={"list": {"i": ["1"]}})
    yield node("Transpose", (4, 3), {1: [0, 2, 1]}, Tperm=ints)
    yield node("ConcatV2", [(4, 3), (4, 5)], {2: -1}, N={"i": "2"}, Tidx=ints)
    yield node("Pack", [(4, 3), (4, 3)], axis={"i": "1"}, N={"i": "2"})
    yield node("Tile", (4, 3), {1: [1, 2, 1]}, Tmultiples=ints)
    yield node("Pad", (4, 3), {1: [[0, 0], [1, 2], [0, 0]]}, Tpaddings=ints)
    yield node("MatMul", [(3,)], {1: [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]})
    yield node("BatchMatMulV2", [(4, 3), (5, 3)], adj_y={"b": True})
    yield node("GatherV2", (4, 3), {1: [0, 1], 2: 1}, Tparams=floats, Tindices=ints, Taxis=ints, T=None)
    yield node("Shape", (4, 3))
    yield node(
        "MaxPool",
        (8, 9, 3),
        ksize={"list": {"i": ["1", "2", "3", "1"]}},
        strides={"list": {"i": ["1", "2", "2", "1"]}},
        padding={"s": "U0FNRQ=="},
    )
    yield node("ResizeBilinear", (8, 9, 3), {1: [4, 5]})
    for bounds, masks in [
        ([[0, 0], [0, 1], [1, 1]], {"begin_mask": 1, "end_mask": 1, "shrink_axis_mask": 2}),
        ([[0, 1], [0, 3], [1, 1]], {"begin_mask": 1, "end_mask": 1}),
        ([[0, -1], [0, 0], [1, 1]], {"ellipsis_mask": 1, "end_mask": 2}),
        ([[0, 0], [0, 0], [1, 1]], {"begin_mask": 1, "end_mask": 1, "new_axis_mask": 2}),
    ]:
        yield node(
            "StridedSlice",
            (4, 3),
            dict(enumerate(bounds, 1)),
            Index=ints,
            **{name: {"i": str(mask)} for name, mask in masks.items()},
        )


def models(keras):
    yield from (keras3 if keras.__version__.startswith("3") else keras2)(keras)
