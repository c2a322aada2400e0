//! Saving and loading: from the format chosen to the room that knows it.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Context, Error, ErrorKind, Result};
use crate::format::Format;
use crate::hdf5::{File, Tree, WriteOptions};
use crate::io::{Files, SharedBytes};
use crate::keras::Model;
use crate::keras_h5::{self, WeightsReport};
use crate::limits::Limits;
use crate::options::{LoadOptions, LoadWeightsOptions, SaveOptions, WeightsLayout};
use crate::savedmodel;

/// Saves a model to a path with Keras's defaults; the suffix decides the format.
///
/// # Errors
///
/// See [`SaveOptions::save`].
pub fn save_model(model: &Model<'_>, path: impl AsRef<Path>) -> Result<()> {
    SaveOptions::new().save(model, path)
}

/// Loads a model, compile config and optimizer state included, without copying a weight.
///
/// The file is mapped and stays mapped as long as the model or a tensor of it lives; see
/// [`LoadOptions::map`] for what that asks of others who write the file.
///
/// # Errors
///
/// See [`LoadOptions::load`].
pub fn load_model(path: impl AsRef<Path>) -> Result<Model<'static>> {
    LoadOptions::new().load(path)
}

impl Model<'_> {
    /// Saves this model to a path with Keras's defaults; see [`SaveOptions`] for the others.
    ///
    /// # Errors
    ///
    /// See [`SaveOptions::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save_model(self, path)
    }

    /// Saves the variables of this model to a path, without its config, for
    /// [`load_weights`](Self::load_weights) or Keras's.
    ///
    /// # Errors
    ///
    /// See [`SaveOptions::save_weights`].
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        SaveOptions::new().save_weights(self, path)
    }

    /// Gives the variables of this model the values of a file, be it of weights or of a whole model,
    /// layer by layer in order.
    ///
    /// # Errors
    ///
    /// See [`LoadWeightsOptions::load`].
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<WeightsReport> {
        LoadWeightsOptions::new().load(self, path)
    }
}

impl LoadWeightsOptions {
    /// Gives the variables of `model` the values of the file at `path`.
    ///
    /// # Errors
    ///
    /// Those of the file as [`LoadOptions::load`]; else as
    /// [`load_weights_from`](keras_h5::load_weights_from).
    pub fn load(&self, model: &mut Model<'_>, path: impl AsRef<Path>) -> Result<WeightsReport> {
        let path = path.as_ref();
        let place = || path.display().to_string();
        if is_checkpoint(path) {
            let files = Files::directory("", self.map);
            return savedmodel::load_weights(&files, Some(path), model, self).within(place);
        }
        if path.is_dir() {
            let files = Files::directory(path, self.map);
            return match savedmodel::is_saved_model(&files) {
                true => savedmodel::load_weights(&files, None, model, self),
                false => Err(savedmodel::missing(&files)),
            }
            .within(place);
        }
        let bytes = SharedBytes::open(path, self.map)?;
        self.load_bytes(model, bytes).within(place)
    }

    /// Gives the variables of `model` the values of a file's bytes.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), but nothing of the file system.
    pub fn load_bytes(
        &self,
        model: &mut Model<'_>,
        bytes: impl Into<SharedBytes>,
    ) -> Result<WeightsReport> {
        let file = hdf5(bytes.into(), self.limits)?;
        keras_h5::load_weights_from(&file.root(), model, self)
    }
}

impl Model<'static> {
    /// Loads a model from a path; see [`load_model`] and [`LoadOptions`].
    ///
    /// # Errors
    ///
    /// See [`LoadOptions::load`].
    pub fn load(path: impl AsRef<Path>) -> Result<Model<'static>> {
        load_model(path)
    }
}

impl SaveOptions {
    /// Saves `model` to `path`, atomically: on failure an existing file is as it was.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] without [`overwrite`](Self::overwrite);
    /// [`ErrorKind::NotFound`] if the directory does not exist (Keras would create it);
    /// [`ErrorKind::InvalidArgument`] for arguments that do not go with the format.
    pub fn save(&self, model: &Model<'_>, path: impl AsRef<Path>) -> Result<()> {
        save(model, path.as_ref(), self)
    }

    /// Saves the variables of `model` without its config, as Keras's `model.save_weights` does.
    ///
    /// A name that ends in `.weights.h5` gets the layout that Keras expects behind it, with the
    /// optimizer's state: that of Keras 3, unless the model came from Keras 2 or
    /// [`dialect`](Self::dialect) says so.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save), and
    /// [`save_weights_into`](crate::keras_h5::save_weights_into).
    pub fn save_weights(&self, model: &Model<'_>, path: impl AsRef<Path>) -> Result<()> {
        save_weights(model, path.as_ref(), self)
    }

    /// The file as bytes. The format is HDF5 unless [`save_format`](Self::save_format) says else.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save), but nothing of the file system.
    pub fn to_vec(&self, model: &Model<'_>) -> Result<Vec<u8>> {
        to_vec(model, self)
    }

    /// Writes the file front to back, without seeking: into a pipe, a socket, an archive.
    ///
    /// # Errors
    ///
    /// As [`to_vec`](Self::to_vec), and [`ErrorKind::Io`] when `out` fails.
    pub fn write_to(&self, model: &Model<'_>, out: &mut dyn Write) -> Result<()> {
        write_to(model, self, out)
    }
}

impl LoadOptions {
    /// Loads the model at `path`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] and [`ErrorKind::Io`] for the file; [`ErrorKind::Malformed`],
    /// [`ErrorKind::Unsupported`], [`ErrorKind::Refused`] and [`ErrorKind::LimitExceeded`] for what
    /// is in it.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Model<'static>> {
        load(path.as_ref(), self)
    }

    /// Loads a model that consists of several files, a SavedModel, from their bytes: by their names,
    /// `saved_model.pb`, `keras_metadata.pb`, `variables/variables.index`, ….
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), but nothing of the file system.
    pub fn load_files<N: Into<PathBuf>, B: Into<SharedBytes>>(
        &self,
        files: impl IntoIterator<Item = (N, B)>,
    ) -> Result<Model<'static>> {
        let files = files.into_iter();
        let files = files.map(|(name, bytes)| (name.into(), bytes.into()));
        load_files(&Files::memory(files.collect()), self)
    }

    /// Loads a model from a file's bytes.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), but nothing of the file system.
    pub fn load_bytes(&self, bytes: impl Into<SharedBytes>) -> Result<Model<'static>> {
        load_bytes(bytes.into(), self)
    }
}

fn save(model: &Model<'_>, path: &Path, options: &SaveOptions) -> Result<()> {
    let place = || path.display().to_string();
    let format = options.save_format.unwrap_or_else(|| Format::of_path(path));
    if format == Format::SavedModel {
        return savedmodel::save(model, path, options).within(place);
    }
    let tree = tree(model, format, options).within(place)?;
    tree.save(path, &file_options(options))
}

fn to_vec(model: &Model<'_>, options: &SaveOptions) -> Result<Vec<u8>> {
    let format = options.save_format.unwrap_or(Format::H5);
    tree(model, format, options)?.to_vec(&file_options(options))
}

fn write_to(model: &Model<'_>, options: &SaveOptions, out: &mut dyn Write) -> Result<()> {
    let format = options.save_format.unwrap_or(Format::H5);
    tree(model, format, options)?.write_to(out, &file_options(options))
}

fn save_weights(model: &Model<'_>, path: &Path, options: &SaveOptions) -> Result<()> {
    let place = || path.display().to_string();
    let format = options.save_format.unwrap_or_else(|| Format::of_path(path));
    format.writable().within(place)?;
    options.check(format).within(place)?;
    let layout = options.weights_layout;
    let layout = layout.unwrap_or_else(|| WeightsLayout::of_path(path));
    let options = options.clone().weights_layout(layout);
    let mut tree = Tree::new();
    keras_h5::save_weights_into(model, &mut tree.root(), &options).within(place)?;
    tree.save(path, &file_options(&options))
}

fn tree<'m>(model: &'m Model<'_>, format: Format, options: &SaveOptions) -> Result<Tree<'m>> {
    format.writable()?;
    if format == Format::SavedModel {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "a SavedModel is a directory, expected a format that is one file",
        )
        .with_hint("save it to a path"));
    }
    options.check(format)?;
    let mut tree = Tree::new();
    keras_h5::save_into(model, &mut tree.root(), options)?;
    Ok(tree)
}

fn file_options(options: &SaveOptions) -> WriteOptions {
    let mut file = options.file.clone();
    file.commit.overwrite = options.overwrite;
    file
}

fn load(path: &Path, options: &LoadOptions) -> Result<Model<'static>> {
    let place = || path.display().to_string();
    if path.is_dir() {
        let files = Files::directory(path, options.map);
        return load_files(&files, options).within(place);
    }
    let bytes = SharedBytes::open(path, options.map)?;
    load_bytes(bytes, options).within(place)
}

fn load_files(files: &Files, options: &LoadOptions) -> Result<Model<'static>> {
    match savedmodel::is_saved_model(files) {
        true => savedmodel::load(files, options),
        false => Err(savedmodel::missing(files)),
    }
}

/// Whether `path` is what the names of a checkpoint's files begin with.
fn is_checkpoint(path: &Path) -> bool {
    let mut index = OsString::from(path);
    index.push(".index");
    !path.is_file() && Path::new(&index).is_file()
}

fn load_bytes(bytes: SharedBytes, options: &LoadOptions) -> Result<Model<'static>> {
    let file = hdf5(bytes, options.limits)?;
    keras_h5::load_from(&file.root(), options)
}

fn hdf5(bytes: SharedBytes, limits: Limits) -> Result<File> {
    // What is neither, the HDF5 reader names.
    if let Some(format) = Format::of_content(&bytes) {
        format.readable()?;
    }
    File::from_bytes(bytes, limits)
}
