//! What recurrent layers that are stateful kept between calls: `spec/saved_model.md#reading`.

use std::collections::BTreeMap;

use super::layers::FoundLayer;
use super::objects::{NodeId, Objects};
use super::variables::Values;
use crate::error::{Context, Error, Result};
use crate::keras::Layer;
use crate::layers::Bidirectional;
use crate::tensor::Tensor;

/// The layers that a Bidirectional has as attributes.
const DIRECTIONS: [&str; 2] = ["forward_layer", "backward_layer"];

/// The states of layers, by path: `lstm/states/0`.
pub(super) fn states(
    layers: &[FoundLayer<'_>],
    objects: &Objects<'_>,
    values: &mut Values<'_>,
) -> Result<BTreeMap<String, Tensor<'static>>> {
    let mut states = BTreeMap::new();
    for found in layers {
        let mut add = |path: &str, id| {
            for (place, state) in states_of(objects, id).into_iter().enumerate() {
                let (_, value) = values.of(state).within(|| format!("layer `{path}`"))?;
                states.insert(format!("{path}/states/{place}"), value);
            }
            Ok::<_, Error>(())
        };
        let object = found.layer.object();
        if object.class_name() == Bidirectional::CLASS_NAME {
            // What is no config of one has no states either.
            let names = Bidirectional::from_object(object).map(|it| it.names());
            let names = names.map(|(forward, backward)| [forward, backward]);
            for (direction, name) in DIRECTIONS.iter().zip(names.into_iter().flatten()) {
                if let Some(id) = objects.child(found.id, direction) {
                    add(&format!("{}/{name}", found.path), id)?;
                }
            }
        } else if is_stateful(found.layer) {
            add(&found.path, found.id)?;
        }
    }
    Ok(states)
}

fn is_stateful(layer: &Layer) -> bool {
    let stateful = layer.object().config().get("stateful");
    stateful.and_then(serde_json::Value::as_bool) == Some(true)
}

/// The variables that a recurrent layer lists as its states: those of stacked cells are one list, whether
/// or not each cell has one of its own. Layers that are not stateful list nothing that has values.
fn states_of(objects: &Objects<'_>, layer: NodeId) -> Vec<NodeId> {
    let has_value = |id: &NodeId| objects.value_key(*id).is_some();
    let api = objects.child(layer, "keras_api");
    let list = api.and_then(|api| objects.child(api, "states"));
    let list = list.map(|list| objects.numbered(list, ""));
    let states = list
        .into_iter()
        .flatten()
        .flat_map(|id| match has_value(&id) {
            true => vec![id],
            false => objects.numbered(id, ""),
        });
    states.filter(has_value).collect()
}
