//! Saving and loading: from the format chosen to the room that knows it.

use std::io::Write;
use std::path::Path;

use crate::error::{Context, Error, ErrorKind, Result};
use crate::format::Format;
use crate::hdf5::{File, Tree, WriteOptions};
use crate::io::SharedBytes;
use crate::keras::Model;
use crate::keras_h5;
use crate::options::{LoadOptions, SaveOptions};

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

fn tree<'m>(model: &'m Model<'_>, format: Format, options: &SaveOptions) -> Result<Tree<'m>> {
    format.writable()?;
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
    if path.is_dir() {
        return Err(directory(path)).within(|| path.display().to_string());
    }
    let bytes = SharedBytes::open(path, options.map)?;
    load_bytes(bytes, options).within(|| path.display().to_string())
}

fn directory(path: &Path) -> Error {
    if path.join("saved_model.pb").is_file()
        && let Err(error) = Format::SavedModel.readable()
    {
        return error;
    }
    Error::new(ErrorKind::Unsupported, "a directory, expected a model file")
}

fn load_bytes(bytes: SharedBytes, options: &LoadOptions) -> Result<Model<'static>> {
    // What is neither, the HDF5 reader names.
    if let Some(format) = Format::of_content(&bytes) {
        format.readable()?;
    }
    let file = File::from_bytes(bytes, options.limits)?;
    keras_h5::load_from(&file.root(), options)
}
