"""Dense, EinsumDense, Embedding, Masking, Activation."""


def cases(keras):
    l = keras.layers
    yield lambda: (l.Dense(5), (3,))
    yield lambda: (l.Dense(5, activation="relu", use_bias=False), (4, 3))
    yield lambda: (l.Dense(5, trainable=False, dtype="float64"), (3,))
    yield lambda: (l.Dense(5, kernel_regularizer="l2", bias_constraint="non_neg"), (None, 3))
    yield lambda: (l.Dense(5, dtype="mixed_float16"), (3,))
    yield lambda: (l.Embedding(10, 4), (7,))
    yield lambda: (l.Embedding(10, 4, mask_zero=True), (None,))
    yield lambda: (l.Embedding(10, 4), ())
    yield lambda: (l.Embedding(10, 4), (2, 3))
    yield lambda: (l.EinsumDense("ab,bc->ac", output_shape=64, bias_axes="c"), (32,))
    yield lambda: (l.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d"), (None, 128))
    yield lambda: (l.EinsumDense("...x,xy->...y", output_shape=64, bias_axes="y"), (32, 128))
    yield lambda: (l.EinsumDense("abc,cde->abde", output_shape=(7, 3, 4)), (7, 5))
    yield lambda: (l.EinsumDense("abde,def->abf", output_shape=(7, 9), bias_axes="bf"), (7, 3, 4))
    yield lambda: (l.Masking(1.5), (4, 3))
    yield lambda: (l.Activation("relu"), (4, 3))
    yield lambda: (l.Activation("softmax"), (4,))
    yield lambda: (l.Identity(), (4,))
