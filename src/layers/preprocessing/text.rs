//! Texts as indices of their words: `spec/layers.md#lookups`.

use serde_json::Value;

use super::encode::Encoding;
use super::lookup::TABLE;
use super::{StringLookup, TextVectorization};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::keras::{Dialect, Object};
use crate::layers::lower::size;
use crate::layers::shape::mismatch;
use crate::layers::{Call, InnerLayer, Inputs};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

/// The attribute that holds the layer which looks words up.
pub(super) const LOOKUP: &str = "_lookup_layer";

/// What Keras takes for punctuation.
const PUNCTUATION: &str = r##"[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']"##;

/// The words of texts, text by text.
struct Words {
    values: Edge,
    /// The text of each word, and how many texts there are; or where the words of each begin.
    parts: Parts,
}

enum Parts {
    Texts {
        of_words: Edge,
        count: Edge,
    },
    Splits(Edge),
    /// As many words in each: the values have an axis more.
    Equal,
}

impl TextVectorization {
    /// How many words in a row count as one.
    fn widths(&self) -> Result<Option<Vec<i64>>> {
        let wrong = || {
            mismatch(format!(
                "`ngrams` is {}, expected a number or numbers",
                self.ngrams
            ))
        };
        match &self.ngrams {
            Value::Null => Ok(None),
            Value::Number(most) => {
                let most = most.as_i64().filter(|most| (1..=1000).contains(most));
                Ok(Some((1..=most.ok_or_else(wrong)?).collect()))
            }
            other => {
                let list = other.as_array().or_else(|| other.get("items")?.as_array());
                let widths = list.ok_or_else(wrong)?.iter().map(Value::as_i64);
                let widths: Option<Vec<i64>> = widths.collect();
                widths.map(Some).ok_or_else(wrong)
            }
        }
    }
}

pub(super) fn vectorize(layer: &TextVectorization, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    if layer.ragged || layer.sparse {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "`ragged` or `sparse` is true, so that it gives no plain tensor",
        )
        .with_hint("make the layer without, and with `output_sequence_length` if needed"));
    }
    if layer.output_mode.is_none() {
        return unchanged(layer, call);
    }
    let lookup = layer.lookup();
    let encoding = lookup.encoding()?;
    let table = call.table(&format!("{LOOKUP}/{TABLE}"))?;
    let (x, rank) = (call.tensor()?, call.shape()?.rank());
    let f = &mut *call.function;
    let texts = standardized(layer, f, x)?;
    let mut words = split(layer, f, &texts, rank)?;
    if let Some(widths) = layer.widths()? {
        words = joined(f, words, widths)?;
    }
    if lookup.mode == "int" {
        // Padding is looked up as what stands for nothing: before the lookup, converters know its
        // shape.
        let words = words.padded(f, layer.output_sequence_length)?;
        return Ok(vec![lookup.find(f, table, &words, DataType::DT_INT64)?]);
    }
    words.values = lookup.find(f, table, &words.values, DataType::DT_INT64)?;
    let counts = match words.parts {
        Parts::Equal => encoding.counted(f, &words.values, None, DataType::DT_FLOAT)?,
        _ => words.counted(f, &encoding)?,
    };
    Ok(vec![lookup.weighed(f, &counts)?])
}

/// Texts made alike that are not looked up.
fn unchanged(layer: &TextVectorization, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    if !layer.split.is_null() || !layer.ngrams.is_null() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "`output_mode` is null, so that it gives as many words as each text has, which is no plain tensor",
        )
        .with_hint("make the layer with an `output_mode`, or with `split=None` and without `ngrams`"));
    }
    let x = call.tensor()?;
    Ok(vec![standardized(layer, call.function, x)?])
}

/// Texts made alike.
fn standardized(layer: &TextVectorization, f: &mut FunctionBuilder, x: &Edge) -> Result<Edge> {
    let (lower, strip) = match &layer.standardize {
        Value::Null => (false, false),
        Value::String(name) => match name.as_str() {
            "lower_and_strip_punctuation" => (true, true),
            "lower" => (true, false),
            "strip_punctuation" => (false, true),
            _ => return Err(python("standardize")),
        },
        _ => return Err(python("standardize")),
    };
    let mut x = x.clone();
    if lower {
        x = f.op("StringLower").input(&x).one()?;
    }
    if strip {
        let replace = f.op("StaticRegexReplace").input(&x);
        x = replace
            .attr("pattern", PUNCTUATION)
            .attr("rewrite", "")
            .one()?;
    }
    Ok(x)
}

#[cold]
fn python(argument: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("`{argument}` is a function of Python, which no traced function is known for"),
    )
    .with_hint("make the layer without, and prepare texts before; or save as .h5")
}

fn split(
    layer: &TextVectorization,
    f: &mut FunctionBuilder,
    texts: &Edge,
    rank: usize,
) -> Result<Words> {
    if layer.split.is_null() {
        return Ok(Words {
            values: texts.clone(),
            parts: Parts::Equal,
        });
    }
    let texts = match rank {
        1 => texts.clone(),
        _ => f.squeeze(texts, &[-1])?,
    };
    match layer.split.as_str() {
        Some("whitespace") => {
            let separator = f.constant(Constant::string(""));
            let split = f
                .op("StringSplitV2")
                .input(&texts)
                .input(&separator)
                .all()?;
            let [places, values, shape] = split.as_slice() else {
                return Err(mismatch("a split without places"));
            };
            let column = |f: &mut FunctionBuilder| {
                let (begin, end, step) = (
                    f.constant([0_i32, 0]),
                    f.constant([0_i32, 1]),
                    f.constant([1_i32, 1]),
                );
                let slice = f.op("StridedSlice").input(places).input(&begin);
                let slice = slice.input(&end).input(&step).attr("begin_mask", 1_i64);
                slice
                    .attr("end_mask", 1_i64)
                    .attr("shrink_axis_mask", 2_i64)
                    .one()
            };
            Ok(Words {
                values: values.clone(),
                parts: Parts::Texts {
                    of_words: column(f)?,
                    count: f.size_at(shape, 0)?,
                },
            })
        }
        Some("character") => characters(f, &texts),
        _ => Err(python("split")),
    }
}

/// Each character as a word.
fn characters(f: &mut FunctionBuilder, texts: &Edge) -> Result<Words> {
    let decode = f.op("UnicodeDecode").input(texts);
    let decoded = decode.attr("input_encoding", "UTF-8").all()?;
    let [splits, points] = decoded.as_slice() else {
        return Err(mismatch("characters without splits"));
    };
    let shape = f
        .op("Shape")
        .input(points)
        .attr("out_type", DataType::DT_INT64)
        .one()?;
    let count = f.size_at(&shape, 0)?;
    let one = f.constant(1_i64);
    let end = f.add(&count, &one)?;
    let zero = f.constant(0_i64);
    let each = f.op("Range").input(&zero).input(&end).input(&one).one()?;
    let encode = f.op("UnicodeEncode").input(points).input(&each);
    Ok(Words {
        values: encode.attr("output_encoding", "UTF-8").one()?,
        parts: Parts::Splits(splits.clone()),
    })
}

/// So many words in a row as one.
fn joined(f: &mut FunctionBuilder, words: Words, widths: Vec<i64>) -> Result<Words> {
    let is_equal = matches!(words.parts, Parts::Equal);
    let splits = words.splits(f)?;
    let values = match is_equal {
        true => f.reshape(&words.values, &[-1])?,
        false => words.values,
    };
    let joined = f.op("StringNGrams").input(&values).input(&splits);
    let joined = joined
        .attr("separator", " ")
        .attr("ngram_widths", widths)
        .attr("left_pad", "")
        .attr("right_pad", "")
        .attr("pad_width", 0_i64)
        .attr("preserve_short_sequences", false)
        .all()?;
    let [values, splits] = joined.as_slice() else {
        return Err(mismatch("words without splits"));
    };
    Ok(Words {
        values: values.clone(),
        parts: Parts::Splits(splits.clone()),
    })
}

impl Words {
    /// Where the words of each text begin, and where the last ones end.
    fn splits(&self, f: &mut FunctionBuilder) -> Result<Edge> {
        let lengths = match &self.parts {
            Parts::Splits(splits) => return Ok(splits.clone()),
            Parts::Texts { of_words, count } => {
                let nothing = f.constant(Vec::<i64>::new());
                let lengths = f.op("DenseBincount").input(of_words).input(count);
                lengths.input(&nothing).one()?
            }
            Parts::Equal => {
                let shape = f.op("Shape").input(&self.values);
                let shape = shape.attr("out_type", DataType::DT_INT64).one()?;
                let rows = f.size_at(&shape, 0)?;
                let rows = f.pack(&[rows])?;
                let length = f.size_at(&shape, 1)?;
                f.op("Fill").input(&rows).input(&length).one()?
            }
        };
        let axis = f.constant(0_i32);
        let ends = f.op("Cumsum").input(&lengths).input(&axis).one()?;
        let first = f.constant([0_i64]);
        f.concat(&[first, ends], 0)
    }

    /// The words of each text in a row, cut or filled with empty ones.
    fn padded(self, f: &mut FunctionBuilder, length: Option<u64>) -> Result<Edge> {
        let (partitions, kinds) = match self.parts {
            Parts::Equal => return fitted(f, &self.values, length),
            Parts::Texts { of_words, count } => (
                vec![count, of_words],
                vec!["FIRST_DIM_SIZE", "VALUE_ROWIDS"],
            ),
            Parts::Splits(splits) => (vec![splits], vec!["ROW_SPLITS"]),
        };
        let length = length.map_or(-1, |it| i64::try_from(it).unwrap_or(i64::MAX));
        let shape = f.constant([-1_i64, length]);
        let nothing = f.constant(Constant::string(""));
        let padded = f
            .op("RaggedTensorToTensor")
            .input(&shape)
            .input(&self.values);
        let padded = padded.input(&nothing).list(&partitions);
        let kinds: Vec<Vec<u8>> = kinds.into_iter().map(|it| it.as_bytes().to_vec()).collect();
        padded.attr("row_partition_types", kinds).one()
    }

    /// One vector for each text.
    fn counted(&self, f: &mut FunctionBuilder, encoding: &Encoding<'_>) -> Result<Edge> {
        let splits = self.splits(f)?;
        let depth = f.constant(i64::try_from(encoding.depth).unwrap_or(i64::MAX));
        let nothing = f.constant(Vec::<f32>::new());
        let counted = f.op("RaggedBincount").input(&splits).input(&self.values);
        let counted = counted.input(&depth).input(&nothing);
        counted.attr("binary_output", encoding.is_binary()).one()
    }
}

/// Rows of words, cut or filled with empty ones.
fn fitted(f: &mut FunctionBuilder, x: &Edge, length: Option<u64>) -> Result<Edge> {
    let Some(length) = length else {
        return Ok(x.clone());
    };
    let length = size(Some(length));
    let cut = f.slice(
        x,
        &[
            crate::graph::Slice::default(),
            crate::graph::Slice {
                begin: None,
                end: Some(length),
            },
        ],
    )?;
    let shape = f.shape(&cut)?;
    let found = f.size_at(&shape, 1)?;
    let length = f.constant(length);
    let missing = f.sub(&length, &found)?;
    let (zero, zeros) = (f.constant(0_i32), f.constant([0_i32, 0]));
    let missing = f.pack(&[zero, missing])?;
    let borders = f.pack(&[zeros, missing])?;
    let nothing = f.constant(Constant::string(""));
    f.op("PadV2")
        .input(&cut)
        .input(&borders)
        .input(&nothing)
        .one()
}

/// The layer that Keras makes to look words up.
pub(super) fn lookup_layer(layer: &TextVectorization, inputs: &Inputs) -> Result<InnerLayer> {
    let mut lookup = StringLookup::new()
        .name("string_lookup")
        .vocabulary(layer.vocabulary.clone())
        .idf_weights(layer.idf_weights.clone())
        .pad_to_max_tokens(layer.pad_to_max_tokens)
        .mask_token("")
        .output_mode(layer.lookup().mode)
        .encoding(layer.encoding.as_str());
    lookup.max_tokens = layer.max_tokens;
    let batch = inputs.first()?.0.first().copied().flatten();
    Ok(InnerLayer {
        attribute: LOOKUP.to_owned(),
        path: LOOKUP.to_owned(),
        object: Object::from(lookup).to_dialect(Dialect::Keras2)?,
        arguments: &[],
        shapes: vec![Shape(vec![batch, None])],
        inner: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::layers::Layer;
    use crate::layers::lower::testing::Lowering;

    #[track_caller]
    fn check(layer: TextVectorization, expected: &[&str]) {
        let lowering = Lowering::of(&layer, Inputs::one([None, Some(1)]));
        assert_eq!(
            lowering.fed(DataType::DT_STRING).ops(),
            expected,
            "{layer:?}"
        );
    }

    fn words() -> TextVectorization {
        TextVectorization::new().vocabulary(vec!["a", "b"])
    }

    #[test]
    fn texts_become_words_and_words_indices() {
        let found = [
            "RaggedTensorToTensor",
            "LookupTableFindV2",
            "Equal",
            "SelectV2",
        ];
        let split = ["Squeeze", "StringSplitV2", "StridedSlice", "StridedSlice"];
        let alike = ["StringLower", "StaticRegexReplace"];
        check(words(), &[alike.as_slice(), &split, &found].concat());
        let plain = words().standardize(Value::Null);
        check(plain.clone(), &[split.as_slice(), &found].concat());
        let characters = [
            "Squeeze",
            "UnicodeDecode",
            "Shape",
            "StridedSlice",
            "AddV2",
            "Range",
            "UnicodeEncode",
        ];
        check(
            plain.clone().split("character"),
            &[characters.as_slice(), &found].concat(),
        );
        let whole = plain.clone().split(Value::Null);
        check(whole, &["LookupTableFindV2", "Equal", "SelectV2"]);
        let joined = ["DenseBincount", "Cumsum", "ConcatV2", "StringNGrams"];
        check(
            plain.ngrams(2),
            &[split.as_slice(), &joined, &found].concat(),
        );
    }

    #[test]
    fn what_is_python_or_no_plain_tensor_is_refused() {
        #[track_caller]
        fn refused(layer: TextVectorization, word: &str) {
            let lowering = Lowering::of(&layer, Inputs::one([None, Some(1)]));
            let error = lowering.fed(DataType::DT_STRING).function().unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
        refused(words().standardize("my_function"), "`standardize`");
        refused(words().split("my_function"), "`split`");
        refused(words().ragged(true), "`ragged`");
        refused(words().ngrams("two"), "`ngrams`");
        let words = TextVectorization::from_object(&serialized(json!({"output_mode": null})));
        refused(words.unwrap(), "`output_mode` is null");
    }

    fn serialized(config: Value) -> Object {
        let json = json!({"class_name": "TextVectorization", "config": config});
        Object::from_json(json, Dialect::Keras2).unwrap()
    }

    #[test]
    fn without_an_output_mode_texts_are_only_made_alike() {
        let config = json!({"output_mode": null, "split": null});
        let layer = TextVectorization::from_object(&serialized(config)).unwrap();
        check(layer.clone(), &["StringLower", "StaticRegexReplace"]);
        assert!(layer.tables().unwrap().is_empty());
        assert_eq!(Object::from(layer).config()["output_mode"], Value::Null);
    }

    #[test]
    fn words_are_looked_up_by_a_layer_of_their_own() {
        let inner = words().inner_layers(&Inputs::one([None, Some(1)])).unwrap();
        assert_eq!(inner[0].object.class_name(), "StringLookup");
        assert_eq!(inner[0].object.config()["mask_token"], "");
        let tables = words().tables().unwrap();
        assert_eq!(tables[0].path, "_lookup_layer/lookup_table");
    }
}
