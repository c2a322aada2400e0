"""Layers of several tensors: sums, products, extremes, concatenation, dot products."""


def cases(keras):
    l = keras.layers
    pairs = [
        [(3,), (3,)],
        [(4, 3), (4, 3), (4, 3)],
        [(4, 3), (1, 3)],
        [(4, 1), (1, 3)],
        [(None, 3), (None, 3)],
        [(None, 3), (4, 3)],
        [(4, 3), (None, 3)],
        [(None, 3), (1, 3)],
        [(1, 3), (None, 3)],
        [(4, 5, 3), (3,)],
        [(5,), (4, 5)],
    ]
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        for inputs in pairs:
            # Subtract takes two.
            yield lambda name=name, inputs=inputs: (
                getattr(l, name)(),
                inputs[:2] if name == "Subtract" else inputs,
            )
    yield lambda: (l.Concatenate(), [(3,), (4,)])
    yield lambda: (l.Concatenate(), [(2, 3), (2, 4), (2, 5)])
    yield lambda: (l.Concatenate(axis=1), [(2, 3), (5, 3)])
    yield lambda: (l.Concatenate(axis=-2), [(2, 3), (5, 3)])
    yield lambda: (l.Concatenate(axis=1), [(None, 3), (5, 3)])
    yield lambda: (l.Concatenate(axis=1), [(5, 3), (None, 3)])
    yield lambda: (l.Concatenate(axis=2), [(None, 3), (5, 3)])
    yield lambda: (l.Concatenate(axis=2), [(5, 3), (None, 3)])
    yield lambda: (l.Concatenate(axis=0), [(2, 3), (2, 3)])
    yield lambda: (l.Concatenate(axis=3), [(None, None, 3), (None, None, 4)])
    yield lambda: (l.Dot(axes=1), [(3,), (3,)])
    yield lambda: (l.Dot(axes=-1, normalize=True), [(3,), (3,)])
    yield lambda: (l.Dot(axes=1), [(5, 3), (5, 4)])
    yield lambda: (l.Dot(axes=(1, 2)), [(5, 3), (4, 5)])
    yield lambda: (l.Dot(axes=(2, 1)), [(5, 3), (3, 4)])
    yield lambda: (l.Dot(axes=2), [(5, 3), (4, 3)])
    yield lambda: (l.Dot(axes=(-1, -2)), [(5, 3), (3, 4)])
    yield lambda: (l.Dot(axes=(1, 2)), [(3,), (4, 3)])
    yield lambda: (l.Dot(axes=(2, 1)), [(4, 3), (3,)])
    yield lambda: (l.Dot(axes=(2, 2)), [(None, 3), (None, 3)])
    yield lambda: (l.Dot(axes=(3, 1)), [(4, 5, 3), (3, 6)])
