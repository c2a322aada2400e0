//! TensorFlow's element types and this crate's. See `spec/tensor_bundle.md#element-types`.

use crate::proto::tensorflow::DataType;
use crate::tensor::DType;

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

/// How many bytes an element takes, if all take as many and this crate knows how many.
pub(super) fn element_size(data_type: DataType) -> Option<usize> {
    if let Ok(dtype) = DType::try_from(data_type) {
        return dtype.size();
    }
    (ONLY_TENSORFLOW.iter().find(|(it, _)| *it == data_type)).map(|(_, size)| *size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dtypes_have_their_size() {
        for dtype in [
            DType::Float8E5M2,
            DType::BFloat16,
            DType::Bool,
            DType::String,
        ] {
            assert_eq!(element_size(dtype.into()), dtype.size());
        }
    }

    #[test]
    fn others_have_a_size_or_none() {
        assert_eq!(element_size(DataType::DT_QINT16), Some(2));
        assert_eq!(element_size(DataType::DT_VARIANT), None);
        assert_eq!(element_size(DataType(99)), None);
    }
}
