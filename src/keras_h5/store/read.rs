//! A tree in the layout of `.weights.h5`, into a model that is there already.

use std::collections::HashSet;

use super::place::{Place, places};
use super::{DEPENDENCIES, Form, LAYERS, METRICS, OPTIMIZER, VARS, joined, optimizer};
use crate::error::{Error, ErrorKind, Result};
use crate::hdf5::{Found, Group, Object};
use crate::keras::{Dialect, Model};
use crate::keras_h5::pairs::{Pair, Pairs};
use crate::keras_h5::report::{StoredWeight, WeightsReport};
use crate::keras_h5::stored::{StoredLayer, tensor};
use crate::options::LoadWeightsOptions;
use crate::tensor::Tensor;

/// Whether a group is in this layout. It says so by what it holds only.
pub(in crate::keras_h5) fn is_store(group: &Group) -> Result<bool> {
    for name in [LAYERS, DEPENDENCIES, VARS] {
        if group.contains(name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives the variables of a model the values that a group has for them.
pub(in crate::keras_h5) fn load(
    group: &Group,
    model: &mut Model<'_>,
    options: &LoadWeightsOptions,
) -> Result<WeightsReport> {
    check(options)?;
    let mut pairs = Pairs::default();
    let mut taken = HashSet::new();
    for place in places_in(group, model)? {
        let stored = StoredLayer {
            variables: stored_in(group, &place.path)?,
            name: place.path,
        };
        taken.extend(stored.variables.iter().map(|(path, _)| path.clone()));
        pairs.list.push(Pair {
            stored,
            layer: place.layer,
            places: place.variables,
        });
    }
    leave_rest(group, &taken, &mut pairs)?;
    let (mut report, values) = pairs.resolve(model, options)?;
    let state = stored_in(group, OPTIMIZER)?;
    for (place, tensor) in values {
        model.variables.set_at(place, tensor);
    }
    optimizer::set(state, model, &mut report);
    Ok(report)
}

/// Refuses what only the other layout can do.
fn check(options: &LoadWeightsOptions) -> Result<()> {
    let wrong = match (options.by_name, options.flip_kernels) {
        (true, _) => "by_name",
        (_, true) => "flip_kernels",
        _ => return Ok(()),
    };
    let message = format!("`{wrong}` given with weights in the layout of `.weights.h5`");
    Err(Error::new(ErrorKind::InvalidArgument, message)
        .with_hint("their paths come from the classes of layers; leave the argument out"))
}

/// The places of a model's objects, by the names that most of them are there under.
fn places_in(group: &Group, model: &Model<'_>) -> Result<Vec<Place>> {
    // The paths of Keras 1 would be made of classes that no Keras with this layout has.
    let translated = match model.network.dialect() {
        Dialect::Keras1 => Some(model.network.to_dialect(Dialect::Keras2)?),
        _ => None,
    };
    let network = translated.as_ref().unwrap_or(&model.network);
    let mut best: Option<(usize, Vec<Place>)> = None;
    for form in Form::ALL {
        let places = places(network, &model.variables, form)?;
        let mut missing = 0_usize;
        for place in places.iter().filter(|it| !it.variables.is_empty()) {
            if !group.contains(&joined(&place.path, VARS))? {
                missing = missing.saturating_add(1);
            }
        }
        if missing == 0 {
            return Ok(places);
        }
        if best.as_ref().is_none_or(|(least, _)| missing < *least) {
            best = Some((missing, places));
        }
    }
    Ok(best.map(|(_, places)| places).unwrap_or_default())
}

/// The variables of the object at `path`, with their own paths, in order; none if it is not there.
fn stored_in(group: &Group, path: &str) -> Result<Vec<(String, Tensor<'static>)>> {
    let path = joined(path, VARS);
    if !group.contains(&path)? {
        return Ok(Vec::new());
    }
    let vars = group.group(&path)?;
    let count = vars.links()?.len();
    let variables = (0..count).map(|number| {
        let name = number.to_string();
        if !vars.contains(&name)? {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("{count} variables, none called `{name}`, expected those from `0` on"),
            )
            .within(format!("group {}", vars.path())));
        }
        let tensor = tensor(&vars.dataset(&name)?)?;
        Ok((joined(&path, &name), tensor))
    });
    variables.collect()
}

/// Says of the variables in the file that nobody took that they are left; those of the optimizer
/// and of metrics are not those of the model.
fn leave_rest(group: &Group, taken: &HashSet<String>, pairs: &mut Pairs) -> Result<()> {
    let root = group.path().trim_end_matches('/').to_owned();
    for step in group.walk() {
        let step = step?;
        let Found::Object(Object::Dataset(_)) = step.found else {
            continue;
        };
        let path = step.path.strip_prefix(&root).unwrap_or(&step.path);
        let path = path.trim_start_matches('/');
        let first = path.split('/').next().unwrap_or_default();
        let Some((object, _)) = path.rsplit_once(VARS) else {
            continue;
        };
        if [OPTIMIZER, METRICS].contains(&first) || taken.contains(path) {
            continue;
        }
        pairs.report.unused.push(StoredWeight {
            layer: object.trim_end_matches('/').to_owned(),
            variable: path.to_owned(),
        });
    }
    Ok(())
}
