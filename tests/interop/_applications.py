"""The architectures of `keras.applications`: which there are, and models of them that compute something worth comparing."""

import inspect

import numpy as np

from _oracle import keras, values

keras = keras()
import tensorflow as tf  # noqa: E402

# The smallest architecture of each family.
SMALLEST = """ConvNeXtTiny DenseNet121 EfficientNetB0 EfficientNetV2B0 InceptionResNetV2 InceptionV3 MobileNet MobileNetV2
    MobileNetV3Small NASNetMobile RegNetX002 RegNetY002 ResNet50 ResNet50V2 ResNetRS50 VGG16 VGG19 Xception""".split()
# Sides of images: some architectures take no small ones.
SIDES = (64, 71, 75)
IMAGES = 4
BATCHES = (1, 2)
# With these random weights they stretch roundings so that only doubles can be compared.
IN_DOUBLE = ("InceptionV3",)
# How much of its mean a BatchNormalization takes away, see `settle`.
CENTRED = 0.25


def architectures():
    """By name, all functions of `keras.applications` and of its modules that make a model."""
    packages = [package for package in vars(keras.applications).values() if inspect.ismodule(package)]
    found = {}
    for package in [keras.applications, *packages]:
        for name, function in vars(package).items():
            if inspect.isfunction(function) and "include_top" in inspect.signature(function).parameters:
                found[name] = function
    families = {function.__module__ for function in found.values()}
    covered = {found[name].__module__ for name in SMALLEST if name in found}
    assert families == covered, f"no architecture is listed as the smallest of {sorted(families - covered)}"
    return dict(sorted(found.items()))


class Application:
    """A model of an architecture, with its images: with ten classes at its top, or without top for images of any size."""

    def __init__(self, name, top):
        self.name, self.top = name, top
        keras.backend.set_floatx("float64" if name in IN_DOUBLE else "float32")
        self.model, side = self.build()
        self.images = images(side).astype(keras.backend.floatx())
        settle(self.model, self.images)

    def build(self):
        """The model, and the side of the smallest images that it takes."""
        make = architectures()[self.name]
        for side in SIDES:
            keras.backend.clear_session()
            keras.utils.set_random_seed(3)
            try:
                if not self.top:
                    # NASNet's branches meet only if sizes were known when it was made.
                    side = 96
                    size = side if "NASNet" in self.name else None
                    return make(weights=None, include_top=False, input_shape=(size, size, 3)), side
                return make(weights=None, classes=10, input_shape=(side, side, 3)), side
            except ValueError as error:
                problem = error
        raise problem

    def predictions(self, model):
        """What Keras predicts for one image and for two."""
        return {batch: model.predict(self.images[:batch], verbose=0) for batch in BATCHES}

    def rounding(self, predicted):
        """How far Keras is from itself, relative to the largest: operation by operation, and as a graph that TensorFlow optimizes."""
        graph = tf.function(lambda x: self.model(x, training=False))
        off = 0
        for batch in BATCHES:
            data = tf.constant(self.images[:batch])
            for found in (self.model(data, training=False), graph(data)):
                off = max(off, np.abs(np.asarray(found) - predicted[batch]).max() / np.abs(predicted[batch]).max())
        return off


def images(side):
    """Coarse patterns with noise: noise alone looks alike to a deep network."""
    coarse = values("coarse", (IMAGES, 4, 4, 3), 0.0).repeat(-(-side // 4), axis=1).repeat(-(-side // 4), axis=2)
    return 127 * (coarse[:, :side, :side] + values("fine", (IMAGES, side, side, 3), 0.0))


def settle(model, images):
    """Gives every variable values that matter.

    What begins as zeros, ones or next to nothing gets random values, and each BatchNormalization about the statistics of what
    these images become before it, so that hundreds of layers let nothing grow or vanish.
    """
    for index, variable in enumerate(model.variables):
        value, kind = np.asarray(variable), variable.name.split("/")[-1].split(":")[0]
        if value.dtype.kind == "f" and value.size and value.min() == value.max():
            factor = "gamma" in kind or "variance" in kind
            # Small beside what comes from an image, or all images look alike.
            variable.assign(values(f"{index}", value.shape, 0.5) if factor else 0.2 * values(f"{index}", value.shape))
    for layer in model._flatten_layers():
        if type(layer).__name__ == "BatchNormalization":
            layer.call = measuring(layer)
        if type(layer).__name__ == "Normalization":
            layer.finalize_state()
    outputs = np.asarray(model(images, training=False))
    if np.allclose(outputs.sum(-1), 1):
        # Probabilities of which none is nearly one.
        kernel = next(variable for variable in reversed(model.variables) if variable.shape[-1] == outputs.shape[-1] and len(variable.shape) > 1)
        kernel.assign(kernel / np.log(np.maximum(outputs, 1e-30)).std())


def measuring(layer):
    """A first call that takes the statistics of what it is given.

    Most of the mean stays: without any, layers would stretch the differences between images, and with them those by rounding.
    """

    def call(x, *_, **__):
        x = np.asarray(x)
        axes = tuple(range(x.ndim - 1))
        away = x.mean(axes) * CENTRED
        layer.moving_mean.assign(away)
        layer.moving_variance.assign(((x - away) ** 2).mean(axes))
        object.__delattr__(layer, "call")
        return layer.call(x, training=False)

    return call
