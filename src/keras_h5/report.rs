//! What loading weights did, variable by variable.

use std::fmt;

/// What became of the weights of a file and of the variables of a model.
///
/// As text, a line for each that was not matched.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct WeightsReport {
    /// Variables that have their values from the file now.
    pub matched: Vec<WeightMatch>,
    /// Paths of variables that the file had nothing for, by layer.
    pub missing: Vec<StoredWeight>,
    /// What the file had and the model has no place for, by the names in the file.
    pub unused: Vec<StoredWeight>,
    /// Pairs of different shapes, which stay as they were.
    pub wrong_shape: Vec<Mismatch>,
}

/// One variable that was given values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WeightMatch {
    /// The layer in the model.
    pub layer: String,
    /// The variable's path in the model.
    pub variable: String,
    /// The layer in the file.
    pub stored_layer: String,
    /// The variable's name in the file.
    pub stored_name: String,
}

/// A variable of one side only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredWeight {
    /// The layer it belongs to.
    pub layer: String,
    /// Its path in the model, or its name in the file.
    pub variable: String,
}

/// A pair whose shapes differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The pair.
    pub pair: WeightMatch,
    /// The shape in the file.
    pub found: Vec<u64>,
    /// The shape of the variable.
    pub expected: Vec<u64>,
}

impl fmt::Display for WeightsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables matched", self.matched.len())?;
        for it in &self.missing {
            write!(f, "\nmissing: `{}`", it.variable)?;
        }
        for it in &self.unused {
            write!(f, "\nunused: `{}` of layer `{}`", it.variable, it.layer)?;
        }
        for it in &self.wrong_shape {
            write!(f, "\n{it}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch {
            pair,
            found,
            expected,
        } = self;
        write!(
            f,
            "shape {found:?} of `{}` in layer `{}`, expected {expected:?} for `{}`",
            pair.stored_name, pair.stored_layer, pair.variable
        )
    }
}
