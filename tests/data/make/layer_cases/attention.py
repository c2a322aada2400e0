"""Attention, AdditiveAttention, MultiHeadAttention, GroupQueryAttention."""


def cases(keras):
    l = keras.layers
    three = int(keras.__version__.split(".")[0]) == 3
    for make in [l.Attention, l.AdditiveAttention]:
        yield lambda: (make(), [(4, 3), (5, 3)])
        yield lambda: (make(), [(4, 3), (5, 3), (5, 3)])
        if make is l.Attention or three:
            # Keras 2 scales by the size of the value, which then has to be that of the query.
            yield lambda: (make(), [(4, 3), (5, 6), (5, 3)])
        yield lambda: (make(use_scale=True), [(None, 3), (None, 3)])
        yield lambda: (make(use_scale=False, dropout=0.5), [(4, 3), (5, 3)])
        yield lambda: (make(use_scale=True, trainable=False, dtype="float64"), [(4, 3), (5, 3)])
    yield lambda: (l.Attention(score_mode="concat"), [(4, 3), (5, 3)])
    yield lambda: (l.Attention(score_mode="concat", use_scale=True), [(4, 3), (5, 3)])
    yield lambda: (l.Attention(), [(2, 4, 3), (2, 5, 3)])

    def multi(*inputs, named=None, heads=2, key_dim=3, **more):
        more = {"kernel_initializer": "zeros", **more}
        return l.MultiHeadAttention(heads, key_dim, **more), *inputs, named

    yield lambda: multi((4, 6), named={"value": (4, 6)})
    yield lambda: multi((4, 6), named={"value": (5, 7)})
    yield lambda: multi((4, 6), named={"value": (5, 7), "key": (5, 8)})
    yield lambda: multi((None, 6), named={"value": (None, 6)})
    yield lambda: multi((4, 6), named={"value": (5, 7)}, value_dim=9)
    yield lambda: multi((4, 6), named={"value": (5, 7)}, use_bias=False)
    yield lambda: multi((4, 6), named={"value": (5, 7)}, output_shape=5)
    yield lambda: multi((4, 6), named={"value": (5, 7)}, output_shape=(5,), value_dim=1)
    yield lambda: multi((4, 6), named={"value": (5, 7)}, output_shape=(5, 2))
    yield lambda: multi((4, 5, 6), named={"value": (4, 7, 6)}, attention_axes=2)
    yield lambda: multi((4, 5, 6), named={"value": (4, 5, 6)}, attention_axes=(1, 2))
    yield lambda: multi((4, 5, 6), named={"value": (4, 5, 6)})
    yield lambda: multi((4, 6), named={"value": (5, 7)}, trainable=False)
    yield lambda: multi((4, 6), named={"value": (5, 7)}, dtype="mixed_bfloat16")
    yield lambda: multi((4, 6), named={"value": (5, 7)}, dropout=0.5, kernel_initializer="he_normal", kernel_regularizer="l2", bias_constraint="non_neg")
    yield lambda: multi((4, 6), named={"value": (5, 7)}, use_gate=True, value_dim=9)
    yield lambda: multi((4, 6), named={"value": (5, 7)}, sliding_window=2, seed=4)

    def grouped(*inputs, named=None, **more):
        more = {"kernel_initializer": "zeros", **more}
        return l.GroupQueryAttention(3, 4, 2, **more), *inputs, named

    yield lambda: grouped((4, 6), named={"value": (5, 6)})
    yield lambda: grouped((4, 6), named={"value": (5, 6), "key": (5, 7)})
    yield lambda: grouped((None, 6), named={"value": (None, 6)}, use_bias=False)
    yield lambda: grouped((4, 6), named={"value": (5, 6)}, use_gate=True, trainable=False)
    yield lambda: grouped((4, 6), named={"value": (5, 6)}, dropout=0.5, seed=3, sliding_window=2)
