//! What shapes layers are built with: those of the tensors they are called with first.

use std::collections::HashMap;

use crate::keras::Network;
use crate::layers::{Inference, Inputs, LayerRegistry};
use crate::tensor::Shape;

/// What each layer is called with, by its path in the model, as far as configs tell it.
#[derive(Debug, Default)]
pub(super) struct BuildShapes(HashMap<String, Inputs>);

impl BuildShapes {
    pub(super) fn of(network: &Network, inference: &Inference, registry: &LayerRegistry) -> Self {
        let mut shapes = BuildShapes::default();
        shapes.collect(network, inference, registry, "");
        shapes
    }

    /// The shapes of the layer at that path; none if they are not known.
    pub(super) fn of_layer(&self, path: &str) -> &[Shape] {
        self.0.get(path).map_or(&[], Inputs::all)
    }

    /// All that the layer at that path is called with.
    pub(super) fn inputs(&self, path: &str) -> Option<&Inputs> {
        self.0.get(path)
    }

    fn collect(
        &mut self,
        network: &Network,
        inference: &Inference,
        registry: &LayerRegistry,
        prefix: &str,
    ) {
        for layer in network.layers() {
            let found = inference.layer(layer.name());
            let Some(inputs) = found.and_then(|it| it.inputs.as_ref()) else {
                continue;
            };
            let path = format!("{prefix}{}", layer.name());
            if let Some(inner) = layer.network() {
                let called = Inference::of_called(inner, registry, inputs.all());
                self.collect(inner, &called, registry, &format!("{path}/"));
            }
            self.0.insert(path, inputs.clone());
        }
    }
}
