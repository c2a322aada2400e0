//! The state of an optimizer: its iteration, and slot variables for those of the model.

use super::layout::{Entry, Role, layout};
use super::slots::Start;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::keras::compile::CompileConfig;
use crate::keras::json;
use crate::keras::object::Object;
use crate::keras::variables::Variable;
use crate::tensor::{DType, Tensor};

/// The variables of an optimizer in the order in which they are saved: the iteration, then slots.
///
/// Their paths are the same whichever Keras wrote them: the optimizer, the slot as Keras 3 calls
/// it, the variable of the model. A state that does not fit what Keras keeps for such an optimizer
/// is carried with the paths it came with.
///
/// ```
/// use hornfels::Tensor;
/// let mut model = hornfels::load_model("tests/data/early_warning.h5")?;
/// model.build_optimizer()?;
/// let mut state = model.optimizer.unwrap();
/// assert_eq!(state.variables[0].path, "adam/iteration");
/// assert_eq!(state.variables[1].path, "adam/momentum/conv1d/kernel");
///
/// state.set_iterations(100)?;
/// state.set_slot("dense/bias", "velocity", Tensor::from_vec(vec![0.5_f32; 4], [4])?)?;
/// assert_eq!(state.slot("dense/kernel", "momentum")?.shape(), [10, 4]);
/// # Ok::<(), hornfels::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState<'a> {
    /// The variables; their paths are theirs alone, not those of a layer.
    pub variables: Vec<Variable<'a>>,
}

impl<'a> OptimizerState<'a> {
    /// The state before the first step, for an optimizer that is built into Keras.
    ///
    /// `trained` are the variables it will train, [`Model::trainable_variables`]; to give a model
    /// the state, there is [`Model::build_optimizer`].
    ///
    /// [`Model::trainable_variables`]: crate::keras::Model::trainable_variables
    /// [`Model::build_optimizer`]: crate::keras::Model::build_optimizer
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArgument`] if the config has no optimizer; [`ErrorKind::UnknownObject`]
    /// for one that is not built into Keras.
    pub fn zeros(config: &CompileConfig, trained: &[&Variable<'_>]) -> Result<Self> {
        let Some(optimizer) = config.optimizer() else {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the compile config names no optimizer with its arguments",
            ));
        };
        let entries = layout(&optimizer, trained).ok_or_else(|| unknown(&optimizer))?;
        let variables = entries.into_iter().map(|entry| {
            let tensor = entry.start(&optimizer, trained)?;
            Ok(Variable {
                path: entry.path,
                stored_name: None,
                tensor,
            })
        });
        let variables = variables.collect::<Result<_>>()?;
        Ok(OptimizerState { variables })
    }

    /// How many steps the optimizer has taken; none if the state does not say.
    pub fn iterations(&self) -> Option<i64> {
        let iteration = self.variables.iter().rfind(|it| is_iteration(it))?;
        let steps = iteration.tensor.view::<i64>().ok()?;
        steps.first().copied()
    }

    /// Makes the optimizer one that has taken so many steps. Learning rate schedules and the
    /// corrections of Adam go by it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the state has no iteration.
    pub fn set_iterations(&mut self, iterations: i64) -> Result<()> {
        let Some(found) = self.variables.iter_mut().rfind(|it| is_iteration(it)) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                "the optimizer's state has no iteration",
            ));
        };
        found.tensor = Tensor::scalar(iterations);
        Ok(())
    }

    /// What the optimizer keeps for the variable at `variable` under a name of Keras 3:
    /// `momentum`, `velocity`, `accumulator`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if it keeps no such thing.
    pub fn slot(&self, variable: &str, slot: &str) -> Result<&Tensor<'a>> {
        let mut all = self.variables.iter();
        let found = all.find(|it| is_slot(&it.path, variable, slot));
        found
            .map(|it| &it.tensor)
            .ok_or_else(|| no_slot(variable, slot))
    }

    /// Replaces what the optimizer keeps for the variable at `variable`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if it keeps no such thing; [`ErrorKind::InvalidArgument`] if it has
    /// another shape.
    pub fn set_slot(&mut self, variable: &str, slot: &str, tensor: Tensor<'a>) -> Result<()> {
        let mut all = self.variables.iter_mut();
        let found = all.find(|it| is_slot(&it.path, variable, slot));
        let found = found.ok_or_else(|| no_slot(variable, slot))?;
        let (given, expected) = (tensor.shape(), found.tensor.shape());
        if given != expected {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("shape {given:?} for `{slot}` of `{variable}`, expected {expected:?}"),
            ));
        }
        found.tensor = tensor;
        Ok(())
    }

    /// Gives the variables of a state that was read their paths, if they are what Keras keeps for
    /// such an optimizer and such variables.
    pub(crate) fn name_paths(&mut self, config: &CompileConfig, trained: &[&Variable<'_>]) {
        let optimizer = config.optimizer();
        let Some(entries) = optimizer.and_then(|it| layout(&it, trained)) else {
            return;
        };
        if self.fits(&entries) {
            for (variable, entry) in self.variables.iter_mut().zip(entries) {
                variable.path = entry.path;
            }
        }
    }

    /// Whether the variables are these: as Keras does, by their number and shapes.
    pub(super) fn fits(&self, entries: &[Entry]) -> bool {
        let pairs = self.variables.iter().zip(entries);
        self.variables.len() == entries.len()
            && pairs
                .into_iter()
                .all(|(found, entry)| found.tensor.shape() == entry.shape)
    }
}

fn is_iteration(variable: &Variable<'_>) -> bool {
    let name = variable.path.rsplit('/').next();
    matches!(name, Some("iteration" | "iter" | "iterations"))
}

/// Whether `path` is an optimizer's name, the slot and the variable.
fn is_slot(path: &str, variable: &str, slot: &str) -> bool {
    let after = path.split_once('/').map_or("", |(_, after)| after);
    let after = after.strip_prefix(slot).and_then(|it| it.strip_prefix('/'));
    after == Some(variable)
}

#[cold]
fn no_slot(variable: &str, slot: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("the optimizer keeps no `{slot}` for a variable `{variable}`"),
    )
}

#[cold]
pub(super) fn unknown(optimizer: &Object) -> Error {
    Error::new(
        ErrorKind::UnknownObject,
        format!(
            "what the optimizer `{}` keeps for each variable is not known",
            optimizer.class_name()
        ),
    )
}

impl Entry {
    /// The variable before the first step.
    pub(super) fn start(
        &self,
        optimizer: &Object,
        trained: &[&Variable<'_>],
    ) -> Result<Tensor<'static>> {
        let value = match self.start {
            Start::Zero => return Tensor::zeros(self.dtype, &self.shape),
            Start::One => 1.0,
            Start::Argument(key, default) => {
                let given = optimizer.config().get(key).and_then(json::number);
                given.unwrap_or(default)
            }
            Start::Variable => {
                let place = match self.role {
                    Role::Slot(_, place) => trained.get(place),
                    _ => None,
                };
                return match place {
                    Some(variable) => Ok(variable.tensor.clone().into_owned()),
                    None => Tensor::zeros(self.dtype, &self.shape),
                };
            }
        };
        filled(self.dtype, &self.shape, value).within(|| self.path.clone())
    }
}

/// The number as the variables of Keras hold it.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}

/// A tensor that holds one number everywhere.
fn filled(dtype: DType, shape: &[u64], value: f64) -> Result<Tensor<'static>> {
    use crate::tensor::{BF16, F16};
    let zeros = Tensor::zeros(dtype, shape)?;
    let count = usize::try_from(zeros.len()).unwrap_or(0);
    let single = single(value);
    match dtype {
        DType::Float64 => Tensor::from_vec(vec![value; count], shape),
        DType::Float16 => Tensor::from_vec(vec![F16::from_f32(single); count], shape),
        DType::BFloat16 => Tensor::from_vec(vec![BF16::from_f32(single); count], shape),
        DType::Float32 => Tensor::from_vec(vec![single; count], shape),
        other => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("a variable of {other}, expected a float that can be trained"),
        )),
    }
}
