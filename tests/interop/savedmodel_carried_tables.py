"""Layers of unknown classes that look things up: their tables are carried with what fills them, constants and files.

Keras saves models with layers and models of the script's own that have tables of TensorFlow and lookups of Keras. `hornfels convert`
writes the directory anew, and that once more; both are moved. Keras without the classes, TensorFlow without Keras, sessions and what
they save again must compute what the model computed. Tables that change are refused by name.
"""
# oracles: keras2 tf_keras
# makes its own files

import shutil

import numpy as np

from _cases_lookup import WORDS
from _oracle import ORACLE, Report, hornfels, keras
from _savedmodel import WRITTEN, in_session, nearly

keras = keras()
import tensorflow as tf  # noqa: E402

L = keras.layers
PLACE = WRITTEN / f"savedmodel_carried_tables_{ORACLE}"
FILE = PLACE / "words.txt"
SEEN = np.array([*WORDS, "fire", "and", "fire"])
DATA = tf.constant([["fire", "earth and wind", "é"], ["and", "", "wind"]])


def entries():
    return tf.lookup.KeyValueTensorInitializer(tf.constant(WORDS), tf.constant([7, 5, 3, 1], tf.int64))


def lines():
    return tf.lookup.TextFileInitializer(str(FILE), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER, value_index_offset=4)


class Own(L.Layer):
    """A layer with a table."""

    def __init__(self, table, **more):
        super().__init__(**more)
        self.table = table

    def get_config(self):
        return super().get_config()

    def call(self, x):
        return self.table.lookup(x) * 2


class Changing(Own):
    def __init__(self, **more):
        super().__init__(tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1), **more)


class Beside(Own):
    """Has a table that changes, too, which its call does not use."""

    def __init__(self, **more):
        super().__init__(tf.lookup.StaticHashTable(entries(), -1), **more)
        self.count = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)


class Both(L.Layer):
    """Two tables of the same entries and one of others, in a list and a dictionary; one is filled from a file."""

    def __init__(self, **more):
        super().__init__(**more)
        self.tables = [tf.lookup.StaticHashTable(entries(), -1), tf.lookup.StaticHashTable(entries(), -2)]
        self.named = {"lines": tf.lookup.StaticHashTable(lines(), -3)}

    def call(self, x):
        return sum(table.lookup(x) for table in self.tables) + 100 * self.named["lines"].lookup(x)


class Holding(L.Layer):
    """A layer that has a layer of Keras."""

    def __init__(self, inner, **more):
        super().__init__(**more)
        self.inner = inner

    def call(self, x):
        return self.inner(x) + 1


class Whole(keras.Model):
    """A model of one's own: words to vectors."""

    def __init__(self, lookup):
        super().__init__(name="whole")
        self.lookup = lookup
        self.vectors = L.Embedding(9, 3)
        self.dense = L.Dense(2)

    def call(self, x):
        return self.dense(self.vectors(self.lookup(x)))


class Texts(Whole):
    def call(self, x):
        return super().call(x[:, 1])


def learned(layer, data=SEEN):
    layer.adapt(data)
    return layer


def row(make):
    return lambda: keras.Sequential([keras.Input((3,), dtype="string"), make()], name="row")


def beside():
    """A layer that is known, too, whose table is made from its config."""
    x = keras.Input((3,), dtype="string", name="x")
    return keras.Model(x, [Both(name="both")(x), L.StringLookup(vocabulary=WORDS)(x), Holding(L.StringLookup(vocabulary=WORDS[::-1]), name="holding")(x)])


def called(make):
    def model():
        made = make()
        made(DATA)
        return made
    return model


MODELS = {
    "entries": row(lambda: Own(tf.lookup.StaticHashTable(entries(), -1), name="own")),
    "a file": row(lambda: Own(tf.lookup.StaticHashTable(lines(), -1), name="own")),
    "unknown words": row(lambda: Own(tf.lookup.StaticVocabularyTable(lines(), 3), name="own")),
    "several": row(lambda: Both(name="both")),
    "a lookup": row(lambda: Holding(L.StringLookup(vocabulary=WORDS, mask_token=""), name="holding")),
    "a lookup of a file": row(lambda: Holding(L.StringLookup(vocabulary=str(FILE)), name="holding")),
    "beside others": beside,
    "a model of texts": called(lambda: Texts(L.TextVectorization(output_sequence_length=4, vocabulary=WORDS))),
    "a model": called(lambda: Whole(L.StringLookup(vocabulary=WORDS))),
    "a model of a file": called(lambda: Whole(L.StringLookup(vocabulary=str(FILE)))),
}


def outputs(found):
    return [np.asarray(each) for each in (found if isinstance(found, (list, tuple)) else [found])]


def same(found, expected, way):
    found = outputs(found)
    assert len(found) == len(expected), f"{way}: {len(found)} outputs, expected {len(expected)}"
    for number, (a, b) in enumerate(zip(found, expected)):
        nearly(a, b, f"{way}, output {number}")


def check(make):
    keras.backend.clear_session()
    keras.utils.set_random_seed(5)
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    FILE.write_text("\n".join(WORDS) + "\n")
    model = make()
    expected = outputs(model(DATA, training=False))
    model.save(PLACE / "theirs", save_format="tf")
    named = in_session(PLACE / "theirs", DATA.numpy())
    hornfels("convert", PLACE / "theirs", PLACE / "first")
    hornfels("convert", PLACE / "theirs", PLACE / "second")
    assert (PLACE / "first" / "saved_model.pb").read_bytes() == (PLACE / "second" / "saved_model.pb").read_bytes(), "other bytes"
    hornfels("convert", PLACE / "first", PLACE / "again")
    FILE.unlink()
    (PLACE / "theirs").rename(PLACE / "gone")
    for which in ("first", "again"):
        place = PLACE / f"{which}_moved"
        (PLACE / which).rename(place)
        loaded = tf.saved_model.load(str(place))
        same(loaded(DATA, training=False), expected, f"{which}: tf.saved_model.load")
        tf.saved_model.save(loaded, str(PLACE / "by_tensorflow"), signatures=loaded.signatures)
        del loaded
        for name, value in in_session(place, DATA.numpy()).items():
            nearly(value, named[name], f"{which}: session, {name}")
        revived = keras.models.load_model(place)
        same(revived(DATA, training=False), expected, f"{which}: load_model")
        revived.save(PLACE / "by_keras", save_format="tf")
        del revived
        place.rename(PLACE / f"{which}_away")
        for by in ("by_tensorflow", "by_keras"):
            (PLACE / by).rename(PLACE / f"{by}_moved")
            same(tf.saved_model.load(str(PLACE / f"{by}_moved"))(DATA, training=False), expected, f"{which}: {by}")
            shutil.rmtree(PLACE / f"{by}_moved")


def check_refused(make, name):
    keras.backend.clear_session()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    make().save(PLACE / "theirs", save_format="tf")
    try:
        hornfels("convert", PLACE / "theirs", PLACE / "ours")
    except AssertionError as error:
        assert "MutableHashTable" in str(error) and name in str(error), error
    else:
        raise AssertionError("was not refused")


def main():
    report = Report()
    for name, make in MODELS.items():
        report.case(name, check, make)
    report.case("a table that changes", check_refused, row(lambda: Changing(name="changing")), "changing")
    # Keras with the class would look for what the table holds.
    report.case("a table that changes and is not used", check_refused, row(lambda: Beside(name="unused")), "unused")
    report.case("an adapted lookup", check_refused, row(lambda: Holding(learned(L.StringLookup()), name="holding")), "holding")
    report.finish(len(MODELS) + 3)


main()
