//! Files that fill tables, with a token in each line: `spec/saved_model.md#tables`.

use crate::error::Result;
use crate::graph::{Edge, FunctionBuilder};
use crate::layers::{TableSide, TableSpec};
use crate::tensor::{DType, Tensor};

/// What TensorFlow takes from the file: the number of a line, or the line itself.
const LINE_NUMBER: i64 = -1;
const WHOLE_LINE: i64 = -2;

/// A vocabulary as a file, and what its lines are in the table.
#[derive(Debug, PartialEq)]
pub(super) struct VocabularyFile {
    /// The lines, each with its end.
    pub(super) lines: Vec<u8>,
    side: TableSide,
    /// What the first line is on the other side.
    first: i64,
}

impl VocabularyFile {
    /// The file that fills this table; none if no file does.
    pub(super) fn of(table: &TableSpec) -> Option<VocabularyFile> {
        let side = table.vocabulary?;
        let (tokens, indices) = match side {
            TableSide::Keys => (&table.keys, &table.values),
            TableSide::Values => (&table.values, &table.keys),
        };
        Some(VocabularyFile {
            lines: lines(tokens)?,
            side,
            first: first(indices)?,
        })
    }

    /// Adds the operation that fills `table` from the file at `path`.
    pub(super) fn fill(
        &self,
        function: &mut FunctionBuilder,
        table: &Edge,
        path: &Edge,
    ) -> Result<()> {
        let (key, value) = match self.side {
            TableSide::Keys => (WHOLE_LINE, LINE_NUMBER),
            TableSide::Values => (LINE_NUMBER, WHOLE_LINE),
        };
        let fill = function.op("InitializeTableFromTextFileV2");
        let fill = fill.input(table).input(path);
        let fill = fill.attr("key_index", key).attr("value_index", value);
        fill.attr("offset", self.first).node()?;
        Ok(())
    }
}

/// The number that the others follow; TensorFlow's lines have numbers of 64 bits only.
fn first(indices: &Tensor<'_>) -> Option<i64> {
    if indices.dtype() != DType::Int64 {
        return None;
    }
    let numbers = indices.to_vec::<i64>().ok()?;
    let first = *numbers.first()?;
    let follow = |pair: &[i64]| match pair {
        [one, next] => one.checked_add(1) == Some(*next),
        _ => false,
    };
    numbers.windows(2).all(follow).then_some(first)
}

/// A line for each token; none if there is a token that no line can be.
fn lines(tokens: &Tensor<'_>) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    match tokens.string_values() {
        Some(texts) => {
            for text in texts {
                // TensorFlow leaves carriage returns out wherever they are, and refuses empty lines.
                if text.is_empty() || text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
                    return None;
                }
                lines.extend_from_slice(text);
                lines.push(b'\n');
            }
        }
        None => {
            // TensorFlow has no tables from int32 to int64.
            let is_number = tokens.dtype() == DType::Int64;
            let numbers = is_number.then(|| tokens.to_vec::<i64>().ok())??;
            for number in numbers {
                lines.extend_from_slice(number.to_string().as_bytes());
                lines.push(b'\n');
            }
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(keys: Tensor<'static>, values: Tensor<'static>, side: TableSide) -> TableSpec {
        TableSpec {
            path: String::new(),
            keys,
            values,
            vocabulary: Some(side),
        }
    }

    fn texts(texts: &[&str]) -> Tensor<'static> {
        let texts: Vec<Vec<u8>> = texts.iter().map(|it| it.as_bytes().to_vec()).collect();
        let len = u64::try_from(texts.len()).unwrap();
        Tensor::strings(texts, [len]).unwrap()
    }

    fn numbers(numbers: &[i64]) -> Tensor<'static> {
        let len = u64::try_from(numbers.len()).unwrap();
        Tensor::from_vec(numbers.to_vec(), [len]).unwrap()
    }

    #[test]
    fn a_vocabulary_is_a_file_whichever_side_it_is() {
        let words = table(texts(&["b", " a "]), numbers(&[2, 3]), TableSide::Keys);
        let found = VocabularyFile::of(&words).unwrap();
        assert_eq!(found.lines, b"b\n a \n");
        assert_eq!((found.side, found.first), (TableSide::Keys, 2));
        // Both sides count on by one.
        let inverted = table(numbers(&[1, 2]), numbers(&[7, 8]), TableSide::Values);
        let found = VocabularyFile::of(&inverted).unwrap();
        assert_eq!(found.lines, b"7\n8\n");
        assert_eq!((found.side, found.first), (TableSide::Values, 1));
    }

    #[test]
    fn what_no_file_holds_is_none() {
        let none = |keys, values| {
            let table = table(keys, values, TableSide::Keys);
            assert_eq!(VocabularyFile::of(&table), None);
        };
        none(texts(&["a\nb"]), numbers(&[1]));
        none(texts(&["a\r"]), numbers(&[1]));
        none(texts(&["a", ""]), numbers(&[1, 2]));
        none(texts(&["a", "b"]), numbers(&[1, 3]));
        none(texts(&[]), numbers(&[]));
        none(texts(&["a"]), Tensor::from_vec(vec![1_i32], [1]).unwrap());
        none(Tensor::from_vec(vec![0.5_f32], [1]).unwrap(), numbers(&[1]));
        let other = TableSpec {
            vocabulary: None,
            ..table(texts(&["a"]), numbers(&[1]), TableSide::Keys)
        };
        assert_eq!(VocabularyFile::of(&other), None);
    }
}
