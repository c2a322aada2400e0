"""The mask of an output goes into the loss: what was saved compiled is evaluated and trained as the original.

Keras takes the mask that an output brings along into loss and metrics, also beside `sample_weight`. A model is compiled and saved; what
`hornfels convert` makes of the HDF5 file, and of TensorFlow's own directory, must evaluate alike and be the same after each of two steps.
"""
# oracles: keras2 tf_keras
# makes its own files

import shutil

import numpy as np

from _oracle import ALL, ORACLE, Report, close, hornfels, keras
from _savedmodel import WRITTEN, as_list, one_or_list, set_weights

keras = keras()
import tensorflow as tf  # noqa: E402

L = keras.layers
PLACE = WRITTEN / f"savedmodel_masked_loss_{ORACLE}"
BATCH = 5


class Doubling(L.Layer):
    """A class that Keras does not know when it loads; it passes masks on."""

    def __init__(self, **more):
        super().__init__(**more)
        self.supports_masking = True

    def call(self, x):
        return x * 2.0


class Words(keras.Model):
    """A model of one's own whose output has a mask."""

    def __init__(self):
        super().__init__(name="words")
        self.vectors = L.Embedding(6, 4, mask_zero=True)
        self.out = L.Dense(2)

    def call(self, x):
        return self.out(self.vectors(x))


def signal():
    return keras.Input((6, 3), name="signal")


def words():
    return keras.Input((6,), dtype="int32", name="words")


def steps():
    x = signal()
    return keras.Model(x, L.Dense(2, name="out")(L.LSTM(4, return_sequences=True)(L.Masking()(x))))


def embedded():
    x = words()
    return keras.Model(x, L.Dense(3, "softmax", name="out")(L.GRU(4, return_sequences=True)(L.Embedding(6, 4, mask_zero=True)(x))))


def row():
    return keras.Sequential([words(), L.Embedding(6, 4, mask_zero=True), L.Dropout(0.0), L.Dense(2)])


def one_of_two():
    x = words()
    y = L.Embedding(6, 4, mask_zero=True)(x)
    return keras.Model(x, [L.Dense(2, name="of_steps")(y), L.Dense(1, name="of_all")(L.GlobalAveragePooling1D()(y))])


def both():
    x, z = words(), signal()
    return keras.Model([x, z], [L.Dense(2, name="of_words")(L.Embedding(6, 4, mask_zero=True)(x)), L.Bidirectional(L.GRU(2, return_sequences=True), name="of_signal")(L.Masking()(z))])


def in_model():
    x = words()
    y = words()
    inner = keras.Model(y, L.Embedding(6, 4, mask_zero=True)(y), name="inner")
    return keras.Model(x, L.TimeDistributed(L.Dense(2), name="out")(inner(x)))


def model_last():
    x = words()
    last = keras.Sequential([keras.Input((6, 4)), L.Dense(2)], name="last")
    return keras.Model(x, last(L.Embedding(6, 4, mask_zero=True)(x)))


def given():
    x, mask = signal(), keras.Input((6,), dtype="bool", name="counts")
    return keras.Model([x, mask], L.SimpleRNN(2, return_sequences=True, name="out")(x, mask=mask))


def concatenated():
    x = signal()
    y = L.Masking()(x)
    return keras.Model(x, L.Concatenate(name="out")([L.Dense(2)(y), x]))


def ended():
    """An operation of TensorFlow has no mask."""
    x = signal()
    return keras.Model(x, L.Dense(2)(L.Masking()(x)) * 2.0)


def attended():
    x = words()
    y = L.Embedding(6, 4, mask_zero=True)(x)
    return keras.Model(x, L.MultiHeadAttention(1, 2, name="out")(y, y))


def unknown():
    x = signal()
    return keras.Model(x, Doubling()(L.Dense(2)(L.Masking()(x))))


def before_unknown():
    """The mask that reaches the loss does not come from the class that is not known."""
    x = signal()
    return keras.Model(x, [L.Masking(name="masked")(Doubling()(x)), L.Dense(2, name="plain")(x)])


def whole():
    model = Words()
    model(tf.zeros((2, 6), "int32"))
    return model


MODELS = {make.__name__: make for make in (steps, embedded, row, one_of_two, both, in_model, model_last, given, concatenated, ended, attended)}
# Keras revives what it has no class for, and that gives no masks: both directories must do the same.
REVIVED = {make.__name__: make for make in (unknown, before_unknown, whole)}
OPTIMIZERS = keras.optimizers


def data_of(model, seed):
    """Inputs of which a part is padding, targets, and weights for each sample and for each step."""
    random = np.random.default_rng(seed)
    inputs = []
    for tensor in as_list(getattr(model, "inputs", None) or words()):
        shape = (BATCH, *tensor.shape[1:])
        value = random.standard_normal(shape).astype("float32") if tensor.dtype.is_floating else random.integers(0, 2 if tensor.dtype.is_bool else 6, shape)
        value[:, -2:] = 0
        inputs.append(value.astype(tensor.dtype.as_numpy_dtype))
    outputs = as_list(model(one_or_list([tf.constant(x) for x in inputs]), training=False))
    targets = [random.integers(0, 3, y.shape[:-1]) if has_classes(model) else random.standard_normal(y.shape).astype("float32") for y in outputs]
    of_samples = [random.uniform(0, 2, BATCH).astype("float32") for _ in outputs]
    of_steps = [random.uniform(0, 2, y.shape[:-1]).astype("float32") for y in outputs]
    return one_or_list(inputs), one_or_list(targets), [None, one_or_list(of_samples), one_or_list(of_steps)]


def has_classes(model):
    return any(getattr(getattr(layer, "activation", None), "__name__", "") == "softmax" for layer in model.layers)


def compiled(model, legacy):
    loss, metric = ("sparse_categorical_crossentropy",) * 2 if has_classes(model) else ("mse", "mae")
    several = len(getattr(model, "output_names", None) or [""]) > 1
    optimizer = (OPTIMIZERS.legacy.SGD if legacy else OPTIMIZERS.SGD)(0.1, momentum=0.5)
    model.compile(optimizer, loss, metrics=[metric], weighted_metrics=[metric], loss_weights=[0.5, 2.0] if several else None)
    return model


def told(model, seed, step):
    """Loss and metrics, for each way to weigh samples. Graphs of these functions take longer to make than all the rest."""
    model.run_eagerly = True
    x, y, ways = data_of(model, seed)
    found = []
    for weights in ways:
        if step:
            found.append({key: values[0] for key, values in model.fit(x, y, BATCH, verbose=0, shuffle=False, sample_weight=weights).history.items()})
        else:
            found.append(model.evaluate(x, y, BATCH, verbose=0, sample_weight=weights, return_dict=True))
    return found


def same_told(found, expected, what):
    for number, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert list(a) == list(b), f"{what}, {number}: {list(a)}, expected {list(b)}"
        for key, value in b.items():
            close(a[key], value, f"{what}, weights {number}: {key}", 1e-4, 1e-5)


def like(models, original):
    """All that the models tell, evaluated and trained, and their variables afterwards, are those of the original."""
    before = original.get_weights()
    evaluated = told(original, 1, False)
    trained = [told(original, seed, True) for seed in (2, 3)]
    for how, model in models.items():
        same_told(told(model, 1, False), evaluated, f"{how}: evaluate")
        for seed, expected in zip((2, 3), trained):
            same_told(told(model, seed, True), expected, f"{how}: step {seed}")
        for variable, wanted in zip(model.get_weights(), original.get_weights(), strict=True):
            close(variable, wanted, f"{how}: a variable after training", 1e-4, 1e-5)
    assert any(np.abs(a - b).max() > 1e-5 for a, b in zip(original.get_weights(), before)), "nothing was trained"


def begun(make, legacy):
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    model = compiled(make(), legacy)
    set_weights(model)
    model.save(PLACE / "theirs", save_format="tf")
    hornfels("convert", PLACE / "theirs", PLACE / "again")
    return model


def check(make, legacy, masked):
    model = begun(make, legacy)
    model.save(PLACE / "theirs.h5")
    hornfels("convert", PLACE / "theirs.h5", PLACE / "ours")
    hornfels("convert", PLACE / "theirs", PLACE / "again.h5")
    assert any(mask is not None for mask in as_list(model.output_mask)) == masked, "the masks of the outputs are not what this is about"
    like({name: keras.models.load_model(PLACE / name) for name in ("ours", "again", "again.h5")}, model)


def check_revived(make, legacy):
    begun(make, legacy)
    like({"again": keras.models.load_model(PLACE / "again")}, keras.models.load_model(PLACE / "theirs"))


def main():
    report = Report()
    cases = [(name, check, make, number % 2 == 1, make is not ended) for number, (name, make) in enumerate(MODELS.items())]
    cases += [(name, check_revived, make, False) for name, make in REVIVED.items()]
    # tf_keras is Keras 2 once more: a third of the models shows that.
    cases = cases if ALL or ORACLE == "keras2" else cases[::3]
    for case in cases:
        report.case(*case)
    report.finish(len(cases))


main()
