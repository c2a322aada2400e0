//! A model becomes groups, attributes and datasets.

use super::arrays::rewritten;
use super::names::{Unique, saved_layers};
use super::{
    BACKEND, KERAS_VERSION, LAYER_NAMES, MODEL_CONFIG, MODEL_WEIGHTS, TOP_LEVEL, WEIGHT_NAMES,
    attributes, extras, paths, store, training,
};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::hdf5::{GroupMut, Value};
use crate::keras::{Dialect, Layer, Model, Network, Variable, Variables};
use crate::options::{SaveOptions, WeightsLayout};
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
/// subclassed model, as in Keras; what [`translate`](crate::keras::translate) says of a model that
/// is saved in another dialect than its own.
pub fn save_into<'m>(
    model: &'m Model<'_>,
    group: &mut GroupMut<'_, 'm>,
    options: &SaveOptions,
) -> Result<()> {
    let network = in_dialect(model, options, Dialect::Keras2)?;
    let names = Names::new(model, &network, options)?;
    write_origin(model, &names, group)?;
    text(group, MODEL_CONFIG, &network.to_object().to_string())?;
    write_layers(model, &names, &mut group.group(MODEL_WEIGHTS)?).within(|| MODEL_WEIGHTS)?;
    if options.include_optimizer {
        training::write(model, &names, group)?;
    }
    extras::write(&model.metadata.extras, group)
}

/// Saves the weights of a model into a group, without its config: what `model.save_weights` makes.
///
/// The layout is [`WeightsLayout::Layers`] unless [`SaveOptions::weights_layout`] says else.
///
/// # Errors
///
/// As [`save_into`]; [`ErrorKind::Unsupported`] in the layout [`WeightsLayout::Objects`] for
/// layers of unknown classes that have variables in layers of their own.
pub fn save_weights_into<'m>(
    model: &'m Model<'_>,
    group: &mut GroupMut<'_, 'm>,
    options: &SaveOptions,
) -> Result<()> {
    match options.weights_layout.unwrap_or(WeightsLayout::Layers) {
        WeightsLayout::Layers => {
            let network = in_dialect(model, options, Dialect::Keras2)?;
            write_layers(model, &Names::new(model, &network, options)?, group)
        }
        WeightsLayout::Objects => {
            let network = in_dialect(model, options, Dialect::Keras3)?;
            let names = Names::new(model, &network, options)?;
            if names.dialect() == Dialect::Keras1 {
                let message = "weights of Keras 1, which has no layout by objects";
                return Err(Error::new(ErrorKind::InvalidArgument, message)
                    .with_hint("choose the dialect of Keras 2 or 3"));
            }
            store::save(model, &names, group, options)
        }
    }
}

/// The network in the dialect to save in, which is `default` for a model that was made here.
fn in_dialect(model: &Model<'_>, options: &SaveOptions, default: Dialect) -> Result<Network> {
    if let Network::Subclassed(object) = &model.network {
        return Err(subclassed(object.class_name()));
    }
    if model.metadata.dialect.is_none() {
        model.validate_with(&options.layers)?;
    }
    let dialect = options.dialect.or(model.metadata.dialect);
    let is_own = |class: &str| options.layers.is_own(class);
    let network = &model.network;
    network.to_dialect_with(dialect.unwrap_or(default), &is_own)
}

/// How the variables of a model are called in the file that is written.
pub(super) struct Names<'n> {
    /// Whether they are called what they were called in the file they came from.
    own: bool,
    /// The model as it is written.
    pub(super) network: &'n Network,
    /// Its variables, where they are others than the model's.
    pub(super) rewritten: Option<Variables<'static>>,
    flips: bool,
}

impl<'n> Names<'n> {
    /// What the file called its variables holds for this file if it is of the same kind.
    pub(super) fn new(
        model: &Model<'_>,
        network: &'n Network,
        options: &SaveOptions,
    ) -> Result<Self> {
        Ok(Names {
            own: model.metadata.dialect == Some(network.dialect()),
            network,
            rewritten: rewritten(model, network, options)?,
            flips: options.flip_kernels,
        })
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.network.dialect()
    }

    /// The variables of a layer as they are written: path in the model, name, values.
    pub(super) fn variables<'m>(
        &self,
        model: &'m Model<'_>,
        layer: &str,
    ) -> Vec<(String, String, Tensor<'m>)> {
        match &self.rewritten {
            Some(all) => {
                let all = all.of_layer(layer).iter();
                let all = all.map(|it| (it.path.clone(), self.of(layer, it), it.tensor.clone()));
                all.collect()
            }
            None => {
                let all = model.variables.of_layer(layer).iter();
                let all = all.map(|it| (it.path.clone(), self.of(layer, it), it.tensor.borrowed()));
                all.collect()
            }
        }
    }

    /// The name of a variable that belongs to a layer.
    pub(super) fn of(&self, layer: &str, variable: &Variable<'_>) -> String {
        match self.kept(variable) {
            Some(name) => name.to_owned(),
            None => paths::stored(self.network, layer, &variable.path, self.dialect()),
        }
    }

    /// The name a variable came with, if it keeps it.
    pub(super) fn kept<'v>(&self, variable: &'v Variable<'_>) -> Option<&'v str> {
        variable.stored_name.as_deref().filter(|_| self.own)
    }
}

/// Which Keras saved the model, and what it computed with: as in the file it came from, which may
/// not say.
fn write_origin(model: &Model<'_>, names: &Names<'_>, group: &mut GroupMut<'_, '_>) -> Result<()> {
    let metadata = &model.metadata;
    let (version, backend) = if names.own {
        let version = metadata.keras_version.as_deref();
        (version, metadata.backend.as_deref())
    } else if names.dialect() == Dialect::Keras3 {
        (Some(KERAS_3), Some("tensorflow"))
    } else {
        (Some(KERAS_2), Some("tensorflow"))
    };
    let backend = match (names.flips, model.has_theano_kernels()) {
        (false, true) if !names.own => Some("theano"),
        (true, _) => Some("tensorflow"),
        _ => backend,
    };
    if let Some(version) = version {
        text(group, KERAS_VERSION, version)?;
    }
    if let Some(backend) = backend {
        text(group, BACKEND, backend)?;
    }
    Ok(())
}

/// The error for a model whose layers its config does not tell.
pub(super) fn subclassed(class_name: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("`{class_name}` is a subclassed model, HDF5 files hold Sequential and Functional"),
    )
    .with_hint("Keras has the same limit: a SavedModel can hold it")
}

fn write_layers<'m>(
    model: &'m Model<'_>,
    names: &Names<'_>,
    group: &mut GroupMut<'_, 'm>,
) -> Result<()> {
    let layers = if names.own {
        // The file may have listed an InputLayer, or no layer without weights.
        let all = names.network.layers().iter().map(Layer::name);
        all.filter(|name| model.variables.has_layer(name)).collect()
    } else {
        saved_layers(names.network)
    };
    attributes::write_names(group, LAYER_NAMES, &layers)?;
    if names.dialect() != Dialect::Keras1 {
        // Without a version here, loaders take the arrays for those of Keras 1.
        write_origin(model, names, group)?;
    }
    let has_top_level = !names.own || model.variables.has_layer(TOP_LEVEL);
    for layer in layers.into_iter().chain(has_top_level.then_some(TOP_LEVEL)) {
        let variables = names.variables(model, layer).into_iter();
        let variables = variables.map(|(_, name, tensor)| (name, tensor));
        write_variables(variables.collect(), &mut group.group(layer)?)
            .within(|| format!("layer `{layer}`"))?;
    }
    Ok(())
}

/// The list of names, and a dataset for each.
pub(super) fn write_variables<'m>(
    variables: Vec<(String, Tensor<'m>)>,
    group: &mut GroupMut<'_, 'm>,
) -> Result<()> {
    let mut unique = Unique::default();
    let variables = variables.into_iter();
    let variables = variables.map(|(name, tensor)| (unique.name(name), tensor));
    let variables: Vec<(String, Tensor<'m>)> = variables.collect();
    let listed: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    attributes::write_names(group, WEIGHT_NAMES, &listed)?;
    for (name, tensor) in variables {
        group.dataset(&name, storable(tensor)?)?;
    }
    Ok(())
}

/// The tensor in an element type that Keras reads back: `spec/keras_h5.md#element-types`.
pub(super) fn storable(tensor: Tensor<'_>) -> Result<Tensor<'_>> {
    if tensor.dtype() != DType::BFloat16 {
        return Ok(tensor);
    }
    let values = tensor.view::<BF16>()?;
    let wide: Vec<f32> = values.iter().map(|value| value.to_f32()).collect();
    Tensor::from_vec(wide, tensor.shape())
}

pub(super) fn text(group: &mut GroupMut<'_, '_>, name: &str, value: &str) -> Result<()> {
    let value = if value.len() <= MAX_FIXED {
        Value::fixed_string(value)?
    } else {
        Value::variable_string(value)
    };
    group.attribute(name, value)
}
