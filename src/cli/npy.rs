//! NumPy's `.npy`, version 1.0: a short header in Python syntax, then the values.

use hornfels::{DType, Tensor};

/// Where the values begin is a multiple of this, so that a mapping of the file is aligned.
const ALIGNMENT: usize = 64;
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// What comes before the values of a tensor.
///
/// NumPy has no bfloat16 and no float8: they are written as raw items (`|V2`, `|V1`), as the Python
/// package `ml_dtypes` writes them; `array.view(ml_dtypes.bfloat16)` makes them numbers again.
pub(crate) fn header(tensor: &Tensor<'_>) -> Vec<u8> {
    let descriptor = descriptor(tensor);
    let shape = crate::text::shape(tensor.shape());
    let mut text =
        format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}");
    let before = MAGIC.len() + 2 + text.len() + 1;
    let padding = before.next_multiple_of(ALIGNMENT) - before;
    text.push_str(&" ".repeat(padding));
    text.push('\n');
    let mut header = MAGIC.to_vec();
    // A shape has at most some hundred numbers; a longer text would need version 2.0.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    header.extend(length.to_le_bytes());
    header.extend(text.into_bytes());
    header
}

/// The strings of a tensor as NumPy stores them: all as long as the longest, filled with zeros.
pub(crate) fn string_items(values: &[Vec<u8>]) -> Vec<u8> {
    let width = string_width(values);
    let mut items = Vec::with_capacity(width * values.len());
    for value in values {
        items.extend_from_slice(value);
        items.resize(items.len() + width - value.len(), 0);
    }
    items
}

fn string_width(values: &[Vec<u8>]) -> usize {
    values.iter().map(Vec::len).max().unwrap_or(0).max(1)
}

fn descriptor(tensor: &Tensor<'_>) -> String {
    let fixed = match tensor.dtype() {
        DType::Float16 => "<f2",
        DType::Float32 => "<f4",
        DType::Float64 => "<f8",
        DType::Int8 => "|i1",
        DType::Int16 => "<i2",
        DType::Int32 => "<i4",
        DType::Int64 => "<i8",
        DType::UInt8 => "|u1",
        DType::UInt16 => "<u2",
        DType::UInt32 => "<u4",
        DType::UInt64 => "<u8",
        DType::Bool => "|b1",
        DType::Complex64 => "<c8",
        DType::Complex128 => "<c16",
        DType::String => {
            return format!(
                "|S{}",
                string_width(tensor.string_values().unwrap_or_default())
            );
        }
        other => return format!("|V{}", other.size().unwrap_or(1)),
    };
    fixed.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_numpys_own() {
        let tensor = Tensor::from_vec(vec![1.0_f32, 2.0, 3.0], [3]).unwrap();
        let expected: &[u8] = &[
            0x93, b'N', b'U', b'M', b'P', b'Y', // magic
            1, 0, // version
            118, 0, // length of the text
        ];
        let header = header(&tensor);
        assert_eq!(header.get(..10).unwrap(), expected);
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
        assert_eq!(std::str::from_utf8(&header[10..]).unwrap().trim_end(), text);
        assert_eq!(header.len(), 128);
        assert_eq!(header.last(), Some(&b'\n'));
    }

    #[test]
    fn strings_are_as_long_as_the_longest() {
        let values = vec![b"ab".to_vec(), Vec::new(), b"abc".to_vec()];
        assert_eq!(string_items(&values), b"ab\0\0\0\0abc");
        let tensor = Tensor::strings(values, [3]).unwrap();
        assert_eq!(descriptor(&tensor), "|S3");
    }

    #[test]
    fn what_numpy_lacks_is_raw() {
        for (dtype, expected) in [(DType::BFloat16, "|V2"), (DType::Float8E4M3, "|V1")] {
            assert_eq!(descriptor(&Tensor::zeros(dtype, [2]).unwrap()), expected);
        }
    }
}
