//! Which variables a layer has, and in which order Keras lists them.

use super::config::Initializer;
use crate::tensor::DType;

/// A variable that a layer has for given inputs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VariableSpec {
    /// Its path from the layer: `kernel`, `lstm_cell/recurrent_kernel`.
    pub path: String,
    /// Its sizes.
    pub shape: Vec<u64>,
    /// The type of its elements.
    pub dtype: DType,
    /// Whether training changes it.
    pub trainable: bool,
    /// How it begins.
    pub initializer: Initializer,
}

impl VariableSpec {
    /// A trained float32 variable.
    ///
    /// ```
    /// use hornfels::layers::{Initializer, VariableSpec};
    /// let kernel = VariableSpec::new("kernel", [3, 5], Initializer::glorot_uniform());
    /// assert_eq!(kernel.shape, [3, 5]);
    /// ```
    pub fn new(
        path: impl Into<String>,
        shape: impl Into<Vec<u64>>,
        initializer: impl Into<Initializer>,
    ) -> Self {
        VariableSpec {
            path: path.into(),
            shape: shape.into(),
            dtype: DType::Float32,
            trainable: true,
            initializer: initializer.into(),
        }
    }

    /// How many elements it has.
    pub fn len(&self) -> u64 {
        let count = self
            .shape
            .iter()
            .try_fold(1_u64, |n, size| n.checked_mul(*size));
        count.unwrap_or(u64::MAX)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }
}

/// The variables of a layer while they are put together.
///
/// Keras lists what is trained before what is not; a layer's own come before those of the layers
/// in it. All variables of a frozen layer count as not trained: `spec/keras_model.md#variables`.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    is_trainable: bool,
    dtype: DType,
    trained: Vec<VariableSpec>,
    fixed: Vec<VariableSpec>,
    inner_trained: Vec<VariableSpec>,
    inner_fixed: Vec<VariableSpec>,
}

impl Own {
    pub(crate) fn new(is_trainable: bool, dtype: DType) -> Self {
        Own {
            is_trainable,
            dtype,
            trained: Vec::new(),
            fixed: Vec::new(),
            inner_trained: Vec::new(),
            inner_fixed: Vec::new(),
        }
    }

    /// A variable that training changes.
    pub(crate) fn add(
        &mut self,
        path: &str,
        shape: impl Into<Vec<u64>>,
        initializer: &Initializer,
    ) {
        let spec = self.spec(path, shape.into(), initializer, self.is_trainable);
        self.trained.push(spec);
    }

    /// A variable that training leaves alone, or changes by other means than gradients.
    pub(crate) fn add_fixed(
        &mut self,
        path: &str,
        shape: impl Into<Vec<u64>>,
        initializer: &Initializer,
    ) {
        let spec = self.spec(path, shape.into(), initializer, false);
        self.fixed.push(spec);
    }

    /// As [`add_fixed`](Self::add_fixed), of another dtype than the layer's.
    pub(crate) fn add_fixed_of(
        &mut self,
        dtype: DType,
        path: &str,
        shape: impl Into<Vec<u64>>,
        initializer: &Initializer,
    ) {
        let mut spec = self.spec(path, shape.into(), initializer, false);
        spec.dtype = dtype;
        self.fixed.push(spec);
    }

    fn spec(
        &self,
        path: &str,
        shape: Vec<u64>,
        initializer: &Initializer,
        trainable: bool,
    ) -> VariableSpec {
        VariableSpec {
            path: path.to_owned(),
            shape,
            dtype: self.dtype,
            trainable,
            initializer: initializer.clone(),
        }
    }

    /// The variables of a layer in this one, in Keras's order; `name` goes before their paths.
    pub(crate) fn add_inner(&mut self, name: &str, variables: Vec<VariableSpec>) {
        for mut spec in variables {
            if !name.is_empty() {
                spec.path = format!("{name}/{}", spec.path);
            }
            if !self.is_trainable {
                spec.trainable = false;
                self.inner_fixed.push(spec);
            } else if spec.trainable {
                self.inner_trained.push(spec);
            } else {
                self.inner_fixed.push(spec);
            }
        }
    }

    /// A variable of a layer in this one that this one also holds itself; `name` goes before its
    /// path.
    pub(crate) fn adopt(&mut self, name: &str, mut spec: VariableSpec) {
        spec.path = format!("{name}/{}", spec.path);
        let list = match spec.trainable {
            true => &mut self.trained,
            false => &mut self.fixed,
        };
        spec.trainable &= self.is_trainable;
        list.push(spec);
    }

    /// All of them, in Keras's order.
    pub(crate) fn finish(self) -> Vec<VariableSpec> {
        let mut all = self.trained;
        if self.is_trainable {
            all.extend(self.inner_trained);
        }
        all.extend(self.fixed);
        all.extend(self.inner_fixed);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(specs: &[VariableSpec]) -> Vec<(&str, bool)> {
        specs
            .iter()
            .map(|spec| (spec.path.as_str(), spec.trainable))
            .collect()
    }

    fn build(outer: bool, inner: bool) -> Vec<VariableSpec> {
        let mut own = Own::new(inner, DType::Float32);
        own.add("gamma", [2], &Initializer::ones());
        own.add_fixed("mean", [2], &Initializer::zeros());
        let inner = own.finish();
        let mut own = Own::new(outer, DType::Float32);
        own.add_inner("a", inner.clone());
        own.add_inner("b", inner);
        own.add("w", [2], &Initializer::ones());
        own.add_fixed("count", [], &Initializer::zeros());
        own.finish()
    }

    #[test]
    fn trained_ones_come_first() {
        let specs = build(true, true);
        let expected = [
            ("w", true),
            ("a/gamma", true),
            ("b/gamma", true),
            ("count", false),
            ("a/mean", false),
            ("b/mean", false),
        ];
        assert_eq!(paths(&specs), expected);
    }

    #[test]
    fn nothing_of_a_frozen_layer_is_trained() {
        let expected = [
            ("w", true),
            ("count", false),
            ("a/gamma", false),
            ("a/mean", false),
            ("b/gamma", false),
            ("b/mean", false),
        ];
        assert_eq!(paths(&build(true, false)), expected);
        let specs = build(false, true);
        let frozen = expected.map(|(path, _)| (path, false));
        assert_eq!(paths(&specs), frozen);
    }
}
