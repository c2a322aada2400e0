//! Which layers are listed in the file, and how names are made distinct: `spec/keras_h5.md#layout`.

use std::collections::HashSet;

use crate::keras::{Layer, Network};

/// The names of `model.layers` as Keras lists them: a Sequential leaves its InputLayer out.
pub(super) fn saved_layers(network: &Network) -> Vec<&str> {
    let is_sequential = matches!(network, Network::Sequential(_));
    let is_left_out = |layer: &&Layer| is_sequential && layer.class_name() == "InputLayer";
    let listed = network.layers().iter().filter(|layer| !is_left_out(layer));
    listed.map(Layer::name).collect()
}

/// A TensorFlow name without the number of the output it is.
pub(super) fn without_suffix(name: &str) -> &str {
    name.strip_suffix(":0").unwrap_or(name)
}

/// Makes repeated names distinct: `spec/keras_h5.md#repeated-names`.
#[derive(Debug, Default)]
pub(super) struct Unique {
    taken: HashSet<String>,
}

impl Unique {
    /// `name`, or with the first free number before its `:0`.
    pub(super) fn name(&mut self, name: String) -> String {
        if self.taken.insert(name.clone()) {
            return name;
        }
        let base = without_suffix(&name);
        let suffix = name.strip_prefix(base).unwrap_or_default();
        let numbered = (1_u64..).map(|number| format!("{base}_{number}{suffix}"));
        let free = numbered
            .into_iter()
            .find(|name| self.taken.insert(name.clone()));
        free.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_get_numbers() {
        let mut unique = Unique::default();
        let names = ["a:0", "a:0", "a_1:0", "a:0", "b", "b"];
        let found: Vec<String> = names
            .iter()
            .map(|name| unique.name((*name).to_owned()))
            .collect();
        assert_eq!(found, ["a:0", "a_1:0", "a_1_1:0", "a_2:0", "b", "b_1"]);
    }
}
