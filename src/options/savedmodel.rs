//! How to save a SavedModel: the arguments of `tf.saved_model.SaveOptions`, and more.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// What `tf.saved_model.SaveOptions` holds, with its names and defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedModelOptions {
    /// Operation namespaces that may be saved; empty allows all.
    pub namespace_whitelist: Vec<String>,
    /// Whether `debug/saved_model_debug_info.pb` is written.
    pub save_debug_info: bool,
    /// Further names for functions: alias to a signature (`serving_default`), or to a layer, whose
    /// calls get it.
    pub function_aliases: BTreeMap<String, String>,
    /// The device that does input and output.
    pub experimental_io_device: Option<String>,
    /// What is kept of the devices of variables.
    pub experimental_variable_policy: VariablePolicy,
    /// Whether gradients defined by functions are saved; Keras's default is `true`, and the
    /// default here is none given.
    pub experimental_custom_gradients: Option<bool>,
    /// Tags besides `serve`.
    pub extra_tags: Vec<String>,
    /// About how many bytes of variables a file holds, where TensorFlow has
    /// `experimental_sharding_callback`; by default one file holds all. No variable is divided.
    pub shard_size: Option<NonZeroU64>,
    /// Where the vocabularies of lookups are; TensorFlow has them in files where a layer was made with
    /// one.
    pub vocabularies: Vocabularies,
    /// Refused: no TensorFlow that is published can do it.
    pub experimental_image_format: bool,
    /// Refused: without functions that save and restore, most programs cannot load the variables.
    pub experimental_skip_saver: bool,
    /// Refused: there is nothing to strip.
    pub experimental_debug_stripper: bool,
}

/// Whether the devices of variables are saved: `tf.saved_model.experimental.VariablePolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariablePolicy {
    /// No devices.
    #[default]
    None,
    /// The device of each variable.
    SaveVariableDevices,
    /// The device of each variable and of each piece of a distributed one.
    ExpandDistributedVariables,
}

/// Where the tokens are that fill the tables of lookups: `StringLookup`, `IntegerLookup`,
/// `TextVectorization`.
///
/// ```
/// # fn main() -> hornfels::Result<()> {
/// use hornfels::keras::{Functional, Model};
/// use hornfels::layers::StringLookup;
/// use hornfels::{DType, SaveOptions, SavedModelOptions, Vocabularies};
///
/// let mut network = Functional::build("colours");
/// let text = network.input("text", [3], DType::String);
/// let lookup = StringLookup::new().name("colour").vocabulary(vec!["red", "green"]);
/// let index = network.call(lookup, &text)?;
/// let model = Model::build(network.finish([&text], [&index])?)?;
///
/// let folder = tempfile::tempdir().unwrap();
/// let mut options = SavedModelOptions::default();
/// options.vocabularies = Vocabularies::Assets;
/// SaveOptions::new().options(options).save(&model, folder.path().join("model"))?;
/// let file = folder.path().join("model/assets/colour.txt");
/// assert_eq!(std::fs::read_to_string(file).unwrap(), "red\ngreen\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Vocabularies {
    /// In the functions of `saved_model.pb`.
    #[default]
    InGraph,
    /// In a file of `assets/` for each lookup, which has its name and a token in each line. What
    /// no such file holds stays in the graph: tokens with line breaks, and indices of type `int32`.
    Assets,
}
