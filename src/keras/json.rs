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

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

mod held;

pub use held::{float, number};
use held::{held, held_number};

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
/// [`ErrorKind::Malformed`] with the position in the text; [`ErrorKind::LimitExceeded`] for a text
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
    let mut parser = Parser { text, at: 0 };
    let mut open: Vec<Open> = Vec::new();
    let mut values: u64 = 0;
    loop {
        values = values.saturating_add(1);
        limits.objects(values, "JSON values")?;
        let mut value = match parser.start()? {
            Start::Value(value) => value,
            Start::Open(container) => {
                let depth = u32::try_from(open.len()).unwrap_or(u32::MAX);
                limits.depth(depth.saturating_add(1), "JSON values")?;
                open.push(container);
                continue;
            }
        };
        // The value is complete; with it, perhaps, the containers around it.
        loop {
            let Some(container) = open.pop() else {
                parser.end()?;
                return Ok(value);
            };
            match parser.after(container, value)? {
                Next::Item(container) => {
                    open.push(container);
                    break;
                }
                Next::Closed(complete) => value = complete,
            }
        }
    }
}

/// A container whose end has not been read yet.
enum Open {
    Array(Vec<Value>),
    /// With the key that the next value belongs to.
    Object(Map<String, Value>, String),
}

/// What the next bytes begin.
enum Start {
    Value(Value),
    Open(Open),
}

/// What follows an item of a container.
enum Next {
    Item(Open),
    Closed(Value),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.skip(1);
        }
    }

    /// Skips white space and `byte`, if that is what follows.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let taken = self.peek() == Some(byte);
        if taken {
            self.skip(1);
        }
        taken
    }

    #[cold]
    fn unexpected(&self, expected: &str) -> Error {
        let found = match self.rest().chars().next() {
            Some(found) => format!("found {found:?}"),
            None => "the text ends".to_owned(),
        };
        let at = self.at;
        Error::new(
            ErrorKind::Malformed,
            format!("{found} at byte {at} of the JSON text, expected {expected}"),
        )
    }

    fn end(&mut self) -> Result<()> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end")),
        }
    }

    fn start(&mut self) -> Result<Start> {
        self.space();
        let value = match self.peek() {
            Some(b'[') => {
                self.skip(1);
                if !self.take(b']') {
                    return Ok(Start::Open(Open::Array(Vec::new())));
                }
                Value::Array(Vec::new())
            }
            Some(b'{') => {
                self.skip(1);
                if !self.take(b'}') {
                    let key = self.key()?;
                    return Ok(Start::Open(Open::Object(Map::new(), key)));
                }
                Value::Object(Map::new())
            }
            Some(b'"') => Value::String(self.string()?),
            _ => self.scalar()?,
        };
        Ok(Start::Value(value))
    }

    /// Puts `value` into `container` and reads what follows: a comma or the container's end.
    fn after(&mut self, container: Open, value: Value) -> Result<Next> {
        match container {
            Open::Array(mut items) => {
                items.push(value);
                if self.take(b',') {
                    Ok(Next::Item(Open::Array(items)))
                } else if self.take(b']') {
                    Ok(Next::Closed(Value::Array(items)))
                } else {
                    Err(self.unexpected("`,` or `]`"))
                }
            }
            Open::Object(mut members, key) => {
                members.insert(key, value);
                if self.take(b'}') {
                    return Ok(Next::Closed(Value::Object(members)));
                }
                if !self.take(b',') {
                    return Err(self.unexpected("`,` or `}`"));
                }
                self.space();
                let at = self.at;
                let key = self.key()?;
                if members.contains_key(&key) {
                    return Err(Error::new(
                        ErrorKind::Malformed,
                        format!("the key {key:?} occurs twice, at byte {at} of the JSON text"),
                    ));
                }
                Ok(Next::Item(Open::Object(members, key)))
            }
        }
    }

    fn key(&mut self) -> Result<String> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let key = self.string()?;
        if !self.take(b':') {
            return Err(self.unexpected("`:`"));
        }
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value> {
        const WORDS: [(&str, Value); 3] = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in WORDS {
            if self.rest().starts_with(word) {
                self.skip(word.len());
                return Ok(value);
            }
        }
        for word in ["NaN", "Infinity", "-Infinity"] {
            if self.rest().starts_with(word) {
                self.skip(word.len());
                return Ok(held(word));
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.skip(1);
        }
        match self.peek() {
            Some(b'0') => self.skip(1),
            Some(b'1'..=b'9') => self.digits()?,
            _ => {
                self.at = from;
                return Err(self.unexpected("a value"));
            }
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.skip(1);
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.skip(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.skip(1);
            }
            self.digits()?;
        }
        let text = self.text.get(from..self.at).unwrap_or_default();
        if !integer {
            // A decimal number always parses; one too large for a float is infinite, as in Python.
            return Ok(float(text.parse().unwrap_or(f64::NAN)));
        }
        if let Ok(number) = text.parse::<i64>() {
            return Ok(Value::from(number));
        }
        match text.parse::<u64>() {
            Ok(number) => Ok(Value::from(number)),
            Err(_) => Ok(held(text)),
        }
    }

    fn digits(&mut self) -> Result<()> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected("a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.skip(1);
        }
        Ok(())
    }

    fn string(&mut self) -> Result<String> {
        self.skip(1);
        let mut string = String::new();
        loop {
            let plain = self
                .rest()
                .find(|c: char| matches!(c, '"' | '\\' | MARK | '\0'..='\x1f'))
                .unwrap_or(self.rest().len());
            string.push_str(self.rest().get(..plain).unwrap_or_default());
            self.skip(plain);
            match self.rest().chars().next() {
                Some('"') => {
                    self.skip(1);
                    return Ok(string);
                }
                Some('\\') => {
                    self.skip(1);
                    self.escape(&mut string)?;
                }
                Some(MARK) => {
                    self.skip(MARK.len_utf8());
                    string.extend([MARK, MARK]);
                }
                _ => return Err(self.unexpected("a closing quote")),
            }
        }
    }

    fn escape(&mut self, string: &mut String) -> Result<()> {
        let plain = match self.peek() {
            Some(b'u') => {
                self.skip(1);
                return self.unicode_escape(string);
            }
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu`")),
        };
        self.skip(1);
        string.push(plain);
        Ok(())
    }

    fn unicode_escape(&mut self, string: &mut String) -> Result<()> {
        let unit = self.hex4()?;
        let paired_from = self.at;
        let high = (0xD800..0xDC00).contains(&unit);
        let low = if high && self.rest().starts_with("\\u") {
            self.skip(2);
            Some(self.hex4()?)
        } else {
            None
        };
        match char::decode_utf16([unit].into_iter().chain(low)).next() {
            Some(Ok(MARK)) => string.extend([MARK, MARK]),
            Some(Ok(decoded)) => string.push(decoded),
            _ => {
                // Python keeps an unpaired surrogate; what followed it is read again.
                self.at = paired_from;
                string.extend([MARK, HELD_SURROGATE]);
                let _infallible = write!(string, "{unit:04x}");
            }
        }
        Ok(())
    }

    fn hex4(&mut self) -> Result<u16> {
        let digits = self.rest().get(..4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.unexpected("four hex digits"));
        }
        self.skip(4);
        u16::from_str_radix(digits, 16).map_err(|_| self.unexpected("four hex digits"))
    }
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
