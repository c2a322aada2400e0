"""The layers that are written as TensorFlow functions: every class with every argument.

A case is one layer in one place: its class, its arguments, the shapes that go in, and what stands
before it. `savedmodel_matrix.py` proves that no argument of a class is missing here.
"""

import hashlib
import itertools

from _oracle import keras

keras = keras()
L, R, C = keras.layers, keras.regularizers, keras.constraints


class Case:
    """One layer, what goes in, and the layers before it.

    `shapes` are without the batch; where they have None, `sizes` are the shapes that are fed.
    `before` makes the layer's inputs of the model's, `call` calls the layer, where that is not simply done.
    """

    def __init__(self, kind, shapes, arguments, dtype="float32", sizes=None, before=None, call=None, note=""):
        self.kind, self.arguments, self.before, self.call = kind, arguments, before, call
        # Where what TensorFlow itself writes does not compute the same: a mask that goes through the functions of a
        # layer is lost, and two kinds of layer normalization are made into an operation that refuses them.
        self.limit = call is pooled or (before in (masked, embedded) and kind.startswith("Global"))
        self.limit |= kind == "LayerNormalization" and (self.precision == "float16" or isinstance(arguments.get("axis"), (list, tuple)))
        note = note or (before.__name__ if before else "")
        self.shapes = shapes if isinstance(shapes, list) else [shapes]
        self.dtypes = dtype if isinstance(dtype, list) else [dtype] * len(self.shapes)
        self.dtype = dtype = self.dtypes[0]
        self.sizes = self.shapes if sizes is None else sizes if isinstance(sizes, list) else [sizes]
        listed = ", ".join(f"{name}={shown(value)}" for name, value in arguments.items())
        shapes = self.shapes if self.sizes == self.shapes else f"{self.shapes} fed {self.sizes}"
        self.label = f"{kind}({listed}) on {shapes}" + (f" {dtype}" if dtype != "float32" else "") + (f", {note}" if note else "")
        self.order = hashlib.sha1(self.label.encode()).hexdigest()

    @property
    def precision(self):
        """The dtype in which the layer computes."""
        return self.arguments.get("dtype", "float32").removeprefix("mixed_")

    def layer(self, name):
        return getattr(L, self.kind)(name=name, **made(self.arguments))

    def build(self, name):
        """The model's inputs and outputs for this case; every layer's name begins with `name`."""
        inputs = [keras.Input(shape, name=f"{name}_in{i}", dtype=dtype) for i, (shape, dtype) in enumerate(zip(self.shapes, self.dtypes))]
        if self.kind == "InputLayer":
            inputs = [keras.Input(self.shapes[0], name=f"{name}_in0", dtype=self.dtype, **self.arguments)]
            return inputs, [L.Activation("linear", name=f"{name}_out")(inputs[0])]
        passed = self.before(inputs, name) if self.before else inputs
        layer = self.layer(f"{name}_{self.kind.lower()}")
        if isinstance(layer, L.Normalization) and layer.input_mean is None:
            layer.adapt(adapted(self.sizes[0]))
        outputs = self.call(layer, passed) if self.call else layer(passed if len(passed) > 1 else passed[0])
        return inputs, outputs if isinstance(outputs, list) else [outputs]


class Of:
    """A layer that is an argument of another, made anew for each model."""

    def __init__(self, kind, **arguments):
        self.kind, self.arguments = kind, arguments

    def make(self):
        if self.kind == "Model":
            return nested_model()
        return getattr(L, self.kind)(**made(self.arguments))

    def __repr__(self):
        return f"{self.kind}({', '.join(f'{name}={shown(value)}' for name, value in self.arguments.items())})"


def made(value):
    """The same with layers for what stands for them."""
    if isinstance(value, dict):
        return {key: made(item) for key, item in value.items()}
    if isinstance(value, list):
        return [made(item) for item in value]
    return value.make() if isinstance(value, Of) else value


def nested_model():
    x = keras.Input((6, 3))
    y = L.Conv1D(3, 3, activation="relu")(x)
    return keras.Model(x, L.Dense(2)(L.LayerNormalization()(L.GlobalAveragePooling1D()(y))))


def adapted(shape):
    """What a normalization is adapted to."""
    import numpy as np

    return np.random.default_rng(7).normal(0.7, 2.5, (16, *shape)).astype("float32")


def shown(value):
    if hasattr(value, "get_config"):
        return f"{type(value).__name__}({', '.join(f'{k}={v}' for k, v in value.get_config().items())})"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    return repr(value)


CASES = []


def case(kind, shapes, *, dtype="float32", sizes=None, before=None, call=None, note="", **arguments):
    """One more case; `policy` stands for the layer's `dtype`."""
    if "policy" in arguments:
        arguments["dtype"] = arguments.pop("policy")
    CASES.append(Case(kind, shapes, arguments, dtype, sizes, before, call, note))


REGULARIZERS = [R.L1(0.02), R.L2(0.03), R.L1L2(0.01, 0.02)]
CONSTRAINTS = [C.MaxNorm(0.7, axis=0), C.NonNeg(), C.UnitNorm(axis=0), C.MinMaxNorm(0.2, 0.9, rate=0.5, axis=0)]
INITIALIZERS = ["he_normal", "lecun_uniform", "random_normal", "truncated_normal"]


def on_weights(*names, turn=0):
    """Initializers, regularizers and constraints, others for each weight."""
    found = {}
    for i, name in enumerate(names, turn):
        found[f"{name}_initializer"] = INITIALIZERS[i % len(INITIALIZERS)]
        found[f"{name}_regularizer"] = REGULARIZERS[i % len(REGULARIZERS)]
        found[f"{name}_constraint"] = CONSTRAINTS[i % len(CONSTRAINTS)]
    return found


ACTIVATIONS = ["softmax", "elu", "selu", "softplus", "softsign", "swish", "relu", "gelu", "tanh", "sigmoid",
               "exponential", "hard_sigmoid", "linear", "mish"]
POLICIES = ["mixed_float16", "mixed_bfloat16", "float64", "float16"]


def masked(inputs, name):
    return [L.Masking(0.0, name=f"{name}_masking{i}")(x) for i, x in enumerate(inputs)]


def embedded(inputs, name):
    return [L.Embedding(6, 4, mask_zero=True, name=f"{name}_embedding{i}")(x) for i, x in enumerate(inputs)]


def first_masked(inputs, name):
    return [L.Masking(0.0, name=f"{name}_masking")(inputs[0]), *inputs[1:]]


def dense():
    for shape in ((5,), (3, 5), (3, 2, 5)):
        for activation, use_bias in ((None, True), ("relu", True), ("tanh", False)):
            case("Dense", shape, units=4, activation=activation, use_bias=use_bias)
        case("Dense", shape, units=3, activity_regularizer=R.L1L2(0.1, 0.2), **on_weights("kernel", "bias"))
    case("Dense", (None, 5), sizes=(6, 5), units=4, activation="softmax")
    case("Dense", (None, None, 5), sizes=(3, 2, 5), units=4)
    for mode in ("rows", "columns"):
        case("Dense", (5,), units=4, kernel_regularizer=R.OrthogonalRegularizer(0.05, mode))
    for activation in ACTIVATIONS:
        case("Dense", (5,), units=4, activation=activation)
    for turn in range(1, 4):
        case("Dense", (5,), units=4, **on_weights("kernel", "bias", turn=turn))
    for policy in POLICIES:
        case("Dense", (5,), units=4, activation="sigmoid", policy=policy)
        case("Dense", (3, 5), units=4, policy=policy)
    case("Dense", (5,), units=4, trainable=False)
    case("Dense", (5,), dtype="int32", units=4)
    case("Dense", (4, 3), before=masked, units=4)
    for equation, out, bias, shape in (
        ("ab,bc->ac", 4, "c", (5,)), ("abc,cd->abd", (None, 4), "d", (3, 5)), ("...x,xy->...y", 4, "y", (3, 5)),
        ("abc,cde->abde", (3, 2, 4), "de", (3, 5)), ("abc,bd->adc", (4, 5), "d", (3, 5)), ("ab,bc->ac", 4, None, (5,)),
        ("abcd,cde->abe", (3, 6), "e", (3, 2, 5)),
    ):
        case("EinsumDense", shape, equation=equation, output_shape=out, bias_axes=bias)
    case("EinsumDense", (None, 5), sizes=(3, 5), equation="abc,cd->abd", output_shape=(None, 4), bias_axes="d", activation="gelu")
    case("EinsumDense", (3, 5), equation="abc,cd->abd", output_shape=(None, 4), bias_axes="d", activation="relu",
         activity_regularizer=R.L2(0.1), **on_weights("kernel", "bias", turn=1))
    for policy in POLICIES[:3]:
        case("EinsumDense", (5,), equation="ab,bc->ac", output_shape=4, bias_axes="c", policy=policy)


def core():
    for activation in ACTIVATIONS:
        case("Activation", (4,), activation=activation)
        case("Activation", (3, 2, 4), activation=activation)
    for policy in POLICIES[:3]:
        for activation in ("gelu", "swish", "softmax", "hard_sigmoid"):
            case("Activation", (4,), activation=activation, policy=policy)
    case("InputLayer", (3, 4))
    case("InputLayer", (None, 4), sizes=(5, 4))
    case("InputLayer", (3,), dtype="int64")
    case("InputLayer", (), sizes=())
    for dtype in ("int32", "int64", "float32"):
        case("Embedding", (5,), dtype=dtype, input_dim=6, output_dim=3)
    case("Embedding", (), dtype="int32", input_dim=6, output_dim=3)
    case("Embedding", (2, 3), dtype="int32", input_dim=6, output_dim=3)
    case("Embedding", (None,), sizes=(4,), dtype="int32", input_dim=6, output_dim=3, mask_zero=True)
    case("Embedding", (5,), dtype="int32", input_dim=6, output_dim=3, input_length=5, **on_weights("embeddings"))
    case("Embedding", (5,), dtype="int32", input_dim=6, output_dim=3, activity_regularizer=R.L1(0.1))
    for policy in POLICIES[:3]:
        case("Embedding", (5,), dtype="int32", input_dim=6, output_dim=3, policy=policy)
    for value in (0.0, 1.0, -2.5):
        case("Masking", (4, 3), mask_value=value)
    case("Masking", (None, 3), sizes=(5, 3), mask_value=0.0)
    case("Masking", (4, 2, 3), mask_value=1.0)
    case("Masking", (4, 3), mask_value=0.0, policy="mixed_float16")
    for format in ("channels_last", "channels_first"):
        for shape in ((), (5,), (3, 4), (3, 2, 4), (2, 3, 2, 2)):
            case("Flatten", shape, data_format=format)
    case("Flatten", (None, 4), sizes=(3, 4))
    case("Flatten", (4, 3), before=masked)
    for shape, target in (((6,), (2, 3)), ((2, 6), (3, 4)), ((2, 6), (-1,)), ((2, 3, 2), (-1, 4)), ((6,), (6, 1, 1)), ((1,), ())):
        case("Reshape", shape, target_shape=target)
    case("Reshape", (None, 4), sizes=(3, 4), target_shape=(-1, 2))
    case("Reshape", (4, 3), before=masked, target_shape=(12,))
    case("Reshape", (6,), dtype="int32", target_shape=(3, 2))
    for shape, dims in (((2, 3), (2, 1)), ((2, 3, 4), (3, 1, 2)), ((2, 3, 4), (1, 3, 2)), ((2, 3, 4, 2), (4, 3, 2, 1)), ((3,), (1,))):
        case("Permute", shape, dims=dims)
    case("Permute", (None, 3), sizes=(5, 3), dims=(2, 1))
    for n in (1, 3):
        case("RepeatVector", (4,), n=n)
    case("RepeatVector", (4,), dtype="int32", n=2)
    for scale, offset in ((1 / 255, 0.0), (2.0, -1.0), (0, 1)):
        case("Rescaling", (3, 4), scale=scale, offset=offset)
    case("Rescaling", (3, 4), dtype="int32", scale=1 / 255, offset=0.5)
    case("Rescaling", (3, 4), scale=[0.5, 1.0, 2.0, 4.0], offset=[1.0, 2.0, 3.0, 4.0])
    for policy in POLICIES[:3]:
        case("Rescaling", (3, 4), scale=1 / 255, offset=0.25, policy=policy)
    for shape, axis in (((4,), -1), ((3, 4), -1), ((3, 4), 1), ((3, 4), (1, 2)), ((3, 4), None), ((3, 2, 4), (1, -1))):
        case("Normalization", shape, axis=axis)
    case("Normalization", (4,), axis=-1, invert=True)
    case("Normalization", (4,), axis=-1, mean=[0.5, 1.0, -1.0, 2.0], variance=[1.0, 4.0, 0.25, 0.0])
    case("Normalization", (3, 4), axis=-1, mean=0.5, variance=2.0)
    case("Normalization", (3, 4), axis=None, mean=0.5, variance=2.0, invert=True)
    case("Normalization", (3, 4), dtype="int32", axis=-1)
    case("Normalization", (4,), axis=-1, mean=0.5, variance=2.0, policy="float64")


def regularization():
    for rate in (0.0, 0.4):
        case("Dropout", (20,), rate=rate)
        case("AlphaDropout", (20,), rate=rate)
        case("GaussianDropout", (20,), rate=rate)
        case("GaussianNoise", (20,), stddev=rate)
        case("SpatialDropout1D", (5, 8), rate=rate)
    case("Dropout", (6, 5), rate=0.3, noise_shape=(None, 1, 5), seed=11)
    case("Dropout", (6, 5), rate=0.3, noise_shape=(None, 6, 1))
    case("Dropout", (None, 5), sizes=(6, 5), rate=0.5, seed=3)
    case("AlphaDropout", (6, 5), rate=0.3, noise_shape=(1, 6, 1), seed=11, note="batch 1 noise")
    case("GaussianDropout", (6, 5), rate=0.3, seed=11)
    case("GaussianNoise", (6, 5), stddev=0.7, seed=11)
    for format in ("channels_last", "channels_first"):
        case("SpatialDropout2D", (3, 5, 4), rate=0.4, data_format=format)
        case("SpatialDropout3D", (3, 2, 3, 4), rate=0.4, data_format=format)
    case("SpatialDropout1D", (5, 8), rate=0.5, policy="mixed_float16")
    for kind, arguments in (("Dropout", {"rate": 0.3}), ("AlphaDropout", {"rate": 0.3}), ("GaussianNoise", {"stddev": 0.3}), ("GaussianDropout", {"rate": 0.3})):
        for policy in ("mixed_float16", "float64"):
            case(kind, (20,), policy=policy, **arguments)
    for l1, l2 in ((0.1, 0.0), (0.0, 0.2), (0.1, 0.2), (0.0, 0.0)):
        case("ActivityRegularization", (4,), l1=l1, l2=l2)
    case("ActivityRegularization", (3, 2, 4), l1=0.1, l2=0.3)


def activations():
    for shape in ((5,), (3, 4)):
        for maximum, slope, threshold in itertools.product((None, 0.4), (0.0, 0.2), (0.0, 0.1)):
            case("ReLU", shape, max_value=maximum, negative_slope=slope, threshold=threshold)
        for alpha in (0.3, 0.05, 0.0):
            case("LeakyReLU", shape, alpha=alpha)
        for alpha in (1.0, 0.5):
            case("ELU", shape, alpha=alpha)
        for theta in (1.0, 0.1, 0.0):
            case("ThresholdedReLU", shape, theta=theta)
    case("ReLU", (5,), max_value=6.0)
    case("PReLU", (5,))
    for axes in ([1], [1, 2], [2], [1, 2, 3]):
        case("PReLU", (3, 5, 4), shared_axes=axes)
    case("PReLU", (None, 4), sizes=(3, 4), shared_axes=[1])
    case("PReLU", (3, 4), **on_weights("alpha"))
    for axis in (-1, 1, 2, (1, 2), [-1, 1]):
        case("Softmax", (3, 4), axis=axis)
    case("Softmax", (5,))
    mask = lambda layer, x: layer(x[0], mask=x[1])
    case("Softmax", [(4,), (4,)], dtype=["float32", "bool"], call=mask, note="with mask")
    case("Softmax", [(3, 4), (3, 4)], dtype=["float32", "bool"], call=mask, axis=(1, 2), note="with mask")
    for policy in POLICIES[:3]:
        case("Softmax", (5,), policy=policy)
        case("ReLU", (5,), max_value=0.5, negative_slope=0.25, threshold=0.1, policy=policy)
        case("LeakyReLU", (5,), alpha=0.25, policy=policy)
        case("PReLU", (5,), policy=policy)
        case("ELU", (5,), alpha=0.5, policy=policy)
        case("ThresholdedReLU", (5,), theta=0.1, policy=policy)


def merging():
    for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        case(kind, [(3, 4), (3, 4)])
        for shapes in ([(3, 4), (1, 4)], [(3, 4), (4,)], [(2, 3, 4), (3, 4)], [(3, 1), (1, 4)]):
            case(kind, shapes)
        case(kind, [(None, 4), (None, 4)], sizes=[(3, 4), (3, 4)])
        case(kind, [(3, 4), (3, 4)], dtype="int32") if kind != "Average" else None
        if kind != "Subtract":
            case(kind, [(3, 4)] * 3)
            case(kind, [(5,)] * 4)
        case(kind, [(4, 3), (4, 3)], before=masked, note="both masked")
        case(kind, [(4, 3), (4, 3)], before=first_masked, note="one masked")
        for policy in POLICIES[:3]:
            case(kind, [(5,), (5,)], policy=policy)
    for axis, shapes in ((-1, [(3, 4), (3, 2)]), (1, [(3, 4), (2, 4)]), (2, [(3, 4), (3, 1), (3, 5)]), (-2, [(3, 4), (1, 4)]),
                         (3, [(2, 3, 4), (2, 3, 1)]), (0, [(3,), (3,)])):
        case("Concatenate", shapes, axis=axis)
    case("Concatenate", [(None, 4), (None, 4)], sizes=[(3, 4), (2, 4)], axis=1)
    case("Concatenate", [(4, 3), (4, 2)], before=masked, axis=-1)
    case("Concatenate", [(4, 3), (2, 3)], before=masked, axis=1)
    case("Concatenate", [(4, 3), (4, 2)], before=first_masked, axis=-1)
    case("Concatenate", [(3,), (3,)], dtype="int32", axis=-1)
    case("Concatenate", [(3,), (3,)], axis=-1, policy="mixed_float16")
    for shapes, axes in (([(4,), (4,)], 1), ([(4,), (4,)], -1), ([(3, 4), (3, 4)], 2), ([(3, 4), (3, 4)], 1), ([(3, 4), (4, 5)], (2, 1)),
                         ([(3, 4), (5, 4)], (-1, -1)), ([(3, 4), (4,)], (2, 1)), ([(2, 3, 4), (2, 4, 5)], (3, 2)), ([(3, 4), (2, 3)], (1, 2))):
        for normalize in (False, True):
            case("Dot", shapes, axes=axes, normalize=normalize)
    for policy in POLICIES[:3]:
        case("Dot", [(4,), (4,)], axes=1, normalize=True, policy=policy)


def masks():
    """What a mask does in layers that use it, pass it on or end it."""
    for kind, arguments in (
        ("GlobalAveragePooling1D", {}), ("Dense", {"units": 4}), ("Dropout", {"rate": 0.3}), ("Flatten", {}),
        ("Activation", {"activation": "softmax"}), ("LayerNormalization", {}), ("BatchNormalization", {}), ("ReLU", {}),
        ("LeakyReLU", {}), ("PReLU", {}), ("ELU", {}), ("ActivityRegularization", {"l1": 0.1}), ("GaussianNoise", {"stddev": 0.1}),
        ("UnitNormalization", {}), ("GlobalMaxPooling1D", {}), ("Rescaling", {"scale": 0.5}), ("Conv1D", {"filters": 2, "kernel_size": 3}),
    ):
        plain = kind.startswith("Global") or kind == "Flatten" or kind == "Conv1D"
        call = None if plain else pooled
        shape = (5,) if kind == "PReLU" else (None,)
        case(kind, (4, 3), before=masked, call=call, note="after Masking", **arguments)
        case(kind, shape, sizes=(5,), dtype="int32", before=embedded, call=call, note="after Embedding", **arguments)
    for kind in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        case(kind, [(4, 3), (4, 3)], before=masked, call=pooled, note="masks into pooling")
        case(kind, [(4,), (4,)], dtype="int32", before=embedded, call=pooled, note="masks of embeddings into pooling")
    case("GlobalAveragePooling1D", (4, 3), before=masked, keepdims=True)
    case("GlobalAveragePooling1D", (4, 3), before=masked, policy="mixed_float16")


def pooled(layer, x):
    """Calls the layer, and a pooling that its mask has to reach."""
    return L.GlobalAveragePooling1D(name=f"{layer.name}_pool")(layer(x if len(x) > 1 else x[0]))
