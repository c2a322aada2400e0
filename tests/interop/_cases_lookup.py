"""Layers with tables: a layer, the shape and the type of its input, and what goes in."""

import numpy as np

from _oracle import keras

keras = keras()
L = keras.layers

WORDS = ["earth", "wind", "and", "fire"]
NUMBERS = [12, 36, 1138, 42]
IDF = [0.25, 0.75, 0.6, 0.4]
TEXTS = ["Earth, wind & fire!", "and  the WIND", "", "fire", "water water: and... Earth? earth", "the", "And and and; Fire\tearth wind and fire and earth"]


def draw(batch, values, shape):
    return np.array(values, dtype=object)[np.random.default_rng(batch).integers(0, len(values), (batch, *shape))]


def words(batch):
    return draw(batch, [*WORDS, "", "water", "[UNK]", "ear"], (3,))


def known(batch):
    return draw(batch, WORDS, (3,))


def word(batch):
    return words(batch)[:, :1]


def one_word(batch):
    return words(batch)[:, 0]


def number(batch):
    return numbers(batch)[:, :1]


def one_number(batch):
    return numbers(batch)[:, 0]


def numbers(batch):
    return draw(batch, [*NUMBERS, 0, -1, 7, 8, 9], (3,)).astype("int64")


def known_numbers(batch):
    return draw(batch, NUMBERS, (3,)).astype("int64")


def indices(batch):
    return np.random.default_rng(batch).integers(0, 7, (batch, 3))


def text(batch):
    return np.array(TEXTS[:batch], dtype=object)[:, None]


def texts(batch):
    return np.array(TEXTS[:batch], dtype=object)


def pairs(batch):
    return draw(batch, TEXTS, (2,))


def weighed(mode):
    return {"idf_weights": IDF} if mode == "tf_idf" else {}


VECTORS = ("multi_hot", "count", "tf_idf")
MORE = ({"num_oov_indices": 2}, {"num_oov_indices": 3, "max_tokens": 9}, {"pad_to_max_tokens": True, "max_tokens": 9})

CASES = [
    # A vocabulary alone, with what it has for nothing and for what is not there, with several of these.
    *[(L.StringLookup(vocabulary=WORDS, **more), (3,), "string", words) for more in ({}, {"mask_token": ""}, {"oov_token": "ear"}, {"encoding": "latin-1"}, *MORE[:2],
      {"mask_token": "", "num_oov_indices": 2}, {"dtype": "int32"}, {"dtype": "int32", "mask_token": ""}, {"mask_token": "wind", "vocabulary": ["earth", "fire"]}) if "vocabulary" not in more],
    (L.StringLookup(vocabulary=["earth", "fire"], mask_token="wind"), (3,), "string", words),
    (L.StringLookup(vocabulary=["", "[UNK]", *WORDS], mask_token=""), (3,), "string", words),
    (L.StringLookup(vocabulary=["[UNK]", *WORDS]), (3,), "string", words),
    (L.StringLookup(vocabulary=["é", "wörter", "語"]), (3,), "string", lambda batch: draw(batch, ["é", "wörter", "語", "e"], (3,))),
    (L.StringLookup(vocabulary=WORDS, num_oov_indices=0), (3,), "string", known),
    (L.StringLookup(vocabulary=WORDS, num_oov_indices=0, mask_token=""), (3,), "string", lambda batch: draw(batch, [*WORDS, ""], (3,))),
    (L.StringLookup(vocabulary=WORDS), (), "string", lambda batch: words(batch)[:, 0]),
    (L.StringLookup(vocabulary=WORDS), (None, 3), "string", lambda batch: draw(batch, WORDS, (2, 3))),
    *[(L.StringLookup(vocabulary=WORDS, output_mode=mode, **weighed(mode), **more), (3,), "string", words) for mode in VECTORS for more in ({}, {"mask_token": ""}, *MORE)],
    *[(L.StringLookup(vocabulary=WORDS, output_mode="one_hot", **more), (1,), "string", word) for more in ({}, {"mask_token": ""}, *MORE)],
    (L.StringLookup(vocabulary=WORDS, output_mode="one_hot"), (), "string", lambda batch: words(batch)[:, 0]),
    (L.StringLookup(vocabulary=WORDS, output_mode="count", num_oov_indices=0), (3,), "string", known),
    (L.StringLookup(vocabulary=["[UNK]", *WORDS], output_mode="tf_idf", idf_weights=[0.9, *IDF]), (3,), "string", words),
    *[(L.StringLookup(vocabulary=WORDS, output_mode="count", dtype=dtype), (3,), "string", words) for dtype in ("float64", "int64")],
    *[(L.StringLookup(vocabulary=WORDS, invert=True, **more), (3,), "int64", indices) for more in ({}, {"mask_token": ""}, {"mask_token": "-"}, {"oov_token": "?"}, {"num_oov_indices": 2})],
    *[(L.IntegerLookup(vocabulary=NUMBERS, **more), (3,), "int64", numbers) for more in ({}, {"mask_token": 0}, {"oov_token": -7}, *MORE[:2], {"mask_token": 0, "num_oov_indices": 2})],
    (L.IntegerLookup(vocabulary=NUMBERS), (3,), "int32", numbers),
    (L.IntegerLookup(vocabulary=NUMBERS, vocabulary_dtype="int32", dtype="int32"), (3,), "int32", numbers),
    (L.IntegerLookup(vocabulary=NUMBERS, num_oov_indices=0), (3,), "int64", known_numbers),
    (L.IntegerLookup(vocabulary=[-1, *NUMBERS]), (3,), "int64", numbers),
    *[(L.IntegerLookup(vocabulary=NUMBERS, output_mode=mode, **weighed(mode), **more), (3,), "int64", numbers) for mode in VECTORS for more in ({}, {"mask_token": 0}, *MORE)],
    *[(L.IntegerLookup(vocabulary=NUMBERS, output_mode="one_hot", **more), (1,), "int64", lambda batch: numbers(batch)[:, :1]) for more in ({}, {"mask_token": 0})],
    *[(L.IntegerLookup(vocabulary=NUMBERS, invert=True, **more), (3,), "int64", indices) for more in ({}, {"mask_token": 0}, {"oov_token": -7})],
    *[(L.TextVectorization(vocabulary=WORDS, **more), (1,), "string", text) for more in (
        {}, {"output_sequence_length": 4}, {"output_sequence_length": 12}, {"max_tokens": 10}, {"ngrams": 2}, {"encoding": "latin-1"},
        {"standardize": "lower"}, {"standardize": "strip_punctuation"}, {"standardize": None}, {"split": "character"}, {"split": "character", "output_sequence_length": 6},
    )],
    (L.TextVectorization(vocabulary=["earth wind", "and earth", *WORDS], ngrams=2, output_sequence_length=7), (1,), "string", text),
    (L.TextVectorization(vocabulary=["", "[UNK]", *WORDS]), (1,), "string", text),
    (L.TextVectorization(vocabulary=["e", "a", "é"], split="character"), (1,), "string", text),
    (L.TextVectorization(vocabulary=["e", "a", "ea"], split="character", ngrams=2, output_sequence_length=9), (1,), "string", text),
    (L.TextVectorization(vocabulary=WORDS, output_sequence_length=5), (), "string", texts),
    *[(L.TextVectorization(vocabulary=WORDS, output_mode=mode, **weighed(mode), **more), (1,), "string", text) for mode in VECTORS for more in ({}, {"pad_to_max_tokens": True, "max_tokens": 9}, {"ngrams": 2})],
    *[(L.TextVectorization(vocabulary=WORDS, output_mode=None, split=None), shape, "string", feed) for shape, feed in (((2,), pairs), ((), texts))],
    *[(L.HashedCrossing(num_bins=7), [()] * 2, dtype, feed) for dtype, feed in (("string", one_word), ("int64", one_number))],
    *[(L.HashedCrossing(num_bins=7, **more), [(1,)] * count, dtype, feed) for dtype, feed in (("string", word), ("int64", number))
      for count, more in ((2, {"output_mode": "one_hot"}), (3, {"dtype": "int32"}), (2, {}))],
    *[(L.TextVectorization(vocabulary=WORDS, split=None, **more), (2,), "string", pairs) for more in ({}, {"output_sequence_length": 4}, {"output_sequence_length": 1}, {"output_mode": "count"})],
]
