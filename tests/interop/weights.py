"""Weights without a config, `model.save_weights` of this crate, in Keras: by position,
by name, and by object.

`tests/it/written_for_others.rs` writes them, of a model that each Keras builds here by hand.
"""
# oracles: keras2 tf_keras keras3

import h5py

from _oracle import ROOT, WRITTEN, Report, keras, same

keras = keras()
L = keras.layers


def build(prefix=""):
    """The layers of `tests/data/early_warning.h5`, which Keras 3 itself cannot open."""
    return keras.Sequential([
        keras.Input((1500, 1)), L.Conv1D(50, 12, padding="same", name=f"{prefix}conv1d"), L.Dropout(0.1, name=f"{prefix}dropout"),
        L.MaxPooling1D(2, name=f"{prefix}max_pooling1d"), L.LSTM(50, return_sequences=True, name=f"{prefix}lstm"),
        L.Dropout(0.1, name=f"{prefix}dropout_1"), L.LSTM(10, name=f"{prefix}lstm_1"),
        L.Dropout(0.1, name=f"{prefix}dropout_2"), L.Dense(4, name=f"{prefix}dense")])


def expected():
    """What the original holds, layer by layer."""
    with h5py.File(ROOT / "tests/data/early_warning.h5") as file:
        group = file["model_weights"]
        for layer in group.attrs["layer_names"]:
            for name in group[layer].attrs["weight_names"]:
                yield group[layer][name][()]


def check(path, model, **how):
    model.load_weights(path, **how)
    for index, (found, value) in enumerate(zip(model.get_weights(), expected(), strict=True)):
        same(found, value, f"weight {index}")


def main():
    report = Report()
    for dialect in ("keras2", "keras3"):
        path = WRITTEN / f"weights.{dialect}.h5"
        report.case(f"{dialect}, by position", check, path, build("other_"))
        report.case(f"{dialect}, by name", lambda: check(path, build(), by_name=True))
        report.case(f"{dialect}, by object", check, WRITTEN / f"{dialect}.weights.h5", build("other_"))
    report.finish(6)


main()
