"""TensorFlow's C++ loader of SavedModels, called as a program without Python calls it: through the C API."""

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2


class Output(Structure):
    """An output of an operation."""

    _fields_ = [("operation", c_void_p), ("index", c_int)]


class Buffer(Structure):
    """Bytes that the library owns."""

    _fields_ = [("data", c_void_p), ("length", c_size_t), ("deallocator", c_void_p)]


# Each function that is used: what it returns, and what it takes.
FUNCTIONS = {
    "TF_NewStatus": (c_void_p, []),
    "TF_GetCode": (c_int, [c_void_p]),
    "TF_Message": (c_char_p, [c_void_p]),
    "TF_NewGraph": (c_void_p, []),
    "TF_NewSessionOptions": (c_void_p, []),
    "TF_NewBuffer": (POINTER(Buffer), []),
    "TF_LoadSessionFromSavedModel": (
        c_void_p,
        [c_void_p, c_void_p, c_char_p, POINTER(c_char_p), c_int, c_void_p, POINTER(Buffer), c_void_p],
    ),
    "TF_CloseSession": (None, [c_void_p, c_void_p]),
    "TF_DeleteSession": (None, [c_void_p, c_void_p]),
    "TF_GraphOperationByName": (c_void_p, [c_void_p, c_char_p]),
    "TF_AllocateTensor": (c_void_p, [c_int, POINTER(c_int64), c_int, c_size_t]),
    "TF_DeleteTensor": (None, [c_void_p]),
    "TF_TensorData": (c_void_p, [c_void_p]),
    "TF_TensorByteSize": (c_size_t, [c_void_p]),
    "TF_TensorType": (c_int, [c_void_p]),
    "TF_NumDims": (c_int, [c_void_p]),
    "TF_Dim": (c_int64, [c_void_p, c_int]),
    "TF_SessionRun": (
        None,
        [c_void_p, c_void_p, POINTER(Output), POINTER(c_void_p), c_int, POINTER(Output), POINTER(c_void_p), c_int,
         c_void_p, c_int, c_void_p, c_void_p],
    ),
}


def library():
    place = Path(tf.__file__).parent
    ctypes.CDLL(str(place / "libtensorflow_framework.so.2"), ctypes.RTLD_GLOBAL)
    opened = ctypes.CDLL(str(place / "libtensorflow_cc.so.2"), ctypes.RTLD_GLOBAL)
    for name, (returned, taken) in FUNCTIONS.items():
        function = getattr(opened, name)
        function.restype, function.argtypes = returned, taken
    return opened


class Session:
    """A SavedModel that was loaded, with what its signatures say."""

    def __init__(self, place, tags=("serve",)):
        self.tf = library()
        self.kept = []
        self.status, self.graph = self.tf.TF_NewStatus(), self.tf.TF_NewGraph()
        buffer = self.tf.TF_NewBuffer()
        listed = (c_char_p * len(tags))(*[tag.encode() for tag in tags])
        self.session = self.tf.TF_LoadSessionFromSavedModel(
            self.tf.TF_NewSessionOptions(), None, str(place).encode(), listed, len(tags), self.graph, buffer, self.status
        )
        self.check()
        found = ctypes.string_at(buffer.contents.data, buffer.contents.length)
        self.signatures = meta_graph_pb2.MetaGraphDef.FromString(found).signature_def

    def check(self):
        if self.tf.TF_GetCode(self.status):
            raise RuntimeError(self.tf.TF_Message(self.status).decode())

    def output(self, name):
        operation, _, index = name.partition(":")
        found = self.tf.TF_GraphOperationByName(self.graph, operation.encode())
        assert found, f"the graph has no {operation}"
        return Output(found, int(index or 0))

    def tensor(self, value):
        value = np.ascontiguousarray(value)
        if value.dtype == object:
            return self.strings(value)
        shape = (c_int64 * value.ndim)(*value.shape)
        made = self.tf.TF_AllocateTensor(tf.as_dtype(value.dtype).as_datatype_enum, shape, value.ndim, value.nbytes)
        ctypes.memmove(self.tf.TF_TensorData(made), value.ctypes.data, value.nbytes)
        return made

    def strings(self, value):
        """Strings of 24 bytes each: the length and two bits that say "looks at other memory", and where that is."""
        texts = [np.frombuffer(str(text).encode() + b"\0", "uint8") for text in value.flat]
        self.kept.append(texts)
        shape = (c_int64 * value.ndim)(*value.shape)
        made = self.tf.TF_AllocateTensor(tf.string.as_datatype_enum, shape, value.ndim, 24 * value.size)
        views = np.array([[(len(text) - 1) << 2 | 3, text.ctypes.data, 0] for text in texts], "uint64")
        ctypes.memmove(self.tf.TF_TensorData(made), views.ctypes.data, views.nbytes)
        return made

    def array(self, tensor):
        shape = [self.tf.TF_Dim(tensor, axis) for axis in range(self.tf.TF_NumDims(tensor))]
        dtype = tf.as_dtype(self.tf.TF_TensorType(tensor)).as_numpy_dtype
        held = ctypes.string_at(self.tf.TF_TensorData(tensor), self.tf.TF_TensorByteSize(tensor))
        self.tf.TF_DeleteTensor(tensor)
        return np.frombuffer(held, dtype).reshape(shape)

    def run(self, values, signature="serving_default"):
        """Feeds values by the names of a signature; returns its outputs by theirs."""
        described = self.signatures[signature]
        assert set(values) == set(described.inputs), f"inputs {sorted(described.inputs)}, expected {sorted(values)}"
        inputs = [self.output(described.inputs[name].name) for name in values]
        tensors = [self.tensor(value) for value in values.values()]
        names = sorted(described.outputs)
        outputs = [self.output(described.outputs[name].name) for name in names]
        results = (c_void_p * len(outputs))()
        self.tf.TF_SessionRun(
            self.session, None, (Output * len(inputs))(*inputs), (c_void_p * len(tensors))(*tensors), len(inputs),
            (Output * len(outputs))(*outputs), results, len(outputs), None, 0, None, self.status,
        )
        self.check()
        return {name: self.array(result) for name, result in zip(names, results)}

    def close(self):
        self.tf.TF_CloseSession(self.session, self.status)
        self.tf.TF_DeleteSession(self.session, self.status)
