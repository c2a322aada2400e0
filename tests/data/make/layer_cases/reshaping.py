"""Flatten, Reshape, Permute, RepeatVector, Cropping, ZeroPadding, UpSampling."""

from pooling import FORMATS, SIZES, image


def cases(keras):
    l = keras.layers
    for shape in [(), (3,), (4, 3), (None, 3), (4, 5, 3), (4, None, 3), (0, 3)]:
        yield lambda shape=shape: (l.Flatten(), shape)
        yield lambda shape=shape: (l.Flatten(data_format="channels_first"), shape)
    yield lambda: (l.Reshape((6, 2)), (4, 3))
    yield lambda: (l.Reshape((-1,)), (4, 3))
    yield lambda: (l.Reshape((-1, 2)), (4, 3))
    yield lambda: (l.Reshape((2, -1, 3)), (4, 3))
    yield lambda: (l.Reshape((-1, 3)), (None, 3))
    yield lambda: (l.Reshape((-1, 3)), (None, None))
    yield lambda: (l.Reshape((6,)), (None, 3))
    yield lambda: (l.Reshape((2, 3)), (None, 3))
    yield lambda: (l.Reshape(()), (1,))
    yield lambda: (l.Reshape((1, 1)), ())
    yield lambda: (l.Permute((2, 1)), (4, 3))
    yield lambda: (l.Permute((3, 1, 2)), (4, None, 3))
    yield lambda: (l.Permute((1,)), (4,))
    yield lambda: (l.RepeatVector(3), (4,))
    yield lambda: (l.RepeatVector(3), (None,))
    for rank in (1, 2, 3):
        unknown = [None] + SIZES[1:rank]
        pairs = tuple([(1, 2), (3, 0), (2, 2)][:rank])
        pairs = pairs[0] if rank == 1 else pairs
        for name, argument in (("Cropping", "cropping"), ("ZeroPadding", "padding")):

            def make(value, shape, name=f"{name}{rank}D", argument=argument, **more):
                return lambda: (getattr(l, name)(**{argument: value}, **more), shape)

            for format in FORMATS if rank > 1 or name == "ZeroPadding" else FORMATS[:1]:
                more = {} if format == FORMATS[0] else {"data_format": format}
                yield make(1, image(rank, format), **more)
                yield make(2, image(rank, format, unknown), **more)
                yield make(pairs, image(rank, format), **more)
                yield make(pairs, image(rank, format, unknown), **more)
            if rank > 1:
                yield make(tuple([1, 2, 3][:rank]), image(rank, FORMATS[0]))
    yield lambda: (l.UpSampling1D(), (4, 3))
    yield lambda: (l.UpSampling1D(3), (4, 3))
    yield lambda: (l.UpSampling1D(3), (None, 3))
    for format in FORMATS:
        for shape in ([4, 5], [None, 5]):
            for size in (2, (2, 3)):
                yield lambda format=format, shape=shape, size=size: (
                    l.UpSampling2D(size, data_format=format),
                    image(2, format, shape),
                )
        for shape in ([4, 5, 6], [None, 5, 6]):
            for size in (2, (2, 3, 1)):
                yield lambda format=format, shape=shape, size=size: (
                    l.UpSampling3D(size, data_format=format),
                    image(3, format, shape),
                )
    yield lambda: (l.UpSampling2D(interpolation="bilinear"), (4, 5, 3))
