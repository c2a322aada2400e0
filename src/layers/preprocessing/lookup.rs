//! Indices of what a vocabulary holds, by tables: `spec/layers.md#lookups`.

use serde_json::Value;

use super::encode::Encoding;
use super::{IntegerLookup, StringLookup, TextVectorization};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Constant, Edge, FunctionBuilder};
use crate::keras::json;
use crate::layers::config::Base;
use crate::layers::lower::{is_floating, numbers, size};
use crate::layers::shape::{Size, mismatch};
use crate::layers::{Call, TableSide, TableSpec};
use crate::proto::tensorflow::DataType;
use crate::tensor::Tensor;

/// The attribute that holds the table.
pub(super) const TABLE: &str = "lookup_table";

/// Where what is looked up has its index: what all lookups have in common.
pub(super) struct Lookup<'a> {
    pub(super) vocabulary: &'a Value,
    pub(super) idf_weights: &'a Value,
    /// What stands for nothing.
    pub(super) mask: Option<Token>,
    /// What stands for all that is not in the vocabulary.
    pub(super) unknown: Token,
    /// How many indices there are for that.
    pub(super) unknowns: u64,
    pub(super) max_tokens: Option<u64>,
    pub(super) is_padded: bool,
    pub(super) mode: &'a str,
    pub(super) is_sparse: bool,
    pub(super) invert: bool,
    /// Of what is in the vocabulary.
    pub(super) tokens: DataType,
    /// What the config says of the number of indices: of a vocabulary in a file there is nothing
    /// else.
    pub(super) size: Option<u64>,
}

/// What a vocabulary holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    Number(i64),
}

impl Token {
    fn of(value: &Value) -> Option<Token> {
        match value {
            Value::String(text) => Some(Token::Text(text.clone())),
            number => number.as_i64().map(Token::Number),
        }
    }

    fn constant(&self, dtype: DataType) -> Result<Constant> {
        match self {
            Token::Text(text) => Ok(Constant::string(text)),
            Token::Number(number) => integer(dtype, *number),
        }
    }
}

/// A whole number, which a float would not hold.
fn integer(dtype: DataType, number: i64) -> Result<Constant> {
    match dtype {
        DataType::DT_INT64 => Ok(Constant::from(number)),
        DataType::DT_INT32 => {
            let number = i32::try_from(number);
            let number = number.map_err(|_| mismatch("a number that is no int32"))?;
            Ok(Constant::from(number))
        }
        other => Err(mismatch(format!(
            "a vocabulary of {other:?}, expected strings, int64 or int32"
        ))),
    }
}

/// What Keras would say of a vocabulary's size: that of the config.
pub(super) fn size_in(base: &Base) -> Option<u64> {
    base.rest("vocabulary_size")?.as_u64()
}

impl StringLookup {
    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup {
            vocabulary: &self.vocabulary,
            idf_weights: &self.idf_weights,
            mask: self.mask_token.clone().map(Token::Text),
            unknown: Token::Text(self.oov_token.clone()),
            unknowns: self.num_oov_indices,
            max_tokens: self.max_tokens,
            is_padded: self.pad_to_max_tokens,
            mode: &self.output_mode,
            is_sparse: self.sparse,
            invert: self.invert,
            tokens: DataType::DT_STRING,
            size: size_in(&self.base),
        }
    }
}

impl IntegerLookup {
    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup {
            vocabulary: &self.vocabulary,
            idf_weights: &self.idf_weights,
            mask: self.mask_token.map(Token::Number),
            unknown: Token::Number(self.oov_token),
            unknowns: self.num_oov_indices,
            max_tokens: self.max_tokens,
            is_padded: self.pad_to_max_tokens,
            mode: &self.output_mode,
            is_sparse: self.sparse,
            invert: self.invert,
            tokens: match self.vocabulary_dtype.as_str() {
                "int32" => DataType::DT_INT32,
                _ => DataType::DT_INT64,
            },
            size: size_in(&self.base),
        }
    }
}

impl TextVectorization {
    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup {
            vocabulary: &self.vocabulary,
            idf_weights: &self.idf_weights,
            mask: Some(Token::Text(String::new())),
            unknown: Token::Text("[UNK]".to_owned()),
            unknowns: 1,
            max_tokens: self.max_tokens,
            is_padded: self.pad_to_max_tokens,
            // As Keras makes the lookup, which is not called then.
            mode: self.output_mode.as_deref().unwrap_or("int"),
            is_sparse: self.sparse,
            invert: false,
            tokens: DataType::DT_STRING,
            size: size_in(&self.base),
        }
    }
}

impl Lookup<'_> {
    fn is_int(&self) -> bool {
        self.mode == "int"
    }

    pub(super) fn is_weighed(&self) -> bool {
        matches!(self.mode, "tf_idf" | "tf-idf")
    }

    /// The index of the first token that is not known.
    fn first_unknown(&self) -> u64 {
        u64::from(self.mask.is_some() && self.is_int())
    }

    /// The index of the first token of the vocabulary.
    fn first_token(&self) -> u64 {
        self.first_unknown().saturating_add(self.unknowns)
    }

    /// The tokens with indices of their own, and whether the config has the others before them.
    fn own_tokens(&self) -> Result<(Vec<Token>, bool)> {
        let Value::Array(list) = self.vocabulary else {
            return Err(no_vocabulary(self.vocabulary));
        };
        let tokens = list.iter().map(|token| {
            Token::of(token).ok_or_else(|| {
                mismatch(format!(
                    "a vocabulary with {token}, expected text or whole numbers"
                ))
            })
        });
        let mut tokens: Vec<Token> = tokens.collect::<Result<_>>()?;
        let special = self.mask.iter().filter(|_| self.is_int()).cloned();
        let unknowns = usize::try_from(self.unknowns).unwrap_or(usize::MAX);
        let unknowns =
            std::iter::repeat_n(&self.unknown, unknowns.min(tokens.len().saturating_add(1)));
        let special: Vec<Token> = special.chain(unknowns.cloned()).collect();
        let is_whole = tokens.starts_with(&special);
        if is_whole {
            tokens.drain(..special.len());
        }
        Ok((tokens, is_whole))
    }

    /// How many indices there are; none if that is not known.
    pub(super) fn depth(&self) -> Size {
        if self.is_padded {
            return self.max_tokens;
        }
        if !self.vocabulary.is_array() {
            return self.size;
        }
        let (tokens, _) = self.own_tokens().ok()?;
        u64::try_from(tokens.len())
            .ok()?
            .checked_add(self.first_token())
    }

    /// What each index counts, with `tf_idf`: the numbers that are given, and how many indices there
    /// are before them, whose tokens are not in the vocabulary.
    fn weights(&self) -> Result<(Vec<f64>, u64)> {
        let given = self.idf_weights.as_array().ok_or_else(|| {
            mismatch("`tf_idf` without `idf_weights`, expected one for each token")
        })?;
        let given: Option<Vec<f64>> = given.iter().map(json::number).collect();
        let given = given.ok_or_else(|| mismatch("`idf_weights`, expected numbers"))?;
        let (tokens, is_whole) = self.own_tokens()?;
        let before = match is_whole {
            true => usize::try_from(self.first_token()).unwrap_or(usize::MAX),
            false => 0,
        };
        let expected = tokens.len().saturating_add(before);
        if given.len() != expected {
            return Err(mismatch(format!(
                "{} `idf_weights` for a vocabulary of {expected}, expected as many",
                given.len()
            )));
        }
        let missing = match is_whole {
            true => 0,
            false => self.first_token(),
        };
        Ok((given, missing))
    }

    /// The table at that path, with indices of a type.
    pub(super) fn table(&self, path: &str, indices: DataType) -> Result<TableSpec> {
        let (tokens, _) = self.own_tokens()?;
        let len = u64::try_from(tokens.len()).unwrap_or(u64::MAX);
        let first = i64::try_from(self.first_token()).unwrap_or(i64::MAX);
        let end = first.saturating_add(i64::try_from(len).unwrap_or(i64::MAX));
        let numbers = whole_numbers(&(first..end).collect::<Vec<i64>>(), indices, len)?;
        let tokens = match self.tokens {
            DataType::DT_STRING => {
                let texts = tokens.into_iter().map(|token| match token {
                    Token::Text(text) => text.into_bytes(),
                    Token::Number(number) => number.to_string().into_bytes(),
                });
                Tensor::strings(texts.collect(), [len])?
            }
            dtype => {
                let own = tokens.into_iter().map(|token| match token {
                    Token::Number(number) => Ok(number),
                    Token::Text(text) => Err(mismatch(format!(
                        "a vocabulary with `{text}`, expected whole numbers"
                    ))),
                });
                whole_numbers(&own.collect::<Result<Vec<i64>>>()?, dtype, len)?
            }
        };
        let (keys, values, vocabulary) = match self.invert {
            true => (numbers, tokens, TableSide::Values),
            false => (tokens, numbers, TableSide::Keys),
        };
        Ok(TableSpec {
            path: path.to_owned(),
            keys,
            values,
            vocabulary: Some(vocabulary),
        })
    }

    /// The type of indices of a layer that gives this.
    pub(super) fn indices(&self, given: DataType) -> DataType {
        match given {
            DataType::DT_INT32 if self.is_int() => DataType::DT_INT32,
            _ => DataType::DT_INT64,
        }
    }

    /// The indices of tokens, or the tokens of indices.
    pub(super) fn find(
        &self,
        f: &mut FunctionBuilder,
        table: &Edge,
        x: &Edge,
        indices: DataType,
    ) -> Result<Edge> {
        let (keys, values) = match self.invert {
            true => (indices, self.tokens),
            false => (self.tokens, indices),
        };
        let x = &f.cast(x, keys)?;
        let default = match self.invert {
            true => self.unknown.constant(values)?,
            false if self.unknowns == 1 => integer(values, as_signed(self.first_unknown()))?,
            false => integer(values, -1)?,
        };
        let default = f.constant(default);
        let find = f.op("LookupTableFindV2").input(table).input(x);
        let mut found = find.input(&default).one()?;
        if let Some(mask) = &self.mask {
            let (key, value) = match self.invert {
                true => (integer(keys, 0)?, mask.constant(values)?),
                // No vector counts it.
                false if self.is_int() => (mask.constant(keys)?, integer(values, 0)?),
                false => (mask.constant(keys)?, Constant::from(i64::MAX)),
            };
            let (key, value) = (f.constant(key), f.constant(value));
            let is_nothing = f.op("Equal").input(x).input(&key).one()?;
            found = f.select(&is_nothing, &value, &found)?;
        }
        match self.unknowns {
            _ if self.invert => Ok(found),
            0 => known(f, &found),
            1 => Ok(found),
            _ => self.hashed(f, x, &found),
        }
    }

    /// What is not in the vocabulary, with one of the indices for that.
    fn hashed(&self, f: &mut FunctionBuilder, x: &Edge, found: &Edge) -> Result<Edge> {
        let count = as_signed(self.unknowns);
        let bins = match x.dtype() {
            DataType::DT_STRING => {
                let hash = f.op("StringToHashBucketFast").input(x);
                hash.attr("num_buckets", count).one()?
            }
            dtype => {
                let count = f.constant(integer(dtype, count)?);
                f.op("FloorMod").input(x).input(&count).one()?
            }
        };
        let bins = f.cast(&bins, found.dtype())?;
        let first = f.constant(integer(found.dtype(), as_signed(self.first_unknown()))?);
        let bins = f.add(&bins, &first)?;
        let nowhere = f.constant(integer(found.dtype(), -1)?);
        let is_unknown = f.op("Equal").input(found).input(&nowhere).one()?;
        f.select(&is_unknown, &bins, found)
    }

    /// How indices become what the layer gives.
    pub(super) fn encoding(&self) -> Result<Encoding<'_>> {
        Ok(Encoding {
            mode: self.mode,
            depth: match self.depth() {
                Some(depth) => depth,
                None if self.is_int() => 0,
                None => return Err(no_vocabulary(self.vocabulary)),
            },
            is_sparse: self.is_sparse,
        })
    }

    /// Vectors with what each index counts.
    pub(super) fn weighed(&self, f: &mut FunctionBuilder, counts: &Edge) -> Result<Edge> {
        if !self.is_weighed() {
            return Ok(counts.clone());
        }
        let (given, missing) = self.weights()?;
        let len = u64::try_from(given.len()).unwrap_or(u64::MAX);
        let behind = self
            .depth()
            .and_then(|depth| depth.checked_sub(len)?.checked_sub(missing));
        #[allow(clippy::cast_precision_loss, reason = "vocabularies are small")]
        let mean = given.iter().sum::<f64>() / given.len().max(1) as f64;
        let mut weights = numbers(f, &Value::from(given), counts.dtype())?;
        // Not as constants: the config may say that there are any number.
        for (before, behind, value) in [(missing, 0, mean), (0, behind.unwrap_or(0), 0.0)] {
            if before > 0 || behind > 0 {
                let borders = f.pairs(&[(size(Some(before)), size(Some(behind)))])?;
                let value = f.number_like(&weights, value)?;
                let pad = f.op("PadV2").input(&weights).input(&borders);
                weights = pad.input(&value).one()?;
            }
        }
        f.mul(counts, &weights)
    }
}

fn as_signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn whole_numbers(numbers: &[i64], dtype: DataType, len: u64) -> Result<Tensor<'static>> {
    match dtype {
        DataType::DT_INT32 => {
            let narrow = numbers.iter().map(|it| i32::try_from(*it));
            let narrow = narrow.collect::<std::result::Result<Vec<i32>, _>>();
            let narrow = narrow.map_err(|_| mismatch("a number that is no int32"))?;
            Tensor::from_vec(narrow, [len])
        }
        _ => Tensor::from_vec(numbers.to_vec(), [len]),
    }
}

/// The indices, if all were found; else the function fails.
fn known(f: &mut FunctionBuilder, found: &Edge) -> Result<Edge> {
    let nowhere = f.constant(integer(found.dtype(), -1)?);
    let are_known = f.not_equal(found, &nowhere)?;
    let flat = f.reshape(&are_known, &[-1])?;
    let all = f.all(&flat, &[0], false)?;
    let message = "something that is not in the vocabulary, and `num_oov_indices` is 0";
    let message = f.constant(Constant::string(message));
    let check = f.op("Assert").input(&all).list([&message]).node()?;
    f.op("Identity").input(found).after(&check).one()
}

/// Why there is no table.
#[cold]
pub(super) fn no_vocabulary(found: &Value) -> Error {
    match found {
        Value::String(path) => Error::new(
            ErrorKind::Unsupported,
            format!("the vocabulary is in the file `{path}`, which is not read"),
        )
        .with_hint("put its lines into the config: `vocabulary=[…]`"),
        _ => Error::new(
            ErrorKind::InvalidModel,
            "the config has no vocabulary: Keras forgets what `adapt` found when it writes HDF5",
        )
        .with_hint(
            "make the layer with `vocabulary=layer.get_vocabulary()` and save the model again",
        ),
    }
}

/// One call of a lookup.
pub(super) fn lookup(lookup: &Lookup<'_>, call: &mut Call<'_>) -> Result<Vec<Edge>> {
    let (x, shape) = (call.tensor()?, call.shape()?);
    let given = DataType::from(call.dtype());
    let encoding = lookup.encoding()?;
    let table = call.table(TABLE)?;
    let found = lookup.find(call.function, table, x, lookup.indices(given))?;
    if lookup.is_int() {
        return Ok(vec![found]);
    }
    let counts = encoding.apply(call, &found, shape, None)?;
    Ok(vec![lookup.weighed(call.function, &counts)?])
}

/// The type of what a layer gives, which for indices is no float.
pub(super) fn given_type(base: &Base) -> DataType {
    let dtype = DataType::from(base.dtype.compute_dtype());
    match is_floating(dtype) {
        true => DataType::DT_INT64,
        false => dtype,
    }
}

/// The weights of tokens are a variable, though the function has them as constants, as with Keras.
pub(super) fn variable_size(lookup: &Lookup<'_>) -> Option<u64> {
    let depth = lookup.depth()?;
    lookup.vocabulary.is_array().then_some(depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lower::testing::Lowering;
    use crate::layers::{Inputs, Layer};

    #[track_caller]
    fn depth(layer: StringLookup, expected: Size, keys: &[&str], first: i64) {
        assert_eq!(layer.lookup().depth(), expected, "{layer:?}");
        let tables = layer.tables().unwrap();
        let found: Vec<String> = tables[0]
            .keys
            .string_values()
            .unwrap()
            .iter()
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .collect();
        assert_eq!(found, keys, "{layer:?}");
        let values = tables[0].values.to_vec::<i64>().unwrap();
        assert_eq!(values.first(), Some(&first), "{layer:?}");
    }

    #[test]
    fn special_tokens_come_first_whether_they_are_given_or_not() {
        let words = || StringLookup::new().vocabulary(vec!["a", "b"]);
        depth(words(), Some(3), &["a", "b"], 1);
        depth(words().mask_token(""), Some(4), &["a", "b"], 2);
        depth(words().num_oov_indices(3), Some(5), &["a", "b"], 3);
        depth(words().num_oov_indices(0), Some(2), &["a", "b"], 0);
        let whole = StringLookup::new().vocabulary(vec!["", "[UNK]", "a"]);
        depth(whole.mask_token(""), Some(3), &["a"], 2);
        depth(
            words().mask_token("").output_mode("count"),
            Some(3),
            &["a", "b"],
            1,
        );
        let padded = words().max_tokens(9_u64).pad_to_max_tokens(true);
        depth(padded, Some(9), &["a", "b"], 1);
    }

    #[test]
    fn a_lookup_finds_and_says_what_is_not_there() {
        #[track_caller]
        fn check(layer: impl Layer, fed: DataType, expected: &[&str]) {
            let input = Inputs::one([None, Some(3)]);
            Lowering::of(&layer, input).fed(fed).check(expected);
        }
        let text = DataType::DT_STRING;
        let words = || {
            StringLookup::new()
                .vocabulary(vec!["a", "b"])
                .dtype("int64")
        };
        check(words(), text, &["LookupTableFindV2"]);
        check(
            words().mask_token(""),
            text,
            &["LookupTableFindV2", "Equal", "SelectV2"],
        );
        let hashed = [
            "LookupTableFindV2",
            "StringToHashBucketFast",
            "AddV2",
            "Equal",
            "SelectV2",
        ];
        check(words().num_oov_indices(2), text, &hashed);
        let checked = [
            "LookupTableFindV2",
            "NotEqual",
            "Reshape",
            "All",
            "Assert",
            "Identity",
        ];
        check(words().num_oov_indices(0), text, &checked);
        let counted = ["LookupTableFindV2", "DenseBincount", "PadV2", "Mul"];
        let weighed = words().output_mode("tf_idf").idf_weights(vec![0.5, 1.0]);
        check(weighed.dtype("float32"), text, &counted);
        check(
            words().invert(true),
            DataType::DT_INT64,
            &["LookupTableFindV2"],
        );
    }

    #[test]
    fn weights_are_as_many_as_indices() {
        let layer = StringLookup::new()
            .vocabulary(vec!["a", "b"])
            .output_mode("tf_idf");
        let weighed = layer.clone().idf_weights(vec![0.5, 1.5]);
        assert_eq!(weighed.lookup().weights().unwrap(), (vec![0.5, 1.5], 1));
        let padded = weighed.max_tokens(u64::MAX).pad_to_max_tokens(true);
        let text = Inputs::one([None, Some(3)]);
        let lowering = Lowering::of(&padded, text).fed(DataType::DT_STRING);
        let ops = lowering.ops();
        assert_eq!(ops.iter().filter(|op| *op == "PadV2").count(), 2);
        let error = layer
            .clone()
            .idf_weights(vec![0.5])
            .lookup()
            .weights()
            .unwrap_err();
        assert!(
            error
                .message()
                .starts_with("1 `idf_weights` for a vocabulary of 2")
        );
        assert!(layer.lookup().weights().is_err());
    }

    #[test]
    fn without_a_vocabulary_there_is_no_table() {
        let error = StringLookup::new().tables().unwrap_err();
        assert!(error.message().contains("no vocabulary"), "{error}");
        assert!(error.hint().unwrap().contains("get_vocabulary"), "{error}");
        let error = StringLookup::new()
            .vocabulary("words.txt")
            .tables()
            .unwrap_err();
        assert!(error.message().contains("`words.txt`"), "{error}");
        let mixed = IntegerLookup::new().vocabulary(vec!["a"]).tables();
        assert!(mixed.unwrap_err().message().contains("`a`"));
        let narrow = IntegerLookup::new()
            .vocabulary_dtype("int32")
            .vocabulary(vec![1_i64 << 40]);
        assert!(narrow.tables().unwrap_err().message().contains("int32"));
    }
}
