"""Models cross from Keras 2 to Keras 3 and back: configs by our translation, weights by position.

Each Keras builds the models below; the other loads what `translate` made of their configs, in the
form of HDF5 files and in that of archives, and predicts the same.
"""
# oracles: keras3 keras2 tf_keras keras3

import json
import subprocess

import numpy as np

from _oracle import ORACLE, ROOT, WRITTEN, Report, keras

PLACE = WRITTEN / "dialects"
CASES = {}


def case(build):
    CASES[build.__name__] = build
    return build


@case
def sequential(k):
    L = k.layers
    return k.Sequential([L.Dense(5, input_shape=(3,), activation="relu"), L.Dropout(0.5), L.Dense(2), L.Softmax()])


@case
def convolutions(k):
    L = k.layers
    x = i = k.Input((16, 16, 3))
    x = L.Conv2D(4, 3, padding="same", activation="elu")(x)
    x = L.BatchNormalization()(x)
    x = L.DepthwiseConv2D(3, depth_multiplier=2)(x)
    x = L.SeparableConv2D(4, 3, strides=2)(x)
    x = L.Conv2DTranspose(3, 3, strides=2)(x)
    x = L.LeakyReLU()(x)
    x = L.PReLU(shared_axes=[1, 2])(x)
    x = L.ReLU(max_value=6.0)(x)
    x = L.SpatialDropout2D(0.3)(x)
    x = L.UpSampling2D(2, interpolation="bilinear")(x)
    x = L.ZeroPadding2D(1)(x)
    x = L.Cropping2D(((1, 0), (0, 1)))(x)
    x = L.MaxPooling2D()(x)
    x = L.AveragePooling2D(2)(x)
    a, b = L.GlobalMaxPooling2D()(x), L.GlobalAveragePooling2D()(x)
    return k.Model(i, L.Dense(3, kernel_regularizer="l2", bias_constraint="non_neg")(L.Concatenate()([a, b])))


@case
def convolutions_of_other_ranks(k):
    L = k.layers
    i, j = k.Input((12, 3)), k.Input((6, 6, 6, 2))
    x = L.Conv1D(4, 3, padding="causal", dilation_rate=2)(i)
    x = L.SeparableConv1D(4, 3)(x)
    x = L.Conv1DTranspose(3, 2, strides=2)(x)
    x = L.DepthwiseConv1D(3)(x)
    x = L.AveragePooling1D(2)(L.ZeroPadding1D(1)(L.UpSampling1D(2)(x)))
    x = L.Flatten()(L.MaxPooling1D(2)(L.Cropping1D(1)(x)))
    y = L.Conv3D(2, 2)(j)
    y = L.Conv3DTranspose(2, 2)(y)
    y = L.AveragePooling3D(2)(L.UpSampling3D(2)(L.Cropping3D(1)(L.ZeroPadding3D(1)(y))))
    y = L.Flatten()(L.MaxPooling3D()(y))
    return k.Model([i, j], [x, y])


@case
def recurrent(k):
    L = k.layers
    i = k.Input((6, 3))
    x = L.Masking(0.0)(i)
    a = L.LSTM(4, return_sequences=True)(x)
    a = L.Bidirectional(L.GRU(3, return_sequences=True))(a)
    a = L.Bidirectional(L.LSTM(3), merge_mode="sum", backward_layer=L.LSTM(3, go_backwards=True, activation="relu"))(a)
    b = L.SimpleRNN(4, dropout=0.2)(x)
    c = L.GRU(2, reset_after=False)(x)
    d = L.RNN([L.LSTMCell(3), L.GRUCell(2), L.SimpleRNNCell(2)])(i)
    e = L.TimeDistributed(L.Dense(2))(i)
    return k.Model(i, [a, b, c, d, e])


@case
def states(k):
    L = k.layers
    i, h, c = k.Input((6, 3)), k.Input((4,)), k.Input((4,))
    sequence, h2, c2 = L.LSTM(4, return_sequences=True, return_state=True)(i, initial_state=[h, c])
    decoded = L.GRU(4)(sequence, initial_state=h2)
    both = L.Bidirectional(L.GRU(4))(i, initial_state=[h, c])
    return k.Model([i, h, c], [decoded, c2, both])


@case
def convolutional_lstm(k):
    L = k.layers
    i, j = k.Input((3, 5, 5, 2)), k.Input((3, 6, 2))
    return k.Model([i, j], [L.ConvLSTM2D(2, 3)(i), L.ConvLSTM1D(2, 3, return_sequences=True)(j)])


@case
def attention(k):
    L = k.layers
    q, v = k.Input((5, 4)), k.Input((6, 4))
    a = L.MultiHeadAttention(2, 3, value_dim=2, dropout=0.1)(q, v)
    b = L.MultiHeadAttention(2, 3, output_shape=5)(query=q, value=v, key=v)
    c = L.Attention(use_scale=True)([q, v])
    d = L.AdditiveAttention()([q, v])
    e = L.MultiHeadAttention(1, 2)(q, q, use_causal_mask=True)
    return k.Model([q, v], [a, b, c, d, e])


@case
def masks_by_position(k):
    L = k.layers
    i, m = k.Input((5, 4)), k.Input((5,), dtype="bool")
    a = L.GlobalAveragePooling1D()(i, m)
    b = L.Softmax()(L.Dense(5)(a), m)
    c = L.Attention()([i, i], [m, m])
    # In Keras 2 the third argument is something else.
    third = [None, m] if k.__version__.startswith("3.") else []
    named = {} if third else {"mask": m}
    d = L.LSTM(3)(i, *third, **named)
    e = L.Bidirectional(L.GRU(2))(i, *third, **named)
    return k.Model([i, m], [a, b, c, d, e])


@case
def normalizations(k):
    L = k.layers
    i = k.Input((6, 8))
    x = L.LayerNormalization(axis=[2])(i)  # Keras 2.15 fails with several axes
    x = L.GroupNormalization(4)(x)
    x = L.UnitNormalization()(x)
    x = L.BatchNormalization(axis=1, scale=False)(x)
    x = L.Permute((2, 1))(L.Reshape((8, 6))(x))
    x = L.GaussianNoise(0.1)(L.GaussianDropout(0.1)(L.AlphaDropout(0.1)(L.ActivityRegularization(0.1)(x))))
    return k.Model(i, L.EinsumDense("abc,cd->abd", output_shape=(None, 3), bias_axes="d")(x))


@case
def merging(k):
    L = k.layers
    i, j = k.Input((4,)), k.Input((4,))
    pair = [i, j]
    return k.Model(
        pair,
        [
            L.Add()(pair), L.Subtract()(pair), L.Multiply()(pair), L.Average()(pair), L.Maximum()(pair),
            L.Minimum()(pair), L.Dot(1, normalize=True)(pair), L.Concatenate(axis=1)(pair), L.RepeatVector(3)(i),
        ],
    )


@case
def embedding(k):
    L = k.layers
    return k.Sequential([L.Embedding(10, 4, mask_zero=True, input_shape=(5,)), L.LSTM(3), L.Dense(1, activation="hard_sigmoid")])


def inner_model(k, name="inner"):
    i = k.Input((3,), name=f"{name}_in")
    return k.Model(i, k.layers.Dense(4, activation="tanh", name=f"{name}_dense")(i), name=name)


@case
def nested(k):
    L = k.layers
    a, b = k.Input((3,)), k.Input((3,))
    inner = inner_model(k)
    shared = L.Dense(4)
    built = k.Sequential([L.Dense(2, input_shape=(4,))])
    deferred = k.Sequential([L.Dense(2)])
    one, two = inner(a), inner(b)
    x = L.Concatenate()([two, one, shared(a), shared(b)])
    narrow = k.Sequential([L.Dense(3, input_shape=(16,))])
    return k.Model([a, b], [built(two), built(one), inner(narrow(x)), deferred(x), inner(a)])


@case
def nested_in_sequential(k):
    return k.Sequential([inner_model(k), k.Sequential([k.layers.Dense(2, input_shape=(4,))]), k.layers.Dense(1)])


@case
def distributed_model(k):
    i = k.Input((5, 3))
    return k.Model(i, k.layers.TimeDistributed(inner_model(k))(i))


@case
def single_output_is_a_nested_model(k):
    i = k.Input((3,))
    return k.Model(i, inner_model(k)(i))


@case
def mixed_precision(k):
    L = k.layers
    return k.Sequential([L.Dense(4, input_shape=(3,), dtype="mixed_bfloat16", activation="swish"), L.Dense(2, dtype="float64")])


@case
def initializers(k):
    L, I, R = k.layers, k.initializers, k.regularizers
    kinds = [
        I.Constant(0.5), I.GlorotNormal(), I.HeNormal(3), I.HeUniform(), I.LecunNormal(), I.LecunUniform(), I.Ones(),
        I.Orthogonal(), I.RandomNormal(), I.RandomUniform(), I.TruncatedNormal(), I.VarianceScaling(mode="fan_avg"),
    ]
    penalties = [R.L1(0.1), R.L2(0.1), R.L1L2(0.1, 0.2), R.OrthogonalRegularizer(0.1)]
    limits = [k.constraints.MaxNorm(2), k.constraints.MinMaxNorm(), k.constraints.UnitNorm(), k.constraints.NonNeg()]
    x = i = k.Input((4,))
    for n, kind in enumerate(kinds):
        x = L.Dense(4, kernel_initializer=kind, kernel_regularizer=penalties[n % 4], kernel_constraint=limits[n % 4])(x)
    return k.Model(i, x)


@case
def dictionaries(k):
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    sums = k.layers.Add()([a, b])
    return k.Model({"a": a, "b": b}, {"sum": sums, "product": k.layers.Multiply()([a, b])})


def samples(model, rng):
    """One input for each of a model's inputs, and its name."""
    for tensor in model.inputs:
        shape = [2 if size is None else size for size in tensor.shape]
        if "embedding" in model.layers[0].name or "float" not in str(tensor.dtype):
            yield rng.integers(0, 9, shape).astype("float32")
        else:
            yield rng.normal(size=shape).astype("float32")


def flat(value):
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in flat(item)]
    return [np.asarray(value)]


def call(model, inputs):
    structured = inputs if len(inputs) > 1 else inputs[0]
    if any(isinstance(getattr(model, key, None), dict) for key in ("_nested_inputs", "_inputs_struct")):
        structured = dict(zip("ab", inputs))
    return [np.asarray(x, "float64") for x in flat(model.predict(structured, verbose=0))]


def legacy_config(keras, model):
    """The JSON that this Keras writes to HDF5 files."""
    import h5py

    path = PLACE / "model.h5"
    model.save(path)
    with h5py.File(path) as file:
        return json.loads(file.attrs["model_config"])


def write(keras):
    """Builds the models; translates their configs, one on each line."""
    place = PLACE / ORACLE
    place.mkdir(parents=True)
    rng = np.random.default_rng(1)
    lines, arrays = [], {}
    for name, build in CASES.items():
        keras.backend.clear_session()
        model = build(keras)
        for index, weight in enumerate(model.get_weights()):
            arrays[f"{name}/w{index}"] = abs(rng.normal(size=weight.shape).astype("float64")) / 3
        model.set_weights([arrays[f"{name}/w{i}"] for i in range(len(model.get_weights()))])
        inputs = list(samples(model, rng))
        for index, value in enumerate(inputs):
            arrays[f"{name}/x{index}"] = value
        for index, value in enumerate(call(model, inputs)):
            arrays[f"{name}/y{index}"] = value
        lines.append(json.dumps([f"Keras {keras.__version__[0]}", legacy_config(keras, model)]))
    np.savez(place / "cases.npz", **arrays)
    command = ["cargo", "run", "--quiet", "--locked", "--example", "translate"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, cwd=ROOT, check=True)
    (place / "translated.json").write_text(done.stdout)


def loaders(keras):
    """The ways in which a Keras makes a model of a config."""
    if ORACLE == "keras3":
        from keras.src.legacy.saving import saving_utils

        yield "h5", lambda config: saving_utils.model_from_config(config)
        yield "keras", lambda config: keras.saving.deserialize_keras_object(config)
    else:
        from importlib import import_module

        lib = import_module(f"{keras.__name__}.src.saving.legacy.model_config")
        yield "h5", lambda config: lib.model_from_config(config)


def check(name, load, line, arrays):
    config = json.loads(line)
    assert "error" not in config, config["error"]
    model = load(config)
    weights = [arrays[key] for key in named(arrays, f"{name}/w")]
    model.set_weights(weights)
    outputs = call(model, [arrays[key] for key in named(arrays, f"{name}/x")])
    expected = [arrays[key] for key in named(arrays, f"{name}/y")]
    assert len(outputs) == len(expected), (len(outputs), len(expected))
    # hard_sigmoid is another function in the other dialect; bfloat16 has 8 bits.
    tolerance = {"embedding": 1.0, "convolutional_lstm": 1.0, "mixed_precision": 0.05}.get(name, 2e-5)
    for found, wanted in zip(outputs, expected):
        assert found.shape == wanted.shape, (found.shape, wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def named(arrays, prefix):
    names = [key for key in arrays.files if key.startswith(prefix)]
    return sorted(names, key=lambda key: int(key[len(prefix):]))


def main():
    this, report, expected = keras(), Report(), 0
    if not (PLACE / ORACLE).exists():
        write(this)
    for writer in {"keras3": ["keras2", "tf_keras"]}.get(ORACLE, ["keras3"]):
        place = PLACE / writer
        if not place.exists():
            continue
        arrays = np.load(place / "cases.npz")
        lines = (place / "translated.json").read_text().splitlines()
        assert len(lines) == len(CASES)
        for name, line in zip(CASES, lines):
            for way, load in loaders(this):
                expected += 1
                report.case(f"{name} of {writer} ({way})", check, name, load, line, arrays)
    report.finish(expected)


main()
