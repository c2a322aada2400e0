//! Text into values, without recursion.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

use std::fmt::Write as _;

use serde_json::{Map, Value, map};

use super::held::{float, held};
use super::{HELD_SURROGATE, MARK};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// A container whose end has not been read yet.
enum Open {
    Array(Vec<Value>),
    /// With the key that the next value belongs to.
    Object(Map<String, Value>, Key),
}

/// A key, and where in the text it is.
pub(super) struct Key {
    pub(super) text: String,
    at: usize,
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

/// A text, and how far it is read.
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Parser { text, at: 0 }
    }

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
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.space();
        let taken = self.peek() == Some(byte);
        if taken {
            self.skip(1);
        }
        taken
    }

    #[cold]
    pub(super) fn unexpected(&self, expected: &str) -> Error {
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

    pub(super) fn end(&mut self) -> Result<()> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end")),
        }
    }

    /// The next value.
    pub(super) fn value(&mut self, limits: &Limits) -> Result<Value> {
        let mut open: Vec<Open> = Vec::new();
        let mut values: u64 = 0;
        loop {
            values = values.saturating_add(1);
            limits.objects(values, "JSON values")?;
            let mut value = match self.start()? {
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
                    return Ok(value);
                };
                match self.after(container, value)? {
                    Next::Item(container) => {
                        open.push(container);
                        break;
                    }
                    Next::Closed(complete) => value = complete,
                }
            }
        }
    }

    /// Goes past the next value, of which only strings and brackets are looked at.
    pub(super) fn skip_value(&mut self, limits: &Limits) -> Result<()> {
        self.space();
        let start = self.at;
        // What brackets are open is not remembered: of the wrong ones nothing is read.
        let mut open: u32 = 0;
        loop {
            match self.peek() {
                Some(b'"') => self.skip_string()?,
                Some(b'[' | b'{') => {
                    self.skip(1);
                    open = open.saturating_add(1);
                    limits.depth(open, "JSON values")?;
                    continue;
                }
                Some(b']' | b'}') if open > 0 => {
                    self.skip(1);
                    open = open.saturating_sub(1);
                }
                Some(b',' | b':') if open > 0 => self.skip(1),
                None | Some(b',' | b':' | b']' | b'}') => return Err(self.unexpected("a value")),
                Some(_) => self.skip_word(),
            }
            if open == 0 && self.at > start {
                return Ok(());
            }
        }
    }

    /// Goes past a number or another word, or past white space.
    fn skip_word(&mut self) {
        let is_end = |byte: &u8| matches!(byte, b',' | b':' | b'"' | b'[' | b']' | b'{' | b'}');
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.skip(rest.iter().position(is_end).unwrap_or(rest.len()));
    }

    fn skip_string(&mut self) -> Result<()> {
        self.skip(1);
        loop {
            let is_end = |byte: &u8| matches!(byte, b'"' | b'\\');
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            match rest.iter().position(is_end) {
                Some(at) if rest.get(at) == Some(&b'"') => {
                    self.skip(at.saturating_add(1));
                    return Ok(());
                }
                // What is escaped begins with a byte of its own.
                Some(at) => self.skip(at.saturating_add(2)),
                None => {
                    self.at = self.text.len();
                    return Err(self.unexpected("a closing quote"));
                }
            }
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
                match members.entry(key.text) {
                    map::Entry::Vacant(entry) => entry.insert(value),
                    map::Entry::Occupied(entry) => return Err(twice(entry.key(), key.at)),
                };
                if self.take(b'}') {
                    return Ok(Next::Closed(Value::Object(members)));
                }
                if !self.take(b',') {
                    return Err(self.unexpected("`,` or `}`"));
                }
                let key = self.key()?;
                Ok(Next::Item(Open::Object(members, key)))
            }
        }
    }

    pub(super) fn key(&mut self) -> Result<Key> {
        self.space();
        let at = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let text = self.string()?;
        if !self.take(b':') {
            return Err(self.unexpected("`:`"));
        }
        Ok(Key { text, at })
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
            let rest = self.rest();
            let plain = plain(rest);
            string.push_str(rest.get(..plain).unwrap_or_default());
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

/// How many bytes at the beginning of a string mean themselves.
fn plain(text: &str) -> usize {
    // The mark's first byte is that of other characters, too.
    const MARKED: u8 = 0xf4;
    let mut from = 0;
    loop {
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        let special = |byte: &u8| matches!(*byte, b'"' | b'\\' | MARKED | 0..0x20);
        let at = match rest.iter().position(special) {
            Some(at) => from.saturating_add(at),
            None => return text.len(),
        };
        match text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(other) if other != MARK && !other.is_ascii() => {
                from = at.saturating_add(other.len_utf8());
            }
            _ => return at,
        }
    }
}

#[cold]
fn twice(key: &str, at: usize) -> Error {
    Error::new(
        ErrorKind::Malformed,
        format!("the key {key:?} occurs twice, at byte {at} of the JSON text"),
    )
}
