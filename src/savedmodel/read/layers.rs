//! The layers of a network and the objects that they are.

use super::descriptions::Descriptions;
use super::objects::{NodeId, Objects};
use crate::error::Result;
use crate::keras::{Layer, Network};
use crate::limits::Limits;

/// A layer that is no model.
pub(super) struct FoundLayer<'n> {
    pub(super) layer: &'n Layer,
    /// The names of the models it is in, and its own: `encoder/dense`.
    pub(super) path: String,
    pub(super) id: NodeId,
}

/// The layers of the model that is the object `root`, and of the models in it, but for inputs and for
/// layers without objects; none of a model that has no list of them.
pub(super) fn layers_of<'n>(
    network: &'n Network,
    (objects, descriptions, root): (&Objects<'_>, &Descriptions<'_>, NodeId),
    limits: &Limits,
) -> Result<Vec<FoundLayer<'n>>> {
    let mut found = Vec::new();
    if !matches!(network, Network::Subclassed(_)) {
        let known = (objects, descriptions);
        add(network, root, ("", 0), known, limits, &mut found)?;
    }
    Ok(found)
}

fn add<'n>(
    network: &'n Network,
    id: NodeId,
    (path, depth): (&str, u32),
    known: (&Objects<'_>, &Descriptions<'_>),
    limits: &Limits,
    found: &mut Vec<FoundLayer<'n>>,
) -> Result<()> {
    limits.depth(depth, "models")?;
    let (objects, descriptions) = known;
    let named = descriptions.by_name(&objects.numbered(id, "layer-"));
    for layer in network.layers() {
        let Some(id) = named.get(layer.name()).copied() else {
            continue;
        };
        let path = match path {
            "" => layer.name().to_owned(),
            _ => format!("{path}/{}", layer.name()),
        };
        match layer.network() {
            Some(inner) => {
                let inside = (&*path, depth.saturating_add(1));
                add(inner, id, inside, known, limits, found)?;
            }
            None if layer.class_name() == "InputLayer" => {}
            None => found.push(FoundLayer { layer, path, id }),
        }
    }
    Ok(())
}
