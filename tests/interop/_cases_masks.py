"""Masks through every class: what stands behind it takes the mask that comes out, if one does."""

import functools

from _cases import CASES, L, Of, case, first_masked, masked


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


def by_elements(inputs, name):
    """Those that have a mask among the inputs, in their order, take it for each of their elements."""
    masks = [x for x in inputs if x.dtype.is_bool]
    tensors = [x for x in inputs if not x.dtype.is_bool]
    return [L.Softmax(name=f"{name}_softmax{i}")(x, mask=mask) for i, (x, mask) in enumerate(zip(tensors, masks))] + tensors[len(masks) :]


def by_steps(inputs, name):
    """Sequences of rows of vectors, of which each step has one entry in the mask behind them."""
    count = len(inputs) // 2
    convolved = L.ConvLSTM1D(2, 1, padding="same", return_sequences=True, name=f"{name}_steps")
    return [convolved(x, mask=mask) for x, mask in zip(inputs[:count], inputs[count:])]


def last_masked(inputs, name):
    return [*inputs[:-1], L.Masking(0.0, name=f"{name}_masking")(inputs[-1])]


def elements_and_steps(inputs, name):
    x, y, mask = inputs
    return [L.Softmax(name=f"{name}_softmax")(x, mask=mask), L.Masking(0.0, name=f"{name}_masking")(y)]


def concatenated():
    """Masks of any rank side by side, and none among them."""
    add = lambda shapes, before, axis, dtype="float32": case("Concatenate", shapes, dtype=dtype, before=before, call=consumed, axis=axis, note=f"{before.__name__}, what comes out taken")
    one, two = ["float32", "float32", "bool"], ["float32", "float32", "bool", "bool"]
    add([(4, 3), (2, 3)], masked, 1)
    add([(4, 3), (2, 3)], masked, -2)
    add([(4, 3), (4, 2)], masked, 2)
    add([(4, 1), (2, 1)], first_masked, 1)
    add([(4, 3), (4, 2)], last_masked, -1)
    add([(4, 3), (4, 2), (4, 1)], first_masked, 2)
    add([(4, 3), (4, 2), (4, 3), (4, 2)], by_elements, -1, two)
    add([(4, 3), (2, 3), (4, 3), (2, 3)], by_elements, 1, two)
    add([(4, 3), (4, 2), (4, 3)], by_elements, -1, one)
    add([(4, 3), (2, 3), (4, 3)], by_elements, 1, one)
    add([(4, 3), (4, 2), (4, 3)], elements_and_steps, -1, one)
    for shapes, axis in (([(3, 4, 2), (2, 4, 2)], 1), ([(3, 4, 2), (3, 2, 2)], 2), ([(3, 4, 2), (3, 4, 1)], -1)):
        add(shapes, masked, axis)
    add([(3, 4, 2), (3, 4, 1)], first_masked, 3)
    add([(3, 4, 2), (3, 2, 2), (3, 4, 2), (3, 2, 2)], by_elements, 2, two)
    add([(3, 4, 2), (2, 4, 2), (3,), (2,)], by_steps, 1, two)
    for axis in (2, -1):
        add([(3, 4, 2), (3, 4, 2), (3,), (3,)], by_steps, axis, two)
