//! Plain arguments: numbers, sizes, axes, and the words Keras has for choices.

use serde_json::{Value, json};

use crate::keras::json as python;
use crate::tensor::Shape;

/// An argument of a layer's constructor, as it stands in a config.
pub(crate) trait ConfigValue: Sized {
    /// What is expected, for messages.
    const EXPECTED: &'static str;

    /// The argument, unless it is something else.
    fn read(value: &Value) -> Option<Self>;

    /// The argument as Keras 3 writes it.
    fn write(&self) -> Value;
}

impl ConfigValue for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }

    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

impl ConfigValue for u64 {
    const EXPECTED: &'static str = "an unsigned integer";

    /// Keras also writes whole numbers as `3.0`.
    fn read(value: &Value) -> Option<Self> {
        value.as_u64().or_else(|| {
            let text = value.as_f64()?.to_string();
            text.parse().ok()
        })
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl ConfigValue for i64 {
    const EXPECTED: &'static str = "an integer";

    /// Keras 2 writes the axis of a BatchNormalization as a list of one.
    fn read(value: &Value) -> Option<Self> {
        match value.as_array().map(Vec::as_slice) {
            Some([only]) => only.as_i64(),
            _ => value.as_i64(),
        }
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl ConfigValue for f64 {
    const EXPECTED: &'static str = "a number";

    fn read(value: &Value) -> Option<Self> {
        let early = value.get("value"); // {"type": "ndarray", "value": 0.3}
        python::number(early.unwrap_or(value))
    }

    fn write(&self) -> Value {
        python::float(*self)
    }
}

impl ConfigValue for String {
    const EXPECTED: &'static str = "a string";

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl ConfigValue for Value {
    const EXPECTED: &'static str = "anything";

    fn read(value: &Value) -> Option<Self> {
        Some(value.clone())
    }

    fn write(&self) -> Value {
        self.clone()
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }
}

impl<T: ConfigValue> ConfigValue for Vec<T> {
    const EXPECTED: &'static str = "a list";

    fn read(value: &Value) -> Option<Self> {
        let items = match value {
            Value::Array(items) => items,
            // A tuple: {"class_name": "__tuple__", "items": […]}
            other => other.get("items")?.as_array()?,
        };
        items.iter().map(T::read).collect()
    }

    fn write(&self) -> Value {
        self.iter().map(T::write).collect()
    }
}

impl ConfigValue for Shape {
    const EXPECTED: &'static str = "a shape";

    fn read(value: &Value) -> Option<Self> {
        let sizes: Vec<Option<i64>> = ConfigValue::read(value)?;
        let known = |size: Option<i64>| size.and_then(|size| u64::try_from(size).ok());
        Some(Shape(sizes.into_iter().map(known).collect()))
    }

    fn write(&self) -> Value {
        Value::from(self.0.clone())
    }
}

/// One size for each of `N` axes: of a kernel, of a stride.
///
/// ```
/// use hornfels::layers::Sizes;
/// assert_eq!(Sizes::<2>::from(3), Sizes([3, 3]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes<const N: usize>(pub [u64; N]);

impl<const N: usize> From<u64> for Sizes<N> {
    /// The same for all axes.
    fn from(size: u64) -> Self {
        Sizes([size; N])
    }
}

impl<const N: usize> From<[u64; N]> for Sizes<N> {
    fn from(sizes: [u64; N]) -> Self {
        Sizes(sizes)
    }
}

impl<const N: usize> ConfigValue for Sizes<N> {
    const EXPECTED: &'static str = "a size, or one for each axis";

    fn read(value: &Value) -> Option<Self> {
        if let Some(size) = u64::read(value) {
            return Some(Sizes([size; N]));
        }
        let sizes: Vec<u64> = ConfigValue::read(value)?;
        match sizes.as_slice() {
            [size] => Some(Sizes([*size; N])),
            sizes => sizes.try_into().ok().map(Sizes),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.0.to_vec())
    }
}

/// What is added to or cut from both ends of each of `N` axes.
///
/// ```
/// use hornfels::layers::Borders;
/// assert_eq!(Borders::<2>::from(1), Borders([[1, 1], [1, 1]]));
/// assert_eq!(Borders::<2>::from([1, 2]), Borders([[1, 1], [2, 2]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borders<const N: usize>(pub [[u64; 2]; N]);

impl<const N: usize> From<u64> for Borders<N> {
    fn from(size: u64) -> Self {
        Borders([[size; 2]; N])
    }
}

impl<const N: usize> From<[u64; N]> for Borders<N> {
    fn from(sizes: [u64; N]) -> Self {
        Borders(sizes.map(|size| [size; 2]))
    }
}

impl<const N: usize> From<[[u64; 2]; N]> for Borders<N> {
    fn from(sizes: [[u64; 2]; N]) -> Self {
        Borders(sizes)
    }
}

impl<const N: usize> ConfigValue for Borders<N> {
    const EXPECTED: &'static str = "a size, one for each axis, or two for each axis";

    fn read(value: &Value) -> Option<Self> {
        if let Some(size) = u64::read(value) {
            return Some(size.into());
        }
        let parts: Vec<Value> = ConfigValue::read(value)?;
        if N == 1 && parts.len() == 2 && parts.iter().all(Value::is_number) {
            let both: Vec<u64> = ConfigValue::read(value)?;
            return Some(Borders([both.try_into().ok()?; N]));
        }
        let parts: Option<Vec<[u64; 2]>> = parts
            .iter()
            .map(|part| Sizes::<2>::read(part).map(|sizes| sizes.0))
            .collect();
        parts?.try_into().ok().map(Borders)
    }

    fn write(&self) -> Value {
        match self.0.as_slice() {
            [only] => json!(only),
            several => json!(several),
        }
    }
}

/// Axes, counted from the back where negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes(pub Vec<i64>);

impl From<i64> for Axes {
    fn from(axis: i64) -> Self {
        Axes(vec![axis])
    }
}

impl<const N: usize> From<[i64; N]> for Axes {
    fn from(axes: [i64; N]) -> Self {
        Axes(axes.to_vec())
    }
}

impl ConfigValue for Axes {
    const EXPECTED: &'static str = "an axis or a list of axes";

    fn read(value: &Value) -> Option<Self> {
        match value.as_i64() {
            Some(axis) => Some(axis.into()),
            None => ConfigValue::read(value).map(Axes),
        }
    }

    fn write(&self) -> Value {
        match self.0.as_slice() {
            [only] => Value::from(*only),
            several => Value::from(several.to_vec()),
        }
    }
}

/// Declares a choice that Keras writes as a word.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident, $expected:literal { $( $(#[$wdoc:meta])* $word:ident = $text:literal $(| $alias:literal)* ),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$wdoc])* $word ),*
        }

        impl ConfigValue for $name {
            const EXPECTED: &'static str = $expected;

            fn read(value: &Value) -> Option<Self> {
                match value.as_str()? {
                    $( $text $(| $alias)* => Some($name::$word), )*
                    _ => None,
                }
            }

            fn write(&self) -> Value {
                Value::from(match self {
                    $( $name::$word => $text, )*
                })
            }
        }
    };
}

pub(crate) use words;

words!(
    /// What a window does at the edges.
    Padding, "`valid`, `same` or `causal`" {
        /// It stays inside.
        Valid = "valid",
        /// The input is padded so that a stride of 1 keeps its size.
        Same = "same" | "half",
        /// Padded in front only: no step sees a later one.
        Causal = "causal",
    }
);

words!(
    /// Which axis holds the channels.
    DataFormat, "`channels_last` or `channels_first`" {
        /// The last one.
        ChannelsLast = "channels_last" | "tf",
        /// The one after the batch.
        ChannelsFirst = "channels_first" | "th",
    }
);
