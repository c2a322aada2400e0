"""Convolutions of all kinds."""


def cases(keras):
    l = keras.layers
    shapes = {1: (10, 4), 2: (9, 8, 4), 3: (7, 6, 5, 4)}
    firsts = {1: (4, 10), 2: (4, 9, 8), 3: (4, 7, 6, 5)}
    unknown = {1: (None, 4), 2: (None, 8, 4), 3: (None, None, 5, 4)}
    windows = {1: 3, 2: (3, 2), 3: (3, 2, 2)}
    for rank in (1, 2, 3):
        conv = getattr(l, f"Conv{rank}D")
        turned = getattr(l, f"Conv{rank}DTranspose")
        k, s, u, f = windows[rank], shapes[rank], unknown[rank], firsts[rank]
        for padding in ("valid", "same"):
            for stride in (1, 2, 3):
                yield lambda c=conv, k=k, s=s, p=padding, t=stride: (c(6, k, strides=t, padding=p), s)
                yield lambda c=turned, k=k, s=s, p=padding, t=stride: (c(6, k, strides=t, padding=p), s)
            yield lambda c=conv, k=k, s=s, p=padding: (c(6, k, dilation_rate=2, padding=p), s)
            yield lambda c=turned, k=k, s=s, p=padding: (c(6, k, dilation_rate=2, padding=p), s)
            yield lambda c=turned, k=k, s=s, p=padding: (c(6, k, strides=3, output_padding=1, padding=p), s)
        yield lambda c=conv, k=k, s=s: (c(6, k, groups=2, use_bias=False), s)
        yield lambda c=conv, k=k, u=u: (c(6, k, strides=2), u)
        yield lambda c=turned, k=k, u=u: (c(6, k, strides=2), u)
        yield lambda c=conv, k=k, f=f: (c(6, k, data_format="channels_first"), f)
        yield lambda c=turned, k=k, f=f: (c(6, k, data_format="channels_first", padding="same"), f)
        yield lambda c=conv, k=k, s=s: (c(6, k, trainable=False, dtype="float16", activation="relu"), s)
    yield lambda: (l.Conv1D(5, 4, padding="causal", dilation_rate=3, strides=1), (10, 4))
    yield lambda: (l.Conv1D(5, 4, padding="causal", strides=2), (10, 4))
    for rank in (1, 2):
        k, s, u, f = windows[rank], shapes[rank], unknown[rank], firsts[rank]
        depth, sep = getattr(l, f"DepthwiseConv{rank}D"), getattr(l, f"SeparableConv{rank}D")
        for padding in ("valid", "same"):
            yield lambda c=depth, k=k, s=s, p=padding: (c(k, padding=p, strides=2, depth_multiplier=3), s)
            yield lambda c=sep, k=k, s=s, p=padding: (c(6, k, padding=p, strides=2, depth_multiplier=3), s)
        yield lambda c=depth, k=k, s=s: (c(k, dilation_rate=2, use_bias=False), s)
        yield lambda c=sep, k=k, s=s: (c(6, k, dilation_rate=2, use_bias=False), s)
        yield lambda c=depth, k=k, f=f: (c(k, data_format="channels_first"), f)
        yield lambda c=sep, k=k, f=f: (c(6, k, data_format="channels_first"), f)
        yield lambda c=depth, k=k, u=u: (c(k), u)
        yield lambda c=sep, k=k, u=u: (c(6, k), u)
    yield lambda: (l.SeparableConv1D(6, 3, padding="causal"), (10, 4))
    for implementation in (1, 2, 3):
        for stride in (1, 2):
            yield lambda i=implementation, t=stride: (l.LocallyConnected1D(6, 3, strides=t, implementation=i), (10, 4))
            yield lambda i=implementation, t=stride: (l.LocallyConnected2D(6, (3, 2), strides=t, implementation=i), (9, 8, 4))
    yield lambda: (l.LocallyConnected1D(6, 3, implementation=2, padding="same"), (10, 4))
    yield lambda: (l.LocallyConnected2D(6, 3, implementation=3, padding="same"), (9, 8, 4))
    yield lambda: (l.LocallyConnected2D(6, (3, 2), implementation=2, data_format="channels_first"), (4, 9, 8))
    yield lambda: (l.LocallyConnected2D(6, (3, 2), data_format="channels_first", use_bias=False), (4, 9, 8))
    yield lambda: (l.LocallyConnected1D(6, 3, implementation=2, data_format="channels_first"), (4, 10))
