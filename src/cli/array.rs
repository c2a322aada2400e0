//! A tensor as text, the way NumPy prints an array.

use std::borrow::Cow;

use hornfels::tensor::{BF16, Complex, F8E4M3, F8E5M2, F16};
use hornfels::{DType, Error, ErrorKind, Result, Tensor};
use serde_json::Value;

use crate::text;

/// From this many elements on, only the ends of each axis are shown.
const THRESHOLD: u64 = 1000;
/// So many at each end.
const EDGE: usize = 3;
/// Rows of numbers are wrapped to this many characters, as NumPy does.
const LINE: usize = 75;

/// How much of a tensor to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Full,
    /// The ends of each axis, if it is large.
    Short,
}

/// The tensor as nested brackets: `[[1.0 2.0]\n [3.0 4.0]]`.
pub(crate) fn text(tensor: &Tensor<'_>, extent: Extent) -> Result<String> {
    if tensor.is_empty() {
        // However long the other axes claim to be.
        return Ok("[]".to_owned());
    }
    let items = Items::of(tensor)?;
    let shape = axes(tensor)?;
    let short = extent == Extent::Short && tensor.len() > THRESHOLD;
    let mut layout = Layout {
        items: &items,
        shape: &shape,
        short,
        before: 0,
        after: 0,
        text: String::new(),
    };
    layout.measure(0, 0);
    layout.write(0, 0);
    Ok(layout.text)
}

fn axes(tensor: &Tensor<'_>) -> Result<Vec<usize>> {
    let axes = tensor.shape().iter().map(|size| usize::try_from(*size));
    axes.collect::<Result<_, _>>().map_err(|_| {
        Error::new(
            ErrorKind::LimitExceeded,
            "a shape that this machine cannot address",
        )
    })
}

/// The values as nested JSON lists; numbers that JSON lacks are the strings `nan`, `inf`, `-inf`,
/// complex numbers strings such as `1.0-2.0j`.
pub(crate) fn json(tensor: &Tensor<'_>) -> Result<Value> {
    if tensor.is_empty() {
        return Ok(Value::Array(Vec::new()));
    }
    let items = Items::of(tensor)?;
    Ok(nested(&items, &axes(tensor)?, 0))
}

fn nested(items: &Items<'_>, shape: &[usize], base: usize) -> Value {
    let Some((size, inner)) = shape.split_first() else {
        return items.json(base);
    };
    let stride: usize = inner.iter().product();
    (0..*size)
        .map(|index| nested(items, inner, base + index * stride))
        .collect()
}

/// The elements of a tensor, each to be printed on its own.
pub(crate) enum Items<'a> {
    Float32(Cow<'a, [f32]>),
    Float64(Cow<'a, [f64]>),
    Float16(Cow<'a, [F16]>),
    BFloat16(Cow<'a, [BF16]>),
    Float8E4M3(Cow<'a, [F8E4M3]>),
    Float8E5M2(Cow<'a, [F8E5M2]>),
    Int8(Cow<'a, [i8]>),
    Int16(Cow<'a, [i16]>),
    Int32(Cow<'a, [i32]>),
    Int64(Cow<'a, [i64]>),
    UInt8(Cow<'a, [u8]>),
    UInt16(Cow<'a, [u16]>),
    UInt32(Cow<'a, [u32]>),
    UInt64(Cow<'a, [u64]>),
    Bool(Cow<'a, [bool]>),
    Complex64(Cow<'a, [Complex<f32>]>),
    Complex128(Cow<'a, [Complex<f64>]>),
    String(&'a [Vec<u8>]),
}

impl<'a> Items<'a> {
    pub(crate) fn of(tensor: &'a Tensor<'_>) -> Result<Items<'a>> {
        Ok(match tensor.dtype() {
            DType::Float32 => Items::Float32(tensor.view()?),
            DType::Float64 => Items::Float64(tensor.view()?),
            DType::Float16 => Items::Float16(tensor.view()?),
            DType::BFloat16 => Items::BFloat16(tensor.view()?),
            DType::Float8E4M3 => Items::Float8E4M3(tensor.view()?),
            DType::Float8E5M2 => Items::Float8E5M2(tensor.view()?),
            DType::Int8 => Items::Int8(tensor.view()?),
            DType::Int16 => Items::Int16(tensor.view()?),
            DType::Int32 => Items::Int32(tensor.view()?),
            DType::Int64 => Items::Int64(tensor.view()?),
            DType::UInt8 => Items::UInt8(tensor.view()?),
            DType::UInt16 => Items::UInt16(tensor.view()?),
            DType::UInt32 => Items::UInt32(tensor.view()?),
            DType::UInt64 => Items::UInt64(tensor.view()?),
            DType::Bool => Items::Bool(tensor.view()?),
            DType::Complex64 => Items::Complex64(tensor.view()?),
            DType::Complex128 => Items::Complex128(tensor.view()?),
            DType::String => Items::String(tensor.string_values().unwrap_or_default()),
            other => {
                let message = format!("printing values of dtype `{}`", other.name());
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        })
    }

    /// The element at `at`, in row-major order, as text.
    pub(crate) fn text(&self, at: usize) -> String {
        match self {
            Items::Float32(values) => at_of(values, at, |value| float(&value, value.into())),
            Items::Float64(values) => at_of(values, at, |value| float(&value, value)),
            Items::Float16(values) => at_of(values, at, |value| small(value.to_f32())),
            Items::BFloat16(values) => at_of(values, at, |value| small(value.to_f32())),
            Items::Float8E4M3(values) => at_of(values, at, |value| small(value.to_f32())),
            Items::Float8E5M2(values) => at_of(values, at, |value| small(value.to_f32())),
            Items::Int8(values) => at_of(values, at, |value| value.to_string()),
            Items::Int16(values) => at_of(values, at, |value| value.to_string()),
            Items::Int32(values) => at_of(values, at, |value| value.to_string()),
            Items::Int64(values) => at_of(values, at, |value| value.to_string()),
            Items::UInt8(values) => at_of(values, at, |value| value.to_string()),
            Items::UInt16(values) => at_of(values, at, |value| value.to_string()),
            Items::UInt32(values) => at_of(values, at, |value| value.to_string()),
            Items::UInt64(values) => at_of(values, at, |value| value.to_string()),
            Items::Bool(values) => at_of(values, at, |value| {
                if value { "True" } else { "False" }.to_owned()
            }),
            Items::Complex64(values) => at_of(values, at, |value| {
                complex(
                    &float(&value.re, value.re.into()),
                    &float(&value.im, value.im.into()),
                )
            }),
            Items::Complex128(values) => at_of(values, at, |value| {
                complex(&float(&value.re, value.re), &float(&value.im, value.im))
            }),
            Items::String(values) => values
                .get(at)
                .map_or_else(String::new, |value| quoted(value)),
        }
    }

    /// The element at `at` as JSON.
    pub(crate) fn json(&self, at: usize) -> Value {
        if let Items::String(values) = self {
            let value = values
                .get(at)
                .map(|value| String::from_utf8_lossy(value).into_owned());
            return value.into();
        }
        let text = self.text(at);
        match text.as_str() {
            "True" => return Value::Bool(true),
            "False" => return Value::Bool(false),
            _ => {}
        }
        if let Ok(number) = text.parse::<i64>() {
            return number.into();
        }
        if let Ok(number) = text.parse::<u64>() {
            return number.into();
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => number.into(),
            _ => Value::String(text),
        }
    }
}

fn at_of<T: Copy>(values: &[T], at: usize, print: impl Fn(T) -> String) -> String {
    values
        .get(at)
        .map_or_else(String::new, |value| print(*value))
}

/// The shortest text that reads back as the same number of its own type.
fn float(number: &impl std::fmt::Debug, value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    // Rust writes `1e-7` and `inf`, as Python reads them.
    format!("{number:?}")
}

/// A float of 16 or 8 bits: shown as the `f32` it equals.
fn small(value: f32) -> String {
    float(&value, value.into())
}

fn complex(re: &str, im: &str) -> String {
    let sign = if im.starts_with('-') { "" } else { "+" };
    format!("{re}{sign}{im}j")
}

/// A string in quotes, safe to show.
pub(crate) fn quoted(value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    format!("\"{}\"", text::safe(&value).replace('"', "\\\""))
}

/// How many characters an item has before its decimal point or exponent, and how many after it.
fn extent(item: &str) -> (usize, usize) {
    if item.starts_with(['"', 'T', 'F']) {
        // Words stand at the left.
        return (0, item.chars().count());
    }
    let point = item.find(['.', 'e']).unwrap_or(item.len());
    let (before, after) = item.split_at(point);
    (before.chars().count(), after.chars().count())
}

/// Writes brackets and items, once the widest item is known.
struct Layout<'a> {
    items: &'a Items<'a>,
    shape: &'a [usize],
    short: bool,
    /// The widest item up to its decimal point, and from there on.
    before: usize,
    after: usize,
    text: String,
}

/// An entry of an axis.
enum Entry {
    At(usize),
    Gap,
}

impl Layout<'_> {
    /// Which indexes of an axis are shown.
    fn entries(&self, axis: usize) -> Vec<Entry> {
        let size = self.shape.get(axis).copied().unwrap_or(0);
        if !self.short || size <= 2 * EDGE {
            return (0..size).map(Entry::At).collect();
        }
        let mut entries: Vec<Entry> = (0..EDGE).map(Entry::At).collect();
        entries.push(Entry::Gap);
        entries.extend((size - EDGE..size).map(Entry::At));
        entries
    }

    /// How many elements one step along `axis` passes.
    fn stride(&self, axis: usize) -> usize {
        self.shape
            .get(axis + 1..)
            .unwrap_or_default()
            .iter()
            .product()
    }

    fn measure(&mut self, axis: usize, base: usize) {
        if axis == self.shape.len() {
            let (before, after) = extent(&self.items.text(base));
            self.before = self.before.max(before);
            self.after = self.after.max(after);
            return;
        }
        let stride = self.stride(axis);
        for entry in self.entries(axis) {
            if let Entry::At(index) = entry {
                self.measure(axis + 1, base + index * stride);
            }
        }
    }

    fn write(&mut self, axis: usize, base: usize) {
        if axis == self.shape.len() {
            let item = self.items.text(base);
            self.text.push_str(&item);
            return;
        }
        if axis + 1 == self.shape.len() {
            return self.row(axis, base);
        }
        self.text.push('[');
        let stride = self.stride(axis);
        // Blocks of blocks are set apart by empty lines, as in NumPy.
        let ends = "\n".repeat(self.shape.len() - axis - 1);
        for (position, entry) in self.entries(axis).into_iter().enumerate() {
            if position > 0 {
                self.text.push_str(&ends);
                self.text.push_str(&" ".repeat(axis + 1));
            }
            match entry {
                Entry::At(index) => self.write(axis + 1, base + index * stride),
                Entry::Gap => self.text.push_str("..."),
            }
        }
        self.text.push(']');
    }

    /// An item as wide as all others, its decimal point below theirs.
    fn padded(&self, item: &str) -> String {
        let (before, after) = extent(item);
        format!(
            "{}{item}{}",
            " ".repeat(self.before - before),
            " ".repeat(self.after - after)
        )
    }

    fn row(&mut self, axis: usize, base: usize) {
        self.text.push('[');
        let indent = axis + 1;
        let mut column = indent;
        for (position, entry) in self.entries(axis).into_iter().enumerate() {
            let item = match entry {
                Entry::At(index) => self.padded(&self.items.text(base + index)),
                Entry::Gap => "...".to_owned(),
            };
            let length = item.chars().count();
            if position > 0 && column + 1 + length > LINE {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(indent));
                column = indent;
            } else if position > 0 {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(&item);
            column += length;
        }
        self.text.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_stand_alone() {
        check(Tensor::scalar(0.001_f32), "0.001");
        check(Tensor::scalar(-3_i64), "-3");
        check(Tensor::scalar(true), "True");
        check(Tensor::scalar(f64::NAN), "nan");
        check(Tensor::scalar(F16::from_f32(0.5)), "0.5");
        check(
            Tensor::scalar(Complex {
                re: 1.0_f32,
                im: -2.0,
            }),
            "1.0-2.0j",
        );
    }

    #[test]
    fn columns_are_aligned() {
        let values = vec![1.0_f32, -20.5, 3.0, 1e-7];
        check(
            Tensor::from_vec(values, [2, 2]).unwrap(),
            "[[  1.0  -20.5 ]\n [  3.0    1e-7]]",
        );
    }

    #[test]
    fn blocks_are_set_apart() {
        let values: Vec<u8> = (0..8).collect();
        let expected = "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]";
        check(Tensor::from_vec(values, [2, 2, 2]).unwrap(), expected);
    }

    #[test]
    fn large_tensors_show_their_ends() {
        let values: Vec<i32> = (0..1001).collect();
        let tensor = Tensor::from_vec(values, [1001]).unwrap();
        check(tensor.borrowed(), "[   0    1    2 ...  998  999 1000]");
        assert!(text(&tensor, Extent::Full).unwrap().contains(" 500 "));
    }

    #[test]
    fn nothing_is_empty_brackets() {
        check(Tensor::from_vec(Vec::<f32>::new(), [0]).unwrap(), "[]");
        check(
            Tensor::from_vec(Vec::<f32>::new(), [1 << 60, 0]).unwrap(),
            "[]",
        );
    }

    #[test]
    fn long_rows_are_wrapped() {
        let values = vec![1000_i32; 30];
        let shown = text(&Tensor::from_vec(values, [30]).unwrap(), Extent::Short).unwrap();
        assert!(shown.lines().all(|line| line.len() <= LINE + 1), "{shown}");
        assert_eq!(shown.lines().nth(1).unwrap().get(..5).unwrap(), " 1000");
    }

    #[test]
    fn strings_are_quoted_and_safe() {
        let values = vec![b"a\"b".to_vec(), b"\x1b[2J".to_vec()];
        let expected = r#"["a\"b"      "\u{1b}[2J"]"#;
        check(Tensor::strings(values, [2]).unwrap(), expected);
    }

    #[track_caller]
    fn check(tensor: Tensor<'_>, expected: &str) {
        assert_eq!(text(&tensor, Extent::Short).unwrap(), expected);
    }
}
