"""Prints src/graph/ops.txt: the TensorFlow operations that functions may be built from.

    python ops.py > src/graph/ops.txt

Facts of TensorFlow's own registry, of the version that is installed, written a line an operation.
`tests/interop/op_table.py` compares the file with the registries of other versions.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tensorflow.core.framework import types_pb2
from tensorflow.python.framework import op_def_registry
import tensorflow  # noqa: F401  (registers the operations)

NAMES = """
Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin AsString Asin Asinh Assert AssignAddVariableOp
AssignSubVariableOp AssignVariableOp Atan Atan2 Atanh AvgPool AvgPool3D AvgPool3DGrad AvgPoolGrad
BatchMatMulV2 BatchToSpaceND BiasAdd BiasAddGrad Bincount BitwiseAnd BitwiseOr BitwiseXor
BroadcastArgs BroadcastTo Bucketize Cast Ceil CheckNumerics Cholesky ClipByValue Complex ComplexAbs
ConcatV2 Conj Const ControlTrigger Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv3D
Conv3DBackpropFilterV2 Conv3DBackpropInputV2 Cos Cosh CropAndResize Cross Cumprod Cumsum
DataFormatVecPermute DenseBincount DepthToSpace DepthwiseConv2dNative
DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput Diag DiagPart
DisableCopyOnRead Div DivNoNan Einsum Elu EluGrad EnsureShape Equal Erf Erfc Erfinv Exp ExpandDims
Expm1 ExtractImagePatches FFT Fill Floor FloorDiv FloorMod FusedBatchNormGradV3 FusedBatchNormV3
Gather GatherNd GatherV2 Greater GreaterEqual HashTableV2 IFFT IRFFT Identity IdentityN If Igamma
Imag InTopKV2 InitializeTableFromTextFileV2 Inv InvertPermutation IsFinite IsInf IsNan L2Loss LRN LeakyRelu LeakyReluGrad LeftShift Less
LessEqual Lgamma LinSpace Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr LookupTableExportV2
LookupTableFindV2 LookupTableImportV2 LookupTableInsertV2 LookupTableSizeV2 MatMul MatrixBandPart
MatrixDiagV3 MatrixDiagPartV3 MatrixInverse MatrixSetDiagV3 Max MaxPool MaxPool3D MaxPool3DGrad MaxPoolGrad
MaxPoolV2 MaxPoolWithArgmax Maximum Mean MergeV2Checkpoints Min Minimum MirrorPad Mod Mul MulNoNan
Multinomial MutableHashTableV2 Neg NextAfter NoOp NonMaxSuppressionV3 NonMaxSuppressionV4 NotEqual
OneHot OnesLike Pack Pad PadV2 ParseTensor PartitionedCall Placeholder PlaceholderWithDefault Polygamma
Pow PreventGradient Print Prod Qr RFFT RaggedBincount RaggedGather RaggedRange
RaggedTensorToSparse RaggedTensorToTensor RandomShuffle RandomStandardNormal RandomUniform
RandomUniformInt Range Rank ReadVariableOp Real RealDiv Reciprocal RegexFullMatch RegexReplace Relu
Relu6 Relu6Grad ReluGrad Reshape ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
ResourceGather ResourceGatherNd ResourceScatterAdd ResourceScatterUpdate RestoreV2 Reverse
ReverseSequence ReverseV2 RightShift Rint RngReadAndSkip Roll Round Rsqrt SaveV2
ScaleAndTranslate ScatterNd Select SelectV2 Selu SeluGrad SegmentMax SegmentMean SegmentMin
SegmentProd SegmentSum Shape ShapeN ShardedFilename Sigmoid SigmoidGrad Sign Sin Sinh Size Slice
Softmax SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SoftsignGrad SpaceToBatchND
SpaceToDepth SparseCross SparseFillEmptyRows SparseReorder SparseReshape SparseSegmentMean
SparseSegmentSqrtN SparseSegmentSum SparseSlice SparseSoftmaxCrossEntropyWithLogits
SparseTensorDenseMatMul SparseToDense Split SplitV Sqrt Square SquaredDifference Squeeze
StatefulPartitionedCall StatelessIf StatelessMultinomial StatelessRandomGetAlg
StatelessRandomGetKeyCounter StatelessRandomNormalV2 StatelessRandomUniformIntV2
StatelessRandomUniformV2 StatelessTruncatedNormalV2 StatelessWhile StaticRegexFullMatch
StaticRegexReplace StopGradient StridedSlice StringFormat StringJoin StringLength StringLower
StringSplitV2 StringStrip StringToHashBucketFast StringToHashBucketStrong StringToNumber
StringNGrams StringUpper Sub Substr Sum Svd Tan Tanh TanhGrad TensorListFromTensor TensorListGetItem
TensorListLength TensorListReserve TensorListSetItem TensorListStack TensorScatterAdd
TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate Tile Timestamp TopKV2 Transpose
TridiagonalSolve TruncateDiv TruncateMod TruncatedNormal UnicodeDecode UnicodeEncode UnicodeTranscode Unique UniqueV2
UniqueWithCountsV2 Unpack UnravelIndex UnsortedSegmentMax UnsortedSegmentMin
UnsortedSegmentProd UnsortedSegmentSum VarHandleOp VarIsInitializedOp
VariableShape Where While Xdivy Xlog1py Xlogy ZerosLike Zeta
""".split()


def argument(arg):
    if arg.type_list_attr:
        kind = f"*{arg.type_list_attr}"
    else:
        kind = arg.type_attr or types_pb2.DataType.Name(arg.type)[3:].lower()
        if arg.number_attr:
            kind = f"{arg.number_attr}*{kind}"
    return f"{arg.name}: {kind}"


def text(data):
    escaped = data.decode().replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def one(kind, value):
    if kind == "bool":
        return str(value.b).lower()
    if kind == "int":
        return str(value.i)
    if kind == "float":
        return repr(float(f"{value.f:.9g}"))
    if kind == "string":
        return text(value.s)
    if kind == "type":
        return types_pb2.DataType.Name(value.type)[3:].lower()
    if kind == "shape":
        shape = value.shape
        return "?" if shape.unknown_rank else "[" + ", ".join(str(d.size) for d in shape.dim) + "]"
    if kind.startswith("list("):
        items = value.list
        inner = kind[5:-1]
        many = {"int": items.i, "float": items.f, "bool": items.b, "string": items.s, "type": items.type}
        write = {
            "int": str,
            "float": lambda v: repr(float(f"{v:.9g}")),
            "bool": lambda v: str(v).lower(),
            "string": text,
            "type": lambda v: types_pb2.DataType.Name(v)[3:].lower(),
        }
        if inner not in many:
            assert not items.ListFields(), (kind, value)
            return "[]"
        return "[" + ", ".join(write[inner](v) for v in many[inner]) + "]"
    raise ValueError(kind)


def line(op):
    inputs = ", ".join(map(argument, op.input_arg))
    outputs = ", ".join(map(argument, op.output_arg))
    attributes = []
    for attr in op.attr:
        default = f" = {one(attr.type, attr.default_value)}" if attr.HasField("default_value") else ""
        attributes.append(f"{attr.name}: {attr.type}{default}")
    stateful = "stateful " if op.is_stateful else ""
    return f"{stateful}{op.name}({inputs}) -> ({outputs}) {{{'; '.join(attributes)}}}"


if __name__ == "__main__":
    for name in sorted(set(NAMES)):
        op = op_def_registry.get(name)
        if op is None:
            raise SystemExit(f"there is no operation {name}")
        print(line(op))
