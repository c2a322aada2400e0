"""What the scripts about SavedModels share: models with many cases, their conversion, loading and comparison.

With HORNFELS_REFERENCE set, TensorFlow's own writer takes the place of `hornfels convert`: what a
script then finds is wrong with the script, or a limit of TensorFlow.
"""

import hashlib
import os
import shutil
import traceback

import numpy as np
import tensorflow as tf

from _oracle import ALL, ORACLE, WRITTEN, hornfels, keras, values

keras = keras()

REFERENCE = bool(os.environ.get("HORNFELS_REFERENCE"))
ONLY = [name for name in os.environ.get("HORNFELS_ONLY", "").split(",") if name]
# How far a result may be off, relative to the largest: by rounding alone.
TOLERANCE = {"float16": 4e-3, "bfloat16": 3e-2, "float64": 1e-10}
# A model holds at most so many cases.
PACK = 24


def tolerance(dtype):
    return TOLERANCE.get(tf.as_dtype(dtype).name, 1e-5)


def set_weights(model):
    """Gives every variable values of its own that are always the same; those of adapted layers stay."""
    for index, variable in enumerate(model.variables):
        if not variable.dtype.is_floating:
            continue
        if variable.name.split("/")[-1] in ("mean:0", "variance:0"):
            continue
        low = 0.5 if "variance" in variable.name else -0.5
        value = values(f"{index}/{'x'.join(map(str, variable.shape))}", variable.shape, low)
        variable.assign(tf.cast(value, variable.dtype))


def feed(tensor, size, batch, seed=0, whole=False):
    """What goes into one input of a model: zeros among numbers, so that masks have something to hide."""
    random = np.random.default_rng([batch, seed, *size])
    shape = (batch, *size)
    if tensor.dtype == tf.string:
        texts = ["earth wind", "and FIRE!", "fire", "water", "wind, and earth and fire and wind"]
        return np.array(texts, dtype=object)[random.integers(0, len(texts), shape)]
    if whole or tensor.dtype.is_integer:
        return random.integers(0, 6, shape).astype(tensor.dtype.as_numpy_dtype)
    if tensor.dtype.is_bool:
        # Something is left of every sample.
        return (random.integers(0, 2, shape) | (np.arange(shape[-1]) == 0)).astype(bool)
    value = random.standard_normal(shape)
    if len(shape) > 2:
        value[:, -1] *= random.integers(0, 2, (batch, *[1] * (len(shape) - 2)))
    return value.astype(tensor.dtype.as_numpy_dtype)


def as_list(thing):
    return list(thing) if isinstance(thing, (list, tuple)) else [thing]


def one_or_list(things):
    return things if len(things) > 1 else things[0]


def numbers(tensor):
    """A tensor as NumPy compares it."""
    array = np.asarray(tensor)
    return array if array.dtype.kind in "biu" else array.astype("float64")


def nearly(found, expected, what, relative=None, floor=0):
    """Equal in dtype, shape and value, up to rounding beside the largest value, or `floor` if that is larger."""
    assert found.dtype == expected.dtype, f"{what}: {found.dtype.name}, expected {expected.dtype.name}"
    if expected.dtype == tf.string:
        assert np.array_equal(found, expected), f"{what}: {np.asarray(found).tolist()}, expected {np.asarray(expected).tolist()}"
        return
    relative = tolerance(expected.dtype) if relative is None else relative
    found, expected = numbers(found), numbers(expected)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, expected {expected.shape}"
    finite = np.abs(expected[np.isfinite(expected)])
    largest = max(finite.max(), floor) if finite.size else floor
    if not np.allclose(found, expected, rtol=relative, atol=relative * largest, equal_nan=True):
        off = np.abs(found - expected).max()
        raise AssertionError(f"{what}: differs by up to {off:.3g} where the largest is {largest:.3g}")


class Built:
    """A model in which each case has inputs and outputs of its own."""

    def __init__(self, cases, name):
        keras.backend.clear_session()
        self.cases, self.name, self.parts, self.owned = cases, name, [], []
        for index, case in enumerate(cases):
            inputs, outputs = case.build(f"c{index}")
            self.parts.append((inputs, outputs))
            self.owned.append({id(v) for v in keras.Model(inputs, outputs).variables})
        self.model = keras.Model(
            [x for inputs, _ in self.parts for x in inputs],
            [x for _, outputs in self.parts for x in outputs],
            name="pack",
        )
        set_weights(self.model)

    def data(self, batch, seed=0):
        sizes = [(size, case.kind == "Embedding") for case in self.cases for size in case.sizes]
        return [feed(x, size, batch, seed, whole) for x, (size, whole) in zip(self.model.inputs, sizes, strict=True)]

    def owner(self, variable):
        """The case that a variable of the model is of."""
        return next(index for index, own in enumerate(self.owned) if id(variable) in own)

    def by_case(self, outputs):
        """The outputs of the model, for each case those that are its own."""
        rest = list(outputs)
        assert len(rest) == len(self.model.outputs), f"{len(rest)} outputs, expected {len(self.model.outputs)}"
        found = []
        for _, own in self.parts:
            found.append(rest[: len(own)])
            rest = rest[len(own) :]
        return found


def computable(report, cases):
    """The cases that this TensorFlow computes operation by operation, and those it must compile for.

    A case that Keras itself refuses is a mistake in the list, and fails.
    """
    plain, compiled = [], []
    for case in cases:
        keras.backend.clear_session()
        if is_mixed_up(case):
            compiled.append(case)
            continue
        try:
            inputs, outputs = case.build("c")
            model = keras.Model(inputs, outputs)
            model(one_or_list([feed(x, size, 1, 0, case.kind == "Embedding") for x, size in zip(model.inputs, case.sizes)]), training=False)
            plain.append(case)
        except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError):
            compiled.append(case)
        except Exception as error:
            told(report, case.label, f"Keras refuses it: {error}")
    return plain, compiled


def is_mixed_up(case):
    """Whether TensorFlow computes it wrongly, unless it compiles.

    With oneDNN it prepares pooling once for sizes and window, and takes that for the other place of the
    channels, too: NumPy agrees with whichever of the two comes first in a process.
    """
    return case.kind in ("MaxPooling2D", "AveragePooling2D") and case.arguments.get("data_format") == "channels_first"


def convert(path, place, *options, optimizer=True, traces=True):
    """The SavedModel of an HDF5 file, by `hornfels convert` or by TensorFlow."""
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if REFERENCE:
        assert not options, f"TensorFlow knows no {options}"
        model = keras.models.load_model(path)
        model.save(place, save_format="tf", include_optimizer=optimizer, save_traces=traces)
        return place
    options = [*options, *([] if optimizer else ["--no-optimizer"]), *([] if traces else ["--no-traces"])]
    try:
        hornfels("convert", path, place, *options)
    except AssertionError as error:
        # The same command for all: what it says is enough.
        raise AssertionError(f"convert: {str(error).partition('error: ')[2].removeprefix(f'{place}: ')}") from None
    return place


def save_and_convert(model, name, *options, **more):
    """Saves a model as HDF5 as Keras does, and converts that."""
    place = WRITTEN / "savedmodel" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    path = place.with_suffix(".h5")
    model.save(path)
    return convert(path, place, *options, **more)


def maybe_compiled(function, compiled):
    """The function, by TensorFlow's compiler where that is needed."""
    return tf.function(function, jit_compile=True, autograph=False) if compiled else function


def signature_call(loaded, model, data):
    """Calls `serving_default`; the outputs in the model's order."""
    named = {x.name.split(":")[0]: tf.convert_to_tensor(value) for x, value in zip(model.inputs, data, strict=True)}
    named = dict(zip(model.input_names, named.values(), strict=True))
    found = loaded.signatures["serving_default"](**named)
    assert sorted(found) == sorted(model.output_names), f"outputs {sorted(found)}, expected {sorted(model.output_names)}"
    return [found[name] for name in model.output_names]


def in_session(place, data):
    """The outputs of a directory by name, as servers and TensorFlow 1 compute them from the one input there is."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(place))
        signature = graph.signature_def["serving_default"]
        (tensor,) = signature.inputs.values()
        names = {key: info.name for key, info in sorted(signature.outputs.items())}
        return session.run(names, {tensor.name: data})


def in_order(found, model):
    return [found[name] for name in model.output_names] if isinstance(found, dict) else as_list(found)


def chosen(cases, per_kind):
    """The cases of this run: those of HORNFELS_ONLY, all with --all, otherwise `per_kind` of each class."""
    if ONLY:
        return [case for case in cases if case.kind in ONLY]
    if ALL:
        return cases
    kinds = {}
    for case in sorted(cases, key=lambda case: case.order):
        kinds.setdefault(case.kind, []).append(case)
    return [case for kind in sorted(kinds) for case in kinds[kind][:per_kind]]


def packs(cases, mixed=None):
    """Lists of cases for one model each: of one class, or of many where only few of each are taken."""
    mixed = not (ALL or ONLY) if mixed is None else mixed
    if mixed:
        return [cases[i : i + PACK] for i in range(0, len(cases), PACK)]
    kinds = {}
    for case in cases:
        kinds.setdefault(case.kind, []).append(case)
    return [own[i : i + PACK] for own in kinds.values() for i in range(0, len(own), PACK)]


def run_packs(report, cases, check, compiled_too=True):
    """Checks cases together; where that fails as a whole, in halves, down to the one that is the cause.

    `check(built, compiled)` returns what is wrong with single cases: index -> text.
    """
    for pack in packs(cases):
        for part, compiled in zip(computable(report, pack), (False, True)):
            if part and (compiled_too or not compiled):
                run_pack(report, part, check, compiled)


def run_pack(report, cases, check, compiled):
    name = hashlib.sha1("".join(case.order for case in cases).encode()).hexdigest()[:16]
    try:
        wrong = check(Built(cases, name), compiled)
    except Exception as error:
        if os.environ.get("HORNFELS_TRACE") and len(cases) == 1:
            traceback.print_exc()
        if len(cases) > 1:
            middle = len(cases) // 2
            run_pack(report, cases[:middle], check, compiled)
            run_pack(report, cases[middle:], check, compiled)
            return
        wrong = {0: f"{type(error).__name__}: {error}"}
    shutil.rmtree(WRITTEN / "savedmodel" / name, ignore_errors=True)
    for index, case in enumerate(cases):
        told(report, case.label + (" (compiled)" if compiled else ""), wrong.get(index), REFERENCE and case.limit)


def told(report, label, problem, limit=False):
    """Counts one case; what is a limit of the program it is compared with is noted."""
    if problem is None:
        report.passed += 1
        return
    if limit:
        report.passed += 1
        report.note(label, str(problem).strip().splitlines()[0][:200])
        return
    report.failed.append(label)
    print(f"FAILED {label}: {str(problem).strip().replace(chr(10), ' | ')[:600]}", flush=True)


def compare(wrong, built, consumer, found, expected, relative=None):
    """Compares each case's outputs, and keeps the first thing that is wrong with it."""
    for index, (own, wanted) in enumerate(zip(built.by_case(found), built.by_case(expected))):
        for number, (a, b) in enumerate(zip(own, wanted)):
            try:
                nearly(a, b, f"{consumer}, output {number}", relative)
            except AssertionError as error:
                wrong.setdefault(index, str(error))
