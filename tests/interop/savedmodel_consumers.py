"""Every program that reads SavedModels reads those that are written: for a dense model, a convolutional one with two
outputs, nested models with shared layers, a classifier of text with a table, an encoder of tokens with attention, an
LSTM of words, and a GRU in both directions with masks.

`tf.saved_model.load` and saving again; `load_model` of Keras 2.15 and tf_keras 2.21 and saving again in both formats;
sessions of TensorFlow 1 with restoring and saving; the C++ loader; `saved_model_cli`; Keras 3's `TFSMLayer`; the
converter to TensorFlow Lite and its interpreter. Models without functions, and without their optimizer, load in Keras.

Keras 2.15 trains the models and predicts; the others compare with what it predicted.
"""
# oracles: keras2 tf_keras keras3
# makes its own files

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from _cpp_loader import Session
from _oracle import ORACLE, WRITTEN, Report, close, keras

keras = keras()
PLACE = WRITTEN / "savedmodel_consumers"
NAMES = ("dense", "convolutional", "nested", "text", "encoder", "recurrent", "bidirectional")
VARIANTS = {"": {}, "no_traces": {"traces": False}, "no_optimizer": {"optimizer": False}}


def make():
    """The models, trained for two steps, converted, and what they predict."""
    from _savedmodel import as_list, convert, feed, one_or_list, set_weights
    from _structures import WHOLE

    assert tuple(WHOLE) == NAMES
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    for name, build in WHOLE.items():
        keras.backend.clear_session()
        model = build()
        set_weights(model)
        model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
        data = [feed(x, [size or 5 for size in x.shape[1:]], 7, whole=name == "encoder") for x in model.inputs]
        expected = as_list(model(one_or_list(data), training=False))
        model.fit(one_or_list(data), one_or_list([np.ones(x.shape) for x in expected]), epochs=2, verbose=0)
        model.save(PLACE / f"{name}.h5")
        expected = as_list(model(one_or_list(data), training=False))
        values = {f"in:{key}": value for key, value in zip(model.input_names, data)}
        values |= {f"out:{key}": value.numpy() for key, value in zip(model.output_names, expected)}
        values |= {f"weight:{i:03}": value for i, value in enumerate(model.get_weights())}
        np.savez(PLACE / f"{name}.npz", **values)
        for variant, more in VARIANTS.items():
            convert(PLACE / f"{name}.h5", PLACE / f"{name}{variant}", **more)


class Told:
    """What a model was given and what came out, by name and in order."""

    def __init__(self, name):
        with np.load(PLACE / f"{name}.npz", allow_pickle=True) as held:
            parts = {kind: {key.partition(":")[2]: held[key] for key in held.files if key.startswith(kind)} for kind in ("in", "out", "weight")}
        self.inputs, self.outputs, self.weights = parts["in"], parts["out"], list(parts["weight"].values())
        self.place = PLACE / name

    def data(self, batch=7):
        values = [value[:batch] for value in self.inputs.values()]
        return values if len(values) > 1 else values[0]

    def named(self, batch=7):
        return {name: value[:batch] for name, value in self.inputs.items()}

    def check(self, found, what, batch=7, relative=1e-5):
        """Outputs by name, or in the model's order."""
        if not isinstance(found, dict):
            found = found if isinstance(found, (list, tuple)) else [found]
            assert len(found) == len(self.outputs), f"{what}: {len(found)} outputs, expected {len(self.outputs)}"
            found = dict(zip(self.outputs, found))
        assert set(found) == set(self.outputs), f"{what}: outputs {sorted(found)}, expected {sorted(self.outputs)}"
        for name, expected in self.outputs.items():
            close(found[name], expected[:batch], f"{what}, {name}", relative, relative)


def check_loaded(told):
    """`tf.saved_model.load`: signatures, calls, and saving again."""
    loaded = tf.saved_model.load(str(told.place))
    again = PLACE / f"{told.place.name}_again"
    for saved in (False, True):
        for batch in (1, 7):
            named = {name: tf.constant(value) for name, value in told.named(batch).items()}
            told.check(loaded.signatures["serving_default"](**named), "serving_default", batch)
            passed = tf.nest.map_structure(tf.constant, told.data(batch))
            told.check(loaded(passed), "loaded(x)", batch)
            told.check(loaded(passed, training=False), "loaded(x, training=False)", batch)
            told.check(loaded(passed, False, None), "loaded(x, False, None)", batch)
        loaded(passed, training=True)
        if not saved:
            loaded = tf.saved_model.load(str(told.place))
            tf.saved_model.save(loaded, str(again), signatures=loaded.signatures)
            loaded = tf.saved_model.load(str(again))


def check_keras(told):
    """`load_model`, its compilation, and saving again in both formats."""
    model = keras.models.load_model(told.place)
    told.check(model(told.data(), training=False), "model(x)")
    told.check(model.predict(told.data(), verbose=0), "predict")
    for index, (found, expected) in enumerate(zip(model.get_weights(), told.weights, strict=True)):
        assert np.array_equal(found, expected), f"weight {index} differs"
    targets = [value + 1 for value in told.outputs.values()]
    targets = targets if len(targets) > 1 else targets[0]
    scores = model.evaluate(told.data(), targets, verbose=0, return_dict=True)
    expected = [np.mean(np.square(1.0)) for _ in told.outputs]
    close(scores["loss"], sum(expected), "loss")
    assert any("mae" in name or "absolute" in name for name in scores), f"metrics {sorted(scores)}"
    assert type(model.optimizer).__name__ == "Adam" and float(model.optimizer.learning_rate) == np.float32(0.01), model.optimizer
    for again in (PLACE / f"{told.place.name}_{ORACLE}", PLACE / f"{told.place.name}_{ORACLE}.h5"):
        model.save(again, **({} if again.suffix else {"save_format": "tf"}))
        told.check(keras.models.load_model(again)(told.data(), training=False), f"saved again as {again.suffix or 'a SavedModel'}")
    model.fit(told.data(), targets, epochs=1, verbose=0)
    assert any((a != b).any() for a, b in zip(model.get_weights(), told.weights)), "nothing was learned"


def check_variant(told, variant):
    model = keras.models.load_model(PLACE / f"{told.place.name}{variant}")
    told.check(model(told.data(), training=False), "model(x)")
    compiled = getattr(model, "optimizer", None) is not None
    assert compiled == (variant != "no_optimizer"), f"optimizer {model.optimizer}"
    model.save(PLACE / f"{told.place.name}{variant}_again.h5")
    told.check(keras.models.load_model(PLACE / f"{told.place.name}{variant}_again.h5")(told.data(), training=False), "saved again")


def check_session(told):
    """A session of TensorFlow 1: it restores, runs, saves, and restores what it saved."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(told.place))
        signature = meta.signature_def["serving_default"]
        fetched = {name: info.name for name, info in signature.outputs.items()}
        run = lambda batch: session.run(fetched, {signature.inputs[name].name: value for name, value in told.named(batch).items()})
        for batch in (1, 7):
            told.check(run(batch), "session", batch)
        folder = PLACE / f"{told.place.name}_session_{ORACLE}"
        folder.mkdir()
        prefix = str(folder / "variables")
        saver = meta.saver_def
        session.run(saver.save_tensor_name, {saver.filename_tensor_name: prefix})
        written, original = tf.train.load_checkpoint(prefix), tf.train.load_checkpoint(str(told.place / "variables" / "variables"))
        shapes = original.get_variable_to_shape_map()
        assert written.get_variable_to_shape_map() == shapes, "not the same variables in a checkpoint of the session"
        for name in shapes:
            if name != "_CHECKPOINTABLE_OBJECT_GRAPH":
                assert np.array_equal(written.get_tensor(name), original.get_tensor(name)), f"{name} differs"
        session.run(saver.restore_op_name, {saver.filename_tensor_name: prefix})
        told.check(run(7), "session after restoring")


def check_cpp(told):
    session = Session(told.place)
    for batch in (1, 7):
        told.check(session.run(told.named(batch)), "C++ loader", batch)
    session.close()


def command(*arguments):
    """Runs `saved_model_cli` with these arguments; returns what it prints."""
    program = Path(sys.executable).with_name("saved_model_cli")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"saved_model_cli {arguments[0]}: exit {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


def check_command(told):
    shown = command("show", "--dir", told.place, "--all")
    for word in ("serving_default", "tensorflow/serving/predict", "Concrete Functions", "__call__", *told.inputs, *told.outputs):
        assert word in shown, f"show --all prints no {word}"
    given = [f"{name}={PLACE / told.place.name}_{name}.npy" for name in told.inputs]
    for name, value in told.inputs.items():
        np.save(f"{PLACE / told.place.name}_{name}.npy", value)
    out = PLACE / f"{told.place.name}_{ORACLE}_run"
    out.mkdir(exist_ok=True)
    command("run", "--dir", told.place, "--tag_set", "serve", "--signature_def", "serving_default",
            "--inputs", ";".join(given), "--outdir", out, "--overwrite")
    told.check({name: np.load(out / f"{name}.npy") for name in told.outputs}, "saved_model_cli run")


def check_lite(told):
    converter = tf.lite.TFLiteConverter.from_saved_model(str(told.place))
    if told.place.name == "text":
        # It knows tables, but splits no texts without TensorFlow's operations.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    if told.place.name == "bidirectional":
        # Lists of tensors, in which outputs of all steps are collected, are left to TensorFlow.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        converter._experimental_lower_tensor_list_ops = False
    converted = converter.convert()
    if ORACLE != "keras2" and tf.lite.OpsSet.SELECT_TF_OPS in converter.target_spec.supported_ops:
        # The interpreter of later versions comes without TensorFlow's operations.
        return
    runner = tf.lite.Interpreter(model_content=converted).get_signature_runner("serving_default")
    for batch in (1, 7):
        told.check(runner(**told.named(batch)), "TensorFlow Lite", batch, 1e-4)


def check_layer(told):
    """Keras 3's layer of a SavedModel, alone and in a model."""
    layer = keras.layers.TFSMLayer(told.place, call_endpoint="serving_default")
    assert len(layer.weights) == len(told.weights), f"{len(layer.weights)} weights, expected {len(told.weights)}"
    # It hands on one argument, and a signature takes each input by its name.
    if len(told.inputs) == 1:
        data = tf.constant(told.data())
        told.check(layer(data), "TFSMLayer")
        inputs = keras.Input(data.shape[1:], dtype=data.dtype.name)
        told.check(keras.Model(inputs, layer(inputs)).predict(data, verbose=0), "TFSMLayer in a model")
    called = keras.layers.TFSMLayer(told.place, call_endpoint="__call__", call_training_endpoint=None)
    told.check(called(tf.nest.map_structure(tf.constant, told.data())), "TFSMLayer of __call__")


CONSUMERS = {"saved_model.load": check_loaded, "load_model": check_keras, "session": check_session, "C++ loader": check_cpp,
             "saved_model_cli": check_command, "TensorFlow Lite": check_lite}
if ORACLE == "keras3":
    CONSUMERS = {"TFSMLayer": check_layer}


def main():
    report = Report()
    if ORACLE == "keras2":
        make()
    for name in NAMES:
        for consumer, check in CONSUMERS.items():
            report.case(f"{name}: {consumer}", lambda: check(Told(name)))
        for variant in VARIANTS if ORACLE != "keras3" else ():
            if variant:
                report.case(f"{name}: {variant}", check_variant, Told(name), variant)
    report.finish(len(NAMES) * (len(CONSUMERS) + (0 if ORACLE == "keras3" else 2)))


main()
