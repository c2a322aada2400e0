"""Layers that weigh values by how well their keys match a query."""

from _cases import C, L, POLICIES, R, case, embedded, first_masked, masked


def called(**more):
    """Calls a layer with a list, and these arguments."""

    def call(layer, x):
        return listed(layer(list(x), **more))

    return call


def listed(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else outputs


def twice(layer, x):
    """One tensor is query and value."""
    return layer([x[0], x[0]])


def with_masks(layer, x):
    return layer(list(x[:2]), mask=list(x[2:]))


def to_pooling(layer, x):
    return L.GlobalAveragePooling1D(name=f"{layer.name}_pool")(layer(list(x)))


def without_heads():
    pair, three = [(4, 6), (5, 6)], [(4, 6), (5, 3), (5, 6)]
    for kind in ("Attention", "AdditiveAttention"):
        for use_scale in (False, True):
            case(kind, pair, use_scale=use_scale)
            case(kind, three if kind == "Attention" or not use_scale else [(4, 6), (5, 6), (5, 6)], use_scale=use_scale)
        case(kind, pair, dropout=0.4, note="with dropout, at inference")
        case(kind, [(None, 6), (None, 6)], sizes=[(3, 6), (7, 6)])
        case(kind, [(5, 6)], call=twice, note="of itself")
        case(kind, pair, call=called(use_causal_mask=True), note="use_causal_mask")
        case(kind, pair, call=called(return_attention_scores=True), note="return_attention_scores")
        case(kind, pair, call=called(return_attention_scores=True, use_causal_mask=True), use_scale=True, note="both")
        case(kind, [(4, 6), (5, 6), (4,), (5,)], dtype=["float32", "float32", "bool", "bool"], call=with_masks, note="masks that are given")
        case(kind, [(4, 3), (5, 3)], before=masked)
        case(kind, [(4, 3), (5, 3), (5, 3)], before=masked)
        case(kind, [(4, 3), (5, 3)], before=first_masked)
        case(kind, [(4, 3), (4, 3)], before=masked, call=called(use_causal_mask=True), note="masked, use_causal_mask")
        case(kind, [(4,), (5,)], dtype="int32", before=embedded)
        case(kind, [(None,), (None,)], sizes=[(4,), (6,)], dtype="int32", before=embedded, call=called(return_attention_scores=True))
        case(kind, [(4,), (5,)], dtype="int32", before=embedded, call=to_pooling, note="its mask into pooling")
        case(kind, [(2, 4, 6), (2, 5, 6)])
        case(kind, [(2, 4, 6), (2, 4, 6)], call=called(use_causal_mask=True), note="use_causal_mask")
        for policy in POLICIES:
            case(kind, pair, use_scale=True, policy=policy)
            case(kind, [(4, 3), (5, 3)], before=masked, call=called(use_causal_mask=True), policy=policy, note="masked, use_causal_mask")
    for use_scale in (False, True):
        case("Attention", pair, use_scale=use_scale, score_mode="concat")
    case("Attention", three, use_scale=True, score_mode="concat")
    case("Attention", [(4, 3), (5, 3)], before=masked, score_mode="concat")
    case("Attention", pair, score_mode="concat", policy="mixed_float16")


def heads(**more):
    """Calls a layer with query, value and perhaps key."""

    def call(layer, x):
        key = {"key": x[2]} if len(x) > 2 else {}
        return listed(layer(x[0], x[1], **key, **more))

    return call


def self_attention(**more):
    return lambda layer, x: listed(layer(x[0], x[0], **more))


def by_mask(layer, x):
    return layer(x[0], x[1], attention_mask=x[2])


def out_of_order(layer, x):
    return layer(x[0], key=x[1], attention_mask=x[3], value=x[2])


def heads_to_pooling(layer, x):
    return L.GlobalAveragePooling1D(name=f"{layer.name}_pool")(layer(x[0], x[1], use_causal_mask=True))


def with_heads():
    kind, pair, three = "MultiHeadAttention", [(4, 6), (5, 6)], [(4, 6), (5, 3), (5, 7)]
    for use_bias in (True, False):
        case(kind, pair, num_heads=2, key_dim=3, call=heads(), use_bias=use_bias)
        case(kind, three, num_heads=2, key_dim=3, value_dim=5, call=heads(), use_bias=use_bias)
    case(kind, (4, 6), num_heads=1, key_dim=6, call=self_attention(), note="of itself")
    case(kind, (4, 6), num_heads=3, key_dim=2, call=self_attention(use_causal_mask=True), note="of itself, use_causal_mask")
    case(kind, pair, num_heads=2, key_dim=3, call=heads(use_causal_mask=True), note="use_causal_mask")
    case(kind, pair, num_heads=2, key_dim=3, call=heads(return_attention_scores=True), note="return_attention_scores")
    case(kind, three, num_heads=2, key_dim=3, call=heads(return_attention_scores=True, use_causal_mask=True), note="both")
    case(kind, [(None, 6), (None, 6)], sizes=[(3, 6), (7, 6)], num_heads=2, key_dim=3, call=heads())
    case(kind, (None, 6), sizes=(5, 6), num_heads=2, key_dim=3, call=self_attention(use_causal_mask=True), note="of itself, use_causal_mask")
    case(kind, pair, num_heads=2, key_dim=3, output_shape=(8,), call=heads())
    case(kind, pair, num_heads=2, key_dim=3, output_shape=(2, 5), call=heads())
    case(kind, pair, num_heads=2, key_dim=3, dropout=0.4, call=heads(), note="at inference")
    for dtype in ("bool", "int32", "float32"):
        case(kind, [*pair, (4, 5)], dtype=["float32", "float32", dtype], num_heads=2, key_dim=3, call=by_mask, note=f"attention_mask of {dtype}")
    case(kind, [*pair, (1, 5)], dtype=["float32", "float32", "bool"], num_heads=2, key_dim=3, call=by_mask, note="attention_mask for all queries")
    case(kind, [*pair, (2, 4, 5)], dtype=["float32", "float32", "bool"], num_heads=2, key_dim=3, call=by_mask, note="attention_mask for each head")
    case(kind, [(4, 6), (5, 6), (5, 7), (4, 5)], dtype=["float32"] * 3 + ["bool"], num_heads=2, key_dim=3, call=out_of_order, note="arguments in another order")
    for axes, shapes in (((2,), [(3, 4, 6), (3, 5, 6)]), ((1,), [(3, 4, 6), (2, 4, 6)]), ((1, 2), [(3, 4, 6), (2, 5, 6)]), ((2, 3), [(2, 3, 4, 6), (2, 2, 2, 6)]), ((1, 3), [(2, 3, 4, 6), (3, 3, 2, 6)])):
        case(kind, shapes, num_heads=2, key_dim=3, attention_axes=axes, call=heads())
    case(kind, [(3, 4, 6), (2, 5, 6)], num_heads=2, key_dim=3, call=heads(return_attention_scores=True), note="over all axes")
    case(kind, [(3, 4, 6), (3, 5, 6)], num_heads=2, key_dim=3, attention_axes=2, call=heads(return_attention_scores=True))
    case(kind, [(None, 4, 6), (None, 4, 6)], sizes=[(3, 4, 6), (3, 4, 6)], num_heads=2, key_dim=3, attention_axes=(2,), call=heads())
    for before, shapes, dtype in ((masked, [(4, 3), (5, 3)], "float32"), (first_masked, [(4, 3), (5, 3)], "float32"), (embedded, [(4,), (5,)], "int32")):
        case(kind, shapes, dtype=dtype, before=before, num_heads=2, key_dim=3, call=heads())
        case(kind, shapes, dtype=dtype, before=before, num_heads=2, key_dim=3, call=heads_to_pooling, note=f"{before.__name__}, its mask into pooling")
    case(kind, [(4, 3), (5, 3), (5, 3)], before=masked, num_heads=2, key_dim=3, call=heads())
    case(kind, (None,), sizes=(6,), dtype="int32", before=embedded, num_heads=2, key_dim=3, call=self_attention(use_causal_mask=True), note="of itself, use_causal_mask")
    case(kind, (4,), dtype="int32", before=embedded, num_heads=2, key_dim=3, call=self_attention(return_attention_scores=True), note="of itself")
    case(kind, pair, num_heads=2, key_dim=3, call=heads(), kernel_initializer="he_normal", bias_initializer="random_normal",
         kernel_regularizer=R.L2(0.03), bias_regularizer=R.L1(0.02), kernel_constraint=C.NonNeg(), bias_constraint=C.NonNeg())
    case(kind, pair, num_heads=2, key_dim=3, call=heads(), activity_regularizer=R.L1L2(0.01, 0.02))
    case(kind, pair, num_heads=2, key_dim=3, call=heads(return_attention_scores=True), activity_regularizer=R.L2(0.02), note="return_attention_scores")
    for policy in POLICIES:
        case(kind, pair, num_heads=2, key_dim=3, call=heads(), policy=policy)
        case(kind, (4, 6), num_heads=2, key_dim=3, call=self_attention(use_causal_mask=True), policy=policy, note="of itself, use_causal_mask")
    case(kind, pair, num_heads=2, key_dim=3, call=heads(), trainable=False)
