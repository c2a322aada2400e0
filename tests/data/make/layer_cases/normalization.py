"""Batch, layer, group, unit, RMS normalization; Normalization by given statistics."""


def cases(keras):
    l = keras.layers
    for dtype in ("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"):
        for name in (
            "BatchNormalization",
            "LayerNormalization",
            "GroupNormalization",
            "RMSNormalization",
            "UnitNormalization",
            "Normalization",
        ):
            arguments = {"groups": 2} if name.startswith("Group") else {}
            yield lambda name=name, dtype=dtype, arguments=arguments: (
                getattr(l, name)(dtype=dtype, **arguments),
                (5, 4),
            )
    yield lambda: (l.BatchNormalization(), (3,))
    yield lambda: (l.BatchNormalization(), (None, None, 3))
    yield lambda: (l.BatchNormalization(axis=1), (3, None, None))
    yield lambda: (l.BatchNormalization(axis=[1]), (3, 4, 5))
    yield lambda: (l.BatchNormalization(axis=(-1,)), (3, 4, 5))
    yield lambda: (l.BatchNormalization(center=False), (3,))
    yield lambda: (l.BatchNormalization(scale=False, momentum=0.9, epsilon=1e-5), (3,))
    yield lambda: (l.BatchNormalization(center=False, scale=False), (3,))
    yield lambda: (l.BatchNormalization(trainable=False), (3,))
    yield lambda: (l.BatchNormalization(synchronized=True), (3,))
    yield lambda: (l.BatchNormalization(gamma_regularizer="l2", beta_constraint="non_neg"), (4, 3))
    yield lambda: (l.BatchNormalization(moving_variance_initializer="zeros"), (4, 3))
    yield lambda: (l.BatchNormalization(renorm=True), (4, 3))
    yield lambda: (l.experimental.SyncBatchNormalization(), (4, 3))
    yield lambda: (l.experimental.SyncBatchNormalization(scale=False, dtype="float16"), (4, 3))
    yield lambda: (l.LayerNormalization(axis=1), (3, None))
    yield lambda: (l.LayerNormalization(axis=[1, 2]), (4, 3))
    yield lambda: (l.LayerNormalization(axis=[2, 1]), (4, 3))
    yield lambda: (l.LayerNormalization(axis=[-1, 1]), (4, 5, 3))
    yield lambda: (l.LayerNormalization(axis=[-1, -2]), (4, 3))
    yield lambda: (l.LayerNormalization(center=False), (3,))
    yield lambda: (l.LayerNormalization(scale=False), (3,))
    yield lambda: (l.LayerNormalization(center=False, scale=False), (3,))
    yield lambda: (l.LayerNormalization(rms_scaling=True), (3,))
    yield lambda: (l.LayerNormalization(trainable=False), (None, 3))
    yield lambda: (l.GroupNormalization(groups=2), (None, None, 4))
    yield lambda: (l.GroupNormalization(groups=-1), (5, 4))
    yield lambda: (l.GroupNormalization(groups=2, axis=1), (4, None, 5))
    yield lambda: (l.GroupNormalization(groups=3, center=False), (4, 3))
    yield lambda: (l.GroupNormalization(groups=1, scale=False, trainable=False), (4, 3))
    yield lambda: (l.UnitNormalization(), (3,))
    yield lambda: (l.UnitNormalization(axis=[1, 2]), (None, 3))
    yield lambda: (l.RMSNormalization(), (None, 3))
    yield lambda: (l.RMSNormalization(axis=[1, 2], epsilon=1e-3), (4, 3))
    yield lambda: (l.RMSNormalization(axis=[2, 1], trainable=False), (4, 3))
    yield lambda: (l.Normalization(), (3,))
    yield lambda: (l.Normalization(axis=None), (4, 3))
    yield lambda: (l.Normalization(axis=[2, 1]), (4, 3))
    yield lambda: (l.Normalization(axis=1), (4, None))
    yield lambda: (l.Normalization(invert=True, dtype="float64"), (4, 3))
    yield lambda: (l.Normalization(mean=2.0, variance=3.0), (4, 3))
    yield lambda: (l.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 2.0, 3.0]), (4, 3))
