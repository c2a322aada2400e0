//! TensorFlow's element types and this crate's. See `spec/tensor_bundle.md#element-types`.

use crate::proto::tensorflow::DataType;
use crate::tensor::DType;

/// Types that are the same on both sides.
const SAME: [(DataType, DType); 18] = [
    (DataType::DT_FLOAT, DType::Float32),
    (DataType::DT_DOUBLE, DType::Float64),
    (DataType::DT_INT32, DType::Int32),
    (DataType::DT_UINT8, DType::UInt8),
    (DataType::DT_INT16, DType::Int16),
    (DataType::DT_INT8, DType::Int8),
    (DataType::DT_STRING, DType::String),
    (DataType::DT_COMPLEX64, DType::Complex64),
    (DataType::DT_INT64, DType::Int64),
    (DataType::DT_BOOL, DType::Bool),
    (DataType::DT_BFLOAT16, DType::BFloat16),
    (DataType::DT_UINT16, DType::UInt16),
    (DataType::DT_COMPLEX128, DType::Complex128),
    (DataType::DT_HALF, DType::Float16),
    (DataType::DT_UINT32, DType::UInt32),
    (DataType::DT_UINT64, DType::UInt64),
    (DataType::DT_FLOAT8_E5M2, DType::Float8E5M2),
    (DataType::DT_FLOAT8_E4M3FN, DType::Float8E4M3),
];

/// Types that only TensorFlow has, with the bytes an element takes in memory and in a bundle: four
/// and two bits take a byte.
const ONLY_TENSORFLOW: [(DataType, usize); 13] = [
    (DataType::DT_QINT8, 1),
    (DataType::DT_QUINT8, 1),
    (DataType::DT_QINT16, 2),
    (DataType::DT_QUINT16, 2),
    (DataType::DT_QINT32, 4),
    (DataType::DT_FLOAT8_E4M3FNUZ, 1),
    (DataType::DT_FLOAT8_E4M3B11FNUZ, 1),
    (DataType::DT_FLOAT8_E5M2FNUZ, 1),
    (DataType::DT_INT4, 1),
    (DataType::DT_UINT4, 1),
    (DataType::DT_INT2, 1),
    (DataType::DT_UINT2, 1),
    (DataType::DT_FLOAT4_E2M1FN, 1),
];

/// TensorFlow's type for `dtype`.
///
/// ```
/// use hornfels::DType;
/// use hornfels::bundle::{data_type_of, dtype_of};
/// use hornfels::proto::tensorflow::DataType;
/// assert_eq!(data_type_of(DType::Float16), DataType::DT_HALF);
/// assert_eq!(dtype_of(DataType::DT_HALF), Some(DType::Float16));
/// assert_eq!(dtype_of(DataType::DT_QINT8), None);
/// ```
pub fn data_type_of(dtype: DType) -> DataType {
    (SAME.iter().find(|(_, ours)| *ours == dtype)).map_or_else(DataType::default, |(it, _)| *it)
}

/// The dtype that is TensorFlow's `data_type`, if there is one.
pub fn dtype_of(data_type: DataType) -> Option<DType> {
    (SAME.iter().find(|(theirs, _)| *theirs == data_type)).map(|(_, it)| *it)
}

/// How many bytes an element takes, if all take as many and this crate knows how many.
pub(super) fn element_size(data_type: DataType) -> Option<usize> {
    if let Some(dtype) = dtype_of(data_type) {
        return dtype.size();
    }
    (ONLY_TENSORFLOW.iter().find(|(it, _)| *it == data_type)).map(|(_, size)| *size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_has_a_data_type() {
        for name in [
            "float8_e4m3fn",
            "float8_e5m2",
            "float16",
            "bfloat16",
            "float32",
            "float64",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "bool",
            "complex64",
            "complex128",
            "string",
        ] {
            let dtype = DType::from_name(name).unwrap();
            let data_type = data_type_of(dtype);
            assert_ne!(data_type, DataType::DT_INVALID, "{name}");
            assert_eq!(dtype_of(data_type), Some(dtype));
            assert_eq!(element_size(data_type), dtype.size());
        }
    }

    #[test]
    fn others_have_a_size_or_none() {
        assert_eq!(dtype_of(DataType::DT_QINT16), None);
        assert_eq!(element_size(DataType::DT_QINT16), Some(2));
        assert_eq!(element_size(DataType::DT_VARIANT), None);
        assert_eq!(element_size(DataType(99)), None);
    }
}
