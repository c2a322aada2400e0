"""Vocabularies that TensorFlow keeps in tables: read, they are in the config, and written again in both formats.

Keras makes a layer, adapts it or gives it a vocabulary, and saves it as a directory, whose config has no vocabulary then.
`hornfels convert` makes another directory and an HDF5 file of it; Keras and TensorFlow alone compute what the layer computed.
"""
# oracles: keras2 tf_keras
# makes its own files

import shutil

import numpy as np

from _cases_lookup import IDF, NUMBERS, TEXTS, WORDS, known, numbers, text, words
from _oracle import ORACLE, Report, hornfels, keras
from _savedmodel import WRITTEN, nearly, signature_call

keras = keras()
import tensorflow as tf  # noqa: E402

L = keras.layers
PLACE = WRITTEN / f"savedmodel_vocabularies_{ORACLE}"
FILE, OF_NUMBERS = str(PLACE / "words.txt"), str(PLACE / "numbers.txt")


def learned(layer, data):
    layer.adapt(np.array(data))
    return layer


def set_later(layer, *given):
    layer.set_vocabulary(*given)
    return layer


SEEN = ["fire", "and", "fire", "wind", "and", "fire", "earth", "é"]
# Keras counts documents of as many different words each.
PAIRS = [["fire", "and"], ["fire", "wind"], ["earth", "and"]]
COUNTED = [[12, 36], [12, 42], [12, 1138], [36, -5]]
INDICES = np.random.default_rng(0).integers(0, 5, (9, 3))

# How the layer is made, when files are there; what goes in, its shape and dtype.
STRINGS, INTEGERS, TEXT = ((3,), "string", words), ((3,), "int64", numbers), ((1,), "string", text)
CASES = {
    "adapted": (lambda: learned(L.StringLookup(), SEEN), *STRINGS),
    "adapted, masked": (lambda: learned(L.StringLookup(mask_token="", num_oov_indices=2), SEEN), *STRINGS),
    "adapted, no others": (lambda: learned(L.StringLookup(num_oov_indices=0), SEEN), (3,), "string", known),
    "adapted, few": (lambda: learned(L.StringLookup(max_tokens=3), SEEN), *STRINGS),
    "adapted, multi_hot": (lambda: learned(L.StringLookup(output_mode="multi_hot"), SEEN), *STRINGS),
    "adapted, tf_idf": (lambda: learned(L.StringLookup(output_mode="tf_idf", num_oov_indices=2), PAIRS), *STRINGS),
    "adapted, padded": (lambda: learned(L.StringLookup(output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True), PAIRS), *STRINGS),
    "given": (lambda: L.StringLookup(vocabulary=WORDS), *STRINGS),
    "given, tf_idf": (lambda: L.StringLookup(vocabulary=WORDS, idf_weights=IDF, output_mode="tf_idf"), *STRINGS),
    "given later": (lambda: set_later(L.StringLookup(vocabulary=["a", "b"]), WORDS), *STRINGS),
    "inverted": (lambda: set_later(L.StringLookup(invert=True), WORDS), (3,), "int64", lambda batch: INDICES[:batch]),
    "numbers": (lambda: learned(L.IntegerLookup(), COUNTED), *INTEGERS),
    "numbers, masked": (lambda: learned(L.IntegerLookup(mask_token=0, output_mode="count"), COUNTED), *INTEGERS),
    "numbers, tf_idf": (lambda: learned(L.IntegerLookup(output_mode="tf_idf"), COUNTED), *INTEGERS),
    "numbers, inverted": (lambda: set_later(L.IntegerLookup(invert=True), NUMBERS), (3,), "int64", lambda batch: INDICES[:batch]),
    "texts": (lambda: learned(L.TextVectorization(), TEXTS), *TEXT),
    "texts, of a length": (lambda: learned(L.TextVectorization(output_sequence_length=4, ngrams=2), TEXTS), *TEXT),
    "texts, tf_idf": (lambda: learned(L.TextVectorization(output_mode="tf_idf"), TEXTS), *TEXT),
    "texts, given": (lambda: L.TextVectorization(vocabulary=WORDS), *TEXT),
    "a file": (lambda: L.StringLookup(vocabulary=FILE), *STRINGS),
    "a file of numbers": (lambda: L.IntegerLookup(vocabulary=OF_NUMBERS, output_mode="count"), *INTEGERS),
    "a file, texts": (lambda: L.TextVectorization(vocabulary=FILE), *TEXT),
}


def compare(model, found, expected, data, way):
    for batch, wanted in expected.items():
        nearly(found(data(batch)), wanted, f"{way}, batch of {batch}")


def check(make, shape, dtype, feed, nested):
    keras.backend.clear_session()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    (PLACE / "words.txt").write_text("\n".join(WORDS) + "\n")
    (PLACE / "numbers.txt").write_text("\n".join(map(str, NUMBERS)) + "\n")
    x = keras.Input(shape, dtype=dtype, name="x")
    layer = make()
    y = keras.Sequential([keras.Input(shape, dtype=dtype), layer])(x) if nested else layer(x)
    model = keras.Model(x, y)

    def data(batch):
        fed = feed(batch)
        return tf.constant(fed.astype(object if dtype == "string" else dtype))

    def in_graph(model):
        return tf.function(lambda x: model(x, training=False), input_signature=[tf.TensorSpec((None, *shape), dtype)])

    expect = in_graph(model)
    expected = {batch: expect(data(batch)) for batch in (1, 5)}
    model.save(PLACE / "theirs", save_format="tf")
    # What Keras loads and saves again has functions that were restored.
    keras.models.load_model(PLACE / "theirs").save(PLACE / "twice", save_format="tf")
    # But of an asset only the path where it lay, and no file.
    sources = ("theirs",) if "assets" in {file.parent.name for file in (PLACE / "theirs").rglob("*.txt")} else ("theirs", "twice")
    for source in sources:
        hornfels("convert", PLACE / source, PLACE / f"{source}.h5")
        hornfels("convert", PLACE / source, PLACE / f"{source}_ours")
    (PLACE / "words.txt").unlink()
    (PLACE / "numbers.txt").unlink()
    for source in sources:
        ours = PLACE / f"{source}_ours"
        loaded = tf.saved_model.load(str(ours))
        compare(model, lambda x: signature_call(loaded, model, [x])[0], expected, data, f"{source}: serving_default")
        compare(model, loaded, expected, data, f"{source}: loaded(x)")
        compare(model, in_graph(keras.models.load_model(ours)), expected, data, f"{source}: load_model")
        compare(model, in_graph(keras.models.load_model(PLACE / f"{source}.h5")), expected, data, f"{source}: h5")


def main():
    report = Report()
    for index, (label, case) in enumerate(CASES.items()):
        report.case(label, check, *case, index % 5 == 0)
    report.finish(len(CASES))


main()
