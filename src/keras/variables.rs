//! The variables of a model, grouped by its layers.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::naming::is_statistic;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

/// A named tensor that a layer or an optimizer owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable<'a> {
    /// Its path: `dense_1/kernel`, with the name of the layer in front.
    pub path: String,
    /// Its name in the file it came from: `dense_1/kernel:0`.
    pub stored_name: Option<String>,
    /// Its values.
    pub tensor: Tensor<'a>,
}

/// Variables in the order of the model, layer by layer, found by path in constant time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables<'a> {
    list: Vec<Variable<'a>>,
    paths: HashMap<String, usize>,
    layers: HashMap<String, Range<usize>>,
    /// Paths of those that have a shape, but no values yet.
    unset: BTreeSet<String>,
    /// Paths of those that training leaves alone, though their names do not tell.
    fixed: BTreeSet<String>,
}

impl<'a> Variables<'a> {
    /// Adds all variables of a layer, in the order in which they are saved.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] if the layer has its variables already.
    pub fn add_layer(&mut self, layer: &str, variables: Vec<Variable<'a>>) -> Result<()> {
        if self.layers.contains_key(layer) {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("layer `{layer}` has its variables already"),
            ));
        }
        let start = self.list.len();
        for variable in variables {
            // Two variables of one layer may share a name; the first is found by it.
            self.paths
                .entry(variable.path.clone())
                .or_insert(self.list.len());
            self.list.push(variable);
        }
        self.layers.insert(layer.to_owned(), start..self.list.len());
        Ok(())
    }

    /// The variables of a layer; none if it has none.
    pub fn of_layer(&self, layer: &str) -> &[Variable<'a>] {
        self.list.get(self.places_of(layer)).unwrap_or_default()
    }

    /// Whether the layer was added, be it without variables.
    pub fn has_layer(&self, layer: &str) -> bool {
        self.layers.contains_key(layer)
    }

    /// The variable at `path`.
    pub fn get(&self, path: &str) -> Option<&Variable<'a>> {
        self.list.get(*self.paths.get(path)?)
    }

    /// The variable at `path`, to be given other values.
    pub fn get_mut(&mut self, path: &str) -> Option<&mut Variable<'a>> {
        self.unset.remove(path);
        self.list.get_mut(*self.paths.get(path)?)
    }

    /// Where those of a layer stand among all; nowhere if it has none.
    pub(crate) fn places_of(&self, layer: &str) -> Range<usize> {
        self.layers.get(layer).cloned().unwrap_or_default()
    }

    /// The variable at a place among all.
    pub(crate) fn at(&self, place: usize) -> Option<&Variable<'a>> {
        self.list.get(place)
    }

    /// Gives the variable at a place among all other values.
    pub(crate) fn set_at(&mut self, place: usize, tensor: Tensor<'a>) {
        if let Some(variable) = self.list.get_mut(place) {
            self.unset.remove(&variable.path);
            variable.tensor = tensor;
        }
    }

    /// Gives the variables of a layer other paths, one for each, in order.
    pub(crate) fn rename(&mut self, layer: &str, paths: impl IntoIterator<Item = String>) {
        for (index, path) in self.places_of(layer).zip(paths) {
            let Some(variable) = self.list.get_mut(index) else {
                continue;
            };
            if self.paths.get(&variable.path) == Some(&index) {
                self.paths.remove(&variable.path);
            }
            self.paths.entry(path.clone()).or_insert(index);
            variable.path = path;
        }
    }

    /// The names of the layers that were added, in no order.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.layers.keys().map(String::as_str)
    }

    /// The paths of the variables that were declared and not set, by name.
    pub fn unset(&self) -> impl Iterator<Item = &str> {
        self.unset.iter().map(String::as_str)
    }

    /// Says that the variable at `path` has no values yet.
    pub(crate) fn mark_unset(&mut self, path: String) {
        self.unset.insert(path);
    }

    /// Whether training leaves the variable at `path` alone, though its name does not tell.
    pub(crate) fn is_fixed(&self, path: &str) -> bool {
        self.fixed.contains(path)
    }

    /// Says that training leaves the variable at `path` alone.
    pub(crate) fn mark_fixed(&mut self, path: String) {
        if !is_statistic(&path) {
            self.fixed.insert(path);
        }
    }

    /// All variables in order.
    pub fn iter(&self) -> impl Iterator<Item = &Variable<'a>> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(path: &str) -> Variable<'static> {
        Variable {
            path: path.to_owned(),
            stored_name: None,
            tensor: Tensor::scalar(1_f32),
        }
    }

    #[test]
    fn are_found_by_path_and_by_layer() {
        let mut variables = Variables::default();
        variables
            .add_layer("a", vec![variable("a/kernel"), variable("a/bias")])
            .unwrap();
        variables.add_layer("b", Vec::new()).unwrap();
        assert_eq!(variables.get("a/bias").unwrap().path, "a/bias");
        assert_eq!(variables.of_layer("a").len(), 2);
        assert!(variables.has_layer("b") && variables.of_layer("b").is_empty());
        variables.rename("a", ["a/bias", "a/gamma"].map(str::to_owned));
        assert_eq!(variables.of_layer("a")[0].path, "a/bias");
        assert!(variables.get("a/gamma").is_some() && variables.get("a/kernel").is_none());
        assert!(variables.get("c").is_none() && !variables.has_layer("c"));
        let again = variables.add_layer("a", Vec::new()).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    }
}
