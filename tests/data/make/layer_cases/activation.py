"""ReLU, LeakyReLU, PReLU, ELU, ThresholdedReLU, Softmax."""


def cases(keras):
    l = keras.layers
    yield lambda: (l.ReLU(), (4, 3))
    yield lambda: (l.ReLU(max_value=6, negative_slope=0.1, threshold=0.5), (None, 3))
    yield lambda: (l.LeakyReLU(), (3,))
    yield lambda: (l.LeakyReLU(0.25, name="leaky"), (None, None, 3))
    yield lambda: (l.ELU(), (3,))
    yield lambda: (l.ELU(0.5), (4, None))
    yield lambda: (l.ThresholdedReLU(), (3,))
    yield lambda: (l.ThresholdedReLU(theta=2.0), (4, 3))
    yield lambda: (l.Softmax(), (3,))
    yield lambda: (l.Softmax(axis=1), (None, 3))
    yield lambda: (l.Softmax(axis=[1, 2]), (4, 3))
    yield lambda: (l.PReLU(), (3,))
    yield lambda: (l.PReLU(), (4, 5, 3))
    yield lambda: (l.PReLU(shared_axes=[1, 2]), (4, 5, 3))
    yield lambda: (l.PReLU(shared_axes=[1, 2]), (None, None, 3))
    yield lambda: (l.PReLU(shared_axes=2), (4, 3))
    yield lambda: (l.PReLU(shared_axes=[2, 3]), (3, None, 5))
    yield lambda: (l.PReLU(alpha_initializer="ones", alpha_regularizer="l1", alpha_constraint="non_neg"), (3,))
    yield lambda: (l.PReLU(trainable=False, dtype="float64"), (3,))
    yield lambda: (l.PReLU(dtype="mixed_float16"), (3,))
    yield lambda: (l.PReLU(dtype="float16"), (3,))
