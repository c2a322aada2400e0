"""Writes the bundles in tests/data/bundle with TensorFlow 2.15, and beside each what TensorFlow reads.

    target/oracles/k2/bin/python tests/data/make/bundle.py

Run again, it gives the same files.
"""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
PLACE = Path(__file__).resolve().parents[1] / "bundle"
BITS = {"bfloat16": "uint16", "qint8": "uint8", "quint8": "uint8", "qint16": "uint16", "quint16": "uint16", "qint32": "uint32"}
NUMPY = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "complex64", "complex128"]


def counted(dtype, shape):
    """Bytes that count up, as elements of the type."""
    count = int(np.prod(shape))
    if dtype == "string":
        return tf.reshape(tf.constant([b"\x00\xff" * (number * 20) for number in range(count)], tf.string), shape)
    if dtype == "bool":
        return tf.constant(np.arange(count).reshape(shape) % 2 == 0)
    if dtype.startswith("float8"):
        return tf.cast(tf.constant(np.arange(count).reshape(shape), tf.float32), dtype)
    bits = np.arange(count * np.dtype(BITS.get(dtype, dtype)).itemsize, dtype="uint8").view(BITS.get(dtype, dtype)).reshape(shape)
    return tf.bitcast(tf.constant(bits), dtype) if dtype in BITS else tf.constant(bits)


def save(name, tensors, slices=None):
    names = list(tensors)
    tf.raw_ops.SaveV2(prefix=str(PLACE / name), tensor_names=names, shape_and_slices=slices or [""] * len(names),
                      tensors=list(tensors.values()))


def describe(name):
    """What TensorFlow reads: type number, shape, the bytes; of strings the strings."""
    reader = tf.train.load_checkpoint(str(PLACE / name))
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    found = {}
    for key in sorted(shapes, key=str.encode):
        value, = tf.raw_ops.RestoreV2(prefix=str(PLACE / name), tensor_names=[key], shape_and_slices=[""], dtypes=[dtypes[key]])
        if value.dtype == tf.string:
            items = [value.numpy()] if value.shape.rank == 0 else value.numpy().reshape(-1)
            content = [item.hex() for item in items]
        else:
            bits = tf.bitcast(value, BITS[dtypes[key].name]) if dtypes[key].name in BITS and value.dtype.is_quantized else value
            content = bits.numpy().tobytes().hex()
        found[key] = {"data_type": dtypes[key].as_datatype_enum, "shape": shapes[key], "content": content}
    text = json.dumps(found, indent=1)
    (PLACE / f"{name}.json").write_text(text + "\n")


def main():
    PLACE.mkdir(exist_ok=True)
    dtypes = [*NUMPY, *BITS, "bool", "string", "float8_e5m2", "float8_e4m3fn"]
    shapes = {"scalar": (), "empty": (0, 2), "matrix": (2, 3)}
    save("every_dtype", {f"{dtype}/{name}": counted(dtype, shape) for dtype in dtypes for name, shape in shapes.items()})

    for number in range(2):
        save(f"part_{number}", {f"v{number}": counted("float32", (3,)), f"s{number}": counted("string", (2,))})
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[str(PLACE / f"part_{number}") for number in range(2)],
                                  destination_prefix=str(PLACE / "two_shards"), delete_old_dirs=False)
    for file in PLACE.glob("part_*"):
        file.unlink()

    with tf.Graph().as_default(), v1.variable_scope("scope", use_resource=False):
        v1.get_variable("whole", initializer=np.arange(3, dtype="int64"))
        for axis in range(2):
            partitioner = v1.fixed_size_partitioner(3, axis=axis)
            v1.get_variable(f"axis{axis}", (10, 7), partitioner=partitioner,
                            initializer=lambda shape, dtype, partition_info: tf.slice(
                                np.arange(70, dtype="float32").reshape(10, 7), partition_info.var_offset, shape))
        saver = v1.train.Saver(write_version=v1.train.SaverDef.V2)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            saver.save(session, str(PLACE / "partitioned"), write_meta_graph=False, write_state=False)

    for name in ["every_dtype", "two_shards", "partitioned"]:
        describe(name)


main()
