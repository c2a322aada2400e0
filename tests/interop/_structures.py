"""Models in models and layers in several places, as cases and as whole models."""

from _cases import CASES, Case, L, R, keras


class Structure(Case):
    """Several layers; `make(name)` returns the model's inputs and outputs."""

    def __init__(self, make, shapes, dtype="float32", sizes=None):
        super().__init__("Model", shapes, {}, dtype, sizes, note=make.__name__)
        self.make = make

    def build(self, name):
        inputs = [keras.Input(shape, name=f"{name}_in{i}", dtype=dtype) for i, (shape, dtype) in enumerate(zip(self.shapes, self.dtypes))]
        outputs = self.make(name, *inputs)
        return inputs, outputs if isinstance(outputs, list) else [outputs]


def structure(shapes, **more):
    def add(make):
        CASES.append(Structure(make, shapes, **more))
        return make

    return add


def small(name, size=5, out=4):
    """A model of two layers."""
    x = keras.Input((size,), name=f"{name}_x")
    return keras.Model(x, L.Dense(out, "tanh", name=f"{name}_b")(L.Dense(3, "relu", name=f"{name}_a")(x)), name=name)


@structure((5,))
def model_in_model(name, x):
    return small(f"{name}_inner")(x)


@structure((5,))
def sequential_in_model(name, x):
    inner = keras.Sequential([L.Dense(4, "relu", name=f"{name}_a"), L.BatchNormalization(name=f"{name}_b"), L.Dropout(0.0, name=f"{name}_d")], name=f"{name}_inner")
    return inner(x)


@structure((5,))
def sequential_in_sequential(name, x):
    inner = keras.Sequential([keras.Input((5,)), L.Dense(4, "relu", name=f"{name}_a")], name=f"{name}_inner")
    return keras.Sequential([keras.Input((5,)), L.Dense(5, name=f"{name}_first"), inner, L.Dense(2, name=f"{name}_last")], name=f"{name}_outer")(x)


@structure((5,))
def three_deep(name, x):
    x1 = keras.Input((5,), name=f"{name}_x1")
    middle = keras.Model(x1, L.Dense(3, name=f"{name}_m")(small(f"{name}_inner")(x1)), name=f"{name}_middle")
    x2 = keras.Input((5,), name=f"{name}_x2")
    outer = keras.Model(x2, L.Dense(2, name=f"{name}_o")(L.BatchNormalization(name=f"{name}_n")(middle(x2))), name=f"{name}_outer")
    return outer(x)


@structure([(5,), (5,)])
def shared_model(name, a, b):
    inner = small(f"{name}_inner")
    return L.Concatenate(name=f"{name}_both")([inner(a), inner(b)])


@structure([(5,), (5,)])
def shared_layer(name, a, b):
    shared = L.Dense(4, "tanh", name=f"{name}_shared", kernel_regularizer=R.L2(0.1), activity_regularizer=R.L1(0.1))
    return [L.Subtract(name=f"{name}_difference")([shared(a), shared(b)]), shared(a)]


@structure((4,))
def layer_over_itself(name, x):
    again = L.Dense(4, "tanh", name=f"{name}_again")
    return again(again(again(x)))


@structure([(5,), (3,)])
def inner_of_two_inputs_and_outputs(name, a, b):
    p, q = keras.Input((5,), name=f"{name}_p"), keras.Input((3,), name=f"{name}_q")
    h = L.Concatenate(name=f"{name}_pq")([L.Dense(3, name=f"{name}_d")(p), q])
    inner = keras.Model([p, q], [L.Dense(2, name=f"{name}_u")(h), L.Dense(4, "relu", name=f"{name}_v")(h)], name=f"{name}_inner")
    u, v = inner([a, b])
    return [L.Dense(1, name=f"{name}_w")(u), L.Activation("tanh", name=f"{name}_t")(v)]


@structure((6, 6, 2))
def residual(name, x):
    def block(i, x):
        y = L.Conv2D(2, 3, padding="same", use_bias=False, name=f"{name}_conv{i}")(x)
        y = L.ReLU(name=f"{name}_relu{i}")(L.BatchNormalization(name=f"{name}_norm{i}")(y))
        return L.Add(name=f"{name}_add{i}")([x, y])

    return L.GlobalAveragePooling2D(name=f"{name}_pool")(block(2, block(1, x)))


@structure((5,))
def frozen_inside(name, x):
    inner = small(f"{name}_inner")
    inner.trainable = False
    return L.Dense(2, name=f"{name}_head")(inner(x))


@structure((6,), dtype="int32")
def mask_into_model(name, x):
    y = keras.Input((None, 4), name=f"{name}_y")
    inner = keras.Model(y, L.GlobalAveragePooling1D(name=f"{name}_pool")(L.Dense(3, name=f"{name}_d")(y)), name=f"{name}_inner")
    return inner(L.Embedding(6, 4, mask_zero=True, name=f"{name}_words")(x))


@structure((6,), dtype="int32")
def mask_out_of_model(name, x):
    y = keras.Input((None,), dtype="int32", name=f"{name}_y")
    inner = keras.Model(y, L.Dense(3, name=f"{name}_d")(L.Embedding(6, 4, mask_zero=True, name=f"{name}_words")(y)), name=f"{name}_inner")
    return L.GlobalAveragePooling1D(name=f"{name}_pool")(inner(x))


for known in CASES:
    # What TensorFlow writes for a model loses the masks in it.
    known.limit |= known.kind == "Model" and known.make.__name__.startswith("mask_")


def dense_model():
    return keras.Sequential([keras.Input((5,), name="x"), L.Dense(8, "relu", name="hidden"), L.Dense(3, "softmax", name="probabilities")], name="dense")


def convolutional_model():
    x = keras.Input((9, 7, 2), name="image")
    y = L.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(x)
    y = L.MaxPooling2D(name="pool")(L.ReLU(6.0, name="relu")(L.BatchNormalization(name="norm")(y)))
    y = L.Dropout(0.25, name="drop")(L.Flatten(name="flat")(y))
    return keras.Model(x, [L.Dense(3, "softmax", name="kind")(y), L.Dense(1, name="amount")(y)], name="convolutional")


def recurrent_model():
    x = keras.Input((None,), dtype="int32", name="words")
    y = L.LSTM(5, dropout=0.2, name="read")(L.Embedding(6, 4, mask_zero=True, name="vectors")(x))
    return keras.Model(x, L.Dense(2, "softmax", name="mood")(y), name="recurrent")


def bidirectional_model():
    x = keras.Input((6, 3), name="signal")
    y = L.Bidirectional(L.GRU(4, return_sequences=True, name="gru"), name="both")(L.Masking(0.0, name="masking")(x))
    return keras.Model(x, L.TimeDistributed(L.Dense(2), name="each")(L.LSTM(3, return_sequences=True, name="after")(y)), name="bidirectional")


def nested_model():
    a, b = keras.Input((5,), name="left"), keras.Input((5,), name="right")
    inner = small("encoder")
    head = keras.Sequential([keras.Input((4,)), L.Dense(3, "elu", name="first"), small("last", 3, 2)], name="head")
    both = L.Subtract(name="difference")([inner(a), inner(b)])
    return keras.Model([a, b], L.Dense(1, "sigmoid", name="same")(head(both)), name="nested")


def text_model():
    x = keras.Input((1,), name="text", dtype="string")
    words = ["earth", "wind", "and", "fire"]
    y = L.TextVectorization(vocabulary=words, output_sequence_length=6, name="words")(x)
    y = L.Embedding(6, 4, mask_zero=True, name="vectors")(y)
    y = L.GlobalAveragePooling1D(name="mean")(y)
    return keras.Model(x, L.Dense(3, "softmax", name="kind")(y), name="text")


def encoder_model():
    x = keras.Input((6,), name="tokens")
    y = L.Embedding(7, 8, mask_zero=True, name="vectors")(x)
    for i in (0, 1):
        z = L.MultiHeadAttention(2, 4, dropout=0.1, name=f"attention{i}")(y, y)
        y = L.LayerNormalization(name=f"norm{i}a")(L.Add(name=f"residual{i}a")([y, L.Dropout(0.1, name=f"drop{i}")(z)]))
        z = L.Dense(8, name=f"narrow{i}")(L.Dense(16, "gelu", name=f"wide{i}")(y))
        y = L.LayerNormalization(name=f"norm{i}b")(L.Add(name=f"residual{i}b")([y, z]))
    y = L.GlobalAveragePooling1D(name="mean")(y)
    return keras.Model(x, L.Dense(2, "softmax", name="kind")(y), name="encoder")


WHOLE = {
    "dense": dense_model, "convolutional": convolutional_model, "nested": nested_model, "text": text_model, "encoder": encoder_model,
    "recurrent": recurrent_model, "bidirectional": bidirectional_model,
}


def masking_and_taking(name, taking):
    """A model whose output has the mask of its input, or of its own Masking; where it is `taking`, none."""
    x = keras.Input((4, 3), name=f"{name}_x")
    y = L.Dense(3, name=f"{name}_dense")(x if taking else L.Masking(name=f"{name}_masking")(x))
    return keras.Model(x, L.SimpleRNN(3, name=f"{name}_rnn", return_sequences=not taking)(y), name=name)


@structure((4, 3))
def masking_before_model(name, x):
    return masking_and_taking(f"{name}_inner", True)(L.Masking(name=f"{name}_masking")(x))


@structure((4, 3))
def masking_in_model(name, x):
    return L.SimpleRNN(2, name=f"{name}_rnn")(masking_and_taking(f"{name}_inner", False)(x))


@structure((4, 3))
def mask_through_sequential(name, x):
    inner = keras.Sequential([L.Dense(4, name=f"{name}_a"), L.Dropout(0.0, name=f"{name}_b")], name=f"{name}_inner")
    return L.SimpleRNN(2, name=f"{name}_rnn")(inner(L.Masking(name=f"{name}_masking")(x)))


@structure([(4, 3), (4,)], dtype=["float32", "bool"])
def mask_given_to_model(name, x, mask):
    return masking_and_taking(f"{name}_inner", True)(x, mask=mask)


@structure([(4, 3), (4, 3)])
def shared_with_and_without_mask(name, a, b):
    dense, rnn = L.Dense(3, name=f"{name}_dense"), L.SimpleRNN(2, name=f"{name}_rnn")
    return [rnn(dense(L.Masking(name=f"{name}_masking")(a))), rnn(dense(b))]


@structure((4, 3))
def mask_lost_in_operations(name, x):
    x = L.Masking(name=f"{name}_masking")(x)
    rnn = L.SimpleRNN(2, name=f"{name}_rnn")
    return [rnn(x * 2.0), rnn(x[:, 1:]), rnn(L.Identity(name=f"{name}_identity")(x))]


@structure((4, 3))
def state_has_no_mask(name, x):
    y, *states = L.LSTM(4, return_sequences=True, return_state=True, name=f"{name}_lstm")(L.Masking(name=f"{name}_masking")(x))
    return L.LSTM(4, name=f"{name}_again")(y, initial_state=states)
