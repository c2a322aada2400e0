"""TimeDistributed, Bidirectional, SpectralNormalization."""


def cases(keras):
    l = keras.layers
    brief = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    cheap = {"kernel_initializer": "zeros"}
    three = int(keras.__version__.split(".")[0]) == 3
    for mode in ["concat", "sum", "mul", "ave", None]:
        for flags in [{}, {"return_sequences": True}, {"return_state": True}]:
            yield lambda: (l.Bidirectional(l.SimpleRNN(4, **brief, **flags), merge_mode=mode), (7, 3))
    yield lambda: (l.Bidirectional(l.LSTM(4, return_sequences=True, return_state=True, **brief)), (None, 3))
    yield lambda: (l.Bidirectional(l.GRU(4, go_backwards=True, name="inner", **brief), backward_layer=l.GRU(4, name="back", **brief), name="outer"), (7, 3))
    yield lambda: (l.Bidirectional(l.GRU(4, **brief), backward_layer=l.GRU(4, go_backwards=True, name="other", use_bias=False, **brief)), (7, 3))
    yield lambda: (l.Bidirectional(l.LSTM(4, trainable=False, **brief), backward_layer=l.LSTM(4, go_backwards=True, **brief)), (7, 3))
    yield lambda: (l.Bidirectional(l.LSTM(4, **brief), trainable=False), (7, 3))
    yield lambda: (l.Bidirectional(l.LSTM(4, dtype="float64", **brief), dtype="float64"), (7, 3))
    yield lambda: (l.Bidirectional(l.LSTM(4, **brief)), (7, 3), {"initial_state": [(4,)] * 4})
    yield lambda: (l.Bidirectional(l.RNN(l.LSTMCell(4, **brief))), (7, 3))
    yield lambda: (l.Bidirectional(l.ConvLSTM2D(4, 3, return_sequences=True, **brief), merge_mode="sum"), (5, 9, 8, 2))
    yield lambda: (l.TimeDistributed(l.Dense(5)), (7, 3))
    yield lambda: (l.TimeDistributed(l.Dense(5, name="inner", trainable=False), name="outer"), (None, 3))
    yield lambda: (l.TimeDistributed(l.Dense(5), trainable=False), {"batch_shape": (2, 7, 3)})
    yield lambda: (l.TimeDistributed(l.EinsumDense("abc,cd->abd", output_shape=(5, 4), bias_axes="d", **cheap)), (7, 5, 3))
    yield lambda: (l.TimeDistributed(l.TimeDistributed(l.Dense(5))), (7, 6, 3))
    yield lambda: (l.TimeDistributed(l.LSTM(4, **brief)), (7, 5, 3))
    yield lambda: (l.TimeDistributed(l.Bidirectional(l.LSTM(4, return_sequences=True, **brief))), (7, 5, 3))
    yield lambda: (l.TimeDistributed(l.Embedding(9, 4)), (7, 5))

    def model():
        a = keras.Input((3,), name="a")
        frozen = l.Dense(5, name="first", trainable=False, **cheap)(a)
        return keras.Model(a, l.Dense(2, name="second", **cheap)(frozen), name="inner")

    yield lambda: (l.TimeDistributed(model()), (7, 3))
    yield lambda: (l.TimeDistributed(keras.Sequential([keras.Input((3,), name="a"), l.Dense(5, name="d")], name="inner")), (7, 3))
    yield lambda: (l.SpectralNormalization(l.Dense(5, **cheap)), (3,))
    yield lambda: (l.SpectralNormalization(l.Dense(5, name="inner"), power_iterations=3, name="outer"), (4, 3))
    yield lambda: (l.SpectralNormalization(l.Dense(5), trainable=False), (3,))
    yield lambda: (l.SpectralNormalization(l.Embedding(9, 4)), (7,))
    yield lambda: (l.SpectralNormalization(l.Dense(5, dtype="float64"), dtype="float64"), {"shape": (3,), "dtype": "float64"})
    if three:
        # Keras 2 lists the kernel twice.
        yield lambda: (l.SpectralNormalization(l.Dense(5, trainable=False)), (3,))
        yield lambda: (l.Bidirectional(l.LSTM(4, zero_output_for_mask=True, seed=1, **brief), name="outer"), (7, 3))
