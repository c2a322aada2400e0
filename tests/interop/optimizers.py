"""Training that is interrupted by `hornfels convert` goes on as if it had not been.

For each optimizer of Keras 2.15, the new and the legacy ones: a model is trained for three steps and saved by
Keras, written anew by the tool in both layouts, loaded by Keras and trained for three more. It must then be
what it is after six steps without us: weights and the optimizer's variables.
"""
# oracles: keras2

import numpy as np

from _optimizers import LOST_BY_KERAS, OPTIMIZERS, build
from _oracle import WRITTEN, Report, close, hornfels, keras, values

keras = keras()
import tensorflow as tf  # noqa: E402

PLACE = WRITTEN / "optimizers"
STEPS = 3

# Each batch on its own, operation by operation: the same on every run.
tf.config.run_functions_eagerly(True)
tf.config.experimental.enable_op_determinism()


def train(model, first):
    """`STEPS` batches, numbered from `first`."""
    for step in range(first, first + STEPS):
        model.train_on_batch(values(f"x{step}", (16, 6)), values(f"y{step}", (16, 3)))


def variables(optimizer):
    found = optimizer.variables
    return [np.asarray(variable) for variable in (found() if callable(found) else found)]


def check(name, make, layout):
    path = PLACE / f"{name.replace(' ', '_')}.h5"
    written = path.with_suffix(f".{layout}.h5")
    model = build()
    model.compile(make(), "mse")
    train(model, 0)
    model.save(path)
    if name in LOST_BY_KERAS:
        model = keras.models.load_model(path)
    train(model, STEPS)
    hornfels("convert", path, written, "--layout", layout, "--force")
    again = keras.models.load_model(written)
    assert type(again.optimizer) is type(model.optimizer), f"{again.optimizer}"
    train(again, STEPS)
    for index, (found, expected) in enumerate(zip(again.get_weights(), model.get_weights(), strict=True)):
        close(found, expected, f"weight {index}")
    both = zip(variables(again.optimizer), variables(model.optimizer), strict=True)
    for index, (found, expected) in enumerate(both):
        close(found, expected, f"optimizer variable {index}")


def main():
    report = Report()
    PLACE.mkdir(parents=True, exist_ok=True)
    for layout in ("classic", "compact"):
        for name, make in OPTIMIZERS.items():
            report.case(f"{name}, {layout}", check, name, make, layout)
            keras.backend.clear_session()
    report.finish(2 * len(OPTIMIZERS))


main()
