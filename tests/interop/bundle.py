# oracles: keras2 tf_keras
"""Tensor bundles, both ways: what TensorFlow writes is read bit for bit and written again byte for
byte, and TensorFlow reads what this crate writes.

The example `bundles` reads each bundle and writes it again, with one data file and with three.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from _oracle import CORPUS, ROOT, Report, hornfels

import tensorflow as tf

v1 = tf.compat.v1
RANDOM = np.random.default_rng(5)

# What numpy holds as it is, and what TensorFlow makes of bits.
NUMPY = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
         "complex64", "complex128"]
BITS = {"bfloat16": "uint16", "qint8": "uint8", "quint8": "uint8", "qint16": "uint16", "quint16": "uint16",
        "qint32": "uint32"}
# Strings in parts are written by TensorFlow, but it does not put them together.
KNOWN = {}
FLOAT8 = ["float8_e5m2", "float8_e4m3fn"]


def tensor(dtype, shape):
    """Random bits, as far as the type takes any."""
    if dtype == "string":
        values = [RANDOM.bytes(int(RANDOM.integers(0, 400))) for _ in range(int(np.prod(shape)))]
        return tf.reshape(tf.constant(values, tf.string), shape)
    if dtype == "bool":
        return tf.constant(RANDOM.integers(0, 2, shape).astype(bool))
    if dtype in NUMPY:
        size = np.dtype(dtype).itemsize
        bits = RANDOM.integers(0, 256, (*shape, size), dtype=np.uint8)
        return tf.constant(bits.view(dtype).reshape(shape))
    if dtype in FLOAT8:
        return tf.cast(tf.constant(RANDOM.normal(size=shape).astype("float32")), dtype)
    bits = BITS[dtype]
    wide = RANDOM.integers(0, 1 << (8 * np.dtype(bits).itemsize), shape, dtype=np.uint64).astype(bits)
    return tf.bitcast(tf.constant(wide), dtype)


def save(prefix, tensors, slices=None):
    """TensorFlow's own writer, without what a Checkpoint adds."""
    names = list(tensors)
    slices = [""] * len(names) if slices is None else slices
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=slices, tensors=list(tensors.values()))


def every_dtype(dtypes):
    tensors = {}
    for dtype in dtypes:
        for shape in [(), (0,), (3,), (2, 0, 4), (5, 1, 7)]:
            tensors[f"{dtype}/{'x'.join(map(str, shape))}"] = tensor(dtype, shape)
    return tensors


def written(folder):
    """Bundles by TensorFlow, each with one data file unless its name ends in `_shards`."""
    prefixes = {}

    def add(name, tensors, slices=None):
        prefixes[name] = folder / name
        save(prefixes[name], tensors, slices)

    dtypes = [*NUMPY, *BITS, "string", *(FLOAT8 if hasattr(tf, "float8_e5m2") or hasattr(tf.dtypes, "experimental") else [])]
    for dtype in dtypes:
        add(dtype, every_dtype([dtype]))
    add("every_dtype", every_dtype(dtypes))
    add("one_scalar", {"v": tf.constant(1.5)})
    add("only_strings", {"s": tf.constant("graph")})
    add("order", {name: tf.fill([2], name) for name in ["z", "a", "m/n", "m", "m.", "\u00e9", "~", " "]})
    # Several blocks: more than 256 KiB of index.
    add("long_names", {f"{'layer/' * 30}{number:05}/kernel": tf.constant(float(number)) for number in range(4500)})
    add("unlike_names", {f"{RANDOM.bytes(150).hex()}/v": tf.constant(number) for number in range(3000)})
    many = {f"variables/{number}/.ATTRIBUTES/VARIABLE_VALUE": tensor("float32", (number % 5,)) for number in range(20000)}
    add("many", many)
    add("large", {"a": tensor("float32", (3, 1 << 20)), "b": tensor("float64", (1 << 20,)), "c": tensor("uint8", (5,))})
    for number in range(60):
        names = {f"{RANDOM.bytes(int(RANDOM.integers(1, 12))).hex()}" for _ in range(int(RANDOM.integers(1, 80)))}
        tensors = {name: tensor(str(RANDOM.choice(dtypes)), (int(RANDOM.integers(0, 4)),)) for name in names}
        add(f"random_{number}", tensors)
    parts(folder, add, prefixes)
    shards(folder, prefixes)
    return prefixes


def parts(folder, add, prefixes):
    """Tensors in parts: by the names of slices, and as variables of TensorFlow 1."""
    whole = tensor("float32", (4, 6))
    cut = {"rows": ["4 6 0,1:-", "4 6 1,3:-"], "columns": ["4 6 -:0,5", "4 6 -:5,1"], "all": ["4 6 -:-"],
           "tiles": ["4 6 0,2:0,3", "4 6 0,2:3,3", "4 6 2,2:0,2", "4 6 2,2:2,4"]}
    for name, slices in cut.items():
        add_slices(folder / f"parts_{name}", {"v": whole}, slices)
        prefixes[f"parts_{name}"] = folder / f"parts_{name}"
    prefixes["parts_strings"] = folder / "parts_strings"
    strings = {"v": tensor("string", (4, 6))}
    KNOWN[prefixes["parts_strings"]] = add_slices(prefixes["parts_strings"], strings, cut["tiles"])
    far = [f"100000 {first},{count}" for first, count in [(0, 60), (60, 8200), (8260, 91740)]]
    add_slices(folder / "parts_far", {"v": tensor("int16", (100000,))}, far)
    prefixes["parts_far"] = folder / "parts_far"
    for name, shape, axis, count in [("axis0", (10, 7), 0, 3), ("axis1", (4, 9000), 1, 2), ("cube", (2, 5, 3), 1, 5)]:
        prefix = folder / f"partitioned_{name}"
        with tf.Graph().as_default(), v1.variable_scope("scope", use_resource=False):
            v1.get_variable("v", shape, partitioner=v1.fixed_size_partitioner(count, axis=axis))
            v1.get_variable("w", [3])
            saver = v1.train.Saver()
            with v1.Session() as session:
                session.run(v1.global_variables_initializer())
                saver.save(session, str(prefix))
        prefixes[prefix.name] = prefix


def add_slices(prefix, tensors, slices):
    """A tensor cut up by specifications such as `4 6 0,2:-`, as TensorFlow's Saver names them."""
    (name, whole), = tensors.items()
    cut = []
    for spec in slices:
        axes = spec.split(" ")[-1].split(":")
        ranges = [slice(None) if axis == "-" else slice(int(axis.split(",")[0]), sum(map(int, axis.split(",")))) for axis in axes]
        cut.append(whole[tuple(ranges)])
    other = tensor("int32", (3,))
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=[name] * len(cut) + ["other"],
                      shape_and_slices=[*slices, ""], tensors=[*cut, other])
    return {"other": other, name: whole}


def shards(folder, prefixes):
    """Several data files: merged ones, and what TensorFlow's own sharding writes."""
    inputs = []
    for number in range(4):
        inputs.append(str(folder / f"merge_{number}"))
        save(inputs[-1], {f"v{number}_{index}": tensor("float32", (index,)) for index in range(4)} |
             {f"s{number}": tensor("string", (2,))})
    prefixes["merged_shards"] = folder / "merged_shards"
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=inputs, destination_prefix=str(folder / "merged_shards"),
                                  delete_old_dirs=False)
    if not hasattr(tf.train, "experimental") or not hasattr(tf.train.experimental, "MaxShardSizePolicy"):
        return
    variables = {f"v{number}": tf.Variable(RANDOM.normal(size=(number + 1, 20)).astype("float32")) for number in range(6)}
    for name, policy in [("sized_shards", tf.train.experimental.MaxShardSizePolicy(500)),
                         ("task_shards", tf.train.experimental.ShardByTaskPolicy())]:
        options = tf.train.CheckpointOptions(experimental_sharding_callback=policy)
        prefixes[name] = Path(tf.train.Checkpoint(**variables).write(str(folder / name), options))


def expected(prefix):
    """What TensorFlow reads: for each key its type, shape and content."""
    if prefix in KNOWN:
        return {name: (value.dtype.as_datatype_enum, tuple(value.shape), content(value))
                for name, value in KNOWN[prefix].items()}
    reader = tf.train.load_checkpoint(str(prefix))
    dtypes, tensors = reader.get_variable_to_dtype_map(), {}
    names = sorted(reader.get_variable_to_shape_map(), key=str.encode)
    restored = tf.raw_ops.RestoreV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names),
                                    dtypes=[dtypes[name] for name in names])
    for name, value in zip(names, restored):
        tensors[name] = dtypes[name].as_datatype_enum, tuple(value.shape), content(value)
    return tensors


def content(value):
    if value.dtype == tf.string:
        # A single one is no array, and must not become one: NumPy would take zeros off its end.
        items = [value.numpy()] if value.shape.rank == 0 else value.numpy().reshape(-1)
        return b"".join(len(item).to_bytes(4, "little") + item for item in items)
    if value.dtype in (tf.qint8, tf.quint8, tf.qint16, tf.quint16, tf.qint32):
        value = tf.bitcast(value, BITS[value.dtype.name])
    return value.numpy().tobytes()


def check(prefix, found, single):
    """One bundle: as TensorFlow reads it, and written again."""
    assert "error" not in found, found.get("error")
    theirs = expected(prefix)
    compare(found["tensors"], Path(f"{prefix}.bin").read_bytes(), theirs)
    assert found["same_index"], "the index is not written as TensorFlow did"
    cut = any(tensor["parts"] for tensor in found["tensors"])
    if single and not cut:
        for suffix in [".index", ".data-00000-of-00001"]:
            same = Path(f"{prefix}{suffix}").read_bytes() == Path(f"{prefix}.again{suffix}").read_bytes()
            assert same, f"{suffix} is not written as TensorFlow did"
    for again in [".again", ".three"]:
        assert expected(f"{prefix}{again}") == theirs, f"TensorFlow reads {again} otherwise"


def check_listing(prefix, found):
    """An index without its data: there is nothing to be read, but all to be listed."""
    assert "No such file" in found["error"], found
    reader = tf.train.load_checkpoint(str(prefix))
    dtypes, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    listed = json.loads(hornfels("ls", f"{prefix}.index", "--json"))["tensors"]
    ours = {tensor["key"]: (tensor["dtype"], tensor["shape"]) for tensor in listed}
    assert ours == {name: (dtypes[name].name, shapes[name]) for name in shapes}


def compare(tensors, values, theirs):
    keys = [tensor["key"] for tensor in tensors]
    assert keys == list(theirs), f"{len(keys)} keys, expected {len(theirs)}"
    for tensor in tensors:
        start = tensor["start"]
        ours = tensor["data_type"], tuple(tensor["shape"]), values[start : start + tensor["length"]]
        assert ours == theirs[tensor["key"]], tensor["key"]


def read(prefixes):
    """What the example finds in each bundle, after it wrote each again."""
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--example", "bundles"], check=True, cwd=ROOT)
    tool = [ROOT / "target/debug/examples/bundles"]
    lines = "".join(f"{prefix}\n" for prefix in prefixes)
    done = subprocess.run(tool, input=lines, capture_output=True, text=True, check=True)
    return {entry["prefix"]: entry["found"] for entry in map(json.loads, done.stdout.splitlines())}


def corpus(folder):
    """Copies of the bundles of others, whose data files are there."""
    prefixes = {}
    for index in sorted(CORPUS.rglob("*.index")):
        prefix = folder / f"corpus_{len(prefixes)}" / index.stem
        prefix.parent.mkdir()
        for file in index.parent.glob(f"{index.stem}.*"):
            if file.is_file():
                os.symlink(file, prefix.parent / file.name)
        prefixes[str(index.relative_to(CORPUS))] = prefix
    return prefixes


def main():
    report = Report()
    folder = Path(tempfile.mkdtemp())
    try:
        own = written(folder)
        found = read(own.values())
        for name, prefix in own.items():
            report.case(name, check, prefix, found[str(prefix)], not name.endswith("_shards"))
        others = corpus(folder)
        found = read(others.values())
        for name, prefix in others.items():
            single = Path(f"{prefix}.data-00000-of-00001").exists()
            if not list(prefix.parent.glob(f"{prefix.name}.data-*")):
                report.case(name, check_listing, prefix, found[str(prefix)])
                continue
            report.case(name, check, prefix, found[str(prefix)], single)
        print(f"{len(own)} bundles of TensorFlow {tf.__version__}, {len(others)} of others")
    finally:
        shutil.rmtree(folder)
    report.finish(90)


main()
