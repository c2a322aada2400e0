//! How to save and how to load: Keras's arguments with Keras's names, meanings and defaults, and
//! what a Rust user wants besides.

mod savedmodel;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::format::Format;
use crate::hdf5::{Layout, WriteOptions};
use crate::io::{Sync, WriteStrategy};
use crate::keras::Dialect;
use crate::layers::LayerRegistry;
use crate::limits::Limits;
pub use savedmodel::{SavedModelOptions, VariablePolicy, Vocabularies};

/// How to save a model: the arguments of `tf.keras.models.save_model`, and more.
///
/// ```
/// # fn main() -> hornfels::Result<()> {
/// use hornfels::{Format, SaveOptions, load_model};
///
/// let model = load_model("tests/data/early_warning.h5")?;
/// let folder = tempfile::tempdir().unwrap();
/// SaveOptions::new()
///     .overwrite(false)
///     .include_optimizer(false)
///     .save_format(Format::H5)
///     .save(&model, folder.path().join("copy.h5"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SaveOptions {
    pub(crate) overwrite: bool,
    pub(crate) include_optimizer: bool,
    pub(crate) save_format: Option<Format>,
    pub(crate) weights_layout: Option<WeightsLayout>,
    pub(crate) signatures: Option<Signatures>,
    pub(crate) options: Option<SavedModelOptions>,
    pub(crate) save_traces: bool,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) flip_kernels: bool,
    pub(crate) layers: LayerRegistry,
    pub(crate) file: WriteOptions,
}

impl Default for SaveOptions {
    fn default() -> Self {
        SaveOptions {
            overwrite: true,
            include_optimizer: true,
            save_format: None,
            weights_layout: None,
            signatures: None,
            options: None,
            save_traces: true,
            dialect: None,
            flip_kernels: false,
            layers: LayerRegistry::builtin(),
            file: WriteOptions::default(),
        }
    }
}

impl SaveOptions {
    /// Keras's defaults: overwrite, include the optimizer, choose the format by the path.
    pub fn new() -> Self {
        SaveOptions::default()
    }

    /// Whether an existing file is replaced; `true` by default, as in Keras.
    ///
    /// Where Keras would ask on the terminal, `false` gives [`ErrorKind::AlreadyExists`].
    ///
    /// ```
    /// # use hornfels::SaveOptions;
    /// let careful = SaveOptions::new().overwrite(false);
    /// ```
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Whether the compile config and the optimizer's state are saved; `true` by default.
    ///
    /// ```
    /// # use hornfels::SaveOptions;
    /// let for_inference = SaveOptions::new().include_optimizer(false);
    /// ```
    #[must_use]
    pub fn include_optimizer(mut self, include: bool) -> Self {
        self.include_optimizer = include;
        self
    }

    /// The format, whatever the path says; by default [`Format::of_path`] decides.
    ///
    /// ```
    /// # use hornfels::{Format, SaveOptions};
    /// let hdf5_under_any_name = SaveOptions::new().save_format(Format::H5);
    /// ```
    #[must_use]
    pub fn save_format(mut self, format: Format) -> Self {
        self.save_format = Some(format);
        self
    }

    /// The layout of a file of weights, whatever the path says; by default a name that ends in
    /// `.weights.h5` gets [`WeightsLayout::Objects`] and any other [`WeightsLayout::Layers`].
    ///
    /// ```
    /// # use hornfels::{SaveOptions, WeightsLayout};
    /// let for_keras_3 = SaveOptions::new().weights_layout(WeightsLayout::Objects);
    /// ```
    #[must_use]
    pub fn weights_layout(mut self, layout: WeightsLayout) -> Self {
        self.weights_layout = Some(layout);
        self
    }

    /// The signatures of a SavedModel; an error with any other format.
    ///
    /// ```
    /// # use hornfels::{SaveOptions, Signature, Signatures};
    /// let signatures = Signatures::new().with("serving_default", Signature::new(["dense_1"]));
    /// let options = SaveOptions::new().signatures(signatures);
    /// ```
    #[must_use]
    pub fn signatures(mut self, signatures: Signatures) -> Self {
        self.signatures = Some(signatures);
        self
    }

    /// The `tf.saved_model.SaveOptions` of a SavedModel; an error with any other format.
    ///
    /// ```
    /// # use hornfels::{SaveOptions, SavedModelOptions};
    /// let options = SaveOptions::new().options(SavedModelOptions::default());
    /// ```
    #[must_use]
    pub fn options(mut self, options: SavedModelOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// Whether a SavedModel carries each layer's functions; `true` by default. `false` is an error
    /// with any other format, which has no functions to leave out.
    ///
    /// ```
    /// # use hornfels::SaveOptions;
    /// let configs_only = SaveOptions::new().save_traces(false);
    /// ```
    #[must_use]
    pub fn save_traces(mut self, save_traces: bool) -> Self {
        self.save_traces = save_traces;
        self
    }

    /// Whose form the configs are written in; by default the one the model came in.
    ///
    /// A model that was made here goes out in the form of Keras 2 by default. In another form than
    /// its own a model is translated, with its compile config and the optimizer's state; what the
    /// other Keras cannot express is an error, see [`translate`](crate::keras::translate).
    ///
    /// ```
    /// # use hornfels::{keras::Dialect, SaveOptions};
    /// let for_keras_3 = SaveOptions::new().dialect(Dialect::Keras3);
    /// ```
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Whether kernels of convolutions are turned back to front; `false` by default.
    ///
    /// For models trained with Theano, which computes what other backends compute with the kernel turned
    /// around: [`has_theano_kernels`](crate::keras::Model::has_theano_kernels).
    ///
    /// ```
    /// # use hornfels::{keras::Dialect, SaveOptions};
    /// let of_theano = SaveOptions::new().dialect(Dialect::Keras2).flip_kernels(true);
    /// ```
    #[must_use]
    pub fn flip_kernels(mut self, flip: bool) -> Self {
        self.flip_kernels = flip;
        self
    }

    /// Layer classes besides Keras's own: the model is checked by them before it is saved, their
    /// layers are carried to another dialect, and a SavedModel has what they
    /// [compute](crate::layers::Layer::lower).
    #[must_use]
    pub fn layers(mut self, layers: LayerRegistry) -> Self {
        self.layers = layers;
        self
    }

    /// The style of an HDF5 file; [`Layout::Classic`] by default, which every reader knows.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.file.layout = layout;
        self
    }

    /// When written bytes are flushed to the disk; [`Sync::OnReplace`] by default.
    #[must_use]
    pub fn sync(mut self, sync: Sync) -> Self {
        self.file.commit.sync = sync;
        self
    }

    /// How bytes are written; [`WriteStrategy::Auto`] by default.
    #[must_use]
    pub fn strategy(mut self, strategy: WriteStrategy) -> Self {
        self.file.commit.strategy = strategy;
        self
    }

    /// How many threads write; by default as many as there are cores.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.file.commit.threads = Some(threads);
        self
    }

    /// Called with the number of bytes written so far, from any thread.
    #[must_use]
    pub fn progress(mut self, report: impl Fn(u64) + Send + std::marker::Sync + 'static) -> Self {
        self.file.commit.progress = Some(Arc::new(report));
        self
    }

    /// Refuses what does not go with `format`, as Keras does.
    pub(crate) fn check(&self, format: Format) -> Result<()> {
        if format == Format::SavedModel {
            return Ok(());
        }
        let wrong = [
            (self.signatures.is_some(), "signatures"),
            (self.options.is_some(), "options"),
            (!self.save_traces, "save_traces"),
        ];
        let names: Vec<&str> = wrong
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| *name)
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let message = format!(
            "`{}` given with the format `{}`, expected only with a SavedModel",
            names.join("`, `"),
            format.name()
        );
        Err(Error::new(ErrorKind::InvalidArgument, message)
            .with_hint("leave the argument out, or save to a SavedModel directory"))
    }
}

/// How the weights of a model are laid out in a file that holds nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WeightsLayout {
    /// A list of layers by their names, as in whole models: `save_weights("x.h5")` of Keras 2.
    Layers,
    /// A group for each object by its class and place, and the optimizer's state:
    /// `save_weights("x.weights.h5")` of Keras 2.12 and later.
    Objects,
}

impl WeightsLayout {
    /// The layout that Keras expects behind a name.
    pub(crate) fn of_path(path: &Path) -> WeightsLayout {
        match path.to_string_lossy().ends_with(".weights.h5") {
            true => WeightsLayout::Objects,
            false => WeightsLayout::Layers,
        }
    }
}

/// Which functions a SavedModel offers under which names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures(pub(crate) BTreeMap<String, Signature>);

impl Signatures {
    /// None yet.
    pub fn new() -> Self {
        Signatures::default()
    }

    /// The same signatures and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, signature: Signature) -> Self {
        self.0.insert(name.into(), signature);
        self
    }

    /// Names and signatures, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Signature)> {
        self.0
            .iter()
            .map(|(name, signature)| (name.as_str(), signature))
    }
}

/// One named function of a SavedModel: from the model's inputs to the outputs of named layers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// The layers whose outputs are returned; those of the model if there are none.
    pub outputs: Vec<String>,
    /// The batch size, if it is fixed.
    pub batch: Option<u64>,
}

impl Signature {
    /// Returns the outputs of the named layers, for any batch size.
    pub fn new<S: Into<String>>(outputs: impl IntoIterator<Item = S>) -> Self {
        Signature {
            outputs: outputs.into_iter().map(Into::into).collect(),
            batch: None,
        }
    }

    /// The same function for one batch size only.
    #[must_use]
    pub fn batch(mut self, batch: u64) -> Self {
        self.batch = Some(batch);
        self
    }
}

/// How to load a model: the arguments of `tf.keras.models.load_model`, and more.
///
/// ```no_run
/// # fn main() -> hornfels::Result<()> {
/// use hornfels::{Limits, LoadOptions};
/// let model = LoadOptions::new()
///     .compile(false)
///     .limits(Limits { max_allocation: 1 << 30, ..Limits::default() })
///     .load("untrusted.h5")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadOptions {
    pub(crate) compile: bool,
    pub(crate) limits: Limits,
    pub(crate) map: bool,
    pub(crate) layers: LayerRegistry,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            compile: true,
            limits: Limits::default(),
            map: true,
            layers: LayerRegistry::builtin(),
        }
    }
}

impl LoadOptions {
    /// Loads everything, maps the file, and trusts it no further than [`Limits::default`].
    pub fn new() -> Self {
        LoadOptions::default()
    }

    /// Whether the compile config and the optimizer's state are loaded; `true` by default.
    #[must_use]
    pub fn compile(mut self, compile: bool) -> Self {
        self.compile = compile;
        self
    }

    /// What the file may make us do.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Layer classes besides Keras's own: what they know names the variables of their layers.
    #[must_use]
    pub fn layers(mut self, layers: LayerRegistry) -> Self {
        self.layers = layers;
        self
    }

    /// Whether the file is mapped (the default: loading copies nothing) or read into memory.
    ///
    /// A mapping shows what the file becomes: if another process truncates it while it is mapped,
    /// the operating system ends this one. Files are safe that are replaced by renaming, as this
    /// crate does; read instead of mapping where you can't be sure.
    #[must_use]
    pub fn map(mut self, map: bool) -> Self {
        self.map = map;
        self
    }
}

/// How to load weights into a model: the arguments of `model.load_weights`, and more.
///
/// ```
/// # fn main() -> hornfels::Result<()> {
/// use hornfels::keras::{Model, Sequential};
/// use hornfels::layers::Dense;
/// use hornfels::LoadWeightsOptions;
///
/// // The last layer of another model, by its name.
/// let network = Sequential::new("head").add(Dense::new(4).name("dense").input_shape([10]));
/// let mut model = Model::build(network)?;
/// let report = LoadWeightsOptions::new()
///     .by_name(true)
///     .load(&mut model, "tests/data/early_warning.h5")?;
/// assert_eq!(report.matched[0].variable, "dense/kernel");
/// assert_eq!(report.unused[0].layer, "conv1d");
/// assert!(report.missing.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadWeightsOptions {
    pub(crate) by_name: bool,
    pub(crate) skip_mismatch: bool,
    pub(crate) flip_kernels: bool,
    pub(crate) limits: Limits,
    pub(crate) map: bool,
}

impl Default for LoadWeightsOptions {
    fn default() -> Self {
        LoadWeightsOptions {
            by_name: false,
            skip_mismatch: false,
            flip_kernels: false,
            limits: Limits::default(),
            map: true,
        }
    }
}

impl LoadWeightsOptions {
    /// Keras's defaults: by position, and all must fit.
    pub fn new() -> Self {
        LoadWeightsOptions::default()
    }

    /// Whether layers are matched by name instead of by position; layers of one side only are left
    /// as they are then.
    #[must_use]
    pub fn by_name(mut self, by_name: bool) -> Self {
        self.by_name = by_name;
        self
    }

    /// Whether layers whose weights differ in number or shape are left as they are, instead of being
    /// an error.
    #[must_use]
    pub fn skip_mismatch(mut self, skip_mismatch: bool) -> Self {
        self.skip_mismatch = skip_mismatch;
        self
    }

    /// Whether kernels of convolutions are turned back to front: [`SaveOptions::flip_kernels`].
    #[must_use]
    pub fn flip_kernels(mut self, flip: bool) -> Self {
        self.flip_kernels = flip;
        self
    }

    /// What the file may make us do.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether the file is mapped (the default) or read: [`LoadOptions::map`].
    #[must_use]
    pub fn map(mut self, map: bool) -> Self {
        self.map = map;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_saved_model_is_an_error_with_h5() {
        let given = [
            (
                SaveOptions::new().signatures(Signatures::new()),
                "`signatures`",
            ),
            (
                SaveOptions::new().options(SavedModelOptions::default()),
                "`options`",
            ),
            (SaveOptions::new().save_traces(false), "`save_traces`"),
        ];
        for (options, name) in given {
            let error = options.check(Format::H5).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.message().starts_with(name), "{error}");
            assert!(options.check(Format::SavedModel).is_ok());
        }
        assert!(SaveOptions::new().check(Format::H5).is_ok());
    }

    #[test]
    fn signatures_are_ordered_by_name() {
        let signatures = Signatures::new()
            .with("second", Signature::new(["b"]).batch(7))
            .with("first", Signature::new(["a"]));
        let names: Vec<&str> = signatures.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["first", "second"]);
    }
}
