//! JSON as Python's `json` module reads and writes it, byte for byte.
//!
//! Keras writes its configs with `json.dumps`: `", "` and `": "` between items, everything outside
//! ASCII escaped, floats as `repr` prints them, and `NaN`, `Infinity` and `-Infinity` unquoted.
//! What came out of Python therefore goes through [`parse`] and [`to_string`] unchanged.
//!
//! A [`Value`] cannot hold all that Python can. Numbers outside its range (the three above and
//! integers beyond 64 bits) and unpaired surrogates are held as strings that begin with, or
//! contain, a private-use character; a real occurrence of that character is doubled.
//! [`number`] and [`float`] convert: `spec/keras_model.md#json`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt::Write as _;

use serde_json::{Map, Number, Value, map};

use crate::error::Result;
use crate::limits::Limits;

mod held;
mod parser;
mod pick;

use held::held_number;
pub use held::{float, number};
use parser::Parser;
pub(crate) use pick::pick;

/// Marks what a [`Value`] cannot hold as it is.
const MARK: char = '\u{10FFFD}';
/// Follows the mark where four hex digits name an unpaired surrogate.
const HELD_SURROGATE: char = 'u';

/// Reads one JSON value, as `json.loads` does, within the default [`Limits`].
///
/// Unlike Python, which keeps the last of them, repeated keys are an error: readers that disagree
/// on which one counts have been exploited.
///
/// # Errors
///
/// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) with the position in the text;
/// [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded) for a text
/// that nests deeper than [`Limits::max_depth`].
///
/// ```
/// use hornfels::keras::json;
/// let config = json::parse(r#"{"rate": 1e-05, "seed": null, "max_value": Infinity}"#)?;
/// assert_eq!(config["rate"].as_f64(), Some(0.00001));
/// assert_eq!(json::number(&config["max_value"]), Some(f64::INFINITY));
/// assert_eq!(json::to_string(&config), r#"{"rate": 1e-05, "seed": null, "max_value": Infinity}"#);
/// # Ok::<(), hornfels::Error>(())
/// ```
pub fn parse(text: &str) -> Result<Value> {
    parse_with(text, &Limits::default())
}

/// [`parse`] within the given limits on depth and on the number of values.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with(text: &str, limits: &Limits) -> Result<Value> {
    let mut parser = Parser::new(text);
    let value = parser.value(limits)?;
    parser.end()?;
    Ok(value)
}

/// Writes a value as `json.dumps` does with its defaults.
///
/// ```
/// use hornfels::keras::json;
/// let value = serde_json::json!({"name": "größe", "shape": [null, 3], "epsilon": 1e-7});
/// assert_eq!(json::to_string(&value), r#"{"name": "gr\u00f6\u00dfe", "shape": [null, 3], "epsilon": 1e-07}"#);
/// ```
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    if let Some(container) = begin(&mut out, value) {
        write_container(&mut out, container);
    }
    out
}

/// Writes a JSON object as `json.dumps` does.
pub(crate) fn object_to_string(members: &Map<String, Value>) -> String {
    let mut out = "{".to_owned();
    write_container(&mut out, Rest::Object(members.iter(), false));
    out
}

/// Writes the items of a container whose opening bracket is written, and its closing one.
fn write_container(out: &mut String, container: Rest<'_>) {
    let mut open = vec![container];
    while let Some(container) = open.last_mut() {
        match container.next(out) {
            Some(item) => open.extend(begin(out, item)),
            None => {
                open.pop();
            }
        }
    }
}

/// The items of a container that are still to be written.
enum Rest<'a> {
    Array(std::slice::Iter<'a, Value>, bool),
    Object(map::Iter<'a>, bool),
}

impl<'a> Rest<'a> {
    /// Writes what stands before the next item and gives it, or writes the closing bracket.
    fn next(&mut self, out: &mut String) -> Option<&'a Value> {
        match self {
            Rest::Array(items, started) => {
                let Some(item) = items.next() else {
                    out.push(']');
                    return None;
                };
                separate(out, started);
                Some(item)
            }
            Rest::Object(members, started) => {
                let Some((key, value)) = members.next() else {
                    out.push('}');
                    return None;
                };
                separate(out, started);
                write_string(out, key);
                out.push_str(": ");
                Some(value)
            }
        }
    }
}

fn separate(out: &mut String, started: &mut bool) {
    if *started {
        out.push_str(", ");
    }
    *started = true;
}

/// Writes a scalar, or opens a container and gives what is in it.
fn begin<'a>(out: &mut String, value: &'a Value) -> Option<Rest<'a>> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(string) => match held_number(string) {
            Some(text) => out.push_str(text),
            None => write_string(out, string),
        },
        Value::Array(items) => {
            out.push('[');
            return Some(Rest::Array(items.iter(), false));
        }
        Value::Object(members) => {
            out.push('{');
            return Some(Rest::Object(members.iter(), false));
        }
    }
    None
}

fn write_number(out: &mut String, number: &Number) {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        out.push_str(&number.to_string());
        return;
    };
    // Both print the shortest digits and change to exponents at the same sizes.
    let text = format!("{float:?}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
    let even = halfway_down(float, mantissa)
        // Below a power of two the neighbour may be nearer to another float.
        .filter(|even| format!("{even}e{exponent}").trim_end_matches('e').parse() == Ok(float));
    out.push_str(even.as_deref().unwrap_or(mantissa));
    // Python gives exponents a sign and two digits: 1e-05.
    if let Ok(exponent) = exponent.parse::<i32>() {
        let _infallible = write!(out, "e{exponent:+03}");
    }
}

/// The neighbour below `mantissa`, if `float` is exactly half-way to it and it ends in an even
/// digit: of two equally short and equally near texts Rust prints the upper, Python the even one.
fn halfway_down(float: f64, mantissa: &str) -> Option<String> {
    let significant = |text: &str| {
        let mantissa = text.split('e').next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    };
    let last = mantissa.chars().next_back()?.to_digit(10)?;
    let lower = char::from_digit(last.checked_sub(1)?, 10).filter(|_| last % 2 == 1)?;
    let even = mantissa.get(..mantissa.len().checked_sub(1)?)?.to_owned() + &lower.to_string();
    let halfway = significant(&format!("{even}5"));
    // No float has more than 767 significant digits; 18 of them tell nearly always.
    let exactly = significant(&format!("{float:.17e}")) == halfway
        && significant(&format!("{float:.767e}")) == halfway;
    exactly.then_some(even)
}

fn write_string(out: &mut String, string: &str) {
    out.push('"');
    let mut chars = string.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            MARK => write_marked(out, &mut chars),
            _ => write_escaped(out, c),
        }
    }
    out.push('"');
}

/// Writes what a mark and the characters after it stand for.
fn write_marked(out: &mut String, chars: &mut std::str::Chars<'_>) {
    let after = chars.as_str();
    if let Some(rest) = after.strip_prefix(MARK) {
        *chars = rest.chars();
    } else if let Some(rest) = after.strip_prefix(HELD_SURROGATE)
        && let Some(digits) = rest.get(..4)
        && let Ok(0xD800..=0xDFFF) = u16::from_str_radix(digits, 16)
    {
        let _infallible = write!(out, "\\u{digits}");
        *chars = rest.get(4..).unwrap_or_default().chars();
        return;
    }
    write_escaped(out, MARK);
}

fn write_escaped(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _infallible = write!(out, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests;
