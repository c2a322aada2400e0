//! Translates configs for `tests/interop/dialects.py`: on each line of the input
//! `["Keras 2" | "Keras 3", object]`, on each line of the output the object in the other dialect
//! or `{"error": text}`.

use std::io::{BufRead, Write};

use hornfels::keras::{Dialect, Object, json, translate};
use hornfels::{Error, Result};

fn main() -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match translated(&line?) {
            Ok(object) => object.to_string(),
            Err(error) => json::to_string(&serde_json::json!({"error": error.to_string()})),
        };
        writeln!(output, "{answer}")?;
    }
    Ok(())
}

fn translated(line: &str) -> Result<Object> {
    let malformed = || {
        Error::new(
            hornfels::ErrorKind::Malformed,
            "expected `[dialect, object]`",
        )
    };
    let mut request = json::parse(line)?;
    let from = match request.get(0).and_then(|from| from.as_str()) {
        Some("Keras 2") => Dialect::Keras2,
        Some("Keras 3") => Dialect::Keras3,
        _ => return Err(malformed()),
    };
    let object = request
        .get_mut(1)
        .map(serde_json::Value::take)
        .ok_or_else(malformed)?;
    let to = match from {
        Dialect::Keras2 => Dialect::Keras3,
        _ => Dialect::Keras2,
    };
    translate(&Object::from_json(object, from)?, to)
}
