use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

/// Reads and writes `text`; the result is `python`, what `json.dumps(json.loads(text))` gives.
#[track_caller]
fn check(text: &str, python: &str) {
    let value = parse(text).unwrap();
    assert_eq!(to_string(&value), python);
    assert_eq!(parse(python).unwrap(), value);
}

#[track_caller]
fn check_error(text: &str, message: &str) {
    assert_eq!(parse(text).unwrap_err().message(), message);
}

#[test]
fn spacing_is_pythons() {
    check("[1,2 ,\t3]", "[1, 2, 3]");
    check("{\"a\":[],\"b\":{}}", "{\"a\": [], \"b\": {}}");
    check(
        " {\"b\":{\"z\":[[]]},\"a\":null}\n",
        "{\"b\": {\"z\": [[]]}, \"a\": null}",
    );
    check("[true,false,null]", "[true, false, null]");
}

#[test]
fn floats_are_printed_like_repr() {
    check("1.0", "1.0");
    check("-0.0", "-0.0");
    check("0.00001", "1e-05");
    check("0.0001", "0.0001");
    check("1e15", "1000000000000000.0");
    check("1e16", "1e+16");
    check("1.5E+300", "1.5e+300");
    check("1e-7", "1e-07");
    check("5e-324", "5e-324");
    check("1.7976931348623157e308", "1.7976931348623157e+308");
    check("0.0010000000474974513", "0.0010000000474974513");
    check("1e23", "1e+23");
    check("5.684341886080802e-14", "5.684341886080802e-14");
    check("9007199254740993.0", "9007199254740992.0");
    // Half-way between two texts of the same length: the even one.
    check("2.98023223876953125e-8", "2.9802322387695312e-08");
    check("5.9604644775390625e-8", "5.960464477539063e-08");
    check("-1021360367120630.25", "-1021360367120630.2");
    check("1834984740671180.25", "1834984740671180.2");
}

#[test]
fn integers_stay_integers_of_any_size() {
    check("0", "0");
    check("-0", "0");
    check("9223372036854775807", "9223372036854775807");
    check("18446744073709551615", "18446744073709551615");
    check("18446744073709551616", "18446744073709551616");
    check("-9223372036854775809", "-9223372036854775809");
    assert_eq!(
        number(&parse("18446744073709551616").unwrap()),
        Some(18446744073709551616.0)
    );
}

#[test]
fn what_is_not_a_number_is_unquoted() {
    check("[NaN,Infinity,-Infinity]", "[NaN, Infinity, -Infinity]");
    check("1e999", "Infinity");
    check("-1e999", "-Infinity");
    check("[\"NaN\", \"Infinity\"]", "[\"NaN\", \"Infinity\"]");
    assert!(number(&parse("NaN").unwrap()).unwrap().is_nan());
    assert_eq!(number(&parse("\"NaN\"").unwrap()), None);
    assert_eq!(number(&float(2.5)), Some(2.5));
}

#[test]
fn strings_are_ascii() {
    check(r#""a\/b""#, r#""a/b""#);
    check(r#""\u00e9\n\u001f\"\\""#, r#""\u00e9\n\u001f\"\\""#);
    check("\"é\u{7f}😀\"", r#""\u00e9\u007f\ud83d\ude00""#);
    check(r#"{"\u00fc": 1}"#, r#"{"\u00fc": 1}"#);
}

#[test]
fn unpaired_surrogates_survive() {
    check(r#""\ud83d""#, r#""\ud83d""#);
    check(r#""\ude00\ud83d""#, r#""\ude00\ud83d""#);
    check(r#""\ud83dA""#, r#""\ud83dA""#);
    check(r#""\ud83d\u0041""#, r#""\ud83dA""#);
    check(r#""\ud83d\ud83d\ude00""#, r#""\ud83d\ud83d\ude00""#);
}

#[test]
fn the_mark_itself_survives() {
    check("\"\u{10FFFD}=NaN\"", r#""\udbff\udffd=NaN""#);
    check(r#""\udbff\udffd=NaN""#, r#""\udbff\udffd=NaN""#);
    check(
        "\"\u{10FFFD}\u{10FFFD}ud800\"",
        r#""\udbff\udffd\udbff\udffdud800""#,
    );
    // Values that `parse` does not make are still written as strings.
    let made = Value::String("\u{10FFFD}=], [".to_owned());
    assert_eq!(to_string(&made), r#""\udbff\udffd=], [""#);
}

#[test]
fn errors_name_the_position() {
    check_error(
        "",
        "the text ends at byte 0 of the JSON text, expected a value",
    );
    check_error(
        "[1 2]",
        "found '2' at byte 3 of the JSON text, expected `,` or `]`",
    );
    check_error(
        "[1,]",
        "found ']' at byte 3 of the JSON text, expected a value",
    );
    check_error(
        "{\"a\" 1}",
        "found '1' at byte 5 of the JSON text, expected `:`",
    );
    check_error(
        "{1: 2}",
        "found '1' at byte 1 of the JSON text, expected a key in double quotes",
    );
    check_error(
        "01",
        "found '1' at byte 1 of the JSON text, expected the end",
    );
    check_error(
        "1.",
        "the text ends at byte 2 of the JSON text, expected a digit",
    );
    check_error(
        "\"a\nb\"",
        "found '\\n' at byte 2 of the JSON text, expected a closing quote",
    );
    check_error(
        "\"\\u12",
        "found '1' at byte 3 of the JSON text, expected four hex digits",
    );
    check_error(
        "nul",
        "found 'n' at byte 0 of the JSON text, expected a value",
    );
    check_error(
        r#"{"a": 1, "a": 2}"#,
        "the key \"a\" occurs twice, at byte 9 of the JSON text",
    );
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(
        parse(&nested(101)).is_ok(),
        "the innermost is empty and opens nothing"
    );
    let error = parse(&nested(102)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(
        error.message(),
        "JSON values nest deeper than the limit of 100"
    );
    let deep = nested(10_001);
    let value = parse_with(&deep, &Limits::unlimited()).unwrap();
    assert_eq!(to_string(&value), deep);
    assert!(parse(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn values_are_counted() {
    let few = Limits {
        max_objects: 3,
        ..Limits::default()
    };
    assert!(parse_with("[1, 2]", &few).is_ok());
    let error = parse_with("[1, 2, 3]", &few).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(float),
        ".*".prop_map(|text| parse(&serde_json::to_string(&text).unwrap()).unwrap()),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-z]{0,3}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_comes_back(value in any_value()) {
        let text = to_string(&value);
        prop_assert!(text.is_ascii());
        prop_assert_eq!(parse(&text).unwrap(), value);
    }

    #[test]
    fn any_text_is_refused_or_stable(text in ".*") {
        if let Ok(value) = parse(&text) {
            let written = to_string(&value);
            prop_assert_eq!(parse(&written).unwrap(), value);
        }
    }
}
