"""Training goes on in a converted model: gradients, statistics, losses and steps are those of Keras.

Through `tf.saved_model.load`: outputs and gradients of `loaded(x, training=True)`, for variables and inputs, the
moving statistics it leaves, regularization losses and activity losses. Through Keras's `load_model`: one step of
training. What a random layer does is compared by its statistics and by what its noise shares.
"""
# oracles: keras2
# makes its own files

import numpy as np

from _cases import Of, embedded
from _matrix import CASES
from _oracle import Report, keras
from _savedmodel import as_list, chosen, compare, in_order, nearly, numbers, one_or_list, run_packs, save_and_convert, tolerance

keras = keras()
import tensorflow as tf  # noqa: E402

SAMPLE = 2
# What TensorFlow has the gradient of in float32 only; of `area` it has none.
SCALED = {"lanczos3", "lanczos5", "gaussian", "mitchellcubic"}
RANDOM = {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout", "GaussianNoise"}


def gradient_tolerance(case):
    """How far a gradient may be off, by what the layer computes in."""
    return 1e-9 if case.precision == "float64" else max(1e-4, 2 * tolerance(case.precision))


def coefficients(outputs, seed):
    """What each output is multiplied with, so that every number of it matters in its own way."""
    random = np.random.default_rng(seed)
    return [tf.cast(random.uniform(-1, 1, x.shape), x.dtype) for x in outputs]


def gradients(call, data, variables):
    """Outputs of a model, and gradients of a sum over them by variables and inputs."""
    with tf.GradientTape() as tape:
        watched = [x for x in data if x.dtype.is_floating]
        tape.watch(watched)
        outputs = as_list(call(one_or_list(data)))
        sums = [tf.reduce_sum(tf.cast(x, "float64") * tf.cast(c, "float64")) for x, c in zip(outputs, coefficients(outputs, 5))]
        total = tf.add_n(sums)
    found = tape.gradient(total, [*variables, *watched], unconnected_gradients="zero")
    return outputs, [tf.convert_to_tensor(x) for x in found]


def by_variable(wrong, built, what, variables, found, expected):
    owners = [built.owner(variable) for variable in variables]
    # What cancels out is zero up to the rounding of what is large beside it.
    largest = {}
    for index, value in zip(owners, expected, strict=True):
        largest[index] = max(largest.get(index, 0), np.abs(numbers(value)).max(initial=0))
    for index, variable, a, b in zip(owners, variables, found, expected, strict=True):
        try:
            nearly(a, b, f"{what} {variable.name}", gradient_tolerance(built.cases[index]), largest[index])
        except AssertionError as error:
            wrong.setdefault(index, str(error))


def check(built, compiled):
    wrong, model = {}, built.model
    place = save_and_convert(model, built.name)
    check_gradients(wrong, built, tf.saved_model.load(str(place)))
    check_losses(model, tf.saved_model.load(str(place)), built.data(7))
    check_step(wrong, built, keras.models.load_model(place))
    return wrong


def check_gradients(wrong, built, loaded):
    model, data = built.model, [tf.constant(x) for x in built.data(7)]
    variables, own = list(loaded.trainable_variables), list(model.trainable_variables)
    names = [v.name.split("/")[-1] for v in own]
    assert [v.name.split("/")[-1] for v in variables] == names, f"trainable variables {[v.name for v in variables]}, expected {names}"
    outputs, expected = gradients(lambda x: model(x, training=True), data, own)
    found_outputs, found = gradients(lambda x: in_order(loaded(x, training=True), model), data, variables)
    compare(wrong, built, "loaded(x, training=True)", found_outputs, outputs)
    by_variable(wrong, built, "gradient of", own, found[: len(own)], expected[: len(own)])
    inputs = [i for i, case in enumerate(built.cases) for dtype in case.dtypes if tf.as_dtype(dtype).is_floating]
    for index, a, b in zip(inputs, found[len(own) :], expected[len(own) :], strict=True):
        try:
            least = 4 * np.finfo("float32").eps if a.dtype == tf.float32 else 0
            nearly(a, b, "gradient of the input", max(gradient_tolerance(built.cases[index]), least))
        except AssertionError as error:
            wrong.setdefault(index, str(error))
    assert len(loaded.variables) == len(model.variables), f"{len(loaded.variables)} variables, expected {len(model.variables)}"
    by_variable(wrong, built, "after loaded(x, training=True):", model.variables, loaded.variables, model.variables)


def check_losses(model, loaded, data):
    """Regularization of weights, and what activities cost."""
    expected = sorted(float(loss()) for layer in model._flatten_layers() for loss in layer._callable_losses)
    found = sorted(float(loss()) for loss in loaded.regularization_losses)
    assert np.allclose(found, expected, rtol=1e-5), f"regularization losses {found}, expected {expected}"
    passed = one_or_list([tf.constant(x) for x in data])
    model(passed, training=False)
    expected = sorted(float(loss) for layer in model._flatten_layers() for loss in layer._eager_losses)
    _, found = loaded.call_and_return_all_conditional_losses(passed, training=False)
    found = sorted(float(loss) for loss in found)
    assert len(found) == len(expected) and np.allclose(found, expected, rtol=1e-4, atol=1e-6), f"activity losses {found}, expected {expected}"


def check_step(wrong, built, revived, consumer="load_model"):
    """One step of training, of the original and of what was loaded."""
    model, data = built.model, built.data(7, seed=1)
    # The original has been called in training before.
    revived.set_weights(model.get_weights())
    targets = [x.numpy() for x in coefficients([tf.zeros(x.shape, x.dtype) for x in as_list(model(one_or_list(data), training=False))], 9)]
    losses = []
    for each in (model, revived):
        # The loss is computed by hand in one dtype, since outputs of several cannot be added.
        each.compile(keras.optimizers.SGD(0.05), loss=lambda y, x: tf.reduce_mean(tf.square(tf.cast(x, "float32") - tf.cast(y, "float32"))), run_eagerly=True)
        losses.append(each.train_on_batch(one_or_list(data), one_or_list(targets)))
    assert np.allclose(losses[1], losses[0], rtol=3e-3 if any("float16" in c.label for c in built.cases) else 1e-4), f"{consumer}: losses {losses[1]}, expected {losses[0]}"
    by_variable(wrong, built, f"{consumer}, after a step:", model.variables, revived.variables, model.variables)


def check_random(built, compiled):
    """Random layers, on ones: how much is dropped or added, and along which axes it is the same."""
    wrong, model = {}, built.model
    place = save_and_convert(model, built.name)
    loaded = tf.saved_model.load(str(place))
    data = [tf.ones((600, *x.shape[1:]), x.dtype) for x in (tf.constant(y) for y in built.data(1))]
    outputs, expected = gradients(lambda x: model(x, training=True), data, [])
    found_outputs, found = gradients(lambda x: in_order(loaded(x, training=True), model), data, [])
    again = in_order(loaded(one_or_list(data), training=True), model)
    weighed = coefficients(outputs, 5)
    for index, case in enumerate(built.cases):
        try:
            check_noise("output", found_outputs[index], outputs[index])
            if case.kind in RANDOM:
                scale = tf.cast(weighed[index], found[index].dtype)
                check_noise("gradient", found[index] / scale, expected[index] / scale)
            amount = case.arguments.get("rate", case.arguments.get("stddev", case.arguments.get("dropout")))
            same = np.array_equal(numbers(again[index]), numbers(found_outputs[index]))
            # With a seed each call of a function may begin anew.
            if not case.arguments.get("seed"):
                assert same == (amount == 0), "two calls with the same result" if same else "random though nothing is to be dropped"
        except AssertionError as error:
            wrong[index] = error
    return wrong


def check_noise(what, found, expected):
    assert found.dtype == expected.dtype and found.shape == expected.shape, f"{what}: {found.dtype.name} {found.shape}"
    found, expected = numbers(found), numbers(expected)
    for axis in range(found.ndim):
        constant, wanted = (bool(np.allclose(x, x.take([0], axis), rtol=1e-3, atol=1e-3)) for x in (found, expected))
        assert constant == wanted, f"{what}: {'the same' if constant else 'not the same'} along axis {axis}"
    # The number of values drawn: axes along which they are the same count once.
    drawn = np.prod([1 if np.allclose(expected, expected.take([0], axis), rtol=1e-3, atol=1e-3) else size for axis, size in enumerate(expected.shape)])
    for name, statistic in (("mean", np.mean), ("standard deviation", np.std), ("share of zeros", lambda x: np.mean(x == 0)), ("share above 1", lambda x: np.mean(x > 1))):
        a, b = statistic(found), statistic(expected)
        allowed = 8 * max(np.std(expected), 0.5) / np.sqrt(drawn) if np.std(expected) > 1e-6 else 1e-3
        assert abs(a - b) <= allowed, f"{what}: {name} {a:.4g}, expected {b:.4g} up to {allowed:.2g}"


def main():
    report = Report()
    cases = [case for case in CASES if learns(case)]
    cases = chosen(cases, SAMPLE)
    random = [case for case in cases if is_random(case)]
    steady = [case for case in cases if not is_random(case)]
    print(f"{len(steady)} cases, and {len(random)} of random layers", flush=True)
    run_packs(report, steady, check, compiled_too=False)
    # A layer that drops things behind another is checked where it stands alone.
    run_packs(report, [case for case in random if not case.before and in_config(case)], check_random, compiled_too=False)
    report.finish(len(cases) // 2)


def is_random(case):
    return case.kind in RANDOM or bool(case.arguments.get("dropout"))


def in_config(case):
    """Whether Keras writes all arguments of a random layer into its configuration."""
    first = case.kind.startswith("Spatial") and case.arguments.get("data_format") == "channels_first"
    return not first and not (case.kind == "AlphaDropout" and "noise_shape" in case.arguments)


def drops(arguments):
    """Whether cells drop something: `savedmodel_recurrent.py` looks at that."""
    inner = [x for value in arguments.values() for x in (value if isinstance(value, list) else [value]) if isinstance(x, Of)]
    return bool(arguments.get("recurrent_dropout") or ("units" in arguments or "filters" in arguments) and arguments.get("dropout")) or any(drops(x.arguments) for x in inner)


def learns(case):
    """Whether there are gradients, which whole numbers do not have, outputs for each sample, and nothing random in cells."""
    if drops(case.arguments):
        return False
    if case.kind == "Concatenate" and case.arguments.get("axis") == 0:
        return False
    if case.arguments.get("time_major") and not case.arguments.get("return_sequences"):
        return False
    interpolation = case.arguments.get("interpolation")
    if interpolation == "area" or (interpolation in SCALED and case.precision != "float32"):
        return False
    return tf.as_dtype(case.dtype).is_floating or case.kind in ("Embedding", "Dense") or case.before is embedded


if __name__ == "__main__":
    main()
