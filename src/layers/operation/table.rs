//! Which function or class is which rule.

use super::{Rule, axes, elements, slicing};
use crate::tensor::Shape;

/// Functions of TensorFlow, without the module they are in, and classes of `keras.ops`.
struct Row(&'static str, &'static str, Rule);

const ROWS: &[Row] = &[
    Row(
        "abs acos acosh asin asinh atan atanh bias_add cast ceil clip_by_norm clip_by_value cos cosh \
         cumprod cumsum dropout elu erf erfc exp expm1 floor gelu hard_sigmoid identity \
         image.flip_left_right image.flip_up_down is_finite is_inf is_nan l2_normalize leaky_relu \
         lgamma local_response_normalization log log1p log_sigmoid log_softmax logical_not lrn \
         negative ones_like reciprocal relu relu6 reverse rint roll round rsqrt saturate_cast selu \
         sigmoid sign silu sin sinh softmax softplus softsign sort sqrt square stop_gradient tan tanh \
         zeros_like",
        "Abs Absolute Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Cast Ceil Celu Clip Conj Cos Cosh Elu \
         Erf Erfinv Exp Expm1 Flip Floor FullLike Gelu Glu HardShrink HardSigmoid HardSilu HardTanh \
         Identity Imag Invert Isfinite Isinf Isnan LeakyRelu Log Log10 Log1p Log2 LogSigmoid LogSoftmax \
         LogicalNot NanToNum Negative Normalize OnesLike Real Reciprocal Relu Relu6 Roll Round Rsqrt \
         Selu Sigmoid Sign Silu Sin Sinh SoftShrink Softmax Softplus Softsign Sort SparsePlus Sqrt \
         Square Squareplus StopGradient Tan Tanh TanhShrink Threshold ZerosLike Cbrt ConvertToTensor Copy \
         Deg2rad EmptyLike Erfc Exp2 Fabs Fliplr Flipud Isneginf Isposinf Rad2deg ReLU SaturateCast Sinc \
         SparseSigmoid Trunc",
        elements::same,
    ),
    Row("", "Cumprod Cumsum", elements::accumulated),
    Row(
        "add add_n atan2 div divide_no_nan equal floor_div floormod greater greater_equal less \
         less_equal logical_and logical_or logical_xor maximum minimum multiply not_equal pow realdiv \
         squared_difference subtract truediv xdivy xlog1py xlogy",
        "Add Arctan2 Divide DivideNoNan Equal FloorDivide Greater GreaterEqual Less LessEqual Logaddexp \
         LogicalAnd LogicalOr LogicalXor Maximum Minimum Mod Multiply NotEqual Power Subtract TrueDivide \
         Fmax Fmin Heaviside Hypot Isclose",
        elements::broadcast_all,
    ),
    Row("where", "Where", elements::chosen),
    Row(
        "euclidean_norm reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp reduce_max \
         reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance",
        "All Amax Amin Any Average CountNonzero Logsumexp Max Mean Min Nanprod Nansum Prod Ptp \
         Std Sum Var",
        elements::reduced,
    ),
    Row("norm", "Norm", elements::normed),
    Row("argmax argmin", "Argmax Argmin", elements::found),
    Row("matmul", "Matmul", elements::multiplied),
    Row("", "Dot", elements::dotted),
    Row("", "Einsum", elements::summed),
    Row("expand_dims", "ExpandDims", axes::expanded),
    Row("squeeze", "Squeeze", axes::squeezed),
    Row("reshape", "Reshape", axes::reshaped),
    Row("", "Ravel", axes::flattened),
    Row("transpose", "Transpose", axes::transposed),
    Row("", "Swapaxes", axes::swapped),
    Row("", "Moveaxis", axes::moved),
    Row("tile", "Tile", axes::tiled),
    Row("repeat", "Repeat", axes::repeated),
    Row("one_hot", "OneHot", axes::one_hot),
    Row("concat", "Concatenate", axes::concatenated),
    Row("stack", "Stack", axes::stacked),
    Row("split", "Split", axes::split),
    Row("unstack", "Unstack", axes::unstacked),
    Row("gather", "Take", axes::taken),
    Row("pad", "Pad", axes::padded),
    Row("gather_nd", "", axes::taken_each),
    Row("broadcast_to", "BroadcastTo", axes::stretched),
    Row("slice", "", slicing::cut),
    Row("top_k", "TopK", axes::largest),
    Row("shape", "", axes::shape),
    Row("rank", "", |_| Ok(vec![Shape::known(&[])])),
    Row("depth_to_space", "DepthToSpace", axes::spread),
    Row("space_to_depth", "SpaceToDepth", axes::folded),
    Row("image.resize", "Resize", axes::resized),
    Row(
        "avg_pool avg_pool1d avg_pool2d avg_pool3d max_pool max_pool1d max_pool2d max_pool3d",
        "AveragePool MaxPool",
        axes::pooled,
    ),
    Row("getitem", "GetItem", slicing::sliced),
];

/// The modules of TensorFlow whose functions the table has.
const MODULES: [&str; 12] = [
    "",
    "__operators__",
    "math",
    "nn",
    "linalg",
    "dtypes",
    "compat.v1",
    "compat.v1.math",
    "compat.v1.nn",
    "compat.v1.linalg",
    "keras.activations",
    "keras.backend",
];

/// Names that early versions of TensorFlow have for functions.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("div_no_nan", "divide_no_nan"),
    ("divide", "truediv"),
    ("floordiv", "floor_div"),
    ("mod", "floormod"),
    ("mul", "multiply"),
    ("neg", "negative"),
    ("sub", "subtract"),
    ("swish", "silu"),
];

/// The rule for a function such as `math.reduce_mean`.
pub(super) fn of_tensorflow(function: &str) -> Option<Rule> {
    let function = without_module(function)?;
    let row = ROWS
        .iter()
        .find(|row| row.0.split(' ').any(|name| name == function));
    row.map(|row| row.2)
}

/// The name of a function without its module, if that is one of those the table has. Functions of
/// images keep theirs.
pub(super) fn without_module(function: &str) -> Option<&str> {
    let function = function
        .strip_prefix("compat.v1.image.")
        .map_or(function, |_| {
            function.strip_prefix("compat.v1.").unwrap_or(function)
        });
    if function.starts_with("image.") {
        return Some(function);
    }
    let (module, function) = function.rsplit_once('.').unwrap_or(("", function));
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == function);
    let function = other.map_or(function, |(_, name)| *name);
    MODULES.contains(&module).then_some(function)
}

/// The rule for a class of `keras.ops`.
pub(super) fn of_class(class: &str) -> Option<Rule> {
    let row = ROWS
        .iter()
        .find(|row| row.1.split(' ').any(|name| name == class));
    row.map(|row| row.2)
}

/// All classes of `keras.ops` that the table has.
pub(super) fn of_keras3() -> impl Iterator<Item = &'static str> {
    let classes = ROWS.iter().flat_map(|row| row.1.split(' '));
    classes.filter(|name| !name.is_empty())
}
