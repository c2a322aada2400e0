"""SavedModels from Rust with a layer of a class that Python has not: Keras revives it from its functions.

It predicts what the operations say, learns, counts its steps of training, and is saved again. A program
that has the class gets its own. `tests/it/custom_layers.rs` makes the models, and writes each once more without knowing the class.
"""
# oracles: keras2 tf_keras keras3

import numpy as np

from _oracle import ORACLE, WRITTEN, Report, close, keras, same, values

keras = keras()
import tensorflow as tf  # noqa: E402

DATA = values("input", (6, 3))


class CountedScale(getattr(keras, "layers").Layer):
    def build(self, shape):
        self.factor = self.add_weight(name="factor", shape=(shape[-1],), initializer="ones")
        self.steps = self.add_weight(name="steps", shape=(), initializer="zeros", trainable=False)

    def call(self, inputs, training=False):
        return inputs * self.factor


def expected(name, x):
    """What the models compute, by the values that their variables were given."""
    dense = lambda path, x, size: x @ values(f"{path}/kernel", (x.shape[-1], size)) + values(f"{path}/bias", (size,))
    scale = lambda x: x * values("scale/factor", (x.shape[-1],))
    if name.startswith("sequential"):
        return dense("out", scale(np.tanh(dense("hidden", x, 4))), 2)
    return dense("out", scale(np.tanh(dense("hidden", scale(x), 3))), 2)


def variable(thing, name):
    return next(v for v in thing.variables if v.name.split("/")[-1].split(":")[0] == name)


def check_revived(name):
    path = WRITTEN / "custom_layers" / name
    model = keras.models.load_model(path)
    layer = model.get_layer("scale")
    # Made by the loader, with the functions of the file.
    assert "RevivedLayer" in [kind.__name__ for kind in type(layer).__mro__], type(layer).__mro__
    close(model.predict(DATA, verbose=0), expected(name, DATA.astype("float64")), "predictions")
    assert [v.name.split("/")[-1] for v in layer.trainable_variables] == ["factor:0"], layer.trainable_variables
    assert [v.name.split("/")[-1] for v in layer.non_trainable_variables] == ["steps:0"], layer.non_trainable_variables
    factor = variable(layer, "factor").numpy()
    targets = np.ones((6, 2), "float32")
    losses = model.fit(DATA, targets, epochs=20, batch_size=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0], losses
    assert (variable(layer, "factor").numpy() != factor).all(), "the factor was not learned"
    calls = 1 if name.startswith("sequential") else 2
    assert variable(layer, "steps").numpy() == 20 * calls, variable(layer, "steps")
    again = WRITTEN / "custom_layers" / f"{name}.{ORACLE}"
    model.save(again, save_format="tf")
    saved = keras.models.load_model(again)
    close(saved.predict(DATA, verbose=0), model.predict(DATA, verbose=0), "saved again")


def check_own_class(name):
    path = WRITTEN / "custom_layers" / name
    with keras.utils.custom_object_scope({"my_package>CountedScale": CountedScale}):
        model = keras.models.load_model(path)
    layer = model.get_layer("scale")
    assert isinstance(layer, CountedScale), type(layer)
    same(layer.factor.numpy(), values("scale/factor", layer.factor.shape), "factor")
    close(model.predict(DATA, verbose=0), expected(name, DATA.astype("float64")), "predictions")


def check_restored(name):
    loaded = tf.saved_model.load(str(WRITTEN / "custom_layers" / name))
    x = tf.constant(DATA)
    close(loaded(x), expected(name, DATA.astype("float64")), "loaded(x)")
    before = variable(loaded, "steps").numpy()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(loaded(x, training=True))
    gradient = tape.gradient(total, variable(loaded, "factor"))
    assert gradient is not None and (gradient.numpy() != 0).all(), gradient
    assert variable(loaded, "steps").numpy() > before, "no step was counted"


def check_layer_of_keras3(name):
    layer = keras.layers.TFSMLayer(str(WRITTEN / "custom_layers" / name), call_endpoint="serving_default")
    (found,) = layer(DATA).values()
    close(found, expected(name, DATA.astype("float64")), "TFSMLayer")


def main():
    report = Report()
    checks = [check_layer_of_keras3] if ORACLE == "keras3" else [check_revived, check_own_class, check_restored]
    names = ("sequential", "functional", "sequential_carried", "functional_carried")
    for name in names:
        for check in checks:
            report.case(f"{name}: {check.__name__}", check, name)
    report.finish(4 * len(checks))


main()
