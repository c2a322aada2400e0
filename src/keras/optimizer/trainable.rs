//! Which variables of a model are trained.

use crate::keras::model::Model;
use crate::keras::naming::is_statistic;
use crate::keras::part::Part;
use crate::keras::variables::Variable;

impl<'a> Model<'a> {
    /// The variables that training changes, in the order in which Keras lists them.
    ///
    /// A layer with `trainable: false` has none, and neither have the layers in it. Statistics of
    /// normalizations are never trained; they are known by their names, and those of layers of other classes as far as
    /// the class or a SavedModel says so.
    ///
    /// ```
    /// let model = hornfels::load_model("tests/data/early_warning.h5")?;
    /// let trained = model.trainable_variables();
    /// assert!(trained.iter().all(|variable| !variable.path.ends_with("moving_mean")));
    /// # Ok::<(), hornfels::Error>(())
    /// ```
    pub fn trainable_variables(&self) -> Vec<&Variable<'a>> {
        let config = self.network.object().config();
        if config.get("trainable").and_then(serde_json::Value::as_bool) == Some(false) {
            return Vec::new();
        }
        let mut trained = Vec::new();
        for layer in self.network.layers() {
            let within = |variable: &&Variable<'a>| {
                let rest = variable.path.strip_prefix(layer.name());
                let rest = rest.and_then(|rest| rest.strip_prefix('/'));
                !self.variables.is_fixed(&variable.path)
                    && is_trained(Part::Layer(layer), rest.unwrap_or(&variable.path))
            };
            let variables = self.variables.of_layer(layer.name()).iter();
            trained.extend(variables.filter(within));
        }
        trained
    }
}

/// Whether the variable at `rest`, counted from the layer, is trained.
fn is_trained(layer: Part<'_>, rest: &str) -> bool {
    if !layer.trainable() {
        return false;
    }
    if layer.is_model() {
        let inner = rest.split_once('/');
        let inner = inner.and_then(|(name, rest)| Some((layer.layer(name)?, rest)));
        return inner.map_or(!is_statistic(rest), |(layer, rest)| is_trained(layer, rest));
    }
    match (layer.wrapped(), rest.split_once('/')) {
        (Some(forward), Some((name, rest))) => {
            let backward = layer.backward().filter(|_| name.starts_with("backward_"));
            is_trained(backward.unwrap_or(forward), rest)
        }
        _ => !is_statistic(rest),
    }
}
