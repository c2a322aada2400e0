//! A model becomes groups, attributes and datasets.

use super::names::{self, Unique};
use super::{
    BACKEND, KERAS_VERSION, LAYER_NAMES, MODEL_CONFIG, MODEL_WEIGHTS, OPTIMIZER_WEIGHTS, TOP_LEVEL,
    TRAINING_CONFIG, WEIGHT_NAMES, attributes, extras,
};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::{GroupMut, Value};
use crate::keras::{Dialect, Model, Network, Variable, json};
use crate::options::SaveOptions;
use crate::tensor::{BF16, DType, Tensor};

/// The longest string that is stored with a fixed length: `spec/keras_h5.md#scalar-strings`.
const MAX_FIXED: usize = 60_000;
/// The version a model made here is given: `spec/keras_h5.md#dialects`.
const KERAS_2: &str = "2.15.0";
const KERAS_3: &str = "3.15.1";

/// Saves a model into a group of a tree that may hold other things too.
///
/// Where Keras takes an open `h5py.File` as `filepath`, this takes the group; what it holds already
/// stays. Of the options, those that concern the model count.
///
/// ```
/// # fn main() -> hornfels::Result<()> {
/// use hornfels::hdf5::{File, Tree, WriteOptions};
/// use hornfels::{Limits, LoadOptions, SaveOptions, Tensor, keras_h5};
///
/// let model = hornfels::load_model("tests/data/early_warning.h5")?;
/// let mut tree = Tree::new();
/// tree.root().dataset("measured", Tensor::from_vec(vec![1.5_f32, 2.5], [2])?)?;
/// keras_h5::save_into(&model, &mut tree.root().group("models/first")?, &SaveOptions::new())?;
/// let bytes = tree.to_vec(&WriteOptions::default())?;
///
/// let file = File::from_bytes(bytes, Limits::default())?;
/// let back = keras_h5::load_from(&file.group("models/first")?, &LoadOptions::new())?;
/// assert_eq!(back, model);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ErrorKind::AlreadyExists`] if the group holds a model already; [`ErrorKind::Unsupported`] for a
/// subclassed model, as in Keras.
pub fn save_into<'m>(
    model: &'m Model<'_>,
    group: &mut GroupMut<'_, 'm>,
    options: &SaveOptions,
) -> Result<()> {
    if let Network::Subclassed(object) = &model.network {
        return Err(subclassed(object.class_name()));
    }
    if model.metadata.dialect.is_none() {
        model.validate_with(&options.layers)?;
    }
    let dialect = options
        .dialect
        .or(model.metadata.dialect)
        .unwrap_or(Dialect::Keras2);
    if dialect != model.network.dialect() {
        return Err(other_dialect(model.network.dialect(), dialect));
    }
    write_origin(model, dialect, group)?;
    text(group, MODEL_CONFIG, &model.network.to_object().to_string())?;
    write_layers(model, dialect, &mut group.group(MODEL_WEIGHTS)?).within(|| MODEL_WEIGHTS)?;
    if options.include_optimizer {
        write_training(model, group)?;
    }
    extras::write(&model.metadata.extras, group)
}

/// Which Keras saved the model, and what it computed with: as in the file it came from, which may
/// not say.
fn write_origin(model: &Model<'_>, dialect: Dialect, group: &mut GroupMut<'_, '_>) -> Result<()> {
    let own = if dialect == Dialect::Keras3 {
        KERAS_3
    } else {
        KERAS_2
    };
    let is_new = model.metadata.dialect.is_none();
    let version = model
        .metadata
        .keras_version
        .as_deref()
        .or(is_new.then_some(own));
    let backend = model
        .metadata
        .backend
        .as_deref()
        .or(is_new.then_some("tensorflow"));
    if let Some(version) = version {
        text(group, KERAS_VERSION, version)?;
    }
    if let Some(backend) = backend {
        text(group, BACKEND, backend)?;
    }
    Ok(())
}

fn other_dialect(found: Dialect, asked: Dialect) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("configs in the form of {found}, asked for that of {asked}"),
    )
    .with_hint("save in the dialect the model came in; translating is not part of this version")
}

fn subclassed(class_name: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("`{class_name}` is a subclassed model, HDF5 files hold Sequential and Functional"),
    )
    .with_hint("save it as a SavedModel; Keras has the same limit")
}

fn write_layers<'m>(
    model: &'m Model<'_>,
    dialect: Dialect,
    group: &mut GroupMut<'_, 'm>,
) -> Result<()> {
    let layers = names::saved_layers(&model.network, |name| model.variables.has_layer(name));
    attributes::write_names(group, LAYER_NAMES, &layers)?;
    write_origin(model, dialect, group)?;
    let is_new = model.metadata.dialect.is_none();
    let top_level = (is_new || model.variables.has_layer(TOP_LEVEL)).then_some(TOP_LEVEL);
    for layer in layers.into_iter().chain(top_level) {
        let variables = model.variables.of_layer(layer);
        write_variables(variables, &mut group.group(layer)?)
            .within(|| format!("layer `{layer}`"))?;
    }
    Ok(())
}

fn write_training<'m>(model: &'m Model<'_>, group: &mut GroupMut<'_, 'm>) -> Result<()> {
    if let Some(compile) = &model.compile {
        text(
            group,
            TRAINING_CONFIG,
            &json::object_to_string(compile.json()),
        )?;
    }
    if let Some(state) = &model.optimizer {
        write_variables(&state.variables, &mut group.group(OPTIMIZER_WEIGHTS)?)
            .within(|| OPTIMIZER_WEIGHTS)?;
    }
    Ok(())
}

/// The list of names, and a dataset for each.
fn write_variables<'m>(variables: &'m [Variable<'_>], group: &mut GroupMut<'_, 'm>) -> Result<()> {
    let mut unique = Unique::default();
    let names: Vec<String> = variables
        .iter()
        .map(|variable| unique.name(names::stored(variable)))
        .collect();
    let listed: Vec<&str> = names.iter().map(String::as_str).collect();
    attributes::write_names(group, WEIGHT_NAMES, &listed)?;
    for (name, variable) in names.iter().zip(variables) {
        group.dataset(name, storable(&variable.tensor)?)?;
    }
    Ok(())
}

/// The tensor in an element type that Keras reads back: `spec/keras_h5.md#element-types`.
fn storable<'m>(tensor: &'m Tensor<'_>) -> Result<Tensor<'m>> {
    if tensor.dtype() != DType::BFloat16 {
        return Ok(tensor.borrowed());
    }
    let values = tensor.view::<BF16>()?;
    let wide: Vec<f32> = values.iter().map(|value| value.to_f32()).collect();
    Tensor::from_vec(wide, tensor.shape())
}

fn text(group: &mut GroupMut<'_, '_>, name: &str, value: &str) -> Result<()> {
    let value = if value.len() <= MAX_FIXED {
        Value::fixed_string(value)?
    } else {
        Value::variable_string(value)
    };
    group.attribute(name, value)
}
