"""Layers that prepare data, converted to a SavedModel: TensorFlow computes what Keras computes.

Those that `savedmodel_matrix.py` cannot feed: images of several sizes, categories, text, with tables or without.
"""
# oracles: keras2
# makes its own files

import numpy as np

import os

from _cases_lookup import CASES as LOOKUPS
from _oracle import ALL, Report, keras
from _savedmodel import as_list, in_order, nearly, one_or_list, save_and_convert, signature_call

keras = keras()
import tensorflow as tf  # noqa: E402

L = keras.layers


def image(batch, height=7, width=9):
    return np.random.default_rng(batch).random((batch, height, width, 3), dtype="float32") * 255


def bytes_of_image(batch):
    return image(batch).astype("uint8")


def categories(batch):
    return np.random.default_rng(batch).integers(0, 6, (batch, 4))


def one(batch):
    return categories(batch)[:, :1]


def numbers(batch):
    return np.random.default_rng(batch).normal(size=(batch, 4)).astype("float32")


def words(batch):
    return np.array([[f"word {n}" if n else "" for n in row] for row in categories(batch)])


# layer, shape of the input, its dtype, what goes in
CASES = [
    *[(L.Resizing(5, 12, interpolation=word), shape, "float32", image) for word in ("bilinear", "nearest", "bicubic", "area", "lanczos3")
      for shape in ((7, 9, 3), (None, None, 3))],
    *[(L.Resizing(high, wide, crop_to_aspect_ratio=True), shape, "float32", image) for high, wide in ((5, 12), (12, 5), (3, 3))
      for shape in ((7, 9, 3), (None, None, 3))],
    *[(layer, (None, None, 3), dtype, feed) for dtype, feed in (("float32", image), ("uint8", bytes_of_image)) for layer in (
        L.RandomFlip("horizontal", seed=3), L.RandomRotation(0.2), L.RandomTranslation(0.1, 0.2), L.RandomZoom(0.3), L.RandomContrast(0.2),
        L.RandomBrightness(0.2), L.RandomCrop(4, 5), L.RandomCrop(8, 4), L.RandomHeight(0.2), L.RandomWidth(0.2))],
    (L.Resizing(5, 4), (7, 9, 3), "uint8", bytes_of_image),
    (L.Resizing(5, 4, interpolation="nearest", dtype="float16"), (7, 9, 3), "float32", image),
    (L.Resizing(5, 4, dtype="float16"), (7, 9, 3), "float32", image),
    *[(L.CenterCrop(high, wide), shape, "float32", image) for high, wide in ((4, 4), (5, 6), (7, 9), (8, 4), (10, 12))
      for shape in ((7, 9, 3), (None, 9, 3), (None, None, 3))],
    (L.CenterCrop(4, 4, dtype="float16"), (7, 9, 3), "float32", image),
    (L.CenterCrop(4, 4), (7, 9, 3), "uint8", bytes_of_image),
    *[(L.Discretization(bin_boundaries=[-0.5, 0.1, 1.0], output_mode=mode), (4,), "float32", numbers) for mode in ("int", "multi_hot", "count")],
    (L.Discretization(bin_boundaries=[-0.5, 0.1, 1.0], output_mode="one_hot"), (1,), "float32", lambda batch: numbers(batch)[:, :1]),
    (L.Discretization(bin_boundaries=[1.0, 3.0], output_mode="int"), (4,), "int64", categories),
    (L.Discretization(bin_boundaries=[1.0, 3.0], dtype="int32"), (4,), "int64", categories),
    *[(L.CategoryEncoding(num_tokens=6, output_mode=mode), (4,), dtype, categories) for mode in ("multi_hot", "count") for dtype in ("int32", "int64", "float32")],
    (L.CategoryEncoding(num_tokens=6, output_mode="one_hot"), (1,), "int64", one),
    (L.CategoryEncoding(num_tokens=6, output_mode="one_hot"), (), "int64", lambda batch: one(batch)[:, 0]),
    (L.CategoryEncoding(num_tokens=6, output_mode="count", dtype="float64"), (4,), "int64", categories),
    *[(L.Hashing(num_bins=5, **more), (4,), dtype, feed) for dtype, feed in (("string", words), ("int64", categories))
      for more in ({}, {"salt": 7}, {"salt": [3, 9]}, {"mask_value": "" if dtype == "string" else 0}, {"output_mode": "multi_hot"}, {"output_mode": "count"})],
    (L.Hashing(num_bins=5, output_mode="one_hot"), (1,), "string", lambda batch: words(batch)[:, :1]),
    (L.Hashing(num_bins=1, mask_value=""), (4,), "string", words),
    (L.Hashing(num_bins=5, dtype="int32"), (4,), "string", words),
]
# How many of the cases with tables a run without --all takes: one in so many.
STRIDE = 4


def check(layer, shape, dtype, feed, place):
    shapes = shape if isinstance(shape, list) else [shape]
    inputs = [keras.Input(each, dtype=dtype, name=f"x{i}") for i, each in enumerate(shapes)]
    model = keras.Model(one_or_list(inputs), layer(one_or_list(inputs)))
    # As in a graph, where the size of the batch is not known; else one sample of rank 1 is taken for a vector.
    def in_graph(model):
        specs = one_or_list([tf.TensorSpec((None, *each), dtype) for each in shapes])
        return tf.function(lambda x: model(x, training=False), input_signature=[specs])

    converted = save_and_convert(model, place)
    loaded, expect, revived = tf.saved_model.load(str(converted)), in_graph(model), in_graph(keras.models.load_model(converted))
    for batch in (1, 7):
        fed = [feed(batch)[:: -1 if i else 1].copy() for i in range(len(shapes))]
        data = one_or_list([tf.constant(x.astype(object if dtype == "string" else dtype)) for x in fed])
        expected = as_list(expect(data))
        ways = {
            "serving_default": lambda x: signature_call(loaded, model, as_list(x)),
            "loaded(x)": lambda x: loaded(x),
            "load_model": revived,
        }
        for way, call in ways.items():
            for a, b in zip(in_order(call(data), model), expected, strict=True):
                nearly(a, b, f"{way}, batch of {batch}")
    if type(layer).__name__.startswith("Random"):
        try:
            loaded(data, training=True)
        except tf.errors.InvalidArgumentError as error:
            assert type(layer).__name__ in str(error), error
            return
        raise AssertionError("is trained without what is drawn")
    if isinstance(layer, L.CategoryEncoding):
        try:
            loaded(tf.constant(feed(7) + 6, dtype))
        except tf.errors.InvalidArgumentError:
            return
        raise AssertionError("takes categories that there are not")


def main():
    report = Report()
    only = os.environ.get("HORNFELS_ONLY")
    cases = [*CASES, *LOOKUPS[:: 1 if ALL else STRIDE]] if not only else [case for case in [*CASES, *LOOKUPS] if type(case[0]).__name__ in only]
    for number, (layer, shape, dtype, feed) in enumerate(cases):
        arguments = {name: value for name, value in layer.get_config().items() if name not in ("name", "trainable")}
        label = f"{type(layer).__name__}({arguments}) on {shape} {dtype}"
        report.case(label, check, layer, shape, dtype, feed, f"preprocessing{number}")
    report.finish(len(cases))


main()
