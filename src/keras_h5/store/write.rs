//! A model into a tree in the layout of `.weights.h5`.

use super::place::places;
use super::{Form, INNER_OPTIMIZER, OPTIMIZER, VARS, joined};
use crate::error::{Context, Result};
use crate::hdf5::{Charset, GroupMut, Value};
use crate::keras::{Dialect, Generation, Model, Object};
use crate::keras_h5::training;
use crate::keras_h5::write::{Names, storable};
use crate::options::SaveOptions;
use crate::tensor::{DType, Tensor};

/// Four variables of its own stand before those of the optimizer that a `LossScaleOptimizer` of
/// Keras 3 drives: iteration, learning rate, step counter, scale.
const OF_LOSS_SCALE: usize = 4;

/// Writes the variables of a model, and the state of its optimizer.
pub(in crate::keras_h5) fn save<'m>(
    model: &'m Model<'_>,
    names: &Names<'_>,
    group: &mut GroupMut<'_, 'm>,
    options: &SaveOptions,
) -> Result<()> {
    let form = match names.dialect() {
        Dialect::Keras3 => Form::Keras3,
        Dialect::Keras1 | Dialect::Keras2 => Form::Keras2,
    };
    let places = match &names.rewritten {
        Some(variables) => places(names.network, variables, form)?,
        None => places(names.network, &model.variables, form)?,
    };
    for place in places {
        let variables = place.variables.iter().filter_map(|index| {
            Some(match &names.rewritten {
                Some(all) => all.at(*index)?.tensor.clone(),
                None => model.variables.at(*index)?.tensor.borrowed(),
            })
        });
        let object = Stored {
            name: place.name.as_deref(),
            variables: variables.collect(),
        };
        object
            .write(&place.path, form, group)
            .within(|| format!("layer `{}`", place.layer))?;
    }
    if options.include_optimizer {
        save_optimizer(model, names, form, group).within(|| OPTIMIZER)?;
    }
    Ok(())
}

/// An object as it is stored.
struct Stored<'s, 'm> {
    name: Option<&'s str>,
    variables: Vec<Tensor<'m>>,
}

impl<'m> Stored<'_, 'm> {
    /// A group for it, even without variables: Keras 2 demands one of the model itself.
    fn write(self, path: &str, form: Form, group: &mut GroupMut<'_, 'm>) -> Result<()> {
        let mut vars = group.group(&joined(path, VARS))?;
        if let Some(name) = self.name
            && form == Form::Keras3
        {
            vars.attribute("name", text(name))?;
        }
        for (number, tensor) in self.variables.into_iter().enumerate() {
            let number = number.to_string();
            let dtype = tensor.dtype();
            if dtype == DType::BFloat16 && form == Form::Keras3 {
                // As opaque bytes and a word for them, which it reads back.
                let value = Value::from(tensor).into_opaque();
                vars.dataset(&number, value)?
                    .attribute("dtype", text(dtype.name()))?;
            } else {
                vars.dataset(&number, storable(tensor)?)?;
            }
        }
        Ok(())
    }
}

/// A string as h5py stores one, which its readers get back as `str`.
fn text(value: &str) -> Value<'static> {
    Value::variable_string(value).with_charset(Charset::Utf8)
}

/// The state of the optimizer, which Keras matches by position. Legacy optimizers of Keras 2 have
/// no place in this layout.
fn save_optimizer<'m>(
    model: &'m Model<'_>,
    names: &Names<'_>,
    form: Form,
    group: &mut GroupMut<'_, 'm>,
) -> Result<()> {
    let Some(state) = &model.optimizer else {
        return Ok(());
    };
    let compile = match &model.compile {
        Some(compile) => Some(compile.to_dialect(names.dialect())?),
        None => None,
    };
    let optimizer = compile.as_ref().and_then(|it| it.optimizer());
    let is_legacy = |it: &Object| Generation::of_state(it) == Generation::Legacy;
    if optimizer.as_ref().is_some_and(is_legacy) {
        return Ok(());
    }
    let variables = training::variables(model, names, state, compile.as_ref())?;
    let variables: Vec<Tensor<'m>> = variables.into_iter().map(|(_, tensor)| tensor).collect();
    let scales = |it: &Object| it.class_name().contains("LossScaleOptimizer");
    if optimizer.as_ref().is_some_and(scales) {
        let own = match form {
            Form::Keras3 => OF_LOSS_SCALE,
            Form::Keras2 | Form::Keras2_13 => 0,
        };
        let inner = Stored {
            name: None,
            variables: variables.iter().skip(own).cloned().collect(),
        };
        inner.write(&joined(OPTIMIZER, INNER_OPTIMIZER), form, group)?;
    }
    let stored = Stored {
        name: optimizer.as_ref().and_then(Object::name),
        variables,
    };
    stored.write(OPTIMIZER, form, group)
}
