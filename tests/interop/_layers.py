"""What layers compute, in plain NumPy."""

import numpy as np


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def dense(w, at, x, activation=lambda x: x):
    return activation(x @ w(f"{at}/kernel") + w(f"{at}/bias"))


def conv2d(w, at, x, activation=lambda x: x):
    """Padding `same`, stride 1, channels last."""
    kernel = w(f"{at}/kernel")
    rows, columns = kernel.shape[:2]
    pad = [(0, 0), ((rows - 1) // 2, rows // 2), ((columns - 1) // 2, columns // 2), (0, 0)]
    padded = np.pad(x, pad)
    out = 0
    for row in range(rows):
        for column in range(columns):
            window = padded[:, row : row + x.shape[1], column : column + x.shape[2]]
            out = out + window @ kernel[row, column]
    return activation(out + w(f"{at}/bias"))


def batch_normalization(w, at, x, epsilon=1e-3):
    mean, variance = w(f"{at}/moving_mean"), w(f"{at}/moving_variance")
    return (x - mean) / np.sqrt(variance + epsilon) * w(f"{at}/gamma") + w(f"{at}/beta")


def max_pooling2d(x):
    """Windows of 2 by 2 that do not overlap."""
    batch, rows, columns, channels = x.shape
    windows = x.reshape(batch, rows // 2, 2, columns // 2, 2, channels)
    return windows.max((2, 4))


def embedding(w, at, x):
    return w(f"{at}/embeddings")[x]


def layer_normalization(w, at, x, epsilon=1e-3):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * w(f"{at}/gamma") + w(f"{at}/beta")


def _steps(x, backwards):
    steps = range(x.shape[1])
    return reversed(steps) if backwards else steps


def _sequence(outputs, backwards):
    return np.stack(outputs[::-1] if backwards else outputs, 1)


def lstm(w, at, x, backwards=False):
    """All outputs; gates in Keras's order: input, forget, cell, output."""
    kernel, recurrent = w(f"{at}/kernel"), w(f"{at}/recurrent_kernel")
    h = c = np.zeros((len(x), recurrent.shape[0]))
    outputs = []
    for step in _steps(x, backwards):
        gates = x[:, step] @ kernel + h @ recurrent + w(f"{at}/bias")
        i, f, g, o = np.split(gates, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return _sequence(outputs, backwards)


def gru(w, at, x):
    """All outputs; gates update, reset, candidate; the reset is applied after the product."""
    recurrent, bias = w(f"{at}/recurrent_kernel"), w(f"{at}/bias")
    h = np.zeros((len(x), recurrent.shape[0]))
    outputs = []
    for step in range(x.shape[1]):
        xz, xr, xh = np.split(x[:, step] @ w(f"{at}/kernel") + bias[0], 3, -1)
        hz, hr, hh = np.split(h @ recurrent + bias[1], 3, -1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        h = z * h + (1 - z) * np.tanh(xh + r * hh)
        outputs.append(h)
    return np.stack(outputs, 1)


def simple_rnn(w, at, x):
    h = np.zeros((len(x), w(f"{at}/recurrent_kernel").shape[0]))
    outputs = []
    for step in range(x.shape[1]):
        product = x[:, step] @ w(f"{at}/kernel") + h @ w(f"{at}/recurrent_kernel")
        h = np.tanh(product + w(f"{at}/bias"))
        outputs.append(h)
    return np.stack(outputs, 1)
