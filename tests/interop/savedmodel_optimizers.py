"""The state of an optimizer and what a model was compiled with come back from a SavedModel.

Every optimizer of Keras 2.15, new and legacy, trains a model for two steps; Keras saves it as HDF5, `hornfels convert` writes
the SavedModel. No `load_model` of Keras restores the state of an optimizer from that, whoever wrote it; `load_weights` does, once
the optimizer has its variables. The state must be what was saved, and training must go on as if it had not been interrupted.
`tf.saved_model.load` has it too.
"""
# oracles: keras2
# makes its own files

import numpy as np

from _optimizers import LOST_BY_KERAS, OPTIMIZERS, build
from _oracle import Report, close, keras, values
from _savedmodel import REFERENCE, WRITTEN, convert
from _structures import convolutional_model

keras = keras()
import tensorflow as tf  # noqa: E402

PLACE = WRITTEN / "savedmodel_optimizers"

# Each batch on its own, operation by operation: the same on every run.
tf.config.run_functions_eagerly(True)
tf.config.experimental.enable_op_determinism()


def train(model, first):
    for step in range(first, first + 2):
        model.train_on_batch(values(f"x{step}", (16, 6)), values(f"y{step}", (16, 3)))


def variables(optimizer):
    found = optimizer.variables
    return list(found() if callable(found) else found)


def check_optimizer(name, make):
    place = PLACE / name.replace(" ", "_")
    path = place.with_suffix(".h5")
    model = build()
    model.compile(make(), "mse")
    train(model, 0)
    model.save(path)
    # Keras does not read what it wrote for a loss scale; the converter does.
    if name in LOST_BY_KERAS and (REFERENCE or name != "loss scale"):
        model = keras.models.load_model(path)
    convert(path, place)
    again = keras.models.load_model(place)
    assert type(again.optimizer) is type(model.optimizer), f"{again.optimizer}"
    legacy = isinstance(again.optimizer, keras.optimizers.legacy.Optimizer)
    if legacy:
        again.optimizer._create_all_weights(again.trainable_variables)
    else:
        again.optimizer.build(again.trainable_variables)
    again.load_weights(place / "variables" / "variables")
    check_state(again.optimizer, model.optimizer)
    loaded = tf.saved_model.load(str(place))
    check_loaded(loaded.optimizer, model.optimizer, legacy)
    train(model, 2)
    train(again, 2)
    for variable, expected in zip(again.variables, model.variables, strict=True):
        close(variable, expected, f"after training: {variable.name}")
    check_state(again.optimizer, model.optimizer, "after training: ")


def check_state(found, expected, when=""):
    both = list(zip(variables(found), variables(expected), strict=True))
    for variable, wanted in both:
        close(variable, wanted, f"{when}{wanted.name}")
    assert int(found.iterations) == int(expected.iterations), f"{when}{int(found.iterations)} iterations"


def check_loaded(found, expected, legacy):
    """The optimizer that TensorFlow loads without Keras."""
    if legacy:
        assert int(found.iter) == int(expected.iterations), f"loaded: iter {int(found.iter)}"
        return
    # What follows the gradients, in an order of its own.
    held = [np.asarray(variable) for variable in found._variables]
    wanted = [np.asarray(variable) for variable in expected._variables] if hasattr(expected, "_variables") else []
    for value in wanted:
        assert any(value.shape == other.shape and np.allclose(value, other) for other in held), "loaded: a variable is not there"


losses, metrics = keras.losses, keras.metrics
COMPILED = {
    "one loss": {"loss": "mse"},
    "list": {"loss": ["categorical_crossentropy", "mae"], "loss_weights": [1.0, 0.25]},
    "dictionaries": {"loss": {"kind": "kl_divergence", "amount": "huber"}, "loss_weights": {"kind": 0.5, "amount": 2.0},
                     "metrics": {"kind": ["accuracy", "mse"], "amount": "mae"}},
    "objects": {"loss": {"kind": losses.CategoricalCrossentropy(label_smoothing=0.1), "amount": losses.Huber(0.3)},
                "metrics": {"kind": [metrics.CategoricalAccuracy(name="right"), metrics.TopKCategoricalAccuracy(2)], "amount": metrics.RootMeanSquaredError()}},
    "reduction": {"loss": [losses.CategoricalCrossentropy(reduction="sum"), losses.LogCosh()], "metrics": [["accuracy"], ["mse", "mape"]]},
    "weighted": {"loss": "mse", "weighted_metrics": [["mae"], ["mae"]]},
    "no loss": {"loss": [None, "mse"]},
}


def check_compiled(name, arguments):
    place = PLACE / f"compiled_{name.replace(' ', '_')}"
    model = convolutional_model()
    for index, variable in enumerate(model.variables):
        variable.assign(values(f"{index}", variable.shape, 0.5 if "variance" in variable.name else -0.5))
    model.compile(keras.optimizers.Adam(0.01), **arguments)
    data, kind = values("data", (8, 9, 7, 2)), np.eye(3, dtype="float32")[np.arange(8) % 3]
    targets = [kind, values("amount", (8, 1))]
    model.evaluate(data, targets, verbose=0)
    model.save(place.with_suffix(".h5"))
    convert(place.with_suffix(".h5"), place)
    again = keras.models.load_model(place)
    expected = keras.models.load_model(place.with_suffix(".h5")).evaluate(data, targets, verbose=0, return_dict=True)
    found = again.evaluate(data, targets, verbose=0, return_dict=True)
    assert sorted(found) == sorted(expected), f"{sorted(found)}, expected {sorted(expected)}"
    for key, value in expected.items():
        close(found[key], value, key)
    assert again.optimizer.get_config() == model.optimizer.get_config(), f"{again.optimizer.get_config()}"


def main():
    report = Report()
    PLACE.mkdir(parents=True, exist_ok=True)
    for name, make in OPTIMIZERS.items():
        keras.backend.clear_session()
        report.case(name, check_optimizer, name, make)
    for name, arguments in COMPILED.items():
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        report.case(f"compiled with {name}", check_compiled, name, arguments)
    report.finish(len(OPTIMIZERS) + len(COMPILED))


main()
