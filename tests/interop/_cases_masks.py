"""Masks through every class: what stands behind it takes the mask that comes out, if one does."""

import functools

from _cases import CASES, L, Of, case, masked


def consumed(layer, x):
    """A layer, and behind it one that gives other numbers with a mask than without."""
    return taken(layer.name, layer(x[0] if len(x) == 1 else x))


def taken(name, y):
    """Each tensor with axes of steps goes through a layer that leaves masked steps out; others into a softmax that hides them."""
    return [of_rank(len(each.shape))(name=f"{name}_taken{i}")(each) for i, each in enumerate(y if isinstance(y, (list, tuple)) else [y])]


def of_rank(rank):
    if rank < 3:
        return L.Softmax
    if rank == 3:
        return functools.partial(L.SimpleRNN, 2)
    return functools.partial([L.ConvLSTM1D, L.ConvLSTM2D, L.ConvLSTM3D][rank - 4], 1, 1, padding="same")


def with_mask(layer, x):
    """A layer that is called with a mask, and what takes it as `consumed` does."""
    return taken(layer.name, layer(x[0], mask=x[1]))


# Those whose plain cases Keras refuses with masks, or that have no plain case.
OF_THEIR_OWN = ("InputLayer", "Softmax", "GroupNormalization", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


def every_class():
    """The first plain case of each class, with masks on what goes in."""
    seen = set()
    for each in list(CASES):
        plain = each.before is None and each.call is None and each.precision == "float32" and set(each.dtypes) == {"float32"}
        if plain and each.kind not in (*seen, *OF_THEIR_OWN) and all(len(shape) > 1 for shape in each.shapes):
            seen.add(each.kind)
            case(each.kind, each.shapes, sizes=each.sizes, before=masked, call=consumed, note="masked, what comes out taken", **each.arguments)
    for rank, kind in enumerate(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), 1):
        case(kind, (3, *[4] * rank, 2), before=masked, call=consumed, note="masked, what comes out taken", filters=2, kernel_size=3, padding="same", return_sequences=True)
    case("Embedding", (4, 3), before=masked, call=consumed, note="masked, what comes out taken", input_dim=6, output_dim=2)
    case("Embedding", (4,), dtype="int32", call=consumed, note="what comes out taken", input_dim=6, output_dim=2, mask_zero=True)
    case("Masking", (4, 3), before=masked, call=consumed, note="masked, what comes out taken", mask_value=1.0)


def given():
    """Masks that are arguments of a call."""
    for kind, arguments in (
        ("LSTM", {"units": 3, "return_sequences": True}), ("BatchNormalization", {}), ("GlobalAveragePooling1D", {}),
        ("Bidirectional", {"layer": Of("GRU", units=3, return_sequences=True)}), ("TimeDistributed", {"layer": Of("Dense", units=3)}),
    ):
        case(kind, [(4, 4), (4,)], dtype=["float32", "bool"], call=with_mask, note="mask given, what comes out taken", **arguments)
    # It takes masks of elements, which are none of steps.
    case("GroupNormalization", [(3, 4), (3, 4)], dtype=["float32", "bool"], call=lambda layer, x: layer(x[0], mask=x[1]), note="mask given", groups=2)
    case("Softmax", [(4,), (4,)], dtype=["float32", "bool"], call=with_mask, note="mask given, what comes out taken")
