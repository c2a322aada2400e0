//! Some members of a JSON object, without what follows them.

use serde_json::Value;

use super::parser::Parser;
use crate::error::Result;
use crate::limits::Limits;

/// The members of these names. What comes after the last of them is not read, and of others only
/// where they end.
///
/// # Errors
///
/// As [`parse_with`](super::parse_with), and for what is not an object.
pub(crate) fn pick<const N: usize>(
    text: &str,
    names: [&str; N],
    limits: &Limits,
) -> Result<[Option<Value>; N]> {
    let mut found = [const { None }; N];
    let mut parser = Parser::new(text);
    if !parser.take(b'{') {
        return Err(parser.unexpected("an object"));
    }
    if parser.take(b'}') {
        return Ok(found);
    }
    loop {
        let key = parser.key()?;
        let mut wanted = names.iter().zip(&mut found);
        match wanted.find(|(name, _)| **name == key.text) {
            Some((_, place)) => *place = Some(parser.value(limits)?),
            None => parser.skip_value(limits)?,
        }
        if found.iter().all(Option::is_some) || parser.take(b'}') {
            return Ok(found);
        }
        if !parser.take(b',') {
            return Err(parser.unexpected("`,` or `}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_follows_is_not_read() {
        let text = r#"{"a": {"b": [1]}, "b": 2, "c": 3, then anything"#;
        let found = pick(text, ["c", "b"], &Limits::default()).unwrap();
        assert_eq!(found, [Some(Value::from(3)), Some(Value::from(2))]);
    }

    #[test]
    fn others_are_skipped_whole() {
        for other in [
            r#"{"c": [1, {"d": "]}"}], "e": "\"}"}"#,
            "[[[]], {}]",
            r#""a, \" b""#,
            "-1.5e3",
            "null",
        ] {
            let text = format!(r#"{{"a": {other} , "b":{other}, "c": 3}}"#);
            let found = pick(&text, ["c"], &Limits::default()).unwrap();
            assert_eq!(found, [Some(Value::from(3))], "{text}");
        }
    }

    #[test]
    fn what_nests_deep_is_refused_where_it_is_skipped() {
        let text = format!(r#"{{"a": {}"#, "[".repeat(10_000));
        let error = pick(&text, ["b"], &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }

    #[test]
    fn what_is_not_there_is_none() {
        let found = pick(r#" {"a": 1} "#, ["b"], &Limits::default()).unwrap();
        assert_eq!(found, [None]);
        assert_eq!(pick("{}", ["b"], &Limits::default()).unwrap(), [None]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in [
            "",
            "[]",
            "{",
            r#"{"a" 1}"#,
            r#"{"a": 1]"#,
            r#"{"a": 1"#,
            r#"{"a": }"#,
            r#"{"a": [1"#,
            r#"{"a": [}"#,
            r#"{"a": "1"#,
            r#"{"a": "1\"#,
            r#"{"a""#,
        ] {
            let error = pick(text, ["b"], &Limits::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{text}");
        }
    }
}
