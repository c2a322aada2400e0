"""Every optimizer of Keras 2.15, and a model for it to train."""

from _oracle import keras, values

keras = keras()
new, old = keras.optimizers, keras.optimizers.legacy
schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)

OPTIMIZERS = {
    "SGD": lambda: new.SGD(0.05),
    "SGD momentum": lambda: new.SGD(0.05, momentum=0.9),
    "SGD nesterov": lambda: new.SGD(0.05, momentum=0.9, nesterov=True),
    "SGD schedule": lambda: new.SGD(schedule, momentum=0.5),
    "SGD ema": lambda: new.SGD(0.05, use_ema=True, ema_overwrite_frequency=2),
    "SGD clipped": lambda: new.SGD(0.05, clipnorm=0.1),
    "Adam": lambda: new.Adam(0.05),
    "Adam amsgrad": lambda: new.Adam(0.05, amsgrad=True),
    "Adam weight decay": lambda: new.Adam(0.05, weight_decay=0.01),
    "AdamW": lambda: new.AdamW(0.05),
    "Adamax": lambda: new.Adamax(0.05),
    "Nadam": lambda: new.Nadam(0.05),
    "RMSprop": lambda: new.RMSprop(0.05),
    "RMSprop all": lambda: new.RMSprop(0.05, momentum=0.5, centered=True),
    "Adagrad": lambda: new.Adagrad(0.05),
    "Adadelta": lambda: new.Adadelta(0.5),
    "Adafactor": lambda: new.Adafactor(0.05),
    "Ftrl": lambda: new.Ftrl(0.05, l1_regularization_strength=0.01),
    "Lion": lambda: new.Lion(0.01),
    "loss scale": lambda: keras.mixed_precision.LossScaleOptimizer(new.Adam(0.05)),
    "legacy SGD": lambda: old.SGD(0.05),
    "legacy SGD momentum": lambda: old.SGD(0.05, momentum=0.9, nesterov=True, decay=0.1),
    "legacy SGD schedule": lambda: old.SGD(schedule, momentum=0.5),
    "legacy Adam": lambda: old.Adam(0.05, decay=0.1),
    "legacy Adam amsgrad": lambda: old.Adam(0.05, amsgrad=True),
    "legacy Adamax": lambda: old.Adamax(0.05),
    "legacy Nadam": lambda: old.Nadam(0.05),
    "legacy RMSprop": lambda: old.RMSprop(0.05),
    "legacy RMSprop all": lambda: old.RMSprop(0.05, momentum=0.5, centered=True),
    "legacy Adagrad": lambda: old.Adagrad(0.05),
    "legacy Adadelta": lambda: old.Adadelta(0.5),
    "legacy Ftrl": lambda: old.Ftrl(0.05, l1_regularization_strength=0.01),
}

LOST_BY_KERAS = {"Nadam", "loss scale"}


def build():
    """Matrices, vectors, statistics and a frozen layer, with values that do not depend on a seed."""
    model = keras.Sequential([
        keras.Input((6,)), keras.layers.Dense(8, activation="tanh", name="in"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dense(8, activation="tanh", trainable=False, name="frozen"),
        keras.layers.Dense(3, name="out"),
    ])
    for variable in model.variables:
        low = 0.5 if "variance" in variable.name else -0.5
        variable.assign(values(variable.name, variable.shape, low))
    return model
