"""Vocabularies in files of `assets/`, which `hornfels convert --vocabulary-assets` writes: every program reads them there.

The directory is moved before it is read, since the paths of files are relative to it. Keras, TensorFlow alone, sessions and the C++
loader compute what the layer computed; what TensorFlow and Keras save of it again does so when it was moved, too. It is read here,
and written again with its vocabularies in the graph and in HDF5. A file that was changed changes what is computed.
"""
# oracles: keras2 tf_keras
# makes its own files

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from _cases_lookup import IDF, NUMBERS, WORDS, known, numbers, text, words
from _cpp_loader import Session
from _oracle import ORACLE, Report, hornfels, keras
from _savedmodel import WRITTEN, in_session, nearly

keras = keras()
import tensorflow as tf  # noqa: E402

L = keras.layers
PLACE = WRITTEN / f"savedmodel_assets_{ORACLE}"
STRINGS, INTEGERS, TEXT = ((3,), "string", words), ((3,), "int64", numbers), ((1,), "string", text)
INDICES = (3,), "int64", lambda batch: np.random.default_rng(batch).integers(0, 5, (batch, 3))
LINES, ODD = WORDS, [" earth", "wind ", "fïre", "a\tb"]
# What is in the file of the layer, none if the vocabulary stays in the graph; the layer; what goes in.
CASES = {
    "strings": (LINES, L.StringLookup(vocabulary=WORDS, name="look"), *STRINGS),
    "masked": (LINES, L.StringLookup(vocabulary=WORDS, mask_token="", num_oov_indices=2, name="look"), *STRINGS),
    "no others": (LINES, L.StringLookup(vocabulary=WORDS, num_oov_indices=0, name="look"), (3,), "string", known),
    "whole": (LINES, L.StringLookup(vocabulary=["", "[UNK]", *WORDS], mask_token="", name="look"), *STRINGS),
    "tf_idf": (LINES, L.StringLookup(vocabulary=WORDS, idf_weights=IDF, output_mode="tf_idf", name="look"), *STRINGS),
    "inverted": (LINES, L.StringLookup(vocabulary=WORDS, invert=True, name="look"), *INDICES),
    "spaces and letters": (ODD, L.StringLookup(vocabulary=ODD, name="look"), (3,), "string",
                           lambda batch: np.random.default_rng(batch).choice([*ODD, "earth", "wind", "", "a"], (batch, 3))),
    "an empty token": (None, L.StringLookup(vocabulary=["a", ""], name="look"), (3,), "string", words),
    "integers": (NUMBERS, L.IntegerLookup(vocabulary=NUMBERS, name="look"), *INTEGERS),
    "integers, inverted": ([5, 6, 7], L.IntegerLookup(vocabulary=[5, 6, 7], invert=True, name="look"), *INDICES),
    "texts": (LINES, L.TextVectorization(vocabulary=WORDS, output_sequence_length=4, name="look"), *TEXT),
    "texts, tf_idf": (LINES, L.TextVectorization(vocabulary=WORDS, idf_weights=IDF, output_mode="tf_idf", name="look"), *TEXT),
    "a line break": (None, L.StringLookup(vocabulary=["a\nb", "fire"], name="look"), *STRINGS),
    "indices of 32 bits": (None, L.StringLookup(vocabulary=WORDS, dtype="int32", name="look"), *STRINGS),
}


def model_of(layer, shape, dtype, nested=False):
    x = keras.Input(shape, dtype=dtype, name="x")
    inner = keras.Sequential([keras.Input(shape, dtype=dtype), layer], name="inner") if nested else layer
    return keras.Model(x, inner(x))


def moved(place):
    """The directory elsewhere, and nothing where it was."""
    new = place.with_name(f"{place.name}_moved")
    place.rename(new)
    return new


def served(loaded):
    def call(x):
        return list(loaded.signatures["serving_default"](x=x).values())[0]
    return call


def computed(model):
    return tf.function(lambda x: model(x, training=False))


def in_cpp(place):
    def call(x):
        session = Session(place)
        given = x.numpy()
        if given.dtype == object:
            given = np.array([text.decode() for text in given.flat], object).reshape(given.shape)
        found = list(session.run({"x": given}).values())[0]
        session.close()
        return found
    return call


def by_command(place):
    def call(x):
        given, out = PLACE / "x.npy", PLACE / "out"
        np.save(given, x.numpy())
        program = Path(sys.executable).with_name("saved_model_cli")
        command = ["run", "--dir", place, "--tag_set", "serve", "--signature_def", "serving_default", "--inputs", f"x={given}", "--outdir", out, "--overwrite"]
        done = subprocess.run([program, *map(str, command)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr.strip()[-400:]
        return np.load(next(out.glob("*.npy")), allow_pickle=True)
    return call


def check(number, lines, layer, shape, dtype, feed):
    keras.backend.clear_session()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    model = model_of(layer, shape, dtype, number % 4 == 0)
    inputs = {batch: tf.constant(feed(batch).astype(object if dtype == "string" else dtype)) for batch in (1, 5)}
    in_graph = computed(model)
    expected = {batch: in_graph(x) for batch, x in inputs.items()}

    def compare(call, way):
        for batch, x in inputs.items():
            nearly(call(x), expected[batch], f"{way}, batch of {batch}")

    model.save(PLACE / "made.h5")
    hornfels("convert", PLACE / "made.h5", PLACE / "ours", "--vocabulary-assets")
    hornfels("convert", PLACE / "made.h5", PLACE / "ours2", "--vocabulary-assets")
    assert (PLACE / "ours" / "saved_model.pb").read_bytes() == (PLACE / "ours2" / "saved_model.pb").read_bytes(), "other bytes"
    ours = moved(PLACE / "ours")
    files = list((ours / "assets").iterdir())
    assert len(files) == (lines is not None), files
    if files:
        found = files[0].read_bytes().decode()
        assert found == "".join(f"{line}\n" for line in lines), found
    # Tables of one name are shared as long as they live: each way begins with its own.
    loaded = tf.saved_model.load(str(ours))
    compare(served(loaded), "serving_default")
    compare(loaded, "loaded(x)")
    tf.saved_model.save(loaded, str(PLACE / "again"), signatures=loaded.signatures)
    del loaded
    again = moved(PLACE / "again")
    restored = keras.models.load_model(ours)
    compare(computed(restored), "load_model")
    own = [it for it in restored._flatten_layers() if it.name == layer.name][0]
    assert own.get_vocabulary() == layer.get_vocabulary(), own.get_vocabulary()
    restored.save(PLACE / "keras", save_format="tf")
    restored.save(PLACE / "keras.h5")
    by_keras = moved(PLACE / "keras")
    compare(lambda x: next(iter(in_session(ours, x.numpy()).values())), "session")
    if expected[1].dtype != tf.string:
        compare(in_cpp(ours), "C++ loader")
    if dtype != "string":
        compare(by_command(ours), "saved_model_cli")
    # What is read here, with its vocabulary in the config.
    hornfels("convert", ours, PLACE / "back.h5")
    hornfels("convert", ours, PLACE / "back")
    hornfels("convert", ours, PLACE / "twice", "--vocabulary-assets")
    assert (PLACE / "twice" / "saved_model.pb").read_bytes() == (ours / "saved_model.pb").read_bytes(), "read and written: other bytes"
    ours.rename(PLACE / "away")
    compare(computed(keras.models.load_model(PLACE / "back.h5")), "h5")
    compare(computed(keras.models.load_model(PLACE / "keras.h5")), "h5 of Keras")
    back = tf.saved_model.load(str(PLACE / "back"))
    compare(back, "in the graph again")
    again = tf.saved_model.load(str(again))
    compare(again, "saved again by TensorFlow")
    compare(computed(keras.models.load_model(by_keras)), "saved again by Keras")


def check_changed():
    """The file is what is read: other tokens in it, other indices."""
    keras.backend.clear_session()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    model_of(L.StringLookup(vocabulary=["a", "b"], name="look"), (2,), "string").save(PLACE / "made.h5")
    hornfels("convert", PLACE / "made.h5", PLACE / "ours", "--vocabulary-assets")
    (PLACE / "ours" / "assets" / "look.txt").write_text("b\nc\n")
    loaded = tf.saved_model.load(str(PLACE / "ours"))
    found = loaded(tf.constant([["b", "c"]])).numpy().tolist()
    assert found == [[1, 2]], found


def check_names():
    """Layers of one name in several models have files of several names, and each table its own."""
    keras.backend.clear_session()
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    x = keras.Input((2,), dtype="string", name="x")
    inner = [keras.Sequential([keras.Input((2,), dtype="string"), L.StringLookup(vocabulary=words, name="look")], name=name)
             for name, words in (("a", ["p", "q"]), ("A", ["q", "p"]))]
    same = L.StringLookup(vocabulary=["p", "q"], name="a_look")
    model = keras.Model(x, [inner[0](x), inner[1](x), same(x)])
    model.save(PLACE / "made.h5")
    hornfels("convert", PLACE / "made.h5", PLACE / "ours", "--vocabulary-assets")
    ours = moved(PLACE / "ours")
    names = sorted(file.name.lower() for file in (ours / "assets").iterdir())
    assert names == ["a_look.txt", "a_look_1.txt", "a_look_2.txt"], names
    for call in (tf.saved_model.load(str(ours)), keras.models.load_model(ours)):
        found = [each.numpy().tolist() for each in call(tf.constant([["p", "q"]]))]
        assert found == [[[1, 2]], [[2, 1]], [[1, 2]]], found


def main():
    report = Report()
    for number, (label, case) in enumerate(CASES.items()):
        report.case(label, check, number, *case)
    report.case("a file that was changed", check_changed)
    report.case("names", check_names)
    report.finish(len(CASES) + 2)


main()
