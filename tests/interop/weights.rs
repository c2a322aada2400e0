//! Loads weights for `tests/interop/weights_by_object.py` and others: on each line of the input a
//! JSON object with the paths `model` (whole), `weights`, and where given `whole` and `written`, which
//! get the model with these weights, whole and weights only, in the dialect `dialect` if it says
//! so; on each line of the output what became of the weights, or `{"error": text}`.

use std::io::{BufRead, Write};

use hornfels::keras::{Dialect, json};
use hornfels::{
    Error, ErrorKind, LoadOptions, LoadWeightsOptions, Result, SaveOptions, load_model,
};
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match answer(&line?) {
            Ok(report) => report,
            Err(error) => json!({"error": error.to_string()}),
        };
        writeln!(output, "{answer}")?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<Value> {
    let request = json::parse(line)?;
    let text = |key: &str| request.get(key).and_then(Value::as_str);
    let path = |key: &str| {
        let missing = || Error::new(ErrorKind::Malformed, format!("no path `{key}`"));
        text(key).ok_or_else(missing)
    };
    let mut model = load_model(path("model")?)?;
    if text("optimizer") == Some("none") {
        model = LoadOptions::new().compile(false).load(path("model")?)?;
    }
    let report = LoadWeightsOptions::new().load(&mut model, path("weights")?)?;
    let options = match text("dialect") {
        Some("Keras 2") => SaveOptions::new().dialect(Dialect::Keras2),
        Some("Keras 3") => SaveOptions::new().dialect(Dialect::Keras3),
        _ => SaveOptions::new(),
    };
    if let Some(whole) = text("whole") {
        options.save(&model, whole)?;
    }
    if let Some(written) = text("written") {
        options.save_weights(&model, written)?;
    }
    Ok(json!({
        "matched": report.matched.len(),
        "missing": report.missing.len(),
        "unused": report.unused.len(),
        "wrong_shape": report.wrong_shape.len(),
        "text": report.to_string(),
    }))
}
