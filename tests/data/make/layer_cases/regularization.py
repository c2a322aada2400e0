"""Layers that act in training only."""


def cases(keras):
    l = keras.layers
    for shape in [(3,), (None, 3)]:
        yield lambda shape=shape: (l.Dropout(0.25), shape)
        yield lambda shape=shape: (l.AlphaDropout(0.25, seed=1), shape)
        yield lambda shape=shape: (l.GaussianDropout(0.25), shape)
        yield lambda shape=shape: (l.GaussianNoise(0.5), shape)
        yield lambda shape=shape: (l.ActivityRegularization(l1=0.5, l2=0.25), shape)
    yield lambda: (l.Dropout(0), (3,))
    yield lambda: (l.Dropout(0.25, seed=7, noise_shape=(None, 1, 3)), (4, 3))
    yield lambda: (l.Dropout(0.25, seed=7, dtype="float16", trainable=False), (4, 3))
    yield lambda: (l.AlphaDropout(0.25, noise_shape=(None, 1, 3)), (4, 3))
    yield lambda: (l.SpatialDropout1D(0.25), (4, 3))
    yield lambda: (l.SpatialDropout1D(0.25, seed=3), (None, 3))
    for format in ("channels_last", "channels_first"):
        yield lambda format=format: (l.SpatialDropout2D(0.25, data_format=format), (4, 5, 3))
        yield lambda format=format: (l.SpatialDropout3D(0.25, data_format=format), (4, None, 5, 3))
