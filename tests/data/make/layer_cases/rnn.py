"""SimpleRNN, LSTM, GRU, RNN with cells, ConvLSTM, and what cuDNN once had classes for."""

FLAGS = [
    {},
    {"return_sequences": True},
    {"return_state": True},
    {"return_sequences": True, "return_state": True, "go_backwards": True},
]


def only(keras, version):
    """Leaves the case out under the other Keras."""
    if int(keras.__version__.split(".")[0]) != version:
        raise AttributeError(f"a case for Keras {version}")


def cases(keras):
    l = keras.layers
    # Short initializers keep the lines short.
    brief = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    for make in [l.SimpleRNN, l.LSTM, l.GRU]:
        for flags in FLAGS:
            yield lambda: (make(4, **brief, **flags), (7, 3))
        yield lambda: (make(4, return_sequences=True, **brief), (None, 3))
        yield lambda: (make(4, use_bias=False, trainable=False, **brief), (7, 3))
        yield lambda: (make(4, dtype="float64", unroll=True, **brief), (7, 3))
        yield lambda: (make(4, dtype="mixed_float16", **brief), (7, 3))
        yield lambda: (make(4, stateful=True, return_state=True, **brief), {"batch_shape": (2, 7, 3)})
    for make, states in [(l.SimpleRNN, 1), (l.LSTM, 2), (l.GRU, 1)]:
        yield lambda: (make(4, return_state=True, **brief), (7, 3), {"initial_state": [(4,)] * states})
        yield lambda: only(keras, 2) or (make(4, **brief), [(7, 3)] + [(4,)] * states)
        yield lambda: only(keras, 2) or (make(4, time_major=True, return_sequences=True, return_state=True, **brief), {"batch_shape": (7, 2, 3)})
    yield lambda: (l.LSTM(4, unit_forget_bias=False, kernel_regularizer="l2", recurrent_constraint="max_norm", dropout=0.5, recurrent_dropout=0.25), (7, 3))
    yield lambda: (l.LSTM(4, activation="relu", recurrent_activation="hard_sigmoid", activity_regularizer="l1", bias_constraint="non_neg", **brief), (7, 3))
    yield lambda: (l.GRU(4, reset_after=False, **brief), (7, 3))
    yield lambda: (l.GRU(4, reset_after=True, use_bias=False, **brief), (7, 3))
    yield lambda: (l.LSTM(4, zero_output_for_mask=True, seed=3, **brief), (7, 3))
    yield lambda: (l.GRU(4), (7, 3))
    # Any cell.
    for cell in [l.SimpleRNNCell, l.LSTMCell, l.GRUCell]:
        yield lambda: (l.RNN(cell(4, **brief), return_sequences=True, return_state=True), (7, 3))
        yield lambda: (l.RNN(cell(4, name="own", trainable=False, **brief)), (7, 3))
        yield lambda: (l.RNN(cell(4, dtype="float64", use_bias=False, **brief), trainable=False, dtype="float64"), (7, 3))
    yield lambda: (l.RNN(l.GRUCell(4, reset_after=False, **brief)), (7, 3))
    yield lambda: (l.RNN(l.LSTMCell(4, **brief), return_state=True), (7, 3), {"initial_state": [(4,), (4,)]})
    stack = lambda: l.StackedRNNCells([l.LSTMCell(4, **brief), l.GRUCell(5, **brief), l.SimpleRNNCell(6, **brief)])
    for flags in FLAGS:
        yield lambda: (l.RNN(stack(), **flags), (7, 3))
    yield lambda: (l.RNN([l.LSTMCell(4, **brief), l.LSTMCell(4, **brief)], return_state=True), (None, 3))
    yield lambda: (l.RNN(l.StackedRNNCells([l.LSTMCell(4, **brief, trainable=False), l.LSTMCell(5, **brief)])), (7, 3))
    # Convolutions.
    sizes = {l.ConvLSTM1D: (9,), l.ConvLSTM2D: (9, 8), l.ConvLSTM3D: (9, 8, 7)}
    for make, spatial in sizes.items():
        for flags in FLAGS:
            yield lambda: (make(4, 3, **brief, **flags), (5, *spatial, 2))
        yield lambda: (make(4, 3, padding="same", strides=2, use_bias=False, **brief), (5, *spatial, 2))
        yield lambda: (make(4, 2, dilation_rate=2, unit_forget_bias=False, return_sequences=True, **brief), (None, *spatial, 2))
    yield lambda: (l.ConvLSTM2D(4, (3, 2), strides=(2, 1), data_format="channels_first", return_state=True, **brief), (5, 2, 9, 8))
    yield lambda: (l.ConvLSTM2D(4, (3, 2), return_sequences=True, return_state=True, trainable=False), (5, 9, 8, 2))
    if keras.__version__.startswith("2"):
        from keras.src.layers.rnn.cudnn_gru import CuDNNGRU
        from keras.src.layers.rnn.cudnn_lstm import CuDNNLSTM

        for make in [CuDNNLSTM, CuDNNGRU]:
            for flags in FLAGS:
                yield lambda: (make(4, **brief, **flags), (7, 3))
