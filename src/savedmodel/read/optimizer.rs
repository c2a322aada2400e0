//! The state of an optimizer: `spec/saved_model.md#optimizers`.

use std::collections::{HashMap, VecDeque};

use super::objects::{NodeId, Objects};
use super::variables::Values;
use crate::error::{Context, Result};
use crate::keras::{Object, Variable, optimizer_layout};
use crate::tensor::Tensor;

/// What newer optimizers list.
const VARIABLES: &str = "_variables";
/// Where optimizers of either kind have the iteration.
const ITERATIONS: [&str; 2] = ["iter", "_iterations"];
/// What Nadam keeps besides.
const MOMENTUM_CACHE: &str = "momentum_cache";

/// What the optimizer has of the model's variables.
pub(super) struct Trained<'t> {
    /// In the order in which they are trained.
    pub(super) variables: &'t [&'t Variable<'t>],
    /// Their objects.
    pub(super) objects: Vec<NodeId>,
    /// The places of the variables in the order in which the model that was saved trained them.
    pub(super) as_saved: Vec<usize>,
}

/// The variables of an optimizer as HDF5 files list them.
pub(super) fn state(
    objects: &Objects<'_>,
    optimizer: NodeId,
    config: Option<&Object>,
    trained: &Trained<'_>,
    values: &mut Values<'_>,
) -> Result<Vec<(String, Tensor<'static>)>> {
    let ids = match objects.child(optimizer, VARIABLES) {
        Some(list) => in_order(objects.numbered(list, ""), config, trained),
        None => legacy(objects, optimizer, config, trained),
    };
    values.all(&ids).within(|| "optimizer")
}

/// What newer optimizers list, in the order in which the variables are trained here: it is listed in
/// that of the model that was saved.
fn in_order(ids: Vec<NodeId>, config: Option<&Object>, trained: &Trained<'_>) -> Vec<NodeId> {
    if trained.as_saved.is_sorted() {
        return ids;
    }
    let saved = trained.as_saved.iter();
    let saved: Vec<&Variable<'_>> = saved
        .filter_map(|at| trained.variables.get(*at).copied())
        .collect();
    let layout = |variables| config.and_then(|config| optimizer_layout(config, variables));
    let (Some(here), Some(there)) = (layout(trained.variables), layout(&saved)) else {
        return ids;
    };
    if there.len() != ids.len() {
        return ids;
    }
    let there = there.into_iter().map(|slot| {
        let (word, place) = slot?;
        Some((word, *trained.as_saved.get(place)?))
    });
    let mut known: HashMap<Option<(&str, usize)>, VecDeque<NodeId>> = HashMap::new();
    for (slot, id) in there.zip(&ids) {
        known.entry(slot).or_default().push_back(*id);
    }
    // What belongs to no variable keeps its place among its like.
    let ordered = here.iter().map(|slot| known.get_mut(slot)?.pop_front());
    ordered.collect::<Option<_>>().unwrap_or(ids)
}

/// The iteration, and slots in the order of the class of the optimizer.
fn legacy(
    objects: &Objects<'_>,
    optimizer: NodeId,
    config: Option<&Object>,
    trained: &Trained<'_>,
) -> Vec<NodeId> {
    let iterations = ITERATIONS.iter();
    let mut ids: Vec<NodeId> = iterations
        .filter_map(|name| objects.child(optimizer, name))
        .collect();
    ids.extend(objects.child(optimizer, MOMENTUM_CACHE));
    let slots = objects.node(optimizer).map_or(&[][..], |it| &it.slots);
    let known: HashMap<(NodeId, &str), NodeId> = slots
        .iter()
        .map(|slot| ((slot.original, slot.name), slot.variable))
        .collect();
    let layout = config.and_then(|config| optimizer_layout(config, trained.variables));
    if let Some(layout) = layout {
        let all = layout.into_iter().flatten();
        let all: Option<Vec<NodeId>> = all
            .map(|(word, place)| known.get(&(*trained.objects.get(place)?, word)).copied())
            .collect();
        if let Some(all) = all.filter(|all| all.len() == slots.len()) {
            ids.extend(all);
            return ids;
        }
    }
    ids.extend(slots.iter().map(|slot| slot.variable));
    ids
}
