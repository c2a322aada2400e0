//! Categories, numbers and text as indices or as vectors: `spec/layers.md#encodings`.

use serde_json::Value;

use super::{encode, lookup, lookup::Lookup, text};
use crate::error::{Error, Result};
use crate::graph::Edge;
use crate::layers::config::{Base, layer};
use crate::layers::registry::LayerRegistry;
use crate::layers::shape::{Size, at_least, mismatch, with_last};
use crate::layers::{Call, Initializer, InnerLayer, Inputs, Layer, TableSpec, VariableSpec};
use crate::proto::tensorflow::DataType;
use crate::tensor::Shape;

pub(super) fn register(registry: &mut LayerRegistry) {
    registry.typed::<CategoryEncoding>();
    registry.typed::<Discretization>();
    registry.typed::<Hashing>();
    registry.typed::<HashedCrossing>();
    registry.typed::<IntegerLookup>();
    registry.typed::<StringLookup>();
    registry.typed::<TextVectorization>();
}

/// The shape of indices, or of vectors of `depth` in their place. Keras 2 has vectors in no more
/// than one axis.
fn encoded(input: &Shape, mode: &str, depth: Size, base: &Base) -> Result<Shape> {
    let output = match mode {
        "int" => return Ok(input.clone()),
        "one_hot" => {
            let mut sizes = input.0.clone();
            if sizes.len() > 1 && sizes.last() == Some(&Some(1)) {
                sizes.pop();
            }
            sizes.push(depth);
            Shape(sizes)
        }
        "multi_hot" | "binary" | "count" | "tf_idf" | "tf-idf" => {
            with_last(at_least(input, 1)?, depth)
        }
        other => {
            return Err(mismatch(format!(
                "the output mode `{other}`, expected `int`, `one_hot`, `multi_hot`, `count` or `tf_idf`"
            )));
        }
    };
    if base.is_before_keras3() && output.rank() > 2 {
        return Err(mismatch(format!(
            "an input of shape {input} for `{mode}`, expected one that Keras 2 gives at most 2 axes"
        )));
    }
    Ok(output)
}

/// A layer without variables whose output has the shape that `$shape` says, and is computed by
/// `$lower`.
macro_rules! encoding {
    ($class:ident, $($lower:path,)? |$layer:ident, $inputs:ident| $shape:expr) => {
        impl Layer for $class {
            fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                Ok(Vec::new())
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let ($layer, $inputs) = (self, inputs);
                Ok(vec![$shape?])
            }

            $(
                fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                    $lower(self, call)
                }
            )?
        }
    };
}

layer! {
    /// Indices of categories as vectors.
    CategoryEncoding() {
        /// How many categories there are.
        num_tokens ["max_tokens"]: Option<u64> as some(u64) = None,
        /// `one_hot`, `multi_hot` or `count`.
        output_mode: String as into = "multi_hot".to_owned(),
        /// Whether the output is sparse.
        sparse: bool = false,
    }
}

encoding!(CategoryEncoding, encode::categories, |layer, inputs| {
    let mode = &layer.output_mode;
    encoded(inputs.first()?, mode, layer.num_tokens, &layer.base)
});

layer! {
    /// Numbers as the index of the bin each falls into.
    Discretization() {
        /// Where the bins after the first begin; null if they are learned.
        bin_boundaries ["bins"]: Option<Vec<f64>> as some(Vec<f64>) = None,
        /// How many bins are learned.
        num_bins: Option<u64> as some(u64) = None,
        /// How exact they are learned.
        epsilon: f64 = 0.01,
        /// `int`, `one_hot`, `multi_hot` or `count`.
        output_mode: String as into = "int".to_owned(),
        /// Whether the output is sparse.
        sparse: bool = false,
    }
}

impl Layer for Discretization {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        if self.base.is_before_keras3() && self.bin_boundaries.is_none() {
            return Err(learned("summary"));
        }
        Ok(Vec::new())
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let boundaries = self.bin_boundaries.as_ref();
        let bins = boundaries.and_then(|it| u64::try_from(it.len()).ok()?.checked_add(1));
        let depth = bins.or(self.num_bins);
        let shape = encoded(inputs.first()?, &self.output_mode, depth, &self.base)?;
        Ok(vec![shape])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        encode::bins(self, call)
    }
}

/// Variables of Keras 2 that adapting to data makes as large as it finds them.
#[cold]
fn learned(name: &str) -> Error {
    mismatch(format!(
        "the size of the variable `{name}` was learned from data and is not in the config"
    ))
}

layer! {
    /// Categories as the number of the bin that a hash puts them in.
    Hashing(
        /// How many bins there are.
        num_bins: u64,
    ) {
        /// What stands for no category; its bin is 0.
        mask_value: Value as into = Value::Null,
        /// One or two numbers that change the hash.
        salt: Value as into = Value::Null,
        /// `int`, `one_hot`, `multi_hot` or `count`.
        output_mode: String as into = "int".to_owned(),
        /// Whether the output is sparse.
        sparse: bool = false,
    }
}

encoding!(Hashing, encode::hashes, |layer, inputs| {
    let input = inputs.first()?;
    let depth = Some(layer.num_bins);
    // Keras 3 shows vectors in the place of the last axis whatever it holds.
    match layer.output_mode.as_str() {
        "one_hot" if !layer.base.is_before_keras3() => {
            at_least(input, 1).map(|input| with_last(input, depth))
        }
        mode => encoded(input, mode, depth, &layer.base),
    }
});

layer! {
    /// Two categories as the number of the bin that a hash of both puts them in.
    HashedCrossing(
        /// How many bins there are.
        num_bins: u64,
    ) {
        /// `int` or `one_hot`.
        output_mode: String as into = "int".to_owned(),
        /// Whether the output is sparse.
        sparse: bool = false,
    }
}

encoding!(HashedCrossing, encode::crossed, |layer, inputs| {
    let depth = Some(layer.num_bins);
    encoded(inputs.first()?, &layer.output_mode, depth, &layer.base)
});

layer! {
    /// Whole numbers of a vocabulary as indices or vectors.
    IntegerLookup() {
        /// The largest size of a vocabulary that is learned.
        max_tokens ["max_values"]: Option<u64> as some(u64) = None,
        /// How many indices there are for numbers that are not in the vocabulary.
        num_oov_indices: u64 = 1,
        /// What stands for no number.
        mask_token ["mask_value"]: Option<i64> as some(i64) = None,
        /// What stands for a number that is not in the vocabulary, the other way round.
        oov_token ["oov_value"]: i64 = -1,
        /// The numbers; null if they are learned.
        vocabulary: Value as into = Value::Null,
        /// `int64` or `int32`.
        vocabulary_dtype: String as into = "int64".to_owned(),
        /// The weights of the numbers for `tf_idf`.
        idf_weights: Value as into = Value::Null,
        /// Whether indices come in and numbers go out.
        invert: bool = false,
        /// `int`, `one_hot`, `multi_hot`, `count` or `tf_idf`.
        output_mode: String as into = "int".to_owned(),
        /// Whether the output is sparse.
        sparse: bool = false,
        /// Whether vectors always have `max_tokens` elements.
        pad_to_max_tokens: bool = false,
    }
}

layer! {
    /// Words of a vocabulary as indices or vectors.
    StringLookup() {
        /// The largest size of a vocabulary that is learned.
        max_tokens: Option<u64> as some(u64) = None,
        /// How many indices there are for words that are not in the vocabulary.
        num_oov_indices: u64 = 1,
        /// What stands for no word.
        mask_token: Option<String> as some(String) = None,
        /// What stands for a word that is not in the vocabulary, the other way round.
        oov_token: String as into = "[UNK]".to_owned(),
        /// The words, or the path of a file that has them; null if they are learned.
        vocabulary: Value as into = Value::Null,
        /// The weights of the words for `tf_idf`.
        idf_weights: Value as into = Value::Null,
        /// Whether indices come in and words go out.
        invert: bool = false,
        /// `int`, `one_hot`, `multi_hot`, `count` or `tf_idf`.
        output_mode: String as into = "int".to_owned(),
        /// Whether vectors always have `max_tokens` elements.
        pad_to_max_tokens: bool = false,
        /// Whether the output is sparse.
        sparse: bool = false,
        /// How words are bytes.
        encoding: String as into = "utf-8".to_owned(),
    }
}

/// A layer that looks indices up.
macro_rules! lookup {
    ($class:ident) => {
        impl Layer for $class {
            fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
                lookup_variables(&self.lookup(), &self.base, "idf_weights")
            }

            fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
                let depth = self.lookup().depth();
                let shape = encoded(inputs.first()?, &self.output_mode, depth, &self.base)?;
                Ok(vec![shape])
            }

            fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
                lookup::lookup(&self.lookup(), call)
            }

            fn tables(&self) -> Result<Vec<TableSpec>> {
                let (lookup, given) = (self.lookup(), lookup::given_type(&self.base));
                Ok(vec![lookup.table(lookup::TABLE, lookup.indices(given))?])
            }
        }
    };
}

lookup!(IntegerLookup);
lookup!(StringLookup);

/// Keras 2 has the weights of words as a variable, whose size only a vocabulary tells.
fn lookup_variables(lookup: &Lookup<'_>, base: &Base, name: &str) -> Result<Vec<VariableSpec>> {
    if !lookup.is_weighed() || !base.is_before_keras3() {
        return Ok(Vec::new());
    }
    let size = lookup::variable_size(lookup).ok_or_else(|| learned("idf_weights"))?;
    let mut weights = VariableSpec::new(name, [size], Initializer::zeros());
    weights.trainable = false;
    Ok(vec![weights])
}

layer! {
    /// Texts as indices of their words, or as one vector.
    TextVectorization() {
        /// The largest size of a vocabulary that is learned.
        max_tokens: Option<u64> as some(u64) = None,
        /// How texts are made alike: `lower_and_strip_punctuation`, `lower`, null or a function.
        standardize: Value as into = Value::from("lower_and_strip_punctuation"),
        /// How texts are split: `whitespace`, `character`, null or a function.
        split: Value as into = Value::from("whitespace"),
        /// How many words in a row count as one, or a list of that.
        ngrams: Value as into = Value::Null,
        /// `int`, `multi_hot`, `count` or `tf_idf`; null to give the words themselves.
        output_mode: Option<String> as some(String) = Some("int".to_owned()),
        /// To how many indices texts are cut or padded.
        output_sequence_length: Option<u64> as some(u64) = None,
        /// Whether vectors always have `max_tokens` elements.
        pad_to_max_tokens: bool = false,
        /// The words, or the path of a file that has them; null if they are learned.
        vocabulary: Value as into = Value::Null,
        /// The weights of the words for `tf_idf`.
        idf_weights: Value as into = Value::Null,
        /// Whether the output is sparse.
        sparse: bool = false,
        /// Whether texts stay of different lengths.
        ragged: bool = false,
        /// How words are bytes.
        encoding: String as into = "utf-8".to_owned(),
    }
}

impl Layer for TextVectorization {
    fn variables(&self, _: &Inputs) -> Result<Vec<VariableSpec>> {
        let name = format!("{}/idf_weights", text::LOOKUP);
        lookup_variables(&self.lookup(), &self.base, &name)
    }

    fn output_shapes(&self, inputs: &Inputs) -> Result<Vec<Shape>> {
        let input = at_least(inputs.first()?, 1)?;
        let batch = input.0.first().copied().flatten();
        let length = self.output_sequence_length;
        let is_whole = self.split.is_null();
        let Some(mode) = self.output_mode.as_deref() else {
            let mut words = input.0.clone();
            if !is_whole {
                words.truncate(1);
                words.push(None);
            }
            return Ok(vec![Shape(words)]);
        };
        if mode == "int" {
            // Without splitting, Keras 2 looks up as many words as there are, or cuts or pads them
            // to a length that it does not show.
            let shape = match (self.base.is_before_keras3() && is_whole, length) {
                (true, None) => input.clone(),
                (true, Some(_)) => Shape(vec![batch, None]),
                (false, length) => Shape(vec![batch, length]),
            };
            return Ok(vec![shape]);
        }
        let mut words = input.0.clone();
        if !is_whole {
            // Keras 2 takes one text of each sample.
            if self.base.is_before_keras3() && words.len() > 1 {
                words.pop();
            }
            words.push(None);
        } else if words.len() == 1 {
            words.push(Some(1));
        }
        let depth = self.lookup().depth();
        let shape = encoded(&Shape(words), mode, depth, &self.base)?;
        Ok(vec![shape])
    }

    fn lower(&self, call: &mut Call<'_>) -> Result<Vec<Edge>> {
        text::vectorize(self, call)
    }

    fn tables(&self) -> Result<Vec<TableSpec>> {
        if self.output_mode.is_none() {
            return Ok(Vec::new());
        }
        let path = format!("{}/{}", text::LOOKUP, lookup::TABLE);
        Ok(vec![self.lookup().table(&path, DataType::DT_INT64)?])
    }

    fn inner_layers(&self, inputs: &Inputs) -> Result<Vec<InnerLayer>> {
        Ok(vec![text::lookup_layer(self, inputs)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::{Dialect, Object};

    #[test]
    fn what_keras_refuses_is_refused() {
        let encoding = CategoryEncoding::new()
            .num_tokens(4_u64)
            .output_mode("all_hot");
        let error = encoding.output_shapes(&Inputs::one([2, 3])).unwrap_err();
        assert_eq!(
            error.message(),
            "the output mode `all_hot`, expected `int`, `one_hot`, `multi_hot`, `count` or `tf_idf`"
        );
        let object = Object::from(encoding.output_mode("one_hot"));
        let object = object.to_dialect(Dialect::Keras2).unwrap();
        let encoding = CategoryEncoding::from_object(&object).unwrap();
        let error = encoding.output_shapes(&Inputs::one([2, 3])).unwrap_err();
        assert_eq!(
            error.message(),
            "an input of shape (2, 3) for `one_hot`, expected one that Keras 2 gives at most 2 axes"
        );
    }

    #[test]
    fn what_keras_2_learned_from_data_is_not_in_the_config() {
        #[track_caller]
        fn check(layer: impl Layer, name: &str) {
            let error = layer.variables(&Inputs::default()).unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
        let keras2 = |object: Object| object.to_dialect(Dialect::Keras2).unwrap();
        let bins = keras2(Discretization::new().num_bins(4_u64).into());
        check(Discretization::from_object(&bins).unwrap(), "`summary`");
        let lookup = keras2(StringLookup::new().output_mode("tf_idf").into());
        check(StringLookup::from_object(&lookup).unwrap(), "`idf_weights`");
    }

    #[test]
    fn special_tokens_of_a_vocabulary_have_no_index_of_their_own() {
        let words = vec!["[UNK]", "a", "b"];
        let lookup = StringLookup::new().vocabulary(words).output_mode("count");
        let shapes = lookup.output_shapes(&Inputs::one([2, 7])).unwrap();
        assert_eq!(shapes, [Shape::known(&[2, 3])]);
    }
}
