"""Pooling over windows, over everything, and to a given size."""

FORMATS = ["channels_last", "channels_first"]
SIZES = [11, 12, 13]


def image(rank, format, sizes=None):
    sizes = tuple(sizes or SIZES[:rank])
    return sizes + (3,) if format == "channels_last" else (3,) + sizes


def cases(keras):
    l = keras.layers
    for rank in (1, 2, 3):
        for kind in ("Max", "Average"):
            windows = f"{kind}Pooling{rank}D"
            unknown = [None] + SIZES[1:rank]

            def make(shape, class_name=windows, **arguments):
                # Keras 3 has no default for averages.
                if class_name.startswith("Average"):
                    arguments.setdefault("pool_size", 2)
                return lambda: (getattr(l, class_name)(**arguments), shape)

            for format in FORMATS:
                yield make(image(rank, format), data_format=format)
                yield make(image(rank, format, unknown), data_format=format)
                yield make(image(rank, format), data_format=format, pool_size=3, padding="same")
            yield make(image(rank, FORMATS[0]), pool_size=3, strides=1)
            yield make(image(rank, FORMATS[0]), pool_size=3, strides=2, padding="valid")
            yield make(image(rank, FORMATS[0]), pool_size=2, strides=3, padding="same")
            yield make(image(rank, FORMATS[0], unknown), pool_size=2, strides=3, padding="same")
            yield make(image(rank, FORMATS[0]), pool_size=tuple([4, 3, 2][:rank]), name="pool")
            yield make(image(rank, FORMATS[0]), pool_size=SIZES[0])

            name = f"Global{kind}Pooling{rank}D"
            for format in FORMATS:
                for keepdims in (False, True):
                    yield make(image(rank, format), name, data_format=format, keepdims=keepdims)
            yield make(image(rank, FORMATS[0], unknown), name)
            yield make(image(rank, FORMATS[0], [None] * rank), name, keepdims=True)

            name = f"Adaptive{kind}Pooling{rank}D"
            for format in FORMATS:
                yield make(image(rank, format), name, output_size=2, data_format=format)
            yield make(image(rank, FORMATS[0]), name, output_size=tuple([4, 3, 2][:rank]))
