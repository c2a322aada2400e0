//! The names and sizes of element types.

use std::fmt;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DType {
    /// 8-bit float, 4 exponent and 3 mantissa bits, no infinities ([`F8E4M3`](super::F8E4M3)).
    Float8E4M3,
    /// 8-bit float, 5 exponent and 2 mantissa bits ([`F8E5M2`](super::F8E5M2)).
    Float8E5M2,
    /// IEEE half precision ([`F16`](super::F16)).
    Float16,
    /// The upper half of a `f32` ([`BF16`](super::BF16)).
    BFloat16,
    /// `f32`.
    Float32,
    /// `f64`.
    Float64,
    /// `i8`.
    Int8,
    /// `i16`.
    Int16,
    /// `i32`.
    Int32,
    /// `i64`.
    Int64,
    /// `u8`.
    UInt8,
    /// `u16`.
    UInt16,
    /// `u32`.
    UInt32,
    /// `u64`.
    UInt64,
    /// One byte, 0 or 1.
    Bool,
    /// Two `f32` ([`Complex<f32>`](super::Complex)).
    Complex64,
    /// Two `f64` ([`Complex<f64>`](super::Complex)).
    Complex128,
    /// Byte strings of any lengths.
    String,
}

/// Each dtype with Keras's name for it and the size of an element in bytes.
const TABLE: [(DType, &str, Option<usize>); 18] = [
    (DType::Float8E4M3, "float8_e4m3fn", Some(1)),
    (DType::Float8E5M2, "float8_e5m2", Some(1)),
    (DType::Float16, "float16", Some(2)),
    (DType::BFloat16, "bfloat16", Some(2)),
    (DType::Float32, "float32", Some(4)),
    (DType::Float64, "float64", Some(8)),
    (DType::Int8, "int8", Some(1)),
    (DType::Int16, "int16", Some(2)),
    (DType::Int32, "int32", Some(4)),
    (DType::Int64, "int64", Some(8)),
    (DType::UInt8, "uint8", Some(1)),
    (DType::UInt16, "uint16", Some(2)),
    (DType::UInt32, "uint32", Some(4)),
    (DType::UInt64, "uint64", Some(8)),
    (DType::Bool, "bool", Some(1)),
    (DType::Complex64, "complex64", Some(8)),
    (DType::Complex128, "complex128", Some(16)),
    (DType::String, "string", None),
];

impl DType {
    fn row(self) -> (&'static str, Option<usize>) {
        TABLE
            .iter()
            .find(|(dtype, ..)| *dtype == self)
            .map_or(("", None), |(_, name, size)| (name, *size))
    }

    /// Keras's name for it: `float32`, `bfloat16`, `float8_e4m3fn`, `string`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The dtype that Keras calls `name`.
    ///
    /// ```
    /// use hornfels::DType;
    /// assert_eq!(DType::from_name("float16"), Some(DType::Float16));
    /// assert_eq!(DType::from_name("float17"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<DType> {
        (TABLE.iter().find(|(_, known, _)| *known == name)).map(|(dtype, ..)| *dtype)
    }

    /// How many bytes an element takes; `None` for strings, each of which has its own length.
    pub fn size(self) -> Option<usize> {
        self.row().1
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for (dtype, name, size) in TABLE {
            assert_eq!(DType::from_name(name), Some(dtype));
            assert_eq!(dtype.name(), name);
            assert_eq!(dtype.size(), size);
            assert_eq!(dtype.to_string(), name);
        }
    }
}
