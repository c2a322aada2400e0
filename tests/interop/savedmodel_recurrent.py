"""What recurrent layers keep between calls, what their cells drop in training, and how large their functions are.

States go on from call to call through `serving_default`, through a call and through `load_model`, which also resets them.
Dropped elements are random: over many samples that are all alike, the mean of every output of every step and what each two
of them have in common must be those of Keras, which also shows what is the same in all steps and gates.
"""
# oracles: keras2
# makes its own files

import numpy as np

from _cases import L
from _oracle import WRITTEN, Report, hornfels, keras
from _savedmodel import as_list, convert, nearly, save_and_convert, set_weights

keras = keras()
import tensorflow as tf  # noqa: E402

SAMPLES = 3000


def stateful_layers():
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        yield kind, (2, 4, 3), lambda kind=kind: getattr(L, kind)(3, stateful=True)
    yield "sequences", (2, 4, 3), lambda: L.LSTM(3, stateful=True, return_sequences=True)
    yield "float16", (2, 4, 3), lambda: L.GRU(3, stateful=True, dtype="mixed_float16")
    yield "stacked", (2, 4, 3), lambda: L.RNN([L.LSTMCell(3), L.GRUCell(2)], stateful=True)
    yield "both ways", (2, 4, 3), lambda: L.Bidirectional(L.GRU(3, stateful=True))
    yield "ConvLSTM1D", (2, 3, 6, 2), lambda: L.ConvLSTM1D(2, 2, stateful=True)
    yield "ConvLSTM2D", (2, 3, 5, 4, 2), lambda: L.ConvLSTM2D(2, 2, stateful=True)
    yield "ConvLSTM3D", (2, 2, 4, 3, 3, 1), lambda: L.ConvLSTM3D(1, 2, stateful=True)


def check_stateful(name, shape, make):
    keras.backend.clear_session()
    x = keras.Input(batch_shape=shape)
    layer = make()
    model = keras.Model(x, layer(x))
    # In `variables` of the layer states are not.
    set_weights(model)
    place = save_and_convert(model, f"stateful_{name.replace(' ', '_')}")
    loaded, revived = tf.saved_model.load(str(place)), keras.models.load_model(place)
    data = [tf.constant(np.random.default_rng(seed).normal(size=shape), "float32") for seed in range(3)]
    model.reset_states()
    expected = [model(x, training=False) for x in data]
    assert np.abs(np.asarray(model(data[0])) - np.asarray(expected[0])).max() > 1e-4, "no state goes on"
    key, = loaded.signatures["serving_default"].structured_outputs
    for what, call in (("loaded(x)", loaded), ("loaded(x, training=True)", lambda x: loaded(x, training=True)),
                       ("serving_default", lambda x: loaded.signatures["serving_default"](x)[key]), ("load_model", lambda x: revived(x, training=False))):
        for state in states_of(loaded):
            state.assign(tf.zeros_like(state))
        for index, (x, wanted) in enumerate(zip(data, expected)):
            nearly(call(x), wanted, f"{what}, call {index}")
    revived.reset_states()
    nearly(revived(data[0], training=False), expected[0], "load_model, reset")
    assert [v.shape for v in revived.weights] == [v.shape for v in model.weights], "states became weights"


def check_kept(name, shape, make):
    """What a model kept when Keras saved it is where the one goes on that is written from that directory."""
    keras.backend.clear_session()
    x = keras.Input(batch_shape=shape)
    inner = keras.Sequential([make()]) if name == "LSTM" else make()
    model = keras.Model(x, inner(x))
    set_weights(model)
    data = [tf.constant(np.random.default_rng(seed).normal(size=shape), "float32") for seed in range(3)]
    first = np.asarray(model(data[0]))
    theirs, ours = (WRITTEN / f"kept_{name.replace(' ', '_')}{suffix}" for suffix in ("", "_ours"))
    model.save(theirs, save_format="tf")
    hornfels("convert", theirs, ours)
    expected = [model(x, training=False) for x in data]
    assert np.abs(first - np.asarray(expected[0])).max() > 1e-4, "no state goes on"
    key, = (loaded := tf.saved_model.load(str(ours))).signatures["serving_default"].structured_outputs
    for index, (x, wanted) in enumerate(zip(data, expected)):
        nearly(loaded.signatures["serving_default"](x)[key], wanted, f"serving_default, call {index}")
    revived = keras.models.load_model(ours)
    for index, (x, wanted) in enumerate(zip(data, expected)):
        nearly(revived(x, training=False), wanted, f"load_model, call {index}")


def states_of(loaded):
    """The variables of a loaded model that are not its weights."""
    own = {id(v) for v in loaded.variables}
    found = {id(v): v for function in (loaded.signatures["serving_default"],) for v in function.graph.variables}
    return [v for key, v in found.items() if key not in own]


def dropping_layers():
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        for arguments in ({"dropout": 0.4}, {"recurrent_dropout": 0.4}, {"dropout": 0.3, "recurrent_dropout": 0.3}):
            yield f"{kind} {arguments}", (4, 3), lambda kind=kind, arguments=arguments: getattr(L, kind)(2, return_sequences=True, **arguments)
    for kind in ("LSTM", "GRU"):
        yield f"{kind} one by one", (4, 3), lambda kind=kind: getattr(L, kind)(2, return_sequences=True, dropout=0.4, implementation=1)
    yield "GRU reset before", (4, 3), lambda: L.GRU(2, return_sequences=True, dropout=0.3, recurrent_dropout=0.3, reset_after=False)
    cells = lambda: [L.LSTMCell(2, dropout=0.4), L.GRUCell(2, dropout=0.2, recurrent_dropout=0.3)]
    yield "stacked", (4, 3), lambda: L.RNN(cells(), return_sequences=True)
    yield "ConvLSTM1D", (3, 4, 2), lambda: L.ConvLSTM1D(1, 2, return_sequences=True, dropout=0.4, recurrent_dropout=0.3)


def check_dropped(name, shape, make):
    keras.backend.clear_session()
    x = keras.Input(shape)
    model = keras.Model(x, make()(x))
    set_weights(model)
    place = save_and_convert(model, "dropped")
    loaded = tf.saved_model.load(str(place))
    one = np.random.default_rng(3).normal(size=shape).astype("float32")
    data = tf.constant(np.broadcast_to(one, (SAMPLES, *shape)))
    found, expected = (np.asarray(call(data, training=True)).reshape(SAMPLES, -1) for call in (loaded, model))
    allowed = 8 / np.sqrt(SAMPLES)
    spread = expected.std(0) + 1e-6
    off = np.abs(found.mean(0) - expected.mean(0)) / spread
    assert off.max() < allowed or np.allclose(found, expected, atol=1e-5), f"means differ by {off.max():.3g} deviations"
    scale = np.outer(spread, spread)
    off = np.abs(np.cov(found.T) - np.cov(expected.T)) / scale
    assert off.max() < 3 * allowed, f"covariances differ by {off.max():.3g}"


def check_size():
    """One loop and functions that are shared: a small part of what TensorFlow writes."""
    x = keras.Input((None,), dtype="int32")
    y = L.Dense(1, "sigmoid")(L.LSTM(16)(L.Embedding(100, 8, mask_zero=True)(x)))
    model = keras.Model(x, y)
    place = save_and_convert(model, "size")
    model.save(WRITTEN / "size_of_theirs", save_format="tf")
    ours, theirs = ((folder / "saved_model.pb").stat().st_size for folder in (place, WRITTEN / "size_of_theirs"))
    print(f"saved_model.pb of {ours} bytes, TensorFlow's of {theirs}: {theirs / ours:.1f} times as large")
    assert theirs >= 20 * ours, f"{ours} bytes, TensorFlow's are {theirs}"


def check_without_traces(name, make):
    keras.backend.clear_session()
    x = keras.Input((4, 3))
    model = keras.Model(x, make()(x))
    set_weights(model)
    model.compile(keras.optimizers.legacy.Adam(0.01), "mse")
    data = np.random.default_rng(1).normal(size=(5, 4, 3)).astype("float32")
    expected = as_list(model(data, training=False))
    model.fit(data, [np.zeros(y.shape) for y in expected], verbose=0)
    expected = as_list(model(data, training=False))
    path = WRITTEN / "savedmodel" / "bare.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    for traces in (True, False):
        revived = keras.models.load_model(convert(path, WRITTEN / "savedmodel" / "bare", traces=traces))
        for a, b in zip(as_list(revived(data, training=False)), expected, strict=True):
            nearly(a, b, f"load_model, traces {traces}")
        check_slots(model, WRITTEN / "savedmodel" / "bare" / "variables" / "variables")


def check_slots(model, prefix):
    """The optimizer's values for each variable are in the checkpoint, beside the variable."""
    written = tf.train.load_checkpoint(str(prefix))
    keys = written.get_variable_to_shape_map()
    for slot in ("m", "v"):
        found = [written.get_tensor(key) for key in keys if f"/.OPTIMIZER_SLOT/optimizer/{slot}/" in key]
        assert len(found) == len(model.trainable_variables), f"{len(found)} slots {slot}"
        for variable in model.trainable_variables:
            value = model.optimizer.get_slot(variable, slot).numpy()
            assert any(np.array_equal(value, x) for x in found), f"{slot} of {variable.name} is not there"


BARE = {
    "LSTM": lambda: L.LSTM(3), "stacked": lambda: L.RNN([L.GRUCell(3), L.LSTMCell(2)]), "both ways": lambda: L.Bidirectional(L.GRU(3)),
    "each step": lambda: L.TimeDistributed(L.Dense(3)),
}


def main():
    report = Report()
    for name, shape, make in stateful_layers():
        report.case(f"stateful: {name}", check_stateful, name, shape, make)
        report.case(f"kept states: {name}", check_kept, name, shape, make)
    for name, shape, make in dropping_layers():
        report.case(f"dropped: {name}", check_dropped, name, shape, make)
    for name, make in BARE.items():
        report.case(f"without traces: {name}", check_without_traces, name, make)
    report.case("size", check_size)
    report.finish(29)


main()
