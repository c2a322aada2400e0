"""Models of Keras 1 that `hornfels convert --dialect keras2` makes loadable again.

No Keras that still runs opens them, and only the loader of weights in Keras 2.15 still knows their arrays.
So each model is built by hand in Keras 2.15, which loads the weights of the original file with its own
conversion; what the tool made of that file must load, have the same weights and predict the same. Models are
those of a corpus, as far as they are in the list below, and files written here in the form of Keras 1.2.2.
"""
# oracles: keras2

import json

import h5py
import numpy as np

from _oracle import CORPUS, WRITTEN, Report, close, hornfels, keras, same, values

keras = keras()
import tensorflow as tf  # noqa: E402

L = keras.layers
PLACE = WRITTEN / "keras1"

# What Keras 1.2.2 wrote for every layer of a kind.
PLAIN = {"W_regularizer": None, "b_regularizer": None, "activity_regularizer": None,
         "W_constraint": None, "b_constraint": None, "bias": True, "init": "glorot_uniform",
         "activation": "linear"}
RECURRENT = {"return_sequences": False, "go_backwards": False, "stateful": False, "unroll": False,
             "consume_less": "cpu", "input_dim": None, "input_length": None, "init": "glorot_uniform",
             "inner_init": "orthogonal", "activation": "tanh", "W_regularizer": None,
             "U_regularizer": None, "b_regularizer": None, "dropout_W": 0.0, "dropout_U": 0.0}
GATED = {**RECURRENT, "inner_activation": "hard_sigmoid"}
LSTM = {**GATED, "forget_bias_init": "one"}
CONV2D = {**PLAIN, "border_mode": "valid", "subsample": [1, 1], "dim_ordering": "tf"}


def old(kind, name, *defaults, **config):
    merged = {"name": name, "trainable": True}
    for part in (*defaults, config):
        merged.update(part)
    return {"class_name": kind, "config": merged}


def first(layer, shape, dtype="float32"):
    layer["config"].update(batch_input_shape=[None, *shape], input_dtype=dtype)
    return layer


def gates(name, inputs, units, letters="icfo"):
    """The arrays of a recurrent layer, gate by gate."""
    for gate in letters:
        yield f"{name}_W_{gate}", (inputs, units)
        yield f"{name}_U_{gate}", (units, units)
        yield f"{name}_b_{gate}", (units,)


def arrays(name, kernel, units):
    return [(f"{name}_W", kernel), (f"{name}_b", (units,))]


def norm(name, size):
    return [(f"{name}_{part}", (size,)) for part in ("gamma", "beta", "running_mean", "running_std")]


def functional(name, layers, inputs, outputs):
    """Layers with the names they are called with: `(layer, ["source", ...])`."""
    listed = []
    for layer, sources in layers:
        call = [[[source, 0, 0] for source in sources]] if sources else []
        listed.append({**layer, "name": layer["config"]["name"], "inbound_nodes": call})
    config = {"name": name, "layers": listed, "input_layers": [[i, 0, 0] for i in inputs],
              "output_layers": [[o, 0, 0] for o in outputs]}
    return {"class_name": "Model", "config": config}


def source(name, *shape, dtype="float32"):
    return old("InputLayer", name, batch_input_shape=[None, *shape], input_dtype=dtype, sparse=False)


MODELS = {}


def model(make):
    """A function that gives layers (or a model) of Keras 1, their arrays, and the same in Keras 2."""
    MODELS[make.__name__] = make
    return make


@model
def dense():
    regularizer = {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.01}
    layers = [
        first(old("Dense", "a", PLAIN, output_dim=5, input_dim=4, activation="relu", W_regularizer=regularizer), [4]),
        old("Dropout", "drop", p=0.5),
        old("BatchNormalization", "bn", epsilon=1e-3, mode=0, axis=-1, gamma_regularizer=None,
            beta_regularizer=None, momentum=0.99),
        old("Dense", "b", PLAIN, output_dim=3, input_dim=5, init="uniform", bias=False,
            W_constraint={"name": "MaxNorm", "m": 2, "axis": 0}),
        old("Activation", "soft", activation="softmax"),
    ]
    weights = {"a": arrays("a", (4, 5), 5), "drop": [], "bn": norm("bn", 5), "b": [("b_W", (5, 3))], "soft": []}
    new = keras.Sequential([
        keras.Input((4,)), L.Dense(5, "relu", name="a"), L.Dropout(0.5, name="drop"),
        L.BatchNormalization(name="bn"), L.Dense(3, use_bias=False, name="b"), L.Softmax(name="soft"),
    ])
    return layers, weights, new


@model
def lstm():
    layers = [
        first(old("LSTM", "one", LSTM, output_dim=3, return_sequences=True), [6, 2]),
        old("TimeDistributedDense", "each", PLAIN, output_dim=4, input_length=None, input_dim=None),
        old("LSTM", "two", LSTM, output_dim=2, go_backwards=True),
    ]
    weights = {"one": list(gates("one", 2, 3)), "each": arrays("each", (3, 4), 4), "two": list(gates("two", 4, 2))}
    new = keras.Sequential([
        keras.Input((6, 2)),
        L.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid", name="one"),
        L.Dense(4, name="each"),
        L.LSTM(2, go_backwards=True, recurrent_activation="hard_sigmoid", name="two"),
    ])
    return layers, weights, new


@model
def lstm_in_one_array():
    layers = [first(old("LSTM", "one", LSTM, output_dim=3, consume_less="gpu"), [6, 2])]
    weights = {"one": [("one_W", (2, 12)), ("one_U", (3, 12)), ("one_b", (12,))]}
    new = keras.Sequential([keras.Input((6, 2)), L.LSTM(3, recurrent_activation="hard_sigmoid", name="one")])
    return layers, weights, new


@model
def gru_and_simple_rnn():
    layers = [
        first(old("GRU", "g", GATED, output_dim=3, return_sequences=True), [5, 2]),
        old("SimpleRNN", "r", RECURRENT, output_dim=4),
    ]
    weights = {"g": list(gates("g", 2, 3, "zrh")), "r": [("r_W", (3, 4)), ("r_U", (4, 4)), ("r_b", (4,))]}
    new = keras.Sequential([
        keras.Input((5, 2)),
        L.GRU(3, return_sequences=True, reset_after=False, recurrent_activation="hard_sigmoid", name="g"),
        L.SimpleRNN(4, name="r"),
    ])
    return layers, weights, new


@model
def bidirectional():
    inner = old("GRU", "g", GATED, output_dim=3, return_sequences=True)
    layers = [first(old("Bidirectional", "both", merge_mode="sum", layer=inner), [5, 2]),
              old("TimeDistributed", "each", layer=old("Dense", "d", PLAIN, output_dim=2))]
    weights = {"both": [*gates("forward_g", 2, 3, "zrh"), *gates("backward_g", 2, 3, "zrh")],
               "each": arrays("d", (3, 2), 2)}
    gru = L.GRU(3, return_sequences=True, reset_after=False, recurrent_activation="hard_sigmoid", name="g")
    new = keras.Sequential([
        keras.Input((5, 2)), L.Bidirectional(gru, merge_mode="sum", name="both"),
        L.TimeDistributed(L.Dense(2, name="d"), name="each"),
    ])
    return layers, weights, new


def convolutions(name, ordering):
    def make():
        last = ordering == "tf"
        shape = [9, 8, 3] if last else [3, 9, 8]
        order = {"dim_ordering": ordering}

        def kernel(rows, columns, inputs, outputs):
            return (rows, columns, inputs, outputs) if last else (outputs, inputs, rows, columns)

        pool = {"border_mode": "valid", "strides": [2, 2], "pool_size": [2, 2], **order}
        layers = [
            first(old("Convolution2D", "c", CONV2D, order, nb_filter=4, nb_row=3, nb_col=2, border_mode="same",
                      activation="relu"), shape),
            old("ZeroPadding2D", "pad", padding=[1, 2]),
            old("AtrousConvolution2D", "holes", CONV2D, order, nb_filter=3, nb_row=2, nb_col=2, atrous_rate=[2, 2]),
            old("UpSampling2D", "up", size=[2, 2]),
            old("Cropping2D", "crop", cropping=[[1, 2], [0, 1]]),
            old("MaxPooling2D", "pool", pool),
            old("Flatten", "flat"),
            old("Dense", "d", PLAIN, output_dim=2, input_dim=None),
        ]
        format = {"data_format": "channels_last" if last else "channels_first"}
        new = keras.Sequential([
            keras.Input(shape),
            L.Conv2D(4, (3, 2), padding="same", activation="relu", name="c", **format),
            L.ZeroPadding2D((1, 2), name="pad", **format), L.Conv2D(3, 2, dilation_rate=2, name="holes", **format),
            L.UpSampling2D(name="up", **format), L.Cropping2D(((1, 2), (0, 1)), name="crop", **format),
            L.MaxPooling2D(name="pool", **format), L.Flatten(name="flat"), L.Dense(2, name="d"),
        ])
        size = new.get_layer("d").kernel.shape[0]
        weights = {"c": arrays("c", kernel(3, 2, 3, 4), 4), "pad": [], "holes": arrays("holes", kernel(2, 2, 4, 3), 3),
                   "up": [], "crop": [], "pool": [], "flat": [], "d": arrays("d", (size, 2), 2)}
        return layers, weights, new

    MODELS[name] = make


convolutions("convolutions_tf", "tf")
convolutions("convolutions_th", "th")


def transposed(name, border, size, padding):
    """`size` is what Keras 1 was told the output is; `padding` what Keras 2 needs for it."""
    def make():
        layers = [first(old("Deconvolution2D", "t", CONV2D, nb_filter=2, nb_row=3, nb_col=3, border_mode=border,
                            subsample=[2, 2], output_shape=[None, *size, 2]), [4, 4, 3])]
        # Keras 1 had inputs before outputs here: its kernel is that of the convolution it undoes.
        weights = {"t": arrays("t", (3, 3, 3, 2), 2)}
        new = keras.Sequential([keras.Input((4, 4, 3)),
                                L.Conv2DTranspose(2, 3, strides=2, padding=border, output_padding=padding, name="t")])
        assert new.output_shape == (None, *size, 2), new.output_shape
        return layers, weights, new

    MODELS[name] = make


transposed("transposed_valid", "valid", (9, 9), None)
transposed("transposed_valid_more", "valid", (10, 9), (1, 0))
transposed("transposed_same", "same", (8, 8), None)
transposed("transposed_same_less", "same", (7, 8), (0, 1))


@model
def one_dimensional():
    convolution = {**PLAIN, "border_mode": "same", "subsample_length": 2, "input_dim": None, "input_length": None}
    layers = [
        first(old("Embedding", "e", input_dim=7, output_dim=3, init="uniform", input_length=10, mask_zero=False,
                  activity_regularizer=None, W_regularizer=None, W_constraint=None, dropout=0.2), [10], "int32"),
        old("Convolution1D", "new", convolution, nb_filter=4, filter_length=3),
        old("Convolution1D", "old", convolution, nb_filter=5, filter_length=2, border_mode="valid"),
        old("MaxPooling1D", "pool", stride=1, pool_length=2, border_mode="valid"),
        old("GlobalMaxPooling1D", "all"),
    ]
    # Versions before 1.2 had the second form.
    weights = {"e": [("e_W", (7, 3))], "new": arrays("new", (3, 1, 3, 4), 4),
               "old": arrays("old", (5, 4, 2, 1), 5), "pool": [], "all": []}
    new = keras.Sequential([
        keras.Input((10,)), L.Embedding(7, 3, name="e"), L.Conv1D(4, 3, strides=2, padding="same", name="new"),
        L.Conv1D(5, 2, strides=2, name="old"), L.MaxPooling1D(2, strides=1, name="pool"),
        L.GlobalMaxPooling1D(name="all"),
    ])
    return layers, weights, new


@model
def three_dimensional():
    layers = [first(old("Convolution3D", "c", PLAIN, nb_filter=2, kernel_dim1=2, kernel_dim2=3, kernel_dim3=1,
                        border_mode="valid", subsample=[1, 1, 1], dim_ordering="th"), [2, 4, 4, 4])]
    weights = {"c": arrays("c", (2, 2, 2, 3, 1), 2)}
    new = keras.Sequential([keras.Input((2, 4, 4, 4)), L.Conv3D(2, (2, 3, 1), data_format="channels_first", name="c")])
    return layers, weights, new


@model
def convolutional_lstm():
    layers = [first(old("ConvLSTM2D", "c", return_sequences=False, go_backwards=False, stateful=False, nb_filter=2,
                        nb_row=2, nb_col=2, init="glorot_uniform", inner_init="orthogonal", forget_bias_init="one",
                        activation="tanh", dim_ordering="tf", border_mode="same", inner_activation="hard_sigmoid"),
                    [3, 5, 5, 1])]
    weights = {"c": []}
    for gate in "icfo":
        weights["c"] += [(f"c_W_{gate}", (2, 2, 1, 2)), (f"c_U_{gate}", (2, 2, 2, 2)), (f"c_b_{gate}", (2,))]
    new = keras.Sequential([keras.Input((3, 5, 5, 1)),
                            L.ConvLSTM2D(2, 2, padding="same", recurrent_activation="hard_sigmoid", name="c")])
    return layers, weights, new


@model
def activations():
    layers = [
        first(old("Dense", "a", PLAIN, output_dim=4, activation="hard_sigmoid"), [3]),
        old("LeakyReLU", "leaky", alpha=0.2), old("PReLU", "p", init="zero"), old("ELU", "elu", alpha=0.5),
        old("ThresholdedReLU", "t", theta=0.1), old("GaussianNoise", "noise", sigma=0.1),
        old("GaussianDropout", "gauss", p=0.2), old("RepeatVector", "n", n=3), old("Permute", "perm", dims=[2, 1]),
        old("Reshape", "r", target_shape=[6, 2]), old("SpatialDropout1D", "s", p=0.3), old("Masking", "m", mask_value=0.0),
    ]
    weights = {layer["config"]["name"]: [] for layer in layers}
    weights |= {"a": arrays("a", (3, 4), 4), "p": [("p_alphas", (4,))]}
    new = keras.Sequential([
        keras.Input((3,)), L.Dense(4, "hard_sigmoid", name="a"), L.LeakyReLU(0.2, name="leaky"), L.PReLU(name="p"),
        L.ELU(0.5, name="elu"), L.ThresholdedReLU(0.1, name="t"), L.GaussianNoise(0.1, name="noise"),
        L.GaussianDropout(0.2, name="gauss"), L.RepeatVector(3, name="n"), L.Permute((2, 1), name="perm"),
        L.Reshape((6, 2), name="r"), L.SpatialDropout1D(0.3, name="s"), L.Masking(0.0, name="m"),
    ])
    return layers, weights, new


@model
def merges():
    def merge(name, mode, **more):
        config = {"mode": mode, "concat_axis": -1, "dot_axes": -1, "mode_type": "raw", "output_shape": None,
                  "output_shape_type": "raw", "output_mask": None, "output_mask_type": "raw", "arguments": {}}
        return old("Merge", name, {**config, **more})

    modes = {"sum": L.Add, "mul": L.Multiply, "ave": L.Average, "max": L.Maximum, "concat": L.Concatenate}
    layers = [(source("x", 3), []), (source("y", 3), []),
              (old("Dense", "shared", PLAIN, output_dim=3), ["x"])]
    layers += [(merge(mode, mode, concat_axis=1), ["shared", "y"]) for mode in modes]
    layers += [(merge("dot", "dot", dot_axes=[1, 1]), ["shared", "y"])]
    layers += [(merge("out", "concat"), [*modes, "dot"])]
    weights = {layer["config"]["name"]: [] for layer, _ in layers}
    weights["shared"] = arrays("shared", (3, 3), 3)
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    a = L.Dense(3, name="shared")(x)
    merged = [kind(name=mode)([a, y]) for mode, kind in modes.items()] + [L.Dot(1, name="dot")([a, y])]
    new = keras.Model([x, y], L.Concatenate(name="out")(merged))
    return functional("m", layers, ["x", "y"], ["out"]), weights, new


@model
def nested():
    inner = [(source("i", 4, 2), []), (old("LSTM", "lstm", LSTM, output_dim=3), ["i"]),
             (old("BatchNormalization", "bn", epsilon=1e-3, mode=0, axis=-1, momentum=0.99), ["lstm"]),
             (old("Dense", "d", PLAIN, output_dim=2), ["bn"])]
    outer = functional("m", [(source("x", 4, 2), []), (functional("inner", inner, ["i"], ["d"]), ["x"])], ["x"], ["inner"])
    # The first call of a model is its own.
    outer["config"]["output_layers"] = [["inner", 1, 0]]
    bn = norm("bn", 3)
    weights = {"x": [], "inner": [*gates("lstm", 2, 3), *bn[:2], *arrays("d", (3, 2), 2), *bn[2:]]}
    i, x = keras.Input((4, 2), name="i"), keras.Input((4, 2), name="x")
    h = L.BatchNormalization(name="bn")(L.LSTM(3, recurrent_activation="hard_sigmoid", name="lstm")(i))
    new = keras.Model(x, keras.Model(i, L.Dense(2, name="d")(h), name="inner")(x))
    return outer, weights, new


def gates_joined(path):
    """The weights of `nested`, whose gates the loader of Keras 2.15 does not find in a model in a model."""
    with h5py.File(path) as file:
        group = file["model_weights/inner"]
        stored = [group[name][()] for name in group.attrs["weight_names"]]
    order = [0, 6, 3, 9]  # input, forget, cell, output
    return [np.concatenate([stored[gate + kind] for gate in order], axis=-1) for kind in range(3)] + stored[12:14] + stored[16:] + stored[14:16]


def write(path, config, weights, names=":0"):
    """A file as Keras 1.2.2 wrote it; returns the arrays."""
    if isinstance(config, list):
        config = {"class_name": "Sequential", "config": config}
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"1.2.2"
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, listed in weights.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [f"{name}{names}".encode() for name, _ in listed]
            for name, shape in listed:
                low = 0.5 if "running_std" in name else -0.5
                inner[f"{name}{names}"] = values(name, shape, low)


def inputs_for(model):
    random = np.random.default_rng(3)
    whole = any(isinstance(layer, L.Embedding) for layer in model.layers)
    shapes = [(2, *tensor.shape[1:]) for tensor in model.inputs]
    data = [random.integers(0, 4, shape) if whole else random.standard_normal(shape).astype("float32") for shape in shapes]
    return data if len(data) > 1 else data[0]


def predict(model, data):
    try:
        return model(data, training=False).numpy()
    except tf.errors.UnimplementedError:
        # Without its compiler, TensorFlow has no convolution over channels-first data on a CPU.
        return tf.function(lambda x: model(x, training=False), jit_compile=True)(data).numpy()


def check(path, new, by_hand=None):
    converted = path.with_suffix(".keras2.h5")
    converted.parent.mkdir(parents=True, exist_ok=True)
    hornfels("convert", path, converted, "--dialect", "keras2", "--force")
    model = keras.models.load_model(converted)
    if by_hand is None:
        new.load_weights(path)
    else:
        new.set_weights(by_hand)
    assert len(model.get_weights()) == len(new.get_weights()), f"{len(model.get_weights())} weights"
    for variable, expected in zip(model.weights, new.get_weights()):
        same(variable.numpy(), expected, variable.name)
    data = inputs_for(model)
    close(predict(model, data), predict(new, data), "predictions")
    check_shapes(path, model)
    # In its own dialect nothing changes, and the arrays are found by Keras as before.
    again = path.with_suffix(".keras1.h5")
    hornfels("convert", path, again, "--force")
    if by_hand is None:
        new.load_weights(again)
        close(predict(model, data), predict(new, data), "predictions after a copy")


def check_shapes(path, model):
    """`show` has the shapes of the original that Keras has of the translation."""
    shown = json.loads(hornfels("show", path, "--json"))["layers"]
    expected = {layer.name: layer.output_shape for layer in model.layers}
    for row in shown:
        shape = expected[row["name"]]
        shape = shape[0] if isinstance(shape, list) else shape
        assert row["output_shapes"] == [list(shape)], f"{row['name']}: {row['output_shapes']}, expected {shape}"


def check_flipped():
    """Theano convolves with the kernel turned around."""
    path = PLACE / "theano.h5"
    layers = [first(old("Convolution2D", "c", CONV2D, nb_filter=2, nb_row=3, nb_col=2), [5, 5, 3])]
    write(path, layers, {"c": arrays("c", (3, 2, 3, 2), 2)}, names="")
    assert json.loads(hornfels("show", path, "--json"))["theano_kernels"]
    turned = PLACE / "turned.h5"
    hornfels("convert", path, turned, "--dialect", "keras2", "--flip-kernels", "--force")
    assert not json.loads(hornfels("show", turned, "--json"))["theano_kernels"]
    left = PLACE / "left.h5"
    hornfels("convert", path, left, "--dialect", "keras2", "--force")
    assert json.loads(hornfels("show", left, "--json"))["theano_kernels"]
    data = np.random.default_rng(4).standard_normal((1, 5, 5, 3)).astype("float32")
    kernel, bias = values("c_W", (3, 2, 3, 2)), values("c_b", (2,))
    expected = np.zeros((1, 3, 4, 2)) + bias
    for row in range(3):
        for column in range(4):
            for i in range(3):
                for j in range(2):
                    expected[0, row, column] += data[0, row + 2 - i, column + 1 - j] @ kernel[i, j]
    close(predict(keras.models.load_model(turned), data), expected, "predictions")


def same_as_keras1():
    """Models of the corpus, and the same by hand."""
    def twice():
        return L.LSTM(10, return_sequences=True, recurrent_activation="hard_sigmoid", name="lstm_1")

    both = L.Bidirectional(twice(), name="bidirectional_1")
    yield "lstm_tf_model.h5", keras.Sequential([
        keras.Input((10, 2)), L.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid", name="lstm_1"),
        L.LSTM(2, return_sequences=True, recurrent_activation="hard_sigmoid", name="lstm_2"),
        L.Dense(3, name="timedistributeddense_1"), L.Softmax(name="activation_1")])
    yield "tfscope/model.h5", keras.Sequential([
        keras.Input((70,)), L.Dense(256, "tanh", name="dense_1"), L.Dense(2, name="dense_2")])
    yield "weights/bidirectional_lstm_tensorflow_1.h5", keras.Sequential([keras.Input((4, 10)), both])
    yield "weights/bidirectional_lstm_theano_1.h5", keras.Sequential(
        [keras.Input((4, 10)), L.Bidirectional(twice(), name="bidirectional_1")])
    yield "weights/dense_tensorflow_1.h5", keras.Sequential([keras.Input((4,)), L.Dense(6, name="dense_1")])
    yield "weights/embedding_conv1d_flatten_tensorflow_1.h5", keras.Sequential([
        keras.Input((10,)), L.Embedding(4, 5, name="embedding_1"), L.Conv1D(6, 3, name="convolution1d_1"), L.Flatten(name="flatten_1")])


def main():
    report, least = Report(), len(MODELS) + 1
    for name, make in MODELS.items():
        keras.backend.clear_session()
        config, weights, new = make()
        path = PLACE / f"{name}.h5"
        write(path, config, weights)
        report.case(name, check, path, new, gates_joined(path) if name == "nested" else None)
    report.case("flipped kernels", check_flipped)
    for end, new in same_as_keras1():
        for path in sorted(CORPUS.rglob(end.rpartition("/")[2])):
            if not str(path).endswith(end):
                continue
            copy = PLACE / "corpus" / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
            report.case(str(path.relative_to(CORPUS)), check, copy, new)
            least += 1
    report.finish(least)


main()
