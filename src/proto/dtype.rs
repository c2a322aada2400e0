//! Element types of this crate's tensors and those of TensorFlow.

use crate::error::{Error, ErrorKind, Result};
use crate::proto::tensorflow::DataType;
use crate::tensor::DType;

const PAIRS: [(DType, DataType); 18] = [
    (DType::Float8E4M3, DataType::DT_FLOAT8_E4M3FN),
    (DType::Float8E5M2, DataType::DT_FLOAT8_E5M2),
    (DType::Float16, DataType::DT_HALF),
    (DType::BFloat16, DataType::DT_BFLOAT16),
    (DType::Float32, DataType::DT_FLOAT),
    (DType::Float64, DataType::DT_DOUBLE),
    (DType::Int8, DataType::DT_INT8),
    (DType::Int16, DataType::DT_INT16),
    (DType::Int32, DataType::DT_INT32),
    (DType::Int64, DataType::DT_INT64),
    (DType::UInt8, DataType::DT_UINT8),
    (DType::UInt16, DataType::DT_UINT16),
    (DType::UInt32, DataType::DT_UINT32),
    (DType::UInt64, DataType::DT_UINT64),
    (DType::Bool, DataType::DT_BOOL),
    (DType::Complex64, DataType::DT_COMPLEX64),
    (DType::Complex128, DataType::DT_COMPLEX128),
    (DType::String, DataType::DT_STRING),
];

impl From<DType> for DataType {
    /// TensorFlow's type for elements of that type.
    fn from(dtype: DType) -> Self {
        let pair = PAIRS.iter().find(|(known, _)| *known == dtype);
        pair.map_or(DataType::DT_INVALID, |(_, found)| *found)
    }
}

impl TryFrom<DataType> for DType {
    type Error = Error;

    fn try_from(dtype: DataType) -> Result<Self> {
        let pair = PAIRS.iter().find(|(_, known)| *known == dtype);
        pair.map(|(found, _)| *found).ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("elements of type {dtype:?}, which no tensor here has"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (dtype, found) in PAIRS {
            assert_eq!(DataType::from(dtype), found);
            assert_eq!(DType::try_from(found).unwrap(), dtype);
        }
        assert!(DType::try_from(DataType::DT_RESOURCE).is_err());
    }
}
