"""Every Keras 3 model file of a directory in HDF5, through a `Model` and out again in both layouts: Keras 3
loads the copies and computes the same bits with them.

Its contents `hdf5_structure.py` compares, with those of all others.
"""
# oracles: keras3

import numpy as np

from _corpus import whole_models
from _oracle import CORPUS, WRITTEN, Report, keras, same

keras = keras()

LAYOUTS = ("classic", "compact")


def predictions(path):
    model = keras.models.load_model(path, compile=False)
    random = np.random.default_rng(1)
    shapes = [[2 if size is None else size for size in tensor.shape] for tensor in model.inputs]
    inputs = [random.standard_normal(shape).astype("float32") for shape in shapes]
    return model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)


def check(path, layout):
    copy = WRITTEN / "corpus" / layout / path.relative_to(CORPUS)
    same(predictions(copy), predictions(path), "prediction")


report = Report()
found = whole_models(3)
for path in found:
    for layout in LAYOUTS:
        report.case(f"{path.relative_to(CORPUS)} {layout}", check, path, layout)
report.finish(least=len(LAYOUTS) * len(found))
