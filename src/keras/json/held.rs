//! Numbers that a JSON [`Value`] cannot hold, held as marked strings.

use serde_json::{Number, Value};

use super::MARK;

/// Follows the mark at the start of a string that stands for a number.
const HELD_NUMBER: char = '=';

/// A number that a [`Value`] cannot hold.
pub(super) fn held(text: &str) -> Value {
    Value::String(format!("{MARK}{HELD_NUMBER}{text}"))
}

/// The number's text, if `string` stands for a number.
pub(super) fn held_number(string: &str) -> Option<&str> {
    let text = string.strip_prefix(MARK)?.strip_prefix(HELD_NUMBER)?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (integer || matches!(text, "NaN" | "Infinity" | "-Infinity")).then_some(text)
}

/// A float as a JSON value, `NaN` and the infinities included.
///
/// ```
/// use hornfels::keras::json;
/// assert_eq!(json::to_string(&json::float(1.0)), "1.0");
/// assert_eq!(json::to_string(&json::float(f64::NEG_INFINITY)), "-Infinity");
/// ```
pub fn float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => held("NaN"),
        None if value > 0.0 => held("Infinity"),
        None => held("-Infinity"),
    }
}

/// The number a JSON value is, integers rounded to the nearest float; none for other values.
///
/// ```
/// use hornfels::keras::json;
/// assert_eq!(json::number(&json::parse("[3, Infinity]")?[1]), Some(f64::INFINITY));
/// # Ok::<(), hornfels::Error>(())
/// ```
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(string) => match held_number(string)? {
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok(),
        },
        _ => None,
    }
}
