//! The state of an optimizer from one generation of optimizers to another.

use std::collections::HashMap;

use super::layout::{Entry, Generation, Role, inner, layout};
use super::state::{OptimizerState, single, unknown};
use crate::error::{Error, ErrorKind, Result};
use crate::keras::json;
use crate::keras::object::Object;
use crate::keras::variables::Variable;
use crate::tensor::Tensor;

/// The optimizer as it was and as it will be written.
#[derive(Clone, Copy)]
pub(crate) struct Conversion<'c> {
    pub(crate) from: &'c Object,
    pub(crate) to: &'c Object,
    pub(crate) trained: &'c [&'c Variable<'c>],
    /// The names of the trained variables in the file that will be written.
    pub(crate) names: &'c [String],
}

/// The state with the names and in the order that `to` gives it.
///
/// What only one of the generations keeps is left out, or computed: the learning rate from the
/// config, Nadam's product from the iteration, the momentum that SGD has without using it.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] for a state that does not fit its optimizer.
pub(crate) fn convert<'m>(
    state: &'m OptimizerState<'_>,
    conversion: Conversion<'_>,
) -> Result<Vec<(String, Tensor<'m>)>> {
    let Conversion {
        from,
        to,
        trained,
        names,
    } = conversion;
    let found = layout(from, trained).ok_or_else(|| unknown(from))?;
    let wanted = layout(to, trained).ok_or_else(|| unknown(to))?;
    if !state.fits(&found) {
        return Err(does_not_fit(state, from, &found, trained.len()));
    }
    let pairs = found.iter().map(|entry| entry.role).zip(&state.variables);
    let kept: HashMap<Role, &'m Variable<'_>> = pairs.collect();
    let generation = Generation::of(to);
    let converted = wanted.into_iter().map(|entry| {
        let tensor = match (entry.role, kept.get(&entry.role)) {
            // Legacy classes multiply another schedule.
            (Role::MomentumProduct, _) => Tensor::scalar(momentum_product(state, to)),
            (_, Some(variable)) => variable.tensor.borrowed(),
            (_, None) => entry.start(to, trained)?,
        };
        Ok((entry.stored_name(generation, names), tensor))
    });
    converted.collect()
}

/// The product over all steps of Nadam's momentum schedule, in single precision as Keras has it.
fn momentum_product(state: &OptimizerState<'_>, optimizer: &Object) -> f32 {
    /// From here on the schedule is `beta_1` to the last bit.
    const SETTLED: i64 = 1_000;
    let nadam = inner(optimizer);
    let beta = nadam.as_ref().unwrap_or(optimizer).config().get("beta_1");
    let beta = beta.and_then(json::number).unwrap_or(0.9);
    let steps = state.iterations().unwrap_or(0);
    let mut product = 1_f32;
    let mut decayed = 1_f64;
    for _ in 0..steps.min(SETTLED) {
        decayed *= 0.96;
        product *= single(beta * (1.0 - 0.5 * decayed));
    }
    let rest = i32::try_from(steps.saturating_sub(SETTLED).max(0)).unwrap_or(i32::MAX);
    product * single(beta).powi(rest)
}

#[cold]
fn does_not_fit(
    state: &OptimizerState<'_>,
    optimizer: &Object,
    entries: &[Entry],
    trained: usize,
) -> Error {
    let pairs = state.variables.iter().zip(entries);
    let class = optimizer.class_name();
    let mut differing = pairs.filter(|(found, entry)| found.tensor.shape() != entry.shape);
    let message = match differing.next() {
        Some((found, entry)) if state.variables.len() == entries.len() => format!(
            "variable `{}` of the optimizer `{class}` has the shape {:?}, expected {:?}",
            found.path,
            found.tensor.shape(),
            entry.shape
        ),
        _ => format!(
            "{} variables of the optimizer `{class}`, expected {} for the {trained} variables that \
             it trains",
            state.variables.len(),
            entries.len(),
        ),
    };
    Error::new(ErrorKind::Unsupported, message).with_hint(
        "save without the optimizer, or in the dialect the model came in, which carries its state",
    )
}
