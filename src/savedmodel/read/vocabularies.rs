//! Vocabularies from tables into configs, where TensorFlow leaves them out:
//! `spec/saved_model.md#vocabularies`.

use serde_json::{Map, Value, json};

use super::directory::Directory;
use super::objects::NodeId;
use super::tables::{Column, Table};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::limits::Limits;

/// Tells Keras, where the vocabulary is not in the config, whether it was.
const WAS_GIVEN: &str = "has_input_vocabulary";
const WEIGHTS: &str = "idf_weights";

/// Puts the vocabulary of a layer with a table, and what each token counts, into its config.
pub(super) fn complete(
    directory: &Directory<'_>,
    layer: NodeId,
    config: &mut Map<String, Value>,
    limits: &Limits,
) -> Result<()> {
    let found = directory.tables.of_layer(&directory.objects, layer);
    let Some((lookup, table)) = found else {
        return Ok(());
    };
    let Vocabulary { mut tokens, first } = vocabulary(table, config, limits)?;
    config.shift_remove(WAS_GIVEN);
    let given = config.get("vocabulary").and_then(Value::as_array);
    if tokens.is_empty() || given.is_some_and(|given| given.ends_with(&tokens)) {
        return Ok(());
    }
    let mode = config.get("output_mode").and_then(Value::as_str);
    if matches!(mode, Some("tf_idf" | "tf-idf")) {
        // The weights begin with those of what is not known: so the vocabulary has to.
        let unknown = config.get("oov_token").filter(|it| !it.is_null());
        let unknown = unknown.cloned().unwrap_or_else(|| json!("[UNK]"));
        limits.objects(u64::try_from(first).unwrap_or(u64::MAX), "unknown tokens")?;
        tokens.splice(0..0, std::iter::repeat_n(unknown, first));
        let mut weights = weights(directory, lookup)?;
        if weights.len() < tokens.len() {
            let (found, expected) = (weights.len(), tokens.len());
            let message = format!("{found} `{WEIGHTS}` for a vocabulary of {expected}");
            return Err(Error::new(ErrorKind::Malformed, message));
        }
        // Behind are those that `pad_to_max_tokens` adds.
        weights.truncate(tokens.len());
        config.insert(WEIGHTS.to_owned(), Value::from(weights));
    }
    config.insert("vocabulary".to_owned(), Value::Array(tokens));
    Ok(())
}

/// The numbers that the variable of a lookup holds.
fn weights(directory: &Directory<'_>, lookup: NodeId) -> Result<Vec<f64>> {
    let variable = directory.objects.child(lookup, WEIGHTS);
    let key = variable.and_then(|id| directory.objects.value_key(id));
    let key = key.ok_or_else(|| {
        let message = format!("`tf_idf` without the variable `{WEIGHTS}`");
        Error::new(ErrorKind::Malformed, message)
    })?;
    let values = directory.checkpoint.tensor(key)?;
    values.to_f64_vec().within(|| format!("`{WEIGHTS}`"))
}

/// Tokens in the order of their indices, which begin with `first`.
#[derive(Debug, PartialEq)]
struct Vocabulary {
    tokens: Vec<Value>,
    first: usize,
}

fn vocabulary(table: &Table, config: &Map<String, Value>, limits: &Limits) -> Result<Vocabulary> {
    let [keys, values] = match table {
        Table::Lines(bytes) => {
            let is_text = !config.contains_key("vocabulary_dtype")
                || config.get("vocabulary_dtype").and_then(Value::as_str) == Some("string");
            return lines(bytes, is_text, limits);
        }
        Table::Entries(columns) => &**columns,
    };
    let invert = config.get("invert").and_then(Value::as_bool) == Some(true);
    let (tokens, indices) = match invert {
        true => (values, keys),
        false => (keys, values),
    };
    let Column::Numbers(indices) = indices else {
        let message = "texts in the place of indices";
        return Err(Error::new(ErrorKind::Malformed, message));
    };
    let tokens = match tokens {
        Column::Texts(texts) => texts.iter().map(|it| text(it)).collect::<Result<_>>()?,
        Column::Numbers(numbers) => numbers.iter().copied().map(Value::from).collect::<Vec<_>>(),
    };
    let mut entries: Vec<(i64, Value)> = indices.iter().copied().zip(tokens).collect();
    entries.sort_by_key(|(index, _)| *index);
    let first = entries.first().map_or(0, |(index, _)| *index);
    let is_whole = entries.windows(2).all(|pair| match pair {
        [(one, _), (next, _)] => one.checked_add(1) == Some(*next),
        _ => false,
    });
    let first = usize::try_from(first).ok().filter(|_| is_whole);
    let first = first.ok_or_else(|| {
        let message = "indices that do not follow one on the other, expected one for each token";
        Error::new(ErrorKind::Malformed, message)
    })?;
    Ok(Vocabulary {
        tokens: entries.into_iter().map(|(_, token)| token).collect(),
        first,
    })
}

/// The lines of a file, as TensorFlow reads them: without carriage returns, wherever they are.
fn lines(bytes: &[u8], is_text: bool, limits: &Limits) -> Result<Vocabulary> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut tokens = Vec::new();
    if !bytes.is_empty() {
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line: Vec<u8> = line.iter().copied().filter(|it| *it != b'\r').collect();
            let place = || format!("line {}", index.saturating_add(1));
            let count = u64::try_from(index).unwrap_or(u64::MAX);
            limits.objects(count, "lines of a vocabulary")?;
            let token = text(&line).within(place)?;
            tokens.push(match is_text {
                true => token,
                false => number(&token).within(place)?,
            });
        }
    }
    Ok(Vocabulary { tokens, first: 0 })
}

fn text(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| {
        let message = format!("the token {}, expected UTF-8", bytes.escape_ascii());
        Error::new(ErrorKind::Malformed, message)
    })?;
    Ok(Value::from(text))
}

fn number(token: &Value) -> Result<Value> {
    let number = token.as_str().and_then(|it| it.trim().parse::<i64>().ok());
    let number = number.ok_or_else(|| {
        let message = format!("the token {token}, expected a whole number");
        Error::new(ErrorKind::Malformed, message)
    })?;
    Ok(Value::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: Column, values: Column, config: Value) -> Result<Vocabulary> {
        let Value::Object(config) = config else {
            panic!("no config")
        };
        let table = Table::Entries(Box::new([keys, values]));
        vocabulary(&table, &config, &Limits::default())
    }

    fn texts(texts: &[&str]) -> Column {
        Column::Texts(texts.iter().map(|it| it.as_bytes().to_vec()).collect())
    }

    #[test]
    fn tokens_are_in_the_order_of_their_indices() {
        let expected = Vocabulary {
            tokens: vec![json!("a"), json!("b"), json!("c")],
            first: 2,
        };
        let plain = found(
            texts(&["c", "a", "b"]),
            Column::Numbers(vec![4, 2, 3]),
            json!({}),
        );
        assert_eq!(plain.unwrap(), expected);
        let inverted = found(
            Column::Numbers(vec![4, 2, 3]),
            texts(&["c", "a", "b"]),
            json!({"invert": true}),
        );
        assert_eq!(inverted.unwrap(), expected);
    }

    #[test]
    fn what_is_no_vocabulary_is_refused() {
        #[track_caller]
        fn refused(keys: Column, values: Column, word: &str) {
            let error = found(keys, values, json!({})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed);
            assert!(error.message().contains(word), "{error}");
        }
        let two = || texts(&["a", "b"]);
        refused(two(), two(), "texts");
        refused(two(), Column::Numbers(vec![1, 3]), "follow");
        refused(two(), Column::Numbers(vec![-1, 0]), "follow");
        refused(two(), Column::Numbers(vec![i64::MAX, i64::MAX]), "follow");
        let bytes = Column::Texts(vec![vec![0xe9]]);
        refused(bytes, Column::Numbers(vec![1]), "\\xe9");
    }

    #[test]
    fn files_have_a_token_in_each_line() {
        let limits = Limits::default();
        let found = lines(b"a\r\nb \rc\n", true, &limits).unwrap();
        assert_eq!(found.tokens, [json!("a"), json!("b c")]);
        let found = lines(b"5\n-6", false, &limits).unwrap();
        assert_eq!(found.tokens, [json!(5), json!(-6)]);
        let error = lines(b"5\nsix\n", false, &limits).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
