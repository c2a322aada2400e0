"""Weights of layers by cuDNN for those by Keras's arithmetic and the other way round, as Keras 2.15 loads them.

Keras saves the weights of a model of one kind, and loads them into one of the other; this crate loads them
into that one's whole file, which must then hold the same.
"""
# oracles: keras2 tf_keras

import numpy as np

from _oracle import ORACLE, WRITTEN, Report, keras
from _weights import Crate, same_files

keras = keras()
L = keras.layers
PLACE = WRITTEN / f"weights_cudnn.{ORACLE}"

if ORACLE == "tf_keras":
    from tf_keras.src.layers.rnn.cudnn_gru import CuDNNGRU
    from tf_keras.src.layers.rnn.cudnn_lstm import CuDNNLSTM
else:
    from keras.src.layers.rnn.cudnn_gru import CuDNNGRU
    from keras.src.layers.rnn.cudnn_lstm import CuDNNLSTM


def lstm(cudnn, units, **how):
    return CuDNNLSTM(units, **how) if cudnn else L.LSTM(units, **how)


def gru(cudnn, units, **how):
    return CuDNNGRU(units, **how) if cudnn else L.GRU(units, reset_after=True, **how)


def row(*layers, shape=(6, 3)):
    return keras.Sequential([keras.Input(shape), *layers])


MODELS = {
    "LSTM": lambda cudnn: row(lstm(cudnn, 4), L.Dense(2)),
    "GRU": lambda cudnn: row(gru(cudnn, 5), L.Dense(2)),
    "several": lambda cudnn: row(lstm(cudnn, 4, return_sequences=True), L.Dense(3), gru(cudnn, 3, return_sequences=True), lstm(cudnn, 2)),
    "one unit": lambda cudnn: row(lstm(cudnn, 1, return_sequences=True), gru(cudnn, 1)),
    "bidirectional": lambda cudnn: row(L.Bidirectional(lstm(cudnn, 4, return_sequences=True)), L.Bidirectional(gru(cudnn, 2))),
    "nested": lambda cudnn: row(L.Dense(3), row(L.BatchNormalization(), lstm(cudnn, 4, return_sequences=True), L.Bidirectional(gru(cudnn, 2))), L.Dense(1)),
    "the same kind": lambda cudnn: row(lstm(True, 4, return_sequences=True), gru(False, 3)),
}


def check(crate, name, build, to_cudnn):
    place = PLACE / f"{name} {to_cudnn}".replace(" ", "_")
    place.mkdir(parents=True)
    source, target = build(not to_cudnn), build(to_cudnn)
    generator = np.random.default_rng(len(name))
    source.set_weights([generator.normal(size=it.shape).astype(it.dtype) for it in source.get_weights()])
    source.save_weights(place / "weights.h5")
    target.save(place / "before.h5")
    target.load_weights(place / "weights.h5")
    target.save(place / "after.h5")
    crate(model=place / "before.h5", weights=place / "weights.h5", whole=place / "ours.h5")
    same_files(place / "ours.h5", place / "after.h5")


def main():
    report = Report()
    crate = Crate()
    for name, build in MODELS.items():
        report.case(f"{name}, from cuDNN", check, crate, name, build, False)
        report.case(f"{name}, to cuDNN", check, crate, name, build, True)
    report.finish(2 * len(MODELS))


main()
