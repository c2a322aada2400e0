"""Layers that prepare data: images, categories, text."""


def cases(keras):
    l = keras.layers
    images = [(8, 9, 3), (None, None, 3)]
    for shape in [(3,), (8, 9, 3), (None, 3)]:
        yield lambda shape=shape: (l.Rescaling(2.0), shape)
        yield lambda shape=shape: (l.Rescaling(1 / 255, offset=-1), shape)
    for shape in images:
        yield lambda shape=shape: (l.Resizing(4, 5), shape)
        yield lambda shape=shape: (l.Resizing(16, 5, interpolation="nearest", crop_to_aspect_ratio=True), shape)
        yield lambda shape=shape: (l.CenterCrop(4, 5), shape)
        yield lambda shape=shape: (l.RandomCrop(4, 5), shape)
        yield lambda shape=shape: (l.RandomFlip(), shape)
        yield lambda shape=shape: (l.RandomFlip("horizontal", seed=1), shape)
        yield lambda shape=shape: (l.RandomRotation(0.5, fill_mode="nearest"), shape)
        yield lambda shape=shape: (l.RandomRotation((-0.25, 0.5)), shape)
        yield lambda shape=shape: (l.RandomTranslation(0.5, 0.25), shape)
        yield lambda shape=shape: (l.RandomTranslation((-0.5, 0.25), 0.25, fill_value=1.0), shape)
        yield lambda shape=shape: (l.RandomZoom(0.5), shape)
        yield lambda shape=shape: (l.RandomZoom(0.5, 0.25, interpolation="nearest"), shape)
        yield lambda shape=shape: (l.RandomContrast(0.5), shape)
        yield lambda shape=shape: (l.RandomBrightness(0.5), shape)
        yield lambda shape=shape: (l.RandomBrightness((-0.25, 0.5), value_range=(0, 1)), shape)
        yield lambda shape=shape: (l.RandomHeight(0.5), shape)
        yield lambda shape=shape: (l.RandomWidth((0.25, 0.5), interpolation="nearest"), shape)
    yield lambda: (l.Resizing(4, 5, data_format="channels_first"), (3, 8, 9))
    yield lambda: (l.Resizing(4, 5, pad_to_aspect_ratio=True), (8, 9, 3))
    yield lambda: (l.CenterCrop(4, 5, data_format="channels_first"), (3, 8, 9))
    yield lambda: (l.RandomCrop(4, 5, data_format="channels_first"), (3, 8, 9))

    def ids(*shape):
        return {"shape": shape, "dtype": "int64"}

    def words(*shape):
        return {"shape": shape, "dtype": "string"}

    for shape in [(), (1,), (3,), (None,), (4, 3), (4, 1)]:
        for mode in ("one_hot", "multi_hot", "count"):
            # Keras 2 has no more than two axes of multi_hot and count.
            if len(shape) < 2:
                yield lambda mode=mode, shape=shape: (
                    l.CategoryEncoding(num_tokens=6, output_mode=mode),
                    ids(*shape),
                )
        yield lambda shape=shape: (l.Discretization(bin_boundaries=[0.0, 1.0]), shape)
        yield lambda shape=shape: (l.Hashing(5), words(*shape))
        yield lambda shape=shape: (l.Hashing(5, salt=[1, 2], mask_value=""), words(*shape))
        yield lambda shape=shape: (l.StringLookup(vocabulary=["a", "b"]), words(*shape))
        yield lambda shape=shape: (l.IntegerLookup(vocabulary=[1, 2, 3]), ids(*shape))
    for shape in [(), (1,), (3,), (None,)]:
        for mode in ("one_hot", "multi_hot", "count"):
            yield lambda mode=mode, shape=shape: (
                l.Discretization(bin_boundaries=[0.0, 1.0], output_mode=mode),
                shape,
            )
            yield lambda mode=mode, shape=shape: (
                l.StringLookup(vocabulary=["a", "b"], output_mode=mode),
                words(*shape),
            )
    for shape in [(), (1,), (3,)]:
        for mode in ("one_hot", "multi_hot"):
            yield lambda mode=mode, shape=shape: (l.Hashing(5, output_mode=mode), words(*shape))
    yield lambda: (l.Discretization(num_bins=4), (3,))
    yield lambda: (l.Discretization(num_bins=4, epsilon=0.5), (3,))
    yield lambda: (l.Discretization(num_bins=4, output_mode="one_hot"), (1,))
    yield lambda: (l.StringLookup(), words(3))
    yield lambda: (l.StringLookup(max_tokens=9), words(3))
    yield lambda: (l.StringLookup(max_tokens=9, output_mode="multi_hot", pad_to_max_tokens=True), words(3))
    yield lambda: (l.StringLookup(vocabulary=["a"], num_oov_indices=3, output_mode="multi_hot"), words(3))
    yield lambda: (l.StringLookup(vocabulary=["a"], mask_token="", output_mode="multi_hot"), words(3))
    yield lambda: (l.StringLookup(vocabulary=["a"], invert=True), ids(3))
    yield lambda: (
        l.StringLookup(vocabulary=["a", "b"], idf_weights=[0.5, 0.25], output_mode="tf_idf"),
        words(3),
    )
    yield lambda: (l.IntegerLookup(), ids(3))
    yield lambda: (l.IntegerLookup(vocabulary=[1, 2], mask_token=0, output_mode="count"), ids(3))
    yield lambda: (l.IntegerLookup(vocabulary=[1, 2], num_oov_indices=0, output_mode="one_hot"), ids(1))
    for shape in [(), (1,)]:
        yield lambda shape=shape: (l.TextVectorization(), words(*shape))
        yield lambda shape=shape: (l.TextVectorization(vocabulary=["a", "b"]), words(*shape))
        yield lambda shape=shape: (l.TextVectorization(output_sequence_length=7), words(*shape))
        yield lambda shape=shape: (
            l.TextVectorization(vocabulary=["a", "b"], output_mode="multi_hot"),
            words(*shape),
        )
        yield lambda shape=shape: (
            l.TextVectorization(max_tokens=9, output_mode="count", pad_to_max_tokens=True),
            words(*shape),
        )
        yield lambda shape=shape: (l.TextVectorization(split="character", ngrams=2), words(*shape))
    yield lambda: (l.TextVectorization(split=None, vocabulary=["a"], output_mode="count"), words(3))
    yield lambda: (l.TextVectorization(split=None, vocabulary=["a"]), words(3))
    yield lambda: (l.TextVectorization(split=None, vocabulary=["a"], output_sequence_length=7), words(3))
    yield lambda: (
        l.TextVectorization(vocabulary=["a", "b"], idf_weights=[0.5, 0.25], output_mode="tf_idf"),
        words(1),
    )
    for shape in [(), (1,)]:
        yield lambda shape=shape: (l.HashedCrossing(5), [words(*shape), words(*shape)])
        yield lambda shape=shape: (
            l.HashedCrossing(5, output_mode="one_hot"),
            [words(*shape), words(*shape)],
        )
